"""The comparison figure shows every network where it belongs, and files come out the same each time."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from study_records import make_record, make_study

from motiflens.basics.words import LOOKS, look
from motiflens.report.figures import figure_svg, network_label, save_figure
from motiflens.report.study.comparison_figure import comparison_figure
from motiflens.study.results import Results


def panel(figure, row, column, n_columns):
    return figure.axes[row * n_columns + column]


def marks(ax, *, marker=None, face=None):
    """y values of all marks with this marker and face colour."""
    return sorted(
        float(y)
        for line in ax.lines
        if (marker is None or line.get_marker() == marker)
        and (face is None or to_hex(line.get_markerfacecolor()) == to_hex(face))
        and line.get_marker() not in ("None", None, "")
        for y in line.get_ydata()
    )


def test_one_row_per_stage_and_one_panel_per_metric():
    figure = comparison_figure(Results(make_study()).task(1))
    assert len(figure.axes) == 3 * 3
    assert [panel(figure, row, 0, 3).get_ylabel() for row in range(3)] == ["C24", "C4C6", "C4"]
    titles = [panel(figure, 0, column, 3).get_title(loc="left") for column in range(3)]
    assert titles == ["Classification AUPR", "Filter TPR", "Filter FPR"]
    labels = [tick.get_text() for tick in panel(figure, 1, 0, 3).get_xticklabels()]
    assert labels == ["none", "Att"]
    assert len(comparison_figure(Results(make_study()).task(2)).axes) == 3 * 4


def test_networks_means_and_published_means_are_at_their_values():
    ax = panel(comparison_figure(Results(make_study(("C4C6",))).task(1)), 0, 1, 3)
    _, color, marker = LOOKS["exponential"]
    assert marks(ax, marker=marker, face="white") == pytest.approx([0.80, 0.81])  # not selected
    assert marks(ax, marker=marker, face=color) == pytest.approx([0.82, 0.82])  # selected, and the mean
    bars = [line.get_ydata()[0] for line in ax.lines if line.get_marker() == "None" and line.get_color() == "black"]
    assert sorted(bars) == [0.396, 0.844]


def test_sd_bar_has_the_population_sd():
    ax = panel(comparison_figure(Results(make_study(("C4C6",))).task(2)), 0, 1, 4)
    spans = sorted(np.ptp(c.get_segments()[0][:, 1]) for c in ax.collections)
    assert spans == pytest.approx([0.01, 0.01])  # twice the SD of two members 0.01 apart


def test_failed_networks_are_crosses():
    records = make_study(("C4-LSTM",))  # exponential network 0 diverged
    records[1]["metrics"]["valid_auroc"] = 0.5  # relu network 1 trained badly; its filter TPR is 0.41
    ax = panel(comparison_figure(Results(records).task(1)), 0, 1, 3)
    assert marks(ax, marker="x") == pytest.approx([0.02, 0.41])


def test_limits_hold_every_network():
    figure = comparison_figure(Results(make_study()).task(1))
    for ax in figure.axes:
        low, high = ax.get_ylim()
        assert all(low <= y <= high for line in ax.lines for y in np.atleast_1d(line.get_ydata()) if y != 0.02)


def test_no_records_say_so():
    figure = comparison_figure(Results().task(2))
    assert [text.get_text() for text in figure.texts] == ["No records of task 2"]


def test_unknown_names_are_drawn_too():
    figure = comparison_figure(Results([make_record(1, "Mine", "gelu", 0)]).task(1))
    assert figure.axes[0].get_ylabel() == "Mine"
    assert look("gelu")[0] == "gelu"


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
