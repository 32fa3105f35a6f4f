"""CPU time of the simulators against placing and sampling sequence by sequence.

Run: python benchmarks/simulate_speed.py [--alternative-sequences 2000]

The alternative builds the (4, L) matrix of each sequence in a Python loop and samples it, once base by base
and once with all bases of a sequence in one NumPy call. It is timed on fewer sequences and scaled up.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from setting import print_race, print_setting

from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate import (
    TASK1_MOTIF_COUNTS,
    TASK1_MOTIFS,
    TASK2_CORE,
    TASK2_MOTIF_COUNTS,
    billboard,
    multi_motif,
    task2_background,
)
from motiflens.motifs.sets import load_motifs, select_motifs

LENGTH = 200
Sampler = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def place(pwms: Sequence[np.ndarray], motif_counts: Mapping[int, float], rng: np.random.Generator) -> np.ndarray:
    """Build the matrix, shape=(4, LENGTH), of one sequence."""
    k = rng.choice(list(motif_counts), p=list(motif_counts.values()))
    drawn = [pwms[index] for index in rng.integers(0, len(pwms), size=k)]
    free = LENGTH - sum(pwm.shape[1] for pwm in drawn)
    while True:
        shares = rng.random(k + 1)
        gaps = np.round(shares / shares.sum() * free).astype(int)
        if gaps.sum() == free:
            break
    pieces = [np.full((4, gaps[0]), 0.25)]
    for pwm, gap in zip(drawn, gaps[1:], strict=True):
        pieces += [pwm, np.full((4, gap), 0.25)]
    return np.concatenate(pieces, axis=1)


def sample_by_base(matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    cumulative = matrix.cumsum(axis=0)
    draws = rng.random(LENGTH)
    codes = np.empty(LENGTH, dtype=np.uint8)
    for position in range(LENGTH):
        codes[position] = next((base for base in range(3) if draws[position] < cumulative[base, position]), 3)
    return codes


def sample_by_sequence(matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (rng.random(LENGTH) >= matrix.cumsum(axis=0)[:3]).sum(axis=0).astype(np.uint8)


def both_strands(ids: Sequence[str]) -> list[np.ndarray]:
    motifs = select_motifs(load_motifs("JASPAR2016-vertebrates"), ids)
    return [one.pwm for motif in motifs for one in (motif, motif.reverse_complement())]


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the shortest CPU time of some repeats."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def loop(
    pools: Sequence[Sequence[np.ndarray]], counts: Mapping[int, float], sample: Sampler, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate n sequences one by one, taking turns between the pools of motifs."""
    rng = np.random.default_rng(0)
    codes = np.empty((n, LENGTH), dtype=np.uint8)
    truth = np.empty((n, 4, LENGTH), dtype=np.float32)
    for row in range(n):
        truth[row] = place(pools[row % len(pools)], counts, rng)
        codes[row] = sample(truth[row], rng)
    return codes, truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alternative-sequences", type=int, default=2000)
    n_timed = parser.parse_args().alternative_sequences
    print_setting()
    core, background = both_strands(TASK2_CORE), both_strands(task2_background())
    compare("multi_motif", multi_motif, 30_000, [both_strands(TASK1_MOTIFS)], TASK1_MOTIF_COUNTS, n_timed)
    compare("billboard", billboard, 20_000, [core, core + background], TASK2_MOTIF_COUNTS, n_timed)


def compare(
    name: str,
    simulate: Callable[[int], SequenceDataset],
    n: int,
    pools: Sequence[Sequence[np.ndarray]],
    counts: Mapping[int, float],
    n_timed: int,
) -> None:
    """Print times for n sequences and their ratios."""
    simulate(100)  # loads the motifs
    ours = cpu_seconds(lambda: simulate(n), 3)
    with_matrices = cpu_seconds(lambda: expand(simulate(n)), 3)
    print(f"{name}, {n:,} sequences: {ours:.3f} CPU s; with all ground-truth matrices {with_matrices:.3f} s")
    for sampler in (sample_by_base, sample_by_sequence):
        theirs = cpu_seconds(partial(loop, pools, counts, sampler, n_timed), 1) * n / n_timed
        label = sampler.__name__.replace("_", " ")
        ratios = f"{theirs / ours:.0f}x ({theirs / with_matrices:.0f}x with the matrices)"
        print(f"  loop over sequences, {label}: {theirs:.2f} CPU s, ratio {ratios}")
        print_race(f"{n:,} sequences with truth, {name}", ours, f"a loop over sequences, {label}", theirs)


def expand(dataset: SequenceDataset) -> np.ndarray | None:
    return dataset.truth.matrix() if dataset.truth else None


if __name__ == "__main__":
    main()
