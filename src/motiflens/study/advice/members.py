"""How many networks it takes: by the spread over initialisations on the data set at hand, else by that of the study."""

from collections.abc import Iterator, Mapping, Sequence

from motiflens.basics.stats import half_width
from motiflens.basics.words import join_words
from motiflens.study.advice.designs import NetworkDesign, train_command
from motiflens.study.advice.rule import FAMILIES, Advice, Spread
from motiflens.study.advice.words import basis
from motiflens.study.findings.measured_effects import FAILED, MeasuredEffect
from motiflens.study.records import find_metric

#: Half of the 95 % interval that a mean over networks should have at most, by what it is about.
HALF_WIDTHS: Mapping[str, float] = {"prediction": 0.01, "filters": 0.05, "maps": 0.02}

_FEWEST = 3  # networks, for a spread that is more than a guess
_MOST = 50  # beyond which a number is no advice
_SHOWN = ("classification_aupr", "classification_auroc", "filter_tpr", "interpretability_auroc")


def members_needed(sd: float, half: float) -> int | None:
    """Fewest networks whose mean has a 95 % interval (t) of at most ± `half`; None if it takes more than 50."""
    enough = (n for n in range(2, _MOST + 1) if half_width(sd, n, n - 1) <= half)
    return next(enough, None)


def advise_members(
    design: NetworkDesign,
    n_networks: int,
    spreads: Sequence[Spread],
    effects: Sequence[MeasuredEffect],
    half_widths: Mapping[str, float],
    *,
    data: str = "data.h5",
) -> Advice:
    """How many networks of a candidate to train."""
    own = [row for row in effects if row.factor == "members" and _is_of(row, design)]
    known = [row for row in spreads if row.n_networks >= _FEWEST]
    reasons = [*_here(known, half_widths), *_study(own)]
    if not reasons:
        reasons = ["How far apart networks of such a design are was not measured, neither here nor in the study."]
    needed = {row.measure: members_needed(row.sd, half_widths[row.family]) for row in known}
    wanted: int | None = None
    if not needed:
        wanted = _FEWEST
        level, change = (
            "change",
            f"Train at least {_FEWEST} networks: of {n_networks}, nothing tells how far they are apart.",
        )
    elif None in needed.values():
        wide = join_words([measure for measure, n in needed.items() if n is None])
        level, change = "weigh", f"Not even {_MOST} networks would make the interval of {wide} as narrow as asked for."
    else:
        n, measure = max((n or 0, measure) for measure, n in needed.items())
        level = "keep" if n <= n_networks else "change"
        wanted = None if level == "keep" else n
        change = (
            f"{n_networks} networks are enough."
            if level == "keep"
            else f"Train {n} networks: {measure} takes that many."
        )
    command = None if wanted is None else train_command(data, design, n_members=wanted, out="more")
    return Advice("members", design.name, level, change, tuple(reasons), tuple(own), (), command)


def _here(spreads: Sequence[Spread], half_widths: Mapping[str, float]) -> Iterator[str]:
    parts = []
    for row in spreads:
        wanted, now = half_widths[row.family], half_width(row.sd, row.n_networks, row.n_networks - 1)
        n = members_needed(row.sd, wanted)
        takes = f"more than {_MOST}" if n is None else str(n)
        parts.append(f"{row.measure} {row.mean:.3f} ± {now:.3f}, for ± {wanted:g} it takes {takes}")
    if parts:
        n = spreads[0].n_networks
        yield f"On this data set, means of {n} networks with half of their 95 % interval: {'; '.join(parts)}."


def _study(own: Sequence[MeasuredEffect]) -> Iterator[str]:
    rows = [row for row in own if row.metric in _SHOWN]
    parts = []
    for task, metric in dict.fromkeys((row.task, row.metric) for row in rows):
        halves = {int(row.after): row.high for row in rows if (row.task, row.metric) == (task, metric)}
        label = find_metric(task, metric).label
        listed = ", ".join(f"{half:.3f}" for half in halves.values())
        parts.append(f"{label[0].lower()}{label[1:]} (task {task}) ± {listed}")
    if parts:
        yield (
            "In the study, with such a first layer, the mean of 1, 3, 5 or 10 networks may be as far from that of all "
            f"(95 %): {'; '.join(parts)}: {basis(rows)}."
        )
    for row in own:
        if row.metric == FAILED:
            yield (
                f"There {row.n_failed} of {row.n_networks} initialisations failed on task {row.task}: "
                f"{row.estimate:.0%} (95% CI {row.low:.0%} to {row.high:.0%})."
            )


def _is_of(row: MeasuredEffect, design: NetworkDesign) -> bool:
    return (row.pool, row.activation, row.second_stage) == (design.stage, design.activation, "")


def widths_sentence(half_widths: Mapping[str, float]) -> str:
    """The rule by which a number of networks is enough, in words."""
    listed = join_words([f"± {half:g} for {FAMILIES[family]}" for family, half in half_widths.items()])
    return (
        "Networks are enough if the 95 % interval of their mean (t, over initialisations) is at most "
        f"{listed}. It follows from the SD of the networks at hand, of which there must be {_FEWEST} or more."
    )
