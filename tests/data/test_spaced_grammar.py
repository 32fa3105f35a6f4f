"""The grammar against loops over sites, its frequencies against what is promised, and leaks against classifiers."""

import json
from itertools import combinations

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from motiflens.basics.metrics import auroc
from motiflens.cli import app
from motiflens.data.io import read_hdf5, write_hdf5
from motiflens.data.simulate import (
    GRAMMAR_MOTIFS,
    SMALL_GRAMMAR,
    additive_labels,
    multi_motif,
    oracle_labels,
    same_width,
    spaced_grammar,
)
from motiflens.data.simulate.additive import expected_auroc
from motiflens.data.simulate.balance import balance, draw_weighted
from motiflens.motifs.pairs import (
    ORIENTATIONS,
    PAIR_SIGNS,
    PairTable,
    count_obeying,
    obeying,
    read_pairs,
    site_pairs,
)
from motiflens.motifs.sets import Motif, load_motifs, select_motifs
from motiflens.motifs.tomtom import tomtom

LEVELS = (1, 2, 3)
N = 12_000
OWN = [
    Motif(f"m{i}", f"m{i}", np.roll(np.eye(4), i // 4, axis=0)[:, np.arange(6 + i % 3) * (1 + i % 2) % 4])
    for i in range(8)
]


@pytest.fixture(scope="module")
def grammars():
    return {level: spaced_grammar(N, level=level, seed=11, split=(0.5, 0, 0.5)) for level in LEVELS}


@pytest.fixture(scope="module", params=LEVELS)
def grammar(request, grammars):
    return grammars[request.param]


def holds_a_true_pair(dataset, row):
    """Say by loops whether any two sites of a sequence obey the rule of a true pair."""
    level, ids = dataset.metadata["level"], dataset.metadata["motifs"]
    table = dataset.metadata["pairs"]
    rules = {
        frozenset((ids[i], ids[j])): (low, high, turn, ids[i])
        for i, j, kind, low, high, turn in zip(*table.values(), strict=True)
        if kind == "true"
    }
    here = [
        (dataset.truth.motifs[motif], strand, start)
        for sequence, motif, strand, start in zip(*dataset.truth.table(), strict=True)
        if sequence == row
    ]
    for (one, strand, start), (other, other_strand, other_start) in combinations(here, 2):
        if (rule := rules.get(frozenset((one.id, other.id)))) is None:
            continue
        low, high, turn, i = rule
        gap = other_start - start - one.width
        first, second = (one.id, strand), (other.id, other_strand)
        if dict((first, second))[i] == -1:  # read the other strand
            first, second = (other.id, -other_strand), (one.id, -strand)
        name = " ".join(("i" if motif == i else "j") + ("+" if sign == 1 else "-") for motif, sign in (first, second))
        if level == 1 or (low <= gap <= high and turn in ("", name)):
            return True
    return False


def test_labels_follow_the_rule(grammar):
    for row in range(150):
        assert holds_a_true_pair(grammar, row) == grammar.y[row, 0]
    np.testing.assert_array_equal(oracle_labels(grammar), grammar.y[:, 0])
    np.testing.assert_array_equal(oracle_labels(grammar.test), grammar.test.y[:, 0])


def test_positives_hold_one_or_two_true_pairs_and_negatives_none(grammar):
    numbers = count_obeying(grammar.truth, read_pairs(grammar.metadata).of_kind("true"))
    positive = grammar.y[:, 0] == 1
    assert positive.sum() == N // 2
    assert set(numbers[positive]) == {1, 2}
    assert not numbers[~positive].any()
    assert abs((numbers[positive] == 2).mean() - 0.5) < 4 * 0.5 / np.sqrt(N / 2)


def test_table_of_pairs(grammar):
    pairs = read_pairs(grammar.metadata)
    assert [len(pairs.of_kind(kind).kind) for kind in ("true", "decoy", "filler")] == [40, 20, 130]
    assert list(zip(pairs.motif_i.tolist(), pairs.motif_j.tolist(), strict=True)) == list(combinations(range(20), 2))
    for kind, degree in (("true", 4), ("decoy", 2)):
        of_kind = pairs.of_kind(kind)
        used = np.bincount(np.concatenate([of_kind.motif_i, of_kind.motif_j]), minlength=20)
        assert abs(used - degree).max() <= 1
    placed = pairs.kind != "filler"
    if grammar.metadata["level"] == 3:
        assert (pairs.min_gap[placed] == pairs.max_gap[placed]).all()
        assert set(pairs.orientation[placed]) == set(ORIENTATIONS)
    else:
        assert set(pairs.orientation) == {""}
        assert set(pairs.max_gap) == {200 if grammar.metadata["level"] == 1 else 20}


def test_no_motif_occurs_twice_in_a_sequence(grammar):
    assert count_motifs(grammar).max() == 1


def count_motifs(dataset):
    counts = np.zeros((len(dataset), len(dataset.truth.motifs)))
    np.add.at(counts, (dataset.truth.sequence, dataset.truth.motif), 1)
    return counts


def count_pairs(dataset):
    present = count_motifs(dataset) > 0
    return np.stack([present[:, a] & present[:, b] for a, b in combinations(range(present.shape[1]), 2)], axis=1)


def test_every_true_pair_is_equally_frequent(grammar):
    found = obeying(grammar.truth, read_pairs(grammar.metadata).of_kind("true"))
    _, numbers = np.unique(found.motif_i * 20 + found.motif_j, return_counts=True)
    mean = N / 2 * 1.5 / 40
    assert len(numbers) == 40
    assert ((numbers - mean) ** 2 / mean).sum() < 40 + 5 * np.sqrt(80)


def test_motifs_are_equally_frequent_in_both_classes(grammar):
    counts, positive = count_motifs(grammar), grammar.y[:, 0] == 1
    difference = counts[positive].mean(0) - counts[~positive].mean(0)
    share = counts.mean(0)
    assert (np.abs(difference) < 4 * np.sqrt(share * (1 - share) * 4 / N)).all()
    if grammar.metadata["level"] == 1:  # by construction, up to rounding and the number of sequences of each kind
        per_site = counts[positive].sum(0) / counts[positive].sum() - counts[~positive].sum(0) / counts[~positive].sum()
        assert np.abs(per_site).max() < 0.003


def test_negatives_hold_true_pairs_as_often_beyond_level_1(grammars):
    for level, dataset in grammars.items():
        true = read_pairs(dataset.metadata).kind == "true"
        present, positive = count_pairs(dataset)[:, true], dataset.y[:, 0] == 1
        if level == 1:
            assert not present[~positive].any()
        else:
            assert present[~positive].sum() / present[positive].sum() == pytest.approx(1, abs=0.03)


def test_decoys_are_alike_in_both_classes_and_placed_like_true_pairs(grammars):
    for level, dataset in grammars.items():
        pairs, positive = read_pairs(dataset.metadata), dataset.y[:, 0] == 1
        decoys = obeying(dataset.truth, pairs.of_kind("decoy"))
        share = np.bincount(positive[decoys.sequence], minlength=2) / (N / 2)
        expected = 0.25 if level == 1 else 0.5
        assert np.abs(share - expected).max() < 4 * np.sqrt(expected * (1 - expected) / (N / 2))
        assert np.bincount(decoys.sequence).max() == 1
        if level == 2:
            true = obeying(dataset.truth, pairs.of_kind("true"))
            for one, other, cells in ((decoys.gap, true.gap, 21), (decoys.orientation, true.orientation, 4)):
                table = np.stack([np.bincount(one, minlength=cells), np.bincount(other, minlength=cells)])
                expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
                assert table.shape[1] == cells
                assert ((table - expected) ** 2 / expected).sum() < cells - 1 + 5 * np.sqrt(2 * (cells - 1))


def test_decoys_are_near_only_where_they_were_put(grammars):
    for level in (2, 3):
        dataset = grammars[level]
        kind = read_pairs(dataset.metadata).kind
        found = site_pairs(dataset.truth)
        index = {pair: row for row, pair in enumerate(combinations(range(20), 2))}
        kinds = kind[[index[i, j] for i, j in zip(found.motif_i.tolist(), found.motif_j.tolist(), strict=True)]]
        near = np.bincount(found.sequence[(kinds == "decoy") & (found.gap <= 20)], minlength=N)
        assert near.max() == 1
        assert abs(near.mean() - 0.5) < 4 * 0.5 / np.sqrt(N)


def test_negatives_of_level_3_break_the_rule_nearby_and_far(grammars):
    dataset = grammars[3]
    pairs = read_pairs(dataset.metadata)
    anyhow = pairs.of_kind("true")
    anyhow = anyhow._replace(
        min_gap=np.zeros_like(anyhow.min_gap),
        max_gap=np.full_like(anyhow.max_gap, 20),
        orientation=np.full_like(anyhow.orientation, ""),
    )
    near = count_obeying(dataset.truth, anyhow)[dataset.y[:, 0] == 0] > 0
    assert 0.4 < near.mean() < 0.8


def held_out_auroc(model, features, dataset):
    train, y = dataset.split == "train", dataset.y[:, 0]
    model.fit(features[train], y[train])
    return float(auroc(y[~train], model.predict_proba(features[~train])[:, 1]))


def leak_features(dataset):
    """What must not tell the label; none of it looks at which motif stands where."""
    truth = dataset.truth
    numbers = np.bincount(truth.sequence, minlength=len(dataset))
    slot = np.arange(len(truth.sequence)) - (np.cumsum(numbers) - numbers)[truth.sequence]
    starts, ends = np.full((2, len(dataset), numbers.max()), 300.0)
    starts[truth.sequence, slot] = truth.start
    ends[truth.sequence, slot] = truth.start + np.array([motif.width for motif in truth.motifs])[truth.motif]
    gaps = np.where(starts[:, 1:] < 300, starts[:, 1:] - ends[:, :-1], 300)
    strands = np.zeros_like(starts)
    strands[truth.sequence, slot] = truth.strand
    return {
        "number of sites": numbers[:, None],
        "positions and strands": np.hstack([starts, np.diff(starts, axis=1), strands]),
        "GC": np.isin(dataset.codes, (1, 2)).mean(axis=1, keepdims=True),
        "gaps": np.hstack([gaps, np.sort(gaps, axis=1)]),
        "smallest gap": gaps.min(axis=1, keepdims=True),
    }


def boosting():
    return HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8)


def logistic():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))


