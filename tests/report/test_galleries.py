"""Filter galleries and saliency logos: order, labels, letters and bars at known places."""

import math

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from study_records import make_failed, make_filters, make_record, make_study

from motiflens.report.galleries import filter_gallery, gallery_of_record, saliency_figure, saliency_pair
from motiflens.study.results import Results


def test_filters_of_older_records_are_named_by_their_best_match():
    matches = gallery_of_record(make_record(1, "C4C6", "relu", 0))
    assert [match.filter for match in matches] == [1, 2, 0, 3, 4, 5]
    assert [match.verdict for match in matches] == ["true", "true", "true", "other", "no match", "dead"]
    assert [match.target_name for match in matches] == ["Gabpa", "MAX", "SP1", "Zfx", "", ""]
    assert matches[3].q_value == 0.04
    assert math.isnan(matches[4].q_value)
    assert {match.factor for match in matches} == {None}
    assert {match.other_name for match in matches} == {""}


def test_filters_are_sorted_true_not_counted_none_dead_by_factor():
    matches = gallery_of_record(make_record(1, "C4C6", "exponential", 0))
    assert [match.filter for match in matches] == [1, 2, 0, 3, 4, 5]
    assert [match.verdict for match in matches] == ["true", "true", "true", "not counted", "no match", "dead"]
    assert [match.factor for match in matches] == ["Gabpa", "MAX", "SP1", None, None, None]
    assert [match.other_name for match in matches] == ["", "", "SP2", "", "", ""]


def test_false_filter_is_other_even_if_its_best_is_marked_true():
    best = [["MA0079.3", "SP1", 0.01, True]] * 6
    outcomes, factors = ["false"] * 5 + ["true"], [None] * 5 + ["sp1"]
    filters = {"best": best, "counts": [1] * 6, "outcomes": outcomes, "factors": factors}
    matches = gallery_of_record(make_record(1, "C4C6", "relu", 0, filters=filters))
    assert [match.verdict for match in matches] == ["true"] + ["other"] * 5
    assert matches[0].other_name == ""  # the same name, but for its case


def test_one_motif_s_filters_are_sorted_by_q():
    best = [["MA0079.3", "SP1", q, True] for q in (1e-2, 1e-5, 1e-3)] + [None] * 3
    matches = gallery_of_record(make_record(1, "C24", "relu", 0, filters={"best": best}))
    assert [match.filter for match in matches[:3]] == [1, 2, 0]


def test_gallery_has_a_logo_and_a_label_per_filter():
    figure = filter_gallery(make_record(1, "C4C6", "exponential", 3), n_columns=3)
    (ax,) = figure.axes
    title, *labels = [text.get_text() for text in ax.texts]
    assert title == "Task 1 · C4C6 · Exponential · network 3"
    assert labels[0] == "1  Gabpa MA0062.2  q 2e-04  true"
    assert labels[2] == "0  SP1  true\nbest: SP2 MA0516.2  q 1e-06"
    assert labels[3] == "3  Gmeb1 MA0615.1  q 4e-02  not counted"
    assert labels[4:] == ["4  no match", "5  dead"]


def test_letters_of_a_gallery_stand_on_the_base_line_of_their_filter():
    figure = filter_gallery(make_record(1, "C4C6", "exponential", 0), n_columns=3)
    (ax,) = figure.axes
    bars = [line.get_xydata() for line in ax.lines if line.get_linewidth() == 2.5]
    assert [np.ptp(bar[:, 1]) for bar in bars] == pytest.approx([2] * 6)  # bits
    to_data = ax.transData.inverted()
    boxes = [
        to_data.transform_bbox(path.get_extents(letters.get_transform()))
        for letters in ax.collections
        for path in letters.get_paths()
    ]
    # per filter: widths of 20 positions from the bar, heights of at most 2 bits above its foot
    owners = [
        next(
            n
            for n, bar in enumerate(bars)
            if bar[0, 0] <= box.x0 <= bar[0, 0] + 20 and bar[0, 1] <= box.y1 <= bar[1, 1]
        )
        for box in boxes
    ]
    assert set(owners) == {0, 1, 2, 3, 4}  # the last, dead, is uniform
    for box, owner in zip(boxes, owners, strict=True):
        assert bars[owner][0, 1] - 1e-6 <= box.y0 < box.y1 <= bars[owner][1, 1] + 1e-6
        assert box.x1 <= bars[owner][0, 0] + 20


