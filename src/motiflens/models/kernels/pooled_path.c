/* Max-pooled responses along a straight way, and their gradient.
 *
 * A convolution is linear, so that on the way from one input to another its response at each place is a straight line,
 * start + a * change. Responses themselves are computed once; here they are pooled at each point a of the way.
 */
#include "vectors.h"

/* Largest response in windows of `pool` positions at each of the points, and where in the window: start and change
 * (n, length, filters), output and where (n_points, n, length / pool, filters). Of equal values the first counts. */
int path_forward(int n, int length, int filters, int pool, int n_points, const real *start, const real *change,
    const real *points, real *output, uint16_t *where)
{
    const int windows = length / pool;
    real *at = malloc(filters * sizeof(real)); /* numbers as wide as the responses, so that both go through together */
    if (!at) return 1;
    for (int s = 0; s < n; s++)
        for (int w = 0; w < windows; w++) {
            const long here = ((long)s * length + (long)w * pool) * filters;
            for (int k = 0; k < n_points; k++) {
                const long out = (((long)k * n + s) * windows + w) * filters;
                const real a = points[k];
                real *best = output + out;
                APART for (int f = 0; f < filters; f++) {
                    best[f] = start[here + f] + a * change[here + f];
                    at[f] = 0;
                }
                for (int i = 1; i < pool; i++) {
                    const real *from = start + here + (long)i * filters, *by = change + here + (long)i * filters;
                    APART for (int f = 0; f < filters; f++) {
                        const real value = from[f] + a * by[f];
                        at[f] = value > best[f] ? (real)i : at[f]; /* NaN stays: nothing is larger */
                        best[f] = value > best[f] ? value : best[f];
                    }
                }
                for (int f = 0; f < filters; f++) where[out + f] = (uint16_t)at[f];
            }
        }
    free(at);
    return 0;
}

/* Gradient by the responses, each point's with its weight: gradient and where (n_points, n, length / pool, filters), total
 * (n, length, filters), written, not added. */
int path_backward(int n, int length, int filters, int pool, int n_points, const real *weights, const uint16_t *where,
    const real *gradient, real *total)
{
    const int windows = length / pool;
    memset(total, 0, (size_t)n * length * filters * sizeof(real));
    for (int s = 0; s < n; s++)
        for (int w = 0; w < windows; w++) {
            real *here = total + ((long)s * length + (long)w * pool) * filters;
            for (int k = 0; k < n_points; k++) {
                const long at = (((long)k * n + s) * windows + w) * filters;
                for (int f = 0; f < filters; f++)
                    here[(long)where[at + f] * filters + f] += weights[k] * gradient[at + f];
            }
        }
    return 0;
}
