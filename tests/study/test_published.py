"""Agreement with the published tables: exact copies, known shifts, and tests against scipy."""

import math

import numpy as np
import pytest
from study_records import make_record

from motiflens.study.findings import agreement_with_published, compare_with_published, published
from motiflens.study.findings.published import compared_metrics, known_differences
from motiflens.study.published_tables import published_results
from motiflens.study.results import Results

scipy_stats = pytest.importorskip("scipy.stats")


def copies(task, n_members=2, shift=None, spread=0.001, architectures=None):
    """Records whose means are the published ones, plus `shift(architecture, activation)`."""
    records = []
    for (name, activation), row in published_results(task).items():
        if architectures and name not in architectures:
            continue
        by = shift(name, activation) if shift else 0.0
        steps = spread * (np.arange(n_members) - (n_members - 1) / 2)
        for member, step in enumerate(steps):
            value = {column[:-5]: row[column] + by + step for column in row if column.endswith("_mean")}
            if task == 1:
                blocks = {
                    "metrics": {"test_aupr": value["classification_aupr"], "valid_auroc": 0.95 + step},
                    "filters": {"published_tpr": value["filter_tpr"], "published_fpr": value["filter_fpr"]},
                }
            else:
                scores = {m: value[f"interpretability_{m}"] for m in ("auroc", "aupr", "snr")}
                blocks = {
                    "metrics": {"test_auroc": value["classification_auroc"], "valid_auroc": 0.95 - step},
                    "attribution": {**scores, "examples": []},
                }
            records.append(make_record(task, name, activation, member, **blocks))
    return records


def find(rows, **fields):
    (row,) = [row for row in rows if all(getattr(row, name) == value for name, value in fields.items())]
    return row


def test_copies_of_the_tables_agree_with_them():
    rows = compare_with_published(Results([*copies(1), *copies(2)]))
    for row in agreement_with_published(rows):
        assert (row.n_configurations, row.n_published) == ((28, 28) if "shallow" in row.metric else (34, 34))
        if row.selection == "all":
            assert row.spearman == pytest.approx(1)
            assert row.mean_absolute_difference == pytest.approx(0, abs=1e-9)
            assert row.n_different == 0
        assert "miss" not in (row.spearman_passes, row.difference_passes)


def test_selections_stand_side_by_side():
    """On task 2 the validation metric of the copies falls where the test metric rises."""
    rows = agreement_with_published(compare_with_published(Results(copies(2, n_members=4, spread=0.002))))
    found = {s: find(rows, metric="classification_auroc", selection=s) for s in ("valid", "published", "all")}
    assert found["valid"].mean_difference == pytest.approx(-0.002)
    assert found["published"].mean_difference == pytest.approx(0.002)
    assert found["all"].mean_difference == pytest.approx(0, abs=1e-9)


def test_bars_are_missed_by_what_misses_them():
    by = {"relu": -0.1, "exponential": 0.1}
    shifted = copies(1, shift=lambda name, activation: by[activation])
    rows = agreement_with_published(compare_with_published(Results(shifted)))
    tpr = find(rows, metric="filter_tpr_listed", selection="all")
    assert tpr.mean_absolute_difference == pytest.approx(0.1)
    assert (tpr.difference_bar, tpr.difference_passes) == (0.05, "miss")
    assert find(rows, metric="classification_aupr_shallow", selection="all").difference_passes == "miss"
    fpr = find(rows, metric="filter_fpr_listed", selection="all")
    assert (fpr.spearman_passes, fpr.difference_passes) == ("", "")
    assert math.isnan(fpr.spearman_bar)


def test_shallow_leaves_out_four_encoder_layers():
    deep = copies(1, shift=lambda name, _: 0.2 if name.endswith("Trans4") else 0.001)
    rows = agreement_with_published(compare_with_published(Results(deep)))
    shallow = find(rows, metric="classification_aupr_shallow", selection="all")
    assert shallow.mean_absolute_difference == pytest.approx(0.001)
    assert shallow.difference_passes == "pass"
    everywhere = find(rows, metric="classification_aupr", selection="all")
    assert everywhere.mean_absolute_difference == pytest.approx((6 * 0.2 + 28 * 0.001) / 34)


