"""A check of a model before any analysis: input and output, first layers, attention, and possible analyses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from motiflens.basics.errors import InputError, explained
from motiflens.basics.inputs import is_binary
from motiflens.basics.sequence import one_hot
from motiflens.basics.tables import by_fields
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.attribution import rule_problems
from motiflens.models.any_model import AdaptedModel, adapt, model_summary
from motiflens.models.devices import device_of, dtype_of
from motiflens.models.hybrid import HybridNetwork, evaluating

_N_TRIED = 4
_OFFSETS = {-1: "before", 0: "at", 1: "after"}


@by_fields
@dataclass(frozen=True)
class ModelCheck:
    """The properties of one model, by topic.

    Attributes
    ----------
    facts : dict of str
        By topic: model, input, output, labels, first layer, follows, attention, deep_lift_shap, analyses, not possible.
    """

    facts: dict[str, str]

    def lines(self) -> Iterator[str]:
        """One line for each topic."""
        width = max(map(len, self.facts))
        yield from (f"{topic:{width}}  {text}" for topic, text in self.facts.items())


def check_model(model: nn.Module, dataset: SequenceDataset, **reading: Any) -> ModelCheck:
    """Find out how a model is run, and which analyses are possible.

    Parameters
    ----------
    model : nn.Module
    dataset : SequenceDataset
        Data whose sequences the model is run on.
    **reading
        Options of :func:`motiflens.models.any_model.adapt`: layout, bases, first_layer, output.

    Raises
    ------
    InputError
        If not even predictions are possible, because the model runs with no layout or has no outputs.
    """
    network = adapt(model, dataset.codes, filters=False, **reading)
    summary = model_summary(network)
    attention, rules = _attention(network, dataset.codes), _rules(network, dataset.codes)
    bases = getattr(network, "bases", "ACGT")
    filters = summary.n_filters > 0
    possible = ["predict", "attributions", "interactions with given motifs"]
    missing: list[str] = []
    possible.append("audit" if filters else "audit without filters")
    (possible if filters else missing).append("filters, interactions by filters")
    (possible if filters and attention else missing).append("interactions by attention")
    facts = {
        "model": f"{summary.kind}, {summary.n_parameters:,} parameters, {dtype_of(network)}",
        "input": f"{summary.layout}, bases in the order {', '.join(bases)}, {summary.length} bp",
        "output": f"{summary.n_outputs} output(s), {summary.output}",
        "labels": _labels(network, dataset),
        "first layer": "; ".join(_first_layers(network)),
        "follows": " > ".join(summary.steps) or "nothing that counts to the first layer",
        "attention": attention or "none that can be captured",
        "deep_lift_shap": rules,
        "analyses": ", ".join(possible),
        "not possible": ", ".join(missing) or "nothing",
    }
    return ModelCheck(facts)


def _labels(network: AdaptedModel | HybridNetwork, dataset: SequenceDataset) -> str:
    n_outputs, n_labels = model_summary(network).n_outputs, dataset.n_outputs
    kind = "classes" if is_binary(dataset.y) else "real values"
    if n_outputs == n_labels:
        return f"{n_labels} of {kind}, one for each output"
    if n_labels == 1 and getattr(network, "two_classes", False):
        return f"1 of {kind}; the outputs are two classes, and output 1 stands for the label"
    if n_labels == 1:
        return f"1 of {kind}; the output that it stands for must be named"
    return f"{n_labels} of {kind}, which are not the model's {n_outputs} outputs: an audit needs as many labels"


def _first_layers(network: AdaptedModel | HybridNetwork) -> Iterator[str]:
    if isinstance(network, AdaptedModel):
        for layer in network.first_layers:
            side = _OFFSETS[int(np.sign(layer.first_base))]
            distance = f"{abs(layer.first_base)} bp {side}" if layer.first_base else side
            yield (
                f"{layer.name}: {layer.n_filters} filters of {layer.width} bp, stride {layer.stride}, "
                f"first window {distance} the first base"
            )
        if not network.first_layers:
            yield f"none: {network.unreadable and explained(network.unreadable)}"
        return
    summary = model_summary(network)
    yield (
        f"{summary.first_layer}: {summary.n_filters} filters of {summary.width} bp, stride 1, first window "
        f"{summary.width // 2} bp before the first base"
    )


def _attention(network: AdaptedModel | HybridNetwork, codes: np.ndarray) -> str:
    x = one_hot(torch.as_tensor(codes[:_N_TRIED]), dtype_of(network)).to(device_of(network))
    with evaluating(network), torch.no_grad():
        layers = network.attention_weights(x)
    return "; ".join(f"{layer.shape[1]} head(s), {layer.shape[2]} x {layer.shape[3]} tokens" for layer in layers)


def _rules(network: AdaptedModel | HybridNetwork, codes: np.ndarray) -> str:
    """Whether every nonlinear step has a DeepLIFT rule."""
    try:
        without, integrated = rule_problems(network, one_hot(torch.as_tensor(codes[:1])))
    except InputError as problem:
        return f"not possible: {explained(problem)}"
    parts = []
    if without:
        parts.append(f"no rule for {', '.join(without)}: contributions will not add up")
    if integrated:
        parts.append(f"integrated numerically: {', '.join(integrated)}")
    return "; ".join(parts) or "a rule for every step"
