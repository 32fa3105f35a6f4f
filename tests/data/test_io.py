import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import read_hdf5, write_hdf5
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import MatrixTruth, SiteTruth

SPLIT_SIZES = {"train": 6, "valid": 2, "test": 4}


def one_hot(codes):
    return np.eye(5)[codes][..., :4].transpose(0, 2, 1)  # N, 4, L


def arrays(length=11, n_outputs=2, seed=0):
    rng = np.random.default_rng(seed)
    return {
        split: (rng.integers(0, 5, (n, length)), rng.integers(0, 2, (n, n_outputs))) for split, n in SPLIT_SIZES.items()
    }


def write_file(path, data, *, X=lambda codes: one_hot(codes), y=lambda y: y, name=lambda key: key):
    with h5py.File(path, "w") as file:
        for split, (codes, labels) in data.items():
            file[name(f"X_{split}")] = X(codes)
            file[name(f"Y_{split}")] = y(labels)
    return path


def dataset_with(truth=None, seed=0, **options):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 5, (12, 30), dtype=np.uint8)
    split = rng.permutation(np.repeat(list(SPLIT_SIZES), list(SPLIT_SIZES.values())))
    y = rng.standard_normal((12, 2))
    return SequenceDataset.from_arrays(codes, y, split=split, truth=truth, **options)


def site_truth(seed=0):
    rng = np.random.default_rng(seed)
    motifs = [Motif(f"M{w}.1", f"Mótif {w}", rng.dirichlet(np.ones(4), size=w).T, n_sites=w) for w in (5, 1, 9)]
    sequence = np.array([0, 0, 3, 4, 11])
    motif, strand = np.array([0, 2, 1, 2, 0]), np.array([1, -1, 1, -1, 1])
    return SiteTruth(sequence, motif, strand, np.array([2, 12, 0, 21, 25]), motifs, 12, 30)


def assert_same(a, b):
    np.testing.assert_array_equal(a.codes, b.codes)
    np.testing.assert_array_equal(a.y, b.y)
    np.testing.assert_array_equal(a.split, b.split)
    assert a.label_names == b.label_names
    assert dict(a.metadata) == dict(b.metadata)


def test_names_come_back(tmp_path):
    names = [f"chr{i}:0-30(+) é" for i in range(12)]
    write_hdf5(dataset_with(names=names), tmp_path / "data.h5")
    assert read_hdf5(tmp_path / "data.h5").names.tolist() == names
    write_hdf5(dataset_with(), tmp_path / "data.h5")
    assert read_hdf5(tmp_path / "data.h5").names is None


def test_round_trip_with_sites_is_exact(tmp_path):
    dataset = dataset_with(site_truth(), label_names=("α", "b c"), metadata={"seed": 3, "k": [1, 2.5, None]})
    write_hdf5(dataset, tmp_path / "data.h5")
    back = read_hdf5(tmp_path / "data.h5")
    assert_same(back, dataset)
    assert isinstance(back.truth, SiteTruth)
    for got, expected in zip(back.truth.table(), dataset.truth.table(), strict=True):
        np.testing.assert_array_equal(got, expected)
    for got, expected in zip(back.truth.motifs, dataset.truth.motifs, strict=True):
        assert (got.id, got.name, got.n_sites) == (expected.id, expected.name, expected.n_sites)
        np.testing.assert_array_equal(got.pwm, expected.pwm)
    assert os.listdir(tmp_path) == ["data.h5"]


def test_round_trip_with_matrices_is_exact(tmp_path):
    probabilities = np.random.default_rng(1).dirichlet(np.ones(4), size=(12, 30)).transpose(0, 2, 1)
    dataset = dataset_with(MatrixTruth(probabilities))
    write_hdf5(dataset, tmp_path / "data.h5")
    back = read_hdf5(tmp_path / "data.h5")
    assert_same(back, dataset)
    assert isinstance(back.truth, MatrixTruth)
    np.testing.assert_array_equal(back.truth.matrix(), dataset.truth.matrix())


