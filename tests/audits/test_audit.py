import dataclasses

import any_models
import numpy as np
import pytest
import torch
from any_models import ZOO
from torch import nn

from motiflens.audits.network import audit_network
from motiflens.audits.options import AuditOptions
from motiflens.audits.saliency import audit_saliency
from motiflens.basics.metrics import auroc
from motiflens.basics.performance import performances
from motiflens.basics.sequence import one_hot
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.filters import filter_matches, task_truth
from motiflens.models.any_model import LAYOUTS
from motiflens.models.foreign import OutputWarning
from motiflens.models.hybrid import build_model
from motiflens.motifs.sets import load_motifs, select_motifs
from motiflens.training.stack import evaluate

FAST = {"n_ablation": 0, "n_decoys": 0}


@pytest.fixture(scope="module")
def database():
    """A tenth of JASPAR 2016, the task's motifs among it."""
    motifs = load_motifs("JASPAR2016-vertebrates")
    wanted = {f"{accession}." for ids in task_truth(1).values() for accession in ids}
    return [m for i, m in enumerate(motifs) if i % 10 == 0 or m.id.partition(".")[0] + "." in wanted]


def test_a_hand_set_motif_filter_is_found_and_counted(task1):
    """Filters that scan for the consensus of known motifs must be matched to them."""
    motifs = select_motifs(load_motifs("JASPAR2016-vertebrates"), ["MA0062.2", "MA0079.3", "MA0083.3"])
    model = build_model("C24", task=1, activation="exponential").eval()
    with torch.no_grad():
        model.stem.first.conv.weight.zero_()
        for i, motif in enumerate(motifs):
            width = min(motif.width, 19)
            start = (19 - width) // 2
            logs = np.log2(np.clip(motif.pwm[:, :width], 0.01, 1) / 0.25)
            model.stem.first.conv.weight[i, :, start : start + width] = torch.from_numpy(logs).float()
    result = audit_network(model, task1, AuditOptions(truth=task_truth(1), target=None, database="JASPAR2020", **FAST))
    assert [row.factor for row in result.matches.rows[:3]] == ["Gabpa", "SP1", "SRF"]
    assert [row.outcome for row in result.matches.rows[:3]] == ["true"] * 3
    # A constant filter exceeds half its maximum everywhere: its matrix is the background.
    assert result.matches.tpr == 3 / 32
    assert result.saliency is None
    assert result.metrics == evaluate(model, task1)
    assert (result.chance, result.importance) == (None, None)


def test_saliency_is_scored_on_the_positives_only(task2):
    model = build_model("C4C6-Att", task=2)
    result = audit_saliency(model, task2.test)
    assert np.array_equal(result.rows, np.flatnonzero(task2.test.y[:, 0] == 1))
    assert result.scores.shape == (len(result.rows), 200)
    assert result.interpretability.auroc.shape == (len(result.rows),)


def test_what_cannot_be_audited_is_named(task2):
    model = build_model("C24", task=2)
    without_truth = dataclasses.replace(task2, truth=None)
    with pytest.raises(ValueError, match="no ground truth"):
        audit_saliency(model, without_truth.test)
    with pytest.raises(ValueError, match=r"target must be in 0..0, got 1"):
        audit_saliency(model, task2.test, target=1)
    with pytest.raises(ValueError, match="no test sequences"):
        audit_network(model, task2.train)
    negatives = task2.subset(np.flatnonzero(task2.y[:, 0] == 0))
    with pytest.raises(ValueError, match="no sequence is positive"):
        audit_saliency(model, negatives)


def set_motifs(model, motifs):
    """Have the first filters scan for motifs, by log-odds."""
    weight = any_models.first_convolution(model).weight
    size = weight.shape[-1]
    with torch.no_grad():
        for i, motif in enumerate(motifs):
            width = min(motif.width, size)
            start = (size - width) // 2
            logs = np.log2(np.clip(motif.pwm[:, :width], 0.01, 1) / 0.25) / 2
            weight[i] = 0
            weight[i].view(4, size)[:, start : start + width] = torch.from_numpy(logs).float()


@pytest.mark.parametrize("name", ZOO)
def test_any_network_is_audited_as_ours_are(name, task1, database):
    """Whatever its layout, padding and activation, the motifs that filters scan for are found in their windows."""
    model = any_models.make(name)
    set_motifs(model, select_motifs(load_motifs("JASPAR2016-vertebrates"), ["MA0062.2", "MA0079.3", "MA0083.3"]))
    result = audit_network(
        model,
        task1,
        AuditOptions(truth=task_truth(1), database=database, target=None, n_ablation=60, n_decoys=2, batch_size=100),
    )
    assert [row.factor for row in result.matches.rows[:3]] == ["Gabpa", "SP1", "SRF"]
    assert (result.network.layout, result.network.output, result.network.steps) == any_models.EXPECTED[name]
    assert result.filters.pwms.shape == (8, 4, max(20, result.network.width))
    assert result.quality.information[:2].min() > 6
    assert result.importance.size.shape == (8, 12)
    assert result.importance.n_sequences == 60
    assert result.importance.size[:3].max() > 0
    assert 0 <= result.chance.expected <= 1
    assert result.test_logits.shape == (120, 12)
    assert result.metrics["test_auroc"] == pytest.approx(auroc(task1.test.y.ravel(), result.test_logits.ravel()))


