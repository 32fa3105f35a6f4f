"""Simulators against brute-force expansion, chi-square tests of every distribution, and the study's facts."""

from collections import Counter

import numpy as np
import pytest

from motiflens.data.simulate import (
    TASK1_MOTIF_COUNTS,
    TASK1_MOTIFS,
    TASK2_CORE,
    TASK2_MOTIF_COUNTS,
    TASK2_MOTIF_COUNTS_PAPER,
    billboard,
    multi_motif,
    split_background,
    task2_background,
)
from motiflens.motifs.sets import Motif, load_motifs, select_motifs

LOOK_ALIKES = ["ETV5", "ETV3", "KLF5", "MLX", "CEBPG", "PLAG1", "ZIC3", "NFIC", "TCF4", "E2F6"]


@pytest.fixture(scope="module")
def task1():
    return multi_motif()


@pytest.fixture(scope="module")
def task2():
    return billboard()


def chi_square(observed: np.ndarray, expected: np.ndarray) -> float:
    """Return the statistic in standard deviations above its mean (df = cells - 1)."""
    df = len(observed) - 1
    return (((observed - expected) ** 2 / expected).sum() - df) / np.sqrt(2 * df)


def brute_force(dataset, row: int) -> np.ndarray:
    """Place the motifs of one sequence position by position."""
    matrix = np.full((4, dataset.length), 0.25)
    for sequence, motif, strand, start in zip(*dataset.truth.table(), strict=True):
        if sequence == row:
            one = dataset.truth.motifs[motif]
            pwm = one.pwm if strand == 1 else one.reverse_complement().pwm
            for step in range(one.width):
                matrix[:, start + step] = pwm[:, step]
    return matrix


def test_presets_are_what_the_study_used():
    vertebrates = load_motifs("JASPAR2016-vertebrates")
    assert [m.name for m in select_motifs(vertebrates, TASK1_MOTIFS)] == [
        "Arid3a", "CEBPB", "FOSL1", "Gabpa", "MAFK", "MAX", "MEF2A", "NFYB", "SP1", "SRF", "STAT1", "YY1",
    ]  # fmt: skip
    assert [m.name for m in select_motifs(vertebrates, TASK2_CORE)] == ["SP1", "Gabpa", "CEBPB", "MAX", "YY1"]
    background = select_motifs(vertebrates, task2_background())
    assert len(background) == 50
    assert not {m.name for m in background} & set(LOOK_ALIKES)
    assert list(TASK2_MOTIF_COUNTS) == [3, 4, 5, 6, 7]
    for counts in (TASK1_MOTIF_COUNTS, TASK2_MOTIF_COUNTS, TASK2_MOTIF_COUNTS_PAPER):
        assert sum(counts.values()) == pytest.approx(1)
    kept = np.array([TASK2_MOTIF_COUNTS[k] for k in TASK2_MOTIF_COUNTS_PAPER])
    np.testing.assert_allclose(kept / kept.sum(), list(TASK2_MOTIF_COUNTS_PAPER.values()), atol=0.006)


def test_task1_shape_and_splits(task1):
    assert task1.codes.shape == (30_000, 200)
    assert task1.codes.max() == 3
    assert task1.y.shape == (30_000, 12)
    assert task1.label_names[:3] == ("Arid3a", "CEBPB", "FOSL1")
    assert [len(part) for part in (task1.train, task1.valid, task1.test)] == [21_000, 3000, 6000]


def test_task2_is_half_positive_and_shuffled(task2):
    assert task2.codes.shape == (20_000, 200)
    assert task2.y.sum() == 10_000
    assert task2.label_names == ("core",)
    for part in (task2.train, task2.valid, task2.test):
        assert abs(part.y.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(part))
    assert billboard(11).y.sum() == 5


