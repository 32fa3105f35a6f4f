"""One self-contained HTML page for a study, and its figures and tables as files, from stored records."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from motiflens.effects import Effect, activation_effects, findings, format_p
from motiflens.figures import check_formats, comparison_figure, figure_svg, look, save_figure
from motiflens.galleries import VERDICTS, filter_gallery, filter_matches, saliency_figure, saliency_pair
from motiflens.logo import logo_svg, logo_svg_defs
from motiflens.records import (
    METRICS,
    SELECTIONS,
    Record,
    best_networks,
    check_choice,
    configurations,
    stage1,
    validation_metric,
)
from motiflens.tables import summary_table, write_tsv

_QUESTIONS = {1: "do first-layer filters learn motifs?", 2: "do saliency maps find the motifs?"}

_GALLERY_BYTES = 1_100_000  # of logos in one page

# Every name that `write_outputs` gives a file, by folder.
_OWN_NAMES = {
    "figures": re.compile(r"(figure[23]|filters-task[12]-.+|saliency-.+)\.(svg|pdf|png)"),
    "tables": re.compile(r"(effects-)?task[12]\.tsv"),
}


class Outputs(NamedTuple):
    """Files written for a study."""

    report: Path
    figures: list[Path]
    tables: list[Path]


def write_report(
    records: Iterable[Record],
    path: str | Path,
    *,
    title: str = "Which networks learn motifs, and whose saliency maps find them",
    select: str = "valid",
    command: str | None = None,
) -> Path:
    """Write one HTML page with findings, tables, figures, filter and saliency galleries, and provenance.

    The page needs no network and no other file, and stays under 3 MB.

    Parameters
    ----------
    records : iterable of record
        Of both tasks or one.
    path : str or Path
        File to write; missing folders are made.
    title : str
    select : {"valid", "test", "all"}
        How members are chosen for means, see `motiflens.records.configurations`.
    command : str, optional
        Command line that runs the study again, to be shown.

    Returns
    -------
    path : Path

    Raises
    ------
    ValueError
        If select is unknown, a key occurs twice, settings are mixed within a task, or a record is damaged.
    """
    check_choice("select", select, SELECTIONS)
    records = list(records)
    numbers = [task for task in METRICS if any(record["task"] == task for record in records)]
    galleries, left_out = _galleries(records, numbers)
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            shapes=Markup(logo_svg_defs()),
            finding=findings(records),
            effects=_effects(records, numbers),
            tasks=[_task_section(records, task, select) for task in numbers],
            galleries=galleries,
            left_out=left_out,
            saliency=_saliency(records),
            undefined=_undefined(records),
            n_run=len(records),
            provenance=_provenance(records),
            failures=_failures(records, numbers),
            command=command,
        )
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def write_outputs(
    records: Iterable[Record],
    folder: str | Path,
    *,
    title: str = "Which networks learn motifs, and whose saliency maps find them",
    select: str = "valid",
    command: str | None = None,
    formats: Sequence[str] = ("svg", "pdf", "png"),
) -> Outputs:
    """Write report.html, figures/ and tables/ into a folder.

    Figures: figure2 and figure3, filters-task<t>-<architecture>-<activation> of the best network of each
    configuration, saliency-<stage 1>. Tables: task<t>.tsv and effects-task<t>.tsv. Parameters and errors
    are those of `write_report`; `formats` those of `motiflens.figures.save_figure`. Filter galleries, of which
    there are many, are written as SVG only. Figures and tables that an earlier call left in the folder, and that
    these records no longer give, are removed.
    """
    check_formats(formats)
    records = list(records)
    folder = Path(folder)
    report = write_report(records, folder / "report.html", title=title, select=select, command=command)
    figures: list[Path] = []
    tables: list[Path] = []
    (folder / "tables").mkdir(exist_ok=True)
    for task in METRICS:
        rows = summary_table(records, task, select=select)
        if not rows:
            continue
        tables.append(write_tsv(rows, folder / "tables" / f"task{task}.tsv"))
        effects = [effect for _, effect in _effects(records, [task])]
        if effects:
            tables.append(write_tsv(effects, folder / "tables" / f"effects-task{task}.tsv"))
        figure = comparison_figure(records, task, select=select)
        figures += save_figure(figure, folder / "figures" / f"figure{task + 1}", formats=formats)
        for (architecture, activation), record in best_networks(records, task).items():
            if record.get("filters"):
                name = f"filters-task{task}-{architecture}-{activation}"
                figures += save_figure(filter_gallery(record), folder / "figures" / name, formats=("svg",))
    for stage, pair in _saliency_pairs(records).items():
        figures += save_figure(saliency_figure(pair), folder / "figures" / f"saliency-{stage}", formats=formats)
    _remove_earlier(folder, keep={*figures, *tables})
    return Outputs(report, figures, tables)


def _remove_earlier(folder: Path, keep: set[Path]) -> None:
    """Delete figures and tables of an earlier call; files of any other name stay."""
    for name, own in _OWN_NAMES.items():
        for path in (folder / name).glob("*"):
            if own.fullmatch(path.name) and path not in keep and path.is_file():
                path.unlink()


def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("motiflens"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=_number, signed=_signed, p=format_p)
    return environment


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _signed(value: float) -> str:
    # adding 0.0 turns a rounded -0.0 into 0.0
    return "–" if math.isnan(value) else f"{round(value, 3) + 0.0:+.3f}".replace("-", "−")


def _effects(records: Sequence[Record], tasks: Sequence[int]) -> list[tuple[str, Effect]]:
    """Label and effect of each metric that does not count by the paper's list, per stage 1."""
    return [
        (metric.label, effect)
        for task in tasks
        for metric in METRICS[task]
        if not metric.name.endswith("_listed")
        for effect in activation_effects(records, task, metric.name)
    ]


