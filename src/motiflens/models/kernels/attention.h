/* Multi-head self-attention of a block of sequences with few tokens, forward and backward.
 *
 * Heads are padded to a multiple of eight lanes by the way in which weights are packed, so that nothing needs to be
 * rearranged between the products.
 */
#ifndef MOTIFLENS_ATTENTION_H
#define MOTIFLENS_ATTENTION_H

#include "vectors.h"

/* Sizes of attention: heads are padded to `head` lanes, a multiple of eight, so that q, k and v are `wide` each. */
typedef struct { int n_sequences, n_tokens, inputs, width, n_heads, head, wide, keys, block; } sizes;

static sizes sizes_of(int n_sequences, int n_tokens, int inputs, int width, int n_heads)
{
    sizes z = {n_sequences, n_tokens, inputs, width, n_heads, 0, 0, 0, 0};
    z.head = rounded(width / n_heads, EIGHT);
    z.wide = n_heads * z.head;
    z.keys = rounded(n_tokens, EIGHT);
    z.block = n_tokens < 32 ? 32 / n_tokens : 1; /* sequences at a time */
    return z;
}

/* Numbers that attention_forward saves per sequence: q, k, v, weights, and the mixture of values. */
UNUSED static size_t saved_per_sequence(sizes z) { return (size_t)z.n_tokens * (4 * z.wide + z.n_heads * z.keys); }

/* out (t x keys) = a (t x head) b' with b (t x head), for one head: rows of a and b have lengths of their own. */
static void outer_scores(sizes z, const real *a, long a_row, const real *b, long b_row, real *turned, real *out)
{
    for (int j = 0; j < z.n_tokens; j++)
        for (int d = 0; d < z.head; d++) turned[d * z.keys + j] = b[j * b_row + d];
    for (int k = 0; k < z.keys; k += EIGHT)
        for (int i = 0; i < z.n_tokens; i++) {
            eight sum = {0};
            for (int d = 0; d < z.head; d++) sum += a[i * a_row + d] * load8(turned + d * z.keys + k);
            store8(out + i * z.keys + k, sum);
        }
}

/* out (t x head) = a b, with a (t x keys) or its transpose, b (t x head), for one head. */
static void mixture(sizes z, const real *a, int transposed, const real *b, long b_row, real *out, long out_row)
{
    const int a_row = transposed ? 1 : z.keys, a_column = transposed ? z.keys : 1;
    for (int d = 0; d < z.head; d += EIGHT)
        for (int i = 0; i < z.n_tokens; i++) {
            eight sum = {0};
            for (int j = 0; j < z.n_tokens; j++) sum += a[i * a_row + j * a_column] * load8(b + j * b_row + d);
            store8(out + i * out_row + d, sum);
        }
}

/* Rows of one head's scores to weights that sum to 1; the padding stays 0. */
static void softmax(sizes z, real scale, real *scores)
{
    for (int i = 0; i < z.n_tokens; i++) {
        real *row = scores + i * z.keys, top = row[0], sum = 0;
        for (int j = 1; j < z.n_tokens; j++) top = row[j] > top ? row[j] : top;
        for (int j = 0; j < z.keys; j++) row[j] = exponential(scale * (row[j] - top));
        for (int j = z.n_tokens; j < z.keys; j++) row[j] = 0;
        for (int j = 0; j < z.keys; j++) sum += row[j];
        for (int j = 0; j < z.keys; j++) row[j] /= sum;
    }
}

/* Weights of q, k and v side by side and transposed, (inputs x 3 wide), each head padded. */
static void pack_heads(sizes z, const real *const *weight, real *out)
{
    const int own = z.width / z.n_heads;
    memset(out, 0, (size_t)z.inputs * 3 * z.wide * sizeof(real));
    for (int part = 0; part < 3; part++)
        for (int r = 0; r < z.width; r++) {
            real *column = out + part * z.wide + r / own * z.head + r % own;
            for (int p = 0; p < z.inputs; p++) column[(long)p * 3 * z.wide] = weight[part][(long)r * z.inputs + p];
        }
}

