"""What users get from a table of interactions: the page, its parts, and the command."""

import dataclasses
import json
import re

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from command_line import fails

from motiflens.basics.sequence import encode, one_hot
from motiflens.cli import app
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import read_hdf5, write_hdf5
from motiflens.interpret.interactions import Effects, Interaction, InteractionTable
from motiflens.interpret.interactions.table import PairEvidence
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid import HybridNetwork
from motiflens.motifs.sets import Motif, distinct_names, load_motifs
from motiflens.report.interactions import write_interaction_page
from motiflens.report.interactions.page import example_sequences, overview_figure, profile_figure
from motiflens.study.benchmark.conditions import Condition
from motiflens.training.protocol import REFERENCE
from motiflens.training.shelf import save_ensemble

WORDS = ("TGACTCAG", "CCGGAAGT", "ATTGCGAC")
MOTIFS = [Motif(f"M{k}", f"F{k}", 0.01 + 0.96 * one_hot(encode([word]))[0].numpy()) for k, word in enumerate(WORDS)]
CALLED = Interaction(0, 1, "M0", "M1", 2.0, "+", 0.005, 0.015, 5.0, 4.0, 6.0, "i+ j+", 40, 2)


def table(*, caution="", distances=3):
    rows = (
        CALLED,
        Interaction(0, 2, "M0", "M2", -1.0, "-", 1.0, 1.0, 0.0, 0.0, 10.0, "", 40, 0),
        Interaction(1, 2, "M1", "M2", np.nan, "", 1.0, 1.0, np.nan, np.nan, np.nan, "", 0, 0),
    )
    number = np.ones((3, 4, distances))
    number[:, 3, 0] = 0
    total = np.arange(12.0 * distances).reshape(3, 4, distances) * number
    low = np.arange(distances) * 5.0
    profiles = Effects(total, total**2, number, low, low + 4, np.ones((3, 2)))
    evidence = PairEvidence(*np.ones((5, 3)), *np.ones((2, 3, 3)))
    return InteractionTable(rows, "mutagenesis", "logit", 3, 200, caution, profiles, evidence, ("F0", "F1", "F2"))


def sequence(*sites):
    """A run of 60 bases of A with words at places."""
    text = ["A"] * 60
    for start, word in sites:
        text[start : start + len(word)] = word
    return encode(["".join(text)])[0]


def test_examples_mark_both_sites_and_prefer_the_gap_that_was_found():
    far = sequence((0, WORDS[0]), (40, WORDS[1]))
    near = sequence((10, "ACTTCCGG"), (23, WORDS[0]))  # reverse complement of the second word, 5 bases before the first
    first, second = example_sequences(CALLED, MOTIFS, np.stack([far, near]))
    assert first == [
        ("A" * 10, "", ""),
        ("ACTTCCGG", "j", "−"),
        ("A" * 5, "", ""),
        (WORDS[0], "i", "+"),
        ("A" * 29, "", ""),
    ]
    assert second[0] == (WORDS[0], "i", "+")
    assert second[2] == (WORDS[1], "j", "+")
    assert len("".join(bases for bases, _, _ in second)) == 60


def test_examples_prefer_the_orientation_that_was_found():
    turned = sequence((10, "ACTTCCGG"), (23, WORDS[0]))
    straight = sequence((10, WORDS[0]), (23, "CCGGAAGA"))  # a poorer site of the second word
    both = np.stack([turned, straight])
    assert example_sequences(CALLED, MOTIFS, both, n_examples=1)[0][1] == (WORDS[0], "i", "+")
    reversed_call = CALLED._replace(orientation="j- i+")
    assert example_sequences(reversed_call, MOTIFS, both, n_examples=1)[0][1] == ("ACTTCCGG", "j", "−")
    assert example_sequences(CALLED._replace(orientation=""), MOTIFS, both, n_examples=1)[0][1][1] == "j"


def test_sequences_in_which_the_best_sites_overlap_are_no_examples():
    overlapping = sequence((10, "TGACTCAGGAAGT"))  # the second word with one mismatch, within the first
    apart = sequence((0, WORDS[0]), (40, WORDS[1]))
    assert len(example_sequences(CALLED, MOTIFS, np.stack([overlapping, apart]))) == 1
    assert example_sequences(CALLED, MOTIFS, overlapping[None]) == []