@pytest.mark.parametrize("name", ["task1", "task2"])
def test_number_of_motifs(name, request):
    dataset = request.getfixturevalue(name)
    wanted = TASK1_MOTIF_COUNTS if name == "task1" else TASK2_MOTIF_COUNTS
    per_sequence = Counter(np.bincount(dataset.truth.sequence, minlength=len(dataset)).tolist())
    assert set(per_sequence) == set(wanted)
    observed = np.array([per_sequence[k] for k in wanted])
    assert chi_square(observed, np.array(list(wanted.values())) * len(dataset)) < 5


@pytest.mark.parametrize("name", ["task1", "task2"])
def test_expansion_equals_brute_force(name, request):
    dataset = request.getfixturevalue(name)
    rows = [0, 7, len(dataset) - 1]
    for row, matrix in zip(rows, dataset.truth.matrix(rows), strict=True):
        np.testing.assert_allclose(matrix, brute_force(dataset, row), rtol=1e-6)


def test_labels_agree_with_sites(task1, task2):
    table = task1.truth.table()
    present = {(int(s), int(m)) for s, m in zip(table.sequence, table.motif, strict=True)}
    assert {tuple(pair) for pair in np.argwhere(task1.y == 1).tolist()} == present
    assert set(np.unique(task1.y)) == {0, 1}
    from_background = np.zeros(len(task2), bool)
    from_background[task2.truth.sequence[task2.truth.motif >= 5]] = True
    assert not from_background[task2.y[:, 0] == 1].any()
    assert from_background[task2.y[:, 0] == 0].mean() > 0.99


def test_motifs_and_strands_are_used_equally(task1, task2):
    motif = task1.truth.motif
    assert chi_square(np.bincount(motif), np.full(12, len(motif) / 12)) < 5
    negative = task2.y[task2.truth.sequence, 0] == 0
    drawn = np.bincount(task2.truth.motif[negative], minlength=55)
    assert chi_square(drawn, np.full(55, drawn.sum() / 55)) < 5
    for dataset in (task1, task2):
        strand = dataset.truth.strand
        assert abs(strand.mean()) < 4 / np.sqrt(len(strand))
        for one in range(3):
            ours = strand[dataset.truth.motif == one]
            assert abs(ours.mean()) < 4 / np.sqrt(len(ours))


def test_bases_inside_sites_follow_the_matrix_on_both_strands(task1):
    truth = task1.truth
    for index, motif in enumerate(truth.motifs):
        for strand in (1, -1):
            sites = (truth.motif == index) & (truth.strand == strand)
            window = truth.start[sites][:, None] + np.arange(motif.width)
            bases = task1.codes[truth.sequence[sites][:, None], window]  # n_sites, width
            observed = np.stack([(bases == base).mean(0) for base in range(4)])
            pwm = motif.pwm if strand == 1 else motif.reverse_complement().pwm
            tolerance = 4.5 * np.sqrt(pwm * (1 - pwm) / sites.sum())
            assert (np.abs(observed - pwm) <= tolerance).all(), motif


def test_bases_outside_of_sites_are_uniform(task1):
    outside = task1.codes[(task1.truth.matrix() == 0.25).all(axis=1)]
    assert chi_square(np.bincount(outside, minlength=4), np.full(4, len(outside) / 4)) < 5


def test_first_gap_has_the_distribution_of_rounded_shares():
    motif = Motif("m", "m", np.full((4, 10), 0.25))
    dataset = multi_motif(20_000, motifs=[motif], motif_counts={1: 1.0}, length=30, split=(1, 0, 0))
    start = dataset.truth.start
    # One motif leaves two gaps with shares u / (u + v): P(share < x) = x / (2 (1 - x)) for x <= 1/2, symmetric.
    edges = np.concatenate([[0], (np.arange(20) + 0.5) / 20, [1]])
    below = np.where(
        edges <= 0.5, edges / (2 * np.maximum(1 - edges, 0.5)), 1 - (1 - edges) / (2 * np.maximum(edges, 0.5))
    )
    expected = np.diff(below) * len(start)
    assert start.min() == 0
    assert start.max() == 20
    assert chi_square(np.bincount(start, minlength=21), expected) < 5


