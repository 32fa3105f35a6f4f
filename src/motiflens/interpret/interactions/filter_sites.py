"""Sites of motifs, found by the activity of the filters that have learned them."""

import copy
from contextlib import suppress
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import nn
from torch.nn.utils import remove_weight_norm
from torch.nn.utils.parametrize import is_parametrized

from motiflens.basics.errors import InputError
from motiflens.basics.tables import by_fields
from motiflens.interpret.filters.alignment import activation_pwms
from motiflens.interpret.filters.of_network import matrix_width
from motiflens.interpret.interactions.features import Features
from motiflens.interpret.interactions.method import Experiment
from motiflens.interpret.interactions.sites import Sites, highest_rows
from motiflens.models.any_model import OWN_FIRST_LAYER, AdaptedModel
from motiflens.models.hybrid import HybridNetwork
from motiflens.models.outputs import first_layer_activations
from motiflens.motifs.sets import Motif, load_motifs, trim_pwm
from motiflens.motifs.tomtom import tomtom

_CONTEXT = "JASPAR2016-vertebrates"  # more targets beside the motifs: TomTom's null is made of its targets


class Assigned(NamedTuple):
    """A filter that has learned a motif."""

    filter: int
    strand: int  # -1 where it sees the motif's reverse complement


@by_fields
class Activity(NamedTuple):
    """The position of the largest activity of each feature in each sequence; arrays of shape (N, n_features)."""

    value: np.ndarray  # 1 at the highest of a filter in all sequences; -inf where no filter has learned the motif
    position: np.ndarray
    strand: np.ndarray

    def rows(self, rows: slice) -> "Activity":
        """The activity in some of the sequences."""
        return Activity(self.value[rows], self.position[rows], self.strand[rows])


def learned_motifs(model: nn.Module, codes: np.ndarray, motifs: list[Motif], *, q: float) -> list[list[Assigned]]:
    """Assign every filter to the motif that it matches best by TomTom; a motif may have several filters or none.

    Filters are matched to the motifs and JASPAR 2016 together, with q-values of at most q. Their matrices are made from
    codes of shape=(N, L).
    """
    widest = max(one.dilation[0] * (one.kernel_size[0] - 1) + 1 for one in first_convolutions(model))
    window = matrix_width(widest, codes.shape[1])
    pwms, counts = activation_pwms(first_layer_activations(model, codes), codes, window=window)
    result = tomtom([trim_pwm(pwm) for pwm in pwms], [*motifs, *load_motifs(_CONTEXT)])
    owned: list[list[Assigned]] = [[] for _ in motifs]
    for row in np.flatnonzero(~result.invalid & (counts > 0)).tolist():
        best = int(result.p_value[row, : len(motifs)].argmin())
        if result.q_value[row, best] <= q:
            owned[best].append(Assigned(row, int(result.strand[row, best])))
    return owned


def filter_sites(
    model: nn.Module,
    codes: np.ndarray,
    features: Features,
    owned: list[list[Assigned]],
    *,
    threshold: float,
    rng: np.random.Generator,
) -> tuple[Sites, Activity]:
    """Find the site of a motif where its filters are most active, above a share of their maximum over codes (N, L).

    If a motif has several filters, the most active one counts. A shuffled copy of a motif consists of the same filters
    with the columns of their kernels in another order. It has as many sites as its motif, in the sequences where it is
    most active and away from the sites of motifs; or fewer, if it is active in fewer sequences, as happens after a
    ReLU. The position is the centre of a kernel, which may differ from the centre of the motif by some bases.
    """
    widths = np.array([motif.width for motif in features.motifs])
    real = _activity(model, codes, owned, None)
    present = real.value > threshold
    sites = Sites(_starts(real, widths[: features.n_motifs], codes), real.strand, present, widths[: features.n_motifs])
    taken = sites.covered(features.n_motifs, codes.shape[1])
    passes = [_activity(shuffled_copy(model, rng), codes, owned, taken) for _ in range(features.n_copies)]
    copies = Activity(*(np.stack(column, axis=2).reshape(len(codes), -1) for column in zip(*passes, strict=True)))
    matched = highest_rows(copies.value, present.sum(axis=0)[features.parent[features.n_motifs :]]) & (copies.value > 0)
    activity = Activity(*(np.concatenate(both, axis=1) for both in zip(real, copies, strict=True)))
    shown = np.concatenate([present, matched], axis=1)
    return Sites(_starts(activity, widths, codes), activity.strand, shown, widths), activity


