"""Attribution maps of test sequences: the stretch that matters in letters, with positions, axis and motif hits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from motiflens.audits.evidence import Evidence
from motiflens.audits.examples import Example
from motiflens.audits.words import METHOD_LABELS, display_name, method_label
from motiflens.basics.plots import score_bars_svg, score_logo_svg, zero_line
from motiflens.motifs.hits import MotifHit, motif_hits
from motiflens.motifs.sets import Motif

_PART = 30  # letters that fit side by side on a narrow screen; on a wide one, parts stand beside each other
_WINDOW = 3 * _PART  # letters of a sequence that are shown
_LANE = 19  # pixels from one row of hits to the next
_CHARACTER = 0.62  # width of a character of a hit's name, in letters of the map on a narrow screen
_FIRST_METHOD = "integrated_gradients"  # of the first screen, where it is there


def example_sections(evidence: Evidence, motifs: Sequence[Motif]) -> list[dict[str, Any]]:
    """Each example with the maps of every candidate by every method, and the hits of some motifs."""
    return [_example_section(example, motif_hits(example.codes, motifs)) for example in evidence.examples]


def first_map(sections: Sequence[dict[str, Any]], methods: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
    """The example of the first screen, by one method: the first in whose stretch a hit lies, else the first."""
    if not sections or not methods:
        return None
    names = [name for name, _ in methods]
    method = _FIRST_METHOD if _FIRST_METHOD in names else names[0]
    chosen = next((one for one in sections if one["n_hits"]), sections[0])
    maps = [one for one in chosen["maps"] if one["method"] == method]
    return {**chosen, "maps": maps, "label": METHOD_LABELS.get(method, method)} if maps else None


def methods_of(evidence: Evidence) -> list[tuple[str, str]]:
    """Methods that at least one map was made by: name and label."""
    made = {m for example in evidence.examples for by_method in example.scores.values() for m in by_method}
    return [(method, label) for method, label in METHOD_LABELS.items() if method in made]


def _example_section(example: Example, hits: Sequence[MotifHit]) -> dict[str, Any]:
    start = _window_start(example)
    stop = min(start + _WINDOW, len(example.codes))
    inside = [hit for hit in hits if hit.start < stop and hit.stop > start]
    bounds = [(first, min(first + _PART, stop)) for first in range(start, stop, _PART)]
    places = _places(inside, bounds)
    maps = []
    for name, by_method in example.scores.items():
        for method, scores in by_method.items():
            words = f"{method_label(method)}, {display_name(name)}, {example.name}"
            maps.append(
                {
                    "method": method,
                    "label": method_label(method),
                    "name": display_name(name),
                    "bars": Markup(score_bars_svg(scores, label=f"{words}: whole sequence", marked=(start, stop))),
                    **_letters(example.codes, scores, bounds, places, words),
                }
            )
    return {
        "name": example.name,
        "why": example.why,
        "start": start + 1,
        "end": stop,
        "length": len(example.codes),
        "whole": stop - start == len(example.codes),
        "n_hits": len(inside),
        "maps": maps,
    }


def _letters(
    codes: np.ndarray,
    scores: np.ndarray,
    bounds: Sequence[tuple[int, int]],
    places: Sequence[Sequence[dict[str, Any]]],
    words: str,
) -> dict[str, Any]:
    """Parts of the stretch, all of one height and with one zero line, with ticks and hits."""
    start, stop = bounds[0][0], bounds[-1][1]
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
                "share": f"{100 * (last - first) / _PART:.2f}%",
                "hits": own,
                "ticks": [
                    {"at": p, "left": f"{100 * (p - first - 0.5) / (last - first):.2f}%"}
                    for p in range(first + 1, last + 1)
                    if p % 10 == 0
                ],
            }
        )
    return {"parts": parts, "lanes": _LANE * n_lanes, "zero": round(zero_line(shown), 4), "top": f"{scale:.2g}"}


def _places(hits: Sequence[MotifHit], bounds: Sequence[tuple[int, int]]) -> list[list[dict[str, Any]]]:
    """Where each part shows which hit; the name stands in the part that holds most of the hit, and within it."""
    parts: list[list[dict[str, Any]]] = [[] for _ in bounds]
    ends: list[float] = []  # where the last name of each lane ends, over all parts
    for hit in sorted(hits):
        shares = [min(hit.stop, last) - max(hit.start, first) for first, last in bounds]
        main = int(np.argmax(shares))
        first, last = bounds[main]
        text = f"{hit.label} →" if hit.strand > 0 else f"← {hit.label}"
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
                    "title": f"{hit.label}, positions {hit.start + 1} to {hit.stop}, p = {hit.p_value:.0e}",
                }
            )
    return parts


def _window_start(example: Example) -> int:
    """Where the stretch begins in which all maps together have the most."""
    shares = [
        np.abs(scores) / max(float(np.abs(scores).sum()), 1e-12)
        for by_method in example.scores.values()
        for scores in by_method.values()
    ]
    length = len(example.codes)
    if not shares or length <= _WINDOW:
        return 0
    sums = np.convolve(np.sum(shares, axis=0), np.ones(_WINDOW), mode="valid")
    return int(sums.argmax())
