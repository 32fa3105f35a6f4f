"""Claims against records whose truth is known, the rule of verdicts, and grids done in part."""

import math

import numpy as np
import pytest
from study_records import make_failed, make_record, make_study

from motiflens.basics.stats import Interval
from motiflens.study.findings import SOURCES, STATEMENTS, TITLES, assess_claims, failures, judge, overall
from motiflens.study.published_tables import published_results
from motiflens.study.records import TASK_METRICS
from motiflens.study.results import Results

ARCHITECTURES = list(dict.fromkeys(name for name, _ in published_results(1)))


def grid(architectures=ARCHITECTURES, n_members=4, seed=0, tpr_of_task2=None, noise=0.01):
    """A study like the published one: each metric is its published mean, with normal noise of one SD."""
    rng = np.random.default_rng(seed)
    records = []
    for task in (1, 2):
        for (name, activation), row in published_results(task).items():
            if name not in architectures:
                continue
            for member in range(n_members):
                values = {column[:-5]: row[column] + rng.normal(0, noise) for column in row if column.endswith("_mean")}
                if task == 1:
                    tpr, fpr = values["filter_tpr"], values["filter_fpr"]
                    changes = {
                        "metrics": {"test_aupr": values["classification_aupr"]},
                        "filters": {"tpr": tpr, "fpr": fpr, "no_hit": 1 - tpr - fpr},
                    }
                else:
                    saliency = {m: values[f"interpretability_{m}"] for m in ("auroc", "aupr", "snr")}
                    tpr = tpr_of_task2(saliency["auroc"], rng) if tpr_of_task2 else rng.uniform()
                    changes = {
                        "metrics": {"test_auroc": values["classification_auroc"]},
                        "attribution": {**saliency, "examples": []},
                        "filters": {"tpr": tpr},
                    }
                records.append(make_record(task, name, activation, member, **changes))
    return records


@pytest.fixture(scope="module")
def published_like():
    return {
        finding.statement.number: finding
        for finding in assess_claims(Results(grid(tpr_of_task2=lambda auroc, rng: auroc)))
    }


def assess(records, *numbers, **options):
    """Findings on some parts only."""
    return assess_claims(Results(records), statements=[one for one in STATEMENTS if one.number in numbers], **options)


def find(finding, metric, group, role="decides"):
    (row,) = [row for row in finding.evidence if (row.metric, row.group, row.role) == (metric, group, role)]
    return row


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        *(("1a", "supported"), ("1b", "supported"), ("1d", "supported"), ("1e", "")),
        *(("2a", "supported"), ("2b", "supported"), ("3a", "supported"), ("3b", "supported")),
        *(("4a", "supported"), ("4b", "supported")),
        ("3c", "undecided"),  # the published tables have both gains and losses with C24
    ],
)
def test_verdicts_on_networks_like_the_published(published_like, number, verdict):
    assert published_like[number].verdict == verdict


def test_published_fpr_falls_with_small_pools(published_like):
    row = find(published_like["1c"], "filter_fpr", "C4C6")
    published = published_results(1)
    expected = np.mean(
        [
            published[name, "exponential"]["filter_fpr_mean"] - published[name, "relu"]["filter_fpr_mean"]
            for name in ARCHITECTURES
            if name.startswith("C4C6")
        ]
    )
    assert row.estimate == pytest.approx(expected, abs=0.01)
    assert row.high < 0
    assert published_like["1c"].verdict != "supported"


def test_every_part_belongs_to_a_claim_and_metrics_exist():
    assert {int(part.number[0]) for part in STATEMENTS} == set(TITLES)
    assert len({part.number for part in STATEMENTS}) == len(STATEMENTS)
    for part in STATEMENTS:
        assert set(part.ranges) <= {metric.name for metric in TASK_METRICS[part.task]}


