import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from motiflens.cli import app
from motiflens.data.io import write_hdf5
from motiflens.interpret.attribution import explain
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid import build_model
from motiflens.models.trained_on import TrainedOn
from motiflens.training.protocol import REFERENCE
from motiflens.training.shelf import save_ensemble


@pytest.fixture(scope="module")
def files(tmp_path_factory, task2):
    folder = tmp_path_factory.mktemp("attribute")
    torch.manual_seed(0)
    model = build_model("C24-Att", activation="relu", task=2).eval()
    model.save(folder / "model")
    write_hdf5(task2, folder / "data.h5")
    test = task2.test
    return folder, model, test.subset(np.flatnonzero(test.y[:, 0] == 1)).X


def run(*arguments):
    return CliRunner().invoke(app, ["attribute", *map(str, arguments)], catch_exceptions=False)


@pytest.mark.filterwarnings("ignore::motiflens.interpret.attribution.CompletenessWarning")
def test_a_method_with_baselines_and_its_gap(files):
    folder, model, X = files
    out = folder / "scores.npz"
    options = ("--method", "integrated_gradients", "--baselines", "zeros", "--correct-gradient", "--json")
    answer = run(folder / "model", folder / "data.h5", "-o", out, *options)
    result = json.loads(answer.stdout)
    expected = explain(model, X, method="integrated_gradients", baselines="zeros", correct_gradient=True)
    assert expected.gap.max() > 0.05
    assert "warning: integrated_gradients: attributions of" in answer.stderr
    with np.load(out) as stored:
        np.testing.assert_allclose(stored["integrated_gradients"], expected.values, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(stored["completeness_gap"], expected.gap, rtol=1e-2, atol=1e-4)
        assert np.array_equal(stored["one_hot"], X)
    assert result["largest_completeness_gap"] == pytest.approx(float(expected.gap.max()), rel=1e-2)
    assert 0 <= result["auroc"] <= 1


def test_modisco_gets_values_for_all_bases(files):
    folder, model, X = files
    options = ("--method", "saturation_mutagenesis", "--format", "modisco", "--json")
    result = json.loads(run(folder / "model", folder / "data.h5", "-o", folder / "for", *options).stdout)
    sequences, attributions = (np.load(path)["arr_0"] for path in result["file"])
    expected = explain(model, X, method="saturation_mutagenesis", hypothetical=True)
    assert np.array_equal(sequences, X)
    np.testing.assert_allclose(attributions, expected.values, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(attributions.sum(1), 0, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--method", "saliensy"), "did you mean saliency"),
        (("--format", "csv"), "--format must be npz or modisco, got 'csv'"),
        (("--baselines", "zeros"), "saliency has no option 'baselines'"),
        (("--method", "gradient_times_input", "--format", "modisco"), "use saliency"),
    ],
)
def test_bad_options_leave_no_file(files, options, message):
    folder, _, _ = files
    with pytest.raises(ValueError, match=message):
        run(folder / "model", folder / "data.h5", "-o", folder / "bad.npz", *options)
    assert not list(folder.glob("bad*"))


def test_an_ensemble_is_explained_on_average_with_spread_and_agreement(files, tmp_path):
    folder, model, X = files
    torch.manual_seed(1)
    other = build_model("C24-Att", activation="relu", task=2).eval()
    trained_on = TrainedOn(label_names=("bound",))
    for network in (model, other):
        network.trained_on = trained_on
    members = [Member(i, seed=i, status="ok", network=network) for i, network in enumerate((model, other))]
    save_ensemble(Ensemble(model.config, REFERENCE.to_dict(), members), tmp_path / "nets")
    run(tmp_path / "nets", folder / "data.h5", "-o", tmp_path / "scores.npz", "--target", "bound")
    each = np.stack([explain(network, X).values.numpy() for network in (model, other)])
    with np.load(tmp_path / "scores.npz") as stored:
        np.testing.assert_allclose(stored["saliency"], each.mean(0), rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(stored["sd"], each.std(0, ddof=1), rtol=1e-3, atol=1e-7)
        agree = (np.sign(each) == np.sign(each.mean(0))).mean(0)
        assert (np.abs(stored["sign_agreement"] - agree) < 1e-6).mean() > 0.999
    result = json.loads(
        run(tmp_path / "nets", folder / "data.h5", "-o", tmp_path / "m", "--format", "modisco", "--json").stdout
    )
    assert [file.rpartition("/")[2] for file in result["file"]] == [
        *("m_sequences.npz", "m_attributions.npz", "m_sd.npz", "m_sign_agreement.npz")
    ]
    with np.load(tmp_path / "m_sd.npz") as stored:
        np.testing.assert_allclose(stored["arr_0"], each.std(0, ddof=1), rtol=1e-3, atol=1e-7)
