"""Train many initialisations of one architecture.

Member i of an ensemble has its own seed, derived from `seed` and i, for its initial weights and its dropout. The order
of the batches depends on `data_seed` and is the same for all members. So in exact arithmetic, a member does not depend
on the other members that are trained together with it. In float64 this holds to the last significant digits. In
float32, sums are rounded differently in another stack, and training amplifies such differences. So a member that is
resumed in another stack becomes another network from the same distribution.
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
    """Train several initialisations of one architecture on one data set, all together.

    Each member has its own learning-rate decay, early stopping and best weights. A member that has finished or failed
    leaves the stack, and the others go on.

    Parameters
    ----------
    model : str, HybridConfig or PublishedConfig
        Name of an architecture (see `list_models`), whose length and number of outputs are set from the data; or a
        configuration.
    dataset : SequenceDataset
        With training and validation sequences. Without test sequences there are no test metrics.
    n_members : int
        Members 0 to n_members - 1 are trained.
    activation : str, optional
        Activation of the first layer, if `model` is a name: "exponential" or "relu"; by default "exponential", and for
        a published network the published one.
    protocol : Protocol, optional
        By default `REFERENCE` with the objective and batch size that suit the data (`suitability.suited_protocol`).
        Networks from a regression predict in the unit of the targets.
    seed : int
        Seed of initial weights and dropout, together with a member's number.
    data_seed : int
        Seed of the order of batches, which is the same for all members.
    members : sequence of int, optional
        Train these members instead, such as `range(10, 20)` to extend an earlier ensemble.
    device : str
        "auto", "cpu", "cuda", ...
    engine : str
        How hybrid networks are trained; published networks have their own engine. "loop" runs members one by one as
        modules, which suits CPUs. "stacked" computes all members in each operation, as a CUDA graph on a GPU. "auto"
        chooses by the device. Dropout masks differ between engines.
    precision : str
        Precision of matrix products in training: "float32", or "bfloat16" for their factors.
    checkpoint_dir : path, optional
        Folder for the state of each member after every epoch, from which the same call resumes. A member's file is
        removed when it has finished and `on_news` has returned, or when the fit ends.
    on_news : callable, optional
        Called with a member after each of its epochs, while its status is "training", and once when it has finished
        ("ok") or failed ("failed").
    progress : bool
        Show a progress bar on a terminal or in a notebook.

    Returns
    -------
    Ensemble
        In the requested order of members. A member that diverges is marked as failed, with the reason.

    Raises
    ------
    ValueError
        If configuration and data do not fit, or a checkpoint is of another fit.

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
    """Configuration of a named architecture for a data set; a configuration is returned unchanged."""
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
    """Train members of several configurations as one stack, such as both activations of one architecture.

    This is meant for GPUs, because one stack takes half as many operations as two. Every member is the same as in a
    `fit` of its own configuration, and each of the two functions can resume from the other's checkpoints.

    Parameters
    ----------
    parts : sequence of Part
        Their configurations differ at most in `activation`.
    dataset, protocol, seed, data_seed, device, engine, precision
        As for `fit`.

    Returns
    -------
    list of Ensemble
        One for each part.

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
