"""What Ghotra et al. 2021 claim, as statements that are true or false on their own."""

import math
from typing import NamedTuple

from motiflens.study.findings.variance import STAGES

_SMALL_POOLS = ("C4C6", "C4")
_UP = (0.0, math.inf)
_DOWN = (-math.inf, 0.0)


class Statement(NamedTuple):
    """One statement that is true or false on its own."""

    number: str  # "1a" belongs to claim 1
    sentence: str
    measure: str  # a name in `MEASURE_FUNCTIONS`
    task: int
    ranges: dict[str, tuple[float, float] | None]  # of each metric, as the statement has it; None: it says nothing
    stages: tuple[str, ...] = STAGES


#: Titles of the claims.
TITLES = {
    1: "With small pools, the exponential activation turns first-layer filters into motifs",
    2: "How well networks classify does not tell them apart",
    3: "With small pools, the exponential activation makes saliency maps find the motifs",
    4: "The first stage and its activation decide how readable a network is, not the attention module",
    5: "Networks whose filters are motifs have better saliency maps",
}

#: What the paper claims. "A lot" is at least 0.1 in filter TPR, 0.05 in saliency AUROC and AUPR, 0.5 in SNR.
STATEMENTS = (
    Statement(
        "1a",
        "With small pools (C4C6, C4), far more filters are motifs with the exponential activation than with ReLU.",
        "difference",
        1,
        {"filter_tpr": (0.1, math.inf)},
        _SMALL_POOLS,
    ),
    Statement(
        "1b",
        "With one wide pool (C24) it is the other way round: more filters are motifs with ReLU.",
        "difference",
        1,
        {"filter_tpr": _DOWN},
        ("C24",),
    ),
    Statement(
        "1c",
        "About as many filters match a wrong motif with either activation (FPR within 0.05).",
        "difference",
        1,
        {"filter_fpr": (-0.05, 0.05)},
    ),
    Statement(
        "1d",
        "Exponential filters learn the right motif or none at all: at most 0.05 of them match a wrong one.",
        "level",
        1,
        {"filter_fpr": (-math.inf, 0.05)},
    ),
    Statement(
        "1e",
        "The share of filters that match nothing: no claim of the paper, to be read beside 1c and 1d.",
        "difference",
        1,
        {"filter_no_hit": None},
    ),
    Statement(
        "2a",
        "Without four encoder layers all networks classify alike: the SD of their AUPR is at most 0.02.",
        "spread",
        1,
        {"classification_aupr": (0.0, 0.02)},
    ),
    Statement(
        "2b",
        "With four encoder layers they classify worse, by at least 0.02 in AUPR.",
        "depth",
        1,
        {"classification_aupr": (-math.inf, -0.02)},
    ),
    Statement(
        "3a",
        "With small pools (C4C6, C4), saliency maps are far better with the exponential activation.",
        "difference",
        2,
        {
            "interpretability_auroc": (0.05, math.inf),
            "interpretability_aupr": (0.05, math.inf),
            "interpretability_snr": (0.5, math.inf),
        },
        _SMALL_POOLS,
    ),
    Statement(
        "3b",
        "With small pools, networks with the exponential activation also classify better.",
        "difference",
        2,
        {"classification_auroc": _UP},
        _SMALL_POOLS,
    ),
    Statement(
        "3c",
        "With one wide pool (C24), saliency maps are slightly better with the exponential activation.",
        "difference",
        2,
        {"interpretability_auroc": _UP, "interpretability_aupr": _UP, "interpretability_snr": _UP},
        ("C24",),
    ),
    Statement(
        "4a",
        "Stage 1, the activation and what they do together account for more of the variance between networks in "
        "filter TPR than the attention module with all its interactions.",
        "shares",
        1,
        {"filter_tpr": _UP},
    ),
    Statement(
        "4b",
        "The same holds for the saliency scores.",
        "shares",
        2,
        {"interpretability_auroc": _UP, "interpretability_aupr": _UP, "interpretability_snr": _UP},
    ),
    Statement(
        "5",
        "Among networks of one stage 1 and activation, those with more filters that are motifs have better saliency "
        "maps (rank correlation of at least 0.1).",
        "correlation",
        2,
        {
            "interpretability_auroc": (0.1, math.inf),
            "interpretability_aupr": (0.1, math.inf),
            "interpretability_snr": (0.1, math.inf),
        },
    ),
)
