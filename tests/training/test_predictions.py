"""Predictions for a FASTA file, of one network and of an ensemble, against the networks themselves."""

import numpy as np
import pytest
import torch

from motiflens.data.io import write_fasta
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid import HybridNetwork, model_config
from motiflens.models.outputs import model_outputs
from motiflens.models.saved import load_networks
from motiflens.models.trained_on import TrainedOn
from motiflens.training.predictions import predict_fasta
from motiflens.training.protocol import REFERENCE
from motiflens.training.shelf import save_ensemble

CONFIG = model_config("C24", activation="relu", task=2, length=48, n_outputs=2)
CODES = np.random.default_rng(0).integers(0, 5, (7, 48), dtype=np.uint8)
NAMES = [f"s{i}" for i in range(7)]


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    return [HybridNetwork(CONFIG).eval() for _ in range(3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, networks):
    """An ensemble of three networks, and a member that failed."""
    folder = tmp_path_factory.mktemp("nets") / "all"
    members = [Member(index, seed=index, status="ok", network=network) for index, network in enumerate(networks)]
    save_ensemble(Ensemble(CONFIG, REFERENCE.to_dict(), [*members, Member(3, seed=3, status="failed")]), folder)
    write_fasta([f"{name} more" for name in NAMES], CODES, folder / "a.fa")
    return folder


def test_one_network(folder, networks, monkeypatch):
    monkeypatch.setattr("motiflens.training.predictions._BATCH", 3)
    logits = model_outputs(networks[1], CODES).numpy()
    found = predict_fasta(folder / "member_001", folder / "a.fa", scale="raw")
    assert found.names == NAMES
    np.testing.assert_allclose(found.mean, logits, rtol=1e-5, atol=1e-6)
    assert found.deviation is None
    probability = predict_fasta(folder / "member_001", folder / "a.fa").mean
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-logits)), rtol=1e-5)


def test_mean_and_deviation_of_an_ensemble(folder, networks):
    each = np.stack([torch.sigmoid(model_outputs(network, CODES)).numpy() for network in networks])
    found = predict_fasta(folder, folder / "a.fa")
    np.testing.assert_allclose(found.mean, each.mean(0), rtol=1e-5)
    np.testing.assert_allclose(found.deviation, each.std(0, ddof=1), rtol=1e-4)
    assert list(found.columns()) == ["output_0", "output_0_sd", "output_1", "output_1_sd"]


def test_a_regression_is_predicted_in_its_own_unit(networks, tmp_path, monkeypatch):
    network = HybridNetwork(CONFIG, TrainedOn(label_names=("a", "b"), objective="regression")).eval()
    network.load_state_dict(networks[0].state_dict())
    members = [Member(0, seed=0, status="ok", network=network)]
    protocol = REFERENCE.replace(objective="regression").to_dict()
    save_ensemble(Ensemble(CONFIG, protocol, members), tmp_path / "all")
    write_fasta(NAMES, CODES, tmp_path / "a.fa")
    raw = model_outputs(networks[0], CODES).numpy()
    for folder in (tmp_path / "all", tmp_path / "all" / "member_000"):
        np.testing.assert_allclose(predict_fasta(folder, tmp_path / "a.fa").mean, raw, rtol=1e-5, atol=1e-6)
    monkeypatch.chdir(tmp_path / "all" / "member_000")
    np.testing.assert_allclose(predict_fasta(".", tmp_path / "a.fa").mean, raw, rtol=1e-5, atol=1e-6)
    assert list(predict_fasta(".", tmp_path / "a.fa").columns()) == ["a", "b"]
    (tmp_path / "all" / "member_000" / "trained_on.json").write_text("[]")
    with pytest.raises(ValueError, match=r"trained_on.json is damaged"):
        predict_fasta(".", tmp_path / "a.fa")


def test_table(folder, tmp_path):
    found = predict_fasta(folder, folder / "a.fa")
    found.write_tsv(tmp_path / "out.tsv")
    lines = (tmp_path / "out.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["name", "output_0", "output_0_sd", "output_1", "output_1_sd"]
    assert [line.split("\t")[0] for line in lines[1:]] == NAMES
    np.testing.assert_allclose([float(line.split("\t")[3]) for line in lines[1:]], found.mean[:, 1], rtol=1e-5)
    with pytest.raises(FileNotFoundError, match="make it first"):
        found.write_tsv(tmp_path / "no" / "out.tsv")


def test_mistakes_are_told(folder, tmp_path):
    write_fasta(["fits", "longer"], [CODES[0], np.zeros(50, np.uint8)], tmp_path / "b.fa")
    with pytest.raises(ValueError, match=r"b.fa, sequence 'longer': expected 48 bp, as the network .* got 50"):
        predict_fasta(folder, tmp_path / "b.fa")
    with pytest.raises(ValueError, match="expected auto, probability, raw for scale, got 'odds'"):
        predict_fasta(folder, folder / "a.fa", scale="odds")
    with pytest.raises(FileNotFoundError, match=r"expected a folder .*nowhere: name the folder of a saved"):
        load_networks(tmp_path / "nowhere")
    save_ensemble(Ensemble(CONFIG, REFERENCE.to_dict(), [Member(0, seed=0, status="failed")]), tmp_path / "failed")
    with pytest.raises(ValueError, match="none of 1 members has trained to its end"):
        load_networks(tmp_path / "failed")
