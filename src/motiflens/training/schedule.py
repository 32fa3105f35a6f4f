"""The schedule of one member: learning-rate decay, early stopping, best epoch.

Every member of an ensemble has its own schedule, even if members train as one stack.
"""

from dataclasses import dataclass, field

from motiflens.training.protocol import Protocol


@dataclass
class Schedule:
    """Decides after each epoch on the learning rate and whether to stop. Higher metrics are better."""

    protocol: Protocol
    learning_rate: float = field(init=False)
    epoch: int = 0  # epochs finished
    best_epoch: int = 0  # counted from 1; 0 before the first epoch
    best_metric: float = float("-inf")
    _decay_reference: float = float("-inf")
    _decay_wait: int = 0

    def __post_init__(self) -> None:
        """Start at the protocol's learning rate."""
        self.learning_rate = self.protocol.learning_rate

    def update(self, metric: float) -> bool:
        """Process the validation metric of an epoch.

        Returns
        -------
        is_best : bool
            Whether this epoch is the best so far.
        """
        self.epoch += 1
        self._decay(metric)
        is_best = metric > self.best_metric
        if is_best:
            self.best_metric, self.best_epoch = metric, self.epoch
        return is_best

    def _decay(self, metric: float) -> None:
        if metric > self._decay_reference + self.protocol.decay_min_delta:
            self._decay_reference, self._decay_wait = metric, 0
            return
        self._decay_wait += 1
        if self._decay_wait >= self.protocol.decay_patience:
            self._decay_wait = 0
            self.learning_rate = max(self.learning_rate * self.protocol.decay_factor, self.protocol.min_learning_rate)

    @property
    def finished(self) -> bool:
        """Whether training of this member is over."""
        patience = self.protocol.early_stop_patience
        out_of_patience = patience is not None and self.epoch - self.best_epoch >= patience
        return self.epoch >= self.protocol.max_epochs or out_of_patience
