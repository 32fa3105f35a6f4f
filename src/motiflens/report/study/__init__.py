"""Page, tables and figures of the study."""

from motiflens.report.study.page import write_outputs, write_report

__all__ = [
    "write_outputs",
    "write_report",
]
