"""Ground truth: expansion against placing by hand and by brute force, subsets, one error each."""

import numpy as np
import pytest

from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import MatrixTruth, SiteTruth, as_indices

TWO = Motif("two", "Two", np.array([[0.7, 0.1, 0.1, 0.1], [0, 0, 1, 0]]).T)
THREE = Motif("three", "Three", np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0, 0.2, 0.3, 0.5]]).T)


def truth() -> SiteTruth:
    """Three sequences of 8: one site, none, two sites that touch."""
    columns = {"sequence": [0, 2, 2], "motif": [1, 0, 1], "strand": [-1, 1, 1], "start": [5, 0, 2]}
    return SiteTruth(**{name: np.array(c) for name, c in columns.items()}, motifs=[TWO, THREE], n_sequences=3, length=8)


def test_matrix_by_hand():
    matrix = truth().matrix()
    assert matrix.dtype == np.float32
    expected = np.full((3, 4, 8), 0.25)
    expected[0, :, 5:] = np.array([[0.5, 0.3, 0.2, 0], [0, 0, 0.5, 0.5], [0, 0, 0, 1]]).T
    expected[2, :, :2] = TWO.pwm
    expected[2, :, 2:5] = THREE.pwm
    np.testing.assert_allclose(matrix, expected, rtol=1e-6)


def test_matrix_of_rows_equals_rows_of_the_matrix():
    whole = truth().matrix()
    mask = np.array([True, False, True])
    for rows in (np.array([2, 0, 2]), [1], slice(1, None), slice(None, None, -1), mask, np.array([-1])):
        np.testing.assert_array_equal(truth().matrix(rows), whole[rows])
    assert truth().matrix([]).shape == (0, 4, 8)


def test_subset_renumbers_the_sites():
    part = truth().subset([2, 1, 0])
    assert [column.tolist() for column in part.table()] == [[0, 0, 2], [0, 1, 1], [1, 1, -1], [0, 2, 5]]
    np.testing.assert_array_equal(part.matrix(), truth().matrix()[::-1])
    np.testing.assert_array_equal(truth().subset([0, 0]).matrix(), truth().matrix([0, 0]))
    assert len(part) == 3
    assert len(truth().subset(slice(1, 2)).table().motif) == 0


def test_no_site_at_all():
    empty = np.array([], dtype=int)
    np.testing.assert_array_equal(SiteTruth(empty, empty, empty, empty, [], 2, 5).matrix(), np.full((2, 4, 5), 0.25))


def test_repr_counts():
    assert repr(truth()) == "SiteTruth(3 sites of 2 motifs in 3 x 8 bp)"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"motif": np.array([0, 1])}, "columns of one length"),
        ({"start": np.array([0.5, 1, 2])}, "start must be integers"),
        ({"start": np.array([[0, 1, 2]])}, "start must be integers of shape"),
        ({"sequence": np.array([0, 2, 3])}, "sequence in 0 to 2, got 0 to 3"),
        ({"motif": np.array([-1, 0, 1])}, "motif in 0 to 1, got -1"),
        ({"strand": np.array([0, 1, 1])}, r"strand \+1 or -1, got \[0, 1\]"),
        ({"start": np.array([6, 0, 2])}, "within 0 to 8, got one from 0, one to 9"),
        ({"start": np.array([-1, 0, 2])}, "within 0 to 8, got one from -1"),
        ({"sequence": np.array([2, 0, 0])}, "sorted"),
        ({"start": np.array([5, 0, 1])}, "do not overlap"),
        ({"start": np.array([5, 5, 0])}, "sorted by sequence and start"),
    ],
)
def test_impossible_sites(change, message):
    if "sequence" in change and change["sequence"][0] == 2:
        change = {**change, "start": np.array([0, 0, 3])}
    columns = {**truth().table()._asdict(), **change}
    with pytest.raises(ValueError, match=message):
        SiteTruth(**columns, motifs=[TWO, THREE], n_sequences=3, length=8)


def test_matrix_truth_keeps_the_matrices():
    values = truth().matrix().astype(np.float64)
    given = MatrixTruth(values)
    assert (len(given), given.length, repr(given)) == (3, 8, "MatrixTruth(3 x 8 bp)")
    np.testing.assert_array_equal(given.matrix(), values.astype(np.float32))
    np.testing.assert_array_equal(given.matrix([2, 0]), given.subset([2, 0]).matrix())
    np.testing.assert_array_equal(given.subset([2, 0]).matrix(), given.matrix()[[2, 0]])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((2, 8, 4), 0.25), r"shape \(N, 4, L\), got \(2, 8, 4\); transpose it"),
        (np.full((4, 8), 0.25), r"got \(4, 8\)$"),
        (np.full((2, 4, 8), 0.5), "sum to 1"),
        (np.full((2, 4, 8), np.nan), "sum to 1"),
        (np.stack([np.full((2, 8), v) for v in (1.5, -0.5, 0, 0)], axis=1), "probabilities"),
    ],
)
def test_matrix_truth_errors(values, message):
    with pytest.raises(ValueError, match=message):
        MatrixTruth(values)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([0.5], "integers or 3 booleans"),
        (np.array([True, False]), "3 booleans"),
        (np.array([[0]]), "expected a slice"),
        ([0, 3], "rows below 3, got 0 to 3"),
        ([-4], "rows below 3, got -4"),
    ],
)
def test_row_choices_that_are_none(rows, message):
    with pytest.raises(ValueError, match=message):
        as_indices(rows, 3)
