"""One self-contained HTML page for an audit: verdicts on top, and everything that they rest on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from motiflens.audits.evidence import Evidence
from motiflens.audits.words import display_name, measure_label
from motiflens.basics.plots import logo_svg_defs
from motiflens.report.audit import first_screen, kept_figures, label_section, maps, sections
from motiflens.report.audit.advice_section import advice_section
from motiflens.report.audit.leading_filters import card_groups, leading_motifs, matched_motifs
from motiflens.report.audit.trust_sections import spike_in_section, stability_section
from motiflens.report.html import write_page
from motiflens.study.machines import versions


def write_audit_page(
    evidence: Evidence,
    path: str | Path,
    *,
    title: str = "What did the network learn?",
    database: str = "the motif database",
    monitor: str = "score",
    settings: Mapping[str, Any] | None = None,
    command: str | None = None,
) -> Path:
    """Write the page; it needs no network and no other file.

    Parameters
    ----------
    evidence : Evidence
        From :func:`gather_evidence`.
    path : str or Path
        File to write; missing folders are made.
    title : str
    database : str
        What the filters were compared with.
    monitor : str
        Name of the validation metric in the histories of the members.
    settings : mapping, optional
        What else a reader must know to repeat the audit (seeds, protocol, device), shown as it is.
    command : str, optional
        Command line that makes the page again.

    Returns
    -------
    path : Path
    """
    first = evidence.candidates[0]
    measures = evidence.performance[first.name]
    is_binary = evidence.prevalence is not None
    matched = matched_motifs(evidence)
    examples = maps.example_sections(evidence, leading_motifs(evidence, matched))
    methods = maps.methods_of(evidence)
    return write_page(
        path,
        "audit.html.j2",
        title=title,
        shapes=Markup(logo_svg_defs()),
        data_line=first_screen.data_line(evidence),
        label_line=first_screen.label_line(evidence),
        for_label=f" for {evidence.label_names[evidence.target]}" if evidence.by_label else "",
        network_lines=first_screen.network_lines(evidence),
        numbers=first_screen.numbers(evidence),
        cards=card_groups(evidence, matched),
        first_map=maps.first_map(examples, methods),
        verdicts=sections.verdict_groups(evidence),
        advice=advice_section(evidence),
        comparisons=sections.comparisons(evidence),
        data=evidence.data,
        is_binary=is_binary,
        labels=sections.data_rows(evidence),
        by_label=label_section.label_rows(evidence),
        shown_labels=label_section.shown_labels(evidence),
        all_labels=label_section.all_label_rows(evidence),
        performance=sections.performance_rows(evidence),
        performance_figure=kept_figures.performance_picture(evidence),
        several_labels=bool(evidence.by_label),
        measures=[measure_label(measure) for measure in measures],
        predictors=[display_name(name) for name in evidence.performance],
        n_resamples=len(next(iter(measures.values())).resampled),
        n_test=len(first.audits[0].test_logits),
        prevalence=evidence.prevalence,
        networks=sections.network_rows(evidence),
        metric_names=list(first.audits[0].metrics),
        training_figure=kept_figures.training_picture(evidence, monitor),
        monitor=monitor,
        failed=sections.failed(evidence),
        matches_figure=kept_figures.matches_picture(evidence),
        filters=sections.filter_tables(evidence, matched),
        database=database,
        q=first.audits[0].matches.q,
        target_name=evidence.label_names[evidence.target],
        examples=examples,
        methods=methods,
        trust=[part for part in (spike_in_section(evidence), stability_section(evidence)) if part],
        provenance=[*_provenance(settings or {}), *sections.network_facts(evidence.candidates, is_binary=is_binary)],
        notes=evidence.notes,
        command=command,
    )


def _provenance(settings: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [
        ("date", datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions().items())),
        *((name.replace("_", " "), str(value)) for name, value in settings.items()),
    ]
