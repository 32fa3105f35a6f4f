"""The study's 17 architectures by name, in the sizes of its two tasks.

Source: Ghotra, Lee, Tripathy, Koo 2021, "Designing Interpretable Convolution-Based Hybrid Networks for Genomics".
"""

import difflib
import fnmatch
from typing import Any

from motiflens.models.config import HybridConfig
from motiflens.models.hybrid import HybridNetwork

_STEMS: dict[str, dict[str, Any]] = {
    "C24": {"first_pool": 24, "second_stage": "none"},
    "C4C6": {"first_pool": 4, "second_stage": "conv", "second_pool": 6},
    "C4": {"first_pool": 4, "second_stage": "lstm", "second_pool": 6},
}
_TRUNKS: dict[str, dict[str, Any]] = {
    "": {},
    "Att": {"attention": "attention"},
    "LSTM": {"lstm": True},
    "LSTM-Att": {"lstm": True, "attention": "attention"},
    "LSTM-Trans1": {"lstm": True, "attention": "transformer", "n_layers": 1},
    "LSTM-Trans2": {"lstm": True, "attention": "transformer", "n_layers": 2},
    "LSTM-Trans4": {"lstm": True, "attention": "transformer", "n_layers": 4},
}
_HYBRIDS = ("LSTM-Att", "LSTM-Trans1", "LSTM-Trans2", "LSTM-Trans4")

ARCHITECTURES: tuple[str, ...] = (
    "C24",
    "C24-Att",
    *(f"C24-{trunk}" for trunk in _HYBRIDS),
    "C4C6",
    "C4C6-Att",
    *(f"C4C6-{trunk}" for trunk in _HYBRIDS),
    "C4-LSTM",
    *(f"C4-{trunk}" for trunk in _HYBRIDS),
)

TASK_SIZES: dict[int, dict[str, int]] = {
    1: {"n_filters": 32, "lstm_width": 128, "attention_width": 128, "dense_width": 512, "n_outputs": 12},
    2: {"n_filters": 24, "lstm_width": 48, "attention_width": 48, "dense_width": 96, "n_outputs": 1},
}


def list_models(pattern: str = "*") -> list[str]:
    """Names of the study's architectures that match a shell pattern, such as "C4*" or "*-Att"."""
    return [name for name in ARCHITECTURES if fnmatch.fnmatchcase(name, pattern)]


def model_config(
    architecture: str,
    *,
    activation: str = "exponential",
    task: int = 1,
    variant: str = "text",
    **changes: Any,
) -> HybridConfig:
    """Configuration of a named architecture.

    Parameters
    ----------
    architecture : str
        One of `list_models()`.
    activation : str
        "relu" or "exponential", of the first convolution.
    task : int
        1 or 2: whose sizes to take (filters, widths, outputs).
    variant : str
        "text" for the paper's text, "code" for the quirks of its released code.
    **changes
        Any field of `HybridConfig`, to depart from the study: `length=500, n_outputs=3`.

    Raises
    ------
    ValueError
        For an unknown architecture (lists close matches), task or field.
    """
    if architecture not in ARCHITECTURES:
        close = difflib.get_close_matches(architecture, ARCHITECTURES, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(close)}?" if close else f"known: {', '.join(ARCHITECTURES)}"
        raise ValueError(f"unknown architecture {architecture!r}; {hint}")
    if task not in TASK_SIZES:
        raise ValueError(f"task must be 1 or 2, got {task!r}")
    stem, _, trunk = architecture.partition("-")
    fields: dict[str, Any] = {**TASK_SIZES[task], **_STEMS[stem], **_TRUNKS[trunk]}
    if variant == "code" and task == 2 and architecture in ("C24-LSTM-Att", "C4-LSTM-Att"):
        fields["attention_width"] = 96  # the released code doubles it in these two
    return HybridConfig.from_dict({**fields, "activation": activation, "variant": variant, **changes})


def build_model(
    architecture: str,
    *,
    activation: str = "exponential",
    task: int = 1,
    variant: str = "text",
    **changes: Any,
) -> HybridNetwork:
    """Build a named architecture with PyTorch's default initialisation; parameters as `model_config`.

    `motiflens.ensemble.fit` applies the study's initialisation.
    """
    return HybridNetwork(model_config(architecture, activation=activation, task=task, variant=variant, **changes))
