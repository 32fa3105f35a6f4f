"""Patients: their data are what their kind says, their records make the verdicts again, accuracy is counted by hand."""

import copy
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from verdict_facts import FACTS

from motiflens.audits.verdicts import VERDICT_QUESTIONS, Accuracy, read_accuracy, rulings
from motiflens.basics.metrics import auroc
from motiflens.basics.sequence import gc_content
from motiflens.basics.shuffle import dinucleotide_shuffle
from motiflens.basics.store import Store
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_fasta, write_hdf5
from motiflens.data.summary import summary
from motiflens.study.verdicts import (
    PATIENT_KINDS,
    Patient,
    diagnoses,
    measured_accuracy,
    open_answers,
    patient_data,
    patient_problem,
    planned_patients,
    read_background,
    right_answers,
    why_wrong,
)


def data_of(name, seed=0):
    return patient_data(PATIENT_KINDS[name], seed)


def dinucleotides(codes):
    pairs = codes[:, :-1].astype(int) * 4 + codes[:, 1:]
    return np.stack([np.bincount(row, minlength=16) for row in pairs]).mean(axis=0)


def test_plan_has_every_kind_first_and_both_halves():
    plan = planned_patients()
    assert [one.kind.name for one in plan[: len(PATIENT_KINDS)]] == list(PATIENT_KINDS)
    assert len({one.key for one in plan}) == len(plan) >= 80
    for kind in PATIENT_KINDS:
        seeds = [one.seed for one in plan if one.kind.name == kind]
        assert len(seeds) > sum(seed % 2 for seed in seeds) >= 2
    for key in VERDICT_QUESTIONS:
        odd = [one.kind.answers.get(key) for one in plan if one.seed % 2]
        n_yes, n_no = odd.count("yes") + odd.count("measured"), odd.count("no") + odd.count("measured")
        assert min(n_yes, n_no) >= 20, key
    assert [one.seed for one in planned_patients(kinds=["gc"], n_seeds=3)] == [1, 0, 3]
    with pytest.raises(ValueError, match="unknown kind 'wel-uniform'"):
        planned_patients(kinds=["wel-uniform"])


def test_negatives_are_shuffles_of_positives():
    data = data_of("well-dinucleotides")
    positive = data.dataset.y[:, 0] == 1
    np.testing.assert_allclose(
        dinucleotides(data.dataset.codes[positive]), dinucleotides(data.dataset.codes[~positive]), rtol=0.08
    )
    assert set(data.truth.sequence) == set(np.flatnonzero(positive))
    assert data.dataset.truth is None


def test_sites_hold_the_motifs():
    data = data_of("one-factor")
    motif = data.planted[0]
    weights = np.log(np.clip(motif.pwm, 0.01, 1) / 0.25)
    scores = []
    for codes in (data.dataset.codes, dinucleotide_shuffle(data.dataset.codes, 1)):
        own = []
        for row, start, strand in zip(data.truth.sequence, data.truth.start, data.truth.strand, strict=True):
            site = codes[row, start : start + motif.width]
            site = site if strand == 1 else 3 - site[::-1]
            own.append(weights[site, np.arange(motif.width)].sum())
        scores.append(np.mean(own))
    assert scores[0] > 5 > 0 > scores[1]


def test_the_database_lacks_unknown_motifs():
    known, unknown = data_of("one-factor"), data_of("unknown-motif")
    assert known.ids <= {motif.id for motif in known.database}
    assert len(known.ids) > 0 == len(unknown.ids)
    assert len(unknown.database) < len(known.database)


def test_composition_tells_what_it_should():
    data = data_of("gc").dataset
    assert auroc(data.y[:, 0], gc_content(data.codes)) > 0.93
    assert abs(auroc(data_of("3-mers").dataset.y[:, 0], gc_content(data_of("3-mers").dataset.codes)) - 0.5) < 0.1
    permuted = data_of("permuted")
    has_sites = np.isin(np.arange(len(permuted.dataset)), permuted.truth.sequence)
    assert abs(np.corrcoef(has_sites, permuted.dataset.y[:, 0])[0, 1]) < 0.07


