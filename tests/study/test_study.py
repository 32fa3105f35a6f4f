import dataclasses
import json

import pytest

from motiflens.study.grid import QUICK_PRESET, StudyConfig, plan_trials, run_study, unfinished_trials
from motiflens.study.machines import Machines
from motiflens.study.results import Results
from motiflens.training.news import News
from motiflens.training.protocol import REFERENCE

TINY = StudyConfig(
    tasks=(2,),
    architectures=("C24",),
    activations=("relu", "exponential"),
    n_members=2,
    protocol=REFERENCE.replace(max_epochs=2, batch_size=50),
    n_sequences_task1=400,
    n_sequences_task2=400,
)


def assert_same_network(one, other):
    """Trained alone or beside others, products are rounded otherwise: losses stay, ranks of a few sequences change."""
    for name in ("train_loss", "valid_loss"):
        assert one["history"][name] == pytest.approx(other["history"][name], rel=2e-4)
    assert one["metrics"] == pytest.approx(other["metrics"], abs=2e-3)


def only(news):
    """What takes news of networks alone."""
    return lambda item: news.append(item) if isinstance(item, News) else None


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    news = []
    return folder, run_study(TINY, folder, machines=Machines(n_workers=2), on_news=only(news)), news


def test_every_network_leaves_a_small_complete_record(finished):
    folder, result, news = finished
    assert result.errors == []
    assert len(result.records) == 4
    for record in result.records:
        path = folder / "records" / f"{record['key']}.json"
        assert path.stat().st_size < 10_000
        assert record["status"] == "ok"
        assert set(record["metrics"]) == {"valid_auroc", "valid_aupr", "test_auroc", "test_aupr"}
        assert 0 <= record["filters"]["tpr"] <= 1
        assert len(record["filters"]["best"]) == 24
        assert record["attribution"]["n_sequences"] > 20
        assert record["config"]["protocol"]["max_epochs"] == 2
        assert {"motiflens", "torch", "numpy", "python", "kernels"} == set(record["versions"])
        assert (folder / "weights" / record["key"] / "model.safetensors").exists()
    assert {item.key for item in news if item.status == "ok"} == {record["key"] for record in result.records}
    assert not (folder / "checkpoints").exists()
    lines = (folder / "task2.jsonl").read_text().splitlines()
    assert [json.loads(line)["key"] for line in lines] == [record["key"] for record in result.records]


def test_the_example_in_a_record_lies_on_its_motifs(finished):
    from motiflens.basics.sequence import encode

    _, result, _ = finished
    example = result.records[0]["attribution"]["examples"][0]
    assert len(example["scores"]) == len(example["sequence"]) == 200
    assert encode(example["sequence"]).max() < 4
    assert len(example["sites"]) >= 3
    for _, strand, start, width in example["sites"]:
        assert strand in (-1, 1)
        assert 0 <= start <= 200 - width


def test_the_stored_filters_are_those_of_the_stored_weights(finished):
    import numpy as np

    from motiflens.interpret.filters import activation_pwms
    from motiflens.models.hybrid import HybridNetwork
    from motiflens.models.outputs import first_layer_activations
    from motiflens.study.grid.trial import simulate_task
    from motiflens.study.records import stored_pwms

    folder, result, _ = finished
    record = result.records[0]
    network = HybridNetwork.load(folder / "weights" / record["key"])
    test = simulate_task(2, 400, 0).test
    pwms, counts = activation_pwms(first_layer_activations(network, test.codes), test.codes)
    assert counts.tolist() == record["filters"]["counts"]
    np.testing.assert_allclose(stored_pwms(record), pwms, atol=0.01)


