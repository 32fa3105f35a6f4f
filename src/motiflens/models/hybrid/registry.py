"""Architectures by name: the study's 17, in the sizes of its two tasks, a few more, and published networks.

A name consists of a stem, an optional trunk, and optionally "mean" for the head, as in C4C6-LSTM-Att or C4-Att-mean.
Everything else is a field of `HybridConfig`, as in `model_config("C4-Att-mean", positional_encoding="rotary")`.

Source: Ghotra, Lee, Tripathy, Koo 2021, "Designing Interpretable Convolution-Based Hybrid Networks for Genomics".
"""

import fnmatch
from typing import Any

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.choices import check_known
from motiflens.basics.errors import InputError
from motiflens.models.hybrid.config import HybridConfig
from motiflens.models.hybrid.network import HybridNetwork, blank_network
from motiflens.models.hybrid.sizes import Pools, nearest_kernel, nearest_pools
from motiflens.models.published import (
    PRESETS,
    PublishedConfig,
    blank_preset,
    build_preset,
    preset_config,
    preset_config_from,
)

_STEMS: dict[str, dict[str, Any]] = {
    "C24": {"first_pool": 24, "second_stage": "none"},
    "C4C6": {"first_pool": 4, "second_stage": "conv", "second_pool": 6},
    "C4": {"first_pool": 4, "second_stage": "none"},
}
# The study's C4 has a BiLSTM between its two pools. It stands in the stem, so that the trunk needs none.
_LSTM_STEM: dict[str, Any] = {"first_pool": 4, "second_stage": "lstm", "second_pool": 6}
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

# Networks in which attention has to carry a pair of motifs, while the study's heads see all of 8 tokens at once: 50
# tokens (the C4 stem without its BiLSTM), or a head that takes their mean; beside each the same without attention.
EXTRA_ARCHITECTURES: tuple[str, ...] = (
    *("C4", "C4-Att"),
    *("C4-mean", "C4-Att-mean"),
    *("C4C6-mean", "C4C6-Att-mean"),
)

TASK_SIZES: dict[int, dict[str, int]] = {
    1: {"n_filters": 32, "lstm_width": 128, "attention_width": 128, "dense_width": 512, "n_outputs": 12},
    2: {"n_filters": 24, "lstm_width": 48, "attention_width": 48, "dense_width": 96, "n_outputs": 1},
}


#: What `motiflens train`, `audit` and `fit` train where nothing is named.
DEFAULT_ARCHITECTURE = "C4C6-Att"


def sizes_of(n_outputs: int) -> int:
    """The task whose sizes suit a number of labels: 1 (wide) for several, 2 (small) for a single one."""
    return 2 if n_outputs == 1 else 1


NetworkConfig = HybridConfig | PublishedConfig


@checks_arguments
def list_models(pattern: str = "*") -> list[str]:
    """Names of architectures: those of the study, variants of them, then published networks.

    Parameters
    ----------
    pattern : str
        Shell pattern for the names, such as "C4*" or "Deep*".

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the pattern is not a text.

    Examples
    --------
    >>> import motiflens as ml
    >>> ml.list_models("C4C6-LSTM-Trans*")
    ['C4C6-LSTM-Trans1', 'C4C6-LSTM-Trans2', 'C4C6-LSTM-Trans4']
    """
    return [name for name in (*ARCHITECTURES, *EXTRA_ARCHITECTURES, *PRESETS) if fnmatch.fnmatchcase(name, pattern)]


def list_hybrids(pattern: str = "*") -> list[str]:
    """The names of `list_models` that are hybrid networks."""
    return [name for name in list_models(pattern) if name not in PRESETS]


def network_config(
    architecture: str, *, activation: str | None = None, task: int = 1, length: int | None = None, **changes: Any
) -> NetworkConfig:
    """Configuration of any named architecture for sequences of any length.

    Parameters
    ----------
    architecture : str
        One of `list_models()`.
    activation : str, optional
        Activation of the first convolution, "relu" or "exponential"; by default "exponential", and in a published
        network the published one.
    task : int
        Task of the study, 1 or 2, whose sizes the study's architectures have.
    length : int, optional
        Length of the sequences; by default that of the study or publication.
    **changes
        As for `model_config`; for a published network, its sizes.
    """
    if architecture in PRESETS:
        given = {} if length is None else {"length": length}
        return preset_config(architecture, activation=activation or "published", **given, **changes)
    activation = activation or "exponential"
    if length is None:
        return model_config(architecture, activation=activation, task=task, **changes)
    return adapted_config(architecture, length=length, activation=activation, task=task, **changes)


def config_from_dict(values: dict[str, Any]) -> NetworkConfig:
    """Build a configuration from its `to_dict`."""
    return preset_config_from(values) if "architecture" in values else HybridConfig.from_dict(values)


