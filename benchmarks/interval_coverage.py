"""How often 95 % intervals of a mean over few architectures hold the truth: Student's t, and the bootstrap it replaced.

Every architecture has a true difference between two activations, drawn anew in each trial, and some networks of each
activation around it. The truth is the mean over all architectures that could have been drawn. Shapes of the true
differences: normal, skewed (exponential), of two kinds (a fifth of them far off), and equal.
"""

import argparse
from collections.abc import Callable

import numpy as np
from setting import print_setting

from motiflens.basics.stats import mean_interval

SHAPES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed": lambda rng, n: rng.exponential(size=n) - 1,
    "two kinds": lambda rng, n: 2.5 * ((rng.random(n) < 0.2) - 0.2),
    "equal": lambda rng, n: np.zeros(n),
}


def bootstrap(first: np.ndarray, second: np.ndarray, rng: np.random.Generator, n_resamples: int) -> tuple[float, float]:
    """Percentiles of means over resampled architectures and, within each, resampled networks; shape=(k, n) each."""
    k, n = first.shape
    chosen = rng.integers(k, size=(n_resamples, k))
    rows = chosen[..., None]
    means = [side[rows, rng.integers(n, size=(n_resamples, k, n))].mean(axis=2) for side in (first, second)]
    low, high = np.quantile((means[1] - means[0]).mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def coverage(
    shape: str, k: int, n: int, within: float, *, n_trials: int, n_bootstraps: int, seed: int
) -> tuple[float, float, float]:
    """Share of trials whose t and bootstrap interval hold 0, and the median width of the former by its SD."""
    rng = np.random.default_rng(seed)
    hits, boot, widths = 0, 0, []
    for trial in range(n_trials):
        truth = SHAPES[shape](rng, k)
        first = rng.normal(0, within, (k, n))
        second = rng.normal(truth[:, None], within, (k, n))
        found = mean_interval(second.mean(axis=1) - first.mean(axis=1))
        hits += found.low <= 0 <= found.high
        widths.append(found.high - found.low)
        if trial < n_bootstraps:
            low, high = bootstrap(first, second, rng, 400)
            boot += low <= 0 <= high
    return hits / n_trials, boot / n_bootstraps, float(np.median(widths))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--bootstraps", type=int, default=1_000)
    options = parser.parse_args()
    print_setting()
    print("truth      architectures  networks  SD within   t      bootstrap")
    for shape in SHAPES:
        for k in (3, 5, 6):
            for n, within in ((3, 0.3), (10, 0.3), (3, 1.0), (10, 1.0)):
                t, boot, _ = coverage(
                    shape, k, n, within, n_trials=options.trials, n_bootstraps=options.bootstraps, seed=k * n
                )
                print(f"{shape:<10} {k:>13} {n:>9} {within:>10.1f}   {t:.3f}  {boot:.3f}", flush=True)


if __name__ == "__main__":
    main()
