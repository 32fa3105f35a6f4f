"""Rules of verdicts, on facts written by hand; the accuracy that is printed beside them."""

import copy
import json
import re

import audit_pages
import pytest
from verdict_facts import FACTS, FILTER, NETWORK

from motiflens.audits.verdicts import LEVELS, VERDICT_QUESTIONS, Accuracy, rulings, verdict_facts, verdicts


def changed(key, **values):
    facts = copy.deepcopy(FACTS)
    facts[key].update(values)
    return facts


def level(facts, key):
    return rulings(facts)[key].level


def test_all_is_well_in_the_facts_that_others_change():
    assert {key: ruling.level for key, ruling in rulings(FACTS).items()} == dict.fromkeys(VERDICT_QUESTIONS, "yes")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"n_near": 5}, "yes"),
        ({"n_near": 30}, "in part"),
        ({"n_near": 60}, "no"),
        ({"n_same": 60}, "no"),
        ({"n_overlapping": 60}, "no"),
        ({"n_contradicting": 40}, "in part"),
        ({"n_contradicting": 80}, "no"),
        ({"positives": {"train": 100, "valid": 100, "test": 200}}, "no"),
        ({"negatives": {"train": 500, "valid": 100, "test": 30}}, "in part"),
        ({"composition_test": {"GC content": 0.95, "3-mers": 0.7}}, "no"),
        ({"kind": "constant", "positives": None, "negatives": None}, "no"),
    ],
)
def test_data_are_fit(change, expected):
    assert level(changed("data", **change), "data") == expected


CLIMBING = [0.5 + 0.02 * i for i in range(20)]


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ([], "cannot be said"),
        ([{**NETWORK, "best_epoch": 20, "valid_metric": CLIMBING}], "no"),
        ([{**NETWORK, "best_epoch": 20, "valid_metric": CLIMBING}, NETWORK, NETWORK], "in part"),
        ([NETWORK, {"failed": True, "reason": "NaN", "best_epoch": 0, "n_epochs": 3}], "in part"),
        ([{"failed": True, "reason": "NaN", "best_epoch": 0, "n_epochs": 3}], "cannot be said"),
        ([NETWORK, NETWORK, {**NETWORK, "valid_metric": [0.5] * 20}], "in part"),
        ([{**NETWORK, "best_epoch": 20, "valid_metric": [0.85] * 19 + [0.8501]}], "yes"),  # by a hair
        ([{**NETWORK, "best_epoch": 20, "valid_metric": [0.85] * 19 + [0.86]}], "no"),
        ([{**NETWORK, "best_epoch": 2, "n_epochs": 6, "valid_metric": [0.5, 0.6, 0.5, 0.5, 0.5, 0.5]}], "no"),
        ([{**NETWORK, "train_loss": [0.69] * 20, "valid_loss": [0.69] * 20}], "no"),  # nothing learned
        # a network of five labels whose validation loss rose from the first epoch on, while it learned its sequences
        ([NETWORK, {**NETWORK, "valid_loss": [0.69] * 20, "train_loss": [0.55] * 20}], "no"),
        ([NETWORK, NETWORK, {**NETWORK, "valid_loss": [0.69] * 20, "train_loss": [0.55] * 20}], "in part"),
        ([NETWORK, {**NETWORK, "valid_metric": [0.55] * 20}], "in part"),  # the median of two would hide it
        ([{**NETWORK, "valid_loss": [0.69] * 20, "train_loss": [0.1] * 20}], "in part"),
        ([{**NETWORK, "valid_loss": [0.69] * 20, "train_loss": [0.1] * 20, "valid_metric": [0.95] * 20}], "yes"),
    ],
)
def test_training_is_finished(networks, expected):
    assert level(changed("training", networks=networks), "training") == expected


def test_training_on_real_values_needs_no_classes():
    networks = [{**NETWORK, "valid_loss": [9.0] * 20, "train_loss": [0.1] * 20}]
    question = VERDICT_QUESTIONS["training"]
    assert question.judge({"training": {"networks": networks, "constant_loss": None}}).level == "yes"


@pytest.mark.parametrize(
    ("gain", "expected"),
    [
        ([0.1, 0.01, 0.2], "yes"),
        ([0.0, -0.02, 0.02], "no"),
        ([-0.3, -0.4, -0.2], "no"),
        ([0.02, -0.1, 0.14], "cannot be said"),
    ],
)
def test_the_better_baseline_counts(gain, expected):
    baselines = {"GC content": {"score": 0.5, "gain": [0.4, 0.3, 0.5]}, "3-mers": {"score": 0.7, "gain": gain}}
    ruling = rulings(changed("composition", baselines=baselines))["composition"]
    assert ruling.level == expected
    assert ruling.numbers["better baseline"] == "3-mers"
    assert (ruling.numbers["test AUROC of GC content"], ruling.numbers["AUROC of GC content, all sequences"]) == (
        0.5,
        0.55,
    )


