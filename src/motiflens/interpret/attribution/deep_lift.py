"""DeepLIFT/SHAP by tangermeme, with a rule for every nonlinear call of the network."""

import warnings
from collections.abc import Callable
from typing import cast

import torch
from torch import nn

from motiflens.basics.errors import InputError, MissingPackageError
from motiflens.basics.metrics import Array
from motiflens.interpret.attribution.baselines import baselines_of
from motiflens.interpret.attribution.calls import OperationNetwork
from motiflens.interpret.attribution.completeness import warn_of_gap
from motiflens.interpret.attribution.contributions import Complete, contributions, values_only
from motiflens.interpret.attribution.gradient import (
    check_positive,
    checked,
    differentiating,
    frozen,
    gradients_per_pass,
    input_gradient,
    target_column,
)
from motiflens.interpret.attribution.operations import Elementwise, Integrated, rescale
from motiflens.models.devices import dtype_of

_KEPT = 8  # times as much as for a gradient: two sequences, and what goes into and comes out of each step


def complete_deep_lift_shap(
    model: nn.Module,
    X: Array,
    *,
    target: int = 0,
    batch_size: int = 64,
    device: str | torch.device | None = None,
    correct_gradient: bool = False,
    baselines: str | Array = "dinucleotide_shuffle",
    n_shuffles: int = 20,
    n_points: int = 16,
    hypothetical: bool = False,
    seed: int = 0,
) -> Complete:
    """DeepLIFT (Shrikumar et al. 2017), averaged over baselines (Lundberg and Lee 2017).

    tangermeme computes it. For functions that are not modules, products of two tensors that depend on the input,
    exponentials, recurrent layers and attention, this function adds rules. Without a rule, each of these would be
    treated as linear without a warning.

    Parameters, such as X of shape=(N, 4, L), and errors are those of :func:`saliency`, and the following.

    Parameters
    ----------
    batch_size : int
        Pairs of sequence and baseline in one pass; does not change the result.
    correct_gradient : bool
        Subtract from the multipliers their mean over the bases (Majdandzic et al. 2023). It changes contributions only
        where columns of the baseline do not sum to 1.
    baselines : str, np.ndarray or torch.Tensor
        "zeros"; "uniform", a quarter of each base; "dinucleotide_shuffle", n_shuffles of each sequence; or values of
        shape (N, 4, L) or (N, n_baselines, 4, L). If a base is unknown, it is also unknown in the baselines.
    n_shuffles : int
        Shuffles of each sequence.
    n_points : int
        Points of the numerical integration of layers without a closed form, such as recurrent layers and attention.
    hypothetical : bool
        Return for all four bases what each would contribute in the place of the present one, as TF-MoDISco needs it.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    values : torch.Tensor, shape=(N, 4, L)
        Contributions; unless `hypothetical`, 0 but at the bases of the sequence. On the CPU, with the model's dtype.

    Raises
    ------
    ImportError
        Without tangermeme: ``pip install 'motiflens[deeplift]'``.
    ValueError
        As :func:`saliency`, and if an option is unknown or out of range, or baselines do not fit X.
    RuntimeError
        If the model makes other calls for some batches.

    Warns
    -----
    CompletenessWarning
        If the sum of contributions differs from the change of the output by more than 5 %; names the layer if it is
        known. `explain` returns the gaps.
    """
    check_positive(n_shuffles=n_shuffles, n_points=n_points)
    _check_steps_are_seen(model)
    rules = _rules(n_points)
    X = checked(X, batch_size).cpu()
    batch_size = gradients_per_pass(batch_size, X, _KEPT)
    references = baselines_of(X, baselines, n_shuffles, seed)  # N, R, 4, L
    dtype = dtype_of(model)
    if len(X) == 0:
        return Complete(torch.zeros(X.shape, dtype=dtype), torch.zeros(0, dtype=dtype))
    with differentiating(model, device, X) as where, frozen(model):
        network = _Column(model, X[:1].to(where, dtype), target)
        result = contributions(
            model,
            X,
            references,
            lambda x, baseline: _multipliers(network, x, baseline, rules),
            target=target,
            n_pairs=batch_size,
            device=where,
            dtype=dtype,
            correct_gradient=correct_gradient,
            hypothetical=hypothetical,
        )
    warn_of_gap(result.gap, "deep_lift_shap", network.cause_of_gap())
    return result


