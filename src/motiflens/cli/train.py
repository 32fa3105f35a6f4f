"""Training on a data set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motiflens.cli._shared import DataFile, Json, one_thread, print_json, resumable, short

if TYPE_CHECKING:
    from motiflens.member import Member


def train(
    data: DataFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the trained networks.")],
    architecture: Annotated[str, typer.Option(help="One of the study's, e.g. C4C6-Att.")] = "C4C6",
    activation: Annotated[str, typer.Option(help="Of the first layer: exponential or relu.")] = "exponential",
    members: Annotated[int, typer.Option(help="Initialisations to train.")] = 5,
    protocol: Annotated[str, typer.Option(help="REFERENCE or PAPER.")] = "REFERENCE",
    task: Annotated[int, typer.Option(help="Take the study's sizes of task 1 (wide) or 2 (small).")] = 1,
    max_epochs: Annotated[int | None, typer.Option(help="Fewer epochs than the protocol's.")] = None,
    seed: Annotated[int, typer.Option(help="Rules initial weights and dropout.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: Json = False,
) -> None:
    """Train several initialisations of one architecture on a data set; goes on where it was interrupted."""
    from motiflens.ensemble_folder import fit_to_folder
    from motiflens.io import read_hdf5
    from motiflens.models import model_config
    from motiflens.protocol import get_protocol

    one_thread()
    dataset = read_hdf5(data)
    config = model_config(
        architecture, activation=activation, task=task, length=dataset.length, n_outputs=dataset.n_outputs
    )
    chosen = get_protocol(protocol)
    if max_epochs is not None:
        chosen = chosen.replace(max_epochs=max_epochs)
    monitor = chosen.monitor(dataset.n_outputs).upper()

    def tell(member: "Member") -> None:
        loss, metric = member.history["valid_loss"][-1], member.history["valid_metric"][-1]
        epoch = f"member {member.index}  epoch {member.n_epochs:3d}"
        typer.echo(f"{epoch}  validation loss {loss:.4f}  {monitor} {metric:.4f}", err=True)

    with resumable():
        fitted = fit_to_folder(out, config, dataset, members, protocol=chosen, seed=seed, device=device, on_epoch=tell)
    rows = [
        {"member": m.index, "status": m.status, "reason": m.reason, "best_epoch": m.best_epoch, **m.metrics}
        for m in fitted.members
    ]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            typer.echo("  ".join(f"{name} {short(value)}" for name, value in row.items() if value is not None))
