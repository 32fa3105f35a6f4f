from pathlib import Path

import numpy as np
import pytest
import torch

from motiflens.basics.sequence import encode, one_hot
from motiflens.interpret.filters import (
    TASK1_TRUTH,
    TASK2_TRUTH,
    activation_pwms,
    filter_matches,
    motifs_of_pwms,
    task_truth,
)
from motiflens.motifs.sets import Motif, load_motifs, read_motifs, write_meme

SP1, MAX, GMEB1 = "MA0079.3", "MA0058.3", "MA0615.1"


def plain_alignment(activations, codes, window=20, threshold=0.5):
    """The definition, one window at a time."""
    pwms, counts = [], []
    for f in range(activations.shape[1]):
        windows = []
        for n, position in np.argwhere(activations[:, f] > threshold * activations[:, f].max()):
            start = position - window // 2
            if start > 0 and start + window < codes.shape[1]:
                windows.append(np.eye(5)[codes[n, start : start + window]][:, :4])
        counts.append(len(windows))
        sums = np.sum(windows, axis=0).T if windows else np.ones((4, window))
        pwms.append(sums / sums.sum(axis=0))
    return np.array(pwms), np.array(counts)


def random_set(seed, n=30, n_filters=5, length=60):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length), dtype=np.uint8)
    return rng.exponential(size=(n, n_filters, length)).astype(np.float32), codes


@pytest.mark.parametrize(("window", "threshold"), [(20, 0.5), (7, 0.3), (1, 0.0), (58, 0.2), (20, 0.97)])
def test_equals_the_plain_definition(window, threshold):
    activations, codes = random_set(0)
    pwms, counts = activation_pwms(activations, codes, window=window, threshold=threshold)
    expected, expected_counts = plain_alignment(activations, codes, window, threshold)
    np.testing.assert_array_equal(counts, expected_counts)
    np.testing.assert_allclose(pwms, expected, rtol=0, atol=1e-12)
    assert counts.max() > 0


def test_a_planted_word_is_found_at_its_place():
    codes = np.zeros((3, 40), dtype=np.uint8)
    codes[:, 15:19] = encode("CGTC")
    activations = np.zeros((3, 1, 40))
    activations[:, 0, 17] = [1.0, 0.6, 0.5]  # 0.5 is not more than half of the maximum
    pwms, counts = activation_pwms(activations, codes)
    assert counts.tolist() == [2]
    window = np.zeros(20, dtype=int)
    window[8:12] = encode("CGTC")  # position 17 is column 10
    np.testing.assert_array_equal(pwms[0], np.eye(4)[window].T)


@pytest.mark.parametrize(("position", "kept"), [(10, 0), (11, 1), (29, 1), (30, 0)])
def test_windows_that_touch_an_end_are_dropped(position, kept):
    activations = np.zeros((1, 1, 40))
    activations[0, 0, position] = 1
    _, counts = activation_pwms(activations, np.zeros((1, 40), dtype=np.uint8))
    assert counts[0] == kept


def test_dead_filters_are_uniform_and_flagged():
    activations, codes = random_set(1)
    activations[:, 1] = 0
    activations[:, 2] = -1
    result = activation_pwms(activations, codes)
    np.testing.assert_array_equal(result.dead, [False, True, True, False, False])
    np.testing.assert_array_equal(result.pwms[1:3], 0.25)
    np.testing.assert_allclose(result.pwms.sum(axis=1), 1)


def test_a_filter_active_everywhere_has_the_composition_of_the_sequences():
    codes = np.random.default_rng(2).choice(4, p=[0.4, 0.3, 0.2, 0.1], size=(200, 100)).astype(np.uint8)
    pwms, counts = activation_pwms(np.ones((200, 1, 100)), codes)
    assert counts[0] == 200 * 79
    np.testing.assert_allclose(pwms[0], np.tile([[0.4], [0.3], [0.2], [0.1]], 20), atol=0.12)
    assert filter_matches(pwms, motifs_of(SP1, MAX)).rows[0].outcome == "no hit"


