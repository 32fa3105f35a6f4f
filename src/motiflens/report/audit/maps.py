"""Attribution maps of test sequences: the stretch that matters in letters, with positions, axis and motif hits."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from motiflens.audits.evidence import Evidence
from motiflens.audits.examples import Example
from motiflens.audits.words import METHOD_LABELS, display_name, method_label
from motiflens.basics.plots import Span, score_bars_svg
from motiflens.motifs.hits import motif_hits
from motiflens.motifs.sets import Motif
from motiflens.report.letters_map import STRETCH, densest_stretch, letters_map

_FIRST_METHOD = "integrated_gradients"  # of the first screen, where it is there


def example_sections(evidence: Evidence, motifs: Sequence[Motif]) -> list[dict[str, Any]]:
    """Each example with the maps of every candidate by every method, and the hits of some motifs."""
    return [
        _example_section(example, [Span(*hit[:4]) for hit in motif_hits(example.codes, motifs)])
        for example in evidence.examples
    ]


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


def _example_section(example: Example, hits: Sequence[Span]) -> dict[str, Any]:
    start = densest_stretch([scores for by_method in example.scores.values() for scores in by_method.values()])
    stop = min(start + STRETCH, len(example.codes))
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
                    **letters_map(example.codes, scores, hits, start, words),
                }
            )
    return {
        "name": example.name,
        "why": example.why,
        "start": start + 1,
        "end": stop,
        "length": len(example.codes),
        "whole": stop - start == len(example.codes),
        "n_hits": sum(hit.start < stop and hit.stop > start for hit in hits),
        "maps": maps,
    }
