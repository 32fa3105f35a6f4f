"""Train many initialisations of one architecture.

Member i of an ensemble has a seed of its own, derived from `seed` and i, that rules its initial weights and its
dropout; the order of the batches follows `data_seed` and is the same for all members. So a member becomes the same
network, within floating-point rounding, whatever other members are trained beside it, now or later.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from motiflens.allocator import keep_freed_memory
from motiflens.attribute import saliency
from motiflens.dataset import SequenceDataset
from motiflens.engine import LoopEngine, new_network
from motiflens.member import Checkpoints, Member, Trainee, member_seed
from motiflens.metrics import aupr, auroc
from motiflens.models.config import HybridConfig
from motiflens.models.hybrid import HybridNetwork, blank_network
from motiflens.models.products import PRECISIONS
from motiflens.predict import attention_weights, first_layer_activations, predict, resolve_device
from motiflens.protocol import REFERENCE, Protocol
from motiflens.stacked_engine import StackedEngine

__all__ = ["ENGINES", "Ensemble", "Member", "batch_order", "check_fit", "evaluate", "fit", "member_seed"]

ENGINES = ("auto", "loop", "stacked")
METRICS = {"auroc": auroc, "aupr": aupr}


@dataclass
class Ensemble(Sequence[HybridNetwork]):
    """Result of `fit`: `ensemble[i]` is a plain `HybridNetwork`, `ensemble.members` says how each fared.

    Its methods speak for all members that did not fail, E of them, on a leading axis.
    """

    config: HybridConfig
    protocol: Protocol
    members: list[Member]

    def __len__(self) -> int:
        return len(self.members)

    def __getitem__(self, i: int) -> HybridNetwork:  # type: ignore[override]
        member = self.members[i]
        if member.network is None:
            raise ValueError(f"member {member.index} failed and has no network: {member.reason}")
        return member.network

    def __iter__(self) -> Iterator[HybridNetwork]:
        """Networks of the members that did not fail."""
        return (member.network for member in self.members if member.network is not None)

    def predict(self, X: np.ndarray | torch.Tensor) -> torch.Tensor:
        """Logits of all members, shape=(E, N, n_outputs); X as one-hot (N, 4, L) or codes (N, L)."""
        return torch.stack([predict(network, X) for network in self])

    def first_layer_activations(self, X: np.ndarray | torch.Tensor) -> torch.Tensor:
        """First-layer activation maps of all members, shape=(E, N, n_filters, L)."""
        return torch.stack([torch.cat(list(first_layer_activations(network, X)())) for network in self])

    def attention_weights(self, X: np.ndarray | torch.Tensor) -> list[torch.Tensor]:
        """Attention weights of all members, per layer, each shape=(E, N, n_heads, T, T)."""
        return [torch.stack(layer) for layer in zip(*(attention_weights(network, X) for network in self), strict=True)]

    def saliency(self, X: torch.Tensor, *, target: int = 0) -> torch.Tensor:
        """Gradient of one logit with respect to one-hot X, for all members, shape=(E, N, 4, L)."""
        return torch.stack([saliency(network, X, target=target) for network in self])


def batch_order(n_sequences: int, data_seed: int, epoch: int) -> torch.Tensor:
    """Order in which an epoch (from 0) meets the training sequences; the same for every member."""
    generator = np.random.default_rng([data_seed, epoch])
    return torch.from_numpy(generator.permutation(n_sequences))


def classification_metrics(logits: torch.Tensor, y: np.ndarray) -> dict[str, float]:
    """AUROC and AUPR, micro-averaged over all labels; NaN if only one class is present."""
    labels, scores = np.asarray(y).ravel(), logits.double().numpy().ravel()
    return {"auroc": float(auroc(labels, scores)), "aupr": float(aupr(labels, scores))}


def fit(
    config: HybridConfig,
    dataset: SequenceDataset,
    n_members: int = 10,
    *,
    protocol: Protocol = REFERENCE,
    seed: int = 0,
    data_seed: int = 0,
    members: Sequence[int] | None = None,
    device: str = "auto",
    engine: str = "auto",
    precision: str = "float32",
    checkpoint_dir: str | Path | None = None,
    on_epoch: Callable[[Member], None] | None = None,
    on_member: Callable[[Member], None] | None = None,
) -> Ensemble:
    """Train several initialisations of one architecture on one data set, all at once.

    Each member has its own learning-rate decay, early stopping, best weights and failure; a finished member leaves
    the stack and the others go on.

    Parameters
    ----------
    config : HybridConfig
        Its `length` and `n_outputs` must be those of the data.
    dataset : SequenceDataset
        With training and validation sequences; test metrics are left out if it has no test sequences.
    n_members : int
        Members 0 to n_members - 1 are trained.
    protocol : Protocol
    seed : int
        Rules, with a member's number, its initial weights and dropout.
    data_seed : int
        Rules the order of the batches, shared by all members.
    members : sequence of int, optional
        Train these members instead, e.g. `range(10, 20)` to add to an earlier ensemble.
    device : str
        "auto", "cpu", "cuda", ...
    engine : str
        "loop" runs the members side by side as plain modules, which suits CPUs; "stacked" runs all in each operation,
        as a CUDA graph on a GPU; "auto" chooses by the device. A member becomes the same network in any stack of one
        engine; between engines dropout masks differ.
    precision : str
        Of the matrix products in training: "float32", or "bfloat16" for their factors.
    checkpoint_dir : path, optional
        After every epoch the state of each member is kept in this folder; the same call goes on from there. A
        member's file is removed when `on_member` has returned, or else when the fit ends.
    on_epoch, on_member : callable, optional
        Called with a member after each of its epochs, and once when it has finished or failed.

    Returns
    -------
    Ensemble
        In the order of the members asked for. A member that diverges is marked as failed, with its reason.

    Raises
    ------
    ValueError
        If configuration and data do not fit together, or a checkpoint is of another fit.
    """
    check_fit(config, dataset, protocol)
    indices = list(range(n_members)) if members is None else list(members)
    if not indices or len(set(indices)) != len(indices) or min(indices) < 0:
        raise ValueError(f"expected at least one member, each once and numbered from 0, got {indices}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    target = resolve_device(device)
    kind = _choose_engine(engine, target)
    identity = repr((config, protocol, seed, data_seed, fingerprint(dataset), kind.__name__, precision))
    fitting = _Fit(config, dataset, protocol, data_seed, target, Checkpoints(checkpoint_dir, identity))
    fitting.on_epoch, fitting.on_member = on_epoch, on_member
    trainees = [Trainee(protocol, index, seed) for index in indices]
    states = [fitting.checkpoints.load(index) for index in indices]
    for trainee, state in zip(trainees, states, strict=True):
        if state is not None:
            trainee.load_state(state)
    # Members train as one stack; after an interruption some may be an epoch ahead, and go on as a stack of their own.
    for epoch in sorted({trainee.schedule.epoch for trainee in trainees}):
        rows = [i for i, trainee in enumerate(trainees) if trainee.schedule.epoch == epoch]
        stack = [trainees[i] for i in rows]
        networks = [new_network(config, protocol, trainee.member.seed).to(target) for trainee in stack]
        engine_of_stack = kind(networks, protocol, [trainee.member.seed for trainee in stack], precision)
        for position, i in enumerate(rows):
            if (state := states[i]) is not None:
                engine_of_stack.load_state(position, state["engine"])
        with keep_freed_memory():
            fitting.run(stack, engine_of_stack)
    fitting.checkpoints.close(indices)
    return Ensemble(config, protocol, [trainee.member for trainee in trainees])


def _choose_engine(engine: str, device: torch.device) -> type[LoopEngine] | type[StackedEngine]:
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}")
    if engine == "auto":
        engine = "loop" if device.type == "cpu" else "stacked"
    return LoopEngine if engine == "loop" else StackedEngine


class _Fit:
    """What all stacks of one fit share: the data on the device, checkpoints and callbacks."""

    on_epoch: Callable[[Member], None] | None
    on_member: Callable[[Member], None] | None

    def __init__(
        self,
        config: HybridConfig,
        dataset: SequenceDataset,
        protocol: Protocol,
        data_seed: int,
        device: torch.device,
        checkpoints: Checkpoints,
    ) -> None:
        self.config, self.dataset, self.protocol, self.data_seed = config, dataset, protocol, data_seed
        self.checkpoints = checkpoints
        train, valid = dataset.train, dataset.valid
        self.codes, self.y = torch.as_tensor(train.codes).to(device), torch.as_tensor(train.y).to(device)
        self.valid_codes, self.valid_y = torch.as_tensor(valid.codes).to(device), torch.as_tensor(valid.y).to(device)
        self.monitor = METRICS[protocol.monitor(config.n_outputs)]

    def run(self, stack: list[Trainee], engine: LoopEngine | StackedEngine) -> None:
        """Train a stack to its end; members leave it as they finish."""
        while True:
            left = [i for i, trainee in enumerate(stack) if not trainee.finished]
            for i, trainee in enumerate(stack):
                if trainee.finished:
                    self._finish(trainee, engine.weights(i))
            if not left:
                return
            if len(left) < len(stack):
                stack = [stack[i] for i in left]
                engine.keep(left)
            self._epoch(stack, engine)

    def _epoch(self, stack: list[Trainee], engine: LoopEngine | StackedEngine) -> None:
        started = time.process_time()
        order = batch_order(len(self.codes), self.data_seed, stack[0].schedule.epoch)
        rates = [trainee.schedule.learning_rate for trainee in stack]
        train_losses = engine.train_epoch(self.codes, self.y, order, self.protocol.batch_size, rates).tolist()
        valid_losses, metrics = self._validate(engine.logits(self.valid_codes))
        seconds = (time.process_time() - started) / len(stack)
        for i, (trainee, *results) in enumerate(zip(stack, train_losses, valid_losses, metrics, strict=True)):
            trainee.member.fit_seconds += seconds
            if trainee.finish_epoch(*results):
                trainee.best_weights = engine.weights(i)
            if self.checkpoints.folder is not None:
                self.checkpoints.save(trainee.member.index, {**trainee.state(), "engine": engine.state(i)})
            if self.on_epoch is not None and trainee.member.status == "training":
                self.on_epoch(trainee.member)

    def _validate(self, logits: torch.Tensor) -> tuple[list[float], list[float]]:
        """Validation loss and metric of each member, from logits (E, N, n_outputs), on their device."""
        labels = self.valid_y.expand_as(logits)
        losses = F.binary_cross_entropy_with_logits(logits, labels, reduction="none").mean((1, 2))
        finite = losses.isfinite()
        metrics = torch.full_like(losses, torch.nan, dtype=torch.float64)
        if finite.any():
            metrics[finite] = self.monitor(self.valid_y.flatten(), logits[finite].flatten(1))
        return losses.tolist(), metrics.tolist()

    def _finish(self, trainee: Trainee, last_weights: dict[str, torch.Tensor]) -> None:
        member = trainee.member
        if member.status == "training":
            member.network = blank_network(self.config)
            member.network.load_state_dict(trainee.best_weights or last_weights)
            member.network.eval()
            member.metrics = evaluate(member.network, self.dataset)
            member.status = "ok"
        if self.on_member is not None:
            self.on_member(member)
            self.checkpoints.remove(member.index)  # not before: whoever was told has stored what it needs


def check_fit(config: HybridConfig, dataset: SequenceDataset, protocol: Protocol) -> None:
    """Check that a network of this configuration can be trained on the data.

    Raises
    ------
    ValueError
        Says what does not fit and what to change.
    """
    if dataset.length != config.length:
        raise ValueError(
            f"the configuration is for sequences of length {config.length}, the data have {dataset.length}: "
            f"build it with length={dataset.length}"
        )
    if dataset.n_outputs != config.n_outputs:
        raise ValueError(
            f"the configuration has {config.n_outputs} outputs, the data have {dataset.n_outputs} labels: "
            f"build it with n_outputs={dataset.n_outputs}"
        )
    for name, part in (("training", dataset.train), ("validation", dataset.valid)):
        if len(part) == 0:
            raise ValueError(f"the data have no {name} sequences")
        values = np.unique(part.y)
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"labels must be 0 or 1 for classification, got values such as {values[:3]}")
        if len(values) < 2:
            raise ValueError(f"all labels of the {name} sequences are {values[0]:g}: both 0 and 1 are needed")
    if len(dataset.train) < protocol.batch_size:
        raise ValueError(
            f"{len(dataset.train)} training sequences do not fill one batch of {protocol.batch_size}: "
            "use a protocol with a smaller batch_size"
        )


def fingerprint(dataset: SequenceDataset) -> str:
    """A short text that differs between data sets."""
    digest = hashlib.sha256()
    for array in (dataset.codes, dataset.y, dataset.split_codes):
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def evaluate(network: HybridNetwork, dataset: SequenceDataset) -> dict[str, float]:
    """AUROC and AUPR on the validation and, if there are any, the test sequences.

    Returns
    -------
    metrics : dict
        valid_auroc, valid_aupr, test_auroc, test_aupr.
    """
    metrics = {}
    for name, part in (("valid", dataset.valid), ("test", dataset.test)):
        if len(part):
            scores = classification_metrics(predict(network, part.codes), part.y)
            metrics.update({f"{name}_{metric}": value for metric, value in scores.items()})
    return metrics
