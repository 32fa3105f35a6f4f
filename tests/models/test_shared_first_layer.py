import pytest
import torch
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.models.stacked import Patches, PooledConvolution
from motiflens.models.stacked.shared_first_layer import pooled_convolution


@pytest.fixture(autouse=True, params=["1", "0"], ids=["kernels", "products"])
def kernels(request, monkeypatch):
    """Compiled kernels where there is a compiler, and PyTorch's products."""
    monkeypatch.setenv("MOTIFLENS_KERNELS", request.param)
    return request.param == "1"


@pytest.fixture
def codes():
    return torch.randint(0, 5, (7, 60), generator=torch.Generator().manual_seed(1)).to(torch.uint8)  # with unknowns


@pytest.fixture
def weight():
    return torch.randn(44, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(2))  # kernel size 11


def convolve(codes, weight):
    kernel = weight.view(11, 4, -1).permute(2, 1, 0)
    return F.conv1d(one_hot(codes, torch.float64), kernel, padding=5)  # N, F, L


def test_moments_of_the_patches_give_batch_norms_statistics(codes, weight):
    mean, covariance = Patches(codes, 11, torch.float64).moments()
    y = convolve(codes, weight)
    torch.testing.assert_close(mean @ weight, y.mean((0, 2)))
    torch.testing.assert_close((weight * (covariance @ weight)).sum(0), y.var((0, 2), correction=0))


@pytest.mark.parametrize("pool", [4, 24])
def test_pooled_convolution_and_its_gradient_equal_the_plain_ones(codes, weight, pool, monkeypatch):
    monkeypatch.setattr("motiflens.models.stacked.shared_first_layer._BLOCK_BYTES", 60 * 10 * 8 * 2)  # blocks of 2 of 7
    patches = Patches(codes, 11, torch.float64)
    plain = weight.clone().requires_grad_()
    expected = F.max_pool1d(convolve(codes, plain), pool).transpose(1, 2)
    torch.testing.assert_close(pooled_convolution(patches, weight, pool), expected)
    pooled = PooledConvolution(patches, weight, pool)
    torch.testing.assert_close(pooled.output, expected)
    gradient = torch.randn_like(expected)
    expected.backward(gradient)
    torch.testing.assert_close(pooled.weight_gradient(gradient), plain.grad)
