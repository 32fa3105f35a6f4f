"""Rows of the table of interactions: the window in which the effect of a pair is strongest, and its gap."""

from collections.abc import Sequence

import numpy as np

from motiflens.interpret.interactions.effects import ANY, Effects, Windows
from motiflens.interpret.interactions.table import Interaction, sign_of, sorted_rows
from motiflens.motifs.pairs import ORIENTATIONS
from motiflens.motifs.sets import Motif


def table_rows(
    motifs: Sequence[Motif],
    pairs: np.ndarray,
    p: np.ndarray,
    q: np.ndarray,
    agree: np.ndarray,
    windows: Windows,
    shown: Effects,
    n_members: int,
) -> tuple[Interaction, ...]:
    """One row for each pair, from its p- and q-value and the window of distances in which its effect is strongest.

    The gap of a pair is that of its largest effect if this is positive, and of its lowest if it is negative.

    Parameters
    ----------
    motifs : sequence of Motif
    pairs : np.ndarray, shape=(P, 2)
    p, q, agree : np.ndarray, shape=(P,)
        p-values, q-values, and numbers of members that alone have a small p-value.
    windows : Windows of P pairs
    shown : Effects of P pairs
        Effects over all members.
    n_members : int
    """
    rows = []
    for row, (i, j) in enumerate(pairs.tolist()):
        first, last, orientation = int(windows.first[row]), int(windows.last[row]), int(windows.orientation[row])
        chosen = slice(None) if orientation == ANY else [orientation]
        total, number = (part[row, chosen, first : last + 1].sum(axis=0) for part in (shown.total, shown.number))
        effect = float(windows.effect[row])
        side = -1 if effect < 0 else 1
        by_distance = np.divide(side * total, number, out=np.full(len(number), -np.inf), where=number > 0)
        best = first + int(by_distance.argmax())
        nowhere = np.nan if np.isnan(windows.effect[row]) else 0.0  # a gap where nothing was measured means nothing
        rows.append(
            Interaction(
                i=i, j=j, motif_i=motifs[i].id, motif_j=motifs[j].id,
                effect=effect, sign=sign_of(effect) if windows.score[row] else "",
                p_value=float(p[row]), q_value=float(q[row]),
                gap=float(shown.low[best] + shown.high[best]) / 2 + nowhere,
                gap_low=float(shown.low[first]) + nowhere, gap_high=float(shown.high[last]) + nowhere,
                orientation="" if orientation == ANY else ORIENTATIONS[orientation],
                support=-(-int(number.sum()) // n_members), n_agree=int(agree[row]),
            )
        )  # fmt: skip
    return sorted_rows(rows)