def check_that_only_who_stands_where_tells_the_label(grammar):
    # Of 6,000 held-out sequences; 0.5 has a standard error of 0.0075.
    for name, features in leak_features(grammar).items():
        assert held_out_auroc(boosting(), features, grammar) < 0.55, name
    counts = count_motifs(grammar)
    assert held_out_auroc(logistic(), counts, grammar) < 0.55
    if grammar.metadata["level"] > 1:
        assert held_out_auroc(boosting(), counts, grammar) < 0.55
        assert held_out_auroc(logistic(), count_pairs(grammar).astype(float), grammar) < 0.55


def test_nothing_but_who_stands_where_tells_the_label(grammar):
    check_that_only_who_stands_where_tells_the_label(grammar)


def test_leaks_would_be_found(grammars):
    dataset = grammars[1]  # here the label is a function of the motifs, and trees find it in their counts
    assert held_out_auroc(boosting(), count_motifs(dataset), dataset) > 0.8
    assert held_out_auroc(logistic(), count_pairs(dataset).astype(float), dataset) > 0.95


@pytest.mark.parametrize("level", LEVELS)
def test_small_preset(level):
    for seed in range(3):
        dataset = spaced_grammar(400, level=level, seed=seed, **SMALL_GRAMMAR)
        np.testing.assert_array_equal(oracle_labels(dataset), dataset.y[:, 0])
        assert len(dataset.truth.motifs) == 8


