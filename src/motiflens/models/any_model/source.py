"""Load a model from a saved network's folder, or from a function in a Python file and a file of weights."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from motiflens.basics.choices import close_matches
from motiflens.basics.errors import InputError, MissingFileError
from motiflens.models.any_model.user_code import place_of
from motiflens.models.any_model.weights import load_weights
from motiflens.models.hybrid.network import CONFIG_FILE, HybridNetwork
from motiflens.models.published import is_preset, load_preset

_loaded_beside: dict[str, Path] = {}  # modules that files of models have imported from their own folders


def load_model(source: str | Path, *, weights: str | Path | None = None) -> nn.Module:
    """Load a model from a folder, a Python file or a package.

    Parameters
    ----------
    source : str or Path
        Folder that `HybridNetwork.save` wrote; or ``"package.module:name"`` or ``"path/file.py:name"``, where name is
        a model, or a function or class without arguments that makes one. Its code is run.
    weights : str or Path, optional
        File of a state dictionary, as from ``torch.save(model.state_dict(), path)`` or safetensors, or a checkpoint
        that holds one: see :func:`motiflens.models.any_model.weights.load_weights`. The file is read without running
        code from it.

    Returns
    -------
    model : nn.Module
        On the CPU, in evaluation mode.

    Raises
    ------
    ValueError
        If there is no such module or name, it does not give a model, or the weights do not fit the model.
    OSError
        If a file is missing.
    """
    path = Path(source)
    if path.is_dir():
        return _saved_network(path, weights)
    place, colon, name = str(source).rpartition(":")
    if not (colon and place and name):
        raise InputError(
            f"expected the folder of a saved network, module:function or file.py:function, got {str(source)!r}"
        )
    beside = Path(place).resolve().parent if place.endswith(".py") else None
    with _importing_from(beside):
        model = _make(_import(place), name, str(source))
    if weights is not None:
        load_weights(model, Path(weights))
    return model.eval()


@contextmanager
def _importing_from(folder: Path | None) -> Iterator[None]:
    """Have a file import what lies beside it, as `python folder/file.py` would."""
    if folder is None:
        yield
        return
    for name, home in list(_loaded_beside.items()):  # another model may have had a file of the same name beside it
        if home != folder and (folder / f"{name.partition('.')[0]}.py").exists():
            sys.modules.pop(name, None)
            del _loaded_beside[name]
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin is not None and Path(origin).resolve().is_relative_to(folder):
                _loaded_beside[name] = folder


def _running(what: str, run: Callable[[], Any]) -> Any:
    """Run code of the user's; whatever goes wrong there becomes one line that says where."""
    try:
        return run()
    except Exception as error:
        if isinstance(error, InputError):
            raise
        where = place_of(error)
        reason = " ".join(str(error).split()) or "no reason given"
        no_gpu = "cuda" in reason.lower() and not torch.cuda.is_available()
        hint = ". There is no GPU here: have it take one only if torch.cuda.is_available()" if no_gpu else ""
        raise InputError(f"{what} failed: {type(error).__name__}: {reason}{where}{hint}") from error


def _saved_network(folder: Path, weights: str | Path | None) -> nn.Module:
    if weights is not None:
        raise InputError(f"{folder} holds its own weights: leave out {weights}")
    members = sorted(folder.glob(f"*/{CONFIG_FILE}"))
    if members and not (folder / CONFIG_FILE).exists():
        raise InputError(f"{folder} holds {len(members)} networks: name one of them, such as {members[0].parent}")
    return load_preset(folder) if is_preset(folder) else HybridNetwork.load(folder)


def _import(place: str) -> ModuleType:
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{place}.".startswith(f"{error.name}."):
                return _running(f"importing {place}", lambda: importlib.import_module(place))
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
    _running(f"running {place}", lambda: spec.loader.exec_module(module))  # type: ignore[union-attr]
    return module


def _make(module: ModuleType, name: str, source: str) -> nn.Module:
    if not hasattr(module, name):
        close = close_matches(name, dir(module))
        hint = f"; close: {', '.join(close)}" if close else ""
        raise InputError(f"{source.rpartition(':')[0]} has no {name!r}{hint}")
    made = getattr(module, name)
    if not isinstance(made, nn.Module) and callable(made):
        function = made
        try:
            inspect.signature(function).bind()
        except TypeError as error:
            raise InputError(f"expected {source} to make a model without arguments: {error}") from error
        except ValueError:  # of a function without a signature
            pass
        made = _running(source, lambda: function())
    if not isinstance(made, nn.Module):
        raise InputError(f"expected {source} to be or to make an nn.Module, got {type(made).__name__}")
    return made