@pytest.mark.parametrize("split", ["train", "test"])
def test_round_trip_with_empty_splits_and_no_truth(tmp_path, split):
    dataset = SequenceDataset.from_arrays(np.zeros((3, 4), dtype=np.uint8), [0.0, 1.0, 0.5], split=split)
    write_hdf5(dataset, tmp_path / "data.h5")
    back = read_hdf5(tmp_path / "data.h5")
    assert_same(back, dataset)
    assert back.truth is None


def test_sites_without_motifs_and_long_sequences_round_trip(tmp_path):
    codes = np.random.default_rng(0).integers(0, 5, (3, 3_000_000), dtype=np.uint8)  # more than one block
    empty = np.zeros(0, dtype=int)
    truth = SiteTruth(empty, empty, empty, empty, [], 2, 30)
    write_hdf5(dataset_with(site_truth()).subset([0, 1]), tmp_path / "sites.h5")
    small = SequenceDataset.from_arrays(codes[:2, :30], [0.0, 1.0], truth=truth)
    write_hdf5(small, tmp_path / "empty.h5")
    assert len(read_hdf5(tmp_path / "empty.h5").truth.sequence) == 0
    write_hdf5(SequenceDataset.from_arrays(codes, [0.0, 1.0, 1.0]), tmp_path / "long.h5")
    np.testing.assert_array_equal(read_hdf5(tmp_path / "long.h5").codes, codes)


def test_other_tools_find_plain_arrays(tmp_path):
    dataset = dataset_with(site_truth())
    write_hdf5(dataset, tmp_path / "data.h5")
    with h5py.File(tmp_path / "data.h5") as file:
        for split, part in (("train", dataset.train), ("valid", dataset.valid), ("test", dataset.test)):
            assert file[f"X_{split}"].dtype == np.uint8
            assert file[f"X_{split}"].compression == "gzip"
            np.testing.assert_array_equal(file[f"X_{split}"][...], one_hot(part.codes))
            np.testing.assert_array_equal(file[f"Y_{split}"][...], part.y)
            np.testing.assert_array_equal(file[f"model_{split}"][...], part.truth.matrix())


