"""Layouts of a model's input: order of axes and of bases, or one whole number for each base."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from motiflens.basics.errors import InputError
from motiflens.models.any_model.trace import function_name

# What a model takes, in letters of its axes: N sequences, 4 bases, L positions; "1" is an axis of size 1.
LAYOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "N4L": lambda X: X,
    "NL4": lambda X: X.transpose(1, 2),
    "N14L": lambda X: X.unsqueeze(1),
    "N1L4": lambda X: X.transpose(1, 2).unsqueeze(1),
    "N41L": lambda X: X.unsqueeze(2),
    "N4L1": lambda X: X.unsqueeze(3),
}
CODES = "codes"  # (N, L), 0 to 3 in the order of the bases and 4 where one is unknown, as an embedding takes them
BASES = "ACGT"


def check_bases(bases: str) -> None:
    """Raise an error if the text is not an order of the four bases."""
    if sorted(bases) != sorted(BASES):
        raise InputError(f"expected the four bases in the order of the model's channels, such as AGCT, got {bases!r}")


@contextmanager
def arranged(X: torch.Tensor, layout: str, bases: str = BASES) -> Iterator[torch.Tensor]:
    """Convert one-hot X (n, 4, L), in the order A, C, G, T, to a model's layout; a copy, which the model may modify.

    In this context, embeddings of codes are matrix products with X, so that a model that takes codes has a gradient
    with respect to X.
    """
    X = X[:, [BASES.index(base) for base in bases]]
    stance = getattr(torch.compiler, "set_stance", None)  # compiled parts show no calls: they run as they were written
    with nullcontext() if stance is None else stance("force_eager"):
        if layout != CODES:
            yield LAYOUTS[layout](X)
            return
        codes = torch.where(X.sum(1) > 0, X.argmax(1), 4)  # n, L
        with _EmbeddedOneHot(X, codes):
            yield codes


class _EmbeddedOneHot(TorchFunctionMode):
    """Have embeddings of codes, and of what adding a number makes of them, depend on the one-hot sequences."""

    def __init__(self, X: torch.Tensor, codes: torch.Tensor) -> None:
        super().__init__()
        self.X, self.codes = X, codes

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = function_name(func)
        if name not in ("embedding", "one_hot") or not args or args[0].shape != self.codes.shape:
            return func(*args, **kwargs)
        ids = args[0]
        if name == "one_hot":
            n_classes = args[1] if len(args) > 1 else kwargs.get("num_classes", -1)
            table = torch.eye(int(ids.max()) + 1 if n_classes < 0 else n_classes).to(self.X)
        else:
            table = args[1] if len(args) > 1 else kwargs["weight"]
        shift = int((ids - self.codes).flatten()[0])
        if not torch.equal(ids, self.codes + shift):  # of something else of this shape, such as positions
            return func(*args, **kwargs)
        known = self.X.sum(1, keepdim=True)  # n, 1, L
        values = self.X.mT.to(table.dtype) @ table[shift : shift + 4]  # n, L, width
        if bool((known > 0).all()):
            return values
        return torch.where(known.mT > 0, values, F.embedding(ids, table))
