"""The engine against the plain module, trained alone by a plain loop."""

import pytest
import torch
from torch.nn import functional as F

from motiflens.engine import TrainedMember, new_network, stacked_logits, train_step
from motiflens.models import ARCHITECTURES, model_config
from motiflens.protocol import REFERENCE
from motiflens.sequence import one_hot

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
def test_a_stack_trains_as_each_member_alone(architecture, data):
    activation = "relu" if ARCHITECTURES.index(architecture) % 2 else "exponential"
    stack = [TrainedMember(small_network(architecture, activation, seed), REFERENCE, 0) for seed in (1, 2)]
    alone = small_network(architecture, activation, 2)
    optimizer = torch.optim.Adam(alone.parameters(), lr=1e-3, eps=REFERENCE.adam_eps)
    for codes, y in zip(*data, strict=True):
        stacked_loss = train_step(stack, codes, y)[1]
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(alone(one_hot(codes, torch.float64)), y)
        loss.backward()
        optimizer.step()
        assert abs(stacked_loss.item() - loss.item()) < 1e-10
    codes = data[0][0]
    logits = stacked_logits([member.network for member in stack], codes)[1]
    torch.testing.assert_close(logits, alone.eval()(one_hot(codes, torch.float64)), rtol=1e-8, atol=1e-8)


def test_a_diverged_member_leaves_the_others_untouched(data):
    codes, y = data[0][0], data[1][0]
    broken, good = (TrainedMember(small_network("C4C6-Att", "exponential", seed), REFERENCE, 0) for seed in (1, 2))
    alone = TrainedMember(small_network("C4C6-Att", "exponential", 2), REFERENCE, 0)
    with torch.no_grad():
        broken.flat[:] = torch.nan
    losses = train_step([broken, good], codes, y)
    expected = train_step([alone], codes, y)
    assert losses[0].isnan()
    torch.testing.assert_close(losses[1], expected[0])
    torch.testing.assert_close(good.flat, alone.flat)
    assert good.flat.isfinite().all()


def test_a_released_network_is_an_ordinary_one(data):
    member = TrainedMember(small_network("C24", "relu", 1), REFERENCE, 0)
    train_step([member], data[0][0], data[1][0])
    network = member.release()
    before = network.stem.first.conv.weight.clone()
    member.flat.data.zero_()
    assert torch.equal(network.stem.first.conv.weight, before)
    assert all(p.grad is None for p in network.parameters())
    assert not network.training


def test_frozen_parameters_stay(data):
    member = TrainedMember(small_network("C4-LSTM", "relu", 1), REFERENCE, 0)
    train_step([member], data[0][0], data[1][0])
    assert not any(p.any() for name, p in member.network.named_parameters() if "bias_hh" in name)