def test_writing_replaces_a_file_only_when_it_succeeds(tmp_path):
    path = tmp_path / "data.h5"
    write_hdf5(dataset_with(), path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_hdf5(dataset_with(metadata={"no json": object()}), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["data.h5"]
    write_hdf5(dataset_with(seed=1), path)
    assert_same(read_hdf5(path), dataset_with(seed=1))


@pytest.mark.parametrize(
    "X",
    [
        lambda codes: one_hot(codes).astype(np.int8),
        lambda codes: one_hot(codes).astype(bool),
        lambda codes: one_hot(codes).astype(">f8"),
        lambda codes: one_hot(codes).astype(np.float16).transpose(0, 2, 1),
        lambda codes: one_hot(codes)[:, :, None, :],
        lambda codes: one_hot(codes).transpose(0, 2, 1)[:, None],
        lambda codes: one_hot(codes).transpose(0, 2, 1)[:, :, :, None],
    ],
    ids=["int8", "bool", "big-endian", "last half", "N41L", "N1L4", "NL41"],
)
def test_layouts_and_types_are_found(tmp_path, X):
    data = arrays()
    dataset = read_hdf5(write_file(tmp_path / "a.h5", data, X=X))
    for split, part in (("train", dataset.train), ("valid", dataset.valid), ("test", dataset.test)):
        np.testing.assert_array_equal(part.codes, data[split][0])
        np.testing.assert_array_equal(part.y, data[split][1])
    assert dataset.label_names == ("label_0", "label_1")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8"])
@pytest.mark.parametrize("transposed", [False, True])
def test_columns_of_a_quarter_are_unknown_bases(tmp_path, dtype, transposed):
    data = arrays()
    assert (data["train"][0] == 4).any()

    def half_uniform(codes):
        X = one_hot(codes)
        X[::2] = np.where(X[::2].any(1, keepdims=True), X[::2], 0.25)  # zeros and quarters in one file
        return (X.transpose(0, 2, 1) if transposed else X).astype(dtype)

    dataset = read_hdf5(write_file(tmp_path / "a.h5", data, X=half_uniform))
    for split, part in (("train", dataset.train), ("valid", dataset.valid), ("test", dataset.test)):
        np.testing.assert_array_equal(part.codes, data[split][0])


@pytest.mark.parametrize("column", [[0.25, 0.25, 0.5, 0], [0.25, 0, 0, 0], [0.5, 0.5, 0, 0], [np.nan] * 4])
def test_other_columns_are_refused_with_advice(tmp_path, column):
    X = one_hot(arrays()["train"][0])
    X[3, :, 7], X[:, :, 2] = column, 0.25
    path = with_changes(tmp_path / "a.h5", X_train=X)
    with pytest.raises(ValueError, match=r"X_train: .* at sequence 3, position 7: write unknown bases as .* 0.25"):
        read_hdf5(path)


@pytest.mark.parametrize(
    "name",
    [
        str.lower,
        str.upper,
        lambda key: key.replace("valid", "val"),
        lambda key: key.replace("valid", "validation"),
    ],
)
def test_spellings_of_keys(tmp_path, name):
    dataset = read_hdf5(write_file(tmp_path / "a.h5", arrays(), name=name), label_names=("a", "b"))
    assert {split: (dataset.split == split).sum() for split in SPLIT_SIZES} == SPLIT_SIZES
    assert dataset.label_names == ("a", "b")


def test_labels_of_one_axis_and_missing_splits(tmp_path):
    data = {"test": arrays(n_outputs=1)["test"]}
    for y in (lambda y: y[:, 0].astype(bool), lambda y: y[..., None]):
        dataset = read_hdf5(write_file(tmp_path / "a.h5", data, y=y))
        np.testing.assert_array_equal(dataset.y, data["test"][1])
        assert set(dataset.split) == {"test"}


def test_sequences_of_length_four(tmp_path):
    codes = np.array([[0, 0, 1, 2], [3, 3, 3, 3]])
    data = {"train": (codes, np.zeros((2, 1)))}
    first = write_file(tmp_path / "first.h5", data)
    last = write_file(tmp_path / "last.h5", data, X=lambda codes: one_hot(codes).transpose(0, 2, 1))
    for path in (first, last):
        np.testing.assert_array_equal(read_hdf5(path).codes, codes)
    data = {"train": (np.array([[1, 2, 3, 0]]), np.zeros((1, 1)))}
    both = write_file(tmp_path / "both.h5", data)
    with pytest.raises(ValueError, match="both axes could be the bases: say channels"):
        read_hdf5(both)
    assert read_hdf5(both, channels="first").codes.tolist() == [[1, 2, 3, 0]]
    assert read_hdf5(both, channels="last").codes.tolist() == [[3, 0, 1, 2]]


@pytest.mark.parametrize("transposed", [False, True])
def test_ground_truth_of_some_splits(tmp_path, transposed):
    data = arrays()
    model = np.random.default_rng(2).dirichlet(np.ones(4), size=(4, 11)).transpose(0, 2, 1)
    path = write_file(tmp_path / "a.h5", data)
    with h5py.File(path, "a") as file:
        file["model_test"] = model.transpose(0, 2, 1) if transposed else model
    dataset = read_hdf5(path)
    np.testing.assert_array_equal(dataset.test.truth.matrix(), model.astype(np.float32))
    np.testing.assert_array_equal(dataset.train.truth.matrix(), 0.25)


def with_changes(path, **changes):
    write_file(path, arrays())
    with h5py.File(path, "a") as file:
        for key, value in changes.items():
            if key in file:
                del file[key]
            if value is not None:
                file[key] = value
    return path


CODES = arrays()["train"][0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Y_test": None}, "expected Y_test beside X_test, got X_test, X_train"),
        ({"X_valid": None}, "expected X_valid beside Y_valid"),
        ({"model_extra": np.zeros(3), "x_train": np.zeros(3)}, "both X_train and x_train"),
        ({"Y_train": np.zeros((5, 2))}, "X_train has 6 sequences, but Y_train has 5"),
        ({"Y_train": np.zeros((6, 3))}, r"equal numbers of labels in train, valid, test, got \[3, 2, 2\]"),
        ({"X_train": one_hot(CODES[:, 1:])}, r"equal lengths in train, valid, test, got \[10, 11, 11\]"),
        ({"X_train": np.eye(5)[CODES]}, r"X_train: expected an axis of 4 bases, .* got \(6, 11, 5\)"),
        ({"X_train": one_hot(CODES) * 0.5}, r"X_train: expected one-hot columns .* at sequence 0"),
        ({"X_train": CODES}, r"X_train: expected shape \(N, 4, L\) or \(N, L, 4\), got \(6, 11\)"),
        ({"X_train": np.array(["ACGT"] * 6, dtype="S")}, "X_train: expected numbers"),
        ({"Y_train": np.zeros((6, 2, 2))}, "Y_train: expected labels of shape"),
        ({"Y_train": np.full((6, 2), np.inf)}, "y must be finite, or NaN where missing"),
        ({"model_test": np.full((3, 4, 11), 0.25)}, "X_test has 4 sequences of length 11, but model_test has 3"),
        ({"model_test": np.full((4, 5, 11), 0.2)}, "model_test: expected an axis of 4 bases"),
        ({"model_test": np.full((4, 4, 11), 0.3)}, "sum to 1"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read_hdf5(with_changes(tmp_path / "a.h5", **changes))


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file at .*nowhere.h5"):
        read_hdf5(tmp_path / "nowhere.h5")
    (tmp_path / "text.h5").write_text("X_train")
    with pytest.raises(ValueError, match="expected an HDF5 file"):
        read_hdf5(tmp_path / "text.h5")
    with pytest.raises(ValueError, match="expected an HDF5 file"):
        read_hdf5(tmp_path)
    path = write_file(tmp_path / "whole.h5", arrays())
    (tmp_path / "half.h5").write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged or incomplete"):
        read_hdf5(tmp_path / "half.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["sequences"], file["labels"] = np.zeros(3), np.zeros(3)
    with pytest.raises(ValueError, match=r"expected keys X_train, .*got labels, sequences"):
        read_hdf5(tmp_path / "other.h5")
    with pytest.raises(ValueError, match=r"expected sequences of shape \(N, L, 4\)"):
        read_hdf5(path, channels="last")
    with pytest.raises(FileNotFoundError, match="make it first"):
        write_hdf5(dataset_with(), tmp_path / "nowhere" / "data.h5")


def test_own_files_that_were_edited_or_are_newer_are_refused(tmp_path):
    path = tmp_path / "data.h5"
    write_hdf5(dataset_with(), path)
    with h5py.File(path, "a") as file:
        for key in ("X_valid", "Y_valid"):
            del file[key]
    with pytest.raises(ValueError, match="as many sequences in each split as were written"):
        read_hdf5(path)
    with h5py.File(path, "a") as file:
        file["motiflens"].attrs["format"] = 99
    with pytest.raises(ValueError, match="expected format 1 of motiflens, got 99"):
        read_hdf5(path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("split_codes", None, "the group '/motiflens' is damaged"),
        ("metadata", "[1]", "expected metadata as an object, got"),
        ("metadata", "{", "is damaged"),
        ("sites/motifs", None, "is damaged"),
    ],
)
def test_own_files_that_are_damaged_are_refused(tmp_path, task2, name, value, message):
    path = tmp_path / "data.h5"
    write_hdf5(task2.subset(slice(0, 20)), path)
    with h5py.File(path, "a") as file:
        del file["motiflens"][name]
        if value is not None:
            file["motiflens"][name] = value
    with pytest.raises(ValueError, match=message):
        read_hdf5(path)


IRF1 = Path(os.environ.get("MOTIFLENS_IRF1", Path(__file__).parents[3] / "shared" / "data" / "IRF1_400_h3k27ac.h5"))


@pytest.mark.skipif(not IRF1.exists(), reason="set MOTIFLENS_IRF1 to the file of IRF1 peaks")
def test_real_chip_seq_peaks_load():
    dataset = read_hdf5(IRF1, label_names=["IRF1"])
    assert (len(dataset.train), len(dataset.valid), len(dataset.test)) == (2724, 389, 779)
    assert (dataset.length, dataset.n_outputs, dataset.truth) == (400, 1, None)
    assert set(np.unique(dataset.y)) == {0, 1}
    with h5py.File(IRF1) as file:
        np.testing.assert_array_equal(dataset.test.X.numpy(), file["X_test"][...])
