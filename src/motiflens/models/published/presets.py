"""The published networks by name, in their published sizes or others."""

import inspect
import json
from pathlib import Path
from typing import Any

import torch

from motiflens.basics.choices import check_known, close_matches
from motiflens.basics.errors import InputError
from motiflens.models.published.base import PRESET_CONFIG_FILE, PublishedConfig, PublishedNetwork, load_weights_of
from motiflens.models.published.basenji2 import Basenji2
from motiflens.models.published.basset import Basset
from motiflens.models.published.bpnet import BPNet
from motiflens.models.published.danq import DanQ, DanQJaspar
from motiflens.models.published.deepatt import DeepATT
from motiflens.models.published.deepmel import DeepMEL
from motiflens.models.published.deepsea import DeepSEA
from motiflens.models.published.deepstarr import DeepSTARR
from motiflens.models.published.enformer import Enformer
from motiflens.models.published.explainn import ExplaiNN
from motiflens.models.published.residualbind import ResidualBind
from motiflens.models.published.satori import SATORI
from motiflens.models.published.tbinet import TBiNet

PRESETS: dict[str, type[PublishedNetwork]] = {
    "DeepSEA": DeepSEA,
    "DanQ": DanQ,
    "DanQ-JASPAR": DanQJaspar,
    "TBiNet": TBiNet,
    "DeepATT": DeepATT,
    "SATORI": SATORI,
    "DeepMEL": DeepMEL,
    "Basset": Basset,
    "DeepSTARR": DeepSTARR,
    "ExplaiNN": ExplaiNN,
    "BPNet": BPNet,
    "ResidualBind": ResidualBind,
    "Basenji2": Basenji2,
    "Enformer": Enformer,
}


def preset_config(architecture: str, *, activation: str = "published", **changes: Any) -> PublishedConfig:
    """Configuration of a published network.

    Parameters
    ----------
    architecture : str
        One of `PRESETS`.
    activation : str
        Of the first convolution: "published", "relu" or "exponential".
    **changes
        `length`, `n_outputs`, and any argument of the network's class that should differ from the published one.

    Raises
    ------
    InputError
        If the name or an argument is unknown, or sequences are too short for the network.
    """
    sizes = {**published_sizes(architecture), **changes}
    unknown = sorted(set(changes) - set(published_sizes(architecture)))
    if unknown:
        close = close_matches(unknown[0], published_sizes(architecture), cutoff=0.3)
        raise InputError(
            f"{architecture} has no size {unknown[0]!r}; it has {', '.join(close or published_sizes(architecture))}"
        )
    for name, value in sizes.items():
        if not isinstance(value, int | float) or value < (0 if isinstance(value, bool) else 1):
            raise InputError(f"{name} must be a positive number, got {value!r}")
    length, n_outputs = sizes.pop("length"), sizes.pop("n_outputs")
    own = {name: value for name, value in sizes.items() if value != published_sizes(architecture)[name]}
    config = PublishedConfig(
        architecture=architecture, length=length, n_outputs=n_outputs, activation=activation, sizes=own
    )
    with torch.device("meta"):
        build_preset(config)  # sizes that do not fit are told now
    return config


def build_preset(config: PublishedConfig) -> PublishedNetwork:
    """Build a published network with PyTorch's default initialisation."""
    kind = PRESETS[config.architecture]
    network = kind(length=config.length, n_outputs=config.n_outputs, activation=config.activation, **config.sizes)
    network.config = config
    return network


def blank_preset(config: PublishedConfig, seed: int = 0) -> PublishedNetwork:
    """Build a published network whose weights follow from a seed, without a change of PyTorch's global random state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_preset(config)


def preset_config_from(values: dict[str, Any]) -> PublishedConfig:
    """Build a configuration from the result of `PublishedConfig.to_dict`.

    Raises
    ------
    InputError
        If it is not a configuration.
    """
    try:
        named = {name: values[name] for name in ("architecture", "activation", "length", "n_outputs")}
        return preset_config(named.pop("architecture"), **named, **values.get("sizes", {}))
    except (KeyError, TypeError) as error:
        raise InputError(f"expected the configuration of a published network: {error!r}") from error


def is_preset(folder: Path) -> bool:
    """Whether a folder holds a published network."""
    path = folder / PRESET_CONFIG_FILE
    try:
        return path.is_file() and "architecture" in json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        return False


def load_preset(folder: Path) -> PublishedNetwork:
    """Read a published network that `save` wrote; the result is on the CPU in evaluation mode."""
    values = json.loads((folder / PRESET_CONFIG_FILE).read_text(encoding="utf-8"))
    return load_weights_of(blank_preset(preset_config_from(values)), folder)


def published_sizes(architecture: str) -> dict[str, Any]:
    """The published sizes, by name of the argument."""
    if architecture not in PRESETS:
        check_known("architecture", architecture, PRESETS, cutoff=0.4)
    sizes: dict[str, Any] = {}
    for kind in reversed(PRESETS[architecture].__mro__):
        for name, parameter in inspect.signature(kind).parameters.items() if issubclass(kind, PublishedNetwork) else ():
            if parameter.default is not inspect.Parameter.empty and name != "activation":
                sizes[name] = parameter.default
    return sizes