def test_spearman_agrees_with_scipy():
    rng = np.random.default_rng(0)
    noise = {key: rng.normal(0, 0.2) for key in published_results(2)}
    rows = compare_with_published(Results(copies(2, shift=lambda *key: noise[key])), selections=("all",))
    mine = [row for row in rows if row.metric == "interpretability_aupr"]
    expected = scipy_stats.spearmanr([row.mean for row in mine], [row.published_mean for row in mine]).statistic
    assert find(agreement_with_published(rows), metric="interpretability_aupr").spearman == pytest.approx(expected)


def test_welch_test_and_q_values_agree_with_scipy():
    rng = np.random.default_rng(1)
    noise = {key: rng.normal(0, 0.01) for key in published_results(2)}
    rows = compare_with_published(Results(copies(2, n_members=5, shift=lambda *key: noise[key])), selections=("all",))
    mine = [row for row in rows if row.metric == "classification_auroc"]
    p_values = []
    for row in mine:
        published_sd = max(row.published_sd, 0.0005) * math.sqrt(5 / 4)
        own_sd = row.sd * math.sqrt(5 / 4)
        test = scipy_stats.ttest_ind_from_stats(
            row.mean, own_sd, 5, row.published_mean, published_sd, 5, equal_var=False
        )
        assert (row.t, row.p_value) == pytest.approx((test.statistic, test.pvalue))
        p_values.append(test.pvalue)
    q_values = scipy_stats.false_discovery_control(p_values)
    np.testing.assert_allclose([row.q_value for row in mine], q_values)
    assert 0 < sum(row.differs for row in mine) < len(mine)
    assert [row.differs for row in mine] == [q <= 0.05 for q in q_values]


def test_published_means_are_of_three_and_five_networks():
    rows = compare_with_published(Results([*copies(1), *copies(2)]))
    assert {(row.task, row.published_n) for row in rows} == {(1, 3), (2, 5)}


def test_single_network_is_compared_but_not_tested():
    rows = compare_with_published(Results(copies(1, n_members=2)), selections=("valid",))  # 1 of 2 is selected
    assert {row.n for row in rows} == {1}
    assert all(math.isnan(row.q_value) and not row.differs for row in rows)
    found = find(agreement_with_published(rows), metric="filter_tpr_listed")
    assert (found.n_tested, found.n_different) == (0, 0)


def test_grid_done_in_part_says_how_many():
    rows = agreement_with_published(compare_with_published(Results(copies(2, architectures=["C24", "C4"]))))
    assert {(row.n_configurations, row.n_published) for row in rows} == {(2, 34)}
    assert all(math.isnan(row.spearman) and row.spearman_passes == "" for row in rows)
    assert compare_with_published(Results([make_record(1, "Mine", "relu", 0)])) == []
    assert agreement_with_published([]) == []


def test_filters_are_compared_by_the_paper_s_list():
    assert [m.name for m in compared_metrics(1)] == ["classification_aupr", "filter_tpr_listed", "filter_fpr_listed"]
    assert all(metric.published for metric in compared_metrics(2))
    assert {"filter_tpr"} & {metric.name for metric in compared_metrics(2)} == set()


def test_known_reason_is_given_where_it_applies(monkeypatch):
    reasons = {(2, "C24", "relu", "interpretability_auroc"): "because"}
    monkeypatch.setattr(published, "known_differences", lambda: reasons)
    far = copies(2, n_members=5, shift=lambda *_: -0.3, architectures=["C24", "C4C6"])
    rows = compare_with_published(Results(far), selections=("all",))
    mine = find(rows, metric="interpretability_auroc", architecture="C24", activation="relu")
    assert (mine.differs, mine.reason) == (True, "because")
    assert find(rows, metric="interpretability_auroc", architecture="C4C6", activation="relu").reason == ""
    near = compare_with_published(Results(copies(2, n_members=5, architectures=["C24"])), selections=("all",))
    assert {row.reason for row in near} == {""}


def test_known_reasons_name_configurations_and_metrics_that_exist():
    for (task, architecture, activation, metric), reason in known_differences().items():
        assert (architecture, activation) in published_results(task)
        assert metric in {m.name for m in compared_metrics(task)}
        assert reason.endswith(".")
