"""Shared by attribution methods: checks of input and output, the device, and the gradient of one output."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import Array, as_tensor
from motiflens.basics.sequence import check_one_hot
from motiflens.models.devices import device_of, resolve_device
from motiflens.models.foreign import check_foreign
from motiflens.models.hybrid import evaluating
from motiflens.models.passes import MOST_POSITIONS_WITH_GRADIENT, sequences_per_pass


def checked(X: Array, batch_size: int) -> torch.Tensor:
    """Check that X (N, 4, L) is one-hot, and return it as a tensor without gradient."""
    X = as_tensor(X).detach()
    check_one_hot(X)
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, got {batch_size}")
    return X


def gradients_per_pass(asked: int, X: torch.Tensor, weight: int = 1) -> int:
    """Sequences of X, shape=(N, 4, L), in a pass with gradient, if each needs `weight` times the usual memory."""
    return sequences_per_pass(asked, weight * X.shape[2], MOST_POSITIONS_WITH_GRADIENT)


def check_positive(**numbers: int) -> None:
    """Raise an error for whole numbers below 1, with their names."""
    for name, value in numbers.items():
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")


@contextlib.contextmanager
def computing(model: nn.Module, device: str | torch.device | None, X: torch.Tensor) -> Iterator[torch.device]:
    """Context manager: the model of X (N, 4, L) is in evaluation mode on a device (None: its own), then as before.

    Raises
    ------
    ValueError
        If the output for a sequence depends on other sequences even in evaluation mode, as its layers or the first
        sequences of X show, or on chance, because dropout is always on.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is None:
            raise InputError(
                f"expected outputs that do not depend on the other sequences of a batch, but {name or 'the model'!r} "
                "normalises over the batch at hand: BatchNorm without running statistics"
            )
    home = device_of(model)
    where = home if device is None else resolve_device(str(device))
    try:
        model.to(where)
        with evaluating(model):
            check_foreign(model, X)
            yield where
    finally:
        model.to(home)


@contextlib.contextmanager
def differentiating(model: nn.Module, device: str | torch.device | None, X: torch.Tensor) -> Iterator[torch.device]:
    """As `computing`, for X (N, 4, L), with gradients enabled, for recurrent networks too."""
    with computing(model, device, X) as where, _rnn_backward(model), torch.enable_grad():
        yield where


@contextlib.contextmanager
def _rnn_backward(model: nn.Module) -> Iterator[None]:
    """Leave cuDNN out for recurrent networks: its LSTM has no backward pass in evaluation mode."""
    enabled = torch.backends.cudnn.enabled
    if any(isinstance(module, nn.RNNBase) for module in model.modules()):
        torch.backends.cudnn.enabled = False  # not `flags`, which resets the other switches, too
    try:
        yield
    finally:
        torch.backends.cudnn.enabled = enabled


@contextlib.contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """Context manager: no parameter requires a gradient, so that only what depends on the input does, at less cost."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        for parameter in trainable:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def target_column(output: torch.Tensor, n: int, target: int) -> torch.Tensor:
    """One output of a model for n sequences, shape=(n,).

    Raises
    ------
    ValueError
        If the model's output is not (n, n_outputs) or (n,), or has no such column.
    """
    if not isinstance(output, torch.Tensor):
        raise InputError(f"expected the model to return one tensor, got {type(output).__name__}")
    if output.dim() not in (1, 2) or len(output) != n:
        raise InputError(
            f"expected the model's output to have shape (n, n_outputs) or (n,) for {n} sequences, "
            f"got {tuple(output.shape)}"
        )
    columns = output.reshape(n, -1)  # n, n_outputs
    if not 0 <= target < columns.shape[1]:
        raise InputError(f"target must be in 0 ... {columns.shape[1] - 1}, got {target}")
    return columns[:, target]


def input_gradient(model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
    """Gradient of one output with respect to x, shape=(n, 4, L), on the device of x."""
    x = x.detach().requires_grad_()
    column = target_column(model(x.clone()), len(x), target)  # the model may write into it
    unused = "expected an output that depends on X through differentiable operations"
    if not column.requires_grad:
        raise InputError(unused)
    # One sum serves the batch: in evaluation mode no output depends on another sequence.
    try:
        (gradient,) = torch.autograd.grad(column.sum(), x, allow_unused=True)
    except RuntimeError as error:
        if "use_reentrant" not in str(error):
            raise
        raise InputError(
            "the model keeps no intermediate values (torch.utils.checkpoint with use_reentrant=True), of which PyTorch "
            "takes no gradient by its input: write use_reentrant=False in the model, or mutate its input"
        ) from error
    if gradient is None:
        raise InputError(unused)
    return gradient


def centred(values: torch.Tensor) -> torch.Tensor:
    """Subtract the mean over the bases from values of shape=(N, 4, L).

    One-hot columns sum to 1. So the data do not constrain a network in the direction in which all four values of a
    column change together, and the component of its gradient in this direction is noise. Source: Majdandzic, Rajesh,
    Koo 2023, "Correcting gradient-based interpretations of deep neural networks for genomics".
    """
    return values - values.mean(1, keepdim=True)


def check_finite(values: torch.Tensor, what: str) -> None:
    """Raise an error for NaN or infinity in values of shape=(N, ...), with the index of a sequence that has them."""
    finite = values.isfinite().flatten(1).all(1)  # N
    if not bool(finite.all()):
        bad = (~finite).nonzero().flatten().tolist()
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise InputError(f"expected finite {what}, got NaN or infinity for sequence {bad[0]}{more}")
