"""Completeness: whether attributions add up to the change of the output that they explain."""

import torch

from motiflens.basics.errors import warn

LARGEST_GAP = 0.05


class CompletenessWarning(UserWarning):
    """Attributions that should add up to the change of the output differ from it by more than 5 %."""


def completeness_gap(explained: torch.Tensor, change: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    """Relative difference between the sum of attributions and the change of the output.

    This is ``|explained - change| / max(|change|, 0.01 size)``. The second term is there because, where large
    contributions cancel and the output hardly changes, rounding errors should not count as a gap.

    Parameters
    ----------
    explained : torch.Tensor, shape=(N,)
        Sum of each sequence's attributions.
    change : torch.Tensor, shape=(N,)
        Output at the sequence minus output at the baseline (its mean, if there are several).
    size : torch.Tensor, shape=(N,)
        Sum of the absolute attributions.

    Returns
    -------
    gap : torch.Tensor, shape=(N,)
        0 if both are equal.
    """
    error = (explained - change).abs()
    scale = torch.maximum(change.abs(), 0.01 * size)
    return torch.where(error > 0, error / scale.clamp_min(torch.finfo(error.dtype).tiny), 0.0)


def warn_of_gap(gap: torch.Tensor, method: str, cause: str) -> None:
    """Warn if a gap, of shape=(N,), exceeds 5 %."""
    wrong = gap > LARGEST_GAP
    if bool(wrong.any()):
        warn(
            f"{method}: attributions of {int(wrong.sum())} of {len(gap)} sequences miss the change of output by more "
            f"than {LARGEST_GAP:.0%} (at worst by {float(gap.max()):.0%}); {cause}",
            CompletenessWarning,
        )
