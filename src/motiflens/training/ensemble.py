"""Train many initialisations of one architecture, and what comes out.

Member i of an ensemble has a seed of its own, derived from `seed` and i, that rules its initial weights and its
dropout; the order of the batches follows `data_seed` and is the same for all members. So whatever other members are
trained beside it, now or later, a member becomes the same network in exact arithmetic: in float64 to the last digits
that count. In float32 sums are rounded otherwise in another stack, and training makes such a difference grow from epoch
to epoch: a member that was resumed in another stack ends as another network of the same distribution.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.choices import check_members
from motiflens.basics.errors import InputError
from motiflens.basics.progress import Tell, progress_bar
from motiflens.data.dataset import SequenceDataset
from motiflens.models.devices import resolve_device, single_threaded
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid import (
    PRECISIONS,
    HybridConfig,
    NetworkConfig,
    check_stackable,
    network_config,
    sizes_of,
)
from motiflens.models.published import PublishedConfig
from motiflens.models.trained_on import fingerprint
from motiflens.training.allocator import keep_freed_memory
from motiflens.training.loop_engine import LoopEngine, new_network
from motiflens.training.member import Checkpoints, OnMember, Part, Trainee
from motiflens.training.plain_engine import PlainEngine
from motiflens.training.protocol import REFERENCE, Protocol
from motiflens.training.stack import Engine, Training
from motiflens.training.stacked_engine import StackedEngine
from motiflens.training.suitability import check_fit, suited_protocol

ENGINES: dict[str, type[Engine]] = {"loop": LoopEngine, "stacked": StackedEngine}


@checks_arguments
def fit(
    model: NetworkConfig | str,
    dataset: SequenceDataset,
    n_members: int = 10,
    *,
    activation: str = "exponential",
    protocol: Protocol | None = None,
    seed: int = 0,
    data_seed: int = 0,
    members: Sequence[int] | None = None,
    device: str = "auto",
    engine: str = "auto",
    precision: str = "float32",
    checkpoint_dir: str | Path | None = None,
    on_news: OnMember | None = None,
    progress: bool = True,
) -> Ensemble:
    """Train several initialisations of one architecture on one data set, all at once.

    Each member has its own learning-rate decay, early stopping, best weights and failure; a finished member leaves
    the stack and the others go on.

    Parameters
    ----------
    model : str, HybridConfig or PublishedConfig
        Name of an architecture (`list_models` has them), which gets the data's length and number of labels; or a
        configuration with that length and number of outputs.
    dataset : SequenceDataset
        With training and validation sequences; test metrics are left out if it has no test sequences.
    n_members : int
        Members 0 to n_members - 1 are trained.
    activation : str, optional
        Of the first layer, where an architecture is named: "exponential" or "relu"; by default "exponential", and of
        a published network what was published.
    protocol : Protocol, optional
        By default `REFERENCE` with the objective and batch size that suit the data (`suitability.suited_protocol`).
        After a regression, networks predict in the unit of the targets.
    seed : int
        Rules, with a member's number, its initial weights and dropout.
    data_seed : int
        Rules the order of the batches, shared by all members.
    members : sequence of int, optional
        Train these members instead, e.g. `range(10, 20)` to add to an earlier ensemble.
    device : str
        "auto", "cpu", "cuda", ...
    engine : str
        Of the study's networks; published ones have their own. "loop" runs the members side by side as plain modules,
        which suits CPUs; "stacked" runs all in each operation, as a CUDA graph on a GPU; "auto" chooses by the device.
        A member becomes the same network in any stack of one engine; between engines dropout masks differ.
    precision : str
        Of the matrix products in training: "float32", or "bfloat16" for their factors.
    checkpoint_dir : path, optional
        After every epoch the state of each member is kept in this folder; the same call goes on from there. A
        member's file is removed when it has finished and `on_news` has returned, or else when the fit ends.
    on_news : callable, optional
        Called with a member after each of its epochs, while its status is "training", and once when it has finished
        ("ok") or failed ("failed").
    progress : bool
        Show a progress bar on a terminal or in a notebook.

    Returns
    -------
    Ensemble
        In the order of the members asked for. A member that diverges is marked as failed, with its reason.

    Raises
    ------
    ValueError
        If configuration and data do not fit together, or a checkpoint is of another fit.

    Examples
    --------
    >>> import motiflens as ml
    >>> data = ml.data.simulate.multi_motif(600, seed=1)
    >>> quick = ml.training.protocol.REFERENCE.replace(max_epochs=1)
    >>> networks = ml.fit("C24", data, n_members=1, protocol=quick, progress=False)
    >>> networks[0].label_names[:2]
    ('Arid3a', 'CEBPB')
    """
    config = configuration_of(model, dataset, activation)
    if members is None:
        check_members(n_members)
    numbers = range(n_members) if members is None else members
    protocol = suited_protocol(REFERENCE, dataset) if protocol is None else protocol
    with progress_bar("training", progress=progress) as tell:
        course = _Course(tell, len(numbers), protocol.max_epochs, on_news)
        part = Part(
            config=config,
            members=numbers,
            checkpoint_dir=checkpoint_dir,
            on_news=course.hear,
        )
        return fit_together(
            [part],
            dataset,
            protocol=protocol,
            seed=seed,
            data_seed=data_seed,
            device=device,
            engine=engine,
            precision=precision,
        )[0]


def configuration_of(model: NetworkConfig | str, dataset: SequenceDataset, activation: str | None) -> NetworkConfig:
    """Configuration of a named architecture for a data set; a configuration comes back as it is."""
    if isinstance(model, HybridConfig | PublishedConfig):
        return model
    if not isinstance(model, str):
        raise InputError(f"expected the name of an architecture or a configuration, got {type(model).__name__}")
    return network_config(
        model,
        length=dataset.length,
        activation=activation,
        task=sizes_of(dataset.n_outputs),
        n_outputs=dataset.n_outputs,
    )


class _Course:
    """The share of a fit that is done, from what its members say; passes on what they say."""

    def __init__(self, tell: Tell, n_members: int, max_epochs: int, on_news: OnMember | None) -> None:
        self.tell, self.n_members, self.max_epochs, self.on_news = tell, n_members, max_epochs, on_news
        self.shares: dict[int, float] = {}

    def hear(self, member: Member) -> None:
        """A member has trained an epoch, finished or failed."""
        self.shares[member.index] = member.n_epochs / self.max_epochs if member.status == "training" else 1.0
        self.tell(sum(self.shares.values()) / self.n_members)
        if self.on_news is not None:
            self.on_news(member)


def fit_together(
    parts: Sequence[Part],
    dataset: SequenceDataset,
    *,
    protocol: Protocol = REFERENCE,
    seed: int = 0,
    data_seed: int = 0,
    device: str = "auto",
    engine: str = "auto",
    precision: str = "float32",
) -> list[Ensemble]:
    """Train the members of several configurations as one stack, such as both activations of one architecture.

    Meant for GPUs: a stack of both takes half as many operations as one of each. Every member becomes what it becomes
    in a `fit` of its own configuration, and either goes on from the other's checkpoints.

    Parameters
    ----------
    parts : sequence of Part
        Their configurations differ at most in `activation`.
    dataset, protocol, seed, data_seed, device, engine, precision
        As for `fit`.

    Returns
    -------
    list of Ensemble
        One per part.

    Raises
    ------
    ValueError
        As `fit`; or if the configurations cannot be stacked, or two parts name one checkpoint folder.
    """
    hybrids = [part.config for part in parts if isinstance(part.config, HybridConfig)]
    if hybrids and len(hybrids) < len(parts):
        raise InputError("published networks train apart from those of the study: fit them one after the other")
    check_stackable(hybrids)
    for part in parts:
        check_fit(part.config, dataset, protocol)
    folders = [Path(part.checkpoint_dir).resolve() for part in parts if part.checkpoint_dir is not None]
    if len(set(folders)) < len(folders):
        raise InputError("each part needs a checkpoint folder of its own, got the same one twice")
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    target = resolve_device(device)
    kind = _choose_engine(engine, target) if hybrids else PlainEngine
    shared = (protocol, seed, data_seed, fingerprint(dataset), kind.__name__, precision)
    checkpoints = [Checkpoints(part.checkpoint_dir, repr((part.config, *shared))) for part in parts]
    wanted = [
        [Trainee(part, own, protocol, index, seed) for index in part.members]
        for part, own in zip(parts, checkpoints, strict=True)
    ]
    training = Training(dataset, protocol, data_seed, target)
    with single_threaded(target) if hybrids else nullcontext():
        _train([trainee for trainees in wanted for trainee in trainees], training, kind, target, precision)
    for part, own in zip(parts, checkpoints, strict=True):
        own.close(part.members)
    return [
        Ensemble(part.config, protocol.to_dict(), [trainee.member for trainee in trainees])
        for part, trainees in zip(parts, wanted, strict=True)
    ]


def _train(
    trainees: list[Trainee], training: Training, kind: type[Engine], device: torch.device, precision: str
) -> None:
    """Train all members as one stack; those that were interrupted an epoch further on, as a stack of their own."""
    states = [trainee.resume() for trainee in trainees]
    protocol = training.protocol
    for epoch in sorted({trainee.schedule.epoch for trainee in trainees}):
        rows = [i for i, trainee in enumerate(trainees) if trainee.schedule.epoch == epoch]
        stack = [trainees[i] for i in rows]
        networks = [new_network(t.part.config, protocol, t.member.seed).to(device) for t in stack]
        engine = kind(networks, protocol, [t.member.seed for t in stack], precision, training.loss)
        for position, i in enumerate(rows):
            if (state := states[i]) is not None:
                engine.load_state(position, state["engine"])
        with keep_freed_memory():
            training.run(stack, engine)


def _choose_engine(engine: str, device: torch.device) -> type[Engine]:
    if engine == "auto":
        engine = "loop" if device.type == "cpu" else "stacked"
    if engine not in ENGINES:
        raise InputError(f"engine must be one of auto, {', '.join(ENGINES)}, got {engine!r}")
    return ENGINES[engine]
