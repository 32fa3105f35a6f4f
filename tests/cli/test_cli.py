import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import fails, run, runner

from motiflens.cli import app
from motiflens.data.io import read_hdf5, write_hdf5
from motiflens.motifs.sets import read_motifs

README = Path(__file__).parents[2] / "README.md"
MAKE_COMMANDS = runpy.run_path(str(README.parent / "scripts" / "make_commands.py"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    data, out = folder / "data.h5", folder / "nets"
    run("simulate", "billboard", "-n", 600, "--seed", 1, "-o", data)
    result = run(
        "train", data, "-o", out, "--architecture", "C24", "--members", 2, "--task", 2, "--max-epochs", 2, "--json"
    )
    return data, out, json.loads(result.stdout)["members"]


def test_simulate_writes_the_librarys_data(trained):
    from motiflens.data.simulate import billboard

    dataset, expected = read_hdf5(trained[0]), billboard(600, seed=1)
    assert np.array_equal(dataset.train.codes, expected.train.codes)
    assert np.array_equal(dataset.test.truth.matrix(), expected.test.truth.matrix())


def test_train_saves_networks_that_the_other_commands_read(trained, tmp_path):
    data, out, members = trained
    assert [member["status"] for member in members] == ["ok", "ok"]
    assert 0 < members[0]["test_auroc"] < 1
    found = json.loads(run("filters", out / "member_001", data, "-o", tmp_path / "f.meme", "--json").stdout)
    assert len(found["filters"]) == 24
    assert found["tpr"] is None
    assert len(read_motifs(tmp_path / "f.meme")) == 24
    text = run("filters", out / "member_001", data, "--truth", "task2").stdout
    assert len(text.splitlines()) == 26
    logos = tmp_path / "logos.svg"
    run("filters", out / "member_001", data, "--logos", logos)
    labels = re.findall(r"<text[^>]*>(\d+)  ", logos.read_text(encoding="utf-8"))
    assert sorted(map(int, labels)) == list(range(24))
    (tmp_path / "truth.json").write_text('{"SP1": ["MA0079"]}')
    assert "(TPR)" in run("filters", out / "member_001", data, "--truth", tmp_path / "truth.json").stdout

    npz = tmp_path / "scores.npz"
    result = json.loads(run("attribute", out / "member_000", data, "-o", npz, "--json").stdout)
    assert 0 <= result["auroc"] <= 1
    with np.load(npz) as stored:
        assert stored["saliency"].shape == (result["n_sequences"], 4, 200)
        assert np.array_equal(stored["one_hot"], read_hdf5(data).test.subset(stored["rows"]).X.numpy())


def test_motif_sets_convert_and_list(tmp_path):
    run("motifs", "convert", "JASPAR2016-vertebrates", tmp_path / "all.meme")
    assert len(read_motifs(tmp_path / "all.meme")) == 519
    listed = json.loads(run("motifs", "list", tmp_path / "all.meme", "--json").stdout)
    assert listed[0]["id"] == "MA0004.1"
    assert "MA0004.1\tArnt\t6" in run("motifs", "list", tmp_path / "all.meme").stdout


def test_study_run_and_report(tmp_path):
    tiny = ["--tasks", "2", "--architectures", "C24", "--members", "1", "--activations", "relu", "--workers", "1"]
    from motiflens.study.grid import STUDY_PRESETS

    small = STUDY_PRESETS["quick"].replace(
        n_sequences_task2=400, protocol=STUDY_PRESETS["quick"].protocol.replace(max_epochs=1, batch_size=50)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STUDY_PRESETS, "quick", small)
        result = json.loads(run("study", "run", *tiny, "--out", tmp_path, "--json").stdout)
    assert result["n_records"] == 1
    assert Path(result["report"]).is_file()
    again = tmp_path / "again"
    again.mkdir()
    (again / "task2.jsonl").write_bytes((tmp_path / "task2.jsonl").read_bytes())
    assert "1 networks" in run("study", "report", again, "--select", "all").stdout
    assert (again / "report.html").is_file()
    assert (again / "tables" / "task2.tsv").is_file()


def test_an_interrupt_is_told_and_the_same_command_goes_on(trained, tmp_path, monkeypatch):
    data = trained[0]
    arguments = ["train", data, "-o", tmp_path, "--architecture", "C24", "--members", 1, "--task", 2, "--max-epochs", 3]

    def interrupt(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("motiflens.cli.train.short", interrupt)
        patch.setattr("motiflens.training.shelf.Shelf.keep", interrupt)
        result = runner.invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 130
    assert "run the same command again" in result.stderr
    assert not re.search(r"epoch +\d", run(*arguments, "--verbose").stderr)  # all epochs had been kept
    assert "member 0" in run(*arguments).stdout  # all is done, and told again


def test_raising_members_trains_only_the_new(trained):
    data, out, _ = trained
    arguments = ["train", data, "-o", out, "--architecture", "C24", "--task", 2, "--max-epochs", 2]
    result = run(*arguments, "--members", 3, "--verbose")
    assert "member 2" in result.stderr
    assert "member 1" not in result.stderr


def test_simulate_with_other_numbers_of_motifs(tmp_path):
    run(
        "simulate",
        "multi-motif",
        "-n",
        50,
        "-o",
        tmp_path / "a.h5",
        "--motif-counts",
        "2:0.5,3:0.5",
        "--split",
        "1,0,0",
    )
    dataset = read_hdf5(tmp_path / "a.h5")
    assert len(dataset.train) == 50
    assert set(np.bincount(dataset.truth.table().sequence)) == {2, 3}


def test_every_command_has_help_and_is_shown_in_use():
    pages = [README, *(README.parent / "docs").glob("howto/*.md"), *(README.parent / "docs").glob("[!c]*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for words, command in MAKE_COMMANDS["commands"](app, ("motiflens",)):
        assert command.help
        assert all(getattr(p, "help", None) for p in command.params if p.name != "help"), words
        assert re.search(rf"{words}\b", text), f"no page shows: {words}"


def test_the_reference_says_what_the_commands_say():
    page = MAKE_COMMANDS["TARGET"].read_text(encoding="utf-8")
    assert page == MAKE_COMMANDS["reference"](), "run python scripts/make_commands.py"


def test_help_does_not_import_torch():
    code = "import sys, motiflens.cli; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_version():
    from motiflens import __version__

    assert run("--version").stdout.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "missing.h5", "-o", "x"], "missing.h5"),
        (["simulate", "multi-motif", "-o", "x.h5", "--motifs", "JASPAR1999"], "JASPAR1999"),
        (["simulate", "multi-motif", "-o", "x.h5", "--background", "JASPAR2020"], "belongs to billboard"),
        (["filters", "no-folder", "missing.h5"], "expected a folder no-folder: name the folder of a saved network"),
        (["motifs", "list", "missing.meme"], "missing.meme"),
        (["study", "run", "--preset", "quik"], "did you mean quick"),
        (["study", "run", "--architectures", "C5"], "unknown architecture 'C5'"),
        (["study", "run", "--protocol", "papr"], "did you mean PAPER"),
        (["study", "run", "--tasks", "one"], "expected a whole number, got 'one'"),
        (["study", "run", "--device", "cuda:99"], "CUDA"),
        (["study", "run", "--address", "head:1"], "give --runner ray, too"),
        (["study", "run", "--device", "tpu0"], "unknown device 'tpu0'"),
        (["study", "report", "no-folder"], "no folder no-folder"),
    ],
)
def test_errors_are_one_line_and_exit_code_2(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, text = fails(capsys, monkeypatch, *arguments)
    assert code == 2
    assert message in text
    assert text.startswith("error: ")
    assert len(text.splitlines()) == 1
    assert not list(tmp_path.glob("*.h5"))


def test_report_of_an_empty_folder(tmp_path, capsys, monkeypatch):
    code, text = fails(capsys, monkeypatch, "study", "report", tmp_path)
    assert code == 2
    assert "holds no records" in text


def test_attribute_names_a_bad_target(trained, tmp_path, capsys, monkeypatch):
    data, out, _ = trained
    code, text = fails(
        capsys, monkeypatch, "attribute", out / "member_000", data, "-o", tmp_path / "a.npz", "--target", 3
    )
    assert (code, "--target must be in 0..0, got 3" in text) == (2, True)
    dataset = read_hdf5(data)
    write_hdf5(dataset.subset(np.flatnonzero(dataset.y[:, 0] == 0)), tmp_path / "negatives.h5")
    code, text = fails(
        capsys, monkeypatch, "attribute", out / "member_000", tmp_path / "negatives.h5", "-o", tmp_path / "a.npz"
    )
    assert (code, "try --no-positives" in text) == (2, True)
    assert not list(tmp_path.glob("*.npz"))
