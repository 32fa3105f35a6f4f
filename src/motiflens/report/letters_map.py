"""A stretch of a sequence in letters as tall as their scores, in parts, with ticks and named hits, for a template.

Parts stand side by side where there is room, and one below the other on a narrow screen.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from motiflens.basics.plots import Span, score_logo_svg, zero_line

PART = 30  # letters that fit side by side on a narrow screen
STRETCH = 3 * PART  # letters of a sequence that are shown
_LANE = 19  # pixels from one row of hits to the next
_CHARACTER = 0.62  # width of a character of a hit's name, in letters of the map on a narrow screen


def letters_map(codes: np.ndarray, scores: np.ndarray, hits: Sequence[Span], start: int, words: str) -> dict[str, Any]:
    """Parts of a stretch of `STRETCH` letters, all of one height and with one zero line, with ticks and hits.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(L,)
    scores : np.ndarray, shape=(L,)
        The largest of all, up or down, is as tall as the map.
    hits : sequence of Span
        In positions of the whole sequence; those outside of the stretch are left out.
    start : int
        First position, counted from 0.
    words : str
        What it is, for readers who do not see the picture.
    """
    stop = min(start + STRETCH, len(codes))
    bounds = [(first, min(first + PART, stop)) for first in range(start, stop, PART)]
    places = _places([hit for hit in hits if hit.start < stop and hit.stop > start], bounds)
    scale = float(np.abs(scores).max(initial=0))
    shown = scores[start:stop]
    n_lanes = max((one["lane"] + 1 for part in places for one in part), default=0)
    parts = []
    for (first, last), own in zip(bounds, places, strict=True):
        label = f"{words}: positions {first + 1} to {last}"
        svg = score_logo_svg(codes[start:stop], shown, label=label, scale=scale, part=(first - start, last - start))
        parts.append(
            {
                "svg": Markup(svg),
                "n": last - first,
                "share": f"{100 * (last - first) / PART:.2f}%",
                "hits": own,
                "ticks": [
                    {"at": p, "left": f"{100 * (p - first - 0.5) / (last - first):.2f}%"}
                    for p in range(first + 1, last + 1)
                    if p % 10 == 0
                ],
            }
        )
    return {"parts": parts, "lanes": _LANE * n_lanes, "zero": round(zero_line(shown), 4), "top": f"{scale:.2g}"}


def _places(hits: Sequence[Span], bounds: Sequence[tuple[int, int]]) -> list[list[dict[str, Any]]]:
    """Where each part shows which hit; the name stands in the part that holds most of the hit, and within it."""
    parts: list[list[dict[str, Any]]] = [[] for _ in bounds]
    ends: list[float] = []  # where the last name of each lane ends, over all parts
    for hit in sorted(hits):
        shares = [min(hit.stop, last) - max(hit.start, first) for first, last in bounds]
        main = int(np.argmax(shares))
        first, last = bounds[main]
        text = {1: f"{hit.label} →", -1: f"← {hit.label}"}.get(hit.strand, hit.label)
        width = min(_CHARACTER * len(text) + 1, last - first)
        begin = max(hit.start, first)
        name_start = min(begin, last - width)
        lane = next((i for i, end in enumerate(ends) if end <= min(hit.start, name_start)), len(ends))
        ends[lane : lane + 1] = [max(hit.stop, name_start + width)]
        for k, ((low, high), share) in enumerate(zip(bounds, shares, strict=True)):
            if share <= 0:
                continue
            left, n = max(hit.start, low), high - low
            parts[k].append(
                {
                    "left": f"{100 * (left - low) / n:.2f}%",
                    "width": f"{100 * share / n:.2f}%",
                    "top": _LANE * lane,
                    "open": " ".join(
                        side for side, goes_on in (("before", hit.start < low), ("after", hit.stop > high)) if goes_on
                    ),
                    "lane": lane,
                    "name": text if k == main else "",
                    # a name that would leave the part at its right end is moved to the left, in units of the hit
                    "shift": f"{100 * (name_start - begin) / share:.0f}%" if k == main else "0",
                    "title": f"{hit.label}, positions {hit.start + 1} to {hit.stop}",
                }
            )
    return parts


def densest_stretch(scores: Sequence[np.ndarray]) -> int:
    """Where the stretch of `STRETCH` letters begins in which several maps, each shape=(L,), together have most."""
    shares = [np.abs(own) / max(float(np.abs(own).sum()), 1e-12) for own in scores]
    if not shares or len(shares[0]) <= STRETCH:
        return 0
    return int(np.convolve(np.sum(shares, axis=0), np.ones(STRETCH), mode="valid").argmax())
