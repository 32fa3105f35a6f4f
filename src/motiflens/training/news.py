"""Reports on networks in training, which are sent between processes."""

from typing import NamedTuple

from motiflens.models.ensemble import Member


class News(NamedTuple):
    """A report: an epoch of one network, or the end of some work."""

    key: str  # of what is trained: a candidate, or a record
    member: int = -1  # number of the network; -1 for several
    n_epochs: int = 0
    valid_loss: float = float("nan")  # NaN where something is done, as below
    valid_metric: float = float("nan")
    status: str | None = None  # None after an epoch; else "ok" or "failed"

    @classmethod
    def of_epoch(cls, key: str, member: Member) -> "News":
        """The report that a member has trained an epoch."""
        loss, metric = (member.history[name][-1] for name in ("valid_loss", "valid_metric"))
        return cls(key, member.index, member.n_epochs, loss, metric)
