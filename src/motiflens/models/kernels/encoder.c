/* Encoder layers (attention, then a small dense network, each with dropout, residual and normalisation), forward and
 * backward, a block of sequences at a time.
 */
#include "attention.h"

/* Parameters of an encoder layer, and their gradients, in this order. */
enum { QUERY, KEY, VALUE, OUT, OUT_BIAS, NORM1, NORM1_BIAS, IN, IN_BIAS, BACK, BACK_BIAS, NORM2, NORM2_BIAS };

/* Dropout by 16 random bits a value: dropped below the threshold, else scaled. NULL: nothing is dropped. */
typedef struct { const uint16_t *bits; uint16_t threshold; real scale; } mask;

static inline real kept(mask m, size_t i) { return m.bits ? (m.bits[i] >= m.threshold ? m.scale : 0) : 1; }

/* Normalise a row of z to y = norm * gain + bias, and keep norm and 1 / SD. */
static void normalise(int width, const real *z, const real *gain, const real *bias, real eps, real *norm, real *rate,
    real *y)
{
    real mean = 0, square = 0;
    for (int j = 0; j < width; j++) mean += z[j];
    mean /= width;
    for (int j = 0; j < width; j++) square += (z[j] - mean) * (z[j] - mean);
    *rate = 1 / (real)sqrt((double)(square / width + eps));
    APART for (int j = 0; j < width; j++) {
        norm[j] = (z[j] - mean) * *rate;
        y[j] = norm[j] * gain[j] + bias[j];
    }
}

/* Gradient of `normalise` with respect to z; those of gain and bias are added. */
static void normalise_back(int width, const real *above, const real *norm, real rate, const real *gain, real *z_gradient,
    real *gain_gradient, real *bias_gradient)
{
    real mean = 0, along = 0;
    APART for (int j = 0; j < width; j++) {
        const real g = above[j] * gain[j];
        mean += g;
        along += g * norm[j];
        gain_gradient[j] += above[j] * norm[j];
        bias_gradient[j] += above[j];
    }
    mean /= width;
    along /= width;
    APART for (int j = 0; j < width; j++) z_gradient[j] = rate * (above[j] * gain[j] - mean - norm[j] * along);
}

/* Numbers that encoder_forward saves per token behind those of attention: two norms with rates, and hidden values. */
static size_t encoder_per_token(int width, int hidden) { return 2 * ((size_t)width + 1) + hidden; }

size_t encoder_saved(int n_sequences, int n_tokens, int width, int n_heads, int hidden)
{
    return saved_of_all(sizes_of(n_sequences, n_tokens, width, width, n_heads))
        + (size_t)n_sequences * n_tokens * encoder_per_token(width, hidden) + 64;
}

/* Tokens x (N, T, width) to the same shape: y = norm(x + drop(attention(x))), out = norm(y + drop(dense(drop(relu(dense(y)))))).
 * bits: random bits for the three dropouts, (N, T, width), (N, T, hidden), (N, T, width) one behind the other; or NULL. */
