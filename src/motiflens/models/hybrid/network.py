"""The hybrid network: stage 1 (stem), stage 2 (trunk), stage 3 (head)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from motiflens.basics.errors import NAME_A_NETWORK, InputError, MissingFileError
from motiflens.basics.files import in_one_piece, write_text
from motiflens.models.devices import device_of, single_threaded
from motiflens.models.hybrid.attention import Trunk
from motiflens.models.hybrid.config import HybridConfig
from motiflens.models.hybrid.head import Head
from motiflens.models.hybrid.layers import Dropout, Prepared
from motiflens.models.hybrid.stem import ConvBlock, Stem
from motiflens.models.shown import Shown, outputs_in_words
from motiflens.models.trained_on import TRAINED_ON_FILE, TrainedOn, read_trained_on

_SWITCHES = ("fused", "precision", "folded")  # of layers, that `with_kernels` sets
WEIGHTS_FILE, CONFIG_FILE = "model.safetensors", "config.json"


class HybridNetwork(Shown, nn.Module):
    """Convolution-attention hybrid network for one-hot DNA; `forward` returns logits.

    Parameters
    ----------
    config : HybridConfig
    trained_on : TrainedOn, optional
        The data that the network was trained on, if known; saved with the weights.
    """

    def __init__(self, config: HybridConfig, trained_on: TrainedOn | None = None) -> None:
        super().__init__()
        self.config = config
        self.trained_on = trained_on
        self.stem = Stem(config)
        self.trunk = Trunk(config)
        self.head = Head(config)

    def _title(self) -> str:
        config = self.config
        stage = {"none": f"pool {config.first_pool}", "conv": f"pools {config.first_pool} and {config.second_pool}"}
        parts = [
            f"{config.n_filters} filters of {config.kernel_size} bp, {config.activation}",
            stage.get(config.second_stage, f"pool {config.first_pool}, BiLSTM, pool {config.second_pool}"),
            *["BiLSTM"] * (config.lstm and config.second_stage != "lstm"),
            *[f"{config.attention} of {config.n_heads} heads"] * (config.attention != "none"),
        ]
        end = outputs_in_words(self, config.n_outputs, self.label_names)
        return f"HybridNetwork({config.length} bp; {', '.join(parts)}; {end})"

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the outputs; empty if not known."""
        return self.trained_on.label_names if self.trained_on is not None else ()

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Map one-hot X (N, 4, L) to logits (N, n_outputs)."""
        self._check_input(X)
        return self.head(self.trunk(self.stem(X)))

    def from_first_pool(self, x: torch.Tensor, collected: list[torch.Tensor] | None = None) -> torch.Tensor:
        """Map the first convolution's pooled activations, (N, n_filters, L // first_pool), to logits.

        The attention weights of each layer, (N, n_heads, T, T), are appended to `collected` if it is given.
        """
        return self.head(self.trunk(self.stem.from_first_pool(x), collected))

    def first_layer_activations(self, X: torch.Tensor) -> torch.Tensor:
        """Output of the first convolution after BatchNorm and activation, before pooling, shape=(N, n_filters, L)."""
        self._check_input(X)
        return self.stem.first.activation_map(X)

    def attention_weights(self, X: torch.Tensor) -> list[torch.Tensor]:
        """Attention weights of every layer, each (N, n_heads, T, T); empty for a network without attention."""
        self._check_input(X)
        return self.trunk.attention_weights(self.stem(X))

    def save(self, folder: str | Path) -> None:
        """Write `model.safetensors`, `config.json` and `trained_on.json` into a folder, which is created if needed."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        # Both are written before either takes its name: an interruption leaves what was there before.
        with in_one_piece(folder / CONFIG_FILE) as config, in_one_piece(folder / WEIGHTS_FILE) as weights:
            save_file({k: v.contiguous() for k, v in self.state_dict().items()}, weights)
            config.write_text(self.config.to_json() + "\n")
            if self.trained_on is not None:
                write_text(self.trained_on.to_json() + "\n", folder / TRAINED_ON_FILE)

    @classmethod
    def load(cls, folder: str | Path) -> "HybridNetwork":
        """Read a network that `save` wrote; the result is on the CPU in evaluation mode.

        Raises
        ------
        FileNotFoundError
            If the folder lacks one of the two files.
        ValueError
            If the configuration or the weights are not those of a hybrid network.
        """
        folder = Path(folder)
        for name in (CONFIG_FILE, WEIGHTS_FILE):
            if not (folder / name).is_file():
                missing = f"{name} in {folder}" if folder.is_dir() else f"a folder {folder}"
                raise MissingFileError(f"expected {missing}: {NAME_A_NETWORK}")
        try:
            config = HybridConfig.from_dict(json.loads((folder / CONFIG_FILE).read_text()))
            network = blank_network(config)
            network.load_state_dict(load_file(folder / WEIGHTS_FILE))
        except (json.JSONDecodeError, TypeError, RuntimeError, SafetensorError) as error:
            raise InputError(f"{folder} does not hold a saved hybrid network: {error}") from error
        network.trained_on = read_trained_on(folder)
        return network.eval()

    def _check_input(self, X: torch.Tensor) -> None:
        expected = (4, self.config.length)
        if X.dim() != 3 or tuple(X.shape[1:]) != expected:
            raise InputError(f"expected one-hot DNA of shape (N, 4, {expected[1]}), got {tuple(X.shape)}")


