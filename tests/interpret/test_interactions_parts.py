"""The parts of `motiflens.interpret.interactions`, each against brute force or a closed form."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from motiflens.basics.sequence import encode, one_hot, reverse_complement
from motiflens.data.simulate import multi_motif
from motiflens.interpret.interactions import Effects, Sites, best_places, two_sites
from motiflens.interpret.interactions.attention import bp_per_token, token_maps
from motiflens.interpret.interactions.correlation import correlation_effects
from motiflens.interpret.interactions.design import default_distances, distance_ranges, draw_design
from motiflens.interpret.interactions.effects import ANY, Windows, best_windows
from motiflens.interpret.interactions.feature_maps import feature_map_values
from motiflens.interpret.interactions.features import null_pairs, observed_pairs, with_shuffled_copies
from motiflens.interpret.interactions.filter_sites import (
    Activity,
    Assigned,
    filter_sites,
    first_convolutions,
    shuffled_copy,
)
from motiflens.interpret.interactions.insertion import _Planter, insertion_effects
from motiflens.interpret.interactions.mutagenesis import mutagenesis_values
from motiflens.interpret.interactions.mutants import draw_mutations
from motiflens.interpret.interactions.null import _against_copies, against_other_pairs, compare_pairs, curvature_effects
from motiflens.interpret.interactions.rows import table_rows
from motiflens.interpret.interactions.sites import find_sites, highest_rows
from motiflens.interpret.interactions.splice import can_splice
from motiflens.models.any_model import adapt
from motiflens.models.hybrid import HybridNetwork, build_model
from motiflens.motifs.pairs import site_pairs
from motiflens.motifs.sets import Motif


def motif(word, name="M"):
    return Motif(name, name, 0.01 + 0.96 * one_hot(encode([word]))[0].numpy())


def random_codes(n, length=100, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, length), dtype=np.uint8)


def moved_network(name, activation):
    """A network with BatchNorm as after training: shifts, and gains of both signs."""
    torch.manual_seed(0)
    network = build_model(name, activation=activation, task=2).eval()
    for module in network.modules():
        if getattr(module, "running_mean", None) is not None:
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.2, 2)
            nn.init.normal_(module.weight)
    return network


@pytest.mark.parametrize(
    ("name", "activation"), [("C4C6-Att", "exponential"), ("C24-LSTM-Trans1", "relu"), ("C4-LSTM", "exponential")]
)
def test_splicing_equals_every_sequence_from_the_start(name, activation):
    network = moved_network(name, activation)
    motifs = [motif("TGACTCAG", "a"), motif("CCGGAAGTACCA", "b"), motif("GATAAG", "c")]
    distances = np.array([[0, 0], [3, 9], [40, 40], [150, 150]])
    design = draw_design(random_codes(5, 200), motifs, distances, np.random.default_rng(0))
    pairs = np.array([[0, 1], [0, 2], [2, 1]])
    assert can_splice(network)

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network(x)

    assert not can_splice(Wrapped())
    spliced, plain = (insertion_effects(model, design, pairs, batch_size=7) for model in (network, Wrapped()))
    assert np.abs(plain.total).max() > 1e-3
    np.testing.assert_allclose(spliced.total, plain.total, atol=1e-5)
    np.testing.assert_allclose(spliced.square, plain.square, atol=1e-5)
    np.testing.assert_allclose(spliced.alone, plain.alone, atol=1e-4)


def test_networks_whose_first_activation_may_fall_are_not_spliced():
    network = build_model("C4C6", activation="relu", task=2)
    network.stem.first.activation = nn.SiLU()
    assert not can_splice(network)


def test_insertion_is_double_minus_singles_at_the_same_places():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4 * 40, 5), nn.ReLU(), nn.Linear(5, 2))
    motifs, distances = [motif("TGAC"), motif("CCGGA")], np.array([[0, 0], [5, 7]])
    design = draw_design(random_codes(3, 40), motifs, distances, np.random.default_rng(1))
    expected, alone = np.zeros((4, 2)), np.zeros(2)
    strands = [(1, 1), (1, -1), (-1, -1), (-1, 1)]  # i+ j+, i+ j-, j+ i+, j- i+
    for (place, (one, two)), d, b in itertools.product(enumerate(strands), range(2), range(3)):
        end = design.gap_start[b, d]
        logit = {}
        for first in (False, True):
            for second in (False, True):
                codes = design.background[b].copy()
                if first:
                    bases = design.instances[0][b]
                    codes[end - 4 : end] = bases if one > 0 else reverse_complement(bases)
                if second:
                    bases = design.instances[1][b]
                    start = end + design.gap[b, d]
                    codes[start : start + 5] = bases if two > 0 else reverse_complement(bases)
                codes = reverse_complement(codes) if b % 2 else codes
                logit[first, second] = float(model(one_hot(codes[None]))[0, 1].detach())
        expected[place, d] += logit[True, True] - logit[True, False] - logit[False, True] + logit[False, False]
        alone += logit[True, False] - logit[False, False], logit[False, True] - logit[False, False]
    effects = insertion_effects(model, design, np.array([[0, 1]]), target=1)
    np.testing.assert_allclose(effects.total[0], expected, atol=1e-5)
    np.testing.assert_allclose(effects.alone[0], alone, atol=1e-5)
    assert (effects.number == 3).all()


def test_sites_of_a_design_lie_within_the_sequences_and_apart():
    motifs = [motif("TGACTCAG"), motif("CCGG")]
    design = draw_design(random_codes(50, 60), motifs, np.array([[0, 0], [5, 7], [44, 44]]), np.random.default_rng(0))
    for feature in (0, 1):
        width = motifs[feature].width
        assert design.starts(width, left=True).min() >= 0
        assert (design.starts(width, left=False) + width).max() <= 60
    gap = design.starts(8, left=False) - design.starts(8, left=True) - 8
    assert (gap[[0, 2]] == np.array([[0], [44]])).all()
    assert sorted(np.bincount(gap[1])[5:]) == [16, 17, 17]  # 50 backgrounds divide the range
    assert len(np.unique(design.gap_start[:, 0])) > 20
    with pytest.raises(ValueError, match="at most 44 for sites of 8 bp"):
        draw_design(random_codes(5, 60), motifs, np.array([[45, 45]]), np.random.default_rng(0))


def test_default_distances_leave_none_out_and_are_fine_where_small():
    distances = default_distances(200, 15)
    assert len(distances) == 20
    covered = np.concatenate([np.arange(low, high + 1) for low, high in distances])
    np.testing.assert_array_equal(covered, np.arange(101))
    assert (distances[:11, 0] == distances[:11, 1]).all()
    assert (np.diff(distances[:16]) <= 1).all()
    np.testing.assert_array_equal(default_distances(42, 15)[-2:], [[10, 10], [11, 12]])
    np.testing.assert_array_equal(default_distances(30, 15), [[0, 0]])
    with pytest.raises(ValueError, match="two sites of 15 bp"):
        default_distances(29, 15)


@pytest.mark.parametrize("distances", [[], [1.5], [[[1]]], [[1, 2, 3]], [[1, 2], [3]], ["a"]])
def test_distances_are_whole_numbers_or_pairs(distances):
    with pytest.raises(ValueError, match="expected distances as whole numbers, or as pairs of them"):
        distance_ranges(distances)


@pytest.mark.parametrize("distances", [[-1], [(3, 2)], [(-2, 3)]])
def test_ranges_of_distances_go_from_small_to_large(distances):
    with pytest.raises(ValueError, match="of 0 or more, and ranges from small to large"):
        distance_ranges(distances)


def test_ranges_of_distances():
    np.testing.assert_array_equal(distance_ranges([0, 7]), [[0, 0], [7, 7]])
    np.testing.assert_array_equal(distance_ranges([(4, 9), (0, 3)]), [[0, 3], [4, 9]])


@pytest.mark.parametrize("distances", [[5, 5], [(4, 9), (0, 4)], [(0, 9), (3, 5)]])
def test_no_distance_stands_twice(distances):
    with pytest.raises(ValueError, match="expected every distance once"):
        distance_ranges(distances)


def test_copies_are_shuffled_columns_of_their_motif():
    motifs = [motif("TGACTCAG", "a"), motif("CCGGAAGT", "b"), motif("GATA", "c")]
    features = with_shuffled_copies(motifs, 4, np.random.default_rng(0))
    assert len(features.motifs) == 15
    assert features.copies(1).tolist() == [7, 8, 9, 10]
    assert (features.parent[features.copies(2)] == 2).all()
    for copy, parent in zip(features.motifs[3:], features.parent[3:], strict=True):
        assert sorted(copy.pwm.T.tolist()) == sorted(motifs[parent].pwm.T.tolist())
        assert not np.array_equal(copy.pwm, motifs[parent].pwm)
    pairs = null_pairs(features)
    assert len(pairs) == 3 * 4 * 2
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    assert (features.parent[pairs[:, 0]] != pairs[:, 1]).all()
    assert pairs[:, 1].max() == 2
    assert observed_pairs(3).tolist() == [[0, 1], [0, 2], [1, 2]]
    with pytest.raises(ValueError, match="no order of the columns of motif A differs"):
        with_shuffled_copies([motif("AAAA", "A")], 1, np.random.default_rng(0))


def test_best_window_equals_a_search_over_all():
    rng = np.random.default_rng(0)
    values = [[[rng.normal(0, 1, rng.integers(0, 3)) for _ in range(5)] for _ in range(4)] for _ in range(30)]
    total, square, number = (
        np.array([[[f(cell) for cell in row] for row in pair] for pair in values])
        for f in (np.sum, lambda x: (x**2).sum(), len)
    )
    effects = Effects(total, square, number, np.arange(5.0), np.arange(5.0), np.zeros((30, 2)))
    found = best_windows(effects, min_count=6, min_effect=0.01)
    assert (found.score == 0).any()
    assert (found.score > 0).sum() > 3
    for pair in range(30):
        best = (False, -np.inf)
        for orientation in (ANY, 0, 1, 2, 3):
            rows = range(4) if orientation == ANY else [orientation]
            for first in range(5):
                for last in range(first, 5):
                    x = np.concatenate([values[pair][row][d] for row in rows for d in range(first, last + 1)])
                    if len(x) < 6:
                        continue
                    error = x.std(ddof=1) / np.sqrt(len(x))
                    stands_out = x.mean() >= 0.01 and x.mean() >= 2 * error
                    candidate = (stands_out, x.sum() / len(x) ** 0.75, x.mean(), orientation, first, last)
                    best = max(best, candidate, key=lambda one: one[:2])
        assert found.score[pair] == pytest.approx(best[1] if best[0] else 0)
        assert found.effect[pair] == pytest.approx(best[2])
        assert (found.orientation[pair], found.first[pair], found.last[pair]) == best[3:]


def test_a_pair_that_was_not_measured_has_no_window():
    nothing = Effects(*np.zeros((3, 2, 4, 3)), np.arange(3.0), np.arange(3.0), np.zeros((2, 2)))
    found = best_windows(nothing, min_count=1, min_effect=1e-4)
    assert (found.score == 0).all()
    assert np.isnan(found.effect).all()
    assert np.isnan(nothing.mean()).all()
    assert np.isnan(nothing.mean_alone()).all()


def test_where_one_orientation_was_seen_the_window_names_it():
    number = np.zeros((1, 4, 3))
    number[0, 2, 1] = 15
    effects = Effects(number * 2, number * 4, number, np.arange(3.0), np.arange(3.0), number.sum(axis=2)[:, :2])
    found = best_windows(effects, min_count=5, min_effect=0.01)
    assert (found.orientation[0], found.effect[0], found.score[0]) == (2, 2, pytest.approx(30 / 15**0.75))


def p_of(scores, magnitude, features):
    windows = Windows(np.abs(scores), *np.zeros((4, len(scores))))  # of the sign that stands out
    pairs = np.concatenate([observed_pairs(features.n_motifs), null_pairs(features)])
    return compare_pairs(windows, magnitude, no_bends(features.n_motifs), pairs, features).p


def no_bends(n_motifs):
    return np.zeros(len(observed_pairs(n_motifs)))


def simulated_p(n_motifs, effects_of, seed):
    """p of all pairs where score = effects_of(single effects of both, noise); copies have a tenth of an effect."""
    rng = np.random.default_rng(seed)
    words = ["TGACTCAG"] * n_motifs
    features = with_shuffled_copies([motif(word) for word in words], 20, rng)
    pairs = np.concatenate([observed_pairs(n_motifs), null_pairs(features)])
    single = rng.lognormal(0, 0.7, len(features.motifs)) * np.where(np.arange(len(features.motifs)) < n_motifs, 1, 0.1)
    scores = effects_of(*single[pairs].T, rng.normal(size=len(pairs)))
    p = p_of(scores, np.abs(scores), features)
    n = len(observed_pairs(n_motifs))
    return p, _against_copies(np.abs(scores), pairs, features, n), scores[:n]


def test_pairs_like_their_copies_have_p_values_as_large_as_chance_gives():
    p = np.concatenate([simulated_p(12, lambda one, other, noise: noise, seed)[0] for seed in range(10)])
    assert 0.01 < (p <= 0.05).mean() <= 0.07
    assert (p <= 0.01).mean() <= 0.02


def test_the_bend_of_a_network_is_no_interaction_though_copies_show_none_of_it():
    both, copies = (
        np.concatenate([simulated_p(12, lambda a, b, noise: a * b * noise, seed)[test] for seed in range(10)])
        for test in (0, 1)
    )
    assert (copies <= 0.05).mean() > 0.1  # why there is a second test
    assert (both <= 0.05).mean() <= 0.07


def test_a_pair_beyond_the_bend_is_found():
    def effects_of(one, other, noise):
        scores = one * other * noise
        scores[0] = 30
        return scores

    p, _, _ = simulated_p(12, effects_of, 0)
    assert p[0] == p.min() < 0.001


def test_pairs_that_cannot_be_compared_with_others_have_p_1_among_five_motifs_or_more():
    for n_motifs, expected in ((4, False), (6, True)):
        features = with_shuffled_copies([motif("TGACTCAG")] * n_motifs, 20, np.random.default_rng(0))
        scores = np.zeros(len(observed_pairs(n_motifs)) + len(null_pairs(features)))
        scores[: len(observed_pairs(n_motifs))] = 1
        magnitude = scores.copy()
        magnitude[1 : len(observed_pairs(n_motifs))] = np.nan  # one pair is measured
        windows = Windows(scores, *np.zeros((4, len(scores))))
        pairs = np.concatenate([observed_pairs(n_motifs), null_pairs(features)])
        tests = compare_pairs(windows, magnitude, no_bends(n_motifs), pairs, features)
        assert np.isnan(tests.others[0])
        assert tests.copies[0] == 1 / (1 + len(null_pairs(features)))
        assert tests.p[0] == (1 if expected else tests.copies[0])


def test_pairs_without_comparison_do_not_hide_the_others():
    rng = np.random.default_rng(0)
    features = with_shuffled_copies([motif("TGACTCAG")] * 8, 20, rng)
    observed, copies = observed_pairs(8), null_pairs(features)
    scores = np.concatenate([rng.lognormal(0, 0.2, len(observed)), np.zeros(len(copies))])
    # Five motifs, but 0 and 1 were never seen together: each has too few others, 2, 3 and 4 have three each.
    is_known = (observed < 5).all(axis=1) & (observed != (0, 1)).any(axis=1)
    magnitude = np.where(np.append(is_known, np.ones(len(copies), dtype=bool)), scores, np.nan)
    windows = Windows(scores, *np.zeros((4, len(scores))))
    tests = compare_pairs(windows, magnitude, no_bends(8), np.concatenate([observed, copies]), features)
    compared = is_known & ~np.isnan(tests.others)
    assert [tuple(pair) for pair in observed[compared].tolist()] == [(2, 3), (2, 4), (3, 4)]
    assert (tests.p[compared] > 0.05).all()


def test_few_strong_pairs_are_not_explained_away_by_leaving_each_other_out():
    # Four of eight motifs were learned: 06 and 23 interact, 03 and 26 half as much, 02 and 36 the other way. With 06
    # and 23 left out, what 0, 2, 3 and 6 show with others would explain both, and with them in, it does not.
    magnitude = np.fromstring(
        "1.5 11.9 22.8 1.5 1.5 54.6 1.3 1.7 1.4 .4 .7 .9 .4 50.9 "
        "3.5 2.3 23.1 1.2 1.9 2.3 12.7 2.4 .7 2.4 .4 2.8 .6 4.1",
        sep=" ",
    )
    scores = magnitude * np.where(np.isin(magnitude, [11.9, 12.7]), -1, 1)
    pairs = observed_pairs(8)
    strong, half = [(0, 6), (2, 3)], [(0, 3), (2, 6)]
    for bend, found, least in ((0, [*strong, *half], 0.04), (14, strong, 0.05)):  # of the four that do anything alone
        bends = np.where(np.isin(pairs, (0, 2, 3, 6)).all(axis=1), bend, 0.0)
        p = dict(zip(map(tuple, pairs.tolist()), against_other_pairs(scores, magnitude, bends, pairs), strict=True))
        assert max(p[one] for one in found) < 0.005
        assert min(p[one] for one in p if one not in found) > least
        # As the motifs are named otherwise, nothing else changes.
        order = np.random.default_rng(0).permutation(len(pairs))
        again = against_other_pairs(scores[order], magnitude[order], bends[order], pairs[order])
        assert again == pytest.approx([p[tuple(pair)] for pair in pairs[order].tolist()])


@pytest.mark.parametrize(
    ("n_motifs", "true"),
    [
        (8, [(0, 1), (0, 2), (0, 3)]),
        (8, [(k, k + 1) for k in range(6)]),
        (10, [(k, (k + 1) % 10) for k in range(10)]),
        (20, [(0, k) for k in range(1, 8)]),
        (20, [(k, (k + step) % 20) for k in range(20) for step in (1, 2)]),
    ],
)
def test_partners_of_one_motif_do_not_hide_each_other(n_motifs, true):
    pairs = observed_pairs(n_motifs)
    is_true = np.isin(pairs @ [n_motifs, 1], np.sort(true, axis=1) @ [n_motifs, 1])
    assert is_true.sum() == len(true)
    found, false = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        magnitude = np.abs(rng.normal(size=len(pairs)))
        magnitude[is_true] = 20 * rng.lognormal(0, 0.2, len(true))
        p = against_other_pairs(magnitude, magnitude, no_bends(n_motifs), pairs)
        found.append((p[is_true] <= 0.005).mean())
        false.append((p[~is_true] <= 0.05).mean())
    assert np.mean(found) > 0.9
    assert np.mean(false) < 0.06


def test_bends_follow_the_product_of_single_effects_up_to_the_smaller():
    pairs = observed_pairs(6)
    single = np.array([1.0, -2.0, 0.5, 3.0, 1.0, 0.2])
    alone = single[pairs]
    effects = 0.3 * alone.prod(axis=1)
    exact = curvature_effects(effects, alone)
    np.testing.assert_allclose(exact, np.minimum(0.3 * np.abs(alone).prod(axis=1), np.abs(alone).min(axis=1)))
    effects[0] *= 100  # one pair beyond the bend changes nothing of what is expected, for itself or others
    effects[7] = np.nan  # nor does one that was not measured
    np.testing.assert_allclose(np.delete(curvature_effects(effects, alone), 7), np.delete(exact, 7))
    assert curvature_effects(effects, alone)[7] == 0
    assert (curvature_effects(effects, np.full(alone.shape, np.nan)) == 0).all()


def test_a_pair_whose_effect_goes_against_the_bend_is_expected_nothing():
    pairs = observed_pairs(6)
    alone = np.array([1.0, -1.5, 0.5, 1.2, 1.0, 0.2])[pairs]
    saturates = -0.3 * alone.prod(axis=1)
    along = np.minimum(abs(saturates), np.abs(alone).min(axis=1))
    for row in range(len(pairs)):
        effects = saturates.copy()
        effects[row] *= -2
        others = np.arange(len(pairs)) != row
        np.testing.assert_allclose(curvature_effects(effects, alone)[others], along[others])
        assert curvature_effects(effects, alone)[row] == 0
    # effects of both signs alike tell of no bend
    rng = np.random.default_rng(0)
    noise = np.where(rng.permutation(len(pairs)) % 2, 1, -1) * alone.prod(axis=1)
    assert np.median(curvature_effects(noise, alone)) == 0


def test_where_few_motifs_do_anything_their_pairs_tell_the_bend():
    rng = np.random.default_rng(0)
    pairs = observed_pairs(20)
    alone = np.where(np.arange(20) < 4, 2.0, 0.05)[pairs]
    noise = np.abs(rng.normal(0, 0.1, len(pairs)))  # nothing of which goes with the product
    used = (pairs < 4).all(axis=1)
    bends = curvature_effects(np.where(used, 0.8, noise), alone)
    np.testing.assert_allclose(bends[used], 0.8)
    # One pair of motifs that do anything has no others: it may be worth what either is alone.
    used = (pairs < 2).all(axis=1)
    alone = np.where(np.arange(20) < 2, [1.5] + [2.0] * 19, 0.05)[pairs]
    assert curvature_effects(np.where(used, 0.8, noise), alone)[used].tolist() == [1.5]


def test_motifs_that_were_not_measured_change_nothing():
    rng = np.random.default_rng(0)
    few = with_shuffled_copies([motif("TGACTCAG")] * 7, 20, rng)
    many = with_shuffled_copies([motif("TGACTCAG")] * 12, 20, rng)
    score, by_name = {}, {}
    for features in (few, many):
        pairs = np.concatenate([observed_pairs(features.n_motifs), null_pairs(features)])
        parents = features.parent[pairs]
        scores = np.zeros(len(pairs))
        for row, (pair, (one, other)) in enumerate(zip(pairs.tolist(), parents.tolist(), strict=True)):
            copy = int(pair[0] - features.copies(one)[0]) if pair[0] >= features.n_motifs else -1
            name = (copy, one, other)
            if max(one, other) < 7:
                scores[row] = score.setdefault(name, rng.lognormal(0, 0.5) if copy < 0 else rng.lognormal(-2, 0.5))
            else:
                scores[row] = np.nan
        windows = Windows(np.nan_to_num(scores), *np.zeros((4, len(scores))))
        tests = compare_pairs(windows, scores, no_bends(features.n_motifs), pairs, features)
        observed = map(tuple, observed_pairs(features.n_motifs).tolist())
        by_name[features.n_motifs] = dict(zip(observed, zip(*tests, strict=True), strict=True))
    for pair, found in by_name[7].items():
        assert by_name[12][pair] == pytest.approx(found, nan_ok=True)
    assert by_name[12][0, 11] == pytest.approx((1, np.nan, 1), nan_ok=True)


def test_scores_of_0_have_p_1():
    p, _, scores = simulated_p(6, lambda one, other, noise: np.where(noise > 0, noise, 0), 0)
    assert (p[scores == 0] == 1).all()
    assert (p[scores > 0] < 1).any()


def test_small_p_values_are_as_rare_on_either_side():
    both = [simulated_p(12, lambda one, other, noise: noise, seed)[::2] for seed in range(20)]
    p, scores = (np.concatenate(part) for part in zip(*both, strict=True))
    above, below = ((p[side] <= 0.05).mean() for side in (scores > 0, scores < 0))
    assert 0 < above <= 0.07
    assert 0 < below <= 0.07
    assert abs(above - below) < 0.02


def test_scanning_finds_implanted_sites():
    data = multi_motif(80, seed=1)
    features = with_shuffled_copies(data.truth.motifs[:12], 2, np.random.default_rng(0))
    sites = find_sites(data.codes, features, rate=0.02, rng=np.random.default_rng(0))
    truth = data.truth.table()
    found = [
        abs(sites.start[n, m % 12] - start) <= 1
        for n, m, start in zip(truth.sequence, truth.motif, truth.start, strict=True)
        if m < 12 and sites.present[n, m % 12]
    ]
    assert np.mean(found) > 0.8
    real = sites.present[:, :12].sum(axis=0)
    for one in range(12):
        assert (sites.present[:, features.copies(one)].sum(axis=0) == real[one]).all()
    covered = sites.covered(12, 200)
    rows, columns = np.nonzero(sites.present[:, 12:])
    for n, copy in zip(rows, columns + 12, strict=True):
        assert not covered[n, sites.start[n, copy] : sites.end[n, copy]].any()


def test_best_places_equal_a_search():
    motifs, codes = [motif("TGAC"), motif("CCGGA")], random_codes(4, 15)
    codes[0, 3] = 4
    score, start, strand = best_places(codes, motifs)
    for n in range(4):
        for m, one in enumerate(motifs):
            candidates = []
            for sign in (1, -1):
                pwm = one.pwm if sign > 0 else one.reverse_complement().pwm
                log_odds = np.log2((pwm * 20 + 0.25) / 21 / 0.25)
                for s in range(15 - one.width + 1):
                    window = codes[n, s : s + one.width]
                    candidates.append((sum(log_odds[b, k] for k, b in enumerate(window) if b < 4), s, sign))
            best = max(candidates)[0]
            assert score[n, m] == pytest.approx(best, abs=1e-4)
            assert any((s, sign) == (start[n, m], strand[n, m]) for value, s, sign in candidates if value > best - 1e-4)
    with pytest.raises(ValueError, match="no wider than the sequences of 4 bp"):
        best_places(codes[:, :4], motifs)


def test_two_sites_are_read_as_the_table_of_pairs_reads_them():
    truth = multi_motif(200, seed=2).truth
    table = truth.table()
    first_only = np.unique(table.sequence * 1000 + table.motif, return_index=True)[1]
    shape = (200, len(truth.motifs))
    start, strand, present = np.zeros(shape, dtype=int), np.ones(shape, dtype=int), np.zeros(shape, dtype=bool)
    place = (table.sequence[first_only], table.motif[first_only])
    start[place], strand[place], present[place] = table.start[first_only], table.strand[first_only], True
    pairs = observed_pairs(shape[1])
    ours = two_sites(Sites(start, strand, present, np.array([one.width for one in truth.motifs])), pairs)
    theirs = site_pairs(truth)
    counts = {}
    for key in zip(table.sequence.tolist(), table.motif.tolist(), strict=True):
        counts[key] = counts.get(key, 0) + 1
    expected = {
        row
        for row in zip(*(column.tolist() for column in theirs[:1] + theirs[3:]), strict=True)
        if row[1] != row[2] and counts[row[0], row[1]] == counts[row[0], row[2]] == 1
    }
    found = set(
        zip(
            ours.sequence.tolist(), *pairs[ours.pair].T.tolist(), ours.gap.tolist(), ours.orientation.tolist(),
            strict=True,
        )
    )  # fmt: skip
    assert len(expected) > 100
    assert expected <= found


def test_highest_rows_are_as_many_as_asked():
    scores = np.array([[3.0, 1.0], [1.0, -np.inf], [2.0, 5.0]])
    assert highest_rows(scores, np.array([2, 3])).tolist() == [[True, True], [False, False], [True, True]]


def one_site_each(codes, starts, width=4):
    n = len(codes)
    return Sites(np.tile(starts, (n, 1)), np.ones((n, 2), dtype=int), np.ones((n, 2), dtype=bool), np.full(2, width))


class Product(nn.Module):
    """2 x (bases that are A or C in the first site) x (the same in the second), plus their sums."""

    def __init__(self, first, second):
        super().__init__()
        self.slices = slice(first, first + 4), slice(second, second + 4)

    def forward(self, x):
        one, other = (x[:, :2, part].sum((1, 2)) for part in self.slices)
        return (2 * one * other + one + other)[:, None]


def test_mutagenesis_and_feature_maps_of_a_product_follow_from_counts():
    codes = random_codes(12, 30)
    sites = one_site_each(codes, np.array([3, 20]))
    found = two_sites(sites, np.array([[0, 1]]))
    options = {"target": 0, "batch_size": 5}
    mutated = draw_mutations(codes, sites, np.random.default_rng(0))
    rows = np.arange(12)
    both = mutated.mutate(rows, np.zeros(12, dtype=int), np.ones(12, dtype=int))
    inside = np.zeros(30, dtype=bool)
    inside[3:7] = inside[20:24] = True
    assert (both[:, inside] != codes[:, inside]).all()
    assert (both[:, ~inside] == codes[:, ~inside]).all()

    def count(sequences, start):
        return (sequences[:, start : start + 4] < 2).sum(axis=1)

    change = [count(codes, start) - count(both, start) for start in (3, 20)]
    values = mutagenesis_values(Product(3, 20), found, [mutated], **options)
    np.testing.assert_allclose(values[0], 2 * change[0] * change[1], atol=1e-5)
    without = [count(both, start) for start in (3, 20)]
    for k in (0, 1):  # what a site is worth while the other is mutated
        np.testing.assert_allclose(values[1 + k], change[k] * (2 * without[1 - k] + 1), atol=1e-5)
    # gradient x input of one site is (2 x the other count + 1) x its own count
    values = feature_map_values(Product(3, 20), found, [mutated], **options)
    expected = change[0] * count(codes, 20) + change[1] * count(codes, 3)
    np.testing.assert_allclose(values[0], expected, atol=1e-5)
    for k, start in enumerate((3, 20)):
        np.testing.assert_allclose(values[1 + k], (2 * without[1 - k] + 1) * count(codes, start), atol=1e-5)


def test_readings_of_attention_are_what_they_are_called():
    network = moved_network("C4C6-LSTM-Trans2", "relu")
    codes = random_codes(3, 200)
    with torch.no_grad():
        one, two = (layer.double() for layer in network.attention_weights(one_hot(codes)))
    eye = torch.eye(8, dtype=torch.float64)
    expected = {
        "raw": (one.amax(1) + two.amax(1)) / 2,
        "rollout": (two.mean(1) / 2 + eye / 2) @ (one.mean(1) / 2 + eye / 2),
    }
    for reading, maps in expected.items():
        found = token_maps(network, codes, reading, target=0, batch_size=2)
        np.testing.assert_allclose(found, ((maps + maps.mT) / 2).numpy(), atol=1e-6)
    assert bp_per_token(network, 200, 8) == 24
    assert bp_per_token(nn.Identity(), 200, 50) == 4


def test_attention_times_gradient_of_a_linear_head_is_the_share_of_each_weight():
    network = moved_network("C24-Att", "relu")
    network.head = Summed()
    codes = random_codes(3, 200)
    with torch.no_grad():
        tokens = network.stem(one_hot(codes))
        attention = network.trunk.attention
        values = attention._heads(attention.value(tokens))  # n, heads, T, width
        mixed = attention.weights(tokens)[..., None] * values[:, :, None]  # n, heads, T, T, width
        out = attention.out.weight.sum(0).view(8, -1)  # the logit sums all channels
        share = (mixed * out[None, :, None, None]).sum((1, 4))
    found = token_maps(network, codes, "gradient", target=0, batch_size=2)
    np.testing.assert_allclose(found, ((share + share.mT) / 2).numpy(), atol=1e-4)


class Summed(nn.Module):
    def forward(self, tokens):
        return tokens.sum((1, 2))[:, None]


def test_correlation_is_the_difference_of_fisher_z():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 40, 3))
    one[:, 1] += one[:, 0]
    pairs = observed_pairs(3)
    effects = correlation_effects(*(Activity(x, x, x) for x in (one, other)), pairs)
    z = [np.arctanh(np.corrcoef(x.T)[pairs[:, 0], pairs[:, 1]]) for x in (one, other)]
    np.testing.assert_allclose(effects.total.ravel(), z[0] - z[1])
    one[:, 2] = -np.inf
    assert correlation_effects(*(Activity(x, x, x) for x in (one, other)), pairs).number.ravel().tolist() == [1, 0, 0]


class TwoConvolutions(nn.Module):
    """Reads bases by two convolutions, of which the second one registered is the first one called."""

    def __init__(self):
        super().__init__()
        self.wide, self.main = nn.Conv1d(4, 3, 15, padding=7), nn.Conv1d(4, 6, 7)

    def forward(self, x):
        return torch.relu(self.main(x)).amax(2).sum(1, keepdim=True) + self.wide(x).amax(2).sum(1, keepdim=True)


@pytest.mark.parametrize(
    "normed",
    [
        None,
        nn.utils.parametrizations.weight_norm,
        pytest.param(nn.utils.weight_norm, marks=pytest.mark.filterwarnings("ignore")),
    ],
)
def test_shuffled_copies_shuffle_the_kernels_whose_map_is_read(normed):
    torch.manual_seed(0)
    model, codes = TwoConvolutions(), random_codes(6, 60)
    if normed:
        normed(model.main)
    with torch.no_grad():
        adapted = adapt(model.eval(), codes, first_layer="main")
        copied = shuffled_copy(adapted, np.random.default_rng(1))
        kernels = (model.main.weight, copied.model.main.weight)
        maps = [one.first_layer_activations(one_hot(codes)) for one in (adapted, copied)]
    order = np.random.default_rng(1).permutation(7)
    torch.testing.assert_close(kernels[1], kernels[0][:, :, order])
    expected = torch.relu(nn.functional.conv1d(one_hot(codes), kernels[0][:, :, order], model.main.bias))
    torch.testing.assert_close(maps[1][:, :, 3:-3], expected)
    assert (maps[0] - maps[1]).abs().max() > 0.1
    assert torch.equal(copied.model.wide.weight, model.wide.weight)


class Remade(nn.Conv1d):
    """A convolution that scales its kernels anew in every pass, from another parameter."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.raw = nn.Parameter(torch.randn(self.weight.shape))

    def forward(self, x):
        return nn.functional.conv1d(x, self.raw.tanh(), self.bias)


