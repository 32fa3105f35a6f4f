"""What the small plots draw: letters, lines and labels at the places that toy inputs say."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from motiflens.basics.plots import (
    GREY,
    LETTER_COLORS,
    Estimate,
    Matched,
    MatchedRow,
    Profile,
    Span,
    plot_hits,
    plot_interactions,
    plot_intervals,
    plot_logo,
    plot_matched_filters,
    plot_ranked,
    plot_training,
)
from motiflens.basics.sequence import encode
from motiflens.basics.stats import Interval
from motiflens.motifs.sets import Motif
from motiflens.motifs.tomtom import tomtom

NAN = float("nan")


@pytest.fixture
def ax():
    return Figure().add_subplot()


def boxes(ax, letter):
    """Boxes (x0, y0, x1, y1) of every copy of one letter, from left to right."""
    color = to_rgba(LETTER_COLORS["ACGT".index(letter)])
    drawn = [c for c in ax.collections if tuple(c.get_facecolor()[0]) == color]
    found = []
    for collection in drawn:
        (path,) = collection.get_paths()
        found += [(*part.min(axis=0), *part.max(axis=0)) for part in path.to_polygons(closed_only=False)]
    return sorted(found)


def columns(ax, letter):
    """Columns in which a letter stands, each once."""
    return sorted({int(np.floor(x0)) for x0, *_ in boxes(ax, letter)})


def matrix(letters):
    return np.eye(4)[encode(letters)].T


def lines(ax):
    return [(np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist()) for line in ax.get_lines()]


def test_a_matrix_of_probabilities_is_drawn_in_bits(ax):
    pwm = matrix("ACGT")
    pwm[:, 1] = [0.5, 0.5, 0, 0]
    assert plot_logo(pwm, ax=ax) is ax
    assert [columns(ax, letter) for letter in "ACGT"] == [[0, 1], [1], [2], [3]]
    assert boxes(ax, "T")[0][3] == pytest.approx(2)
    assert boxes(ax, "C")[0][3] == pytest.approx(1)
    assert ax.get_ylim() == (0, 2)
    assert ax.get_ylabel() == "bits"


def test_a_motif_and_a_tensor_are_drawn_as_their_matrix(ax):
    plot_logo(Motif("m", "m", matrix("TTA")), ax=ax)
    assert columns(ax, "T") == [0, 1]
    other = Figure().add_subplot()
    plot_logo(torch.tensor(matrix("TTA"), requires_grad=True), ax=other)
    assert columns(other, "T") == [0, 1]


def test_scores_are_as_high_as_they_are_and_hang_where_negative(ax):
    scores = np.zeros((4, 6))
    scores[0, 2], scores[3, 4] = 1.5, -0.5
    plot_logo(scores, ax=ax)
    assert boxes(ax, "A")[0][1:4:2] == pytest.approx((0, 1.5))
    assert boxes(ax, "T")[0][1:4:2] == pytest.approx((-0.5, 0))
    assert ax.get_ylabel() == "score"
    assert ([0, 1], [0, 0]) in lines(ax)


def test_a_part_keeps_its_positions(ax):
    scores = np.zeros((4, 50))
    scores[1, [5, 20, 29, 30]] = 1
    plot_logo(scores, start=20, stop=30, ax=ax)
    assert columns(ax, "C") == [20, 29]
    assert ax.get_xlim() == (20, 30)


def test_kind_decides_where_values_could_be_either(ax):
    plot_logo(np.full((4, 3), 0.25), kind="scores", ax=ax)
    assert columns(ax, "A") == [0, 1, 2]
    assert ax.get_ylim()[1] == pytest.approx(1)


def test_a_row_of_attributions_is_drawn(ax):
    maps = SimpleNamespace(letter_heights=lambda row: np.array([[row], [0], [0], [0]]))
    plot_logo(maps, 3, ax=ax)
    assert boxes(ax, "A")[0][3] == pytest.approx(3)
    with pytest.raises(ValueError, match="row"):
        plot_logo(maps, ax=ax)


def test_hits_are_named_spans_with_their_strand(ax):
    plot_logo(np.ones((4, 40)), start=10, stop=30, hits=[(12, 16, "SP1"), (20, 25, "YY1", -1), (35, 38, "out")], ax=ax)
    texts = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert texts == {"SP1 →": 12, "← YY1": 20}
    widths = sorted((round(patch.get_x()), round(patch.get_x() + patch.get_width())) for patch in ax.patches)
    assert widths == [(12, 16), (20, 25)]


def test_hits_are_cut_at_the_ends_and_stand_in_lanes(ax):
    plot_logo(np.ones((4, 60)), start=10, hits=[Span(5, 14, "first"), Span(12, 20, "second", 0)], ax=ax)
    first, second = ax.texts
    assert [first.get_text(), second.get_text()] == ["first →", "second"]
    assert [first.get_position()[0], second.get_position()[0]] == [10, 12]
    assert second.get_position()[1] > first.get_position()[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"what": np.ones((5, 4))}, "transpose"),
        ({"what": np.ones((2, 3, 4))}, r"\(4, L\)"),
        ({"what": np.ones((4, 5)), "start": 5}, "start < stop"),
        ({"what": np.ones((4, 5)), "row": 0}, "leave it out"),
        ({"what": np.ones((4, 5)), "kind": "bits"}, "information"),
        ({"what": np.full((4, 5), NAN)}, "finite"),
    ],
)
def test_wrong_logos_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_logo(**arguments, ax=Figure().add_subplot())


def test_without_axes_there_is_a_new_figure():
    before = plt.get_fignums()
    ax = plot_logo(matrix("ACGT"), title="certain")
    try:
        assert len(plt.get_fignums()) == len(before) + 1
        assert ax.get_title(loc="left") == "certain"
    finally:
        plt.close(ax.figure)


def member(train, valid, metric, best):
    return SimpleNamespace(history={"train_loss": train, "valid_loss": valid, "valid_metric": metric}, best_epoch=best)


MEMBERS = [member([3, 2, 1], [3, 1, 2], [0.5, 0.9, 0.8], 2), member([4], [4], [0.4], 1), member([], [], [], 0)]


def test_training_curves_mark_the_best_epochs(ax):
    plot_training(MEMBERS, metric="AUROC", ax=ax)
    assert lines(ax) == [([1, 2, 3], [0.5, 0.9, 0.8]), ([2], [0.9]), ([1], [0.4]), ([1], [0.4])]
    assert ax.get_ylabel() == "validation AUROC"


def test_losses_have_the_training_curve_in_grey(ax):
    plot_training(MEMBERS[:1], what="loss", ax=ax)
    assert lines(ax) == [([1, 2, 3], [3, 2, 1]), ([1, 2, 3], [3, 1, 2]), ([2], [1])]
    assert ax.get_lines()[0].get_color() == GREY


def test_training_curves_of_nothing_are_refused(ax):
    with pytest.raises(ValueError, match="finished an epoch"):
        plot_training(MEMBERS[2:], ax=ax)
    with pytest.raises(ValueError, match="metric, loss"):
        plot_training(MEMBERS, what="auroc", ax=ax)


@pytest.mark.parametrize("strand", [1, -1])
def test_a_filter_lies_over_the_columns_that_it_matches(ax, strand):
    """TomTom's own offset of a filter that is a part of the motif puts every letter over its like."""
    rng = np.random.default_rng(0)
    motif = Motif("M", "M", matrix("GGATTACAGC"))
    others = [Motif(f"o{i}", "", matrix("".join(rng.choice(list("ACGT"), 10)))) for i in range(20)]
    read = motif if strand == 1 else motif.reverse_complement()
    query = read.pwm[:, 2:9]
    found = tomtom([query], [motif, *others])
    assert found.strand[0, 0] == strand
    matched = Matched("filter 0", query, "M", motif.pwm, int(found.offset[0, 0]), int(found.strand[0, 0]))
    plot_matched_filters([matched], ax=ax)
    for letter in "ACGT":
        above = {int(np.floor(x0)) for x0, y0, *_ in boxes(ax, letter) if y0 > 2.5}
        below = {int(np.floor(x0)) for x0, y0, *_ in boxes(ax, letter) if y0 < 2.5}
        assert above == below & set(range(7))
        assert above == set(np.flatnonzero(query["ACGT".index(letter)]).tolist())
    assert ax.get_xlim() == (-2, 8)


