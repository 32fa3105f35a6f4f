"""`interactions`: from networks and sequences to a table of motif pairs, by any method."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch import nn

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.choices import check_known
from motiflens.basics.errors import InputError
from motiflens.basics.inputs import NetworksLike, SequencesLike, Target
from motiflens.basics.progress import progress_bar
from motiflens.basics.stats import benjamini_hochberg
from motiflens.interpret.interactions.cautions import cautions
from motiflens.interpret.interactions.effects import Effects, pool_members, strongest_windows
from motiflens.interpret.interactions.features import null_pairs, observed_pairs, with_shuffled_copies
from motiflens.interpret.interactions.inputs import (
    OnProgress,
    check_motifs,
    check_networks,
    chosen_sequences,
)
from motiflens.interpret.interactions.method import Experiment
from motiflens.interpret.interactions.methods import INTERACTION_METHODS
from motiflens.interpret.interactions.null import MIN_MOTIFS, PairTests, compare_pairs
from motiflens.interpret.interactions.rows import table_rows
from motiflens.interpret.interactions.scores import PairScores, score_pairs
from motiflens.interpret.interactions.settings import Settings
from motiflens.interpret.interactions.table import InteractionTable, PairEvidence
from motiflens.models.any_model import adapt
from motiflens.models.devices import device_of
from motiflens.models.foreign import chosen_output
from motiflens.models.hybrid import suited_threads
from motiflens.models.published import PublishedNetwork
from motiflens.models.saved import as_networks
from motiflens.motifs.sets import Motif, distinct_names

_AGREEMENT = 0.05  # p of a member by itself


@checks_arguments
def interactions(
    models: NetworksLike,
    data: SequencesLike,
    motifs: Sequence[Motif],
    settings: Settings | None = None,
    *,
    method: str = "insertion",
    target: Target | None = None,
    background: SequencesLike | None = None,
    progress: bool | OnProgress = True,
) -> InteractionTable:
    """Find pairs of motifs whose joint effect on a network differs from the sum of their single effects.

    An effect above 0 (sign "+") means that both motifs together have more effect than the sum of their single effects.
    An effect below 0 (sign "-") means less: either motif is enough (redundancy), or they cancel each other
    (antagonism). Both signs are tested, with one p-value: each pair, and each control that it is compared with, is
    represented by its strongest effect of either sign.

    The p-value of a pair is the larger one of two tests. The first compares the pair with column-shuffled copies of its
    motifs in the same networks. The second compares it with the other pairs and with the single effects of its motifs,
    because the output of a network is curved even if the network only adds up single motifs.
    docs/methods/interactions.md describes every step. The second test needs at least five motifs, or six if one pair is
    strong. With fewer than five there are no q-values, unless the settings ask for them (`few_motifs`). q-values are
    over all pairs (Benjamini & Hochberg 1995). A motif that interacts with more than a third of the others, or with all
    but two, is indistinguishable from one with large effects in any pair, so its pairs are rarely called.

    How often p-values are small by chance was measured on ten simulated data sets without interactions (`motiflens
    study run --preset interactions-calibration`, 280 pairs). p <= 0.05 held for at most 2.5 % of the pairs by insertion
    and mutagenesis, 4.6 % by feature maps and 1.1 % by the other methods. At q <= 0.1, each method called a pair in at
    most two of the ten data sets.

    Parameters
    ----------
    models : network, several, ensemble, or folder of either
        Initialisations of one network; effects are averaged over them before they are compared. Each maps one-hot (n,
        4, L) to logits (n, n_outputs). `motiflens.models.any_model.adapt` converts a model with another input layout,
        or one that returns probabilities, which are curved most strongly.
    data : data set, codes (N, L), one-hot (N, 4, L), or DNA strings
        Of a data set, the test sequences are used, or all if there are no test sequences. Those with label 1 are the
        positives, those with label 0 the background. Sequences without labels are positives, and their dinucleotide
        shuffles are the background.
    motifs : sequence of Motif
    settings : Settings, optional
        Numbers of sequences, copies and so on.
    method : str
        - "insertion": both motifs are inserted into shuffled positives, at several distances, on either strand;
        - "mutagenesis": the sites of both motifs in positives are mutated, together and one at a time;
        - "feature_maps": the change of the attribution of one site in positives if the other site is mutated;
        - "attention", "attention_rollout", "attention_gradient": attention between the tokens of two sites;
        - "filter_correlation": correlation of filter activities.

        The first three work for any model, and find sites by scanning with the motifs. The others find sites by the
        filters that match a motif by TomTom; a motif that no filter has learned has p = 1. They need a first
        `nn.Conv1d` on four bases and `first_layer_activations(x)` of shape (n, n_filters, L), aligned to the sequence;
        and for attention `attention_weights(x)`, one (n, n_heads, T, T) for each layer. Networks of this package and
        models from `any_model.adapt` have them.
    target : int or str, optional
        The output, by its index or its label's name. By default the first one. If data with one label meet a model with
        two outputs, these are taken as the logits of two classes: the second one is used, and a message says so. With
        one label and more outputs, the target must be given.
    background : sequences in any of these forms, optional
        Replace the background above; "insertion" inserts motifs into these sequences.
    progress : bool or callable
        Whether to show a progress bar on a terminal or in a notebook; or a function that is called with the fraction of
        work that is done, from 0 to 1.

    Returns
    -------
    table : InteractionTable

    Raises
    ------
    ValueError
        If the method is unknown or does not fit the model, there are fewer than two motifs, an id occurs twice, labels
        are not 0 and 1, no sequence is positive, a number is out of range, or an output is NaN or infinite.

    Examples
    --------
    >>> import motiflens as ml
    >>> data = ml.data.simulate.billboard(200, seed=1)
    >>> network = ml.build_model("C24", length=200, n_outputs=1, n_filters=4)
    >>> motifs = ml.load_motifs("JASPAR2016-vertebrates")[:5]
    >>> few = ml.interpret.interactions.Settings(n_null=10, n_backgrounds=8, n_sequences=8)
    >>> table = ml.interactions(network, data, motifs, few, progress=False)
    >>> len(table.rows)
    10
    """
    networks = [
        adapt(one, one.config.length) if isinstance(one, PublishedNetwork) else one for one in as_networks(models)
    ]
    motifs = list(motifs)
    target = chosen_output(target, networks, data)
    settings = settings or Settings()
    check_known("method", method, INTERACTION_METHODS)
    check_motifs(networks, motifs, settings.n_null)
    given = _experiment(networks, data, motifs, settings, method, target, background)
    check_networks(networks, given.positives, target, given.batch_size)
    with progress_bar("interactions", progress=progress is True) as tell:
        measured = _measure_members(networks, given, method, progress if callable(progress) else tell)
    return _table(measured, given, method)


def _experiment(
    networks: Sequence[nn.Module],
    data: SequencesLike,
    motifs: list[Motif],
    settings: Settings,
    method: str,
    target: int,
    background: SequencesLike | None,
) -> Experiment:
    """Choose sequences, and draw shuffled copies of the motifs."""
    rng = np.random.default_rng(settings.seed)
    positives, negatives = chosen_sequences(
        data, background, target, settings.n_sequences, rng, shuffle=INTERACTION_METHODS[method].inserts_motifs
    )
    features = with_shuffled_copies(motifs, -(-settings.n_null // len(motifs)), rng)
    pairs = np.concatenate([observed_pairs(len(motifs)), null_pairs(features)])
    usual = 500 if device_of(networks[0]).type == "cpu" else 2_000
    return Experiment(positives, negatives, features, pairs, target, settings.batch_size or usual, settings)


class _Measured(NamedTuple):
    """Effects of all pairs in each network, and those of the pairs of motifs that are shown, over all networks."""

    members: list[Effects]
    shown: Effects


def _measure_members(
    networks: Sequence[nn.Module], given: Experiment, method: str, on_progress: OnProgress
) -> _Measured:
    settings, n_observed = given.settings, len(observed_pairs(given.features.n_motifs))
    if not INTERACTION_METHODS[method].inserts_motifs:
        members = list(_measure_all([(network, given) for network in networks], method, on_progress))
        return _Measured(members, pool_members(members).rows(slice(n_observed)))
    few = given._replace(background=given.background[: settings.n_null_backgrounds])
    many = given._replace(background=given.background[: settings.n_backgrounds], pairs=given.pairs[:n_observed])
    jobs = [(network, one) for one in (few, many) for network in networks]
    effects = list(_measure_all(jobs, method, on_progress))
    return _Measured(effects[: len(networks)], pool_members(effects[len(networks) :]))


def _measure_all(
    jobs: Sequence[tuple[nn.Module, Experiment]], method: str, on_progress: OnProgress
) -> Iterator[Effects]:
    """Measure one network after the other, with the same random numbers in each, and tell the share that is done."""
    chosen = INTERACTION_METHODS[method]
    costs = [len(given.pairs) * (len(given.background) if chosen.inserts_motifs else 1) for _, given in jobs]
    for (network, given), cost, before in zip(jobs, costs, np.cumsum([0, *costs[:-1]]).tolist(), strict=True):

        def tell(share: float, cost: int = cost, before: int = before) -> None:
            on_progress((before + share * cost) / sum(costs))

        rng = np.random.default_rng((given.settings.seed, 1))
        with (
            suited_threads(network),
            np.errstate(invalid="ignore"),
        ):  # of infinite values, which are looked for in the sum
            effects = chosen.measure(network, given, rng, tell)
        if not np.isfinite(effects.total).all():
            raise InputError(f"a model gave NaN or infinite values to sequences that {method} made of the data")
        yield effects
        tell(1)


def _table(measured: _Measured, given: Experiment, method: str) -> InteractionTable:
    """Test every pair, in all networks together and in each by itself."""
    chosen, settings, n_members = INTERACTION_METHODS[method], given.settings, len(measured.members)
    observed = observed_pairs(given.features.n_motifs)
    in_one = chosen.min_count(settings)
    in_all = in_one if chosen.one_value else in_one * n_members
    tests, scores = _compare(pool_members(measured.members), given, in_all)
    by_member = [_compare(one, given, in_one) for one in measured.members]
    evidence = PairEvidence(
        score=scores.windows.score[: len(observed)],
        magnitude=scores.magnitude[: len(observed)],
        curvature=scores.curvature,
        p_copies=tests.copies,
        p_others=tests.others,
        member_effect=np.array([one.windows.effect[: len(observed)] for _, one in by_member]),
        member_p=np.array([one.p for one, _ in by_member]),
    )
    side = np.sign(scores.windows.effect[: len(observed)])
    with np.errstate(invalid="ignore"):  # of pairs that were not measured
        agree = ((evidence.member_p <= _AGREEMENT) & (np.sign(evidence.member_effect) == side)).sum(axis=0)
    windows = strongest_windows(measured.shown, min_count=in_all, min_effect=settings.min_effect, sign=side)
    # Insertion tests a pair in few backgrounds and shows it in more: an effect that turns there is none.
    p = np.where(side * windows.effect < 0, 1.0, tests.p)
    n_copies = int((~np.isnan(scores.magnitude[len(observed) :])).sum())
    motifs = given.features.motifs[: given.features.n_motifs]
    enough = len(motifs) >= MIN_MOTIFS or settings.few_motifs
    q = benjamini_hochberg(p if enough else np.full(len(observed), np.nan))
    return InteractionTable(
        rows=table_rows(motifs, observed, p, q, agree, windows, measured.shown, n_members),
        method=method,
        unit=chosen.unit,
        n_members=n_members,
        n_null=n_copies,
        caution=cautions(chosen.caution, tests, n_motifs=len(motifs), n_copies=n_copies),
        profiles=measured.shown,
        evidence=evidence,
        labels=tuple(distinct_names(motifs)),
    )


def _compare(effects: Effects, given: Experiment, min_count: int) -> tuple[PairTests, PairScores]:
    """Score all pairs, then hold those of motifs against shuffled copies and against each other."""
    n_observed = len(observed_pairs(given.features.n_motifs))
    scores = score_pairs(effects, n_observed, min_count=min_count, min_effect=given.settings.min_effect)
    tests = compare_pairs(scores.windows, scores.magnitude, scores.curvature, given.pairs, given.features)
    return tests, scores
