"""Draw the pictures of docs/gallery, one for each plot function, from motifs of JASPAR and toy numbers."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from motiflens.basics.plots import (
    COLOURS,
    Estimate,
    Matched,
    MatchedRow,
    Profile,
    plot_hits,
    plot_interactions,
    plot_intervals,
    plot_logo,
    plot_matched_filters,
    plot_ranked,
    plot_training,
)
from motiflens.basics.stats import Interval
from motiflens.motifs.hits import motif_hits
from motiflens.motifs.motif import Motif, select_motifs
from motiflens.motifs.sets import load_motifs
from motiflens.motifs.tomtom import tomtom

FOLDER = Path(__file__).parents[1] / "docs" / "gallery"
DATABASE = load_motifs("JASPAR2016-vertebrates")
SP1, GABPA, SRF = select_motifs(DATABASE, ["MA0079.3", "MA0062.2", "MA0083.3"])


def logo_of_a_motif() -> Axes:
    """`plot_logo` of a matrix: information in bits."""
    return plot_logo(SRF, title="SRF")


def logo_of_an_attribution() -> Axes:
    """`plot_logo` of scores, with hits of motifs as named stretches."""
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 4, 100)
    scores = rng.normal(0, 0.05, 100)
    for motif, start in ((SP1, 12), (GABPA.reverse_complement(), 60)):
        codes[start : start + motif.width] = motif.pwm.argmax(axis=0)
        scores[start : start + motif.width] += motif.pwm.max(axis=0) ** 2 * 0.8
    heights = np.zeros((4, 100))
    heights[codes, np.arange(100)] = scores
    hits = [hit[:4] for hit in motif_hits(codes, [SP1, GABPA, SRF])]
    return plot_logo(heights, start=0, stop=90, hits=hits, title="sequence 0")


def training_curves() -> Axes:
    """`plot_training`: a curve per network, dots where weights were kept."""
    rng = np.random.default_rng(0)
    members = []
    for _ in range(3):
        epochs = np.arange(1, 26)
        metric = 0.95 - 0.4 * np.exp(-epochs / rng.uniform(3, 6)) - 0.001 * epochs + rng.normal(0, 0.006, 25)
        loss = 1 - metric
        history = {"valid_metric": metric.tolist(), "valid_loss": loss.tolist(), "train_loss": (loss * 0.8).tolist()}
        members.append(SimpleNamespace(history=history, best_epoch=int(metric.argmax()) + 1))
    return plot_training(members, metric="AUROC", title="Three networks")


def filters_and_matches() -> Axes:
    """`plot_matched_filters`: filters above the motifs they match, in the columns that TomTom aligned."""
    filters = []
    for i, (motif, first, last) in enumerate(((SP1, 2, 11), (GABPA, 0, 9), (SRF.reverse_complement(), 1, 12))):
        part = motif.pwm[:, first:last] * 0.8 + 0.05
        query = Motif(f"filter {i}", "", part / part.sum(axis=0))
        hit = tomtom([query], DATABASE).hits()[0]
        target = select_motifs(DATABASE, [hit.target_id])[0]
        label = f"{hit.target_name} (q = {hit.q_value:.1g})"
        filters.append(Matched(query.id, query.pwm, label, target.pwm, hit.offset, hit.strand))
    return plot_matched_filters(filters)


def interactions_by_distance() -> Axes:
    """`plot_interactions`: pairs of motifs of either sign, all others in grey."""
    rng = np.random.default_rng(1)
    low = np.array([*range(11), 11, 13, 15, 17, 19, 21, 31, 46, 71])
    high = np.array([*range(11), 12, 14, 16, 18, 20, 30, 45, 70, 100])
    middle = (low + high) / 2
    shapes = {"SP1 × GABPA": 0.8 * np.exp(-(((middle - 10) / 4) ** 2)), "SP1 × SRF": -0.3 * np.exp(-middle / 15)}
    named = [Profile(name, low, high, shape + rng.normal(0, 0.02, len(low))) for name, shape in shapes.items()]
    others = [Profile("", low, high, rng.normal(0, 0.03, len(low)), emphasis=False) for _ in range(8)]
    return plot_interactions([*named, *others], title="Interactions by insertion")


def estimates_with_intervals() -> Axes:
    """`plot_intervals`: estimates, their intervals, and the single networks."""
    rows = [
        Estimate("network", Interval(0.93, 0.90, 0.95), [0.92, 0.93, 0.94]),
        Estimate("3-mers", Interval(0.78, 0.73, 0.82), colour="#6f6f6f"),
        Estimate("GC content", Interval(0.61, 0.56, 0.66), colour="#6f6f6f"),
    ]
    return plot_intervals(rows, lines=[0.5], title="Test AUROC")


def matches_and_their_q_values() -> Axes:
    """`plot_hits`: the q-value of the best match of each filter; the dotted line is the threshold."""
    rows = [
        MatchedRow("filter 3", "SP1", 1e-6, COLOURS[2]),
        MatchedRow("filter 0", "GABPA", 3e-4, COLOURS[2]),
        MatchedRow("filter 7", "ZNF384", 0.02, COLOURS[1]),
        MatchedRow("filter 5"),
    ]
    return plot_hits(rows, q=0.1)


def predictions_by_rank() -> Axes:
    """`plot_ranked`: predictions from the highest to the lowest, and their spread over networks."""
    x = np.linspace(-4, 4, 60)
    values = {f"label_{k}": (1 / (1 + np.exp(x * (1 + k) + k)), 0.08 * np.exp(-(x**2))) for k in range(2)}
    return plot_ranked(values, unit="probability")


PICTURES: tuple[Callable[[], Axes], ...] = (
    logo_of_a_motif,
    logo_of_an_attribution,
    training_curves,
    filters_and_matches,
    interactions_by_distance,
    estimates_with_intervals,
    matches_and_their_q_values,
    predictions_by_rank,
)


def main(folder: Path) -> None:
    """Draw all pictures into a folder, and the page that shows them beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    page = ["# Gallery", "", "One picture for each plot function, drawn by `scripts/make_gallery.py`.", ""]
    for draw in PICTURES:
        figure = draw().get_figure(root=True)
        assert figure is not None
        figure.savefig(folder / f"{draw.__name__}.png", dpi=80, metadata={"Software": None})
        plt.close(figure)
        page += [draw.__doc__ or "", "", f"![{draw.__name__.replace('_', ' ')}]({folder.name}/{draw.__name__}.png)", ""]
    (folder.parent / f"{folder.name}.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
