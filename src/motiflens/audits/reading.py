"""Which output of a model belongs to which label."""

from typing import Any

from torch import nn

from motiflens.audits.options import AuditOptions
from motiflens.basics.errors import InputError, warn_of
from motiflens.basics.inputs import as_output
from motiflens.data.dataset import SequenceDataset
from motiflens.models.any_model import AdaptedModel, adapt, model_summary
from motiflens.models.foreign import chosen_output
from motiflens.models.hybrid import HybridNetwork


class UnreadFiltersWarning(UserWarning):
    """No convolution of a model reads the sequence, so its filters are not audited."""


def read_for_labels(
    model: nn.Module, test: SequenceDataset, options: AuditOptions
) -> tuple[HybridNetwork | AdaptedModel, int | None]:
    """The model with one output for each label, and the label whose saliency is scored.

    Parameters
    ----------
    model : nn.Module
    test : SequenceDataset
        Test sequences.
    options : AuditOptions

    Returns
    -------
    network : HybridNetwork or AdaptedModel
    label : int or None
        None if there are several and none was given.

    Raises
    ------
    InputError
        If the model cannot be adapted, or its outputs do not fit the labels.

    Warns
    -----
    OutputWarning
        If its outputs are two classes and the data have one label.
    UnreadFiltersWarning
        If no convolution reads the sequence.
    """
    reading: dict[str, Any] = {
        "layout": options.layout, "bases": options.bases, "first_layer": options.first_layer, "output": options.output
    }  # fmt: skip
    target = None if options.target is None else as_output(options.target, test)
    network = adapt(model, test.codes, **reading, filters=options.first_layer is not None)
    if isinstance(network, AdaptedModel) and network.unreadable is not None:
        warn_of(network.unreadable, "filters are not audited, everything else is: {}", UnreadFiltersWarning)
    n_outputs = model_summary(network).n_outputs
    if n_outputs == test.n_outputs:
        if target is not None and not 0 <= target < n_outputs:
            raise InputError(f"target must be in 0..{n_outputs - 1}, got {target}")
        return network, 0 if target is None and n_outputs == 1 else target
    if target is None and test.n_outputs == 1:
        target = chosen_output(None, [network], test)
    if test.n_outputs > 1 or target is None:
        raise InputError(
            f"the model has {n_outputs} outputs, the data have {test.n_outputs} labels: give data with as many labels, "
            "or with one"
        )
    return adapt(model, test.codes, **reading, target=target, filters=options.first_layer is not None), 0
