/* Multi-head self-attention of a block of sequences with few tokens, forward and backward.
 *
 * Tokens stand side by side: q, k and v are (features x tokens), and so the weights of a head (keys x queries), so that
 * neither the products nor the softmax, which runs down its columns, rearrange anything. The tokens of each sequence are
 * padded to a multiple of eight.
 */
#ifndef MOTIFLENS_ATTENTION_H
#define MOTIFLENS_ATTENTION_H

#include "vectors.h"

#define AT_ONCE 4 /* rows of a result that are summed together, so that what they share is read once */

/* Sizes of attention: of each sequence `keys` columns, of a block of sequences `row`. */
typedef struct { int n_sequences, n_tokens, inputs, width, n_heads, head, keys, block, row; } sizes;

static sizes sizes_of(int n_sequences, int n_tokens, int inputs, int width, int n_heads)
{
    sizes z = {n_sequences, n_tokens, inputs, width, n_heads, width / n_heads, rounded(n_tokens, EIGHT), 1, 0};
    if (z.keys < 32) z.block = 32 / z.keys; /* sequences at a time */
    z.row = padded(z.block * z.keys);
    return z;
}

/* What is saved of a block: q, k and v (3 width x row), weights (sequences, heads, tokens x keys), and the mixture of values
 * (width x row). */
static size_t weights_of_block(sizes z) { return (size_t)z.block * z.n_heads * z.n_tokens * z.keys; }
static size_t saved_of_block(sizes z) { return (size_t)4 * z.width * z.row + weights_of_block(z); }
UNUSED static size_t saved_of_all(sizes z)
{
    return (size_t)((z.n_sequences + z.block - 1) / z.block) * saved_of_block(z);
}

/* Tokens of n sequences, x (n * tokens x columns), to columns (columns x row), zeros in the padding. */
static void turn(sizes z, int n, const real *x, long x_row, int columns, real *out)
{
    memset(out, 0, (size_t)columns * z.row * sizeof(real));
    for (int s = 0; s < n; s++)
        for (int c = 0; c < columns; c++)
            for (int t = 0; t < z.n_tokens; t++)
                out[(long)c * z.row + s * z.keys + t] = x[((long)s * z.n_tokens + t) * x_row + c];
}

/* out (tokens x keys) = a' b, with a and b (head x tokens), rows of length z.row. */
#define SCORES(name, type, n, fetch, put) \
    static inline void name(sizes z, const real *a, const real *b, real *out) \
    { \
        for (int i = 0; i < z.keys; i += n) \
            for (int j = 0; j < z.n_tokens; j += AT_ONCE) { \
                type sum[AT_ONCE] = {{0}}; \
                for (int d = 0; d < z.head; d++) { \
                    const type right = fetch(b + (long)d * z.row + i); \
                    for (int l = 0; l < AT_ONCE; l++) sum[l] += a[(long)d * z.row + j + l] * right; \
                } \
                for (int l = 0; l < AT_ONCE && j + l < z.n_tokens; l++) put(out + (long)(j + l) * z.keys + i, sum[l]); \
            } \
    }

/* out (head x tokens) = a w, with a (head x tokens) and w (tokens x keys). */
#define MIXTURE(name, type, n, fetch, put) \
    static inline void name(sizes z, const real *a, const real *w, real *out) \
    { \
        for (int i = 0; i < z.keys; i += n) \
            for (int d = 0; d < z.head; d += AT_ONCE) { \
                type sum[AT_ONCE] = {{0}}; \
                const real *left[AT_ONCE]; \
                for (int l = 0; l < AT_ONCE; l++) left[l] = a + (long)smaller(d + l, z.head - 1) * z.row; \
                for (int j = 0; j < z.n_tokens; j++) { \
                    const type right = fetch(w + (long)j * z.keys + i); \
                    for (int l = 0; l < AT_ONCE; l++) sum[l] += left[l][j] * right; \
                } \
                for (int l = 0; l < AT_ONCE && d + l < z.head; l++) put(out + (long)(d + l) * z.row + i, sum[l]); \
            } \
    }

SCORES(scores_by_eight, eight, EIGHT, load8, store8)
MIXTURE(mixture_by_eight, eight, EIGHT, load8, store8)
SCORES(scores_by_lanes, vector, LANES, load, store)
MIXTURE(mixture_by_lanes, vector, LANES, load, store)

static void scores(sizes z, const real *a, const real *b, real *out)
{
    if (z.keys % LANES == 0) scores_by_lanes(z, a, b, out);
    else scores_by_eight(z, a, b, out);
}

static void mixture(sizes z, const real *a, const real *w, real *out)
{
    if (z.keys % LANES == 0) mixture_by_lanes(z, a, w, out);
    else mixture_by_eight(z, a, w, out);
}

/* Scores of one head, (keys x queries), to weights that sum to 1 over the keys. What stands in the padding of queries is
 * not read. */
