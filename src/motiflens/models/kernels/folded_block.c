/* A convolution block in evaluation mode: convolution, shift, max-pool and ReLU in one pass, and its gradient by the input.
 *
 * BatchNorm with fixed statistics is a scale, which the weights hold, and a shift. ReLU does not change which response of a
 * pool is the largest, so that it comes last. Of a pool only the largest response has a gradient: a sixth of them, where six
 * positions are pooled.
 */
#include "vectors.h"

#define MOST 8 /* vectors of a window's gradient that are summed at once */

/* weight (outputs, inputs, size) to (size * inputs, padded(outputs)): a window of the input is one run of memory. */
static void pack_windows(int outputs, int inputs, int size, const real *weight, real *packed)
{
    const int row = padded(outputs);
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < inputs; i++)
            for (int k = 0; k < size; k++)
                packed[((long)k * inputs + i) * row + o] = weight[((long)o * inputs + i) * size + k];
}

/* x (n, length, inputs), weight (outputs, inputs, size), size odd, "same"; output and where (n, length / pool, outputs). */
int folded_forward(int n, int length, int inputs, int outputs, int size, int pool, const real *x, const real *weight,
    const real *shift, real *output, uint16_t *where)
{
    const int windows = length / pool, rows = windows * pool, row = padded(outputs), half = size / 2;
    real *memory = whole((size_t)size * inputs * row + (size_t)(length + size) * inputs + (size_t)rows * row + 2 * row + 512);
    if (!memory) return 1;
    arena scratch = {memory};
    real *packed = take(&scratch, (size_t)size * inputs * row), *input = take(&scratch, (size_t)(length + size) * inputs);
    real *responses = take(&scratch, (size_t)rows * row), *best = take(&scratch, row), *at = take(&scratch, row);
    pack_windows(outputs, inputs, size, weight, packed);
    for (int s = 0; s < n; s++) {
        memcpy(input + (long)half * inputs, x + (long)s * length * inputs, (size_t)length * inputs * sizeof(real));
        product(rows, row, size * inputs, input, inputs, 1, packed, row, responses, row, 0);
        for (int w = 0; w < windows; w++) {
            const real *own = responses + (long)w * pool * row;
            const long out = ((long)s * windows + w) * outputs;
            APART for (int o = 0; o < row; o++) {
                best[o] = own[o];
                at[o] = 0;
            }
            for (int i = 1; i < pool; i++)
                APART for (int o = 0; o < row; o++) {
                    const real value = own[(long)i * row + o];
                    const int larger = value > best[o] || value != value; /* NaN stays: nothing is larger */
                    at[o] = larger ? (real)i : at[o];
                    best[o] = larger ? value : best[o];
                }
            for (int o = 0; o < outputs; o++) {
                const real value = best[o] + shift[o];
                output[out + o] = value > 0 ? value : (value != value ? value : 0);
            }
            for (int o = 0; o < outputs; o++) where[out + o] = (uint16_t)at[o];
        }
    }
    free(memory);
    return 0;
}

/* `folded_forward` of an input in which one channel has changed: responses (n, length, outputs) of the input as it was, before
 * the shift, change (n, length) and weight (outputs, size) of the channel; output (n, length / pool, outputs). */
int folded_change(int n, int length, int outputs, int size, int pool, const real *responses, const real *change,
    const real *weight, const real *shift, real *output)
{
    const int windows = length / pool, row = padded(outputs), half = size / 2;
    real *memory = whole((size_t)size * row + length + size + row + (size_t)length * outputs + row + 512);
    if (!memory) return 1;
    arena scratch = {memory};
    real *packed = take(&scratch, (size_t)size * row), *input = take(&scratch, length + size), *added = take(&scratch, row);
    real *before = take(&scratch, (size_t)length * outputs + row); /* with room for loads of whole vectors behind the last */
    pack_windows(outputs, 1, size, weight, packed);
    memcpy(added, shift, outputs * sizeof(real));
    for (int s = 0; s < n; s++) {
        memcpy(input + half, change + (long)s * length, length * sizeof(real));
        memcpy(before, responses + (long)s * length * outputs, (size_t)length * outputs * sizeof(real));
        for (int first = 0; first < outputs; first += LANES)
            for (int w = 0; w < windows; w++) {
                vector best = {0};
                for (int i = 0; i < pool; i++) {
                    const int at = w * pool + i;
                    vector sum = load(before + (long)at * outputs + first);
                    for (int k = 0; k < size; k++) sum += input[at + k] * load(packed + (long)k * row + first);
                    best = i == 0 ? sum : choose((sum > best) | (sum != sum), sum, best); /* NaN stays: nothing is larger */
                }
                real values[LANES];
                store(values, best);
                real *to = output + ((long)s * windows + w) * outputs + first;
                for (int l = 0; l < LANES && first + l < outputs; l++) {
                    const real value = values[l] + added[first + l];
                    to[l] = value > 0 ? value : (value != value ? value : 0);
                }
            }
    }
    free(memory);
    return 0;
}

/* Gradient of `folded_forward` by x, written, not added. */
int folded_backward(int n, int length, int inputs, int outputs, int size, int pool, const real *weight, const real *output,
    const uint16_t *where, const real *gradient, real *x_gradient)
{
    const int windows = length / pool, half = size / 2, taps = size * inputs, row = padded(taps);
    real *memory = whole((size_t)outputs * row + (size_t)(length + size) * inputs + row + 512);
    int *chosen = malloc((size_t)pool * outputs * sizeof(int)), *count = malloc(pool * sizeof(int));
    if (!memory || !chosen || !count) {
        free(memory);
        free(chosen);
        free(count);
        return 1;
    }
    arena scratch = {memory};
    real *turned = take(&scratch, (size_t)outputs * row), *sum = take(&scratch, (size_t)(length + size) * inputs + row);
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < inputs; i++)
            for (int k = 0; k < size; k++) turned[(long)o * row + k * inputs + i] = weight[((long)o * inputs + i) * size + k];
    for (int s = 0; s < n; s++) {
        memset(sum, 0, ((size_t)(length + size) * inputs + row) * sizeof(real));
        for (int w = 0; w < windows; w++) {
            const long here = ((long)s * windows + w) * outputs;
            memset(count, 0, pool * sizeof(int));
            for (int o = 0; o < outputs; o++)
                if (output[here + o] > 0) {
                    const int i = where[here + o];
                    chosen[i * outputs + count[i]++] = o;
                }
            for (int i = 0; i < pool; i++) { /* positions one after the other: each window of the input is met once */
                const int *own = chosen + (long)i * outputs;
                real *to = sum + ((long)w * pool + i) * inputs;
                for (int first = 0; count[i] && first < row; first += MOST * LANES) {
                    const int vectors = smaller(MOST, (row - first) / LANES);
                    vector total[MOST];
                    for (int v = 0; v < vectors; v++) total[v] = load(to + first + v * LANES);
                    for (int c = 0; c < count[i]; c++) {
                        const real *from = turned + (long)own[c] * row + first;
                        const real above = gradient[here + own[c]];
                        for (int v = 0; v < vectors; v++) total[v] += above * load(from + v * LANES);
                    }
                    for (int v = 0; v < vectors; v++) store(to + first + v * LANES, total[v]);
                }
            }
        }
        memcpy(x_gradient + (long)s * length * inputs, sum + (long)half * inputs, (size_t)length * inputs * sizeof(real));
    }
    free(memory);
    free(chosen);
    free(count);
    return 0;
}
