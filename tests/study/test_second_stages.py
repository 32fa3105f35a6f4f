"""Exponential minus ReLU, architecture by architecture."""

import math

import numpy as np
import pytest
from study_records import make_record

from motiflens.study.findings import second_stage, second_stage_effects, sign_sentences
from motiflens.study.published_tables import published_results
from motiflens.study.results import Results

#: Shift of the exponential activation, by architecture.
SHIFTS = {"C24": 0.3, "C24-Att": -0.2, "C4C6": 0.4}


def networks(n_members=4):
    rng = np.random.default_rng(0)
    return [
        make_record(2, name, a, m, attribution={"auroc": 0.5 + shift * (a == "exponential") + rng.normal(0, 0.01)})
        for name, shift in SHIFTS.items()
        for a in ("relu", "exponential")
        for m in range(n_members)
    ]


def saliency(records):
    effects = second_stage_effects(Results(records))
    return {(row.stage1, row.second_stage): row for row in effects if row.metric == "interpretability_auroc"}


def test_each_architecture_has_its_own_difference_with_welchs_interval():
    scipy_stats = pytest.importorskip("scipy.stats")
    records = networks()
    found = saliency(records)
    assert [*found] == [("C24", "none"), ("C24", "Att"), ("C4C6", "none")]
    values = {
        a: [r["attribution"]["auroc"] for r in records if (r["architecture"], r["activation"]) == ("C24-Att", a)]
        for a in ("relu", "exponential")
    }
    row = found["C24", "Att"]
    test = scipy_stats.ttest_ind(values["exponential"], values["relu"], equal_var=False)
    assert (row.low, row.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert row.difference == pytest.approx(np.mean(values["exponential"]) - np.mean(values["relu"]))
    assert {one.sign for one in found.values() if one.difference > 0} == {1}
    assert row.sign == -1
    published = published_results(2)
    expected = (
        published["C24-Att", "exponential"]["interpretability_auroc_mean"]
        - published["C24-Att", "relu"]["interpretability_auroc_mean"]
    )
    assert row.published_difference == pytest.approx(expected)


def test_where_the_sign_depends_on_the_second_stage_it_is_said():
    (sentence,) = [s for s in sign_sentences(saliency(networks()).values()) if s.startswith("Saliency AUROC")]
    assert sentence.startswith(
        "Saliency AUROC with C24: the exponential activation raises it with the second stages none"
    )
    assert "lowers it with Att (−0.2" in sentence


def test_a_single_network_has_no_interval_and_no_sign():
    row = saliency(networks(n_members=1))["C24", "none"]
    assert math.isnan(row.low)
    assert row.sign == 0
    assert sign_sentences([row]) == []


def test_activations_that_are_not_both_there_have_no_row():
    assert second_stage_effects(Results([make_record(1, "C24", "relu", 0)])) == []
    assert second_stage("C24") == "none"
    assert second_stage("C24-LSTM-Att") == "LSTM-Att"
