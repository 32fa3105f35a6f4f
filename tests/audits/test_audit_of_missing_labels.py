"""An audit of data with missing labels says of each label what the sequences that have it say."""

import numpy as np
import pytest

from motiflens.audits.candidate import audit_candidate
from motiflens.audits.evidence import gather_evidence
from motiflens.audits.network import audit_network
from motiflens.audits.options import AuditOptions
from motiflens.audits.verdicts import verdict_facts
from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import build_model
from motiflens.report.audit.first_screen import label_line

RNG = np.random.default_rng(0)
N = 240
CODES = RNG.integers(0, 4, (N, 96), dtype=np.uint8)
SPLIT = np.array((["train"] * 2 + ["valid"] + ["test"]) * (N // 4))
MISSING = RNG.random((N, 2)) < 0.3
LABELS = {
    "classes": np.where(MISSING, np.nan, RNG.integers(0, 2, (N, 2))),
    "values": np.where(MISSING, np.nan, RNG.normal(size=(N, 2))),
}
OPTIONS = AuditOptions(
    target=1, database="JASPAR2016-vertebrates", n_ablation=500, n_decoys=0, n_backgrounds=10, n_examples=2,
    methods=["gradient_times_input"], n_resamples=20,
)  # fmt: skip


@pytest.fixture(scope="module")
def network():
    return build_model("C4C6-Att", length=96, n_outputs=2, task=2, n_filters=4)


@pytest.mark.parametrize("kind", LABELS)
def test_scores_and_importance_are_those_of_the_labels_that_are_there(network, kind):
    y = LABELS[kind]
    both = audit_network(network, SequenceDataset.from_arrays(CODES, y, split=SPLIT), OPTIONS)
    drop = both.importance
    assert drop is not None
    for t in range(2):
        there = ~MISSING[:, t]
        filled = y[there].copy()
        filled[:, 1 - t] = np.arange(len(filled)) % 2  # whatever the other label is
        alone = audit_network(network, SequenceDataset.from_arrays(CODES[there], filled, split=SPLIT[there]), OPTIONS)
        if kind == "values":
            own = np.corrcoef(y[there & (SPLIT == "test"), t], both.test_logits[there[SPLIT == "test"], t])[0, 1]
            assert drop.performance[t] == pytest.approx(own, abs=1e-5)
        assert alone.importance is not None
        assert drop.performance[t] == pytest.approx(alone.importance.performance[t], abs=1e-12)


@pytest.mark.parametrize("kind", LABELS)
def test_the_evidence_of_a_page(network, kind):
    data = SequenceDataset.from_arrays(CODES, LABELS[kind], split=SPLIT)
    found = gather_evidence([audit_candidate("net", [network], data, OPTIONS)], data, OPTIONS)
    assert [label.n_missing for label in found.data.labels] == MISSING.sum(0).tolist()
    for label, t in (("label_0", 0), ("label_1", 1)):
        there = ~MISSING[:, t] & (SPLIT == "test")
        for own in found.by_label[label]["net"].values():
            assert np.isfinite([own.members[0], *own.interval]).all()
        if kind == "classes":
            y, scores = LABELS[kind][there, t], found.candidates[0].logits[0][there[SPLIT == "test"], t]
            pairs = np.sign(scores[y == 1][:, None] - scores[y == 0][None]) / 2 + 0.5
            assert found.by_label[label]["net"]["auroc"].members[0] == pytest.approx(pairs.mean())
    (candidate,), facts = found.candidates, verdict_facts(found.candidates[0], found)
    measure = facts["composition"]["measure"]
    assert facts["composition"]["networks"] == pytest.approx(found.by_label["label_1"][candidate.name][measure].members)
    for name, own in facts["composition"]["baselines"].items():
        assert own["score"] == found.by_label["label_1"][name][measure].members[0]
        assert facts["data"]["composition_test"][name] == own["score"]
    n_labelled = {split: int((~MISSING[split == SPLIT, 1]).sum()) for split in ("train", "valid", "test")}
    assert facts["data"]["n_labelled"] == n_labelled
    assert facts["composition"]["n_test"] == n_labelled["test"]
    assert label_line(found).startswith("label_1, one of 2: the page is about it")
    assert f"{MISSING[:, 1].sum()} sequences lack it" in label_line(found)
    for example in found.examples:
        assert not np.isnan(LABELS[kind][SPLIT == "test"][example.row, 1])
    if kind == "classes":
        assert found.prevalence == pytest.approx(np.nanmean(LABELS[kind][SPLIT == "test"]))