def network_of(config: NetworkConfig, seed: int = 0) -> Any:
    """Build a network whose values are to be set; PyTorch's global random state stays as it is.

    Values that an initialisation does not set follow from the seed.
    """
    return blank_network(config) if isinstance(config, HybridConfig) else blank_preset(config, seed)


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
        Task of the study, 1 or 2, that sets the sizes (filters, widths, outputs).
    variant : str
        "text" for the network of the paper's text, "code" for that of its released code, where the two differ.
    **changes
        Any field of `HybridConfig` to change, such as `length=500, n_outputs=3`. Pools and kernels are not changed to
        fit the length; `adapted_config` does that.

    Raises
    ------
    ValueError
        For an unknown architecture (lists names of similar spelling), task or field.
    """
    check_known("architecture", architecture, list_models(), cutoff=0.4)
    if architecture in PRESETS:
        raise InputError(f"{architecture} is a published network, not composed of stages: use network_config")
    if task not in TASK_SIZES:
        raise InputError(f"task must be 1 or 2, got {task!r}")
    fields = {**TASK_SIZES[task], **_composed(architecture)}
    if variant == "code" and task == 2 and architecture in ("C24-LSTM-Att", "C4-LSTM-Att"):
        fields["attention_width"] = 96  # the released code doubles it in these two
    return HybridConfig.from_dict({**fields, "activation": activation, "variant": variant, **changes})


def adapted_config(
    architecture: str,
    *,
    length: int,
    activation: str = "exponential",
    task: int = 1,
    variant: str = "text",
    **changes: Any,
) -> HybridConfig:
    """Configuration of a named architecture for sequences of any length.

    Pools are not changed, so longer sequences have more tokens (C24: 8 at 200 bp, 20 at 500 bp). There are two
    exceptions. If the pools would leave more than a tenth of a sequence unread, or too many tokens for attention, the
    nearest pools that fit are used. Kernels longer than their input are shortened. Sizes given in `changes` are kept.

    Parameters
    ----------
    architecture, activation, task, variant, changes
        As for `model_config`.
    length : int
        Of the sequences.

    Raises
    ------
    ValueError
        As `model_config`, or if the length is below 1.
    """
    named = model_config(architecture, activation=activation, task=task, variant=variant)
    sizes = {**named.to_dict(), **changes}
    pools = Pools(sizes["first_pool"], 1 if sizes["second_stage"] == "none" else sizes["second_pool"])
    near = nearest_pools(length, pools, attends=sizes["attention"] != "none")
    fitted = {"first_pool": near.first, "kernel_size": nearest_kernel(sizes["kernel_size"], length)}
    if sizes["second_stage"] != "none":
        fitted["second_pool"] = near.second
    if sizes["second_stage"] == "conv":
        fitted["second_kernel_size"] = nearest_kernel(sizes["second_kernel_size"], length // near.first)
    return model_config(
        architecture, activation=activation, task=task, variant=variant, **{**fitted, **changes, "length": length}
    )


def _composed(architecture: str) -> dict[str, Any]:
    """Fields of `HybridConfig` that a name stands for."""
    body = architecture.removesuffix("-mean")
    stem, _, trunk = body.partition("-")
    first = _LSTM_STEM if stem == "C4" and trunk.startswith("LSTM") else _STEMS[stem]
    head = {} if body == architecture else {"head": "mean"}
    return {**first, **_TRUNKS[trunk], **head}


@checks_arguments
def build_model(
    architecture: str, *, activation: str | None = None, task: int = 1, variant: str = "text", **changes: Any
) -> Any:
    """Build a named architecture with PyTorch's default initialisation.

    Parameters
    ----------
    architecture : str
        One of `list_models()`: an architecture of the study, such as "C4C6-Att", or a published one, such as "DanQ".
    activation, task, variant, changes
        As for `model_config`; for a published network, `length`, `n_outputs` and the arguments of its class.

    Returns
    -------
    HybridNetwork or PublishedNetwork

    Raises
    ------
    InputError
        If there is no such architecture (names of similar spelling are listed), or a size is out of range.

    Notes
    -----
    `motiflens.training.ensemble.fit` applies the study's initialisation.

    Examples
    --------
    >>> import motiflens as ml
    >>> network = ml.build_model("C4C6-Att", length=200, n_outputs=1).eval()
    >>> network(ml.basics.sequence.one_hot(ml.basics.sequence.encode(["ACGT" * 50]))).shape
    torch.Size([1, 1])
    >>> ml.build_model("Basset", length=600, n_outputs=164).out
    Linear(in_features=1000, out_features=164, bias=True)
    """
    if architecture in PRESETS:
        return build_preset(preset_config(architecture, activation=activation or "published", **changes))
    activation = activation or "exponential"
    return HybridNetwork(model_config(architecture, activation=activation, task=task, variant=variant, **changes))
