"""Tables, figures and pages from stored records."""

from motiflens.report.page import write_outputs, write_report

__all__ = ["write_outputs", "write_report"]
