"""Advice from effects set by hand: what is advised follows from the stated rule, and from nothing else."""

import math

import any_models
import pytest

from motiflens.basics.stats import Interval
from motiflens.models.any_model import adapt
from motiflens.models.hybrid import model_config
from motiflens.study.advice import HALF_WIDTHS, Here, Spread, advise, members_needed, rule_of
from motiflens.study.advice.designs import design_of, design_of_config
from motiflens.study.findings.measured_effects import MeasuredEffect

UNKNOWN = (math.nan, math.nan)


def effect(factor, before, after, metric, interval, *, pool="C4C6", activation="relu", task=1, n=12, of=12):
    if factor == "activation":
        activation = ""
    if factor == "pool":
        pool = ""
    low, high = interval
    estimate = 0.05 if math.isnan(low) else (low + high) / 2
    counts = {"over": "architectures", "n_networks": 36, "n_failed": 2, "n_configurations": n, "n_expected": of}
    names = {"factor": factor, "before": before, "after": after, "pool": pool, "activation": activation}
    numbers = {"task": task, "metric": metric, "estimate": estimate, "low": low, "high": high}
    return MeasuredEffect(**names, **numbers, **counts, records="results/paper")


def design(architecture="C4C6", activation="relu", name="mine", **changes):
    return design_of_config(name, model_config(architecture, activation=activation, task=2, **changes))


def only(found, factor, candidate="mine"):
    return next(one for one in found if (one.factor, one.candidate) == (factor, candidate))


def advice(factor, *effects, own=None, **options):
    return only(advise([own or design()], effects=effects, **options), factor)


BETTER = effect("activation", "relu", "exponential", "filter_tpr", (0.3, 0.5))
WORSE = effect("activation", "relu", "exponential", "classification_auroc", (-0.03, -0.01), task=2)


def test_a_clear_gain_is_advised_with_its_numbers_and_records():
    found = advice("activation", BETTER)
    assert found.level == "try"
    assert found.change == (
        "Try the exponential activation in place of ReLU: in simulated data better in filters that are motifs."
    )
    assert found.study == (BETTER,)
    told = " ".join(found.reasons)
    assert "filter TPR (task 1) +0.400 (95% CI +0.300 to +0.500)" in told
    assert "36 networks, 2 of them failed (results/paper)" in told


def test_the_effect_with_the_same_second_stage_counts_before_that_over_all():
    own = effect("activation", "relu", "exponential", "filter_tpr", (-0.5, -0.3))._replace(second_stage="Att")
    found = advice("activation", BETTER, own, own=design("C4C6-Att"))
    assert (found.level, found.study) == ("keep", (own,))
    assert "with small pools (4 and 6 bp) and attention: filter TPR" in " ".join(found.reasons)
    other = advice("activation", BETTER, own, own=design("C4C6"))
    assert (other.level, other.study) == ("try", (BETTER,))
    assert "attention" not in " ".join(other.reasons)
    mean_head = design("C4C6-Att-mean")  # none of the study's
    assert advice("activation", BETTER, own, own=mean_head).study == (BETTER,)


@pytest.mark.parametrize("name", ["C24", "C24-Att", "C4C6-LSTM-Att", "C4-LSTM", "C4-LSTM-Trans4", "C24-LSTM-Trans1"])
def test_second_stages_are_read_off_configurations(name):
    assert design(name).second_stage == (name.partition("-")[2] or "none")


def test_what_has_the_better_choice_keeps_it():
    found = advice("activation", BETTER, own=design(activation="exponential"))
    assert found.level == "keep"
    assert found.change.startswith(
        "Keep the exponential activation: in simulated data ReLU did worse in filters that are motifs"
    )
    assert (found.study[0].low, found.study[0].high) == (-0.5, -0.3)


def test_gains_and_losses_are_to_be_weighed():
    found = advice("activation", BETTER, WORSE)
    assert found.level == "weigh"
    assert "better in filters that are motifs, worse in prediction" in found.change


def test_fewer_filters_without_a_hit_are_a_gain():
    assert (
        advice("activation", effect("activation", "relu", "exponential", "filter_no_hit", (-0.5, -0.3))).level == "try"
    )


def test_an_interval_that_holds_0_changes_nothing():
    found = advice("activation", effect("activation", "relu", "exponential", "filter_tpr", (-0.01, 0.5)))
    assert found.level == "keep"
    assert found.change == "Keep ReLU: no effect of the exponential activation can be told apart from 0."


@pytest.mark.parametrize("few", [{"interval": UNKNOWN}, {"interval": (0.3, 0.5), "n": 5}])
def test_what_too_few_configurations_say_is_shown_but_does_not_count(few):
    found = advice("activation", effect("activation", "relu", "exponential", "filter_tpr", **few))
    assert found.level == "open"
    assert "so far on too few networks" in " ".join(found.reasons)


