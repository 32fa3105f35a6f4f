"""DNA as codes, scores, intervals, files, stores, workers, compiled code and small plots; knows nothing of networks."""

from motiflens.basics.lazy import lazy_modules

__all__ = [
    "arguments",
    "choices",
    "compiled",
    "distributions",
    "errors",
    "file_kinds",
    "files",
    "inputs",
    "intervals",
    "json_values",
    "lazy",
    "locks",
    "metrics",
    "once",
    "performance",
    "plots",
    "progress",
    "ray_runner",
    "recipes",
    "runners",
    "sequence",
    "shuffle",
    "stats",
    "store",
    "tables",
    "terminal",
    "words",
]

__getattr__, __dir__ = lazy_modules(__name__, __all__)
