import pytest
import torch

from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate import billboard, multi_motif

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def task1() -> SequenceDataset:
    return multi_motif(600, seed=3)


@pytest.fixture(scope="session")
def task2() -> SequenceDataset:
    return billboard(600, seed=3)