def test_effects_in_other_networks_say_nothing():
    found = advice("activation", BETTER, own=design("C24"))
    assert (found.level, found.study) == ("open", ())
    assert "The study did not measure this with one wide pool (24 bp)." in found.reasons
    assert found.command == (
        "motiflens compare data.h5 --config C24:relu --config C24:exponential --members 5 --out compare"
    )


def test_effects_of_other_tasks_and_of_classification_can_be_left_out():
    assert advice("activation", BETTER, WORSE, task=1).study == (BETTER,)
    assert advice("activation", BETTER, WORSE, families=("filters", "maps")).study == (BETTER,)
    assert advice("activation", BETTER, WORSE, task=2, families=("filters", "maps")).level == "open"


def test_both_sources_are_named():
    found = only(advise([design(), OTHER], pair(-0.3, -0.1, "prediction"), effects=[BETTER]), "activation")
    assert found.change.startswith("Weigh the exponential activation in place of ReLU: on these data and in simulated")


# The data set at hand


def pair(low, high, family="filters", names=("mine", "other")):
    return {names: [Here(family, "Filters that match a motif", Interval((low + high) / 2, low, high), 5, 4)]}


OTHER = design(activation="exponential", name="other")


def test_the_data_set_wins_over_the_study_and_says_so():
    found = advise([design(), OTHER], pair(-0.3, -0.1), effects=[BETTER])
    mine = only(found, "activation")
    assert mine.level == "keep"
    assert "this data set says the opposite of the study; it counts" in " ".join(mine.reasons)
    assert (
        "On this data set (4 and 5 networks): Filters that match a motif −0.200 (95% CI −0.300 to −0.100)."
        in mine.reasons
    )
    assert mine.command is None  # measured already
    theirs = only(found, "activation", "other")
    assert theirs.level == "change"  # back to ReLU
    assert theirs.here[0].interval == pytest.approx((0.2, 0.1, 0.3))


def test_a_data_set_that_cannot_tell_leaves_the_word_to_the_study():
    found = only(advise([design(), OTHER], pair(-0.3, 0.1), effects=[BETTER]), "activation")
    assert found.level == "try"
    assert len(found.here) == 1
    assert not any("opposite" in reason for reason in found.reasons)


def test_other_families_stay_those_of_the_study():
    found = only(advise([design(), OTHER], pair(-0.3, -0.1, "prediction"), effects=[BETTER]), "activation")
    assert found.level == "weigh"


def test_the_data_set_alone_is_enough():
    found = only(advise([design(), OTHER], pair(0.1, 0.3), effects=[]), "activation")
    assert found.level == "change"
    assert "The study did not measure this" in " ".join(found.reasons)


def test_candidates_that_differ_in_more_say_nothing_of_one_factor():
    far = design("C24", "exponential", "other")
    found = only(advise([design(), far], pair(-0.3, -0.1), effects=[BETTER]), "activation")
    assert (found.level, found.here) == ("try", ())


# Pools and numbers of filters


def test_pools_both_ways():
    row = effect("pool", "C24", "C4C6", "interpretability_auroc", (-0.2, -0.1), task=2)
    assert advice("pool", row, own=design("C24")).level == "keep"
    found = advice("pool", row)
    assert found.level == "try"
    assert found.change == (
        "Try one wide pool (24 bp) in place of small pools (4 and 6 bp): in simulated data better in attribution maps."
    )
    assert "--config C4C6:relu --config C24:relu" in found.command
    assert advice("pool", row, own=design(activation="exponential")).level == "open"


def number(after, interval, before="24", task=2):
    return effect("filters", before, after, "filter_tpr", interval, task=task)


def test_the_smallest_number_that_helps_is_advised():
    rows = [number("8", (-0.3, -0.2)), number("64", (0.1, 0.2)), number("128", (0.2, 0.4))]
    found = advice("filters", *rows)
    assert found.change.startswith("Try 64 filters in place of 24: in simulated data")
    found = advice("filters", *rows[:1], number("32", (-0.1, 0.1)), number("64", (-0.1, 0.1)))
    assert (found.level, found.study[0].after) == ("keep", "32")
    assert advice("filters", number("8", (0.2, 0.3)), number("64", (-0.3, -0.2))).change.startswith("Try 8 filters")


def test_other_numbers_of_filters_stand_for_the_nearest():
    rows = [number("64", (0.1, 0.2)), number("128", (0.2, 0.4))]
    assert advice("filters", *rows, own=design(n_filters=20)).change.startswith("Try 64 filters in place of 20")
    found = advice("filters", *rows, own=design(n_filters=60))
    assert found.level == "keep"
    assert found.study == (rows[0].reversed(),)
    assert "For its 60 filters stand the nearest numbers in the study: 64." in found.reasons


def test_numbers_that_only_this_data_set_measured():
    many = design(name="other", n_filters=48)
    found = only(advise([design(), many], pair(0.1, 0.2), effects=[]), "filters")
    assert found.change.startswith("Take 48 filters in place of 24: on these data")
    assert only(advise([design()], effects=[]), "filters").command.endswith(
        "--config C4C6:relu --config C4C6:relu:n_filters=48 --members 5 --out compare"
    )


