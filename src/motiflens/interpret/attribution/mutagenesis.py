"""Saturation mutagenesis: the effect of every single substitution."""

from collections.abc import Callable

import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import Array
from motiflens.interpret.attribution.gradient import centred, check_finite, checked, computing, target_column
from motiflens.interpret.attribution.mutant_stem import MutantStem
from motiflens.models.devices import dtype_of
from motiflens.models.hybrid import HybridNetwork, with_kernels
from motiflens.models.passes import sequences_per_pass


def saturation_mutagenesis(
    model: nn.Module,
    X: Array,
    *,
    target: int = 0,
    batch_size: int = 128,
    device: str | torch.device | None = None,
    correct_gradient: bool = False,
    start: int = 0,
    stop: int | None = None,
) -> torch.Tensor:
    """Change of one output by every single substitution of a base.

    The effect is 0 for the base of the sequence. At an unknown base, it is that of each of the four bases. For a
    HybridNetwork, only the windows of the first layer that a substitution changes are computed; any other model is run
    on whole mutants.

    Parameters, such as X of shape=(N, 4, L), and errors are those of :func:`saliency`, and the following.

    Parameters
    ----------
    batch_size : int
        Mutants in one pass; does not change the result.
    correct_gradient : bool
        Subtract the mean over the bases at each position. The value of the base in the sequence then is the mean loss
        of output if it is replaced, so that ``(values * X).sum(1)`` are position scores as for the other methods.
    start, stop : int
        Part of each sequence whose bases are substituted, by default all of it; effects are 0 elsewhere. The cost grows
        with the square of the length if the whole sequence is mutated.

    Returns
    -------
    effects : torch.Tensor, shape=(N, 4, L)
        Output for the mutant minus output for the sequence, on the CPU, with the model's dtype.
    """
    X = checked(X, batch_size)
    batch_size = sequences_per_pass(batch_size, X.shape[2])
    stop = X.shape[2] if stop is None else stop
    if not 0 <= start < stop <= X.shape[2]:
        raise InputError(f"expected 0 <= start < stop <= {X.shape[2]}, the sequences' length, got {start} and {stop}")
    dtype = dtype_of(model)
    effects = torch.zeros(X.shape, dtype=dtype)
    with computing(model, device, X) as where, with_kernels(model), torch.inference_mode():
        for x, row in zip(X.to(where, dtype), effects, strict=True):  # 4, L
            base, position = (x[:, start:stop] == 0).nonzero(as_tuple=True)  # n_mutants each
            position = position + start
            unchanged, outputs_of = _mutable(model, x)
            outputs = [unchanged]
            for some in torch.arange(len(base), device=where).split(batch_size):
                outputs.append(outputs_of(base[some], position[some]))
            before, *after = (target_column(output, len(output), target) for output in outputs)
            row[base.cpu(), position.cpu()] = (torch.cat(after) - before).cpu()
    check_finite(effects, "effects")
    return centred(effects) if correct_gradient else effects


def _mutable(model: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, Callable[..., torch.Tensor]]:
    """Outputs for one sequence, shape=(4, L), and a function that gives those of its mutants."""
    if type(model) is HybridNetwork:  # a subclass may do something else in its forward
        stem = MutantStem(model, x)
        return stem.unchanged(), stem.mutated

    def outputs_of(base: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        rows = torch.arange(len(base), device=x.device)
        mutants = x.repeat(len(base), 1, 1)  # n, 4, L
        mutants[rows, :, position] = 0
        mutants[rows, base, position] = 1
        return output_of(mutants)

    def output_of(X: torch.Tensor) -> torch.Tensor:
        # As a pair: code that squeezes would take one sequence for none.
        return model(X) if len(X) > 1 else model(X.repeat(2, 1, 1))[:1]

    return output_of(x[None]), outputs_of
