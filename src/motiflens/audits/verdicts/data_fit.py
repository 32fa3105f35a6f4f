"""Are the data fit to tell? Leaks, contradictions, balance, size, and what composition alone gives away."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from motiflens.audits.evidence import GC_BASELINE, KMER_BASELINE, Evidence
from motiflens.audits.verdicts.verdict import IN_PART, NO, YES, Facts, Question, Ruling
from motiflens.data.label_summary import LabelSummary
from motiflens.data.summary import DataSummary

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate

LEAKED, FEW_LEAKED = 0.1, 0.02  # of validation and test sequences, with a near twin in an earlier split
CONTRADICTING, FEW_CONTRADICTING = 0.05, 0.01  # of all sequences
LEAST_TRAIN, MANY_TRAIN = 150, 300  # training sequences of the rarer class; of all for real values twice as many
LEAST_TEST, MANY_TEST = 20, 50
GIVEN_AWAY = 0.9  # test AUROC of composition alone, or correlation

_RULE = (
    f"No if {LEAKED:.0%} of the validation and test sequences have a near-duplicate in an earlier split, "
    f"{CONTRADICTING:.0%} of all sequences occur with contradicting labels, composition alone (GC content or 3-mers) "
    f"reaches a test AUROC of {GIVEN_AWAY:g}, or the rarer class has fewer than {LEAST_TRAIN} training or {LEAST_TEST} "
    f"test sequences. In part from {FEW_LEAKED:.0%} near-duplicates or {FEW_CONTRADICTING:.0%} contradictions, or "
    f"below {MANY_TRAIN} training or {MANY_TEST} test sequences. Else yes."
)
_RULE_OF_VALUES = (
    f"No if {LEAKED:.0%} of the validation and test sequences have a near-duplicate in an earlier split, composition "
    f"alone (GC content or 3-mers) reaches a test correlation of {GIVEN_AWAY:g}, or there are fewer than "
    f"{2 * LEAST_TRAIN} training or {2 * LEAST_TEST} test sequences. In part from {FEW_LEAKED:.0%} near-duplicates, or "
    f"below {2 * MANY_TRAIN} training or {2 * MANY_TEST} test sequences. Else yes."
)


def _facts(candidate: "Candidate", evidence: Evidence) -> dict[str, Any]:
    data, label = evidence.data, evidence.data.labels[evidence.target]
    measures = {name: evidence.of_target.get(name, {}) for name in (GC_BASELINE, KMER_BASELINE)}
    test_scores = {name: float(next(iter(own.values())).members[0]) for name, own in measures.items() if own}
    return {
        "kind": label.kind,
        "n_by_split": dict(data.n_by_split),
        "n_labelled": dict(label.n_by_split or data.n_by_split),
        "positives": None if label.positives is None else dict(label.positives),
        "negatives": None if label.negatives is None else dict(label.negatives),
        "n_near": data.n_near_across_splits,
        "n_same": data.n_across_splits,
        "n_overlapping": data.n_overlapping_across_splits,
        "n_contradicting": _contradicting(data, label) if label.kind == "binary" else 0,
        "gc_auroc_all": label.gc_auroc,
        "gc_correlation_all": label.gc_correlation,
        "composition_test": test_scores,
    }


def _contradicting(data: DataSummary, label: LabelSummary) -> int:
    """Sequences whose label another copy, or a near twin, contradicts; where labels are many, any of their labels."""
    if label.n_contradicting is not None:
        return label.n_contradicting
    return max(data.n_contradicting, data.contradictions["near_within"] + data.contradictions["near_across"])


def _judge(facts: Facts) -> Ruling:
    found = facts["data"]
    n_by_split, scale = found["n_by_split"], 1 if found["kind"] == "binary" else 2
    n_labelled = _labelled(found)
    n_later = n_by_split["valid"] + n_by_split["test"]
    leaked = max(found["n_near"], found["n_same"], found["n_overlapping"] or 0)
    composition = max(found["composition_test"].values(), default=float("nan"))
    numbers: dict[str, Any] = {
        "training sequences": n_labelled["train"],
        "test sequences": n_labelled["test"],
        "near-duplicates across splits": leaked,
        "share of near-duplicates": leaked / n_later if n_later else 0.0,
        "composition alone, test": None if composition != composition else composition,
    }
    if found["kind"] == "binary":
        numbers |= {
            "rarer class in training": _rarer(found, "train"),
            "rarer class in test": _rarer(found, "test"),
            "contradicting labels": found["n_contradicting"],
            "share of contradicting labels": found["n_contradicting"] / max(sum(n_by_split.values()), 1),
        }
    bad, doubtful = _faults(numbers, scale, found["kind"])
    if bad:
        return Ruling(NO, f"{_first_upper(bad[0][0])}", numbers, bad[0][1])
    if doubtful:
        return Ruling(IN_PART, f"{_first_upper(doubtful[0][0])}", numbers, doubtful[0][1])
    balance = "" if found["kind"] != "binary" else f", {numbers['rarer class in training']:,} of the rarer class"
    few = (
        f"{leaked:,} near-duplicate{'s' * (leaked != 1)} across splits"
        if leaked
        else "no near-duplicates across splits"
    )
    return Ruling(YES, f"{n_labelled['train']:,} training sequences{balance}; {few}", numbers)


def _labelled(found: Any) -> Mapping[str, int]:
    """Sequences that have the label, by split; all of them in facts that were kept without it."""
    return found.get("n_labelled") or found["n_by_split"]


def _rarer(found: Any, split: str) -> int:
    return int(min(found["positives"][split], found["negatives"][split]))


def _faults(numbers: dict[str, Any], scale: int, kind: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What is wrong and what mends it, in words: what rules out an answer, and what throws doubt on it."""
    bad, doubtful = [], []

    def note(value: float, limits: tuple[float, float], words: str, help: str) -> None:
        if value >= limits[0]:
            bad.append((words, help))
        elif value >= limits[1]:
            doubtful.append((words, help))

    if kind == "constant":
        bad.append(("the label is the same for all sequences", "Add sequences of the other class."))
    leaked, share = numbers["near-duplicates across splits"], numbers["share of near-duplicates"]
    note(
        share,
        (LEAKED, FEW_LEAKED),
        f"{leaked:,} near-duplicates across splits ({share:.0%} of validation and test)",
        "Split by chromosome or keep variants of one locus together: import with --valid, --test or --group.",
    )
    n, share = numbers.get("contradicting labels", 0), numbers.get("share of contradicting labels", 0.0)
    note(
        share,
        (CONTRADICTING, FEW_CONTRADICTING),
        f"{n:,} sequences ({share:.0%}) occur more than once, with different labels",
        "Take out sequences that occur with both labels.",
    )
    for split, least, many in (("training", LEAST_TRAIN, MANY_TRAIN), ("test", LEAST_TEST, MANY_TEST)):
        n = numbers.get(f"rarer class in {split}", numbers[f"{split} sequences"])
        of = " of the rarer class" if kind == "binary" else ""
        note(-n, (-scale * least, -scale * many), f"only {n:,} {split} sequences{of}", "More sequences would help.")
    composition = numbers["composition alone, test"]
    if composition is not None and composition >= GIVEN_AWAY:
        measure = "a test AUROC" if kind == "binary" else "a test correlation"
        help = "Use negatives of the same composition: --gc-matched or --shuffle of motiflens data bed makes them."
        if kind != "binary":
            help = "Judge networks by what they predict beyond composition."
        bad.append((f"composition alone reaches {measure} of {composition:.2f}", help))
    return bad, doubtful


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


DATA_FIT = Question("data", "Are the data fit to tell?", _RULE, NO, _facts, _judge, _RULE_OF_VALUES)
