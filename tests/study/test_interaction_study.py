"""The interactions benchmark on tiny networks: planned, run, stopped, resumed, reported."""

import dataclasses
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from interaction_records import block, record
from study_records import make_record
from test_records_page import fields

from motiflens.basics.store import Store
from motiflens.cli import app
from motiflens.interpret.interactions import INTERACTION_METHODS, Effects, Interaction, InteractionTable, Settings
from motiflens.interpret.interactions.table import PairEvidence
from motiflens.models.hybrid import HybridNetwork
from motiflens.report.benchmark import write_interaction_outputs
from motiflens.report.benchmark.page import benchmark_sentences
from motiflens.study.benchmark import conditions as interaction_conditions
from motiflens.study.benchmark import (
    follow_up,
    plan_conditions,
    preset_conditions,
    run_condition_job,
    run_interaction_study,
)
from motiflens.study.benchmark.calibration import count_by_first_layer
from motiflens.study.benchmark.conditions import Condition, at_level, with_penalty
from motiflens.study.benchmark.factors import factor_effects
from motiflens.study.benchmark.records import interaction_problem
from motiflens.study.benchmark.scores import score_tables, summarise
from motiflens.study.benchmark.trial import block_rows, run_condition, table_block
from motiflens.study.driver import Driver, Ended, Finished, Job, carry_out, left_to_do
from motiflens.study.machines import Machines
from motiflens.study.rounds import TrialStopped
from motiflens.training.news import News
from motiflens.training.protocol import INTERACTIONS, LONG

