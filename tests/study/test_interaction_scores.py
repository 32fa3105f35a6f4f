import math
from pathlib import Path

import numpy as np
import pytest
from interaction_records import block, record
from sklearn.metrics import average_precision_score

from motiflens.basics.stats import wilson_interval
from motiflens.basics.store import Store
from motiflens.report.benchmark import write_interaction_outputs
from motiflens.study.benchmark import figure_records
from motiflens.study.benchmark.calibration import calibrate, count_by_first_layer
from motiflens.study.benchmark.conditions import Condition, preset_conditions, with_penalty
from motiflens.study.benchmark.factors import factor_effects
from motiflens.study.benchmark.scores import average_precision, over_draws, score_tables, summarise
from motiflens.study.benchmark.signs import sign_summaries
from motiflens.training.protocol import LONG

RESULTS = Path(__file__).parents[2] / "results"


def test_average_precision_is_that_of_another_library_ties_included():
    rng = np.random.default_rng(0)
    for _ in range(30):
        true = np.append(rng.random(11) < 0.4, True)
        scores = rng.integers(0, 5, 12)
        expected = average_precision_score(true, scores)
        assert average_precision(true.tolist(), scores.tolist()) == pytest.approx(expected)


def test_a_ranking_that_knows_nothing_gets_the_share_of_true_pairs():
    assert average_precision([True, False, False, True], [1, 1, 1, 1]) == 0.5


def test_scores_count_decoys_as_false_and_fillers_as_neither():
    # AB (true), AC (decoy) and AD (filler) are called; CD (true) is missed.
    table = block([0.01, 0.02, 0.01, 0.9, 0.9, 0.8], gap=[13.0, 5.0, 5.0, 5.0, 5.0, 50.0])
    (row,) = score_tables([record({"insertion": table})])
    assert (row.true_calls, row.false_calls, row.filler_calls, row.n_true) == (1, 1, 1, 2)
    assert (row.precision, row.recall, row.fdr) == (0.5, 0.5, 0.5)
    assert row.aupr == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)  # ranks of the four: true, decoy, true, decoy
    assert row.chance_aupr == 0.5
    assert row.spacing_error == 3  # the rule allows 2 to 10; the pair that is not called does not count
    assert row.test_auroc == pytest.approx(0.7)
    assert row.n_members == 2
    assert row.filter_tpr == 0.5


def test_pairs_are_counted_by_the_filters_of_each_network():
    # AB and CD are true, AC and BD decoys. The first network has no filter of D, the second none of A.
    shown = [[0.05, 0.04, 0.01, 0.01, 0.01, 0.03], [0.06, 0.01, 0.01, 0.01, 0.01, None]]
    table = block([1.0] * 6, member_p=shown)
    fields = {"test_auroc": (0.8, 0.6), "learned": ((1, 2, 1, 0), (0, 1, 1, 3))}
    nothing = block([1.0] * 6)
    records = [
        record({"insertion": table, "attention": nothing}, **fields),
        record({"insertion": table}, data_seed=101, **fields),
        record({"insertion": table}, activation="relu", **fields),
        record({"insertion": table}, labels="additive", **fields),
        {**record({}, data_seed=102), "status": "failed", "networks": []},
    ]
    assert [row[2:] for row in count_by_first_layer(records)] == [
        ("exponential", True, "insertion", 4, 4, 2, 4, 2, 4, 4),
        ("exponential", True, "attention", 2, 2, 0, 2, 0, 2, 0),
        ("relu", True, "insertion", 2, 2, 1, 2, 1, 2, 2),
    ]


def test_effects_decide_among_equal_p():
    table = block([0.01, 0.01, 1, 1, 0.01, 0.01], effect=[3.0, 1.0, 9.0, 9.0, None, 2.0])
    assert score_tables([record({"insertion": table})])[0].aupr == 1
    table = block([0.01, 0.01, 1, 1, 0.01, 0.01], effect=[1.0, 3.0, 9.0, 9.0, 2.0, None])
    assert score_tables([record({"insertion": table})])[0].aupr == pytest.approx(0.5 / 3 + 0.5 / 2)


