"""CPU time and memory of the search for near duplicates: python benchmarks/near_duplicates_speed.py [n] [length]."""

import argparse
import resource
import time

import numpy as np
from setting import print_setting

from motiflens.data.near_duplicates import near_duplicates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=200_000)
    parser.add_argument("length", type=int, nargs="?", default=500)
    arguments = parser.parse_args()
    print_setting()
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (arguments.n, arguments.length), dtype=np.uint8)
    splits = rng.choice(3, arguments.n, p=(0.7, 0.1, 0.2)).astype(np.uint8)
    train, test = np.flatnonzero(splits == 0)[:1000], np.flatnonzero(splits == 2)[:1000]
    n = min(len(train), len(test))
    codes[test[:n]] = codes[train[:n]]
    codes[test[:n], arguments.length // 2] ^= 1  # a twin with one mismatch
    start = time.process_time()
    near = near_duplicates(codes, splits)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    size = f"{arguments.n:,} x {arguments.length} bp"
    print(f"{size}: {seconds:.1f} s of CPU, peak {peak:.2f} GiB, {near.sum():,} found, {n:,} planted")


if __name__ == "__main__":
    main()