def test_kernels_that_are_made_anew_in_every_pass_are_refused():
    model = nn.Sequential(Remade(4, 3, 7), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(3, 1))
    with pytest.raises(ValueError, match="the kernels of the first layer, Remade, cannot be shuffled"):
        shuffled_copy(model, np.random.default_rng(0))


@pytest.mark.parametrize("activation", ["relu", "exponential"])
def test_a_shuffled_copy_has_no_site_where_its_filter_is_silent(activation):
    words = ["TGACTCAG", "CCGGAAGT"]
    network = build_model("C4C6", activation=activation, task=2).eval()
    conv, norm = network.stem.first.conv, network.stem.first.norm
    with torch.no_grad():
        conv.weight.zero_()
        conv.weight[:2, :, 5:13] = one_hot(encode(words))
        norm.running_mean[:2] = 6  # behind a ReLU, fewer than seven bases of eight are silence
    codes = random_codes(60, 200)
    codes[:40, 50:58], codes[:40, 90:98] = encode(words)
    features = with_shuffled_copies([motif(word, word) for word in words], 20, np.random.default_rng(0))
    sites, activity = filter_sites(
        network, codes, features, [[Assigned(0, 1)], [Assigned(1, 1)]], threshold=0.9, rng=np.random.default_rng(0)
    )
    copies = sites.present[:, 2:]
    assert sites.present[:40, :2].all()
    assert copies.any()
    assert (activity.value[:, 2:][copies] > 0).all()
    silent = (activity.value[:, 2:] == 0).sum(axis=0)
    assert (silent.max() > 20) == (activation == "relu")
    assert (copies.sum(axis=0) <= 60 - silent).all()


