"""Data sets from files and simulators (with known motif sites), splits, negatives, and checks for common faults."""

from motiflens.basics.lazy import lazy_modules

__all__ = [
    "baselines",
    "crx",
    "dataset",
    "dataset_checks",
    "dataset_tables",
    "import_report",
    "label_summary",
    "io",
    "leaks",
    "near_duplicates",
    "negatives",
    "simulate",
    "splits",
    "summary",
]

__getattr__, __dir__ = lazy_modules(__name__, __all__)
