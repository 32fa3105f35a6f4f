import pytest

from motiflens.study.grid import StudyConfig, TimeLeft, plan_trials
from motiflens.training.protocol import REFERENCE

CONFIG = StudyConfig(
    tasks=(2,), architectures=("C24",), n_members=2, protocol=REFERENCE.replace(max_epochs=10, early_stop_patience=None)
)


class Watch:
    now = 0.0

    def __call__(self):
        return self.now


def course(config=CONFIG):
    """Stacks of a study as lists of keys, its estimate, and its clock."""
    trials, watch = plan_trials(config), Watch()
    stacks = [[trial.key(member) for member in trial.members] for trial in trials]
    return stacks, TimeLeft(trials, config.protocol, watch), watch


def train(estimate, watch, keys, epochs, seconds):
    """A stack's epochs, each of so many seconds."""
    for epoch in epochs:
        watch.now += seconds
        for key in keys:
            estimate.epoch(key, epoch)


def test_nothing_is_known_before_an_epoch_could_be_measured():
    stacks, estimate, watch = course()
    assert estimate.seconds() is None
    train(estimate, watch, stacks[0], [1], 30.0)
    assert estimate.seconds() is None


def test_one_worker_needs_the_sum_of_all():
    (first, _), estimate, watch = course()
    train(estimate, watch, first, range(1, 6), 3.0)
    assert estimate.seconds() == pytest.approx((5 + 10) * 3.0)  # five epochs of this stack, ten of the other


def test_two_workers_share_the_stacks():
    stacks, estimate, watch = course()
    for epoch in range(1, 6):
        watch.now += 3.0
        for key in stacks[0] + stacks[1]:
            estimate.epoch(key, epoch)
    assert estimate.seconds() == pytest.approx(5 * 3.0)


def test_a_long_stack_at_the_end_counts_in_full():
    config = CONFIG.replace(activations=("relu",), n_members=3, stack_size=1)
    stacks, estimate, watch = course(config)
    for epoch in range(1, 11):
        watch.now += 2.0
        for (key,) in stacks[:2]:
            estimate.epoch(key, epoch)
    for (key,) in stacks[:2]:
        estimate.finish(key, 10)
    assert estimate.seconds() == pytest.approx(10 * 2.0)  # two workers, but one stack


def test_epochs_of_an_earlier_run_are_not_counted_as_speed():
    (first, _), estimate, watch = course()
    train(estimate, watch, first, range(6, 9), 3.0)  # resumed after five epochs
    assert estimate.seconds() == pytest.approx((2 + 10) * 3.0)


def test_members_that_left_a_stack_make_the_others_faster():
    (first, _), estimate, watch = course()
    train(estimate, watch, first, range(1, 5), 4.0)
    estimate.finish(first[0], 4)
    train(estimate, watch, first[1:], range(5, 21), 2.0)
    per_member = 2.0
    assert estimate._stack_of[first[1]].seconds_per_epoch == pytest.approx(per_member, rel=0.1)


def test_measured_speed_outranks_costs_and_scales_those_not_measured():
    config = CONFIG.replace(architectures=("C24", "C4C6"), activations=("relu",), n_members=1)
    stacks, estimate, watch = course(config)
    (slow,) = (keys for keys in stacks if "C4C6" in keys[0])  # of twice the cost of C24
    train(estimate, watch, slow, range(1, 11), 8.0)
    estimate.finish(slow[0], 10)
    assert estimate.seconds() == pytest.approx(10 * 4.0)


def test_finished_networks_tell_how_many_epochs_to_expect():
    config = CONFIG.replace(activations=("relu",), n_members=2, stack_size=1, protocol=REFERENCE)
    (first, _), estimate, watch = course(config)
    train(estimate, watch, first, range(1, 21), 1.0)
    assert estimate.seconds() == pytest.approx(40 + 60)  # of 100 epochs, 60 are expected at first
    estimate.finish(first[0], 20)
    assert estimate.seconds() == pytest.approx(20)
