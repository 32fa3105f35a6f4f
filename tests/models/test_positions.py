"""Positional encodings against their definitions, and what networks with and without them can see."""

import math

import pytest
import torch

from motiflens.models.hybrid import POSITIONAL_ENCODINGS, MultiHeadAttention, attention_entropy, model_config
from motiflens.models.hybrid.positions import by_distance, rotate, sinusoids
from motiflens.training.loop_engine import new_network
from motiflens.training.protocol import REFERENCE


def test_sinusoids_equal_their_definition():
    table = sinusoids(torch.empty(2, 6, 5, dtype=torch.float64))
    assert table.shape == (6, 5)
    for position in range(6):
        for channel in range(5):
            angle = position / 10_000 ** ((channel - channel % 2) / 5)
            expected = math.cos(angle) if channel % 2 else math.sin(angle)
            assert table[position, channel].item() == pytest.approx(expected, abs=1e-12)


def test_rotation_equals_multiplication_by_complex_numbers():
    x = torch.randn(3, 7, 6, dtype=torch.float64)
    frequencies = torch.tensor([10_000 ** (-2 * i / 6) for i in range(3)], dtype=torch.float64)
    angles = torch.outer(torch.arange(7, dtype=torch.float64), frequencies)
    turned = torch.complex(x[..., :3], x[..., 3:]) * torch.polar(torch.ones_like(angles), angles)
    torch.testing.assert_close(rotate(x), torch.cat([turned.real, turned.imag], dim=-1))


@pytest.mark.parametrize("encoding", POSITIONAL_ENCODINGS)
def test_every_encoding_works_in_half_precision(encoding):
    network = new_network(model_config("C4C6-Att", positional_encoding=encoding), REFERENCE, 0).eval()
    X = torch.eye(4)[torch.randint(4, (3, 200))].mT
    with torch.inference_mode():
        expected = network(X)
        found = network.to(torch.bfloat16)(X.bfloat16())
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, atol=0.1, rtol=0.1)


def test_rotary_scores_depend_on_the_distance_of_two_tokens_alone():
    attention = MultiHeadAttention(6, 12, 2, positional_encoding="rotary").double()
    same = torch.randn(6, dtype=torch.float64).expand(1, 9, 6)
    scores = attention.scores(same)[0]  # n_heads, T, T
    for distance in range(-8, 9):
        diagonal = scores.diagonal(distance, 1, 2)
        torch.testing.assert_close(diagonal, diagonal[:, :1].expand_as(diagonal))
    assert (scores[:, 0, 1:] - scores[:, 0, :-1]).abs().min() > 1e-6  # and they do depend on it


def test_rotary_scores_do_not_change_when_both_tokens_move():
    attention = MultiHeadAttention(6, 12, 2, positional_encoding="rotary").double()
    a, b = torch.randn(2, 6, dtype=torch.float64)
    scores = []
    for shift in (0, 4):
        tokens = torch.zeros(1, 9, 6, dtype=torch.float64)
        tokens[0, 1 + shift], tokens[0, 3 + shift] = a, b
        scores.append(attention.scores(tokens)[0, :, 1 + shift, 3 + shift])
    torch.testing.assert_close(scores[0], scores[1])


def test_a_relative_bias_is_laid_out_by_key_minus_query():
    bias = torch.arange(14.0).view(2, 7)  # heads, distances -3 .. 3
    table = by_distance(bias)
    for head in range(2):
        for query in range(4):
            for key in range(4):
                assert table[head, query, key] == bias[head, key - query + 3]


def test_a_relative_bias_shifts_the_scores_of_its_distance_and_no_other():
    attention = MultiHeadAttention(6, 12, 2, positional_encoding="relative", n_tokens=5)
    tokens = torch.randn(3, 5, 6)
    before = attention.scores(tokens)
    with torch.no_grad():
        attention.distance_bias.weight[1, 4 + 2] += 10.0  # head 1, the key two tokens after the query
    difference = attention.scores(tokens) - before
    expected = torch.zeros(2, 5, 5)
    expected[1] = torch.diag(torch.full((3,), 10.0), 2)
    torch.testing.assert_close(difference, expected.expand(3, 2, 5, 5), atol=1e-5, rtol=0)
    # The largest weight of a query is on the token two after it, where there is one.
    assert (attention.weights(tokens)[:, 1, :3].argmax(-1) == torch.arange(3) + 2).all()