@pytest.mark.parametrize("name", ZOO)
def test_saliency_of_any_network_is_scored(name, task2, database):
    model = any_models.make(name, n_outputs=1)
    result = audit_network(model, task2, AuditOptions(database=database, **FAST))
    assert result.saliency.scores.shape == (len(result.saliency.rows), 200)
    assert np.isfinite(result.saliency.interpretability.auroc).all()
    inner = model(LAYOUTS[result.network.layout](task2.test.X)).reshape(-1)
    expected = torch.logit(inner) if result.network.output == "probabilities" else inner
    np.testing.assert_allclose(result.test_logits[:, 0], expected.detach().numpy(), atol=1e-5)


def test_one_label_may_be_one_of_many_outputs(task2, database):
    model = nn.Sequential(any_models.make("plain", n_outputs=3), nn.Softmax(1)).eval()
    result = audit_network(model, task2, AuditOptions(target=2, database=database, n_ablation=20, n_decoys=0))
    assert (result.network.target, result.network.n_outputs) == (2, 1)
    p = model(task2.test.X)[:, 2].detach().numpy()
    np.testing.assert_allclose(result.test_logits[:, 0], np.log(p / (1 - p)), rtol=1e-4, atol=1e-5)
    assert result.saliency is not None
    assert result.importance.size.shape == (8, 1)


def test_real_valued_labels_have_a_correlation(task2, database):
    y = np.random.default_rng(0).normal(size=(len(task2), 1)).astype(np.float32)
    data = SequenceDataset(task2.codes, y, ("activity",), task2.split_codes)
    result = audit_network(
        any_models.make("plain", n_outputs=1), data, AuditOptions(database=database, n_ablation=30, n_decoys=0)
    )
    assert set(result.metrics) == {"valid_pearson", "test_pearson"}
    r = np.corrcoef(data.test.y[:, 0], result.test_logits[:, 0])[0, 1]
    assert result.metrics["test_pearson"] == pytest.approx(r, abs=1e-6)
    assert result.importance.measure == "pearson"


def test_a_constant_network_is_measured_as_training_does(task2, database):
    y = np.random.default_rng(0).normal(size=(len(task2), 1)).astype(np.float32)
    data = SequenceDataset(task2.codes, y, ("activity",), task2.split_codes)
    model = build_model("C24", task=2)
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter.zero_()
    result = audit_network(model, data, AuditOptions(database=database, n_ablation=20, n_decoys=0))
    trained = evaluate(model, data, "regression")
    assert result.metrics == {name: value for name, value in trained.items() if "pearson" in name}
    assert set(result.metrics.values()) == {0}
    assert result.importance.performance_drop.tolist() == [[0.0]] * model.config.n_filters
    assert performances(data.test.y, {"it": result.test_logits}, n_resamples=20)["it"]["pearson"].members == [0]


def test_without_a_positive_there_is_no_saliency_and_an_audit(task2, database):
    y = np.random.default_rng(0).uniform(2, 3, size=(len(task2), 1)).astype(np.float32)
    data = SequenceDataset(task2.codes, y, ("activity",), task2.split_codes, task2.truth)
    assert data.truth is not None
    result = audit_network(
        any_models.make("plain", n_outputs=1), data, AuditOptions(database=database, n_ablation=0, n_decoys=0)
    )
    assert result.saliency is None


def test_matches_are_judged_by_several_truths_without_matching_again(task1):
    model = any_models.make("plain")
    set_motifs(model, select_motifs(load_motifs("JASPAR2016-vertebrates"), ["MA0062.2", "MA0079.3", "MA0083.3"]))
    result = audit_network(model, task1, AuditOptions(truth=task_truth(1), target=None, database="JASPAR2020", **FAST))
    for truth in (task_truth(1, "published"), {"SP1": ["MA0079"]}, None):
        again = filter_matches(result.filters.pwms, "JASPAR2020", truth=truth)
        assert result.matches.judged_by(truth) == again
    with pytest.raises(ValueError, match="no motif of the database is one of"):
        result.matches.judged_by({"SP1": ["MA9999"]})