def test_without_calls_precision_is_unknown_and_nothing_false():
    (row,) = score_tables([record({"attention": block([1.0] * 6, gap=[None] * 6)})])
    assert math.isnan(row.precision)
    assert (row.recall, row.fdr, row.aupr) == (0, 0, 0.5)
    assert math.isnan(row.spacing_error)


def test_summary_pools_calls_and_keeps_controls_apart():
    good, bad = block([0.01, 1, 1, 1, 1, 0.01]), block([0.01, 0.01, 1, 1, 1, 1])
    rows = summarise(
        score_tables(
            [
                record({"insertion": good}),
                record({"insertion": bad}, activation="relu"),
                record({"insertion": bad}, has_attention=False),
            ]
        )
    )
    with_attention, control = rows
    assert (with_attention.has_attention, control.has_attention) == (True, False)
    assert (with_attention.n_conditions, with_attention.recall) == (2, 0.75)
    assert with_attention.precision == pytest.approx(3 / 4)
    assert (with_attention.fdr, with_attention.fdr_low, with_attention.fdr_high) == tuple(wilson_interval(1, 4))
    assert control.fdr == 0.5


def test_a_condition_counts_once_however_many_draws_it_has():
    good, bad = block([0.01, 1, 1, 1, 1, 0.01]), block([1.0] * 6)
    (row,) = summarise(score_tables([record({"insertion": bad}, data_seed=101), record({"insertion": good})]))
    assert (row.n_conditions, row.recall) == (1, 1)


def test_the_strict_fdr_counts_fillers_and_level_1_has_no_spacing():
    (row,) = summarise(score_tables([record({"insertion": block([0.01, 0.01, 0.01, 1, 1, 0.01])}, level=1)]))
    assert (row.filler_calls, row.fdr, row.strict_fdr) == (1, pytest.approx(1 / 3), 0.5)
    assert math.isnan(row.spacing_error)


def test_controls_are_compared_among_themselves():
    tables = {"insertion": block([0.01, 1, 1, 1, 1, 0.01])}
    records = [
        record(tables, architecture=name, has_attention=attention)
        for name in ("C4C6-Att", "C4-Att")
        for attention in (True, False)
    ]
    found = {(row.networks, row.factor, row.n_pairs) for row in factor_effects(score_tables(records))}
    assert found == {("attention", "architecture", 1), ("control", "architecture", 1), ("both", "attention", 2)}


def test_draws_of_one_condition_are_pooled():
    good, bad = block([0.01, 1, 1, 1, 1, 0.01], gap=[13.0] * 6), block([0.01, 0.01, 0.01, 1, 1, 1], gap=[5.0] * 6)
    records = [
        record({"insertion": good}, test_auroc=(0.9, 0.8)),
        record({"insertion": bad}, data_seed=101, test_auroc=(0.6, 0.5)),
        record({"insertion": bad}, activation="relu"),  # a single draw
    ]
    (row,) = over_draws(score_tables(records))
    assert (row.condition, row.n_draws, row.n_networks, row.n_true) == (records[0]["condition"], 2, 4, 4)
    assert (row.true_calls, row.false_calls, row.filler_calls) == (3, 1, 1)
    assert (row.recall, row.recall_low, row.recall_high) == tuple(wilson_interval(3, 4))
    assert (row.fdr, row.fdr_low, row.fdr_high) == tuple(wilson_interval(1, 4))
    assert row.strict_fdr == pytest.approx(2 / 5)
    assert row.spacing_error == 1.5  # 3 bp beyond the rule in one draw, within it in the other
    assert (row.test_auroc, row.test_auroc_low, row.test_auroc_high) == pytest.approx((0.7, 0.55, 0.85))


