"""The page of one analysis of interactions."""

from motiflens.report.interactions.page import write_interaction_page

__all__ = [
    "write_interaction_page",
]
