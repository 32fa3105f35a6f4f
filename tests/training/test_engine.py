"""The engines against the plain module, trained alone by a plain loop."""

import math
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.models.hybrid import ARCHITECTURES, POSITIONAL_ENCODINGS, model_config
from motiflens.training.loop_engine import LoopEngine, TrainedMember, new_network, train_step
from motiflens.training.losses import cross_entropy, squared_error
from motiflens.training.protocol import REFERENCE
from motiflens.training.stacked_engine import StackedEngine

N_STEPS, BATCH = 50, 10


@pytest.fixture(scope="module")
def data():
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 4, (BATCH * N_STEPS, 200), generator=generator).to(torch.uint8)
    y = torch.randint(0, 2, (BATCH * N_STEPS, 1), generator=generator).double()
    return codes.split(BATCH), y.split(BATCH)


def small_network(architecture, activation, seed, **changes):
    config = model_config(architecture, activation=activation, task=2, dropout=0.0, dense_dropout=0.0, **changes)
    network = new_network(config, REFERENCE, seed).double()
    with torch.no_grad():  # negative gains, for which the minimum is pooled
        network.stem.first.norm.weight[::3] *= -1
    return network


def entropy_by_hand(weights):
    """Mean entropy of the rows of all layers in nats, over log T."""
    rows = torch.cat([layer.flatten(0, 2) for layer in weights])
    return torch.distributions.Categorical(probs=rows, validate_args=False).entropy().mean() / math.log(rows.shape[1])


CASES = [
    *((architecture, "none", 0.0) for architecture in (*ARCHITECTURES, "C4-mean", "C4-Att-mean")),
    *(("C4C6-Att-mean", encoding, 0.3) for encoding in POSITIONAL_ENCODINGS),
    *(("C24-LSTM-Trans1", encoding, 0.0) for encoding in POSITIONAL_ENCODINGS[1:]),
    ("C24-LSTM-Trans2", "relative", 0.3),
]


@pytest.mark.parametrize("compiled", ["1", "0"], ids=["kernels", "no-kernels"])
@pytest.mark.parametrize(("architecture", "encoding", "entropy_weight"), CASES)
def test_both_engines_train_each_member_as_alone_in_a_plain_loop(
    architecture, encoding, entropy_weight, compiled, data, monkeypatch
):
    """Both activations in one stack, other learning rates per member, and one member leaving halfway, included."""
    monkeypatch.setenv("MOTIFLENS_KERNELS", compiled)
    protocol = REFERENCE.replace(attention_entropy_weight=entropy_weight)
    activations = ("relu", "exponential", "relu") if len(architecture) % 2 else ("exponential", "relu", "exponential")
    seeds, rates, follow = [1, 2, 3], [3e-3, 1e-3, 2e-3], 2

    def member(i):
        return small_network(architecture, activations[i], seeds[i], positional_encoding=encoding)

    engines = [kind([member(i) for i in range(3)], protocol, seeds) for kind in (LoopEngine, StackedEngine)]
    alone = member(follow)
    optimizer = torch.optim.Adam(alone.parameters(), lr=rates[follow], eps=REFERENCE.adam_eps)
    for step, (codes, y) in enumerate(zip(*data, strict=True)):
        if step == N_STEPS // 2:
            for engine in engines:
                engine.keep([0, 2])
            rates, follow = [3e-3, 2e-3], 1
        losses = [engine.train_epoch(codes, y, torch.arange(BATCH), BATCH, rates)[follow] for engine in engines]
        optimizer.zero_grad()
        tokens = alone.stem(one_hot(codes, torch.float64))
        loss = F.binary_cross_entropy_with_logits(alone.head(alone.trunk(tokens)), y)  # reported without the penalty
        weights = alone.trunk.attention_weights(tokens)
        penalty = entropy_weight * entropy_by_hand(weights) if entropy_weight else 0.0
        (loss + penalty).backward()
        optimizer.step()
        assert abs(losses[0].item() - loss.item()) < 1e-10
        assert abs(losses[1].item() - loss.item()) < 1e-10
    expected = alone.eval()(one_hot(codes, torch.float64))
    for engine in engines:
        torch.testing.assert_close(engine.logits(codes)[follow], expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("case", ["regression", "weighted"])
def test_both_engines_train_on_other_losses_as_a_plain_loop(case, data):
    """Two outputs; the loss by hand: squared error, or -(w y log p + (1 - y) log(1 - p))."""
    torch.manual_seed(0)
    targets = torch.randn(BATCH * N_STEPS, 2, dtype=torch.float64)
    weight = torch.tensor([7.0, 0.25], dtype=torch.float64)
    if case == "weighted":
        targets, loss = (targets > 0.5).double(), partial(cross_entropy, positive_weight=weight)
    else:
        loss = squared_error

    def by_hand(outputs, y):
        if case == "regression":
            return ((outputs - y) ** 2).mean()
        p = torch.sigmoid(outputs)
        return -(weight * y * p.log() + (1 - y) * (1 - p).log()).mean()

    engines = [
        kind(
            [small_network("C4C6-Att", "relu", seed, n_outputs=2) for seed in (1, 2)],
            REFERENCE,
            [1, 2],
            "float32",
            loss,
        )
        for kind in (LoopEngine, StackedEngine)
    ]
    alone = small_network("C4C6-Att", "relu", 2, n_outputs=2)
    optimizer = torch.optim.Adam(alone.parameters(), lr=2e-3, eps=REFERENCE.adam_eps)
    for codes, y in zip(data[0], targets.split(BATCH), strict=True):
        losses = [engine.train_epoch(codes, y, torch.arange(BATCH), BATCH, [1e-3, 2e-3])[1] for engine in engines]
        optimizer.zero_grad()
        expected = by_hand(alone.train()(one_hot(codes, torch.float64)), y)
        expected.backward()
        optimizer.step()
        assert abs(losses[0].item() - expected.item()) < 1e-10
        assert abs(losses[1].item() - expected.item()) < 1e-10


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


@pytest.mark.parametrize("kind", [LoopEngine, StackedEngine])
def test_members_of_one_stack_may_differ_in_their_activation_only(kind):
    networks = [small_network("C24-Att", "relu", 1), small_network("C24-Att", "exponential", 1, n_heads=4)]
    with pytest.raises(ValueError, match="got n_heads=8 and n_heads=4: train them apart"):
        kind(networks, REFERENCE, [1, 2])


def test_frozen_parameters_stay(data):
    member = TrainedMember(small_network("C4-LSTM", "relu", 1), REFERENCE, 0)
    train_step([member], data[0][0], data[1][0])
    assert not any(p.any() for name, p in member.network.named_parameters() if "bias_hh" in name)