def test_calibration_counts_small_p_and_nulls_with_calls():
    quiet, loud = block([0.04, 1, 1, 1, 1, 1], q=[0.3] + [1] * 5), block([0.01, 0.01, 1, 1, 1, 1])
    nulls = [record({"attention": quiet}, labels="additive", data_seed=seed) for seed in range(100, 103)]
    nulls.append(record({"attention": loud}, labels="additive", data_seed=103))
    (row,) = calibrate([*nulls, record({"attention": loud})])
    assert (row.n_nulls, row.n_pairs, row.nulls_with_calls) == (4, 24, 1)
    assert row.share_small_p == pytest.approx(5 / 24)
    assert row.share_of_measured == pytest.approx(5 / 24)
    assert not row.calibrated
    assert score_tables(nulls) == []


def test_a_quiet_method_is_calibrated():
    (row,) = calibrate([record({"insertion": block([0.5] * 6)}, labels="additive")])
    assert row.calibrated


def test_factor_effects_compare_conditions_that_differ_in_one_thing():
    found, missed = block([0.01, 1, 1, 1, 1, 0.01]), block([1.0] * 6)
    records = [
        record({"attention": found}),
        record({"attention": missed}, activation="relu"),
        record({"attention": found}, positional_encoding="rotary"),
        record({"attention": missed}, activation="relu", positional_encoding="rotary"),
        record({"attention": found}, has_attention=False),
    ]
    rows = {(row.factor, row.other, row.measure): row for row in factor_effects(score_tables(records))}
    activation = rows["activation", "exponential", "recall"]
    assert (activation.base, activation.n_pairs, activation.base_mean, activation.difference) == ("relu", 2, 0, 1)
    assert math.isnan(activation.low)  # both differ by 1: no spread, no interval
    assert (activation.networks, rows["attention", "with", "recall"].networks) == ("attention", "both")
    rotary = rows["positional encoding", "rotary", "recall"]
    assert (rotary.n_pairs, rotary.difference) == (2, 0)
    attention = rows["attention", "with", "recall"]  # the control serves every encoding
    assert (attention.n_pairs, attention.difference) == (1, 0)  # so that both count as one
    assert not any(factor == "entropy penalty" for factor, _, _ in rows)


def test_the_interval_of_an_effect_is_students():
    records = []
    for encoding, calls in (("none", 2), ("rotary", 1), ("learned", 1)):
        p = [0.01, 1, 1, 1, 1, 0.01 if calls == 2 else 1]
        records += [
            record({"attention": block(p)}, positional_encoding=encoding),
            record({"attention": block([1.0] * 6)}, positional_encoding=encoding, activation="relu"),
        ]
    rows = [row for row in factor_effects(score_tables(records)) if row.factor == "activation"]
    (recall,) = [row for row in rows if row.measure == "recall"]
    half = 4.302653 * np.std([1, 0.5, 0.5], ddof=1) / np.sqrt(3)  # t with 2 degrees of freedom
    assert (recall.low, recall.high) == pytest.approx((2 / 3 - half, 2 / 3 + half), abs=1e-5)


def test_the_penalty_is_a_factor_by_its_weight():
    heavy = with_penalty(Condition(), 0.1)
    tables = {"attention": block([1.0] * 6)}
    rows = factor_effects(score_tables([record(tables), record(tables, protocol=heavy.protocol)]))
    assert {(row.factor, row.base, row.other) for row in rows} == {("entropy penalty", "0.0", "0.1")}


def test_networks_trained_otherwise_are_summed_up_and_compared_apart():
    good, bad = {"insertion": block([0.01, 1, 1, 1, 1, 0.01])}, {"insertion": block([0.01, 1, 1, 1, 1, 1])}
    records = [
        record(bad),
        record(bad, activation="relu"),
        record(good, protocol=LONG),
        record(bad, activation="relu", protocol=LONG),
    ]
    scores = score_tables(records)
    short, long = "65 epochs at 0.001", "180 epochs at 0.003"
    assert {(row.training, row.n_conditions, row.recall) for row in summarise(scores)} == {
        (short, 2, 0.5),
        (long, 2, 0.75),
    }
    recall = {
        (row.factor, row.training, row.base, row.other): (row.n_pairs, row.difference)
        for row in factor_effects(scores)
        if row.measure == "recall"
    }
    assert recall == {
        ("activation", short, "relu", "exponential"): (1, 0),
        ("activation", long, "relu", "exponential"): (1, 0.5),
        ("training", "both", short, long): (2, 0.25),
    }
    nulls = [record(good, labels="additive"), record(good, labels="additive", protocol=LONG)]
    assert [(row.training, row.n_nulls) for row in calibrate(nulls)] == [(short, 1), (long, 1)]


