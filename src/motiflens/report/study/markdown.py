"""The numbers of a study as Markdown: what README and docs say of it is taken from here, none is typed."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from motiflens.basics.files import write_text
from motiflens.basics.stats import Interval
from motiflens.basics.words import format_number, format_p, look, signed, with_interval, with_sd
from motiflens.report.study import claim_sections
from motiflens.report.study import sections as report_sections
from motiflens.report.study.analysis import StudyAnalysis
from motiflens.study.findings import SummaryRow, effect_sentences, sign_sentences
from motiflens.study.records import TASK_METRICS

_CHOSEN = {"valid": "best by validation", "published": "best by test score, as published", "all": "all"}


def write_markdown(analysis: StudyAnalysis, path: str | Path, *, title: str, command: str | None = None) -> Path:
    """Write what the page says in numbers as one Markdown file; missing folders are made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [
        f"# {title}",
        *effect_sentences(analysis.results),
        *_claims(analysis),
        *_second_stages(analysis),
        *_failures(analysis),
        *_published(analysis),
        *_effects(analysis),
        *(text for task, rows in analysis.summaries.items() for text in _task(rows, task, analysis.select)),
        *_draws(analysis),
        *_numbers(analysis),
        "## Provenance",
        markdown_table(["Fact", "Value"], report_sections.provenance(analysis.results)),
        *([f"Made by `{command}`."] if command else []),
    ]
    write_text("\n\n".join(parts) + "\n", path)
    return path


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown; bars within cells are escaped."""
    lines = [[*header], ["---"] * len(header), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _claims(analysis: StudyAnalysis) -> list[str]:
    if not analysis.claims:
        return []
    section = claim_sections.claims_section(analysis.claims, analysis.failures, {})
    counts = section["counts"]
    texts = [
        "## Claims",
        f"Of {section['n']} statements {counts['supported']} are supported, {counts['not supported']} are not, and "
        f"{counts['undecided']} are undecided.",
    ]
    header = ["Statement", "Metric", "Group", "All networks", "Selected", "Configurations", "Networks", "Verdict"]
    for claim in section["claims"]:
        texts.append(f"### {claim['number']}. {claim['title']}")
        statements = [f"- **{part['number']}** {part['sentence']} {part['verdict']}".strip() for part in claim["parts"]]
        texts.append("\n".join(statements))
        rows = [
            (part["number"], row["metric"], row["group"], row["all"], row["selected"], row["configurations"],
             row["n_networks"], row["verdict"])
            for part in claim["parts"]
            for row in part["rows"]
        ]  # fmt: skip
        texts.append(markdown_table(header, rows))
        texts += claim["notes"]
    return texts


def _second_stages(analysis: StudyAnalysis) -> list[str]:
    texts = ["## Exponential minus ReLU, second stage by second stage", *sign_sentences(analysis.second_stages)]
    for table in claim_sections.second_stage_tables(analysis.second_stages):
        header = ["Second stage", *(cell for stage in table["stages"] for cell in (stage, f"{stage}, published"))]
        rows = [
            (row["second_stage"], *(text for cell in row["cells"] for text in (cell["here"], cell["published"])))
            for row in table["rows"]
        ]
        texts += [f"### {table['label']}, task {table['task']}", markdown_table(header, rows)]
    return texts if len(texts) > 1 else []


def _failures(analysis: StudyAnalysis) -> list[str]:
    rows = claim_sections.failure_rows(analysis.failures)
    if not rows:
        return []
    cells = [(row["task"], row["activation"], row["failed"], row["share"], row["interval"]) for row in rows]
    texts = ["## Failed initialisations", markdown_table(["Task", "Activation", "Failed", "Share", "95% CI"], cells)]
    failed = report_sections.failed_networks(analysis.results)
    return [*texts, markdown_table(["Network", "Reason"], failed)] if failed else texts


def _published(analysis: StudyAnalysis) -> list[str]:
    if not analysis.agreements:
        return []
    section = claim_sections.published_section(analysis.comparisons, analysis.agreements, None, analysis.select)
    header = ["Metric", "Task", "Networks", "Configurations", "Spearman", "Mean absolute difference", "Mean difference"]
    rows = [
        (row["label"], row["task"], _CHOSEN[name], f"{found.n_configurations} of {found.n_published}",
         f"{format_number(found.spearman)} {found.spearman_passes}".strip(),
         f"{format_number(found.mean_absolute_difference)} {found.difference_passes}".strip(),
         signed(found.mean_difference))
        for row in section["rows"]
        for name in section["selections"]
        for found in [row["agreements"][name]]
    ]  # fmt: skip
    differing = [
        (item["row"].architecture, item["row"].activation, item["label"], format_number(item["row"].mean),
         format_number(item["row"].published_mean), format_p(item["row"].q_value), item["row"].reason or "not known")
        for item in section["differing"]
    ]  # fmt: skip
    texts = ["## Beside the published tables", markdown_table(header, rows)]
    if differing:
        header = ["Architecture", "Activation", "Metric", "Here", "Published", "q", "Why"]
        texts += [
            f"{len(differing)} of {section['n_tested']} means differ (q ≤ 0.05):",
            markdown_table(header, differing),
        ]
    return texts


def _effects(analysis: StudyAnalysis) -> list[str]:
    rows = [
        (label, effect.task, effect.stage1, format_number(effect.relu), format_number(effect.exponential),
         with_interval(Interval(effect.difference, effect.low, effect.high), signed=True), format_p(effect.p_value),
         effect.n_architectures, f"{effect.n_relu} + {effect.n_exponential}")
        for label, effect in analysis.effects
    ]  # fmt: skip
    header = ["Metric", "Task", "Stage 1", "ReLU", "Exponential", "Difference", "p", "Architectures", "Networks"]
    return ["## Exponential against ReLU", markdown_table(header, rows)] if rows else []


def _task(rows: Sequence[SummaryRow], task: int, select: str) -> list[str]:
    metrics = [metric for metric in TASK_METRICS[task] if not metric.name.endswith("_listed")]
    header = ["Architecture", "Activation", "Networks", "Failed", *(metric.label for metric in metrics)]
    cells = [
        (
            row.architecture,
            look(row.activation)[0],
            f"{row.n_selected} of {row.n_trials}",
            row.n_failed,
            *(with_sd(row.metrics[metric.name].mean, row.metrics[metric.name].sd) for metric in metrics),
        )
        for row in rows
    ]
    rule = report_sections.selection_rule(task, select)
    return [f"## Task {task}", f"Means ± SD over {rule}.", markdown_table(header, cells)]


def _draws(analysis: StudyAnalysis) -> list[str]:
    rows = [
        (row["metric"], row["task"], format_number(row["draw"]), format_number(row["initialisation"]),
         format_number(row["share"]), row["n_draws"], row["n_networks"])
        for row in claim_sections.draw_rows(analysis.draws)
    ]  # fmt: skip
    header = ["Metric", "Task", "SD between data sets", "SD between initialisations", "Share of the data", "Data sets"]
    return ["## Draw of the data", markdown_table([*header, "Networks"], rows)] if rows else []


def _numbers(analysis: StudyAnalysis) -> list[str]:
    rows = [
        (row.architecture, row.activation, label, row.task, row.n_filters, row.n_networks,
         with_sd(row.mean, row.sd),
         with_interval(Interval(row.difference, row.low, row.high), signed=True)
         if not math.isnan(row.difference) else "–")
        for label, row in report_sections.filter_number_rows(analysis.filter_numbers)
    ]  # fmt: skip
    header = ["Architecture", "Activation", "Metric", "Task", "Filters", "Networks", "Mean ± SD", "Difference"]
    return ["## Number of filters", markdown_table(header, rows)] if rows else []
