"""A verdict: a question, the rule that answers it, the answer with its numbers, and its accuracy."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from motiflens.audits.verdicts.accuracy import Accuracy
from motiflens.basics.tables import Table, Tabular, by_fields, paragraphs

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.evidence import Evidence

#: Every answer that there is.
YES, IN_PART, NO, CANNOT_BE_SAID = LEVELS = ("yes", "in part", "no", "cannot be said")

#: What is known about a candidate, as plain JSON values by the key of the verdict that reads them.
Facts = Mapping[str, Mapping[str, Any]]


@by_fields
class Ruling(NamedTuple):
    """The result of a rule for some facts."""

    level: str  # one of LEVELS
    answer: str  # one short line
    numbers: dict[str, Any]  # what stands behind it: by name, plain values; None for what is not known
    would_help: str = ""  # what would let it be said, where it cannot be; else what would make a no or in part a yes


class Question(NamedTuple):
    """A question of an audit: facts are collected from the evidence, and a rule uses these facts only."""

    key: str
    question: str
    rule: str
    part_counts_as: str  # YES or NO: the side that "in part" is on where accuracy is counted
    facts: "Callable[[Candidate, Evidence], dict[str, Any]]"
    judge: Callable[[Facts], Ruling]
    rule_of_values: str = ""  # the rule in the words of real-valued labels, where they differ

    def rule_for(self, *, is_binary: bool) -> str:
        """The rule, as text for the kind of labels of the data."""
        return self.rule if is_binary or not self.rule_of_values else self.rule_of_values


class Verdict(NamedTuple):
    """One answer about one candidate.

    Attributes
    ----------
    key : str
        A stable short name of the question: data, training, composition, filters, maps or repeats.
    question, rule : str
    candidate : str
    level : str
        One of `LEVELS`.
    answer : str
        The answer in one short line.
    numbers : dict
        The numbers behind the answer, by name.
    would_help : str
        What would allow an answer, or improve it; empty if there is nothing to do.
    accuracy : Accuracy or None
        Measured accuracy of this verdict; None if it was not measured.
    """

    key: str
    question: str
    rule: str
    candidate: str
    level: str
    answer: str
    numbers: dict[str, Any]
    would_help: str
    accuracy: Accuracy | None

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain values."""
        accuracy = None if self.accuracy is None else self.accuracy.to_dict()
        return {**self._asdict(), "accuracy": accuracy}


class Verdicts(Tabular, list[Verdict]):
    """The verdicts of an audit as a list that can be shown, question by question."""

    def _table(self) -> Table:
        columns: dict[str, list[Any]] = {
            "candidate": [verdict.candidate for verdict in self],
            "question": [verdict.question for verdict in self],
            "verdict": [verdict.level for verdict in self],
            "answer": [verdict.answer for verdict in self],
            "would help": [verdict.would_help for verdict in self],
            "rule": [verdict.rule for verdict in self],
        }
        names = dict.fromkeys(columns["candidate"])
        if len(names) < 2:
            del columns["candidate"]
        return Table(f"Verdicts on {', '.join(names) or 'nothing'}", columns)

    def __repr__(self) -> str:
        title = self._table().title
        several = title.count(",") > 0
        answers = [
            f"{f'{one.candidate}: ' if several else ''}{one.question} {one.level.capitalize()}. {one.answer}"
            for one in self
        ]
        return paragraphs(title, answers)
