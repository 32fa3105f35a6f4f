"""One self-contained HTML page for a study, and its figures and tables as files, from stored records."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib.figure import Figure

from motiflens.basics.choices import check_choice
from motiflens.basics.files import write_tsv
from motiflens.basics.plots import logo_svg_defs
from motiflens.report.figures import check_formats, figure_style, figure_svg, save_figure
from motiflens.report.galleries import filter_gallery, saliency_figure
from motiflens.report.html import write_page
from motiflens.report.study import claim_sections
from motiflens.report.study import sections as report_sections
from motiflens.report.study.claim_figures import (
    correlation_figure,
    difference_figure,
    published_figure,
    variance_figure,
)
from motiflens.report.study.comparison_figure import comparison_figure
from motiflens.study.findings import (
    Agreement,
    ClaimEvidence,
    DrawShare,
    Effect,
    FilterNumber,
    Finding,
    PublishedComparison,
    SummaryRow,
    agreement,
    assess_claims,
    compare_with_published,
    data_draw_shares,
    effect_sentences,
    failures,
    filter_numbers,
    summary_table,
)
from motiflens.study.published_tables import published_results
from motiflens.study.results import Results
from motiflens.study.selection import SELECTIONS

_TITLE = "Which networks learn motifs, and whose saliency maps find them"

# Every name that `write_outputs` gives a file, by folder.
_OWN_NAMES = {
    "figures": re.compile(
        r"(figure[23]|published|claims-(differences|variance|correlation)|filters-task[12]-.+|saliency-.+)"
        r"\.(svg|pdf|png)"
    ),
    "tables": re.compile(r"((effects-)?task[12]|claims|filters|published_(comparison|summary)|data_draw)\.tsv"),
}


class Outputs(NamedTuple):
    """Files written for a study."""

    report: Path
    figures: list[Path]
    tables: list[Path]


class _Analysis(NamedTuple):
    """Everything that page, figures and tables show, made once from the records."""

    results: Results  # of networks with the paper's number of filters: others stand in `filter_numbers`
    select: str
    summaries: dict[int, list[SummaryRow]]  # of each task that has records
    effects: list[tuple[str, Effect]]
    claims: list[Finding]  # none without architectures of the paper
    failures: list[ClaimEvidence]
    comparisons: list[PublishedComparison]
    agreements: list[Agreement]
    draws: list[DrawShare]
    filter_numbers: list[FilterNumber]
    figures: dict[str, Figure]


def write_report(
    results: Results,
    path: str | Path,
    *,
    title: str = _TITLE,
    select: str = "valid",
    command: str | None = None,
    draws: Sequence[Results] = (),
) -> Path:
    """Write one HTML page with findings, claims, tables, figures, filter and saliency galleries, and provenance.

    The page needs no network and no other file, and stays under 3 MB.

    Parameters
    ----------
    results : Results
    path : str or Path
        File to write; missing folders are made.
    title : str
    select : {"valid", "published", "all"}
        How members are chosen for means, see `TaskResults.configurations`.
    command : str, optional
        Command line that runs the study again, to be shown.
    draws : sequence of Results
        Of runs that differ from this one in the seed of the data alone, to show how much the draw matters.

    Returns
    -------
    path : Path

    Raises
    ------
    ValueError
        If select is unknown, or settings are mixed within a task.
    """
    return _write_page(_analyse(results, select, draws), Path(path), title, command)


def write_outputs(
    results: Results,
    folder: str | Path,
    *,
    title: str = _TITLE,
    select: str = "valid",
    command: str | None = None,
    formats: Sequence[str] = ("svg", "pdf", "png"),
    draws: Sequence[Results] = (),
) -> Outputs:
    """Write report.html, figures/ and tables/ into a folder.

    Figures: figure2 and figure3; claims-differences, claims-variance, claims-correlation and published, of the
    paper's architectures; filters-task<t>-<architecture>-<activation> of the best network of each configuration;
    saliency-<stage 1>. Tables: task<t>.tsv and effects-task<t>.tsv; claims.tsv, published_comparison.tsv and
    published_summary.tsv; data_draw.tsv where there are several draws, filters.tsv where there are several numbers of
    filters, of which all else shows the paper's alone. Parameters and errors are those of
    `write_report`; `formats` those of `motiflens.report.figures.save_figure`. Filter galleries (many) are
    written as SVG only. Figures and tables that an earlier call left in the folder, and that these records no longer
    give, are removed.
    """
    check_formats(formats)
    analysis = _analyse(results, select, draws)
    folder = Path(folder)
    report = _write_page(analysis, folder / "report.html", title, command)
    figures = []
    for name, figure in analysis.figures.items():
        figures += save_figure(figure, folder / "figures" / name, formats=formats)
    for task in analysis.summaries:
        for (architecture, activation), record in analysis.results.task(task).best().items():
            if record.get("filters"):
                name = f"filters-task{task}-{architecture}-{activation}"
                figures += save_figure(filter_gallery(record), folder / "figures" / name, formats=("svg",))
    (folder / "tables").mkdir(exist_ok=True)
    tables = [write_tsv(rows, folder / "tables" / f"{name}.tsv") for name, rows in _tables(analysis).items() if rows]
    _remove_earlier(folder, keep={*figures, *tables})
    return Outputs(report, figures, tables)


def _analyse(results: Results, select: str, draws: Sequence[Results]) -> _Analysis:
    check_choice("select", select, SELECTIONS)
    paper = results.of_paper_size
    known = {name for name, _ in published_results(1)}
    claims = assess_claims(paper, select=select) if any(r["architecture"] in known for r in paper.records) else []
    comparisons = compare_with_published(paper)
    drawn = [paper, *(draw.of_paper_size for draw in draws)]
    figures: dict[str, Figure | None] = {
        f"figure{task + 1}": comparison_figure(paper.task(task), select=select) for task in paper.tasks
    }
    figures |= {
        "claims-differences": difference_figure(claims),
        "claims-variance": variance_figure(claims),
        "claims-correlation": correlation_figure(paper.task(2)),
        "published": published_figure(comparisons, select=select),
    }
    figures |= {
        f"saliency-{stage}": saliency_figure(pair)
        for stage, pair in report_sections.saliency_pairs(paper.task(2)).items()
    }
    return _Analysis(
        results=paper,
        select=select,
        summaries={task: summary_table(paper.task(task), select=select) for task in paper.tasks},
        effects=report_sections.effects_by_label(paper),
        claims=claims,
        failures=failures(paper),
        comparisons=comparisons,
        agreements=agreement(comparisons),
        draws=[share for task in paper.tasks for share in data_draw_shares([draw.task(task) for draw in drawn])],
        filter_numbers=filter_numbers(results),
        figures={name: _laid_out(figure) for name, figure in figures.items() if figure is not None},
    )


def _laid_out(figure: Figure) -> Figure:
    """A figure with its layout settled once: it is drawn for the page and again for each format."""
    engine = figure.get_layout_engine()
    if engine is not None:
        with figure_style():
            engine.execute(figure)
        figure.set_layout_engine("none")
    return figure


def _write_page(analysis: _Analysis, path: Path, title: str, command: str | None) -> Path:
    results, figures = analysis.results, analysis.figures
    galleries, left_out = report_sections.galleries(results)
    failed = report_sections.failed_networks(results)
    claims = claim_sections.claims_section(analysis.claims, analysis.failures, figures) if analysis.claims else None
    return write_page(
        path,
        "report.html.j2",
        title=title,
        shapes=Markup(logo_svg_defs()),
        finding=effect_sentences(results),
        claims=claims,
        initialisations=claim_sections.failure_rows(analysis.failures),
        draws=claim_sections.draw_rows(analysis.draws),
        published=_published(analysis),
        numbers=report_sections.filter_number_rows(analysis.filter_numbers),
        effects=analysis.effects,
        tasks=[
            report_sections.task_section(rows, figures[f"figure{task + 1}"], task, analysis.select)
            for task, rows in analysis.summaries.items()
        ],
        galleries=galleries,
        left_out=left_out,
        saliency=_saliency(analysis),
        undefined=report_sections.undefined(results),
        n_run=len(results),
        provenance=report_sections.provenance(results),
        failures=failed,
        command=command,
    )


def _published(analysis: _Analysis) -> dict[str, Any] | None:
    if not analysis.comparisons:
        return None
    section = claim_sections.published_section(
        analysis.comparisons, analysis.agreements, analysis.figures, analysis.select
    )
    return {**section, "other_protocols": report_sections.other_protocols(analysis.results)}


def _saliency(analysis: _Analysis) -> list[dict[str, Any]]:
    return [
        {
            "title": f"{pair[0]['architecture']} (stage 1: {stage})",
            "figure": Markup(figure_svg(analysis.figures[f"saliency-{stage}"], f"saliency-{stage}")),
        }
        for stage, pair in report_sections.saliency_pairs(analysis.results.task(2)).items()
    ]


def _tables(analysis: _Analysis) -> dict[str, Sequence[tuple[Any, ...]]]:
    """Rows of each table by the name of its file."""
    tables: dict[str, Sequence[tuple[Any, ...]]] = {}
    for task, rows in analysis.summaries.items():
        tables[f"task{task}"] = rows
        tables[f"effects-task{task}"] = [effect for _, effect in analysis.effects if effect.task == task]
    evidence = [row for finding in analysis.claims for row in finding.evidence]
    return tables | {
        "claims": [*evidence, *analysis.failures] if evidence else [],
        "published_comparison": analysis.comparisons,
        "published_summary": analysis.agreements,
        "data_draw": analysis.draws,
        "filters": analysis.filter_numbers,
    }


def _remove_earlier(folder: Path, keep: set[Path]) -> None:
    """Delete figures and tables of an earlier call; files of any other name stay."""
    for name, own in _OWN_NAMES.items():
        for path in (folder / name).glob("*"):
            if own.fullmatch(path.name) and path not in keep and path.is_file():
                path.unlink()
