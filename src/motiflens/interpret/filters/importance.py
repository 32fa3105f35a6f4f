"""Importance of each first-layer filter: the change of the outputs if its activations are replaced by their mean."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.inputs import DataSet, as_sequences, is_binary
from motiflens.basics.metrics import auroc, labelled, pearson
from motiflens.basics.tables import Table, Tabular
from motiflens.models.any_model import AdaptedModel, returned
from motiflens.models.devices import device_of, dtype_of
from motiflens.models.hybrid import ConvBlock, HybridNetwork, evaluating, with_kernels
from motiflens.models.outputs import batches, first_layer_activations, model_outputs
from motiflens.models.passes import sequences_per_pass
from motiflens.models.stacked import pooled_activations

Auditable = HybridNetwork | AdaptedModel


@dataclass(frozen=True, eq=False, repr=False)
class FilterImportance(Tabular):
    """Differences "with the filter minus without it", for F filters and T outputs.

    Attributes
    ----------
    on_positives, on_negatives : np.ndarray, float64, shape=(F, T)
        Mean change of the logit over sequences with label 1, and over those with label 0; positive if the filter raises
        the output. NaN if there are none, and for real-valued labels.
    size : np.ndarray, float64, shape=(F, T)
        Mean absolute change over all sequences, of the logit, or of the prediction for real-valued labels.
    performance : np.ndarray, float64, shape=(T,)
        Score of the whole network: AUROC of each label, or Pearson's r for real-valued labels. NaN if undefined.
    performance_drop : np.ndarray, float64, shape=(F, T)
        Loss of this score without the filter; negative if the network scores higher without it.
    measure : str
        "auroc" or "pearson".
    n_sequences : int
    """

    on_positives: np.ndarray
    on_negatives: np.ndarray
    size: np.ndarray
    performance: np.ndarray
    performance_drop: np.ndarray
    measure: str
    n_sequences: int

    def _table(self) -> Table:
        n_filters, n_outputs = self.size.shape
        whole = ", ".join(f"{value:.3f}" for value in self.performance)
        title = (
            f"FilterImportance: {n_filters} filters ablated on {self.n_sequences:,} sequences; {self.measure} {whole}"
        )
        columns = {"filter": np.arange(n_filters)}
        for t in range(n_outputs):
            output = f"output {t}: " if n_outputs > 1 else ""
            columns[f"{output}drop"] = self.performance_drop[:, t]
            columns[f"{output}positives"] = self.on_positives[:, t]
            columns[f"{output}negatives"] = self.on_negatives[:, t]
            columns[f"{output}size"] = self.size[:, t]
        return Table(title, columns)


def filter_importance(
    model: nn.Module,
    dataset: DataSet,
    *,
    n_sequences: int = 2000,
    seed: int = 0,
    batch_size: int = 500,
) -> FilterImportance:
    """Ablate one filter at a time: replace its activations by their mean over sequences and positions.

    Parameters
    ----------
    model : HybridNetwork or AdaptedModel
        Convert any other model by :func:`motiflens.models.any_model.adapt`.
    dataset : data set
        With one label for each output of the model.
    n_sequences : int
        Sequences to use; if the data have more, they are drawn without replacement.
    seed : int
        Seed of the draw.
    batch_size : int

    Returns
    -------
    FilterImportance

    Raises
    ------
    ValueError
        If the model is of another kind, the numbers of outputs and labels differ, or there are no sequences.
    """
    if type(model) is not HybridNetwork and not isinstance(model, AdaptedModel):  # a subclass may compute otherwise
        raise InputError(f"expected a HybridNetwork or a model from any_model.adapt, got {type(model).__name__}")
    codes, y = _labelled(dataset, n_sequences, seed)
    binary = is_binary(y)

    def scores(logits: torch.Tensor) -> np.ndarray:
        return (logits if binary else returned(model, logits)).double().numpy()  # N, T

    whole = scores(model_outputs(model, codes, batch_size=batch_size))
    if whole.shape[1] != y.shape[1]:
        raise InputError(f"expected one output for each of {y.shape[1]} labels, got {whole.shape[1]} outputs")
    measure, mask = auroc if binary else pearson, labelled(y.T)
    performance = measure(y.T, whole.T, mask)  # T
    parts = []
    kernels = with_kernels(model) if isinstance(model, HybridNetwork) else nullcontext()
    with evaluating(model), kernels, torch.inference_mode():
        for logits in map(scores, _ablated(model, codes, batch_size)):
            change = whole - logits
            classes = [_mean_where(change, (y == label) & binary) for label in (1, 0)]
            parts.append([*classes, np.abs(change).mean(axis=0), performance - measure(y.T, logits.T, mask)])
    positives, negatives, size, drop = (np.stack(rows) for rows in zip(*parts, strict=True))  # F, T
    kind = "auroc" if binary else "pearson"
    return FilterImportance(positives, negatives, size, performance, drop, kind, len(codes))


def _labelled(dataset: DataSet, n_sequences: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes and labels of at most so many sequences, drawn where there are more."""
    given = as_sequences(dataset)
    if given.y is None:
        raise InputError("expected a data set with labels, got bare sequences")
    if len(given) == 0 or n_sequences < 1:
        raise InputError(f"expected at least one sequence, got {min(len(given), n_sequences)}")
    if n_sequences >= len(given):
        return given.codes, given.y
    rows = np.sort(np.random.default_rng(seed).choice(len(given), n_sequences, replace=False))
    return given.codes[rows], given.y[rows]


