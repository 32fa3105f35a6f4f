"""What is known of the design of a network, whoever built it, and the command that measures it against a neighbour."""

import dataclasses
import shlex
from functools import lru_cache
from typing import Any, NamedTuple

import torch

from motiflens.basics.sequence import one_hot
from motiflens.basics.tables import by_fields
from motiflens.models.any_model import AdaptedModel, model_summary, trace
from motiflens.models.hybrid import ACTIVATIONS, HybridConfig, HybridNetwork, adapted_config, list_hybrids
from motiflens.training.suitability import AUGMENTED

WIDE, SMALL = 24, 4  # first pools of the study; others are taken for the nearer one
_POOL_FIELDS = {"first_pool", "second_stage", "second_kernel_size", "second_pool", "lstm"}
_OF_THE_DATA = ("length", "n_outputs", "activation")  # not written as FIELD=VALUE
_ACTIVATIONS = {"exp": "exponential"}
_NO_NONLINEARITIES = ("norm", "squeeze")


class NetworkDesign(NamedTuple):
    """What advice needs to know of a candidate; None where it is not known."""

    name: str  # of the candidate
    n_filters: int  # of the first layer
    activation: str | None  # of the first layer: "relu", "exponential", or another function
    first_pool: int | None  # positions
    stage: str | None  # the nearest stage 1 of the study: "C24", "C4C6" or "C4"
    config: HybridConfig | None = None
    second_stage: str | None = None  # "none", "Att", ... as the study names them


def design_of(name: str, model: AdaptedModel | HybridNetwork) -> NetworkDesign:
    """Read the design off a network: of one of ours all of it, of any other what its forward pass shows."""
    if isinstance(model, HybridNetwork):
        return design_of_config(name, model.config)
    pool = _first_pool(model)
    steps = model.first_layers[0].steps if model.first_layers else ()
    functions = [step for step in steps if not any(word in step for word in _NO_NONLINEARITIES)]
    activation = _ACTIVATIONS.get(functions[-1], functions[-1]) if functions else None
    stage = None if pool is None else "C24" if is_wide(pool) else "C4C6"
    return NetworkDesign(name, model_summary(model).n_filters, activation, pool, stage)


def design_of_config(name: str, config: HybridConfig) -> NetworkDesign:
    """Design of one of our networks."""
    small = "C4" if config.second_stage == "lstm" else "C4C6"
    stage = "C24" if is_wide(config.first_pool) else small
    return NetworkDesign(
        name, config.n_filters, config.activation, config.first_pool, stage, config, _second_stage(config)
    )


def _second_stage(config: HybridConfig) -> str | None:
    """Second stage by the study's name; None of networks that read positions together, which the study has not."""
    if config.head != "flatten":
        return None
    modules = {"none": "", "attention": "Att", "transformer": f"Trans{config.n_layers}"}
    parts = ["LSTM" if config.lstm else "", modules.get(config.attention, config.attention)]
    return "-".join(part for part in parts if part) or "none"


def is_wide(first_pool: int) -> bool:
    """Whether a first pool is nearer to the study's wide one than to its small one, by ratio."""
    return first_pool**2 > WIDE * SMALL


def _first_pool(model: AdaptedModel) -> int | None:
    """Positions that one window of the first max-pool takes, None where the first layer's map is not pooled next.

    Other layers between the map and the pool, even a second convolution, mean that it is another kind of network.
    """
    generator = torch.Generator().manual_seed(0)
    parameter = next(iter(model.parameters()))
    X = one_hot(torch.randint(4, (2, model.length), generator=generator)).to(parameter.device, parameter.dtype)
    with torch.no_grad():
        found = trace(model, X)
    names = [layer.name for layer in model.first_layers[:1]]
    first = next((call for call in found.convolutions for name in names if call.name.endswith(name)), None)
    if first is None:
        return None
    after = [call for call in found.convolutions if call.n_calls_before > first.n_calls_before]
    end = after[0].n_calls_before if after else len(found.calls)
    for call in found.calls[first.n_calls_before : end]:
        if "max_pool" in call.name and call.inputs:
            before, now = (tensor[0].numel() for tensor in (call.inputs[0], call.outputs[0]))
            return before // now
    return None


def differ_only_in(first: NetworkDesign, second: NetworkDesign) -> str | None:
    """The one factor, "activation", "pool" or "filters", in which two designs differ; None if it is none or several."""
    if first.config is None or second.config is None:
        return None
    fields = dataclasses.fields(HybridConfig)
    names = {f.name for f in fields if getattr(first.config, f.name) != getattr(second.config, f.name)}
    if names == {"activation"}:
        return "activation"
    if names == {"n_filters"}:
        return "filters"
    apart = (first.stage == "C24") != (second.stage == "C24")
    return "pool" if names and names <= _POOL_FIELDS and apart else None


