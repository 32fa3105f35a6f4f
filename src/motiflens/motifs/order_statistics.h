/* Extremes and order statistics of many numbers, of which there must be one at least and no NaN. */
#ifndef MOTIFLENS_ORDER_STATISTICS_H
#define MOTIFLENS_ORDER_STATISTICS_H

#include "complete_scores.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define FEW 32   /* of so few values a statistic is found by plain partition */
#define BINS 512 /* of histograms that lead to a statistic */
#define WIDE 8

typedef double doubles __attribute__((vector_size(8 * WIDE)));
typedef int64_t whole_numbers __attribute__((vector_size(8 * WIDE)));

static void extremes(const double *x, int n, double *low, double *high)
{
    doubles least, most;
    for (int j = 0; j < WIDE; j++) least[j] = most[j] = x[0];
    int i = 0;
    for (; i + WIDE <= n; i += WIDE) {
        doubles values;
        memcpy(&values, x + i, sizeof values);
        const whole_numbers under = values < least, over = values > most;
        least = (doubles)((under & (whole_numbers)values) | (~under & (whole_numbers)least));
        most = (doubles)((over & (whole_numbers)values) | (~over & (whole_numbers)most));
    }
    for (; i < n; i++) least[0] = least_of(least[0], x[i]), most[0] = most_of(most[0], x[i]);
    *low = least[0], *high = most[0];
    for (int j = 1; j < WIDE; j++) *low = least_of(*low, least[j]), *high = most_of(*high, most[j]);
}

/* The k-th smallest of n values; orders them so that it stands at k. */
static double partitioned(double *x, int n, int k)
{
    int low = 0, high = n - 1;
    while (low < high) {
        const double pivot = x[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot) i++;
            while (pivot < x[j]) j--;
            if (i <= j) {
                const double swapped = x[i];
                x[i++] = x[j];
                x[j--] = swapped;
            }
        }
        if (k <= j) high = j;
        else if (k >= i) low = i;
        else break;
    }
    return x[k];
}

/* Copy the values in low ... high to `kept`, return how many, and count those below. */
static int between(const double *x, int n, double low, double high, double *kept, int *below)
{
    int n_kept = 0, n_below = 0, i = 0;
#if defined(__AVX512F__)
    const __m512d from = _mm512_set1_pd(low), to = _mm512_set1_pd(high);
    for (; i + 8 <= n; i += 8) {
        const __m512d values = _mm512_loadu_pd(x + i);
        const __mmask8 under = _mm512_cmp_pd_mask(values, from, _CMP_LT_OQ);
        const __mmask8 in = _mm512_mask_cmp_pd_mask(~under, values, to, _CMP_LE_OQ);
        _mm512_storeu_pd(kept + n_kept, _mm512_maskz_compress_pd(in, values));
        n_kept += __builtin_popcount(in);
        n_below += __builtin_popcount(under);
    }
#endif
    for (; i < n; i++) {
        kept[n_kept] = x[i];
        n_kept += x[i] >= low && x[i] <= high;
        n_below += x[i] < low;
    }
    *below = n_below;
    return n_kept;
}

/* Bounds between which the values of ranks `first` to `last` of n lie, by a histogram; rounding may shift them. */
static void bounds(const double *x, int n, int first, int last, double *low, double *high)
{
    double least, most;
    extremes(x, n, &least, &most);
    uint32_t counts[BINS + 1] = {0};
    const double per_value = BINS / (most - least), width = (most - least) / BINS;
    if (!(per_value < 1e300)) { /* equal values */
        *low = least, *high = most;
        return;
    }
    for (int i = 0; i < n; i++) counts[(int)((x[i] - least) * per_value)]++;
    int bin = 0, below = 0;
    for (; below + (int)counts[bin] <= larger(first, 0); bin++) below += counts[bin];
    *low = first < 0 ? -INFINITY : least + (bin - 1e-6) * width;
    for (; bin < BINS && below + (int)counts[bin] <= last; bin++) below += counts[bin];
    *high = last >= n ? INFINITY : least + (bin + 1 + 1e-6) * width;
}

/* The k-th smallest of n values, most of which are only counted and compared. `room` holds 2 (n + 8) values. */
static double order_statistic(const double *x, int n, int k, double *room)
{
    double *kept = room, *other = room + n + 8;
    while (n > FEW) {
        double low, high;
        int below;
        bounds(x, n, k, k, &low, &high);
        if (low == high) return low;
        const int n_kept = between(x, n, low, high, kept, &below);
        if (k < below || k >= below + n_kept || n_kept == n) break;
        x = kept, n = n_kept, k -= below;
        double *swapped = kept;
        kept = other, other = swapped;
    }
    if (x != kept) memcpy(kept, x, n * sizeof(double));
    return partitioned(kept, n, k);
}

#endif
