"""What the exponential activation changes against ReLU, from stored records: differences, p-values, sentences."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.stats import mean_interval
from motiflens.basics.words import format_p, join_words
from motiflens.study.records import stage1
from motiflens.study.results import Results, TaskResults

#: The two measures of the findings: task, metric, and what it means.
_HEADLINES = (
    (1, "filter_tpr", "the share of first-layer filters that match an implanted motif (filter TPR)"),
    (
        2,
        "interpretability_auroc",
        "the accuracy with which saliency maps find the implanted motifs (saliency AUROC)",
    ),
)
_FEW = 3  # with fewer networks per activation no test can tell a difference from chance
_SAME = 0.005  # a difference that two digits do not show


class Effect(NamedTuple):
    """Exponential against ReLU in one metric, for the architectures of one stage 1 that have both."""

    task: int
    stage1: str
    metric: str
    relu: float  # mean over architectures of the mean over members
    exponential: float
    difference: float  # exponential - relu
    low: float  # 95 % interval of the difference; NaN for fewer than three architectures
    high: float
    n_architectures: int
    n_relu: int  # networks
    n_exponential: int
    p_value: float  # two-sided; 1 if no two labels can be exchanged


def activation_pairs(values: Mapping[tuple[str, str], np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Values with ReLU and with exponential, shape=(n,) each, by architecture, of those that have both.

    Parameters
    ----------
    values : mapping of (architecture, activation) to np.ndarray, shape=(n,)
        As from `TaskResults.values`.
    """
    return {
        name: (values[name, "relu"], values[name, "exponential"])
        for name, activation in values
        if activation == "exponential" and (name, "relu") in values
    }


def activation_effects(task: TaskResults, metric: str, *, n_permutations: int = 9_999, seed: int = 0) -> list[Effect]:
    """Exponential minus ReLU per stage 1, over all members that did not diverge.

    The p-value is that of a permutation test: activations are exchanged among the networks of each
    architecture, p = (1 + number of differences at least as far from 0) / (1 + `n_permutations`). It speaks of
    these architectures. The interval, Student's over the differences of architectures, speaks of architectures
    like these: see `motiflens.basics.stats.mean_interval`.

    Parameters
    ----------
    task : TaskResults
    metric : str
        A name in `TASK_METRICS[task.number]`.
    n_permutations : int
        Random permutations.
    seed : int
        Seed of the permutations.

    Returns
    -------
    effects : list of Effect
        One per stage 1 for which some architecture has values with both activations.

    Raises
    ------
    ValueError
        If the metric is unknown; and as `TaskResults.configurations`.
    """
    values = task.values(metric)
    by_stage: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for architecture, pair in activation_pairs(values).items():
        by_stage.setdefault(stage1(architecture), []).append(pair)
    effects = []
    for stage, pairs in by_stage.items():
        interval = mean_interval([exponential.mean() - relu.mean() for relu, exponential in pairs])
        effects.append(
            Effect(
                task=task.number,
                stage1=stage,
                metric=metric,
                relu=float(np.mean([relu.mean() for relu, _ in pairs])),
                exponential=float(np.mean([exponential.mean() for _, exponential in pairs])),
                difference=interval.estimate,
                low=interval.low,
                high=interval.high,
                n_architectures=len(pairs),
                n_relu=sum(relu.size for relu, _ in pairs),
                n_exponential=sum(exponential.size for _, exponential in pairs),
                p_value=_permutation_p(pairs, n_permutations, np.random.default_rng(seed)),
            )
        )
    return effects


def effect_sentences(results: Results) -> list[str]:
    """What was found, in sentences with numbers computed from the results; says so where they are too few."""
    sentences = []
    uncertain: list[str] = []
    for task, metric, meaning in _HEADLINES:
        effects = activation_effects(results.task(task), metric)
        same = [effect for effect in effects if abs(effect.difference) < _SAME]
        raised = [_clause(effect) for effect in effects if effect.difference >= _SAME]
        lowered = [_clause(effect) for effect in effects if effect.difference <= -_SAME]
        parts = [
            f"{verb} {{}} {join_words(clauses)}"
            for verb, clauses in (("raised", raised), ("lowered", lowered))
            if clauses
        ]
        if same:
            parts.append(f"left {{}} the same {join_words([_clause(effect) for effect in same])}")
        if parts:
            text = ", and ".join(part.format(meaning if place == 0 else "it") for place, part in enumerate(parts))
            sentences.append(f"Against ReLU, the exponential activation {text}.")
        uncertain += [
            f"{effect.stage1} on task {task}"
            for effect in effects
            if min(effect.n_relu, effect.n_exponential) < _FEW or effect.p_value > 0.05
        ]
    if not sentences:
        return ["The activations cannot be compared: no architecture has trained networks of both."]
    if uncertain:
        sentences.append(
            f"Could be chance (p above 0.05, or fewer than {_FEW} networks with an activation): "
            f"{join_words(uncertain)}. Read these differences as examples, not as results."
        )
    return sentences


def _clause(effect: Effect) -> str:
    numbers = f"{effect.n_relu} and {effect.n_exponential} networks, p\u00a0=\u00a0{format_p(effect.p_value)}"
    if abs(effect.difference) < _SAME:
        return f"with {effect.stage1} ({effect.relu:.2f} and {effect.exponential:.2f}; {numbers})"
    return f"with {effect.stage1} from {effect.relu:.2f} to {effect.exponential:.2f} ({numbers})"


def _permutation_p(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], n_permutations: int, rng: np.random.Generator
) -> float:
    """Two-sided p of the summed differences of means, labels exchanged within each pair."""
    observed, permuted = 0.0, np.zeros(n_permutations)
    for relu, exponential in pairs:
        pooled, n = np.concatenate([exponential, relu]), exponential.size
        observed += exponential.mean() - relu.mean()
        chosen = rng.random((n_permutations, pooled.size)).argsort(axis=1) < n  # a random n in each row
        total = chosen @ pooled
        permuted += total / n - (pooled.sum() - total) / relu.size
    as_far = np.abs(permuted) >= abs(observed) - 1e-12  # permutations that only reorder must count as ties
    return float((1 + as_far.sum()) / (1 + n_permutations))
