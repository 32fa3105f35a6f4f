"""Checks of every model before it is analysed: finite weights, and outputs that do not depend on other sequences."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from motiflens.basics.errors import InputError

_DROPOUTS = {
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "feature_dropout",
}  # fmt: skip


def check_weights(model: nn.Module) -> None:
    """Raise an error if a weight is not finite."""
    bad = [name for name, values in model.named_parameters() if not bool(values.isfinite().all())]
    bad += [name for name, values in model.named_buffers() if bool(values.isnan().any())]  # a mask may hold infinities
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise InputError(f"expected finite weights, got NaN or infinity in {bad[0]!r}{more}: the training diverged")


def check_independent(everything: torch.Tensor, alone: torch.Tensor) -> None:
    """Check that the output for a sequence does not depend on the other sequences of a batch.

    Parameters
    ----------
    everything : torch.Tensor, shape=(n, n_outputs)
    alone : torch.Tensor, shape=(n_alone, n_outputs)
        Outputs of the first of these sequences in a pass of their own.
    """
    if not bool(everything.isfinite().all()):
        raise InputError("expected finite outputs, got NaN or infinity")
    difference = (everything[: len(alone)] - alone).abs().max().item()
    rounding = max(1e-3, 4 * torch.finfo(everything.dtype).eps)
    if difference > rounding * max(everything.abs().max().item(), 1e-6):
        raise InputError(
            f"the output of a sequence changes by {difference:.3g} with the other sequences of its batch, or from run "
            "to run, in evaluation mode: batch normalisation without running statistics, or dropout that ignores "
            "model.eval()"
        )


class ChanceWatch(TorchFunctionMode):
    """Detects dropout that is on while a model runs.

    Outputs alone may not show it: if only the maxima of a map count, dropout changes few of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dropped = 0.0  # the largest share

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").strip("_")
        if name in _DROPOUTS:
            default = getattr(F, name, None) is func  # those of torch.nn.functional are on unless told otherwise
            share = _given(args, kwargs, 1, "p", 0.5)
            if _given(args, kwargs, 2, "training" if default else "train", True):
                self.dropped = max(self.dropped, share)
        elif name == "scaled_dot_product_attention":
            self.dropped = max(self.dropped, _given(args, kwargs, 4, "dropout_p", 0.0))
        elif name == "multi_head_attention_forward" and kwargs.get("training", True):
            self.dropped = max(self.dropped, _given(args, kwargs, 11, "dropout_p", 0.0))
        return func(*args, **kwargs)

    def check(self) -> None:
        """Raise an error if the model drops values in evaluation mode."""
        if self.dropped:
            raise InputError(
                f"the model drops {self.dropped:.0%} of some values in evaluation mode, too, so that its output "
                "depends on chance: dropout that ignores model.eval(), such as F.dropout(x) without "
                "training=self.training"
            )


def _given(args: Any, kwargs: dict[str, Any], position: int, name: str, default: Any) -> Any:
    return args[position] if len(args) > position else kwargs.get(name, default)
