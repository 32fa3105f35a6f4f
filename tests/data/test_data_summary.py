"""The summary: counts against counting by hand, one data set for each warning."""

import json
import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from motiflens.basics.sequence import decode, encode, gc_content, reverse_complement
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import read_hdf5, write_hdf5
from motiflens.data.summary import summary
from motiflens.motifs.truth import MatrixTruth


def random_data(n=4000, length=40, seed=0, **options):
    """Nothing to warn of, but that names say nothing."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length), dtype=np.uint8)
    split = rng.permutation(np.repeat(["train", "valid", "test"], [n // 2, n // 4, n // 4]))
    return SequenceDataset.from_arrays(codes, **({"y": rng.integers(0, 2, n), "split": split} | options))


def named(data, names):
    return SequenceDataset.from_arrays(data.codes, data.y, split=data.split, names=names)


def warnings(data):
    return [warning for warning in summary(data).warnings if "Names do not say" not in warning]


def test_counts_by_hand():
    data = SequenceDataset.from_arrays(
        encode(["ACGT", "GGCC", "AANN", "TTTT"]),
        [[1, 2.5], [1, 0], [0, 0.5], [0, 1]],
        label_names=["bound", "level"],
        split=["train", "train", "valid", "train"],
    )
    found = summary(data)
    assert (found.n_sequences, found.length) == (4, 4)
    assert found.n_by_split == {"train": 3, "valid": 1, "test": 0}
    bound, level = found.labels
    assert (bound.kind, bound.positives, bound.negatives) == (
        "binary",
        {"train": 2, "valid": 0, "test": 0},
        {"train": 1, "valid": 1, "test": 0},
    )
    assert (bound.gc_positives, bound.gc_negatives, bound.gc_auroc) == (0.75, 0, 1)
    assert (bound.unknown_positives, bound.unknown_negatives) == (0, 0.25)
    assert (level.kind, level.positives, level.mean, level.minimum, level.maximum) == ("real", None, 1, 0, 2.5)
    assert level.gc_correlation == pytest.approx(np.corrcoef([2.5, 0, 0.5, 1], [0.5, 1, 0, 0])[0, 1])
    assert found.gc == pytest.approx(0.375)
    assert found.unknown == 2 / 16
    assert found.shared_chromosomes is None


def test_a_source_in_words_is_no_trouble(tmp_path):
    data = random_data(metadata={"source": "two repositories"})
    assert summary(data).text().startswith("4,000 sequences of 40 bp")
    data.y[0] = np.nan
    write_hdf5(data, tmp_path / "a.h5")
    assert read_hdf5(tmp_path / "a.h5").metadata["source"]["reader"] == "read_hdf5"


def test_what_is_made_for_machines_is_json_and_for_people_text():
    found = summary(random_data(metadata={"source": {"n_padded": 3, "dropped": {"a.bed": {"past_end": 2}}}}))
    assert json.loads(json.dumps(found.to_dict()))["labels"][0]["kind"] == "binary"
    text = found.text()
    assert text.startswith("4,000 sequences of 40 bp (train 2,000, valid 1,000, test 1,000)")
    assert "3 sequences were padded with unknown bases" in text
    assert "a.bed: 2 intervals dropped (the window reaches beyond the chromosome)" in text


def test_nothing_to_warn_of():
    assert warnings(random_data()) == []
    data = random_data()
    truth = MatrixTruth(np.full((len(data), 4, data.length), 0.25, dtype=np.float32))
    simulated = SequenceDataset.from_arrays(data.codes, data.y, split=data.split, truth=truth)
    assert summary(simulated).warnings == ()


def test_gc_auroc_is_that_of_scikit_learn_in_the_better_direction():
    data = random_data()
    gc = gc_content(data.codes)
    for y in (gc > np.median(gc), gc + np.random.default_rng(0).normal(0, 0.1, len(gc)) < 0.5):
        made = SequenceDataset.from_arrays(data.codes, y.astype(int), split=data.split)
        area = roc_auc_score(y, gc)
        assert summary(made).labels[0].gc_auroc == pytest.approx(max(area, 1 - area))
        assert any("GC content alone tells 'label_0' with AUROC" in warning for warning in warnings(made))


def test_duplicates_and_reverse_complements_across_splits():
    data = random_data()
    codes = data.codes.copy()
    train, valid, test = (np.flatnonzero(data.split == name) for name in ("train", "valid", "test"))
    codes[valid[0]] = codes[train[0]]
    codes[test[:2]] = reverse_complement(codes[train[1:3]])
    codes[train[4]] = codes[train[3]]  # within a split
    codes[test[3]] = codes[test[4]]
    y = data.y.copy()
    y[[valid[0], train[0]]] = 1
    y[[test[0], train[1]]] = 0
    y[test[1]], y[train[2]] = 1, 0  # contradict each other
    y[train[4]], y[test[3]] = y[train[3]], y[test[4]]
    found = summary(SequenceDataset.from_arrays(codes, y, split=data.split))
    assert (found.n_repeated, found.n_across_splits, found.n_contradicting) == (5, 3, 2)
    assert any(warning.startswith("3 sequences of valid and test are also") for warning in found.warnings)
    assert any(warning.startswith("2 sequences are there more than once") for warning in found.warnings)
    by_text = {min(pair) for pair in zip(decode(codes), decode(reverse_complement(codes)), strict=True)}
    assert found.n_repeated == len(codes) - len(by_text)


def test_palindromes_and_unknown_bases_are_themselves():
    data = SequenceDataset.from_arrays(encode(["ACGT", "ACGT", "NNNN", "ANNT", "AAAA", "TTTT"]), [0, 0, 1, 0, 1, 1])
    assert summary(data).n_repeated == 2


def test_places_that_splits_share():
    data = random_data(n=4)
    split = data.split
    order = [int(np.flatnonzero(split == "train")[0]), int(np.flatnonzero(split == "train")[1])]
    valid, test = int(np.flatnonzero(split == "valid")[0]), int(np.flatnonzero(split == "test")[0])
    names = np.empty(4, dtype=object)
    names[order] = ["chr1:100-140", "chr2:0-40"]
    names[valid], names[test] = "chr1:140-180", "chr2:39-79(-)"
    found = summary(named(data, names))
    assert (found.n_overlapping_across_splits, found.shared_chromosomes) == (1, ("chr2",))
    assert any(warning.startswith("1 windows of valid and test overlap") for warning in found.warnings)
    assert any("lie on the same chromosomes (chr2)" in warning for warning in found.warnings)
    names[test] = "chr3:0-40"
    found = summary(named(data, names))
    assert (found.n_overlapping_across_splits, found.shared_chromosomes) == (0, ())
    assert summary(named(data, ["a", "b", "c", "d"])).shared_chromosomes is None


def test_overlaps_equal_a_comparison_of_all_pairs():
    rng = np.random.default_rng(2)
    data = random_data(n=60)
    start = rng.integers(0, 2000, 60)
    contig = rng.integers(1, 3, 60)
    found = summary(named(data, [f"chr{c}:{s}-{s + 40}" for c, s in zip(contig, start, strict=True)]))
    order = data.split_codes
    expected = sum(
        any(order[j] < order[i] and contig[i] == contig[j] and abs(start[i] - start[j]) < 40 for j in range(60))
        for i in range(60)
    )
    assert 0 < found.n_overlapping_across_splits == expected


def padded(data):
    codes = data.codes.copy()
    codes[data.y[:, 0] == 0, :4] = 4
    return SequenceDataset.from_arrays(codes, data.y, split=data.split)


DATA = random_data()
GC = gc_content(DATA.codes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (random_data(split="train"), "No sequence in valid: training cannot be stopped"),
        (random_data(split="train"), "No sequence in test"),
        (random_data(split="test"), "No sequence in train: nothing to train on"),
        (random_data(y=np.ones(4000)), "is 1 for all sequences: there is nothing to learn. Add negatives"),
        (random_data(y=np.zeros(4000)), "is 0 for all sequences: there is nothing to learn."),
        (random_data(n=400), "Label 'label_0' has 105 positives in train: below 500"),
        (random_data(y=np.arange(4000) < 60), "Only 1.5% of the sequences are positive"),
        (random_data(y=(DATA.split != "test") & (DATA.y[:, 0] == 1)), "has 0 positives in test"),
        (random_data(y=(DATA.split == "test") | (DATA.y[:, 0] == 1)), "has no negatives in test"),
        (random_data(y=GC + 1), r"correlate with GC content \(r = 1.00\)"),
        (padded(DATA), r"Negatives of 'label_0' have more unknown bases .*\(0.0% of positives, 10.0% of negatives\)"),
        (random_data(metadata={"negatives": [{"n_missing": 7}]}), "7 GC-matched negatives were not found"),
        (random_data(), "Names do not say where sequences lie"),
    ],
)
def test_each_warning(data, message):
    assert any(re.search(message, warning) for warning in summary(data).warnings), summary(data).warnings


def test_nothing_but_unknown_bases():
    data = SequenceDataset.from_arrays(np.full((3, 5), 4), [0, 1, 1])
    assert np.isnan(summary(data).gc)
    assert summary(data).labels[0].gc_auroc is None


def test_no_sequence():
    with pytest.raises(ValueError, match="at least one sequence"):
        summary(DATA.subset([]))