def test_values_count_sites_and_labels_say_whose():
    data = data_of("activity")
    counts = np.bincount(data.truth.sequence, minlength=len(data.dataset))
    assert np.corrcoef(counts, data.dataset.y[:, 0])[0, 1] > 0.9
    several = data_of("three-labels")
    for t in range(3):
        there = np.isin(np.arange(len(several.dataset)), several.truth.sequence[several.truth.motif == t])
        np.testing.assert_array_equal(several.dataset.y[:, t] == 1, there)


def test_faults_are_those_that_a_summary_counts():
    n_later = 800
    assert summary(data_of("duplicates").dataset).n_near_across_splits > 0.25 * n_later
    assert summary(data_of("contradictions").dataset).n_contradicting > 0.08 * 1800
    clean = summary(data_of("well-uniform").dataset)
    assert (clean.n_near_across_splits, clean.n_contradicting) == (0, 0)


def test_real_sequences_stand_around_the_sites():
    background = np.zeros((2000, 250), np.uint8)
    data = patient_data(PATIENT_KINDS["well-uniform"], 0, background)
    first, start = data.truth.sequence[0], data.truth.start[0]
    assert (data.dataset.codes[first, :start] == 0).all()
    assert Patient(PATIENT_KINDS["gc"], 0, "x.h5").key == "verdicts/real-gc/000"


def test_real_sequences_are_cut_into_windows(tmp_path):
    rng = np.random.default_rng(0)
    chromosomes = [rng.integers(0, 4, n).astype(np.uint8) for n in (300_050, 199, 70_000)]
    chromosomes[0][1000] = 4
    write_fasta(["chrI", "short", "chrII"], chromosomes, tmp_path / "genome.fa")
    found = read_background(tmp_path / "genome.fa")
    assert found.shape == (1500 - 1 + 350, 200)
    np.testing.assert_array_equal(found[5], chromosomes[0][1200:1400])  # the sixth window has an unknown base
    np.testing.assert_array_equal(found[-1], chromosomes[2][-200:])
    y = np.arange(1849) % 2
    split = np.repeat(["train", "valid", "test"], [1000, 400, 449])
    write_hdf5(SequenceDataset.from_arrays(found, y[:, None], split=split), tmp_path / "a.h5")
    assert sorted(map(bytes, read_background(tmp_path / "a.h5"))) == sorted(map(bytes, found))
    write_fasta(["short"], chromosomes[2:], tmp_path / "few.fa")
    with pytest.raises(ValueError, match="at least 1,800 windows of 200 bp without unknown bases, got 350"):
        read_background(tmp_path / "few.fa")


def test_sites_of_centred_patients_lie_in_the_middle():
    data = data_of("centred")
    middle = data.truth.start + data.planted[0].width / 2
    assert np.bincount(data.truth.sequence).max() == 1
    assert np.abs(middle - 100).max() <= 10.5
    assert len(set(data.truth.start.tolist())) > 15
    assert set(data.truth.sequence) == set(np.flatnonzero(data.dataset.y[:, 0] == 1))


def record(seed, facts, kind="well-uniform", **measured):
    return {"key": f"verdicts/{kind}/{seed:03d}", "kind": kind, "seed": seed, "facts": facts, "ids": ["MA1"],
            "measured": {"map_auroc": [0.9], "agreement": 0.8, **measured}}  # fmt: skip


