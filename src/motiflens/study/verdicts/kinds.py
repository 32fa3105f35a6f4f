"""Patients: data and networks whose true answer to a verdict's question is known by construction.

A kind says how its data are made and its networks trained, and what the right answers are. Some are measured, for they
depend on what was learned, by what the audit does not see: the sites that the simulation placed, which maps should
point at; validation sequences; a further initialisation.
"""

from dataclasses import dataclass, field
from typing import Any

from motiflens.audits.verdicts import CANNOT_BE_SAID, NO, YES

MEASURED = "measured"


@dataclass(frozen=True, kw_only=True)
class PatientKind:
    """One kind of patient.

    Attributes
    ----------
    name : str
    about : str
        What it is, in words.
    answers : dict of str to str
        Right answers by the key of the verdict: "yes", "no", "cannot be said", or "measured"; those of other verdicts
        are not known.
    labels : str
        What tells the labels: "motifs", "gc", "3-mers", "nothing" (labels are permuted) or "activity" (real values).
    placed : str
        Where positives have sites: "anywhere", or one "centre", as in windows around the summits of peaks.
    negatives : str
        Background of simulated data: "uniform", or "dinucleotides", shuffles of the positives.
    fault : str
        "duplicates" across splits, or "contradictions" among labels; "" for none.
    n_train : int
    n_factors, n_labels : int
    known : bool
        Whether the database holds the motifs.
    activation : str
    architectures : tuple of str
        Taken in turn by the seed.
    protocol : dict
        Changes of the reference protocol.
    trained : bool
        Otherwise weights are random.
    n_networks : int
        That the audit sees.
    """

    name: str
    about: str
    answers: dict[str, str]
    labels: str = "motifs"
    placed: str = "anywhere"
    negatives: str = "uniform"
    fault: str = ""
    n_train: int = 1000
    n_factors: int = 2
    n_labels: int = 1
    known: bool = True
    activation: str = "exponential"
    architectures: tuple[str, ...] = ("C24", "C4C6", "C4C6-Att")
    protocol: dict[str, Any] = field(default_factory=dict)
    trained: bool = True
    n_networks: int = 2


_WELL = {"data": YES} | dict.fromkeys(("training", "composition", "filters", "maps", "repeats"), MEASURED)
_NOTHING_LEARNED = {"composition": NO, "filters": NO, "maps": MEASURED, "repeats": MEASURED}
_COMPOSITION = {"data": NO, "training": YES, "composition": NO, "filters": NO, "maps": NO}
# Networks with pools cannot count words: they neither learn these labels nor end well.
_WORDS = {key: answer for key, answer in _COMPOSITION.items() if key != "training"}
_EPOCHS = {"early_stop_patience": None}

