"""Tables and the page of the experiments, from stored records alone."""

from collections import namedtuple
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from motiflens.basics.files import write_tsv
from motiflens.basics.store import Record
from motiflens.basics.tables import by_fields
from motiflens.basics.words import look
from motiflens.report.experiments.words import experiment_sentences
from motiflens.report.figures import NARROW, figure_for_screens, figure_style
from motiflens.report.html import write_page
from motiflens.study.experiments import ExperimentTables, experiment_tables

_TITLE = "Experiments: do networks explain what was measured in cells?"


@by_fields
class ExperimentOutputs(NamedTuple):
    """Files written for the experiments."""

    report: Path
    tables: list[Path]


def write_experiment_outputs(
    records: Iterable[Record], folder: str | Path, *, command: str | None = None
) -> ExperimentOutputs:
    """Write experiments.html and tables/experiments-*.tsv into a folder.

    Parameters
    ----------
    records : iterable of record
        Of networks, of the baselines and of ensembles.
    folder : path
    command : str, optional
        Command line that makes the records, to be shown.

    Raises
    ------
    ValueError
        If there is no trained network, or no record of the baselines.
    """
    given = list(records)
    tables = experiment_tables(given)
    folder = Path(folder)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    named: dict[str, Sequence[Any]] = {
        name: rows for name, rows in tables._asdict().items() if isinstance(rows, list) and rows
    }
    paths = [write_tsv([_flat(row) for row in rows], folder / "tables" / f"experiments-{name}.tsv")
             for name, rows in named.items()]  # fmt: skip
    first = next(one for one in given if "history" in one)
    page = write_page(
        folder / "experiments.html",
        "experiments.html.j2",
        title=_TITLE,
        findings=experiment_sentences(tables),
        tables=tables,
        figure=figure_for_screens(partial(design_figure, tables), "designs"),
        versions=", ".join(f"{name} {version}" for name, version in first["versions"].items()),
        protocol=", ".join(f"{name} {value}" for name, value in first["config"]["protocol"].items()),
        command=command,
    )
    return ExperimentOutputs(page, paths)


def _flat(row: Any) -> Any:
    """A row whose intervals are three columns each."""
    fields: dict[str, Any] = {}
    for name, value in row._asdict().items():
        if isinstance(value, tuple):
            fields |= {name: value[0], f"{name}_low": value[1], f"{name}_high": value[2]}
        else:
            fields[name] = value
    return namedtuple(type(row).__name__, fields)(**fields)


def design_figure(tables: ExperimentTables, narrow: bool = False) -> Figure:
    """Rank correlation with measured effects of each design: mean over networks with its interval."""
    names = list(dict.fromkeys(row.architecture for row in tables.designs))[::-1]
    whole = tables.kinds[0]
    with figure_style():
        height = 1.0 + 0.45 * len(names)
        figure = Figure(figsize=(NARROW, height + 0.6) if narrow else (6.5, height), layout="constrained")
        ax = figure.subplots()
        for row in tables.designs:
            label, colour, marker = look(row.activation)
            y = names.index(row.architecture) + (0.12 if row.activation == "relu" else -0.12)
            if not np.isnan(row.effects.low):
                ax.plot([row.effects.low, row.effects.high], [y, y], color=colour, linewidth=1)
            known = ax.get_legend_handles_labels()[1]
            ax.scatter(row.effects.estimate, y, color=colour, marker=marker, s=26, zorder=3,
                       label=None if label in known else label)  # fmt: skip
        ax.axvline(whole.words, color="#444444", linewidth=0.7, linestyle=":", label="words of three bases")
        ax.axvline(0, color="#444444", linewidth=0.5)
        ax.set_yticks(np.arange(len(names)), names)
        ax.set_ylim(-0.6, len(names) - 0.4)
        break_ = "\n" if narrow else " "
        ax.set_xlabel(f"rank correlation of predicted{break_}with measured effects of edits")
        if narrow:
            figure.legend(loc="outside lower center", ncols=2, frameon=False)
        else:
            ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return figure
