"""What counts as sequences, as networks and as a target, for all functions that take them.

- sequences: codes (N, L), one-hot (N, 4, L), DNA strings of one length, or a data set, which is anything with `.codes`
- networks: one, several, an ensemble, or the folder of either
- a target: the number of an output, or the name of a label

So an analysis works for data from any source and for networks trained by anyone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import nn

from motiflens.basics.arguments import in_short
from motiflens.basics.choices import close_matches
from motiflens.basics.errors import InputError
from motiflens.basics.sequence import check_codes, codes_from_one_hot, encode
from motiflens.basics.tables import by_fields

Target = int | str


@runtime_checkable
class DataSet(Protocol):
    """Anything with `codes` is a data set; its `y`, `label_names` and `split` are used if it has them."""

    @property
    def codes(self) -> np.ndarray:
        """Codes, uint8, shape=(N, L)."""
        ...


#: What a function that takes sequences takes.
SequencesLike = DataSet | np.ndarray | torch.Tensor | Sequence[str]
#: What a function that takes networks takes.
NetworksLike = nn.Module | Iterable[nn.Module | str | Path] | str | Path


@by_fields
@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences as an analysis reads them.

    Attributes
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    y : np.ndarray, float32, shape=(N, n_labels), or None
        Labels; None if sequences without labels were given.
    label_names : tuple of str
    split : np.ndarray of str, shape=(N,), or None
        "train", "valid" or "test".
    """

    codes: np.ndarray
    y: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    split: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def subset(self, rows: np.ndarray) -> "Sequences":
        """Select sequences by `rows`, which are indices, shape=(n,), whose order is kept, or booleans, shape=(N,)."""
        y = None if self.y is None else self.y[rows]
        split = None if self.split is None else self.split[rows]
        return Sequences(self.codes[rows], y, self.label_names, split)

    def label_of(self, target: Target | None) -> int:
        """Index of the label that belongs to an output; None is the first. A single label belongs to any output.

        Raises
        ------
        ValueError
            If there are no labels, or there are several and none of them belongs to the target.
        """
        if self.y is None:
            raise InputError("expected a data set with labels, got bare sequences")
        if target is None:
            return 0
        if isinstance(target, str):
            return number_of_label(target, self.label_names)
        n_labels = self.y.shape[1]
        if n_labels == 1:
            return 0
        if not 0 <= target < n_labels:
            raise InputError(f"target must be in 0 ... {n_labels - 1}, the data's labels, got {target}")
        return target

    def audited_rows(self) -> np.ndarray:
        """Indices of the test sequences, shape=(n,), or of all sequences if there are no test sequences."""
        if self.split is None:
            return np.arange(len(self))
        rows = np.flatnonzero(self.split == "test")
        return rows if len(rows) else np.arange(len(self))

    def rows_of_class(self, target: Target, *, positive: bool) -> np.ndarray:
        """Indices of sequences with label 1 (or 0); of real values, of the quarter with the highest (or lowest) ones.

        The indices have shape=(n,). Without labels, all sequences are returned, whichever class is asked for. Sequences
        whose label is missing (NaN) belong to no class.

        Raises
        ------
        ValueError
            As :meth:`label_of`.
        """
        rows = self.audited_rows()
        if self.y is None:
            return rows
        label = self.y[rows, self.label_of(target)]
        if is_binary(label):
            return rows[label == positive]
        known = ~np.isnan(label)
        rows, label = rows[known], label[known]
        rank = (-label if positive else label).argsort(kind="stable")
        return np.sort(rows[rank[: len(rows) // 4]])


def as_sequences(value: Any) -> Sequences:
    """Convert anything that counts as sequences.

    Parameters
    ----------
    value : data set, array, tensor or sequence of str
        An object with `.codes`; codes (N, L) of any integer type; one-hot (N, 4, L) of any numeric type; or DNA strings
        of one length.

    Raises
    ------
    InputError
        If the value has another type, or its shape or values are not those of sequences.
    """
    if isinstance(value, Sequences):
        return value
    if hasattr(value, "codes"):
        y, names, split = (getattr(value, name, None) for name in ("y", "label_names", "split"))
        return Sequences(_as_codes(value.codes), y, tuple(names or ()), split)
    if isinstance(value, Sequence) and not isinstance(value, str) and value and isinstance(value[0], str):
        if wrong := [one for one in value if not isinstance(one, str)]:
            raise InputError(f"expected DNA strings, got {in_short(wrong[0])} among them")
        return Sequences(encode(value))
    if isinstance(value, np.ndarray | torch.Tensor | list | tuple):
        return Sequences(_as_codes(value))
    raise InputError(
        f"expected sequences: a data set, codes (N, L), one-hot (N, 4, L) or DNA strings, got {_described(value)}"
    )


def as_codes(value: Any) -> np.ndarray:
    """Codes, uint8, shape=(N, L), of anything that counts as sequences; raises the errors of :func:`as_sequences`."""
    return as_sequences(value).codes


def _as_codes(value: Any) -> np.ndarray:
    try:
        array = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    except ValueError as error:  # lists of several lengths
        raise InputError(f"expected sequences of one length, as codes (N, L) or one-hot (N, 4, L): {error}") from error
    if array.ndim in (2, 3) and len(array) and not array.shape[-1]:
        raise InputError(f"expected sequences of at least one base, got an array of shape {array.shape}")
    if array.ndim == 3:
        return codes_from_one_hot(array)
    if array.ndim != 2 or not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
        raise InputError(
            f"expected sequences as codes (N, L) or one-hot (N, 4, L), got {array.dtype} of shape {array.shape}"
        )
    check_codes(array)
    return array.astype(np.uint8, copy=False)


def as_network_list(value: Any, read_folder: Callable[[Path], list[Any]]) -> list[nn.Module]:
    """Convert anything that counts as networks into a list.

    Parameters
    ----------
    value : nn.Module, iterable of them, ensemble, or path
    read_folder : callable
        Function that returns the networks in a folder.

    Raises
    ------
    InputError
        If the value has another type, or there is no network.
    """
    if isinstance(value, nn.Module):
        return [value]
    if isinstance(value, str | Path):
        return read_folder(Path(value))
    if not isinstance(value, Iterable):
        raise InputError(
            f"expected networks: one, several, an ensemble, or the folder of either, got {_described(value)}"
        )
    networks = [network for one in value for network in as_network_list(one, read_folder)]
    if not networks:
        raise InputError("expected at least one network, got none")
    return networks


def number_of_label(name: str, label_names: Sequence[str]) -> int:
    """Index of a label from its name, or from its index as text ("2") if no label has that name.

    Raises
    ------
    ValueError
        If no label has this name; the message lists names of similar spelling.
    """
    if name in label_names:
        return list(label_names).index(name)
    if name.isdigit():
        return int(name)
    if not label_names:
        raise InputError(f"the labels have no names: give the number of the output, not {name!r}")
    close = close_matches(name, label_names) or list(label_names[:8])
    more = ", ..." if len(label_names) > len(close) else ""
    raise InputError(f"there is no label {name!r}; there are {', '.join(close)}{more}")


def as_output(target: Target, *holders: Any) -> int:
    """Index of the output that a target names.

    Parameters
    ----------
    target : int or str
    *holders : networks or data
        If the target is a name, it is looked up in the `label_names` of the first of these that has any.

    Raises
    ------
    InputError
        If the target is neither an index nor a name, or no label has this name.
    """
    if isinstance(target, bool) or not isinstance(target, int | np.integer | str):
        raise InputError(f"expected a target as the number of an output or the name of a label, got {in_short(target)}")
    if not isinstance(target, str):
        return int(target)
    named = (tuple(getattr(holder, "label_names", None) or ()) for holder in holders)
    return number_of_label(target, next((names for names in named if names), ()))


def is_binary(y: np.ndarray) -> bool:
    """Whether all labels, of any shape, are 0 or 1; missing labels (NaN) are ignored."""
    values = np.asarray(y)
    return bool((np.isin(values, (0, 1)) | np.isnan(values)).all())


def _described(value: Any) -> str:
    kind, text = type(value).__name__, in_short(value)
    return text if text.startswith(kind) else f"{kind} {text}"
