"""CPU time and peak memory of a large import, from peaks and a bigWig to HDF5, with the whole report on it.

Run: python benchmarks/large_import.py [--windows 200000] [--length 500] [--labels 0]

A made-up genome in .2bit, peaks in narrowPeak, and a bigWig with a value for every 10 bases are written first. Then
`motiflens data bed PEAKS GENOME --bigwig SIGNAL` runs in a process of its own on one thread, and its parts in another.
With --labels, each peak has that many labels in place of the bigWig's, named in a column.
"""

import argparse
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np
from setting import print_setting

N_CONTIGS, PER_CONTIG, BIN = 4, 20_000_000, 10


def write_genome(path: Path, rng: np.random.Generator) -> None:
    """A random genome in .2bit, without unknown bases."""
    names = [f"chr{i + 1}" for i in range(N_CONTIGS)]
    body_size = 16 + PER_CONTIG // 4
    place = 16 + sum(1 + len(name) + 4 for name in names)
    index = b""
    for name in names:
        index += bytes([len(name)]) + name.encode() + struct.pack("<I", place)
        place += body_size
    with path.open("wb") as file:
        file.write(struct.pack("<4I", 0x1A412743, 0, N_CONTIGS, 0) + index)
        for _ in names:
            packed = rng.integers(0, 256, PER_CONTIG // 4, dtype=np.uint8).tobytes()
            file.write(struct.pack("<4I", PER_CONTIG, 0, 0, 0) + packed)


def write_peaks(path: Path, n: int, length: int, labels: int, rng: np.random.Generator) -> None:
    """Peaks of random places and summits; with labels, the numbers of some of them in column 11."""
    contig = rng.integers(1, N_CONTIGS + 1, n)
    start = rng.integers(length, PER_CONTIG - 2 * length, n)
    summit = rng.integers(0, length, n)
    with path.open("w") as file:
        for c, s, p in zip(contig.tolist(), start.tolist(), summit.tolist(), strict=True):
            named = ",".join(map(str, np.flatnonzero(rng.random(labels) < 0.02))) or "." if labels else "."
            file.write(f"chr{c}\t{s}\t{s + length}\tpeak\t0\t.\t1.5\t3.0\t2.0\t{p}\t{named}\n")


def write_signal(path: Path, rng: np.random.Generator) -> None:
    """A bigWig with a value for every few bases of the first 4 Mb of each chromosome, and of 1 in 50 elsewhere."""
    pybigtools = import_module("pybigtools")

    def rows():  # type: ignore[no-untyped-def]
        for i in range(N_CONTIGS):
            start = np.arange(0, PER_CONTIG, BIN)
            start = start[(start < 4_000_000) | (rng.random(len(start)) < 0.02)]
            for s, v in zip(start.tolist(), rng.gamma(1, 1, len(start)).tolist(), strict=True):
                yield f"chr{i + 1}", s, s + BIN, v

    pybigtools.open(str(path), "w").write({f"chr{i + 1}": PER_CONTIG for i in range(N_CONTIGS)}, rows())


def run(name: str, command: list[str]) -> None:
    """Run a command, and print its CPU time and peak memory."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name}: {seconds:.1f} s of CPU, peak {after.ru_maxrss / 2**20:.2f} GiB", flush=True)


def parts(folder: Path, length: int, labels: int) -> None:
    """CPU time of each part, in this process."""
    from motiflens.data.io import read_bed, write_hdf5
    from motiflens.data.near_duplicates import near_twins
    from motiflens.data.summary import summary

    start = time.process_time()

    def lap(name: str) -> None:
        nonlocal start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"  {name}: {time.process_time() - start:.1f} s of CPU, peak so far {peak:.2f} GiB", flush=True)
        start = time.process_time()

    given = {"label_column": 11} if labels else {"bigwig": folder / "signal.bw"}
    data = read_bed(
        folder / "peaks.narrowPeak", folder / "genome.2bit", width=length, valid=["chr3"], test=["chr4"], **given
    )
    lap("read_bed")
    write_hdf5(data, folder / "parts.h5")
    lap("write_hdf5")
    near_twins(data.codes, data.split_codes)
    lap("near duplicates")
    summary(data)
    lap("summary, with near duplicates again")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=200_000)
    parser.add_argument("--length", type=int, default=500)
    parser.add_argument("--labels", type=int, default=0)
    parser.add_argument("--parts", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.parts is not None:
        parts(arguments.parts, arguments.length, arguments.labels)
        return
    print_setting()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_genome(folder / "genome.2bit", rng)
        write_peaks(folder / "peaks.narrowPeak", arguments.windows, arguments.length, arguments.labels, rng)
        write_signal(folder / "signal.bw", rng)
        labels = ["--label-column", "11"] if arguments.labels else ["--bigwig", str(folder / "signal.bw")]
        size = f"{arguments.windows:,} x {arguments.length} bp, {arguments.labels or 1} label(s)"
        run(
            f"motiflens data bed, {size}",
            [
                sys.executable, "-c", "from motiflens.cli import main; main()", "data", "bed",
                str(folder / "peaks.narrowPeak"),
                str(folder / "genome.2bit"), "--width", str(arguments.length), "--valid", "chr3", "--test", "chr4",
                "-o", str(folder / "out.h5"), *labels,
            ],
        )  # fmt: skip
        print("its parts:")
        same = [str(arguments.length), "--labels", str(arguments.labels)]
        subprocess.run([sys.executable, __file__, "--parts", name, "--length", *same], check=True)


if __name__ == "__main__":
    main()
