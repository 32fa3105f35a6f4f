"""Our networks compute on one thread; how many there were holds again afterwards, and other models keep theirs."""

import numpy as np
import pytest
import torch
from torch import nn

import motiflens as ml
from motiflens.models.devices import single_threaded
from motiflens.models.hybrid import evaluating, suited_threads


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def network():
    return ml.build_model("C24", length=100, n_outputs=1, n_filters=4)


def test_one_thread_for_our_networks_alone():
    for context in (evaluating, suited_threads):
        with context(network()):
            assert torch.get_num_threads() == 1
        with context(nn.Linear(2, 1)):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 2


def test_the_number_of_threads_comes_back_after_an_error():
    with pytest.raises(ZeroDivisionError), single_threaded(torch.device("cpu")):
        raise ZeroDivisionError
    assert torch.get_num_threads() == 2


def test_training_is_on_one_thread():
    codes = np.random.default_rng(0).integers(0, 4, (60, 100), dtype=np.uint8)
    data = ml.data.dataset.SequenceDataset.from_arrays(
        codes, np.arange(60) % 2, split=["train"] * 30 + ["valid"] * 15 + ["test"] * 15
    )
    seen = []
    quick = ml.training.protocol.REFERENCE.replace(max_epochs=1, batch_size=10)
    ml.fit(
        "C24",
        data,
        n_members=1,
        protocol=quick,
        progress=False,
        on_news=lambda member: seen.append(torch.get_num_threads()),
    )
    assert seen
    assert set(seen) == {1}
    assert torch.get_num_threads() == 2
