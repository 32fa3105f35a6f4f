"""What is checked of every model before anything is read off it: finite weights, one output for one sequence."""

import torch
from torch import nn

from motiflens.basics.errors import InputError


def check_weights(model: nn.Module) -> None:
    """Refuse weights that are not finite."""
    bad = [name for name, values in model.named_parameters() if not bool(values.isfinite().all())]
    bad += [name for name, values in model.named_buffers() if bool(values.isnan().any())]  # a mask may hold infinities
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise InputError(f"expected finite weights, got NaN or infinity in {bad[0]!r}{more}: the training diverged")


def check_independent(everything: torch.Tensor, alone: torch.Tensor) -> None:
    """Check that a sequence has one output, whatever stands beside it.

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
