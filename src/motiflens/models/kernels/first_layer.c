/* The first convolution of many networks on DNA given as codes: pooled maxima, their gradient, base counts, and what stands
 * around the positions where filters are active.
 */
#include "first_layer.h"

/* Largest value of each filter in windows of `pool` positions, and where: output and where (N, length / pool, columns).
 * The convolution is "same", codes (N, length), weight (4 * size, columns), length < 65536. */
int pooled_forward(int n_sequences, int length, int size, int columns, int pool, const uint8_t *codes, const real *weight,
    real *output, uint16_t *where)
{
    const int n_pairs = (size + 1) / 2, row = VECTORS * LANES, windows = length / pool;
    real *table = whole((size_t)n_pairs * PAIRS * row);
    uint8_t *pairs = malloc((size_t)n_sequences * (length + size));
    if (!table || !pairs) {
        free(table);
        free(pairs);
        return 1;
    }
    for (int s = 0; s < n_sequences; s++)
        pair_codes(codes + (long)s * length, length, size, pairs + (long)s * (length + size));
    for (int first = 0; first < columns; first += row) {
        const int n = smaller(row, columns - first);
        fill_table(weight, size, columns, first, n, table);
        for (int s = 0; s < n_sequences; s++)
            for (int w = 0; w < windows; w++) {
                const uint8_t *here = pairs + (long)s * (length + size) + w * pool;
                vector best[VECTORS] = {0}, at[VECTORS] = {0};
                for (int i = 0; i < pool; i++) {
                    vector sum[VECTORS];
                    respond(table, here + i, n_pairs, sum);
                    const vector now = (vector){0} + (real)(w * pool + i);
                    for (int v = 0; v < VECTORS; v++) {
                        if (i == 0) {
                            best[v] = sum[v]; /* NaN stays: nothing is larger */
                            at[v] = now;
                        } else {
                            const lanes larger = sum[v] > best[v];
                            best[v] = choose(larger, sum[v], best[v]);
                            at[v] = choose(larger, now, at[v]);
                        }
                    }
                }
                const long out = ((long)s * windows + w) * columns + first;
                real values[VECTORS * LANES], places[VECTORS * LANES];
                for (int v = 0; v < VECTORS; v++) {
                    store(values + v * LANES, best[v]);
                    store(places + v * LANES, at[v]);
                }
                memcpy(output + out, values, n * sizeof(real));
                if (where)
                    for (int j = 0; j < n; j++) where[out + j] = (uint16_t)places[j];
            }
    }
    free(table);
    free(pairs);
    return 0;
}

/* Gradient of `pooled_forward` with respect to the weight, written, not added. */
int pooled_backward(int n_sequences, int length, int size, int columns, int pool, const uint8_t *codes,
    const uint16_t *where, const real *gradient, real *weight_gradient)
{
    const int n_pairs = (size + 1) / 2, row = VECTORS * LANES, windows = length / pool;
    real *memory = whole((size_t)(n_pairs * PAIRS + length) * row + 128);
    uint8_t *pairs = malloc(length + size);
    if (!memory || !pairs) {
        free(memory);
        free(pairs);
        return 1;
    }
    arena scratch = {memory};
    real *table = take(&scratch, (size_t)n_pairs * PAIRS * row), *dense = take(&scratch, (size_t)length * row);
    for (int first = 0; first < columns; first += row) {
        const int n = smaller(row, columns - first);
        memset(table, 0, (size_t)n_pairs * PAIRS * row * sizeof(real));
        for (int s = 0; s < n_sequences; s++) {
            pair_codes(codes + (long)s * length, length, size, pairs);
            for (int w = 0; w < windows; w++) {
                const long at = ((long)s * windows + w) * columns + first;
                for (int j = 0; j < n; j++) dense[where[at + j] * row + j] = gradient[at + j];
            }
            for (int i = 0; i < windows * pool; i++) {
                vector above[VECTORS];
                for (int v = 0; v < VECTORS; v++) {
                    above[v] = load(dense + (long)i * row + v * LANES);
                    store(dense + (long)i * row + v * LANES, (vector){0});
                }
                for (int j = 0; j < n_pairs; j++) {
                    real *sum = table + ((long)j * PAIRS + pairs[i + 2 * j]) * row;
                    for (int v = 0; v < VECTORS; v++) store(sum + v * LANES, load(sum + v * LANES) + above[v]);
                }
            }
        }
        for (int k = 0; k < size; k++)
            for (int symbol = 0; symbol < 4; symbol++) {
                real *sum = weight_gradient + (long)(4 * k + symbol) * columns + first;
                memset(sum, 0, n * sizeof(real));
                for (int other = 0; other < SYMBOLS; other++) {
                    const int pair = k % 2 ? other * SYMBOLS + symbol : symbol * SYMBOLS + other;
                    for (int j = 0; j < n; j++) sum[j] += table[((long)(k / 2) * PAIRS + pair) * row + j];
                }
            }
    }
    free(memory);
    free(pairs);
    return 0;
}