def test_nothing_is_done_twice_and_more_members_add_only_the_new(finished):
    folder, result, _ = finished
    times = {path: path.stat().st_mtime_ns for path in folder.glob("records/**/*.json")}
    news = []
    again = run_study(TINY, folder, machines=Machines(n_workers=1), on_news=only(news))
    assert (again.records, again.n_skipped, news) == (result.records, 4, [])
    more = run_study(
        TINY.replace(n_members=3, activations=("relu",)), folder, machines=Machines(n_workers=1), on_news=only(news)
    )
    assert {item.key for item in news} == {"task2/C24/relu/002"}
    assert len(more.records) == 3
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in times.items())


def test_a_study_resumes_from_exported_records_alone(finished, tmp_path):
    folder, result, _ = finished
    (tmp_path / "task2.jsonl").write_bytes((folder / "task2.jsonl").read_bytes())
    again = run_study(TINY, tmp_path, machines=Machines(n_workers=1))
    assert again.n_skipped == 4
    assert again.records == result.records


def test_a_damaged_record_is_named_and_redone(finished):
    folder, result, _ = finished
    path = folder / "records" / f"{result.records[0]['key']}.json"
    (folder / "task2.jsonl").unlink()
    path.write_text(path.read_text()[:500])
    told = []
    again = run_study(TINY, folder, machines=Machines(n_workers=1), on_news=told.append)
    assert [place.where for place in again.damaged] == [f"records/{result.records[0]['key']}.json"]
    trials, n_skipped, damaged = told[0]
    assert [(trial.activation, trial.members) for trial in trials] == [("exponential", (0,))]
    assert n_skipped == 3
    assert damaged == again.damaged
    redone, before = again.records[0], result.records[0]
    assert_same_network(redone, before)
    assert redone["filters"]["counts"] == before["filters"]["counts"]


def test_a_damaged_record_is_restored_where_the_export_still_has_it(finished):
    folder, result, _ = finished
    path = folder / "records" / f"{result.records[0]['key']}.json"
    path.write_text("{")
    again = run_study(TINY, folder, machines=Machines(n_workers=1))
    assert again.n_skipped == 4
    assert len(again.damaged) == 1
    assert json.loads(path.read_text())["key"] == result.records[0]["key"]
    assert run_study(TINY, folder, machines=Machines(n_workers=1)).damaged == []


def test_a_record_without_what_reports_need_is_redone(finished):
    folder, result, _ = finished
    path = folder / "records" / f"{result.records[1]['key']}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"metrics": None}))
    (folder / "task2.jsonl").unlink()
    again = run_study(TINY, folder, machines=Machines(n_workers=1))
    assert [place.key for place in again.damaged] == [result.records[1]["key"]]
    assert_same_network(again.records[1], result.records[1])


def test_checkpoints_of_other_trials_are_left_alone(finished):
    folder, *_ = finished
    other = folder / "checkpoints" / "task2" / "C4C6" / "relu" / "member_000.ckpt"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"some state")
    run_study(TINY, folder, machines=Machines(n_workers=1))
    assert other.exists()
    other.unlink()
    run_study(TINY, folder, machines=Machines(n_workers=1))
    assert not (folder / "checkpoints").exists()


