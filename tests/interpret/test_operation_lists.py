"""The lists of operations by which DeepLIFT chooses its rule, each name held against what the list claims."""

import pytest
import torch
from torch.nn import functional as F

from motiflens.interpret.attribution.operation_lists import ELEMENTWISE, LINEAR, LINEAR_IN_FIRST, PRODUCTS

SHAPE = (2, 3, 4)

#: What reads a tensor, or makes one that does not depend on its values.
NO_VALUES = {
    *("get", "dim", "size", "numel", "stride", "storage_offset", "is_contiguous", "is_floating_point", "element_size"),
    *("type", "numpy", "len", "bool", "repr", "format", "requires_grad", "tolist", "item", "detach", "set", "setitem"),
    *("zeros_like", "ones_like", "empty_like", "full_like"),
    *("new_zeros", "new_ones", "new_empty", "new_full", "new_tensor"),
}
C = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
INDEX = torch.tensor([0, 2, 1])
LONG = INDEX[None, :, None].expand(SHAPE)
MASK = C > 0
#: A call of each name with other arguments than the tensor.
CALLS = {
    "to": lambda x: x.to(torch.float64),
    "as_strided": lambda x: x.as_strided((3, 2), (4, 1)),
    "copy": lambda x: torch.empty_like(x).copy_(x),
    "cuda": lambda x: x,  # where there is no GPU
    "half": lambda x: x.to(torch.float32),  # rounding is no matter of the rule
    **{name: (lambda x, name=name: getattr(x, name)(C)) for name in ("add", "sub", "subtract", "__radd__", "__rsub__")},
    "radd": lambda x: C + x, "iadd": lambda x: x.clone().add_(C), "rsub": lambda x: C - x,
    "isub": lambda x: x.clone().sub_(C), "cumsum": lambda x: x.cumsum(1), "trace": lambda x: x[0].trace(),
    **{name: (lambda x, name=name: getattr(torch, name)([x, C], 1)) for name in ("cat", "concat", "concatenate")},
    **{name: (lambda x, name=name: getattr(torch, name)([x, C]))
       for name in ("stack", "hstack", "vstack", "dstack", "column_stack")},
    "reshape": lambda x: x.reshape(6, 4), "reshape_as": lambda x: x.reshape_as(C.flatten()),
    "view": lambda x: x.view(6, 4), "view_as": lambda x: x.view_as(C.view(4, 6)),
    "unflatten": lambda x: x.unflatten(2, (2, 2)), "transpose": lambda x: x.transpose(1, 2),
    "swapaxes": lambda x: x.swapaxes(1, 2), "swapdims": lambda x: x.swapdims(1, 2),
    "permute": lambda x: x.permute(2, 0, 1), "movedim": lambda x: x.movedim(0, 2),
    "moveaxis": lambda x: x.moveaxis(0, 2), "t": lambda x: x[0].t(), "unsqueeze": lambda x: x.unsqueeze(0),
    "expand": lambda x: x.expand(5, *SHAPE), "expand_as": lambda x: x.expand_as(C.expand(5, *SHAPE)),
    "broadcast_tensors": lambda x: torch.broadcast_tensors(x, torch.zeros(5, *SHAPE)),
    "broadcast_to": lambda x: x.broadcast_to((5, *SHAPE)), "repeat": lambda x: x.repeat(2, 1, 1),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 1), "tile": lambda x: x.tile(2),
    "chunk": lambda x: x.chunk(2, 2), "split": lambda x: x.split(2, 2), "tensor_split": lambda x: x.tensor_split(2, 2),
    "narrow": lambda x: x.narrow(2, 1, 2), "select": lambda x: x.select(1, 2), "getitem": lambda x: x[:, 1:],
    "gather": lambda x: x.gather(1, LONG), "index_select": lambda x: x.index_select(1, INDEX),
    "take_along_dim": lambda x: x.take_along_dim(LONG, 1), "flip": lambda x: x.flip(1),
    "roll": lambda x: x.roll(1, 2), "rot90": lambda x: x.rot90(1, (1, 2)), "pad": lambda x: F.pad(x, (1, 2)),
    "unfold": lambda x: x.unfold(2, 2, 1), "fold": lambda x: F.fold(x.reshape(2, 12, 1), (3, 4), (3, 4)),
    "masked_fill": lambda x: x.masked_fill(MASK, 3.0), "ravel": lambda x: x.ravel(),
    **{name: (lambda x, name=name: getattr(F, name)(x, training=False))
       for name in ("dropout", "dropout1d", "alpha_dropout", "feature_alpha_dropout")},
    "dropout2d": lambda x: F.dropout2d(x[None], training=False),
    "batch_norm": lambda x: F.batch_norm(x, C[0, :, 0], C[0, :, 1] ** 2 + 1, C[1, :, 0], C[1, :, 1]),
    "avg_pool1d": lambda x: F.avg_pool1d(x, 2), "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x, 2),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, 2),
    "upsample": lambda x: F.interpolate(x, scale_factor=2),
    "interpolate": lambda x: F.interpolate(x, scale_factor=2, mode="linear"),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x.reshape(1, 4, 2, 3), 2),
}  # fmt: skip