def test_a_gap_is_where_the_mean_over_all_sites_is_largest():
    number = np.array([[[4, 20, 8], [4, 0, 8], [4, 0, 8], [4, 0, 8]]])  # the second distance in one orientation alone
    total = number * np.array([2.0, 6.0, 1.0])
    low = np.array([0, 10, 20])
    effects = Effects(total, total**2, number, low, low + 9, np.full((1, 2), np.nan))
    (windows,) = (Windows(np.ones(1), np.ones(1), np.array([ANY]), np.array([0]), np.array([2])),)
    (row,) = table_rows(
        [motif("TGAC", "a"), motif("GGCC", "b")],
        np.array([[0, 1]]),
        np.ones(1),
        np.ones(1),
        np.zeros(1),
        windows,
        effects,
        2,
    )
    assert (row.gap, row.gap_low, row.gap_high) == (14.5, 0, 29)
    assert row.support == (4 * 4 + 20 + 4 * 8) / 2


def test_a_model_without_convolution_on_bases_is_refused():
    assert isinstance(first_convolutions(build_model("C4C6", activation="relu", task=2))[0], nn.Conv1d)
    with pytest.raises(ValueError, match=r"an nn\.Conv1d on four bases"):
        first_convolutions(nn.Linear(3, 3))


def test_plain_planting_restores_the_mode_of_the_model():
    network = build_model("C4C6", activation="relu", task=2).train()
    assert isinstance(network, HybridNetwork)
    design = draw_design(random_codes(2, 200), [motif("TGAC")] * 2, np.array([[5, 5]]), np.random.default_rng(0))
    _Planter(network, design, 0, 10).alone(0)
    insertion_effects(network, design, np.array([[0, 1]]))
    assert all(module.training for module in network.modules())


