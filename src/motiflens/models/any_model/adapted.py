"""A model in the form that the analyses need: (n, 4, L) to logits, with the activations of its first layer."""

from typing import NamedTuple

import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.models.any_model.attention import by_sequence, capturing_attention
from motiflens.models.any_model.first_layer import Edit, FirstLayer, activation_map, edited
from motiflens.models.any_model.layouts import BASES, arranged
from motiflens.models.any_model.output import BoundedCall, WithoutBound, columns, to_logits
from motiflens.models.devices import dtype_of
from motiflens.models.hybrid.network import HybridNetwork
from motiflens.models.shown import Shown, outputs_in_words

OWN_FIRST_LAYER = "stem.first.conv"  # of a HybridNetwork


_HALF = (torch.float16, torch.bfloat16)


class HowItRuns(NamedTuple):
    """How a model is run, and what its output is."""

    layout: str
    output: str
    bases: str = BASES
    bounded: BoundedCall | None = None
    are_classes: bool = False  # which exclude each other


class AdaptedModel(Shown, nn.Module):
    """Any model in the form that the analyses need; made by :func:`motiflens.models.any_model.adapt`.

    Attributes
    ----------
    model : nn.Module
        The model itself, not a copy.
    layout, output, bases : str
        Layout of its input ("N4L", ...), kind of its output ("logits" or "probabilities"), and order of its channels.
    first_layers : tuple of FirstLayer
        The convolutions that read the sequence, with the functions that follow them and the positions of their windows.
        Empty if there are none; `unreadable` then says why.
    length : int
        Of the sequences.
    n_outputs : int
    target : int or None
        Index of the output that is kept; None for all.
    bounded : BoundedCall or None
        The sigmoid or softmax that produces the probabilities; None if there is none, or more than one.
    are_classes : bool
        Whether the outputs are those of a softmax, so that they are mutually exclusive classes.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        how: "HowItRuns",
        first_layers: tuple[FirstLayer, ...],
        length: int,
        n_outputs: int,
        target: int | None = None,
        unreadable: InputError | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.layout, self.output, self.bases, self.bounded, self.are_classes = how
        self.first_layers, self.unreadable = first_layers, unreadable
        self.length, self.n_outputs, self.target = length, n_outputs, target

    def _title(self) -> str:
        end = outputs_in_words(self, 1 if self.target is not None else self.n_outputs, ())
        return f"AdaptedModel({type(self.model).__name__}; {self.length} bp; {end})"

    @property
    def own_dtype(self) -> torch.dtype:
        """Data type of the model's parameters."""
        return dtype_of(self.model)

    @property
    def dtype(self) -> torch.dtype:
        """Data type of input and output: float32 for a model in half precision."""
        return torch.float32 if self.own_dtype in _HALF else self.own_dtype

    @property
    def first_layer(self) -> FirstLayer:
        """The first of the convolutions that read the sequence.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not self.first_layers:
            raise self.unreadable or InputError("no convolution of the model reads the sequence")
        return self.first_layers[0]

    @property
    def two_classes(self) -> bool:
        """Whether its outputs are the probabilities of two mutually exclusive classes, or their logarithms."""
        return self.are_classes and self.n_outputs == 2

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Map one-hot X (n, 4, L) to logits (n, n_outputs)."""
        if len(X) == 1:  # as a pair: squeezing or unbatched code would take one sequence for none
            return self.forward(X.repeat(2, 1, 1))[:1]
        self._check_input(X)
        with arranged(X.to(self.own_dtype), self.layout, self.bases) as given:
            if self.bounded is not None:
                with WithoutBound(self.bounded) as without:
                    logits = columns(self.model(given), len(X)).to(self.dtype)
                without.check_called()
            else:
                logits = to_logits(columns(self.model(given), len(X)).to(self.dtype), self.output)
        return logits if self.target is None else logits[:, self.target : self.target + 1]

    def first_layer_activations(self, X: torch.Tensor) -> torch.Tensor:
        """Activations of the first layers, concatenated, shape=(n, n_filters, L).

        They are aligned to the sequence: the value at position p is that of the window whose centre (its first base +
        width // 2) is p, or 0 if there is no such window. Windows with their centre in the padding are left out.
        """
        parts = []
        for layer, found in zip(self.first_layers, self.first_layer_maps(X), strict=True):
            aligned = found.new_zeros(*found.shape[:2], self.length)
            inside = (layer.centres >= 0) & (layer.centres < self.length)
            aligned[:, :, layer.centres[inside]] = found[:, :, inside]
            parts.append(aligned)
        return torch.cat(parts, dim=1)

    def first_layer_map(self, X: torch.Tensor) -> torch.Tensor:
        """Activations of the first of the first layers, without alignment, shape=(n, n_filters, n_windows)."""
        return self.first_layer_maps(X)[0]

    def first_layer_maps(self, X: torch.Tensor) -> list[torch.Tensor]:
        """Activations of each of the first layers for X (n, 4, L), each (n, its filters, its windows)."""
        if len(X) == 1:
            return [found[:1] for found in self.first_layer_maps(X.repeat(2, 1, 1))]
        self._check_input(X)
        layers = self.first_layers or (self.first_layer,)  # which says why there is none
        maps = []
        for layer in layers:
            with arranged(X.to(self.own_dtype), self.layout, self.bases) as given:
                maps.append(activation_map(self.model, layer, given).to(self.dtype))
        return maps

    def with_edited_map(self, X: torch.Tensor, edit: Edit, layer: int = 0) -> torch.Tensor:
        """Logits for X with the activations of one first layer, (n, n_filters, n_windows), replaced by `edit` of them.

        If a convolution runs more than once, such as on both strands, each of its outputs is edited.
        """
        first = self.first_layers[layer] if self.first_layers else self.first_layer
        with edited(self.model, first, edit):
            return self(X)

    def attention_weights(self, X: torch.Tensor) -> list[torch.Tensor]:
        """Attention weights of every layer, each (n, n_heads, n_queries, n_keys); empty for a model without attention.

        Found are `nn.MultiheadAttention`, `scaled_dot_product_attention`, and any product of a softmax over the last
        axis with a matrix.
        """
        with capturing_attention() as collected:
            self(X)
        return self._by_sequence(collected, X)

    def attention_times_gradient(self, X: torch.Tensor, target: int) -> list[torch.Tensor]:
        """Attention weights times the gradient of one logit with respect to them, in the shapes of the weights."""
        with torch.enable_grad(), capturing_attention() as collected:
            logits = self(X.detach().requires_grad_())
            used = [weights for weights in collected if weights.requires_grad]
            if not used:
                return []
            gradients = torch.autograd.grad(logits[:, target].sum(), used, allow_unused=True)
        pairs = zip(used, gradients, strict=True)
        return self._by_sequence([(one * gradient).detach() for one, gradient in pairs if gradient is not None], X)

    def _by_sequence(self, collected: list[torch.Tensor], X: torch.Tensor) -> list[torch.Tensor]:
        n = max(len(X), 2)  # a single sequence runs as a pair
        layers = [layer for one in collected if (layer := by_sequence(one, n)) is not None]
        return [layer[: len(X)].to(self.dtype) for layer in layers]

    def place_of(self, filter: int) -> tuple[int, int]:
        """First layer of a filter, and the filter's index there."""
        for number, layer in enumerate(self.first_layers):
            if filter < layer.n_filters:
                return number, filter
            filter -= layer.n_filters
        raise InputError(f"expected a filter in 0 ... {sum(one.n_filters for one in self.first_layers) - 1}")

    def _check_input(self, X: torch.Tensor) -> None:
        if X.dim() != 3 or tuple(X.shape[1:]) != (4, self.length):
            raise InputError(
                f"expected one-hot DNA of shape (N, 4, {self.length}), got {tuple(X.shape)}: adapt it again"
            )


