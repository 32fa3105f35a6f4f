"""Reading stored records: values, problems, decoding, the published tables."""

import math
import re

import numpy as np
import pytest
from study_records import encode_pwms, make_failed, make_filters, make_record, make_study

from motiflens.basics.choices import check_choice
from motiflens.study.published_tables import published_results
from motiflens.study.records import TASK_METRICS, metric_value, problem, stage1, stored_pwms, validation_metric


def test_validation_metric_follows_the_protocol():
    record = make_record(1, "C24", "relu", 0, metrics={"valid_auroc": 0.7, "valid_aupr": 0.6})
    assert validation_metric(record) == 0.7
    paper = {"protocol": {"monitor_multi_label": "aupr", "monitor_single_label": "auroc"}}
    assert validation_metric({**record, "config": paper}) == 0.6
    assert validation_metric({**record, "config": paper, "task": 2}) == 0.7
    assert validation_metric({**record, "config": {}}) == 0.7


def test_validation_metric_that_is_not_there_is_named():
    record = make_record(1, "C24", "relu", 0, config={"protocol": {"monitor_multi_label": "accuracy"}})
    with pytest.raises(ValueError, match="valid_accuracy"):
        validation_metric(record)


def test_metric_value_is_nan_where_there_is_none():
    tpr = next(metric for metric in TASK_METRICS[1] if metric.name == "filter_tpr")
    assert math.isnan(metric_value(make_failed(1, "C24", "relu", 0), tpr))
    assert math.isnan(metric_value(make_record(1, "C24", "relu", 0, filters={"tpr": None}), tpr))
    assert metric_value(make_record(1, "C24", "relu", 0, filters={"tpr": 0.25}), tpr) == 0.25


def test_filter_pwms_come_back_within_rounding():
    pwms = np.random.default_rng(0).dirichlet([0.5] * 4, (7, 20)).transpose(0, 2, 1)  # 7, 4, 20
    filters = make_filters(pwms=encode_pwms(pwms), counts=[1] * 7, best=[None] * 7)
    found = stored_pwms(make_record(1, "C24", "relu", 0, filters=filters))
    assert np.abs(found - pwms).max() < 1 / 100
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("damage", ["!!", "AAAA", encode_pwms(np.full((3, 4, 20), 0.25))])
def test_damaged_filters_are_named(damage):
    record = make_record(1, "C24", "relu", 0, filters={"pwms": damage})
    with pytest.raises(ValueError, match="task1/C24/relu/000 cannot be read"):
        stored_pwms(record)
    assert problem(record).startswith("filters.pwms cannot be read")


def test_filters_of_a_failed_network_are_refused():
    with pytest.raises(ValueError, match="failed"):
        stored_pwms(make_failed(1, "C24", "relu", 0))


def test_published_tables_are_complete():
    for task, n_columns in ((1, 6), (2, 8)):
        table = published_results(task)
        assert len(table) == 34
        assert all(len(row) == n_columns for row in table.values())
    assert published_results(1)["C4C6-Att", "exponential"]["filter_tpr_mean"] == 0.917
    assert published_results(2)["C4C6", "relu"]["interpretability_snr_sd"] == 0.223


def test_published_means_give_the_paper_s_averages():
    table = published_results(1)
    small = {
        a: [row["filter_tpr_mean"] for (name, act), row in table.items() if act == a and "C4C6" in name]
        for a in ("relu", "exponential")
    }
    assert np.mean(small["relu"]) == pytest.approx(0.41, abs=0.005)
    assert np.mean(small["exponential"]) == pytest.approx(0.85, abs=0.005)


def test_records_of_the_study_have_no_problem():
    assert {problem(record) for record in make_study()} == {None}
    assert problem(make_record(2, "C24", "relu", 0, attribution={"snr": None})) is None
    assert problem({**make_record(2, "C24", "relu", 0), "attribution": None}) is None


def test_failed_network_needs_only_its_names():
    names = ("key", "task", "architecture", "activation", "member", "status")
    record = make_failed(1, "C24", "relu", 0)
    assert problem({name: record[name] for name in names}) is None
    for name in names:
        assert problem({key: record[key] for key in names if key != name}).startswith(f"{name} must be")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"task": 3}, "task must be one of 1, 2, got 3"),
        ({"task": True}, "task must be a whole number, got True"),
        ({"task": "1"}, "task must be a whole number, got '1'"),
        ({"member": 1.5}, "member must be a whole number, got 1.5"),
        ({"architecture": ["C24"]}, r"architecture must be a name, got \['C24'\]"),
        ({"status": None}, "status must be a name, got None"),
        ({"config": "x"}, "config must be an object, got 'x'"),
        ({"config": {"protocol": "PAPER"}}, "protocol must be an object, got 'PAPER'"),
        ({"metrics": None}, "metrics must be an object, got None"),
        ({"filters": []}, r"filters must be an object, got \[\]"),
        ({"attribution": 1}, "attribution must be an object, got 1"),
        ({"metrics": {"valid_auroc": 0.9}}, "metrics lacks test_aupr"),
        ({"metrics": {"test_aupr": 0.9}}, "metrics lacks valid_auroc"),
        ({"filters": {"tpr": 1}}, "filters lacks fpr"),
    ],
)
def test_problem_is_named(changes, expected):
    assert re.fullmatch(expected, problem({**make_record(1, "C24", "relu", 0), **changes}))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tpr": "high"}, "filters.tpr must be a number, got 'high'"),
        ({"pwms": None}, "filters.pwms must be text"),
        ({"counts": 6}, "filters.counts must be a list of whole numbers"),
        ({"best": [None]}, "filters.best must be a list of 6, one per filter"),
        ({"factors": None}, "filters.factors must be a list of 6, one per filter"),
        (
            {"best": [["MA0079.3", "SP1", None, True]] * 6},
            "filters.best must hold lists of id, name, q and truth, or null",
        ),
        ({"outcomes": ["odd"] * 6}, "filters.outcomes must be among true, false, not counted, no hit, dead, got 'odd'"),
    ],
)
def test_problem_of_filters_is_named(changes, expected):
    assert problem(make_record(1, "C24", "exponential", 0, filters=changes)) == expected


def test_stage1():
    assert [stage1(name) for name in ("C24", "C4C6-LSTM-Att", "C4-LSTM", "Mine")] == ["C24", "C4C6", "C4", "Mine"]


def test_check_choice_lists_choices():
    with pytest.raises(ValueError, match="colour must be one of red, green, got 'blue'"):
        check_choice("colour", "blue", ["red", "green"])


def test_study_fixture_is_what_its_text_says():
    records = make_study()
    assert len(records) == 2 * 4 * 2 * 3
    assert [record["key"] for record in records if record["status"] == "failed"] == ["task1/C4-LSTM/exponential/000"]
