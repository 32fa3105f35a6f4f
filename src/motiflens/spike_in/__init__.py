"""Attributions judged where the truth is not known, at motifs implanted into sequences of one's own.

`candidate_motifs` are motifs that filters look like; `spike_in` finds those to which networks respond, implants them
and scores the attribution maps there.
"""

from motiflens.spike_in._candidates import candidate_motifs
from motiflens.spike_in._responses import Responses
from motiflens.spike_in._result import TRUSTED, SpikeIn
from motiflens.spike_in._scores import SpikeScores
from motiflens.spike_in._spike_in import MIN_BACKGROUNDS, spike_in

__all__ = ["MIN_BACKGROUNDS", "Responses", "SpikeIn", "SpikeScores", "TRUSTED", "candidate_motifs", "spike_in"]