int encoder_forward(int n_sequences, int n_tokens, int width, int n_heads, int hidden, double eps, const real *x,
    const real *const *weight, const uint16_t *bits, int threshold, double scale, real *output, real *saved)
{
    const sizes z = sizes_of(n_sequences, n_tokens, width, width, n_heads);
    const size_t n_all = (size_t)n_sequences * n_tokens, rows = (size_t)z.block * n_tokens;
    const int row = padded(width), hidden_row = padded(hidden);
    const mask drop1 = {bits, (uint16_t)threshold, (real)scale};
    const mask drop2 = {bits ? bits + n_all * width : NULL, (uint16_t)threshold, (real)scale};
    const mask drop3 = {bits ? bits + n_all * (width + hidden) : NULL, (uint16_t)threshold, (real)scale};
    real *memory = whole(attention_room(z) + (size_t)width * hidden_row + (size_t)hidden * row + rows * (width + row) + 512);
    if (!memory) return 1;
    arena scratch = {memory};
    attention_scratch s = attention_parts(&scratch, z, weight, weight[OUT]);
    real *in = take(&scratch, (size_t)width * hidden_row), *back = take(&scratch, (size_t)hidden * row);
    real *y = take(&scratch, rows * width), *update = take(&scratch, rows * row);
    pack_transposed(weight[IN], hidden, width, in, hidden_row);
    pack_transposed(weight[BACK], width, hidden, back, row);
    real *own = saved + saved_of_all(z);
    real *norm1 = own, *norm2 = norm1 + n_all * width, *rate1 = norm2 + n_all * width, *rate2 = rate1 + n_all;
    real *dense = rate2 + n_all;
    for (int first = 0; first < n_sequences; first += z.block) {
        const int n = smaller(z.block, n_sequences - first), n_rows = n * n_tokens;
        const size_t token = (size_t)first * n_tokens;
        const real *tokens = x + token * width;
        attention_block(z, s, n, tokens, weight[OUT_BIAS], saved + first / z.block * saved_of_block(z));
        for (int i = 0; i < n_rows; i++) {
            real *sum = s.out + (long)i * row;
            APART for (int j = 0; j < width; j++) sum[j] = tokens[(long)i * width + j] + sum[j] * kept(drop1, (token + i) * width + j);
            normalise(width, sum, weight[NORM1], weight[NORM1_BIAS], (real)eps, norm1 + (token + i) * width,
                rate1 + token + i, y + (long)i * width);
        }
        real *hiddens = dense + token * hidden;
        for (int i = 0; i < n_rows; i++) memcpy(hiddens + (long)i * hidden, weight[IN_BIAS], hidden * sizeof(real));
        product(n_rows, hidden, width, y, width, 1, in, hidden_row, hiddens, hidden, 1);
        APART for (size_t i = 0; i < (size_t)n_rows * hidden; i++) {
            const real value = hiddens[i];
            hiddens[i] = (value > 0 ? value : (value != value ? value : 0)) * kept(drop2, token * hidden + i);
        }
        for (int i = 0; i < n_rows; i++) memcpy(update + (long)i * row, weight[BACK_BIAS], width * sizeof(real));
        product(n_rows, width, hidden, hiddens, hidden, 1, back, row, update, row, 1);
        for (int i = 0; i < n_rows; i++) {
            real *sum = update + (long)i * row;
            APART for (int j = 0; j < width; j++) sum[j] = y[(long)i * width + j] + sum[j] * kept(drop3, (token + i) * width + j);
            normalise(width, sum, weight[NORM2], weight[NORM2_BIAS], (real)eps, norm2 + (token + i) * width,
                rate2 + token + i, output + (token + i) * width);
        }
    }
    free(memory);
    return 0;
}

