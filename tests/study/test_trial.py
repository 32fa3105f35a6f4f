import pytest
from heard import records_into

from motiflens.models.ensemble import Member
from motiflens.study.driver import Finished
from motiflens.study.grid import Trial
from motiflens.study.grid.run_trial import run_trial
from motiflens.study.rounds import Rounds, TrialStopped
from motiflens.training.protocol import REFERENCE


def report(rounds, index, epoch):
    return rounds.completed_by(Member(index, 0, n_epochs=epoch))


def test_a_round_is_complete_when_the_last_member_has_reported():
    rounds = Rounds((0, 1, 2))
    for epoch in (1, 2):
        assert [report(rounds, i, epoch) for i in (0, 1, 2)] == [False, False, True]
    rounds.leave(Member(2, 0))
    assert [report(rounds, i, 3) for i in (0, 1)] == [False, True]


def test_members_that_go_on_an_epoch_apart_are_stacks_of_their_own():
    rounds = Rounds((0, 1, 2))
    # Members 0 and 1 are behind, as after a kill between their checkpoints, and train first.
    assert [report(rounds, i, 4) for i in (0, 1)] == [False, False]  # not known yet who trains beside them
    assert [report(rounds, i, 5) for i in (0, 1)] == [False, True]


def test_a_failed_member_delays_the_end_of_a_round_no_longer_than_an_epoch():
    rounds = Rounds((0, 1))
    assert [report(rounds, i, 1) for i in (0, 1)] == [False, True]
    assert not report(rounds, 0, 2)  # member 1 diverged and does not report
    rounds.leave(Member(1, 0))
    assert report(rounds, 0, 3)


def test_a_stopped_trial_goes_on_as_one_stack(tmp_path):
    trial = Trial(
        task=2,
        architecture="C24",
        activation="relu",
        members=(0, 1),
        protocol=REFERENCE.replace(max_epochs=3, batch_size=50),
        n_sequences=400,
    )
    epochs, records = [], []

    def hear(news):
        if isinstance(news, Finished):
            records.append(news.record)
        else:
            assert news.key == trial.key(news.member)
            epochs.append((news.member, news.n_epochs))

    def run(should_stop):
        run_trial(
            trial,
            on_news=hear,
            should_stop=should_stop,
            device="cpu",
            checkpoint_dir=tmp_path / "stopped",
        )

    with pytest.raises(TrialStopped):
        run(lambda: len(epochs) >= 2)
    assert epochs == [(0, 1), (1, 1)]
    assert records == []
    run(lambda: False)
    assert epochs == [(0, 1), (1, 1), (0, 2), (1, 2), (0, 3), (1, 3)]
    undisturbed = []
    run_trial(trial, on_news=records_into(undisturbed), device="cpu")
    for record, expected in zip(records, undisturbed, strict=True):
        assert record["history"] == expected["history"]
        assert record["metrics"] == expected["metrics"]
        assert record["filters"] == expected["filters"]
