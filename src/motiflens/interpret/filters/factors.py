"""Which JASPAR accessions count as each ground-truth factor of the study's two tasks."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from motiflens.basics.choices import check_known
from motiflens.basics.errors import InputError

FactorIds = Mapping[str, Collection[str]]

# Rule -> factor -> accessions; one without version stands for all versions.
TASK1_TRUTH: Mapping[str, FactorIds] = MappingProxyType(
    {
        "default": {
            "Arid3a": ("MA0151", "MA0601"),
            "CEBPB": ("MA0466",),
            "FOSL1": ("MA0477",),
            "Gabpa": ("MA0062",),
            "MAFK": ("MA0496",),
            "MAX": ("MA0058",),
            "MEF2A": ("MA0052", "MA0660", "MA0773"),
            "NFYB": ("MA0502", "MA0060"),
            "SP1": ("MA0079",),
            "SRF": ("MA0083",),
            "STAT1": ("MA0137",),
            "YY1": ("MA0095",),
        },
        "published": {
            "Arid3a": ("MA0151.1", "MA0601.1", "PB0001.1"),
            "CEBPB": ("MA0466.1", "MA0466.2"),
            "FOSL1": ("MA0477.1",),
            "Gabpa": ("MA0062.1", "MA0062.2"),
            "MAFK": ("MA0496.1", "MA0496.2"),
            "MAX": ("MA0058.1", "MA0058.2", "MA0058.3"),
            "MEF2A": ("MA0052.1", "MA0052.2", "MA0052.3"),
            "NFYB": ("MA0502.1", "MA0060.1", "MA0060.2"),
            "SP1": ("MA0079.1", "MA0079.2", "MA0079.3"),
            "SRF": ("MA0083.1", "MA0083.2", "MA0083.3"),
            "STAT1": ("MA0137.1", "MA0137.2", "MA0137.3", "MA0660.1", "MA0773.1"),
            "YY1": ("MA0095.1", "MA0095.2"),
        },
    }
)
_TASK2_FACTORS = ("SP1", "Gabpa", "CEBPB", "MAX", "YY1")
TASK2_TRUTH: Mapping[str, FactorIds] = MappingProxyType(
    {rule: {factor: table[factor] for factor in _TASK2_FACTORS} for rule, table in TASK1_TRUTH.items()}
)


def task_truth(task: int, rule: str = "default") -> dict[str, tuple[str, ...]]:
    """Accessions that count as each ground-truth factor of the study's Task 1 or 2.

    Parameters
    ----------
    task : {1, 2}
    rule : {"default", "published"}
        "default" takes every version of an accession, and counts MEF2B and MEF2D as MEF2A. "published" is the list of
        the paper's code, which lacks later versions of the same motifs and counts MEF2B and MEF2D as STAT1.

    Raises
    ------
    ValueError
        If task or rule is unknown.
    """
    if task not in (1, 2):
        raise InputError(f"expected task 1 or 2, got {task!r}")
    table = TASK1_TRUTH if task == 1 else TASK2_TRUTH
    check_known("rule", rule, table)
    return {factor: tuple(ids) for factor, ids in table[rule].items()}
