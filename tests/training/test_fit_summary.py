import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import HybridConfig
from motiflens.models.outputs import model_outputs
from motiflens.training import ensemble
from motiflens.training.protocol import REFERENCE
from motiflens.training.summary import fit_summary

FAST = REFERENCE.replace(max_epochs=1, batch_size=50)
SPLIT = ["train"] * 120 + ["valid"] * 40 + ["test"] * 40


def config_for(n_outputs):
    return HybridConfig(length=40, n_outputs=n_outputs, n_filters=4, kernel_size=5, first_pool=10, dense_width=4)


def dataset_of(y):
    codes = np.random.default_rng(1).integers(0, 4, (200, 40), dtype=np.uint8)
    return SequenceDataset.from_arrays(codes, y, split=SPLIT)


@pytest.fixture(scope="module")
def labels():
    rng = np.random.default_rng(0)
    return dataset_of(np.c_[rng.random(200) < 0.5, rng.random(200) < 0.2].astype(float))


def test_members_labels_and_their_moments(labels):
    fitted = ensemble.fit(config_for(2), labels, 3, protocol=FAST)
    found = fit_summary(fitted, labels)
    assert found.objective == "classification"
    for t in range(2):
        areas = [
            roc_auc_score(labels.test.y[:, t], model_outputs(network, labels.test.codes)[:, t]) for network in fitted
        ]
        assert [row["outputs"][t]["test_auroc"] for row in found.members] == pytest.approx(areas)
        assert found.outputs[t]["mean"]["test_auroc"] == pytest.approx(np.mean(areas))
        assert found.outputs[t]["standard_deviation"]["test_auroc"] == pytest.approx(np.std(areas, ddof=1))
        positives = found.outputs[t]["positives"]
        assert positives == pytest.approx({"train": labels.train.y[:, t].mean(), **positives})
        assert positives["test"] == pytest.approx(labels.test.y[:, t].mean())
    micro = [member.metrics["valid_aupr"] for member in fitted.members]
    assert [row["valid_aupr"] for row in found.members] == micro
    assert found.mean["valid_aupr"] == pytest.approx(np.mean(micro))
    assert found.standard_deviation["valid_aupr"] == pytest.approx(np.std(micro, ddof=1))
    assert found.uninformed == {
        "valid_auroc": 0.5,
        "valid_aupr": pytest.approx(labels.valid.y.mean()),
        "test_auroc": 0.5,
        "test_aupr": pytest.approx(labels.test.y.mean()),
    }
    assert json.loads(json.dumps(found.to_dict()))["outputs"][1]["label"] == "label_1"


def test_a_failed_member_has_a_reason_and_does_not_count(labels):
    fitted = ensemble.fit(config_for(2), labels, 3, protocol=FAST)
    fitted.members[1].status, fitted.members[1].reason, fitted.members[1].network = "failed", "it diverged", None
    fitted.members[1].metrics = {}
    found = fit_summary(fitted, labels)
    assert (found.members[1]["status"], found.members[1]["reason"]) == ("failed", "it diverged")
    assert found.members[1]["outputs"] == [{"label": "label_0"}, {"label": "label_1"}]
    assert found.mean["test_auroc"] == pytest.approx(np.mean([fitted.members[i].metrics["test_auroc"] for i in (0, 2)]))


def test_a_regression_of_one_member():
    y = np.random.default_rng(0).normal(50, 3, 200)
    data = dataset_of(y)
    fitted = ensemble.fit(config_for(1), data, 1, protocol=FAST.replace(objective="regression"))
    found = fit_summary(fitted, data)
    assert found.mean == fitted.members[0].metrics
    assert found.members[0]["outputs"] == [{"label": "label_0", **found.mean}]
    assert np.isnan(found.standard_deviation["test_pearson"])
    assert found.outputs[0]["positives"] is None
    assert found.uninformed["test_pearson"] == 0
    expected = np.mean((y[160:] - y[:120].mean()) ** 2)
    assert found.uninformed["test_mean_squared_error"] == pytest.approx(expected, rel=1e-5)


def test_data_of_another_number_of_labels_are_named(labels):
    fitted = ensemble.fit(config_for(2), labels, 1, protocol=FAST)
    with pytest.raises(ValueError, match="the ensemble has 2 outputs, the data have 1 labels"):
        fit_summary(fitted, dataset_of(np.zeros(200)))
