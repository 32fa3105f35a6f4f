"""Small made-up files with the names that the docs use: python scripts/docs_files.py FOLDER peaks mpra ..."""

import gzip
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from motiflens.motifs.motif import Motif, select_motifs
from motiflens.motifs.sets import load_motifs, write_meme

CTCF, SPI1, GATA = "MA0139.1", "MA0080.4", "MA0035.3"
LETTERS = np.frombuffer(b"ACGT", dtype=np.uint8)
NETWORKS = '''"""A network that motiflens does not know: one-hot DNA (N, 4, L) to one logit."""

from torch import nn


def build():
    return nn.Sequential(
        nn.Conv1d(4, 16, 19, padding=9),
        nn.ReLU(),
        nn.AdaptiveMaxPool1d(4),
        nn.Flatten(),
        nn.Linear(64, 1),
    )
'''


def motifs() -> list[Motif]:
    """CTCF, SPI1 and GATA1 of JASPAR."""
    return select_motifs(load_motifs("JASPAR2020"), [CTCF, SPI1, GATA])


def drawn(motif: Motif, rng: np.random.Generator) -> np.ndarray:
    """A site, drawn from the motif's probabilities."""
    return (rng.random(motif.width) > motif.pwm.cumsum(axis=0)[:3]).sum(axis=0)


def text(codes: np.ndarray) -> str:
    """Letters of codes."""
    return LETTERS[codes].tobytes().decode()


def peaks(folder: Path) -> None:
    """A genome of four chromosomes, and peaks with a CTCF site near the summit; half have an SPI1 site too."""
    rng, (ctcf, spi1, _) = np.random.default_rng(1), motifs()
    lines: list[str] = []
    with gzip.open(folder / "hg38.fa.gz", "wt") as genome:
        for name, n_peaks in (("chr1", 700), ("chr2", 500), ("chr8", 200), ("chr9", 300)):
            codes = rng.choice(4, 1000 * n_peaks, p=[0.29, 0.21, 0.21, 0.29])
            for summit in np.arange(500, len(codes), 1000) + rng.integers(-200, 200, n_peaks):
                for motif, distance, share in ((ctcf, 0, 1.0), (spi1, 40, 0.5)):
                    if rng.random() < share:
                        start = summit + distance + rng.integers(-20, 10)
                        codes[start : start + motif.width] = drawn(motif, rng)
                lines.append(f"{name}\t{summit - 150}\t{summit + 150}\tpeak{len(lines)}\t0\t.\t9.0\t20.0\t15.0\t150\n")
            genome.write(f">{name}\n{text(codes)}\n")
    (folder / "peaks.narrowPeak").write_text("".join(lines))


def mpra(folder: Path) -> None:
    """Activities of 6,000 sequences: each GATA site adds 1, each SPI1 site takes 0.7 off, with noise of SD 0.3."""
    rng, (_, spi1, gata) = np.random.default_rng(2), motifs()
    lines = ["sequence\tactivity\n"]
    for _ in range(6000):
        codes, activity = rng.integers(0, 4, 150), rng.normal(0, 0.3)
        for start in (10, 45, 80, 115):
            kind = rng.integers(0, 4)
            if kind < 2:
                motif, effect = ((gata, 1.0), (spi1, -0.7))[kind]
                codes[start : start + motif.width] = drawn(motif, rng)
                activity += effect
        lines.append(f"{text(codes)}\t{activity:.3f}\n")
    (folder / "mpra.tsv").write_text("".join(lines))


def fasta(folder: Path) -> None:
    """Sequences with and without a CTCF site."""
    rng, (ctcf, *_) = np.random.default_rng(3), motifs()
    for name, n, with_site in (("bound.fa", 200, True), ("unbound.fa", 200, False), ("new.fa", 20, True)):
        records = []
        for i in range(n):
            codes = rng.integers(0, 4, 200)
            if with_site:
                codes[90 : 90 + ctcf.width] = drawn(ctcf, rng)
            records.append(f">{name}{i}\n{text(codes)}\n")
        (folder / name).write_text("".join(records))


def model(folder: Path) -> None:
    """networks.py with a function `build`, and weights for it."""
    import torch

    (folder / "networks.py").write_text(NETWORKS)
    names: dict[str, Callable] = {}
    exec(NETWORKS, names)
    torch.manual_seed(0)
    torch.save(names["build"]().state_dict(), folder / "weights.pt")


def meme(folder: Path) -> None:
    """Motifs in MEME's and in HOMER's format."""
    write_meme(motifs(), folder / "motifs.meme")
    rows = ("\n".join("\t".join(f"{p:.3f}" for p in column) for column in motif.pwm.T) for motif in motifs())
    both = zip(motifs(), rows, strict=True)
    (folder / "motifs.homer").write_text("".join(f">{m.name}\t{m.id}\t6.0\n{row}\n" for m, row in both))


def data(folder: Path) -> None:
    """peaks.h5: a small data set of 200 bp with one label."""
    from motiflens.data.io import write_hdf5
    from motiflens.data.simulate import billboard

    write_hdf5(billboard(400, seed=1), folder / "peaks.h5")


def results(folder: Path) -> None:
    """The stored records of the studies."""
    (folder / "results").symlink_to(Path(__file__).parents[1] / "results")


FILES = {one.__name__: one for one in (peaks, mpra, fasta, model, meme, data, results)}


def make(names: Iterable[str], folder: Path) -> None:
    """Write the files of these names into a folder."""
    for name in names:
        FILES[name](folder)


if __name__ == "__main__":
    make(sys.argv[2:], Path(sys.argv[1]))
