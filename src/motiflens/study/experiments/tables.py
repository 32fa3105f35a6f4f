"""What the records of the experiments say, as rows: designs, kinds of edits, attributions, filters, comparisons."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.stats import Interval, contrast, half_width, pooled_correlation, spearman
from motiflens.basics.store import Record
from motiflens.basics.tables import by_fields
from motiflens.study.experiments.ensembles import CONFIRMED, ENSEMBLE, networks_of
from motiflens.study.experiments.networks import (
    BEST_OPTION,
    DESIGNS,
    EXPERIMENTS,
    FIRST_LAYERS,
    OPTION_DESIGN,
    planned_networks,
)
from motiflens.study.experiments.trial import BASELINES_KEY

_LEAST_FOR_GUIDE = 8  # networks over which a correlation is worth a row
BEST_AUGMENTATION = "the best augmentation of the trials against none"


class DesignScore(NamedTuple):
    """One design over its networks: rank correlations on test elements, mean with the 95 % interval over networks."""

    architecture: str
    activation: str
    n_networks: int
    activity: Interval
    effects: Interval
    sign: Interval  # share of significant effects whose sign is predicted
    filter_tpr: Interval
    effects_element_low: float  # bounds over elements, mean over the networks
    effects_element_high: float


class KindScore(NamedTuple):
    """One kind of edit over all networks: mean over networks, bounds over elements (mean over networks)."""

    kind: str
    n: int
    n_elements: int
    n_networks: int
    effects: float
    element_low: float
    element_high: float
    sign: float
    words: float  # rank correlation of the regression on words of three bases
    gc: float
    untrained: float  # of networks with random weights, mean
    ceiling: float


class AttributionScore(NamedTuple):
    """One method over all networks: rank correlation of lost attribution with the measured effect."""

    method: str
    n_networks: int
    n_edits: int
    n_elements: int
    plain: Interval  # over networks
    corrected: Interval
    unedited: Interval  # null: as many bases elsewhere
    plain_element_low: float  # bounds over elements, mean over the networks
    plain_element_high: float
    ensembles: float  # mean of the networks of a design, mean over designs; NaN without ensembles


class FactorScore(NamedTuple):
    """How many networks of an activation have a filter that matches a published motif."""

    factor: str
    activation: str
    n_networks: int
    n_learned: int
    n_filters: float  # mean number of such filters


class DesignContrast(NamedTuple):
    """What a choice changes in the rank correlation with measured effects, between networks alike but for it."""

    question: str
    where: str
    n_base: int
    n_other: int
    difference: Interval


class EnsembleScore(NamedTuple):
    """Mean predictions of some networks of one design."""

    architecture: str
    activation: str
    size: int
    n_subsets: int
    activity: float
    effects: float
    element_low: float  # bounds over elements; of the largest size only
    element_high: float
    augmentation: str  # of the training sequences; "" of the study's own networks


class Guide(NamedTuple):
    """Whether a number at hand without experiments ranks networks as their agreement with experiments does."""

    number: str
    n_networks: int
    correlation: Interval  # rank correlation over all networks
    within: Interval  # within designs, pooled: design itself, which moves both numbers, cannot make it


@by_fields
class ExperimentTables(NamedTuple):
    """All of it."""

    designs: list[DesignScore]
    kinds: list[KindScore]
    attributions: list[AttributionScore]
    factors: list[FactorScore]
    contrasts: list[DesignContrast]
    ensembles: list[EnsembleScore]
    guides: list[Guide]
    n_networks: int
    n_planned: int
    fit_hours: float


def experiment_tables(records: Iterable[Record]) -> ExperimentTables:
    """Make all rows from records of networks, baselines and ensembles.

    Raises
    ------
    ValueError
        If there is no trained network, or no record of the baselines.
    """
    given = list(records)
    groups = {(a, k): networks_of(given, a, k) for a in DESIGNS for k in FIRST_LAYERS}
    networks = [one for own in groups.values() for one in own]
    baselines = next((one for one in given if one["key"] == BASELINES_KEY), None)
    if not networks or baselines is None:
        raise InputError("expected records of trained networks and of the baselines: run --preset crx first")
    guides = [] if len(networks) < _LEAST_FOR_GUIDE else [
        _guide("share of filters that match a published motif", [one["filters"]["tpr"] for one in networks], networks),
        _guide("AUROC of attributions at implanted motifs", [_spiked(one) for one in networks], networks),
        _guide("correlation with the activities of validation elements",
               [one["metrics"]["valid_pearson"] for one in networks], networks),
    ]  # fmt: skip
    return ExperimentTables(
        [_design(*names, own) for names, own in groups.items() if own],
        [_kind(name, networks, baselines) for name in networks[0]["agreement"]["effects"]],
        [_attribution(name, networks, given) for name in networks[0]["attributions"]["methods"]],
        _factors(networks),
        _contrasts(groups, networks_of(given, *OPTION_DESIGN, CONFIRMED)),
        _ensembles(given),
        guides,
        len(networks),
        len(planned_networks()),
        sum(one["timings"]["fit_s"] for one in networks) / 3600,
    )


def over_networks(values: Sequence[float | None]) -> Interval:
    """Mean with Student's interval over networks; NaN bounds for fewer than two."""
    defined = np.array([value for value in values if value is not None], dtype=np.float64)
    if not len(defined):
        return Interval(math.nan, math.nan, math.nan)
    mean = float(defined.mean())
    if len(defined) < 2:
        return Interval(mean, math.nan, math.nan)
    half = half_width(float(defined.std(ddof=1)), len(defined), len(defined) - 1)
    return Interval(mean, mean - half, mean + half)


