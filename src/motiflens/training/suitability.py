"""Whether a configuration, data and a protocol fit each other, and the protocol that suits given data."""

import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.inputs import is_binary
from motiflens.data.dataset import SequenceDataset
from motiflens.data.splits import SPLITS
from motiflens.models.hybrid import HybridConfig, NetworkConfig
from motiflens.models.published import PublishedConfig
from motiflens.models.trained_on import OBJECTIVES
from motiflens.training.protocol import Protocol

#: Training sequences below which other versions of them in each epoch may help: 1,534 of Reb1 gave AUROC 0.89 for 0.80.
FEW_TRAIN = 5_000
AUGMENTED = ("--reverse-complement", "--max-shift 5")  # options of `motiflens train` that make such versions
_BATCHES_OF_SMALL_DATA = 4  # in an epoch, where the data do not fill one batch of the protocol


def objective_of(y: np.ndarray) -> str:
    """Return "classification" if all values, of any shape, are 0 or 1, else "regression"."""
    return "classification" if is_binary(y) else "regression"


def suited_protocol(protocol: Protocol, dataset: SequenceDataset, *, objective: str = "auto") -> Protocol:
    """Return a protocol with the objective of the data and, if there are few sequences, a smaller batch.

    Parameters
    ----------
    protocol : Protocol
        Returned unchanged if it suits the data.
    dataset : SequenceDataset
    objective : str
        "classification", "regression", or "auto": classification if all values of y are 0 or 1.

    Raises
    ------
    ValueError
        If the objective is unknown, or there are fewer than two training sequences.
    """
    if objective not in ("auto", *OBJECTIVES):
        raise InputError(f"objective must be one of auto, {', '.join(OBJECTIVES)}, got {objective!r}")
    changes: dict[str, str | int] = {}
    chosen = objective_of(dataset.y) if objective == "auto" else objective
    if chosen != protocol.objective:
        changes["objective"] = chosen
    n_train = _n_train(dataset)
    if n_train < protocol.batch_size:
        changes["batch_size"] = _small_batch(n_train)
    return protocol.replace(**changes) if changes else protocol


def check_fit(config: NetworkConfig, dataset: SequenceDataset, protocol: Protocol) -> None:
    """Check that a network of this configuration can be trained on the data.

    Raises
    ------
    ValueError
        The message says what does not fit and what to change.
    """
    if dataset.length != config.length:
        raise ArgumentError(
            f"the configuration is for sequences of length {config.length}, the data have {dataset.length}",
            "{length}",
            length=(f"build it with length={dataset.length}", "leave its length out, which is that of the data"),
        )
    if dataset.n_outputs != config.n_outputs:
        raise ArgumentError(
            f"the configuration has {config.n_outputs} outputs, the data have {dataset.n_outputs} labels",
            "{outputs}",
            outputs=(f"build it with n_outputs={dataset.n_outputs}", "leave its outputs out, one for each label"),
        )
    if protocol.max_shift >= dataset.length:
        raise InputError(
            f"max_shift must be below the length of the sequences, {dataset.length} bp, got {protocol.max_shift}"
        )
    for name, part in (("training", dataset.train), ("validation", dataset.valid)):
        if len(part) == 0:
            raise InputError(f"the data have no {name} sequences")
        if protocol.objective == "regression":
            _check_values(name, part, every=name == "training")
        else:
            _check_labels(name, part)
    n_train = _n_train(dataset)
    if n_train < protocol.batch_size:
        smaller = f"use a protocol with a smaller batch_size, such as {_small_batch(n_train)}"
        raise ArgumentError(
            f"{n_train} training sequences do not fill one batch of {protocol.batch_size}",
            "{batch}",
            batch=(smaller, "give more sequences"),
        )
    if not isinstance(config, HybridConfig):
        _check_published(config, protocol)
    elif protocol.attention_entropy_weight and (config.attention == "none" or config.n_tokens < 2):
        what = "has no attention" if config.attention == "none" else "leaves the attention a single token"
        raise InputError(
            f"the protocol weighs the entropy of attention by {protocol.attention_entropy_weight:g}, but the "
            f"configuration {what}: choose a protocol in which it is 0, or a configuration with attention over at "
            "least 2 tokens"
        )


def _check_published(config: PublishedConfig, protocol: Protocol) -> None:
    if protocol.attention_entropy_weight:
        raise InputError(
            f"the protocol weighs the entropy of attention by {protocol.attention_entropy_weight:g}, but "
            f"{config.architecture} gives no attention weights in training: choose a protocol in which it is 0"
        )
    if protocol.objective == "regression" and config.n_outputs > 1 and config.architecture == "DeepATT":
        raise InputError(
            "the outputs of DeepATT share their last layer: give a regression one label, or another network"
        )


def _n_train(dataset: SequenceDataset) -> int:
    """Number of training sequences that have a label."""
    return int((~np.isnan(dataset.y[dataset.split_codes == SPLITS.index("train")])).any(axis=1).sum())


def _check_labels(name: str, part: SequenceDataset) -> None:
    values = np.unique(part.y[~np.isnan(part.y)])
    if not len(values):
        raise InputError(f"the {name} sequences have no label: all are missing")
    if not is_binary(values):
        raise ArgumentError(
            f"labels must be 0 or 1 for classification, got values such as {values[:3]}",
            "real values need {protocol}",
            protocol=("a protocol with objective='regression'", "--objective regression"),
        )
    if len(values) < 2:
        raise InputError(f"all labels of the {name} sequences are {values[0]:g}: both 0 and 1 are needed")


def _check_values(name: str, part: SequenceDataset, *, every: bool) -> None:
    """Check that every target, or at least one of them, varies."""
    known = ~np.isnan(part.y)
    low, high = np.where(known, part.y, np.inf).min(axis=0), np.where(known, part.y, -np.inf).max(axis=0)
    constant = low >= high  # n_outputs
    if constant.all() or (every and constant.any()):
        i = int(constant.argmax())
        value = f"{low[i]:g}" if known[:, i].any() else "missing"
        raise InputError(
            f"target {part.label_names[i]!r} is {value} in all {name} sequences: a regression needs targets that vary"
        )


def _small_batch(n_train: int) -> int:
    if n_train < 2:
        raise InputError(f"at least two training sequences are needed, got {n_train}")
    return max(2, n_train // _BATCHES_OF_SMALL_DATA)
