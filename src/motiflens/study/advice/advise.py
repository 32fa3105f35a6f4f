"""What would make a network better: activation, pool size, number of filters, number of networks.

Advice follows from measurements alone, by the rule in `RULE`: those of the study, which come with the package
(`motiflens.study.findings.measured_effects`), and those on the data set at hand, which count before the study's.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from motiflens.basics.errors import InputError
from motiflens.basics.words import join_words
from motiflens.study.advice.designs import SMALL, WIDE, NetworkDesign, compare_command, differ_only_in
from motiflens.study.advice.members import HALF_WIDTHS, advise_members, widths_sentence
from motiflens.study.advice.rule import FAMILIES, RULE, STUDY_METRICS, Advice, Here, Outcome, Spread, family_of, outcome
from motiflens.study.advice.words import (
    change_sentence,
    contradiction_sentence,
    here_sentence,
    level_words,
    second_stage_words,
    study_sentences,
)
from motiflens.study.findings.measured_effects import WIDE_POOL, MeasuredEffect, read_measured_effects
from motiflens.study.records import PAPER_ACTIVATIONS

#: What is asked of every candidate, by factor.
QUESTIONS = {
    "training": "Longer or other training?",
    "activation": "Another activation of the first layer?",
    "pool": "Another pool size?",
    "filters": "More filters, or fewer?",
    "members": "More networks?",
}
_SMALL_POOL = "C4C6"
Differences = Mapping[tuple[str, str], Sequence[Here]]


class _Option(NamedTuple):
    """One change that a candidate could make, with all that was measured of it."""

    before: str
    after: str
    study: tuple[MeasuredEffect, ...]
    here: tuple[Here, ...]

    @property
    def outcome(self) -> Outcome:
        return outcome(self.study, self.here)


def advise(
    designs: Sequence[NetworkDesign],
    differences: Differences | None = None,
    spreads: Mapping[str, Sequence[Spread]] | None = None,
    *,
    n_networks: Mapping[str, int] | None = None,
    effects: Sequence[MeasuredEffect] | None = None,
    data: str = "data.h5",
    half_widths: Mapping[str, float] = HALF_WIDTHS,
    task: int | None = None,
    families: Collection[str] = tuple(FAMILIES),
) -> list[Advice]:
    """Say what would make candidates better, and on which measurements that rests.

    Parameters
    ----------
    designs : sequence of NetworkDesign
        Of all candidates: see `motiflens.study.advice.design_of`.
    differences : mapping of (str, str) to sequence of Here, optional
        Second minus first, by the names of two candidates on the same data.
    spreads : mapping of str to sequence of Spread, optional
        What is known of each candidate over its networks.
    n_networks : mapping of str to int, optional
        Networks of each candidate, 1 where it does not say.
    effects : sequence of MeasuredEffect, optional
        By default the table that comes with the package.
    data : str
        File of the data set, for the commands that measure what was not.
    half_widths : mapping of str to float
        Half of the 95 % interval that a mean over networks should have at most, by family.
    task : int, optional
        Whose effects count, of the study's tasks: 1 has several labels, 2 a single one; by default both.
    families : collection of str
        Which of the study's effects count: what it says of classification says nothing of a regression.

    Returns
    -------
    advice : list of Advice
        By factor, then by candidate.

    Raises
    ------
    ValueError
        If there is no candidate, two have one name, or a half-width is missing or not positive.
    """
    names = [design.name for design in designs]
    if not names or len(set(names)) < len(names):
        raise InputError(f"expected designs of different names, got {names}: give each candidate its own")
    if {*half_widths} != {*HALF_WIDTHS} or min(half_widths.values()) <= 0:
        raise InputError(f"expected positive half_widths of {', '.join(HALF_WIDTHS)}, got {dict(half_widths)}")
    everything = read_measured_effects() if effects is None else effects
    table = [row for row in everything if task in (None, row.task) and _family(row) in (None, *families)]
    found = []
    for factor in ("activation", "pool", "filters"):
        for design in designs:
            others = [other for other in designs if differ_only_in(design, other) == factor]
            found.append(_advise(design, factor, others, differences or {}, table, data))
    sizes = n_networks or {}
    return found + [
        advise_members(
            design, sizes.get(design.name, 1), (spreads or {}).get(design.name, ()), table, half_widths, data=data
        )
        for design in designs
    ]


def _family(row: MeasuredEffect) -> str | None:
    """What an effect is about; None of what the study counts beside, such as failed networks."""
    return family_of(row) if row.metric in STUDY_METRICS else None


def rule_of(factor: str, half_widths: Mapping[str, float] = HALF_WIDTHS) -> str:
    """The rule behind the advice on a factor, in words."""
    return widths_sentence(half_widths) if factor == "members" else RULE


def _advise(
    design: NetworkDesign,
    factor: str,
    others: Sequence[NetworkDesign],
    differences: Differences,
    table: Sequence[MeasuredEffect],
    data: str,
) -> Advice:
    if _level_of(design, factor) is None or (factor != "activation" and design.activation not in PAPER_ACTIVATIONS):
        return _conditional(design, factor, table, data)
    if factor != "pool" and design.stage is None:
        return _conditional(design, factor, table, data)
    options = _options(design, factor, others, differences, table)
    chosen = _choose(options)
    found = chosen.outcome
    reasons = [*_caveats(design, factor, chosen), *study_sentences(chosen.study, _where(design, factor, chosen.study))]
    reasons += [here_sentence(chosen.here)] if chosen.here else []
    reasons += [contradiction_sentence(found)] if found.contradicted else []
    if not chosen.study:
        reasons.append(f"The study did not measure this {_where(design, factor)}.")
    command = None if chosen.here else compare_command(data, design, factor, chosen.after)
    change = change_sentence(factor, chosen.before, chosen.after, found)
    return Advice(factor, design.name, found.level, change, tuple(reasons), chosen.study, chosen.here, command)


def _caveats(design: NetworkDesign, factor: str, chosen: _Option) -> Iterator[str]:
    """Where the study's networks are not quite like this one."""
    if design.config is None:
        yield "This model is none of the study’s architectures: what holds for those need not hold for it."
    if design.first_pool not in (None, WIDE, SMALL):
        nearest = WIDE if design.stage == WIDE_POOL else SMALL
        yield f"Its first pool of {design.first_pool} is taken for the study’s {nearest}, the nearer one."
    numbers = list(dict.fromkeys(row.before for row in chosen.study)) if factor == "filters" else []
    if numbers and numbers != [chosen.before]:
        yield f"For its {chosen.before} filters stand the nearest numbers in the study: {join_words(numbers)}."


