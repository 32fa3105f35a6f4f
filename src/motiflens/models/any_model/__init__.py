"""Any PyTorch model on one-hot DNA, loaded and converted to the form that the analyses need.

`load_model` loads a model by name. `adapt` finds out the layout of its input, the kind of its output, and which
convolution reads the sequence.
"""

from motiflens.models.any_model.adapt import adapt
from motiflens.models.any_model.adapted import OWN_FIRST_LAYER, AdaptedModel, ModelSummary, model_summary, returned
from motiflens.models.any_model.attention import multi_head_attention_forward, scaled_dot_product_attention
from motiflens.models.any_model.layouts import BASES, CODES, LAYOUTS, check_bases
from motiflens.models.any_model.output import OUTPUTS
from motiflens.models.any_model.source import load_model
from motiflens.models.any_model.trace import Site, entered, trace
from motiflens.models.any_model.weights import LeftOverWarning

__all__ = [
    "AdaptedModel",
    "BASES",
    "CODES",
    "LAYOUTS",
    "LeftOverWarning",
    "ModelSummary",
    "OUTPUTS",
    "OWN_FIRST_LAYER",
    "Site",
    "adapt",
    "check_bases",
    "entered",
    "load_model",
    "model_summary",
    "multi_head_attention_forward",
    "returned",
    "scaled_dot_product_attention",
    "trace",
]
