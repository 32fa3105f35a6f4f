"""Published networks train as those of the study do."""

import numpy as np
import pytest
import torch
from command_line import run

from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.models.hybrid import network_config
from motiflens.models.saved import load_ensemble
from motiflens.training.ensemble import fit
from motiflens.training.folder import fit_to_folder
from motiflens.training.protocol import REFERENCE

SMALL = {"n_filters": 8, "lstm_width": 4, "dense_width": 8, "kernel_size": 9, "pool": 8}


def easy(real=False):
    """Sequences with a run of one base in half of them."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (240, 60), dtype=np.uint8)
    y = np.arange(240) % 2
    for row in np.flatnonzero(y):
        start = rng.integers(0, 52)
        codes[row, start : start + 8] = 2
    split = ["train"] * 160 + ["valid"] * 40 + ["test"] * 40
    return SequenceDataset.from_arrays(codes, y * 5.0 + 20 if real else y, split=split)


PROTOCOL = REFERENCE.replace(batch_size=20, max_epochs=12, learning_rate=0.01)


def danq(activation=None):
    return network_config("DanQ", length=60, n_outputs=1, activation=activation, **SMALL)


def test_a_published_network_learns_and_a_member_is_the_same_alone(tmp_path):
    data = easy()
    both = fit(danq(), data, 2, protocol=PROTOCOL)
    assert min(member.metrics["test_auroc"] for member in both.members) > 0.9
    alone = fit(danq(), data, protocol=PROTOCOL, members=[1])
    for name, value in both[1].state_dict().items():
        assert torch.equal(value, alone[0].state_dict()[name]), name
    fit_to_folder(tmp_path / "nets", danq(), data, 1, protocol=PROTOCOL)
    again = load_ensemble(tmp_path / "nets")
    assert again.config == danq()
    assert torch.equal(again.outputs(data.codes[:5]), both.outputs(data.codes[:5])[:1])


def test_training_goes_on_where_it_was_interrupted(tmp_path):
    data = easy()
    whole = fit(danq(), data, 1, protocol=PROTOCOL)

    def stop(member):
        if member.n_epochs == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(danq(), data, 1, protocol=PROTOCOL, checkpoint_dir=tmp_path, on_news=stop)
    resumed = fit(danq(), data, 1, protocol=PROTOCOL, checkpoint_dir=tmp_path)
    assert torch.equal(resumed.outputs(data.codes[:5]), whole.outputs(data.codes[:5]))


def test_a_regression_predicts_in_the_unit_of_its_labels():
    data = easy(real=True)
    fitted = fit(danq(), data, 1, protocol=PROTOCOL.replace(objective="regression"))
    assert fitted.members[0].metrics["test_pearson"] > 0.8
    assert 18 < fitted.outputs(data.codes).mean().item() < 27


def test_the_command_trains_audits_and_compares_published_networks(tmp_path):
    write_hdf5(easy(), tmp_path / "data.h5")
    options = ("--members", "1", "--max-epochs", "2")
    told = run("train", tmp_path / "data.h5", "--out", tmp_path / "nets", "--architecture", "ResidualBind", *options)
    assert "member 0" in told.stdout
    assert (tmp_path / "nets" / "member_000" / "model.safetensors").is_file()
    audited = ("--n-decoys", "0", "--n-ablation", "20", "--database", "JASPAR2016-vertebrates")
    told = run("audit", tmp_path / "data.h5", "--model", tmp_path / "nets" / "member_000", *audited)
    assert "ResidualBind: " in told.stdout
    assert "96 filters of 11 bp (conv > batch_norm > relu)" in told.stdout
