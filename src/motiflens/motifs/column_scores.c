/* Column scores of one query and all target columns, as integers.
 *
 * These are the integers of complete_scores.py to the last one: every rounding that decides an integer is done in the
 * same order, so the compiler must not reorder sums here.
 */
#include "complete_scores.h"
#include "order_statistics.h"

#define MAX_WIDTH 100
#define SAMPLE 1024 /* columns whose scores tell about where the median is */
#define CHUNK 512   /* columns whose scores stay in the first cache */
#define ROOT_ERROR 1e-4 /* more than a root in single precision can be off, up to the scale below */
#define MAX_SCALE 300
#define ALIGNED __attribute__((aligned(64)))

/* ---------------------------------------------------------------- column scores */

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define PLUS_PRODUCT(sum, a, b) __builtin_fma(a, b, sum)
#else
#define PLUS_PRODUCT(sum, a, b) ((sum) + (a) * (b))
#endif

/* Correlations, or squared distances, of one query column with n columns: ACGT and squares in rows of CHUNK. */
static void raw_scores(const double *columns, int euclidean, const double *query, double square, int n, double *out)
{
    const double *a = columns, *c = a + CHUNK, *g = c + CHUNK, *u = g + CHUNK, *squares = u + CHUNK;
    const double qa = query[0], qc = query[1], qg = query[2], qt = query[3];
    if (!euclidean) {
        for (int i = 0; i < n; i++) {
            double sum = qa * a[i];
            sum = PLUS_PRODUCT(sum, qc, c[i]);
            sum = PLUS_PRODUCT(sum, qg, g[i]);
            out[i] = PLUS_PRODUCT(sum, qt, u[i]);
        }
        return;
    }
    for (int i = 0; i < n; i++) {
        double sum = qa * a[i];
        sum = PLUS_PRODUCT(sum, qc, c[i]);
        sum = PLUS_PRODUCT(sum, qg, g[i]);
        sum = PLUS_PRODUCT(sum, qt, u[i]);
        sum += square;
        sum += squares[i];
        out[i] = sum > 0 ? sum : 0; /* rounding can leave -1e-16 for equal columns */
    }
}

/* Copy columns, one after the other, to where `raw_scores` finds them; `at` chooses them, if it is given. */
static void pack(const target_columns *t, const int *at, int n, double *out)
{
    for (int i = 0; i < n; i++) {
        const int from = at ? at[i] : i;
        double *cell = out + (size_t)(i / CHUNK) * 5 * CHUNK + i % CHUNK;
        for (int base = 0; base < 4; base++) cell[base * CHUNK] = t->columns[(size_t)base * t->n + from];
        cell[4 * CHUNK] = t->euclidean ? t->squares[from] : 0;
    }
}

size_t packed_size(int n) { return (size_t)(n + CHUNK - 1) / CHUNK * 5 * CHUNK; }

void pack_columns(target_columns *t, double *whole, double *sample)
{
    int at[SAMPLE];
    t->n_sampled = smaller(SAMPLE, t->n);
    /* spread by the golden ratio: a sample at equal steps would meet the order of strands and widths */
    for (int i = 0; i < t->n_sampled; i++)
        at[i] = t->n <= SAMPLE ? i : (int)(i * 0x9E3779B97F4A7C15ULL % (unsigned long long)t->n);
    pack(t, NULL, t->n, whole);
    pack(t, at, t->n_sampled, sample);
    t->packed = whole, t->sample = sample;
}

/* All of them. */
static void raw_row(const target_columns *t, const double *columns, int n, const double *query, double square, double *out)
{
    for (int start = 0; start < n; start += CHUNK)
        raw_scores(columns + 5L * start, t->euclidean, query, square, smaller(CHUNK, n - start), out + start);
}

/* ---------------------------------------------------------------- integers */

/* Not inlined: the product must be rounded before the half is added. */
__attribute__((noinline)) static void scaled(double *x, int n, double median, double origin, double scale)
{
    for (int i = 0; i < n; i++) x[i] = (x[i] - median - origin) * scale;
}

__attribute__((noinline)) static void rounded(const double *x, int n, uint8_t *out)
{
    int whole[CHUNK];
    for (int i = 0; i < n; i++) whole[i] = (int)(x[i] + 0.5); /* nothing is negative: truncation is floor */
    for (int i = 0; i < n; i++) out[i] = (uint8_t)whole[i];
}

/* Integers of squared distances: by roots in single precision, and exactly where those are near a whole number. */
static void rounded_distances(double *squared, int n, double median, double origin, double scale, uint8_t *out)
{
    uint8_t near[CHUNK];
    int whole[CHUNK], any = scale > MAX_SCALE;
    for (int i = 0; i < n; i++) {
        const double x = ((double)-sqrtf((float)squared[i]) - median - origin) * scale + 0.5;
        whole[i] = (int)x;
        near[i] = x - whole[i] < ROOT_ERROR || x - whole[i] > 1 - ROOT_ERROR;
    }
    for (int i = 0; i < n; i++) out[i] = (uint8_t)whole[i], any |= near[i];
    for (int i = 0; any && i < n; i++)
        if (near[i] || scale > MAX_SCALE) {
            squared[i] = -sqrt(squared[i]);
            scaled(squared + i, 1, median, origin, scale);
            rounded(squared + i, 1, out + i);
        }
}

