"""One self-contained HTML page for a study, and its figures and tables as files, from stored records."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from motiflens.basics.files import write_tsv
from motiflens.basics.plots import logo_svg_defs
from motiflens.basics.tables import by_fields
from motiflens.report.figures import both_figures, check_formats, save_figure
from motiflens.report.galleries import filter_gallery
from motiflens.report.html import write_page
from motiflens.report.study import claim_sections
from motiflens.report.study import sections as report_sections
from motiflens.report.study.analysis import StudyAnalysis, analyse_study
from motiflens.report.study.markdown import write_markdown
from motiflens.report.study.opening import opening_section
from motiflens.report.study.saliency import example_maps
from motiflens.study.findings import effect_sentences, sign_sentences
from motiflens.study.results import Results

_TITLE = "Which networks learn motifs, and whose saliency maps find them"

# Every name that `write_outputs` gives a file, by folder.
_OWN_NAMES = {
    "figures": re.compile(
        r"(figure[123]|published|claims-(differences|variance|correlation)|filters-task[12]-.+|saliency-.+)"
        r"\.(svg|pdf|png)"
    ),
    "tables": re.compile(
        r"((effects-)?task[12]|second_stages|claims|filters|published_(comparison|summary)|data_draw)\.tsv"
    ),
}


@by_fields
class Outputs(NamedTuple):
    """Files written for a study."""

    report: Path
    markdown: Path
    figures: list[Path]
    tables: list[Path]


def write_report(
    results: Results,
    path: str | Path,
    *,
    title: str = _TITLE,
    select: str | None = None,
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
    select : {"valid", "published", "all"}, optional
        How members are chosen for means, see `TaskResults.configurations`. By default as published where every
        configuration has ten networks, as the paper's have, else by validation.
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
    return _write_page(analyse_study(results, select=select, draws=draws), Path(path), title, command)


def write_outputs(
    results: Results,
    folder: str | Path,
    *,
    title: str = _TITLE,
    select: str | None = None,
    command: str | None = None,
    formats: Sequence[str] = ("svg", "pdf", "png"),
    draws: Sequence[Results] = (),
) -> Outputs:
    """Write report.html, report.md, figures/ and tables/ into a folder.

    Figures: figure1 (the architectures), figure2 and figure3; claims-differences, claims-variance,
    claims-correlation and published, of the paper's architectures; filters-task<t>-<architecture>-<activation> of the
    best network of each configuration; saliency-<stage 1>. Tables: task<t>.tsv and effects-task<t>.tsv;
    second_stages.tsv; claims.tsv, published_comparison.tsv and published_summary.tsv; data_draw.tsv where there are
    several draws, filters.tsv where there are several numbers of filters, of which all else shows the paper's alone.
    Parameters and errors are those of
    `write_report`; `formats` those of `motiflens.report.figures.save_figure`. Filter galleries (many) are
    written as SVG only. Figures and tables that an earlier call left in the folder, and that these records no longer
    give, are removed.
    """
    check_formats(formats)
    analysis = analyse_study(results, select=select, draws=draws)
    folder = Path(folder)
    report = _write_page(analysis, folder / "report.html", title, command)
    markdown = write_markdown(analysis, folder / "report.md", title=title, command=command)
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
    return Outputs(report, markdown, figures, tables)


def _write_page(analysis: StudyAnalysis, path: Path, title: str, command: str | None) -> Path:
    results = analysis.results
    pictures = {
        name: both_figures(figure, analysis.narrow.get(name), name) for name, figure in analysis.figures.items()
    }
    galleries, left_out = report_sections.galleries(results)
    failed = report_sections.failed_networks(results)
    shown = analysis.claims and claim_sections.is_half_there(analysis.failures)
    claims = claim_sections.claims_section(analysis.claims, analysis.failures, pictures) if shown else None
    return write_page(
        path,
        "report.html.j2",
        title=title,
        shapes=Markup(logo_svg_defs()),
        opening=opening_section(results),
        finding=effect_sentences(results),
        claims=claims,
        initialisations=claim_sections.failure_rows(analysis.failures),
        draws=claim_sections.draw_rows(analysis.draws),
        published=_published(analysis, pictures),
        numbers=report_sections.filter_number_rows(analysis.filter_numbers),
        effects=analysis.effects,
        second_stages=claim_sections.second_stage_tables(analysis.second_stages),
        signs=sign_sentences(analysis.second_stages),
        architectures=pictures.get("figure1"),
        tasks=[
            report_sections.task_section(rows, pictures[f"figure{task + 1}"], task, analysis.select)
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


def _published(analysis: StudyAnalysis, pictures: Mapping[str, Markup]) -> dict[str, Any] | None:
    if not analysis.comparisons:
        return None
    section = claim_sections.published_section(
        analysis.comparisons, analysis.agreements, pictures.get("published"), analysis.select
    )
    return {**section, "other_protocols": report_sections.other_protocols(analysis.results)}


def _saliency(analysis: StudyAnalysis) -> list[dict[str, Any]]:
    return [
        {
            "title": f"{pair[0]['architecture']} (stage 1: {stage})",
            "sequences": example_maps(pair),
        }
        for stage, pair in report_sections.saliency_pairs(analysis.results.task(2)).items()
    ]


def _tables(analysis: StudyAnalysis) -> dict[str, Sequence[tuple[Any, ...]]]:
    """Rows of each table by the name of its file."""
    tables: dict[str, Sequence[tuple[Any, ...]]] = {}
    for task, rows in analysis.summaries.items():
        tables[f"task{task}"] = rows
        tables[f"effects-task{task}"] = [effect for _, effect in analysis.effects if effect.task == task]
    evidence = [row for finding in analysis.claims for row in finding.evidence]
    return tables | {
        "second_stages": analysis.second_stages,
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
