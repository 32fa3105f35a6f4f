/* What the kernels of the first convolution share: DNA as pairs of neighbouring bases, and the filters' rows for them.
 *
 * A convolution of one-hot DNA is a sum of one row of the filters per base. Rows of two neighbouring bases are added
 * beforehand, so that a filter of 19 bases takes 10 additions a position in place of 76 products. Codes are 0 to 3, and 4
 * or more for no base: unknown, or beyond the ends.
 */
#ifndef MOTIFLENS_FIRST_LAYER_H
#define MOTIFLENS_FIRST_LAYER_H

#include "vectors.h"

#define SYMBOLS 5
#define PAIRS (SYMBOLS * SYMBOLS)
#define VECTORS 2 /* that go through together */

/* Each base with the next one, for all places of a sequence with `half` places before it and behind. */
UNUSED static void pair_codes(const uint8_t *codes, int length, int size, uint8_t *pairs)
{
    const int half = size / 2, places = length + size;
    for (int i = 0; i < places; i++) {
        const int at = i - half, next = at + 1;
        const int first = at >= 0 && at < length ? codes[at] : 4, second = next >= 0 && next < length ? codes[next] : 4;
        pairs[i] = (uint8_t)(smaller(first, 4) * SYMBOLS + smaller(second, 4));
    }
}

/* Rows of two neighbouring bases: table (n_pairs, PAIRS, VECTORS * LANES) of columns `first` to `first + n` of weight
 * (4 * size, columns). */
UNUSED static void fill_table(const real *weight, int size, int columns, int first, int n, real *table)
{
    const int n_pairs = (size + 1) / 2, row = VECTORS * LANES;
    memset(table, 0, (size_t)n_pairs * PAIRS * row * sizeof(real));
    for (int k = 0; k < size; k++)
        for (int symbol = 0; symbol < 4; symbol++) {
            const real *values = weight + (long)(4 * k + symbol) * columns + first;
            for (int other = 0; other < SYMBOLS; other++) {
                real *sum = table + ((long)(k / 2) * PAIRS + (k % 2 ? other * SYMBOLS + symbol : symbol * SYMBOLS + other)) * row;
                for (int j = 0; j < n; j++) sum[j] += values[j];
            }
        }
}

/* What VECTORS * LANES filters give at the position where `pairs` begins. */
static inline void respond(const real *table, const uint8_t *pairs, int n_pairs, vector *sum)
{
    const int row = VECTORS * LANES;
    for (int v = 0; v < VECTORS; v++) sum[v] = load(table + pairs[0] * row + v * LANES);
    for (int j = 1; j < n_pairs; j++) {
        const real *added = table + ((long)j * PAIRS + pairs[2 * j]) * row;
        for (int v = 0; v < VECTORS; v++) sum[v] += load(added + v * LANES);
    }
}

#endif
