"""Numbers of first-layer filters beside each other: the numbers are those that were put in."""

import pytest
from scipy import stats as scipy_stats
from study_records import make_failed, make_record

from motiflens.study.findings import filter_numbers
from motiflens.study.records import n_filters, problem
from motiflens.study.results import Results


def sized(record, number):
    model = {**record["config"]["model"], "n_filters": number}
    key = record["key"].rpartition("/")
    return {
        **record,
        "key": f"{key[0]}/{number}-filters/{key[2]}",
        "config": {**record["config"], "model": model},
    }


def networks(number, values, task=1, activation="relu"):
    return [
        sized(make_record(task, "C24", activation, member, filters={"tpr": value}), number)
        for member, value in enumerate(values)
    ]


def test_every_number_is_held_against_the_tasks_own():
    own, many = [0.5, 0.6, 0.7], [0.8, 0.9, 0.85]
    records = [*networks(32, own), *networks(64, many), sized(make_failed(1, "C24", "relu", 9), 64)]
    rows = {row.n_filters: row for row in filter_numbers(Results(records)) if row.metric == "filter_tpr"}
    assert list(rows) == [32, 64]
    assert (rows[32].mean, rows[32].sd) == pytest.approx((0.6, 0.1))
    assert rows[32].difference != rows[32].difference  # of itself: none
    found = rows[64]
    assert (found.n_networks, found.n_failed) == (3, 1)
    assert found.difference == pytest.approx(0.25)
    welch = scipy_stats.ttest_ind(many, own, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((welch.low, welch.high))


def test_without_the_tasks_own_number_there_is_no_difference():
    rows = filter_numbers(Results([*networks(16, [0.5, 0.6]), *networks(64, [0.8, 0.9])]))
    assert {row.n_filters for row in rows} == {16, 64}
    assert all(row.difference != row.difference for row in rows)


def test_configurations_of_one_number_are_left_out():
    records = [*networks(24, [0.5], task=2), *networks(8, [0.4], task=2)]
    records += networks(24, [0.5], task=2, activation="exponential")
    assert {row.activation for row in filter_numbers(Results(records))} == {"relu"}
    assert filter_numbers(Results([make_record(1, "C24", "relu", 0)])) == []


def test_a_record_that_does_not_say_has_the_tasks_own_number():
    plain = [make_record(task, "C24", "relu", 0) for task in (1, 2)]
    assert [n_filters(record) for record in plain] == [32, 24]
    assert list(Results([*plain, *networks(64, [0.5])]).of_paper_size.records) == plain


def test_the_papers_numbers_are_those_of_the_registry():
    from motiflens.models.hybrid import TASK_SIZES
    from motiflens.study.records import N_FILTERS

    assert {task: sizes["n_filters"] for task, sizes in TASK_SIZES.items()} == N_FILTERS


def test_a_number_that_is_none_is_a_problem():
    assert "n_filters must be a whole number, got 'many'" in problem(networks("many", [0.5])[0])