def test_a_new_method_is_a_function_and_a_name(monkeypatch):
    import sys

    from motiflens.interpret.interactions import INTERACTION_METHODS, Settings, interactions
    from motiflens.interpret.interactions.method import Method

    def measure(model, given, rng, on_progress):
        """Ten equal values for each pair, of motifs 0 and 1 the largest; copies do nothing."""
        n = len(given.pairs)
        value = np.where((given.pairs == [0, 1]).all(axis=1), 5.0, 0.01 * (given.pairs < 6).all(axis=1))
        total = 10 * value[:, None, None]
        nowhere, alone = np.zeros(1), np.full((n, 2), np.nan)
        return Effects(total, total * value[:, None, None], np.full((n, 1, 1), 10), nowhere, nowhere, alone)

    mine = {**INTERACTION_METHODS, "mine": Method(measure, "cubits", "made up")}
    monkeypatch.setattr(sys.modules["motiflens.interpret.interactions.interactions"], "INTERACTION_METHODS", mine)
    rng = np.random.default_rng(0)
    motifs = [Motif(f"M{k}", "", rng.dirichlet(np.ones(4) / 2, 8).T) for k in range(6)]
    network = nn.Sequential(nn.Flatten(), nn.Linear(160, 1))
    codes = rng.integers(0, 4, (20, 40), dtype=np.uint8)
    table = interactions(network, codes, motifs, Settings(n_null=60), method="mine", progress=False)
    assert (table.unit, table.caution) == ("cubits", "made up")
    assert [(row.i, row.j, row.effect) for row in table.calls()] == [(0, 1, 5.0)]
