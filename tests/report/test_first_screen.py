"""What the first screen of an audit says: data and networks in a line, scores on one scale, the filters that matter."""

import dataclasses
import re

import audit_pages
import numpy as np
import pytest

from motiflens.audits.families import families_that_matter, ranked_filters
from motiflens.audits.verdicts import verdicts
from motiflens.basics.performance import Performance
from motiflens.basics.plots import consensus, information_logo
from motiflens.models.hybrid import model_config
from motiflens.report.audit.first_screen import (
    architecture_of,
    blocks_of,
    data_line,
    network_lines,
    numbers,
)
from motiflens.report.audit.leading_filters import (
    card_groups,
    common_width,
    leading_filters,
    leading_motifs,
    matched_motifs,
)


@pytest.fixture(scope="module")
def evidence():
    return audit_pages.evidence()


def test_cards_and_verdict_name_the_same_filters_in_one_order(evidence):
    for candidate in evidence.candidates:
        (verdict,) = [one for one in verdicts(evidence) if (one.key, one.candidate) == ("filters", candidate.name)]
        families = verdict.numbers["families"]
        leaders = leading_filters(candidate, evidence.target)
        assert 3 >= len(leaders) >= min(len(families), 3) > 0
        for leader, family in zip(leaders, families, strict=False):
            assert [candidate.numbers[leader.network], leader.filter] == family["shown"]
            assert leader.loss == family["cost"]
            best = candidate.audits[leader.network].matches.rows[leader.filter].best
            if family["kind"] == "known":
                assert (best.target_id, best.q_value) == (family["id"], family["q"])
        for part in (leaders[: len(families)], leaders[len(families) :]):
            costs = [leader.loss for leader in part]
            assert costs == sorted(costs, reverse=True)
        assert len({leader[:2] for leader in leaders}) == len(leaders)
        (group,) = [g for g in card_groups(evidence, matched_motifs(evidence)) if g["name"].lower() == candidate.name]
        named = [card["name"] for card in group["cards"] if card["name"] is not None]
        if verdict.level == "yes":
            assert named[0] == families[0]["motif"]


def test_alike_filters_of_all_networks_are_one_card(evidence):
    candidate = evidence.candidates[0]
    rows = ranked_filters(candidate, evidence.target)
    for leader, family in zip(leading_filters(candidate, evidence.target), families_that_matter(rows), strict=False):
        own = {row["family"] for row in rows if [row["network"], row["filter"]] in family["filters"]}
        alike = [row for row in rows if row["family"] in own]
        assert leader.n_alike == len(alike)
        assert leader.n_networks == len({row["network"] for row in alike})


def test_without_ablation_filters_are_ranked_by_information(evidence):
    candidate = evidence.candidates[0]
    bare = dataclasses.replace(
        candidate, audits=tuple(dataclasses.replace(found, importance=None) for found in candidate.audits)
    )
    leaders = leading_filters(bare, evidence.target)
    assert len(leaders) == 3
    assert all(np.isnan(leader.loss) for leader in leaders)
    information = [bare.audits[one.network].quality.information[one.filter] for one in leaders]
    assert information == sorted(information, reverse=True)
    assert information[0] == max(found.quality.information.max() for found in bare.audits)


def test_a_card_shows_a_filter_above_its_match(evidence):
    candidate = evidence.candidates[0]
    group = card_groups(evidence, matched_motifs(evidence))[0]
    for leader, card in zip(leading_filters(candidate, evidence.target), group["cards"], strict=True):
        labels = [re.search(r'aria-label="([^"]*)"', str(logo))[1] for logo in card["logos"]]
        assert len(labels) == 1 + (card["name"] is not None)
        assert len({len(label) for label in labels}) == 1  # the same columns
        own = consensus(information_logo(candidate.audits[leader.network].filters.pwms[leader.filter]))
        assert labels[0].strip(".") in own
        assert card["loss"].endswith("AUROC")
        assert "−" in card["loss"]


def test_leading_motifs_are_what_cards_name(evidence):
    matched = matched_motifs(evidence)
    found = leading_motifs(evidence, matched)
    named = {card["id"] for group in card_groups(evidence, matched) for card in group["cards"] if card["name"]}
    assert named <= {motif.id for motif in found}
    assert common_width([]) == 18


def test_lines_say_what_was_looked_at(evidence):
    line = data_line(evidence)
    assert line.startswith("600 sequences of 200 bp, 1 label, ")
    assert re.search(r"\d+ positives; GC \d+% in positives and \d+% in negatives$", line)
    assert network_lines(evidence)[0].startswith("ReLU: ")
    assert network_lines(evidence)[0].endswith("8 first-layer filters of 19 bp; 2 initialisations, 1 more failed")


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("C24", "24 filters of 19 bp (exponential first layer), pool 24"),
        ("C4C6", "24 filters of 19 bp (exponential first layer), pool 4, convolution, pool 6"),
        ("C4C6-Att", "24 filters of 19 bp (exponential first layer), pool 4, convolution, pool 6, attention"),
    ],
)
def test_hybrids_are_told_block_by_block(name, blocks):
    config = model_config(name, activation="exponential", task=2, length=200, n_outputs=1)
    assert architecture_of(config) == name
    assert re.sub(r"\d+ filters of \d+ bp", "24 filters of 19 bp", blocks_of(config)) == blocks


def test_scores_stand_on_one_scale(evidence):
    found = numbers(evidence)
    assert [row["is_network"] for row in found["rows"]] == [True, True, False, False]
    names = [row["name"] for row in found["rows"]]
    assert names[:2] == ["ReLU", "Exponential"]
    assert {*names[2:]} == {"GC content", "3-mers"}
    low, middle, high = map(float, found["scale"])
    assert (high, middle) == (1, (low + 1) / 2)
    for row, own in zip(found["rows"], ["relu", "exponential", *(n for n in names[2:])], strict=True):
        interval = evidence.performance[own]["auroc"].interval
        assert row["point"] == pytest.approx(100 * (interval.estimate - low) / (1 - low), abs=0.01)
        assert row["left"] <= row["point"] <= row["left"] + row["width"] + 0.01


def test_scores_below_guessing_widen_the_scale(evidence):
    own = evidence.performance["relu"]["auroc"]
    low = Performance(own.measure, own.members * 0 + 0.3, own.resampled * 0 + 0.3)
    found = numbers(dataclasses.replace(evidence, performance={**evidence.performance, "relu": {"auroc": low}}))
    assert found["scale"] == ["0.25", "0.625", "1"]
    assert found["rows"][0]["point"] == pytest.approx(100 * 0.05 / 0.75, abs=0.01)