def blank_network(config: HybridConfig) -> HybridNetwork:
    """Build a network whose values are set afterwards, without a change of PyTorch's global random state."""
    with torch.random.fork_rng(devices=[]):
        return HybridNetwork(config)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Context manager: a model is in evaluation mode; afterwards every module has its former mode.

    On a GPU, `full_precision` applies; on a CPU, the networks of this package compute on one thread.
    """
    modes = [(module, module.training) for module in model.modules()]
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    model.eval()
    try:
        with suited_threads(model), full_precision() if on_gpu else nullcontext():
            yield model
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def suited_threads(model: nn.Module) -> Iterator[None]:
    """Context manager: one thread for networks of this package on a CPU; other models use all threads."""
    with single_threaded(device_of(model)) if isinstance(model, HybridNetwork) else nullcontext():
        yield


@contextmanager
def with_kernels(model: nn.Module) -> Iterator[nn.Module]:
    """Context manager: networks of this package compute by compiled kernels and oneDNN, with the same results.

    Do not use it if single operations must be visible, because a kernel does several in one. Gradients are with respect
    to the input alone.
    """
    layers = [module for module in model.modules() if isinstance(module, Prepared | ConvBlock)]
    layers = [layer for layer in layers if not isinstance(layer, Dropout)]
    before = [{name: vars(layer)[name] for name in _SWITCHES if name in vars(layer)} for layer in layers]
    unused = np.random.default_rng(0)  # only dropout draws
    try:
        for layer in layers:
            if isinstance(layer, ConvBlock):
                layer.folded = True
            else:
                layer.prepare_training(unused, "float32")
        yield model
    finally:
        for layer, values in zip(layers, before, strict=True):
            for name in _SWITCHES:
                vars(layer).pop(name, None)
            vars(layer).update(values)


@contextmanager
def full_precision() -> Iterator[None]:
    """Context manager: cuDNN computes float32 convolutions and LSTMs in float32.

    By default PyTorch lets it round the factors to TF32, whose relative error of 0.001 exceeds small differences of
    logits.
    """
    cudnn: Any = torch.backends.cudnn
    parts = [cudnn.conv, cudnn.rnn] if hasattr(cudnn, "conv") else []  # switches of newer PyTorch, beside the older one
    before = [part.fp32_precision for part in parts]
    try:
        allowed = cudnn.allow_tf32
    except RuntimeError:  # the newer switches differ from each other: the older one tells nothing
        allowed = None
    cudnn.allow_tf32 = False
    for part in parts:
        part.fp32_precision = "ieee"
    try:
        yield
    finally:
        if allowed is not None:
            cudnn.allow_tf32 = allowed
        for part, precision in zip(parts, before, strict=True):
            part.fp32_precision = precision
