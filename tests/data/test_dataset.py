"""Datasets: what is kept, views that stay aligned, splits, one error each."""

import numpy as np
import pytest
import torch

from motiflens.basics.sequence import encode, one_hot
from motiflens.data.dataset import SequenceDataset, concatenate
from motiflens.data.splits import SPLITS, random_split
from motiflens.motifs.truth import MatrixTruth

CODES = encode(["ACGTA", "CCCCC", "GTNNA", "TTTTT"])
Y = np.array([[0, 1], [1, 1], [0, 0], [1, 0]], dtype=np.float32)
SPLIT = ["train", "test", "train", "valid"]
TRUTH = MatrixTruth(np.random.default_rng(0).dirichlet(np.ones(4), (4, 5)).transpose(0, 2, 1))


def dataset(**change) -> SequenceDataset:
    arguments = {"codes": CODES, "y": Y, "label_names": ("a", "b"), "split_codes": np.array([0, 2, 0, 1], np.uint8)}
    return SequenceDataset(**(arguments | change))


def test_from_arrays_accepts_codes_and_one_hot_of_any_type():
    for sequences in (CODES, CODES.astype(float), one_hot(CODES), one_hot(CODES).numpy().astype(bool)):
        made = SequenceDataset.from_arrays(sequences, Y.astype(int), split=SPLIT, label_names=["a", "b"])
        np.testing.assert_array_equal(made.codes, CODES)
        np.testing.assert_array_equal(made.y, Y)
        assert made.codes.dtype == np.uint8
        assert made.y.dtype == np.float32
        assert made.split.tolist() == SPLIT
        assert made.label_names == ("a", "b")


def test_from_arrays_defaults():
    made = SequenceDataset.from_arrays(CODES, [0, 1, 1, 0])
    assert made.y.shape == (4, 1)
    assert made.label_names == ("label_0",)
    assert set(made.split) == {"train"}
    assert made.truth is None
    assert dict(made.metadata) == {}
    assert SequenceDataset.from_arrays(CODES, [0, 1, 1, 0], label_names="bound", split="test").label_names == ("bound",)


def test_views_keep_everything_aligned():
    whole = dataset(truth=TRUTH, metadata={"source": "here"})
    assert [len(part) for part in (whole.train, whole.valid, whole.test)] == [2, 1, 1]
    for name, rows in (("train", [0, 2]), ("valid", [3]), ("test", [1])):
        part = getattr(whole, name)
        np.testing.assert_array_equal(part.codes, CODES[rows])
        np.testing.assert_array_equal(part.y, Y[rows])
        np.testing.assert_array_equal(part.truth.matrix(), TRUTH.matrix(rows))
        assert set(part.split) == {name}
        assert part.metadata == {"source": "here"}
    assert whole.subset([3, 0]).split.tolist() == ["valid", "train"]
    with pytest.raises(ValueError, match="rows below 4"):
        whole.subset([4])


def test_sizes_and_one_hot():
    whole = dataset()
    assert (len(whole), whole.length, whole.n_outputs) == (4, 5, 2)
    assert whole.X.dtype == torch.float32
    assert whole.X.shape == (4, 4, 5)
    np.testing.assert_array_equal(whole.X[0].argmax(0), CODES[0])
    assert whole.X[2, :, 2:4].sum() == 0  # unknown bases


def test_empty_view_is_a_dataset():
    part = dataset().train.test
    assert (len(part), part.length, part.n_outputs) == (0, 5, 2)


def test_names_follow_their_sequences():
    named = SequenceDataset.from_arrays(CODES, Y, split=SPLIT, names=["p", "q", "r", "s"])
    assert named.train.names.tolist() == ["p", "r"]
    assert named.subset([3, 0]).names.tolist() == ["s", "p"]
    assert dataset().train.names is None