@by_fields
class Spelling(NamedTuple):
    """A configuration as `motiflens compare` takes it, with the task whose sizes it departs from least."""

    architecture: str
    activation: str
    changes: dict[str, Any]  # fields that differ from the named architecture
    task: int

    @property
    def text(self) -> str:
        """`ARCHITECTURE:ACTIVATION:FIELD=VALUE,...`."""
        changes = ",".join(f"{name}={_word(value)}" for name, value in self.changes.items())
        return f"{self.architecture}:{self.activation}" + (f":{changes}" if changes else "")


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@lru_cache(maxsize=256)
def spell(config: HybridConfig) -> Spelling:
    """The named architecture nearest to a configuration, and the fields in which they differ."""
    usual = usual_task(config.n_outputs)
    fields = [field.name for field in dataclasses.fields(HybridConfig) if field.name not in _OF_THE_DATA]
    found: list[Spelling] = []
    for task in (usual, 3 - usual):
        for name in list_hybrids():
            sizes: dict[str, Any] = {"length": config.length, "n_outputs": config.n_outputs, "task": task}
            named = adapted_config(name, activation=config.activation, **sizes)
            changes = {f: getattr(config, f) for f in fields if getattr(config, f) != getattr(named, f)}
            found.append(Spelling(name, config.activation, changes, task))
    return min(found, key=lambda spelling: len(spelling.changes))


def usual_task(n_outputs: int) -> int:
    """Whose sizes networks take by default: the small ones of task 2 for a single label."""
    return 2 if n_outputs == 1 else 1


def neighbour(own: Spelling, factor: str, level: str) -> Spelling:
    """The same but for one factor: another activation, another stage 1 (factor "pool") or number of filters."""
    if factor == "activation":
        return own._replace(activation=level)
    if factor == "filters":
        return own._replace(changes={**own.changes, "n_filters": int(level)})
    kept = {name: value for name, value in own.changes.items() if name not in _POOL_FIELDS}
    body = own.architecture.removesuffix("-mean")
    head = "" if body == own.architecture else "-mean"
    trunk = body.partition("-")[2]
    named = level + (f"-{trunk}" if trunk else "")
    if named + head in list_hybrids():
        return own._replace(architecture=named + head, changes=kept)
    if named in list_hybrids():
        return own._replace(architecture=named, changes={**kept, "head": "mean"})
    # C4-LSTM, and that alone, has no twin without attention
    return own._replace(architecture=f"{named}-Att", changes={**kept, "attention": "none"})


def train_command(data: str, design: NetworkDesign, *, n_members: int | None = None, out: str = "longer") -> str | None:
    """Command line that trains a named architecture by the whole protocol and audits it; None of what has no name."""
    own = None if design.config is None else spell(design.config)
    if own is None or own.changes:
        return None
    parts = ["motiflens", "audit", data, "--architecture", own.architecture, "--activations", own.activation]
    usual = usual_task(design.config.n_outputs) if design.config is not None else own.task
    parts += [] if own.task == usual else ["--task", str(own.task)]
    parts += [] if n_members is None else ["--members", str(n_members)]
    return shlex.join([*parts, "--out", out])


def augmented_command(data: str, design: NetworkDesign) -> str | None:
    """Command lines that train a named architecture on sequences that change from epoch to epoch, and audit it."""
    own = None if design.config is None else spell(design.config)
    if own is None or own.changes or design.config is None:
        return None
    train = ["motiflens", "train", data, "--architecture", own.architecture, "--activation", own.activation]
    train += [] if own.task == usual_task(design.config.n_outputs) else ["--task", str(own.task)]
    train += [*(word for option in AUGMENTED for word in option.split()), "--out", "augmented"]
    audit = ["motiflens", "audit", data, "--model", "augmented", "--out", "audit-augmented"]
    return f"{shlex.join(train)} && {shlex.join(audit)}"


def compare_command(data: str, design: NetworkDesign, factor: str, level: str, *, n_members: int = 5) -> str:
    """Command line that trains a design and its neighbour on a data set and puts them side by side.

    A model that is none of ours cannot be trained from here: the architecture of the study nearest to it takes its
    place.
    """
    if design.config is not None:
        own, usual = spell(design.config), usual_task(design.config.n_outputs)
    else:
        activation = design.activation if design.activation in ACTIVATIONS else "relu"
        own, usual = Spelling("C24" if design.stage == "C24" else "C4C6", activation, {}, 2), 2
    other = neighbour(own, factor, level)
    parts = ["motiflens", "compare", data, "--config", own.text, "--config", other.text]
    parts += [] if own.task == usual else ["--task", str(own.task)]
    return shlex.join([*parts, "--members", str(n_members), "--out", "compare"])
