"""The page of the benchmark of interactions."""

from motiflens.report.benchmark.page import write_interaction_outputs

__all__ = [
    "write_interaction_outputs",
]