def _mean(values: Iterable[float | None]) -> float:
    return over_networks(list(values)).estimate


def _effects(one: Record, kind: str = "all") -> list[float | None]:
    found: list[float | None] = one["agreement"]["effects"][kind]["spearman"]
    return found


def _design(architecture: str, activation: str, own: Sequence[Record]) -> DesignScore:
    return DesignScore(
        architecture, activation, len(own),
        over_networks([one["agreement"]["activity"][0] for one in own]),
        over_networks([_effects(one)[0] for one in own]),
        over_networks([one["agreement"]["effects"]["all"]["sign"][0] for one in own]),
        over_networks([one["filters"]["tpr"] for one in own]),
        _mean(_effects(one)[1] for one in own),
        _mean(_effects(one)[2] for one in own),
    )  # fmt: skip


def _kind(kind: str, networks: Sequence[Record], baselines: Record) -> KindScore:
    block = networks[0]["agreement"]["effects"][kind]

    def without_network(name: str) -> float:
        return _mean([baselines[name]["effects"][kind]["spearman"][0]])

    effects, low, high = (_mean(_effects(one, kind)[place] for one in networks) for place in range(3))
    return KindScore(
        kind, block["n"], block["n_elements"], len(networks), effects, low, high,
        sign=_mean(one["agreement"]["effects"][kind]["sign"][0] for one in networks),
        words=without_network("words"),
        gc=without_network("gc"),
        untrained=_mean(one["untrained"]["agreement"]["effects"][kind]["spearman"][0] for one in networks),
        ceiling=_mean([baselines["ceilings"].get(kind)]),
    )  # fmt: skip


def _attribution(method: str, networks: Sequence[Record], given: Sequence[Record]) -> AttributionScore:
    def values(name: str, place: int = 0) -> list[float | None]:
        return [one["attributions"]["methods"][method][name][place] for one in networks]

    block = networks[0]["attributions"]
    plain, corrected, unedited = (over_networks(values(name)) for name in ("plain", "corrected", "unedited"))
    bounds = _mean(values("plain", 1)), _mean(values("plain", 2))
    together = _mean(
        one["attributions"][method][0] for one in given
        if one["key"].startswith(f"{EXPERIMENTS}/") and one["key"].endswith(f"/{ENSEMBLE}")
    )  # fmt: skip
    return AttributionScore(
        method, len(networks), block["n"], block["n_elements"], plain, corrected, unedited, *bounds, together
    )


