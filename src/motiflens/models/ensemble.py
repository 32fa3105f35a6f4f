"""Several initialisations of one network, with the outcome of their training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from motiflens.basics.errors import InputError
from motiflens.basics.plots import plot_training
from motiflens.basics.tables import Table, Tabular, columns_of, with_rows
from motiflens.models.hybrid.registry import NetworkConfig
from motiflens.models.outputs import attention_weights, first_layer_activations, model_outputs
from motiflens.models.trained_on import TrainedOn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What is kept of every epoch.
HISTORY = ("train_loss", "valid_loss", "valid_metric", "learning_rate")


@with_rows
@dataclass(repr=False)
class Member:
    """The outcome of training one initialisation."""

    index: int  # its number in the ensemble, from 0
    seed: int  # its own, derived from the ensemble's seed and its number
    status: str = "training"  # then "ok" or "failed"
    reason: str | None = None  # why it failed
    history: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in HISTORY})
    best_epoch: int = 0  # counted from 1
    n_epochs: int = 0
    metrics: dict[str, float] = field(default_factory=dict)  # valid_auroc, valid_aupr, test_auroc, test_aupr
    network: Any = None  # a HybridNetwork or PublishedNetwork in evaluation mode; None if training failed
    fit_seconds: float = 0.0  # process CPU time; that of a stack is shared evenly among its members

    def __repr__(self) -> str:
        metrics = "".join(f", {name} {value:.4f}" for name, value in self.metrics.items())
        state = self.status if self.reason is None else f"{self.status}: {self.reason}"
        return f"Member({self.index}, {state}, best epoch {self.best_epoch} of {self.n_epochs}{metrics})"

    def _table(self) -> Table:
        """A row for each epoch."""
        n_epochs = len(self.history[HISTORY[0]])
        return Table(repr(self), {"epoch": range(1, n_epochs + 1), **self.history})


@dataclass(repr=False)
class Ensemble(Tabular, Sequence[Any]):
    """Initialisations of one network: `ensemble[i]` is a network, `ensemble.members` the outcome of training each.

    Its methods return results for the E members that did not fail, on a leading axis.

    Attributes
    ----------
    config : HybridConfig or PublishedConfig
    protocol : mapping
        All settings of the training, as from `training.protocol.Protocol.to_dict`.
    members : list of Member
    """

    config: NetworkConfig
    protocol: Mapping[str, Any]
    members: list[Member]

    def __len__(self) -> int:
        return len(self.members)

    def __getitem__(self, i: int) -> Any:  # type: ignore[override]
        member = self.members[i]
        if member.network is None:
            raise InputError(f"member {member.index} failed and has no network: {member.reason}")
        return member.network

    def __iter__(self) -> Iterator[Any]:
        """Networks of the members that did not fail."""
        return (member.network for member in self.members if member.network is not None)

    def _table(self) -> Table:
        failed = sum(member.network is None for member in self.members)
        title = (
            f"Ensemble({len(self.members)} members, {failed} of them without a network; "
            f"labels: {', '.join(self.label_names[:8]) or 'not known'})"
        )
        rows = [
            {"member": one.index, "status": one.status, "best_epoch": one.best_epoch, "n_epochs": one.n_epochs}
            | one.metrics
            | {"seconds": one.fit_seconds}
            for one in self.members
        ]
        return Table(
            title, columns_of(rows), [f"member {one.index}: {one.reason}" for one in self.members if one.reason]
        )

    def plot(self, *, what: str = "metric", ax: "Axes | None" = None) -> "Axes":
        """Draw the training curves of all members; dots mark the epochs whose weights were kept.

        Parameters
        ----------
        what : {"metric", "loss"}
            The metric on the validation sequences, by which training was stopped; or both losses, that of training in
            grey.
        ax : matplotlib.axes.Axes, optional

        Raises
        ------
        ValueError
            If no member has finished an epoch, or `what` is unknown.
        """
        n = len(self.members)
        title = f"Training of {n} network{'s' * (n != 1)}"
        return plot_training(self.members, what=what, metric=self._monitor, title=title, ax=ax)

    @property
    def _monitor(self) -> str:
        """Name of the metric that steered training."""
        if self.objective == "regression":
            return "Pearson"
        kind = "monitor_single_label" if self.config.n_outputs == 1 else "monitor_multi_label"
        return str(self.protocol.get(kind, "metric")).upper()

    @property
    def objective(self) -> str:
        """ "classification" or "regression"."""
        return str(self.protocol.get("objective", "classification"))

    @property
    def trained_on(self) -> TrainedOn | None:
        """The data that the networks were trained on, if known."""
        return next((network.trained_on for network in self), None)

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the outputs; empty if not known."""
        return self.trained_on.label_names if self.trained_on is not None else ()

    def outputs(self, X: np.ndarray | torch.Tensor) -> torch.Tensor:
        """Logits of all members, or the values of a regression, shape=(E, N, n_outputs).

        X is one-hot (N, 4, L) or codes (N, L).
        """
        return torch.stack([model_outputs(network, X) for network in self])

    def first_layer_activations(self, X: np.ndarray | torch.Tensor) -> torch.Tensor:
        """First-layer activations of all members, shape=(E, N, n_filters, L)."""
        return torch.stack([torch.cat(list(first_layer_activations(network, X)())) for network in self])

    def attention_weights(self, X: np.ndarray | torch.Tensor) -> list[torch.Tensor]:
        """Attention weights of all members, per layer, each shape=(E, N, n_heads, T, T)."""
        return [torch.stack(layer) for layer in zip(*(attention_weights(network, X) for network in self), strict=True)]
