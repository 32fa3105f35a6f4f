import pytest
import torch
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.models.hybrid import ARCHITECTURES, EXTRA_ARCHITECTURES, POSITIONAL_ENCODINGS, model_config
from motiflens.models.stacked import MaskLayout, MaskSource, StackedNetwork
from motiflens.training.loop_engine import new_network
from motiflens.training.protocol import REFERENCE

SEEDS, STEP = torch.tensor([3, 4, 5]), torch.tensor(0)


def networks(architecture, activations=("exponential", "exponential"), **changes):
    members = []
    for seed, activation in enumerate(activations, start=1):
        config = model_config(architecture, activation=activation, task=2, dropout=0.0, dense_dropout=0.0, **changes)
        members.append(new_network(config, REFERENCE, seed).double())
    for member in members:
        with torch.no_grad():
            member.stem.first.norm.weight[::3] *= -1
    return members


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        *((name, {}) for name in (*ARCHITECTURES, *EXTRA_ARCHITECTURES)),
        *((name, {"variant": "code"}) for name in ("C24-LSTM-Att", "C4-LSTM")),
        *(("C4-Att", {"positional_encoding": encoding}) for encoding in POSITIONAL_ENCODINGS),
        *(("C24-LSTM-Trans2", {"positional_encoding": encoding, "head": "mean"}) for encoding in POSITIONAL_ENCODINGS),
    ],
)
def test_logits_gradients_and_running_statistics_equal_the_plain_modules(architecture, changes):
    members = networks(architecture, ("relu", "exponential", "relu"), **changes)
    stack = StackedNetwork(members)
    codes = torch.randint(0, 5, (6, 200), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    y = torch.tensor([0.0, 1, 0, 1, 1, 0], dtype=torch.float64)[:, None]
    logits = stack.logits(codes, MaskSource(SEEDS, STEP))
    F.binary_cross_entropy_with_logits(logits, y.expand_as(logits), reduction="sum").backward()
    for i, member in enumerate(members):
        expected = member.train()(one_hot(codes, torch.float64))
        torch.testing.assert_close(logits[i], expected)
        F.binary_cross_entropy_with_logits(expected, y, reduction="sum").backward()
        for name, parameter in stack.parameters.items():
            torch.testing.assert_close(parameter.grad[i], member.get_parameter(name).grad, msg=lambda m, n=name: n + m)
        for name, buffer in stack.buffers.items():
            torch.testing.assert_close(buffer[i], member.get_buffer(name))
        torch.testing.assert_close(stack.logits(codes)[i], member.eval()(one_hot(codes, torch.float64)))
        torch.testing.assert_close(stack[i](one_hot(codes, torch.float64)), member(one_hot(codes, torch.float64)))


def test_members_can_leave_and_be_set():
    members = networks("C24-Att")
    stack = StackedNetwork([*members, members[0]])
    codes = torch.randint(0, 4, (3, 200)).to(torch.uint8)
    before = stack.logits(codes)
    stack.keep([1, 2])
    assert len(stack) == 2
    torch.testing.assert_close(stack.logits(codes), before[1:])
    stack.load_state_dict(0, members[0].state_dict())
    torch.testing.assert_close(stack.logits(codes)[0], before[0])
    assert stack.parameters["head.out.bias"].grad.data_ptr() != 0


def test_members_keep_their_own_activation():
    relu, exponential = networks("C24", ("relu", "exponential"))
    with torch.no_grad():  # exp overflows here: what ReLU members see must not touch the others' branch
        relu.stem.first.norm.bias[:] = 1000.0
    stack = StackedNetwork([exponential, relu, exponential])
    codes = torch.randint(0, 4, (3, 200)).to(torch.uint8)
    stack.logits(codes, MaskSource(SEEDS, STEP)).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in stack.parameters.values())
    stack.keep([1, 2])
    assert [network.config.activation for network in (stack[0], stack[1])] == ["relu", "exponential"]
    torch.testing.assert_close(stack.logits(codes)[1], stack[1](one_hot(codes, torch.float64)))


def test_only_the_activation_may_differ_within_a_stack():
    with pytest.raises(ValueError, match="got head='flatten' and head='mean'"):
        StackedNetwork([*networks("C24"), *networks("C24", head="mean")])


def test_masks_have_the_right_share_and_depend_on_member_step_and_draw_alone():
    like = torch.empty(3, 500, 301)
    source = MaskSource(torch.tensor([5, 6, 7]), torch.tensor(9))
    first, second = source.draw(like, 0.3), source.draw(like, 0.3)
    share = (first == 0).double().mean((1, 2))
    assert (share - 0.3).abs().max() < 5 * (0.3 * 0.7 / first[0].numel()) ** 0.5
    assert first.max().item() == pytest.approx(1 / 0.7, rel=1e-4)
    masks = [*first.unbind(), *second.unbind(), MaskSource(torch.tensor([5]), torch.tensor(10)).draw(like[:1], 0.3)[0]]
    n = masks[0].numel()
    for i, a in enumerate(masks):
        for b in masks[:i]:  # independent: they agree on a share .3^2 + .7^2
            agreement = ((a == 0) == (b == 0)).double().mean().item()
            assert abs(agreement - 0.58) < 5 * (0.58 * 0.42 / n) ** 0.5
    alone = MaskSource(torch.tensor([6]), torch.tensor(9)).draw(like[1:2], 0.3)
    assert torch.equal(alone[0], first[1])
    # Neighbours within a mask are independent too.
    flat = (first[0].flatten() == 0).double()
    for lag in (1, 2, 3, 4, 301):
        both = (flat[lag:] * flat[:-lag]).mean().item()
        assert abs(both - 0.09) < 6 * (0.09 * 0.91 / n) ** 0.5
    again = MaskSource(torch.tensor([5, 6, 7]), torch.tensor(9))
    assert torch.equal(again.draw(like, 0.3), first)


def test_masks_hashed_at_once_are_those_hashed_one_by_one():
    draws = [(torch.empty(2, 3, 5), 0.1), (torch.empty(2, 4), 0.5), (torch.empty(2, 1, dtype=torch.float64), 0.9)]
    seeds, step = torch.tensor([5, 6]), torch.tensor(9)
    one_by_one = MaskSource(seeds, step)
    expected = [one_by_one.draw(like, p) for like, p in draws]
    assert one_by_one.sizes == [15, 4, 1]
    at_once = MaskSource(seeds, step, MaskLayout(one_by_one.sizes, seeds.device))
    for (like, p), mask in zip(draws, expected, strict=True):
        assert torch.equal(at_once.draw(like, p), mask)
        assert mask.dtype == like.dtype
    with pytest.raises(ValueError, match="draw 1 is laid out for 16 values at most, got 40"):
        MaskSource(seeds, step, MaskLayout(one_by_one.sizes, seeds.device)).draw(torch.empty(2, 40), 0.1)