@pytest.mark.parametrize("level", [2, 3])
def test_singles_are_alike_in_both_classes_and_tell_nothing(level):
    dataset = spaced_grammar(N, level=level, seed=11, n_singles=2, split=(0.5, 0, 0.5), **SMALL_GRAMMAR)
    for row in range(150):
        assert holds_a_true_pair(dataset, row) == dataset.y[row, 0]
    counts = count_motifs(dataset)
    assert counts.max() == 1
    numbers = np.bincount(counts.sum(axis=1).astype(int), minlength=9)[4:]  # 4 or 6 motifs, and 0, 1 or 2 singles
    expected = N / 2 * np.array([1 / 3, 1 / 3, 2 / 3, 1 / 3, 1 / 3])
    assert (np.abs(numbers - expected) < 4 * np.sqrt(expected)).all()
    check_that_only_who_stands_where_tells_the_label(dataset)


def test_singles_tell_sums_of_motifs_from_pairs():
    def rank(n_singles):
        dataset = spaced_grammar(N, level=2, seed=3, n_singles=n_singles, **SMALL_GRAMMAR)
        return np.linalg.matrix_rank(np.hstack([np.ones((N, 1)), count_motifs(dataset), count_pairs(dataset)]))

    assert rank(0) < 1 + 8 + 28
    assert rank(2) == 1 + 8 + 28


