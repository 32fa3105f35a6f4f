"""Training of one stack of members: batches, validation, best weights, checkpoints.

`Engine` is the interface of all engines, for CPUs and GPUs.
"""

import time
import typing
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from motiflens.basics.metrics import (
    aupr,
    auroc,
    classification_metrics,
    labelled,
    pearson,
    regression_metrics,
)
from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import network_of
from motiflens.models.outputs import model_outputs
from motiflens.models.trained_on import TrainedOn, fingerprint
from motiflens.training.augmentation import augmented
from motiflens.training.losses import Loss, TargetScale, cross_entropy, loss_of, on_labelled
from motiflens.training.member import Trainee
from motiflens.training.protocol import Protocol

MONITORED = {"auroc": auroc, "aupr": aupr}


def batch_order(n_sequences: int, data_seed: int, epoch: int) -> torch.Tensor:
    """Order of the training sequences in an epoch (from 0), (n_sequences,), the same for every member."""
    generator = np.random.default_rng([data_seed, epoch])
    return torch.from_numpy(generator.permutation(n_sequences))


def evaluate(network: nn.Module, dataset: SequenceDataset, objective: str = "classification") -> dict[str, float]:
    """Measure a network on the validation and, if there are any, the test sequences.

    Returns
    -------
    metrics : dict
        valid_auroc, valid_aupr, test_auroc, test_aupr; for a regression valid_pearson, valid_mean_squared_error, ...
    """
    measure = regression_metrics if objective == "regression" else classification_metrics
    metrics = {}
    for name, part in (("valid", dataset.valid), ("test", dataset.test)):
        if len(part):
            scores = measure(model_outputs(network, part.codes), part.y)
            metrics.update({f"{name}_{metric}": value for metric, value in scores.items()})
    return metrics