def test_figures_leave_out_the_draws_that_settings_were_chosen_by():
    records = [record({}, data_seed=2), record({}, data_seed=100), {**record({}, data_seed=101), "status": "failed"}]
    assert [one["data_seed"] for one in figure_records(records)] == [100]


def test_each_sign_has_its_recall_and_its_false_calls():
    # AB is true, CD represses, AC and BD are decoys, AD and BC fillers. AB is called as "-", CD and the decoy AC, too.
    signed = {
        **block([0.01, 0.01, 0.9, 0.9, 0.04, 0.01], q=[0.01, 0.01, 1, 1, 0.5, 0.01]),
        "sign": ["-"] * 4 + ["+", "-"],
    }
    one = record({"insertion": signed})
    one |= {"labels": "signed", "pairs": {**one["pairs"], "kind": [*one["pairs"]["kind"][:5], "repress"]}}
    above, below = sign_summaries([one])
    assert (above.sign, above.n_true, above.true_calls, above.false_calls, above.with_false_calls) == ("+", 1, 0, 0, 0)
    assert (below.sign, below.n_true, below.true_calls, below.false_calls, below.with_false_calls) == ("-", 1, 1, 2, 1)
    assert (above.share_small_p, below.share_small_p) == (1 / 5, 2 / 5)
    assert tuple(below[6:9]) == tuple(wilson_interval(1, 1))
    assert score_tables([one]) == []


def test_a_true_pair_called_with_the_other_sign_is_not_recovered():
    signs = {"sign": ["-", "", "", "", "", "+"]}
    (row,) = score_tables([record({"insertion": {**block([0.01, 1, 1, 1, 1, 0.01]), **signs}})])
    assert (row.true_calls, row.recall) == (1, 0.5)


def test_records_of_the_earlier_test_are_read_as_they_were_written():
    old = block([0.01, 1, 1, 1, 1, 0.01], effect=[2.0, -1.0, 0.0, 0.0, None, 1.0])
    del old["sign"]
    (row,) = score_tables([record({"insertion": old})])
    assert (row.true_calls, row.recall) == (2, 1)
    assert sign_summaries([record({"insertion": old})]) == []


def test_strong_nulls_and_draws_of_both_signs_are_presets():
    strong = preset_conditions("interactions-strong-nulls")
    assert [one.data_seed for one in strong] == list(range(110, 116))
    assert {(one.labels, one.additive_auroc) for one in strong} == {("additive", 0.95)}
    assert strong[0].key == "interactions/level2-additive-auroc0.95-C4C6-Att-exponential/110"
    signs = preset_conditions("interactions-signs")
    assert len(signs) * (signs[0].n_pairs - signs[0].n_repress - signs[0].n_redundant) >= 40
    assert len(signs) * (signs[0].n_repress + signs[0].n_redundant) >= 40
    assert signs[0].key == "interactions/level1-signed-C4C6-exponential-epochs30-rate0.004/140"
    null = [record({"insertion": block([0.5] * 6)}, labels="additive", additive_auroc=auroc) for auroc in (0.85, 0.95)]
    assert [row.n_nulls for row in calibrate(null)] == [1, 1]
    first = record({"insertion": block([0.5] * 6)}, labels="additive")  # its record does not say how strong labels are
    del first["config"]["data"]["additive_auroc"]
    assert [row.n_nulls for row in calibrate([*null, first])] == [1, 2]


@pytest.mark.parametrize("folder", ["interactions_signs", "interactions_strong_nulls"])
def test_every_folder_of_records_is_reported(folder, tmp_path):
    records = list(Store(RESULTS / folder).read()[0].values())
    assert {one["status"] for one in records} == {"ok"}
    outputs = write_interaction_outputs(records, tmp_path)
    assert 'id="signs"' in outputs.report.read_text(encoding="utf-8")