def test_filters_are_named_from_the_top_and_may_have_no_match(ax):
    rows = [Matched("one", matrix("ACGT"), "SP1", matrix("ACGTA")), Matched("two", matrix("AA"))]
    plot_matched_filters(rows, ax=ax)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["one", "SP1", "two", "no match"]
    assert sorted(ax.get_yticks(), reverse=True) == ax.get_yticks().tolist()
    with pytest.raises(ValueError, match="at least one filter"):
        plot_matched_filters([], ax=ax)


def test_interactions_of_both_signs_lie_on_either_side_of_zero(ax):
    low, high = np.array([0, 2]), np.array([1, 5])
    profiles = [
        Profile("A × B", low, high, np.array([0.5, 1.0])),
        Profile("A × C", low, high, np.array([-0.5, NAN])),
        Profile("B × C", low, high, np.array([0.0, 0.1]), emphasis=False),
    ]
    plot_interactions(profiles, unit="attention weight", ax=ax)
    zero, grey, up, down = ax.get_lines()
    assert zero.get_ydata() == [0, 0]
    assert grey.get_color() == GREY
    assert up.get_xdata().tolist() == down.get_xdata().tolist() == [0.5, 3.5]
    assert up.get_ydata().tolist() == [0.5, 1.0]
    assert down.get_ydata()[0] == -0.5
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["A × B", "A × C"]
    assert "attention weight" in ax.get_ylabel()