def sites_by_filters(model: nn.Module, given: Experiment, rng: np.random.Generator) -> tuple[Sites, Activity]:
    """Sites and activities of all features in positives, then in background sequences, (N + B, n_features) each."""
    codes = np.concatenate([given.positives, given.background])
    motifs, settings = given.features.motifs[: given.features.n_motifs], given.settings
    owned = learned_motifs(model, codes, motifs, q=settings.filter_q)
    return filter_sites(model, codes, given.features, owned, threshold=settings.filter_threshold, rng=rng)


def first_convolutions(model: nn.Module) -> list[nn.Conv1d]:
    """The convolutions whose activations are used; if a model does not name them, the first one with 4 channels.

    Raises
    ------
    ValueError
        If there is no such convolution.
    """
    if isinstance(model, AdaptedModel):
        named = [model.model.get_submodule(layer.name) for layer in model.first_layers or (model.first_layer,)]
        found = [module for module in named if isinstance(module, nn.Conv1d)]
    elif isinstance(model, HybridNetwork):
        found = [cast(nn.Conv1d, model.get_submodule(OWN_FIRST_LAYER))]
    else:
        found = [one for one in model.modules() if isinstance(one, nn.Conv1d) and one.in_channels == 4][:1]
    if not found:
        raise InputError(f"expected a model with an nn.Conv1d on four bases, got {type(model).__name__} without")
    return found


def shuffled_copy(model: nn.Module, rng: np.random.Generator) -> nn.Module:
    """A copy of a network with the columns of its first kernels in another order.

    Raises
    ------
    ValueError
        If the convolution computes its kernels in every pass, by other means than those of `torch.nn.utils`.
    """
    shuffled = copy.deepcopy(model)
    for convolution in first_convolutions(shuffled):
        _shuffle(convolution, rng)
    return shuffled


def _shuffle(convolution: nn.Conv1d, rng: np.random.Generator) -> None:
    with suppress(ValueError):  # of a convolution without the older weight norm
        remove_weight_norm(convolution)
    weight = convolution.weight.detach()
    order = torch.from_numpy(rng.permutation(weight.shape[2]))
    shape = (1, convolution.in_channels, convolution.dilation[0] * (weight.shape[2] - 1) + 1)
    probe = torch.linspace(0, 1, shape[1] * shape[2]).reshape(shape).to(weight)
    with torch.no_grad():
        before = convolution(probe)
        if is_parametrized(convolution, "weight"):  # taking that off would take it off the original, too
            convolution.weight = weight[:, :, order]
        else:
            convolution.weight.copy_(weight[:, :, order])
        is_shuffled = not torch.equal(before, convolution(probe))
    if not is_shuffled and (order.diff() < 0).any():
        raise InputError(
            f"the kernels of the first layer, {type(convolution).__name__}, cannot be shuffled, as they are made anew "
            "in every pass: give a model with plain weights, or use insertion, mutagenesis or feature_maps"
        )


def _activity(model: nn.Module, codes: np.ndarray, owned: list[list[Assigned]], taken: np.ndarray | None) -> Activity:
    """Most active place of each motif's filters outside of taken bases."""
    filters = [one.filter for assigned in owned for one in assigned]
    shape = (len(codes), len(owned))
    found = Activity(np.full(shape, -np.inf), np.zeros(shape, dtype=int), np.ones(shape, dtype=int))
    if not filters:
        return found
    done, parts = 0, []
    for maps in first_layer_activations(model, codes)():
        chosen = maps[:, filters]  # n, n_chosen, L
        if taken is not None:
            chosen = chosen.masked_fill(torch.from_numpy(taken[done : done + len(maps)])[:, None], -torch.inf)
        parts.append(torch.stack([part.double() for part in chosen.max(dim=2)]))
        done += len(maps)
    value, position = torch.cat(parts, dim=1).numpy()  # N, n_chosen each
    highest = np.where(np.isfinite(value), value, 0).max(axis=0)
    value = value / np.where(highest > 0, highest, np.inf)
    column = 0
    for motif, assigned in enumerate(owned):
        if assigned:
            own = slice(column, column + len(assigned))
            best = value[:, own].argmax(axis=1)
            rows = np.arange(len(codes))
            found.value[:, motif] = value[:, own][rows, best]
            found.position[:, motif] = position[:, own][rows, best]
            found.strand[:, motif] = np.array([one.strand for one in assigned])[best]
            column += len(assigned)
    return found


def _starts(activity: Activity, widths: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return np.clip(activity.position - widths // 2, 0, codes.shape[1] - widths)
