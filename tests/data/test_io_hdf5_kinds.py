"""HDF5 as people have it: order of the bases, Basset's and DeepSEA's layouts, missing labels, broken links."""

import h5py
import numpy as np
import pytest
from command_line import fails, run
from scipy.io import savemat

from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import read_hdf5, write_hdf5
from motiflens.data.summary import summary

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 4, (12, 30), dtype=np.uint8)
Y = RNG.integers(0, 2, (12, 3)).astype(np.float32)
ROWS = {"train": slice(0, 6), "valid": slice(6, 8), "test": slice(8, 12)}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one_hot(codes, order="ACGT"):
    return np.stack([codes == "ACGT".index(base) for base in order], axis=1).astype(np.uint8)  # N, 4, L


def write(name, arrays):
    with h5py.File(name, "w") as file:
        for key, value in arrays.items():
            file[key] = value


def same(found, labels=None):
    np.testing.assert_array_equal(found.codes, CODES)
    np.testing.assert_array_equal(found.y, Y)
    assert found.split.tolist() == ["train"] * 6 + ["valid"] * 2 + ["test"] * 4
    assert found.label_names == (labels or ("label_0", "label_1", "label_2"))


@pytest.mark.parametrize("order", ["AGCT", "TGCA", "agct", "ACGT"])
def test_bases_in_another_order(order):
    X = {f"X_{split}": one_hot(CODES[rows], order.upper()) for split, rows in ROWS.items()}
    write("a.h5", {**X, **{f"Y_{split}": Y[rows] for split, rows in ROWS.items()}})
    same(read_hdf5("a.h5", bases=order))
    run("data", "hdf5", "a.h5", "--bases", order, "-o", "b.h5")
    same(read_hdf5("b.h5"))
    with pytest.raises(ValueError, match=r"a\.h5: expected the four bases in some order, such as AGCT, got 'ACGU'"):
        read_hdf5("a.h5", bases="ACGU")


def test_matrices_of_the_truth_follow_the_bases():
    X, model = one_hot(CODES, "AGCT"), RNG.dirichlet(np.ones(4), (12, 30)).transpose(0, 2, 1).astype(np.float32)
    write("a.h5", {"X_train": X, "Y_train": Y, "model_train": model})
    found = read_hdf5("a.h5", bases="AGCT").truth.matrix(np.arange(12))
    np.testing.assert_array_equal(found, model[:, [0, 2, 1, 3]])


def test_swapped_bases_are_warned_of():
    codes = RNG.integers(0, 4, (400, 200), dtype=np.uint8)
    rare = (codes[:, :-1] == 1) & (codes[:, 1:] == 2) & (RNG.random((400, 199)) < 0.7)
    codes[:, 1:][rare] = 0  # CpG becomes CpA, as methylation makes TpG of it
    true = SequenceDataset.from_arrays(codes, RNG.integers(0, 2, 400))
    swapped = SequenceDataset.from_arrays(np.array([0, 2, 1, 3], np.uint8)[codes], true.y)
    assert not [one for one in summary(true).warnings if "--bases" in one]
    assert [one for one in summary(swapped).warnings if "GpC is rare" in one and "--bases AGCT" in one]
    found = summary(true)
    pairs = ((codes[:, :-1] == 1) & (codes[:, 1:] == 2)).sum()
    share = [(codes == base).mean() for base in (1, 2)]
    assert found.cpg == pytest.approx(pairs / (share[0] * share[1] * 400 * 199))


def test_bassets_layout():
    arrays = {f"{split}_in": one_hot(CODES[rows])[:, :, None].astype(bool) for split, rows in ROWS.items()}
    arrays |= {f"{split}_out": Y[rows].astype(bool) for split, rows in ROWS.items()}
    write("b.h5", {**arrays, "target_labels": np.array([b"K562", b"GM12878", b"H1"])})
    same(read_hdf5("b.h5"), ("K562", "GM12878", "H1"))


@pytest.mark.parametrize("old", [False, True])
def test_deepseas_layout(old):
    for split, rows in ROWS.items():
        x, y = one_hot(CODES[rows], "AGCT"), Y[rows]
        arrays = {f"{split}xdata": x, f"{split}data": y}
        if old:
            savemat(f"{split}.mat", arrays)
        else:
            write(
                f"{split}.mat", {key: value.transpose() for key, value in arrays.items()}
            )  # (L, 4, N), (n_outputs, N)
    files = [f"{split}.mat" for split in ("test", "train", "valid")]
    found = read_hdf5(files)
    same(found)
    assert "bases of the file in the order A, G, C, T" in summary(found).text()
    run("data", "hdf5", *files, "-o", "all.h5")
    same(read_hdf5("all.h5"))
    with pytest.raises(ValueError, match=r"train.mat: expected a split of its own in each file, got train again"):
        read_hdf5(["train.mat", "train.mat"])