def test_heat_map_and_network_show_the_effects():
    heat, net, *_ = overview_figure(table(), MOTIFS).axes
    shown = np.ma.filled(heat.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(shown[0], [np.nan, 2, -1])
    np.testing.assert_array_equal(shown, shown.T)
    assert len(net.lines) == 1
    assert sorted(map(tuple, heat.collections[0].get_offsets().tolist())) == [(0, 1), (1, 0)]


def test_profiles_have_a_line_per_orientation_and_gaps_where_nothing_was_seen():
    (ax,) = profile_figure(table(), CALLED).axes
    lines = [line for line in ax.lines if line.get_label() in ("i+ j+", "i+ j-", "j+ i+", "j- i+")]
    assert [line.get_xdata().tolist() for line in lines] == [[2, 7, 12]] * 3 + [[7, 12]]
    assert lines[1].get_ydata().tolist() == [3, 4, 5]


def test_the_page_says_what_was_called_and_how_many_agree(tmp_path):
    positives = np.stack([sequence((0, WORDS[0]), (13, WORDS[1]))] * 4)
    path = write_interaction_page(table(caution="mind this"), MOTIFS, tmp_path / "a" / "p.html", sequences=positives)
    page = path.read_text()
    for text in ("1 of 3 pairs of motifs are called", "F0 · F1", "2 of 3</td>", "Caution: mind this.", 'id="pair-0-1"'):
        assert text in page
    assert page.count(f">{WORDS[0]}</mark>") == 3
    assert not re.search(r'(src|href)="http', page)


def test_a_page_without_calls_or_distances_is_a_page(tmp_path):
    page = write_interaction_page(table(distances=1), MOTIFS, tmp_path / "p.html", q=0.001).read_text()
    assert "No pair is called" in page
    page = write_interaction_page(table(distances=1), MOTIFS, tmp_path / "p.html").read_text()
    assert 'id="pair-0-1"' in page
    assert "Effect over distance" not in page


def test_a_page_refuses_other_motifs(tmp_path):
    with pytest.raises(ValueError, match="expected the 3 motifs of the table in its order, got 3 others"):
        write_interaction_page(table(), MOTIFS[::-1], tmp_path / "p.html")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with data and an ensemble of two networks as they begin."""
    folder = tmp_path_factory.mktemp("users")
    condition = Condition(n_sequences=300, n_motifs=8)
    write_hdf5(condition.simulate(), folder / "data.h5")
    members = []
    for index in range(2):
        torch.manual_seed(index)
        members.append(Member(index, index, status="ok", network=HybridNetwork(condition.model()).eval()))
    save_ensemble(Ensemble(condition.model(), REFERENCE.to_dict(), members), folder / "networks")
    return folder


def run(place, *options, model="networks"):
    command = ["interactions", str(place / model), str(place / "data.h5"), "--method", "mutagenesis", "--n-null", "16"]
    return CliRunner().invoke(app, [*command, "--n-sequences", "20", *options])


def test_the_command_reads_an_ensemble_and_writes_table_and_page(place, tmp_path):
    files = [tmp_path / "pairs.tsv", tmp_path / "pairs.html"]
    result = run(place, "--out", str(files[0]), "-o", str(files[1]), "--json")
    assert result.exit_code == 0, result.output
    told = [line for line in result.stderr.splitlines() if not line.endswith(" s")]  # less what a slow machine says
    assert told == [f"mutagenesis  {share} %" for share in (20, 50, 70, 100)]
    told = json.loads(result.stdout)
    assert (told["n_members"], len(told["pairs"])) == (2, 28)
    header, *lines = files[0].read_text().splitlines()
    assert header.split("\t") == [*Interaction._fields, "name_i", "name_j"]
    assert len(lines) == 28
    page = files[1].read_text()
    n_positives = int((read_hdf5(place / "data.h5").test.y == 1).sum())
    assert f"Positives: the {n_positives} test sequences of data.h5 with label" in page


def test_motifs_of_one_name_are_told_apart(place, tmp_path):
    out = tmp_path / "pairs.html"
    named = ["--motifs", "JASPAR2020", "--names", "ESRRB,SP1", "--q", "1", "--out", str(out)]
    result = run(place, *named, model="networks/member_000")
    assert result.exit_code == 0, result.output
    assert "note: several motifs have one name, and count as different: SP1 (MA0079.1), " in result.stderr
    assert "SP1 (MA0079.1)" in out.read_text()
    first, second = MOTIFS[:2]
    versions = [first, second, dataclasses.replace(first, id="X"), dataclasses.replace(first, name="")]
    named = [f"{first.name} ({first.id})", second.name, f"{first.name} (X)", first.id]
    assert distinct_names(versions) == named


def test_a_model_with_other_outputs_than_labels_is_noted(place, tmp_path):
    (tmp_path / "net.py").write_text(FOREIGN.replace("nn.Linear(6, 1)", "nn.Linear(6, 3)"))
    options = ["--method", "mutagenesis", "--n-null", "16", "--n-sequences", "20", "--target", "2"]
    command = ["interactions", f"{tmp_path / 'net.py'}:Net", str(place / "data.h5"), *options]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "the model has 3 output(s) and the data 1 label(s): output 2 (--target) is compared with" in result.stderr


def test_the_command_reads_one_network_and_some_motifs(place):
    result = run(place, "--names", "MA0035.3,ESRRB,E2F4", "--q", "1", model="networks/member_000")
    assert result.exit_code == 0, result.output
    assert re.search(r"\d of 3 pairs are called at q <= 1.0 \(mutagenesis, in logit\)", result.stdout)


FOREIGN = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 6, 11)
        self.out = nn.Linear(6, 1)

    def forward(self, x):  # (n, L, 4)
        return self.out(self.conv(x.transpose(1, 2)).relu().amax(2))
"""


def test_the_command_reads_any_pytorch_model(place, tmp_path):
    (tmp_path / "net.py").write_text(FOREIGN)
    options = ["--method", "mutagenesis", "--n-null", "16", "--n-sequences", "20", "--json"]
    command = ["interactions", f"{tmp_path / 'net.py'}:Net", str(place / "data.h5"), *options]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert len(json.loads(result.stdout)["pairs"]) == 28
    result = CliRunner().invoke(app, [*command[:3], "--method", "attention"])
    assert "expected a model that gives attention weights" in str(result.exception)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--layout", "NL4"), "--layout is for a model given as module:function"),
        (("--n-null", "0"), "--n-null must be a whole number of 1 or more, got 0"),
        (
            ("--out", "pyproject.toml/a.tsv"),
            "cannot write into pyproject.toml: .*pyproject.toml is a file; name a folder",
        ),
        (("--q", "0"), "--q must be above 0 and at most 1, got 0.0"),
        (("--out", "a.csv"), "--out must name a .tsv or .html file, got 'a.csv'"),
        (("--names", "Gata2,ESRRB"), "no motif 'Gata2' among the 8 motifs; did you mean Gata1"),
        (("--motifs", "JASPAR2016-vertebrates"), "expected at most 60 motifs, got 519: choose some with --names"),
    ],
)
def test_the_command_says_what_is_wrong(place, capsys, monkeypatch, options, message):
    command = ["interactions", place / "networks", place / "data.h5", "--method", "mutagenesis", "--n-null", "16"]
    code, told = fails(capsys, monkeypatch, *command, "--n-sequences", "20", *options)
    assert code == 2
    assert re.search(message, told)