class Engine(typing.Protocol):
    """Interface: E members that train together, of which none depends on the others.

    Parameters
    ----------
    networks : sequence of HybridNetwork, or of what else the engine takes
        On one device; their configurations differ at most in `activation`. The engine may change them; read weights
        with `weights`.
    protocol : Protocol
    seeds : sequence of int
        Seed of each member's dropout masks.
    precision : str
        Precision of matrix products in training: "float32" or "bfloat16".
    loss : Loss
        The loss, averaged over sequences and outputs.
    """

    def __init__(
        self,
        networks: Sequence[Any],
        protocol: Protocol,
        seeds: Sequence[int],
        precision: str = "float32",
        loss: Loss = cross_entropy,
    ) -> None: ...

    def __len__(self) -> int: ...

    def train_epoch(
        self,
        codes: torch.Tensor,
        y: torch.Tensor,
        order: torch.Tensor,
        batch_size: int,
        learning_rates: Sequence[float],
    ) -> torch.Tensor:
        """Train every member for one epoch on the same batches.

        Parameters
        ----------
        codes : torch.Tensor, uint8, shape=(N, L)
        y : torch.Tensor, shape=(N, n_outputs)
            Missing labels are NaN, which the loss must ignore.
        order : torch.Tensor, int64, shape=(N,)
            Batches are consecutive parts of it. A last batch of a single sequence is left out, because it has no
            variance.
        batch_size : int
        learning_rates : sequence of float
            One for each member.

        Returns
        -------
        losses : torch.Tensor, shape=(E,)
            Mean over the sequences of the epoch, on the device.
        """
        ...

    def logits(self, codes: torch.Tensor) -> torch.Tensor:
        """Logits (or outputs of a regression) of all members in evaluation mode, shape=(E, N, n_outputs)."""
        ...

    def weights(self, i: int) -> dict[str, torch.Tensor]:
        """Copy of one member's weights and running statistics, in the shapes of its network."""
        ...

    def state(self, i: int) -> dict[str, Any]:
        """Everything that is needed to resume one member."""
        ...

    def load_state(self, i: int, state: dict[str, Any]) -> None:
        """Restore one member from a result of `state`; all members of a stack must be at the same step."""
        ...

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these members, in this order."""
        ...


class Training:
    """Shared by all stacks of a fit: the data on the device, the protocol and the order of batches."""

    def __init__(self, dataset: SequenceDataset, protocol: Protocol, data_seed: int, device: torch.device) -> None:
        self.dataset, self.protocol, self.data_seed = dataset, protocol, data_seed
        train, valid = dataset.train, dataset.valid
        if (unlabelled := np.isnan(train.y).all(axis=1)).any():  # they teach nothing
            train = train.subset(~unlabelled)
        y, valid_y = torch.as_tensor(train.y), torch.as_tensor(valid.y)
        self.scale = TargetScale.of(y) if protocol.objective == "regression" else None
        if self.scale is not None:
            y, valid_y = self.scale.standardise(y), self.scale.standardise(valid_y)
        self.codes, self.y = torch.as_tensor(train.codes).to(device), y.to(device)
        self.valid_codes, self.valid_y = torch.as_tensor(valid.codes).to(device), valid_y.to(device)
        self.loss = loss_of(protocol, self.y)
        self.valid_mask = labelled(self.valid_y)
        if self.valid_mask is not None or labelled(self.y) is not None:
            self.loss = partial(on_labelled, loss=self.loss)
        self.trained_on = TrainedOn(
            label_names=dataset.label_names, objective=protocol.objective, fingerprint=fingerprint(dataset)
        )

    def run(self, stack: list[Trainee], engine: Engine) -> None:
        """Train a stack until all members have finished."""
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

    def _epoch(self, stack: list[Trainee], engine: Engine) -> None:
        started = time.process_time()
        epoch = stack[0].schedule.epoch
        order = batch_order(len(self.codes), self.data_seed, epoch)
        codes = augmented(self.codes, self.protocol, self.data_seed, epoch)
        rates = [trainee.schedule.learning_rate for trainee in stack]
        train_losses = engine.train_epoch(codes, self.y, order, self.protocol.batch_size, rates).tolist()
        valid_losses, metrics = self._validate(engine.logits(self.valid_codes))
        seconds = (time.process_time() - started) / len(stack)
        for i, (trainee, *results) in enumerate(zip(stack, train_losses, valid_losses, metrics, strict=True)):
            trainee.member.fit_seconds += seconds
            if trainee.finish_epoch(*results):
                trainee.best_weights = engine.weights(i)
            if trainee.checkpoints.folder is not None:
                trainee.save({"engine": engine.state(i)})
            if trainee.part.on_news is not None and trainee.member.status == "training":
                trainee.part.on_news(trainee.member)

    def _validate(self, outputs: torch.Tensor) -> tuple[list[float], list[float]]:
        """Validation loss and metric of each member, from outputs (E, N, n_outputs), on their device."""
        losses = self.loss(outputs, self.valid_y.expand_as(outputs)).mean((1, 2))
        finite = losses.isfinite()
        metrics = torch.full_like(losses, torch.nan, dtype=torch.float64)
        if finite.any():
            metrics[finite] = self._monitor(outputs[finite])
        return losses.tolist(), metrics.tolist()

    def _monitor(self, outputs: torch.Tensor) -> torch.Tensor:
        """The metric that steers training, for each of E members."""
        if self.protocol.objective == "regression":
            mask = None if self.valid_mask is None else self.valid_mask.T
            return pearson(self.valid_y.T, outputs.transpose(1, 2), mask).nanmean(-1)
        metric = MONITORED[self.protocol.monitor(self.dataset.n_outputs)]
        mask = None if self.valid_mask is None else self.valid_mask.flatten()
        return metric(self.valid_y.flatten(), outputs.flatten(1), mask)

    def _finish(self, trainee: Trainee, last_weights: dict[str, torch.Tensor]) -> None:
        member = trainee.member
        if member.status == "training":
            member.network = network_of(trainee.part.config)
            member.network.trained_on = self.trained_on
            member.network.load_state_dict(trainee.best_weights or last_weights)
            if self.scale is not None:
                self.scale.unscale(member.network)
            member.network.eval()
            member.metrics = evaluate(member.network, self.dataset, self.protocol.objective)
            member.status = "ok"
        if trainee.part.on_news is not None:
            trainee.part.on_news(member)
            trainee.checkpoints.remove(member.index)  # not before: whoever was told has stored what it needs
