"""Motif sets and files."""

from pathlib import Path
from typing import Annotated

import typer

from motiflens.cli.messages import print_json
from motiflens.cli.options import Json, writable_file

app = typer.Typer(help="List and convert motif files.", no_args_is_help=True)


@app.command("list")
def motifs_list(
    source: Annotated[str, typer.Argument(help="JASPAR2020, JASPAR2016-vertebrates, or a file.")] = "JASPAR2020",
    as_json: Json = False,
) -> None:
    """List the motifs of a set or a file."""
    from motiflens.motifs.sets import load_motifs

    motifs = load_motifs(source)
    if as_json:
        print_json([{"id": m.id, "name": m.name, "width": m.width, "n_sites": m.n_sites} for m in motifs])
    else:
        for motif in motifs:
            typer.echo(f"{motif.id}\t{motif.name}\t{motif.width}")


@app.command("convert")
def motifs_convert(
    source: Annotated[str, typer.Argument(help="Motif set, or a MEME or JASPAR file.")],
    out: Annotated[Path, typer.Argument(callback=writable_file, help="MEME file to write.")],
) -> None:
    """Write a motif set or file as a MEME file."""
    from motiflens.motifs.sets import load_motifs, write_meme

    motifs = load_motifs(source)
    write_meme(out, motifs)
    typer.echo(f"{out}: {len(motifs)} motifs", err=True)
