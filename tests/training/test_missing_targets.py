"""Missing labels in training: the loss and its gradient are those of the labels that are there, by plain PyTorch."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import model_config, network_config
from motiflens.training.ensemble import fit
from motiflens.training.loop_engine import LoopEngine, new_network
from motiflens.training.losses import TargetScale, balanced_weight, cross_entropy, on_labelled, squared_error
from motiflens.training.plain_engine import PlainEngine
from motiflens.training.protocol import REFERENCE
from motiflens.training.stacked_engine import StackedEngine
from motiflens.training.suitability import check_fit, suited_protocol

NAN = float("nan")
WEIGHT = torch.tensor([3.0, 0.5], dtype=torch.float64)


def by_hand(kind, outputs, y):
    """Mean over the labelled entries alone: they are picked out before the loss is taken."""
    known = ~y.isnan()
    if kind == "regression":
        return F.mse_loss(outputs[known], y[known])
    weight = WEIGHT.expand_as(y)[known] if kind == "weighted" else None
    return F.binary_cross_entropy_with_logits(outputs[known], y[known], pos_weight=weight)


LOSSES = {
    "regression": squared_error,
    "classification": cross_entropy,
    "weighted": partial(cross_entropy, positive_weight=WEIGHT),
}


def batch(kind, n=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 4, (n, 200), generator=generator).to(torch.uint8)
    y = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    y = y if kind == "regression" else (y > 0).double()
    y[torch.rand(n, 2, generator=generator) < 0.4] = NAN
    y[0] = NAN  # a sequence without any label
    return codes, y


def network(seed):
    config = model_config("C4C6-Att", task=2, n_outputs=2, dropout=0.0, dense_dropout=0.0)
    return new_network(config, REFERENCE, seed).double()


@pytest.mark.parametrize("kind", LOSSES)
def test_the_loss_and_its_gradient(kind):
    _, y = batch(kind)
    outputs = torch.randn(3, *y.shape, dtype=torch.float64, requires_grad=True)
    losses = on_labelled(outputs, y.expand_as(outputs), loss=LOSSES[kind]).mean((1, 2))
    expected = torch.stack([by_hand(kind, one, y) for one in outputs])
    torch.testing.assert_close(losses, expected)
    found, wanted = (torch.autograd.grad(loss.sum(), outputs, retain_graph=True)[0] for loss in (losses, expected))
    torch.testing.assert_close(found, wanted)
    assert on_labelled(outputs[0], y, loss=LOSSES[kind], reduction="mean").item() == pytest.approx(expected[0].item())
    nothing = torch.full_like(y, NAN)
    loss = on_labelled(outputs[0], nothing, loss=LOSSES[kind], reduction="mean")
    assert loss.item() == 0
    assert not torch.autograd.grad(loss, outputs)[0].any()


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("engine", [LoopEngine, StackedEngine, PlainEngine])
def test_every_engine_steps_as_a_plain_loop_on_the_labels_that_are_there(engine, kind):
    loss = partial(on_labelled, loss=LOSSES[kind])
    stack = engine([network(seed) for seed in (1, 2)], REFERENCE, [1, 2], "float32", loss)
    alone = network(2)
    optimizer = torch.optim.Adam(alone.parameters(), lr=2e-3, eps=REFERENCE.adam_eps)
    for step in range(4):
        codes, y = batch(kind, seed=step)
        losses = stack.train_epoch(codes, y, torch.arange(len(y)), len(y), [1e-3, 2e-3])
        optimizer.zero_grad()
        expected = by_hand(kind, alone.train()(one_hot(codes, torch.float64)), y)
        expected.backward()
        optimizer.step()
        assert losses[1].item() == pytest.approx(expected.item(), rel=1e-9)
    for name, value in stack.weights(1).items():
        if name.endswith("num_batches_tracked"):  # the stack does not count
            continue
        torch.testing.assert_close(value, alone.state_dict()[name], rtol=1e-6, atol=1e-8, msg=name)


def test_scales_and_weights_are_those_of_the_labels_that_are_there():
    y = torch.tensor([[1.0, NAN], [3.0, 10.0], [NAN, 30.0], [8.0, 20.0]])
    scale = TargetScale.of(y)
    torch.testing.assert_close(scale.mean, torch.tensor([4.0, 20.0], dtype=torch.float64))
    expected = [np.std([1, 3, 8]), np.std([10, 30, 20])]
    torch.testing.assert_close(scale.deviation, torch.tensor(expected, dtype=torch.float64))
    assert torch.equal(scale.standardise(y).isnan(), y.isnan())
    classes = torch.tensor([[1.0, NAN], [0.0, 1.0], [0.0, 0.0], [NAN, 1.0]])
    assert balanced_weight(classes).tolist() == [2.0, 0.5]


def data(kind, n=120):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (n, 96), dtype=np.uint8)
    y = rng.normal(size=(n, 2)) if kind == "regression" else rng.integers(0, 2, (n, 2)).astype(float)
    y[rng.random((n, 2)) < 0.3] = np.nan
    y[:3] = np.nan
    return SequenceDataset.from_arrays(codes, y, split=["train"] * 80 + ["valid"] * 20 + ["test"] * 20)


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("architecture", ["C4C6-Att", "DanQ"])
def test_fits_of_data_with_missing_labels(kind, architecture):
    dataset = data(kind)
    small = {"n_filters": 8, "lstm_width": 4, "dense_width": 8, "kernel_size": 9, "pool": 8}
    sizes = small if architecture == "DanQ" else {"task": 2}
    config = network_config(architecture, length=96, n_outputs=2, **sizes)
    protocol = suited_protocol(REFERENCE.replace(max_epochs=2), dataset)
    assert protocol.objective == kind
    member = fit(config, dataset, n_members=1, protocol=protocol, seed=1, progress=False).members[0]
    assert member.status == "ok"
    assert np.isfinite(list(member.metrics.values())).all()
    assert np.isfinite(member.history["train_loss"]).all()
    # Sequences without any label change nothing: the same fit without them has the same weights.
    there = dataset.subset(~np.isnan(dataset.y).all(axis=1))
    again = fit(config, there, n_members=1, protocol=protocol, seed=1, progress=False).members[0]
    for name, value in member.network.state_dict().items():
        torch.testing.assert_close(value, again.network.state_dict()[name], rtol=0, atol=0, msg=name)


def test_a_split_without_any_label_is_named():
    dataset = data("classification")
    y = dataset.y.copy()
    y[80:100] = np.nan
    config = model_config("C4C6-Att", task=2, length=96, n_outputs=2)
    empty = SequenceDataset.from_arrays(dataset.codes, y, split=dataset.split)
    with pytest.raises(ValueError, match="the validation sequences have no label: all are missing"):
        check_fit(config, empty, suited_protocol(REFERENCE, empty))
    y[:, 1] = np.nan
    y += np.arange(120)[:, None]
    values = SequenceDataset.from_arrays(dataset.codes, y, split=dataset.split)
    with pytest.raises(ValueError, match="target 'label_1' is missing in all training sequences"):
        check_fit(config, values, suited_protocol(REFERENCE, values))
