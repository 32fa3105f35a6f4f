"""Whether filters read the order of bases or only their composition: the same filters on shuffled sequences.

A filter of an exponential first layer has a sharp matrix whatever it has learned, for the windows that excite it most
are few and alike. What it has learned shows where shuffles, which keep every count of two neighbouring bases, do not
reach it.
"""

from dataclasses import dataclass

import numpy as np
from torch import nn

from motiflens.basics.inputs import DataSet, as_sequences
from motiflens.basics.metrics import auroc
from motiflens.basics.shuffle import dinucleotide_shuffle
from motiflens.basics.tables import Table, Tabular
from motiflens.interpret.filters.of_network import filter_pwms
from motiflens.interpret.filters.quality import filter_quality
from motiflens.models.any_model import adapt
from motiflens.models.outputs import first_layer_activations


@dataclass(frozen=True, eq=False, repr=False)
class FilterOrder(Tabular):
    """F filters on sequences and on their dinucleotide shuffles.

    Attributes
    ----------
    information : np.ndarray, float64, shape=(F,)
        Bits of the matrix that each filter has on the shuffled sequences, as `FilterQuality.information` has them of
        the sequences themselves.
    auroc : np.ndarray, float64, shape=(F,)
        How well the strongest site of the filter tells sequences of the label from their shuffles: 0.5 where it reads
        composition alone. NaN where there is no such sequence.
    n_sequences : int
        Of the label, behind `auroc`.
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
    """Compare what filters do on sequences with what they do on the dinucleotide shuffles of these.

    Parameters
    ----------
    model : nn.Module
        Any that :func:`motiflens.models.any_model.adapt` can read.
    dataset : data set
        With labels; all of its sequences are shuffled.
    target : int
        Label whose positives, or for real values the quarter with the highest, are told from their shuffles.
    window : int, optional
        Width of the matrices, as for `filter_pwms`.
    seed : int
        Of the shuffles.
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
    information = filter_quality(found.pwms, found.counts).information
    if not len(rows):
        return FilterOrder(information, np.full(len(information), np.nan), 0)
    both = [_strongest(network, codes[rows], batch_size) for codes in (given.codes, shuffled)]
    real = np.repeat([1.0, 0.0], len(rows))
    areas = auroc(np.broadcast_to(real, (len(information), len(real))), np.concatenate(both).T)
    return FilterOrder(information, np.asarray(areas), len(rows))


def _strongest(network: nn.Module, codes: np.ndarray, batch_size: int) -> np.ndarray:
    """Largest activation of each filter, shape=(n, F)."""
    maps = first_layer_activations(network, codes, batch_size=batch_size)
    return np.concatenate([batch.amax(dim=2).cpu().double().numpy() for batch in maps()])
