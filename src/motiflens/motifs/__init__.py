"""Motif sets and their formats, TomTom, similarity and decoys."""

from motiflens.basics.lazy import lazy_modules

__all__ = [
    "compiled_scores",
    "complete_scores",
    "decoys",
    "embed",
    "files",
    "formats",
    "matrices",
    "matrix_formats",
    "matrix_names",
    "meme_format",
    "motif",
    "other_formats",
    "pairs",
    "hits",
    "sets",
    "shuffles",
    "similarity",
    "table_formats",
    "taxa",
    "tomtom",
    "tomtom_motifs",
    "truth",
]

__getattr__, __dir__ = lazy_modules(__name__, __all__)