def _spiked(one: Record) -> float | None:
    """Mean AUROC over the methods; None where the network responds to none of the motifs."""
    areas = [row["auroc"]["estimate"] for row in one["spike_in"]["methods"]]
    return None if None in areas else float(np.mean(areas))


def _factors(networks: Sequence[Record]) -> list[FactorScore]:
    rows = []
    for factor in networks[0]["filters"]["factors"]:
        for activation in FIRST_LAYERS:
            counts = [one["filters"]["factors"][factor] for one in networks if one["activation"] == activation]
            if counts:
                learned = sum(count > 0 for count in counts)
                rows.append(FactorScore(factor, activation, len(counts), learned, float(np.mean(counts))))
    return rows


def _contrasts(groups: dict[tuple[str, str], list[Record]], augmented: list[Record]) -> list[DesignContrast]:
    """Exponential against ReLU, two pools against one, attention, the LSTM, the best augmentation against neither."""
    choices: list[tuple[str, str, tuple[str, str], tuple[str, str]]] = [
        ("exponential against ReLU", name, (name, "relu"), (name, "exponential")) for name in DESIGNS
    ]
    for question, base, other in (
        ("small pools (C4C6) against one large (C24)", "C24", "C4C6"),
        ("attention against none", "C4C6", "C4C6-Att"),
        ("LSTM against a second convolution", "C4C6", "C4-LSTM"),
    ):
        choices += [(question, kind, (base, kind), (other, kind)) for kind in FIRST_LAYERS]
    pairs = [(question, where, groups[base], groups[other]) for question, where, base, other in choices]
    pairs.append((BEST_AUGMENTATION, f"{', '.join(OPTION_DESIGN)}, {BEST_OPTION}", groups[OPTION_DESIGN], augmented))
    rows = []
    for question, where, *pair in pairs:
        before, after = (np.array([_effects(one)[0] for one in own], dtype=np.float64) for own in pair)
        if len(before) and len(after):
            found = contrast([after, before], (1, -1))
            interval = Interval(found.estimate, found.low, found.high)
            rows.append(DesignContrast(question, where, len(before), len(after), interval))
    return rows


def _ensembles(records: Sequence[Record]) -> list[EnsembleScore]:
    rows = []
    for one in records:
        if one["key"].endswith(f"/{ENSEMBLE}"):
            augmentation = BEST_OPTION if one["key"].startswith(f"{CONFIRMED}/") else ""
            design = (one["ensemble_of"]["architecture"], one["ensemble_of"]["activation"])
            for size in one["sizes"]:
                whole: dict[str, Any] = size.get("agreement", {})
                bounds = whole["effects"]["all"]["spearman"][1:] if whole else [None, None]
                low, high = (math.nan if bound is None else bound for bound in bounds)
                own = (size["size"], size["n_subsets"], size["activity"], size["effects"], low, high)
                rows.append(EnsembleScore(*design, *own, augmentation))
    return sorted(rows, key=lambda row: row.augmentation)  # the study's own first


def _guide(number: str, values: Sequence[float | None], networks: Sequence[Record]) -> Guide:
    pairs: dict[tuple[str, str], list[tuple[float, float | None]]] = {}
    for value, one in zip(values, networks, strict=True):
        if value is not None:
            pairs.setdefault((one["architecture"], one["activation"]), []).append((value, _effects(one)[0]))
    groups = [np.array(own, dtype=np.float64).T for own in pairs.values()]
    if not groups:
        nothing = Interval(math.nan, math.nan, math.nan)
        return Guide(number, 0, nothing, nothing)
    together = np.concatenate(groups, axis=1)
    within = pooled_correlation([spearman(*own) for own in groups], [own.shape[1] for own in groups])
    return Guide(number, together.shape[1], pooled_correlation([spearman(*together)], [together.shape[1]]), within)
