"""Motif sets and files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from motiflens.basics.errors import InputError
from motiflens.cli.commands import Argument, Commands, Option
from motiflens.cli.messages import print_json
from motiflens.cli.options import Json, writable_file

if TYPE_CHECKING:
    from motiflens.motifs.sets import MotifSet

app = Commands("List and convert motif files.")

Format = Annotated[str | None, Option(help="Format of the file, if it is not recognised: see `motifs formats`.")]
Strict = Annotated[bool, Option(help="Refuse a file with a motif that cannot be read, instead of skipping it.")]


@app.register("list")
def motifs_list(
    source: Annotated[
        str, Argument(help="A JASPAR set, such as JASPAR2026-plants, or a file.")
    ] = "JASPAR2026-vertebrates",
    format: Format = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """List the motifs of a set or a file."""
    motifs = read_source(source, format, strict=strict)
    if as_json:
        print_json([{"id": m.id, "name": m.name, "width": m.width, "n_sites": m.n_sites} for m in motifs])
    else:
        for motif in motifs:
            click.echo(f"{motif.id}\t{motif.name}\t{motif.width}")


@app.register("formats")
def motifs_formats(as_json: Json = False) -> None:
    """List the formats of motif files; convert, list and tomtom recognise them."""
    from motiflens.motifs.formats import FORMATS

    if as_json:
        print_json(FORMATS)
        return
    width = max(map(len, FORMATS))
    for name, description in FORMATS.items():
        click.echo(f"{name:{width}}  {description}")


@app.register("convert")
def motifs_convert(
    source: Annotated[str, Argument(help="Motif set, or a motif file of any format.")],
    out: Annotated[Path, Argument(callback=writable_file, help="MEME file to write.")],
    format: Format = None,
    strict: Strict = False,
) -> None:
    """Write a motif set or file as a MEME file, with the background of the file if it has one."""
    from motiflens.motifs.sets import number_ids, write_meme

    motifs = read_source(source, format, strict=strict)
    numbered, renamed = number_ids(motifs)
    for motif_id, ids in renamed.items():
        click.echo(f"note: {len(ids)} motifs are called {motif_id}: written as {', '.join(ids)}", err=True)
    write_meme(numbered, out, background=motifs.background)
    click.echo(f"{out}: {len(motifs)} motifs", err=True)


def tomtom_files(
    queries: Annotated[str, Argument(help="Motif set, or a motif file of any format.")],
    targets: Annotated[str, Argument(help="Motif set, or a motif file of any format.")] = "JASPAR2026-vertebrates",
    q: Annotated[float, Option(help="Largest q-value of a match that is listed.")] = 0.1,
    metric: Annotated[str, Option(help="Column score: pearson or euclidean.")] = "pearson",
    format: Annotated[str | None, Option(help="Format of QUERIES, if it is not recognised.")] = None,
    target_format: Annotated[str | None, Option(help="Format of TARGETS, if it is not recognised.")] = None,
    strict: Strict = False,
    out: Annotated[Path | None, Option("--out", "-o", callback=writable_file, help="TSV file to write.")] = None,
    as_json: Json = False,
) -> None:
    """Match motifs to motifs as TomTom does: p, E and q of the best alignment on either strand."""
    from motiflens.basics.files import write_tsv
    from motiflens.motifs.taxa import taxon_of
    from motiflens.motifs.tomtom import Hit, tomtom

    if not 0 <= q <= 1:
        raise InputError(f"expected --q between 0 and 1, got {q}")
    first = read_source(queries, format, strict=strict)
    second = read_source(targets, target_format, strict=strict, option="--target-format")
    if targets.startswith("JASPAR") and taxon_of(targets) is None and not Path(targets).exists():
        click.echo(
            f"note: {targets} holds motifs of all taxa, so that a match may be another organism's: name a taxon, "
            "as in JASPAR2026-vertebrates",
            err=True,
        )
    result = tomtom(first, second, metric=metric)
    hits = result.hits(q)
    for row, reason in enumerate(result.reasons):
        if reason:
            click.echo(f"note: {result.query_ids[row]} was not matched: {reason}", err=True)
    if out is not None:
        write_tsv(hits, out, kind=Hit)
    matched = len({hit.query_id for hit in hits})
    click.echo(
        f"{len(hits)} matches with q <= {q:g}: {matched} of {len(first)} queries, {len(second)} targets of {targets}",
        err=True,
    )
    if as_json:
        print_json([hit._asdict() for hit in hits])
    elif out is None:
        click.echo("\t".join(Hit._fields))
        for hit in hits:
            click.echo("\t".join(f"{one:.3g}" if isinstance(one, float) else str(one) for one in hit))


def read_source(source: str, format: str | None, *, strict: bool, option: str = "--format") -> "MotifSet":
    """The motifs of a set by name, or of a file; notes go to standard error."""
    from motiflens.basics.choices import check_choice
    from motiflens.motifs.formats import FORMATS
    from motiflens.motifs.sets import MotifSet, load_motifs, read_motifs

    if format is None and not Path(source).exists():
        return MotifSet(load_motifs(source), "jaspar")
    if format is not None:
        check_choice(option, format, list(FORMATS))
    motifs = read_motifs(source, format, strict)
    for note in motifs.notes():
        click.echo(f"note: {source}: {note}", err=True)
    return motifs