/* Transpose of the output projection's weight with padded heads, (wide x padded(width)). */
static void pack_projection(sizes z, const real *weight, real *out)
{
    const int own = z.width / z.n_heads, row = padded(z.width);
    memset(out, 0, (size_t)z.wide * row * sizeof(real));
    for (int j = 0; j < z.width; j++)
        for (int r = 0; r < z.width; r++) out[(long)(r / own * z.head + r % own) * row + j] = weight[(long)j * z.width + r];
}

typedef struct { real *heads, *projection, *turned, *out; } attention_scratch;

UNUSED static size_t attention_room(sizes z)
{
    const size_t rows = (size_t)z.block * z.n_tokens;
    return (size_t)z.inputs * 3 * z.wide + (size_t)z.wide * padded(z.width)
        + (size_t)z.head * z.keys + rows * padded(z.width) + 512;
}

UNUSED static attention_scratch attention_parts(arena *a, sizes z, const real *const *weight, const real *out_weight)
{
    const size_t rows = (size_t)z.block * z.n_tokens;
    attention_scratch s;
    s.heads = take(a, (size_t)z.inputs * 3 * z.wide);
    s.projection = take(a, (size_t)z.wide * padded(z.width));
    s.turned = take(a, (size_t)z.head * z.keys);
    s.out = take(a, rows * padded(z.width));
    pack_heads(z, weight, s.heads);
    pack_projection(z, out_weight, s.projection);
    return s;
}

/* Attention of n sequences with tokens x, written to rows of s.out, without dropout. */
UNUSED static void attention_block(sizes z, attention_scratch s, int n, const real *x, const real *bias, real *saved)
{
    const int rows = n * z.n_tokens, row = 3 * z.wide;
    const real scale = 1 / (real)sqrt((double)z.width / z.n_heads);
    real *qkv = saved, *weights = saved + (size_t)rows * row, *mixed = weights + (size_t)rows * z.n_heads * z.keys;
    product(rows, row, z.inputs, x, z.inputs, 1, s.heads, row, qkv, row, 0);
    for (int sequence = 0; sequence < n; sequence++)
        for (int h = 0; h < z.n_heads; h++) {
            const real *q = qkv + (long)sequence * z.n_tokens * row + h * z.head;
            real *w = weights + ((long)sequence * z.n_heads + h) * z.n_tokens * z.keys;
            outer_scores(z, q, row, q + z.wide, row, s.turned, w);
            softmax(z, scale, w);
            real *mix = mixed + (long)sequence * z.n_tokens * z.wide + h * z.head;
            mixture(z, w, 0, q + 2 * z.wide, row, mix, z.wide);
        }
    for (int i = 0; i < rows; i++) memcpy(s.out + (long)i * padded(z.width), bias, z.width * sizeof(real));
    product(rows, z.width, z.wide, mixed, z.wide, 1, s.projection, padded(z.width), s.out, padded(z.width), 1);
}

/* Weights for the way back: of q, k and v one below the other, (3 wide x padded(inputs)); of the projection with padded
 * heads, (width x padded(wide)). Gradients in the same padded form. */
typedef struct {
    real *heads, *projection, *heads_gradient, *projection_gradient, *mixed_gradient, *change, *score_gradient, *turned;
    real *x;
} attention_back;

UNUSED static size_t attention_back_room(sizes z)
{
    const size_t rows = (size_t)z.block * z.n_tokens, in_row = padded(z.inputs);
    return 2 * (size_t)3 * z.wide * in_row + 2 * (size_t)z.width * padded(z.wide) + rows * (4 * z.wide + in_row)
        + (size_t)z.n_tokens * z.keys + (size_t)z.head * z.keys + 1024;
}