def test_more_singles_than_motifs_are_left():
    dataset = spaced_grammar(300, level=2, n_singles=6, max_gap=5, **SMALL_GRAMMAR)
    assert count_motifs(dataset).sum(axis=1).max() == 8


def test_same_seed_same_data():
    one, same, other = (spaced_grammar(300, seed=seed) for seed in (4, 4, 5))
    for left, right in ((one.codes, same.codes), (one.y, same.y), (one.split_codes, same.split_codes)):
        np.testing.assert_array_equal(left, right)
    for left, right in zip(one.truth.table(), same.truth.table(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert one.metadata == same.metadata
    assert one.metadata["pairs"] != other.metadata["pairs"]
    resplit = spaced_grammar(300, seed=4, split=(0.5, 0.25, 0.25))
    np.testing.assert_array_equal(resplit.codes, one.codes)
    assert [len(part) for part in (resplit.train, resplit.valid, resplit.test)] == [150, 75, 75]


def test_bases_in_sites_follow_the_motif(grammars):
    truth, codes = grammars[2].truth, grammars[2].codes
    for strand in (1, -1):
        rows = np.flatnonzero((truth.motif == 3) & (truth.strand == strand))
        pwm = truth.motifs[3].pwm if strand == 1 else truth.motifs[3].reverse_complement().pwm
        bases = codes[truth.sequence[rows, None], truth.start[rows, None] + np.arange(pwm.shape[1])]
        observed = np.stack([(bases == base).mean(0) for base in range(4)])
        assert (np.abs(observed - pwm) <= 4.5 * np.sqrt(pwm * (1 - pwm) / len(rows))).all()


def test_the_file_keeps_pairs_and_sites(tmp_path, grammars):
    small = grammars[3].subset(np.arange(40))
    write_hdf5(small, tmp_path / "a.h5")
    back = read_hdf5(tmp_path / "a.h5")
    np.testing.assert_array_equal(oracle_labels(back), small.y[:, 0])
    assert back.metadata == json.loads(json.dumps(small.metadata))


def test_shares_of_two_pairs_and_of_decoys():
    dataset = spaced_grammar(500, two_pair_share=1.0, decoy_share=0.0)
    pairs = read_pairs(dataset.metadata)
    assert set(count_obeying(dataset.truth, pairs.of_kind("true"))) == {0, 2}
    assert (np.bincount(dataset.truth.sequence) == 4).all()
    assert not obeying(dataset.truth, pairs.of_kind("decoy")).gap.size
    without = spaced_grammar(200, level=1, n_motifs=6, n_pairs=4, n_decoys=0, two_pair_share=0.0)
    assert set(np.bincount(without.truth.sequence)) == {2}
    assert set(without.metadata["pairs"]["kind"]) == {"true", "filler"}


def test_own_motifs_of_different_widths():
    for level in (1, 2):
        dataset = spaced_grammar(600, level=level, motifs=OWN, n_pairs=4, n_decoys=2, allow_similar=True)
        np.testing.assert_array_equal(oracle_labels(dataset), dataset.y[:, 0])
        assert dataset.metadata["motifs"] == [motif.id for motif in OWN]


def test_same_width_pads_evenly():
    padded = same_width([Motif("a", "a", np.eye(4)[:, :3]), Motif("b", "b", np.eye(4)[:, [0] * 6], 7)])
    assert [motif.width for motif in padded] == [6, 6]
    np.testing.assert_array_equal(padded[0].pwm[:, 1:4], np.eye(4)[:, :3])
    assert (padded[0].pwm[:, [0, 4, 5]] == 0.25).all()
    assert (padded[1].id, padded[1].n_sites) == ("b", 7)
    dataset = spaced_grammar(100, level=3, motifs=same_width(OWN), n_pairs=4, n_decoys=2, allow_similar=True)
    np.testing.assert_array_equal(oracle_labels(dataset), dataset.y[:, 0])


def test_default_motifs_are_dissimilar_and_of_one_width():
    vertebrates = load_motifs("JASPAR2016-vertebrates")
    motifs = select_motifs(vertebrates, GRAMMAR_MOTIFS)
    assert {motif.width for motif in motifs} == {11}
    assert [motif.name for motif in motifs[:3]] == ["Gata1", "ESRRB", "EGR2"]
    result = tomtom(motifs, vertebrates)
    columns = [result.target_ids.index(motif.id) for motif in motifs]
    different = ~np.eye(20, dtype=bool)
    assert result.q_value[:, columns][different].min() > 0.2
    assert result.p_value[:, columns][different].min() > 0.01


def test_own_background():
    source = np.repeat(np.arange(4, dtype=np.uint8)[:, None], 250, axis=1)  # AAAA..., CCCC..., GGGG..., TTTT...
    dataset = spaced_grammar(40, background=source)
    outside = (dataset.truth.matrix() == 0.25).all(axis=1)
    bases = [set(codes[free].tolist()) for codes, free in zip(dataset.codes, outside, strict=True)]
    assert all(len(one) == 1 for one in bases)
    assert sorted(one.pop() for one in bases) == sorted([0, 1, 2, 3] * 10)
    assert dataset.metadata["background"] == "sequences"
    np.testing.assert_array_equal(oracle_labels(dataset), dataset.y[:, 0])
    plain = spaced_grammar(40)
    np.testing.assert_array_equal(plain.truth.start, dataset.truth.start)
    np.testing.assert_array_equal(plain.codes[~outside], dataset.codes[~outside])


def test_shuffled_background_keeps_dinucleotides():
    rng = np.random.default_rng(0)
    source = multi_motif(30, length=200)
    biased = rng.choice(np.array([0, 0, 3, 1], np.uint8), size=source.codes.shape)
    source = type(source).from_arrays(biased, source.y)
    as_is, shuffled = (spaced_grammar(600, background=source, shuffle_background=value) for value in (False, True))
    outside = (as_is.truth.matrix() == 0.25).all(axis=1)
    frequencies = [np.bincount(one.codes[outside], minlength=4) / outside.sum() for one in (as_is, shuffled)]
    np.testing.assert_allclose(frequencies[1], frequencies[0], atol=0.01)
    np.testing.assert_allclose(frequencies[1], [0.5, 0.25, 0, 0.25], atol=0.03)
    assert not np.array_equal(as_is.codes, shuffled.codes)
    assert shuffled.metadata["background"] == "dinucleotide"


def test_additive_labels_follow_single_motifs_alone(grammars):
    dataset = grammars[2]
    additive = additive_labels(dataset, auroc=0.9)
    logit = count_motifs(dataset) @ additive.metadata["logit_of_motif"] + additive.metadata["intercept"]
    p = 1 / (1 + np.exp(-logit))
    y = additive.y[:, 0].astype(float)
    assert p.mean() == pytest.approx(0.5, abs=1e-6)
    assert abs(y.mean() - 0.5) < 4 * 0.5 / np.sqrt(N)
    assert float(auroc(y, logit)) == pytest.approx(0.9, abs=0.015)
    assert held_out_auroc(logistic(), count_motifs(additive), additive) == pytest.approx(0.9, abs=0.02)
    obeys = dataset.y[:, 0] == 1
    left_over = (y - p)[obeys].sum() / np.sqrt((p * (1 - p))[obeys].sum())
    assert abs(left_over) < 4
    np.testing.assert_array_equal(additive.codes, dataset.codes)
    assert additive.truth is dataset.truth
    assert not len(read_pairs(additive.metadata).of_kind("true").kind)
    assert dataset.metadata["labels"] == "grammar"
    other = additive_labels(dataset, auroc=0.9, seed=1)
    assert other.metadata["logit_of_motif"] != additive.metadata["logit_of_motif"]


def test_additive_labels_by_keyword_are_those_of_the_function():
    by_keyword = spaced_grammar(300, seed=6, labels="additive")
    by_function = additive_labels(spaced_grammar(300, seed=6), seed=6)
    np.testing.assert_array_equal(by_keyword.y, by_function.y)
    assert by_keyword.label_names == ("additive",)


def test_expected_auroc_equals_the_sum_over_all_pairs():
    logits = np.array([-1.0, 0.3, 0.3, 2.0, -0.5])
    p = 1 / (1 + np.exp(-logits))
    right = total = 0.0
    for i, j in np.ndindex(5, 5):
        weight = p[i] * (1 - p[j])
        right += weight * (1.0 if logits[i] > logits[j] else 0.5 if logits[i] == logits[j] else 0.0)
        total += weight
    assert expected_auroc(logits) == pytest.approx(right / total)


def test_balance_has_the_closed_form_of_two_groups():
    features = np.array([[1.0], [1.0], [1.0], [0.0]])
    np.testing.assert_allclose(balance(features, np.array([0.5])), [1 / 6, 1 / 6, 1 / 6, 1 / 2], atol=1e-6)


def test_balance_is_exponential_in_the_features():
    features = np.random.default_rng(0).integers(0, 3, size=(200, 4)).astype(float)
    features = np.hstack([features, features[:, :1]])  # one column twice
    target = features.mean(0) * 1.1
    weights = balance(features, target)
    np.testing.assert_allclose(weights @ features, target, atol=1e-5)
    design = np.hstack([features, np.ones((200, 1))])
    fitted = design @ np.linalg.lstsq(design, np.log(weights), rcond=None)[0]
    np.testing.assert_allclose(fitted, np.log(weights), atol=1e-6)


def test_balance_beyond_reach():
    features = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert balance(features, np.array([1.5, 0.0])) is None
    assert balance(features, np.array([0.9, 0.9])) is None
    assert balance(np.zeros((0, 1)), np.array([0.5])) is None


def test_weighted_draws_are_rounded_expectations():
    weights = np.array([0.1, 0.55, 0.35])
    drawn = draw_weighted(weights, 1000, np.random.default_rng(1))
    np.testing.assert_array_equal(np.bincount(drawn), [100, 550, 350])
    drawn = draw_weighted(weights, 7, np.random.default_rng(2))
    assert (np.abs(np.bincount(drawn, minlength=3) - 7 * weights) < 1).all()
    assert len(draw_weighted(weights, 0, np.random.default_rng(2))) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_sequences": 0}, "n_sequences must be at least 1, got 0"),
        ({"level": 4}, "level must be 1 .* got 4"),
        ({"labels": "random"}, "labels must be 'grammar' or 'additive', got 'random'"),
        ({"n_motifs": 21}, "n_motifs must be 4 to 20, got 21; for others give motifs"),
        ({"n_motifs": 8, "motifs": OWN}, "motifs or n_motifs, not both"),
        ({"motifs": OWN[:3]}, "at least 4 motifs, to make two pairs, got 3"),
        ({"motifs": ["MA0058.3", "MA0059.1", "MA0079.3", "MA0083.3"]}, "1 pairs with q <= 0.1 .MAX and MAX::MYC"),
        ({"n_pairs": 0}, "n_pairs of 2 or more"),
        ({"n_decoys": -1}, "n_decoys of 0 or more, got 40 and -1"),
        ({"n_pairs": 150, "n_decoys": 40}, "20 motifs make 190 pairs, .* got 150 true pairs and 40 decoys"),
        ({"two_pair_share": 1.5}, "two_pair_share must be a share from 0 to 1, got 1.5"),
        ({"decoy_share": -0.5}, "decoy_share must be a share from 0 to 1, got -0.5"),
        ({"n_singles": -1}, "n_singles must be 0 at level 1, and 0 to 20 motifs beyond, got -1"),
        ({"n_singles": 9, "n_motifs": 8}, "and 0 to 8 motifs beyond, got 9"),
        ({"max_gap": 20.5}, "max_gap must be a whole number, got 20.5"),
        ({"n_sequences": 30.5}, "n_sequences must be a whole number, got 30.5"),
        ({"shuffle_background": True}, "shuffle_background needs a background to shuffle"),
        ({"level": 1, "n_singles": 2}, "n_singles must be 0 at level 1, .* got 2"),
        ({"n_singles": 8}, "14 motifs of up to 11 positions and 3 gaps of up to 20 do not fit into length 200"),
        ({"max_gap": -1}, "max_gap must be 0 or more, got -1"),
        ({"max_gap": 50}, "6 motifs of up to 11 positions and 3 gaps of up to 50 do not fit into length 200"),
        ({"level": 1, "length": 40}, "4 motifs of up to 11 positions and 0 gaps of up to 20 do not fit into length 40"),
        (
            {"level": 3, "motifs": OWN, "allow_similar": True, "n_pairs": 4},
            "level 3 needs motifs of one width, got 6 to 8",
        ),
        ({"n_motifs": 6, "n_pairs": 4, "n_decoys": 2}, "4 true pairs and 2 decoys among 6 motifs cannot be balanced"),
        ({"split": (0.5, 0.4, 0.2)}, "three shares of train, valid, test"),
        ({"background": np.zeros((3, 100), np.uint8)}, r"L of at least 200, got uint8 \(3, 100\)"),
        ({"background": np.zeros((3, 300))}, "got float64"),
        ({"background": np.full((3, 300), 4, np.uint8)}, "unknown ones in 3 sequences"),
    ],
)
def test_impossible_requests(change, message):
    with pytest.raises(ValueError, match=message):
        spaced_grammar(**{"n_sequences": 20, **change})


