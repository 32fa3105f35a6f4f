"""The grid, the benchmark of interactions, their records, findings and advice."""

from motiflens.basics.lazy import lazy_modules

__all__ = [
    "advice",
    "benchmark",
    "driver",
    "experiments",
    "findings",
    "grid",
    "listed",
    "machines",
    "one_record",
    "published_tables",
    "records",
    "results",
    "rounds",
    "selection",
    "verdicts",
]

__getattr__, __dir__ = lazy_modules(__name__, __all__)