def result(call, x):
    found = call(x)
    parts = found if isinstance(found, tuple | list) else [found]
    return torch.cat([part.double().flatten() for part in parts])


def is_affine(call, shape=SHAPE):
    """Whether a mean of two points is sent to the mean of what they are sent to."""
    one, other = (torch.randn(shape, generator=torch.Generator().manual_seed(k), dtype=torch.float64) for k in (2, 3))
    between = result(call, 0.3 * one + 0.7 * other)
    return torch.allclose(between, 0.3 * result(call, one) + 0.7 * result(call, other), atol=1e-6)


@pytest.mark.parametrize("name", sorted(LINEAR - NO_VALUES))
def test_what_is_called_linear_is_affine(name):
    call = CALLS.get(name) or (lambda x: getattr(x, name)() if hasattr(x, name) else getattr(torch, name)(x))
    assert is_affine(call)


def test_the_check_tells_what_is_not_affine():
    assert not is_affine(torch.relu)
    assert not is_affine(lambda x: x * x)
    assert not is_affine(lambda x: x.amax(1))
    assert not is_affine(lambda x: x.softmax(1))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("linear", lambda x: F.linear(x, C[0], C[0, :, 0])),
        ("bilinear", lambda x: F.bilinear(x, C, C.new_ones(5, 4, 4))),
        ("conv1d", lambda x: F.conv1d(x, C[:, :, :2])),
        ("conv2d", lambda x: F.conv2d(x[:, None], C[:, None, :2, :2])),
        ("conv_transpose1d", lambda x: F.conv_transpose1d(x, C[0, :, None, :])),
        ("conv_transpose2d", lambda x: F.conv_transpose2d(x[:, None], C[:1, None, :2, :2])),
        *((name, lambda x, name=name: getattr(torch, name)(x, C)) for name in ("div", "divide", "true_divide")),
        ("truediv", lambda x: x / C),
        ("idiv", lambda x: x.clone().div_(C)),
        *((name, lambda x, name=name: getattr(torch, name)(x, C)) for name in ("mul", "multiply")),
        ("rmul", lambda x: C * x),
        ("imul", lambda x: x.clone().mul_(C)),
        ("matmul", lambda x: x @ C.mT),
        ("rmatmul", lambda x: C.mT @ x),
        ("bmm", lambda x: torch.bmm(x, C.mT)),
        ("mm", lambda x: torch.mm(x[0], C[0].T)),
        ("einsum", lambda x: torch.einsum("abc,abd->acd", x, C)),
    ],
)
def test_what_is_linear_in_one_argument_is_affine_in_it(name, call):
    assert name in LINEAR_IN_FIRST or name in PRODUCTS
    assert is_affine(call)


def test_every_name_that_is_linear_in_one_argument_is_tested():
    (mark,) = test_what_is_linear_in_one_argument_is_affine_in_it.pytestmark
    tested = {name for name, _ in mark.args[1]}
    assert tested == {*LINEAR_IN_FIRST, *PRODUCTS}


SINGLE = {
    "prelu": lambda x: F.prelu(x, torch.tensor([0.25], dtype=torch.float64)),
    "rrelu": lambda x: F.rrelu(x, training=False),
    "threshold": lambda x: F.threshold(x, 0.5, 0.1),
    "pow": lambda x: x**3, "rpow": lambda x: 2**x, "rdiv": lambda x: 1 / x, "rtruediv": lambda x: 1 / x,
    "clamp": lambda x: x.clamp(0.2, 0.6), "clip": lambda x: x.clip(0.2, 0.6),
    "log_sigmoid": F.logsigmoid, "special_expit": torch.special.expit,
    "clamp_min": lambda x: x.clamp_min(0.2), "clamp_max": lambda x: x.clamp_max(0.6),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_a_function_of_single_values_mixes_none(name):
    call = SINGLE.get(name) or getattr(torch, name, None) or getattr(F, name)
    x = torch.rand(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.8 + 0.1  # all are defined
    jacobian = torch.autograd.functional.jacobian(call, x)  # 5, 5
    assert torch.equal(jacobian, torch.diag(jacobian.diagonal()))
    assert torch.equal(call(x.flip(0)), call(x).flip(0))


def test_the_lists_do_not_overlap():
    lists = [
        LINEAR,
        set(LINEAR_IN_FIRST),
        set(PRODUCTS),
        ELEMENTWISE,
    ]
    assert sum(map(len, lists)) == len(set().union(*lists))