def test_concatenate_joins_in_order():
    named = SequenceDataset.from_arrays(CODES, Y, split=SPLIT, names=["p", "q", "r", "s"], metadata={"a": 1})
    other = SequenceDataset.from_arrays(CODES[:1], Y[:1], split="test", metadata={"b": 2})
    joined = concatenate([named, other])
    np.testing.assert_array_equal(joined.codes, CODES[[0, 1, 2, 3, 0]])
    np.testing.assert_array_equal(joined.y, Y[[0, 1, 2, 3, 0]])
    assert joined.split.tolist() == [*SPLIT, "test"]
    assert joined.names.tolist() == ["p", "q", "r", "s", ""]
    assert joined.metadata == {"a": 1}
    assert concatenate([other, other]).names is None


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "at least one dataset, got none"),
        (
            [dataset(), dataset(label_names=("a", "c"))],
            r"expected sequences of 5 bp with labels \('a', 'b'\), got 5 bp",
        ),
        ([dataset(), SequenceDataset.from_arrays(CODES[:, 1:], Y, label_names=("a", "b"))], "got 4 bp"),
        ([dataset(), dataset(truth=TRUTH)], "without ground truth"),
    ],
)
def test_concatenate_errors(parts, message):
    with pytest.raises(ValueError, match=message):
        concatenate(parts)


def test_repr_says_what_is_inside():
    first, *rest = repr(dataset()).splitlines()
    assert first == "SequenceDataset(4 sequences of 5 bp; train 2, valid 1, test 1; 2 labels: a, b; truth: None)"
    assert [line.split() for line in rest[:5]] == [
        ["train", "valid", "test"],
        ["sequences", "2", "1", "1"],
        ["GC", "36.7%", "0.0%", "100.0%"],
        ["a", "0", "positive", "1", "positive", "1", "positive"],
        ["b", "1", "positive", "0", "positive", "1", "positive"],
    ]
    assert "  unknown bases: 10.00%" in rest


def test_a_data_frame_has_a_row_per_sequence():
    frame = dataset(names=np.array(["w", "x", "y", "z"], dtype=object)).to_dataframe()
    assert frame.columns.tolist() == ["name", "split", "sequence", "a", "b"]
    assert frame.loc[2].tolist() == ["y", "train", "GTNNA", 0, 0]


def test_repr_of_real_labels_and_of_what_is_missing():
    text = repr(dataset(y=Y * 0.5, split_codes=np.zeros(4, np.uint8)))
    assert "0.25 ± 0.25" in text
    assert "no sequences in valid, test" in text
    assert "the true motif positions are not known" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codes": CODES.astype(int)}, r"uint8 array of shape \(N, L\), got int64 \(4, 5\)"),
        ({"codes": CODES[0]}, r"got uint8 \(5,\)"),
        ({"codes": CODES.tolist()}, "got list"),
        ({"codes": CODES + np.uint8(1)}, "codes must be 0 to 4, got 5"),
        ({"y": Y.astype(float)}, r"float32 array of shape \(N, n_outputs\), got float64"),
        ({"y": Y[:, 0]}, r"got float32 \(4,\)"),
        ({"y": Y[:3]}, "one row of y for each of 4 sequences, got 3"),
        (
            {"y": np.where(Y == 0, np.float32(np.inf), Y)},
            "y must be finite, .*, got infinity in row 0",
        ),
        ({"label_names": ("a",)}, "expected 2 label names"),
        ({"label_names": "ab"}, "expected 2 label names, got 'ab'"),
        ({"split_codes": np.zeros(3, np.uint8)}, "split code for each of 4 sequences"),
        ({"split_codes": np.array(SPLIT)}, "uint8 split code .* see from_arrays"),
        ({"split_codes": np.array([0, 1, 2, 3], np.uint8)}, "split codes must be 0 to 2 .* got 3"),
        ({"truth": TRUTH.subset([0])}, "truth of 4 sequences of length 5, got 1 of 5"),
        ({"truth": MatrixTruth(np.full((4, 4, 6), 0.25))}, "got 4 of 6"),
        ({"names": ["a"] * 4}, r"name for each of 4 sequences as an object array, got list \(4,\); see from_arrays"),
        ({"names": np.array(["a"] * 3, dtype=object)}, r"got object \(3,\)"),
        ({"names": np.array(["a", "b", "c", 4], dtype=object)}, "names must be text"),
    ],
)
def test_constructor_errors(change, message):
    with pytest.raises(ValueError, match=message):
        dataset(**change)


