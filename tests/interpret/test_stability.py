import json

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn
from toy_detectors import Detector

from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.filters import motifs_of_pwms
from motiflens.interpret.stability import filter_agreement, map_correlations, stability
from motiflens.motifs.decoys import decoy_motifs
from motiflens.motifs.sets import load_motifs
from motiflens.motifs.tomtom import tomtom

LENGTH = 60
CODES = np.random.default_rng(0).integers(0, 4, size=(50, LENGTH), dtype=np.uint8)


def maps(*shape, seed=0, ties=False):
    values = np.random.default_rng(seed).normal(size=shape)
    return values.round(0) if ties else values


@pytest.mark.parametrize("ties", [False, True])
def test_correlations_equal_other_libraries(ties):
    values = maps(3, 7, 40, ties=ties)
    pearson, ranked = map_correlations(values), map_correlations(values, ranks=True)
    assert pearson.shape == ranked.shape == (3, 3, 7)
    for i in range(3):
        for j in range(3):
            for n in range(7):
                assert pearson[i, j, n] == pytest.approx(np.corrcoef(values[i, n], values[j, n])[0, 1], abs=1e-12)
                assert ranked[i, j, n] == pytest.approx(spearmanr(values[i, n], values[j, n]).statistic, abs=1e-12)


def test_constant_maps_have_no_correlation():
    values = maps(2, 3, 10)
    values[0, 1] = 0.1  # whose mean is not 0.1 to the last bit
    for ranks in (False, True):
        found = map_correlations(values, ranks=ranks)
        assert np.isnan(found[0, :, 1]).all()
        assert not np.isnan(found[:, :, [0, 2]]).any()


def test_maps_must_be_three_dimensional():
    with pytest.raises(ValueError, match=r"shape \(K, N, L\), got \(2, 10\)"):
        map_correlations(maps(2, 10))


