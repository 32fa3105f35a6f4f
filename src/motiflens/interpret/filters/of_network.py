"""The matrices of a network's first-layer filters, from the network and sequences alone."""

import numpy as np
from torch import nn

from motiflens.interpret.filters.alignment import FilterPwms, activation_pwms
from motiflens.models.any_model import AdaptedModel, adapt, model_summary
from motiflens.models.predict import first_layer_activations
from motiflens.motifs.tomtom import MAX_QUERY_WIDTH

STUDY_WINDOW = 20


def filter_pwms(model: nn.Module, codes: np.ndarray, *, batch_size: int = 500) -> FilterPwms:
    """Align the windows that activate each filter: 20 bases as in the study, or as many as the first layer sees.

    Parameters
    ----------
    model : nn.Module
        Any that :func:`motiflens.models.any_model.adapt` can read.
    codes : np.ndarray, uint8, shape=(N, L)
    batch_size : int

    Raises
    ------
    ValueError
        As `adapt` does, or if there are no sequences.
    """
    network = model if isinstance(model, AdaptedModel) else adapt(model, codes)
    window = min(max(STUDY_WINDOW, model_summary(network).width), MAX_QUERY_WIDTH, max(codes.shape[1] - 2, 1))
    return activation_pwms(first_layer_activations(network, codes, batch_size=batch_size), codes, window=window)
