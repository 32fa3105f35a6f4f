"""Any PyTorch model on one-hot DNA in the form that the analyses take, and where it comes from.

`adapt` finds out how a model wants its input, what it returns and which convolution reads the sequence; `load_model`
gets a model by name.
"""

from motiflens.any_model._adapt import adapt
from motiflens.any_model._adapted import LAYOUTS, AdaptedModel, ModelSummary, model_summary
from motiflens.any_model._output import OUTPUTS
from motiflens.any_model._source import load_model

__all__ = ["AdaptedModel", "LAYOUTS", "ModelSummary", "OUTPUTS", "adapt", "load_model", "model_summary"]
