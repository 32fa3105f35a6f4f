"""Saliency maps of stored example sequences as letters of a page, which are drawn again for narrow screens."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from motiflens.basics.plots import LETTERS, Span, score_bars_svg
from motiflens.basics.store import Record
from motiflens.basics.words import look
from motiflens.report.galleries import shared_examples
from motiflens.report.letters_map import STRETCH, densest_stretch, letters_map


def example_maps(networks: Sequence[Record], n_examples: int = 2) -> list[dict[str, Any]]:
    """Sequences that all networks have stored, each with the map of every network, as plain values for a template.

    Parameters
    ----------
    networks : sequence of record
        With saliency examples; of one architecture, say.
    n_examples : int
        Sequences to show at most.

    Returns
    -------
    sequences : list of dict
        Empty where the networks share none.
    """
    return [
        _sequence(number, rows)
        for number, rows in enumerate(shared_examples(networks, n_examples), start=1)
        if len({example["sequence"] for _, example in rows}) == 1
    ]


def _sequence(number: int, rows: Sequence[tuple[Record, Mapping[str, Any]]]) -> dict[str, Any]:
    first = rows[0][1]
    codes = np.array([LETTERS.find(base) % 256 for base in first["sequence"]], dtype=np.uint8)
    scores = [np.asarray(one["scores"], dtype=np.float64) * one["scale"] for _, one in rows]
    hits = [Span(start, start + width, name, strand) for name, strand, start, width in first["sites"]]
    start = densest_stretch(scores)
    stop = min(start + STRETCH, len(codes))
    return {
        "number": number,
        "start": start + 1,
        "end": stop,
        "length": len(codes),
        "whole": stop - start == len(codes),
        "maps": [_map(record, codes, own, hits, (start, stop)) for (record, _), own in zip(rows, scores, strict=True)],
    }


def _map(
    record: Record, codes: np.ndarray, scores: np.ndarray, hits: Sequence[Span], stretch: tuple[int, int]
) -> dict[str, Any]:
    words = f"saliency of {record['architecture']} {record['activation']}"
    return {
        "name": look(record["activation"])[0],
        "activation": record["activation"],
        "architecture": record["architecture"],
        "bars": Markup(score_bars_svg(scores, label=f"{words}: whole sequence", marked=stretch)),
        "map": letters_map(codes, scores, hits, stretch[0], words),
    }
