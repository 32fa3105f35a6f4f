"""Every method by its name, with what can be said of the result."""

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import Array, as_tensor
from motiflens.interpret.attribution.contributions import Complete
from motiflens.interpret.attribution.deep_lift import complete_deep_lift_shap, deep_lift_shap
from motiflens.interpret.attribution.gradient import centred
from motiflens.interpret.attribution.integrated_gradients import complete_integrated_gradients, integrated_gradients
from motiflens.interpret.attribution.mutagenesis import saturation_mutagenesis
from motiflens.interpret.attribution.saliency import gradient_times_input, saliency
from motiflens.interpret.attribution.smooth_grad import smooth_grad

METHODS: dict[str, Callable[..., torch.Tensor]] = {
    "saliency": saliency,
    "gradient_times_input": gradient_times_input,
    "smooth_grad": smooth_grad,
    "integrated_gradients": integrated_gradients,
    "deep_lift_shap": deep_lift_shap,
    "saturation_mutagenesis": saturation_mutagenesis,
}
_COMPLETE: dict[str, Callable[..., Complete]] = {
    "integrated_gradients": complete_integrated_gradients,
    "deep_lift_shap": complete_deep_lift_shap,
}


@dataclass(frozen=True)
class Attributions:
    """What a method says about N sequences.

    Parameters
    ----------
    method : str
        One of METHODS.
    values : torch.Tensor, shape=(N, 4, L)
        What the method's function returns.
    scores : torch.Tensor, shape=(N, L)
        Of each position: the value of the base that is there. For saturation mutagenesis it is that of the centred
        effects, minus the mean effect over the bases.
    gap : torch.Tensor, shape=(N,), or None
        By how much the attributions miss the change of output that they should add up to, as a share of it (see
        `completeness_gap`); None for methods that promise nothing of the kind.
    """

    method: str
    values: torch.Tensor
    scores: torch.Tensor
    gap: torch.Tensor | None


def explain(
    model: nn.Module,
    X: Array,
    *,
    method: str = "saliency",
    target: int = 0,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    correct_gradient: bool = False,
    hypothetical: bool = False,
    **options: Any,
) -> Attributions:
    """Attributions by any method, with position scores and the completeness gap.

    Parameters
    ----------
    model, X, target, device, correct_gradient
        As for :func:`saliency`.
    method : str
        One of METHODS.
    batch_size : int, optional
        Rows per pass; by default the method's own.
    hypothetical : bool
        Have values say for all four bases what they would contribute, as TF-MoDISco reads them: those of contributions
        against baselines are then not multiplied by the input, those of saturation mutagenesis are centred, and
        gradients are it anyway.
    **options
        The method's own keyword arguments.

    Returns
    -------
    attributions : Attributions

    Raises
    ------
    ValueError
        If the method is unknown (lists close matches), has no such option or no hypothetical values, and as the method
        does.
    """
    check_method(method)
    if hypothetical and method == "gradient_times_input":
        raise InputError("gradient_times_input has values for the bases that are there only: use saliency")
    if method in _COMPLETE:
        options["hypothetical"] = hypothetical
    if batch_size is not None:
        options["batch_size"] = batch_size
    _check_options(method, options)
    compute = _COMPLETE.get(method, METHODS[method])
    result = compute(model, X, target=target, device=device, correct_gradient=correct_gradient, **options)
    values, gap = (result.values, result.gap) if isinstance(result, Complete) else (result, None)
    base_values = centred(values) if method == "saturation_mutagenesis" else values
    scores = (base_values * as_tensor(X).detach().to("cpu", values.dtype)).sum(1)  # N, L
    return Attributions(method, base_values if hypothetical else values, scores, gap)


def _check_options(method: str, options: dict[str, Any]) -> None:
    known = [name for name, p in inspect.signature(METHODS[method]).parameters.items() if p.kind is p.KEYWORD_ONLY]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise InputError(f"{method} has no option {unknown[0]!r}; it has {', '.join(known)}")


def check_method(method: str) -> None:
    """Refuse an unknown method, naming those that come close."""
    if method not in METHODS:
        close = difflib.get_close_matches(method, METHODS, n=3)
        hint = f"did you mean {', '.join(close)}?" if close else f"known: {', '.join(METHODS)}"
        raise InputError(f"unknown attribution method {method!r}; {hint}")
