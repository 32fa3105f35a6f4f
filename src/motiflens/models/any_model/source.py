"""Get a model by name: a saved network's folder, or a function of a module and a file of weights."""

import difflib
import importlib
import importlib.util
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from motiflens.basics.errors import InputError, MissingFileError
from motiflens.models.hybrid.network import CONFIG_FILE, HybridNetwork

_WRAPPERS = ("state_dict", "model_state_dict", "model")  # where training scripts keep the weights in a checkpoint
_PREFIXES = ("module.", "model.", "_orig_mod.")  # DataParallel, Lightning, torch.compile


def load_model(source: str | Path, *, weights: str | Path | None = None) -> nn.Module:
    """Load a model from where it is.

    Parameters
    ----------
    source : str or Path
        Folder that `HybridNetwork.save` wrote; or ``"package.module:name"`` or ``"path/file.py:name"``, where name is
        a model, or a function or class without arguments that makes one. Its code is run.
    weights : str or Path, optional
        File of a state dictionary, as from ``torch.save(model.state_dict(), path)`` or safetensors. A checkpoint that
        holds one under "state_dict", or with a prefix such as "module." to each name, will do. The file is read
        without running code from it.

    Returns
    -------
    model : nn.Module
        On the CPU, in evaluation mode.

    Raises
    ------
    ValueError
        If there is no such module or name, what it names makes no model, or the weights are not those of the model.
    OSError
        If a file is missing.
    """
    path = Path(source)
    if path.is_dir():
        return _saved_network(path, weights)
    place, colon, name = str(source).rpartition(":")
    if not colon:
        raise InputError(
            f"expected the folder of a saved network, module:function or file.py:function, got {str(source)!r}"
        )
    model = _make(_import(place), name, str(source))
    if weights is not None:
        _load_weights(model, Path(weights))
    return model.eval()


def _saved_network(folder: Path, weights: str | Path | None) -> HybridNetwork:
    if weights is not None:
        raise InputError(f"{folder} holds its own weights: leave out {weights}")
    members = sorted(folder.glob(f"*/{CONFIG_FILE}"))
    if members and not (folder / CONFIG_FILE).exists():
        raise InputError(f"{folder} holds {len(members)} networks: name one of them, such as {members[0].parent}")
    return HybridNetwork.load(folder)


def _import(place: str) -> ModuleType:
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            raise InputError(
                f"cannot import {place!r}: {error}; give a module that Python finds, or the path of a .py file"
            ) from error
    path = Path(place)
    if not path.is_file():
        raise MissingFileError(f"no file {place}: expected file.py:function")
    spec = importlib.util.spec_from_file_location(f"_motiflens_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"cannot import {place}: expected a Python file")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def _make(module: ModuleType, name: str, source: str) -> nn.Module:
    if not hasattr(module, name):
        close = difflib.get_close_matches(name, dir(module), n=3)
        hint = f"; close: {', '.join(close)}" if close else ""
        raise InputError(f"{source.rpartition(':')[0]} has no {name!r}{hint}")
    made = getattr(module, name)
    if not isinstance(made, nn.Module) and callable(made):
        try:
            made = made()
        except TypeError as error:
            raise InputError(f"expected {source} to make a model without arguments: {error}") from error
    if not isinstance(made, nn.Module):
        raise InputError(f"expected {source} to be or to make an nn.Module, got {type(made).__name__}")
    return made


def _load_weights(model: nn.Module, path: Path) -> None:
    if not path.is_file():
        raise MissingFileError(f"no file of weights at {path}")
    state = _state_dict(path)
    for prefix in _PREFIXES:
        if not set(state) & set(model.state_dict()) and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} does not hold the weights of this {type(model).__name__}: {reason}") from error


def _state_dict(path: Path) -> dict[str, Any]:
    expected = "expected a state dictionary: write it with torch.save(model.state_dict(), path)"
    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError) as error:
        reason = str(error).strip().partition("\n")[0].partition(". ")[0]  # advice to load it unsafely may follow
        raise InputError(f"cannot read {path} ({reason}); {expected}") from error
    for key in _WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{path} holds {type(state).__name__}; {expected}")
    return state
