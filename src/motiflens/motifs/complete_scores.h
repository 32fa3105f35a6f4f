/* What the two halves of complete scores share: see complete_scores.py for what is computed, and where it comes from.
 *
 * Columns of the targets are ordered by (group of one width, position, strand, member), so that the same column of many
 * targets is a run of bytes. A byte holds an integer score, 0 to 100; `zero` is what an unaligned query column gets.
 */
#ifndef MOTIFLENS_COMPLETE_SCORES_H
#define MOTIFLENS_COMPLETE_SCORES_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SCALE 100

typedef struct {
    int euclidean, n;
    const double *columns; /* (4, n); times -2 if Euclidean */
    const double *squares; /* (n,) squared length of each column, if Euclidean */
    int n_sampled;         /* what `pack_columns` adds */
    const double *packed, *sample;
} target_columns;

typedef struct {
    int width, zero;
    long row;        /* bytes from one query column to the next */
    uint8_t *scores; /* (width, row) */
    double *shares;  /* (width, SCALE + 1) of the target columns */
} integers;

static inline int smaller(int a, int b) { return a < b ? a : b; }
static inline int larger(int a, int b) { return a > b ? a : b; }
static inline double least_of(double a, double b) { return a < b ? a : b; }
static inline double most_of(double a, double b) { return a > b ? a : b; }

/* Lay the columns out for speed, all of them and a sample; `packed_size` numbers of room for each, aligned to 64. */
size_t packed_size(int n_columns);
void pack_columns(target_columns *t, double *whole, double *sample);

/* Integer scores of one query, shape (width, 4), `squares` its columns' squared lengths.
 * `room` holds `integer_room` numbers. */
size_t integer_room(int width, int n_columns);
void integer_scores(const target_columns *t, const double *query, const double *squares, integers *out, double *room);

#endif
