"""Whether filters respond to the order of bases or only to composition, measured on shuffled sequences.

With an exponential first layer, any filter has a sharp matrix, because only a few similar windows activate it strongly.
Whether it has learned a motif shows in shuffled sequences, which keep all dinucleotide counts: there such a filter
should be less active.
"""

from dataclasses import dataclass

import numpy as np
from torch import nn

from motiflens.basics.inputs import DataSet, as_sequences
from motiflens.basics.metrics import auroc
from motiflens.basics.shuffle import dinucleotide_shuffle
from motiflens.basics.tables import Table, Tabular
from motiflens.interpret.filters.of_network import filter_pwms
from motiflens.interpret.filters.quality import filter_information
from motiflens.models.any_model import adapt
from motiflens.models.hybrid import HybridNetwork, evaluating
from motiflens.models.outputs import first_layer_activations
from motiflens.models.stacked import has_compiled_first_layer, strongest_activations


@dataclass(frozen=True, eq=False, repr=False)
class FilterOrder(Tabular):
    """F filters on sequences, compared with their dinucleotide shuffles.

    Attributes
    ----------
    information : np.ndarray, float64, shape=(F,)
        Information in bits of each filter's matrix if it is made from the shuffled sequences; see
        `FilterQuality.information`.
    auroc : np.ndarray, float64, shape=(F,)
        AUROC with which the filter's largest activation separates sequences with the label from their shuffles; 0.5 if
        it responds to composition alone. NaN if there are no such sequences.
    n_sequences : int
        Number of sequences with the label that `auroc` is based on.
    """

    information: np.ndarray
    auroc: np.ndarray
    n_sequences: int

    def _table(self) -> Table:
        title = f"FilterOrder: {len(self.auroc)} filters on {self.n_sequences:,} sequences and their shuffles"
        columns = {"filter": np.arange(len(self.auroc)), "auroc": self.auroc, "bits when shuffled": self.information}
        return Table(title, columns)


def filter_order(
    model: nn.Module, dataset: DataSet, *, target: int = 0, window: int | None = None, seed: int = 0,
    batch_size: int = 500,
) -> FilterOrder:  # fmt: skip
    """Compare filters on sequences with the same filters on the dinucleotide shuffles of these sequences.

    Parameters
    ----------
    model : nn.Module
        Any model that :func:`motiflens.models.any_model.adapt` can read.
    dataset : data set
        Data with labels; all sequences are shuffled.
    target : int
        Label whose positives (for real values, the highest quarter) are compared with their shuffles.
    window : int, optional
        Width of the matrices, as for `filter_pwms`.
    seed : int
        Seed of the shuffles.
    batch_size : int

    Raises
    ------
    InputError
        As `adapt` and `filter_pwms` do.
    """
    given = as_sequences(dataset)
    shuffled = dinucleotide_shuffle(given.codes, seed)
    rows = given.rows_of_class(target, positive=True)
    network = adapt(model, given.codes)
    found = filter_pwms(network, shuffled, window=window, batch_size=batch_size)
    information = filter_information(found.pwms, found.counts)
    if not len(rows):
        return FilterOrder(information, np.full(len(information), np.nan), 0)
    both = [_strongest(network, codes[rows], batch_size) for codes in (given.codes, shuffled)]
    real = np.repeat([1.0, 0.0], len(rows))
    areas = auroc(np.broadcast_to(real, (len(information), len(real))), np.concatenate(both).T)
    return FilterOrder(information, np.asarray(areas), len(rows))


def _strongest(network: nn.Module, codes: np.ndarray, batch_size: int) -> np.ndarray:
    """Largest activation of each filter, shape=(n, F)."""
    if type(network) is HybridNetwork and has_compiled_first_layer(network, codes.shape[1]):
        with evaluating(network):
            return strongest_activations(network, codes).double().numpy()
    maps = first_layer_activations(network, codes, batch_size=batch_size)
    return np.concatenate([batch.amax(dim=2).cpu().double().numpy() for batch in maps()])
