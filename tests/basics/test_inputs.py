"""What counts as sequences, as networks and as a target."""

import numpy as np
import pytest
import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.inputs import as_codes, as_network_list, as_output, as_sequences, is_binary
from motiflens.basics.sequence import decode, one_hot

CODES = np.random.default_rng(0).integers(0, 5, (6, 20), dtype=np.uint8)


class Anything:
    """Not a data set of ours, but it has codes."""

    codes = CODES
    y = np.array([[0, 0.1], [1, 0.5], [1, 0.2], [0, 0.9], [1, 0.3], [0, 0.4]], dtype=np.float32)
    label_names = ("bound", "activity")
    split = np.array(["train", "train", "test", "test", "test", "test"])


@pytest.mark.parametrize(
    "value",
    [CODES, CODES.astype(np.int64), torch.from_numpy(CODES), one_hot(CODES), one_hot(CODES).numpy(), decode(CODES)],
)
def test_every_form_of_sequences_gives_the_same_codes(value):
    assert as_codes(value).dtype == np.uint8
    np.testing.assert_array_equal(as_codes(value), CODES)


def test_anything_with_codes_is_a_data_set():
    given = as_sequences(Anything())
    assert given.audited_rows().tolist() == [2, 3, 4, 5]
    assert given.rows_of_class("bound", positive=True).tolist() == [2, 4]
    assert given.rows_of_class(0, positive=False).tolist() == [3, 5]
    assert given.rows_of_class("activity", positive=True).tolist() == [3]  # the highest quarter of four
    assert given.rows_of_class(1, positive=False).tolist() == [2]
    assert as_sequences(given) is given
    bare = as_sequences(CODES)
    assert bare.rows_of_class(7, positive=True).tolist() == list(range(6))
    with pytest.raises(InputError, match="expected a data set with labels, got bare sequences"):
        bare.label_of(0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "expected sequences: a data set, codes .* got int 5"),
        (None, "expected sequences"),
        (CODES + 0.5, "expected codes 0 to 4"),
        (np.zeros((3, 20, 4)), r"it looks like \(N, L, 4\): transpose it"),
        (np.zeros(20), r"expected sequences as codes \(N, L\) or one-hot"),
        (["ACGT", "ACG"], "one length"),
        (["ACGZ"], "nucleotide letters"),
    ],
)
def test_what_are_no_sequences_is_said(value, message):
    with pytest.raises(InputError, match=message):
        as_sequences(value)


def test_networks_come_alone_in_lists_or_from_folders():
    one, two = nn.Linear(1, 1), nn.Linear(1, 1)
    folders = {"nets": [one, two]}

    def read(path):
        return folders[path.name]

    assert as_network_list(one, read) == [one]
    assert as_network_list((network for network in (one, two)), read) == [one, two]
    assert as_network_list("some/nets", read) == [one, two]
    assert as_network_list(["some/nets", one], read) == [one, two, one]
    with pytest.raises(InputError, match="at least one network"):
        as_network_list([], read)
    with pytest.raises(InputError, match="expected networks: one, several, an ensemble, or the folder"):
        as_network_list(3.5, read)


def test_a_target_is_a_number_or_a_name():
    assert as_output(3) == 3
    assert as_output(np.int64(2)) == 2
    assert as_output("activity", object(), Anything()) == 1
    assert as_output("1", Anything()) == 1
    with pytest.raises(InputError, match="there is no label 'bond'; there are bound"):
        as_output("bond", Anything())
    with pytest.raises(InputError, match="the labels have no names"):
        as_output("bound", CODES)
    for wrong in (True, None, 1.0):
        with pytest.raises(InputError, match="expected a target"):
            as_output(wrong)


def test_labels_are_binary_but_for_missing_ones():
    assert is_binary(np.array([0, 1, np.nan]))
    assert not is_binary(np.array([0, 0.5]))
