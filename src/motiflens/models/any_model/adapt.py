"""Bring any PyTorch model on one-hot DNA to one form: (n, 4, L) to logits, with its first layer's activation map.

``adapt`` finds out how a model wants its input, what it returns and which convolution reads the sequence; what it
cannot tell it asks for, in an error, rather than guess.
"""

import difflib

import numpy as np
import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import as_tensor
from motiflens.basics.sequence import one_hot
from motiflens.models.any_model.adapted import LAYOUTS, OWN_FIRST_LAYER, AdaptedModel
from motiflens.models.any_model.first_layer import FirstLayer, Trace, convolutions_of, locate, trace
from motiflens.models.any_model.output import OUTPUTS, columns, kind_of_output, n_bounded, to_logits
from motiflens.models.devices import device_of, dtype_of
from motiflens.models.hybrid.network import HybridNetwork, evaluating
from motiflens.models.predict import batches

_N_TRACED = 4
_N_EXAMPLES = 64
_LONGEST_REASON = 80  # characters of why a layout does not fit


def adapt(
    model: nn.Module,
    example: int | np.ndarray | torch.Tensor,
    *,
    layout: str = "auto",
    first_layer: str | None = None,
    output: str = "auto",
    target: int | None = None,
) -> AdaptedModel | HybridNetwork:
    """Wrap a model on one-hot DNA so that every analysis of this package can work with it.

    Parameters
    ----------
    model : nn.Module
        Returns one tensor, (n,) or (n, n_outputs). It stays as it is, and where it is. A `HybridNetwork` is given
        back unchanged, unless it is of a subclass.
    example : int, or array of shape (n, 4, L) one-hot or (n, L) codes
        Sequences on which the model is tried, at most 64 of them; for a length, random ones, which also join fewer
        than eight.
    layout : str
        One of `LAYOUTS`. "auto" tries them all; where several run, that one is right in which the first convolution
        sees the sequence.
    first_layer : str, optional
        Dotted name of the convolution that reads the sequence; by default the first that runs.
    output : {"auto", "logits", "probabilities"}
        "auto" takes for probabilities what a sigmoid or softmax gave, for logits what a linear layer or convolution
        gave or what leaves the range 0 to 1, and asks about the rest.
        Probabilities become logits: what the last sigmoid or softmax was given, of a class against the others; where
        none is seen, log(p / (1 - p)), which ends where p is rounded to 1 (16 in float32).
    target : int, optional
        Keep only this output.

    Returns
    -------
    adapted : AdaptedModel or HybridNetwork

    Raises
    ------
    ValueError
        If an option is unknown, weights are not finite, the model runs with no layout or its layout or output cannot
        be told, it does not return one tensor of a usable shape, has no first convolution that sees the sequence, or
        if in evaluation mode the output of a sequence depends on the others or on chance.
    """
    _check_choice("layout", layout, ("auto", *LAYOUTS))
    _check_choice("output", output, ("auto", *OUTPUTS))
    _check_weights(model)
    if type(model) is HybridNetwork and _is_default(model, layout, first_layer, output, target):
        return model  # a subclass may do something else in its forward
    _check_first_layer(model, first_layer)
    X = _examples(example).to(device_of(model), dtype_of(model))
    with evaluating(model), torch.no_grad():
        name, found, layer = _find_layout(model, X[:_N_TRACED], layout, first_layer)
        everything = columns(model(LAYOUTS[name](X)), len(X))
        _check_independent(everything, columns(found.output, _N_TRACED))
        kind = kind_of_output(found, everything) if output == "auto" else output
    if target is not None and not 0 <= target < everything.shape[1]:
        raise InputError(f"target must be in 0 ... {everything.shape[1] - 1}, the model's outputs, got {target}")
    to_logits(everything, kind)  # refuses what are no probabilities
    n_outputs = everything.shape[1] if target is None else 1
    return AdaptedModel(
        model,
        layout=name,
        output=kind,
        first_layer=layer,
        length=X.shape[2],
        n_outputs=n_outputs,
        target=target,
        n_bounded=n_bounded(found) if kind == "probabilities" else 0,
    )


def _is_default(model: HybridNetwork, layout: str, first_layer: str | None, output: str, target: int | None) -> bool:
    only = target is None or (target == 0 and model.config.n_outputs == 1)
    own = first_layer in (None, OWN_FIRST_LAYER)
    return only and own and layout in ("auto", "N4L") and output in ("auto", "logits")


