"""Pictures and tables of attributions: logos of scores with named motifs, and one row for each sequence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import Array, as_tensor
from motiflens.basics.plots import plot_logo
from motiflens.basics.sequence import UNKNOWN, decode
from motiflens.basics.tables import Table
from motiflens.motifs.hits import motif_hits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AROUND = 5  # bases either side of the highest score that a table shows


def codes_of(X: Array) -> np.ndarray:
    """Codes, uint8, shape=(N, L), of sequences that are one-hot, shape=(N, 4, L)."""
    one = as_tensor(X).detach().cpu()
    return torch.where(one.sum(dim=1) > 0, one.argmax(dim=1), UNKNOWN).to(torch.uint8).numpy()


def letter_heights(codes: np.ndarray, scores: Array, row: int) -> np.ndarray:
    """Scores of one sequence at its bases, float64, shape=(4, L).

    Raises
    ------
    ValueError
        If there is no such sequence.
    """
    if not -len(codes) <= row < len(codes):
        raise InputError(f"expected a row in 0 ... {len(codes) - 1}, got {row}")
    bases, values = codes[row], as_tensor(scores)[row].detach().double().cpu().numpy()
    heights = np.zeros((4, len(bases)))
    known = np.flatnonzero(bases < UNKNOWN)
    heights[bases[known], known] = values[known]
    return heights


def plot_attribution(
    found: Any,
    row: int,
    *,
    start: int = 0,
    stop: int | None = None,
    motifs: Any = (),
    title: str = "",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the attributions of one sequence, with named sites of motifs (or of a result's `.motifs`)."""
    wanted: Sequence[Any] = getattr(motifs, "motifs", motifs)
    hits = motif_hits(found.codes[row], wanted) if len(wanted) else []
    name = f"sequence {row}" + (f", {title}" if title else "")
    return plot_logo(found, row, start=start, stop=stop, hits=[hit[:4] for hit in hits], title=name, ax=ax)


def attribution_table(title: str, codes: np.ndarray, scores: Array, gap: Array | None) -> Table:
    """A row for each sequence: its highest score with position and neighbouring bases, its lowest, and the gap.

    Codes and scores have shape=(N, L), gaps (N,).
    """
    values = as_tensor(scores).detach().cpu().numpy()
    n = len(values)
    if not values.size:
        return Table(title, {})
    highest = values.argmax(axis=1)
    around = [
        letters[max(place - _AROUND, 0) : place + _AROUND + 1]
        for letters, place in zip(decode(codes), highest.tolist(), strict=True)
    ]
    columns: dict[str, Any] = {
        "sequence": np.arange(n),
        "position": highest,
        "highest": values.max(axis=1),
        "around it": around,
        "lowest": values.min(axis=1),
        "sum": values.sum(axis=1),
    }
    if gap is not None:
        columns["gap"] = as_tensor(gap).detach().cpu().numpy()
    return Table(title, columns)