def _task_section(records: Sequence[Record], task: int, select: str) -> dict[str, Any]:
    share = "0.3 n" if task == 1 else "n / 2"
    rule = {
        "valid": f"the best ⌈{share}⌉ of n that trained, by validation metric",
        "test": f"the best ⌈{share}⌉ of n that trained, by test metric, as published",
        "all": "all that trained",
    }[select]
    rows = summary_table(records, task, select=select)
    figure = comparison_figure(records, task, select=select)
    return {
        "number": task,
        "question": _QUESTIONS[task],
        "alt": f"ReLU against exponential on task {task}, the numbers of the table below",
        "rule": rule,
        "metrics": METRICS[task],
        "rows": rows,
        "figure": Markup(figure_svg(figure, f"task{task}")),
    }


def _galleries(records: Sequence[Record], tasks: Sequence[int]) -> tuple[list[dict[str, Any]], list[str]]:
    """Filter galleries of the best networks, one entry per architecture, until the page is full."""
    galleries: list[dict[str, Any]] = []
    left_out = []
    n_bytes = 0
    for task in tasks:
        networks = {key: record for key, record in best_networks(records, task).items() if record.get("filters")}
        for architecture in dict.fromkeys(name for name, _ in networks):
            chosen = [_gallery(record) for (name, _), record in networks.items() if name == architecture]
            size = sum(len(tile["svg"]) + 200 for network in chosen for tile in network["tiles"])
            if n_bytes + size > _GALLERY_BYTES:
                left_out.append(f"task {task} {architecture}")
                continue
            n_bytes += size
            first = not galleries
            galleries.append({"task": task, "architecture": architecture, "networks": chosen, "open": first})
    return galleries, left_out