def test_gallery_needs_filters_and_a_column():
    with pytest.raises(ValueError, match="task1/C24/relu/000"):
        filter_gallery(make_failed(1, "C24", "relu", 0))
    with pytest.raises(ValueError, match="at least 1, got 0"):
        filter_gallery(make_record(1, "C24", "relu", 0), n_columns=0)


def test_pair_is_of_one_architecture_and_the_best_of_each():
    pair = saliency_pair(Results(make_study()).task(2), "C4C6")
    assert [(r["architecture"], r["activation"], r["member"]) for r in pair] == [
        ("C4C6", "relu", 2),
        ("C4C6", "exponential", 2),
    ]
    assert saliency_pair(Results(make_study()).task(2), "C9") == []


def test_pair_prefers_an_architecture_with_both_activations():
    records = [r for r in make_study() if (r["architecture"], r["activation"]) != ("C4C6", "relu")]
    assert {record["architecture"] for record in saliency_pair(Results(records).task(2), "C4C6")} == {"C4C6-Att"}
    lone = [r for r in records if r["architecture"] == "C4C6"]
    assert [record["activation"] for record in saliency_pair(Results(lone).task(2), "C4C6")] == ["exponential"]


def example(sequence, scores, sites=()):
    return {"sequence": sequence, "scores": scores, "scale": 0.5, "sites": [list(site) for site in sites]}


def network(activation, *examples):
    return make_record(2, "C4C6", activation, 0, attribution={"examples": list(examples)})


def test_letters_have_the_scores_of_their_base_and_bars_their_site():
    record = network("relu", example("ANGT", [4, 3, -2, 1], [("MAX", -1, 1, 2)]))
    (ax,) = saliency_figure([record]).axes
    boxes = [c.get_paths()[0].get_extents().get_points() for c in ax.collections]
    np.testing.assert_allclose([box[:, 1] for box in boxes], [[0, 2], [-1, 0], [0, 0.5]])
    assert [int(box[0, 0]) for box in boxes] == [0, 2, 3]
    (bar,) = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert (bar.get_x(), bar.get_width()) == (1, 2)
    assert bar.get_y() + bar.get_height() < -1
    assert [text.get_text() for text in ax.texts] == ["MAX ←"]


def test_sequences_that_all_networks_share_come_first():
    relu = network("relu", example("AAAA", [1] * 4), example("CCCC", [1] * 4), example("GGGG", [1] * 4))
    exponential = network("exponential", example("GGGG", [2] * 4), example("CCCC", [2] * 4))
    figure = saliency_figure([relu, exponential], n_examples=2)
    assert [ax.get_ylabel() for ax in figure.axes] == ["C4C6\nReLU", "C4C6\nExponential"] * 2
    heights = [ax.collections[0].get_paths()[0].get_extents().y1 for ax in figure.axes]
    assert heights == pytest.approx([0.5, 1.0, 0.5, 1.0])


def test_networks_without_a_shared_sequence_show_each_its_own():
    relu = network("relu", example("AAAA", [1] * 4))
    exponential = network("exponential", example("CCCC", [1] * 4))
    figure = saliency_figure([relu, exponential])
    assert [ax.get_ylabel() for ax in figure.axes] == ["C4C6\nReLU", "C4C6\nExponential"]


def test_scores_of_zero_leave_an_empty_logo():
    (ax,) = saliency_figure([network("relu", example("ACGT", [0, 0, 0, 0]))]).axes
    assert not ax.collections


def test_records_without_examples_are_refused():
    with pytest.raises(ValueError, match="got none"):
        saliency_figure([])
    with pytest.raises(ValueError, match="task1/C24/relu/000"):
        saliency_figure([make_record(1, "C24", "relu", 0)])


def test_number_of_examples_must_be_positive():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        saliency_figure([network("relu", example("ACGT", [1, 2, 3, 4]))], n_examples=0)


def test_filters_without_best_for_each_are_refused():
    record = make_record(1, "C24", "relu", 0, filters=make_filters(best=[None]))
    with pytest.raises(ValueError, match="shorter"):
        gallery_of_record(record)