def _find_layout(
    model: nn.Module, X: torch.Tensor, layout: str, first_layer: str | None
) -> tuple[str, Trace, FirstLayer]:
    """The layout that a model takes, its trace with it and its first layer."""
    traces: dict[str, Trace] = {}
    layers: dict[str, FirstLayer] = {}
    failures: dict[str, str] = {}
    for name in LAYOUTS if layout == "auto" else (layout,):
        try:
            traces[name] = trace(model, LAYOUTS[name](X))
        except Exception as error:  # whatever a model does with an input that it was not made for
            failures[name] = str(error).strip().partition("\n")[0] or type(error).__name__
            continue
        try:
            layers[name] = locate(traces[name], X, first_layer)
        except ValueError as error:
            failures[name] = str(error)
    if len(layers) == 1:
        ((name, layer),) = layers.items()
        return name, traces[name], layer
    if len(layers) > 1:
        raise InputError(
            f"the model runs with each of the layouts {', '.join(layers)}, and its first convolution does not tell "
            "them apart: name the one that it was trained on (layout)"
        )
    if len(traces) == 1:
        raise InputError(failures[next(iter(traces))])
    other_length = any("mat1 and mat2 shapes" in message for message in failures.values())
    raise InputError(
        f"found no layout in which the model runs on sequences of length {X.shape[2]} and its first convolution sees "
        f"the four bases{'; was it made for another length?' if other_length else ''} ("
        + "; ".join(f"{name}: {message[:_LONGEST_REASON]}" for name, message in failures.items())
        + ")"
    )


def _examples(example: int | np.ndarray | torch.Tensor) -> torch.Tensor:
    """Up to 64 one-hot sequences, at least twice as many as a trace takes: it shows what a batch does to them."""
    if isinstance(example, int):
        if example < 1:
            raise InputError(f"expected sequences or their length, at least 1, got {example}")
        return _random(_N_EXAMPLES, example)
    X = next(batches(as_tensor(example)[:_N_EXAMPLES], _N_EXAMPLES, torch.device("cpu")), None)
    if X is None:
        raise InputError("expected at least one example sequence, got none")
    return torch.cat([X, _random(max(2 * _N_TRACED - len(X), 0), X.shape[2])])


def _random(n: int, length: int) -> torch.Tensor:
    return one_hot(torch.randint(4, (n, length), generator=torch.Generator().manual_seed(0)))


def _check_choice(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        close = difflib.get_close_matches(str(value), known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise InputError(f"{option} must be one of {', '.join(known)}, got {value!r}{hint}")


def _check_weights(model: nn.Module) -> None:
    bad = [name for name, values in model.named_parameters() if not bool(values.isfinite().all())]
    bad += [name for name, values in model.named_buffers() if bool(values.isnan().any())]  # a mask may hold infinities
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise InputError(f"expected finite weights, got NaN or infinity in {bad[0]!r}{more}: the training diverged")


def _check_first_layer(model: nn.Module, name: str | None) -> None:
    convolutions = convolutions_of(model)
    if not convolutions:
        raise InputError(
            "expected a model with a convolution (nn.Conv1d or nn.Conv2d) whose filters can be read as motifs, got "
            f"{type(model).__name__} without any"
        )
    if name is None or name in convolutions:
        return
    modules = dict(model.named_modules())
    if name in modules:
        kind = type(modules[name]).__name__
        raise InputError(f"first_layer must be an nn.Conv1d or nn.Conv2d, but {name!r} is {kind}")
    close = difflib.get_close_matches(name, convolutions, cutoff=0.3) or list(convolutions)[:5]
    raise InputError(f"the model has no module {name!r}; its convolutions include {', '.join(map(repr, close))}")


def _check_independent(everything: torch.Tensor, alone: torch.Tensor) -> None:
    """Check that a sequence has one output, whatever stands beside it."""
    if not bool(everything.isfinite().all()):
        raise InputError("expected finite outputs, got NaN or infinity")
    difference = (everything[: len(alone)] - alone).abs().max().item()
    if difference > 1e-3 * max(everything.abs().max().item(), 1e-6):
        raise InputError(
            f"the output of a sequence changes by {difference:.3g} with the other sequences of its batch, or from run "
            "to run, in evaluation mode: batch normalisation without running statistics, or dropout that ignores "
            "model.eval()"
        )
