"""Write the JASPAR sets that come with the package: python scripts/make_jaspar.py [folder].

Counts are written as JASPAR has them, so the files hold the matrices without loss. Needs pyjaspar.
"""

import argparse
import gzip
from pathlib import Path
from typing import Any

import pyjaspar
from pyjaspar import jaspardb

SETS: dict[str, tuple[str, dict[str, Any]]] = {
    "JASPAR2016-vertebrates": ("JASPAR2016", {"tax_group": ["vertebrates"]}),
    "JASPAR2020": ("JASPAR2020", {"all_versions": True}),
    **{
        f"JASPAR2026-{taxon}": ("JASPAR2026", {"tax_group": [taxon]})
        for taxon in ("vertebrates", "plants", "insects", "fungi", "nematodes")
    },
}


def format_count(count: float) -> str:
    """Return the shortest text that reads back as the same number."""
    return str(int(count)) if count == int(count) else repr(count)


def format_motif(motif: Any) -> str:
    """Return one motif in JASPAR's format."""
    lines = [f">{motif.matrix_id}\t{motif.name}"]
    for base in "ACGT":
        counts = " ".join(format_count(count) for count in motif.counts[base])
        lines.append(f"{base} [ {counts} ]")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    default = Path(__file__).parents[1] / "src" / "motiflens" / "resources"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    folder: Path = parser.parse_args().folder
    for name, (release, selection) in SETS.items():
        motifs = jaspardb(release=release).fetch_motifs(collection="CORE", **selection)
        text = "".join(map(format_motif, motifs))
        path = folder / f"{name}.jaspar.gz"
        path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        size = f"{path.stat().st_size:,} bytes"
        print(f"{path.name}: {len(motifs)} motifs, {size} (pyjaspar {pyjaspar.__version__})")


if __name__ == "__main__":
    main()
