"""Which calls of a network are nonlinear in its input, and for each a module with a DeepLIFT rule.

The rules are: rescale for elementwise functions (Shrikumar et al. 2017); those of tangermeme for max-pools, softmax,
LayerNorm and products of two tensors that depend on the input (midpoint rule); and, for any other function of one such
tensor, the gradient integrated from reference to sequence. Recurrent layers and attention are first split into steps by
`composites`.

A rule expects sequences in the first half of axis 0 and their references in the second. So operations move the batch to
axis 0 if the network has it elsewhere.
"""

import inspect
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

import torch
from torch import nn

from motiflens.basics.tables import by_fields
from motiflens.interpret.attribution.operation_lists import (
    CHOOSING,
    ELEMENTWISE,
    IN_PLACE_OPERATORS,
    LINEAR,
    LINEAR_IN_FIRST,
    MATRIX_PRODUCTS,
    PRODUCTS,
)


class Call(NamedTuple):
    """A function and the arguments that it was called with."""

    func: Callable
    args: tuple
    kwargs: dict[str, Any]
    chooses: bool = False  # whether one of its tensors comes from the sequence, without a gradient

    @property
    def name(self) -> str:
        """The function's name, the same for operators and in-place versions."""
        return getattr(self.func, "__name__", type(self.func).__name__).strip("_")

    def run(self) -> Any:
        """Call the function."""
        return self.func(*self.args, **self.kwargs)

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """One argument, given by position or by name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)

    @property
    def in_place(self) -> bool:
        """Whether the result is written into the first argument, as by `relu_`, `x *= y` or the option `inplace`."""
        name = getattr(self.func, "__name__", "")
        if name in IN_PLACE_OPERATORS or (name.endswith("_") and not name.endswith("__")):
            return True
        if not isinstance(self.func, FunctionType):  # the functions built in have no such option
            return False
        try:
            names = list(inspect.signature(self.func).parameters)
        except ValueError:  # an operator around a function built in, such as `x ** 3`
            return False
        return "inplace" in names and bool(self.argument(names.index("inplace"), "inplace"))

    def on(self, x: torch.Tensor) -> Any:
        """Call the function with x, of any shape, in place of the argument that depends on the input."""

        if self.in_place:
            x = x.clone()

        def swap(value: Any) -> Any:
            if type(value) in (tuple, list):
                return type(value)(map(swap, value))
            return x if isinstance(value, torch.Tensor) and value.requires_grad else value

        kwargs = {key: swap(value) for key, value in self.kwargs.items()}
        return self.func(*map(swap, self.args), **kwargs)


class Rewritten(NamedTuple):
    """A module with a rule, and how a call goes through it."""

    operation: nn.Module
    apply: Callable[[Call], Any]


def tensors(call: Call) -> list[torch.Tensor]:
    """All tensors, of any shape, among a call's arguments, also those inside tuples and lists."""

    def walk(value: Any) -> Iterator[torch.Tensor]:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, tuple | list):
            for part in value:
                yield from walk(part)

    return [*walk(call.args), *walk(list(call.kwargs.values()))]


def dependents(call: Call) -> list[torch.Tensor]:
    """Arguments, of any shape, that depend on the network's input."""
    return [tensor for tensor in tensors(call) if tensor.requires_grad]


def is_linear(call: Call) -> bool:
    """Whether, judged by its name, the call is linear in the network's input."""
    n_dependent = len(dependents(call))
    if n_dependent and call.chooses and call.name in CHOOSING:
        return False
    if n_dependent == 0 or call.name in LINEAR:
        return True
    if n_dependent == 1 and call.name in LINEAR_IN_FIRST:
        return isinstance(call.args[0], torch.Tensor) and call.args[0].requires_grad
    return n_dependent == 1 and call.name in PRODUCTS


class Elementwise(nn.Module):
    """An elementwise function."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the function to values of any shape."""
        return self.function(x)


