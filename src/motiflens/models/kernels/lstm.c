/* Bidirectional LSTM, forward and backward.
 *
 * Sequences go through in blocks whose intermediate values stay in cache, so that the many small steps between the
 * matrix products cost no passes over memory.
 */
#include "vectors.h"

#define LSTM_BLOCK 16 /* sequences that go through all steps together */

/* Saved values of one direction, block by block: gates after their activation (T x n x 4H), then cells (T x n x H). */
static real *saved_block(real *saved, int first, int steps, int hidden) { return saved + (size_t)first * steps * 5 * hidden; }

/* Tokens x (N, steps, inputs) to output (N, steps, 2 * hidden); weights per direction as PyTorch has them: weight_ih
 * (4H, inputs), weight_hh (4H, H), bias (4H), gates in order i, f, g, o. `relu` has a flag per direction: ReLU in place
 * of tanh. saved: (2, N * steps * 5 * hidden). Returns 0, or 1 if memory ran out. */
int lstm_forward(int n_sequences, int steps, int inputs, int hidden, const real *x, const real *const *weight_ih,
    const real *const *weight_hh, const real *const *bias, const int *relu, real *output, real *saved)
{
    const int gates = 4 * hidden, row = padded(gates);
    real *memory = whole((size_t)(inputs + hidden) * row + (size_t)steps * LSTM_BLOCK * (inputs + hidden) + 512);
    if (!memory) return 1;
    arena scratch = {memory};
    real *input_weight = take(&scratch, (size_t)inputs * row), *hidden_weight = take(&scratch, (size_t)hidden * row);
    real *tokens = take(&scratch, (size_t)steps * LSTM_BLOCK * inputs);
    real *states = take(&scratch, (size_t)steps * LSTM_BLOCK * hidden);
    for (int direction = 0; direction < 2; direction++) {
        pack_transposed(weight_ih[direction], gates, inputs, input_weight, row);
        pack_transposed(weight_hh[direction], gates, hidden, hidden_weight, row);
        for (int first = 0; first < n_sequences; first += LSTM_BLOCK) {
            const int n = smaller(LSTM_BLOCK, n_sequences - first);
            real *gate = saved_block(saved + (size_t)direction * n_sequences * steps * 5 * hidden, first, steps, hidden);
            real *cell = gate + (size_t)steps * n * gates;
            for (int t = 0; t < steps; t++) /* in the order in which this direction reads them */
                for (int s = 0; s < n; s++) {
                    const int at = direction ? steps - 1 - t : t;
                    memcpy(tokens + ((long)t * n + s) * inputs, x + ((long)(first + s) * steps + at) * inputs,
                        inputs * sizeof(real));
                    memcpy(gate + ((long)t * n + s) * gates, bias[direction], gates * sizeof(real));
                }
            product(steps * n, gates, inputs, tokens, inputs, 1, input_weight, row, gate, gates, 1);
            for (int t = 0; t < steps; t++) {
                real *now = gate + (long)t * n * gates, *cells = cell + (long)t * n * hidden;
                real *state = states + (long)t * n * hidden;
                if (t) product(n, gates, hidden, state - (long)n * hidden, hidden, 1, hidden_weight, row, now, gates, 1);
                for (int s = 0; s < n; s++) {
                    real *i = now + (long)s * gates, *f = i + hidden, *g = f + hidden, *o = g + hidden;
                    real *c = cells + (long)s * hidden, *h = state + (long)s * hidden;
                    const real *before = c - (long)n * hidden;
                    for (int j = 0; j < 2 * hidden; j++) i[j] = sigmoid(i[j]);
                    if (relu[direction]) for (int j = 0; j < hidden; j++) g[j] = g[j] > 0 ? g[j] : (g[j] != g[j] ? g[j] : 0);
                    else for (int j = 0; j < hidden; j++) g[j] = tangent(g[j]);
                    for (int j = 0; j < hidden; j++) o[j] = sigmoid(o[j]);
                    if (t) APART for (int j = 0; j < hidden; j++) c[j] = f[j] * before[j] + i[j] * g[j];
                    else APART for (int j = 0; j < hidden; j++) c[j] = i[j] * g[j];
                    if (relu[direction]) APART for (int j = 0; j < hidden; j++) h[j] = o[j] * (c[j] > 0 ? c[j] : (c[j] != c[j] ? c[j] : 0));
                    else APART for (int j = 0; j < hidden; j++) h[j] = o[j] * tangent(c[j]);
                    const int at = direction ? steps - 1 - t : t;
                    memcpy(output + (((long)(first + s) * steps + at) * 2 + direction) * hidden, h, hidden * sizeof(real));
                }
            }
        }
    }
    free(memory);
    return 0;
}

/* One sequence, one step back: from the gradients of its state (h, that from above included) and cell to those of the
 * gates before their activation, and of the cell before. */
static inline __attribute__((always_inline)) void cell_back(int hidden, const int relu, const real *gates, const real *c,
    const real *before, const real *above, const real *dh, real *dc, real *change)
{
    const real *i = gates, *f = i + hidden, *g = f + hidden, *o = g + hidden;
    real *di = change, *df = di + hidden, *dg = df + hidden, *d_o = dg + hidden;
    APART for (int j = 0; j < hidden; j++) {
        const real squashed = relu ? (c[j] > 0 ? c[j] : 0) : tangent(c[j]);
        const real slope = relu ? (real)(c[j] > 0 ? 1 : 0) : 1 - squashed * squashed;
        const real gate_slope = relu ? (real)(g[j] > 0 ? 1 : 0) : 1 - g[j] * g[j];
        const real h = dh[j] + above[j];
        const real cell = dc[j] + h * o[j] * slope;
        d_o[j] = h * squashed * o[j] * (1 - o[j]);
        di[j] = cell * g[j] * i[j] * (1 - i[j]);
        dg[j] = cell * i[j] * gate_slope;
        df[j] = cell * before[j] * f[j] * (1 - f[j]);
        dc[j] = cell * f[j];
    }
}

