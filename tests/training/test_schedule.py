import pytest
import torch

from motiflens.training.protocol import PAPER, REFERENCE, Protocol, get_protocol
from motiflens.training.schedule import Schedule


def run(protocol, metrics):
    schedule = Schedule(protocol)
    rates = []
    for metric in metrics:
        rates.append(schedule.learning_rate)
        schedule.update(metric)
        if schedule.finished:
            break
    return schedule, rates


def test_learning_rate_equals_pytorchs_scheduler():
    metrics = [0.5, 0.6, 0.60005, 0.6001, 0.60015, 0.60015, 0.7, *[0.7] * 9, 0.8, *[0.1] * 30]
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1e-3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode="max", factor=0.2, patience=3, threshold=1e-4, threshold_mode="abs", min_lr=1e-7
    )
    expected = []
    for metric in metrics:
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(metric)
    _, rates = run(REFERENCE.replace(early_stop_patience=None), metrics)
    assert rates == pytest.approx(expected)
    assert min(rates) == pytest.approx(1e-7)


def test_stops_after_ten_epochs_without_any_gain_and_knows_the_best():
    schedule, _ = run(REFERENCE, [0.5, 0.6, 0.6000001, *[0.6] * 50])
    assert (schedule.epoch, schedule.best_epoch) == (13, 3)


def test_the_papers_text_trains_all_epochs():
    schedule, _ = run(PAPER, [0.5] * 200)
    assert schedule.epoch == 100


def test_monitors_differ_between_text_and_code():
    assert (PAPER.monitor(12), PAPER.monitor(1)) == ("aupr", "auroc")
    assert (REFERENCE.monitor(12), REFERENCE.monitor(1)) == ("auroc", "auroc")
    assert PAPER.replace(objective="regression").monitor(12) == "pearson"


def test_a_changed_protocol_does_not_keep_the_name():
    assert REFERENCE.replace(max_epochs=3).name == "custom"
    assert get_protocol("paper") is PAPER


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: get_protocol("REFERENC"), "did you mean REFERENCE"),
        (lambda: Protocol(batch_size=1), "at least 2"),
        (lambda: Protocol(max_epochs=0), "at least 1"),
        (lambda: Protocol(learning_rate=0), "positive"),
        (lambda: Protocol(learning_rate=float("nan")), "positive, got nan"),
        (lambda: Protocol(early_stop_patience=0), "at least 1, or None to train all epochs, got 0"),
        (lambda: Protocol(decay_factor=5), "above 0 and at most 1, got 5"),
        (lambda: Protocol(min_learning_rate=0.01), "in 0 ... 0.001, the learning rate, got 0.01"),
        (lambda: Protocol(attention_entropy_weight=-0.1), "or positive and finite, got -0.1"),
        (lambda: Protocol(attention_entropy_weight=float("nan")), "or positive and finite, got nan"),
        (lambda: Protocol(objective="ranking"), "classification, regression, got 'ranking'"),
        (lambda: Protocol(positive_weight=0), "positive number or None, got 0"),
        (lambda: Protocol(positive_weight=float("inf")), "positive number or None, got inf"),
        (lambda: Protocol(positive_weight="equal"), "must be 'balanced', a positive number or None, got 'equal'"),
        (lambda: Protocol(positive_weight=2, objective="regression"), "leave it out of a regression"),
        (lambda: Protocol(initialisation="glorot"), "keras, he"),
        (lambda: Protocol(monitor_single_label="loss"), "auroc, aupr"),
    ],
)
def test_bad_numbers_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_of_equal_epochs_the_first_is_the_best():
    schedule = Schedule(REFERENCE)
    assert [schedule.update(metric) for metric in (0.5, 0.6, 0.6, 0.55)] == [True, True, False, False]
    assert (schedule.best_epoch, schedule.best_metric) == (2, 0.6)