/* Gradients of `encoder_forward`, written, not added; without weight_gradient that of x alone. */
int encoder_backward(int n_sequences, int n_tokens, int width, int n_heads, int hidden, const real *x,
    const real *const *weight, const uint16_t *bits, int threshold, double scale, const real *saved,
    const real *output_gradient, real *x_gradient, real *const *weight_gradient)
{
    const sizes z = sizes_of(n_sequences, n_tokens, width, width, n_heads);
    const size_t n_all = (size_t)n_sequences * n_tokens, rows = (size_t)z.block * n_tokens;
    const int row = padded(width), hidden_row = padded(hidden);
    const mask drop1 = {bits, (uint16_t)threshold, (real)scale};
    const mask drop3 = {bits ? bits + n_all * (width + hidden) : NULL, (uint16_t)threshold, (real)scale};
    real *memory = whole(attention_back_room(z) + (size_t)hidden * row + (size_t)width * hidden_row
        + rows * (3 * row + 2 * hidden_row + hidden) + row + 1024);
    if (!memory) return 1;
    arena scratch = {memory};
    real *unread = take(&scratch, row), *none[NORM2_BIAS + 1];
    const int wanted = weight_gradient != NULL;
    for (int i = 0; i <= NORM2_BIAS; i++) none[i] = unread;
    if (!wanted) weight_gradient = none; /* of the norms a few numbers are added up all the same */
    attention_back s = attention_back_parts(&scratch, z, weight, weight[OUT]);
    real *in = take(&scratch, (size_t)hidden * row), *back = take(&scratch, (size_t)width * hidden_row);
    real *y = take(&scratch, rows * row), *y_gradient = take(&scratch, rows * row), *update = take(&scratch, rows * row);
    real *hidden_gradient = take(&scratch, rows * hidden_row), *hiddens = take(&scratch, rows * hidden_row);
    pack(weight[IN], hidden, width, in, row);
    pack(weight[BACK], width, hidden, back, hidden_row);
    const size_t n_weights[] = {0, 0, 0, 0, width, width, width, (size_t)hidden * width, hidden, (size_t)width * hidden, width,
        width, width};
    for (int i = OUT_BIAS; wanted && i <= NORM2_BIAS; i++) memset(weight_gradient[i], 0, n_weights[i] * sizeof(real));
    const real *own = saved + saved_of_all(z);
    const real *norm1 = own, *norm2 = norm1 + n_all * width, *rate1 = norm2 + n_all * width, *rate2 = rate1 + n_all;
    const real *dense = rate2 + n_all;
    for (int first = 0; first < n_sequences; first += z.block) {
        const int n = smaller(z.block, n_sequences - first), n_rows = n * n_tokens;
        const size_t token = (size_t)first * n_tokens;
        for (int i = 0; i < n_rows; i++) {
            const size_t at = token + i;
            real *dy = y_gradient + (long)i * row, *change = update + (long)i * row;
            normalise_back(width, output_gradient + at * width, norm2 + at * width, rate2[at], weight[NORM2], dy,
                weight_gradient[NORM2], weight_gradient[NORM2_BIAS]);
            APART for (int j = 0; j < width; j++) change[j] = dy[j] * kept(drop3, at * width + j);
            for (int j = 0; j < width; j++) y[(long)i * row + j] = norm1[at * width + j] * weight[NORM1][j] + weight[NORM1_BIAS][j];
        }
        pack(dense + token * hidden, n_rows, hidden, hiddens, hidden_row);
        if (wanted) {
            add_column_sums(update, n_rows, width, row, weight_gradient[BACK_BIAS]);
            product(width, hidden, n_rows, update, 1, row, hiddens, hidden_row, weight_gradient[BACK], hidden, 1);
        }
        product(n_rows, hidden, width, update, row, 1, back, hidden_row, hidden_gradient, hidden_row, 0);
        const real grown = bits ? (real)scale : 1;
        for (int i = 0; i < n_rows; i++) /* a hidden value is above 0 where it was neither cut off nor dropped */
            APART for (int j = 0; j < hidden; j++)
                hidden_gradient[(long)i * hidden_row + j] *= hiddens[(long)i * hidden_row + j] > 0 ? grown : 0;
        if (wanted) {
            add_column_sums(hidden_gradient, n_rows, hidden, hidden_row, weight_gradient[IN_BIAS]);
            product(hidden, width, n_rows, hidden_gradient, 1, hidden_row, y, row, weight_gradient[IN], width, 1);
        }
        product(n_rows, width, hidden, hidden_gradient, hidden_row, 1, in, row, y_gradient, row, 1);
        for (int i = 0; i < n_rows; i++) {
            const size_t at = token + i;
            real *dx = x_gradient + at * width, *change = update + (long)i * row;
            normalise_back(width, y_gradient + (long)i * row, norm1 + at * width, rate1[at], weight[NORM1], dx,
                weight_gradient[NORM1], weight_gradient[NORM1_BIAS]);
            APART for (int j = 0; j < width; j++) change[j] = dx[j] * kept(drop1, at * width + j);
        }
        attention_block_back(z, s, n, x + token * width, saved + first / z.block * saved_of_block(z), update,
            wanted ? weight_gradient[OUT_BIAS] : NULL, x_gradient + token * width);
    }
    if (wanted) unpack_attention(z, s, weight_gradient, weight_gradient[OUT]);
    free(memory);
    return 0;
}
