"""Which motifs work together in trained networks."""

import shlex
import sys
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from motiflens.basics.choices import did_you_mean
from motiflens.basics.errors import InputError
from motiflens.cli.commands import Argument, Option
from motiflens.cli.errors import in_shell
from motiflens.cli.loading import check_model, networks_of, one_thread
from motiflens.cli.messages import BEAT, note_outputs, percentage, print_json, working
from motiflens.cli.options import DATABASE, Bases, DataFile, Json, Layout, Output, Weights, split_names, writable_file

if TYPE_CHECKING:
    from torch import nn

    from motiflens.data.dataset import SequenceDataset
    from motiflens.interpret.interactions import InteractionTable
    from motiflens.motifs.sets import Motif

_MOST_MOTIFS = 60  # pairs, and time, grow with the square
_N_ALIGNED = 2_000  # sequences on which filters are aligned to look up what they are like


def interactions(
    model: Annotated[
        str,
        Argument(
            help="Folder of a saved network, or of an ensemble: OUT of train; or module:function or file.py:function "
            "that makes a PyTorch model."
        ),
    ],
    data: DataFile,
    weights: Weights = None,
    layout: Layout = "auto",
    bases: Bases = "ACGT",
    output: Output = "auto",
    method: Annotated[
        str,
        Option(
            help="insertion, mutagenesis, feature_maps, attention, attention_rollout, attention_gradient "
            "or filter_correlation."
        ),
    ] = "insertion",
    motifs: Annotated[
        str | None,
        Option(
            help="Motif set or file. Default: the motifs of simulated data; else those of JASPAR2026-vertebrates that "
            "filters look like."
        ),
    ] = None,
    names: Annotated[str | None, Option(help="Only these motifs, by id or name: MA0466.2,SP1.")] = None,
    q: Annotated[float, Option(help="Largest q-value of a pair that is called.")] = 0.1,
    target: Annotated[
        str | None,
        Option(help="Which output, by number or label's name. Default: the first, or the second of two classes."),
    ] = None,
    n_null: Annotated[int, Option(help="Shuffled copies of motifs in the null distribution.")] = 200,
    n_sequences: Annotated[int, Option(help="Largest number of positives, and of background sequences.")] = 500,
    few_motifs: Annotated[
        bool,
        Option("--few-motifs", help="Call pairs even with fewer than five motifs, without the second test."),
    ] = False,
    seed: Annotated[int, Option(min=0, help="The same seed gives the same table.")] = 0,
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    out: Annotated[
        list[Path] | None,
        Option("--out", "-o", callback=writable_file, help="TSV or HTML file; may be given twice, for both."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find pairs of motifs whose joint effect differs from the sum of their single effects."""
    _check_options(q, out)
    with working("interactions", f"reading {data.name}"):
        from motiflens.data.io import read_hdf5
        from motiflens.interpret.interactions import Settings
        from motiflens.interpret.interactions import interactions as measure
        from motiflens.models.any_model import model_summary
        from motiflens.models.devices import resolve_device
        from motiflens.models.foreign import chosen_output
        from motiflens.motifs.sets import distinct_names
        from motiflens.motifs.truth import SiteTruth

        settings = Settings(n_null=n_null, n_sequences=n_sequences, few_motifs=few_motifs, seed=seed)
        check_model(model)
        one_thread()
        dataset = read_hdf5(data)
        processor = resolve_device(device)
    reading = {"layout": layout, "bases": bases, "output": output}
    by_filters = motifs is None and not isinstance(dataset.truth, SiteTruth)
    networks = [network.to(processor) for network in networks_of(model, dataset.codes, weights, reading, by_filters)]
    number = chosen_output(target, networks, dataset)
    note_outputs(model_summary(networks[0]).n_outputs, dataset, number)
    if not len(dataset.test):
        click.echo(
            "note: the data hold no test sequences, so that all are read, those of training among them", err=True
        )
    chosen = _choose_motifs(motifs, split_names(names), dataset, networks)
    labels = distinct_names(chosen)
    versions = [label for label, motif in zip(labels, chosen, strict=True) if motif.name not in ("", label)]
    if versions:
        click.echo(f"note: several motifs have one name, and count as different: {', '.join(versions)}", err=True)
    settings = replace(settings, n_null=max(n_null, 2 * len(chosen)))  # the least that many motifs need
    with percentage(method, beat=BEAT) as tell:
        table = measure(networks, dataset, chosen, settings, method=method, target=number, progress=tell)
    with percentage("writing", beat=BEAT):
        for path in out or ():
            _write(path, table, chosen, dataset, number, q, data)
    if as_json:
        facts = {"method": table.method, "unit": table.unit, "n_members": table.n_members, "caution": table.caution}
        print_json({**facts, "n_calls": len(table.calls(q)), "pairs": [one._asdict() for one in _named(table, chosen)]})
        return
    for row in table.calls(q):
        where = "" if row.gap != row.gap else f"  gap {row.gap:g} bp ({row.gap_low:g} to {row.gap_high:g})"
        agree = f"{row.n_agree} of {table.n_members} networks agree"
        pair = f"{labels[row.i]} + {labels[row.j]}"
        click.echo(
            f"{pair:24}  effect {row.effect:+.3f}  q {row.q_value:.2g}{where}  {row.orientation or 'any'}  {agree}"
        )
    above, below = (len(table.calls(q, sign=sign)) for sign in "+-")
    calls = f"{above + below} of {len(table)} pairs are called at q <= {q} ({table.method}, in {table.unit})"
    click.echo(f"{calls}: {above} with an effect above 0, {below} below")
    if table.caution:
        click.echo(f"caution: {in_shell(table.caution)}", err=True)


def _check_options(q: float, out: list[Path] | None) -> None:
    if not 0 < q <= 1:
        raise InputError(f"--q must be above 0 and at most 1, got {q}")
    for path in out or ():
        if path.suffix not in (".tsv", ".html"):
            raise InputError(f"--out must name a .tsv or .html file, got {str(path)!r}")


def _choose_motifs(
    name: str | None, wanted: tuple[str, ...] | None, dataset: "SequenceDataset", networks: "Sequence[nn.Module]"
) -> "list[Motif]":
    from motiflens.motifs.sets import load_motifs
    from motiflens.motifs.truth import SiteTruth

    if name is not None:
        found = list(load_motifs(name))
    elif isinstance(dataset.truth, SiteTruth):
        found = list(dataset.truth.motifs)
    else:
        found = _motifs_of_filters(networks, dataset)
    if wanted is not None:
        labels = {label for motif in found for label in (motif.id, motif.name)}
        unknown = [label for label in wanted if label not in labels]
        if unknown:
            hint = did_you_mean(unknown[0], sorted(labels))
            raise InputError(f"there is no motif {unknown[0]!r} among the {len(found)} motifs{hint and '; ' + hint}")
        found = [motif for motif in found if motif.id in wanted or motif.name in wanted]
    if len(found) > _MOST_MOTIFS:
        raise InputError(
            f"expected at most {_MOST_MOTIFS} motifs, got {len(found)}: choose some with --names, "
            "such as those that motiflens filters finds"
        )
    return found


def _motifs_of_filters(networks: "Sequence[nn.Module]", dataset: "SequenceDataset") -> "list[Motif]":
    """What the filters look like, the surest first; on standard error, since it shapes what can be found."""
    from motiflens.basics.inputs import as_sequences
    from motiflens.interpret.spike_in import candidate_motifs

    codes = dataset.codes[as_sequences(dataset).audited_rows()[:_N_ALIGNED]]
    with percentage("filters", beat=BEAT):
        found = candidate_motifs(networks, codes, database=DATABASE, max_width=dataset.length // 2)[:_MOST_MOTIFS]
    if len(found) < 2:
        raise InputError(
            f"expected filters of two kinds of motifs in {DATABASE}, got {len(found)}: name motifs with --motifs, "
            "a motif set or a MEME file"
        )
    listed = ", ".join(motif.name or motif.id for motif in found)
    click.echo(f"{len(found)} motifs of {DATABASE} that filters look like: {listed}", err=True)
    return found


def _named(table: "InteractionTable", motifs: "list[Motif]") -> list[Any]:
    """Rows of the table with the names of both motifs."""
    from motiflens.interpret.interactions import Interaction

    row_type = namedtuple("row_type", (*Interaction._fields, "name_i", "name_j"))  # type: ignore[misc]
    return [row_type._make([*row, motifs[row.i].name, motifs[row.j].name]) for row in table.rows]


def _write(
    path: Path,
    table: "InteractionTable",
    motifs: "list[Motif]",
    dataset: "SequenceDataset",
    target: int,
    q: float,
    data: Path,
) -> None:
    from motiflens.basics.files import write_tsv
    from motiflens.basics.inputs import as_sequences
    from motiflens.report.interactions import write_interaction_page

    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".tsv":
        write_tsv(_named(table, motifs), path)
        return
    given = as_sequences(dataset)
    rows = given.rows_of_class(target, positive=True)
    label = dataset.label_names[given.label_of(target)]
    part = "test sequences" if len(dataset.test) else "sequences"
    facts = f"Positives: the {len(rows):,} {part} of {data.name} with label {label!r}. Output {target} of the networks."
    command = shlex.join(["motiflens", *sys.argv[1:]])
    write_interaction_page(table, motifs, path, sequences=dataset.codes[rows], q=q, facts=facts, command=command)
