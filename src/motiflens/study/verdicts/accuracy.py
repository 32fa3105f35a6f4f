"""How often verdicts are right: the rules of today on the facts that the records keep, beside the right answers."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from motiflens.audits.verdicts import CANNOT_BE_SAID, IN_PART, NO, VERDICT_QUESTIONS, YES, Accuracy, rulings
from motiflens.basics.store import Record
from motiflens.basics.tables import by_fields
from motiflens.interpret.spike_in import TRUSTED
from motiflens.study.verdicts.kinds import MEASURED, PATIENT_KINDS

CHOSEN, HELD_OUT = 0, 1  # parity of the seeds that thresholds were chosen on, and of those that accuracy is measured on


LEARNED = 0.6  # AUROC of maps at the planted sites; those of networks that learned nothing reach about 0.5
AGREES = 0.7  # correlation with the maps of a further initialisation: half of the variance


@by_fields
class JudgedVerdict(NamedTuple):
    """One verdict on one patient beside the right answer."""

    key: str
    kind: str
    patient: str  # key of the record
    seed: int
    answer: str  # the right one
    level: str
    said: str
    numbers: dict[str, Any]
    right: bool


def right_answers(record: Record) -> dict[str, str]:
    """Right answers by the key of the verdict, those that are measured as well.

    By what the audit does not see: "training", of networks that ran their course, by whether the maps of each find the
    planted sites at all, for else it is a stray; "composition" by the scores on validation sequences, beside the better
    one of composition; "filters" by whether the maps of any network find the sites, for then a filter reads them;
    "maps" by how well the maps of all of them do; "repeats" by the maps of a further initialisation.
    """
    answers = PATIENT_KINDS[record["kind"]].answers
    learned = {key: _is_so(key, record) for key, answer in answers.items() if answer == MEASURED}
    return answers | {key: YES if so else NO for key, so in learned.items()}


def _is_so(key: str, record: Record) -> bool:
    """What is measured of a patient."""
    maps, agreement = record["measured"]["map_auroc"], record["measured"]["agreement"]
    if key == "composition":
        scores = [max(one["valid_metric"]) for one in record["facts"]["training"]["networks"]]
        baselines = record["facts"]["composition"]["baselines"]
        return bool(scores) and bool(sum(scores) / len(scores) > max(own["score"] for own in baselines.values()))
    if key == "repeats":
        return agreement is not None and agreement >= AGREES
    if key == "training":
        return maps is not None and min(maps) >= LEARNED
    if key == "filters":
        return maps is not None and max(maps) >= LEARNED
    return maps is not None and bool(sum(maps) / len(maps) >= TRUSTED)


def diagnoses(records: Iterable[Record]) -> list[JudgedVerdict]:
    """Every verdict whose right answer is known, by today's rules.

    "In part" counts as the side that its rule names. A motif that is named must be one that was planted, where one was.
    "Cannot be said" is right only where nobody could say.
    """
    found = []
    for record in records:
        made = rulings(record["facts"])
        for key, answer in right_answers(record).items():
            level = made[key].level
            side = VERDICT_QUESTIONS[key].part_counts_as if level == IN_PART else level
            right = side == answer and (key != "filters" or answer != YES or _named_rightly(record, made[key].numbers))
            found.append(
                JudgedVerdict(
                    key, record["kind"], record["key"], record["seed"], answer, level, made[key].answer,
                    made[key].numbers, right,
                )
            )  # fmt: skip
    return found


def _named_rightly(record: Record, numbers: dict[str, Any]) -> bool:
    """Whether one of the motifs that are named was planted, or none was known and a new one is named."""
    families = numbers["families"]
    if not record["ids"]:
        return any(family["kind"] == "new" for family in families)
    return any(family["id"] in record["ids"] for family in families if family["kind"] == "known")


def measured_accuracy(records: Iterable[Record], *, parity: int = HELD_OUT) -> dict[str, Accuracy]:
    """Accuracy of each verdict by its key, on the patients whose seeds are odd, or even."""
    own = [one for one in diagnoses(records) if one.seed % 2 == parity]
    found = {}
    for key in VERDICT_QUESTIONS:
        sides = {answer: [one.right for one in own if (one.key, one.answer) == (key, answer)] for answer in (YES, NO)}
        found[key] = Accuracy(len(sides[YES]), sum(sides[YES]), len(sides[NO]), sum(sides[NO]))
    return found


def open_answers(records: Iterable[Record]) -> tuple[int, int]:
    """Questions that nobody could answer, and how many of them got "cannot be said"."""
    own = [one for one in diagnoses(records) if one.answer == CANNOT_BE_SAID]
    return len(own), sum(one.level == CANNOT_BE_SAID for one in own)
