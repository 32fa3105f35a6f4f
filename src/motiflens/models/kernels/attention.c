/* Multi-head self-attention, forward and backward, a block of sequences at a time. */
#include "attention.h"

size_t attention_saved(int n_sequences, int n_tokens, int inputs, int width, int n_heads)
{
    return saved_of_all(sizes_of(n_sequences, n_tokens, inputs, width, n_heads)) + 64;
}

/* Tokens x (N, T, inputs) to output (N, T, width). weight: of q, k, v, each (width, inputs); saved: attention_saved(...). */
int attention_forward(int n_sequences, int n_tokens, int inputs, int width, int n_heads, const real *x,
    const real *const *weight, const real *out_weight, const real *out_bias, real *output, real *saved)
{
    const sizes z = sizes_of(n_sequences, n_tokens, inputs, width, n_heads);
    real *memory = whole(attention_room(z));
    if (!memory) return 1;
    arena scratch = {memory};
    attention_scratch s = attention_parts(&scratch, z, weight, out_weight);
    for (int first = 0; first < n_sequences; first += z.block) {
        const int n = smaller(z.block, n_sequences - first);
        attention_block(z, s, n, x + (long)first * n_tokens * inputs, out_bias, saved);
        saved += saved_of_block(z);
        for (int i = 0; i < n * n_tokens; i++)
            memcpy(output + ((long)first * n_tokens + i) * width, s.out + (long)i * padded(width), width * sizeof(real));
    }
    free(memory);
    return 0;
}

/* Gradients of `attention_forward`, written, not added; without weight_gradient that of x alone. */
int attention_backward(int n_sequences, int n_tokens, int inputs, int width, int n_heads, const real *x,
    const real *const *weight, const real *out_weight, const real *saved, const real *output_gradient, real *x_gradient,
    real *const *weight_gradient, real *out_weight_gradient, real *out_bias_gradient)
{
    const sizes z = sizes_of(n_sequences, n_tokens, inputs, width, n_heads);
    const size_t rows = (size_t)z.block * n_tokens;
    real *memory = whole(attention_back_room(z) + rows * padded(width) + 64);
    if (!memory) return 1;
    arena scratch = {memory};
    attention_back s = attention_back_parts(&scratch, z, weight, out_weight);
    real *gradient = take(&scratch, rows * padded(width));
    memset(x_gradient, 0, (size_t)n_sequences * n_tokens * inputs * sizeof(real));
    if (!weight_gradient) out_bias_gradient = NULL;
    else memset(out_bias_gradient, 0, width * sizeof(real));
    for (int first = 0; first < n_sequences; first += z.block) {
        const int n = smaller(z.block, n_sequences - first);
        const long token = (long)first * n_tokens;
        pack(output_gradient + token * width, n * n_tokens, width, gradient, padded(width));
        attention_block_back(z, s, n, x + token * inputs, saved, gradient, out_bias_gradient, x_gradient + token * inputs);
        saved += saved_of_block(z);
    }
    if (weight_gradient) unpack_attention(z, s, weight_gradient, out_weight_gradient);
    free(memory);
    return 0;
}
