"""Race motiflens.motifs.tomtom against memelite.tomtom, and time its first call in a fresh process.

    python benchmarks/tomtom_speed.py [--queries filters.meme] [--database JASPAR2020] [--repeats 5]

Both get the same queries and targets, Euclidean scores (memelite has no other) and one thread, and are warm: the
first call of each, which compiles memelite, is not counted. Times are process CPU seconds, the best of the
repeats. memelite runs as it comes (similar target columns merged) and with every column kept, as motiflens does.
It estimates medians on a grid and knows no pseudocount, so that its p-values differ a little.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from setting import print_race, print_setting

from motiflens.motifs.sets import Motif, load_motifs
from motiflens.motifs.tomtom import tomtom

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
Result = TypeVar("Result")

FIRST_CALL = """
import sys, time
start = time.perf_counter()
from motiflens.motifs.sets import load_motifs
from motiflens.motifs.tomtom import tomtom
queries, targets = load_motifs(sys.argv[1])[:1], load_motifs(sys.argv[2])
loaded = time.perf_counter()
tomtom(queries, targets)
print(loaded - start, time.perf_counter() - loaded, time.process_time())
"""


def noisy_filters(targets: list[Motif], n: int, seed: int) -> list[Motif]:
    """Make queries that look like filters: parts of database motifs, 8 to 20 wide, mixed with noise."""
    rng = np.random.default_rng(seed)
    queries = []
    for i in range(n):
        source = targets[rng.integers(len(targets))].pwm[:, :14]
        left, right = rng.integers(1, 4, size=2)
        flank = rng.dirichlet(np.full(4, 20.0), size=left + source.shape[1] + right).T
        flank[:, left:-right] = 0.8 * source + 0.2 * flank[:, left:-right]
        queries.append(Motif(id=f"filter{i}", name="", pwm=flank / flank.sum(axis=0)))
    return queries


def best_cpu_seconds(call: Callable[[], Result], repeats: int) -> tuple[float, Result]:
    result = call()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        result = call()
        seconds.append(time.process_time() - start)
    return min(seconds), result


def report_first_call(queries: str, database: str) -> None:
    command = [sys.executable, "-c", FIRST_CALL, queries, database]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    load, call, cpu = map(float, output.split())
    print(f"fresh process, wall: imports and motifs {load:.2f} s, first call {call:.2f} s; CPU in all {cpu:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", help="motif file or set; default: 32 noisy parts of database motifs")
    parser.add_argument("--database", default="JASPAR2020")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if not ONE_THREAD.items() <= os.environ.items():  # libraries read these when they load: start again
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    print_setting("memelite", "numba")

    report_first_call(args.queries or args.database, args.database)
    targets = load_motifs(args.database)
    queries = load_motifs(args.queries) if args.queries else noisy_filters(targets, 32, args.seed)
    print(f"{len(queries)} queries x {len(targets)} targets, one thread, CPU seconds, best of {args.repeats}")
    pearson, _ = best_cpu_seconds(lambda: tomtom(queries, targets), args.repeats)
    print(f"  motiflens pearson                      {pearson:6.3f}")
    ours, result = best_cpu_seconds(lambda: tomtom(queries, targets, metric="euclidean"), args.repeats)
    print(f"  motiflens euclidean                    {ours:6.3f}")
    compare_with_memelite(queries, targets, ours, result.p_value, args.repeats)


def compare_with_memelite(
    queries: list[Motif], targets: list[Motif], ours: float, p_value: np.ndarray, repeats: int
) -> None:
    from memelite import tomtom as peer

    query_pwms, target_pwms = [m.pwm.copy() for m in queries], [m.pwm.copy() for m in targets]
    for label, bins in (("columns merged", 100), ("every column", None)):
        call = partial(peer, query_pwms, target_pwms, n_target_bins=bins, n_jobs=1)
        theirs, output = best_cpu_seconds(call, repeats)
        distance = np.abs(np.log10(np.maximum(output[0], 1e-300) / p_value))
        best = (output[0].argmin(axis=1) == p_value.argmin(axis=1)).mean()
        print(f"  memelite  euclidean, {label:14s}    {theirs:6.3f}")
        what = f"{len(queries)} filters against {len(targets):,} motifs, exact, Euclidean"
        print_race(what, ours, "memelite (approximate)", theirs, label)
        print(f"    memelite / motiflens {theirs / ours:5.2f}; same best target {best:.0%}; ", end="")
        print(f"|log10 p ratio|: median {np.median(distance):.3f}, 99 % below {np.quantile(distance, 0.99):.3f}")


if __name__ == "__main__":
    main()