def test_unknown_bases_are_left_out_of_the_mean():
    activations, codes = random_set(3)
    codes[np.random.default_rng(3).random(codes.shape) < 0.2] = 4
    codes[:, 30] = 4
    pwms, counts = activation_pwms(activations, codes)
    expected, expected_counts = plain_alignment(activations, codes)
    np.testing.assert_allclose(pwms, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(counts, expected_counts)
    nothing_known, _ = activation_pwms(activations, np.full_like(codes, 4))
    np.testing.assert_array_equal(nothing_known, 0.25)


def test_batches_tensors_and_one_hot_give_the_same():
    activations, codes = random_set(4, n=300)  # more than one chunk
    expected = activation_pwms(activations, codes)
    calls = []

    def batches():
        calls.append(1)
        return (torch.tensor(activations[start : start + 130]) for start in (0, 130, 260))

    for source in (batches, torch.tensor(activations).requires_grad_(), activations):
        for X in (codes, torch.tensor(codes), one_hot(codes), one_hot(codes).numpy()):
            result = activation_pwms(source, X)
            np.testing.assert_array_equal(result.pwms, expected.pwms)
            np.testing.assert_array_equal(result.counts, expected.counts)
    assert len(calls) == 2 * 4


ACTIVATIONS, CODES = random_set(5)
EXHAUSTED = iter([ACTIVATIONS])


@pytest.mark.parametrize(
    ("activations", "X", "options", "message"),
    [
        (ACTIVATIONS[0], CODES, {}, r"expected activations of shape \(N, F, 60\)"),
        (ACTIVATIONS[..., 1:], CODES, {}, r"expected activations of shape \(N, 5, 60\), got \(30, 5, 59\)"),
        (lambda: [ACTIVATIONS, ACTIVATIONS[:, 1:]], CODES, {}, r"shape \(N, 5, 60\), got \(30, 4, 60\)"),
        (ACTIVATIONS[1:], CODES, {}, "of 30 sequences, got 29"),
        (lambda: EXHAUSTED, CODES, {}, "of 30 sequences, got 0: a callable must begin anew"),
        (ACTIVATIONS[:0], CODES[:0], {}, "at least one sequence"),
        (np.where(ACTIVATIONS > 2, np.nan, 0), CODES, {}, "finite"),
        (np.where(ACTIVATIONS > 2, np.inf, 0), CODES, {}, "finite"),
        (ACTIVATIONS, CODES.astype(float), {}, "integer codes"),
        (ACTIVATIONS, CODES[0], {}, "integer codes"),
        (ACTIVATIONS, one_hot(CODES) * 2, {}, "one-hot columns"),
        (ACTIVATIONS, CODES, {"window": 59}, "window must be in 1 ... L - 2 = 58"),
        (ACTIVATIONS, CODES, {"window": 0}, "window must be"),
        (ACTIVATIONS, CODES, {"threshold": 1.0}, "threshold"),
    ],
)
def test_bad_alignment_input_is_refused(activations, X, options, message):
    with pytest.raises(ValueError, match=message):
        activation_pwms(activations, X, **options)


def motifs_of(*ids):
    by_id = {motif.id: motif for motif in load_motifs("JASPAR2020")}
    return [by_id[id_] for id_ in ids]


def padded(pwm, width=20, start=3):
    whole = np.full((4, width), 0.25)
    whole[:, start : start + pwm.shape[1]] = pwm
    return whole


@pytest.fixture(scope="module")
def five_filters():
    """SP1 as it is, MAX reversed, CTCF (no factor of any task), Gmeb1, and a dead filter."""
    sp1, max_, other, gmeb1 = motifs_of(SP1, MAX, "MA0139.1", GMEB1)
    return np.stack(
        [
            padded(sp1.pwm),
            padded(max_.reverse_complement().pwm),
            padded(other.pwm, start=0),
            padded(gmeb1.pwm, start=1),
            np.full((4, 20), 0.25),
        ]
    )


def test_matches_tell_true_from_false(five_filters):
    database = motifs_of(SP1, MAX, "MA0139.1", GMEB1, "MA0083.3", "MA0095.2", "MA0502.1", "MA0137.3")
    truth = {"SP1": ["MA0079"], "MAX": "MA0058.3"}
    matches = filter_matches(five_filters, database, truth=truth)
    assert [row.outcome for row in matches.rows] == ["true", "true", "false", "not counted", "dead"]
    assert [row.factor for row in matches.rows] == ["SP1", "MAX", None, None, None]
    assert [row.best and row.best.target_id for row in matches.rows] == [SP1, MAX, "MA0139.1", GMEB1, None]
    assert [row.best.strand for row in matches.rows[:2]] == [1, -1]
    assert (matches.tpr, matches.fpr, matches.no_hit_share, matches.n_dead) == (0.4, 0.2, 0.2, 1)
    assert all(row.best.q_value <= 0.1 for row in matches.rows[:4])


def test_matches_without_truth(five_filters):
    matches = filter_matches(five_filters, motifs_of(SP1, MAX, "MA0095.2", "MA0083.3"))
    assert (matches.tpr, matches.fpr) == (None, None)
    assert {row.outcome for row in matches.rows[:2]} == {"hit"}
    assert matches.n_dead == 1


def test_a_true_hit_need_not_be_the_best_one(five_filters):
    sp1, *rest = motifs_of(SP1, "MA0083.3", "MA0095.2", "MA0139.1")
    blurred = Motif("mine", "blurred SP1", 0.8 * sp1.pwm + 0.05)
    matches = filter_matches(five_filters[:1], [sp1, blurred, *rest], truth={"X": ["mine"]})
    row = matches.rows[0]
    assert (row.outcome, row.factor, row.best.target_id) == ("true", "X", SP1)
    assert row.n_hits >= 2


def test_q_is_the_largest_q_value_of_a_hit(five_filters):
    database = load_motifs("JASPAR2020")[:300] + motifs_of(SP1)
    loose = filter_matches(five_filters[:1], database, q=0.5).rows[0]
    strict = filter_matches(five_filters[:1], database, q=0.01).rows[0]
    assert loose.n_hits > strict.n_hits > 0
    assert loose.best == strict.best
    nothing = filter_matches(five_filters[:1], database[:-1], q=1e-9)
    assert nothing.no_hit_share == 1
    assert nothing.rows[0].best is None


def test_meme_export_of_filters(five_filters, tmp_path):
    motifs = motifs_of_pwms(five_filters, np.array([5, 4, 3, 2, 0]))
    write_meme(motifs, tmp_path / "filters.meme")
    back = read_motifs(tmp_path / "filters.meme")
    assert [motif.id for motif in back] == [f"filter_{i}" for i in range(5)]
    assert [motif.n_sites for motif in back] == [5, 4, 3, 2, 1]
    np.testing.assert_allclose(back[2].pwm, five_filters[2], atol=1e-5)
    trimmed = motifs_of_pwms(five_filters, trim=True)
    assert trimmed[0].n_sites == 20
    assert trimmed[0].width < 20 == trimmed[4].width


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: motifs_of_pwms(np.full((4, 20), 0.25)), r"shape \(F, 4, window\)"),
        (lambda: motifs_of_pwms(np.full((2, 4, 20), 0.25), np.array([1])), "one count for each of 2"),
        (lambda: motifs_of_pwms(np.full((2, 4, 20), 0.3), trim=True), "sum to 1"),
        (lambda: filter_matches(np.zeros((0, 4, 20)), motifs_of(SP1)), "at least one filter"),
        (lambda: filter_matches(np.full((1, 4, 9), 0.25), motifs_of(SP1), q=0), "q must be"),
        (lambda: filter_matches(np.full((1, 4, 9), 0.25), "JASPAR2021"), "JASPAR2020"),
        (
            lambda: filter_matches(np.full((1, 4, 9), 0.25), motifs_of(SP1), truth={"MAX": ["MA0058"]}),
            r"no motif of the database is one of \['MA0058'\] \(MAX\)",
        ),
        (lambda: task_truth(3), "task 1 or 2"),
        (lambda: task_truth(1, "publishd"), "did you mean published"),
    ],
)
def test_bad_matching_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("task", [1, 2])
@pytest.mark.parametrize("rule", ["default", "published"])
def test_truth_names_motifs_that_exist(task, rule):
    known = {motif.id for motif in load_motifs("JASPAR2020")}
    bases = {id_.split(".")[0] for id_ in known}
    truth = task_truth(task, rule)
    listed = [id_ for ids in truth.values() for id_ in ids]
    assert len(listed) == len(set(listed))
    unknown = set(listed) - known - bases
    assert unknown == ({"PB0001.1"} if (task, rule) == (1, "published") else set())
    assert len(truth) == {1: 12, 2: 5}[task]


