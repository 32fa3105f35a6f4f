"""Effects of choices in records with known numbers: each is what was put in, and what was not run has no row."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats
from study_records import make_failed, make_record, make_study
from test_filter_numbers import sized

from motiflens.basics.files import write_tsv
from motiflens.study.findings import coverage, measured_effects
from motiflens.study.findings.measured_effects import MEASURES, MeasuredEffect, read_measured_effects
from motiflens.study.results import Results

GRID = ("C24", "C24-Att", "C24-LSTM-Att", "C4C6", "C4C6-Att", "C4C6-LSTM-Att", "C4-LSTM", "C4-LSTM-Att")


@pytest.fixture(scope="module")
def effects():
    return measured_effects(Results(make_study(GRID)), grid_name="results/paper")


def find(effects, **wanted):
    wanted = {"second_stage": "", **wanted}
    rows = [row for row in effects if all(getattr(row, name) == value for name, value in wanted.items())]
    assert len(rows) == 1, rows
    return rows[0]


def test_activation_is_exponential_minus_relu_per_stage_1(effects):
    found = find(effects, factor="activation", pool="C4C6", task=1, metric="filter_tpr")
    assert (found.before, found.after, found.over) == ("relu", "exponential", "architectures")
    assert found.estimate == pytest.approx(0.4)  # 0.80 against 0.40, members alike
    assert math.isnan(found.low)  # all architectures differ alike: how much they vary is not known
    assert (found.n_networks, found.n_configurations, found.n_expected) == (18, 6, 12)
    assert found.records == "results/paper"
    wide = find(effects, factor="activation", pool="C24", task=2, metric="interpretability_auroc")
    assert wide.estimate == pytest.approx(-0.02)


def test_three_architectures_have_students_interval_over_architectures():
    shifts = {"C4C6": 0.3, "C4C6-Att": 0.4, "C4C6-LSTM-Att": 0.35}
    records = [
        make_record(1, name, a, m, filters={"tpr": 0.2 + 0.01 * m + shift * (a == "exponential")})
        for name, shift in shifts.items()
        for a in ("relu", "exponential")
        for m in range(3)
    ]
    rows = measured_effects(Results(records))
    found = find(rows, factor="activation", pool="C4C6", task=1, metric="filter_tpr")
    expected = scipy_stats.ttest_1samp([*shifts.values()], 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.over == "architectures"


def test_each_second_stage_has_its_own_effect_over_initialisations(effects):
    rows = [
        row for row in effects if (row.factor, row.pool, row.task) == ("activation", "C4C6", 1) and row.second_stage
    ]
    rows = [row for row in rows if row.metric == "filter_tpr"]
    assert [row.second_stage for row in rows] == ["none", "Att", "LSTM-Att"]
    assert {(row.over, row.n_configurations, row.n_expected, row.n_networks) for row in rows} == {
        ("initialisations", 2, 2, 6)
    }
    assert all(row.is_measured for row in rows)
    welch = scipy_stats.ttest_ind([0.80, 0.81, 0.82], [0.40, 0.41, 0.42], equal_var=False).confidence_interval(0.95)
    assert (rows[0].low, rows[0].high) == pytest.approx((welch.low, welch.high))


def test_two_architectures_have_an_interval_over_initialisations(effects):
    found = find(effects, factor="activation", pool="C4", task=2, metric="interpretability_auroc")
    assert found.over == "initialisations"
    assert found.estimate == pytest.approx(0.2)
    error = math.sqrt(4 * 0.01**2 / 3 / 4)  # four groups of three with SD .01, weights of a half
    half = scipy_stats.t.ppf(0.975, 8) * error
    assert (found.low, found.high) == pytest.approx((0.2 - half, 0.2 + half))


def test_pool_holds_each_second_stage_against_the_same_with_c24(effects):
    found = find(effects, factor="pool", after="C4C6", activation="relu", task=1, metric="filter_tpr")
    assert (found.before, found.n_configurations, found.n_expected) == ("C24", 6, 12)
    assert found.estimate == pytest.approx(-0.5)
    found = find(effects, factor="pool", after="C4", activation="exponential", task=2, metric="interpretability_auroc")
    assert found.estimate == pytest.approx(0.07)
    assert (found.n_configurations, found.n_expected) == (2, 8)  # C24-LSTM is none of the study's
    assert not found.is_measured


def test_members_come_from_the_pooled_spread(effects):
    for n in (1, 3, 5, 10):
        found = find(
            effects, factor="members", after=str(n), pool="C24", activation="relu", metric="filter_tpr", task=1
        )
        half = scipy_stats.t.ppf(0.975, 6) * 0.01 / math.sqrt(n)  # SD .01 in three groups of three
        assert (found.estimate, found.low, found.high) == pytest.approx((0, -half, half))
    failed = find(effects, factor="members", metric="failed", pool="C4", activation="exponential", task=1)
    assert (failed.n_failed, failed.n_networks) == (1, 6)
    assert failed.estimate == pytest.approx(1 / 6)
    assert failed.low > 0


def test_numbers_of_filters_come_from_their_own_records():
    def networks(number, values):
        return [
            sized(make_record(1, "C24", "relu", member, filters={"tpr": value}), number)
            for member, value in enumerate(values)
        ]

    records = [
        *networks(32, [0.5, 0.6, 0.7]),
        *networks(64, [0.8, 0.9, 0.85]),
        sized(make_failed(1, "C24", "relu", 3), 64),
    ]
    found = find(measured_effects(Results(), Results(records), sizes_name="results/filters"), metric="filter_tpr")
    assert (found.factor, found.before, found.after, found.pool) == ("filters", "32", "64", "C24")
    assert (found.estimate, found.n_networks, found.n_failed) == (pytest.approx(0.25), 6, 1)
    assert found.records == "results/filters"
    assert measured_effects(Results(), Results(networks(64, [0.8, 0.9]))) == []  # nothing to hold them against
    turned = found.reversed()
    assert (turned.before, turned.after, turned.low) == ("64", "32", -found.high)


def test_other_numbers_of_filters_are_no_part_of_the_grid(effects):
    strange = [sized(make_record(1, "C4C6", "relu", member, filters={"tpr": 0.0}), 8) for member in range(3)]
    again = measured_effects(Results([*make_study(GRID), *strange]), grid_name="results/paper")
    np.testing.assert_equal(list(map(tuple, again)), list(map(tuple, effects)))


def test_a_table_reads_back_and_says_where_it_comes_from(effects, tmp_path):
    said = coverage(Results(make_study(GRID)), "results/paper")
    assert said.startswith("results/paper: 96 networks, 1 of them diverged; task 1: 16 of 34 configurations")
    path = write_tsv(effects, tmp_path / "effects.tsv", comments=[said])
    assert path.read_text().startswith(f"# {said}\nfactor\tbefore")
    again = read_measured_effects(path)
    assert len(again) == len(effects)
    for one, other in zip(again, effects, strict=True):
        np.testing.assert_equal(one, tuple(round(v, 6) if isinstance(v, float) else v for v in other))


def test_another_table_is_refused(tmp_path):
    (tmp_path / "a.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(ValueError, match=r"expected the columns factor, before, .* got a, b; make the table again"):
        read_measured_effects(tmp_path / "a.tsv")


def test_the_packaged_table_is_there():
    rows = read_measured_effects()
    assert {"activation", "pool", "members"} <= {row.factor for row in rows}
    assert all(isinstance(row, MeasuredEffect) for row in rows)
    assert {row.metric for row in rows} <= {"failed", *MEASURES[1], *MEASURES[2]}
    assert all(row.low <= row.estimate <= row.high for row in rows if not math.isnan(row.low))


def test_the_command_writes_the_table(tmp_path):
    from click.testing import CliRunner

    from motiflens.basics.store import Store
    from motiflens.cli import app

    for name, records in (("paper", make_study(("C24", "C4C6"))), ("filters", [make_record(1, "C24", "relu", 0)])):
        store = Store(tmp_path / name)
        for record in records:
            store.write(record)
        store.export()
    command = ["study", "effects", str(tmp_path / "paper"), "--filters", str(tmp_path / "filters")]
    result = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "e.tsv")])
    assert result.exit_code == 0
    assert "24 networks, 0 of them diverged; task 1: 4 of 34 configurations, task 2: 4 of 34" in result.stdout
    assert "1 networks, 0 of them diverged; task 1: 1 of 20 configurations, task 2: 0 of 24" in result.stdout
    assert read_measured_effects(tmp_path / "e.tsv")
