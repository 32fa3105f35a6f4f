"""Missing labels in what is counted and learned without a network: as if their sequences were not there."""

import numpy as np
import pytest
from command_line import run

from motiflens.basics.inputs import as_sequences
from motiflens.data.baselines import gc_scores, kmer_model
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import read_fasta, read_hdf5
from motiflens.data.negatives import add_shuffled
from motiflens.data.summary import summary

RNG = np.random.default_rng(0)
N = 300
CODES = RNG.integers(0, 4, (N, 40), dtype=np.uint8)
CODES[:, :10] = np.where(np.arange(N)[:, None] % 2, CODES[:, :10], 2)
SPLIT = np.array((["train"] * 4 + ["valid"] + ["test"]) * (N // 6))
MISSING = RNG.random((N, 2)) < 0.3
CLASSES = np.where(MISSING, np.nan, (np.arange(N) % 2)[:, None] ^ (RNG.random((N, 2)) < 0.2))
VALUES = np.where(MISSING, np.nan, CODES[:, :10].mean(1, keepdims=True) + RNG.normal(size=(N, 2)))


def dataset(y, rows=slice(None)):
    return SequenceDataset.from_arrays(CODES[rows], y[rows], split=SPLIT[rows], label_names=["a", "b"][: y.shape[1]])


def label(y, t):
    """The same data with one label, and only the sequences that have it."""
    return dataset(y[:, [t]], ~MISSING[:, t])


@pytest.mark.parametrize("y", [CLASSES, VALUES], ids=["classes", "values"])
def test_baselines_learn_from_the_labels_that_are_there(y):
    data = dataset(y)
    gc, words = gc_scores(data), kmer_model(data, k=2, penalties=[1e-7])
    for t in range(2):
        alone, there = label(y, t), ~MISSING[:, t]
        assert np.corrcoef(gc[there, t], gc_scores(alone)[:, 0])[0, 1] == pytest.approx(1)
        # Frequencies are standardised by all training sequences, so that only without a penalty are both fits the same.
        expected = kmer_model(alone, k=2, penalties=[1e-7]).scores[:, 0]
        np.testing.assert_allclose(words.scores[there, t], expected, atol=1e-3)


def test_a_label_that_no_sequence_of_a_split_has():
    y = CLASSES.copy()
    y[SPLIT == "valid", 1] = np.nan
    assert kmer_model(dataset(y), k=2).penalties[1] == 10
    y[SPLIT == "train", 1] = np.nan
    assert not kmer_model(dataset(y), k=2).scores[:, 1].any()


@pytest.mark.parametrize("y", [CLASSES, VALUES], ids=["classes", "values"])
def test_the_summary_counts_labels_that_are_there(y):
    found = summary(dataset(y))
    for t, of_label in enumerate(found.labels):
        alone = summary(label(y, t)).labels[0]
        assert of_label.n_missing == MISSING[:, t].sum()
        for name in ("kind", "positives", "negatives", "mean", "standard_deviation", "minimum", "maximum"):
            assert getattr(of_label, name) == getattr(alone, name), name
        for name in ("gc_positives", "gc_negatives", "gc_auroc", "gc_correlation"):
            assert getattr(of_label, name) == (getattr(alone, name) and pytest.approx(getattr(alone, name))), name
        assert f"; missing {of_label.n_missing}" in found.text()
    assert f"labels missing: {MISSING.sum()} of {2 * N}" in str(dataset(y))


def test_a_label_that_is_missing_throughout():
    found = summary(dataset(np.column_stack([CLASSES[:, 0], np.full(N, np.nan)])))
    assert found.labels[1].kind == "missing"
    assert "b: missing in all sequences" in found.text()
    assert "Label 'b' is missing in all sequences: there is nothing to learn." in found.warnings


def test_rows_that_name_an_odd_value_are_those_of_all_sequences():
    y = CLASSES[:, [0]].copy()
    y[[5, 17], 0], y[[4, 16], 0] = -1, np.nan
    found = summary(dataset(y)).labels[0]
    assert (found.odd_value, found.n_odd, found.odd_rows) == (-1, 2, (5, 17))


def test_missing_labels_are_of_no_class():
    given = as_sequences(dataset(CLASSES))
    test = np.flatnonzero(SPLIT == "test")
    np.testing.assert_array_equal(given.rows_of_class(0, positive=True), test[CLASSES[test, 0] == 1])
    np.testing.assert_array_equal(given.rows_of_class(0, positive=False), test[CLASSES[test, 0] == 0])
    rows = as_sequences(dataset(VALUES)).rows_of_class(1, positive=True)
    known = test[~np.isnan(VALUES[test, 1])]
    np.testing.assert_array_equal(rows, np.sort(known[np.argsort(-VALUES[known, 1])[: len(known) // 4]]))
    y = np.full((4, 1), np.nan)
    y[0], y[1] = 1, 0
    assert add_shuffled(SequenceDataset.from_arrays(CODES[:4], y), ratio=1, seed=0).n_outputs == 1
    assert len(add_shuffled(SequenceDataset.from_arrays(CODES[:4], y), ratio=1, seed=0)) == 5


def test_fasta_with_missing_labels(tmp_path):
    (tmp_path / "a.fa").write_text(">a\nACGTA\n>b\nGGGTA\n>c\nTTTTA\n")
    (tmp_path / "a.tsv").write_text("name\tK562\tHepG2\na\t1\tNA\nb\t\t0\nc\t0\t1\n")
    found = read_fasta(tmp_path / "a.fa", labels=tmp_path / "a.tsv")
    np.testing.assert_array_equal(found.y, [[1, np.nan], [np.nan, 0], [0, 1]])
    shown = run(
        "data", "fasta", tmp_path / "a.fa", "--labels", tmp_path / "a.tsv", "-o", tmp_path / "a.h5"
    ).output  # fmt: skip
    assert "count in no loss or score for it: K562 1, HepG2 1" in shown
    assert read_hdf5(tmp_path / "a.h5", drop_missing=True).y.tolist() == [[0, 1]]


def test_contradictions_within_and_across_splits():
    """Counted one by one: the same sequence or its reverse complement, missing labels contradict none."""
    codes = np.random.default_rng(1).integers(0, 4, (10, 200), dtype=np.uint8)
    codes[1] = codes[0]  # within train: 1 against 0
    codes[3] = 3 - codes[2][::-1]  # train against test: 1 against 0
    codes[5] = codes[4]  # the same label
    codes[7] = codes[6]  # one of them is missing
    near = codes[8].copy()
    near[50:52] = (near[50:52] + 1) % 4
    codes[9] = near  # near twins: valid against train
    y = np.array([1, 0, 1, 0, 1, 1, 1, np.nan, 0, 1])
    split = ["train", "train", "train", "test", "train", "train", "train", "train", "train", "valid"]
    found = summary(SequenceDataset.from_arrays(codes, y, split=split))
    assert found.n_contradicting == 4
    assert found.contradictions == {"within": 2, "across": 1, "near_within": 2, "near_across": 2}
    assert (
        "contradicting labels of the same or nearly the same sequence: within splits 2, across splits 2" in found.text()
    )
    assert any(one.startswith("4 sequences are there more than once with different labels") for one in found.warnings)
    assert any("2 of valid and test in an earlier split" in one for one in found.warnings)
    real = summary(SequenceDataset.from_arrays(codes, y + np.arange(10) / 10, split=split)).contradictions
    assert real == {"within": 4, "across": 1, "near_within": 4, "near_across": 1}


def test_contradictions_of_each_label_by_itself():
    """By brute force over pairs: the same sequence, its reverse complement, or a near twin, with another label."""
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, (60, 80)).astype(np.uint8)
    codes[20:30] = codes[:10]
    codes[30:36] = 3 - codes[:6, ::-1]
    codes[40:46] = codes[:6]
    codes[40:46, 37] = (codes[40:46, 37] + 1) % 4
    y = rng.integers(0, 2, (60, 3)).astype(np.float32)
    y[rng.random(y.shape) < 0.2] = np.nan
    data = SequenceDataset.from_arrays(codes, y, split=np.repeat(["train", "valid", "test"], 20))
    found = summary(data)
    for t, label in enumerate(found.labels):
        forward, backward = codes, 3 - codes[:, ::-1]
        n_apart = np.minimum(
            (forward[:, None] != forward[None]).sum(2), (forward[:, None] != backward[None]).sum(2)
        )  # 60, 60
        differ = np.abs(y[:, None, t] - y[None, :, t]) == 1
        assert label.n_contradicting == int(((n_apart <= 1) & differ).any(axis=1).sum())
        known = ~np.isnan(y[:, t])
        assert dict(label.n_by_split) == {s: int(known[data.split == s].sum()) for s in ("train", "valid", "test")}
    assert len({label.n_contradicting for label in found.labels}) > 1
