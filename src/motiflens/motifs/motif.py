"""A motif as a matrix of base probabilities: rows ACGT, columns the positions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.basics.choices import close_hint
from motiflens.basics.errors import InputError
from motiflens.basics.metrics import information_content
from motiflens.basics.plots import plot_logo
from motiflens.basics.tables import Logo, Table, Tabular
from motiflens.motifs.matrices import DEFAULT_N_SITES, SUM_TOLERANCE

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif as base probabilities.

    Parameters
    ----------
    id : str
        Accession with version where there is one, such as ``"MA0079.3"``.
    name : str
        Usually the factor, such as ``"SP1"``.
    pwm : np.ndarray, shape=(4, width)
        Base probabilities, rows ACGT; each column sums to 1 (within 1e-5). Kept as a read-only float64 copy.
    n_sites : int
        Number of sites that the matrix was made from; 20 where unknown.

    Raises
    ------
    ValueError
        If pwm has another shape, a negative value or a column that does not sum to 1, or n_sites is below 1.
    """

    id: str
    name: str
    pwm: np.ndarray
    n_sites: int = DEFAULT_N_SITES

    def __post_init__(self) -> None:
        pwm = np.array(self.pwm, dtype=np.float64)
        if pwm.ndim != 2 or pwm.shape[0] != 4 or pwm.shape[1] == 0:
            hint = "; transpose it" if pwm.ndim == 2 and pwm.shape[1] == 4 else ""
            raise InputError(f"motif {self.id}: expected pwm of shape (4, width), got {pwm.shape}{hint}")
        # The slack lets pass what a file with six decimals has right at the tolerance.
        fits = (np.abs(pwm.sum(axis=0) - 1) <= 1.1 * SUM_TOLERANCE) & (pwm >= 0).all(axis=0)
        if not fits.all():
            column = int(fits.argmin())
            raise InputError(
                f"motif {self.id}: expected columns of probabilities that sum to 1, "
                f"got {pwm[:, column].tolist()} in column {column}; normalise first"
            )
        if self.n_sites < 1:
            raise InputError(f"motif {self.id}: n_sites must be at least 1, got {self.n_sites}")
        pwm.setflags(write=False)
        object.__setattr__(self, "pwm", pwm)

    def __repr__(self) -> str:
        return f"Motif({self.id!r}, {self.name!r}, width={self.width}, n_sites={self.n_sites})"

    def _repr_html_(self) -> str:
        return MotifList([self])._repr_html_()

    def to_dataframe(self) -> "pandas.DataFrame":
        """A row: id, name, consensus, width and number of sites."""
        return MotifList([self]).to_dataframe()

    def plot(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw the information logo, by default on a new figure (:func:`motiflens.basics.plots.plot_logo`)."""
        return plot_logo(self, title=self.name or self.id, ax=ax)

    @property
    def width(self) -> int:
        """Number of positions."""
        return int(self.pwm.shape[1])

    def reverse_complement(self) -> "Motif":
        """Return the reverse complement, with the same id, name and number of sites."""
        return Motif(self.id, self.name, self.pwm[::-1, ::-1], self.n_sites)


class MotifList(Tabular, list[Motif]):
    """A list of motifs, shown as names and consensus, and with logos in a notebook."""

    def _table(self) -> Table:
        columns: dict[str, Sequence[Any]] = {
            "id": [motif.id for motif in self],
            "name": [motif.name for motif in self],
            "logo": [Logo(motif.pwm) for motif in self],
            "width": [motif.width for motif in self],
            "n_sites": [motif.n_sites for motif in self],
        }
        return Table(f"{len(self):,} motif{'s' * (len(self) != 1)}", columns)


def distinct_names(motifs: Sequence[Motif]) -> list[str]:
    """Names of motifs, with the id if several have the same name, and the id alone if there is no name."""
    names = Counter(motif.name for motif in motifs)
    return [
        motif.id if not motif.name else motif.name if names[motif.name] == 1 else f"{motif.name} ({motif.id})"
        for motif in motifs
    ]


def select_motifs(motifs: Iterable[Motif], ids: Sequence[str]) -> list[Motif]:
    """Pick motifs by id, in the order of ids.

    Raises
    ------
    ValueError
        If an id is missing (similar ids, or the ids of motifs with that name, are listed) or ambiguous.
    """
    by_id: dict[str, list[Motif]] = {}
    ids_of_name: dict[str, list[str]] = {}
    for motif in motifs:
        by_id.setdefault(motif.id, []).append(motif)
        ids_of_name.setdefault(motif.name.lower(), []).append(motif.id)
    for wanted in ids:
        if wanted not in by_id:
            named = ids_of_name.get(wanted.lower())
            hint = f"; the id of that name is {', '.join(named)}" if named else close_hint(wanted, by_id)
            raise InputError(f"no motif with id {wanted!r} among {len(by_id)}{hint}")
        if len(by_id[wanted]) > 1:
            raise InputError(f"expected unique ids, got {len(by_id[wanted])} motifs with id {wanted!r}")
    return [by_id[wanted][0] for wanted in ids]


def trim_pwm(pwm: np.ndarray, threshold: float = 0.5, pad: int = 3) -> np.ndarray:
    """Trim uninformative flanks: keep the first to the last position above a threshold, and `pad` more on each side.

    As in the filter analysis of Ghotra et al. 2021. A matrix without any position above the threshold is not trimmed.

    Parameters
    ----------
    pwm : np.ndarray, shape=(4, width)
        Base probabilities.
    threshold : float
        In bits; a position counts if its information is greater.
    pad : int
        Additional positions to keep on each side, as far as there are any.

    Returns
    -------
    trimmed : np.ndarray, shape=(4, new_width)
        A view of pwm.

    Raises
    ------
    ValueError
        If `pad` is negative or `pwm` is not a matrix of probabilities.
    """
    if pad < 0:
        raise InputError(f"pad must be 0 or more, got {pad}")
    informative = np.flatnonzero(information_content(pwm, axis=0) > threshold)
    if informative.size == 0:
        return pwm
    return pwm[:, max(informative[0] - pad, 0) : informative[-1] + pad + 1]
