"""What a method of interaction analysis is: how it measures pairs of motifs, in which unit, and how far to trust it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import nn

from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.features import Features
from motiflens.interpret.interactions.inputs import OnProgress
from motiflens.interpret.interactions.settings import Settings


class Experiment(NamedTuple):
    """What every method is given: sequences, the pairs to measure in them, and settings."""

    positives: np.ndarray  # (N, L) codes
    background: np.ndarray  # (B, L) codes
    features: Features
    pairs: np.ndarray  # (P + Q, 2) features: P pairs of motifs, then Q pairs of a motif and a shuffled copy
    target: int
    batch_size: int
    settings: Settings


#: From one network, the experiment and a generator of random numbers to the effects of all pairs.
Measure = Callable[[nn.Module, Experiment, np.random.Generator, OnProgress], Effects]


@dataclass(frozen=True)
class Method:
    """A method of interaction analysis.

    Attributes
    ----------
    measure : callable
        Measures all pairs in one network. Positive effects mean that a network gives two motifs more together than
        apart. It tells its progress as a share from 0 to 1.
    unit : str
        Of an effect.
    caution : str
        What keeps p-values from meaning what they say; "" where nothing is known to.
    inserts_motifs : bool
        Whether motifs are put into background sequences, and the cost grows with these: few are taken for p-values,
        where each shuffled copy needs its own, and more for the effects that are shown. Otherwise sites are found in
        positives, and background sequences are those with label 0.
    needs_attention : bool
        Whether networks must have attention.
    one_value : bool
        Whether a pair has one number in each network, rather than one for each two sites.
    """

    measure: Measure
    unit: str
    caution: str = ""
    inserts_motifs: bool = False
    needs_attention: bool = False
    one_value: bool = False

    def min_count(self, settings: Settings) -> int:
        """Measurements that a window of distances must hold in one network."""
        return 1 if self.one_value else settings.min_count
