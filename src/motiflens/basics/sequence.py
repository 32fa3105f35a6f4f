"""DNA sequences as uint8 codes at rest and as one-hot tensors in networks.

Codes are 0, 1, 2, 3 for A, C, G, T and 4 for any unknown base; one-hot has channels in the order ACGT and a
column of zeros where the base is unknown.
"""

from collections.abc import Sequence

import numpy as np
import torch

from motiflens.basics.errors import InputError

ALPHABET = "ACGT"
UNKNOWN = 4
LONGEST = 100_000_000  # bases: more would be a slip of the hand
INVALID = 255  # what `translate_letters` gives for a byte that is no nucleotide letter

_CODE_OF_BYTE = np.full(256, INVALID, dtype=np.uint8)
for _code, _base in enumerate(ALPHABET):
    _CODE_OF_BYTE[[ord(_base), ord(_base.lower())]] = _code
_CODE_OF_BYTE[[ord("U"), ord("u")]] = ALPHABET.index("T")  # RNA
_CODE_OF_BYTE[[ord(_base) for _base in "NnXx.-RYSWKMBDHVryswkmbdhv"]] = UNKNOWN
_TABLE = _CODE_OF_BYTE.tobytes()
_BYTE_OF_CODE = np.frombuffer(b"ACGTN", dtype=np.uint8)
_COMPLEMENT = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


def encode(sequences: str | Sequence[str]) -> np.ndarray:
    """Turn DNA strings of one length into codes.

    Lower case is accepted; U reads as T; N and the other IUPAC ambiguity letters become the unknown code 4.

    Parameters
    ----------
    sequences : str or sequence of str
        One string gives shape (L,), several of equal length give (N, L).

    Returns
    -------
    codes : np.ndarray, uint8, shape=(L,) or (N, L)

    Raises
    ------
    ValueError
        If lengths differ or a letter is not a nucleotide letter.
    """
    if isinstance(sequences, str):
        return encode([sequences])[0]
    lengths = {len(sequence) for sequence in sequences}
    if len(lengths) > 1:
        raise InputError(f"sequences must have one length, got lengths {min(lengths)} to {max(lengths)}")
    if not lengths:
        raise InputError("expected at least one sequence, got none")
    raw = np.frombuffer("".join(sequences).encode("ascii", "replace"), dtype=np.uint8)
    codes = _CODE_OF_BYTE[raw].reshape(len(sequences), lengths.pop())
    if (codes == INVALID).any():
        row, column = np.argwhere(codes == INVALID)[0]
        raise InputError(
            f"expected nucleotide letters (ACGT, N or IUPAC), got {sequences[row][column]!r} "
            f"at position {column} of sequence {row}"
        )
    return codes


def translate_letters(letters: bytes) -> bytes:
    """Turn the letters of a file into codes, one byte each; white space is left out.

    A byte that is not a nucleotide letter becomes `INVALID`. The caller, who knows the file, reports it.
    """
    return letters.translate(_TABLE, b" \t\r\n")


def decode(codes: np.ndarray) -> list[str]:
    """Turn codes, shape=(N, L), into N strings of ACGTN."""
    codes = np.atleast_2d(np.asarray(codes))
    return [_BYTE_OF_CODE[row].tobytes().decode("ascii") for row in codes]


def one_hot(codes: np.ndarray | torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Turn codes, shape=(N, L), into one-hot, shape=(N, 4, L), on the device of the codes."""
    codes = torch.as_tensor(codes)
    if codes.dim() != 2:
        raise InputError(f"codes must have shape (N, L), got {tuple(codes.shape)}")
    bases = torch.arange(4, device=codes.device, dtype=codes.dtype)
    return (codes[:, None, :] == bases[None, :, None]).to(dtype)  # N, 4, L


def codes_from_one_hot(X: np.ndarray | torch.Tensor) -> np.ndarray:
    """Turn one-hot, shape=(N, 4, L), of any numeric type into codes, shape=(N, L).

    Raises
    ------
    ValueError
        If a column is neither one-hot nor all zeros (unknown base).
    """
    X = np.asarray(X)
    check_one_hot(X)
    codes = X.argmax(axis=1).astype(np.uint8)  # N, L
    codes[X.sum(axis=1) == 0] = UNKNOWN
    return codes


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Reverse-complement codes, shape=(..., L), along the last axis."""
    return _COMPLEMENT[np.asarray(codes)[..., ::-1]]


def gc_content(codes: np.ndarray) -> np.ndarray:
    """Share of G and C among the known bases of each sequence, shape=(N,); NaN if no base is known."""
    known = (codes != UNKNOWN).sum(axis=1)
    gc = ((codes == 1) | (codes == 2)).sum(axis=1)
    return np.where(known > 0, gc / np.maximum(known, 1), np.nan)


def check_codes(codes: np.ndarray | torch.Tensor) -> None:
    """Check that codes, shape=(N, L) and of any numeric type, are 0 to 4.

    Raises
    ------
    ValueError
        The message says which value is wrong, and where.
    """
    if codes.ndim != 2:
        raise InputError(f"expected codes (N, L) or one-hot (N, 4, L), got shape {tuple(codes.shape)}")
    values = codes.detach().cpu().numpy() if isinstance(codes, torch.Tensor) else codes
    known = values <= UNKNOWN if values.dtype == np.uint8 else np.isin(values, np.arange(UNKNOWN + 1))
    if not known.all():
        sequence, position = np.argwhere(~known)[0].tolist()
        raise InputError(
            f"expected codes 0 to {UNKNOWN}, got {values[sequence, position]} at sequence {sequence}, position "
            f"{position}; `motiflens.basics.sequence.encode` makes codes from letters"
        )


def check_one_hot(X: np.ndarray | torch.Tensor, length: int | None = None) -> None:
    """Check that X is one-hot DNA of shape (N, 4, L); columns of zeros (unknown bases) are allowed.

    Raises
    ------
    ValueError
        The message says whether the shape, the length or a value is wrong, and where.
    """
    if X.ndim != 3 or X.shape[1] != 4:
        hint = "; it looks like (N, L, 4): transpose it" if X.ndim == 3 and X.shape[2] == 4 else ""
        raise InputError(f"expected one-hot DNA of shape (N, 4, L), got {tuple(X.shape)}{hint}")
    if length is not None and X.shape[2] != length:
        raise InputError(f"expected sequences of length {length}, got {X.shape[2]}")
    bad_value = (X != 0) & (X != 1)
    bad_column = bad_value.any(1) | (X.sum(1) > 1)
    if bool(bad_column.any()):
        flat = int(np.flatnonzero(np.asarray(bad_column).ravel())[0])
        sequence, position = divmod(flat, X.shape[2])
        column = [float(value) for value in X[sequence, :, position]]
        raise InputError(
            "expected one-hot columns (a single 1, or all zeros for an unknown base), "
            f"got {column} at sequence {sequence}, position {position}"
        )