PATIENT_KINDS = {
    kind.name: kind
    for kind in (
        PatientKind(name="well-uniform", about="well trained; uniform background", answers=_WELL),
        PatientKind(
            name="well-dinucleotides",
            about="well trained; negatives are dinucleotide shuffles of the positives",
            answers=_WELL,
            negatives="dinucleotides",
        ),
        PatientKind(
            name="one-factor", about="one factor among 24 filters", answers=_WELL, n_factors=1,
            negatives="dinucleotides",
        ),
        PatientKind(
            name="unknown-motif", about="motifs that the database lacks", answers=_WELL, known=False, n_factors=1,
            negatives="dinucleotides",
        ),
        PatientKind(
            name="parts", about="motifs learned in parts: ReLU and small pools", answers=_WELL, activation="relu",
            architectures=("C4C6", "C4C6-Att"), n_factors=1, n_train=2000, negatives="dinucleotides",
        ),
        PatientKind(
            name="centred", about="one site in the middle of each positive, as in windows around summits",
            answers=_WELL, placed="centre", n_factors=1, negatives="dinucleotides",
        ),
        PatientKind(
            name="one-network", about="well trained, a single network", n_networks=1,
            answers=_WELL | {"repeats": CANNOT_BE_SAID},
        ),
        PatientKind(name="activity", about="regression on the number of sites", answers=_WELL, labels="activity",
            n_factors=1, n_train=1500),
        PatientKind(
            name="three-labels", about="three labels, a factor each", answers=_WELL, n_labels=3, n_factors=3,
            n_train=2000, architectures=("C24",),
        ),
        PatientKind(name="train-2000", about="2,000 training sequences", answers=_WELL, n_train=2000),
        PatientKind(
            name="train-200", about="200 training sequences",
            answers={"data": NO, "repeats": MEASURED, "maps": MEASURED},
            n_train=200,
        ),
        PatientKind(
            name="epochs-3", about="stopped after 3 epochs", answers={"data": YES, "training": NO, "maps": MEASURED,
            "repeats": MEASURED}, protocol={"max_epochs": 3},
        ),
        PatientKind(
            name="epochs-10", about="stopped after 10 epochs at a low rate, while it improves",
            answers={"data": YES, "training": NO, "maps": MEASURED, "repeats": MEASURED},
            protocol={"max_epochs": 10, "learning_rate": 3e-4},
        ),
        PatientKind(
            name="overfitted", about="200 training sequences, 60 epochs, last weights kept",
            answers={"data": NO, "training": NO, "maps": MEASURED, "repeats": MEASURED}, n_train=200,
            protocol={"max_epochs": 60, "restore_best": False, **_EPOCHS}, architectures=("C24", "C4C6"),
        ),
        PatientKind(
            name="activity-epochs-4", about="regression stopped after 4 epochs", labels="activity", n_factors=1,
            n_train=1500,
            answers={"data": YES, "training": NO, "maps": MEASURED, "repeats": MEASURED}, protocol={"max_epochs": 4},
        ),
        PatientKind(
            name="random-weights", about="weights as they were drawn", trained=False,
            answers={"data": YES, "training": CANNOT_BE_SAID, **_NOTHING_LEARNED},
        ),
        PatientKind(
            name="permuted", about="trained on permuted labels", labels="nothing", answers=_NOTHING_LEARNED,
            protocol={"max_epochs": 20},
        ),
        PatientKind(name="gc", about="only GC content tells the label", labels="gc", answers=_COMPOSITION),
        PatientKind(name="3-mers", about="only 3-mers tell the label", labels="3-mers", answers=_WORDS),
        PatientKind(
            name="duplicates", about="a third of validation and test are near-duplicates of training sequences",
            fault="duplicates", answers={"data": NO, "training": YES, "maps": MEASURED, "repeats": MEASURED},
        ),
        PatientKind(
            name="contradictions", about="a tenth of the sequences occur with both labels", fault="contradictions",
            answers={"data": NO, "training": YES, "maps": MEASURED, "repeats": MEASURED},
        ),
    )
}  # fmt: skip

#: Seeds of each kind in the order of their runs. Thresholds are chosen on even seeds, and accuracy is measured on odd
#: ones, so that there are more of these: twenty or more patients with, and without, the condition of every verdict.
PATIENT_SEEDS = dict.fromkeys(PATIENT_KINDS, (1, 0, 3)) | {
    **dict.fromkeys(("well-uniform", "well-dinucleotides", "parts"), (1, 0, 3, 5)),
    "centred": (1, 0, 3, 5, 2, 7),
    **dict.fromkeys(("one-factor", "unknown-motif"), (1, 0, 3, 5, 2, 7, 9, 11, 13, 15)),
    "three-labels": (1, 0, 3, 5, 2, 7, 9),
    **dict.fromkeys(("random-weights", "permuted", "gc", "3-mers"), (1, 0, 3, 5, 2, 7, 9)),
    **dict.fromkeys(("epochs-3", "epochs-10", "overfitted", "activity-epochs-4"), (1, 0, 3, 5, 2, 7, 9)),
}
