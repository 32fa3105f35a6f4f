"""When a stack of networks that train together may be stopped."""

from motiflens.models.ensemble import Member


class TrialStopped(Exception):
    """A trial ended before its members had finished, because it was asked to."""


class Rounds:
    """Tells when all members of a stack have reported an epoch: to stop before would leave them an epoch apart."""

    def __init__(self, members: tuple[int, ...]) -> None:
        self.left = list(members)
        self.epochs: dict[int, int] = {}  # reported last, by member

    def completed_by(self, member: Member) -> bool:
        """Take a member's report; whether it was the last that was due, as far as that can be known."""
        is_first = member.index not in self.epochs  # then it is not known who trains beside it
        self.epochs[member.index] = member.n_epochs
        if member.index == self.left[-1]:
            return True
        behind = any(self.epochs.get(i) == member.n_epochs - 1 for i in self.left)
        return not is_first and not behind

    def leave(self, member: Member) -> None:
        """Take note that a member has finished."""
        self.left.remove(member.index)
