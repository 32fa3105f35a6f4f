"""Long sequences are mutated where their gradients are largest."""

import numpy as np
import torch

from motiflens.audits.examples import _LONG, _MUTATED, _scores
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.attribution import explain
from motiflens.models.hybrid import build_model


def test_long_sequences_are_mutated_in_the_part_that_matters():
    length, site = _LONG + 100, 1500
    torch.manual_seed(0)
    network = build_model("C24", length=length, task=2, n_filters=2).double().eval()
    with torch.no_grad():  # what lies far from the site counts little
        weight = network.head.dense.weight.view(-1, network.config.n_tokens, 2)
        weight *= 1e-3
        weight[:, site // 24] *= 1e6
    codes = np.random.default_rng(0).integers(0, 4, (2, length), dtype=np.uint8)
    data = SequenceDataset(codes, np.ones((2, 1), np.float32), ("a",), np.full(2, 2, np.uint8))
    found = _scores(network, data, "saturation_mutagenesis", 0)
    assert found.shape == (2, length)
    mutated = found != 0
    assert mutated[:, site // 24 * 24 : site // 24 * 24 + 24].any(axis=1).all()
    for row in mutated:
        places = np.flatnonzero(row)
        assert places[-1] - places[0] < _MUTATED
    start = max(0, site - 30)
    expected = explain(
        network, data.X, method="saturation_mutagenesis", start=start, stop=site + 30
    ).scores  # a part of the part
    inside = slice(start + 10, site + 20)
    np.testing.assert_allclose(found[:, inside], expected[:, inside].double().numpy(), rtol=1e-9, atol=1e-15)