def test_a_test_set_of_one_class_cannot_tell():
    nan = float("nan")
    for unknown in (nan, None):
        facts = changed("composition", score=[unknown] * 3, baselines={"3-mers": {"score": nan, "gain": [nan] * 3}})
        ruling = rulings(facts)["composition"]
        assert (ruling.level, ruling.answer) == (
            "cannot be said",
            "The test sequences are all of one class or value",
        )


def test_sequences_without_the_label_do_not_count():
    facts = changed(
        "data", n_labelled={"train": 250, "valid": 50, "test": 90}, kind="real", positives=None, negatives=None
    )
    ruling = rulings(facts)["data"]
    assert (ruling.level, ruling.answer) == ("no", "Only 250 training sequences")
    assert not any("rarer" in name or "contradict" in name for name in ruling.numbers)


def test_rules_speak_of_values_where_labels_are_values():
    for question in VERDICT_QUESTIONS.values():
        rule = question.rule_for(is_binary=False)
        assert not re.search(r"\bAUROC of 0.9|class|positive|contradict|logit", rule), rule
        assert question.rule_for(is_binary=True) == question.rule


@pytest.mark.parametrize(("score", "expected"), [([0.52, 0.47, 0.57], "no"), ([0.6, 0.48, 0.7], "cannot be said")])
def test_a_score_as_by_chance_is_no_gain(score, expected):
    baselines = {"3-mers": {"score": 0.5, "gain": [0.02, -0.1, 0.14]}}
    facts = changed("composition", score=score, baselines=baselines)
    assert level(facts, "composition") == expected
    assert level(facts, "filters") == {"no": "no", "cannot be said": "yes"}[expected]


def test_a_test_set_that_would_tell_is_larger():
    baselines = {"3-mers": {"score": 0.7, "gain": [0.02, -0.08, 0.12]}}
    ruling = rulings(changed("composition", baselines=baselines))["composition"]
    # the interval is five times too wide for a gain of half the smallest that counts, 0.025: 400 * 4 ** 2
    assert ruling.would_help == (
        "About 6,400 test sequences would tell; these are 400. Networks that predict better would tell, too: train "
        "longer, or with --reverse-complement --max-shift 5 (motiflens train), for 1,000 training sequences are "
        "few."
    )
    foreign = changed("composition", baselines=baselines) | {"training": {"networks": []}}
    assert rulings(foreign)["composition"].would_help.endswith("would tell, too: train longer.")
    augmented = changed("composition", baselines=baselines)
    augmented["training"]["is_augmented"] = True
    assert rulings(augmented)["composition"].would_help.endswith("would tell, too: train longer.")


NOTHING = {"match": None, "id": None, "q": None, "decoys": 0.0}


@pytest.mark.parametrize(
    ("rows", "expected", "words"),
    [
        ([FILTER], "yes", "REB1"),
        ([{**FILTER, "cost": 0.001}], "yes", "REB1"),  # it separates the classes
        ([{**FILTER, "cost": 0.001, "on_positives": 0.4}], "no", "No filter matters"),
        ([{**FILTER, "decoys": 0.5}], "no", "none reads a clear motif"),
        ([{**FILTER, **NOTHING}], "no", "none reads a clear motif"),
        (
            [{**FILTER, **NOTHING}, {**FILTER, **NOTHING, "network": 1}],
            "yes",
            "A motif that the database lacks (TTACCCGG) in 2 of 2",
        ),
        ([{**FILTER, **NOTHING, "family": 1}, {**FILTER, "cost": 0.05, "filter": 1}], "in part", "REB1"),
        (
            [{**FILTER, **NOTHING, "family": 1}, {**FILTER, "cost": 0.005, "filter": 1, "on_positives": 0.05}],
            "no",
            "none reads",
        ),
        ([{**FILTER, "order": 0.5}], "no", "none reads"),
        ([{**FILTER, "shuffled_information": 11.0}], "yes", "REB1"),
        (
            [{**FILTER, **NOTHING, "shuffled_information": 11.0}, {**FILTER, **NOTHING, "network": 1}],
            "no",
            "none reads",
        ),
        ([{**FILTER, **NOTHING, "order": 0.5}, {**FILTER, **NOTHING, "network": 1}], "no", "none reads"),
        ([{**FILTER, "decoys": 0.5}, {**FILTER, **NOTHING, "network": 1}], "no", "none reads"),
        ([FILTER, {**FILTER, "family": 1, "network": 1}], "yes", "REB1 (TTACCCGG) in 2 of 2 networks"),
        ([{**FILTER, "n_windows": 19}], "yes", "fewer than 20 windows"),
    ],
)
def test_filters_matter_by_what_their_loss_costs(rows, expected, words):
    ruling = rulings(changed("filters", filters=rows))["filters"]
    assert ruling.level == expected
    assert words in ruling.answer