UNUSED static attention_back attention_back_parts(arena *a, sizes z, const real *const *weight, const real *out_weight)
{
    const size_t rows = (size_t)z.block * z.n_tokens, in_row = padded(z.inputs);
    const int own = z.width / z.n_heads;
    attention_back s;
    s.heads = take(a, (size_t)3 * z.wide * in_row);
    s.heads_gradient = take(a, (size_t)3 * z.wide * in_row);
    s.projection = take(a, (size_t)z.width * padded(z.wide));
    s.projection_gradient = take(a, (size_t)z.width * padded(z.wide));
    s.mixed_gradient = take(a, rows * z.wide);
    s.change = take(a, rows * 3 * z.wide);
    s.score_gradient = take(a, (size_t)z.n_tokens * z.keys);
    s.turned = take(a, (size_t)z.head * z.keys);
    s.x = take(a, rows * in_row);
    for (int part = 0; part < 3; part++)
        for (int r = 0; r < z.width; r++)
            memcpy(s.heads + (part * z.wide + r / own * z.head + r % own) * in_row, weight[part] + (long)r * z.inputs,
                z.inputs * sizeof(real));
    for (int j = 0; j < z.width; j++)
        for (int r = 0; r < z.width; r++)
            s.projection[(long)j * padded(z.wide) + r / own * z.head + r % own] = out_weight[(long)j * z.width + r];
    return s;
}

/* From the gradient of the projected output of n sequences (rows of length padded(width)) to that of their tokens,
 * added to x_gradient; gradients of weights are added in padded form, that of the bias as it is. */
UNUSED static void attention_block_back(sizes z, attention_back s, int n, const real *x, const real *saved, const real *gradient,
    real *bias_gradient, real *x_gradient)
{
    const int rows = n * z.n_tokens, row = 3 * z.wide, in_row = padded(z.inputs);
    const real scale = 1 / (real)sqrt((double)z.width / z.n_heads);
    const real *qkv = saved, *weights = saved + (size_t)rows * row, *mixed = weights + (size_t)rows * z.n_heads * z.keys;
    add_column_sums(gradient, rows, z.width, padded(z.width), bias_gradient);
    product(z.width, z.wide, rows, gradient, 1, padded(z.width), mixed, z.wide, s.projection_gradient, padded(z.wide), 1);
    product(rows, z.wide, z.width, gradient, padded(z.width), 1, s.projection, padded(z.wide), s.mixed_gradient, z.wide, 0);
    for (int sequence = 0; sequence < n; sequence++)
        for (int h = 0; h < z.n_heads; h++) {
            const real *q = qkv + (long)sequence * z.n_tokens * row + h * z.head, *k = q + z.wide, *v = k + z.wide;
            const real *w = weights + ((long)sequence * z.n_heads + h) * z.n_tokens * z.keys;
            const real *above = s.mixed_gradient + (long)sequence * z.n_tokens * z.wide + h * z.head;
            real *dq = s.change + (long)sequence * z.n_tokens * row + h * z.head, *dk = dq + z.wide, *dv = dk + z.wide;
            real *ds = s.score_gradient;
            outer_scores(z, above, z.wide, v, row, s.turned, ds);
            for (int i = 0; i < z.n_tokens; i++) {
                real mean = 0;
                for (int j = 0; j < z.keys; j++) mean += w[i * z.keys + j] * ds[i * z.keys + j];
                for (int j = 0; j < z.keys; j++) ds[i * z.keys + j] = scale * w[i * z.keys + j] * (ds[i * z.keys + j] - mean);
            }
            mixture(z, ds, 0, k, row, dq, row);
            mixture(z, ds, 1, q, row, dk, row);
            mixture(z, w, 1, above, z.wide, dv, row);
        }
    pack(x, rows, z.inputs, s.x, in_row);
    product(row, z.inputs, rows, s.change, 1, row, s.x, in_row, s.heads_gradient, in_row, 1);
    product(rows, z.inputs, row, s.change, row, 1, s.heads, in_row, x_gradient, z.inputs, 1);
}

/* Padded gradients of the weights to those of the weights themselves. */
UNUSED static void unpack_attention(sizes z, attention_back s, real *const *weight_gradient, real *out_gradient)
{
    const int own = z.width / z.n_heads, in_row = padded(z.inputs);
    for (int part = 0; part < 3; part++)
        for (int r = 0; r < z.width; r++)
            memcpy(weight_gradient[part] + (long)r * z.inputs,
                s.heads_gradient + (long)(part * z.wide + r / own * z.head + r % own) * in_row, z.inputs * sizeof(real));
    for (int j = 0; j < z.width; j++)
        for (int r = 0; r < z.width; r++)
            out_gradient[(long)j * z.width + r] = s.projection_gradient[(long)j * padded(z.wide) + r / own * z.head + r % own];
}

#endif
