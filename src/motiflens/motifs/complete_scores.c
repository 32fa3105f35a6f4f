/* Best alignments of all queries to all targets, and their p-values under the null of complete scores. */
#include "complete_scores.h"

#define PAD (SCALE + 60) /* zeros on both sides of a distribution, for loads beyond its ends */
#define LANES 32
#define WIDE 8
#define TILES 4

typedef uint8_t bytes __attribute__((vector_size(LANES)));
typedef int16_t shorts __attribute__((vector_size(2 * LANES)));
typedef double doubles __attribute__((vector_size(8 * WIDE)));

typedef struct {
    int n, n_targets;
    const int *widths, *sizes; /* (n,) of targets, ascending, and how many of each */
    const int *members;        /* (n_targets,) which targets, group by group */
} target_groups;

/* ---------------------------------------------------------------- alignments */

typedef struct { int shift, overlap; } alignment;

/* All alignments of w with n columns, the one that is kept of equal scores first: more overlap, then smaller shift. */
static int preferred(int w, int n, alignment *out)
{
    int found = 0;
    for (int overlap = smaller(w, n); overlap > 0; overlap--)
        for (int shift = 1 - w; shift < n; shift++)
            if (smaller(w, n - shift) - larger(0, -shift) == overlap) out[found++] = (alignment){shift, overlap};
    return found;
}

/* Best of all alignments for LANES targets at once: its score, and its number in `order`. */
static void best_of_lanes(const integers *x, const uint8_t *targets, long position, int n_alignments,
                          const alignment *order, int16_t *best, int16_t *which)
{
    shorts top = {0}, number = {0};
    for (int r = 0; r < n_alignments; r++) {
        const int shift = order[r].shift, first = larger(0, -shift);
        const uint8_t *column = targets + first * x->row + (first + shift) * position;
        shorts sum = {0};
        for (int i = 0; i < order[r].overlap; i++, column += x->row + position) {
            bytes eight;
            memcpy(&eight, column, LANES);
            sum += __builtin_convertvector(eight, shorts);
        }
        sum -= (int16_t)(order[r].overlap * x->zero);
        const shorts better = r ? (shorts)(sum > top) : ~(shorts){0};
        top = (better & sum) | (~better & top);
        number = (better & (int16_t)r) | (~better & number);
    }
    memcpy(best, &top, sizeof top);
    memcpy(which, &number, sizeof number);
}

/* Best alignment on each strand of each target; score, offset and overlap have shape (2, n_targets). */
static void best_alignments(const integers *x, const target_groups *groups, alignment *order, int *score, int *offset,
                            int *overlap)
{
    const uint8_t *targets = x->scores;
    const int *members = groups->members;
    for (int g = 0; g < groups->n; g++) {
        const int size = groups->sizes[g], run = 2 * size;
        const int n_alignments = preferred(x->width, groups->widths[g], order);
        for (int start = 0; start < run; start += LANES) {
            int16_t best[LANES], which[LANES];
            best_of_lanes(x, targets + start, run, n_alignments, order, best, which);
            for (int j = 0; j < smaller(LANES, run - start); j++) {
                const int strand = start + j >= size, member = members[start + j - strand * size];
                const long at = (long)strand * groups->n_targets + member;
                score[at] = best[j];
                offset[at] = order[which[j]].shift;
                overlap[at] = order[which[j]].overlap;
            }
        }
        targets += (long)run * groups->widths[g];
        members += size;
    }
}

/* ---------------------------------------------------------------- null */

/* Distribution of the score of query columns a..b: P(low + i) at values[PAD + i], zeros around. */
typedef struct { int low, n; double *values; } distribution;

