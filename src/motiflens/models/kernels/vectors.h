/* Vectors, products of small matrices, and exponentials for the kernels.
 *
 * Compiled once for float and once for double (-DREAL=...). Arrays are row-major and contiguous.
 */
#ifndef MOTIFLENS_VECTORS_H
#define MOTIFLENS_VECTORS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef REAL
#define REAL float
#endif

typedef REAL real;

#define UNUSED __attribute__((unused))

/* Lanes of a vector of the matrix products, and rows of a tile: tiles must fit the registers. */
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define ROWS 8
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#define ROWS 4
#else
#define VECTOR_BYTES 16
#define ROWS 4
#endif
#define LANES ((int)(VECTOR_BYTES / sizeof(real)))
#define EIGHT 8

typedef real vector __attribute__((vector_size(VECTOR_BYTES)));
typedef real eight __attribute__((vector_size(EIGHT * sizeof(real))));

static inline vector load(const real *x) { vector v; memcpy(&v, x, sizeof v); return v; }
static inline void store(real *x, vector v) { memcpy(x, &v, sizeof v); }

typedef __typeof__((vector){0} > (vector){0}) lanes; /* of a comparison: all bits or none */

static inline vector choose(lanes which, vector yes, vector no) { return (vector)((which & (lanes)yes) | (~which & (lanes)no)); }

static inline eight load8(const real *x) { eight v; memcpy(&v, x, sizeof v); return v; }
static inline void store8(real *x, eight v) { memcpy(x, &v, sizeof v); }

/* Before a loop whose arrays do not overlap, which the compiler cannot see. */
#if defined(__clang__)
#define APART _Pragma("clang loop vectorize(assume_safety)")
#else
#define APART _Pragma("GCC ivdep")
#endif

static inline int rounded(int n, int to) { return (n + to - 1) / to * to; }
static inline int padded(int n) { return rounded(n, LANES); }
static inline int smaller(int a, int b) { return a < b ? a : b; }

/* Scratch memory of a call: one block, taken piece by piece. */
typedef struct { real *next; } arena;

UNUSED static real *take(arena *a, size_t n)
{
    real *piece = a->next;
    a->next += (n + 63) / 64 * 64;
    return piece;
}

UNUSED static real *whole(size_t n) /* zeros, with room behind them for loads of whole vectors */
{
    real *memory = NULL;
    size_t bytes = (n + 4096) * sizeof(real);
    if (posix_memalign((void **)&memory, 64, bytes)) return NULL;
    memset(memory, 0, bytes);
    return memory;
}

/* ---------------------------------------------------------------- products */

/* c (m x n) = or += a (m x k) b (k x n). Element (i, p) of a is a[i * a_row + p * a_column], so that a may be
 * transposed. Rows of b can be read up to padded(n) columns. */
static inline __attribute__((always_inline)) void tile(const int rows, const int vectors, int k, const real *a,
    long a_row, long a_column, const real *b, long b_row, real *c, long c_row, int columns, int add)
{
    vector sums[ROWS][2];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++) sums[i][j] = (vector){0};
    for (int p = 0; p < k; p++) {
        vector right[2];
        for (int j = 0; j < vectors; j++) right[j] = load(b + p * b_row + j * LANES);
        for (int i = 0; i < rows; i++) {
            const real left = a[i * a_row + p * a_column];
            for (int j = 0; j < vectors; j++) sums[i][j] += left * right[j];
        }
    }
    for (int i = 0; i < rows; i++) {
        real *out = c + i * c_row;
        if (columns == vectors * LANES) {
            for (int j = 0; j < vectors; j++) {
                vector sum = sums[i][j];
                if (add) sum += load(out + j * LANES);
                store(out + j * LANES, sum);
            }
        } else {
            real row[2 * VECTOR_BYTES / sizeof(real)] = {0};
            for (int j = 0; j < vectors; j++) store(row + j * LANES, sums[i][j]);
            for (int j = 0; j < columns; j++) out[j] = add ? out[j] + row[j] : row[j];
        }
    }
}

UNUSED static void product(int m, int n, int k, const real *a, long a_row, long a_column, const real *b, long b_row, real *c,
    long c_row, int add)
{
    for (int j = 0; j < n; j += 2 * LANES) {
        const int columns = smaller(n - j, 2 * LANES);
        for (int i = 0; i < m; i += ROWS) {
            const real *left = a + i * a_row, *right = b + j;
            real *out = c + (long)i * c_row + j;
#define TILE(rows) \
    (columns > LANES ? tile(rows, 2, k, left, a_row, a_column, right, b_row, out, c_row, columns, add) \
                     : tile(rows, 1, k, left, a_row, a_column, right, b_row, out, c_row, columns, add))
            switch (smaller(m - i, ROWS)) {
            case 1: TILE(1); break;
            case 2: TILE(2); break;
            case 3: TILE(3); break;
            case 4: TILE(4); break;
#if ROWS == 8
            case 5: TILE(5); break;
            case 6: TILE(6); break;
            case 7: TILE(7); break;
            case 8: TILE(8); break;
#endif
            }
        }
    }
}

/* Copy x (rows x columns) to rows of length `row`, zeros behind. */
UNUSED static void pack(const real *x, int rows, int columns, real *out, int row)
{
    for (int i = 0; i < rows; i++) {
        memcpy(out + (long)i * row, x + (long)i * columns, columns * sizeof(real));
        for (int j = columns; j < row; j++) out[(long)i * row + j] = 0;
    }
}

/* Copy x (rows x columns) to its transpose (columns x rows), with rows of length `row`, zeros behind. */
UNUSED static void pack_transposed(const real *x, int rows, int columns, real *out, int row)
{
    for (int j = 0; j < columns; j++) {
        for (int i = 0; i < rows; i++) out[(long)j * row + i] = x[(long)i * columns + j];
        for (int i = rows; i < row; i++) out[(long)j * row + i] = 0;
    }
}

UNUSED static void add_column_sums(const real *x, int rows, int columns, long row, real *sums)
{
    for (int i = 0; i < rows; i++)
        APART for (int j = 0; j < columns; j++) sums[j] += x[i * row + j];
}

/* ------------------------------------------------------------- exponentials */

/* exp(x), for float to about 1e-7: x = n log 2 + r, a polynomial in r, and n added to the exponent. NaN stays. */
static inline real exponential(real x)
{
    if (sizeof(real) == 8) return (real)exp(x);
    float y = x < -87.0f ? -87.0f : (float)x;
    y = y > 88.0f ? 88.0f : y;
    const float n = __builtin_rintf(y * 1.44269504f);
    const float r = (y - n * 0.693145752f) - n * 1.42860677e-6f;
    float p = 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 1.66666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    union { uint32_t bits; float value; } scale;
    scale.bits = (uint32_t)((int32_t)n + 127) << 23;
    return (real)(p * scale.value);
}

static inline real sigmoid(real x) { return 1 / (1 + exponential(-x)); }
static inline real tangent(real x) { return 2 / (1 + exponential(-2 * x)) - 1; }

#endif
