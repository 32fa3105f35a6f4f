import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score

from motiflens.basics.metrics import aupr, auroc, information_content, mean_squared_error, pearson


def sklearn_aupr(labels, scores):
    precision, recall, _ = precision_recall_curve(labels, scores)
    return auc(recall, precision)


def pair_counting_auroc(labels, scores):
    positive, negative = scores[labels == 1][:, None], scores[labels == 0]
    return ((positive > negative) + 0.5 * (positive == negative)).mean()


def random_rows(seed, shape, decimals):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, shape)
    labels[..., :2] = [0, 1]
    return labels, (rng.standard_normal(shape) + labels).round(decimals)


@pytest.mark.parametrize("decimals", [0, 1, 12], ids=["many ties", "some ties", "no ties"])
def test_areas_equal_sklearn_row_by_row(decimals):
    labels, scores = random_rows(0, (50, 60), decimals)
    expected_roc = [roc_auc_score(y, s) for y, s in zip(labels, scores, strict=True)]
    expected_pr = [sklearn_aupr(y, s) for y, s in zip(labels, scores, strict=True)]
    np.testing.assert_allclose(auroc(labels, scores), expected_roc, rtol=0, atol=1e-12)
    np.testing.assert_allclose(aupr(labels, scores), expected_pr, rtol=0, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-2, 2)), min_size=2, max_size=12))
def test_small_cases_with_ties(pairs):
    labels = np.array([label for label, _ in pairs], dtype=int)
    scores = np.array([score for _, score in pairs])
    if labels.min() == labels.max():
        assert np.isnan(auroc(labels, scores))
        assert np.isnan(aupr(labels, scores))
    else:
        assert auroc(labels, scores) == pytest.approx(pair_counting_auroc(labels, scores), abs=1e-12)
        assert aupr(labels, scores) == pytest.approx(sklearn_aupr(labels, scores), abs=1e-12)


def test_hand_set_values():
    labels = np.array([1, 0, 1, 0])
    assert auroc(labels, np.array([4.0, 3.0, 2.0, 1.0])) == 0.75
    # Points (recall, precision): (0, 1), (1/2, 1), (1/2, 1/2), (1, 2/3).
    assert aupr(labels, np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(0.5 + 0.25 * (1 / 2 + 2 / 3))
    assert auroc(labels, np.zeros(4)) == 0.5
    assert aupr(labels, np.zeros(4)) == 0.75  # one threshold: from (0, 1) to (1, 1/2)


def test_mask_equals_leaving_positions_out():
    labels, scores = random_rows(1, (20, 40), 1)
    mask = np.random.default_rng(2).random((20, 40)) < 0.6
    mask[:, :2] = True
    scores[~mask] = np.nan
    labels[~mask] = 7
    for area, oracle in ((auroc, roc_auc_score), (aupr, sklearn_aupr)):
        expected = [oracle(labels[i, mask[i]], scores[i, mask[i]]) for i in range(20)]
        np.testing.assert_allclose(area(labels, scores, mask), expected, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(area(labels, scores, mask.astype(np.uint8)), area(labels, scores, mask))


def test_rows_are_independent_over_any_leading_axes():
    labels, scores = random_rows(3, (2, 3, 25), 1)
    for area in (auroc, aupr):
        result = area(labels, scores)
        assert result.shape == (2, 3)
        assert result[1, 2] == area(labels[1, 2], scores[1, 2])
        np.testing.assert_array_equal(
            area(labels[0, 0], scores), area(np.broadcast_to(labels[0, 0], scores.shape), scores)
        )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64])
def test_tensor_in_tensor_out(dtype):
    labels, scores = random_rows(4, (5, 30), 0)
    tensors = torch.tensor(labels), torch.tensor(scores).to(dtype).requires_grad_(dtype.is_floating_point)
    for area in (auroc, aupr):
        result = area(*tensors)
        assert isinstance(result, torch.Tensor)
        assert result.dtype == torch.float64
        assert not result.requires_grad
        np.testing.assert_array_equal(result.numpy(), area(labels, scores))


def test_read_only_and_reversed_arrays_are_accepted():
    labels, scores = random_rows(5, (3, 10), 1)
    scores.flags.writeable = False
    np.testing.assert_allclose(auroc(labels[:, ::-1], scores[:, ::-1]), auroc(labels, scores))


@pytest.mark.parametrize("area", [auroc, aupr])
def test_a_missing_class_gives_nan_in_its_row_only(area):
    result = area(np.array([[0, 0], [1, 1], [0, 1]]), np.array([[1.0, 2.0]] * 3))
    np.testing.assert_array_equal(result, [np.nan, np.nan, 1])
    assert np.isnan(area(np.array([0, 1]), np.array([1.0, 2.0]), np.array([False, False])))