@by_fields
class Integrated(Elementwise):
    """Any function of one tensor; `error` is the completeness gap of its multipliers."""

    error = 0.0


def rescale(module: nn.Module, grad_input: tuple, grad_output: tuple) -> tuple[torch.Tensor]:
    """Multiplier of an elementwise function: change of output over change of input, or the gradient if nothing changes.

    Tensors hold the sequences, followed by their baselines: shape=(2 N, ...). This is the Rescale rule of Shrikumar,
    Greenside and Kundaje (2017), "Learning important features through propagating activation differences".
    """
    change_in = torch.sub(*module.input.chunk(2))  # type: ignore[operator]
    change_out = torch.sub(*module.output.chunk(2))  # type: ignore[operator]
    moved = change_in.abs() > 1e-6
    slope = torch.where(moved, change_out, 0) / torch.where(moved, change_in, 1)
    moved, slope = torch.cat([moved, moved]), torch.cat([slope, slope])
    return (torch.where(moved, grad_output[0] * slope, grad_input[0]),)


def _axis(now: torch.Size, before: torch.Size) -> int | None:
    """Axis in which the shapes of two batches differ."""
    differ = [axis for axis, sizes in enumerate(zip(now, before, strict=False)) if sizes[0] != sizes[1]]
    return differ[0] if len(now) == len(before) and len(differ) == 1 else None


def _through(operation: nn.Module, axis: int, out_axis: int) -> Rewritten:
    def apply(call: Call) -> torch.Tensor:
        # A hook's output is a view, which code that goes on in place must not meet.
        return operation(dependents(call)[0].movedim(axis, 0)).movedim(0, out_axis).clone()

    return Rewritten(operation, apply)


def _function(call: Call, axis: int, out_axis: int, kind: type[Elementwise]) -> Rewritten:
    return _through(kind(lambda x: call.on(x.movedim(0, axis)).movedim(out_axis, 0)), axis, out_axis)


def _choice(call: Call, result: Any, axes: list[int]) -> Rewritten | None:
    """Values that are chosen by something made of the sequence: the rescale rule, as for the function it stands for."""
    if len(axes) != 1 or not isinstance(result, torch.Tensor) or result.shape != dependents(call)[0].shape:
        return None
    (axis,), operation = axes, Elementwise(lambda x: x)

    def apply(call: Call) -> torch.Tensor:
        operation.function = lambda x: call.on(x.movedim(0, axis)).movedim(axis, 0)  # what chooses is new in each pass
        return operation(dependents(call)[0].movedim(axis, 0)).movedim(0, axis).clone()

    return Rewritten(operation, apply)


def _softmax(call: Call, axis: int) -> Rewritten | None:
    dim = call.argument(1, "dim")
    if dim is None or (dim := dim % dependents(call)[0].dim()) == axis:
        return None
    return _through(nn.Softmax(dim + 1 if dim < axis else dim), axis, axis)


def _layer_norm(call: Call, axis: int) -> Rewritten | None:
    shape = call.argument(1, "normalized_shape")
    if axis >= dependents(call)[0].dim() - len(shape):
        return None
    weight, bias = call.argument(2, "weight"), call.argument(3, "bias")
    norm = nn.LayerNorm(
        shape, call.argument(4, "eps", 1e-5), elementwise_affine=weight is not None, bias=bias is not None
    )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None:
            setattr(norm, name, nn.Parameter(value.detach(), requires_grad=False))
    return _through(norm, axis, axis)


def _max_pool(call: Call, axis: int) -> Rewritten | None:
    names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
    given = dict(zip(names, call.args[1:], strict=False)) | {k: v for k, v in call.kwargs.items() if k in names}
    one_axis = call.name.endswith("1d")
    if axis != 0 or given.pop("return_indices", False) or dependents(call)[0].dim() != (3 if one_axis else 4):
        return None
    return _through((nn.MaxPool1d if one_axis else nn.MaxPool2d)(**given), 0, 0)