def _gallery(record: Record) -> dict[str, Any]:
    matches = filter_matches(record)
    counts = {verdict: sum(match.verdict == verdict for match in matches) for verdict in VERDICTS}
    return {
        "activation": record["activation"],
        "label": look(record["activation"])[0],
        "member": record["member"],
        "counts": ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count),
        "tiles": [
            {
                "svg": Markup(logo_svg(match.pwm, min_bits=0.06, defs=False)),
                "verdict": match.verdict,
                "name": match.factor if match.other_name else match.target_name,
                "best": match.other_name,
                "id": match.target_id,
                "q": f"{match.q_value:.0e}",
                "filter": match.filter,
            }
            for match in matches
        ],
    }


def _saliency_pairs(records: Sequence[Record]) -> dict[str, list[Record]]:
    stages = dict.fromkeys(stage1(architecture) for architecture, _ in configurations(records, 2))
    pairs = {stage: saliency_pair(records, stage) for stage in stages}
    return {stage: pair for stage, pair in pairs.items() if pair}


def _saliency(records: Sequence[Record]) -> list[dict[str, Any]]:
    return [
        {
            "title": f"{pair[0]['architecture']} (stage 1: {stage})",
            "figure": Markup(figure_svg(saliency_figure(pair), f"saliency-{stage}")),
        }
        for stage, pair in _saliency_pairs(records).items()
    ]


def _undefined(records: Sequence[Record]) -> str:
    """How many test sequences saliency could not be scored on, in a sentence; empty if on all."""
    blocks = [record.get("attribution") or {} for record in records]
    found = [block["n_undefined"] for block in blocks if block.get("n_undefined")]
    if not found:
        return ""
    of = _plural(len(found), "network")
    return (
        f"Saliency could not be scored on {_span(found)} sequences of {of}, where the ground truth has no motif or "
        "no background; the means leave them out."
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _failures(records: Sequence[Record], tasks: Sequence[int]) -> list[tuple[str, str]]:
    """Key and reason of every failed network."""
    failures = []
    for task in tasks:
        for members in configurations(records, task, select="all").values():
            failures += [(record["key"], record.get("reason") or "no reason stored") for record in members.diverged]
            best = max(map(validation_metric, members.trained), default=math.nan)
            failures += [
                (
                    record["key"],
                    f"best validation metric {validation_metric(record):.3f}, below 0.9 × {best:.3f}",
                )
                for record in members.low
            ]
    return failures


def _provenance(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Facts about the run, per task where they may differ."""
    facts = []
    for task in sorted({record["task"] for record in records}):
        mine = [record for record in records if record["task"] == task]
        facts += [
            (f"Task {task}: protocol", _distinct(record.get("protocol") for record in mine)),
            (
                f"Task {task}: data",
                _distinct(map(_data, mine)),
            ),
            (f"Task {task}: data seeds", _distinct(record.get("data_seed") for record in mine)),
            (f"Task {task}: network seed", _distinct(record.get("seed") for record in mine)),
            (f"Task {task}: initialisations", _span([record["member"] for record in mine])),
            (f"Task {task}: epochs", _span([r["n_epochs"] for r in mine if r.get("n_epochs") is not None])),
        ]
    hours = sum((record.get("timings") or {}).get("fit_s") or 0.0 for record in records) / 3600
    facts += [
        ("Versions", _distinct(_plain(record.get("versions") or {}) for record in records)),
        ("Device", _distinct(record.get("device") for record in records)),
        ("Training time, all networks", f"{hours:.2f} h"),
    ]
    return facts


def _data(record: Record) -> str:
    config = record.get("config") or {}
    return _plain({**(config.get("data") or {}), **(config.get("audit") or {})})


def _distinct(values: Iterable[object]) -> str:
    return "; ".join(dict.fromkeys(map(str, values)))


def _plain(mapping: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {value if isinstance(value, str | int | float) else json.dumps(value)}"
        for key, value in mapping.items()
    )


def _span(values: Sequence[int]) -> str:
    if not values:
        return "–"
    return str(values[0]) if min(values) == max(values) else f"{min(values)} to {max(values)}"
