"""What the experiments say, in sentences, and as Markdown for the documentation: all from rows, no number typed."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from motiflens.basics.stats import Interval
from motiflens.basics.words import format_number, with_interval
from motiflens.data.crx import EDIT_KINDS
from motiflens.study.experiments import BEST_AUGMENTATION, DesignContrast, EnsembleScore, ExperimentTables


def experiment_sentences(tables: ExperimentTables) -> list[str]:
    """The questions answered, first how much there is to answer them with."""
    sentences = [_how_many(tables), _how_well(tables)]
    sentences += _of_contrasts(tables.contrasts)
    sentences.append(_which_method(tables))
    sentences += _of_guides(tables)
    if tables.ensembles:
        sentences.append(_how_many_initialisations(tables))
        largest = max(tables.ensembles, key=lambda row: row.effects)
        interval = Interval(largest.effects, largest.element_low, largest.element_high)
        augmented = f" and {largest.augmentation}" if largest.augmentation else ""
        sentences.append(
            f"The best ensemble so far, {largest.size} networks of {largest.architecture} "
            f"with {largest.activation}{augmented}, has a rank correlation of {with_interval(interval)} with "
            "measured effects (interval over elements)."
        )
        sentences += _of_augmented_ensembles(tables.ensembles)
        sentences.append(_what_limits(tables, largest.effects))
    return sentences


def _how_many(tables: ExperimentTables) -> str:
    sizes = [row.n_networks for row in tables.designs]
    text = f"{tables.n_networks} of {tables.n_planned} planned networks are trained, in {len(sizes)} designs"
    few = f" ({min(sizes)} to {max(sizes)} of each)" if min(sizes) < max(sizes) else f" ({sizes[0]} of each)"
    if tables.n_networks == tables.n_planned:
        return f"{text}{few}."
    return f"{text}{few}. Comparisons of designs are preliminary: differences can be those of single initialisations."


def _how_well(tables: ExperimentTables) -> str:
    row = tables.kinds[0]
    interval = Interval(row.effects, row.element_low, row.element_high)
    return (
        "Do networks predict what edits do? Single networks have a mean rank correlation of "
        f"{with_interval(interval)} with the measured effects of {row.n:,} edits in {row.n_elements:,} elements that "
        "they never saw; the interval is over elements. A regression on words of three bases reaches "
        f"{row.words:.3f}, GC content {row.gc:.3f}, networks with random weights {format_number(row.untrained)}. "
        f"Measurement error alone allows at most {row.ceiling:.2f}. "
        f"The sign of significant effects is right for {row.sign:.0%}."
    )


def _of_contrasts(contrasts: Iterable[DesignContrast]) -> list[str]:
    """One sentence per question."""
    questions = {
        "exponential against ReLU": "Does an exponential first layer help?",
        "small pools (C4C6) against one large (C24)": "Does the pool size?",
        "attention against none": "Does attention?",
        "LSTM against a second convolution": "Does an LSTM?",
        BEST_AUGMENTATION: "Does augmentation?",
    }
    by_question: dict[str, list[DesignContrast]] = {}
    for row in contrasts:
        by_question.setdefault(row.question, []).append(row)
    return [
        f"{questions[name]} {_answer(rows)}. Difference in the rank correlation with measured effects, {name}, "
        f"intervals over networks: {'; '.join(_clause(row) for row in rows)}."
        for name, rows in by_question.items()
    ]


def _answer(rows: Sequence[DesignContrast]) -> str:
    """Yes, no, or where: what intervals that exclude 0 say."""
    better = [row for row in rows if row.difference.low > 0]
    worse = [row for row in rows if row.difference.high < 0]
    if all(math.isnan(row.difference.low) for row in rows):
        return "Too few networks to say"
    if len(better) == len(rows):
        return "Yes"
    if not better and not worse:
        return "Not beyond chance"
    parts = [f"{word} with {', '.join(map(_where, own))}" for word, own in (("yes", better), ("worse", worse)) if own]
    if len(better) + len(worse) < len(rows):
        parts.append("not beyond chance elsewhere")
    answer = "; ".join(parts)
    return answer[0].upper() + answer[1:]


def _where(row: DesignContrast) -> str:
    return "ReLU" if row.where == "relu" else row.where


def _clause(row: DesignContrast) -> str:
    found = with_interval(row.difference, signed=True)
    if math.isnan(row.difference.low):
        return f"{_where(row)} {found} ({row.n_other} against {row.n_base} networks, too few for an interval)"
    said = "could be chance" if row.difference.low <= 0 <= row.difference.high else "beyond chance"
    return f"{_where(row)} {found}, {said}"


def _which_method(tables: ExperimentTables) -> str:
    if not tables.attributions:
        return "Which attribution? There are too few edits after which bases are gone to say."
    rows = [(row.method, kind, value) for row in tables.attributions for kind, value in _variants(row)]
    method, kind, best = max(rows, key=lambda one: one[2].estimate)
    null = max(row.unedited.estimate for row in tables.attributions)
    one = tables.attributions[0]
    return (
        f"Which attribution agrees best with experiments? {method} ({kind}), with a rank correlation of "
        f"{with_interval(best)} between the attribution that is lost and the measured effect; {one.n_edits:,} edits in "
        f"{one.n_elements:,} elements, interval over {one.n_networks} networks. As many unedited bases of the same "
        f"sequences reach at most {null:.3f}."
    )


def _variants(row: Any) -> list[tuple[str, Interval]]:
    return [("plain", row.plain), ("gradient corrected", row.corrected)]


def _how_many_initialisations(tables: ExperimentTables) -> str:
    """Mean over designs at each size that all of them have."""
    by_size: dict[int, list[float]] = {}
    for row in tables.ensembles:
        if not row.augmentation:
            by_size.setdefault(row.size, []).append(row.effects)
    n_designs = len(by_size[1])
    complete = [(size, values) for size, values in by_size.items() if len(values) == n_designs]
    steps = ", ".join(f"{sum(values) / n_designs:.3f} of {size}" for size, values in sorted(complete))
    return (
        "How many initialisations suffice? Rank correlation with measured effects of the mean prediction of ensembles, "
        f"averaged over {n_designs} designs, by their number of networks: {steps}."
    )


def _of_augmented_ensembles(ensembles: Sequence[EnsembleScore]) -> list[str]:
    """Whether augmentation still helps where networks are averaged: the largest size that both have."""
    plain = {(row.architecture, row.activation, row.size): row for row in ensembles if not row.augmentation}
    both = [
        (row, plain[design])
        for row in ensembles
        if row.augmentation and (design := (row.architecture, row.activation, row.size)) in plain
    ]
    if not both:
        return []
    augmented, without = max(both, key=lambda pair: pair[0].size)
    return [
        f"Does augmentation help ensembles, too? {augmented.size} networks of {augmented.architecture} with "
        f"{augmented.activation} together reach {augmented.effects:.3f} with {augmented.augmentation} and "
        f"{without.effects:.3f} without."
    ]


def _what_limits(tables: ExperimentTables, reached: float) -> str:
    """How far the best ensemble is from what measurement error allows, and by which edits."""
    whole, *kinds = tables.kinds
    single = [row for row in kinds if row.kind in EDIT_KINDS]
    best, worst = (pick(single, key=lambda row: row.effects) for pick in (max, min))
    return (
        f"What limits it? Not the measurement: its error allows {whole.ceiling:.2f}, and the best ensemble reaches "
        f"{reached:.3f}. Of the kinds of edits, single networks predict {best.kind} best ({best.effects:.3f}, words of "
        f"three bases {best.words:.3f}) and {worst.kind} worst ({worst.effects:.3f}, words {worst.words:.3f})."
    )


def _of_guides(tables: ExperimentTables) -> list[str]:
    if not tables.guides:
        return ["Which numbers rank networks as experiments do? Too few networks to say yet."]
    clauses = [
        f"{row.number} {with_interval(row.correlation)} over {row.n_networks} networks, within designs "
        f"{with_interval(row.within)}"
        if not math.isnan(row.correlation.estimate)
        else f"{row.number} is the same in all {row.n_networks} networks"
        for row in tables.guides
    ]
    return [
        "Which numbers, known without experiments, rank networks as experiments do? Rank correlation with the "
        f"agreement of single networks: {'; '.join(clauses)}."
    ]


def markdown_results(tables: ExperimentTables) -> str:
    """Sentences and the main tables as Markdown."""
    parts = [re.sub(r"^([^.?]*\?) ", r"**\1** ", sentence) for sentence in experiment_sentences(tables)]
    parts.append(
        _table(
            ["Architecture", "First layer", "Networks", "Activities", "Effects of edits", "Sign", "Filter TPR"],
            [
                [row.architecture, row.activation, str(row.n_networks)]
                + [with_interval(value) for value in (row.activity, row.effects, row.sign, row.filter_tpr)]
                for row in tables.designs
            ],
        )
    )
    parts.append(
        _table(
            ["Edits", "Number", "Elements", "Networks", "Words", "GC", "Random weights", "Ceiling", "Sign"],
            [
                [row.kind, f"{row.n:,}", f"{row.n_elements:,}"]
                + [with_interval(Interval(row.effects, row.element_low, row.element_high))]
                + [format_number(value) for value in (row.words, row.gc, row.untrained, row.ceiling, row.sign)]
                for row in tables.kinds
            ],
        )
    )
    parts.append(
        _table(
            ["Attribution", "Plain", "Gradient corrected", "Unedited bases", "Mean of a design's networks"],
            [
                [
                    row.method,
                    *(with_interval(value) for value in (row.plain, row.corrected, row.unedited)),
                    format_number(row.ensembles),
                ]
                for row in tables.attributions
            ],
        )
    )
    parts.append(
        _table(
            ["Motif", "First layer", "Networks", "Networks with a filter for it", "Filters per network"],
            [
                [row.factor, row.activation, str(row.n_networks), str(row.n_learned), format_number(row.n_filters)]
                for row in tables.factors
            ],
        )
    )
    return "\n\n".join(parts)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