@pytest.mark.parametrize("area", [auroc, aupr])
@pytest.mark.parametrize(
    ("labels", "scores", "mask", "message"),
    [
        ([0, 1], [np.nan, 1.0], None, "finite"),
        ([0, 1], [np.inf, 1.0], None, "finite"),
        ([0, 2], [0.0, 1.0], None, "got 2"),
        ([0, np.nan], [0.0, 1.0], None, "labels must be 0 or 1"),
        ([0, 1, 1], [0.0, 1.0], None, r"labels to fit scores of shape \(2,\), got shape \(3,\)"),
        ([[0, 1]] * 3, [[0.0, 1.0]] * 2, None, r"labels to fit scores of shape \(2, 2\)"),
        ([1], [0.0, 1.0], None, "labels to fit"),
        ([0, 1], [0.0, 1.0], [True], "mask to fit"),
        (1, 0.5, None, "n >= 1"),
        ([], [], None, "n >= 1"),
    ],
)
def test_bad_input_is_refused(area, labels, scores, mask, message):
    with pytest.raises(ValueError, match=message):
        area(np.array(labels), np.array(scores), None if mask is None else np.array(mask))


def test_information_content_hand_set_values():
    pwm = np.array([[1, 0.5, 0.25, 0.7], [0, 0.5, 0.25, 0.1], [0, 0, 0.25, 0.1], [0, 0, 0.25, 0.1]])
    expected = [2, 1, 0, 2 + 0.7 * np.log2(0.7) + 0.3 * np.log2(0.1)]
    np.testing.assert_allclose(information_content(pwm), expected, rtol=0, atol=1e-14)
    stack = np.stack([pwm, pwm[:, ::-1]])
    np.testing.assert_allclose(information_content(stack), [expected, expected[::-1]], atol=1e-14)
    np.testing.assert_allclose(information_content(pwm.T, axis=1), expected, atol=1e-14)
    np.testing.assert_allclose(information_content(torch.tensor(pwm).float()), expected, atol=1e-6)
    assert information_content(np.float32(pwm))[2] == 0


def test_information_is_never_negative():
    column = np.full((4, 1), 0.25, dtype=np.float32)
    column[0] = np.nextafter(np.float32(0.25), np.float32(1))
    assert information_content(column)[0] == 0


@pytest.mark.parametrize(
    ("pwm", "axis", "message"),
    [
        (np.full((3, 4), 0.25), -2, "4 bases along axis -2"),
        (np.full((4, 3), 0.25), 5, "4 bases along axis 5"),
        (np.full(4, 0.25), -2, "4 bases"),
        (np.array([[1.5], [-0.5], [0], [0]]), -2, "columns sum to 1"),
        (np.full((4, 3), 0.3), -2, "columns sum to 1"),
        (np.full((4, 3), np.nan), -2, "columns sum to 1"),
    ],
)
def test_information_content_refuses_what_is_no_pwm(pwm, axis, message):
    with pytest.raises(ValueError, match=message):
        information_content(pwm, axis=axis)


def test_correlation_and_squared_error_equal_numpy_row_by_row():
    rng = np.random.default_rng(0)
    y, values = rng.normal(1e3, 5, (6, 40)), rng.normal(-2, 0.1, (3, 6, 40))
    r, error = pearson(y, values), mean_squared_error(y, values)
    assert r.shape == error.shape == (3, 6)
    for member in range(3):
        for row in range(6):
            expected = np.corrcoef(y[row], values[member, row])[0, 1]
            assert r[member, row] == pytest.approx(expected, abs=1e-12)
            assert error[member, row] == pytest.approx(((y[row] - values[member, row]) ** 2).mean(), rel=1e-12)
    as_tensor = pearson(torch.from_numpy(y), torch.from_numpy(values))
    assert isinstance(as_tensor, torch.Tensor)
    np.testing.assert_array_equal(as_tensor, r)
    assert pearson(y[0], 3 * y[0] - 1) == pytest.approx(1)
    assert pearson(y[0], -y[0]) == pytest.approx(-1)


def test_constants_have_no_correlation_and_constant_predictions_none_either():
    y = np.array([1.0, 2.0, 4.0])
    assert np.isnan(pearson(np.full(3, 0.1), y))
    assert np.isnan(pearson(np.full(3, 0.1), np.full(3, 0.3)))
    assert pearson(y, np.full(3, 0.1)) == 0


@pytest.mark.parametrize("metric", [pearson, mean_squared_error])
@pytest.mark.parametrize(
    ("y", "values", "message"),
    [
        ([1.0], [1.0, 2.0], "expected targets to fit predictions of shape"),
        ([], [], "n >= 1"),
        ([1.0, 2.0], [1.0, np.nan], "must be finite"),
        ([1.0, np.inf], [1.0, 2.0], "must be finite"),
    ],
)
def test_values_that_cannot_be_compared_are_named(metric, y, values, message):
    with pytest.raises(ValueError, match=message):
        metric(np.array(y), np.array(values))
