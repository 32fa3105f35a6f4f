"""Two of one command at once on one folder, as processes of their own: both end well and no member is lost."""

import json
import subprocess
import sys

import numpy as np
import pytest

from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.models.saved import load_ensemble
from motiflens.motifs.files import write_meme
from motiflens.motifs.sets import load_motifs

RUN = "import sys; from motiflens.cli import main; sys.argv[0] = 'motiflens'; main()"
FEW = ["--n-decoys", "0", "--n-ablation", "0", "--n-backgrounds", "0", "--n-examples", "0", "--database", "few.meme"]
SHORT = ["data.h5", "--out", "out", "--members", "3", "--max-epochs", "2"]
TRAINING = ["--task", "2"]


@pytest.mark.parametrize(
    ("command", "ensembles"),
    [
        (["train", *SHORT, *TRAINING, "--architecture", "C24"], [""]),
        (["audit", *SHORT, *TRAINING, "--architecture", "C24", "--activations", "relu", *FEW], ["relu"]),
        (
            ["compare", *SHORT, "--config", "C24:relu:n_filters=4", "--config", "C24:exponential:n_filters=4", *FEW],
            None,
        ),
    ],
    ids=["train", "audit", "compare"],
)
def test_two_at_once_end_well_and_no_member_is_lost(tmp_path, command, ensembles):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (600, 96), dtype=np.uint8)
    split = ["train"] * 400 + ["valid"] * 100 + ["test"] * 100
    write_hdf5(SequenceDataset.from_arrays(codes, np.arange(600) % 2, split=split), tmp_path / "data.h5")
    write_meme(load_motifs("JASPAR2016-vertebrates")[:6], tmp_path / "few.meme")
    both = [
        subprocess.Popen([sys.executable, "-c", RUN, *command], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=500)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert not any("Traceback" in one for one in told)
    files = sorted((tmp_path / "out").rglob("ensemble.json"))
    assert len(files) == (len(ensembles) if ensembles else 2)
    for file in files:
        assert [entry["index"] for entry in json.loads(file.read_text())["members"]] == [0, 1, 2]
        assert len(load_ensemble(file.parent)) == 3
    if command[0] != "train":
        (page,) = (tmp_path / "out").glob("*.html")
        assert "</html>" in page.read_text(encoding="utf-8")
    left = [path for path in (tmp_path / "out").rglob("*") if path.name.endswith((".tmp", ".lock", ".ckpt"))]
    assert left == []
