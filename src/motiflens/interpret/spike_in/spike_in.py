"""`spike_in`: whether attribution maps find known motifs that are implanted into your own sequences.

Motifs to which a network responds are implanted into negatives. The network's attribution maps are scored at these
sites in the same way as the study scores maps at the sites that its simulator placed
(`motiflens.interpret.attribution.against_truth`).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.errors import InputError
from motiflens.basics.inputs import NetworksLike, SequencesLike, Target, as_sequences
from motiflens.basics.sequence import UNKNOWN
from motiflens.basics.stats import mean_of_defined
from motiflens.interpret.attribution.many_methods import MethodOptions, check_methods, position_scores
from motiflens.interpret.spike_in.candidates import candidate_motifs
from motiflens.interpret.spike_in.implants import implant, weakened
from motiflens.interpret.spike_in.places import motif_places
from motiflens.interpret.spike_in.responses import measure_responses
from motiflens.interpret.spike_in.result import SpikeIn
from motiflens.interpret.spike_in.scores import SpikeScores, chance_aupr, motif_aurocs, spike_scores
from motiflens.models.foreign import chosen_output
from motiflens.models.outputs import model_outputs
from motiflens.models.saved import as_networks
from motiflens.motifs.sets import DEFAULT_SET, Motif, load_motifs, select_motifs
from motiflens.motifs.truth import SiteTruth

MIN_BACKGROUNDS = 20  # ten to choose motifs on and ten to measure on
N_SITES, MARGIN = 3, 10  # implants of a sequence, and bases at either end without
_NARROWEST = 5  # bp, of JASPAR's motifs


@checks_arguments
def spike_in(
    models: NetworksLike,
    dataset: SequencesLike,
    *,
    motifs: Sequence[Motif | str] | None = None,
    methods: Sequence[str] = ("saliency",),
    method_options: MethodOptions | None = None,
    target: Target | None = None,
    database: str | Sequence[Motif] = DEFAULT_SET,
    n_backgrounds: int = 200,
    n_sites: int = N_SITES,
    margin: int = MARGIN,
    as_positives: bool = True,
    q: float = 0.05,
    min_response: float = 0.25,
    correct_gradient: bool = False,
    batch_size: int = 500,
    seed: int = 0,
) -> SpikeIn:
    """Measure how well attribution maps find motifs that are implanted into your own sequences.

    Half of the background sequences are used to find the motifs to which each network responds. Motifs that lower the
    output are reported but not used, because attributions to them should be negative. The other half is used for
    scoring: `n_sites` sites of the network's motifs, chosen at random, are implanted into each sequence. The scores are
    AUROC, AUPR and signal-to-noise ratio (SNR) of the attributions at these sites against the rest of the sequence.

    Two biases are known. First, natural sites of the same motifs in a background sequence count as errors, so scores
    are too low if negatives hold many. In the study's Task 2, whose negatives hold 0.35 such sites each, this lowers
    the AUROC by 0.004. Second, motifs that a network has not learned are not tested, so scores are too high: on
    simulated data, where the true AUROC is known, that of C4C6 was 0.04 too high with ReLU and 0.02 with the
    exponential activation (``benchmarks/spike_in_truth.py``). AUPR, and to a lesser degree SNR, depend on `n_sites`, so
    compare them at the same number only.

    Parameters
    ----------
    models : network, several, ensemble, or folder of either
        Each maps one-hot (n, 4, L) to logits (n, n_outputs); convert others by
        :func:`motiflens.models.any_model.adapt`. Several networks are treated as initialisations of one network, and
        each is scored.
    dataset : data set, codes (N, L), one-hot (N, 4, L), or DNA strings
        Of a data set, the test sequences are used, or all if there are no test sequences. Background sequences are
        those with label 0, or, for a real-valued label, the quarter with the lowest values. Sequences without labels
        are all used as background.
    motifs : sequence of Motif or str, optional
        Candidates, or their ids in the database; by default the motifs that the filters of the networks match
        (:func:`motiflens.interpret.spike_in.candidate_motifs`).
    methods : sequence of str
        Names of `motiflens.interpret.attribution.METHODS`.
    method_options : mapping of str to mapping, optional
        Keyword arguments by method, e.g. ``{"deep_lift_shap": {"n_shuffles": 5}}``.
    target : int or str, optional
        The output, by its index or its label's name. By default the first one. If data with one label meet a model with
        two outputs, these are taken as the logits of two classes: the second one is used, and a message says so. With
        one label and more outputs, the target must be given.
    database : str or sequence of Motif
        As for :func:`motiflens.interpret.filters.filter_matches`.
    n_backgrounds : int
        Number of background sequences, chosen at random; all if there are fewer.
    n_sites : int
        Sites in each sequence. Responses are measured with a single site, and so are motifs with preferred positions.
    margin : int
        Bases at either end in which no site is implanted.
    as_positives : bool
        Implant a motif at the positions where positives have it, if these are not uniform
        (:func:`motiflens.interpret.spike_in.motif_places`), because networks may not respond to it elsewhere.
    q : float
        Largest q-value of a response, within each network.
    min_response : float
        Use motifs that raise the logit by at least this share of the network's largest response.
    correct_gradient : bool
        As for :func:`motiflens.interpret.attribution.explain`.
    batch_size : int
        Sequences in one pass of prediction; attribution methods use their own number.
    seed : int
        The same seed gives the same result.

    Returns
    -------
    result : SpikeIn
        Its verdict is "cannot be judged" if no network responds to any motif.

    Raises
    ------
    ValueError
        If there are no models, an option is unknown or out of range, there are fewer than 20 background sequences,
        sites do not fit into the sequences, or labels or outputs do not fit `target`.

    Warns
    -----
    CompletenessWarning
        As the methods do.

    Examples
    --------
    >>> import motiflens as ml
    >>> data = ml.data.simulate.billboard(400, seed=1)
    >>> network = ml.build_model("C24", length=200, n_outputs=1, n_filters=4)
    >>> motifs = ml.load_motifs("JASPAR2016-vertebrates")[:3]
    >>> ml.spike_in(network, data, motifs=motifs, n_backgrounds=20).methods
    ('saliency',)
    """
    networks, options = as_networks(models), dict(method_options or {})
    target = chosen_output(target, networks, dataset)
    check_methods(methods, options)
    _check_numbers(n_backgrounds, n_sites, margin, q, min_response)
    codes, rows, everything = _backgrounds(dataset, target, n_backgrounds, seed)
    room = _room(codes.shape[1], n_sites, margin)
    if motifs is None:
        candidates = candidate_motifs(networks, everything, database=database, max_width=room, batch_size=batch_size)
    else:
        candidates = _resolved(motifs, database)

    given = as_sequences(dataset)
    places = motif_places(given, target, candidates, seed=seed) if as_positives else [None] * len(candidates)

    def logits_of(some: np.ndarray) -> np.ndarray:
        return np.stack([_logits(network, some, target, batch_size) for network in networks])  # E, n

    def maps_of(network: nn.Module, some: np.ndarray) -> np.ndarray:
        settings: dict[str, Any] = {"target": target, "correct_gradient": correct_gradient}
        return position_scores(network, some, methods=methods, options=options, **settings)  # M, n, L

    def judge(network: nn.Module, own: list[Motif], used: np.ndarray) -> _Judged:
        at = [place for place, counts in zip(places, used, strict=True) if counts]
        n = n_sites if all(place is None for place in at) else 1  # a second one would stand beside the place
        spiked, sites = implant(measured, own, n_sites=n, margin=margin, seed=(seed, 2), places=at)
        after = _logits(network, spiked, target, batch_size)
        return _judged(maps_of(network, spiked), maps_of(network, measured), after, sites, spiked == UNKNOWN, used)

    n_chosen = len(rows) // 2
    chosen, measured = codes[:n_chosen], codes[n_chosen:]
    responses = measure_responses(
        logits_of, chosen, candidates, q=q, min_response=min_response, margin=margin, seed=seed, places=places
    )
    judged = []
    for network, used in zip(networks, responses.used, strict=True):
        own = [motif for motif, counts in zip(candidates, used, strict=True) if counts]
        judged.append(judge(network, own, used) if own else _not_judged(len(methods), len(measured), used))
    return SpikeIn(
        methods=tuple(methods),
        motifs=tuple(candidates),
        at_places=np.array([place is not None for place in places]),
        responses=responses,
        logits_before=logits_of(measured),
        chosen_on=rows[:n_chosen],
        measured_on=rows[n_chosen:],
        **_of_all(judged),
    )


def widest_implant(length: int) -> int:
    """Largest width of a motif that can be implanted into sequences of this length with default options."""
    return max((length - 2 * MARGIN) // N_SITES, 0)


def _room(length: int, n_sites: int, margin: int) -> int:
    """Bases that the widest motif may have, where sites stand side by side."""
    room = (length - 2 * margin) // n_sites
    if room < _NARROWEST:
        raise InputError(
            f"{n_sites} sites and two margins of {margin} bp leave no room for motifs in {length} bp: "
            "ask for fewer sites or a smaller margin"
        )
    return room


class _Judged(NamedTuple):
    """What is known of one network."""

    scores: SpikeScores
    difference_scores: SpikeScores
    motif_auroc: np.ndarray  # (M, K)
    chance_aupr: float
    logits: np.ndarray  # (B,) with sites
    sites: SiteTruth | None


def _judged(
    spiked: np.ndarray,
    plain: np.ndarray,
    logits: np.ndarray,
    sites: SiteTruth,
    unknown: np.ndarray,
    used: np.ndarray,
) -> _Judged:
    """Score maps, shape=(M, B, L), with and without the sites, leaving out unknown bases: maps are 0 there."""
    matrix = weakened(sites.matrix(), unknown)
    by_motif = np.full((len(spiked), len(used)), np.nan)
    by_motif[:, used] = mean_of_defined(motif_aurocs(spiked, matrix, sites), axis=1)
    return _Judged(
        scores=spike_scores(spiked, matrix),
        difference_scores=spike_scores(spiked - plain, matrix),
        motif_auroc=by_motif,
        chance_aupr=chance_aupr(matrix),
        logits=logits,
        sites=sites,
    )


def _not_judged(n_methods: int, n_sequences: int, used: np.ndarray) -> _Judged:
    nothing = SpikeScores(*(np.full((n_methods, n_sequences), np.nan) for _ in SpikeScores._fields))
    by_motif = np.full((n_methods, len(used)), np.nan)
    return _Judged(nothing, nothing, by_motif, np.nan, np.full(n_sequences, np.nan), None)


def _of_all(judged: Sequence[_Judged]) -> dict[str, Any]:
    """Fields of the result that have networks as their first axis."""
    return {
        "scores": _stacked([one.scores for one in judged]),
        "difference_scores": _stacked([one.difference_scores for one in judged]),
        "motif_auroc": np.stack([one.motif_auroc for one in judged]),
        "chance_aupr": np.array([one.chance_aupr for one in judged]),
        "logits_after": np.stack([one.logits for one in judged]),
        "sites": tuple(one.sites for one in judged),
    }


def _stacked(scores: Sequence[SpikeScores]) -> SpikeScores:
    return SpikeScores(*(np.stack(columns) for columns in zip(*scores, strict=True)))


def _logits(network: nn.Module, codes: np.ndarray, target: int, batch_size: int) -> np.ndarray:
    """One output, shape=(n,)."""
    outputs = model_outputs(network, codes, batch_size=batch_size)
    columns = outputs.reshape(len(codes), -1).double().numpy()
    if not 0 <= target < columns.shape[1]:
        raise InputError(f"target must be in 0 ... {columns.shape[1] - 1}, the model's outputs, got {target}")
    return columns[:, target]


def _backgrounds(dataset: SequencesLike, target: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of backgrounds, in random order, their rows, and codes of all sequences that they are chosen from."""
    given = as_sequences(dataset)
    codes, rows, audited = given.codes, given.rows_of_class(target, positive=False), given.audited_rows()
    if len(rows) < MIN_BACKGROUNDS:
        raise InputError(
            f"expected at least {MIN_BACKGROUNDS} negatives to implant motifs into, got {len(rows)}: give sequences, "
            "for instance motiflens.basics.shuffle.dinucleotide_shuffle(dataset.codes), in the place of the data set"
        )
    rows = np.random.default_rng(seed).permutation(rows)[:n]
    return codes[rows], rows, codes[audited]


