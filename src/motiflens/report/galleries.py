"""Galleries from stored records: filters with their matches, and saliency logos of example sequences."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D

from motiflens.basics.errors import InputError
from motiflens.basics.plots import LETTERS, draw_logo, information_logo
from motiflens.basics.store import Record
from motiflens.basics.tables import by_fields
from motiflens.basics.words import look
from motiflens.report.figures import figure_style, network_label
from motiflens.study.records import PAPER_ACTIVATIONS, stage1, stored_pwms
from motiflens.study.results import TaskResults

#: What a filter matched, with the colour of its mark.
VERDICTS = {
    "true": "#009E73",
    "other": "#CC79A7",
    "not counted": "#E69F00",
    "no match": "#8C8C8C",
    "dead": "#8C8C8C",
}

# Outcome to verdict, where the words differ; without a truth every match is just a match.
_VERDICT_OF = {"false": "other", "hit": "other", "no hit": "no match"}

# Inches: above the first row of a gallery, from row to row, and the height of one bit.
_TOP, _PITCH, _BIT = 0.3, 0.78, 0.23

_MIN_BITS = 0.03  # lower letters are not drawn
_LONGEST_NAME = 20  # characters above a logo; the accession is left out of longer labels


@by_fields
class GalleryFilter(NamedTuple):
    """One first-layer filter and what it matched. `verdict` is a key of `VERDICTS`."""

    filter: int  # its number in the network
    pwm: np.ndarray  # 4, 20
    n_windows: int
    verdict: str
    target_id: str
    target_name: str
    q_value: float
    factor: str | None  # whose motif a true filter matched; None in older records

    @property
    def other_name(self) -> str:
        """Name of the best match where it is not that of the factor, else ""."""
        same = self.factor is None or self.factor.upper() == self.target_name.upper()
        return "" if same else self.target_name


def gallery_of_record(record: Record) -> list[GalleryFilter]:
    """First-layer filters of a record with their best matches, in the order of a gallery.

    True matches come first, by factor (by name in older records, which store no factors) and q; then other
    matches by q; then those that the study does not count; then filters without a match, the most informative
    first; dead filters (no activation window) last. The best match of a true filter, the one of lowest p, need
    not be a true motif itself.

    Raises
    ------
    ValueError
        If the record has no filters or they cannot be read.
    """
    pwms = stored_pwms(record)
    block = record["filters"]
    nothing = [None] * len(pwms)
    outcomes, factors = block.get("outcomes") or nothing, block.get("factors") or nothing
    matches = []
    for number, (pwm, count, best, outcome, factor) in enumerate(
        zip(pwms, block["counts"], block["best"], outcomes, factors, strict=True)
    ):
        target_id, name, q_value, is_true = best or ("", "", math.nan, False)
        verdict = "dead" if count == 0 else "no match" if not best else "true" if is_true else "other"
        if outcome is not None:
            verdict = _VERDICT_OF.get(outcome, outcome)
        factor = factor if verdict == "true" else None
        matches.append(GalleryFilter(number, pwm, int(count), verdict, target_id, name, q_value, factor))

    return sorted(matches, key=_place)


def _place(match: GalleryFilter) -> tuple[int, str, float]:
    order = [*VERDICTS].index(match.verdict)
    if not match.target_id:
        return order, "", -float(information_logo(match.pwm).sum())
    name = (match.factor or match.target_name).upper()
    return order, name if match.verdict == "true" else "", match.q_value


def gallery_matches(pwms: np.ndarray, counts: np.ndarray, rows: Iterable[Any]) -> list[GalleryFilter]:
    """Filters of a network at hand, sorted as in a gallery.

    Parameters
    ----------
    pwms : np.ndarray, shape=(F, 4, width)
    counts : np.ndarray, shape=(F,)
        As from `filters.activation_pwms`.
    rows : iterable of filters.FilterMatch
        The rows of `filters.filter_matches`.
    """
    matches = []
    for row in rows:
        best = row.best
        match = GalleryFilter(
            filter=row.filter,
            pwm=pwms[row.filter],
            n_windows=int(counts[row.filter]),
            verdict=_VERDICT_OF.get(row.outcome, row.outcome),
            target_id="" if best is None else best.target_id,
            target_name="" if best is None else best.target_name,
            q_value=math.nan if best is None else float(best.q_value),
            factor=row.factor,
        )
        matches.append(match)
    return sorted(matches, key=_place)


def filter_gallery(record: Record, *, n_columns: int = 4) -> Figure:
    """All first-layer filters of one network as logos (0 to 2 bits) with their best matches and q-values.

    Parameters
    ----------
    record : record
    n_columns : int
        Logos side by side.

    Raises
    ------
    ValueError
        If the record has no filters, or n_columns is below 1.
    """
    return draw_matches(gallery_of_record(record), network_label(record), n_columns=n_columns)


def draw_matches(matches: Sequence[GalleryFilter], title: str, *, n_columns: int = 4) -> Figure:
    """Filters as logos (0 to 2 bits) with their best matches and q-values; parameters as `filter_gallery`."""
    if n_columns < 1:
        raise InputError(f"n_columns must be at least 1, got {n_columns}")
    n_rows = -(-len(matches) // n_columns)
    height = _TOP + _PITCH * n_rows
    width = max((match.pwm.shape[1] for match in matches), default=1) / 0.9  # of a column, with its margins
    with figure_style():
        figure = Figure(figsize=(2.15 * n_columns, height))
        # one set of axes for all logos, in positions and bits: making a hundred takes longer than drawing on them
        ax = figure.add_axes((0, 0, 1, 1), xlim=(0, n_columns * width), ylim=(0, height / _BIT))
        ax.set_axis_off()
        ax.text(0.05 * width, (height - 0.2) / _BIT, title, fontsize=9, fontweight="bold", va="center")
        for place, match in enumerate(matches):
            row, column = divmod(place, n_columns)
            _draw_match(ax, match, (column + 0.05) * width, (height - _TOP - _PITCH * (row + 1) + 0.06) / _BIT)
        ax.set(xlim=(0, n_columns * width), ylim=(0, height / _BIT))
    return figure


def _draw_match(ax: Axes, match: GalleryFilter, x: float, y: float) -> None:
    """Logo with its left lower corner at x, y; on its left a bar in the colour of the verdict, above it the label."""
    n_drawn = len(ax.collections)
    draw_logo(ax, information_logo(match.pwm), start=x, min_height=_MIN_BITS)
    for letters in ax.collections[n_drawn:]:
        letters.set_transform(Affine2D().translate(0, y) + ax.transData)
    ax.plot([x, x], [y, y + 2], color=VERDICTS[match.verdict], linewidth=2.5, solid_capstyle="butt")
    ax.plot([x, x + match.pwm.shape[1]], [y, y], color="#444444", linewidth=0.6)
    bold = "bold" if match.verdict == "true" else "normal"
    size = 6 if match.other_name else 7
    ax.text(x, y + 2.18, _match_label(match), color="#111111", fontsize=size, fontweight=bold, va="bottom")


def saliency_pair(task: TaskResults, stage: str) -> list[Record]:
    """Best ReLU and best exponential network of a task of one architecture with this stage 1.

    The first architecture that has both with example sequences, otherwise the first that has one of them;
    empty if there is none.
    """
    networks = {
        key: record
        for key, record in task.best().items()
        if stage1(key[0]) == stage and (record.get("attribution") or {}).get("examples")
    }
    architectures = dict.fromkeys(architecture for architecture, _ in networks)
    pairs = [[networks[name, a] for a in PAPER_ACTIVATIONS if (name, a) in networks] for name in architectures]
    return max(pairs, key=len, default=[])


def saliency_figure(networks: Sequence[Record], *, n_examples: int = 2) -> Figure:
    """Saliency logos (gradient x input) of networks on the same sequences, with the implanted motifs marked.

    Parameters
    ----------
    networks : sequence of record
        Records of task 2 with example sequences, such as `saliency_pair(results.task(2), "C4C6")`.
    n_examples : int
        Sequences to draw: those that all networks share, in stored order; if there is none, each its own.

    Returns
    -------
    figure : matplotlib.figure.Figure
        One logo per sequence and network; arrows give the strand of each motif.

    Raises
    ------
    ValueError
        If a record has no example sequences, there is no record, or n_examples is below 1.
    """
    if not networks:
        raise InputError("expected at least one record with saliency examples, got none")
    if n_examples < 1:
        raise InputError(f"n_examples must be at least 1, got {n_examples}")
    examples = shared_examples(networks, n_examples)
    n_rows = sum(map(len, examples))
    with figure_style():
        figure = Figure(figsize=(12.5, 0.4 + 1.15 * n_rows), layout="constrained")
        axes = iter(figure.subplots(n_rows, 1, squeeze=False)[:, 0])
        for number, rows in enumerate(examples, start=1):
            for (network, example), ax in zip(rows, axes, strict=False):
                _draw_example(ax, example)
                label, color, _ = look(network["activation"])
                ax.set_ylabel(f"{network['architecture']}\n{label}", color=color, fontweight="bold")
                if network is rows[0][0]:
                    ax.set_title(f"Sequence {number}: gradient × input", loc="left", fontsize=8)
    return figure


def _match_label(match: GalleryFilter) -> str:
    if not match.target_id:
        return f"{match.filter}  {match.verdict}"
    name = f"{match.target_name} {match.target_id}"
    if len(name) > _LONGEST_NAME:
        name = match.target_name
    if match.other_name:  # two lines
        return f"{match.filter}  {match.factor}  {match.verdict}\nbest: {name}  q {match.q_value:.0e}"
    return f"{match.filter}  {name}  q {match.q_value:.0e}  {match.verdict}"


def shared_examples(networks: Sequence[Record], n_examples: int) -> list[list[tuple[Record, Mapping[str, Any]]]]:
    """Per sequence, the networks with their example of it; where they share none, each with its own.

    Raises
    ------
    ValueError
        If a network has no saliency examples, or they cannot be read.
    """
    by_sequence = []
    for network in networks:
        stored = (network.get("attribution") or {}).get("examples")
        if not stored:
            raise InputError(f"expected a record with saliency examples, got {network['key']}")
        if not all({"sequence", "scores", "scale"} <= example.keys() for example in stored):
            raise InputError(f"{network['key']}: expected saliency examples with sequence, scores and scale")
        by_sequence.append({example["sequence"]: example for example in stored})
    shared = [s for s in by_sequence[0] if all(s in other for other in by_sequence)]
    if shared:
        sequences = [[s] * len(networks) for s in shared]
    else:
        sequences = [list(each) for each in zip(*by_sequence, strict=False)]
    return [
        [(network, own[s]) for network, own, s in zip(networks, by_sequence, each, strict=True)]
        for each in sequences[:n_examples]
    ]


def _draw_example(ax: Axes, example: Mapping[str, Any]) -> None:
    """Signed letters of one sequence, bars with names for its motifs in a strip below."""
    scores = np.asarray(example["scores"], dtype=np.float64) * example["scale"]
    heights = np.zeros((4, len(scores)))
    codes = np.array([LETTERS.find(base) for base in example["sequence"]])
    known = np.flatnonzero(codes >= 0)
    heights[codes[known], known] = scores[known]
    low, high = min(scores.min(), 0.0), max(scores.max(), 0.0)
    span = (high - low) or 1.0
    draw_logo(ax, heights, min_height=0.01 * span)
    ax.set_ylim(low - 0.3 * span, high + 0.02 * span)
    ax.axhline(0, color="#444444", lw=0.4, zorder=0)
    for name, strand, start, width in example["sites"]:
        ax.add_patch(Rectangle((start, low - 0.1 * span), width, 0.05 * span, color="#222222", lw=0))
        arrow = "→" if strand > 0 else "←"
        ax.text(start + width / 2, low - 0.13 * span, f"{name} {arrow}", ha="center", va="top", fontsize=7)
    ax.spines["bottom"].set_visible(False)
    ax.set_xticks([])
    ax.set_yticks([0, high])
    ax.set_yticklabels(["0", f"{high:.2g}"])