def test_missing_labels():
    y = Y.copy()
    y[3, 1] = np.nan
    write("a.h5", {"X_train": one_hot(CODES), "Y_train": y})
    np.testing.assert_array_equal(read_hdf5("a.h5").y, y)
    assert "count in no loss or score for it: label_1 1" in summary(read_hdf5("a.h5")).text()
    run("data", "hdf5", "a.h5", "--drop-missing", "-o", "b.h5")
    np.testing.assert_array_equal(read_hdf5("b.h5").codes, np.delete(CODES, 3, 0))
    y[3, 1] = -1
    write("c.h5", {"X_train": one_hot(CODES), "Y_train": y})
    found = read_hdf5("c.h5", missing_value=-1, drop_missing=True)
    np.testing.assert_array_equal(found.y, np.delete(Y, 3, 0))
    write_hdf5(read_hdf5("a.h5"), "own.h5")
    np.testing.assert_array_equal(read_hdf5("own.h5", drop_missing=True).y, np.delete(Y, 3, 0))
    assert "c.h5: 1 sequences dropped (a label is missing)" in summary(found).text()


def test_what_cannot_be_read_is_one_line_with_the_file(folder, capsys, monkeypatch):
    good = {"X_train": one_hot(CODES), "Y_train": Y}
    write_hdf5(SequenceDataset.from_arrays(CODES, Y), "own.h5")
    kinds = {
        "dangling.h5": (good, {"X_test": h5py.SoftLink("/nowhere")}, "X_test: the link is broken"),
        "external.h5": (good, {"X_test": h5py.ExternalLink("gone.h5", "/x")}, "X_test: the link is broken"),
        "null.h5": ({"Y_train": Y}, {"X_train": h5py.Empty("f")}, "X_train: expected an array, got nothing"),
        "scalar.h5": ({"Y_train": Y}, {"X_train": 3.0}, "X_train: expected an array, got one value"),
        "group.h5": (good, {"motiflens": h5py.SoftLink("/nowhere")}, "the link 'motiflens' is broken"),
        "length.h5": ({"X_train": np.zeros((5, 4, 0)), "Y_train": Y[:5]}, {}, "length.h5"),
        "lengths.h5": (
            {"X_train": one_hot(CODES[:5]), "Y_train": Y},
            {},
            "X_train has 5 sequences, but Y_train has 12",
        ),
    }
    for name, (arrays, links, message) in kinds.items():
        write(name, arrays)
        with h5py.File(name, "a") as file:
            for key, link in links.items():
                file[key] = link
        code, text = fails(capsys, monkeypatch, "data", "summary", name)
        assert code == 2, name
        assert text.count("\n") == 1, text
        assert message in text
        assert name in text


# Other names of arrays, other files of arrays


def arrays(x="X_{}", y="Y_{}", splits=("train", "valid", "test")):
    found = {}
    for split, rows in zip(splits, ROWS.values(), strict=True):
        found |= {x.format(split): one_hot(CODES[rows]), y.format(split): Y[rows]}
    return found


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("x_{}", "y_{}"),
        ("{}_x", "{}_y"),
        ("X{}", "y{}"),
        ("{}/X", "{}/Y"),
        ("data/X_{}", "data/Y_{}"),
        ("a/{}/x", "a/{}/y"),
        ("{}_sequences", "{}_labels"),
        ("seqs_{}", "targets_{}"),
    ],
)
@pytest.mark.parametrize(
    "splits", [("train", "valid", "test"), ("TRAIN", "Val", "Test"), ("training", "dev", "test")], ids=lambda s: s[1]
)
def test_names_of_arrays(x, y, splits):
    write("a.h5", arrays(x, y, splits))
    same(read_hdf5("a.h5"))


def test_what_is_not_read_is_told():
    write("a.h5", {**arrays(), "X_holdout": one_hot(CODES), "extra/more": Y})
    found = run("data", "hdf5", "a.h5", "-o", "b.h5")
    assert "not read: X_holdout, extra/more" in found.stdout
    same(read_hdf5("b.h5"))