/* Add the score of one more column, whose integers have these shares; only sums of at least `least` are kept. */
static void add_column(distribution *d, const double *shares, int lowest, int highest, int least, double *room)
{
    if (d->n == 0) return;
    const int low = larger(d->low + lowest, least), n = d->low + d->n - 1 + highest - low + 1;
    if (n <= 0) {
        d->n = 0;
        return;
    }
    const int n_shares = highest - lowest + 1, from = low - highest - d->low + PAD;
    for (int start = 0; start < n; start += TILES * WIDE) {
        doubles sums[TILES] = {{0}};
        const double *in = d->values + from + start;
        for (int k = 0; k < n_shares; k++) {
            const double share = shares[highest - k];
            for (int j = 0; j < TILES; j++) {
                doubles values;
                memcpy(&values, in + k + j * WIDE, sizeof values);
                sums[j] += share * values;
            }
        }
        memcpy(room + start, sums, sizeof sums);
    }
    memcpy(d->values + PAD, room, n * sizeof(double));
    memset(d->values + PAD + n, 0, PAD * sizeof(double));
    d->low = low, d->n = n;
}

/* P(one or the other) of independent events: exact to rounding where both are small, as 1 - (1 - p)(1 - q) is not. */
static void either(double *p, const double *q, int n)
{
    for (int i = 0; i < n; i++) p[i] += q[i] * (1 - p[i]);
}

/* P(score >= j), j = first ... first + n - 1. */
static void tail_of(const distribution *d, int first, int n, double *tail)
{
    double sum = 0;
    int i = d->n - 1;
    for (int j = n - 1; j >= 0; j--) {
        for (; i >= 0 && d->low + i >= first + j; i--) sum += d->values[PAD + i];
        tail[j] = least_of(sum, 1);
    }
}

/* P(best of all alignments on both strands >= j), j = first ... first + n - 1, of targets of each width: `p` has shape
 * (n_groups, n). Alignments count as independent; one of them depends only on which block of query columns it aligns:
 * once each of the shorter ones at either end, and all of the width of the query or the target, whichever is smaller. */
static int p_of_scores(const integers *x, const target_groups *groups, int first, int n, double *p)
{
    const int w = x->width, length = SCALE * w + 1 + 2 * PAD + TILES * WIDE;
    double *memory = calloc((size_t)w * length + length + (size_t)n * (2 * w + 2), sizeof(double));
    distribution *blocks = malloc(w * sizeof(distribution));
    int *reach = calloc(w + 1, sizeof(int)); /* the most that columns b, b + 1, ... can add */
    if (!memory || !blocks || !reach) return free(memory), free(blocks), free(reach), 1;
    double *room = memory + (size_t)w * length, *ends = room + length, *inner = ends + (size_t)n * w;
    double *tail = inner + (size_t)n * w, *so_far = tail + n;
    int lowest[SCALE + 1], highest[SCALE + 1];
    for (int b = w - 1; b >= 0; b--) {
        const double *shares = x->shares + b * (SCALE + 1);
        lowest[b] = 0, highest[b] = SCALE;
        while (shares[lowest[b]] == 0) lowest[b]++;
        while (shares[highest[b]] == 0) highest[b]--;
        reach[b] = reach[b + 1] + larger(highest[b] - x->zero, 0);
    }
    for (int b = 0; b < w; b++) {
        const double *shares = x->shares + b * (SCALE + 1) + x->zero;
        blocks[b] = (distribution){0, 1, memory + (size_t)b * length};
        blocks[b].values[PAD] = 1;
        for (int a = 0; a <= b; a++) {
            const int last = b - a; /* blocks of last + 1 columns */
            add_column(blocks + a, shares, lowest[b] - x->zero, highest[b] - x->zero, first - reach[b + 1], room);
            tail_of(blocks + a, first, n, tail);
            either(inner + (size_t)last * n, tail, n);
            if (last + 1 < w && (a == 0 || b == w - 1)) either(ends + (size_t)last * n, tail, n);
        }
    }
    /* Widths ascend: what shorter alignments add is carried on. */
    int done = 0, wider = 0;
    for (int g = 0; g < groups->n; g++, p += n) {
        const int width = groups->widths[g];
        for (; done < smaller(width, w) - 1; done++) either(so_far, ends + (size_t)done * n, n);
        for (; width >= w && wider < width - w; wider++) either(so_far, inner + (size_t)(w - 1) * n, n);
        memcpy(p, so_far, n * sizeof(double));
        either(p, inner + (size_t)(smaller(width, w) - 1) * n, n);
        either(p, p, n); /* two strands */
    }
    return free(memory), free(blocks), free(reach), 0;
}

