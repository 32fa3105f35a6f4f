"""Wrong values for every option and argument of every command: exit code 2 and one line, or a value that is right.

Commands run up to the point where the work begins: training, workers and audits are cut off there.
"""

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import run
from crx_folder import make_crx_folder
from study_records import make_record

from motiflens import cli
from motiflens.basics.store import Store
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.models.hybrid import build_model
from motiflens.motifs.files import write_meme
from motiflens.motifs.sets import load_motifs
from motiflens.study import machines
from motiflens.training import ensemble

LENGTH = 72
OWN = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.out = nn.Conv1d(4, 6, 9, padding="same"), nn.Linear(6, 1)

    def forward(self, x):
        return self.out(self.conv(x).relu().amax(2))
"""
COMMANDS = cli.app
HUGE = "1" + 30 * "0"
#: Wrong values of every kind of option; some are right for some options.
WRONG = {
    int: ["-1", "0", HUGE, "2.5", ""],
    float: ["-1", "0", HUGE, "nan", "inf", "nonsense"],
    str: ["-1", HUGE, "nonsense", "", " ", "folder"],
    Path: ["-1", "nonsense", "", " ", "no/such.file", "folder", "text.txt"],
}
#: No whole number, no number.
NEVER = {int: ["2.5", ""], float: ["nonsense"]}

FEW = ["--database", "motifs.meme", "--n-decoys", "0", "--n-ablation", "0", "--n-backgrounds", "0", "--n-examples", "0"]
GRAMMAR = ["-n", "20", "--n-motifs", "6", "--n-pairs", "2"]
OF_MODELS = ["--weights", "--layout", "--bases", "--output", "--first-layer"]
OF_TRAINING = [
    "--architecture", "--activations", "--members", "--task", "--protocol", "--max-epochs", "--device"
]  # fmt: skip
#: (command, arguments, options, names): a right call, of which every argument and option is exchanged, or those named.
CALLS = [
    ("simulate", ["spaced-grammar"], ["-o", "new.h5", *GRAMMAR], None),
    ("simulate", ["billboard"], ["-o", "new.h5", "-n", "20"], ["--motif-counts", "--background"]),
    ("train", ["data.h5"], ["-o", "nets", "--architecture", "C24", "--members", "1"], None),
    ("predict", ["network", "all.fa"], [], None),
    ("predict", ["own.py:Net", "all.fa"], [], OF_MODELS),
    ("audit", ["data.h5"], ["--model", "network", *FEW], None),
    ("audit", ["data.h5"], ["-o", "page", *FEW], OF_TRAINING),
    ("audit", ["data.h5"], ["--model", "own.py:Net", *FEW], OF_MODELS),
    ("compare", ["data.h5"], ["--config", "C24:relu", "--config", "C24:exponential", "-o", "page", *FEW], None),
    ("filters", ["network", "data.h5"], ["--database", "motifs.meme"], None),
    ("attribute", ["network", "data.h5"], ["-o", "maps.npz"], None),
    ("attribute", ["own.py:Net", "data.h5"], ["-o", "maps.npz"], OF_MODELS),
    ("interactions", ["network", "data.h5"], ["--motifs", "motifs.meme", "--n-null", "4", "--n-sequences", "4"], None),
    ("tomtom", ["motifs.meme", "motifs.meme"], [], None),
    ("data fasta", ["all.fa"], ["-o", "new.h5", "--negatives", "all.fa"], None),
    ("data bed", ["peaks.bed", "genome.fa"], ["-o", "new.h5", "--width", "60", "--negatives", "others.bed"], None),
    ("data bed", ["peaks.bed", "genome.fa"], ["-o", "new.h5", "--width", "60", "--gc-matched", "1"], ["--avoid"]),
    ("data table", ["table.tsv"], ["-o", "new.h5"], None),
    ("data crx", ["crx"], ["-o", "new.h5"], None),
    ("data hdf5", ["data.h5"], ["-o", "new.h5"], None),
    ("data summary", ["data.h5"], [], None),
    ("models list", ["C24"], [], None),
    ("models check", ["own.py:Net", "data.h5"], [], None),
    ("motifs list", ["motifs.meme"], [], None),
    ("motifs convert", ["motifs.meme", "new.meme"], [], None),
    ("study run", [], ["--preset", "quick", "--workers", "1", "-o", "study"], None),
    ("study run", [], ["--preset", "interactions", "-o", "study"], ["--members", "--seed", "--data-seed", "--shard"]),
    ("study run", [], ["--preset", "verdicts", "-o", "study"], ["--members", "--data", "--shard", "--budget"]),
    ("study run", [], ["--preset", "crx", "--data", "crx.h5", "-o", "study"], ["--members", "--data", "--seed"]),
    ("study report", ["records"], ["-o", "page"], None),
    ("study effects", ["records"], [], None),
]  # fmt: skip


class WorkBegins(BaseException):
    """All options have been found to be right."""


def begin(*given, **options):
    raise WorkBegins


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with everything that the calls name."""
    folder = tmp_path_factory.mktemp("place")
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (30, LENGTH)).astype(np.uint8)
    split = ["train"] * 14 + ["valid"] * 8 + ["test"] * 8
    write_hdf5(SequenceDataset.from_arrays(codes, np.arange(30) % 2, split=split), folder / "data.h5")
    network = build_model("C24", length=LENGTH, n_outputs=1, n_filters=4)
    network.save(folder / "network")
    strings = ["".join("ACGT"[base] for base in row) for row in codes]
    (folder / "all.fa").write_text("".join(f">s{i}\n{one}\n" for i, one in enumerate(strings)))
    genome = "".join("ACGT"[base] for base in rng.integers(0, 4, 6000))
    (folder / "genome.fa").write_text(f">chr1\n{genome}\n")
    for name, first in (("peaks", 0), ("others", 3000)):
        rows = "".join(f"chr1\t{first + 100 * i}\t{first + 100 * i + 50}\tp{i}\t{i}\t+\n" for i in range(20))
        (folder / f"{name}.bed").write_text(rows)
    rows = "".join(f"{one}\t{i % 2}\tn{i}\n" for i, one in enumerate(strings))
    (folder / "table.tsv").write_text("sequence\tlabel\tname\n" + rows)
    motifs = load_motifs("JASPAR2016-vertebrates")
    write_meme(motifs[:5], folder / "motifs.meme")
    (folder / "own.py").write_text(OWN)
    (folder / "text.txt").write_text("nothing in particular\n")
    (folder / "folder").mkdir()
    store = Store(folder / "records")
    for member in range(2):
        store.write(make_record(2, "C24", "relu", member))
    make_crx_folder(folder / "crx")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run("data", "crx", "crx", "-o", "crx.h5")
    return folder