/* How often base b stands at place i of a filter's window while base c stands at place j, over all windows of all
 * sequences: counts (4 * size, 4 * size), rows (i, b), columns (j, c).
 *
 * Windows overlap, so that the count for places i and i + d is that for 0 and d less what leaves at the left and plus what
 * comes at the right: only the ends are counted place by place. */
int patch_counts(int n_sequences, int length, int size, const uint8_t *codes, double *counts)
{
    const int half = size / 2, places = length + size - 1;
    uint8_t *padded_codes = malloc(places);
    /* By lag, first place and pair: all at first place 0, and what each further place has more than the one before. */
    int32_t *steps = calloc((size_t)size * size * PAIRS, sizeof(int32_t));
    if (!padded_codes || !steps) {
        free(padded_codes);
        free(steps);
        return 1;
    }
    memset(padded_codes, 4, places);
    for (int s = 0; s < n_sequences; s++) {
        for (int i = 0; i < length; i++) padded_codes[half + i] = (uint8_t)smaller(codes[(long)s * length + i], 4);
        for (int lag = 0; lag < size; lag++) {
            const uint8_t *one = padded_codes, *two = padded_codes + lag;
            int32_t even[PAIRS] = {0}, odd[PAIRS] = {0}; /* two, so that an addition need not wait for the last one */
            int u = 0;
            for (; u + 1 < length; u += 2) {
                even[one[u] * SYMBOLS + two[u]]++;
                odd[one[u + 1] * SYMBOLS + two[u + 1]]++;
            }
            if (u < length) even[one[u] * SYMBOLS + two[u]]++;
            int32_t *step = steps + (long)lag * size * PAIRS;
            for (int pair = 0; pair < PAIRS; pair++) step[pair] += even[pair] + odd[pair];
            for (int i = 1; i + lag < size; i++) {
                step[i * PAIRS + one[i - 1] * SYMBOLS + two[i - 1]]--;
                step[i * PAIRS + one[length + i - 1] * SYMBOLS + two[length + i - 1]]++;
            }
        }
    }
    for (int lag = 0; lag < size; lag++) {
        int32_t *step = steps + (long)lag * size * PAIRS;
        for (int i = 0; i + lag < size; i++) {
            if (i)
                for (int pair = 0; pair < PAIRS; pair++) step[i * PAIRS + pair] += step[(i - 1) * PAIRS + pair];
            for (int b = 0; b < 4; b++)
                for (int c = 0; c < 4; c++) {
                    const double count = step[i * PAIRS + b * SYMBOLS + c];
                    counts[(long)(4 * i + b) * 4 * size + 4 * (i + lag) + c] = count;
                    counts[(long)(4 * (i + lag) + c) * 4 * size + 4 * i + b] = count;
                }
        }
    }
    free(padded_codes);
    free(steps);
    return 0;
}

/* Bases in windows around the positions where a filter gives at least its level: counts (columns, window, SYMBOLS), added to.
 *
 * Windows start at 1 ... length - window - 1, each window / 2 before its position. The convolution is "same", codes
 * (N, length), weight (4 * size, columns), levels (columns). */
int active_windows(int n_sequences, int length, int size, int columns, int window, const uint8_t *codes, const real *weight,
    const real *levels, int64_t *counts)
{
    const int n_pairs = (size + 1) / 2, row = VECTORS * LANES, first_position = window / 2 + 1, n_starts = length - window - 1;
    real *table = whole((size_t)n_pairs * PAIRS * row + row);
    uint8_t *pairs = malloc(length + size);
    if (!table || !pairs) {
        free(table);
        free(pairs);
        return 1;
    }
    real *level = table + (long)n_pairs * PAIRS * row;
    for (int first = 0; first < columns; first += row) {
        const int n = smaller(row, columns - first);
        fill_table(weight, size, columns, first, n, table);
        for (int j = 0; j < row; j++) level[j] = j < n ? levels[first + j] : INFINITY;
        for (int s = 0; s < n_sequences; s++) {
            const uint8_t *own = codes + (long)s * length;
            pair_codes(own, length, size, pairs);
            for (int i = 0; i < n_starts; i++) {
                vector sum[VECTORS];
                real values[VECTORS * LANES];
                respond(table, pairs + first_position + i, n_pairs, sum);
                for (int v = 0; v < VECTORS; v++) store(values + v * LANES, sum[v]);
                int any = 0;
                for (int j = 0; j < row; j++) any |= values[j] >= level[j];
                if (!any) continue;
                for (int j = 0; j < n; j++)
                    if (values[j] >= level[j]) {
                        int64_t *to = counts + (long)(first + j) * window * SYMBOLS;
                        for (int k = 0; k < window; k++) to[k * SYMBOLS + smaller(own[i + 1 + k], 4)]++;
                    }
            }
        }
    }
    free(table);
    free(pairs);
    return 0;
}