def _largest(call: Call, axis: int) -> Rewritten | None:
    """Maximum over one axis, as a max-pool as long as that axis."""
    x = dependents(call)[0]
    if call.name == "adaptive_max_pool1d":
        dim, keep = -1, True
        if call.argument(1, "output_size") not in (1, (1,), [1]):
            return None
    else:
        dim, keep = call.argument(1, "dim"), call.argument(2, "keepdim", False)
        if isinstance(dim, tuple | list) and len(dim) == 1:
            dim = dim[0]
    if not isinstance(dim, int) or dim % x.dim() == axis:
        return None
    pool, dim = nn.MaxPool1d(x.shape[dim]), dim % x.dim()

    def apply(call: Call) -> Any:
        x = dependents(call)[0].movedim((axis, dim), (0, -1))  # n, ..., positions
        y = pool(x.reshape(len(x), -1, x.shape[-1])).reshape(*x.shape[:-1], 1)
        y = y.movedim((0, -1), (axis, dim)).clone()
        y = y if keep else y.squeeze(dim)
        return type(whole)((y, whole[1])) if isinstance(whole := call.run(), tuple) else y

    return Rewritten(pool, apply)


def _product(call: Call, axes: list[int], out_axis: int) -> Rewritten | None:
    """Product of two things that depend on the input, by entries or of matrices."""
    from tangermeme.deep_lift_shap import BilinearOp

    a, b = dependents(call)
    if call.name == "einsum":
        if [*axes, out_axis] != [0, 0, 0] or not isinstance(call.args[0], str) or len(tensors(call)) > 2:
            return None
        contract = BilinearOp(call.args[0])
        return Rewritten(contract, lambda call: contract(*dependents(call)).clone())
    matrices = call.name in MATRIX_PRODUCTS
    n_axes = max(a.dim(), b.dim())
    place = {axis + n_axes - x.dim() for axis, x in zip(axes, (a, b), strict=True)}  # once both have all axes
    if place != {out_axis} or (matrices and out_axis >= n_axes - 2):
        return None
    multiply = BilinearOp(None if matrices else "...,...->...")

    def apply(call: Call) -> torch.Tensor:
        factors = (x[(None,) * (n_axes - x.dim())].movedim(out_axis, 0) for x in dependents(call))
        return multiply(*factors).movedim(0, out_axis).clone()

    return Rewritten(multiply, apply)


_SPECIAL: dict[str, Callable[[Call, int], Rewritten | None]] = {
    "softmax": _softmax,
    "layer_norm": _layer_norm,
    **dict.fromkeys(("max_pool1d", "max_pool2d"), _max_pool),
    **dict.fromkeys(("max", "amax", "adaptive_max_pool1d"), _largest),
}


def operation_for(call: Call, result: Any, shapes: list[torch.Size]) -> Rewritten | None:
    """Module with a rule for a nonlinear call, or None if no rule fits it.

    Parameters
    ----------
    call : Call
    result : Any
        Result of the call.
    shapes : list of torch.Size
        Shapes of the call's tensors, and of its result if that is a tensor, in a batch of another size.
    """
    given = list(zip(tensors(call), shapes, strict=False))
    axes = [axis for x, before in given if x.requires_grad and (axis := _axis(x.shape, before)) is not None]
    if len(axes) != len(dependents(call)):
        return None
    if call.chooses and call.name in CHOOSING:
        return _choice(call, result, axes)
    if call.name in _SPECIAL:
        return _SPECIAL[call.name](call, axes[0])
    out_axis = _axis(result.shape, shapes[-1]) if isinstance(result, torch.Tensor) else None
    if out_axis is None or any(x.shape != before for x, before in given if not x.requires_grad):
        return None  # several results, or an argument that grows with the batch
    if call.name in PRODUCTS and len(axes) == 2:
        return _product(call, axes, out_axis)
    if len(axes) == 1:
        return _function(call, axes[0], out_axis, Elementwise if call.name in ELEMENTWISE else Integrated)
    return None