def test_x_and_y_alone_are_split_at_random(capsys, monkeypatch):
    write("a.h5", {"X": one_hot(CODES), "y": Y})
    found = read_hdf5("a.h5", fractions=(0.5, 0.25, 0.25), seed=1)
    np.testing.assert_array_equal(found.codes, CODES)
    np.testing.assert_array_equal(found.y, Y)
    assert np.bincount(found.split_codes).tolist() == [6, 3, 3]
    text = run("data", "hdf5", "a.h5", "--split", "0.5,0.25,0.25", "--seed", "1", "-o", "b.h5")
    assert "split: sequences at random (0.5, 0.25, 0.25), seed 1" in text.stdout
    np.testing.assert_array_equal(read_hdf5("b.h5").split_codes, found.split_codes)
    assert not np.array_equal(read_hdf5("a.h5", fractions=(0.5, 0.25, 0.25)).split_codes, found.split_codes)


def test_npz_and_npy(capsys, monkeypatch):
    np.savez("a.npz", **arrays())
    same(read_hdf5("a.npz"))
    run("data", "hdf5", "a.npz", "-o", "b.h5")
    same(read_hdf5("b.h5"))
    np.savez_compressed("c.npz", X_train=one_hot(CODES).transpose(0, 2, 1), Y_train=Y)
    np.testing.assert_array_equal(read_hdf5("c.npz").codes, CODES)
    np.save("a.npy", one_hot(CODES))
    message = "expected an HDF5 file, got a NumPy array (.npy): save X and Y in one file, as by numpy.savez"
    assert message in fails(capsys, monkeypatch, "data", "hdf5", "a.npy", "-o", "x.h5")[1]
    np.savez("o.npz", X=np.array([{}], dtype=object), Y=Y)
    assert (
        "o.npz: cannot be read (Object arrays" in fails(capsys, monkeypatch, "data", "hdf5", "o.npz", "-o", "x.h5")[1]
    )


@pytest.mark.parametrize("type", ["S8", object])
def test_labels_as_text(type):
    words = np.array([["yes", "1.5"], ["no", "NA"]] * 3, dtype=type)
    write("a.h5", {"X_train": one_hot(CODES[:6]), "Y_train": words})
    np.testing.assert_array_equal(read_hdf5("a.h5").y, [[1, 1.5], [0, np.nan]] * 3)


def test_broken_things_that_are_not_wanted_do_no_harm(capsys, monkeypatch):
    write("a.h5", arrays())
    with h5py.File("a.h5", "a") as file:
        file["loop"] = h5py.SoftLink("/loop")
        file["gone"] = h5py.ExternalLink("gone.h5", "/x")
    same(read_hdf5("a.h5"))
    write("n.h5", {"X_train": one_hot(CODES[:0]), "Y_train": Y[:0]})
    assert "n.h5: expected at least one sequence" in fails(capsys, monkeypatch, "data", "hdf5", "n.h5", "-o", "x.h5")[1]
    write("t.h5", {"X_train": np.array([b"ACGT"]), "Y_train": Y[:1]})
    assert "import text as a table or FASTA" in fails(capsys, monkeypatch, "data", "hdf5", "t.h5", "-o", "x.h5")[1]
    (one, *_) = arrays().values()
    write("h.h5", {"X_train": one, "Y_train": np.full((6, 1), 1e200)})
    assert "h.h5: y must be finite" in fails(capsys, monkeypatch, "data", "hdf5", "h.h5", "-o", "x.h5")[1]


def test_the_report_says_which_order_of_bases_was_taken():
    write("a.h5", arrays())
    plain = run("data", "hdf5", "a.h5", "-o", "b.h5").stdout
    assert "bases of the file in the order A, C, G, T, as no file says which it is (--bases names another)" in plain
    other = run("data", "hdf5", "a.h5", "--bases", "AGCT", "-o", "b.h5").stdout
    assert "bases of the file in the order A, G, C, T\n" in other


def test_classes_beside_real_values_are_warned_of():
    mixed = SequenceDataset.from_arrays(
        CODES, np.stack([Y[:, 0], np.arange(12) / 5], 1), label_names=["bound", "level"]
    )
    assert any("classes (bound) and some are real values (level)" in one for one in summary(mixed).warnings)
    classes = SequenceDataset.from_arrays(CODES, Y)
    assert not any("some are real values" in one for one in summary(classes).warnings)
