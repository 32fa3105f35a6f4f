"""Pages, figures and tables from stored records and from evidence."""

from motiflens.basics.lazy import lazy_modules

__all__ = [
    "audit",
    "benchmark",
    "doctor",
    "experiments",
    "figures",
    "galleries",
    "html",
    "interactions",
    "letters_map",
    "study",
]

__getattr__, __dir__ = lazy_modules(__name__, __all__)
