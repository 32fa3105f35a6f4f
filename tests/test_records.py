"""Reading stored records: grouping, choosing, failures, decoding."""

import math
import re

import numpy as np
import pytest
from study_records import encode_pwms, make_failed, make_filters, make_record, make_study

from motiflens.records import (
    METRICS,
    best_networks,
    check_choice,
    configurations,
    filter_pwms,
    metric_value,
    problem,
    published_results,
    stage1,
    validation_metric,
)


def members(task=1, values=(), **changes):
    return [
        make_record(task, "C4C6", "relu", member, metrics={"valid_auroc": value}, **changes)
        for member, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("task", "n", "expected"),
    [(1, 10, 3), (1, 1, 1), (1, 3, 1), (1, 4, 2), (1, 20, 6), (2, 10, 5), (2, 5, 3), (2, 1, 1)],
)
def test_number_selected(task, n, expected):
    groups = configurations(members(task, np.linspace(0.95, 0.9, n)), task)
    assert len(groups["C4C6", "relu"].selected) == expected


def test_selection_follows_validation_or_test_metric():
    records = members(1, [0.95, 0.97, 0.96])
    for record, test_aupr in zip(records, [0.90, 0.80, 0.70], strict=True):
        record["metrics"]["test_aupr"] = test_aupr
    assert [r["member"] for r in configurations(records, 1)["C4C6", "relu"].selected] == [1]
    assert [r["member"] for r in configurations(records, 1, select="test")["C4C6", "relu"].selected] == [0]
    assert len(configurations(records, 1, select="all")["C4C6", "relu"].selected) == 3


def test_diverged_members_do_not_count_towards_the_share():
    records = [*members(2, [0.95, 0.94, 0.93]), make_failed(2, "C4C6", "relu", 3)]
    found = configurations(records, 2)["C4C6", "relu"]
    assert (len(found.trials), len(found.diverged), len(found.selected)) == (4, 1, 2)


def test_low_members_fail_relative_to_the_best_of_their_configuration():
    found = configurations(members(1, [1.0, 0.91, 0.89]), 1)["C4C6", "relu"]
    assert [record["member"] for record in found.low] == [2]
    assert [record["member"] for record in found.trained] == [0, 1, 2]


def test_order_is_the_published_one_and_unknown_architectures_follow():
    names = ["Mine", "C4-LSTM", "C4C6-Att", "C24"]
    records = [make_record(1, name, a, 0) for name in names for a in ("exponential", "relu")]
    assert list(configurations(records, 1)) == [
        (name, activation) for name in ["C24", "C4C6-Att", "C4-LSTM", "Mine"] for activation in ("relu", "exponential")
    ]


def test_duplicate_keys_are_refused():
    record = make_record(1, "C24", "relu", 0)
    with pytest.raises(ValueError, match="task1/C24/relu/000 twice"):
        configurations([record, record], 1)


def test_mixed_protocols_are_refused():
    records = [make_record(1, "C24", "relu", 0), make_record(1, "C24", "relu", 1, protocol="PAPER")]
    with pytest.raises(ValueError, match="got protocol PAPER and REFERENCE; tabulate them one by one"):
        configurations(records, 1)


@pytest.mark.parametrize(
    ("block", "name", "expected"),
    [
        ("data", "data_seed", "got data.data_seed 0 and 7;"),
        ("data", "n_sequences", "got data.n_sequences 3000 and 7;"),
        ("protocol", "monitor_multi_label", "got protocol.monitor_multi_label 7 and auroc;"),
        ("protocol", "max_epochs", "got protocol.max_epochs 7 and the default;"),
        ("audit", "database", "got audit.database 7 and the default;"),
    ],
)
def test_mixed_settings_are_refused(block, name, expected):
    first, second = make_record(1, "C24", "relu", 0), make_record(1, "C24", "relu", 1)
    second["config"][block] = {**second["config"].get(block, {}), name: 7}
    with pytest.raises(ValueError, match=expected):
        configurations([first, second], 1)


def test_mixed_seeds_are_refused_within_a_task_only():
    records = [make_record(1, "C24", "relu", 0), make_record(2, "C24", "relu", 0, seed=3)]
    assert len(configurations(records, 1)) == len(configurations(records, 2)) == 1
    with pytest.raises(ValueError, match="task 2, got seed 0 and 3;"):
        configurations([*records, make_record(2, "C24", "relu", 1)], 2)


def test_unknown_task_and_selection_are_refused():
    with pytest.raises(ValueError, match="task must be one of 1, 2, got 3"):
        configurations([], 3)
    with pytest.raises(ValueError, match="did you mean valid"):
        configurations([], 1, select="valis")


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


@pytest.mark.parametrize("select", ["valid", "test"])
def test_undefined_metric_ranks_last(select):
    records = members(1, [None, 0.9, 0.95, 0.96])
    records[0]["metrics"]["test_aupr"] = None
    found = configurations(records, 1, select=select)["C4C6", "relu"]
    assert [record["member"] for record in found.low] == [0]
    assert 0 not in [record["member"] for record in found.selected]


def test_best_networks_leave_out_what_diverged():
    records = [*members(1, [0.9, 0.95]), make_failed(1, "C24", "relu", 0)]
    assert {key: record["member"] for key, record in best_networks(records, 1).items()} == {("C4C6", "relu"): 1}


def test_metric_value_is_nan_where_there_is_none():
    tpr = next(metric for metric in METRICS[1] if metric.name == "filter_tpr")
    assert math.isnan(metric_value(make_failed(1, "C24", "relu", 0), tpr))
    assert math.isnan(metric_value(make_record(1, "C24", "relu", 0, filters={"tpr": None}), tpr))
    assert metric_value(make_record(1, "C24", "relu", 0, filters={"tpr": 0.25}), tpr) == 0.25


def test_filter_pwms_come_back_within_rounding():
    pwms = np.random.default_rng(0).dirichlet([0.5] * 4, (7, 20)).transpose(0, 2, 1)  # 7, 4, 20
    filters = make_filters(pwms=encode_pwms(pwms), counts=[1] * 7, best=[None] * 7)
    found = filter_pwms(make_record(1, "C24", "relu", 0, filters=filters))
    assert np.abs(found - pwms).max() < 1 / 100
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("damage", ["!!", "AAAA", encode_pwms(np.full((3, 4, 20), 0.25))])
def test_damaged_filters_are_named(damage):
    record = make_record(1, "C24", "relu", 0, filters={"pwms": damage})
    with pytest.raises(ValueError, match="task1/C24/relu/000 cannot be read"):
        filter_pwms(record)


def test_filters_of_a_failed_network_are_refused():
    with pytest.raises(ValueError, match="failed"):
        filter_pwms(make_failed(1, "C24", "relu", 0))


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