def network(name, encoding):
    config = model_config(name, task=2, positional_encoding=encoding, head="mean", dropout=0.0, attention_width=48)
    built = new_network(config, REFERENCE, 1).double().eval()
    for table in (part for part in built.modules() if type(part).__name__ == "LearnedTable"):
        with torch.no_grad():  # as large as if it had learned something
            table.weight *= 50
    return built


@pytest.mark.parametrize("name", ["C4-Att", "C24-LSTM-Trans2"])
@pytest.mark.parametrize("encoding", POSITIONAL_ENCODINGS)
def test_without_an_encoding_a_mean_over_tokens_does_not_see_their_order(name, encoding):
    model = network(name, encoding)
    model.trunk.lstm = None  # which sees it
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randn(
        4, model.config.n_tokens, model.config.stem_or_lstm_width, generator=generator, dtype=torch.float64
    )
    order = torch.randperm(model.config.n_tokens, generator=generator)
    as_is, permuted = (model.head(model.trunk(part)) for part in (tokens, tokens[:, order]))
    change = (as_is - permuted).abs().max().item()
    assert change < 1e-12 if encoding == "none" else change > 1e-5


def test_learned_positions_are_added_to_the_tokens():
    model = network("C4-Att", "learned")
    tokens = torch.randn(2, 50, 24, dtype=torch.float64)
    plain = model.trunk.attention(tokens + model.trunk.positions.weight)
    torch.testing.assert_close(model.trunk(tokens), plain)
    torch.testing.assert_close(
        model.trunk.attention_weights(tokens)[0], model.trunk.attention.weights(tokens + model.trunk.positions.weight)
    )


@pytest.mark.parametrize(("encoding", "n_more"), [("learned", 50 * 24), ("relative", 8 * 99), ("rotary", 0)])
def test_tables_start_small_and_follow_the_members_seed(encoding, n_more):
    def parameters(seed, **changes):
        model = new_network(model_config("C4-Att", task=2, **changes), REFERENCE, seed)
        tables = [m.weight for m in model.modules() if type(m).__name__ == "LearnedTable"]
        return sum(p.numel() for p in model.parameters()), tables

    n_plain, none = parameters(1)
    n, tables = parameters(1, positional_encoding=encoding)
    assert (none, n - n_plain) == ([], n_more)
    for table, again, other in zip(
        tables, *(parameters(seed, positional_encoding=encoding)[1] for seed in (1, 2)), strict=True
    ):
        assert torch.equal(table, again)
        assert not torch.equal(table, other)
        assert table.std().item() == pytest.approx(0.02, rel=0.2)


def test_attention_entropy_of_known_rows():
    even, sharp = torch.full((2, 3, 4, 4), 0.25), torch.eye(4).expand(2, 3, 4, 4)
    assert attention_entropy([even]).item() == pytest.approx(1.0)
    assert attention_entropy([sharp]).item() == 0.0
    assert attention_entropy([even, sharp]).item() == pytest.approx(0.5)
    halves = torch.tensor([0.5, 0.5, 0.0, 0.0]).expand(2, 3, 4, 4)
    assert attention_entropy([halves]).item() == pytest.approx(math.log(2) / math.log(4))
    members = torch.stack([even, sharp, halves])  # a leading member axis stays
    torch.testing.assert_close(attention_entropy([members]), torch.tensor([1.0, 0.0, 0.5]))


def test_the_gradient_of_attention_entropy_is_finite_where_a_weight_vanishes():
    scores = torch.tensor([[0.0, -200.0, 1.0]]).expand(1, 1, 3, 3).clone().requires_grad_()  # exp(-200) is 0
    attention_entropy([scores.softmax(-1)]).backward()
    p = torch.tensor([0.0, 1.0], dtype=torch.float64).softmax(0)
    entropy = -(p * p.log()).sum()
    expected = (-p * (p.log() + entropy) / 3 / math.log(3)).float()
    torch.testing.assert_close(scores.grad[0, 0, 0], torch.stack([expected[0], torch.tensor(0.0), expected[1]]))


@pytest.mark.parametrize(
    ("weights", "message"), [([], "without attention"), ([torch.ones(2, 3, 1, 1)], "at least 2 tokens .*, got 1")]
)
def test_attention_entropy_says_what_it_needs(weights, message):
    with pytest.raises(ValueError, match=message):
        attention_entropy(weights)
