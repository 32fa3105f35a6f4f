"""A method of interaction analysis: how it measures pairs of motifs, its unit, and its limits."""

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
    """Input of every method: sequences, pairs to measure, and settings."""

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
        Measures all pairs in one network. A positive effect means that two motifs have more effect together than the
        sum of both. It reports its progress as a fraction from 0 to 1.
    unit : str
        Unit of an effect.
    caution : str
        Reasons why p-values may not be valid; "" if none is known.
    inserts_motifs : bool
        Whether motifs are inserted into background sequences. The cost then grows with their number, so few are used
        for p-values, where each shuffled copy must be measured, too, and more for the effects that are shown. Otherwise
        sites are found in positives, and background sequences are those with label 0.
    needs_attention : bool
        Whether the method needs networks with attention.
    one_value : bool
        Whether there is one value for each pair and network, rather than one for each two sites.
    """

    measure: Measure
    unit: str
    caution: str = ""
    inserts_motifs: bool = False
    needs_attention: bool = False
    one_value: bool = False

    def min_count(self, settings: Settings) -> int:
        """Least number of measurements in a window of distances in one network."""
        return 1 if self.one_value else settings.min_count