def test_a_folder_that_cannot_be_made_is_named_before_anything_runs(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        run_study(TINY, tmp_path / "file" / "out")


def test_records_of_another_configuration_are_not_mixed_in(finished):
    folder, *_ = finished
    with pytest.raises(ValueError, match=r"data\.data_seed was 0, now 1\): choose another folder"):
        run_study(TINY.replace(data_seed=1), folder)
    with pytest.raises(ValueError, match=r"data\.data_seed was 0, now 1"):  # other networks, but pooled in one table
        run_study(TINY.replace(architectures=("C4C6",), data_seed=1), folder)
    with pytest.raises(ValueError, match=r"protocol\.max_epochs was 2, now 100"):
        run_study(TINY.replace(protocol=dataclasses.replace(TINY.protocol, max_epochs=100)), folder)


def test_missing_keeps_the_order_of_the_plan():
    trials = plan_trials(QUICK_PRESET)
    assert unfinished_trials(trials, {}) == trials


def test_parts_and_data_seeds_have_their_own_share(finished, tmp_path):
    folder, result, _ = finished
    (tmp_path / "task2.jsonl").write_bytes((folder / "task2.jsonl").read_bytes())
    parts = [run_study(TINY, tmp_path, machines=Machines(n_workers=1), part=(k, 2)) for k in (1, 2)]
    assert [part.n_skipped for part in parts] == [2, 2]
    assert sorted(r["key"] for part in parts for r in part.records) == [r["key"] for r in result.records]
    other = TINY.replace(data_seed=1, n_members=1, activations=("relu",))
    (record,) = run_study(other, tmp_path / "seed1", machines=Machines(n_workers=1), save_weights=False).records
    assert record["data_seed"] == record["config"]["data"]["data_seed"] == 1
    same = next(r for r in result.records if r["key"] == record["key"])
    assert record["config_hash"] != same["config_hash"]
    assert record["member_seed"] == same["member_seed"]  # the same initial network, other data


def test_no_trial_begins_after_the_budget(tmp_path):
    news = []
    result = run_study(TINY, tmp_path, machines=Machines(n_workers=1), budget=0, on_news=only(news))
    assert (result.n_left, result.out_of_time, result.errors, result.records, news) == (4, True, [], [], [])
    assert not (tmp_path / "checkpoints").exists()


def test_a_trial_under_way_stops_at_the_end_of_its_epoch(tmp_path):
    endless = TINY.replace(
        activations=("relu",), protocol=TINY.protocol.replace(max_epochs=10**6, early_stop_patience=None)
    )
    news = []
    result = run_study(endless, tmp_path, machines=Machines(n_workers=1), budget=6, on_news=only(news))
    assert (result.n_left, result.out_of_time, result.errors) == (2, True, [])
    epochs = {key: max(n.n_epochs for n in news if n.key == key) for key in {n.key for n in news}}
    assert len(set(epochs.values())) <= 1  # no member is ahead of another
    assert len(list(tmp_path.rglob("*.ckpt"))) == len(epochs)
    assert not list(tmp_path.rglob("*.lock"))


def test_unknown_runners_are_named(tmp_path):
    with pytest.raises(ValueError, match="runner must be one of local, ray, got 'rai'; did you mean ray"):
        run_study(TINY, tmp_path, machines=Machines(runner="rai"))


def test_numbers_of_filters_are_run_resumed_and_reported_apart(tmp_path):
    from motiflens.report.study import write_outputs

    config = TINY.replace(activations=("relu",), n_filters=(4, 24), protocol=TINY.protocol.replace(max_epochs=1))
    first = run_study(config.replace(n_filters=()), tmp_path, machines=Machines(n_workers=1))
    assert [record["key"] for record in first.records] == ["task2/C24/relu/000", "task2/C24/relu/001"]
    result = run_study(config, tmp_path, machines=Machines(n_workers=2))
    assert (result.n_skipped, result.n_left, result.errors) == (2, 0, [])
    small = [record for record in result.records if "4-filters" in record["key"]]
    assert [record["key"] for record in small] == [f"task2/C24/relu/4-filters/00{member}" for member in (0, 1)]
    for record in small:
        assert record["config"]["model"]["n_filters"] == len(record["filters"]["counts"]) == 4
        assert (tmp_path / "weights" / record["key"] / "model.safetensors").exists()
    assert not (tmp_path / "checkpoints").exists()
    assert run_study(config, tmp_path).n_skipped == 4

    outputs = write_outputs(Results(result.records), tmp_path, formats=("svg",))
    lines = (tmp_path / "tables" / "task2.tsv").read_text().splitlines()
    assert len(lines) == 2  # networks of other sizes are not mixed into the paper's tables
    assert lines[1].split("\t")[3] == "2"
    numbers = [line.split("\t") for line in (tmp_path / "tables" / "filters.tsv").read_text().splitlines()]
    assert {row[4] for row in numbers[1:]} == {"4", "24"}
    assert "Number of first-layer filters" in outputs.report.read_text()