static void softmax(sizes z, real scale, real *scores)
{
    for (int i = 0; i < z.keys; i += EIGHT) {
        real top[EIGHT], sum[EIGHT] = {0};
        memcpy(top, scores + i, sizeof top);
        for (int j = 1; j < z.n_tokens; j++) {
            const real *row = scores + (long)j * z.keys + i;
            for (int l = 0; l < EIGHT; l++) top[l] = row[l] > top[l] ? row[l] : top[l];
        }
        for (int j = 0; j < z.n_tokens; j++) {
            real *row = scores + (long)j * z.keys + i;
            for (int l = 0; l < EIGHT; l++) {
                row[l] = exponential(scale * (row[l] - top[l]));
                sum[l] += row[l];
            }
        }
        for (int l = 0; l < EIGHT; l++) sum[l] = 1 / sum[l];
        for (int j = 0; j < z.n_tokens; j++) {
            real *row = scores + (long)j * z.keys + i;
            for (int l = 0; l < EIGHT; l++) row[l] *= sum[l];
        }
    }
}

/* From the gradient of one head's weights, both (keys x queries), to that of its scores. */
static void softmax_back(sizes z, real scale, const real *weights, real *gradient)
{
    for (int i = 0; i < z.keys; i += EIGHT) {
        real mean[EIGHT] = {0};
        for (int j = 0; j < z.n_tokens; j++) {
            const real *w = weights + (long)j * z.keys + i, *g = gradient + (long)j * z.keys + i;
            for (int l = 0; l < EIGHT; l++) mean[l] += w[l] * g[l];
        }
        for (int j = 0; j < z.n_tokens; j++) {
            const real *w = weights + (long)j * z.keys + i;
            real *g = gradient + (long)j * z.keys + i;
            for (int l = 0; l < EIGHT; l++) g[l] = scale * w[l] * (g[l] - mean[l]);
        }
    }
}

/* Transpose of one head's weights, (queries x keys); the padding of `out` stays as it is. */
static void turn_weights(sizes z, const real *w, real *out)
{
    for (int i = 0; i < z.n_tokens; i++)
        for (int j = 0; j < z.n_tokens; j++) out[(long)i * z.keys + j] = w[(long)j * z.keys + i];
}

typedef struct { const real *const *weight; real *x, *projection, *out; } attention_scratch;

UNUSED static size_t attention_room(sizes z)
{
    return (size_t)z.inputs * z.row + ((size_t)z.width + z.block * z.n_tokens) * padded(z.width) + 512;
}

UNUSED static attention_scratch attention_parts(arena *a, sizes z, const real *const *weight, const real *out_weight)
{
    attention_scratch s = {weight, NULL, NULL, NULL};
    s.x = take(a, (size_t)z.inputs * z.row);
    s.projection = take(a, (size_t)z.width * padded(z.width));
    s.out = take(a, (size_t)z.block * z.n_tokens * padded(z.width));
    pack_transposed(out_weight, z.width, z.width, s.projection, padded(z.width));
    return s;
}

/* Attention of n sequences with tokens x, written to rows of s.out, without dropout. */
UNUSED static void attention_block(sizes z, attention_scratch s, int n, const real *x, const real *bias, real *saved)
{
    const int out_row = padded(z.width);
    const real scale = 1 / (real)sqrt((double)z.width / z.n_heads);
    real *q = saved, *k = q + (long)z.width * z.row, *v = k + (long)z.width * z.row;
    real *weights = v + (long)z.width * z.row, *mixed = weights + weights_of_block(z);
    turn(z, n, x, z.inputs, z.inputs, s.x);
    for (int part = 0; part < 3; part++)
        product(z.width, z.row, z.inputs, s.weight[part], z.inputs, 1, s.x, z.row, q + (long)part * z.width * z.row, z.row, 0);
    for (int sequence = 0; sequence < n; sequence++)
        for (int h = 0; h < z.n_heads; h++) {
            const long at = (long)h * z.head * z.row + sequence * z.keys;
            real *w = weights + ((long)sequence * z.n_heads + h) * z.n_tokens * z.keys;
            scores(z, k + at, q + at, w);
            softmax(z, scale, w);
            mixture(z, v + at, w, mixed + at);
        }
    for (int i = 0; i < n * z.n_tokens; i++) memcpy(s.out + (long)i * out_row, bias, z.width * sizeof(real));
    for (int sequence = 0; sequence < n; sequence++)
        product(z.n_tokens, z.width, z.width, mixed + sequence * z.keys, 1, z.row, s.projection, out_row,
            s.out + (long)sequence * z.n_tokens * out_row, out_row, 1);
}

/* For the way back: weights of q, k and v one below the other, (3 width x padded(inputs)), and gradients of all weights; that
 * of the projection is turned. */
typedef struct {
    const real *projection;
    real *heads, *heads_gradient, *projection_gradient, *above, *mixed_gradient, *change, *of_scores, *turned, *x, *gradient;
} attention_back;