class Fixed(nn.Module):
    """Linear, so that its position scores are its weights at the bases that are there."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights, dtype=torch.float32))

    def forward(self, x):
        return (x * self.weights).sum((1, 2))[:, None]


def linear(share, *, own_seed):
    """Weights of which a share of the variance is common to all."""
    common, own = maps(4, LENGTH, seed=100), maps(4, LENGTH, seed=own_seed)
    return Fixed(np.sqrt(share) * common + np.sqrt(1 - share) * own)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_members_agree_by_what_they_have_in_common(share):
    members = [linear(share, own_seed=seed) for seed in range(6)]
    result = stability(members, CODES, n_decoys=0)
    assert result.pearson.shape == (1, 6, 6, 50)
    for ranks in (False, True):
        found = result.between_members("saliency", ranks=ranks)
        # Weights of the same bases stand in all sequences, so that the interval is not of other weights.
        assert found.estimate == pytest.approx(share, abs=0.07)
        assert found.low <= found.estimate <= found.high
    assert result.filters is None


def test_methods_agree_where_they_must():
    model = linear(0, own_seed=1)
    methods = ("saliency", "gradient_times_input", "smooth_grad", "saturation_mutagenesis")
    result = stability(model, CODES, methods=methods)
    assert result.between_methods.shape == (1, 4, 4, 50)
    np.testing.assert_allclose(result.method_matrix[:3, :3], 1, atol=1e-4)  # a linear network has one gradient
    X = torch.nn.functional.one_hot(torch.from_numpy(CODES).long(), 4).mT.numpy()
    weights = model.weights.detach().numpy()
    plain = (weights * X).sum(1)
    centred = ((weights - weights.mean(0)) * X).sum(1)
    expected = np.mean([spearmanr(a, b).statistic for a, b in zip(plain, centred, strict=True)])
    assert result.method_matrix[0, 3] == pytest.approx(expected, abs=1e-4)
    assert np.isnan(result.between_members("saliency").estimate)
    summary = result.summary()
    assert summary["between_members"][0]["pearson"]["estimate"] is None
    json.dumps(summary, allow_nan=False)


def test_maps_are_of_positives_of_the_test_set():
    y = np.random.default_rng(2).integers(0, 2, size=50)
    split = np.where(np.arange(50) < 10, "train", "test")
    data = SequenceDataset.from_arrays(CODES, y, split=split)
    members = [linear(0.5, own_seed=seed) for seed in range(2)]
    assert set(stability(members, data, n_decoys=0).rows) == set(np.flatnonzero((y == 1) & (split == "test")))
    rows = stability(members, data, n_decoys=0, n_sequences=5).rows
    assert len(rows) == 5
    assert (y[rows] == 1).all()


def padded(motifs, window=20):
    """Matrices of one width, as filters have them."""
    pwms = np.full((len(motifs), 4, window), 0.25)
    for pwm, motif in zip(pwms, motifs, strict=True):
        pwm[:, 3 : 3 + motif.width] = motif.pwm
    return pwms


@pytest.fixture(scope="module")
def motifs():
    """Twenty that TomTom tells apart."""
    pool = [motif for motif in load_motifs("JASPAR2016-vertebrates") if 8 <= motif.width <= 14][:100]
    kept = []
    alike = tomtom(pool, pool).q_value <= 0.6
    for i, motif in enumerate(pool):
        if len(kept) < 20 and not alike[i, [pool.index(other) for other in kept]].any():
            kept.append(motif)
    return kept


def test_filters_are_shared_as_far_as_they_are_the_same(motifs):
    first = padded(motifs[:8])
    turned = padded([motif.reverse_complement() for motif in motifs[:4]])
    second = np.concatenate([turned, padded(motifs[8:20])])
    found = filter_agreement([first, second, first], n_decoys=5)
    np.testing.assert_allclose(np.diag(found.share), np.nan)
    assert found.share[0, 2] == found.share[2, 0] == 1
    assert found.share[0, 1] == 0.5  # 4 of 8
    assert found.share[1, 0] == 0.25  # 4 of 16
    assert found.observed == pytest.approx(np.mean([1, 1, 0.5, 0.5, 0.25, 0.25]))
    assert found.expected < 0.15
    assert found.p_value == pytest.approx(1 / 6)
    low, high = found.chance_interval
    assert low <= found.expected <= high
    assert found.n_filters.tolist() == [8, 16, 8]


def test_shares_are_those_of_tomtom(motifs):
    members = [padded(motifs[:8]), padded(motifs[4:13])]
    found = filter_agreement(members, q=0.5, n_decoys=3)
    queries, targets = (motifs_of_pwms(pwms, trim=True) for pwms in members)
    assert found.share[0, 1] == (tomtom(queries, targets).q_value <= 0.5).any(axis=1).mean()
    rng = np.random.default_rng(0).spawn(2)[1]
    for i in range(3):
        decoys, _ = decoy_motifs(targets, rng)
        assert found.chance[i, 0, 1] == (tomtom(queries, decoys).q_value <= 0.5).any(axis=1).mean()
    assert found.chance[:, 0, 1].min() > 0


def test_unrelated_filters_are_shared_as_by_chance(motifs):
    found = filter_agreement([padded(motifs[:10]), padded(motifs[10:])], n_decoys=20)
    assert found.p_value > 0.05


def test_dead_filters_do_not_count(motifs):
    first, dead = padded(motifs[:4]), np.full((3, 4, 20), 0.25)
    found = filter_agreement([np.concatenate([first, dead]), first, dead], n_decoys=2)
    assert found.n_filters.tolist() == [4, 4, 0]
    assert found.share[0, 1] == found.share[1, 0] == 1
    assert found.share[0, 2] == 0  # there is nothing to match
    assert np.isnan(found.share[2]).all()
    assert found.observed == pytest.approx(0.5)
    nothing = filter_agreement([dead, dead], n_decoys=2)
    assert np.isnan([nothing.observed, nothing.p_value]).all()


def test_seeds_reproduce(motifs):
    members = [padded(motifs[:10]), padded(motifs[5:15])]
    first, again, other = (filter_agreement(members, n_decoys=10, q=1, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.chance, again.chance)
    model = linear(0, own_seed=0)
    draws = [stability([model, model], CODES, n_sequences=10, n_decoys=0, seed=seed).rows for seed in (1, 1, 2)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
    assert other.chance.shape == first.chance.shape


def test_filters_of_networks_are_compared(motifs, task2):
    def network(chosen):
        kernels = np.zeros((len(chosen), 4, 19), dtype=np.float32)
        for row, motif in enumerate(chosen):
            kernels[row, :, 2 : 2 + motif.width] = motif.pwm - 0.25
        conv = nn.Conv1d(4, len(chosen), 19, padding=9, bias=False)
        conv.weight.data = torch.from_numpy(kernels)
        pool = nn.Sequential(nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten())
        return nn.Sequential(conv, pool, nn.Linear(len(chosen), 1))

    found = stability([network(motifs[:6]), network(motifs[:6])], task2, n_sequences=5, n_decoys=3).summary()
    assert found["filters"]["shared"] == 1
    assert found["filters"]["n_filters"] == [6, 6]
    assert found["filters"]["expected"] < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["salience"]}, "unknown attribution method 'salience'; did you mean saliency"),
        ({"n_sequences": 0}, "n_sequences of at least 1"),
        ({"n_decoys": -1}, "n_decoys of 0 or more"),
        ({"target": 1}, "target must be in 0 ... 0"),
        ({}, "with a convolution"),  # filters are compared unless one asks for none
    ],
)
def test_options_are_checked(options, message):
    models = [linear(0, own_seed=seed) for seed in range(2)]
    with pytest.raises(ValueError, match=message):
        stability(models, CODES, **options)


def test_models_and_data_are_checked():
    model = Detector(LENGTH)
    with pytest.raises(ValueError, match="at least one network"):
        stability([], CODES)
    with pytest.raises(ValueError, match="two models or two methods"):
        stability(model, CODES)
    negatives = SequenceDataset.from_arrays(CODES, np.zeros(50))
    with pytest.raises(ValueError, match="sequences with label 1"):
        stability([model, model], negatives)
    with pytest.raises(ValueError, match="no attributions by 'smooth_grad'"):
        stability([model, model], CODES, n_decoys=0).between_members("smooth_grad")


@pytest.mark.parametrize(
    ("options", "message"), [({"q": 0}, "q in"), ({"n_decoys": 0}, "n_decoys of at least 1"), ({}, "at least two")]
)
def test_agreement_of_filters_is_checked(motifs, options, message):
    members = [padded(motifs[:2])] * (2 if options else 1)
    with pytest.raises(ValueError, match=message):
        filter_agreement(members, **options)
