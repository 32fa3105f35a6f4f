"""Long sequences: attention a block at a time, and passes of fewer sequences."""

import numpy as np
import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from motiflens.basics.sequence import one_hot
from motiflens.models.hybrid import MultiHeadAttention, build_model, model_config, with_kernels
from motiflens.models.hybrid.attention import MANY_TOKENS
from motiflens.models.outputs import batches, model_outputs
from motiflens.models.passes import MOST_POSITIONS, MOST_POSITIONS_WITH_GRADIENT, sequences_per_pass
from motiflens.models.stacked import MaskSource, StackedNetwork
from motiflens.training.loop_engine import new_network
from motiflens.training.protocol import REFERENCE


def kept_by(function):
    """Numbers that are kept for the gradient of what a function returns."""
    sizes = []
    with saved_tensors_hooks(lambda tensor: sizes.append(tensor.numel()) or tensor, lambda tensor: tensor):
        function()
    return sum(sizes)


@pytest.mark.parametrize("encoding", ["none", "rotary", "relative"])
@pytest.mark.parametrize("n_tokens", [MANY_TOKENS, MANY_TOKENS + 1, 203])
def test_attention_over_many_tokens_equals_the_plain_formula(n_tokens, encoding):
    """Where weights are asked for they are computed whole: that is the plain formula."""
    torch.manual_seed(0)
    attention = MultiHeadAttention(10, 24, 3, positional_encoding=encoding, n_tokens=n_tokens).double()
    tokens = torch.randn(2, n_tokens, 10, dtype=torch.float64, requires_grad=True)
    direction = torch.randn(2, n_tokens, 24, dtype=torch.float64)

    def value_and_gradients(*collected):
        output = attention(tokens, *collected)
        return [output.detach(), *torch.autograd.grad((output * direction).sum(), [tokens, *attention.parameters()])]

    for found, expected in zip(value_and_gradients(), value_and_gradients([]), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_the_gradient_of_attention_keeps_as_much_for_each_token_however_many_there_are():
    attention = MultiHeadAttention(8, 16, 2)
    few, many = (kept_by(lambda n=n: attention(torch.zeros(1, n, 8, requires_grad=True))) for n in (500, 1000))
    plain = kept_by(lambda: attention(torch.zeros(1, 1000, 8, requires_grad=True), []))
    assert many < 2.01 * few
    assert plain > 10 * many


@pytest.mark.parametrize("architecture", ["C4C6-Att", "C24-LSTM-Trans1"])
def test_a_stack_with_many_tokens_equals_the_plain_modules(architecture):
    config = model_config(architecture, task=2, length=1800, dropout=0.0, dense_dropout=0.0)
    assert config.n_tokens > MANY_TOKENS
    members = [new_network(config, REFERENCE, seed).double() for seed in (1, 2)]
    codes = torch.randint(0, 4, (3, 1800), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    stack = StackedNetwork(members)
    logits = stack.logits(codes, MaskSource(torch.tensor([1, 2]), torch.tensor(0)))
    logits.sum().backward()
    for i, member in enumerate(members):
        expected = member.train()(one_hot(codes, torch.float64))
        torch.testing.assert_close(logits[i], expected)
        expected.sum().backward()
        for name, parameter in stack.parameters.items():
            torch.testing.assert_close(parameter.grad[i], member.get_parameter(name).grad, msg=lambda m, n=name: n + m)


def test_kernels_are_taken_for_a_while():
    torch.manual_seed(0)
    network = build_model("C4C6-LSTM-Trans1", task=2).double().eval()
    pools = torch.randn(3, network.config.n_filters, 50, dtype=torch.float64)
    network.trunk.lstm.fused = True  # as the engine that trained it has left it
    expected, before = network.from_first_pool(pools), [dict(vars(module)) for module in network.modules()]
    with with_kernels(network):
        assert network.trunk.layers[0].attention.fused
        assert network.head.dense.precision == "float32"
        torch.testing.assert_close(network.from_first_pool(pools), expected)
    assert [dict(vars(module)) for module in network.modules()] == before


def test_passes_hold_fewer_sequences_the_longer_they_are():
    assert sequences_per_pass(500, 200) == 500
    assert sequences_per_pass(500, 1000) == 500
    assert sequences_per_pass(256, 1000, MOST_POSITIONS_WITH_GRADIENT) == 256
    assert sequences_per_pass(500, 100_000) == MOST_POSITIONS // 100_000
    assert sequences_per_pass(500, 10**9) == 1
    codes = np.zeros((120, 10_000), np.uint8)
    sizes = [len(batch) for batch in batches(codes, 500, torch.device("cpu"))]
    assert sum(sizes) == 120
    assert max(sizes) == MOST_POSITIONS // 10_000


def test_outputs_do_not_depend_on_how_many_sequences_go_through_at_once():
    config = model_config("C4C6-Att", task=2, length=1800)
    network = new_network(config, REFERENCE, 0).double().eval()
    codes = np.random.default_rng(0).integers(0, 4, (5, 1800), dtype=np.uint8)
    whole = model_outputs(network, codes)
    torch.testing.assert_close(model_outputs(network, codes, batch_size=2), whole)
    torch.testing.assert_close(network(one_hot(codes, torch.float64)), whole)