def test_differences_count_networks_configurations_and_failures():
    records = make_study(ARCHITECTURES, n_members=3)  # C4-LSTM exponential 0 diverged on task 1
    (finding,) = assess(records, "1a")
    row = find(finding, "filter_tpr", "C4")
    assert (row.n_networks, row.n_failed, row.n_configurations, row.n_expected) == (29, 1, 10, 10)
    assert row.estimate == pytest.approx((4 * 0.4 + 0.405) / 5)  # members 1 and 2 of the one that lost a network
    assert row.n_selected == 10  # one of three, one of two
    single = find(finding, "filter_tpr", "C4-LSTM", "part")
    assert (single.n_networks, single.n_failed) == (5, 1)


def test_welch_interval_of_an_architecture_agrees_with_scipy():
    scipy_stats = pytest.importorskip("scipy.stats")
    records = grid(["C4C6"], n_members=5, noise=0.05)
    (finding,) = assess(records, "3a")
    row = find(finding, "interpretability_snr", "C4C6", "part")
    values = {
        activation: [r["attribution"]["snr"] for r in records if r["task"] == 2 and r["activation"] == activation]
        for activation in ("relu", "exponential")
    }
    test = scipy_stats.ttest_ind(values["exponential"], values["relu"], equal_var=False)
    assert (row.low, row.high) == pytest.approx(tuple(test.confidence_interval(0.95)))


def test_spread_and_depth_of_classification():
    rng = np.random.default_rng(1)
    level = {name: 0.7 if name.endswith("Trans4") else 0.9 for name in ARCHITECTURES}
    records = [
        make_record(1, name, a, m, metrics={"test_aupr": level[name] + rng.normal(0, 0.01)})
        for name in ARCHITECTURES
        for a in ("relu", "exponential")
        for m in range(4)
    ]
    spread, depth = assess(records, "2a", "2b")
    assert find(spread, "classification_aupr", "all").estimate < 0.005
    assert find(spread, "classification_aupr", "all").n_configurations == 28
    assert find(spread, "classification_aupr", "C24 relu", "beside").estimate == pytest.approx(0, abs=0.02)
    assert find(depth, "classification_aupr", "all").estimate == pytest.approx(-0.2, abs=0.01)
    assert find(depth, "classification_aupr", "C4 relu", "part").n_configurations == 5
    assert (spread.verdict, depth.verdict) == ("supported", "supported")


def test_classification_that_varies_is_not_alike():
    rng = np.random.default_rng(2)
    records = [
        make_record(1, name, a, m, metrics={"test_aupr": rng.normal(0.8 + 0.01 * place, 0.005)})
        for place, name in enumerate(ARCHITECTURES)
        for a in ("relu", "exponential")
        for m in range(4)
    ]
    (finding,) = assess(records, "2a")
    assert finding.verdict == "not supported"


def test_design_and_module_shares_decide_claim_4(published_like):
    finding = published_like["4a"]
    row = find(finding, "filter_tpr", "stage 1 and activation minus attention module")
    design, module = (find(finding, "filter_tpr", source, "beside") for source in SOURCES[6:])
    assert row.estimate == pytest.approx(design.estimate - module.estimate)
    assert (row.low, row.high) == pytest.approx((design.low - module.high, design.high - module.low))
    assert {other.verdict for other in finding.evidence if other.role == "beside"} == {""}


def test_module_that_decides_refutes_claim_4():
    rng = np.random.default_rng(3)
    module = {"LSTM-Att": 0.2, "LSTM-Trans1": 0.4, "LSTM-Trans2": 0.6, "LSTM-Trans4": 0.8}
    records = [
        make_record(1, f"{stage}-{name}", a, m, filters={"tpr": value + rng.normal(0, 0.02)})
        for stage in ("C24", "C4C6", "C4")
        for name, value in module.items()
        for a in ("relu", "exponential")
        for m in range(3)
    ]
    (finding,) = assess(records, "4a")
    assert finding.verdict == "not supported"


def test_correlation_is_taken_within_stage_and_activation(published_like):
    row = find(published_like["5"], "interpretability_auroc", "all")
    assert row.estimate > 0.99
    assert row.verdict == "supported"
    part = find(published_like["5"], "interpretability_auroc", "C4C6 relu", "part")
    assert (part.n_networks, part.n_configurations) == (24, 6)
    # between groups everything correlates; within them nothing does
    (finding,) = assess(grid(n_members=6, seed=4), "5")
    assert abs(find(finding, "interpretability_auroc", "all").estimate) < 0.2


