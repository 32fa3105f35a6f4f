"""What configurations and protocols leave in records: it must not change for those that were there before."""

import json
from pathlib import Path

import pytest

from motiflens.models.hybrid import HybridConfig, model_config
from motiflens.study.grid import Trial
from motiflens.training.protocol import REFERENCE, Protocol

RECORDS = sorted((Path(__file__).parents[2] / "results").rglob("task*.jsonl"))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_committed_records_keep_their_hash_and_read_back(path):
    for line in path.read_text().splitlines():
        record = json.loads(line)
        model, protocol, data = (record["config"][name] for name in ("model", "protocol", "data"))
        trial = Trial(
            task=record["task"],
            architecture=record["architecture"],
            activation=record["activation"],
            members=(record["member"],),
            protocol=Protocol(**protocol),
            n_filters=model["n_filters"],
            n_sequences=data["n_sequences"],
            seed=record["seed"],
            data_seed=record["data_seed"],
            variant=model["variant"],
            motif_counts=data["motif_counts"],
        )
        assert trial.config_hash() == record["config_hash"]
        fields = {name: value for name, value in model.items() if name != "architecture"}
        assert HybridConfig.from_dict(fields).to_dict() == fields


def test_fields_added_later_are_saved_only_when_they_say_something():
    plain, changed = model_config("C4C6-Att"), model_config("C4C6-Att", positional_encoding="rotary", head="mean")
    assert changed.to_dict() == {**plain.to_dict(), "positional_encoding": "rotary", "head": "mean"}
    assert not {"positional_encoding", "head"} & plain.to_dict().keys()
    penalised = REFERENCE.replace(name="REFERENCE", attention_entropy_weight=0.1)
    assert penalised.to_dict() == {**REFERENCE.to_dict(), "attention_entropy_weight": 0.1}
    added = {"objective": "classification", "positive_weight": None, "reverse_complement": False}
    assert not {"attention_entropy_weight", *added} & REFERENCE.to_dict().keys()
    assert Protocol(name="REFERENCE", **added) == REFERENCE


@pytest.mark.parametrize(
    "config",
    [
        model_config("C4C6-Att"),
        model_config("C4-Att-mean", positional_encoding="learned"),
        REFERENCE,
        REFERENCE.replace(attention_entropy_weight=0.5),
        REFERENCE.replace(objective="regression", reverse_complement=True),
        REFERENCE.replace(positive_weight="balanced"),
    ],
    ids=["plain", "encoded", "protocol", "penalised", "regression", "balanced"],
)
def test_dictionary_and_text_give_the_configuration_back(config):
    assert type(config)(**config.to_dict()) == config
    assert eval(repr(config)) == config


def test_the_text_that_checkpoints_keep_is_as_it_was():
    assert repr(HybridConfig()).startswith("HybridConfig(length=200, n_outputs=1, n_filters=32, kernel_size=19, ")
    assert "head=" not in repr(HybridConfig())
    assert repr(REFERENCE).endswith("early_stop_patience=10, restore_best=True)")