def test_interactions_without_distances_are_points(ax):
    nothing = np.array([NAN])
    profiles = [Profile(name, nothing, nothing, np.array([value])) for name, value in (("A × B", 1.0), ("A × C", -2.0))]
    plot_interactions(profiles, ax=ax)
    assert lines(ax)[1:] == [([0], [1.0]), ([1], [-2.0])]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["A × B", "A × C"]


def test_interactions_that_do_not_fit_are_refused(ax):
    with pytest.raises(ValueError, match="at least one pair"):
        plot_interactions([], ax=ax)
    with pytest.raises(ValueError, match="A × B: expected as many"):
        plot_interactions([Profile("A × B", np.zeros(2), np.zeros(2), np.zeros(3))], ax=ax)


def test_intervals_stand_in_rows_from_the_top(ax):
    rows = [
        Estimate("first", Interval(0.8, 0.7, 0.9), [0.75, 0.85]),
        Estimate("second", Interval(0.6, NAN, NAN), [0.6]),
    ]
    plot_intervals(rows, lines=[0.5], ax=ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["second", "first"]
    assert ([0.7, 0.9], [1, 1]) in lines(ax)
    assert ([0.75, 0.85], [1.26, 1.26]) in lines(ax)
    assert ([0.5, 0.5], [0, 1]) in lines(ax)
    with pytest.raises(ValueError, match="at least one estimate"):
        plot_intervals([], ax=ax)


def test_a_title_stands_above_the_names_of_hits():
    ax = plot_logo(np.ones((4, 20)), hits=[(0, 5, "SP1"), (2, 9, "YY1")], title="sequence 0", ax=Figure().add_subplot())
    title = next(text for text in ax.get_children() if getattr(text, "get_text", str)() == "sequence 0")
    assert title.get_position()[1] > max(text.get_position()[1] for text in ax.texts)
    assert all(float(tick).is_integer() for tick in ax.get_xticks())


def test_hits_stand_at_their_q_values_the_first_at_the_top():
    rows = [MatchedRow("a", "SP1", 1e-4), MatchedRow("b"), MatchedRow("c", "SRF", 0.01)]
    ax = plot_hits(rows, q=0.1)
    dots = [tuple(line.get_xydata()[0]) for line in ax.get_lines() if line.get_marker() == "o"]
    assert sorted(dots) == [(pytest.approx(2), 0), (pytest.approx(4), 2)]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["c", "b", "a"]
    (threshold,) = [line for line in ax.get_lines() if line.get_linestyle() == ":"]
    assert threshold.get_xdata()[0] == pytest.approx(1)
    plt.close(ax.figure)
    with pytest.raises(ValueError, match="at least one match"):
        plot_hits([], q=0.1)


def test_values_are_drawn_from_the_highest_with_their_spread():
    mean, sd = np.array([0.1, 0.9, 0.5]), np.array([0.01, 0.02, 0.03])
    ax = plot_ranked({"a": (mean, sd)}, unit="probability")
    (line,) = ax.get_lines()
    assert line.get_xydata().tolist() == [[1, 0.9], [2, 0.5], [3, 0.1]]
    edges = ax.collections[0].get_paths()[0].vertices
    assert edges[edges[:, 0] == 2][:, 1].min() == pytest.approx(0.47)
    assert edges[edges[:, 0] == 1][:, 1].max() == pytest.approx(0.92)
    plt.close(ax.figure)
    with pytest.raises(ValueError, match="at least one label"):
        plot_ranked({"a": (mean[:0], None)}, unit="probability")
