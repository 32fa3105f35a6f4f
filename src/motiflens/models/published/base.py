"""Base of the published networks: configuration, saving, and the first activation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from motiflens.basics.errors import NAME_A_NETWORK, InputError, MissingFileError
from motiflens.basics.files import in_one_piece, write_text
from motiflens.models.shown import Shown, outputs_in_words
from motiflens.models.trained_on import TRAINED_ON_FILE, TrainedOn, read_trained_on

PRESET_CONFIG_FILE, PRESET_WEIGHTS_FILE = "config.json", "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class PublishedConfig:
    """The configuration of a published network, saved as JSON beside its weights.

    Attributes
    ----------
    architecture : str
        Its name, such as "DanQ".
    length, n_outputs : int
        Length of the sequences, and number of logits.
    activation : str
        Activation of the first convolution: "published", "relu" or "exponential".
    sizes : mapping of str to number
        Arguments of the network's class that differ from the published ones, such as `{"n_filters": 32}`.
    """

    architecture: str
    length: int
    n_outputs: int
    activation: str = "published"
    sizes: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "architecture": self.architecture,
            "length": self.length,
            "n_outputs": self.n_outputs,
            "activation": self.activation,
            "sizes": dict(self.sizes),
        }

    def to_json(self) -> str:
        """Return the fields as JSON."""
        return json.dumps(self.to_dict(), indent=2)


class Exponent(nn.Module):
    """The exponential function as a layer, to which attribution methods can attach a rule."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return exp(x), same shape."""
        return torch.exp(x)


def first_activation(name: str, published: nn.Module) -> nn.Module:
    """The activation of a first convolution: the published one, or the requested one.

    Raises
    ------
    InputError
        If there is no such activation.
    """
    known = {"published": published, "relu": nn.ReLU(), "exponential": Exponent()}
    if name not in known:
        raise InputError(f"activation must be one of {', '.join(known)}, got {name!r}")
    return known[name]


def positions_left(length: int, *steps: tuple[int, int]) -> int:
    """Positions of a sequence after convolutions without padding and pools, given as (kernel, pool) pairs.

    Raises
    ------
    InputError
        If no position is left.
    """
    left = length
    for kernel, pool in steps:
        left = (left - kernel + 1) // pool
        if left < 1:
            raise InputError(f"sequences of {length} bp are too short for this network: no position is left of them")
    return left


class PublishedNetwork(Shown, nn.Module):
    """Base class of published networks; `forward` returns logits, and the last layer, `out`, is linear.

    Attributes
    ----------
    config : PublishedConfig
    trained_on : TrainedOn or None
        The data that the network was trained on, if known; saved with the weights.
    """

    config: PublishedConfig
    trained_on: TrainedOn | None = None
    out: nn.Linear

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the outputs; empty if not known."""
        return self.trained_on.label_names if self.trained_on is not None else ()

    def _title(self) -> str:
        end = outputs_in_words(self, self.config.n_outputs, self.label_names)
        return f"{self.config.architecture}({self.config.length} bp; {end})"

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Map one-hot X (N, 4, L), in the order A, C, G, T, to logits (N, n_outputs)."""
        length = self.config.length
        if X.dim() != 3 or tuple(X.shape[1:]) != (4, length):
            raise InputError(f"expected one-hot DNA of shape (N, 4, {length}), got {tuple(X.shape)}")
        return self.logits(X)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Logits (N, n_outputs) of X (N, 4, L), whose shape has been checked."""
        raise NotImplementedError

    def save(self, folder: str | Path) -> None:
        """Write `model.safetensors`, `config.json` and `trained_on.json` into a folder, which is created if needed."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with in_one_piece(folder / PRESET_WEIGHTS_FILE) as unfinished:
            save_file({name: value.contiguous() for name, value in self.state_dict().items()}, unfinished)
        write_text(self.config.to_json() + "\n", folder / PRESET_CONFIG_FILE)
        if self.trained_on is not None:
            write_text(self.trained_on.to_json() + "\n", folder / TRAINED_ON_FILE)


def load_weights_of(network: PublishedNetwork, folder: Path) -> PublishedNetwork:
    """Read the weights that `save` wrote into a network, and put it into evaluation mode.

    Raises
    ------
    FileNotFoundError
        If there is no file of weights.
    InputError
        If the weights are not those of this network.
    """
    path = folder / PRESET_WEIGHTS_FILE
    if not path.is_file():
        raise MissingFileError(f"expected {PRESET_WEIGHTS_FILE} in {folder}: {NAME_A_NETWORK}")
    try:
        network.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError) as error:
        raise InputError(f"{folder} does not hold a saved {network.config.architecture}: {error}") from error
    network.trained_on = read_trained_on(folder)
    return network.eval()