@pytest.fixture
def command(place, monkeypatch, capsys):
    """Run a command line; its exit code, 0 where it would have begun its work, and what stands on standard error."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(ensemble, "_train", begin)
    monkeypatch.setattr(machines, "run_local", begin)
    monkeypatch.setattr("motiflens.audits.train_and_audit.run_local", begin)
    monkeypatch.setattr("motiflens.report.study.page._write_page", begin)
    monkeypatch.setattr("motiflens.report.audit.write_audit_folder", begin)
    held = {one.name for one in place.iterdir()}

    def call(arguments):
        monkeypatch.setattr(sys, "argv", ["motiflens", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
        except WorkBegins:
            pass
        for one in place.iterdir():
            if one.name not in held:
                shutil.rmtree(one) if one.is_dir() else one.unlink()
        return code, capsys.readouterr().err

    return call


def parameters(name):
    """Arguments and options of a command that take a value."""
    found = COMMANDS
    for part in name.split():
        found = found.commands[part]
    valued = [one for one in found.params if one.name != "help" and not getattr(one, "is_flag", False)]
    arguments = [one for one in valued if one.param_type_name == "argument"]
    return arguments, [one for one in valued if one not in arguments]


def without(options, names):
    """Options but those of some names."""
    pairs = zip(options[::2], options[1::2], strict=True)
    return [word for pair in pairs if pair[0] not in names for word in pair]


def variants(call):
    """(what is exchanged, its kind, the value, the command line) of all wrong values in a call."""
    name, given, options, chosen = call
    arguments, others = parameters(name)
    for place, argument in enumerate(arguments[: len(given)] if chosen is None else ()):
        for wrong in WRONG[Path]:
            words = [*given[:place], wrong, *given[place + 1 :]]
            yield argument.name, Path, wrong, [*name.split(), *options, "--", *words]
    for option in others:
        if chosen is None or option.opts[0] in chosen:
            rest = without(options, option.opts)
            kind = option.base if option.base in WRONG else str  # a choice among names
            for wrong in WRONG[kind]:
                yield option.opts[0], kind, wrong, [*name.split(), *rest, f"{option.opts[0]}={wrong}", "--", *given]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join([call[0], *(call[3] or ["all"])[:1]]))
def test_wrong_values_are_told_in_a_line(command, call):
    name, given, options, _ = call
    code, told = command([*name.split(), *options, "--", *given])
    assert code == 0, told
    n_refused = 0
    for what, kind, wrong, words in variants(call):
        code, told = command(words)
        if code != 0 or wrong in NEVER.get(kind, ()):
            *before, line = told.splitlines()
            where = f"{what} = {wrong!r}: {told}"
            assert code == 2, where
            assert line.startswith("error: "), where
            assert all(re.match(r"note: |warning: |[\w ]+: reading |[\w ]+  \d+ %", one) for one in before), where
            assert 15 < len(line) < 700, where
            n_refused += 1
    assert n_refused > 0


def test_every_command_and_option_is_tried():
    tried = {(call[0], what) for call in CALLS for what, *_ in variants(call)}
    for name in commands():
        arguments, options = parameters(name)
        for one in (*arguments, *options):
            what = one.name if one in arguments else one.opts[0]
            assert (name, what) in tried, f"{name} {what}"


def commands(group=None, before=()):
    """Names of all commands that take a value."""
    group = group or COMMANDS
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*before, name))
        elif any(parameters(" ".join([*before, name]))):
            yield " ".join([*before, name])