/* ---------------------------------------------------------------- all queries */

/* Columns of the targets in another order: `order` says which column stands where. */
static void reordered(const integers *x, const int32_t *order, int n, uint8_t *out)
{
    for (int q = 0; q < x->width; q++)
        for (int i = 0; i < n; i++) out[q * x->row + i] = x->scores[q * x->row + order[i]];
}

/* Align every query with every target, in each of several orders of the targets' columns.
 *
 * queries holds all columns of all queries, (sum of widths, 4). p, offset and overlap have shape
 * (n_queries, n_orders, 2, n_targets); the middle axis is the strand. Returns 1 where memory is missing. */
int complete_scores(int euclidean, int n_queries, const int *widths, const double *queries, const double *query_squares,
                    int n_columns, const double *columns, const double *squares, int n_groups, const int *group_widths,
                    const int *group_sizes, const int *members, int n_orders, const int32_t *orders, double *p,
                    int *offset, int *overlap)
{
    target_columns t = {euclidean, n_columns, columns, squares, 0, NULL, NULL};
    target_groups groups = {n_groups, 0, group_widths, group_sizes, members};
    int widest = 1, longest = 1;
    for (int i = 0; i < n_queries; i++) widest = larger(widest, widths[i]);
    for (int g = 0; g < n_groups; g++) groups.n_targets += group_sizes[g], longest = larger(longest, group_widths[g]);
    const long row = n_columns + 2 * LANES, cells = 2L * groups.n_targets;
    uint8_t *scores = calloc(2 * row * widest, 1);
    double *room = malloc((integer_room(widest, n_columns) + widest * (SCALE + 1)) * sizeof(double));
    alignment *order = malloc((widest + longest) * sizeof(alignment));
    int *best = malloc(n_orders * cells * sizeof(int));
    double *packed = aligned_alloc(64, 2 * packed_size(n_columns) * sizeof(double));
    int failed = !scores || !room || !order || !best || !packed;
    if (!failed) pack_columns(&t, packed, packed + packed_size(n_columns));
    for (int i = 0; i < n_queries && !failed; i++) {
        integers x = {widths[i], 0, row, scores, room + integer_room(widest, n_columns)};
        integer_scores(&t, queries, query_squares, &x, room);
        int first = INT32_MAX, last = INT32_MIN;
        for (int k = 0; k < n_orders; k++) {
            integers seen = x;
            if (orders) {
                seen.scores = scores + row * widest;
                reordered(&x, orders + (long)k * n_columns, n_columns, seen.scores);
            }
            best_alignments(&seen, &groups, order, best + k * cells, offset + k * cells, overlap + k * cells);
        }
        for (long j = 0; j < n_orders * cells; j++) first = smaller(first, best[j]), last = larger(last, best[j]);
        const int n = last - first + 1;
        double *table = malloc((size_t)n_groups * n * sizeof(double));
        failed = !table || p_of_scores(&x, &groups, first, n, table);
        for (int k = 0; k < n_orders && !failed; k++) {
            const int *member = members;
            for (int g = 0; g < n_groups; g++)
                for (int j = 0; j < group_sizes[g]; j++, member++)
                    for (long at = k * cells + *member; at < (k + 1) * cells; at += groups.n_targets)
                        p[at] = table[(size_t)g * n + best[at] - first];
        }
        free(table);
        queries += 4 * widths[i], query_squares += widths[i];
        p += n_orders * cells, offset += n_orders * cells, overlap += n_orders * cells;
    }
    free(scores), free(room), free(order), free(best), free(packed);
    return failed;
}