deep_lift_shap = values_only(complete_deep_lift_shap)


def _check_steps_are_seen(model: nn.Module) -> None:
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise InputError(
            "deep_lift_shap needs a rule for each step of a model, and TorchScript does not show its steps: use "
            "integrated_gradients or saturation_mutagenesis, or give the model it was made from"
        )


def rule_problems(model: nn.Module, X: torch.Tensor) -> tuple[list[str], list[str]]:
    """Nonlinear steps of a model for which there is no DeepLIFT rule, and those that are integrated numerically.

    Parameters
    ----------
    model : nn.Module
    X : torch.Tensor, shape=(N, 4, L)
        One-hot sequences; the first one is run.

    Raises
    ------
    InputError
        If the model has no gradient with respect to its input, or tangermeme is not installed.
    """
    _check_steps_are_seen(model)
    _rules(1)
    with differentiating(model, None, X) as where, frozen(model):
        network = _Column(model, X[:1].to(where, dtype_of(model)), 0).network
        return network.without_rule(), [place for _, place in network.integrated()]


class _Column(nn.Module):
    """One output of a network with operations, shape=(n, 1)."""

    def __init__(self, model: nn.Module, x: torch.Tensor, target: int) -> None:
        super().__init__()
        input_gradient(model, x.expand(2, -1, -1), target)  # an output that cannot be used is refused here
        self.network = OperationNetwork(model, x)
        self.target = target

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        return target_column(self.network(X), len(X), self.target)[:, None]

    def cause_of_gap(self) -> str:
        """What most likely keeps the contributions from adding up, in words."""
        missing = self.network.without_rule()
        if missing:
            return f"no rule fits {', '.join(missing)}, which was taken as linear"
        integrated = self.network.integrated()
        worst = max(integrated, key=lambda pair: pair[0].error, default=None)
        if worst is not None and worst[0].error > 0:
            return f"the largest error is that of {worst[1]}: raise n_points"
        return (
            "no layer without a rule was found: does the model compute something outside PyTorch's functions, or run "
            "both strands in one batch?"
        )


def _multipliers(network: nn.Module, x: torch.Tensor, baseline: torch.Tensor, rules: dict) -> torch.Tensor:
    """DeepLIFT multipliers of pairs of sequence and baseline, shapes=(n, 4, L)."""
    from tangermeme.deep_lift_shap import deep_lift_shap as tangermeme_deep_lift_shap

    with warnings.catch_warnings():  # checked before, and judged below by the gap
        warnings.filterwarnings("ignore", message="Convergence deltas", category=RuntimeWarning)
        warnings.filterwarnings("ignore", message=".*one-hot")
        multipliers = tangermeme_deep_lift_shap(
            network,
            x,
            references=lambda *_, **__: baseline[:, None],
            n_shuffles=1,
            batch_size=len(x),
            raw_outputs=True,
            only_warn=True,
            additional_nonlinear_ops=rules,
            dtype=x.dtype,
            device=x.device,
        )
    return multipliers[:, 0].to(x.device)


def _rules(n_points: int) -> dict[type[nn.Module], Callable]:
    try:
        from tangermeme.deep_lift_shap import integrated_gradients_op
    except ImportError as error:
        raise MissingPackageError("deep_lift_shap needs tangermeme: pip install 'motiflens[deeplift]'") from error
    integrate = integrated_gradients_op(K=n_points)

    def integrate_and_check(module: Integrated, grad_input: tuple, grad_output: tuple) -> tuple[torch.Tensor]:
        (multiplier,) = integrate(module, grad_input, grad_output)
        explained = _pair_sums(multiplier, cast(torch.Tensor, module.input))
        change = _pair_sums(grad_output[0], cast(torch.Tensor, module.output))
        module.error = max(module.error, float((explained - change).abs().max()))
        return (multiplier,)

    return {Elementwise: rescale, Integrated: integrate_and_check}


def _pair_sums(multiplier: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Multiplier times change of value, summed for each pair of sequence and reference, shape=(n,)."""
    change = torch.sub(*values.chunk(2))
    return (multiplier[: len(change)] * change).flatten(1).sum(1)
