"""The matrices of a network's first-layer filters."""

import numpy as np
from torch import nn

from motiflens.interpret.filters.alignment import FilterPwms, activation_pwms, network_pwms
from motiflens.models.any_model import AdaptedModel, adapt, model_summary
from motiflens.models.hybrid import HybridNetwork
from motiflens.models.outputs import first_layer_activations
from motiflens.models.stacked import has_compiled_first_layer
from motiflens.motifs.tomtom_motifs import MAX_QUERY_WIDTH

STUDY_WINDOW = 20  # Ghotra et al. 2021, Methods, whose kernels are of 19 bases


def matrix_width(first_layer: int, length: int) -> int:
    """Number of columns of a filter's matrix: 20 as in the study, or more if a filter is wider.

    At most as many as TomTom accepts, and as fit into the sequences, because `activation_pwms` drops windows at either
    end.

    Parameters
    ----------
    first_layer : int
        Bases that a filter covers: its kernel size, with dilation.
    length : int
        Length of the sequences.
    """
    return min(max(STUDY_WINDOW, first_layer), MAX_QUERY_WIDTH, max(length - 2, 1))


def filter_pwms(model: nn.Module, codes: np.ndarray, *, window: int | None = None, batch_size: int = 500) -> FilterPwms:
    """Make a matrix of each first-layer filter from the windows that activate it.

    All analyses use this function, so that they agree about a network.

    Parameters
    ----------
    model : nn.Module
        Any model that :func:`motiflens.models.any_model.adapt` can read.
    codes : np.ndarray, uint8, shape=(N, L)
    window : int, optional
        Width of the matrices; by default :func:`matrix_width`.
    batch_size : int

    Raises
    ------
    ValueError
        As `adapt` does, or if there are no sequences.
    """
    network = model if isinstance(model, AdaptedModel) else adapt(model, codes)
    if window is None:
        window = matrix_width(model_summary(network).width, codes.shape[1])
    if type(network) is HybridNetwork and has_compiled_first_layer(network, codes.shape[1]):
        return network_pwms(network, codes, window)
    return activation_pwms(first_layer_activations(network, codes, batch_size=batch_size), codes, window=window)