def test_every_gap_has_the_same_mean():
    motif = Motif("m", "m", np.full((4, 4), 0.25))
    truth = multi_motif(4000, motifs=[motif], motif_counts={3: 1.0}, length=52).truth
    start = truth.start.reshape(-1, 3)
    gaps = np.diff(np.concatenate([np.full((4000, 1), -4), start, np.full((4000, 1), 52)], axis=1)) - 4
    assert (gaps >= 0).all()
    assert (gaps.sum(1) == 40).all()
    np.testing.assert_allclose(gaps.mean(0), 10, atol=4 * gaps.std() / np.sqrt(4000))


def gaps_of(truth, n_motifs):
    """Free positions before, between and after the motifs of sequences that have equally many."""
    ends = truth.start + np.array([motif.width for motif in truth.motifs])[truth.motif]
    start, ends = truth.start.reshape(-1, n_motifs), ends.reshape(-1, n_motifs)
    outer = np.zeros((len(start), 1), dtype=int)
    return np.hstack([start, outer + truth.length]) - np.hstack([outer, ends])


def test_many_motifs_in_little_room_are_placed_exactly():
    truth = multi_motif(2000, motif_counts={15: 1.0}).truth
    gaps = gaps_of(truth, 15)
    widths = np.array([motif.width for motif in truth.motifs])[truth.motif].reshape(-1, 15)
    assert (gaps >= 0).all()
    np.testing.assert_array_equal(gaps.sum(1), 200 - widths.sum(1))


def test_one_free_position_goes_to_every_gap_equally():
    motif = Motif("m", "m", np.full((4, 10), 0.25))
    gaps = gaps_of(multi_motif(2600, motifs=[motif], motif_counts={12: 1.0}, length=121).truth, 12)
    assert (gaps >= 0).all()
    assert (gaps.sum(1) == 1).all()
    assert chi_square(gaps.sum(0), np.full(13, 200)) < 5


def test_motifs_may_fill_the_sequence():
    motif = Motif("m", "m", np.eye(4))
    dataset = multi_motif(5, motifs=[motif], motif_counts={3: 1.0}, length=12)
    assert dataset.truth.start.reshape(5, 3).tolist() == [[0, 4, 8]] * 5
    assert dataset.codes.tolist() == [[0, 1, 2, 3] * 3] * 5  # ACGT is its own reverse complement


def test_crowded_draws_are_drawn_again_and_keep_their_number():
    wide, narrow = Motif("w", "w", np.full((4, 30), 0.25)), Motif("n", "n", np.full((4, 10), 0.25))
    truth = multi_motif(300, motifs=[wide, narrow], motif_counts={2: 1.0}, length=50).truth
    pairs = truth.motif.reshape(300, 2)
    assert not (pairs == 0).all(1).any()
    assert (pairs == 0).any()