def returned(model: nn.Module, logits: torch.Tensor) -> torch.Tensor:
    """The model's own output for logits (n, n_outputs): probabilities if it ends in a sigmoid or softmax."""
    bounded = isinstance(model, AdaptedModel) and model.output == "probabilities"
    return logits.sigmoid() if bounded else logits


class ModelSummary(NamedTuple):
    """Description of a model for a report."""

    kind: str  # name of its class
    n_parameters: int
    length: int  # of its sequences
    n_outputs: int
    target: int | None  # the output that is kept of several; None for all
    layout: str  # of its input, one of `LAYOUTS`, or "codes"
    output: str  # "logits" or "probabilities"
    first_layer: str  # name of the convolution; of several, with commas
    steps: tuple[str, ...]  # functions that follow it and count to the first layer
    n_filters: int
    width: int  # bases that one window of the first layer covers; of several layers, the widest
    stride: int


def model_summary(model: AdaptedModel | HybridNetwork) -> ModelSummary:
    """Describe a model."""
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    if isinstance(model, AdaptedModel):
        layers = model.first_layers
        return ModelSummary(
            kind=type(model.model).__name__,
            n_parameters=n_parameters,
            length=model.length,
            n_outputs=model.n_outputs,
            target=model.target,
            layout=model.layout,
            output=model.output,
            first_layer=",".join(layer.name for layer in layers),
            steps=layers[0].steps if layers else (),
            n_filters=sum(layer.n_filters for layer in layers),
            width=max((layer.width for layer in layers), default=0),
            stride=layers[0].stride if layers else 0,
        )
    config = model.config
    return ModelSummary(
        kind=type(model).__name__,
        n_parameters=n_parameters,
        length=config.length,
        n_outputs=config.n_outputs,
        target=None,
        layout="N4L",
        output="logits",
        first_layer=OWN_FIRST_LAYER,
        steps=("batch_norm", {"exponential": "exp"}.get(config.activation, config.activation)),
        n_filters=config.n_filters,
        width=config.kernel_size,
        stride=1,
    )
