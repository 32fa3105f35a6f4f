"""Grouping records, choosing members, and refusing to mix settings."""

import numpy as np
import pytest
from study_records import make_failed, make_record

from motiflens.study.records import METRICS
from motiflens.study.selection import best_networks, check_one_setting, configurations, metric_values


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
    assert [r["member"] for r in configurations(records, 1, select="published")["C4C6", "relu"].selected] == [0]
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
        ("model", "variant", "got variant 7 and text;"),
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


@pytest.mark.parametrize("select", ["valid", "published"])
def test_undefined_metric_ranks_last(select):
    records = members(1, [None, 0.9, 0.95, 0.96])
    records[0]["metrics"]["test_aupr"] = None
    found = configurations(records, 1, select=select)["C4C6", "relu"]
    assert [record["member"] for record in found.low] == [0]
    assert 0 not in [record["member"] for record in found.selected]


def test_best_networks_leave_out_what_diverged():
    records = [*members(1, [0.9, 0.95]), make_failed(1, "C24", "relu", 0)]
    assert {key: record["member"] for key, record in best_networks(records, 1).items()} == {("C4C6", "relu"): 1}


def test_metric_values_are_those_of_selected_members_that_have_one():
    tpr = next(metric for metric in METRICS[1] if metric.name == "filter_tpr")
    records = [make_record(1, "C24", "relu", m, filters={"tpr": value}) for m, value in enumerate([0.5, None, 0.25])]
    records += [make_failed(1, "C24", "relu", 3), make_failed(1, "C4", "relu", 0)]
    (found,) = metric_values(configurations(records, 1, select="all"), tpr).items()
    assert found[0] == ("C24", "relu")
    np.testing.assert_array_equal(found[1], [0.5, 0.25])


def test_what_may_differ_is_said():
    first, second = make_record(1, "C24", "relu", 0), make_record(1, "C24", "relu", 0)
    second["config"]["data"] = {**second["config"]["data"], "data_seed": 1}
    check_one_setting([first, second], 1, besides=("data.data_seed",))
    with pytest.raises(ValueError, match="data_seed 0 and 1"):
        check_one_setting([first, second], 1)


def test_numbers_of_filters_are_not_mixed():
    from study_records import make_record

    records = [make_record(1, "C24", "relu", 0), make_record(1, "C24", "relu", 1)]
    records[1]["config"]["model"]["n_filters"] = 64
    with pytest.raises(ValueError, match="one number of filters, got 32 and 64 of C24 relu, task 1"):
        configurations(records, 1)
