"""A model in the form that the analyses take: (n, 4, L) to logits, with its first layer's activation map."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.models.any_model.first_layer import Edit, FirstLayer, activation_map, edited
from motiflens.models.any_model.output import WithoutLast, columns, to_logits
from motiflens.models.hybrid.network import HybridNetwork

# What a model takes, in letters of its axes: N sequences, 4 bases, L positions; "1" is an axis of size 1.
LAYOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "N4L": lambda X: X,
    "NL4": lambda X: X.transpose(1, 2),
    "N14L": lambda X: X.unsqueeze(1),
    "N1L4": lambda X: X.transpose(1, 2).unsqueeze(1),
    "N41L": lambda X: X.unsqueeze(2),
    "N4L1": lambda X: X.unsqueeze(3),
}
OWN_FIRST_LAYER = "stem.first.conv"  # of a HybridNetwork


class AdaptedModel(nn.Module):
    """Any model in the form that the analyses take; made by :func:`motiflens.models.any_model.adapt`.

    Attributes
    ----------
    model : nn.Module
        The model itself, not a copy.
    layout, output : str
        Of its input ("N4L", ...) and what it returns ("logits" or "probabilities").
    first_layer : FirstLayer
        The convolution, the functions that follow it and where its windows lie.
    length : int
        Of the sequences.
    n_outputs : int
    target : int or None
        The one output that is kept; None for all.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        layout: str,
        output: str,
        first_layer: FirstLayer,
        length: int,
        n_outputs: int,
        target: int | None = None,
        n_bounded: int = 0,
    ) -> None:
        super().__init__()
        self.model = model
        self.layout, self.output, self.first_layer = layout, output, first_layer
        self.length, self.n_outputs, self.target = length, n_outputs, target
        self.n_bounded = n_bounded  # calls of sigmoid or softmax, if the last one gives the probabilities

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Map one-hot X (n, 4, L) to logits (n, n_outputs)."""
        if len(X) == 1:  # as a pair: squeezing or unbatched code would take one sequence for none
            return self.forward(X.repeat(2, 1, 1))[:1]
        if self.n_bounded:
            with WithoutLast(self.n_bounded) as bounded:
                logits = columns(self.model(self._arranged(X)), len(X))
            bounded.check_called()
        else:
            logits = to_logits(columns(self.model(self._arranged(X)), len(X)), self.output)
        return logits if self.target is None else logits[:, self.target : self.target + 1]

    def first_layer_activations(self, X: torch.Tensor) -> torch.Tensor:
        """Activation map of the first layer, shape=(n, n_filters, L).

        Aligned to the sequence: at position p stands the window whose centre (its first base + width // 2) is p,
        and 0 where there is no such window. Windows with their centre in the padding are left out.
        """
        found = self.first_layer_map(X)
        aligned = found.new_zeros(*found.shape[:2], self.length)
        centres = self.first_layer.centres
        inside = (centres >= 0) & (centres < self.length)
        aligned[:, :, centres[inside]] = found[:, :, inside]
        return aligned

    def first_layer_map(self, X: torch.Tensor) -> torch.Tensor:
        """Activation map of the first layer as the model has it, shape=(n, n_filters, n_windows)."""
        if len(X) == 1:
            return self.first_layer_map(X.repeat(2, 1, 1))[:1]
        return activation_map(self.model, self.first_layer, self._arranged(X))

    def with_edited_map(self, X: torch.Tensor, edit: Edit) -> torch.Tensor:
        """Logits of X where the first layer's map, (n, n_filters, n_windows), has gone through `edit`.

        A convolution that runs more than once, say on both strands, has each of its maps edited.
        """
        with edited(self.model, self.first_layer, edit):
            return self(X)

    def _arranged(self, X: torch.Tensor) -> torch.Tensor:
        if X.dim() != 3 or tuple(X.shape[1:]) != (4, self.length):
            raise InputError(f"expected one-hot DNA of shape (N, 4, {self.length}), got {tuple(X.shape)}: adapt anew")
        return LAYOUTS[self.layout](X)


class ModelSummary(NamedTuple):
    """What a model is, in the words of a report."""

    kind: str  # name of its class
    n_parameters: int
    length: int  # of its sequences
    n_outputs: int
    target: int | None  # the output that is kept of several; None for all
    layout: str  # of its input, one of `LAYOUTS`
    output: str  # "logits" or "probabilities"
    first_layer: str  # name of the convolution
    steps: tuple[str, ...]  # functions that follow it and count to the first layer
    n_filters: int
    width: int  # bases that one window of the first layer covers
    stride: int


def model_summary(model: AdaptedModel | HybridNetwork) -> ModelSummary:
    """Say what a model is."""
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    if isinstance(model, AdaptedModel):
        layer = model.first_layer
        return ModelSummary(
            kind=type(model.model).__name__,
            n_parameters=n_parameters,
            length=model.length,
            n_outputs=model.n_outputs,
            target=model.target,
            layout=model.layout,
            output=model.output,
            first_layer=layer.name,
            steps=layer.steps,
            n_filters=layer.n_filters,
            width=layer.width,
            stride=layer.stride,
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
