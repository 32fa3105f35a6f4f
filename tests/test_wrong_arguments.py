"""Whatever is handed to a verb in the place of an argument: it works, or an InputError says what to pass."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import motiflens as ml
from motiflens.basics.arguments import checks_arguments, in_short
from motiflens.basics.errors import InputError
from motiflens.interpret.interactions import Settings
from motiflens.motifs.files import write_meme

LENGTH = 72


class Anything:
    pass


@checks_arguments
def take(
    n: int = 1,
    share: float = 1.0,
    names: Sequence[str] = (),
    place: str | Path | None = None,
    pairs: Mapping[str, int] | None = None,
    seed: int = 0,
):
    return n, share, list(names), place, pairs, seed


#: Wrong types, shapes and values; some are right for some arguments.
WRONG = [
    None, 5, -1, 1.5, float("nan"), True, "", "nonsense", "a\0b", b"bytes", "/dev/null", ".", [], {}, (), [None], [[]],
    ["ACGT", "AC"], ["ACGT" * 18, 5], [1, 2], [[1], [1, 2]], {1: 2}, set(), range(3), object(), Anything(), int, len,
    complex(1, 2), np.zeros(0), np.array(3), np.zeros((0, 4, LENGTH)), np.zeros((3, 4, 0)), np.zeros((2, LENGTH, 4)),
    np.zeros((2, 3, LENGTH)), np.full((2, 4, LENGTH), np.nan), np.full((2, LENGTH), 9), np.zeros((2, LENGTH), complex),
    np.array(["a"], dtype=object), np.zeros((2, 2, 2, 2)), torch.zeros(2), torch.full((2, 4, LENGTH), torch.inf),
]  # fmt: skip
#: Arguments that hold a function of the user's: what goes wrong in it is his.
OWN = {"on_news", "progress"}
#: Options that stand in **options or **changes.
MORE = {
    "audit": ("n_decoys", "n_ablation", "n_backgrounds", "n_examples", "n_resamples", "methods", "target", "seed"),
    "build_model": ("length", "n_outputs", "n_filters", "kernel_size", "first_pool", "dropout"),
}
#: Wrong values of these would train, or try every method, for long.
CALLS_TAKE_LONG = {"fit": {"protocol", "n_members", "members"}, "interactions": {"settings"}, "audit": {"database"}}


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """For every verb arguments with which it works, in no time."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (30, LENGTH)).astype(np.uint8)
    split = ["train"] * 14 + ["valid"] * 8 + ["test"] * 8
    data = ml.data.dataset.SequenceDataset.from_arrays(codes, np.arange(30) % 2, split=split)
    network = ml.build_model("C24", length=LENGTH, n_outputs=1, n_filters=4)
    motifs = ml.load_motifs("JASPAR2016-vertebrates")[:6]
    strings = ["".join("ACGT"[base] for base in row) for row in codes]
    (folder / "positives.fa").write_text("".join(f">p{i}\n{one}\n" for i, one in enumerate(strings)))
    (folder / "negatives.fa").write_text("".join(f">n{i}\n{one[::-1]}\n" for i, one in enumerate(strings)))
    (folder / "genome.fa").write_text(">chr1\n" + "ACGTTGCAAC" * 300 + "\n")
    peaks = "".join(f"chr1\t{100 * i}\t{100 * i + 50}\tp{i}\t{i % 2}\t+\n" for i in range(20))
    (folder / "peaks.bed").write_text(peaks)
    rows = "".join(f"{one}\t{i % 2}\n" for i, one in enumerate(strings))
    (folder / "table.tsv").write_text("sequence\tlabel\n" + rows)
    ml.write_hdf5(data, folder / "data.h5")
    network.save(folder / "network")
    write_meme(motifs, folder / "motifs.meme")
    few = {"n_decoys": 0, "n_ablation": 0, "n_backgrounds": 0, "n_examples": 0, "n_resamples": 2}
    small = Settings(n_null=8, n_backgrounds=4, n_null_backgrounds=2, n_sequences=4, distances=[0, 5])
    quick = ml.training.protocol.REFERENCE.replace(max_epochs=1, batch_size=4)
    return {
        "read_fasta": {"path": folder / "positives.fa", "negatives": folder / "negatives.fa"},
        "read_bed": {"path": folder / "peaks.bed", "genome": folder / "genome.fa", "width": 60, "label_column": 5},
        "read_table": {"path": folder / "table.tsv"},
        "read_hdf5": {"path": folder / "data.h5"},
        "write_hdf5": {"dataset": data, "path": folder / "written.h5"},
        "load_motifs": {"name_or_path": "JASPAR2016-vertebrates"},
        "read_motifs": {"path": folder / "motifs.meme"},
        "tomtom": {"queries": motifs[:2], "targets": motifs},
        "build_model": {"architecture": "C24", "length": LENGTH},
        "list_models": {"pattern": "*"},
        "load": {"path": folder / "network"},
        "fit": {"model": "C24", "dataset": data, "n_members": 1, "protocol": quick, "progress": False},
        "predict": {"networks": network, "sequences": codes},
        "explain": {"networks": network, "sequences": codes[:2]},
        "filter_motifs": {"network": network, "data": codes[:8], "database": motifs},
        "audit": {"networks": network, "data": data, "progress": False, "database": motifs, **few},
        "interactions": {
            "models": network, "data": codes[:8], "motifs": motifs[:3], "settings": small, "progress": False,
        },
        "spike_in": {"models": network, "dataset": codes, "motifs": motifs[:1], "n_sites": 1, "n_backgrounds": 20},
        "stability": {"models": [network, network], "dataset": codes[:8], "methods": ["saliency"], "n_decoys": 0},
        "plot_logo": {"what": motifs[0]},
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ml.VERBS)
def test_wrong_arguments_are_told(calls, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some text is a good name of a file
    verb, right = getattr(ml, name), calls[name]
    parameters = [one for one in inspect.signature(verb).parameters if one not in ("options", "changes")]
    n_refused, lengths = 0, []
    for parameter in [*parameters, *MORE.get(name, ())]:
        if parameter in OWN | CALLS_TAKE_LONG.get(name, set()):
            continue
        for wrong in WRONG:
            try:
                verb(**{**right, parameter: wrong})
            except InputError as error:
                n_refused += 1
                lengths.append(len(str(error)))
            except Exception as error:
                raise AssertionError(f"{name}({parameter}={in_short(wrong)}) ends in a traceback") from error
            finally:
                plt.close("all")
    assert n_refused > len(WRONG) // 2
    assert 10 < min(lengths) <= max(lengths) < 1500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": "3"}, r"^n must be a whole number, got '3'$"),
        ({"n": True}, "^n must be a whole number, got True"),
        ({"share": None}, "^share must be a number, got None"),
        ({"names": "chr1"}, "^expected names in a list, each of it text, got 'chr1'"),
        ({"names": ["a", 1]}, "^expected names in a list, each of it text, got list "),
        ({"names": {"a"}}, "^expected names in a list"),
        ({"place": np.zeros((2, 3))}, r"^place must be text, a path or None, got ndarray of shape \(2, 3\)"),
        ({"pairs": {"a": "b"}}, "^pairs must be a dictionary of text to a whole number or None"),
        ({"seed": -1}, "^seed must be at least 0, got -1"),
    ],
)
def test_what_is_wrong_is_named(arguments, words):
    with pytest.raises(InputError, match=words):
        take(**arguments)


def test_what_is_right_comes_through():
    assert take() == take(n=np.int64(1), share=1, names=()) == (1, 1, [], None, None, 0)
    assert take(names=np.array(["a"])) == (1, 1, ["a"], None, None, 0)
    with pytest.raises(TypeError, match="unexpected keyword"):
        take(nonsense=1)


def test_where_a_data_set_is_needed_the_error_says_what_makes_one(calls):
    with pytest.raises(ValueError, match=r"got ndarray of shape .*: read_hdf5, read_bed, read_fasta, read_table"):
        ml.audit(calls["audit"]["networks"], calls["predict"]["sequences"])
