"""How long a study will still take, estimated from its own course so far."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from motiflens.study.grid.grid import cost
from motiflens.study.grid.trial import Trial
from motiflens.training.protocol import Protocol

_EXPECTED_SHARE = 0.6  # of the epochs that a protocol with early stopping allows, until the run itself tells better


class TimeLeft:
    """Takes news of epochs and finished networks, and estimates the time left.

    The work left of a stack is the epochs left of its members, each as long as those of the stack itself took, or of
    others of its task, architecture and size, or as its cost lets expect by the speed of what was measured. Stacks are
    then laid out on as many workers as have been seen to work at once, in the order of the plan: a long stack at the
    end counts in full.

    Parameters
    ----------
    trials : sequence of Trial
        What is to be done, in order.
    protocol : Protocol
        Says how many epochs to expect before any network has finished.
    clock : callable
        Seconds, from any start.
    """

    def __init__(self, trials: Sequence[Trial], protocol: Protocol, clock: Callable[[], float]) -> None:
        self.stacks = [_Stack(trial) for trial in trials]
        self.clock = clock
        self._stack_of = {key: stack for stack in self.stacks for key in stack.keys}
        early_stopping = protocol.early_stop_patience is not None
        self._prior = protocol.max_epochs * (_EXPECTED_SHARE if early_stopping else 1.0)
        self._n_workers = 1

    def epoch(self, key: str, n_epochs: int) -> None:
        """Take the news that a network has finished an epoch."""
        self._stack_of[key].epoch(key, n_epochs, self.clock())
        self._n_workers = max(self._n_workers, sum(stack.is_running for stack in self.stacks))

    def finish(self, key: str, n_epochs: int) -> None:
        """Take the news that a network is done."""
        stack = self._stack_of[key]
        stack.epochs[key] = n_epochs
        stack.finished.add(key)

    def seconds(self) -> float | None:
        """Seconds until everything is done; None before any stack has trained two epochs."""
        speeds = [(stack, stack.seconds_per_epoch) for stack in self.stacks]
        measured = [(stack, seconds) for stack, seconds in speeds if seconds is not None]
        if not measured:
            return None
        seconds_per_cost = sum(s for _, s in measured) / sum(stack.cost for stack, _ in measured)
        ends = [0.0] * self._n_workers
        for stack in sorted(self.stacks, key=lambda stack: not stack.is_running):
            own = stack.seconds_per_epoch
            if own is None:
                alike = [seconds for other, seconds in measured if other.kind[:-1] == stack.kind[:-1]]
                own = fmean(alike) if alike else stack.cost * seconds_per_cost
            heapq.heapreplace(ends, ends[0] + stack.epochs_left(self._expected_epochs(stack)) * own)
        return max(ends)

    def _expected_epochs(self, stack: "_Stack") -> float:
        """Mean over the finished networks of the stack's configuration, or else of all."""
        alike = _finished_epochs(other for other in self.stacks if other.kind == stack.kind)
        epochs = alike or _finished_epochs(self.stacks)
        return fmean(epochs) if epochs else self._prior


class _Stack:
    """What is known of the members that train together."""

    def __init__(self, trial: Trial) -> None:
        self.kind = (trial.task, trial.architecture, trial.n_filters, trial.activation)
        self.keys = [trial.key(member) for member in trial.members]
        self.cost = cost(trial)
        self.epochs: dict[str, int] = {}
        self.finished: set[str] = set()
        self._first_report: float | None = None
        self._this_round: set[str] = set()
        self._n_reports = 0  # in rounds that are over
        self.seconds_per_epoch: float | None = None  # of one member

    @property
    def is_running(self) -> bool:
        return bool(self.epochs) and len(self.finished) < len(self.keys)

    def epoch(self, key: str, n_epochs: int, now: float) -> None:
        self.epochs[key] = n_epochs
        if self._first_report is None:
            self._first_report = now
        # Members report together. The rounds from the second on took the time since the first; how many reports this
        # one will have is not known yet, so that the first, of about as many, is counted in its place.
        if key in self._this_round:
            self._n_reports += len(self._this_round)
            self._this_round = set()
            self.seconds_per_epoch = (now - self._first_report) / self._n_reports
        self._this_round.add(key)

    def epochs_left(self, expected: float) -> float:
        unfinished = (key for key in self.keys if key not in self.finished)
        return sum(max(expected - self.epochs.get(key, 0), 1.0) for key in unfinished)


def _finished_epochs(stacks: Iterable[_Stack]) -> list[int]:
    return [stack.epochs[key] for stack in stacks for key in stack.finished]
