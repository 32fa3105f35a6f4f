import dataclasses

import numpy as np
import pytest

from motiflens.audit import audit, audit_saliency
from motiflens.filters import task_truth
from motiflens.models import build_model


def test_a_hand_set_motif_filter_is_found_and_counted(task1):
    """Filters that scan for the consensus of known motifs must be matched to them."""
    import torch

    from motiflens.motifs import load_motifs, select_motifs

    motifs = select_motifs(load_motifs("JASPAR2016-vertebrates"), ["MA0062.2", "MA0079.3", "MA0083.3"])
    model = build_model("C24", task=1, activation="exponential").eval()
    with torch.no_grad():
        model.stem.first.conv.weight.zero_()
        for i, motif in enumerate(motifs):
            width = min(motif.width, 19)
            start = (19 - width) // 2
            logs = np.log2(np.clip(motif.pwm[:, :width], 0.01, 1) / 0.25)
            model.stem.first.conv.weight[i, :, start : start + width] = torch.from_numpy(logs).float()
    result = audit(model, task1, truth=task_truth(1), target=None)
    assert [row.factor for row in result.matches.rows[:3]] == ["Gabpa", "SP1", "SRF"]
    assert [row.outcome for row in result.matches.rows[:3]] == ["true"] * 3
    # A constant filter exceeds half its maximum everywhere: its matrix is the background.
    assert result.matches.tpr == 3 / 32
    assert result.saliency is None
    assert set(result.metrics) == {"valid_auroc", "valid_aupr", "test_auroc", "test_aupr"}


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
        audit(model, task2.train)
    negatives = task2.subset(np.flatnonzero(task2.y[:, 0] == 0))
    with pytest.raises(ValueError, match="no sequence is positive"):
        audit_saliency(model, negatives)