def _level_of(design: NetworkDesign, factor: str) -> str | None:
    """What a design has of a factor; None where that is not known or was not in the study."""
    if factor == "activation":
        return design.activation if design.activation in PAPER_ACTIVATIONS else None
    return design.stage if factor == "pool" else str(design.n_filters)


def _where(design: NetworkDesign, factor: str, rows: Sequence[MeasuredEffect] = ()) -> str:
    """What the networks of the study behind an effect have in common with a design."""
    parts = [] if factor == "pool" or design.stage is None else [level_words("pool", design.stage)]
    parts += (
        [] if factor == "activation" or design.activation is None else [level_words("activation", design.activation)]
    )
    if rows and all(row.second_stage for row in rows):
        parts.append(second_stage_words(rows[0].second_stage))
    return f"with {join_words(parts)}"


def _options(
    design: NetworkDesign,
    factor: str,
    others: Sequence[NetworkDesign],
    differences: Differences,
    table: Sequence[MeasuredEffect],
) -> list[_Option]:
    """Changes that the study or this data set speaks of; the one that would be measured first if there is none."""
    own = _level_of(design, factor) or ""
    study: dict[str, list[MeasuredEffect]] = {}
    for row in _study_rows(design, factor, table):
        study.setdefault(row.after, []).append(row)
    here = {
        level: rows
        for other in reversed(others)
        if (rows := _between(design.name, other.name, differences)) and (level := _level_of(other, factor))
    }
    if not study and not here:
        study = {_first_to_try(design, factor): []}
    levels = dict.fromkeys([*study, *here])
    return [_Option(own, level, tuple(study.get(level, ())), tuple(here.get(level, ()))) for level in levels]


def _between(first: str, second: str, differences: Differences) -> list[Here]:
    if (first, second) in differences:
        return list(differences[first, second])
    return [row.reversed() for row in differences.get((second, first), ())]


def _first_to_try(design: NetworkDesign, factor: str) -> str:
    if factor == "activation":
        return "exponential" if design.activation == "relu" else "relu"
    if factor == "pool":
        return _SMALL_POOL if design.stage == WIDE_POOL else WIDE_POOL
    return str(2 * design.n_filters)


