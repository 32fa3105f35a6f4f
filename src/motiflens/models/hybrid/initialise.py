"""Initial weights, drawn from one generator, so that those of a member depend on its own seed alone."""

import torch
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.models.hybrid.layers import BiLSTM
from motiflens.models.hybrid.positions import LearnedTable

SCHEMES = ("keras", "he")


def initialise(network: nn.Module, scheme: str, generator: torch.Generator) -> None:
    """Draw new values for all weights, in place.

    Parameters
    ----------
    network : nn.Module
    scheme : str
        "keras" (the released code): Glorot uniform everywhere, recurrent weights orthogonal, forget bias 1.
        "he" (the paper's text): He normal for convolutions and dense layers, LSTMs as in "keras".
    generator : torch.Generator

    Raises
    ------
    ValueError
        If the scheme is unknown.
    """
    if scheme not in SCHEMES:
        raise InputError(f"initialisation must be one of {', '.join(SCHEMES)}, got {scheme!r}")
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Linear):
            if scheme == "keras":
                nn.init.xavier_uniform_(module.weight, generator=generator)
            else:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm1d):
            module.reset_running_stats()
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            module.reset_parameters()
        elif isinstance(module, LearnedTable):
            module.reset_parameters(generator)
        elif isinstance(module, BiLSTM):
            _initialise_lstm(module.lstm, generator)


def _initialise_lstm(lstm: nn.LSTM, generator: torch.Generator) -> None:
    for name, parameter in lstm.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(parameter, generator=generator)
        elif name.startswith("weight_hh"):
            nn.init.orthogonal_(parameter, generator=generator)
        else:
            nn.init.zeros_(parameter)
        if name.startswith("bias_ih"):
            with torch.no_grad():  # gates in the order input, forget, cell, output
                parameter[lstm.hidden_size : 2 * lstm.hidden_size] = 1.0