def test_accuracy_counts_sides():
    good, short = copy.deepcopy(FACTS), copy.deepcopy(FACTS)
    for network in short["training"]["networks"]:
        network |= {"best_epoch": 20, "valid_metric": [0.5 + 0.02 * i for i in range(20)]}
    open_ = copy.deepcopy(FACTS)
    open_["training"]["networks"] = []
    records = [
        record(0, short),  # of an even seed
        record(1, good),
        record(3, short, "epochs-3"),
        record(5, short),
        record(7, open_),
        record(9, open_, "random-weights"),
    ]
    assert measured_accuracy(records)["training"] == Accuracy(3, 1, 1, 1)
    assert measured_accuracy(records)["data"] == Accuracy(5, 5, 0, 0)
    assert [one.right for one in diagnoses(records) if one.key == "training"] == [False, True, True, False, False, True]
    assert open_answers(records) == (1, 1)
    assert set(rulings(good)) == set(VERDICT_QUESTIONS)


def test_measured_answers_follow_what_was_measured():
    assert right_answers(record(1, FACTS))["maps"] == "yes"
    assert right_answers(record(1, FACTS, map_auroc=[0.8, 0.6]))["maps"] == "no"
    assert right_answers(record(1, FACTS, agreement=0.6))["repeats"] == "no"
    assert right_answers(record(1, FACTS, map_auroc=[0.7, 0.5]))["filters"] == "yes"
    assert right_answers(record(1, FACTS, map_auroc=[0.7, 0.5]))["training"] == "no"
    assert right_answers(record(1, FACTS, map_auroc=[0.5, 0.5]))["filters"] == "no"
    assert right_answers(record(1, FACTS))["composition"] == "yes"  # validation scores are 0.68
    better = copy.deepcopy(FACTS)
    better["composition"]["baselines"]["3-mers"]["score"] = 0.7
    assert right_answers(record(1, better))["composition"] == "no"
    assert right_answers(record(1, FACTS, "gc", map_auroc=None))["maps"] == "no"
    assert right_answers(record(1, FACTS, "one-network"))["repeats"] == "cannot be said"


def test_a_yes_must_name_what_was_planted():
    wrong = copy.deepcopy(FACTS)
    right = copy.deepcopy(FACTS)
    right["filters"]["filters"][0]["id"] = "MA1"
    found = measured_accuracy([record(1, right), record(3, wrong)])
    assert found["filters"] == Accuracy(2, 1, 0, 0)


def test_a_record_needs_its_parts():
    assert patient_problem(record(0, {})) is None
    assert patient_problem({"measured": {}}) == "facts must be an object, got None"


def test_the_packaged_accuracy_and_the_page_are_those_of_the_records():
    root = Path(__file__).parents[2]
    specification = spec_from_file_location("make_verdicts", root / "scripts" / "make_verdicts.py")
    script = module_from_spec(specification)
    specification.loader.exec_module(script)
    records = list(Store(root / "results" / "verdicts").read()[0].values())
    assert read_accuracy() == measured_accuracy(records)
    assert script.TABLE.read_text() == script.accuracy_table(records)
    assert script.PAGE.read_text() == script.page(records)


def test_every_error_has_its_reason():
    wrong = copy.deepcopy(FACTS)
    wrong["maps"]["auroc"] = {"gradient_times_input": [0.6, 0.5, 0.7]}
    wrong["repeats"]["maps"] = {"gradient_times_input": [0.3, 0.2, 0.4]}
    wrong["data"]["composition_test"]["3-mers"] = 0.95
    wrong["filters"]["filters"] = []
    wrong["composition"]["baselines"]["3-mers"]["gain"] = [0.02, -0.1, 0.14]
    for network in wrong["training"]["networks"]:
        network |= {"best_epoch": 20, "valid_metric": [0.5 + 0.02 * i for i in range(20)]}
    one = record(1, wrong, planted=["MA1"]) | {"planted": ["MA1"]}
    reasons = {found.key: why_wrong(found, one) for found in diagnoses([one]) if not found.right}
    assert list(reasons) == list(VERDICT_QUESTIONS)
    assert "composition alone reaches 0.95" in reasons["data"]
    assert "limit 0.75" in reasons["maps"]
    assert "A further network agrees at 0.80" in reasons["repeats"]
