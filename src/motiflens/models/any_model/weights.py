"""Weights from files of training scripts, found by the model's parameter names under any prefix."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from motiflens.basics.errors import InputError, MissingFileError, warn
from motiflens.models.any_model.trace import unwrapped

State = dict[str, torch.Tensor]

_COMPILED = "_orig_mod."  # what torch.compile puts into names, at any place
_COUNTER = "num_batches_tracked"  # of BatchNorm; older files have none
_EXPECTED = "expected a state dictionary: write it with torch.save(model.state_dict(), path)"
_MOST_NAMED = 4  # names that a sentence lists


class LeftOverWarning(UserWarning):
    """A file of weights holds more than those of the model."""


def load_weights(model: nn.Module, path: Path) -> None:
    """Load a model's weights from a file, in place, without running code from it.

    The names of the model's weights are looked for in every dictionary of the file, with or without a prefix, such as
    those that DataParallel, Lightning, `AveragedModel` and `torch.compile` add. A `LeftOverWarning` names everything
    else in that dictionary.

    Raises
    ------
    InputError
        If the file cannot be read, or does not hold all of the model's weights.
    """
    if not path.is_file():
        raise MissingFileError(f"no file of weights at {path}")
    model = unwrapped(model)
    content = _read(path)
    places = [(where, state) for where, state in _states(content)]
    if not places:
        raise InputError(f"{path} holds {type(content).__name__}; {_EXPECTED}")
    names = {name.replace(_COMPILED, ""): name for name in model.state_dict()}
    complete = [
        (where, state, prefix)
        for where, state in places
        for prefix in _prefixes(state, names)
        if all(prefix + name in state or name.endswith(_COUNTER) for name in names)
    ]
    if complete:
        complete.sort(key=lambda one: not _fits(model, names, *one[1:]))  # of several the first whose shapes fit
        where, state, prefix = complete[0]
    else:  # the error of the nearest says what is missing
        where, state, prefix = max(
            ((where, state, prefix) for where, state in places for prefix in [*_prefixes(state, names), ""]),
            key=lambda one: sum(one[2] + name in one[1] for name in names),
        )
    chosen = {names[name]: state[prefix + name] for name in names if prefix + name in state}
    others = [name for name in state if name.removeprefix(prefix) not in names or not name.startswith(prefix)]
    _load(model, chosen if complete else {**chosen, **{name: state[name] for name in others}}, path)
    if others:
        also = [one[2] for one in complete if one[0] == where and one[2] != prefix]
        _tell(path, where, prefix, others, also)


def _fits(model: nn.Module, names: dict[str, str], state: State, prefix: str) -> bool:
    own = model.state_dict()
    pairs = ((state.get(prefix + name), own[full]) for name, full in names.items())
    return all(value is None or value.shape == mine.shape for value, mine in pairs)


def _load(model: nn.Module, state: State, path: Path) -> None:
    own = model.state_dict()
    counters = {name: value for name, value in own.items() if name.endswith(_COUNTER) and name not in state}
    try:
        model.load_state_dict({**counters, **state})
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} does not hold the weights of this {type(model).__name__}: {reason}") from error


def _tell(path: Path, where: str, prefix: str, others: list[str], also: list[str]) -> None:
    listed = ", ".join(others[:_MOST_NAMED]) + (
        f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    )
    place = " ".join([*([f"in {where!r}"] if where else []), *([f"under the prefix {prefix!r}"] if prefix else [])])
    more = f"; they are complete under {', '.join(map(repr, also))}, too" if also else ""
    warn(
        f"{path} holds all weights of the model{' ' * bool(place)}{place}; other content was ignored: {listed}{more}",
        LeftOverWarning,
    )


def _states(content: Any, where: str = "", depth: int = 0) -> Iterator[tuple[str, State]]:
    """Every dictionary that holds tensors by name, and under which key it stands, the outermost first."""
    if not isinstance(content, dict) or depth > 3:
        return
    named = {k: v for k, v in content.items() if isinstance(k, str)}
    state = {name.replace(_COMPILED, ""): value for name, value in named.items() if isinstance(value, torch.Tensor)}
    if state:
        yield where, state
    for key, value in named.items():
        yield from _states(value, f"{where}.{key}" if where else key, depth + 1)


def _prefixes(state: State, names: dict[str, str]) -> list[str]:
    """What stands before the model's first name wherever it occurs, nothing first, then in the file's order."""
    first = next((name for name in names if not name.endswith(_COUNTER)), "")
    found = dict.fromkeys(name.removesuffix(first) for name in state if name.endswith(first)) if first else {}
    return sorted((prefix for prefix in found if prefix == "" or prefix.endswith(".")), key=bool)


class _Unread(dict):
    """Stands for an object of any other class in a checkpoint, such as hyperparameters: that one is not made."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def __setstate__(self, _: Any) -> None:
        pass

    def __call__(self, *_: Any) -> "_Unread":
        return self

    def append(self, _: Any) -> None:
        """Take an item, as of a list."""

    def extend(self, _: Any) -> None:
        """Take items, as of a list."""


class _TensorUnpickler(pickle.Unpickler):
    """Makes tensors and plain containers, and nothing else: no code of the file runs."""

    def find_class(self, module: str, name: str) -> Any:
        rebuilds = module == "torch._utils" and name.startswith("_rebuild_") and "from_type" not in name
        kind = getattr(torch, name, None) if module == "torch" else None
        if rebuilds or isinstance(kind, torch.dtype) or (module, name) in _CONTAINERS:
            return super().find_class(module, name)
        return _Unread


_CONTAINERS = {("collections", "OrderedDict"), ("torch", "Size"), ("torch.nn.parameter", "Parameter")}


def _read(path: Path) -> Any:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, "cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # bytes of any other file are taken as instructions, which may lead to any error
        content = _tensors_alone(path) if isinstance(error, pickle.UnpicklingError) else None
        if content is None:
            raise InputError(f"cannot read {path} ({_kind(path) or _reason(error)}); {_EXPECTED}") from error
        return content


def _kind(path: Path) -> str:
    """What a file is that holds no weights: nothing, or text."""
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        return "it is empty"
    return "it is text" if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start) else ""


def _tensors_alone(path: Path) -> dict[str, Any] | None:
    """The tensors of a file with all that else is in it left out; None if it is no dictionary."""
    reader = SimpleNamespace(Unpickler=_TensorUnpickler, load=pickle.load, __name__="pickle")
    try:
        content = torch.load(path, "cpu", weights_only=False, pickle_module=reader)
    except Exception:  # whatever damaged or foreign bytes lead to: the caller tells that the file cannot be read
        return None
    return None if isinstance(content, _Unread) or not isinstance(content, dict) else content


def _reason(error: BaseException) -> str:
    first = str(error).strip().partition("\n")[0].partition(". ")[0]  # advice to load it unsafely may follow
    return f"{type(error).__name__}: {first}" if isinstance(error, KeyError) else first
