import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from motiflens.basics.stats import benjamini_hochberg
from motiflens.motifs import complete_scores as complete
from motiflens.motifs.sets import Motif, load_motifs, read_motifs
from motiflens.motifs.tomtom import tomtom

DATA = Path(__file__).parents[1] / "data" / "tomtom"
FLAT = np.full((4, 6), 0.25)


@pytest.fixture(scope="module", params=["1", "0"], ids=["compiled", "numpy"], autouse=True)
def kernels(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTIFLENS_KERNELS", request.param)
        yield request.param


def one_hot_pwm(sequence):
    return np.eye(4)[["ACGT".index(base) for base in sequence]].T


def random_pwms(n, widths, seed):
    rng = np.random.default_rng(seed)
    return [rng.dirichlet(np.full(4, 0.4), size=rng.choice(widths)).T for _ in range(n)]


def as_motifs(pwms, n_sites=20):
    return [Motif(f"m{i}", f"name{i}", pwm, n_sites) for i, pwm in enumerate(pwms)]


# The reference program's output


@pytest.fixture(scope="module")
def targets_2016():
    # The program's run left out MA0615.1.
    return [motif for motif in load_motifs("JASPAR2016-vertebrates") if motif.id != "MA0615.1"]


@pytest.fixture(scope="module")
def targets_2020():
    return load_motifs("JASPAR2020")


def aligned_with_reference(result, name):
    """Return ours and theirs as dicts of arrays over the same valid queries and targets."""
    theirs = dict(np.load(DATA / f"{name}.npz"))
    rows = [result.query_ids.index(label) for label in theirs["query_ids"].tolist()]
    columns = [result.target_ids.index(label) for label in theirs["target_ids"].tolist()]
    valid = ~result.invalid[rows]
    fields = ("p_value", "offset", "overlap", "strand")
    ours = {field: getattr(result, field)[np.ix_(rows, columns)][valid] for field in fields}
    return ours, {field: theirs[field][valid] for field in fields}


def check_against_reference(result, name):
    ours, theirs = aligned_with_reference(result, name)
    np.testing.assert_allclose(ours["p_value"], theirs["p_value"], rtol=1e-5)
    for field in ("offset", "overlap", "strand"):
        np.testing.assert_array_equal(ours[field], theirs[field], err_msg=field)


@pytest.mark.parametrize("metric", ["pearson", "euclidean"])
def test_filters_agree_with_the_program_on_jaspar_2016(targets_2016, metric):
    result = tomtom(read_motifs(DATA / "filters_c24_relu.meme"), targets_2016, metric=metric)
    assert not result.invalid.any()
    check_against_reference(result, f"filters_2016v_{metric}")


def test_filters_agree_with_the_program_on_jaspar_2020(targets_2020):
    result = tomtom(read_motifs(DATA / "filters_c24_relu.meme"), targets_2020)
    check_against_reference(result, "filters_2020_pearson_part")
    assert len(result.hits(q=0.1)) == 776  # Benjamini-Hochberg on the program's own 2N p-values


def test_edge_cases_agree_with_the_program(targets_2016):
    result = tomtom(read_motifs(DATA / "edge_cases.meme"), targets_2016)
    # the program gives the uniform query p = 1 everywhere, and an alignment that means nothing
    assert [label for label, bad in zip(result.query_ids, result.invalid, strict=True) if bad] == ["alluniform"]
    assert (result.p_value[result.invalid] == 1).all()
    check_against_reference(result, "edge_cases_2016v_pearson")


# A slow program written from the definition, without arrays


def column_score(q, t, metric):
    if metric == "euclidean":
        q, t = ([(20 * x + 0.025) / 20.1 for x in column] for column in (q, t))
        return -math.dist(q, t)
    q, t = ([x - 0.25 for x in column] for column in (q, t))
    return sum(map(math.prod, zip(q, t, strict=True))) / math.sqrt(sum(x * x for x in q) * sum(x * x for x in t))


def oracle(query, targets, metric):
    """Return, per target, p of both strands and (p, offset, overlap, strand) of the better one."""
    query = query.T.tolist()
    strands = [[t.T.tolist(), t[::-1, ::-1].T.tolist()] for t in targets]
    pool = [column for pair in strands for strand in pair for column in strand]
    median = [sorted(column_score(q, t, metric) for t in pool)[len(pool) // 2 - 1] for q in query]
    shifted = [[column_score(q, t, metric) - m for t in pool] for q, m in zip(query, median, strict=True)]
    origin = math.floor(min(map(min, shifted)))
    scale = math.floor(100 / (max(map(max, shifted)) - origin))
    zero = -origin * scale

    def integer(i, t):
        return math.floor((column_score(query[i], t, metric) - median[i] - origin) * scale + 0.5) - zero

    histograms = [Counter(integer(i, t) for t in pool) for i in range(len(query))]

    def chance_below(block, score):
        sums = {0: 1.0}
        for i in block:
            new = Counter()
            for total, p in sums.items():
                for s, count in histograms[i].items():
                    new[total + s] += p * count / len(pool)
            sums = new
        return sum(p for total, p in sums.items() if total < score)

    rows = []
    for pair in strands:
        strand_rows = []
        for sign, target in zip((1, -1), pair, strict=True):
            alignments = []
            for offset in range(1 - len(query), len(target)):
                block = [i for i in range(len(query)) if 0 <= i + offset < len(target)]
                score = sum(integer(i, target[i + offset]) for i in block)
                alignments.append((-score, -len(block), offset, block))
            score, overlap, offset, _ = min(alignments)
            p = 1 - math.prod(chance_below(block, -score) ** 2 for *_, block in alignments)
            strand_rows.append((p, offset, -overlap, sign))
        rows.append(strand_rows)
    best = [min(pair, key=lambda row: (row[0], -row[2])) for pair in rows]
    return np.array([[row[0] for row in pair] for pair in rows]), np.array(best)


@pytest.mark.parametrize("metric", ["pearson", "euclidean"])
@pytest.mark.parametrize("seed", range(6))
def test_everything_follows_from_the_definition(metric, seed):
    queries, targets = random_pwms(3, [1, 2, 4, 5], seed), random_pwms(6, [1, 2, 3, 6], seed + 100)
    result = tomtom(queries, targets, metric=metric)
    for i, query in enumerate(queries):
        strand_p, best = oracle(query, targets, metric)
        np.testing.assert_allclose(result.p_value[i], best[:, 0], rtol=1e-9)
        np.testing.assert_array_equal(result.offset[i], best[:, 1])
        np.testing.assert_array_equal(result.overlap[i], best[:, 2])
        np.testing.assert_array_equal(result.strand[i], best[:, 3])
        q = false_discovery_control(np.minimum(strand_p, 1).ravel()).reshape(strand_p.shape).min(axis=1)
        np.testing.assert_allclose(result.q_value[i], q, rtol=1e-9)
        np.testing.assert_allclose(result.e_value[i], 6 * best[:, 0], rtol=1e-9)


# Cases known in closed form


def test_one_column_against_itself():
    # Pool: A and its complement T. One of two columns scores as high, on two strands: p = 1 - (1/2)^2.
    result = tomtom([one_hot_pwm("A")], [one_hot_pwm("A")])
    assert result.p_value.item() == pytest.approx(0.75)
    assert (result.offset.item(), result.overlap.item(), result.strand.item()) == (0, 1, 1)


@pytest.mark.parametrize(("query", "offset", "strand"), [("GATTC", 2, 1), ("GAATC", 1, -1)])
def test_offset_is_target_minus_query_column_on_the_better_strand(query, offset, strand):
    others = [one_hot_pwm(s) for s in ("ACGTACGG", "TTTTGCAC", "CGCGCATA")]
    result = tomtom([one_hot_pwm(query)], [one_hot_pwm("CCGATTCG"), *others])
    assert result.p_value[0].argmin() == 0
    assert (result.offset[0, 0], result.overlap[0, 0], result.strand[0, 0]) == (offset, 5, strand)


def test_targets_without_pattern_match_nothing():
    result = tomtom([one_hot_pwm("GAT")], [FLAT, FLAT])
    np.testing.assert_array_equal(result.p_value, 1)


def test_rounding_noise_in_a_uniform_column_is_no_pattern():
    query, targets = one_hot_pwm("GATTACA"), random_pwms(10, [6], 16)
    noise = np.array([[1e-8], [-1e-8], [2e-8], [-2e-8]])
    query[:, 2:4] = 0.25
    noisy = query.copy()
    noisy[:, 2:4] += noise
    np.testing.assert_allclose(tomtom([noisy], targets).p_value, tomtom([query], targets).p_value, rtol=1e-6)


def test_hits_with_equal_p_are_sorted_by_overlap():
    hits = tomtom([one_hot_pwm("GAT")], [FLAT[:, :1], FLAT[:, :3], FLAT[:, :2]]).hits(q=1)
    assert [(hit.target_id, hit.overlap) for hit in hits] == [("target_1", 3), ("target_2", 2), ("target_0", 1)]


def test_reverse_complements_swap_strands_and_keep_p():
    queries, targets = random_pwms(4, [6, 7], 1), random_pwms(30, [8, 9], 2)
    forward = tomtom(queries, targets)
    backward = tomtom([query[::-1, ::-1] for query in queries], targets)
    np.testing.assert_allclose(forward.p_value, backward.p_value, rtol=1e-12)
    near = forward.p_value < 0.5  # further up, both strands may round to the same p
    np.testing.assert_array_equal(forward.strand[near], -backward.strand[near])


def test_p_values_too_small_for_single_precision_still_rank_strands():
    query = random_pwms(1, [100], 3)[0]
    flawed = query.copy()
    flawed[:, :5] = 0.25
    both = np.concatenate([flawed, query[::-1, ::-1]], axis=1)  # fits well on +, better on -
    result = tomtom([query], [both, *random_pwms(60, [20], 4)])
    assert 0 < result.p_value[0, 0] < 1e-50
    assert result.strand[0, 0] == -1
    assert tomtom([query], [flawed, *random_pwms(60, [20], 4)]).p_value[0, 0] < 1e-50


def test_pseudocount_weighs_less_with_more_sites():
    queries, targets = random_pwms(2, [5], 5), random_pwms(40, [7], 6)
    few, many = (tomtom(as_motifs(queries), as_motifs(targets, n), metric="euclidean") for n in (1, 10**6))
    assert not np.allclose(few.p_value, many.p_value, rtol=1e-3)
    few, many = (tomtom(as_motifs(queries), as_motifs(targets, n)) for n in (1, 10**6))
    np.testing.assert_array_equal(few.p_value, many.p_value)


# Parts


@given(n=st.integers(1, 3), length=st.integers(1, 200), k=st.integers(1, 101), seed=st.integers(0, 99))
def test_convolve_rows_is_np_convolve(n, length, k, seed):
    rng = np.random.default_rng(seed)
    rows, kernel = rng.random((n, length)), rng.random(k)
    expected = [np.convolve(row, kernel) for row in rows]
    np.testing.assert_allclose(complete._convolve_rows(rows, kernel), expected, rtol=1e-12)


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_q_values_are_benjamini_and_hochbergs(p):
    np.testing.assert_allclose(benjamini_hochberg(np.array([p, p]))[1], false_discovery_control(p), rtol=1e-12)


# Queries and results


def test_queries_of_different_widths_do_not_affect_each_other():
    queries, targets = random_pwms(5, [1, 3, 8, 20], 7), random_pwms(25, [4, 9], 8)
    together = tomtom(queries, targets)
    for i, query in enumerate(queries):
        alone = tomtom(query[None], targets)
        np.testing.assert_array_equal(together.p_value[i], alone.p_value[0])
        np.testing.assert_array_equal(together.q_value[i], alone.q_value[0])


def test_invalid_queries_are_named_and_match_nothing():
    nan, zero = random_pwms(2, [6], 9)
    nan, zero = nan.copy(), zero.copy()
    nan[0, 2], zero[:, 3] = np.nan, 0
    good = one_hot_pwm("GATTAC")
    result = tomtom([FLAT, nan, good, zero, FLAT + 1e-8], [good, *random_pwms(20, [6], 10)])
    np.testing.assert_array_equal(result.invalid, [True, True, False, True, True])
    for reason, word in zip(result.reasons, ["flat", "NaN", "", "all-zero", "flat"], strict=True):
        assert word in reason
        assert bool(word) == bool(reason)
    bad = result.invalid
    for values, expected in [(result.p_value, 1), (result.q_value, 1), (result.e_value, 21), (result.overlap, 0)]:
        np.testing.assert_array_equal(values[bad], expected)
    assert {hit.query_id for hit in result.hits(q=1)} == {"query_2"}
    assert result.p_value[2, 0] < 0.01


def test_hits_are_sorted_by_p_within_each_query_and_cut_at_q():
    targets = as_motifs(random_pwms(40, [6, 8], 11))
    queries = [targets[7], targets[3]]
    result = tomtom(queries, targets)
    hits = result.hits(q=0.5)
    assert len(hits) == (result.q_value <= 0.5).sum()
    assert [hit.query_id for hit in hits] == sorted((hit.query_id for hit in hits), reverse=True)
    for query in queries:
        own = [hit for hit in hits if hit.query_id == query.id]
        assert own[0][:3] == (query.id, query.id, query.name)
        assert [hit.p_value for hit in own] == sorted(hit.p_value for hit in own)
    first, column = hits[0], result.target_ids.index("m7")
    assert first[3:] == tuple(
        getattr(result, field)[0, column].item()
        for field in ("p_value", "e_value", "q_value", "offset", "overlap", "strand")
    )


def test_shapes_and_types_of_the_result():
    result = tomtom(np.stack(random_pwms(3, [5], 12)), np.stack(random_pwms(4, [6], 13)))
    assert result.query_ids == ("query_0", "query_1", "query_2")
    assert result.target_ids == ("target_0", "target_1", "target_2", "target_3")
    for field in ("p_value", "e_value", "q_value", "offset", "overlap", "strand"):
        assert getattr(result, field).shape == (3, 4)
    assert result.strand.dtype == np.int8


def test_no_query_gives_an_empty_result():
    result = tomtom([], random_pwms(4, [6], 14))
    assert result.p_value.shape == (0, 4)
    assert result.hits(q=1) == []


def test_columns_that_almost_sum_to_1_are_normalised():
    query, targets = one_hot_pwm("GATTAC"), random_pwms(10, [6], 15)
    result, scaled = (tomtom([x], targets, metric="euclidean") for x in (query, query * 1.05))
    np.testing.assert_allclose(scaled.p_value, result.p_value, rtol=1e-9)


@pytest.mark.parametrize(
    ("queries", "targets", "message"),
    [
        ([FLAT], [], "at least one target"),
        ([FLAT], [FLAT, FLAT * np.nan], "'target_1' holds NaN"),
        ([FLAT], [FLAT * 0], "'target_0' has an all-zero column"),
        ([FLAT.T], [FLAT], r"shape \(4, width\), got \(6, 4\) for query_0"),
        ([FLAT], [FLAT[:, :0]], r"got \(4, 0\) for target_0"),
        (FLAT, [FLAT], r"got \(6,\) for query_0"),
        ([FLAT - 0.5], [FLAT], "expected probabilities, got -0.25 in query_0"),
        ([FLAT * 20], [FLAT], "sum to 1, got 20 in query_0"),
        ([np.full((4, 101), 0.25)], [FLAT], "at most 100 columns, got 101 in query 'query_0'"),
    ],
)
def test_what_is_no_pwm_is_refused(queries, targets, message):
    with pytest.raises(ValueError, match=message):
        tomtom(queries, targets)


def test_unknown_metric_lists_close_ones():
    with pytest.raises(ValueError, match=r"unknown metric 'person'; did you mean pearson\?$"):
        tomtom([FLAT], [FLAT], metric="person")
    with pytest.raises(ValueError, match="known: pearson, euclidean"):
        tomtom([FLAT], [FLAT], metric="xyz")
