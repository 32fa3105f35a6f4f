"""What first-layer filters learned: align the windows that activate a filter, and look the result up.

``activation_pwms`` turns activations into one matrix per filter, ``filter_matches`` finds those in a motif
database and, where the true motifs are known, counts filters that found one (Ghotra et al. 2021, Methods).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from motiflens import tomtom
from motiflens._factors import TASK1_TRUTH, TASK2_TRUTH, FactorIds, task_truth
from motiflens.metrics import Array, as_tensor
from motiflens.motifs import Motif, load_motifs, trim_pwm
from motiflens.sequence import check_one_hot, one_hot
from motiflens.tomtom import Hit

__all__ = [
    "NOT_FALSE_ALONE",
    "TASK1_TRUTH",
    "TASK2_TRUTH",
    "FilterMatch",
    "FilterMatches",
    "FilterPwms",
    "FactorIds",
    "activation_pwms",
    "filter_matches",
    "filter_motifs",
    "task_truth",
]

Activations = Array | Callable[[], Iterable[Array]]
# Gmeb1: the study does not count a filter as false that matches this motif alone.
NOT_FALSE_ALONE = ("MA0615",)


class FilterPwms(NamedTuple):
    """One matrix per filter, and the number of windows behind each."""

    pwms: np.ndarray  # (F, 4, window) float64, columns sum to 1
    counts: np.ndarray  # (F,) int64

    @property
    def dead(self) -> np.ndarray:
        """Filters without a window, bool, shape=(F,); their matrix is uniform."""
        return self.counts == 0


class FilterMatch(NamedTuple):
    """What one filter matched in the database."""

    filter: int
    outcome: str  # "true", "false", "not counted", "no hit" or "dead"; "hit" where no truth is given
    best: Hit | None  # the hit with the smallest p-value
    factor: str | None  # whose motif the best true hit is
    n_hits: int


@dataclass(frozen=True)
class FilterMatches:
    """Database matches of a set of filters.

    Rates are shares of all filters, dead ones included. A filter with any hit to a true motif is true; one
    whose hits are all of `NOT_FALSE_ALONE` is neither true nor false.
    """

    rows: tuple[FilterMatch, ...]
    has_truth: bool

    @property
    def tpr(self) -> float | None:
        """Share of filters with a hit to a true motif; None where no truth is given."""
        return self._share("true") if self.has_truth else None

    @property
    def fpr(self) -> float | None:
        """Share of filters with hits, none of them true; None where no truth is given."""
        return self._share("false") if self.has_truth else None

    @property
    def no_hit_share(self) -> float:
        """Share of filters without any hit, dead ones included."""
        return self._share("no hit", "dead")

    @property
    def n_dead(self) -> int:
        """Number of filters whose matrix is uniform."""
        return sum(row.outcome == "dead" for row in self.rows)

    def _share(self, *outcomes: str) -> float:
        return sum(row.outcome in outcomes for row in self.rows) / len(self.rows)


def activation_pwms(activations: Activations, X: Array, *, window: int = 20, threshold: float = 0.5) -> FilterPwms:
    """Average the sequence windows that activate each filter (Ghotra et al. 2021, Methods).

    Around every position where a filter exceeds ``threshold`` times its maximum over the whole set, the
    window ``[start, start + window)`` with ``start = position - window // 2`` is cut out, and dropped where
    ``start <= 0`` or ``start + window >= L``; the mean of the windows is the matrix. Unknown bases are left
    out of the mean.

    Parameters
    ----------
    activations : np.ndarray or torch.Tensor, shape=(N, F, L), or callable
        First-layer activations after the activation function. A callable without arguments that gives batches
        (n, F, L) in the order of X is called twice, for the maxima and for the windows, so that a large set
        need never be held at once. Tensors are worked on where they are.
    X : np.ndarray or torch.Tensor, shape=(N, 4, L) one-hot or (N, L) codes
    window : int
        Width of the matrices.
    threshold : float
        Share of the maximum, in [0, 1).

    Returns
    -------
    pwms : np.ndarray, float64, shape=(F, 4, window)
    counts : np.ndarray, int64, shape=(F,)
        Windows per filter. A filter that is never positive, or that exceeds the threshold only at the ends,
        has none: it is dead and its matrix is uniform.

    Raises
    ------
    ValueError
        If shapes do not fit, an activation is not finite, an option is out of range, or a callable gives
        different batches at its second call.

    Notes
    -----
    Windows are summed by a matrix product, so that the cost does not depend on how many there are. A filter
    with very many, broadly active without a clear maximum, is averaged like any other: its matrix comes close
    to the composition of the sequences, and no match is found for it.
    """
    sequences = _check_sequences(X, window, threshold)
    length = sequences.shape[-1]
    first, n_starts = window // 2 + 1, length - window - 1  # windows start at 1 ... length - window - 1
    chunk = max(1, 2**17 // (length * window))  # 2 MB of windows, to stay in cache
    maxima = _maxima(activations, sequences, chunk)  # F,
    sums = torch.zeros(len(maxima), 4, window, dtype=torch.float64, device=maxima.device)
    counts = torch.zeros(len(maxima), dtype=torch.int64, device=maxima.device)
    for rows, batch in _aligned_batches(activations, sequences, chunk):
        active = batch[:, :, first : first + n_starts].transpose(0, 1) > threshold * maxima[:, None, None]
        active = active.float().flatten(1)  # F, n * n_starts
        sums += (active @ _windows(sequences[rows].to(batch.device), window)).view(-1, window, 4).mT
        counts += active.count_nonzero(dim=1)
    totals = sums.sum(dim=1, keepdim=True)
    pwms = torch.where(totals > 0, sums / totals, 0.25)
    return FilterPwms(pwms.cpu().numpy(), counts.cpu().numpy())


def _windows(sequences: torch.Tensor, window: int) -> torch.Tensor:
    """Every window that starts after the first base and ends before the last, (n * n_starts, window * 4)."""
    one = sequences.float() if sequences.dim() == 3 else one_hot(sequences)
    bases_last = one[:, :, 1:-1].mT.contiguous()  # n, L - 2, 4: each window is one run of memory
    n, length, _ = bases_last.shape
    n_starts = length - window + 1
    windows = bases_last.as_strided((n, n_starts, window * 4), (length * 4, 4, 1))
    return windows.reshape(n * n_starts, window * 4)


def filter_motifs(pwms: np.ndarray, counts: np.ndarray | None = None, *, trim: bool = False) -> list[Motif]:
    """Make motifs "filter_0", "filter_1", ... from the matrices of filters, as for a MEME file.

    Parameters
    ----------
    pwms : np.ndarray, shape=(F, 4, window)
    counts : np.ndarray, shape=(F,), optional
        Windows behind each matrix, written as its number of sites (at least 1); 20 where it is not given.
    trim : bool
        Cut uninformative flanks (:func:`motiflens.motifs.trim_pwm`).

    Raises
    ------
    ValueError
        If shapes do not fit or a matrix does not hold probabilities.
    """
    pwms = np.asarray(pwms)
    if pwms.ndim != 3 or pwms.shape[1] != 4:
        raise ValueError(f"expected pwms of shape (F, 4, window), got {pwms.shape}")
    n_sites = [20] * len(pwms) if counts is None else [max(int(count), 1) for count in counts]
    if len(n_sites) != len(pwms):
        raise ValueError(f"expected one count for each of {len(pwms)} filters, got {len(n_sites)}")
    return [
        Motif(f"filter_{i}", f"filter_{i}", trim_pwm(pwm) if trim else pwm, sites)
        for i, (pwm, sites) in enumerate(zip(pwms, n_sites, strict=True))
    ]


def filter_matches(
    pwms: np.ndarray, database: str | Sequence[Motif], *, truth: FactorIds | None = None, q: float = 0.1
) -> FilterMatches:
    """Trim the matrices of filters, look them up with TomTom, and tell true matches from false ones.

    Parameters
    ----------
    pwms : np.ndarray, shape=(F, 4, window)
        As from :func:`activation_pwms`.
    database : str or sequence of Motif
        Motifs, or what :func:`motiflens.motifs.load_motifs` takes; the study uses "JASPAR2020".
    truth : mapping of str to collection of str, optional
        Ids that count as each factor; "MA0079" stands for all versions of this accession. For the
        study's tasks see :func:`task_truth`.
    q : float
        Largest q-value of a hit.

    Returns
    -------
    matches : FilterMatches

    Raises
    ------
    ValueError
        If pwms are no matrices of probabilities, there are none, q is not in (0, 1], or no motif of the
        database belongs to a factor of truth.
    """
    if not 0 < q <= 1:
        raise ValueError(f"q must be in (0, 1], got {q}")
    queries = filter_motifs(pwms, trim=True)
    if not queries:
        raise ValueError("expected at least one filter, got none")
    targets = load_motifs(database) if isinstance(database, str) else list(database)
    factor_of = {} if truth is None else _factors_of_targets(targets, truth)
    result = tomtom.tomtom(queries, targets)
    hits: dict[str, list[Hit]] = {query.id: [] for query in queries}
    for hit in result.hits(q):
        hits[hit.query_id].append(hit)
    rows = []
    for i, (own, dead) in enumerate(zip(hits.values(), result.invalid, strict=True)):
        factor = next((factor_of[hit.target_id] for hit in own if hit.target_id in factor_of), None)
        outcome = "dead" if dead else _outcome(own, factor, has_truth=truth is not None)
        rows.append(FilterMatch(i, outcome, own[0] if own else None, factor, len(own)))
    return FilterMatches(tuple(rows), has_truth=truth is not None)


def _outcome(hits: list[Hit], factor: str | None, *, has_truth: bool) -> str:
    if not hits:
        return "no hit"
    if not has_truth:
        return "hit"
    if factor is not None:
        return "true"
    return "not counted" if all(_accession(hit.target_id) in NOT_FALSE_ALONE for hit in hits) else "false"


def _factors_of_targets(targets: Sequence[Motif], truth: FactorIds) -> dict[str, str]:
    """Map the ids of targets that belong to a factor to its name."""
    factor_of = {}
    for factor, ids in truth.items():
        wanted = {ids} if isinstance(ids, str) else set(ids)
        own = [motif.id for motif in targets if motif.id in wanted or _accession(motif.id) in wanted]
        if not own:
            raise ValueError(
                f"no motif of the database is one of {sorted(wanted)} ({factor}): "
                "give ids of this database, or leave the factor out of truth"
            )
        factor_of.update(dict.fromkeys(own, factor))
    return factor_of


def _accession(motif_id: str) -> str:
    """Strip the version, "MA0079.3" to "MA0079"."""
    base, dot, version = motif_id.rpartition(".")
    return base if dot and version.isdigit() else motif_id


def _check_sequences(X: Array, window: int, threshold: float) -> torch.Tensor:
    """One-hot (N, 4, L) or codes (N, L)."""
    sequences = as_tensor(X)
    if sequences.dim() == 3:
        check_one_hot(sequences)
    elif sequences.dim() != 2 or sequences.is_floating_point():
        got = f"{tuple(sequences.shape)} {sequences.dtype}"
        raise ValueError(f"expected X one-hot (N, 4, L) or integer codes (N, L), got {got}")
    widest = sequences.shape[-1] - 2
    if not 1 <= window <= widest:
        raise ValueError(f"window must be in 1 ... L - 2 = {widest} for these sequences, got {window}")
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold is a share of the maximum in [0, 1), got {threshold}")
    return sequences


def _maxima(activations: Activations, sequences: torch.Tensor, chunk: int) -> torch.Tensor:
    maxima = None
    for _, batch in _aligned_batches(activations, sequences, chunk):
        highest = batch.amax(dim=(0, 2))  # F,
        if not bool(highest.isfinite().all()):  # NaN is its own maximum
            raise ValueError("activations must be finite, got NaN or infinity: the network has diverged")
        maxima = highest if maxima is None else torch.maximum(maxima, highest)
    if maxima is None:
        raise ValueError("expected activations of at least one sequence, got none")
    return maxima


def _aligned_batches(
    activations: Activations, sequences: torch.Tensor, chunk: int
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Give (rows of the sequences, activations of these rows), at most chunk rows at a time."""
    n, length, done = len(sequences), sequences.shape[-1], 0
    n_filters = None
    for batch in activations() if callable(activations) else [activations]:
        n_filters = batch.shape[1] if n_filters is None and len(batch.shape) == 3 else n_filters
        if len(batch.shape) != 3 or tuple(batch.shape[1:]) != (n_filters, length):
            expected = f"(N, {n_filters or 'F'}, {length})"
            raise ValueError(f"expected activations of shape {expected}, got {tuple(batch.shape)}")
        for start in range(0, len(batch), chunk):
            part = as_tensor(batch[start : start + chunk]).detach()
            yield slice(done + start, done + start + len(part)), part
        done += len(batch)
    if done != n:
        hint = ": a callable must begin anew at each call" if callable(activations) else ""
        raise ValueError(f"expected activations of {n} sequences, got {done}{hint}")
