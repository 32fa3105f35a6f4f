"""Filters on shuffled sequences: what reads order is told from what reads composition."""

import any_models
import numpy as np
import torch

from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.filters import filter_order


def toy():
    """A network whose first filter reads ACGTACGT, and whose second counts C and G over the same width."""
    model = any_models.make("plain", n_outputs=1)
    with torch.no_grad():
        model[0].weight[:] = 0
        model[0].bias[:] = 0
        for column, base in enumerate([0, 1, 2, 3] * 2):
            model[0].weight[0, base, column] = 1
        model[0].weight[1, 1:3, :8] = 1
    return model


def data(n=120, length=200):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (n, length)).astype(np.uint8)
    codes[: n // 2, 60:68] = [0, 1, 2, 3] * 2
    y = np.repeat([1.0, 0.0], n // 2)[:, None].astype(np.float32)
    return SequenceDataset(codes, y, ("site",), np.full(n, 2, np.uint8))


def test_order_is_told_from_composition():
    found = filter_order(toy(), data())
    assert found.n_sequences == 60
    assert found.auroc[0] > 0.9
    assert abs(found.auroc[1] - 0.5) < 0.15
    assert found.information.shape == found.auroc.shape
    assert (filter_order(toy(), data()).auroc == found.auroc).all()


def test_without_positives_nothing_is_told():
    given = data()
    none = SequenceDataset(given.codes, np.zeros_like(given.y), given.label_names, given.split_codes)
    assert np.isnan(filter_order(toy(), none).auroc).all()
