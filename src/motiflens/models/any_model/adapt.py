"""Convert any PyTorch model on one-hot DNA to one form: (n, 4, L) to logits, with activations of its first layers.

``adapt`` finds out the layout of a model's input, the kind of its output, and which convolutions read the sequence. If
it cannot tell, it does not guess: an error names the argument to give.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import nn

from motiflens.basics.choices import check_choice, close_matches
from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.metrics import as_tensor
from motiflens.basics.sequence import one_hot
from motiflens.models.any_model.adapted import OWN_FIRST_LAYER, AdaptedModel, HowItRuns
from motiflens.models.any_model.first_layer import FirstLayer, first_layers
from motiflens.models.any_model.layouts import BASES, CODES, LAYOUTS, arranged, check_bases
from motiflens.models.any_model.output import OUTPUTS, are_classes, bounded_call, columns, kind_of_output, to_logits
from motiflens.models.any_model.trace import OWN_FORWARD, Trace, convolutions_of, trace, unwrapped
from motiflens.models.any_model.user_code import place_of
from motiflens.models.checks import ChanceWatch, check_independent, check_weights
from motiflens.models.devices import device_of, dtype_of
from motiflens.models.hybrid.network import HybridNetwork, evaluating
from motiflens.models.outputs import batches

_N_TRACED = 4
_N_EXAMPLES = 64
_LONGEST_REASON = 80  # characters of why a layout does not fit


def adapt(
    model: nn.Module,
    example: int | np.ndarray | torch.Tensor,
    *,
    layout: str = "auto",
    bases: str = BASES,
    first_layer: str | Sequence[str] | None = None,
    output: str = "auto",
    target: int | None = None,
    filters: bool = True,
) -> AdaptedModel | HybridNetwork:
    """Wrap a model on one-hot DNA so that every analysis of this package can work with it.

    Parameters
    ----------
    model : nn.Module
        Returns one tensor, (n,) or (n, n_outputs). The model is not changed and stays on its device. A `HybridNetwork`
        is returned as it is, unless it is of a subclass.
    example : int, or array of shape (n, 4, L) one-hot or (n, L) codes
        Sequences on which the model is run, of which the first 64 are used. A length stands for random sequences of
        that length, which are also added to fewer than eight sequences.
    layout : str
        One of `LAYOUTS`, or "codes" for a model that takes whole numbers: 0 to 3 for the bases and 4 for an unknown
        one. "auto" tries all of them, codes last. If the model runs with several layouts, the one in which a
        convolution reads the sequence is taken.
    bases : str
        Order of the four bases in the model's channels; "AGCT" for DeepSEA and networks after it.
    first_layer : str or sequence of str, optional
        Dotted names of the convolutions that read the sequence, as a list or separated by commas; by default all that
        do.
    output : {"auto", "logits", "probabilities"}
        "auto" decides by the last operation. The output of a sigmoid or softmax is taken for probabilities. The output
        of a linear layer or convolution, or one outside of the range from 0 to 1, is taken for logits. For anything
        else an error asks for this argument. Probabilities are converted to logits: the input of the sigmoid, or, from
        the input of the softmax, the logit of a class against all others. If no such operation is found, log(p / (1 -
        p)) is used, which is limited by rounding of p (to 16 in float32).
    target : int, optional
        Keep only this output.
    filters : bool
        Whether filters are needed. If not, a model without a convolution that reads the sequence is accepted.

    Returns
    -------
    adapted : AdaptedModel or HybridNetwork

    Raises
    ------
    ValueError
        If an option is unknown; weights are not finite; the model runs with no layout; its layout or output cannot be
        recognised; it does not return one tensor of such a shape; filters are needed and no convolution reads the
        sequence; or in evaluation mode the output for a sequence depends on other sequences or on chance.
    """
    check_choice("layout", layout, ("auto", *LAYOUTS, CODES))
    check_choice("output", output, ("auto", *OUTPUTS))
    check_bases(bases)
    check_weights(model)
    names = _names(first_layer)
    if isinstance(model, AdaptedModel):
        return _read_again(model, example, layout, bases, names, output, target, filters)
    if type(model) is HybridNetwork and _is_default(model, layout, names, output, target) and bases == BASES:
        return model  # a subclass may do something else in its forward
    model = unwrapped(model)
    _check_names(model, names)
    X = _examples(example).to(device_of(model), dtype_of(model))
    with evaluating(model), torch.no_grad():
        found = _find_layout(model, X[:_N_TRACED], layout, bases, names, filters)
        with arranged(X, found.layout, bases) as given, ChanceWatch() as chance:
            everything = columns(model(given), len(X))
        check_independent(everything, columns(found.trace.output, _N_TRACED))
        chance.check()
        kind = kind_of_output(found.trace, everything) if output == "auto" else output
    if target is not None and not 0 <= target < everything.shape[1]:
        raise InputError(f"target must be in 0 ... {everything.shape[1] - 1}, the model's outputs, got {target}")
    to_logits(everything, kind)  # refuses what are no probabilities
    return AdaptedModel(
        model,
        how=HowItRuns(
            found.layout,
            kind,
            bases,
            bounded_call(found.trace) if kind == "probabilities" else None,
            are_classes(found.trace) and output == "auto",
        ),
        first_layers=found.layers,
        length=X.shape[2],
        n_outputs=everything.shape[1] if target is None else 1,
        target=target,
        unreadable=found.problem,
    )


def _is_default(model: HybridNetwork, layout: str, names: tuple[str, ...], output: str, target: int | None) -> bool:
    only = target is None or (target == 0 and model.config.n_outputs == 1)
    own = names in ((), (OWN_FIRST_LAYER,))
    return only and own and layout in ("auto", "N4L") and output in ("auto", "logits")


def _read_again(
    model: AdaptedModel,
    example: int | np.ndarray | torch.Tensor,
    layout: str,
    bases: str,
    names: tuple[str, ...],
    output: str,
    target: int | None,
    filters: bool,
) -> AdaptedModel | HybridNetwork:
    """A model that has been adapted, as it is or with what is asked of it anew."""
    nothing = (layout, bases, names, output, target) == ("auto", BASES, (), "auto", None)
    if nothing and (model.first_layers or not filters):
        return model
    return adapt(
        model.model,
        example,
        layout=model.layout if layout == "auto" else layout,
        bases=model.bases if bases == BASES else bases,
        first_layer=names or tuple(layer.name for layer in model.first_layers),
        output=model.output if output == "auto" else output,
        target=model.target if target is None or model.target is not None else target,
        filters=filters,
    )


def _names(first_layer: str | Sequence[str] | None) -> tuple[str, ...]:
    given = first_layer.split(",") if isinstance(first_layer, str) else first_layer or ()
    return tuple(name.strip() for name in given)


class _Found(NamedTuple):
    """A layout with which a model runs."""

    layout: str
    trace: Trace
    layers: tuple[FirstLayer, ...]
    problem: InputError | None  # why no convolution reads the sequence


def _find_layout(
    model: nn.Module, X: torch.Tensor, layout: str, bases: str, names: tuple[str, ...], filters: bool
) -> _Found:
    """The layout that a model takes, its trace with it and its first layers."""
    runs: list[_Found] = []
    failures: dict[str, str] = {}
    for name in (*LAYOUTS, CODES) if layout == "auto" else (layout,):
        if name == CODES and layout == "auto" and runs:
            break  # whole numbers run through anything that takes no particular number of channels
        try:
            with arranged(X, name, bases) as given:
                traced = trace(model, given)
        except Exception as error:  # whatever a model does with an input that it was not made for
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            failures[name] = reason[:_LONGEST_REASON] + place_of(error, raised_there=True)
            continue
        try:
            runs.append(_Found(name, traced, first_layers(traced, X, names), None))
        except InputError as error:
            runs.append(_Found(name, traced, (), error))
    read = _different([found for found in runs if found.layers])
    if len(read) == 1:
        return read[0]
    if len(read) > 1:
        raise _ambiguous([found.layout for found in read], "its first convolution does not tell them apart")
    if not runs:
        raise InputError(_no_layout(X.shape[2], failures))
    if filters and (problem := _without_convolution(model, runs)):
        raise problem
    if filters and len({str(found.problem) for found in runs}) == 1:
        raise cast(InputError, runs[0].problem)
    runs = _different(runs)
    if len(runs) > 1:
        raise _ambiguous([found.layout for found in runs], "no convolution tells them apart")
    if filters:
        raise cast(InputError, runs[0].problem)
    return runs[0]


def _different(runs: list[_Found]) -> list[_Found]:
    """Layouts that a model tells apart: one that reshapes its input computes the same from several."""
    kept: list[_Found] = []
    for one in runs:
        same = (other for other in kept if _same(one.trace.output, other.trace.output) and one.layers == other.layers)
        if next(same, None) is None:
            kept.append(one)
    return kept


def _same(one: object, other: object) -> bool:
    tensors = isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)
    return tensors and torch.equal(cast(torch.Tensor, one), cast(torch.Tensor, other))


def _ambiguous(layouts: list[str], why: str) -> ArgumentError:
    return ArgumentError(
        f"the model runs with each of the layouts {', '.join(layouts)}, and {why}",
        "name the one that it was trained on ({layout})",
    )


def _no_layout(length: int, failures: dict[str, str]) -> str:
    """What to say of a model that runs with none."""
    other_length = any("mat1 and mat2 shapes" in message for message in failures.values())
    return (
        f"found no layout in which the model runs on sequences of length {length}"
        f"{'; was it made for another length?' if other_length else ''} ("
        + "; ".join(f"{name}: {message}" for name, message in failures.items())
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


def _check_names(model: nn.Module, names: tuple[str, ...]) -> None:
    """Refuse names of what cannot convolve; a module of the user's own may call a function that does."""
    modules, convolutions = {OWN_FORWARD: model, **dict(model.named_modules())}, convolutions_of(model)
    for name in names:
        module = modules.get(name.partition(":")[0])
        if name in convolutions or (module is not None and not _is_of_torch(module)):
            continue
        if module is not None:
            kind = type(module).__name__
            raise InputError(f"first_layer must be an nn.Conv1d or nn.Conv2d, but {name!r} is {kind}")
        close = close_matches(name, convolutions, cutoff=0.3) or list(convolutions)[:5]
        known = f"; its convolutions include {', '.join(map(repr, close))}" if close else ""
        raise InputError(f"the model has no module {name!r}{known}")


def _is_of_torch(module: nn.Module) -> bool:
    return type(module).__module__.startswith("torch.")


def _without_convolution(model: nn.Module, found: list[_Found]) -> InputError | None:
    """What to say of a model that has no convolution at all."""
    if convolutions_of(model) or any(one.trace.convolutions for one in found):
        return None
    why = (
        "TorchScript does not show its modules: give the model it was made from"
        if _is_script(model)
        else "predictions, attributions and interactions of given motifs work without"
    )
    return InputError(
        "expected a model with a convolution (nn.Conv1d or nn.Conv2d) whose filters can be read as motifs, got "
        f"{type(model).__name__} without any; {why}"
    )


def _is_script(model: nn.Module) -> bool:
    return any(isinstance(module, torch.jit.ScriptModule) for module in model.modules())
