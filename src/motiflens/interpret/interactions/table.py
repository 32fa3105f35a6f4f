"""The result of `interactions`: one row for each pair of motifs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from motiflens.basics.choices import check_top
from motiflens.basics.errors import InputError
from motiflens.basics.plots import Profile, plot_interactions
from motiflens.basics.tables import Table, Tabular, by_fields
from motiflens.interpret.interactions.effects import Effects
from motiflens.motifs.pairs import ORIENTATIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Interaction(NamedTuple):
    """One pair of motifs."""

    i: int  # index into the list of motifs, i < j
    j: int
    motif_i: str  # id
    motif_j: str
    effect: float  # mean where it stands out, in the table's unit; NaN where nothing was measured
    sign: str  # "+": more together than the sum of both; "-": less (one does, or they cancel); "": none stands out
    p_value: float  # of an effect of either sign
    q_value: float
    gap: float  # bases between the two sites where the effect is largest; NaN for methods without distances
    gap_low: float  # window of gaps in which the effect stands out
    gap_high: float
    orientation: str  # one of `pairs.ORIENTATIONS`, "" where all orientations together stand out
    support: int  # measurements in that window and orientation, per network: two sites in a sequence, or an insertion
    n_agree: int  # members with p <= .05 by themselves and an effect of this sign


@by_fields
class PairEvidence(NamedTuple):
    """What the p-values were computed from; pairs are in the order of `numpy.triu_indices`."""

    score: np.ndarray  # (P,) of the effect that stands out most, whatever its sign; 0 where none does
    magnitude: np.ndarray  # (P,) the same; NaN where nothing was measured
    curvature: np.ndarray  # (P,) score that the curvature of the output alone would give; 0 where it is not known
    p_copies: np.ndarray  # (P,) against column-shuffled copies
    p_others: np.ndarray  # (P,) against the other pairs, for both signs; NaN where these are too few
    member_effect: np.ndarray  # (n_members, P) where a member's effect stands out; NaN where nothing was measured
    member_p: np.ndarray  # (n_members, P) of each member by itself


_SHOWN = (
    "effect", "sign", "p_value", "q_value", "gap", "orientation", "support", "n_agree", "motif_i", "motif_j",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class InteractionTable(Tabular):
    """All pairs of a set of motifs, the smallest p-value first.

    Attributes
    ----------
    rows : tuple of Interaction
    method, unit : str
        How effects were measured, and their unit: "logit", "attention weight" or "Fisher z".
    n_members, n_null : int
        Number of networks, and of scores of shuffled copies in the null distribution.
    caution : str
        Reasons why p-values may not be valid; "" if none is known.
    profiles : Effects
        Effects by orientation and distance, pair by pair in the order of `numpy.triu_indices`, over all members: arrays
        `total`, `square` and `number` (P, n_orientations, D), `low` and `high` (D,) bp, and `mean()`.
    evidence : PairEvidence
        Both tests of each pair, and the effects and p-values of each member.
    labels : tuple of str
        Label of each motif: its name, with the id if several motifs have the same name.
    """

    rows: tuple[Interaction, ...]
    method: str
    unit: str
    n_members: int
    n_null: int
    caution: str
    profiles: Effects
    evidence: PairEvidence
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def _table(self) -> Table:
        title = f"InteractionTable({self.method}: {len(self.calls())} of {len(self)} pairs at q <= 0.1)"
        columns = {"pair": [self._label(row) for row in self.rows]}
        columns |= {name: [getattr(row, name) for row in self.rows] for name in _SHOWN}
        notes = [f"effects in {self.unit}, over {self.n_members} network{'s' * (self.n_members != 1)}"]
        return Table(title, columns, [*notes, *filter(None, self.caution.split("; "))])

    def _label(self, row: Interaction) -> str:
        return f"{self.labels[row.i]} × {self.labels[row.j]}"

    def plot(self, *, top: int = 6, ax: "Axes | None" = None) -> "Axes":
        """Draw the effect of pairs against the distance between their sites.

        At most `top` pairs have a name and a colour: called pairs first, then those with the largest absolute effects.
        All others are thin and grey. If the effect of a pair is strongest in one orientation, the curve is of this
        orientation, otherwise of all.

        Raises
        ------
        ValueError
            If there is no pair, or `top` is below 1.
        """
        check_top(top)
        named = self._named(top)
        profiles = [self._profile_of(row, emphasis=row in named) for row in self.rows]
        return plot_interactions(profiles, unit=self.unit, title=f"Interactions by {self.method}", ax=ax)

    def _named(self, top: int) -> set[Interaction]:
        """Pairs to be named in a plot."""
        called = set(self.calls())
        order = sorted(self.rows, key=lambda row: (row not in called, -np.nan_to_num(abs(row.effect), nan=-np.inf)))
        return set(order[:top])

    def _profile_of(self, row: Interaction, *, emphasis: bool) -> Profile:
        total, number = (self._of_pair(values, row) for values in (self.profiles.total, self.profiles.number))
        chosen = slice(None) if row.orientation == "" else [ORIENTATIONS.index(row.orientation)]
        total, number = total[chosen].sum(axis=0), number[chosen].sum(axis=0)  # D
        effect = np.divide(total, number, out=np.full(len(number), np.nan), where=number > 0)
        label = self._label(row) + (f" ({row.orientation})" if row.orientation else "")
        return Profile(label, self.profiles.low, self.profiles.high, effect, emphasis)

    def calls(self, q: float = 0.1, *, sign: str = "") -> list[Interaction]:
        """Called pairs: those with a q-value of at most q, with both signs or one of them.

        Parameters
        ----------
        q : float
        sign : str
            "+", "-", or "" for both.

        Raises
        ------
        ValueError
            If the sign is none of these.
        """
        if sign not in ("", "+", "-"):
            raise InputError(f"sign must be '+', '-' or '' for both, got {sign!r}")
        return [row for row in self.rows if row.q_value <= q and row.sign and row.sign in (sign or "+-")]

    def pair(self, i: int, j: int) -> Interaction:
        """The row of two motifs, in either order.

        Raises
        ------
        ValueError
            If there is no such pair.
        """
        for row in self.rows:
            if (row.i, row.j) == (min(i, j), max(i, j)):
                return row
        raise InputError(f"expected two different motifs in 0 ... {self._n_motifs - 1}, got {i} and {j}")

    def profile(self, i: int, j: int) -> np.ndarray:
        """Mean effects of two motifs by orientation and distance, shape=(n_orientations, D); NaN if not measured."""
        return self._of_pair(self.profiles.mean(), self.pair(i, j))

    def _of_pair(self, values: np.ndarray, row: Interaction) -> np.ndarray:
        """One pair's part of values in the order of `numpy.triu_indices`."""
        n = self._n_motifs
        return values[row.i * n - row.i * (row.i + 1) // 2 + row.j - row.i - 1]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Rows as dictionaries of JSON types; NaN becomes None."""
        return [{name: _json(value) for name, value in row._asdict().items()} for row in self.rows]

    @property
    def _n_motifs(self) -> int:
        return max((row.j for row in self.rows), default=0) + 1


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def sorted_rows(rows: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """Rows sorted by p-value, then by absolute effect, the largest first."""
    return tuple(sorted(rows, key=lambda row: (row.p_value, -np.nan_to_num(abs(row.effect), nan=-np.inf))))


def sign_of(effect: float) -> str:
    """Sign of an effect: "+" or "-"; "" of 0 and of NaN."""
    return "+" if effect > 0 else "-" if effect < 0 else ""
