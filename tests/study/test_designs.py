"""What is read off a network, and the commands that train its neighbours."""

import any_models
import pytest
from torch import nn

from motiflens.models.any_model import adapt
from motiflens.models.hybrid import adapted_config, build_model, list_hybrids, model_config
from motiflens.study.advice.designs import (
    compare_command,
    design_of,
    design_of_config,
    differ_only_in,
    neighbour,
    spell,
)


def ours(architecture, **options):
    return design_of_config("mine", model_config(architecture, **{"task": 2, "activation": "relu", **options}))


def test_all_is_known_of_our_networks():
    found = design_of("mine", build_model("C4-LSTM-Att", activation="exponential", task=1))
    assert found[:5] == ("mine", 32, "exponential", 4, "C4")
    assert ours("C24").stage == "C24"
    assert ours("C4C6-Att").stage == "C4C6"
    assert ours("C24", first_pool=10).stage == "C24"  # 24 / 10 is less than 10 / 4
    assert ours("C24", first_pool=8).stage == "C4C6"


@pytest.mark.parametrize(
    ("name", "activation", "pool", "stage"),
    [
        ("plain", "relu", 20, "C24"),
        ("DanQ", "relu", 13, "C24"),
        ("residual", "relu", None, None),
        ("transformer", "exponential", 10, "C24"),
    ],
)
def test_of_other_models_what_the_forward_pass_shows(name, activation, pool, stage):
    found = design_of("theirs", adapt(any_models.make(name), 200))
    assert found == ("theirs", 8, activation, pool, stage, None, None)


def test_a_convolution_without_activation_or_pool():
    model = nn.Sequential(nn.Conv1d(4, 3, 5), nn.Flatten(), nn.Linear(3 * 16, 1)).eval()
    assert design_of("theirs", adapt(model, 20))[1:5] == (3, None, None, None)


def test_factors_in_which_designs_differ():
    base = ours("C24")
    assert differ_only_in(base, ours("C24", activation="exponential")) == "activation"
    assert differ_only_in(base, ours("C24", n_filters=64)) == "filters"
    assert differ_only_in(base, ours("C4C6")) == "pool"
    assert differ_only_in(base, base) is None
    assert differ_only_in(base, ours("C4C6", activation="exponential")) is None
    assert differ_only_in(base, ours("C24-Att")) is None
    assert differ_only_in(ours("C4C6"), ours("C4")) is None  # both small
    assert differ_only_in(base, base._replace(config=None)) is None


def test_every_named_architecture_spells_itself_and_has_a_neighbour_of_another_pool():
    for name in list_hybrids():
        design = ours(name)
        own = spell(design.config)
        assert own.text == f"{name}:relu"
        other = neighbour(own, "pool", "C4C6" if design.stage == "C24" else "C24")
        sizes = {"length": 200, "task": 2, "activation": "relu"}
        there = design_of_config("there", adapted_config(other.architecture, **sizes, **other.changes))
        assert differ_only_in(design, there) == "pool", name


def test_departures_are_fields_and_sizes_of_the_other_task_an_option():
    config = model_config("C24", activation="relu", task=2, n_filters=48, head="mean", length=400)
    assert spell(config).text in ("C24:relu:n_filters=48,head=mean", "C24:relu:head=mean,n_filters=48")
    design = design_of_config("mine", model_config("C24", activation="relu", task=1, n_outputs=1))
    assert compare_command("a b.h5", design, "filters", "64") == (
        "motiflens compare 'a b.h5' --config C24:relu --config C24:relu:n_filters=64 --task 1 --members 5 --out compare"
    )
    several = design_of_config("mine", model_config("C24", activation="relu", task=1))
    assert "--task" not in compare_command("d.h5", several, "activation", "exponential")


def test_for_other_models_the_nearest_of_the_study_is_trained():
    design = design_of("theirs", adapt(any_models.make("residual"), 200))
    command = compare_command("d.h5", design, "activation", "exponential")
    assert "--config C4C6:relu --config C4C6:exponential" in command
    assert "C4C6:relu " in compare_command("d.h5", design._replace(activation="gelu"), "pool", "C24")
