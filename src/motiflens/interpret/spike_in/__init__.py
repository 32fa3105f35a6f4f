"""Spike-in: motifs are implanted into your own sequences, and attribution maps are scored at these sites.

`candidate_motifs` are motifs that filters match. `spike_in` finds those to which networks respond, implants them and
scores the attribution maps at their sites.
"""

from motiflens.interpret.spike_in.candidates import candidate_motifs
from motiflens.interpret.spike_in.places import motif_places
from motiflens.interpret.spike_in.responses import Responses
from motiflens.interpret.spike_in.result import TRUSTED, SpikeIn
from motiflens.interpret.spike_in.scores import SpikeScores
from motiflens.interpret.spike_in.spike_in import MIN_BACKGROUNDS, spike_in, widest_implant

__all__ = [
    "MIN_BACKGROUNDS",
    "Responses",
    "SpikeIn",
    "SpikeScores",
    "TRUSTED",
    "candidate_motifs",
    "motif_places",
    "spike_in",
    "widest_implant",
]