def test_the_two_rules_differ_where_the_study_s_list_is_old():
    motifs = load_motifs("JASPAR2020")
    by_rule = {}
    for rule in ("default", "published"):
        truth = task_truth(1, rule)
        by_rule[rule] = {
            (factor, motif.id)
            for factor, ids in truth.items()
            for motif in motifs
            if motif.id in ids or motif.id.split(".")[0] in ids
        }
    later = {"MA0477.2", "MA0062.3", "MA0496.3", "MA0052.4", "MA0502.2", "MA0060.3", "MA0079.4"}
    only_default = {id_ for _, id_ in by_rule["default"] - by_rule["published"]}
    assert only_default == later | {"MA0660.1", "MA0773.1"}
    moved = {"MA0660.1", "MA0773.1"}
    assert by_rule["published"] - by_rule["default"] == {("STAT1", id_) for id_ in moved}
    assert TASK2_TRUTH["published"]["YY1"] == TASK1_TRUTH["published"]["YY1"] == ("MA0095.1", "MA0095.2")


def test_trained_filters_give_the_rates_of_the_reference_program():
    """Counted from the hits with q <= 0.1 in the output of MEME Suite 5.5.8 on these filters: 27 true, 0 false."""
    filters = read_motifs(Path(__file__).parents[1] / "data" / "tomtom" / "filters_c24_relu.meme")
    pwms = np.stack([padded(motif.pwm, width=26) for motif in filters])
    matches = filter_matches(pwms, "JASPAR2020", truth=task_truth(1, "published"))
    assert (matches.tpr, matches.fpr, matches.no_hit_share) == (27 / 32, 0, 5 / 32)