# Any PyTorch model


def test_what_is_not_known_of_a_model_makes_advice_conditional():
    theirs = design_of("mine", adapt(any_models.make("residual"), 200))
    found = advice("activation", BETTER, own=theirs)
    assert found.level == "depends"
    told = " ".join(found.reasons)
    assert "wide or a small pool cannot be told" in told
    assert "If it is like networks with small pools (4 and 6 bp) and ReLU: try the exponential activation" in told
    assert "If it is like networks with one wide pool (24 bp) and ReLU: not measured" in told
    assert advice("activation", own=theirs).level == "open"
    bare = theirs._replace(activation=None)
    assert "The activation of its first layer cannot be told." in advice("pool", own=bare).reasons


def test_a_model_of_others_has_its_caveats():
    theirs = design_of("mine", adapt(any_models.make("plain"), 200))
    row = effect("activation", "relu", "exponential", "filter_tpr", (0.3, 0.5), pool="C24")
    found = advice("activation", row, own=theirs)
    assert found.level == "try"
    assert "Its first pool of 20 is taken for the study’s 24, the nearer one." in found.reasons
    assert any("none of the study’s architectures" in reason for reason in found.reasons)


def test_an_activation_that_was_not_in_the_study():
    theirs = design_of("mine", adapt(any_models.make("plain"), 200))._replace(activation="gelu")
    found = advice("activation", BETTER, own=theirs)
    assert found.level == "open"
    assert "gelu, was not in the study" in found.reasons[0]
    row = effect("pool", "C24", "C4C6", "filter_tpr", (0.1, 0.2), activation="exponential")
    assert advice("pool", row, own=theirs).level == "depends"


# Number of networks


def test_as_many_networks_as_the_interval_asks_for():
    # t(0.975, n - 1) / sqrt(n): 1.24 of 5, 1.05 of 6, 0.92 of 7
    assert [members_needed(sd, 1.0) for sd in (0.8, 0.95, 1.05)] == [5, 6, 7]
    assert members_needed(0.0, 0.01) == 2
    assert members_needed(1.0, 0.01) is None


def spreads(sd, n=5):
    return {"mine": [Spread("prediction", "Test AUROC", 0.9, sd, n), Spread("maps", "Saliency AUROC", 0.8, 0.001, n)]}


@pytest.mark.parametrize(("sd", "level", "words"), [
    (0.008, "keep", "5 networks are enough."),
    (0.0105, "change", "Train 7 networks: Test AUROC takes that many."),
    (1.0, "weigh", "Not even 50 networks would make the interval of Test AUROC as narrow as asked for."),
])  # fmt: skip
def test_the_spread_on_this_data_set_decides(sd, level, words):
    found = advice("members", spreads=spreads(sd), n_networks={"mine": 5})
    assert (found.level, found.change) == (level, words)
    assert f"Test AUROC 0.900 ± {1.2417 * sd:.3f}, for ± 0.01 it takes" in found.reasons[0]


def test_two_networks_tell_nothing_and_the_study_is_shown():
    rows = [
        effect("members", "", str(n), "interpretability_auroc", (-half, half), task=2)
        for n, half in ((1, 0.04), (3, 0.023), (5, 0.018), (10, 0.013))
    ]
    failed = effect("members", "", "1", "failed", (0.02, 0.18), task=2)._replace(estimate=2 / 36)
    found = advice("members", *rows, failed, spreads=spreads(0.001, 2), n_networks={"mine": 2})
    assert found.change == "Train at least 3 networks: of 2, nothing tells how far they are apart."
    assert "saliency AUROC (task 2) ± 0.040, 0.023, 0.018, 0.013" in found.reasons[0]
    assert "There 2 of 36 initialisations failed on task 2: 6% (95% CI 2% to 18%)." in found.reasons
    assert "was not measured" in advice("members").reasons[0]


def test_another_width_can_be_asked_for():
    wide = {"prediction": 0.1, "filters": 0.1, "maps": 0.1}
    assert advice("members", spreads=spreads(0.04), n_networks={"mine": 5}, half_widths=wide).level == "keep"
    assert "± 0.1 for prediction" in rule_of("members", wide)
    assert "95 % interval excludes 0" in rule_of("pool")


# Errors


def test_names_must_differ():
    with pytest.raises(ValueError, match="different names, got \\['mine', 'mine'\\]: give each candidate its own"):
        advise([design(), design()], effects=[])
    with pytest.raises(ValueError, match="different names, got \\[\\]"):
        advise([])


@pytest.mark.parametrize("widths", [{"maps": 0.1}, {**HALF_WIDTHS, "maps": 0.0}])
def test_widths_must_be_complete_and_positive(widths):
    with pytest.raises(ValueError, match="expected positive half_widths of prediction, filters, maps, got"):
        advise([design()], half_widths=widths)


def test_the_packaged_table_gives_advice_on_every_factor():
    found = advise([design()])
    assert [one.factor for one in found] == ["activation", "pool", "filters", "members"]
