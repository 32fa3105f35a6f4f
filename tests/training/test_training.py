"""Strands, regression and class weights in whole fits."""

import numpy as np
import pytest
import torch

from motiflens.basics.metrics import classification_metrics, regression_metrics
from motiflens.basics.sequence import reverse_complement
from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import HybridConfig
from motiflens.models.outputs import model_outputs
from motiflens.models.saved import load_ensemble
from motiflens.training import ensemble
from motiflens.training.augmentation import (
    augmented,
    flipped,
    mutated,
    random_mutations,
    random_shifts,
    shifted,
    strand_flips,
)
from motiflens.training.folder import fit_to_folder
from motiflens.training.protocol import REFERENCE
from motiflens.training.stack import batch_order

SMALL = {"length": 60, "n_filters": 8, "kernel_size": 9, "first_pool": 10, "dense_width": 16, "activation": "relu"}
FAST = REFERENCE.replace(max_epochs=3, batch_size=50)
REGRESSION = FAST.replace(objective="regression")
ENGINES = ["loop", "stacked"]


def motif_counts(n=400, seed=0):
    """Sequences with 0 to 2 copies of a motif, and how many."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, 60), dtype=np.uint8)
    counts = rng.integers(0, 3, n)
    for copy, start in enumerate((5, 35)):
        codes[counts > copy, start : start + 8] = [0, 0, 1, 3, 2, 0, 0, 1]
    return codes, counts


@pytest.fixture(scope="module")
def data():
    codes, counts = motif_counts()
    y = np.c_[5000 + 40.0 * counts, 1e-3 * counts]
    return SequenceDataset.from_arrays(codes, y, split=["train"] * 280 + ["valid"] * 60 + ["test"] * 60)


@pytest.fixture(scope="module")
def config():
    return HybridConfig(**SMALL, n_outputs=2)


def weights(network):
    return torch.cat([v.flatten().double() for v in network.state_dict().values()])


# Strands


def test_half_of_the_sequences_are_read_from_the_other_strand_others_each_epoch():
    flips = torch.stack([strand_flips(2000, 7, epoch) for epoch in range(20)])
    assert flips.float().mean(1).sub(0.5).abs().max() < 0.06
    assert flips.float().mean(0).sub(0.5).abs().mean() == pytest.approx(
        0.088, abs=0.01
    )  # mean deviation of 20 coins, C(19, 9) / 2^20
    assert torch.equal(strand_flips(2000, 7, 3), flips[3])
    assert not torch.equal(strand_flips(2000, 8, 3), flips[3])
    first_half = batch_order(2000, 7, 3) < 1000
    assert abs(torch.corrcoef(torch.stack([first_half, flips[3]]).float())[0, 1]) < 0.1


def test_flipped_sequences_are_reverse_complements_with_unknown_bases():
    codes = np.random.default_rng(0).integers(0, 5, (6, 11), dtype=np.uint8)
    flips = torch.tensor([True, False, True, True, False, False])
    given = torch.from_numpy(codes.copy())
    expected = np.where(flips.numpy()[:, None], reverse_complement(codes), codes)
    assert np.array_equal(flipped(given, flips), expected)
    assert np.array_equal(given, codes)
    assert torch.equal(flipped(given, torch.zeros(6, dtype=torch.bool)), given)


def test_shifts_move_bases_and_leave_unknown_ones_behind():
    codes = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0], [4, 1, 1, 4]], dtype=torch.uint8)
    moved = shifted(codes, torch.tensor([1, -2, 0]))
    assert moved.tolist() == [[4, 0, 1, 2], [1, 0, 4, 4], [4, 1, 1, 4]]
    shifts = random_shifts(20_000, 3, data_seed=1, epoch=0)
    counts = torch.bincount(shifts + 3, minlength=7)
    assert len(counts) == 7
    assert (counts - 20_000 / 7).abs().max() < 5 * (20_000 / 7) ** 0.5
    assert not torch.equal(shifts, random_shifts(20_000, 3, data_seed=1, epoch=1))


def test_mutations_have_their_rate_and_no_favourite():
    steps = random_mutations(500, 400, 0.03, data_seed=2, epoch=5)
    assert steps.dtype == torch.uint8
    counts = torch.bincount(steps.flatten().long())
    assert counts[1:].sum() / steps.numel() == pytest.approx(0.03, abs=0.002)
    assert (counts[1:] - counts[1:].float().mean()).abs().max() < 5 * 2000**0.5
    codes = torch.tensor([[0, 3, 4, 2]], dtype=torch.uint8)
    assert mutated(codes, torch.tensor([[3, 3, 1, 0]], dtype=torch.uint8)).tolist() == [[3, 2, 4, 2]]


def test_an_augmentation_that_is_not_asked_for_changes_nothing():
    codes = torch.from_numpy(np.random.default_rng(0).integers(0, 5, (30, 20), dtype=np.uint8))
    assert augmented(codes, REFERENCE, 0, 0) is codes
    asked = REFERENCE.replace(reverse_complement=True, max_shift=2, mutation_rate=0.1)
    by_hand = flipped(codes, strand_flips(30, 7, 4))
    by_hand = shifted(by_hand, random_shifts(30, 2, 7, 4))
    by_hand = mutated(by_hand, random_mutations(30, 20, 0.1, 7, 4))
    assert torch.equal(augmented(codes, asked, 7, 4), by_hand)
    for wrong in ({"max_shift": -1}, {"mutation_rate": 1.0}, {"mutation_rate": -0.1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            REFERENCE.replace(**wrong)


@pytest.mark.parametrize("engine", ENGINES)
def test_shifts_and_mutations_change_what_is_learned_alike_for_all_members(engine, data, config):
    protocol = REGRESSION.replace(max_shift=4, mutation_rate=0.05, max_epochs=1, restore_best=False)
    options = {"seed": 5, "data_seed": 7, "engine": engine}
    first = ensemble.fit(config, data, 1, protocol=protocol, **options)
    codes = data.codes.copy()
    codes[:280] = augmented(torch.from_numpy(codes[:280]), protocol, 7, 0).numpy()
    by_hand = SequenceDataset(codes, data.y, data.label_names, data.split_codes)
    plain = protocol.replace(max_shift=0, mutation_rate=0.0)
    second = ensemble.fit(config, by_hand, 1, protocol=plain, **options)
    assert torch.equal(weights(first[0]), weights(second[0]))


@pytest.mark.parametrize("engine", ENGINES)
def test_flips_follow_the_data_seed_also_after_an_interruption(engine, data, config, tmp_path):
    """Trained on sequences flipped by hand, epoch by epoch, a member becomes the same."""
    protocol = REGRESSION.replace(reverse_complement=True)
    options = {"seed": 5, "data_seed": 7, "engine": engine}
    whole = ensemble.fit(config, data, 2, protocol=protocol, **options)
    alone = ensemble.fit(config, data, members=[1], protocol=protocol, **options)
    plain = ensemble.fit(config, data, 1, protocol=REGRESSION, **options)
    torch.testing.assert_close(weights(alone[0]), weights(whole[1]), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(weights(plain[0]), weights(whole[0]), rtol=1e-2)

    def interrupt(member):
        if member.n_epochs == 2 and member.index == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensemble.fit(config, data, 2, protocol=protocol, on_news=interrupt, checkpoint_dir=tmp_path, **options)
    resumed = ensemble.fit(config, data, 2, protocol=protocol, checkpoint_dir=tmp_path, **options)
    for i in range(2):
        torch.testing.assert_close(weights(resumed[i]), weights(whole[i]), rtol=1e-4, atol=1e-5)

    first = protocol.replace(max_epochs=1, restore_best=False)
    codes = data.codes.copy()
    flips = strand_flips(280, 7, 0).numpy()
    codes[:280][flips] = reverse_complement(codes[:280][flips])
    by_hand = SequenceDataset(codes, data.y, data.label_names, data.split_codes)
    a = ensemble.fit(config, data, 1, protocol=first, **options)
    b = ensemble.fit(config, by_hand, 1, protocol=first.replace(reverse_complement=False), **options)
    assert torch.equal(weights(a[0]), weights(b[0]))


def test_a_motif_learned_on_one_strand_is_found_on_the_other_after_augmentation():
    codes, counts = motif_counts(600)
    labels = (counts > 0).astype(float)
    data = SequenceDataset.from_arrays(codes, labels, split=["train"] * 400 + ["valid"] * 100 + ["test"] * 100)
    other_strand = reverse_complement(data.test.codes)
    found = []
    for turned in (False, True):
        protocol = REFERENCE.replace(max_epochs=15, batch_size=20, reverse_complement=turned)
        network = ensemble.fit(HybridConfig(**SMALL), data, 1, protocol=protocol)[0]
        found.append(classification_metrics(model_outputs(network, other_strand), data.test.y)["auroc"])
    assert found[0] < 0.75
    assert found[1] > 0.9


# Regression


@pytest.mark.parametrize("engine", ENGINES)
def test_a_regression_learns_and_predicts_in_the_unit_of_each_target(engine, data, config):
    protocol = REGRESSION.replace(max_epochs=25, batch_size=20)
    member = ensemble.fit(config, data, 1, protocol=protocol, engine=engine).members[0]
    outputs = model_outputs(member.network, data.test.codes).double().numpy()
    assert np.corrcoef(outputs[:, 0], data.test.y[:, 0])[0, 1] > 0.8
    np.testing.assert_allclose(outputs.mean(0), data.test.y.mean(0), rtol=0.3)
    r = [np.corrcoef(outputs[:, t], data.test.y[:, t])[0, 1] for t in range(2)]
    assert member.metrics["test_pearson"] == pytest.approx(np.mean(r), abs=1e-5)
    error = ((outputs - data.test.y) ** 2).mean()
    assert member.metrics["test_mean_squared_error"] == pytest.approx(error, rel=1e-6)
    assert error < 0.5 * ((data.test.y - data.train.y.mean(0)) ** 2).mean()
    assert set(member.metrics) == {
        f"{split}_{metric}" for split in ("valid", "test") for metric in ("pearson", "mean_squared_error")
    }
    # What steered training is the correlation of the network handed out, its loss that of standardised targets.
    best = member.best_epoch - 1
    assert member.best_epoch == 1 + int(np.argmax(member.history["valid_metric"]))
    assert member.history["valid_metric"][best] == pytest.approx(member.metrics["valid_pearson"], abs=1e-5)
    residual = (model_outputs(member.network, data.valid.codes).double().numpy() - data.valid.y) / data.train.y.std(0)
    assert member.history["valid_loss"][best] == pytest.approx((residual**2).mean(), rel=1e-3)


def test_the_unit_of_the_targets_changes_nothing_but_the_unit(config, data):
    scaled = SequenceDataset(data.codes, data.y * np.float32(4), data.label_names, data.split_codes)
    a, b = (ensemble.fit(config, each, 1, protocol=REGRESSION)[0] for each in (data, scaled))
    X = data.test.codes
    torch.testing.assert_close(model_outputs(b, X), 4 * model_outputs(a, X), rtol=1e-4, atol=1e-6)


def test_engines_agree_on_a_regression_without_dropout(data):
    config = HybridConfig(**SMALL, n_outputs=2, dropout=0.0, dense_dropout=0.0)
    protocol = REGRESSION.replace(reverse_complement=True)
    loop, stacked = (ensemble.fit(config, data, 2, protocol=protocol, engine=engine) for engine in ENGINES)
    for a, b in zip(loop.members, stacked.members, strict=True):
        for name in ("train_loss", "valid_loss", "valid_metric"):
            assert a.history[name] == pytest.approx(b.history[name], rel=1e-2)
        assert a.metrics == pytest.approx(b.metrics, rel=1e-2)


def test_a_regression_in_a_folder_is_read_back(data, config, tmp_path):
    fitted = fit_to_folder(tmp_path, config, data, 2, protocol=REGRESSION)
    again = load_ensemble(tmp_path)
    assert again.protocol == REGRESSION.to_dict()
    X = data.test.codes
    assert torch.equal(again.outputs(X), fitted.outputs(X))
    with pytest.raises(ValueError, match=r"protocol\.max_epochs was 3, now 9"):
        fit_to_folder(tmp_path, config, data, 2, protocol=REGRESSION.replace(max_epochs=9))
    with pytest.raises(ValueError, match="real values need a protocol with objective='regression'"):
        fit_to_folder(tmp_path, config, data, 2, protocol=FAST)


def test_regression_metrics_are_means_over_targets_and_leave_out_constant_ones_in_the_correlation():
    y = np.array([[1.0, 5.0, 0.0], [2.0, 5.0, 1.0], [4.0, 5.0, 5.0]])
    outputs = torch.tensor([[2.0, 4.0, 1.0], [3.0, 5.0, 1.0], [5.0, 6.0, 1.0]])
    found = regression_metrics(outputs, y)
    assert found["pearson"] == pytest.approx((1 + 0) / 2)
    assert found["mean_squared_error"] == pytest.approx((1 + 2 / 3 + (1 + 0 + 16) / 3) / 3)


# Class imbalance


@pytest.mark.parametrize("engine", ENGINES)
def test_balanced_weights_move_the_logits_of_rare_positives_to_the_middle(engine):
    """On sequences that say nothing, the best logit is log(w n1 / n0), 0 if balanced: the median network is near."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (600, 60), dtype=np.uint8)
    y = np.zeros(600)
    y[::10] = 1
    data = SequenceDataset.from_arrays(codes, y, split=["train"] * 500 + ["valid"] * 100)
    found = []
    for weight in (None, 3.0, "balanced"):
        course = {"max_epochs": 20, "learning_rate": 0.03, "decay_patience": 50, "early_stop_patience": None}
        protocol = FAST.replace(positive_weight=weight, restore_best=False, batch_size=100, **course)
        config = HybridConfig(**{**SMALL, "n_filters": 1, "dense_width": 2}, dropout=0.0)
        means = []
        for member in ensemble.fit(config, data, 8, protocol=protocol, engine=engine).members:
            logits = model_outputs(member.network, data.valid.codes).double().numpy()[:, 0]
            means.append(logits.mean())
            factor = {None: 1.0, 3.0: 3.0, "balanced": 9.0}[weight]
            positive = data.valid.y[:, 0]
            losses = factor * positive * np.logaddexp(0, -logits) + (1 - positive) * np.logaddexp(0, logits)
            assert member.history["valid_loss"][-1] == pytest.approx(losses.mean(), rel=1e-4)
        found.append(np.median(means))
    assert found == pytest.approx([np.log(1 / 9), np.log(3 / 9), 0], abs=0.5)
