"""Each nonlinear call of a network as a module, so that a DeepLIFT rule can be attached to it.

DeepLIFT rules are attached to modules. Functions that a network calls (torch.exp, attention, a matrix product of two
tensors that both depend on the input) are not modules, and other libraries treat them as linear without a warning. Here
every call of a forward pass is intercepted, and each nonlinear one is replaced by a module from `operations`. The
module is made once and used again in every pass, in the same order.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from motiflens.interpret.attribution.composites import COMPOSITES
from motiflens.interpret.attribution.operation_lists import CHOICES
from motiflens.interpret.attribution.operations import Call, Integrated, Rewritten, is_linear, operation_for, tensors
from motiflens.models.any_model import Site, entered


class _Step(NamedTuple):
    """One call, nonlinear as far as its name tells, in the order of the forward pass."""

    name: str
    site: str  # module that makes the call
    rewritten: Rewritten | None
    depends: bool  # whether its result has a gradient at all

    def __str__(self) -> str:
        return f"{self.name} in layer {self.site!r}" if self.site else f"{self.name} in the model's own forward"


class OperationNetwork(nn.Module):
    """A network whose nonlinear calls are modules, to which rules can be attached; its outputs are unchanged.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, with frozen parameters, so that only what depends on the input requires a gradient. It is
        not a submodule, so that rules are attached to the operations alone.
    x : torch.Tensor, shape=(1, 4, L)
        An example, which shows which calls are made and which axis of each is the batch.
    """

    def __init__(self, model: nn.Module, x: torch.Tensor) -> None:
        super().__init__()
        self._model = (model,)
        self._steps = self._rewritten_steps(x.expand(3, -1, -1), self._shapes_of_calls(x.expand(2, -1, -1)))
        self.operations = nn.ModuleList(step.rewritten.operation for step in self._steps if step.rewritten)

    def forward(self, X: torch.Tensor) -> Any:
        """Outputs of the network for X (n, 4, L)."""
        steps = iter(self._steps)

        def replay(call: Call) -> Any:
            step = next(steps, None)
            if step is None or step.name != call.name:
                raise RuntimeError(
                    "expected the model to make the same calls for every batch, "
                    f"got {call.name} in the place of {step.name if step else 'nothing'}"
                )
            return call.run() if step.rewritten is None else step.rewritten.apply(call)

        with _Intercepting(replay):
            return self._model[0](X)

    def without_rule(self) -> list[str]:
        """Nonlinear calls without a rule, which are treated as linear, and where they are in the code."""
        return list(dict.fromkeys(str(step) for step in self._steps if step.depends and step.rewritten is None))

    def integrated(self) -> list[tuple[Integrated, str]]:
        """Operations whose multipliers are integrated numerically, and where they are in the code."""
        pairs = ((step.rewritten.operation, str(step)) for step in self._steps if step.rewritten)
        return [(operation, where) for operation, where in pairs if isinstance(operation, Integrated)]

    def _shapes_of_calls(self, x: torch.Tensor) -> list[list[torch.Size]]:
        shapes = []

        def note(call: Call) -> Any:
            shapes.append([tensor.shape for tensor in tensors(call)])
            result = call.run()
            if isinstance(result, torch.Tensor):
                shapes[-1].append(result.shape)
            return result

        with _Intercepting(note):
            self._model[0](x.detach().requires_grad_())
        return shapes

    def _rewritten_steps(self, x: torch.Tensor, shapes: list[list[torch.Size]]) -> list[_Step]:
        steps: list[_Step] = []

        def rewrite(call: Call) -> Any:
            result = call.run()
            before = shapes[len(steps)] if len(steps) < len(shapes) else []
            depends = _depends(result)
            rewritten = operation_for(call, result, before) if depends else None
            steps.append(_Step(call.name, sites[-1].name if sites else "", rewritten, depends))
            return result

        sites: list[Site] = []
        with entered(self._model[0], sites), _Intercepting(rewrite):
            self._model[0](x.detach().requires_grad_())
        return steps


class _Intercepting(TorchFunctionMode):
    """Hand every call that may be nonlinear in the input to a function; composite ones are taken apart first."""

    def __init__(self, handle: Callable[[Call], Any]) -> None:
        super().__init__()
        self._handle = handle
        self._choices: dict[int, torch.Tensor] = {}  # by identity, which their being kept makes last

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        call = Call(func, args, kwargs or {})
        call = call._replace(chooses=any(id(tensor) in self._choices for tensor in tensors(call)))
        result = self._run(call)
        chosen = call.chooses or (call.name in CHOICES and any(tensor.requires_grad for tensor in tensors(call)))
        if chosen and isinstance(result, torch.Tensor) and not result.requires_grad:
            self._choices[id(result)] = result
        return result

    def _run(self, call: Call) -> Any:
        if is_linear(call):
            return call.run()
        if call.args and call.in_place:
            # Rules need what is written over, and code may go on with either the result or the argument.
            target = call.args[0]
            return target.copy_(self._result(call._replace(args=(target.clone(), *call.args[1:]))))
        return self._result(call)

    def _result(self, call: Call) -> Any:
        if call.name in COMPOSITES:
            with self:
                result = COMPOSITES[call.name](*call.args, **call.kwargs)
            if result is not NotImplemented:
                return result
        return self._handle(call)


def _depends(result: Any) -> bool:
    parts = result if isinstance(result, tuple | list) else (result,)
    return any(isinstance(part, torch.Tensor) and part.requires_grad for part in parts)
