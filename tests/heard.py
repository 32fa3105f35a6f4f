"""Listeners for the news of a fit."""

from motiflens.study.driver import Finished


def epochs_into(epochs, of=lambda member: member):
    """Keeps what is told after epochs, not at a member's end."""
    return lambda member: epochs.append(of(member)) if member.status == "training" else None


def ended_into(ended):
    """Keeps members that have finished or failed."""
    return lambda member: ended.append(member) if member.status != "training" else None


def records_into(records):
    """Keeps the records of a trial."""
    return lambda news: records.append(news.record) if isinstance(news, Finished) else None
