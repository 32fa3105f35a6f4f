"""How often 95 % intervals of shares and of their differences hold the truth, of two to ten networks.

    python benchmarks/bounded_intervals.py --write docs/methods/intervals.md

writes the table of docs/methods/intervals.md, between its two marks. Values are drawn from beta distributions near 0,
0.5 and 1, some so wide that most values lie at the bounds, and from normal ones. Beside the intervals of
`motiflens.basics.intervals` stand those of Student and of Welch, cut off at the bounds.
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from motiflens.basics.intervals import SHARES, Bounds, bounded_difference, bounded_mean
from motiflens.basics.stats import Interval, contrast

SIZES = (2, 3, 4, 5, 6, 8, 10)
UNEQUAL = ((2, 5), (3, 10))
DISTRIBUTIONS = {  # mean and SD; "normal" beside betas
    "beta, 0.02 ± 0.02": (0.02, 0.02),
    "beta, 0.1 ± 0.1": (0.1, 0.1),
    "beta, 0.5 ± 0.1": (0.5, 0.1),
    "beta, 0.5 ± 0.29": (0.5, 0.2887),
    "beta, 0.9 ± 0.05": (0.9, 0.05),
    "beta, 0.98 ± 0.02": (0.98, 0.02),
    "normal, 0.8 ± 0.03": (0.8, 0.03),
}
PAIRS = (
    ("beta, 0.02 ± 0.02", "beta, 0.02 ± 0.02"),
    ("beta, 0.1 ± 0.1", "beta, 0.5 ± 0.1"),
    ("beta, 0.1 ± 0.1", "beta, 0.9 ± 0.05"),
    ("beta, 0.5 ± 0.29", "beta, 0.5 ± 0.29"),
    ("beta, 0.9 ± 0.05", "beta, 0.98 ± 0.02"),
    ("normal, 0.8 ± 0.03", "normal, 0.8 ± 0.03"),
)
_MARKS = ("<!-- coverage: begin -->", "<!-- coverage: end -->")


def draw(name: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """n values of a distribution."""
    mean, sd = DISTRIBUTIONS[name]
    if name.startswith("normal"):
        return np.clip(rng.normal(mean, sd, n), 0, 1)
    size = mean * (1 - mean) / sd**2 - 1
    return rng.beta(mean * size, (1 - mean) * size, n)


def holds(found: Interval, truth: float, bounds: Bounds) -> bool:
    """Whether an interval, cut off at the bounds, holds the truth; one that cannot be given does not."""
    return max(found.low, bounds.low) <= truth <= min(found.high, bounds.high)


def of_means(name: str, n: int, n_trials: int, rng: np.random.Generator) -> tuple[float, float]:
    """Coverage of the bounded interval, and of Student's."""
    hits = np.zeros(2)
    for _ in range(n_trials):
        values, truth = draw(name, n, rng), DISTRIBUTIONS[name][0]
        plain = contrast([values], [1])
        student = Interval(plain.estimate, plain.low, plain.high)
        hits += [holds(found, truth, SHARES) for found in (bounded_mean(values, SHARES), student)]
    return float(hits[0] / n_trials), float(hits[1] / n_trials)


def of_differences(
    names: tuple[str, str], sizes: tuple[int, int], n_trials: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Coverage of the bounded interval of a difference, and of Welch's."""
    hits = np.zeros(2)
    truth = DISTRIBUTIONS[names[1]][0] - DISTRIBUTIONS[names[0]][0]
    for _ in range(n_trials):
        first, second = (draw(name, n, rng) for name, n in zip(names, sizes, strict=True))
        plain = contrast([first, second], [-1, 1])
        welch = Interval(plain.estimate, plain.low, plain.high)
        both = (bounded_difference(first, second, SHARES), welch)
        hits += [holds(found, truth, Bounds(-1, 1)) for found in both]
    return float(hits[0] / n_trials), float(hits[1] / n_trials)


def table(n_trials: int, seed: int) -> Iterator[str]:
    """Rows of the table, in Markdown."""
    rng = np.random.default_rng(seed)
    yield "| Mean of | " + " | ".join(f"{n}" for n in SIZES) + " |"
    yield "|---|" + "---|" * len(SIZES)
    for name in DISTRIBUTIONS:
        yield f"| {name} | " + " | ".join(_cell(of_means(name, n, n_trials, rng)) for n in SIZES) + " |"
    yield ""
    sizes = [*((n, n) for n in SIZES), *UNEQUAL]
    yield "| Difference of | " + " | ".join(f"{n}, {other}" for n, other in sizes) + " |"
    yield "|---|" + "---|" * len(sizes)
    for pair in PAIRS:
        cells = [_cell(of_differences(pair, one, n_trials, rng)) for one in sizes]
        yield f"| {pair[0]}; {pair[1]} | " + " | ".join(cells) + " |"
    yield ""
    error = 100 * math.sqrt(0.95 * 0.05 / n_trials)
    yield f"{n_trials:,} draws each, so that a coverage of 95 % is known to ± {error:.1f} (standard error)."


def _cell(shares: tuple[float, float]) -> str:
    return "{:.1f} ({:.1f})".format(*(100 * share for share in shares))


def main() -> None:
    """Print the table, or write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1_000)
    parser.add_argument("--write", type=Path, help="page that holds the marks")
    options = parser.parse_args()
    rows = "\n".join(table(options.trials, seed=0))
    if options.write is None:
        print(rows)
        return
    before, rest = options.write.read_text(encoding="utf-8").split(_MARKS[0])
    _, after = rest.split(_MARKS[1])
    page = f"{before}{_MARKS[0]}\n\n{rows}\n\n{_MARKS[1]}{after}"
    options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