def test_motifs_that_are_alike_are_named_beside_the_best():
    """IRF1 peaks: the surest match was ZNF683, whose motif is like those of interferon regulatory factors."""
    row = {**FILTER, "match": "ZNF683", "also": ["IRF1", "IRF8"], "consensus": "ACTTTCACTTTC"}
    answer = rulings(changed("filters", filters=[row]))["filters"].answer
    assert answer == "ZNF683 (also like IRF1 and IRF8; ACTTTCACTTTC) in 1 of 2 networks"


def test_numbers_of_a_regression_are_correlations():
    facts = changed("filters", measure="pearson", filters=[{**FILTER, **NOTHING}])
    assert (
        rulings(facts)["filters"].answer
        == "1 filter matters (by up to 0.100 correlation), but none reads a clear motif"
    )


def test_maps_are_trusted_where_they_find_motifs():
    areas = {"gradient_times_input": [0.6, 0.5, 0.7], "integrated_gradients": [0.85, 0.8, 0.9]}
    ruling = rulings(changed("maps", auroc=areas))["maps"]
    assert (ruling.level, ruling.would_help) == (
        "in part",
        "Use Integrated gradients, or average maps over several networks.",
    )
    assert level(changed("maps", auroc={"gradient_times_input": [0.6, 0.5, 0.7]}), "maps") == "no"
    assert level(changed("maps", known_auroc=[0.8, 0.7]), "maps") == "in part"
    silent = rulings(changed("maps", auroc={}, used=[]))["maps"]
    assert silent.level == "cannot be said"
    assert "REB1" in silent.answer
    assert "--motifs" in silent.would_help


NO_MORE = {"3-mers": {"score": 0.9, "gain": [0.0, -0.02, 0.02]}}


def test_maps_of_networks_that_predict_no_more_than_composition_are_trusted_in_part_at_best():
    """Maps of networks on 1,078 yeast peaks found REB1 sites (AUROC 0.88), and the page said that there were none."""
    facts = changed("composition", baselines=NO_MORE)
    ruling = rulings(facts)["maps"]
    assert ruling.level == "in part"
    assert "AUROC 0.85" in ruling.answer
    facts["maps"]["auroc"] = {"gradient_times_input": [0.6, 0.5, 0.7]}
    assert level(facts, "maps") == "no"
    facts["maps"] |= {"auroc": {}, "used": []}
    assert rulings(facts)["maps"].answer == (
        "It predicts no more than composition and responds to no motif, so its maps show none"
    )
    assert level(facts, "maps") == "no"


def test_one_network_cannot_say_what_another_would():
    ruling = rulings(changed("repeats", n_networks=1))["repeats"]
    assert ruling.level == "cannot be said"
    assert "--members" in ruling.would_help


def test_facts_are_plain_values_and_make_the_verdicts():
    evidence = audit_pages.evidence()
    found = verdicts(evidence)
    assert [verdict.key for verdict in found[::2]] == list(VERDICT_QUESTIONS)
    for candidate in evidence.candidates:
        facts = json.loads(json.dumps(verdict_facts(candidate, evidence)))
        again = rulings(facts)
        for verdict in found:
            if verdict.candidate == candidate.name:
                assert verdict.level in LEVELS
                assert (verdict.level, verdict.answer) == again[verdict.key][:2]
                assert json.loads(json.dumps(verdict.to_dict()))["key"] == verdict.key


def test_accuracy_has_intervals():
    accuracy = Accuracy(n_with=20, n_right_with=19, n_without=25, n_right_without=25)
    assert accuracy.sensitivity.estimate == 0.95
    # Wilson's bounds by hand: (x + z²/2 ± z √(x (n - x) / n + z²/4)) / (n + z²)
    assert accuracy.sensitivity.low == pytest.approx(0.7639, abs=1e-4)
    assert accuracy.specificity.low == pytest.approx(0.8668, abs=1e-4)
    assert accuracy.to_dict()["specificity"]["estimate"] == 1.0