PAGE = Path(__file__).parents[2] / "docs" / "interaction_records.md"
SETTINGS = Settings(n_null=16, n_sequences=30, n_backgrounds=4, n_null_backgrounds=2, n_draws=1)
TINY = Condition(
    n_sequences=600,
    n_members=2,
    protocol=INTERACTIONS.replace(name="TINY", max_epochs=2),
    settings=SETTINGS,
    methods=("mutagenesis", "attention"),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A condition run in one go: its folder and its record."""
    folder = tmp_path_factory.mktemp("condition")
    return folder, run_condition(TINY, folder, device="cpu")


CPU = Machines(device="cpu")
ONE = Machines(device="cpu", n_workers=1)


@pytest.fixture
def tiny_preset(monkeypatch):
    conditions = [TINY, TINY.control()]
    monkeypatch.setitem(interaction_conditions.BENCHMARK_PRESETS, "interactions-calibration", lambda: conditions)
    return conditions


def test_the_committed_run_stays_within_its_size():
    conditions = preset_conditions("interactions")
    records = {one.key: {**record({}), "status": "ok"} for one in conditions}
    every = plan_conditions("interactions", records)
    assert len({one.key for one in every}) == len(every)
    assert sum(one.n_members for one in every) <= 120
    crossed = {(c.activation, c.positional_encoding, c.penalty) for c in conditions if c.architecture == "C4C6-Att"}
    assert len(crossed) == 2 * 5 * 2
    assert {one.level for one in conditions} == {2}
    assert all(one.control() in every for one in every)
    assert not any(one.model().attention != "none" for one in every if not one.has_attention)


def test_the_full_grid_holds_the_committed_one():
    full = {one.key for one in preset_conditions("interactions-full")}
    assert full >= {one.key for one in preset_conditions("interactions")}


def test_calibration_has_ten_draws_without_interactions():
    nulls = preset_conditions("interactions-calibration")
    assert sorted(one.data_seed for one in nulls) == list(range(120, 130))
    assert {one.protocol for one in nulls} == {INTERACTIONS}
    data = dataclasses.replace(nulls[0], n_sequences=400).simulate()
    assert "true" not in data.metadata["pairs"]["kind"]
    assert 0.5 < np.abs(data.metadata["logit_of_motif"]).max() < 5


def test_the_long_preset_trains_the_base_the_crossed_designs_and_the_nulls_otherwise_and_nothing_else():
    long = preset_conditions("interactions-long")
    assert {one.protocol for one in long} == {LONG}
    draws, crossed = long[:5], long[5:-10]
    assert [one.data_seed for one in draws] == list(range(103, 108))
    short = [dataclasses.replace(one, protocol=INTERACTIONS) for one in long]
    committed = preset_conditions("interactions")
    assert {dataclasses.replace(one, data_seed=100) for one in short[:5]} == {committed[0]}
    assert len(crossed) == 12
    assert set(short[5:-10]) <= set(committed)
    assert short[-10:] == preset_conditions("interactions-calibration")
    assert draws[0].name == f"{committed[0].name}-epochs180-rate0.003"


def test_levels_follow_when_all_of_level_2_is_there():
    poor, good = block([0.9] * 6), block([0.01, 1, 1, 1, 1, 0.01])
    conditions = [Condition(), Condition(activation="relu"), with_penalty(Condition(), 0.1), Condition().control()]
    tables = [poor, good, good, good]
    records = {
        one.key: record({"insertion": table}, test_auroc=(0.9 - 0.1 * k,))
        for k, (one, table) in enumerate(zip(conditions, tables, strict=True))
    }
    found = follow_up(conditions, records)
    relu, penalised = conditions[1], conditions[2]
    expected = {
        at_level(one, level) for level in (1, 3) for design in (relu, penalised) for one in (design, design.control())
    }
    assert set(found) == expected
    assert {(one.level, one.n_singles) for one in found} == {(1, 0), (3, 2)}
    assert plan_conditions("interactions", {}) == preset_conditions("interactions")


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="unknown preset 'interactions-ful'; did you mean interactions-full"):
        preset_conditions("interactions-ful")
    with pytest.raises(ValueError, match="n_members must be at least 1, got 0"):
        Condition(n_members=0)
    with pytest.raises(ValueError, match="labels must be 'grammar' or 'additive', got 'random'"):
        Condition(labels="random")
    with pytest.raises(ValueError, match="unknown architecture"):
        Condition(architecture="C4C7")


def test_names_tell_conditions_apart_and_say_what_they_are():
    assert Condition().name == "level2-C4C6-Att-exponential"
    longer = Condition(protocol=INTERACTIONS.replace(max_epochs=7)).control()
    assert longer.name == "level2-C4C6-Att-exponential-control-epochs7"
    assert with_penalty(Condition(positional_encoding="rotary"), 0.1).key == (
        "interactions/level2-C4C6-Att-exponential-rotary-entropy0.1/100"
    )
    assert Condition(architecture="C4C6-LSTM-Trans2").control() == Condition(architecture="C4C6-LSTM-Att").control()


def test_a_record_holds_networks_and_tables(finished):
    folder, found = finished
    assert found["key"] == TINY.key
    assert [network["status"] for network in found["networks"]] == ["ok", "ok"]
    assert len(found["motifs"]) == 8
    assert found["pairs"]["kind"].count("true") == 4
    assert list(found["tables"]) == ["mutagenesis", "attention"]
    assert all(len(found["tables"]["attention"][name]) == 28 for name in ("p_value", "gap", "n_agree"))
    assert HybridNetwork.load(folder / "member_001").config == TINY.model()
    for network in found["networks"]:
        assert len(network["learned"]) == 8
        assert all(0 < value <= 1 for value in network["attention_entropy"])
        assert len(network["history"]["learning_rate"]) == 2
    table = found["tables"]["mutagenesis"]
    assert all(np.shape(table[name]) == (2, 28) for name in ("member_p", "member_effect"))
    assert np.shape(table["profile"]["effect"]) == (28, len(table["profile"]["low"]))
    assert found["simulation"]["n_singles"] == 2
    json.dumps(found, allow_nan=False)
    assert len(score_tables([found])) == 2


def short_names(found):
    """Fields of a record as the page names them: of any method, version and setting alike."""
    for name in fields(found):
        parts = name.split(".")
        if parts[0] == "tables":
            yield ".".join(["tables", *parts[2:]])
        elif parts[0] in ("simulation", "versions") or parts[:2] in (
            ["config", "interactions"],
            ["timings", "interactions_s"],
        ):
            yield ".".join(parts[:-1])
        elif parts[:2] not in (["config", "model"], ["config", "protocol"]):
            yield name


def test_every_field_of_a_record_is_documented_and_no_other(finished):
    rows = [row.split("|")[1] for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| `")]
    assert set(short_names(finished[1])) == {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}


def test_a_stopped_condition_goes_on_and_ends_as_if_never_stopped(finished, tmp_path):
    epochs = []

    def stop():
        return True

    with pytest.raises(TrialStopped):
        run_condition(TINY, tmp_path, on_news=lambda one: epochs.append(one.n_epochs), should_stop=stop, device="cpu")
    assert max(epochs) == 1
    again = run_condition(TINY, tmp_path, on_news=lambda one: epochs.append(one.n_epochs), device="cpu")
    assert epochs == [1, 1, 2, 2]
    timeless = [{**one, "timings": None} for one in (again, finished[1])]
    assert timeless[0] == timeless[1]


def test_finished_networks_are_not_trained_again(finished):
    folder, found = finished
    epochs = []
    again = run_condition(TINY, folder, on_news=epochs.append, device="cpu")
    assert not epochs
    assert again["tables"] == found["tables"]


def test_a_control_is_read_by_methods_that_need_no_attention(tmp_path):
    found = run_condition(dataclasses.replace(TINY.control(), n_members=1), tmp_path, device="cpu")
    assert list(found["tables"]) == ["mutagenesis"]
    assert found["config"]["model"]["attention"] == "none"


def test_workers_tell_of_epochs_and_of_the_record(finished, tmp_path):
    folder, found = finished
    target = tmp_path / "weights" / TINY.key
    target.parent.mkdir(parents=True)
    target.symlink_to(folder)
    heard = []
    carry_out(Job(TINY, run_condition_job, str(tmp_path), "cpu", True, None, False), heard.append)
    assert [type(message) for message in heard] == [Finished, Ended]
    assert heard[0].record["tables"] == found["tables"]
    late = Job(dataclasses.replace(TINY, data_seed=5), run_condition_job, str(tmp_path), "cpu", True, 0.0, False)
    with pytest.raises(TrialStopped):
        run_condition_job(late, heard.append)
    assert heard[-1].status is None  # the deadline was over after the first epoch
    assert heard[-1].n_epochs == 1
    carry_out(late, heard.append)
    assert heard[-1] == Ended(late.work.keys, False)


def test_the_command_runs_skips_and_reports(tiny_preset, finished, tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.write(finished[1])
    command = ["study", "run", "--preset", "interactions-calibration", "--out", str(tmp_path), "--workers", "1"]
    monkeypatch.setattr(sys, "argv", ["motiflens", *command])
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["n_records"], told["n_left"]) == (2, 0)
    assert f"2/2  {tiny_preset[1].key}  ok" in result.stderr
    assert len((tmp_path / "interactions.jsonl").read_text().splitlines()) == 2
    page = Path(told["report"]).read_text()
    assert "level2-C4C6-Att-exponential-control" in page
    table = (tmp_path / "tables" / "interactions-conditions.tsv").read_text().splitlines()
    assert len(table) == 1 + 2 + 1
    again = run_interaction_study("interactions-calibration", tmp_path, machines=CPU)
    assert (again.n_skipped, again.n_left, len(again.records)) == (2, 0, 2)
    reported = CliRunner().invoke(app, ["study", "report", str(tmp_path), "--out", str(tmp_path / "again"), "--json"])
    assert json.loads(reported.stdout)["n_records"] == 2
    refused = CliRunner().invoke(app, ["study", "report", str(tmp_path), "--select", "all"])
    assert "--select, --draw and --formats are for a study" in str(refused.exception)
    (tmp_path / "task2.jsonl").write_text(json.dumps(make_record(2, "C24", "relu", 0)) + "\n")
    refused = CliRunner().invoke(app, ["study", "report", str(tmp_path)])
    assert "holds 2 records of the interactions benchmark beside 1 of a study" in str(refused.exception)


def test_nothing_is_begun_after_the_budget(tiny_preset, tmp_path):
    result = run_interaction_study("interactions-calibration", tmp_path, machines=CPU, budget=0)
    assert (result.n_left, result.records) == (2, [])


def test_what_is_finished_is_exported_when_a_run_is_interrupted(tiny_preset, finished, tmp_path):
    (tmp_path / "weights" / TINY.key).parent.mkdir(parents=True)
    (tmp_path / "weights" / TINY.key).symlink_to(finished[0])

    def interrupt(news):
        if isinstance(news, News) and news.status is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_interaction_study("interactions-calibration", tmp_path, machines=ONE, on_news=interrupt)
    kept = [json.loads(line) for line in (tmp_path / "interactions.jsonl").read_text().splitlines()]
    assert [one["key"] for one in kept] == [TINY.key]


def test_shards_divide_the_conditions(tiny_preset, tmp_path):
    assert run_interaction_study("interactions-calibration", tmp_path, budget=0, part=(2, 2)).n_left == 1
    with pytest.raises(ValueError, match="numbered from 1 to the number of shards, got 3/2"):
        run_interaction_study("interactions-calibration", tmp_path, part=(3, 2))
    with pytest.raises(ValueError, match="runner must be one of local, ray"):
        run_interaction_study("interactions-calibration", tmp_path, machines=Machines(runner="rya"))


def test_options_of_the_study_are_refused(tiny_preset, tmp_path, monkeypatch):
    command = ["study", "run", "--preset", "interactions-calibration", "--out", str(tmp_path), "--tasks", "1"]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, ValueError)
    assert "--tasks does not belong to preset interactions-calibration" in str(result.exception)


def test_a_folder_of_another_configuration_is_refused(finished):
    changed = dataclasses.replace(TINY, n_sequences=700)
    with pytest.raises(ValueError, match=r"another configuration \(data.n_sequences was 600, now 700"):
        left_to_do([changed], {TINY.key: finished[1]})


def test_a_table_survives_its_record():
    empty = np.zeros((3, 1, 1))
    rows = [
        Interaction(0, 2, "A", "C", 2.0, "+", 0.01, 0.03, 5.0, 4.0, 6.0, "i+ j+", 7, 2),
        Interaction(0, 1, "A", "B", np.nan, "", 1.0, 1.0, np.nan, np.nan, np.nan, "", 0, 0),
        Interaction(1, 2, "B", "C", -1.0, "-", 0.5, 0.75, 0.0, 0.0, 10.0, "", 3, 1),
    ]
    effects = Effects(empty, empty, empty, np.zeros(1), np.zeros(1), np.zeros((3, 2)))
    evidence = PairEvidence(*np.ones((4, 3)), np.full(3, np.nan), np.zeros((2, 3)), np.ones((2, 3)))
    table = InteractionTable(tuple(rows), "attention", "attention weight", 2, 200, "", effects, evidence, tuple("ABC"))
    stored = table_block(table)
    stored["effect"] = [None if np.isnan(value) else value for value in stored["effect"]]
    stored["gap"] = [None if np.isnan(value) else value for value in stored["gap"]]
    found = block_rows(stored, ["A", "B", "C"])
    assert [repr(row) for row in found] == [repr(rows[k]) for k in (1, 0, 2)]


def test_findings_answer_the_questions_in_sentences():
    found, missed = block([0.01, 1, 1, 1, 1, 0.01]), block([1.0] * 6)
    records = [
        record({"attention": missed if activation == "relu" else found}, activation=activation, positional_encoding=e)
        for activation in ("relu", "exponential")
        for e in ("none", "rotary")
    ]
    scores = score_tables(records)
    activation, encoding, best = benchmark_sentences(factor_effects(scores), summarise(scores))
    assert activation == (
        "Does an exponential first layer make attention maps readable? Level 2, 65 epochs at 0.001, 2 pairs of "
        "conditions each: "
        "recall of raw attention 0.00 with relu, exponential +1.00 (all pairs alike); "
        "area under precision-recall of raw attention 0.50 with relu, exponential +0.50 (all pairs alike); "
        "test AUROC of the networks 0.70 with relu, exponential +0.00 (all pairs alike)."
    )
    assert "attention 0.50 with none, rotary +0.00 (all pairs alike);" in encoding
    assert (
        "Level 2, 65 epochs at 0.001: attention, with a recall of 0.50 at an observed FDR of 0.00 (q ≤ 0.1, 4" in best
    )
    assert "But attention also follows single motifs" in best


def test_findings_tell_ways_of_training_apart_and_compare_them():
    found, missed = block([0.01, 1, 1, 1, 1, 0.01]), block([1.0] * 6)
    records = [
        record({"attention": found if activation == "relu" and protocol == LONG else missed}, activation=activation,
               protocol=protocol)
        for activation in ("relu", "exponential")
        for protocol in (INTERACTIONS, LONG)
    ]  # fmt: skip
    scores = score_tables(records)
    said = benchmark_sentences(factor_effects(scores), summarise(scores))
    places = ("Level 2, 65 epochs at 0.001", "Level 2, 180 epochs at 0.003")
    assert [[place in sentence for place in places] for sentence in said[:4]] == [[True, False]] * 2 + [
        [False, True]
    ] * 2
    assert said[4].startswith(
        "Does other training help? Level 2, 2 pairs of conditions each: recall of raw attention 0.00 with 65 epochs at "
        "0.001, 180 epochs at 0.003 +0.50 (could be chance);"
    )
    assert len(said) == 5


def test_findings_tell_what_shows_where_filters_have_learned_both_motifs():
    shown = block([0.01, 1, 1, 1, 1, 0.01], member_p=[[0.01, 1, 1, 1, 1, 0.01], [1, 1, 1, 1, 1, 0.01]])
    tables = {"insertion": shown, "attention": block([1.0] * 6)}
    records = [
        record(tables, learned=((1, 1, 1, 0), (1, 1, 1, 1))),
        record({"insertion": shown}, has_attention=False),
    ]
    rows = summarise(score_tables(records))
    said = benchmark_sentences([], rows, count_by_first_layer(records))
    assert said[-1] == (
        "Do networks show the pairs whose motifs the first layer has learned? Level 2, networks with attention, pairs "
        "of each network by itself: insertion 2 of 3 true pairs both of whose motifs have a filter, and 1 of 1 others; "
        "attention 0 of 3 true pairs both of whose motifs have a filter, and 0 of 1 others (p ≤ 0.05)."
    )
    assert len(benchmark_sentences([], rows)) == len(said) - 1


def test_a_method_that_calls_decoys_is_not_named_as_the_one_that_recovers_most():
    all_true_and_decoys, one_true = block([0.01, 0.01, 1, 1, 0.01, 0.01]), block([0.01, 1, 1, 1, 1, 1])
    rows = summarise(score_tables([record({"mutagenesis": all_true_and_decoys, "insertion": one_true})]))
    assert "Level 2, 65 epochs at 0.001: insertion, with a recall of 0.50" in benchmark_sentences([], rows)[-1]


def test_a_page_is_written_from_records_alone(tmp_path):
    table = block([0.01, 1, 1, 1, 1, 0.01])
    records = [
        record(dict.fromkeys(INTERACTION_METHODS, table)),
        record({"insertion": table}, has_attention=False),
        record({"insertion": table}, labels="additive"),
        record({"insertion": table}, data_seed=1),
        record({"insertion": table}, data_seed=101),
    ]
    outputs = write_interaction_outputs(records, tmp_path, command="motiflens study report x")
    page = outputs.report.read_text()
    for text in ("Calibration", "not calibrated", "1 records are left out", "motiflens study report x", "feature_maps"):
        assert text in page
    assert {path.name for path in outputs.tables} == {
        f"interactions-{name}.tsv"
        for name in ("conditions", "methods", "factors", "filters", "draws", "calibration", "signs")
    }
    assert "2 of 4" not in page
    assert "4 of 4" in page


def test_a_page_needs_records_of_figure_seeds(tmp_path):
    with pytest.raises(ValueError, match="data seeds of 100 or more, got 1 others"):
        write_interaction_outputs([record({}, data_seed=2)], tmp_path)


def test_a_damaged_record_is_restored_where_the_export_still_has_it(tiny_preset, finished, tmp_path):
    store = Store(tmp_path)
    store.write(finished[1])
    store.export()
    path = store.path_of(TINY.key)
    whole = path.read_text()
    path.write_text(whole[:200])
    result = run_interaction_study("interactions-calibration", tmp_path, machines=CPU, budget=0)
    assert (result.n_skipped, [place.key for place in result.damaged]) == (1, [TINY.key])
    assert path.read_text() == whole


def test_a_record_that_lacks_what_reports_need_is_made_again(tiny_preset, finished, tmp_path):
    table = finished[1]["tables"]["mutagenesis"]
    cut = {**finished[1], "tables": {"mutagenesis": {**table, "p_value": table["p_value"][:-1]}}}
    Store(tmp_path).write(cut)
    result = run_interaction_study("interactions-calibration", tmp_path, machines=CPU, budget=0)
    assert (result.n_skipped, result.n_left) == (0, 2)
    assert "tables.mutagenesis.p_value must be a list of" in result.damaged[0].reason


def test_a_full_disk_ends_a_run_of_the_benchmark(tiny_preset, tmp_path, monkeypatch):
    driver = Driver(Store(tmp_path), interaction_problem, run_condition_job, machines=ONE)
    monkeypatch.setattr(
        driver.machines.__class__,
        "run",
        lambda self, function, jobs, *, renew, on_news: [on_news(Ended(job.work.keys, True)) for job in jobs],
    )
    assert driver.do(tiny_preset) == [None]  # the second condition was not begun