def test_correlation_ignores_differences_between_groups():
    records = [
        make_record(
            2, name, a, m,
            filters={"tpr": shift + 0.01 * m},
            attribution={"auroc": shift - 0.01 * m, "examples": []},
        )
        for name in ("C24", "C24-Att")
        for a, shift in (("relu", 0.2), ("exponential", 0.8))
        for m in range(5)
    ]  # fmt: skip
    (finding,) = assess(records, "5")
    perfect = -(1 - 6 / (10 * 99))
    assert find(finding, "interpretability_auroc", "all").estimate == pytest.approx(perfect)


def test_selected_networks_stand_beside_all():
    records = make_study(ARCHITECTURES, n_members=4)
    for select, step in (("valid", 0.025), ("all", 0.015)):
        (finding,) = assess(records, "1d", select=select)
        row = find(finding, "filter_fpr", "C24")
        assert row.estimate == pytest.approx(0.02 + 0.015)
        assert row.selected_estimate == pytest.approx(0.02 + step)
        assert row.n_selected == (12 if select == "valid" else 24)


@pytest.mark.parametrize("architectures", [["C24", "C4C6"], ["C4-LSTM-Trans4"], []])
def test_grids_done_in_part_are_undecided_and_say_so(architectures):
    for finding in assess_claims(Results(grid(architectures, n_members=3))):
        assert finding.verdict in ("undecided", "")
        for row in finding.evidence:
            if row.role == "decides":
                assert row.n_configurations < row.n_expected / 2
                assert row.selected_verdict in ("undecided", "")


def test_single_networks_have_estimates_without_intervals():
    records = grid(["C24", "C4C6"], n_members=1)
    (finding,) = assess(records, "1a")
    row = find(finding, "filter_tpr", "C4C6", "part")
    assert row.estimate == pytest.approx(0.844 - 0.396, abs=0.06)
    assert math.isnan(row.low)
    assert row.verdict == "undecided"


def test_judge_and_overall():
    limits = (0.1, math.inf)
    assert judge(Interval(0.2, 0.1, 0.3), limits) == "supported"
    assert judge(Interval(0.2, 0.09, 0.3), limits) == "undecided"
    assert judge(Interval(0.0, -0.1, 0.09), limits) == "not supported"
    assert judge(Interval(0.2, 0.15, 0.25), (-0.05, 0.05)) == "not supported"
    assert judge(Interval(0.2, math.nan, math.nan), limits) == "undecided"
    assert overall(["supported", "supported"]) == "supported"
    assert overall(["supported", "undecided"]) == "undecided"
    assert overall(["undecided", "not supported", "supported"]) == "not supported"


def test_failures_have_wilson_intervals():
    records = [make_record(1, "C24", "relu", m, metrics={"valid_auroc": v}) for m, v in enumerate([0.95, 0.5, 0.94])]
    records += [make_failed(1, "C24", "relu", 3), make_record(1, "C24", "exponential", 0)]
    relu, exponential = failures(Results(records))
    assert (relu.group, relu.n_networks, relu.n_failed, relu.estimate) == ("relu", 4, 2, 0.5)
    assert (relu.low, relu.high) == pytest.approx((0.15, 0.85), abs=0.005)
    assert (exponential.n_failed, exponential.low) == (0, 0.0)
    assert (relu.n_configurations, relu.n_expected) == (1, 17)
    assert failures(Results()) == []


def test_mixed_settings_and_unknown_selection_are_refused():
    with pytest.raises(ValueError, match="tabulate them one by one"):
        assess_claims(Results([make_record(1, "C24", "relu", 0), make_record(1, "C24", "relu", 1, seed=9)]))
    with pytest.raises(ValueError, match="did you mean valid"):
        assess_claims(Results(), select="vald")