def _resolved(motifs: Sequence[Motif | str], database: str | Sequence[Motif]) -> list[Motif]:
    """Motifs, those given by id from the database."""
    if isinstance(motifs, str) or not len(motifs):
        raise InputError(f"expected motifs or their ids in a list of at least one, got {motifs!r}")
    ids = [motif for motif in motifs if isinstance(motif, str)]
    if not ids:
        return [motif for motif in motifs if isinstance(motif, Motif)]
    targets = load_motifs(database) if isinstance(database, str) else database
    by_id = dict(zip(ids, select_motifs(targets, ids), strict=True))
    return [by_id[motif] if isinstance(motif, str) else motif for motif in motifs]


def _check_numbers(n_backgrounds: int, n_sites: int, margin: int, q: float, min_response: float) -> None:
    if n_backgrounds < MIN_BACKGROUNDS:
        raise InputError(f"n_backgrounds must be at least {MIN_BACKGROUNDS}, got {n_backgrounds}")
    if not 0 < q <= 1 or not 0 <= min_response <= 1:
        raise InputError(f"expected q in (0, 1] and min_response in [0, 1], got {q} and {min_response}")
    if n_sites < 1 or margin < 0:
        raise InputError(f"expected n_sites of at least 1 and a margin of 0 or more, got {n_sites} and {margin}")
