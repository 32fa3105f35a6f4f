/* How alike a matrix and the same matrix with its columns in another order are: see similarity.py. */
#include "complete_scores.h"

/* Largest correlation over all shifts and both strands.
 *
 * columns: (width, 4), less 1/4. order: which column stands where in the other. */
double similarity_to_shuffled(int width, const double *columns, const int *order)
{
    double norm = 0, best = 0;
    for (int i = 0; i < 4 * width; i++) norm += columns[i] * columns[i];
    if (norm < 1e-9) return 0;
    for (int shift = 1 - width; shift < width; shift++) {
        double plus = 0, minus = 0;
        const int first = larger(0, shift), last = smaller(width, width + shift);
        for (int i = first; i < last; i++) {
            const double *a = columns + 4 * i;
            const double *b = columns + 4 * order[i - shift], *c = columns + 4 * order[width - 1 - (i - shift)];
            plus += a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
            minus += a[0] * c[3] + a[1] * c[2] + a[2] * c[1] + a[3] * c[0];
        }
        best = most_of(best, most_of(plus, minus));
    }
    return best / norm;
}
