"""`motiflens filters` and `motiflens audit` say the same of the same network."""

import numpy as np
import pytest
import torch
from command_line import run

from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.interpret.filters import matrix_width
from motiflens.models.hybrid import HybridConfig, blank_network
from motiflens.motifs.sets import read_motifs


# A kernel of 25 does not fit into sequences of 20: such a network cannot be built.
@pytest.mark.parametrize(("kernel", "length"), [(7, 20), (19, 20), (7, 200), (19, 200), (25, 200)])
def test_filters_and_audit_write_the_same_matrices(tmp_path, kernel, length):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (60, length), dtype=np.uint8)
    labels = rng.integers(0, 2, 60)
    data, model = tmp_path / "data.h5", tmp_path / "model"
    write_hdf5(SequenceDataset.from_arrays(codes, labels, split=["train", "valid", "test"] * 20), data)
    config = HybridConfig(
        length=length, kernel_size=kernel, n_filters=4, first_pool=2, second_stage="none", attention="none", n_outputs=1
    )
    torch.manual_seed(0)
    blank_network(config).save(model)
    meme = tmp_path / "filters.meme"
    cheap = ["--n-decoys", "0", "--n-ablation", "0", "--n-backgrounds", "0", "--n-examples", "0", "--database", meme]
    for command in (
        ["filters", model, data, "--out", meme, "--database", "JASPAR2016-vertebrates"],
        ["audit", data, "--model", model, "--out", tmp_path / "out", *cheap],
    ):
        run(*command)
    of_filters = {motif.id: motif.pwm for motif in read_motifs(meme)}
    (file,) = tmp_path.glob("out/**/filters.meme")
    of_audit = {motif.id: motif.pwm for motif in read_motifs(file)}
    assert of_audit
    assert of_filters.keys() >= of_audit.keys()  # an audit writes no dead filters
    for name, pwm in of_audit.items():
        assert pwm.shape == (4, min(max(20, kernel), length - 2)) == (4, matrix_width(kernel, length))
        np.testing.assert_array_equal(pwm, of_filters[name])
