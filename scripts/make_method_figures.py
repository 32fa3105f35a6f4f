"""Draw the figures of docs/methods: python scripts/make_method_figures.py."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from motiflens.interpret.interactions.features import observed_pairs
from motiflens.interpret.interactions.null import curvature_effects
from motiflens.report.figures import figure_style, save_figure

FOLDER = Path(__file__).parents[1] / "docs" / "methods"
N_MOTIFS, INTERACTING, EXTRA = 8, (2, 5), 0.5


def curved(z: np.ndarray) -> np.ndarray:
    """A curved output of a network that adds up its motifs: no pair interacts."""
    return 3 * np.tanh(z / 3 - 0.8)


def joint_effects(one: np.ndarray, other: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """f(AB) - f(A) - f(B) + f(0), mean over what else the sequences hold, shape=(n,)."""
    z = rest[:, None]
    return (curved(z + one + other) - curved(z + one) - curved(z + other) + curved(z)).mean(axis=0)


def curvature(stem: Path) -> None:
    """Effects of pairs beside products of single effects."""
    rng = np.random.default_rng(0)
    worth, rest = rng.uniform(0.1, 1.5, N_MOTIFS), rng.normal(0, 0.3, 200)
    i, j = observed_pairs(N_MOTIFS).T
    single = (curved(rest[:, None] + worth) - curved(rest[:, None])).mean(axis=0)
    products, effects = single[i] * single[j], joint_effects(worth[i], worth[j], rest)
    interacts = (i == INTERACTING[0]) & (j == INTERACTING[1])
    effects[interacts] += EXTRA
    copies = joint_effects(worth[i], rng.normal(0, 0.03, len(i)), rest)
    expected = curvature_effects(effects, np.stack([single[i], single[j]], axis=1))
    slope = np.median(expected / products)
    with figure_style():
        figure, axes = plt.subplots(figsize=(4.6, 3.2), layout="constrained")
        ends = np.array([0, products.max() * 1.05])
        axes.plot(ends, slope * ends, color="#777777", linewidth=1, label="expected from curvature")
        axes.scatter(products, copies, s=12, color="#BBBBBB", label="with a shuffled copy")
        axes.scatter(products[~interacts], effects[~interacts], s=16, color="#0072B2", label="pairs of motifs")
        axes.scatter(
            products[interacts], effects[interacts], s=34, marker="D", color="#D55E00", label="interacting pair"
        )
        axes.set(xlabel="product of single effects, $s_i s_j$", ylabel="effect of the pair (logit)")
        axes.legend(frameon=False, fontsize=8)
        save_figure(figure, stem, formats=("svg",))


if __name__ == "__main__":
    curvature(FOLDER / "interactions-curvature")