def test_scenes_without_places(monkeypatch):
    monkeypatch.setattr("motiflens.data.simulate.scenes._MAX_DRAWS", 1)
    with pytest.raises(
        ValueError, match=r"\d+ of 200 sequences found no places that obey and break the rule .* 1 draws"
    ):
        spaced_grammar(200)


def test_additive_and_oracle_labels_need_a_grammar(grammars):
    dataset = grammars[2].subset(np.arange(100))
    other = multi_motif(20)
    without_sites = type(other).from_arrays(other.codes, other.y)
    for function in (additive_labels, oracle_labels):
        with pytest.raises(ValueError, match="got none in data made by multi_motif"):
            function(other)
        with pytest.raises(ValueError, match="expected a dataset with a SiteTruth, got truth: None"):
            function(without_sites)
    with pytest.raises(ValueError, match="no pair has a rule"):
        oracle_labels(additive_labels(dataset))
    for value in (0.5, 1.0):
        with pytest.raises(ValueError, match=r"auroc must be above 0\.5 and below 1"):
            additive_labels(dataset, auroc=value)
    with pytest.raises(ValueError, match=r"reach an AUROC of 0.500 here, got 0.95"):
        additive_labels(dataset.subset([0, 0, 0, 0]))


def test_command_line(tmp_path):
    out, background = tmp_path / "g.h5", tmp_path / "b.fa"
    background.write_text("".join(f">s{i}\n{base * 210}\n" for i, base in enumerate("ACGT")))
    arguments = ["simulate", "spaced-grammar", "-n", 40, "--level", 3, "--n-motifs", 8, "--n-pairs", 4, "--n-decoys", 4]
    arguments += ["--n-singles", 1, "--max-gap", 15, "--seed", 2, "--background-sequences", background]
    arguments += ["--json", "-o", out]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.exception
    assert json.loads(result.stdout)["label_names"] == ["grammar"]
    source = np.repeat(np.arange(4, dtype=np.uint8)[:, None], 210, axis=1)
    expected = spaced_grammar(40, level=3, seed=2, n_singles=1, max_gap=15, background=source, **SMALL_GRAMMAR)
    written = read_hdf5(out)
    np.testing.assert_array_equal(written.codes, expected.codes)
    assert written.metadata == expected.metadata


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["billboard", "--level", "2", "--n-pairs", "3"],
            "only spaced-grammar takes --level, --n-pairs; got billboard",
        ),
        (["spaced-grammar", "--motif-counts", "1:1"], "--motif-counts belongs to multi-motif and billboard"),
        (["spaced-grammar", "--background", "JASPAR2020"], "--background belongs to billboard"),
    ],
)
def test_options_of_another_simulator(arguments, message, tmp_path):
    result = CliRunner().invoke(app, ["simulate", *arguments, "-o", str(tmp_path / "x.h5")])
    assert isinstance(result.exception, ValueError)
    assert message in str(result.exception)


