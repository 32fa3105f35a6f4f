"""Files for TF-MoDISco, read as its command line does."""

import numpy as np
import pytest
import torch

from motiflens.basics.sequence import encode, one_hot
from motiflens.data.io import write_modisco

X = one_hot(encode(["ACGTA", "CCNGT"]))
SCORES = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0))


def test_files_hold_one_array_each(tmp_path):
    files = write_modisco(X, SCORES, tmp_path / "irf1")
    assert [path.name for path in files] == ["irf1_sequences.npz", "irf1_attributions.npz"]
    np.testing.assert_array_equal(np.load(files.sequences)["arr_0"].astype("float32"), X)
    np.testing.assert_array_equal(np.load(files.attributions)["arr_0"].astype("float32"), SCORES)
    assert len(list(tmp_path.glob("*.npz"))) == 2


@pytest.mark.parametrize(
    ("one_hot", "scores", "message"),
    [
        (X.transpose(1, 2), SCORES, r"expected one-hot DNA"),
        (X, SCORES[:, :, :4], r"sequences' shape \(2, 4, 5\), got \(2, 4, 4\)"),
        (X, torch.stack([SCORES[0], SCORES[1] * torch.nan]), "NaN or infinity in sequence 1"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, one_hot, scores, message):
    with pytest.raises(ValueError, match=message):
        write_modisco(one_hot, scores, tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="make it first"):
        write_modisco(X, SCORES, tmp_path / "no" / "a")
