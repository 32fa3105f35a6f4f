"""Named architectures at any length, and what is said of sizes that do not fit."""

import re

import pytest
import torch

from motiflens.models.hybrid import (
    ARCHITECTURES,
    HybridConfig,
    HybridNetwork,
    adapted_config,
    list_hybrids,
    model_config,
)
from motiflens.models.hybrid.sizes import MAX_ATTENDED_TOKENS, MAX_UNREAD, Pools, nearest_kernel, nearest_pools

LENGTHS = (50, 61, 71, 100, 147, 230, 400, 501, 1000)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_builds_and_runs_at_any_length(architecture):
    for length in LENGTHS:
        config = adapted_config(architecture, length=length, task=2, n_outputs=3)
        X = torch.zeros(2, 4, length)
        X[:, 1] = 1
        with torch.no_grad():
            assert HybridNetwork(config).eval()(X).shape == (2, 3)


def test_sizes_are_the_named_ones_wherever_they_fit():
    for name in list_hybrids():
        assert adapted_config(name, length=200) == model_config(name)
        for length in (240, 400, 500, 1000, 2000):
            assert adapted_config(name, length=length) == model_config(name, length=length)
    assert adapted_config("C24", length=500).n_tokens == 20


def test_at_every_length_little_is_unread_and_the_first_pool_stays_if_there_are_two():
    for name in ("C24", "C24-Att", "C4C6-Att", "C4-LSTM-Att", "C4-Att"):
        for length in range(8, 600):
            config = adapted_config(name, length=length)
            assert config.pools.unread(length) <= MAX_UNREAD * length
            assert config.n_tokens >= (2 if config.attention != "none" else 1)
            if length >= 50 and config.second_stage != "none":
                assert config.first_pool == 4
            if length >= 50:
                assert (config.kernel_size, config.second_kernel_size) == (19, 7)
    assert adapted_config("C4-Att", length=100_000).n_tokens <= MAX_ATTENDED_TOKENS
    assert adapted_config("C4C6-Att", length=100_000).first_pool == 4


def test_sizes_that_are_asked_for_stay():
    assert adapted_config("C24", length=71, first_pool=10, kernel_size=11).first_pool == 10
    with pytest.raises(ValueError, match="last 23 of 71 positions unread"):
        adapted_config("C24", length=71, first_pool=24)


def test_nearest_sizes_by_brute_force():
    for length in (30, 60, 71, 95):
        near = nearest_pools(length, Pools(24), attends=False)
        fitting = [p for p in range(1, length + 1) if length % p <= 0.1 * length]
        ratio = min(max(p / 24, 24 / p) for p in fitting)
        assert max(near.first / 24, 24 / near.first) == pytest.approx(ratio)
    assert [nearest_kernel(19, n) for n in (40, 19, 18, 1)] == [19, 19, 17, 1]
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        adapted_config("C24", length=0)


@pytest.mark.parametrize(
    ("fields", "message", "proposal"),
    [
        ({"length": 71}, "last 23 of 71 positions unread .*, more than 10%", {"first_pool": 23}),
        ({"length": 71}, "or crop the sequences to 48", {"length": 48}),
        ({"length": 60, "first_pool": 4, "second_stage": "conv"}, "first_pool is 4, second_pool 6", {"second_pool": 7}),
        ({"length": 20}, "leaves no position", {"first_pool": 20}),
        ({"length": 5000, "first_pool": 4, "attention": "attention"}, "1250 tokens .* too many", {"first_pool": 10}),
        ({"length": 14, "first_pool": 14}, "longer than its input of 14 positions", {"kernel_size": 13}),
        (
            {"length": 20, "first_pool": 4, "second_stage": "conv", "second_pool": 5},
            "second_kernel_size is 7, longer than its input of 5",
            {"second_kernel_size": 5},
        ),
    ],
)
def test_errors_propose_what_works(fields, message, proposal):
    with pytest.raises(ValueError, match=message) as error:
        HybridConfig(**fields)
    ((name, value),) = proposal.items()
    assert re.search(
        rf"\b{name}={value}\b" if name != "length" else rf"crop the sequences to {value}", str(error.value)
    )
    HybridConfig(**{**fields, **proposal})
