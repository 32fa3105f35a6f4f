"""CPU time and peak memory of importing sequences, against one sequence at a time.

Run: python benchmarks/import_speed.py [--sequences 100000] [--length 500] [--genome-bases 200000000]

Ours is the whole import: parsed, checked, split, with names, and for BED also from gzip and without an index. The
alternative is a Python loop that only encodes: over pyfaidx records or fetches (index made before), and over Biopython
records where it is installed. Each runs in a process of its own on one thread; memory is the process's peak, libraries
included.
"""

import argparse
import gzip
import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from setting import print_race, print_setting

N_CONTIGS = 4
LINE = 60


def write_files(folder: Path, n: int, length: int, genome_bases: int) -> None:
    """Write a random genome (plain, plain with an index, gzip), intervals in it, and sequences in FASTA."""
    import pyfaidx

    rng = np.random.default_rng(0)
    per_contig = genome_bases // N_CONTIGS // LINE * LINE
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    with (folder / "genome.fa").open("wb") as file:
        for contig in range(1, N_CONTIGS + 1):
            lines = np.full((per_contig // LINE, LINE + 1), ord("\n"), dtype=np.uint8)
            lines[:, :LINE] = letters[rng.integers(0, 4, (per_contig // LINE, LINE), dtype=np.uint8)]
            file.write(b">chr%d\n" % contig + lines.tobytes())
    (folder / "indexed.fa").hardlink_to(folder / "genome.fa")
    pyfaidx.Faidx(str(folder / "indexed.fa")).close()
    with (
        (folder / "genome.fa").open("rb") as plain,
        gzip.open(folder / "genome.fa.gz", "wb", compresslevel=1) as packed,
    ):
        shutil.copyfileobj(plain, packed)
    starts = rng.integers(0, per_contig - length, n)
    contigs = rng.integers(1, N_CONTIGS + 1, n)
    rows = [f"chr{contig}\t{start}\t{start + length}\n" for contig, start in zip(contigs, starts, strict=True)]
    (folder / "peaks.bed").write_text("".join(rows))
    with (folder / "sequences.fa").open("wb") as file:
        for row in range(n):
            file.write(b">s%d\n" % row + letters[rng.integers(0, 4, length)].tobytes() + b"\n")


def fasta_ours(folder: Path, length: int) -> np.ndarray:
    from motiflens.data.io import read_fasta

    return read_fasta(folder / "sequences.fa").codes


def fasta_biopython(folder: Path, length: int) -> np.ndarray:
    from Bio import SeqIO

    return np.stack([encode(bytes(record.seq)) for record in SeqIO.parse(folder / "sequences.fa", "fasta")])


def fasta_pyfaidx(folder: Path, length: int) -> np.ndarray:
    import pyfaidx

    return np.stack([encode(str(record).encode()) for record in pyfaidx.Fasta(str(folder / "sequences.fa"))])


def bed_ours(folder: Path, length: int) -> np.ndarray:
    return read_windows(folder, folder / "indexed.fa", length)


def bed_ours_without_index(folder: Path, length: int) -> np.ndarray:
    return read_windows(folder, folder / "genome.fa", length)


def bed_ours_gzip(folder: Path, length: int) -> np.ndarray:
    return read_windows(folder, folder / "genome.fa.gz", length)


def read_windows(folder: Path, genome: Path, length: int) -> np.ndarray:
    from motiflens.data.io import read_bed

    return read_bed(folder / "peaks.bed", genome, width=length).codes


def bed_pyfaidx(folder: Path, length: int) -> np.ndarray:
    import pyfaidx

    genome = pyfaidx.Fasta(str(folder / "indexed.fa"))
    rows = []
    for line in (folder / "peaks.bed").read_text().splitlines():
        contig, start, end = line.split("\t")
        rows.append(encode(str(genome[contig][int(start) : int(end)]).encode()))
    return np.stack(rows)


TABLE = np.full(256, 4, dtype=np.uint8)
TABLE[np.frombuffer(b"ACGTacgt", dtype=np.uint8)] = [0, 1, 2, 3] * 2


def encode(letters: bytes) -> np.ndarray:
    """Encode one sequence."""
    return TABLE[np.frombuffer(letters, dtype=np.uint8)]


WAYS: dict[str, Callable[[Path, int], np.ndarray]] = {
    way.__name__: way
    for way in (
        fasta_ours, fasta_biopython, fasta_pyfaidx, bed_ours, bed_ours_without_index, bed_ours_gzip, bed_pyfaidx
    )
}  # fmt: skip


def measure(name: str, folder: Path, length: int) -> None:
    """Print CPU seconds without imports, peak megabytes and a sum of the codes of one way, as JSON."""
    import motiflens.data.io  # noqa: F401  (its import is no part of the time)

    start = time.process_time()
    codes = WAYS[name](folder, length)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "sum": int((codes * np.arange(length)).sum())}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=100_000)
    parser.add_argument("--length", type=int, default=500)
    parser.add_argument("--genome-bases", type=int, default=200_000_000)
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure[0], Path(arguments.measure[1]), arguments.length)
        return
    print_setting()
    print(f"{arguments.sequences:,} sequences of {arguments.length} bp, genome of {arguments.genome_bases:,} bp")
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), arguments.sequences, arguments.length, arguments.genome_bases)
        for kind in ("fasta", "bed"):
            compare(kind, folder, arguments.sequences, arguments.length)


def compare(kind: str, folder: str, n: int, length: int) -> None:
    """Print all ways to import one kind of file."""
    names = [name for name in WAYS if name.startswith(kind)]
    if importlib.util.find_spec("Bio") is None:
        names = [name for name in names if not name.endswith("biopython")]
    results = {}
    for name in names:
        command = [sys.executable, __file__, "--length", str(length), "--measure", name, folder]
        one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
        results[name] = json.loads(subprocess.run(command, check=True, capture_output=True, env=one_thread).stdout)
    if len({result["sum"] for result in results.values()}) > 1:
        raise RuntimeError(f"the ways to read {kind} differ in what they read")
    ours = results[f"{kind}_ours"]["seconds"]
    for name, result in results.items():
        ratio = f"{result['seconds'] / ours:.1f}x"
        print(f"  {name.replace('_', ' '):24s} {result['seconds']:6.2f} CPU s  {result['peak']:5.0f} MB peak  {ratio}")
        if name != f"{kind}_ours":
            way = name.partition("_")[2].replace("_", " ")
            print_race(f"{n:,} sequences of {length} bp from {kind.upper()}", ours, way, result["seconds"])


if __name__ == "__main__":
    main()
