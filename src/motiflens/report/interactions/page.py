"""One self-contained HTML page for a table of motif interactions: what a user reads from networks of their own."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from motiflens.basics.errors import InputError
from motiflens.basics.plots import logo_svg, logo_svg_defs
from motiflens.basics.sequence import decode
from motiflens.interpret.interactions import Interaction, InteractionTable, Sites, best_places, two_sites
from motiflens.motifs.pairs import ORIENTATIONS
from motiflens.motifs.sets import Motif, distinct_names
from motiflens.report.figures import NARROW, figure_for_screens, figure_style
from motiflens.report.html import write_page

_N_DETAILS = 20  # pairs shown with profile and sequences
_N_EXAMPLES = 3
_TITLE = "Which motifs work together"


def write_interaction_page(
    table: InteractionTable,
    motifs: Sequence[Motif],
    path: str | Path,
    *,
    sequences: np.ndarray | None = None,
    q: float = 0.1,
    title: str = _TITLE,
    facts: str | None = None,
    command: str | None = None,
) -> Path:
    """Write significant pairs as a heat map, a network and a table; each with its profile and example sequences.

    Parameters
    ----------
    table : InteractionTable
    motifs : sequence of Motif
        Those that the table was made with, in the same order.
    path : str or Path
        File to write; missing folders are made.
    sequences : np.ndarray of codes, shape=(N, L), optional
        To take examples from, such as the positives.
    q : float
        Largest q-value of a pair that is called.
    title : str
    facts : str, optional
        What was read, in a sentence: data, output, motifs.
    command : str, optional
        Command line that makes the page again, to be shown.

    Returns
    -------
    path : Path

    Raises
    ------
    ValueError
        If the motifs are not those of the table.
    """
    ids = {row.i: row.motif_i for row in table.rows} | {row.j: row.motif_j for row in table.rows}
    if [motif.id for motif in motifs] != [ids[k] for k in sorted(ids)]:
        raise InputError(f"expected the {len(ids)} motifs of the table in its order, got {len(motifs)} others")
    calls, names = table.calls(q), distinct_names(motifs)
    return write_page(
        path,
        "motif_pairs.html.j2",
        title=title,
        shapes=Markup(logo_svg_defs()),
        table=table,
        q=q,
        calls=calls,
        names=names,
        facts=facts,
        overview=figure_for_screens(lambda narrow: overview_figure(table, motifs, q=q, narrow=narrow), "overview"),
        details=[_details(table, row, motifs, names, sequences) for row in calls[:_N_DETAILS]],
        n_more=max(len(calls) - _N_DETAILS, 0),
        command=command,
    )


def _details(
    table: InteractionTable,
    row: Interaction,
    motifs: Sequence[Motif],
    names: Sequence[str],
    sequences: np.ndarray | None,
) -> dict[str, Any]:
    pair = [motifs[row.i], motifs[row.j]]
    profile = None
    if len(table.profiles.low) > 1:
        profile = figure_for_screens(partial(profile_figure, table, row), f"profile-{row.i}-{row.j}")
    return {
        "row": row,
        "names": [names[row.i], names[row.j]],
        "logos": [Markup(logo_svg(motif.pwm, min_bits=0.06, defs=False)) for motif in pair],
        "profile": profile,
        "examples": [] if sequences is None else example_sequences(row, motifs, sequences),
    }


def example_sequences(
    row: Interaction, motifs: Sequence[Motif], sequences: np.ndarray, *, n_examples: int = _N_EXAMPLES
) -> list[list[tuple[str, str, str]]]:
    """Sequences with the best sites of both motifs, from codes (N, L), cut where the sites begin and end.

    Sites are the best match of each motif anywhere in a sequence. First come sequences whose gap lies in the window in
    which the effect stands out, among them those with the pair's orientation, and among these the ones in which the
    poorer of the two sites is better.

    Returns
    -------
    examples : list of list of (bases, motif, strand)
        In the order of the sequence; motif is "" between sites, "i" or "j" in one.
    """
    pair = [motifs[row.i], motifs[row.j]]
    score, start, strand = best_places(sequences, pair)
    sites = Sites(start, strand, np.ones(start.shape, dtype=bool), np.array([motif.width for motif in pair]))
    end, found = sites.end, two_sites(sites, np.array([[0, 1]]))
    inside = (found.gap >= row.gap_low) & (found.gap <= row.gap_high)  # never, where gaps are unknown
    oriented = np.array([row.orientation in ("", ORIENTATIONS[one]) for one in found.orientation], dtype=bool)
    poorer = score[found.sequence].min(axis=1)
    examples = []
    for place in found.sequence[np.lexsort((-poorer, -(2 * inside + oriented)))][:n_examples].tolist():
        bases, pieces, done = decode(sequences[place])[0], [], 0
        for which in np.argsort(start[place]).tolist():
            first, last = int(start[place, which]), int(end[place, which])
            pieces.append((bases[done:first], "", ""))
            pieces.append((bases[first:last], "ij"[which], "+" if strand[place, which] > 0 else "−"))
            done = last
        examples.append([piece for piece in [*pieces, (bases[done:], "", "")] if piece[0]])
    return examples


def overview_figure(
    table: InteractionTable, motifs: Sequence[Motif], *, q: float = 0.1, narrow: bool = False
) -> Figure:
    """Heat map of all effects, called pairs dotted, and the called pairs as a network: wider lines, larger effects.

    Called pairs whose effect is below 0 are blue and dashed there, the others orange.
    """
    n = len(motifs)
    effect, names = np.full((n, n), np.nan), distinct_names(motifs)
    for row in table.rows:
        effect[row.i, row.j] = effect[row.j, row.i] = row.effect
    limit = float(np.nanmax(np.abs(effect), initial=0)) or 1.0
    side = max(3.2, 0.24 * n + 1.2)
    with figure_style():
        figure = Figure(figsize=(NARROW, 2 * NARROW) if narrow else (2 * side + 0.6, side), layout="constrained")
        heat, net = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
        size = min(8.0, 130 / n) if narrow else 8.0  # points, that names of many motifs do not cover each other
        image = heat.imshow(effect, cmap="RdBu_r", vmin=-limit, vmax=limit)
        figure.colorbar(image, ax=heat, label=f"effect, {table.unit}", shrink=0.7)
        heat.set_xticks(range(n), names, rotation=90, fontsize=size)
        heat.set_yticks(range(n), names, fontsize=size)
        heat.set_title("All pairs; dots: called", loc="left")
        angle = np.pi / 2 - 2 * np.pi * np.arange(n) / n
        x, y = np.cos(angle), np.sin(angle)
        calls = table.calls(q)
        largest = max((abs(row.effect) for row in calls), default=1.0)
        for row in calls:
            heat.scatter([row.j, row.i], [row.i, row.j], s=9, color="#111111")
            ends = [row.i, row.j]
            colour, style = ("#0072B2", "--") if row.sign == "-" else ("#D55E00", "-")
            width = 0.6 + 3 * abs(row.effect) / largest
            net.plot(x[ends], y[ends], color=colour, linestyle=style, linewidth=width, zorder=1)
        net.scatter(x, y, s=18, color="#444444", zorder=2)
        for k, name in enumerate(names):
            toward = "left" if x[k] >= 0 else "right"
            net.annotate(name, (1.1 * x[k], 1.1 * y[k]), ha=toward, va="center", fontsize=size)
        net.set(xlim=(-1.7, 1.7), ylim=(-1.3, 1.3), aspect="equal")
        net.set_axis_off()
        net.set_title("Called pairs; dashed: below 0", loc="left")
    return figure


def profile_figure(table: InteractionTable, row: Interaction, narrow: bool = False) -> Figure:
    """Mean effect of one pair over the distance between its sites, by orientation."""
    profile = table.profile(row.i, row.j)  # n_orientations, D
    distance = (table.profiles.low + table.profiles.high) / 2
    labels = ORIENTATIONS if len(profile) == len(ORIENTATIONS) else ("",) * len(profile)
    with figure_style():
        figure = Figure(figsize=(NARROW if narrow else 5.2, 2.2), layout="constrained")
        ax = figure.subplots()
        ax.axhline(0, color="#999999", linewidth=0.6)
        if not np.isnan(row.gap_low):
            ax.axvspan(row.gap_low, row.gap_high, color="#f0e3d6", linewidth=0)
        for effects, label, marker in zip(profile, labels, "osD^", strict=False):
            seen = ~np.isnan(effects)
            ax.plot(distance[seen], effects[seen], marker=marker, markersize=2.5, linewidth=0.9, label=label)
        ax.set_xlabel("bases between the two sites")
        ax.set_ylabel(f"effect, {table.unit}")
        if any(labels):
            ax.legend(frameon=False, fontsize=7, ncols=2)
    return figure