@pytest.mark.parametrize("simulate", [multi_motif, billboard])
def test_same_seed_same_data(simulate):
    one, same, other = simulate(300, seed=4), simulate(300, seed=4), simulate(300, seed=5)
    for left, right in ((one.codes, same.codes), (one.y, same.y), (one.split_codes, same.split_codes)):
        np.testing.assert_array_equal(left, right)
    for left, right in zip(one.truth.table(), same.truth.table(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(one.codes, other.codes)
    resplit = simulate(300, seed=4, split=(0.5, 0.25, 0.25))
    np.testing.assert_array_equal(resplit.codes, one.codes)
    assert [len(part) for part in (resplit.train, resplit.valid, resplit.test)] == [150, 75, 75]


def test_own_motifs_by_object_and_id():
    own = Motif("own", "Arnt", np.eye(4))
    dataset = multi_motif(50, motifs=["MA0004.1", own, "MA0006.1"], length=60, motif_counts={2: 1.0})
    assert dataset.label_names == ("Arnt (MA0004.1)", "Arnt (own)", "Ahr::Arnt")
    assert dataset.length == 60
    assert dataset.metadata["motifs"] == ["MA0004.1", "own", "MA0006.1"]
    assert (dataset.y.sum(1) <= 2).all()


def test_filter_drops_the_motifs_like_max_and_keeps_four_look_alikes():
    vertebrates = load_motifs("JASPAR2016-vertebrates")
    core = select_motifs(vertebrates, TASK2_CORE)
    kept, dropped = split_background(select_motifs(vertebrates, task2_background()), core)
    assert {m.name for m in dropped} == {"Arnt", "MLXIPL", "HEY1", "BHLHE40", "Tcfl5", "NEUROD2", "Atoh1"}
    assert len(kept) == 43
    kept, _ = split_background([m for m in vertebrates if m.name in LOOK_ALIKES], core)
    assert {m.name for m in kept} == {"ZIC3", "PLAG1", "NFIC", "E2F6"}


def test_filter_is_on_for_own_motifs_only():
    assert billboard(10).metadata["dropped_background"] == []
    assert len(billboard(10).truth.motifs) == 55
    own = billboard(10, background=["MA0004.1", "MA0002.2", "MA0037.2"])
    assert own.metadata["dropped_background"] == ["MA0004.1"]
    assert own.metadata["background"] == ["MA0002.2", "MA0037.2"]
    assert [m.id for m in own.truth.motifs] == [*TASK2_CORE, "MA0002.2", "MA0037.2"]
    assert len(billboard(10, filter_background=True).truth.motifs) == 48
    assert len(billboard(10, background=["MA0004.1"], filter_background=False).truth.motifs) == 6


@pytest.mark.parametrize("simulate", [multi_motif, billboard])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_sequences": 0}, "n_sequences must be at least 1, got 0"),
        ({"length": 15}, r"\d motifs of at least \d+ positions do not fit into length 15"),
        ({"motif_counts": {1: 0.5, 2: 0.4}}, r"sum to 1, got \{1: 0.5, 2: 0.4\} \(sum 0.9\)"),
        ({"motif_counts": {1: 1.5, 2: -0.5}}, "sum to 1"),
        ({"motif_counts": {1: float("nan")}}, "sum to 1"),
        ({"motif_counts": {}}, "sum to 1"),
        ({"motif_counts": {0: 0.5, 1: 0.5}}, "numbers of motifs of 1 or more in motif_counts, got 0"),
        ({"motif_counts": {1.5: 1.0}}, "got 1.5"),
        ({"split": (0.5, 0.4, 0.2)}, "three shares of train, valid, test"),
    ],
)
def test_impossible_requests(simulate, change, message):
    with pytest.raises(ValueError, match=message):
        simulate(**{"n_sequences": 20, **change})


@pytest.mark.parametrize(
    ("motifs", "message"),
    [
        (["MA0079.9"], r"no motif with id 'MA0079.9' among 519; close: .*MA0079.3"),
        ("MA0079.3", "sequence of motifs or ids, got the string"),
        ([], "at least one motif"),
    ],
)
def test_unknown_motifs(motifs, message):
    with pytest.raises(ValueError, match=message):
        multi_motif(20, motifs=motifs)
    with pytest.raises(ValueError, match=message):
        billboard(20, background=motifs)


def test_motifs_that_hardly_ever_fit():
    wide = [Motif(f"w{i}", "w", np.full((4, 40), 0.25)) for i in range(30)]
    with pytest.raises(ValueError, match="had no room for 5 or more motifs in 1000 draws"):
        multi_motif(3, motifs=[Motif("n", "n", np.full((4, 2), 0.25)), *wide], motif_counts={5: 1.0}, length=39)


def test_a_background_that_is_all_core():
    with pytest.raises(ValueError, match="all 5 background motifs look like a core motif"):
        billboard(20, background=TASK2_CORE)
