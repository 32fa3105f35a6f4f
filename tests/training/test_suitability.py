import numpy as np
import pytest

from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import adapted_config
from motiflens.training.protocol import PAPER, REFERENCE
from motiflens.training.suitability import check_fit, objective_of, suited_protocol

REGRESSION = REFERENCE.replace(objective="regression", batch_size=4)


def dataset_of(y, n_valid=10):
    y = np.asarray(y, dtype=np.float32)
    codes = np.random.default_rng(0).integers(0, 4, (len(y), 60), dtype=np.uint8)
    split = ["train"] * (len(y) - n_valid) + ["valid"] * n_valid
    return SequenceDataset.from_arrays(codes, y, split=split)


def test_the_objective_is_found_from_the_values_and_may_be_named():
    labels, values = dataset_of([0, 1] * 60), dataset_of(np.linspace(0, 1, 120))
    assert (objective_of(labels.y), objective_of(values.y)) == ("classification", "regression")
    assert suited_protocol(PAPER, labels) is PAPER
    assert suited_protocol(PAPER, values) == PAPER.replace(objective="regression")
    assert suited_protocol(PAPER, labels, objective="regression").objective == "regression"
    assert suited_protocol(PAPER, values, objective="classification") is PAPER
    with pytest.raises(ValueError, match="auto, classification, regression, got 'class'"):
        suited_protocol(PAPER, labels, objective="class")


@pytest.mark.parametrize(("n_train", "batch"), [(100, 100), (99, 24), (10, 2), (2, 2)])
def test_small_data_get_small_batches(n_train, batch):
    data = dataset_of([0, 1] * 100, n_valid=200 - n_train)
    protocol = suited_protocol(REFERENCE, data)
    assert protocol.batch_size == batch
    check_fit(adapted_config("C24", length=60, n_outputs=1), data, protocol)


def test_a_single_training_sequence_is_too_few():
    with pytest.raises(ValueError, match="at least two training sequences are needed, got 1"):
        suited_protocol(REFERENCE, dataset_of([0, 1] * 3, n_valid=5))


@pytest.mark.parametrize(
    ("data", "protocol", "message"),
    [
        (dataset_of(np.linspace(0, 1, 40)), REFERENCE, "need a protocol with objective='regression'"),
        (dataset_of([0, 1] * 20), REFERENCE, "30 training sequences .* smaller batch_size, such as 7"),
        (dataset_of([3.5] * 40), REGRESSION, "'label_0' is 3.5 in all training sequences: .* targets that vary"),
        (dataset_of([*range(30), *[2] * 10]), REGRESSION, "is 2 in all validation sequences"),
        (dataset_of(np.c_[np.arange(40), np.ones(40)]), REGRESSION, "'label_1' is 1 in all training sequences"),
    ],
)
def test_what_cannot_be_trained_is_named(data, protocol, message):
    with pytest.raises(ValueError, match=message):
        check_fit(adapted_config("C24", length=60, n_outputs=data.n_outputs), data, protocol)


def test_one_of_several_targets_may_be_constant_among_the_validation_sequences():
    y = np.c_[np.arange(40), np.arange(40)]
    y[30:, 1] = 0
    check_fit(adapted_config("C24", length=60, n_outputs=2), dataset_of(y), REGRESSION)