@pytest.fixture(scope="module")
def signed():
    """Ten pairs of which three repress and three are redundant, each motif in one."""
    return spaced_grammar(12_000, seed=3, n_pairs=10, n_decoys=4, n_singles=2, n_repress=3, n_redundant=3)


def test_signed_labels_say_which_pairs_repress_and_which_are_redundant(signed):
    pairs = read_pairs(signed.metadata)
    counts = {kind: int((pairs.kind == kind).sum()) for kind in ("true", "repress", "redundant", "decoy")}
    assert counts == {"true": 4, "repress": 3, "redundant": 3, "decoy": 4}
    plain = spaced_grammar(12_000, seed=3, n_pairs=10, n_decoys=4, n_singles=2)
    np.testing.assert_array_equal(signed.codes, plain.codes)
    interacting = np.isin(pairs.kind, list(PAIR_SIGNS))
    np.testing.assert_array_equal(interacting, read_pairs(plain.metadata).kind == "true")
    assert signed.label_names == ("signed",)
    assert abs(signed.y.mean() - 0.5) < 0.02
    with pytest.raises(ValueError, match="are drawn from a logit"):
        oracle_labels(signed)


def test_a_pair_that_represses_loses_what_either_gives_and_a_redundant_one_gives_it_once(signed):
    """Logits of all motifs, and of all pairs that obey, by a regression on the labels alone."""
    pairs = read_pairs(signed.metadata)
    rows = np.flatnonzero(np.isin(pairs.kind, list(PAIR_SIGNS)))
    near = np.zeros((len(signed), len(rows)))
    for column, row in enumerate(rows):
        near[:, column] = count_obeying(signed.truth, PairTable(*(values[[row]] for values in pairs)))
    features = np.hstack([count_motifs(signed), near])
    found = LogisticRegression(C=1e4, max_iter=2000).fit(features, signed.y[:, 0])
    single, both = found.coef_[0][:20], found.coef_[0][20:]
    for kind, alone, together in (("true", 1, 6), ("repress", 2, 0), ("redundant", 4, 4)):
        own = pairs.kind[rows] == kind
        i, j = pairs.motif_i[rows][own], pairs.motif_j[rows][own]
        np.testing.assert_allclose([*single[i], *single[j]], alone, atol=0.8)
        np.testing.assert_allclose(single[i] + single[j] + both[own], together, atol=1.0)
    assert found.intercept_[0] == pytest.approx(signed.metadata["intercept"], abs=1)
    np.testing.assert_array_equal(np.asarray(signed.metadata["logit_of_pair"])[rows] > 0, pairs.kind[rows] == "true")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_pairs": 10, "n_repress": 6, "n_redundant": 5}, "together at most 10, .* got 6 and 5"),
        ({"n_pairs": 10, "n_repress": -1}, "must be 0 or more .* got -1 and 0"),
        ({"n_repress": 2}, "40 true pairs share motifs, .* at most half as many pairs"),
        ({"n_pairs": 10, "n_repress": 2, "labels": "additive"}, "labels 'additive' have no interactions"),
        ({"n_pairs": 10, "n_repress": 1.5}, "n_repress must be a whole number, got 1.5"),
    ],
)
def test_impossible_signs(change, message):
    with pytest.raises(ValueError, match=message):
        spaced_grammar(**{"n_sequences": 20, **change})


def test_signed_labels_on_the_command_line(tmp_path):
    out = tmp_path / "g.h5"
    arguments = ["simulate", "spaced-grammar", "-n", 40, "--n-pairs", 10, "--n-decoys", 4, "--n-repress", 2]
    result = CliRunner().invoke(app, list(map(str, [*arguments, "--n-redundant", 3, "-o", out])))
    assert result.exit_code == 0, result.exception
    written = read_hdf5(out)
    assert written.metadata == spaced_grammar(40, n_pairs=10, n_decoys=4, n_repress=2, n_redundant=3).metadata
    assert written.metadata["pairs"]["kind"].count("redundant") == 3
