"""Advice in sentences: what to do, what the study measured, what was measured on the data set at hand."""

from collections.abc import Iterable, Sequence

from motiflens.basics.stats import Interval
from motiflens.basics.words import join_words, with_interval
from motiflens.study.advice.rule import FAMILIES, Here, Outcome, direction
from motiflens.study.findings.measured_effects import MeasuredEffect
from motiflens.study.records import find_metric

_STAGES = {
    "C24": "one wide pool (24 bp)",
    "C4C6": "small pools (4 and 6 bp)",
    "C4": "small pools with a BiLSTM between",
}
_ACTIVATIONS = {"relu": "ReLU", "exponential": "the exponential activation"}


_SECOND_STAGES = {
    "none": "no second stage",
    "Att": "attention",
    "LSTM": "a BiLSTM",
    "LSTM-Att": "a BiLSTM and attention",
}


def second_stage_words(name: str) -> str:
    """A second stage by what it is made of."""
    layers = name.removeprefix("LSTM-Trans")
    if layers.isdigit():
        return f"a BiLSTM and {layers} encoder layer{'' if layers == '1' else 's'}"
    return _SECOND_STAGES.get(name, name)


def level_words(factor: str, level: str) -> str:
    """A choice by its name: an activation, a stage 1, a number of filters."""
    if factor == "filters":
        return f"{level} filters"
    return {**_STAGES, **_ACTIVATIONS}.get(level, level)


def change_sentence(factor: str, before: str, after: str, found: Outcome) -> str:
    """What to do."""
    old, new = level_words(factor, before), level_words(factor, after)
    swap = f"{new} in place of {before if factor == 'filters' else old}"
    where = source_words(found)
    if found.level in ("change", "try"):
        return f"{'Take' if found.level == 'change' else 'Try'} {swap}: {where} better in {join_words(found.better)}."
    if found.level == "weigh":
        return f"Weigh {swap}: {where} better in {join_words(found.better)}, worse in {join_words(found.worse)}."
    if found.level == "open":
        return f"Not measured well enough to say: {swap}."
    if found.worse:
        return f"Keep {old}: {where} {new} did worse in {join_words(found.worse)}."
    return f"Keep {old}: no effect of {new} can be told apart from 0."


def source_words(found: Outcome) -> str:
    """Which data an outcome rests on."""
    places = ["on these data"] * found.on_these_data + ["in simulated data"] * found.in_simulations
    return " and ".join(places)


def study_sentences(rows: Sequence[MeasuredEffect], where: str) -> Iterable[str]:
    """Effects that count one by one, then those that do not."""
    clear = [row for row in rows if direction(row)]
    few = [row for row in rows if not row.is_measured]
    rest = [row for row in rows if row.is_measured and not direction(row)]
    if clear:
        yield f"In simulated data, {where}: {_effects(clear)}: {basis(clear)}."
    if rest:
        start = "No clear difference in" if clear else f"In simulated data, {where}, no clear difference in"
        yield f"{start} {_effects(rest)}: {basis(rest)}."
    if few:
        yield f"In simulated data so far on too few networks, {where}: {_effects(few)}: {basis(few)}."


def here_sentence(rows: Sequence[Here]) -> str:
    """What was measured on the data set at hand."""
    sizes = f"{rows[0].n_second} and {rows[0].n_first} networks"
    listed = join_words([f"{row.measure} {with_interval(row.interval, signed=True)}" for row in rows])
    return f"On this data set ({sizes}): {listed}."


def contradiction_sentence(found: Outcome) -> str:
    """Where the data set at hand says the opposite of the study."""
    families = join_words([FAMILIES[family] for family in found.contradicted])
    return f"On {families} this data set says the opposite of the study; it counts in the study’s place."


def _effects(rows: Sequence[MeasuredEffect]) -> str:
    """Each measure by its name; the task is named where it changes."""
    parts, task = [], None
    for row in rows:
        label = find_metric(row.task, row.metric).label
        named = label[0].lower() + label[1:] + ("" if row.task == task else f" (task {row.task})")
        parts.append(f"{named} {with_interval(Interval(row.estimate, row.low, row.high), signed=True)}")
        task = row.task
    return join_words(parts)


def basis(rows: Sequence[MeasuredEffect]) -> str:
    """On how many networks and configurations effects rest, and where their records are."""
    tasks = {row.task: row for row in rows}.values()  # the measures of a task have the same networks
    networks, failed, found, whole = (
        sum(getattr(row, name) for row in tasks)
        for name in ("n_networks", "n_failed", "n_configurations", "n_expected")
    )
    places = ", ".join(dict.fromkeys(row.records for row in rows))
    parts = [f"{networks} networks", f"{failed} of them failed" if failed else ""]
    parts += [f"{found} of {whole} configurations" if found < whole else ""]
    return f"{', '.join(part for part in parts if part)} ({places})"
