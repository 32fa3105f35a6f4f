"""Motifs as TomTom takes them: read, checked, and the targets laid out."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from motiflens.basics.arguments import in_short
from motiflens.basics.errors import InputError
from motiflens.basics.tables import by_fields
from motiflens.motifs.complete_scores import FLAT_TOLERANCE, Layout, lay_out
from motiflens.motifs.motif import Motif

MAX_QUERY_WIDTH = 100
_DEFAULT_SITES = 20
_SUM_LIMIT = 0.1  # a column further than this from summing to 1 is no column of probabilities
_ROUNDING = 1e-5  # a column closer than this keeps its digits, as in MEME Suite


@by_fields
class MotifColumns(NamedTuple):
    """Motifs as TomTom takes them."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    pwms: list[np.ndarray]  # each (4, width); columns sum to 1 in a usable motif
    n_sites: np.ndarray  # (n,)
    reasons: tuple[str, ...]  # why a motif cannot be matched, "" if it can

    @property
    def unusable(self) -> np.ndarray:
        """Which cannot be matched, shape=(n,)."""
        return np.array([reason != "" for reason in self.reasons], dtype=bool)


def _read(motifs: Iterable[Motif | np.ndarray], role: str) -> MotifColumns:
    ids, names, pwms, n_sites, reasons = [], [], [], [], []
    for i, motif in enumerate(motifs):
        if isinstance(motif, Motif):  # has checked itself
            pwm, reason = motif.pwm, ""
            ids.append(motif.id)
            names.append(motif.name)
            n_sites.append(motif.n_sites)
        else:
            try:
                pwm = np.asarray(motif, dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise InputError(
                    f"{role}_{i}: expected a motif or a matrix (4, width), got {in_short(motif)}"
                ) from error
            reason = _why_unusable(pwm, f"{role}_{i}")
            ids.append(f"{role}_{i}")
            names.append("")
            n_sites.append(_DEFAULT_SITES)
        pwms.append(pwm if reason else _normalised(pwm))
        reasons.append(reason)
    return MotifColumns(tuple(ids), tuple(names), pwms, np.array(n_sites), tuple(reasons))


def read_queries(queries: Iterable[Motif | np.ndarray]) -> MotifColumns:
    """Check queries, motifs or shape=(4, width) each, as `tomtom` takes them; flat ones are marked unusable."""
    return _check_queries(_read(queries, "query"))


def read_targets(targets: Iterable[Motif | np.ndarray]) -> tuple[MotifColumns, Layout]:
    """Check targets, motifs or shape=(4, width) each, and lay them out; a database of motifs only once."""
    targets = tuple(targets)
    fixed = all(isinstance(target, Motif) for target in targets)
    return _laid_out(targets) if fixed else _laid_out.__wrapped__(targets)


@lru_cache(maxsize=8)
def _laid_out(targets: tuple[Motif | np.ndarray, ...]) -> tuple[MotifColumns, Layout]:
    target_set = _check_targets(_read(targets, "target"))
    return target_set, lay_out(target_set.pwms, target_set.n_sites)


def _why_unusable(pwm: np.ndarray, label: str) -> str:
    """Say what makes a PWM unusable ("" if nothing does); raise if it cannot be meant as a PWM."""
    if pwm.ndim != 2 or pwm.shape[0] != 4 or pwm.shape[1] == 0:
        raise InputError(f"expected PWMs of shape (4, width), got {pwm.shape} for {label}")
    if not np.isfinite(pwm).all():
        return "holds NaN or infinity"
    if pwm.min() < 0:
        raise InputError(f"expected probabilities, got {pwm.min():g} in {label}; convert log-odds first")
    sums = pwm.sum(axis=0)
    if sums.min() == 0:
        return "has an all-zero column"
    if np.abs(sums - 1).max() > _SUM_LIMIT:
        worst = sums[np.abs(sums - 1).argmax()]
        raise InputError(f"expected columns that sum to 1, got {worst:g} in {label}; divide counts by their sums")
    return ""


def _normalised(pwm: np.ndarray) -> np.ndarray:
    sums = pwm.sum(axis=0)
    # a file's last digits stay as printed: dividing would shift scores across the boundaries of integers
    return pwm / np.where(np.abs(sums - 1) > _ROUNDING, sums, 1)


def _check_targets(targets: MotifColumns) -> MotifColumns:
    if not targets.ids:
        raise InputError("expected at least one target, got none")
    for label, reason in zip(targets.ids, targets.reasons, strict=True):
        if reason:
            raise InputError(f"expected targets of probabilities, but {label!r} {reason}; leave it out")
    return targets


def _check_queries(queries: MotifColumns) -> MotifColumns:
    """Check widths and mark flat queries, whose scores hold no more than rounding."""
    reasons = []
    for label, pwm, reason in zip(queries.ids, queries.pwms, queries.reasons, strict=True):
        if pwm.shape[1] > MAX_QUERY_WIDTH:
            raise InputError(
                f"expected at most {MAX_QUERY_WIDTH} columns, got {pwm.shape[1]} in query {label!r}; trim it"
            )
        flat = not reason and np.abs(pwm - 0.25).max() <= FLAT_TOLERANCE
        reasons.append("is flat: every column is uniform" if flat else reason)
    return queries._replace(reasons=tuple(reasons))
