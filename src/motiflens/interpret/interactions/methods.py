"""The methods of interaction analysis, by name, and how each is run."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.interpret.interactions.attention import attention_values, bp_per_token, token_maps
from motiflens.interpret.interactions.correlation import correlation_effects
from motiflens.interpret.interactions.design import default_distances, draw_design
from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.feature_maps import feature_map_values
from motiflens.interpret.interactions.features import Features
from motiflens.interpret.interactions.filter_sites import filter_sites, learned_motifs
from motiflens.interpret.interactions.inputs import OnProgress
from motiflens.interpret.interactions.insertion import insertion_effects
from motiflens.interpret.interactions.mutagenesis import mutagenesis_values
from motiflens.interpret.interactions.sites import find_sites, sum_up, two_sites


class Method(NamedTuple):
    """What a method measures, and on what."""

    unit: str
    caution: str = ""
    reading: str = ""  # of attention


_SINGLE_MOTIFS = "attention also follows single motifs; take p-values as a ranking where single motifs decide the label"


METHODS = {
    "insertion": Method("logit"),
    "mutagenesis": Method("logit"),
    "feature_maps": Method("logit"),
    "attention": Method("attention weight", _SINGLE_MOTIFS, "raw"),
    "attention_rollout": Method("attention weight", _SINGLE_MOTIFS, "rollout"),
    "attention_gradient": Method("logit", _SINGLE_MOTIFS, "gradient"),
    "filter_correlation": Method(
        "Fisher z",
        "take p-values as a ranking: among positives, motifs correlate because each makes a sequence positive, or "
        "because the data hold them together; a network that adds up single motifs shows it as well",
    ),
}


class _Work(NamedTuple):
    """What every method is given."""

    positives: np.ndarray  # (N, L) codes
    background: np.ndarray  # (B, L) codes
    features: Features
    pairs: np.ndarray  # (P + Q, 2)
    target: int
    distances: np.ndarray | None
    n_draws: int
    filter_q: float
    filter_threshold: float
    site_rate: float
    batch_size: int
    seed: int


def _measure_all(jobs: Sequence[tuple[nn.Module, _Work]], method: str, on_progress: OnProgress) -> Iterator[Effects]:
    """Measure one network after the other, and tell the share that is done."""
    costs = [len(work.pairs) * (len(work.background) if method == "insertion" else 1) for _, work in jobs]
    for (network, work), cost, before in zip(jobs, costs, np.cumsum([0, *costs[:-1]]).tolist(), strict=True):

        def tell(share: float, cost: int = cost, before: int = before) -> None:
            on_progress((before + share * cost) / sum(costs))

        with np.errstate(invalid="ignore"):  # of infinite values, which are looked for in the sum
            effects = _measure(network, method, work, tell)
        if not np.isfinite(effects.total).all():
            raise InputError(f"a model gave NaN or infinite values to sequences that {method} made of the data")
        yield effects
        tell(1)


def _measure(model: nn.Module, method: str, work: _Work, on_progress: OnProgress) -> Effects:
    """Effects of all pairs in one network; the same random numbers in every network."""
    rng = np.random.default_rng((work.seed, 1))
    motifs, pairs, length = work.features.motifs, work.pairs, work.positives.shape[1]
    if method == "insertion":
        distances = work.distances
        if distances is None:
            distances = default_distances(length, max(motif.width for motif in motifs))
        design = draw_design(work.background, motifs, distances, rng)
        options = {"target": work.target, "batch_size": work.batch_size}
        return insertion_effects(model, design, pairs, on_progress=on_progress, **options)
    if method in ("mutagenesis", "feature_maps"):
        sites = find_sites(work.positives, work.features, rate=work.site_rate, rng=rng)
        found = two_sites(sites, pairs)
        values_of = mutagenesis_values if method == "mutagenesis" else feature_map_values
        options = {"target": work.target, "n_draws": work.n_draws, "batch_size": work.batch_size}
        values = values_of(model, work.positives, sites, found, rng=rng, on_progress=on_progress, **options)
        return sum_up(found, values[0], values[1:], len(pairs), length)
    return _measure_filters(model, method, work, rng)


def _measure_filters(model: nn.Module, method: str, work: _Work, rng: np.random.Generator) -> Effects:
    codes = np.concatenate([work.positives, work.background])
    n = len(work.positives)
    owned = learned_motifs(model, codes, work.features.motifs[: work.features.n_motifs], q=work.filter_q)
    sites, activity = filter_sites(model, codes, work.features, owned, threshold=work.filter_threshold, rng=rng)
    if method == "filter_correlation":
        return correlation_effects(activity.rows(slice(n)), activity.rows(slice(n, None)), work.pairs)
    reading = METHODS[method].reading
    maps = token_maps(model, codes, reading, target=work.target, batch_size=work.batch_size)
    within = sites.rows(slice(n))
    found = two_sites(within, work.pairs)
    stride = bp_per_token(model, codes.shape[1], maps.shape[1])
    values = attention_values(maps[:n], maps[n:], within, found, stride)
    unseen = np.full((2, len(values)), np.nan)
    return sum_up(found, values, unseen, len(work.pairs), codes.shape[1])