def _study_rows(design: NetworkDesign, factor: str, table: Sequence[MeasuredEffect]) -> Iterator[MeasuredEffect]:
    """Effects of leaving what the design has, in networks that are like it otherwise."""
    rows = _of_second_stage(design, [row for row in table if row.factor == factor])
    if factor == "activation":
        mine = [row for row in rows if row.pool == design.stage]
        yield from (row if row.before == design.activation else row.reversed() for row in mine)
    elif factor == "pool":
        mine = [row for row in rows if row.activation == design.activation]
        if design.stage == WIDE_POOL:
            yield from (row for row in mine if row.after == _SMALL_POOL)
        else:
            yield from (row.reversed() for row in mine if row.after == design.stage)
    else:
        mine = [row for row in rows if (row.pool, row.activation) == (design.stage, design.activation)]
        for task in dict.fromkeys(row.task for row in mine):
            yield from _of_numbers(design.n_filters, [row for row in mine if row.task == task])


def _of_second_stage(design: NetworkDesign, rows: Sequence[MeasuredEffect]) -> list[MeasuredEffect]:
    """The effects measured with the design's second stage; those over all of them where there are none."""

    def choice(row: MeasuredEffect) -> tuple[object, ...]:
        return row.before, row.after, row.pool, row.activation, row.task, row.metric

    own = {choice(row): row for row in rows if row.second_stage and row.second_stage == design.second_stage}
    return [own.get(choice(row), row) for row in rows if not row.second_stage]


def _of_numbers(n_filters: int, rows: Sequence[MeasuredEffect]) -> Iterator[MeasuredEffect]:
    """Effects of leaving the number that is nearest to the design's, all of them compared with one of the study."""
    own = int(rows[0].before)
    nearest = min({own, *(int(row.after) for row in rows)}, key=lambda n: abs(math.log(n / n_filters)))
    if nearest == own:
        yield from rows
    else:
        yield from (row.reversed() for row in rows if int(row.after) == nearest)


def _choose(options: Sequence[_Option]) -> _Option:
    """The change to speak of: one that is advised, else one to weigh, else what was measured on this data set.

    Of several the smallest number of filters; if none is advised, the next larger one.
    """
    order = {"change": 0, "try": 1, "weigh": 2, "keep": 3, "open": 4}

    def rank(option: _Option) -> tuple[int, bool, bool, int]:
        level = option.outcome.level
        number = int(option.after) if option.after.isdigit() else 0
        own = int(option.before) if option.before.isdigit() else 0
        return order[level], not option.here, level in ("keep", "open") and number < own, number

    return min(options, key=rank)


def _conditional(design: NetworkDesign, factor: str, table: Sequence[MeasuredEffect], data: str) -> Advice:
    """What the study says of each design that this one may have, where it cannot be told which."""
    command = compare_command(data, design, factor, _first_to_try(design, factor))
    reasons = []
    if design.stage is None:
        reasons.append("Whether its first layer is followed by a wide or a small pool cannot be told.")
    if design.activation is None:
        reasons.append("The activation of its first layer cannot be told.")
    elif design.activation not in PAPER_ACTIVATIONS:
        reasons.append(f"Its first activation, {design.activation}, was not in the study: ReLU and exponential were.")
        if factor == "activation":
            return Advice(factor, design.name, "open", "Not measured.", tuple(reasons), (), (), command)
    stages = [design.stage] if design.stage else [WIDE_POOL, _SMALL_POOL]
    activations = [design.activation] if design.activation in PAPER_ACTIVATIONS else list(PAPER_ACTIVATIONS)
    rows: list[MeasuredEffect] = []
    for stage in stages:
        for activation in activations:
            assumed = design._replace(stage=stage, activation=activation, config=None, second_stage=None)
            chosen = _choose(_options(assumed, factor, (), {}, table))
            rows += chosen.study
            having = f"{level_words('pool', stage)} and {level_words('activation', activation or '')}"
            sentence = change_sentence(factor, chosen.before, chosen.after, chosen.outcome)
            reasons.append(f"If it is like networks with {having}: {sentence[0].lower()}{sentence[1:]}")
    level = "depends" if any(row.is_measured for row in rows) else "open"
    change = "It depends on what the model has." if level == "depends" else "Not measured."
    return Advice(factor, design.name, level, change, tuple(reasons), tuple(rows), (), command)
