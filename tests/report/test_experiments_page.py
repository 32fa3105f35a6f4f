import json
import math
from pathlib import Path

import numpy as np
import pytest
from command_line import fails, run

from motiflens.basics.stats import Interval
from motiflens.basics.store import Store
from motiflens.report.experiments import experiment_sentences, markdown_results, words, write_experiment_outputs
from motiflens.study.experiments import DESIGNS, FIRST_LAYERS, DesignContrast, experiment_tables, over_networks

ROOT = Path(__file__).parents[2]


def made_up_record(architecture, activation, member, effect, tpr=0.5):
    interval = [effect, effect - 0.05, effect + 0.05]
    block = {"n": 400, "n_elements": 50, "spearman": interval, "n_significant": 90, "sign": [0.7, 0.6, 0.8]}
    method = {"plain": interval, "corrected": [effect + 0.1, 0, 0.9], "unedited": [0.01, -0.1, 0.1]}
    scores = {"activity": [0.4, 0.3, 0.5], "effects": {"all": block, "swap": {**block, "n": 40}}}
    nothing = {**block, "spearman": [0.02, -0.1, 0.1]}
    return {
        "schema": 1,
        "key": f"crx/{architecture}/{activation}/{member:03d}",
        "architecture": architecture,
        "activation": activation,
        "member": member,
        "status": "ok",
        "config_hash": "0",
        "config": {"protocol": {"name": "EXPERIMENTS"}},
        "versions": {"motiflens": "0.1.0"},
        "timings": {"fit_s": 1800.0, "measure_s": 1.0},
        "history": {},
        "metrics": {"valid_pearson": effect + 0.1},
        "agreement": scores,
        "untrained": {"agreement": {**scores, "effects": {"all": nothing, "swap": nothing}}},
        "spike_in": {"methods": [{"auroc": {"estimate": None if member == 2 else 0.6 + effect}}]},
        "attributions": {"n": 120, "n_elements": 30, "n_parents": 60, "methods": {"saliency": method}},
        "filters": {"tpr": tpr, "no_hit": 0.1, "n_dead": 0, "n_filters": 32, "factors": {"CRX": member, "NRL": 0}},
    }


def made_up_baselines():
    block = {"all": {"spearman": [0.1, 0, 0.2]}, "swap": {"spearman": [0.05, 0, 0.1]}}
    return {
        "schema": 1, "key": "crx/baselines", "status": "ok", "config_hash": "0", "gc": {"effects": block},
        "words": {"effects": block}, "ceilings": {"all": 0.9, "swap": 0.8},
    }  # fmt: skip


@pytest.fixture
def records():
    rng = np.random.default_rng(0)
    made = [
        made_up_record(name, kind, i, round(0.2 + 0.1 * (kind == "exponential") + rng.normal(0, 0.01), 4), rng.random())
        for name in DESIGNS
        for kind in FIRST_LAYERS
        for i in range(3)
    ]
    sizes = [
        {"size": 1, "n_subsets": 3, "activity": 0.4, "effects": 0.2},
        {"size": 3, "n_subsets": 1, "activity": 0.5, "effects": 0.35,
         "agreement": {"effects": {"all": {"spearman": [0.35, 0.3, 0.4]}}}},
    ]  # fmt: skip
    ensemble = {
        "schema": 1, "key": "crx/C24/relu/ensemble", "status": "ok", "config_hash": "0", "sizes": sizes,
        "ensemble_of": {"architecture": "C24", "activation": "relu", "members": [0, 1, 2]},
        "attributions": {"saliency": [0.31, 0.2, 0.4]},
    }  # fmt: skip
    return [*made, made_up_baselines(), ensemble]


def test_rows_are_means_over_networks(records):
    tables = experiment_tables(records)
    assert (tables.n_networks, tables.n_planned, tables.fit_hours) == (24, 80, 12)
    own = [one["agreement"]["effects"]["all"]["spearman"][0] for one in records[:3]]
    assert tables.designs[0].effects == over_networks(own)
    mean, sd = np.mean(own), np.std(own, ddof=1)
    half = 4.302653 * sd / math.sqrt(3)  # Student's t with two degrees of freedom
    np.testing.assert_allclose(tables.designs[0].effects, [mean, mean - half, mean + half], atol=1e-6)
    exponential = [row for row in tables.contrasts if row.question == "exponential against ReLU"]
    assert [row.where for row in exponential] == list(DESIGNS)
    assert all(0.05 < row.difference.low < 0.1 < row.difference.high + 0.05 for row in exponential)
    attention = [row for row in tables.contrasts if row.question == "attention against none"]
    assert all(row.difference.low < 0 < row.difference.high for row in attention)
    assert {(row.factor, row.n_learned, row.n_networks) for row in tables.factors} == {("CRX", 8, 12), ("NRL", 0, 12)}
    validation = next(row for row in tables.guides if "validation" in row.number)
    assert validation.correlation.estimate > 0.99
    assert math.isnan(validation.within.estimate)  # three networks of each design are too few
    spiked = next(row for row in tables.guides if "implanted" in row.number)
    assert spiked.n_networks == 16  # a third of the networks responds to no motif
    assert spiked.correlation.estimate > 0.99


