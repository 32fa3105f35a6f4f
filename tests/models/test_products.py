import pytest
import torch
from torch.nn import functional as F

from motiflens.models.hybrid.products import linear, product


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_products_of_strided_matrices(dtype):
    a, b = torch.randn(37, 50, dtype=dtype), torch.randn(50, 11, dtype=dtype)
    strided = torch.randn(50, 37, dtype=dtype).T, torch.randn(11, 50, dtype=dtype).T
    for left, right in ((a, b), strided):
        torch.testing.assert_close(product(left, right), left @ right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("with_bias", [True, False])
def test_linear_and_its_gradients_equal_pytorchs(with_bias):
    x, weight = torch.randn(6, 5, 9, requires_grad=True), torch.randn(4, 9, requires_grad=True)
    bias = torch.randn(4, requires_grad=True) if with_bias else None
    inputs = [x, weight] + ([bias] if bias is not None else [])
    gradient = torch.randn(6, 5, 4)
    ours, theirs = linear(x, weight, bias), F.linear(x, weight, bias)
    torch.testing.assert_close(ours, theirs)
    expected = torch.autograd.grad(theirs, inputs, gradient)
    for mine, other in zip(torch.autograd.grad(ours, inputs, gradient), expected, strict=True):
        torch.testing.assert_close(mine, other)


def test_bfloat16_rounds_the_factors_only():
    a, b = torch.randn(64, 300), torch.randn(300, 32)
    expected = a.bfloat16().double() @ b.bfloat16().double()
    error = (product(a, b, "bfloat16").double() - expected).norm() / expected.norm()
    assert error < 2**-8  # of the result; sums of 300 terms in bfloat16 would be off by more
    assert product(a.double(), b.double(), "bfloat16").dtype == torch.float64


def test_linear_in_double_precision_passes_gradcheck():
    x, weight = (torch.randn(3, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(lambda a, b: linear(a, b, None), (x, weight))


def test_without_onednn_the_plain_product_is_taken(monkeypatch):
    monkeypatch.setattr("motiflens.models.hybrid.products.has_onednn", lambda: False)
    a, b = torch.randn(3, 4), torch.randn(4, 5)
    assert torch.equal(product(a, b), a @ b)
