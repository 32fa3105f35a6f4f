"""The figures of the paper show every architecture where it belongs, and files come out the same each time."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from study_records import make_record, make_study

from motiflens.models.hybrid import model_config
from motiflens.report.figures import figure_svg, network_label, save_figure
from motiflens.report.study.architectures_figure import architecture_blocks, architectures_figure
from motiflens.report.study.comparison_figure import STAGE_LOOKS, comparison_figure
from motiflens.study.published_tables import published_results
from motiflens.study.results import Results


def panel(figure, row, column, n_columns):
    return figure.axes[row * n_columns + column]


def points(ax, face):
    """x, y of all marks with this face colour, sorted."""
    lines = [line for line in ax.lines if line.get_marker() not in ("None", None, "")]
    found = [line for line in lines if to_hex(line.get_markerfacecolor()) == to_hex(face)]
    return sorted((float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in found)


def bars(ax):
    """Widths and heights of all error bars."""
    spans = [np.ptp(c.get_segments()[0], axis=0) for c in ax.collections]
    return sorted(float(x) for x, y in spans if x), sorted(float(y) for x, y in spans if y)


def test_one_row_per_stage_and_one_panel_per_metric():
    figure = comparison_figure(Results(make_study()).task(1))
    assert len(figure.axes) == 3 * 3
    labels = [panel(figure, row, 0, 3).get_ylabel() for row in range(3)]
    assert labels == [f"{stage}\nexponential" for stage in ("C24", "C4C6", "C4")]
    titles = [panel(figure, 0, column, 3).get_title(loc="left") for column in range(3)]
    assert titles == ["Classification AUPR", "Filter TPR", "Filter FPR"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[:2] == ["stage 2: none", "stage 2: Att"]
    assert len(comparison_figure(Results(make_study()).task(2)).axes) == 3 * 4


def test_a_mark_is_at_the_means_of_both_activations_and_the_published_beside():
    ax = panel(comparison_figure(Results(make_study(("C4C6",))).task(1), select="valid"), 0, 1, 3)
    assert points(ax, STAGE_LOOKS["none"][0]) == [pytest.approx((0.42, 0.82))]  # the best of three
    assert points(ax, "white") == [(0.396, 0.844)]
    joined = [line for line in ax.lines if line.get_marker() == "None" and len(line.get_xdata()) == 2]
    ends = [tuple(np.round([line.get_xdata(), line.get_ydata()], 3).T.ravel()) for line in joined]
    assert (0.42, 0.82, 0.396, 0.844) in ends


def test_sds_are_of_the_population_on_both_axes_and_one_network_has_none():
    published = published_results(2)
    own = 2 * 0.005  # two members 0.01 apart
    single = panel(comparison_figure(Results(make_study(("C4C6",))).task(1), select="valid"), 0, 1, 3)
    assert len(bars(single)[0]) == len(bars(single)[1]) == 1  # the published alone
    across, along = bars(panel(comparison_figure(Results(make_study(("C4C6",))).task(2), select="valid"), 0, 1, 4))
    assert across == pytest.approx(sorted([own, 2 * published["C4C6", "relu"]["interpretability_auroc_sd"]]))
    assert along == pytest.approx(sorted([own, 2 * published["C4C6", "exponential"]["interpretability_auroc_sd"]]))


def test_failed_networks_are_counted_at_their_mark():
    records = make_study(("C4-LSTM",))  # exponential network 0 diverged
    records[1]["metrics"]["valid_auroc"] = 0.5  # relu network 1 trained badly
    ax = panel(comparison_figure(Results(records).task(1)), 0, 1, 3)
    assert [text.get_text() for text in ax.texts] == ["2×"]


def test_limits_are_equal_and_hold_every_mark():
    figure = comparison_figure(Results(make_study()).task(1))
    for ax in figure.axes:
        assert ax.get_xlim() == ax.get_ylim()
        low, high = ax.get_ylim()
        for line in ax.lines:
            assert all(low <= value <= high for value in [*line.get_xdata(), *line.get_ydata()])


@pytest.mark.parametrize("records", [[], [make_record(1, "Mine", "gelu", 0)], [make_record(1, "C24", "relu", 0)]])
def test_where_activations_cannot_be_compared_the_figure_says_so(records):
    figure = comparison_figure(Results(records).task(1))
    assert [text.get_text() for text in figure.texts] == ["No architecture of task 1 has networks of both activations"]


def test_unknown_architectures_are_drawn_too():
    records = [make_record(1, "Mine", a, 0) for a in ("relu", "exponential")]
    figure = comparison_figure(Results(records).task(1))
    assert figure.axes[0].get_ylabel() == "Mine\nexponential"
    assert points(figure.axes[1], "white") == []  # nothing is published


def with_model(name, activation, task=1):
    record = make_record(task, name, activation, 0)
    record["config"]["model"] |= model_config(name, activation=activation, task=task).to_dict()
    return record


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C24", ["input", "convolution", "pool", "dense", "dense"]),
        ("C4C6-Att", ["input", "convolution", "pool", "convolution", "pool", "attention", "dense", "dense"]),
        ("C4-LSTM", ["input", "convolution", "pool", "LSTM", "pool", "dense", "dense"]),
        ("C24-LSTM-Trans2", ["input", "convolution", "pool", "LSTM", "attention", "dense", "dense"]),
    ],
)
def test_boxes_follow_the_configuration(name, expected):
    blocks = architecture_blocks(model_config(name, activation="relu", task=1).to_dict())
    assert [block.kind for block in blocks] == expected
    assert blocks[-1].text == "12 outputs"
    if "Trans2" in name:
        assert blocks[-3].text.startswith("2 encoder\nlayers")


def test_every_architecture_has_a_row_with_its_activations():
    records = [with_model(name, a) for name in ("C4C6-Att", "C24") for a in ("relu", "exponential")]
    figure = architectures_figure(Results(records).task(1))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert [text for text in texts if text in ("C24", "C4C6-Att")] == ["C24", "C4C6-Att"]
    assert sum("exponential or relu" in text for text in texts) == 2
    assert len(figure.axes[0].patches) == 5 + 8
    assert architectures_figure(Results([make_record(1, "C24", "relu", 0)]).task(1)) is None


def test_describe():
    assert network_label(make_record(1, "C24", "relu", 4)) == "Task 1 · C24 · ReLU · network 4"


def test_save_figure_writes_each_format(tmp_path):
    paths = save_figure(comparison_figure(Results(make_study(("C24",))).task(1)), tmp_path / "new" / "figure2.a")
    assert [path.name for path in paths] == ["figure2.a.svg", "figure2.a.pdf", "figure2.a.png"]
    starts = [path.read_bytes()[:8] for path in paths]
    assert starts[0].startswith(b"<?xml")
    assert starts[1].startswith(b"%PDF")
    assert starts[2] == b"\x89PNG\r\n\x1a\n"


def test_same_records_give_the_same_bytes(tmp_path):
    first, second = (
        save_figure(comparison_figure(Results(make_study(("C24",))).task(1)), tmp_path / name, formats=("svg", "pdf"))
        for name in ("a", "b")
    )
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_unknown_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="svg, pdf, png, got 'gif'"):
        save_figure(comparison_figure(Results().task(1)), tmp_path / "a", formats=("svg", "gif"))


def test_inline_svg_is_well_formed_and_its_ids_are_its_own():
    figure = comparison_figure(Results(make_study(("C24",))).task(1))
    ids = {}
    for prefix in ("one", "two"):
        svg = figure_svg(figure, prefix)
        root = ElementTree.fromstring(svg)
        ids[prefix] = {element.get("id") for element in root.iter()} - {None}
        targets = {
            value.lstrip("#") for element in root.iter() for name, value in element.items() if name.endswith("href")
        }
        assert targets
        assert targets <= ids[prefix]
        assert "<metadata" not in svg
    assert not ids["one"] & ids["two"]


def test_svg_shows_numbers_as_they_are():
    figure = Figure()
    ax = figure.subplots()
    ax.plot([0.9621, 0.9987], [0, 1])
    ax.set_title("R = 0.98765, MA0001.1234")
    figure.canvas.draw()
    labels = [label.get_text() for label in ax.get_xticklabels()]
    svg = figure_svg(figure, "one")
    assert all(f">{label}<" in svg for label in [*labels[1:-1], "R = 0.98765, MA0001.1234"])
    assert any(len(label) > 4 for label in labels)
    assert not re.search(r'd="[^"]*\d\.\d\d\d', svg)


def test_figures_touch_neither_pyplot_nor_torch():
    code = (
        "import sys, motiflens.report; print([name for name in ('matplotlib.pyplot', 'torch') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
