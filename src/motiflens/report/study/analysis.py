"""Everything that the page, the figures and the tables of a study show, made once from its results."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from motiflens.basics.choices import check_choice
from motiflens.basics.tables import by_fields
from motiflens.report.figures import figure_style
from motiflens.report.galleries import saliency_figure
from motiflens.report.study import sections as report_sections
from motiflens.report.study.architectures_figure import architectures_figure
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
    SecondStageEffect,
    SummaryRow,
    agreement_with_published,
    assess_claims,
    compare_with_published,
    data_draw_shares,
    failures,
    filter_numbers,
    second_stage_effects,
    summary_table,
)
from motiflens.study.published_tables import published_results
from motiflens.study.results import Results, default_selection
from motiflens.study.selection import SELECTIONS


@by_fields
class StudyAnalysis(NamedTuple):
    """Everything that page, figures and tables show, made once from the records."""

    results: Results  # of networks with the paper's number of filters: others stand in `filter_numbers`
    select: str
    summaries: dict[int, list[SummaryRow]]  # of each task that has records
    effects: list[tuple[str, Effect]]
    second_stages: list[SecondStageEffect]
    claims: list[Finding]  # none without architectures of the paper
    failures: list[ClaimEvidence]
    comparisons: list[PublishedComparison]
    agreements: list[Agreement]
    draws: list[DrawShare]
    filter_numbers: list[FilterNumber]
    figures: dict[str, Figure]
    narrow: dict[str, Figure]  # the same for narrow screens, of those that can be drawn so


def analyse_study(results: Results, *, select: str | None = None, draws: Sequence[Results] = ()) -> StudyAnalysis:
    """Make everything that page, figures and tables show; parameters and errors as `write_report`."""
    paper = results.of_paper_size
    select = default_selection(paper) if select is None else select
    check_choice("select", select, SELECTIONS)
    known = {name for name, _ in published_results(1)}
    claims = assess_claims(paper, select=select) if any(r["architecture"] in known for r in paper.records) else []
    comparisons = compare_with_published(paper)
    drawn = [paper, *(draw.of_paper_size for draw in draws)]
    figures = _figures(paper, claims, comparisons, select, narrow=False)
    figures |= {
        f"saliency-{stage}": saliency_figure(pair)
        for stage, pair in report_sections.saliency_pairs(paper.task(2)).items()
    }
    return StudyAnalysis(
        results=paper,
        select=select,
        summaries={task: summary_table(paper.task(task), select=select) for task in paper.tasks},
        effects=report_sections.effects_by_label(paper),
        second_stages=second_stage_effects(paper),
        claims=claims,
        failures=failures(paper),
        comparisons=comparisons,
        agreements=agreement_with_published(comparisons),
        draws=[share for task in paper.tasks for share in data_draw_shares([draw.task(task) for draw in drawn])],
        filter_numbers=filter_numbers(results),
        figures=_laid_out(figures),
        narrow=_laid_out(_figures(paper, claims, comparisons, select, narrow=True)),
    )


def _figures(
    paper: Results, claims: list[Finding], comparisons: list[PublishedComparison], select: str, *, narrow: bool
) -> dict[str, Figure | None]:
    """Figures that are drawn for wide and for narrow screens."""
    return {
        **{
            f"figure{task + 1}": comparison_figure(paper.task(task), select=select, narrow=narrow)
            for task in paper.tasks
        },
        "figure1": next(
            (row for n in paper.tasks if (row := architectures_figure(paper.task(n), narrow=narrow))), None
        ),
        "claims-differences": difference_figure(claims, narrow=narrow),
        "claims-variance": variance_figure(claims, narrow=narrow),
        "claims-correlation": correlation_figure(paper.task(2), narrow=narrow),
        "published": published_figure(comparisons, select=select, narrow=narrow),
    }


def _laid_out(figures: Mapping[str, Figure | None]) -> dict[str, Figure]:
    """Figures with their layout settled once: they are drawn for the page and again for each format."""
    made = {name: figure for name, figure in figures.items() if figure is not None}
    for figure in made.values():
        engine = figure.get_layout_engine()
        if engine is not None:
            with figure_style():
                engine.execute(figure)
            figure.set_layout_engine("none")
    return made
