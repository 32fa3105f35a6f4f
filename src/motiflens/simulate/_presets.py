"""The motifs and numbers of motifs of the study (Ghotra et al. 2021), as data."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

TASK1_MOTIFS = (
    "MA0151.1",  # Arid3a
    "MA0466.2",  # CEBPB
    "MA0477.1",  # FOSL1
    "MA0062.2",  # Gabpa
    "MA0496.1",  # MAFK
    "MA0058.3",  # MAX
    "MA0052.3",  # MEF2A
    "MA0502.1",  # NFYB
    "MA0079.3",  # SP1
    "MA0083.3",  # SRF
    "MA0137.3",  # STAT1
    "MA0095.2",  # YY1
)
TASK2_CORE = ("MA0079.3", "MA0062.2", "MA0466.2", "MA0058.3", "MA0095.2")  # SP1, Gabpa, CEBPB, MAX, YY1

# Probability of each number of motifs per sequence.
TASK1_MOTIF_COUNTS: Mapping[int, float] = MappingProxyType({1: 0.50, 2: 0.25, 3: 0.17, 4: 0.05, 5: 0.03})
# The released code adds 2 to the numbers of Task 1; up to 5 and normalised that is the text's .54 .27 .19.
TASK2_MOTIF_COUNTS: Mapping[int, float] = MappingProxyType({3: 0.50, 4: 0.25, 5: 0.17, 6: 0.05, 7: 0.03})
TASK2_MOTIF_COUNTS_PAPER: Mapping[int, float] = MappingProxyType({3: 0.54, 4: 0.27, 5: 0.19})


@lru_cache
def task2_background() -> tuple[str, ...]:
    """Return the ids of the 50 background motifs of the study's Task 2 negatives."""
    text = (resources.files("motiflens") / "data" / "task2_background_motifs.tsv").read_text("utf-8")
    return tuple(line.split("\t")[0] for line in text.splitlines() if line and not line.startswith("#"))
