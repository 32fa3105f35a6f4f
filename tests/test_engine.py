"""The engines against the plain module, trained alone by a plain loop."""

import pytest
import torch
from torch.nn import functional as F

from motiflens.engine import LoopEngine, TrainedMember, new_network, train_step
from motiflens.models import ARCHITECTURES, model_config
from motiflens.protocol import REFERENCE
from motiflens.sequence import one_hot
from motiflens.stacked_engine import StackedEngine

N_STEPS, BATCH = 50, 10


@pytest.fixture(scope="module")
def data():
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 4, (BATCH * N_STEPS, 200), generator=generator).to(torch.uint8)
    y = torch.randint(0, 2, (BATCH * N_STEPS, 1), generator=generator).double()
    return codes.split(BATCH), y.split(BATCH)


def small_network(architecture, activation, seed):
    config = model_config(architecture, activation=activation, task=2, dropout=0.0, dense_dropout=0.0)
    network = new_network(config, REFERENCE, seed).double()
    with torch.no_grad():  # negative gains, for which the minimum is pooled
        network.stem.first.norm.weight[::3] *= -1
    return network


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_both_engines_train_each_member_as_alone_in_a_plain_loop(architecture, data):
    """Other learning rates per member, and one member leaving halfway, included."""
    activation = "relu" if ARCHITECTURES.index(architecture) % 2 else "exponential"
    seeds, rates, follow = [1, 2, 3], [3e-3, 1e-3, 2e-3], 2
    engines = [
        kind([small_network(architecture, activation, seed) for seed in seeds], REFERENCE, seeds)
        for kind in (LoopEngine, StackedEngine)
    ]
    alone = small_network(architecture, activation, seeds[follow])
    optimizer = torch.optim.Adam(alone.parameters(), lr=rates[follow], eps=REFERENCE.adam_eps)
    for step, (codes, y) in enumerate(zip(*data, strict=True)):
        if step == N_STEPS // 2:
            for engine in engines:
                engine.keep([0, 2])
            rates, follow = [3e-3, 2e-3], 1
        losses = [engine.train_epoch(codes, y, torch.arange(BATCH), BATCH, rates)[follow] for engine in engines]
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(alone(one_hot(codes, torch.float64)), y)
        loss.backward()
        optimizer.step()
        assert abs(losses[0].item() - loss.item()) < 1e-10
        assert abs(losses[1].item() - loss.item()) < 1e-10
    expected = alone.eval()(one_hot(codes, torch.float64))
    for engine in engines:
        torch.testing.assert_close(engine.logits(codes)[follow], expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("kind", [LoopEngine, StackedEngine])
def test_a_diverged_member_leaves_the_others_untouched(kind, data):
    codes, y = data[0][0], data[1][0]
    broken, good, same = (small_network("C4C6-Att", "exponential", seed) for seed in (1, 2, 2))
    with torch.no_grad():
        for parameter in broken.parameters():
            parameter[:] = torch.nan
    both, alone = kind([broken, good], REFERENCE, [0, 1]), kind([same], REFERENCE, [1])
    for _ in range(2):
        losses = both.train_epoch(codes, y, torch.arange(BATCH), BATCH, [1e-3] * 2)
        expected = alone.train_epoch(codes, y, torch.arange(BATCH), BATCH, [1e-3])
        assert losses[0].isnan()
        torch.testing.assert_close(losses[1], expected[0])


def test_frozen_parameters_stay(data):
    member = TrainedMember(small_network("C4-LSTM", "relu", 1), REFERENCE, 0)
    train_step([member], data[0][0], data[1][0])
    assert not any(p.any() for name, p in member.network.named_parameters() if "bias_hh" in name)
