"""Negatives for data with positives only: shuffled positives, or windows of the genome with the same GC content."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.choices import check_count
from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN, gc_content
from motiflens.basics.shuffle import dinucleotide_shuffle
from motiflens.data.dataset import SequenceDataset, concatenate
from motiflens.data.io.bed_file import read_bed_file
from motiflens.data.io.genome import Genome
from motiflens.data.io.intervals import Intervals, intervals_of_names
from motiflens.data.splits import SPLITS, close_names

_FIRST_DRAW = 20  # candidates per negative wanted in the first round; each round draws twice as many as the one before
_N_ROUNDS = 5
_LEAST_DRAW = 2_000


def add_shuffled(dataset: SequenceDataset, *, ratio: int = 1, seed: int = 0) -> SequenceDataset:
    """Append dinucleotide shuffles of the positives, with label 0, each in the split of its positive.

    They have the GC content and the dinucleotide counts of the positives, but not the features of a genome (repeats,
    nucleosomes, other motifs). So a network may recognise them by other features than the motifs of interest.

    Parameters
    ----------
    dataset : SequenceDataset
        Data with labels 0 and 1; a positive has at least one label of 1.
    ratio : int
        Shuffles of each positive.
    seed : int

    Returns
    -------
    dataset : SequenceDataset
        The old sequences, then the new; metadata say so.

    Raises
    ------
    ValueError
        If ratio is below 1, labels are not 0 and 1, no sequence is positive, or the data have ground truth.
    """
    source = np.repeat(_positives(dataset, ratio), ratio)
    names = None
    if dataset.names is not None:
        names = [f"{name}_shuffled_{i % ratio}" for i, name in enumerate(dataset.names[source])]
    added = SequenceDataset.from_arrays(
        dinucleotide_shuffle(dataset.codes[source], seed),
        np.zeros((len(source), dataset.n_outputs)),
        label_names=dataset.label_names,
        split=dataset.split[source],
        names=names,
    )
    return _joined(dataset, added, {"method": "dinucleotide_shuffle", "ratio": ratio, "seed": seed})


def add_gc_matched(
    dataset: SequenceDataset,
    genome: str | Path | Genome,
    *,
    ratio: int = 1,
    bin_width: float = 0.02,
    avoid: Sequence[str | Path] = (),
    max_unknown: float = 0.0,
    seed: int = 0,
) -> SequenceDataset:
    """Append windows of the genome, with label 0, with the same distribution of GC content as the positives.

    Candidates are random tiles of the chromosomes of a split's positives, so splits by chromosome stay separate. They
    overlap neither each other nor any sequence of the data set. In each split, as many candidates are taken from each
    bin of GC content as there are positives in it (times `ratio`). If there are too few, the metadata say how many are
    missing (`n_missing`).

    Parameters
    ----------
    dataset : SequenceDataset
        Data with labels 0 and 1; a positive has at least one label of 1. Names must have genomic positions, as from
        `read_bed` and `bedtools getfasta`.
    genome : path or Genome
        FASTA, plain or gzip.
    ratio : int
        Number of negatives for each positive.
    bin_width : float
        Width of a bin of GC content (from 0 to 1).
    avoid : sequence of path
        BED files of more regions to avoid, such as whole peaks, peaks of other experiments, or blacklisted regions.
    max_unknown : float
        Largest share of unknown bases in a negative.
    seed : int

    Returns
    -------
    dataset : SequenceDataset
        The old sequences, then the new; metadata say so.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If labels are not 0 and 1, no sequence is positive, names have no positions, the genome lacks one of their
        chromosomes or all chromosomes of a file to avoid, or no suitable window is found.
    """
    if not 0 < bin_width <= 1:
        raise InputError(f"bin_width must be above 0 and at most 1, got {bin_width}")
    genome = genome if isinstance(genome, Genome) else Genome(genome)
    positives = _positives(dataset, ratio)
    places = _places(dataset, positives, genome)
    splits = dataset.split_codes[positives]
    tiles = _Tiles.of(genome, places, dataset, avoid)
    need = np.zeros((len(SPLITS), int(1 / bin_width) + 2), dtype=np.int64)  # splits, bins of GC content
    np.add.at(need, (splits, _bins(dataset.codes[positives], bin_width)), ratio)
    allowed = np.zeros((len(SPLITS), len(tiles.contigs)), dtype=bool)
    allowed[splits, [tiles.contigs.index(contig) for contig in places.contig]] = True
    chosen, chosen_splits = _search(tiles, need, allowed, bin_width, max_unknown, np.random.default_rng(seed))
    if not len(chosen.start):
        raise InputError(
            f"{genome.path.name}: found no window of {dataset.length} bp with the GC content of a positive, away from "
            f"all sequences and with at most {max_unknown:.0%} unknown bases"
        )
    added = SequenceDataset.from_arrays(
        genome.windows(chosen),
        np.zeros((len(chosen.start), dataset.n_outputs)),
        label_names=dataset.label_names,
        split=np.array(SPLITS)[chosen_splits],
        names=chosen.names(),
    )
    how = {"method": "gc_matched", "ratio": ratio, "bin_width": bin_width, "seed": seed, "genome": genome.path.name}
    return _joined(dataset, added, {**how, "n_missing": len(positives) * ratio - len(added)})


class _Tiles(NamedTuple):
    """Windows side by side on some chromosomes; chromosomes stand one behind the other on one axis."""

    genome: Genome
    contigs: list[str]
    origin: np.ndarray  # (n_contigs,), where each chromosome begins on the common axis
    first: np.ndarray  # (n_contigs + 1,), number of tiles before each chromosome
    width: int
    taken_starts: np.ndarray  # sorted, on the common axis
    taken_ends: np.ndarray  # sorted

    @classmethod
    def of(cls, genome: Genome, places: Intervals, dataset: SequenceDataset, avoid: Sequence[str | Path]) -> "_Tiles":
        contigs = sorted(set(places.contig))
        lengths = np.array([genome.lengths[contig] for contig in contigs])
        origin = np.cumsum(lengths) - lengths
        taken = [intervals_of_names(dataset.names if dataset.names is not None else ())[1]]
        taken += [_to_avoid(path, genome) for path in avoid]
        index = {contig: i for i, contig in enumerate(contigs)}
        starts, ends = [], []
        for intervals in taken:
            rows = np.array([i for i, contig in enumerate(intervals.contig) if contig in index], dtype=np.int64)
            on = np.array([index[contig] for contig in intervals.contig[rows]], dtype=np.int64)
            starts.append(origin[on] + np.minimum(intervals.start[rows], lengths[on]))
            ends.append(origin[on] + np.minimum(intervals.end[rows], lengths[on]))
        first = np.concatenate([[0], np.cumsum(lengths // dataset.length)])
        sorted_places = (np.sort(np.concatenate(starts)), np.sort(np.concatenate(ends)))
        return cls(genome, contigs, origin, first, dataset.length, *sorted_places)

    def contig(self, tiles: np.ndarray) -> np.ndarray:
        """Index of the chromosome on which each tile lies."""
        return np.searchsorted(self.first, tiles, side="right") - 1

    def intervals(self, tiles: np.ndarray) -> Intervals:
        """Where tiles lie."""
        on = self.contig(tiles)
        start = (tiles - self.first[on]) * self.width
        contigs = np.array(self.contigs, dtype=object)[on]
        return Intervals(contigs, start, start + self.width, np.zeros(len(tiles), dtype=np.int8))

    def free(self, tiles: np.ndarray) -> np.ndarray:
        """Say which tiles overlap nothing that is taken: as many places end before them as begin before their end."""
        on = self.contig(tiles)
        start = self.origin[on] + (tiles - self.first[on]) * self.width
        n_begun = np.searchsorted(self.taken_starts, start + self.width, side="left")
        return n_begun == np.searchsorted(self.taken_ends, start, side="right")

    def bins(self, tiles: np.ndarray, bin_width: float, max_unknown: float) -> np.ndarray:
        """Bin of GC content of each tile; -1 where too many bases are unknown."""
        bins = np.empty(len(tiles), dtype=np.int64)
        if len(tiles):
            for rows, codes in self.genome.blocks(self.intervals(tiles)):
                clear = (codes == UNKNOWN).mean(axis=1) <= max_unknown
                bins[rows] = np.where(clear, _bins(codes, bin_width), -1)
        return bins


def _to_avoid(path: str | Path, genome: Genome) -> Intervals:
    """Places of a BED file; of chromosomes that the genome has not it may have some, as blacklists do, but not all."""
    intervals = read_bed_file(path).intervals
    contigs = dict.fromkeys(intervals.contig)
    if contigs and not any(contig in genome.lengths for contig in contigs):
        first = next(iter(contigs))
        raise InputError(
            f"{path}: {genome.path.name} lacks all its chromosomes, such as {first!r}: "
            f"{close_names(first, genome.lengths)}"
        )
    return intervals


def _search(
    tiles: _Tiles,
    need: np.ndarray,
    allowed: np.ndarray,
    bin_width: float,
    max_unknown: float,
    rng: np.random.Generator,
) -> tuple[Intervals, np.ndarray]:
    """Draw tiles until each split has what it needs (splits, bins), or chances are small; need is used up.

    Returns
    -------
    intervals : Intervals
    splits : np.ndarray, int64, shape=(n,)
    """
    n_tiles, n_wanted = int(tiles.first[-1]), int(need.sum())
    order = rng.permutation(n_tiles)
    # Each tile belongs to one split from the start, so that splits on the same chromosomes share what is rare.
    weight = allowed * need.sum(axis=1, keepdims=True)
    chance = np.cumsum(weight / weight.sum(axis=0), axis=0)  # splits, contigs
    chosen, splits = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    start = 0
    for n_round in range(_N_ROUNDS):
        stop = start + max(_LEAST_DRAW, _FIRST_DRAW * 2**n_round * n_wanted)
        drawn = order[start:stop]
        drawn = drawn[tiles.free(drawn)]
        drawn_bins = tiles.bins(drawn, bin_width, max_unknown)
        owner = (rng.random(len(drawn)) >= chance[:, tiles.contig(drawn)]).sum(axis=0)
        for split, gc_bin in np.argwhere(need > 0):
            fits = np.flatnonzero((drawn_bins == gc_bin) & (owner == split))[: need[split, gc_bin]]
            chosen.append(drawn[fits])
            splits.append(np.full(len(fits), split))
            need[split, gc_bin] -= len(fits)
        start = stop
        if start >= n_tiles or not need.any():
            break
    return tiles.intervals(np.concatenate(chosen)), np.concatenate(splits)


def _positives(dataset: SequenceDataset, ratio: int) -> np.ndarray:
    check_count("ratio", ratio, most=10_000)
    if not dataset.is_binary:
        raise InputError("expected labels 0 and 1 to tell positives from negatives, got other values")
    positives = np.flatnonzero((dataset.y == 1).any(axis=1))
    if not len(positives):
        raise InputError(f"expected positives to match, all labels of {len(dataset)} sequences are 0")
    return positives


def _places(dataset: SequenceDataset, rows: np.ndarray, genome: Genome) -> Intervals:
    names = np.full(len(dataset), "", dtype=object) if dataset.names is None else dataset.names
    found, places = intervals_of_names(names[rows])
    if len(found) < len(rows):
        first = names[rows[np.setdiff1d(np.arange(len(rows)), found)[0]]]
        raise InputError(f"expected names that say where positives lie, such as chr1:1000-1500, got {first!r}")
    for contig in sorted(set(places.contig)):
        if contig not in genome.lengths:
            raise InputError(f"{genome.path.name} lacks {contig!r}: {close_names(contig, genome.lengths)}")
    return places


def _bins(codes: np.ndarray, bin_width: float) -> np.ndarray:
    return (np.nan_to_num(gc_content(codes)) / bin_width + 1e-9).astype(np.int64)


def _joined(dataset: SequenceDataset, added: SequenceDataset, how: dict[str, Any]) -> SequenceDataset:
    history = [*dataset.metadata.get("negatives", []), {**how, "n_added": len(added)}]
    return replace(concatenate([dataset, added]), metadata={**dataset.metadata, "negatives": history})