/* Gradients of `lstm_forward`, written, not added: of x if not NULL, of weights and biases if weight_ih_gradient is not. */
int lstm_backward(int n_sequences, int steps, int inputs, int hidden, const real *x, const real *const *weight_ih,
    const real *const *weight_hh, const int *relu, const real *output, const real *saved, const real *output_gradient,
    real *x_gradient, real *const *weight_ih_gradient, real *const *weight_hh_gradient, real *const *bias_gradient)
{
    const int gates = 4 * hidden, in_row = padded(inputs), hidden_row = padded(hidden);
    const size_t block = (size_t)steps * LSTM_BLOCK;
    real *memory = whole((size_t)gates * (in_row + hidden_row) + block * (gates + 2 * in_row + hidden_row)
        + (size_t)LSTM_BLOCK * (2 * hidden_row + hidden) + hidden + 1024);
    if (!memory) return 1;
    arena scratch = {memory};
    real *input_weight = take(&scratch, (size_t)gates * in_row), *hidden_weight = take(&scratch, (size_t)gates * hidden_row);
    real *change = take(&scratch, block * gates), *tokens = take(&scratch, block * in_row);
    real *token_gradient = take(&scratch, block * in_row), *states = take(&scratch, block * hidden_row);
    real *state_gradient = take(&scratch, LSTM_BLOCK * hidden_row), *cell_gradient = take(&scratch, LSTM_BLOCK * hidden);
    const real *zeros = take(&scratch, hidden); /* the cells before the first step */
    if (x_gradient) memset(x_gradient, 0, (size_t)n_sequences * steps * inputs * sizeof(real));
    for (int direction = 0; direction < 2; direction++) {
        pack(weight_ih[direction], gates, inputs, input_weight, in_row);
        pack(weight_hh[direction], gates, hidden, hidden_weight, hidden_row);
        if (weight_ih_gradient) {
            memset(weight_ih_gradient[direction], 0, (size_t)gates * inputs * sizeof(real));
            memset(weight_hh_gradient[direction], 0, (size_t)gates * hidden * sizeof(real));
            memset(bias_gradient[direction], 0, (size_t)gates * sizeof(real));
        }
        for (int first = 0; first < n_sequences; first += LSTM_BLOCK) {
            const int n = smaller(LSTM_BLOCK, n_sequences - first);
            const real *gate = saved + ((size_t)direction * n_sequences + first) * steps * 5 * hidden;
            const real *cell = gate + (size_t)steps * n * gates;
            for (int t = 0; weight_ih_gradient && t < steps; t++)
                for (int s = 0; s < n; s++) {
                    const long at = (long)(first + s) * steps + (direction ? steps - 1 - t : t);
                    memcpy(tokens + ((long)t * n + s) * in_row, x + at * inputs, inputs * sizeof(real));
                    memcpy(states + ((long)t * n + s) * hidden_row, output + (at * 2 + direction) * hidden, hidden * sizeof(real));
                }
            memset(state_gradient, 0, LSTM_BLOCK * hidden_row * sizeof(real));
            memset(cell_gradient, 0, LSTM_BLOCK * hidden * sizeof(real));
            for (int t = steps - 1; t >= 0; t--) {
                real *changes = change + (long)t * n * gates;
                for (int s = 0; s < n; s++) {
                    const long at = (long)(first + s) * steps + (direction ? steps - 1 - t : t);
                    const real *above = output_gradient + (at * 2 + direction) * hidden;
                    const real *i = gate + ((long)t * n + s) * gates;
                    const real *c = cell + ((long)t * n + s) * hidden, *before = c - (long)n * hidden;
                    real *dh = state_gradient + (long)s * hidden_row, *dc = cell_gradient + (long)s * hidden;
                    real *di = changes + (long)s * gates;
                    if (relu[direction]) cell_back(hidden, 1, i, c, t ? before : zeros, above, dh, dc, di);
                    else cell_back(hidden, 0, i, c, t ? before : zeros, above, dh, dc, di);
                }
                if (t) product(n, hidden, gates, changes, gates, 1, hidden_weight, hidden_row, state_gradient, hidden_row, 0);
            }
            if (weight_ih_gradient) {
                product(gates, inputs, steps * n, change, 1, gates, tokens, in_row, weight_ih_gradient[direction], inputs, 1);
                product(gates, hidden, (steps - 1) * n, change + (long)n * gates, 1, gates, states, hidden_row,
                    weight_hh_gradient[direction], hidden, 1);
                add_column_sums(change, steps * n, gates, gates, bias_gradient[direction]);
            }
            if (!x_gradient) continue;
            product(steps * n, inputs, gates, change, gates, 1, input_weight, in_row, token_gradient, in_row, 0);
            for (int t = 0; t < steps; t++)
                for (int s = 0; s < n; s++) {
                    real *sum = x_gradient + ((long)(first + s) * steps + (direction ? steps - 1 - t : t)) * inputs;
                    for (int j = 0; j < inputs; j++) sum[j] += token_gradient[((long)t * n + s) * in_row + j];
                }
        }
    }
    free(memory);
    return 0;
}
