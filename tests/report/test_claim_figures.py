"""Figures of the claims show every number where it belongs, and nothing where there is none."""

import numpy as np
import pytest
from study_records import make_record, make_study

from motiflens.report.study.claim_figures import (
    SOURCE_COLORS,
    correlation_figure,
    difference_figure,
    published_figure,
    variance_figure,
)
from motiflens.study.findings import BLOCKS, STAGES, assess_claims, compare_with_published
from motiflens.study.findings.variance import MODULES
from motiflens.study.results import Results


def test_differences_of_architectures_and_stages():
    figure = difference_figure(assess_claims(Results(make_study())))
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        *("Filter TPR", "Filter FPR", "Saliency AUROC", "Saliency AUPR", "Saliency SNR")
    ]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["C24", "C24, all", "C4C6", "C4C6-Att", "C4C6, all", "C4-LSTM", "C4, all"]
    points = {-line.get_ydata()[0]: line.get_xdata()[0] for line in figure.axes[0].lines if len(line.get_xdata()) == 1}
    assert points == pytest.approx({0: -0.2, 1: -0.2, 2: 0.4, 3: 0.4, 4: 0.4, 5: 0.405, 6: 0.405})


def test_architectures_keep_their_order_where_a_task_lacks_some():
    records = [record for record in make_study() if (record["task"], record["architecture"]) != (1, "C4C6")]
    labels = [
        label.get_text() for label in difference_figure(assess_claims(Results(records))).axes[0].get_yticklabels()
    ]
    assert labels == ["C24", "C24, all", "C4C6", "C4C6-Att", "C4C6, all", "C4-LSTM", "C4, all"]


def test_shares_are_stacked_to_their_sum():
    rng = np.random.default_rng(0)
    effect = {"C24": 0.2, "C4C6": 0.5, "C4": 0.8}
    records = [
        make_record(1, f"{stage}-{module}", a, m, filters={"tpr": effect[stage] + rng.normal(0, 0.1)})
        for stage in STAGES
        for module in MODULES
        for a in ("relu", "exponential")
        for m in range(3)
    ]
    findings = assess_claims(Results(records))
    figure = variance_figure(findings)
    (ax,) = figure.axes
    shares = {
        e.group: e.estimate for f in findings for e in f.evidence if e.measure == "shares" and e.metric == "filter_tpr"
    }
    widths = [bar.get_width() for bar in ax.patches]
    suffixes = [block.suffix for block in BLOCKS]
    names = [f"{source}{suffix}" for suffix in suffixes for source in SOURCE_COLORS]
    assert widths == pytest.approx([max(shares[name], 0.0) for name in names])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Filter TPR", "Filter TPR, C24 and C4C6"]


def test_correlation_shows_every_network_that_trained():
    figure = correlation_figure(Results(make_study()).task(2))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["C24", "C4C6", "C4"]
    points = np.concatenate([line.get_xydata() for line in figure.axes[1].lines])
    assert len(points) == 2 * 2 * 3
    assert sorted({round(float(x), 2) for x, _ in points}) == [0.4, 0.41, 0.42, 0.8, 0.81, 0.82]


def test_published_figure_has_a_panel_per_metric_and_marks_what_differs():
    comparisons = compare_with_published(Results(make_study()))
    figure = published_figure(comparisons)
    panels = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert len(panels) == 7
    rows = [row for row in comparisons if row.selection == "valid" and row.metric == "interpretability_snr"]
    marks = [line for line in panels[-1].lines if line.get_marker() != "None"]
    assert [(m.get_xdata()[0], m.get_ydata()[0]) for m in marks] == [(row.published_mean, row.mean) for row in rows]
    assert [m.get_markerfacecolor() == "white" for m in marks] == [row.differs for row in rows]
    assert any(row.differs for row in rows)


def test_without_numbers_there_is_no_figure():
    assert difference_figure(assess_claims(Results())) is None
    assert variance_figure(assess_claims(Results(make_study()))) is None
    assert correlation_figure(Results([make_record(1, "C24", "relu", 0)]).task(2)) is None
    assert published_figure([]) is None
