"""Letters in parts: where hits and their names stand, which stretch is shown."""

import numpy as np
import pytest

from motiflens.basics.plots import Span
from motiflens.report.letters_map import PART, STRETCH, densest_stretch, letters_map

CODES = np.random.default_rng(0).integers(0, 4, 200).astype(np.uint8)
SCORES = np.random.default_rng(1).normal(size=200)


def shown(*hits, start=0):
    return letters_map(CODES, SCORES, hits, start, "words")


def test_parts_cover_the_stretch_and_ticks_stand_under_their_letters():
    found = shown(start=115)
    assert [part["n"] for part in found["parts"]] == [PART, PART, 200 - 115 - 2 * PART]
    assert [part["share"] for part in found["parts"]] == ["100.00%", "100.00%", "83.33%"]
    ticks = [tick for part in found["parts"] for tick in part["ticks"]]
    assert [tick["at"] for tick in ticks] == [120, 130, 140, 150, 160, 170, 180, 190, 200]
    # position 120, counted from 1, is the fifth of 30 letters: its middle lies at 4.5 / 30
    assert ticks[0]["left"] == "15.00%"
    assert found["top"] == f"{np.abs(SCORES).max():.2g}"
    assert found["lanes"] == 0


@pytest.mark.parametrize(("strand", "name"), [(1, "AB →"), (-1, "← AB"), (0, "AB")])
def test_a_hit_over_two_parts_is_named_where_most_of_it_lies(strand, name):
    first, second, _ = (part["hits"] for part in shown(Span(28, 36, "AB", strand))["parts"])
    assert (first[0]["name"], second[0]["name"]) == ("", name)
    assert (first[0]["left"], first[0]["width"]) == ("93.33%", "6.67%")  # 28 to 30 of 30
    assert (second[0]["left"], second[0]["width"]) == ("0.00%", "20.00%")
    assert (first[0]["open"], second[0]["open"]) == ("after", "before")
    assert first[0]["title"] == "AB, positions 29 to 36"


def test_names_that_would_cover_each_other_stand_in_lanes():
    near = [Span(2, 8, "LONGNAME::OTHER"), Span(9, 15, "SHORT"), Span(50, 56, "FAR")]
    found = shown(*near)
    lanes = {hit["name"]: hit["lane"] for part in found["parts"] for hit in part["hits"] if hit["name"]}
    assert lanes == {"LONGNAME::OTHER →": 0, "SHORT →": 1, "FAR →": 0}
    assert found["lanes"] == 2 * 19


def test_a_name_at_the_end_of_a_part_is_moved_into_it():
    (part, *_) = shown(Span(24, 30, "LONGNAME"))["parts"]
    width = 0.62 * len("LONGNAME →") + 1
    assert part["hits"][0]["shift"] == f"{100 * (PART - width - 24) / 6:.0f}%"
    assert float(part["hits"][0]["shift"].rstrip("%")) < 0


def test_hits_outside_are_left_out():
    found = shown(Span(0, 8, "A"), Span(150, 158, "B"), start=20)
    assert all(not part["hits"] for part in found["parts"])


def test_the_stretch_that_is_shown_has_most_of_all_maps():
    quiet, loud = np.full(400, 0.01), np.full(400, 0.01)
    quiet[300:310], loud[100:110] = 1, 1000
    first = densest_stretch([quiet])
    assert first <= 300 < 310 <= first + STRETCH
    both = densest_stretch([loud, quiet, quiet])  # each map counts the same, whatever its unit
    assert both <= 300 < both + STRETCH
    assert densest_stretch([]) == 0
    assert densest_stretch([np.ones(STRETCH)]) == 0