UNUSED static size_t attention_back_room(sizes z)
{
    const size_t in_row = padded(z.inputs), columns = (size_t)z.block * z.keys;
    return 2 * 3 * z.width * in_row + ((size_t)z.width + columns) * padded(z.width) + (size_t)5 * z.width * z.row
        + 2 * (size_t)z.n_tokens * z.keys + columns * in_row + 1024;
}

UNUSED static attention_back attention_back_parts(arena *a, sizes z, const real *const *weight, const real *out_weight)
{
    const size_t in_row = padded(z.inputs), columns = (size_t)z.block * z.keys;
    attention_back s = {.projection = out_weight};
    s.heads = take(a, 3 * z.width * in_row);
    s.heads_gradient = take(a, 3 * z.width * in_row);
    s.projection_gradient = take(a, (size_t)z.width * padded(z.width));
    s.above = take(a, (size_t)z.width * z.row);
    s.mixed_gradient = take(a, (size_t)z.width * z.row);
    s.change = take(a, (size_t)3 * z.width * z.row);
    s.of_scores = take(a, (size_t)z.n_tokens * z.keys);
    s.turned = take(a, (size_t)z.n_tokens * z.keys);
    s.x = take(a, columns * in_row);
    s.gradient = take(a, columns * padded(z.width));
    for (int part = 0; part < 3; part++) pack(weight[part], z.width, z.inputs, s.heads + part * z.width * in_row, in_row);
    return s;
}

/* Rows of each of n sequences, (n * tokens x columns), to rows with padding between sequences, which stays as it is. */
static void spread(sizes z, int n, const real *x, int columns, long x_row, real *out, long out_row)
{
    for (int s = 0; s < n; s++)
        for (int t = 0; t < z.n_tokens; t++)
            memcpy(out + ((long)s * z.keys + t) * out_row, x + ((long)s * z.n_tokens + t) * x_row, columns * sizeof(real));
}

/* From the gradient of the projected output of n sequences (rows of length padded(width)) to that of their tokens, added to
 * x_gradient. Gradients of weights are added to those of s, that of the bias as it is; without bias_gradient none is. */
UNUSED static void attention_block_back(sizes z, attention_back s, int n, const real *x, const real *saved, const real *gradient,
    real *bias_gradient, real *x_gradient)
{
    const int out_row = padded(z.width), in_row = padded(z.inputs), columns = n * z.keys;
    const long part = (long)z.width * z.row;
    const real scale = 1 / (real)sqrt((double)z.width / z.n_heads);
    const real *q = saved, *k = q + part, *v = k + part, *weights = v + part, *mixed = weights + weights_of_block(z);
    turn(z, n, gradient, out_row, z.width, s.above);
    product(z.width, z.row, z.width, s.projection, 1, z.width, s.above, z.row, s.mixed_gradient, z.row, 0);
    for (int sequence = 0; sequence < n; sequence++)
        for (int h = 0; h < z.n_heads; h++) {
            const long at = (long)h * z.head * z.row + sequence * z.keys;
            const real *w = weights + ((long)sequence * z.n_heads + h) * z.n_tokens * z.keys;
            real *dq = s.change + at, *dk = dq + part, *dv = dk + part;
            scores(z, v + at, s.mixed_gradient + at, s.of_scores);
            softmax_back(z, scale, w, s.of_scores);
            mixture(z, k + at, s.of_scores, dq);
            turn_weights(z, s.of_scores, s.turned);
            mixture(z, q + at, s.turned, dk);
            turn_weights(z, w, s.turned);
            mixture(z, s.mixed_gradient + at, s.turned, dv);
        }
    if (bias_gradient) {
        add_column_sums(gradient, n * z.n_tokens, z.width, out_row, bias_gradient);
        spread(z, n, gradient, z.width, out_row, s.gradient, out_row);
        spread(z, n, x, z.inputs, z.inputs, s.x, in_row);
        product(z.width, z.width, columns, mixed, z.row, 1, s.gradient, out_row, s.projection_gradient, out_row, 1);
        product(3 * z.width, z.inputs, columns, s.change, z.row, 1, s.x, in_row, s.heads_gradient, in_row, 1);
    }
    for (int sequence = 0; sequence < n; sequence++)
        product(z.n_tokens, z.inputs, 3 * z.width, s.change + sequence * z.keys, 1, z.row, s.heads, in_row,
            x_gradient + (long)sequence * z.n_tokens * z.inputs, z.inputs, 1);
}

/* Padded gradients of the weights to those of the weights themselves. */
UNUSED static void unpack_attention(sizes z, attention_back s, real *const *weight_gradient, real *out_gradient)
{
    const int in_row = padded(z.inputs), out_row = padded(z.width);
    for (int part = 0; part < 3; part++)
        for (int r = 0; r < z.width; r++)
            memcpy(weight_gradient[part] + (long)r * z.inputs, s.heads_gradient + (long)(part * z.width + r) * in_row,
                z.inputs * sizeof(real));
    for (int j = 0; j < z.width; j++)
        for (int r = 0; r < z.width; r++) out_gradient[(long)j * z.width + r] = s.projection_gradient[(long)r * out_row + j];
}

#endif