SCANNER = """
import torch
from torch import nn
from motiflens.motifs.sets import load_motifs, select_motifs

class Net(nn.Module):
    def __init__(self, known=("MA0035.3", "MA0689.1", "MA0136.2")):
        super().__init__()
        self.conv = nn.Conv1d(4, 3, 19, padding=9)
        self.conv.weight.data.zero_()
        for row, motif in enumerate(select_motifs(load_motifs("JASPAR2020"), list(known))):
            self.conv.weight.data[row, :, 4 : 4 + motif.width] = torch.from_numpy(motif.pwm - 0.25)
        self.out = nn.Linear(3, 1)

    def forward(self, x):
        return self.out(self.conv(x).relu().amax(2))

class Blind(Net):
    def __init__(self):
        super().__init__()
        self.conv.weight.data = torch.ones_like(self.conv.weight)
"""


def test_without_a_set_motifs_are_those_that_filters_look_like(place, tmp_path):
    data = read_hdf5(place / "data.h5")
    write_hdf5(SequenceDataset.from_arrays(data.codes, data.y[:, 0]), tmp_path / "data.h5")
    (tmp_path / "scanner.py").write_text(SCANNER)
    options = [str(tmp_path / "data.h5"), "--method", "mutagenesis", "--n-null", "16", "--n-sequences", "20"]
    result = CliRunner().invoke(app, ["interactions", f"{tmp_path / 'scanner.py'}:Net", *options, "--json"])
    assert result.exit_code == 0, result.output
    assert re.search(r"^\d+ motifs of JASPAR2026-vertebrates that filters look like: ", result.stderr, re.MULTILINE)
    assert "note: the data hold no test sequences" in result.stderr
    pairs = json.loads(result.stdout)["pairs"]
    used = {pair[side] for pair in pairs for side in ("motif_i", "motif_j")}
    assert "MA0689.1" in used  # TBX20, and a factor of the GATA family
    assert any(motif.id in used for motif in load_motifs("JASPAR2026-vertebrates") if motif.name.upper()[:4] == "GATA")
    result = CliRunner().invoke(app, ["interactions", f"{tmp_path / 'scanner.py'}:Blind", *options])
    assert isinstance(result.exception, ValueError)
    told = str(result.exception)
    assert re.match(r"expected filters of two kinds of motifs in JASPAR2026-vertebrates, got [01]: name", told)