/* Count bytes of 0 ... SCALE; four tables, so that a count need not wait for the one before. */
static void count_bytes(const uint8_t *x, int n, double *share)
{
    uint32_t counts[4][256] = {{0}};
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t eight;
        memcpy(&eight, x + i, 8);
        for (int j = 0; j < 8; j++) counts[j & 3][(eight >> (8 * j)) & 255]++;
    }
    for (; i < n; i++) counts[0][x[i]]++;
    for (i = 0; i <= SCALE; i++) share[i] = (double)(counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i]) / n;
}

/* ---------------------------------------------------------------- one query */

/* What is known of one query column's scores after all target columns were seen once. */
typedef struct {
    double low, high;   /* a sample says that the median is between them */
    double least, most; /* of all scores */
    int below, n_kept;  /* scores below `low`, and between */
    double *kept;       /* those between; as many as `room_for` */
} seen;

/* Bracket the statistic of rank k of n by the scores of a sample. */
static void bracket(seen *s, const double *sample, int m, int k, int n)
{
    const int middle = (int)((long)k * m / n), margin = (int)(2 * sqrt(m)) + 1; /* four standard deviations */
    bounds(sample, m, middle - margin, middle + margin, &s->low, &s->high);
    s->least = INFINITY, s->most = -INFINITY, s->below = s->n_kept = 0;
}

static void see(seen *s, const double *scores, int n, int room_for)
{
    double least, most;
    int below = 0;
    extremes(scores, n, &least, &most);
    s->least = least_of(s->least, least), s->most = most_of(s->most, most);
    if (s->n_kept + n > room_for) {
        s->n_kept = room_for; /* too many equal values: seen as a failure */
        return;
    }
    s->n_kept += between(scores, n, s->low, s->high, s->kept + s->n_kept, &below);
    s->below += below;
}

/* Lower median of one query column, least and highest score less the median, from what was seen. */
static double median_of(const target_columns *t, const double *query, double square, seen *s, int k, int room_for,
                        double *room)
{
    k -= s->below;
    if (s->n_kept < room_for && k >= 0 && k < s->n_kept) return order_statistic(s->kept, s->n_kept, k, room);
    raw_row(t, t->packed, t->n, query, square, room);
    return order_statistic(room, t->n, k + s->below, room + t->n + 8);
}

/* Shifts and scale of a query: the lower median of each column, and where integers begin. */
static void medians_of(const target_columns *t, const double *query, const double *squares, int width, double *medians,
                       double *low, double *high, double *room)
{
    /* Distances count negative: their lower median is the upper one before the sign is changed. */
    const int middle = larger(t->n / 2 - 1, 0), k = t->euclidean ? t->n - 1 - middle : middle;
    const int room_for = t->n / 4 + 2 * CHUNK;
    double *kept = room, *scores = kept + (size_t)width * (room_for + 8);
    seen all[MAX_WIDTH];
    for (int q = 0; q < width; q++) {
        raw_row(t, t->sample, t->n_sampled, query + 4 * q, squares[q], scores);
        all[q].kept = kept + (size_t)q * (room_for + 8);
        bracket(all + q, scores, t->n_sampled, k, t->n);
    }
    for (int start = 0; start < t->n; start += CHUNK)
        for (int q = 0; q < width; q++) {
            double chunk[CHUNK] ALIGNED;
            const int n = smaller(CHUNK, t->n - start);
            raw_scores(t->packed + 5L * start, t->euclidean, query + 4 * q, squares[q], n, chunk);
            see(all + q, chunk, n, room_for);
        }
    *low = INFINITY, *high = -INFINITY;
    for (int q = 0; q < width; q++) {
        double median = median_of(t, query + 4 * q, squares[q], all + q, k, room_for, scores);
        double first = all[q].least, last = all[q].most;
        if (t->euclidean) median = -sqrt(median), first = -sqrt(all[q].most), last = -sqrt(all[q].least);
        medians[q] = median;
        *low = least_of(*low, first - median), *high = most_of(*high, last - median);
    }
}

size_t integer_room(int width, int n)
{
    return (size_t)width * (n / 4 + 2 * CHUNK + 8) + 3 * ((size_t)larger(n, SAMPLE) + 8);
}

/* Integer scores of one query: each column shifted by its lower median, the whole scaled to 0 ... SCALE. */
void integer_scores(const target_columns *t, const double *query, const double *squares, integers *out, double *room)
{
    double medians[MAX_WIDTH], low, high;
    medians_of(t, query, squares, out->width, medians, &low, &high, room);
    /* The program's own rounding carries exact extremes a hair outwards, which matters at whole numbers. */
    low *= 1 + 1e-9, high *= 1 + 1e-9;
    const double origin = floor(low < high ? low : high - 1), scale = floor(SCALE / (high - origin));
    out->zero = (int)(-origin * scale);
    for (int start = 0; start < t->n; start += CHUNK)
        for (int q = 0; q < out->width; q++) {
            double chunk[CHUNK] ALIGNED;
            const int n = smaller(CHUNK, t->n - start);
            raw_scores(t->packed + 5L * start, t->euclidean, query + 4 * q, squares[q], n, chunk);
            uint8_t *row = out->scores + q * out->row + start;
            if (t->euclidean) {
                rounded_distances(chunk, n, medians[q], origin, scale, row);
            } else {
                scaled(chunk, n, medians[q], origin, scale);
                rounded(chunk, n, row);
            }
        }
    for (int q = 0; q < out->width; q++) count_bytes(out->scores + q * out->row, t->n, out->shares + q * (SCALE + 1));
}
