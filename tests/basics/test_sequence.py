import numpy as np
import pytest
import torch

from motiflens.basics.sequence import (
    INVALID,
    check_one_hot,
    codes_from_one_hot,
    decode,
    encode,
    gc_content,
    one_hot,
    reverse_complement,
    translate_letters,
)


def test_encode_and_decode_are_inverse():
    assert encode("ACGTN").tolist() == [0, 1, 2, 3, 4]
    assert encode("acgtR").tolist() == [0, 1, 2, 3, 4]
    assert decode(encode(["ACGTN", "TTTTT"])) == ["ACGTN", "TTTTT"]


def test_one_hot_has_channels_acgt_and_zeros_where_unknown():
    X = one_hot(encode(["ACGTN"]))
    assert X.shape == (1, 4, 5)
    assert torch.equal(X[0], torch.eye(5)[:4])
    assert codes_from_one_hot(X).tolist() == [[0, 1, 2, 3, 4]]
    assert codes_from_one_hot(X.numpy().astype(bool).astype(np.uint8)).tolist() == [[0, 1, 2, 3, 4]]


def test_reverse_complement():
    assert decode(reverse_complement(encode(["AACGN"]))) == ["NCGTT"]


def test_bytes_of_a_file_become_codes_without_white_space():
    assert list(translate_letters(b"Ac g\r\nTn\tR")) == [0, 1, 2, 3, 4, 4]
    every_byte = translate_letters(bytes(range(256)))
    assert len(every_byte) == 256 - len(b" \t\r\n")
    assert sum(code != INVALID for code in every_byte) == len("ACGTUacgtu" + "NXRYSWKMBDHV" * 2 + ".-")
    assert list(translate_letters(b"TtUu")) == [3] * 4  # RNA


def test_gc_content_leaves_unknown_bases_out():
    np.testing.assert_array_equal(gc_content(encode(["GCAT", "GNNN", "NNNN", "TTTA"])), [0.5, 1, np.nan, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: encode(["AC", "A"]), "one length"),
        (lambda: encode([]), "at least one"),
        (lambda: encode(["ACG", "A!G"]), r"'!' at position 1 of sequence 1"),
        (lambda: one_hot(np.zeros(3, dtype=np.uint8)), r"shape \(N, L\)"),
        (lambda: check_one_hot(torch.zeros(2, 5, 4)), "transpose"),
        (lambda: check_one_hot(torch.zeros(2, 4)), r"\(N, 4, L\)"),
        (lambda: check_one_hot(torch.zeros(2, 4, 5), length=6), "length 6, got 5"),
        (lambda: check_one_hot(torch.full((1, 4, 2), 0.25)), "sequence 0, position 0"),
        (lambda: check_one_hot(torch.ones(1, 4, 2)), "sequence 0, position 0"),
        (lambda: check_one_hot(np.full((1, 4, 2), np.nan)), "position 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
