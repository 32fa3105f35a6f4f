"""From networks and sequences to a table of motif pairs: one function for all methods."""

import difflib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.inputs import NetworksLike, SequencesLike, Target, as_output
from motiflens.basics.stats import benjamini_hochberg
from motiflens.interpret.interactions.design import distance_ranges
from motiflens.interpret.interactions.effects import ANY, Effects, Windows, best_windows, pool_members
from motiflens.interpret.interactions.features import null_pairs, observed_pairs, with_shuffled_copies
from motiflens.interpret.interactions.inputs import (
    OnProgress,
    check_arguments,
    check_networks,
    chosen_sequences,
    unheard,
)
from motiflens.interpret.interactions.methods import METHODS, _measure_all, _Work
from motiflens.interpret.interactions.null import MIN_MOTIFS, PairTests, compare_pairs, expected_bends
from motiflens.interpret.interactions.table import Evidence, Interaction, InteractionTable, sorted_rows
from motiflens.models.devices import device_of
from motiflens.models.saved import as_networks
from motiflens.motifs.pairs import ORIENTATIONS
from motiflens.motifs.sets import Motif

_AGREEMENT = 0.05  # p of a member by itself
_USUAL_Q = 0.1


def interactions(
    models: NetworksLike,
    data: SequencesLike,
    motifs: Sequence[Motif],
    *,
    method: str = "insertion",
    target: Target = 0,
    background: SequencesLike | None = None,
    n_null: int = 200,
    n_sequences: int = 500,
    n_backgrounds: int = 100,
    n_null_backgrounds: int = 8,
    distances: Sequence[int] | Sequence[tuple[int, int]] | None = None,
    n_draws: int = 2,
    filter_q: float = 0.1,
    filter_threshold: float = 0.5,
    site_rate: float = 0.05,
    min_count: int = 5,
    min_effect: float = 1e-4,
    batch_size: int | None = None,
    seed: int = 0,
    on_progress: OnProgress = unheard,
) -> InteractionTable:
    """Find pairs of motifs that are worth more to networks together than apart.

    Every pair gets the larger of two p-values: against column-shuffled copies of its motifs in the same networks, and
    against the other pairs and what either motif does alone, since networks that add up single motifs bend, too
    (`_null` says how). So it takes five motifs or more for p-values that mean what they say, or six where one pair is
    strong; with fewer the table has a caution. q-values are over all pairs (Benjamini & Hochberg 1995). Only positive
    effects can be called, and hardly a pair of a motif that interacts with more than a third of the others, or with all
    but two: such a motif looks like one that shows much with any other.

    In ten benchmarks whose labels add up single motifs (`motiflens study run --preset interactions-calibration`),
    p <= .05 in no pair of 280 by insertion, in 0.4 % by mutagenesis, 2.5 % by feature maps and at most 1.1 % by the
    others: p-values are too large rather than too small. At q <= .1, rollout called a pair in one of the ten, and no
    other method did.

    Parameters
    ----------
    models : network, several, ensemble, or folder of either
        Initialisations of one network; effects are averaged over them before they are compared. Each maps one-hot
        (n, 4, L) to logits (n, n_outputs). `motiflens.models.any_model.adapt` makes such a model of one with another
        layout, or that gives probabilities, in which single motifs bend most.
    data : data set, codes (N, L), one-hot (N, 4, L), or DNA strings
        Of a dataset the test sequences, or all if there are none: those with label 1 are the positives, those with
        label 0 the background. Bare codes are positives, and dinucleotide shuffles of them the background.
    motifs : sequence of Motif
    method : str
        - "insertion": both motifs put into shuffled positives, at several distances on either strand;
        - "mutagenesis": both sites in positives mutated, together and alone;
        - "feature_maps": the attribution of one site in positives while the other is mutated, or not;
        - "attention", "attention_rollout", "attention_gradient": attention between the tokens of two sites;
        - "filter_correlation": correlation of filter activities.

        The first three take any model and find sites by scanning with the motifs. The others find sites by the filters
        that TomTom matches to a motif, and motifs that no filter has learned have p = 1. They need a first
        `nn.Conv1d` on four bases, `first_layer_activations(x)` of shape (n, n_filters, L), aligned to the
        sequence, and for attention `attention_weights(x)`, one (n, n_heads, T, T) per layer; "attention_gradient"
        needs a `HybridNetwork`.
    target : int or str
        Which output, by its number or its label's name.
    background : sequences in any of these forms, optional
        Instead of the background above; "insertion" puts motifs into them.
    n_null : int
        Shuffled copies of all motifs together, at least. Each is measured with every other motif.
    n_sequences : int
        Largest number of positives, and of background sequences, taken at random.
    n_backgrounds, n_null_backgrounds : int
        Of "insertion": sequences for effects and distances, and for p-values, where each shuffled copy needs its own.
    distances : sequence of int or of (int, int), optional
        Of "insertion": bases between the two sites, or smallest and largest number in a range that backgrounds divide
        between them. By default all from 0 to 100 in up to 20 ranges, each by itself up to 10.
    n_draws : int
        Of "mutagenesis" and "feature_maps": mutants of each site.
    filter_q, filter_threshold : float
        Of methods on filters: largest q-value of a filter's match to a motif, and the share of a filter's maximum
        from which there is a site.
    site_rate : float
        Of scanning: share of shuffled sequences in which a motif may score as high as in a site.
    min_count : int
        Measurements on which a called window of distances rests at least, in each member on average.
    min_effect : float
        Smaller effects count as none: differences of logits in single precision are not exactly 0.
    batch_size : int, optional
        By default 500, and 2,000 on a GPU.
    seed : int
        The same seed gives the same table.
    on_progress : callable
        Told the share that is done, 0 to 1, now and then.

    Returns
    -------
    table : InteractionTable

    Raises
    ------
    ValueError
        If the method is unknown or does not fit the model, there are fewer than two motifs, an id occurs twice, labels
        are not 0 and 1, no sequence is positive, a number is out of range, or a model gives NaN or infinite values.

    Examples
    --------
    >>> import motiflens as ml
    >>> data = ml.data.simulate.billboard(200, seed=1)
    >>> network = ml.build_model("C24", length=200, n_outputs=1, n_filters=4)
    >>> motifs = ml.load_motifs("JASPAR2016-vertebrates")[:5]
    >>> table = ml.interactions(network, data, motifs, n_null=10, n_backgrounds=8, n_sequences=8)
    >>> len(table.rows)
    10
    """
    networks = as_networks(models)
    target = as_output(target, *networks, data)
    if method not in METHODS:
        close = difflib.get_close_matches(str(method), METHODS) or list(METHODS)
        raise InputError(f"unknown method {method!r}; expected {', '.join(close)}")
    motifs = list(motifs)
    numbers = {
        "n_sequences": n_sequences, "n_backgrounds": n_backgrounds, "n_null_backgrounds": n_null_backgrounds,
        "n_draws": n_draws, "min_count": min_count,
    }  # fmt: skip
    shares = {"filter_q": filter_q, "filter_threshold": filter_threshold, "site_rate": site_rate}
    check_arguments(networks, motifs, n_null, numbers, shares, min_effect)
    rng = np.random.default_rng(seed)
    positives, negatives = chosen_sequences(data, background, target, n_sequences, method, rng)
    features = with_shuffled_copies(motifs, -(-n_null // len(motifs)), rng)
    observed = observed_pairs(len(motifs))
    if batch_size is None:
        batch_size = 500 if device_of(networks[0]).type == "cpu" else 2_000
    check_networks(networks, positives, target, batch_size)
    work = _Work(
        positives, negatives[:n_null_backgrounds] if method == "insertion" else negatives, features,
        np.concatenate([observed, null_pairs(features)]), target,
        None if distances is None else distance_ranges(distances), n_draws, filter_q, filter_threshold, site_rate,
        batch_size, seed,
    )  # fmt: skip
    jobs = [(network, work) for network in networks]
    if method == "insertion":  # more backgrounds for what is shown
        full = work._replace(background=negatives[:n_backgrounds], pairs=observed)
        jobs += [(network, full) for network in networks]
    measured = list(_measure_all(jobs, method, on_progress))
    members = measured[: len(networks)]
    tested = pool_members(members)
    shown = pool_members(measured[len(networks) :]) if method == "insertion" else tested.rows(slice(len(observed)))
    if method == "filter_correlation":
        min_count = 1  # one number per network, not one per sequence
    enough = min_count if method == "filter_correlation" else min_count * len(networks)
    tests, scored = _compare(tested, work, enough, min_effect)
    by_member = [_compare(one, work, min_count, min_effect) for one in members]
    evidence = Evidence(
        score=scored.windows.score[: len(observed)],
        magnitude=scored.magnitude[: len(observed)],
        bend=scored.bends,
        p_copies=tests.copies,
        p_others=tests.others,
        member_effect=np.array([one.windows.effect[: len(observed)] for _, one in by_member]),
        member_p=np.array([one.p for one, _ in by_member]),
    )
    agree = (evidence.member_p <= _AGREEMENT).sum(axis=0)
    windows = best_windows(shown, min_count=enough, min_effect=min_effect)
    n_copies = int((~np.isnan(scored.magnitude[len(observed) :])).sum())
    return InteractionTable(
        rows=_rows(motifs, observed, tests.p, agree, windows, shown, len(networks)),
        method=method,
        unit=METHODS[method].unit,
        n_members=len(networks),
        n_null=n_copies,
        caution="; ".join(
            filter(
                None,
                (METHODS[method].caution, _caution_of_copies(len(observed), n_copies), _caution_of(tests, len(motifs))),
            )
        ),
        profiles=shown,
        evidence=evidence,
    )


def _caution_of_copies(n_pairs: int, n_copies: int) -> str:
    """What the first test could not say."""
    least = n_pairs / (1 + n_copies)  # the q-value of a single pair beyond all copies
    if least <= _USUAL_Q:
        return ""
    return (
        f"a single pair cannot have a q-value below {min(least, 1):.2g}, as pairs with shuffled copies were measured "
        f"only {n_copies} times: raise n_null or give more sequences; methods on filters need filters like the motifs"
    )


def _caution_of(tests: PairTests, n_motifs: int) -> str:
    """What the second test could not say."""
    if n_motifs < MIN_MOTIFS:
        return (
            f"with fewer than {MIN_MOTIFS} motifs, p-values compare with shuffled copies alone, and call pairs of a "
            "network that adds up single motifs: give more motifs"
        )
    n_untested = int((np.isnan(tests.others) & (tests.copies < 1)).sum())
    if n_untested:
        return (
            f"{n_untested} pairs have p = 1 because too few other pairs of their motifs were measured and do not stand "
            "out: give more motifs"
        )
    return ""


class _Scored(NamedTuple):
    """What pairs are compared by."""

    windows: Windows  # of all pairs, where effects stand out
    magnitude: np.ndarray  # (P + Q,) scores of effects of either sign
    bends: np.ndarray  # (P,) scores of the observed pairs if the network only bends


def _compare(effects: Effects, work: _Work, min_count: int, min_effect: float) -> tuple[PairTests, _Scored]:
    """Tests of the observed pairs, and what they are made from."""
    up = best_windows(effects, min_count=min_count, min_effect=min_effect)
    down = best_windows(effects._replace(total=-effects.total), min_count=min_count, min_effect=min_effect)
    magnitude = np.where(np.isnan(up.effect), np.nan, np.maximum(up.score, down.score))
    n = len(observed_pairs(work.features.n_motifs))
    effect = np.where(up.score >= down.score, up.effect, down.effect)[:n]
    effect = np.where(magnitude[:n] == 0, 0, effect)
    unit = np.divide(magnitude[:n], effect, out=np.zeros(n), where=effect > 0)  # score of a window's effect of 1
    bends = expected_bends(effect, effects.mean_alone()[:n]) * unit
    return compare_pairs(up, magnitude, bends, work.pairs, work.features), _Scored(up, magnitude, bends)


def _rows(
    motifs: Sequence[Motif],
    pairs: np.ndarray,
    p: np.ndarray,
    agree: np.ndarray,
    windows: Windows,
    shown: Effects,
    n_members: int,
) -> tuple[Interaction, ...]:
    q = benjamini_hochberg(p)
    rows = []
    for row, (i, j) in enumerate(pairs.tolist()):
        first, last, orientation = int(windows.first[row]), int(windows.last[row]), int(windows.orientation[row])
        chosen = slice(None) if orientation == ANY else [orientation]
        total, number = (part[row, chosen, first : last + 1].sum(axis=0) for part in (shown.total, shown.number))
        by_distance = np.divide(total, number, out=np.full(len(number), -np.inf), where=number > 0)
        best = first + int(by_distance.argmax())
        nowhere = np.nan if np.isnan(windows.effect[row]) else 0.0  # a gap where nothing was measured means nothing
        rows.append(
            Interaction(
                i=i, j=j, motif_i=motifs[i].id, motif_j=motifs[j].id,
                effect=float(windows.effect[row]), p_value=float(p[row]), q_value=float(q[row]),
                gap=float(shown.low[best] + shown.high[best]) / 2 + nowhere,
                gap_low=float(shown.low[first]) + nowhere, gap_high=float(shown.high[last]) + nowhere,
                orientation="" if orientation == ANY else ORIENTATIONS[orientation],
                support=-(-int(number.sum()) // n_members), n_agree=int(agree[row]),
            )
        )  # fmt: skip
    return sorted_rows(rows)