def _ablated(model: Auditable, codes: np.ndarray, batch_size: int) -> Iterator[torch.Tensor]:
    """Logits without filter 0, without filter 1, and so on, each shape=(N, T)."""

    def sequences() -> Iterator[torch.Tensor]:
        return batches(codes, batch_size, device_of(model), dtype_of(model))

    if isinstance(model, HybridNetwork):
        n_at_once = sequences_per_pass(batch_size, codes.shape[1])
        without = _from_pools(model, torch.from_numpy(codes).to(device_of(model)), n_at_once)
    else:
        without = _from_sequences(model, sequences)
    means = _mean_map(model, codes, batch_size)
    for i, mean in enumerate(means):
        yield torch.cat([logits.cpu() for logits in without(i, mean)])


_Batches = Callable[[], Iterator[torch.Tensor]]
Without = Callable[[int, torch.Tensor], Iterator[torch.Tensor]]


def _from_pools(model: HybridNetwork, codes: torch.Tensor, batch_size: int) -> Without:
    """Go on from the pooled maps, computed once: the pool of a constant map is that constant."""
    pools = [pooled_activations(model, some) for some in codes.split(batch_size)]  # each n, F, T
    second = model.stem.second
    if isinstance(second, ConvBlock) and second.can_fold(pools[0]):
        return _from_responses(model, second, pools)

    def without(i: int, mean: torch.Tensor) -> Iterator[torch.Tensor]:
        for pool in pools:
            kept = pool[:, i].clone()
            pool[:, i] = mean
            logits = model.from_first_pool(pool)
            pool[:, i] = kept
            yield logits

    return without


def _from_responses(model: HybridNetwork, second: ConvBlock, pools: list[torch.Tensor]) -> Without:
    """Go on from what the second convolution gives, to which a filter contributes by itself."""
    parts = [(pool, second.with_channel_changed(pool)) for pool in pools]

    def without(i: int, mean: torch.Tensor) -> Iterator[torch.Tensor]:
        for pool, changed in parts:
            yield model.head(model.trunk(changed(i, mean - pool[:, i])))

    return without


def _from_sequences(model: AdaptedModel, sequences: _Batches) -> Without:
    def without(i: int, mean: torch.Tensor) -> Iterator[torch.Tensor]:
        layer, filter = model.place_of(i)

        def flatten(maps: torch.Tensor) -> torch.Tensor:
            maps = maps.clone()
            maps[:, filter] = mean
            return maps

        return (model.with_edited_map(x, flatten, layer) for x in sequences())

    return without


def _mean_map(model: Auditable, codes: np.ndarray, batch_size: int) -> torch.Tensor:
    """Mean of each filter's map over sequences, codes (N, L), and positions, shape=(F,)."""
    if isinstance(model, AdaptedModel):
        xs = batches(codes, batch_size, device_of(model), dtype_of(model))
        maps_of = (torch.cat([maps.double().mean(2).sum(0) for maps in model.first_layer_maps(x)]) for x in xs)
    else:
        every = first_layer_activations(model, codes, batch_size=batch_size)
        maps_of = (maps.sum(2, dtype=torch.float64).sum(0) / maps.shape[2] for maps in every())
    return sum(maps_of, torch.zeros((), dtype=torch.float64, device=device_of(model))) / len(codes)


def _mean_where(change: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Mean of each column over the chosen rows, shape=(T,); NaN where there are none."""
    n = chosen.sum(axis=0)
    return np.where(n > 0, np.where(chosen, change, 0).sum(axis=0) / np.maximum(n, 1), np.nan)
