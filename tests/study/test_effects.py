"""Effects of the activation: closed forms, an exact permutation test, and honest sentences."""

from itertools import combinations

import numpy as np
import pytest
from study_records import make_record, make_study

from motiflens.basics.words import format_p
from motiflens.study.findings import activation_effects, effect_sentences
from motiflens.study.results import Results


def test_effects_are_means_over_architectures_of_means_over_members():
    effects = {effect.stage1: effect for effect in activation_effects(Results(make_study()).task(1), "filter_tpr")}
    assert list(effects) == ["C24", "C4C6", "C4"]
    assert effects["C24"].difference == pytest.approx(-0.2)
    assert (effects["C4C6"].relu, effects["C4C6"].exponential) == pytest.approx((0.41, 0.81))
    assert (effects["C4C6"].n_architectures, effects["C4C6"].n_relu, effects["C4C6"].n_exponential) == (2, 6, 6)
    assert effects["C4"].exponential == pytest.approx(0.815)  # members 1 and 2; 0 diverged
    assert effects["C4"].n_exponential == 2


def test_permutation_p_agrees_with_all_exchanges():
    values = {"relu": [0.1, 0.5, 0.3, 0.35], "exponential": [0.4, 0.6, 0.55]}
    records = [
        make_record(1, "C24", activation, member, filters={"tpr": value})
        for activation, column in values.items()
        for member, value in enumerate(column)
    ]
    pooled = np.array(values["exponential"] + values["relu"])
    differences = []
    for chosen in combinations(range(7), 3):
        mask = np.isin(np.arange(7), chosen)
        differences.append(pooled[mask].mean() - pooled[~mask].mean())
    exact = np.mean(np.abs(differences) >= abs(differences[0]) - 1e-12)
    (effect,) = activation_effects(Results(records).task(1), "filter_tpr")
    assert effect.p_value == pytest.approx(exact, abs=0.015)


def test_effect_of_single_networks_cannot_be_told_from_chance():
    records = [make_record(1, "C24", a, 0, filters={"tpr": t}) for a, t in (("relu", 0.1), ("exponential", 0.9))]
    (effect,) = activation_effects(Results(records).task(1), "filter_tpr")
    assert effect.p_value == 1.0


def test_effects_need_both_activations():
    assert activation_effects(Results([make_record(1, "C24", "relu", 0)]).task(1), "filter_tpr") == []
    with pytest.raises(ValueError, match="did you mean filter_tpr"):
        activation_effects(Results().task(1), "filter_tp")


def test_finding_names_each_stage_and_what_could_be_chance():
    filters, saliency, caution = effect_sentences(Results(make_study()))
    assert filters.startswith("Against ReLU, the exponential activation raised the share of first-layer filters")
    assert "and lowered it with C24 from 0.91 to 0.71 (3 and 3 networks" in filters
    assert "with C4C6 from 0.66 to 0.86 (6 and 6 networks" in saliency
    assert "C4 on task 1" in caution
    assert "C4C6" not in caution


def test_finding_without_pairs_says_so():
    assert "cannot be compared" in effect_sentences(Results())[0]
    assert "cannot be compared" in effect_sentences(Results([make_record(1, "C24", "relu", 0)]))[0]


def test_finding_of_equal_activations_and_single_networks():
    tpr = {"relu": 0.5, "exponential": 0.502}
    records = [make_record(1, "C24", a, 0, filters={"tpr": value}) for a, value in tpr.items()]
    same, caution = effect_sentences(Results(records))
    assert "left the share of first-layer filters" in same
    assert "the same with C24 (0.50 and 0.50; 1 and 1 networks, p\u00a0=\u00a01.00)" in same
    assert "C24 on task 1" in caution


@pytest.mark.parametrize(("value", "text"), [(1.0, "1.00"), (0.1, "0.10"), (0.0503, "0.05"), (0.0001, "0.0001")])
def test_format_p(value, text):
    assert format_p(value) == text