def test_within_designs_a_number_that_only_tells_designs_apart_is_no_guide(records):
    rng = np.random.default_rng(1)
    many = [
        made_up_record(name, kind, i, 0.2 + 0.2 * (kind == "exponential") + rng.normal(0, 0.01),
                       0.2 + 0.3 * (kind == "exponential") + rng.normal(0, 0.01))
        for name in DESIGNS for kind in FIRST_LAYERS for i in range(10)
    ]  # fmt: skip
    tpr = experiment_tables([*many, made_up_baselines()]).guides[0]
    assert tpr.correlation.low > 0.6
    assert tpr.within.low < 0 < tpr.within.high


def test_one_network_of_each_design_has_no_interval_and_says_so(records):
    few = [one for one in records if one.get("member", 0) == 0 and not one["key"].endswith("ensemble")]
    tables = experiment_tables(few)
    assert math.isnan(tables.designs[0].effects.low)
    assert math.isnan(tables.contrasts[0].difference.low)
    text = " ".join(experiment_sentences(tables))
    assert "8 of 80 planned networks" in text
    assert "too few for an interval" in text
    assert "preliminary" in text


def test_the_page_and_the_tables_hold_the_numbers(records, tmp_path):
    outputs = write_experiment_outputs(records, tmp_path, command="motiflens study run --preset crx")
    page = outputs.report.read_text()
    assert "24 of 80 planned networks" in page
    assert "beyond chance" in page
    assert "C4-LSTM" in page
    names = {path.name for path in outputs.tables}
    assert {"experiments-designs.tsv", "experiments-contrasts.tsv", "experiments-ensembles.tsv"} <= names
    header = (tmp_path / "tables" / "experiments-designs.tsv").read_text().splitlines()[0].split("\t")
    assert {"effects", "effects_low", "effects_high"} <= set(header)
    assert "| C24 | relu | 3 |" in markdown_results(experiment_tables(records))


def test_no_records_are_told(tmp_path):
    with pytest.raises(ValueError, match="run --preset crx first"):
        experiment_tables([made_up_baselines()])


def test_the_command_line_reports_and_refuses(records, tmp_path, capsys, monkeypatch):
    store = Store(tmp_path)
    for record in records:
        store.write(record)
    result = run("study", "report", tmp_path, "--json")
    assert json.loads(result.stdout)["n_records"] == len(records)
    assert (tmp_path / "experiments.html").exists()
    data, out = tmp_path / "crx.h5", tmp_path / "out"
    data.write_bytes(b"")
    for arguments, message in [
        (("--preset", "crx", "--out", out), "needs --data"),
        (("--preset", "quick", "--data", data, "--out", out), "--data is for presets that begin with crx"),
        (("--preset", "crx", "--data", data, "--tasks", "1", "--out", out), "--tasks does not belong to preset crx"),
    ]:
        code, told = fails(capsys, monkeypatch, "study", "run", *arguments)
        assert code == 2
        assert message in told


def test_the_documentation_says_what_the_records_say():
    import runpy

    made = runpy.run_path(str(ROOT / "scripts" / "make_experiments.py"))
    assert made["page"]() == made["TARGET"].read_text(encoding="utf-8")


def test_the_answer_to_a_question_is_what_its_intervals_say():
    def answer(*intervals):
        names = ("relu", "C4C6")
        rows = [
            DesignContrast("q", where, 5, 5, Interval(0, *own)) for where, own in zip(names, intervals, strict=True)
        ]
        return words._answer(rows)

    nothing, higher, lower, unknown = (-0.1, 0.1), (0.1, 0.2), (-0.2, -0.1), (math.nan, math.nan)
    assert answer(higher, higher) == "Yes"
    assert answer(nothing, nothing) == "Not beyond chance"
    assert answer(higher, nothing) == "Yes with ReLU; not beyond chance elsewhere"
    assert answer(higher, lower) == "Yes with ReLU; worse with C4C6"
    assert answer(nothing, lower) == "Worse with C4C6; not beyond chance elsewhere"
    assert answer(unknown, unknown) == "Too few networks to say"