@pytest.mark.parametrize(
    ("sequences", "change", "message"),
    [
        (CODES[0], {}, r"codes \(N, L\) or one-hot \(N, 4, L\), got shape \(5,\)"),
        (CODES + 0.5, {}, "expected codes 0 to 4, got 0.5"),
        (CODES.astype(int) - 1, {}, "expected codes 0 to 4, got -1"),
        (one_hot(CODES).transpose(1, 2), {}, "transpose it"),
        (CODES, {"split": ["train", "test", "dev", "dev"]}, r"train, valid, test, got \['dev'\]"),
        (CODES, {"split": ["train"]}, "each of 4 sequences"),
    ],
)
def test_from_arrays_errors(sequences, change, message):
    with pytest.raises(ValueError, match=message):
        SequenceDataset.from_arrays(sequences, Y, **change)


@pytest.mark.parametrize(
    ("n", "sizes"), [(30_000, [21_000, 3000, 6000]), (20_000, [14_000, 2000, 4000]), (11, [8, 1, 2])]
)
def test_random_split_has_the_sizes_of_the_shares(n, sizes):
    codes = random_split(n, seed=3)
    assert np.bincount(codes, minlength=len(SPLITS)).tolist() == sizes
    np.testing.assert_array_equal(codes, random_split(n, seed=3))
    assert not np.array_equal(codes, np.sort(codes))


def test_random_split_depends_on_the_seed_and_takes_empty_parts():
    assert not np.array_equal(random_split(1000, seed=0), random_split(1000, seed=1))
    assert random_split(10, (1, 0, 0)).tolist() == [0] * 10


@pytest.mark.parametrize("fractions", [(0.7, 0.3), (0.7, 0.2, 0.2), (1.2, -0.2, 0), (np.nan, 0, 1)])
def test_random_split_errors(fractions):
    with pytest.raises(ValueError, match="three shares of train, valid, test that sum to 1"):
        random_split(10, fractions)


def test_a_label_is_asked_for_by_name_by_number_or_as_the_first():
    codes = np.zeros((3, 5), dtype=np.uint8)
    several = SequenceDataset.from_arrays(codes, np.eye(3), label_names=("a", "b", "7"))
    assert [several.label_of(target) for target in (None, 1, "b", "7")] == [0, 1, 1, 2]
    for wrong in (3, -1, "c"):
        with pytest.raises(ValueError, match=r"target must be in 0 \.\.\. 2|there is no label 'c'"):
            several.label_of(wrong)
    single = SequenceDataset.from_arrays(codes, np.ones(3))
    assert [single.label_of(target) for target in (None, 0, 5)] == [0, 0, 0]  # it serves any output of a network


def test_labels_are_classes_if_all_are_0_or_1():
    codes = np.zeros((3, 5), dtype=np.uint8)
    assert SequenceDataset.from_arrays(codes, [0, 1, 1]).is_binary
    assert not SequenceDataset.from_arrays(codes, [0, 1, 2]).is_binary
    assert not SequenceDataset.from_arrays(codes, [[0, 0.5], [1, 0], [1, 1]]).is_binary


def test_parts_are_taken_by_brackets():
    data = dataset()
    assert data[1:3].codes.tolist() == CODES[1:3].tolist()
    assert data[np.array([True, False, False, True])].y.tolist() == Y[[0, 3]].tolist()
    assert data[-1].codes.tolist() == [CODES[3].tolist()]
    assert [len(one) for one in data] == [1, 1, 1, 1]
    with pytest.raises(IndexError, match=r"0 \.\.\. 3, got 4"):
        data[4]
