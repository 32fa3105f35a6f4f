"""A session in a notebook as a user would have it: every line does what it reads like, every result can be seen."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import motiflens as ml
from motiflens.models.hybrid import HybridNetwork

NAME = "IRF1_400_h3k27ac.h5"
PLACES = [parent / "shared" / "data" / NAME for parent in Path(__file__).parents]
DATA = next((place for place in PLACES if place.is_file()), None)

pytestmark = pytest.mark.skipif(DATA is None, reason=f"{NAME} is not there")


@pytest.fixture(scope="module")
def session():
    """The results of the session, cell by cell."""
    database = ml.load_motifs("JASPAR2016-vertebrates")
    data = ml.read_hdf5(DATA).subset(slice(None, None, 3))  # few sequences, networks and epochs: a test, not a finding
    quick = ml.training.protocol.REFERENCE.replace(max_epochs=2)
    nets = ml.fit("C4C6-Att", data, n_members=2, protocol=quick, progress=False)
    found = ml.filter_motifs(nets[0], data, database=database, n_ablation=100)
    maps = ml.explain(nets, data.test[:20], method="saliency", target="label_0")
    few = {"n_decoys": 2, "n_ablation": 50, "n_backgrounds": 0, "n_examples": 1, "n_resamples": 20}
    report = ml.audit(nets, data, database=database, progress=False, methods=["saliency"], **few)
    few_pairs = ml.interpret.interactions.Settings(n_null=10, n_backgrounds=8, n_sequences=8)
    pairs = ml.interactions(nets, data, database[:5], few_pairs, progress=False)
    matches = ml.tomtom(found.motifs or database[:2], database)
    predictions = ml.predict(nets, data.test)
    return {
        "data": data, "nets": nets, "found": found, "maps": maps, "report": report, "pairs": pairs,
        "matches": matches, "predictions": predictions,
    }  # fmt: skip


def test_every_result_is_looked_at_and_becomes_a_data_frame(session):
    for name, result in {**session, "verdicts": session["report"].verdicts}.items():
        assert len(repr(result).splitlines()) <= 20, name
        assert len(repr(result)) <= 2000, name
        assert result._repr_html_().startswith("<div"), name
        assert len(result.to_dataframe()) > 0, name


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("nets", {}),
        ("nets", {"what": "loss"}),
        ("found", {"top": 6}),
        ("maps", {"row": 0, "start": 180, "stop": 280, "motifs": "found"}),
        ("pairs", {}),
        ("report", {}),
        ("matches", {}),
        ("predictions", {}),
    ],
)
def test_every_result_is_plotted(session, name, arguments):
    given = {key: session.get(value, value) if isinstance(value, str) else value for key, value in arguments.items()}
    ax = session[name].plot(**given)
    try:
        assert ax.get_children()
        if name == "maps":
            assert ax.get_xlim() == (180, 280)
    finally:
        plt.close(ax.figure)


def test_an_ensemble_is_explained_by_its_mean_and_its_spread(session):
    maps = session["maps"]
    assert "means over 2 networks" in repr(maps)
    assert maps.mean.shape == maps.sd.shape == maps.sign_agreement.shape == (20, 4, 400)
    assert np.isin(maps.sign_agreement.numpy(), [0, 0.5, 1]).all()


def test_verdicts_are_read_and_the_report_is_saved(session, tmp_path):
    report = session["report"]
    assert report.verdicts[0].question == "Are the data fit to tell?"
    assert "Does it predict more than composition does?" in repr(report)
    path = tmp_path / "audit.html"
    report.save(path)
    assert "Does it predict more than composition does?" in path.read_text(encoding="utf-8")


def test_networks_are_saved_and_loaded_again(session, tmp_path):
    network = session["nets"][0]
    network.save(tmp_path)
    again = ml.load(tmp_path)
    assert isinstance(again, HybridNetwork)
    test = session["data"].test
    assert np.allclose(ml.predict(again, test).mean, ml.predict(network, test).mean)


OWN = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.out = nn.Conv1d(4, 6, 15, padding="same"), nn.Linear(6, 1)

    def forward(self, x):
        return self.out(self.conv(x).relu().amax(2))


def build():
    return Net()
"""


def test_a_network_of_ones_own_is_loaded_with_its_weights_and_audited(session, tmp_path):
    (tmp_path / "networks.py").write_text(OWN)
    torch.manual_seed(0)
    build = f"{tmp_path / 'networks.py'}:build"
    network = ml.load(build)
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    mine = ml.load(build, weights=tmp_path / "weights.pt")
    data = session["data"]
    assert np.array_equal(ml.predict(mine, data.test).mean, ml.predict(network, data.test).mean)
    few = {"n_decoys": 0, "n_ablation": 0, "n_backgrounds": 0, "n_examples": 0, "n_resamples": 20}
    database = ml.load_motifs("JASPAR2016-vertebrates")
    verdicts = ml.audit(mine, data, database=database, progress=False, **few).verdicts
    assert "Does it predict more than composition does?" in repr(verdicts)