def test_options_of_any_model_are_checked(task2, database):
    model = any_models.make("plain", n_outputs=3)
    with pytest.raises(ValueError, match="3 outputs, the data have 1 labels: give data with as many labels"):
        audit_network(model, task2, AuditOptions(target=None, database=database))
    with pytest.raises(ValueError, match=r"target must be in 0 \.\.\. 2"):
        audit_network(model, task2, AuditOptions(target=3, database=database))
    one = any_models.make("plain", n_outputs=1)
    with pytest.raises(ValueError, match=r"target must be in 0\.\.0, got 1"):
        audit_network(one, task2, AuditOptions(target=1, database=database))
    with pytest.raises(ValueError, match="n_ablation must be 0 or more, got -1"):
        audit_network(one, task2, AuditOptions(n_ablation=-1, database=database))
    with pytest.raises(ValueError, match="no module 'conv'"):
        audit_network(one, task2, AuditOptions(first_layer="conv", database=database))


class ByFirstBase(nn.Module):
    """Counts G in the middle through a convolution; `last` makes the output."""

    def __init__(self, last):
        super().__init__()
        self.conv, self.last = nn.Conv1d(4, 2, 5, bias=False), last
        self.conv.weight.data.zero_()
        self.conv.weight.data[0, 2] = 1
        self.conv.weight.data[1, 0, 2] = 1

    def forward(self, x):
        return self.last(torch.relu(self.conv(x))[:, 0].mean(1, keepdim=True) - 1.25)


def counted(n=120):
    codes = np.random.default_rng(0).integers(0, 4, (n, 60), dtype=np.uint8)
    model = ByFirstBase(lambda z: z).eval()
    with torch.no_grad():
        z = model(one_hot(codes))[:, 0].numpy()
    split = ["train"] * 10 + ["test"] * (n - 10)
    return codes, z, split


def test_two_classes_and_one_label_take_the_second_class(database):
    codes, z, split = counted()
    dataset = SequenceDataset.from_arrays(codes, (z > np.median(z)).astype(np.float32), split=split)
    model = ByFirstBase(lambda z: torch.softmax(torch.cat([torch.zeros_like(z), z], 1), 1)).eval()
    with pytest.warns(OutputWarning, match="output 1 is used"):
        result = audit_network(model, dataset, AuditOptions(database=database, **FAST))
    assert result.metrics["test_auroc"] == 1
    assert result.network.target == 1
    asked = audit_network(model, dataset, AuditOptions(database=database, target=0, **FAST))
    assert asked.metrics["test_auroc"] == 0
    three = ByFirstBase(lambda z: torch.softmax(torch.cat([0 * z, z, 2 * z], 1), 1)).eval()
    with pytest.raises(ValueError, match="the model has 3 outputs, the data have 1 labels"):
        audit_network(three, dataset, AuditOptions(database=database, **FAST))


def test_real_values_are_compared_with_what_the_model_returns(database):
    """A sigmoid regression: its own output correlates perfectly, its logits do not."""
    codes, z, split = counted()
    values = 1 / (1 + np.exp(-12 * z))
    dataset = SequenceDataset.from_arrays(codes, values.astype(np.float32), split=split)
    model = ByFirstBase(lambda z: torch.sigmoid(12 * z)).eval()
    result = audit_network(model, dataset, AuditOptions(database=database, n_ablation=50, n_decoys=0))
    assert result.metrics["test_pearson"] == pytest.approx(1, abs=1e-6)
    assert np.corrcoef(12 * z, values)[0, 1] < 0.99
    np.testing.assert_allclose(result.test_logits[:, 0], values[10:], rtol=1e-4)
    assert result.importance.performance[0] == pytest.approx(1, abs=1e-6)
    assert result.importance.size.max() <= 1


def test_a_model_of_half_precision_and_other_bases_is_audited(database):
    codes, z, split = counted()
    dataset = SequenceDataset.from_arrays(codes, (z > np.median(z)).astype(np.float32), split=split)
    model = ByFirstBase(lambda z: z).eval()
    options = AuditOptions(database=database, n_ablation=50, n_decoys=0)
    plain = audit_network(model, dataset, options)
    half = audit_network(ByFirstBase(lambda z: z).bfloat16().eval(), dataset, options)
    np.testing.assert_array_equal(half.filters.pwms, plain.filters.pwms)
    np.testing.assert_allclose(half.importance.size, plain.importance.size, atol=0.02)
    permuted = ByFirstBase(lambda z: z).eval()
    permuted.conv.weight.data = permuted.conv.weight.data[:, [0, 2, 1, 3]]
    same = audit_network(permuted, dataset, dataclasses.replace(options, bases="AGCT"))
    np.testing.assert_array_equal(same.filters.pwms, plain.filters.pwms)
    assert same.metrics == plain.metrics


def test_progress_is_told_network_by_network(task1, database):
    from motiflens.audits.candidate import audit_candidate

    told = []
    networks = [any_models.plain().eval() for _ in range(2)]
    audit_candidate(
        "plain", networks, task1, AuditOptions(database=database, **FAST), on_progress=lambda *news: told.append(news)
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.9 < shares[-1] < 1
    assert told[0] == (0, "network 1 of 2: matrices of filters")
    assert (0.5, "network 2 of 2: matrices of filters") in told
    assert "network 2 of 2: predictions" in [stage for _, stage in told]
