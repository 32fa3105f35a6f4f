"""Grouping records, choosing members, and refusing to mix settings."""

import numpy as np
import pytest
from study_records import make_failed, make_record

from motiflens.basics.store import Store
from motiflens.study.results import Results, read_results
from motiflens.study.selection import check_one_setting


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
    groups = Results(members(task, np.linspace(0.95, 0.9, n))).task(task).configurations("valid")
    assert len(groups["C4C6", "relu"].selected) == expected


def test_selection_follows_validation_or_test_metric():
    records = members(1, [0.95, 0.97, 0.96])
    for record, test_aupr in zip(records, [0.90, 0.80, 0.70], strict=True):
        record["metrics"]["test_aupr"] = test_aupr
    assert [r["member"] for r in Results(records).task(1).configurations("valid")["C4C6", "relu"].selected] == [1]
    assert [r["member"] for r in Results(records).task(1).configurations("published")["C4C6", "relu"].selected] == [0]
    assert len(Results(records).task(1).configurations("all")["C4C6", "relu"].selected) == 3


def test_diverged_members_do_not_count_towards_the_share():
    records = [*members(2, [0.95, 0.94, 0.93]), make_failed(2, "C4C6", "relu", 3)]
    found = Results(records).task(2).configurations("valid")["C4C6", "relu"]
    assert (len(found.trials), len(found.diverged), len(found.selected)) == (4, 1, 2)


def test_low_members_fail_relative_to_the_best_of_their_configuration():
    found = Results(members(1, [1.0, 0.91, 0.89])).task(1).configurations("valid")["C4C6", "relu"]
    assert [record["member"] for record in found.low] == [2]
    assert [record["member"] for record in found.trained] == [0, 1, 2]


def test_order_is_the_published_one_and_unknown_architectures_follow():
    names = ["Mine", "C4-LSTM", "C4C6-Att", "C24"]
    records = [make_record(1, name, a, 0) for name in names for a in ("exponential", "relu")]
    assert list(Results(records).task(1).configurations("valid")) == [
        (name, activation) for name in ["C24", "C4C6-Att", "C4-LSTM", "Mine"] for activation in ("relu", "exponential")
    ]


def test_duplicate_keys_are_refused():
    record = make_record(1, "C24", "relu", 0)
    with pytest.raises(ValueError, match="task1/C24/relu/000 twice"):
        Results([record, record]).task(1).configurations("valid")


def test_mixed_protocols_are_refused():
    records = [make_record(1, "C24", "relu", 0), make_record(1, "C24", "relu", 1, protocol="PAPER")]
    with pytest.raises(ValueError, match="got protocol PAPER and REFERENCE; tabulate them one by one"):
        Results(records).task(1).configurations("valid")


@pytest.mark.parametrize(
    ("block", "name", "value", "expected"),
    [
        ("data", "data_seed", 7, "got data.data_seed 0 and 7;"),
        ("data", "n_sequences", 7, "got data.n_sequences 3000 and 7;"),
        ("protocol", "monitor_multi_label", "aupr", "got protocol.monitor_multi_label aupr and auroc;"),
        ("protocol", "max_epochs", 7, "got protocol.max_epochs 7 and the default;"),
        ("audit", "database", 7, "got audit.database 7 and the default;"),
        ("model", "variant", 7, "got variant 7 and text;"),
    ],
)
def test_mixed_settings_are_refused(block, name, value, expected):
    first, second = make_record(1, "C24", "relu", 0), make_record(1, "C24", "relu", 1)
    second["config"][block] = {**second["config"].get(block, {}), name: value}
    with pytest.raises(ValueError, match=expected):
        Results([first, second]).task(1).configurations("valid")


def test_mixed_seeds_are_refused_within_a_task_only():
    records = [make_record(1, "C24", "relu", 0), make_record(2, "C24", "relu", 0, seed=3)]
    assert (
        len(Results(records).task(1).configurations("valid"))
        == len(Results(records).task(2).configurations("valid"))
        == 1
    )
    with pytest.raises(ValueError, match="task 2, got seed 0 and 3;"):
        Results([*records, make_record(2, "C24", "relu", 1)]).task(2).configurations("valid")


def test_unknown_task_and_selection_are_refused():
    with pytest.raises(ValueError, match="task must be one of 1, 2, got 3"):
        Results().task(3).configurations("valid")
    with pytest.raises(ValueError, match="did you mean valid"):
        Results().task(1).configurations("valis")


@pytest.mark.parametrize("select", ["valid", "published"])
def test_undefined_metric_ranks_last(select):
    records = members(1, [None, 0.9, 0.95, 0.96])
    records[0]["metrics"]["test_aupr"] = None
    found = Results(records).task(1).configurations(select)["C4C6", "relu"]
    assert [record["member"] for record in found.low] == [0]
    assert 0 not in [record["member"] for record in found.selected]


def test_best_networks_leave_out_what_diverged():
    records = [*members(1, [0.9, 0.95]), make_failed(1, "C24", "relu", 0)]
    assert {key: record["member"] for key, record in Results(records).task(1).best().items()} == {("C4C6", "relu"): 1}


def test_values_are_those_of_selected_members_that_have_one():
    records = [make_record(1, "C24", "relu", m, filters={"tpr": value}) for m, value in enumerate([0.5, None, 0.25])]
    records += [make_failed(1, "C24", "relu", 3), make_failed(1, "C4", "relu", 0)]
    (found,) = Results(records).task(1).values("filter_tpr").items()
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
        Results(records).task(1).configurations("valid")


def test_results_are_checked_grouped_once_and_shown_in_a_line():
    records = [make_record(task, "C24", "relu", member) for task in (1, 2) for member in range(2)]
    results = Results(iter(records))
    assert repr(results).splitlines()[0] == "Results of 4 networks (task 1: 2, task 2: 2)"
    assert results.task(1).configurations("valid") is results.task(1).configurations("valid")
    assert results.task(1).values("filter_tpr") is results.task(1).values("filter_tpr")
    with pytest.raises(ValueError, match="got 'task1/C24/relu/000': metrics lacks test_aupr"):
        Results([{**records[0], "metrics": {"valid_auroc": 0.5}}])
    with pytest.raises(AttributeError):
        results.records = ()


def test_networks_of_the_papers_size_are_told_apart():
    small, own = make_record(1, "C24", "relu", 0), make_record(1, "C24", "relu", 1)
    small["config"]["model"]["n_filters"] = 8
    results = Results([small, own])
    assert results.of_paper_size.records == (own,)
    assert {n: task.records for n, task in results.task(1).by_n_filters.items()} == {8: (small,), 32: (own,)}


def test_results_of_a_folder_say_what_is_left_out(tmp_path):
    store = Store(tmp_path)
    store.write(make_record(1, "C24", "relu", 0))
    store.write({**make_record(1, "C24", "relu", 1), "metrics": None})
    (tmp_path / "records" / "task1" / "C24" / "relu" / "002.json").write_text("{")
    found = read_results(tmp_path)
    assert [record["member"] for record in found.results.records] == [0]
    assert list(found.left_out) == ["task1/C24/relu/001"]
    assert [place.where for place in found.damaged] == ["records/task1/C24/relu/002.json"]
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        read_results(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no records"):
        read_results(tmp_path / "empty")
