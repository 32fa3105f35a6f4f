"""Write the accuracy of verdicts from the records of patients: the packaged table and the page of the docs.

    python scripts/make_verdicts.py [FOLDER]

FOLDER holds the records, by default results/verdicts; `motiflens study run --preset verdicts --out results/verdicts`
makes them.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from motiflens.audits.verdicts import ACCURACY_FILE, VERDICT_QUESTIONS, Accuracy
from motiflens.basics.files import write_text
from motiflens.basics.stats import Interval
from motiflens.basics.store import Record, Store
from motiflens.study.verdicts import (
    CHOSEN,
    HELD_OUT,
    PATIENT_KINDS,
    diagnoses,
    is_patient_record,
    measured_accuracy,
    open_answers,
    why_wrong,
)

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "src" / "motiflens" / "resources" / ACCURACY_FILE
PAGE = ROOT / "docs" / "results" / "verdicts.md"


INTRODUCTION = """# How often verdicts are right

<!-- Made by scripts/make_verdicts.py from results/verdicts: do not edit. -->

An audit asks six questions and answers each by a rule: yes, in part, no, or cannot be said. A verdict is a diagnostic
test, so it has a sensitivity (share of right verdicts where the true answer is yes) and a specificity (where it is no).
They are measured on *patients*: small simulated data sets, each with the networks trained on it. Their true answers are
known by construction, or measured on what the audit does not see.

There are {n} patients. Thresholds were chosen on those of even seeds. The first table is of the {n_held} patients of
odd seeds. Intervals are Wilson's. "Cannot be said" counts as wrong, and "in part" as the side in the last column.
Nobody could answer {n_open} of the questions, and {n_right_open} of these got "cannot be said".
"""
COLUMNS = """
| Verdict | Sensitivity | Specificity | Patients with, without | In part counts as |
|---|---|---|---|---|"""
ANSWERS = """
Measured answers: *training*, of networks that ran their course, by whether the maps of each find the planted sites at
all (AUROC 0.6), for else it is a stray. *Composition* by the scores of the networks on validation sequences, beside
composition's. *Filters* by whether the maps of any network find the planted sites, for then a filter reads them; the
motif that is named must be the one that was planted. *Maps* by their AUROC at all planted sites (0.75). *Repeats* by
the correlation of the maps with those of a further initialisation that the audit does not see (0.7).

Thresholds were chosen on even seeds alone. These choices were made after errors of odd seeds had been seen: networks
that predict as by chance have no filter that matters; whether a patient is well trained is measured, not assumed, so
that one with a stray network counts as not finished; the data of the kind `parts` were made again, for its networks had
learned nothing. Seeds from 11 on were added to reach twenty patients whose networks agree. Peaks of Reb1, real data
with a known answer, showed that motifs must be put into sequences where positives have them, that matrices which are no
clear motif must not be put beside motifs, and that maps can be judged where composition predicts as well. It was looked
at which patients of both halves these rules would change before they were taken. The kind `centred` was made after
that, and the records of six patients, of which such matrices were part, were made again. Networks on a table of five
labels showed that of two networks the median hides a stray, and that one whose validation loss only rises must not
count as finished. Verdicts became those of one label, for which the records of the kind `three-labels` were made again.

`motiflens study run --preset verdicts` makes the records (with `--sequences genome.fa`, others, whose sites lie in real
sequences), and `motiflens study report results/verdicts` counts them.
Records hold all that the rules read, so a changed rule is measured again without training.
"""
KINDS = """## Patients

| Kind | What it is | Odd seeds | Even seeds | Right answers |
|---|---|---|---|---|"""
ERRORS = """## Errors

Every wrong verdict, of both halves.

| Patient | Verdict | True answer | Said | Why |
|---|---|---|---|---|"""


def accuracy_table(records: list[Record]) -> str:
    """The table that comes with the package: counts on patients of odd seeds."""
    lines = [
        f"# {len(records)} patients; those of odd seeds, by which no threshold was chosen",
        "# Made by: python scripts/make_verdicts.py, from results/verdicts",
        "\t".join(("key", *Accuracy._fields)),
    ]
    lines += ["\t".join((key, *map(str, one))) for key, one in measured_accuracy(records).items()]
    return "\n".join(lines) + "\n"


def page(records: list[Record]) -> str:
    """The page: accuracy in both halves, rules, every error, the patients."""
    n_open, n_right_open = open_answers(records)
    n_held = sum(record["seed"] % 2 == HELD_OUT for record in records)
    parts = [
        INTRODUCTION.format(n=len(records), n_held=n_held, n_open=n_open, n_right_open=n_right_open).rstrip(),
        COLUMNS,
        *(_row(key, one) for key, one in measured_accuracy(records).items()),
        "",
        "On the patients of even seeds, by which thresholds were chosen:",
        COLUMNS,
        *(_row(key, one) for key, one in measured_accuracy(records, parity=CHOSEN).items()),
        "",
        "## Rules",
        "",
    ]
    for one in VERDICT_QUESTIONS.values():
        parts += [f"**{one.question}** {one.rule}", ""]
        if one.rule_of_values:
            parts += [f"With real-valued labels: {one.rule_of_values}", ""]
    return "\n".join([*parts, *_errors(records), *_kinds(records), ANSWERS])


def _row(key: str, one: Accuracy) -> str:
    question = VERDICT_QUESTIONS[key]
    cells = [
        question.question,
        _rate(one.sensitivity, one.n_right_with, one.n_with),
        _rate(one.specificity, one.n_right_without, one.n_without),
        f"{one.n_with}, {one.n_without}",
        question.part_counts_as,
    ]
    return f"| {' | '.join(cells)} |"


def _rate(interval: Interval, n_right: int, n: int) -> str:
    if not n:
        return "no patient"
    return f"{interval.estimate:.2f} (95% CI {interval.low:.2f} to {interval.high:.2f}), {n_right} of {n}"


def _errors(records: list[Record]) -> Iterator[str]:
    wrong = [one for one in diagnoses(records) if not one.right]
    order = [*VERDICT_QUESTIONS]
    by_key = {record["key"]: record for record in records}
    yield ERRORS
    for one in sorted(wrong, key=lambda one: (one.seed % 2 == CHOSEN, order.index(one.key), one.patient)):
        half = "odd" if one.seed % 2 == HELD_OUT else "even"
        name, said = one.patient.partition("/")[2], one.said.replace("|", "/")
        why = why_wrong(one, by_key[one.patient])
        yield f"| {name} ({half}) | {one.key} | {one.answer} | {one.level}: {said} | {why} |"
    yield ""


def _kinds(records: list[Record]) -> Iterator[str]:
    yield KINDS
    for kind in PATIENT_KINDS.values():
        seeds = [record["seed"] for record in records if record["kind"] == kind.name]
        n_odd = sum(seed % 2 for seed in seeds)
        answers = ", ".join(f"{key} {answer}" for key, answer in kind.answers.items())
        yield f"| {kind.name} | {kind.about} | {n_odd} | {len(seeds) - n_odd} | {answers} |"


def main(folder: Path) -> None:
    """Write both."""
    records = [one for one in Store(folder).read()[0].values() if is_patient_record(one)]
    write_text(accuracy_table(records), TABLE)
    write_text(page(records), PAGE)
    sys.stdout.write(f"{len(records)} patients: {TABLE.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "results" / "verdicts")
