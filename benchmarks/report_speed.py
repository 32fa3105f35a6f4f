"""Time the report of a whole study, 680 networks, and a filter gallery against one with axes for each logo.

The records are those of results/paper, each configuration's own in turn as often as it takes.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from setting import print_race, print_setting

from motiflens.basics.plots import draw_logo, information_logo
from motiflens.basics.store import Store
from motiflens.report.figures import figure_style, figure_svg, network_label
from motiflens.report.galleries import VERDICTS, filter_gallery, gallery_of_record
from motiflens.report.study import write_outputs
from motiflens.study.published_tables import published_results
from motiflens.study.results import Results


def whole_study(folder: Path, n_members: int) -> list[dict[str, Any]]:
    """Records of every configuration on both tasks, its own in turn."""
    known, _ = Store(folder).read()
    records = []
    for task in (1, 2):
        for architecture, activation in published_results(task):
            name = f"task{task}/{architecture}/{activation}"
            own = [record for key, record in known.items() if key.startswith(f"{name}/")]
            for member in range(n_members):
                changes = {"member": member, "key": f"{name}/{member:03d}"}
                records.append({**own[member % len(own)], **changes})
    return records


def gallery_of_many_axes(record: dict[str, Any]) -> Figure:
    """The named alternative: a set of matplotlib axes for each logo."""
    matches = gallery_of_record(record)
    with figure_style():
        figure = Figure(figsize=(8.6, 0.3 + 0.78 * -(-len(matches) // 4)))
        axes = figure.subplots(-(-len(matches) // 4), 4, squeeze=False).ravel()
        for match, ax in zip(matches, axes, strict=False):
            draw_logo(ax, information_logo(match.pwm), min_height=0.03)
            ax.set(ylim=(0, 2), xticks=[], yticks=[0, 2], yticklabels=[])
            ax.spines["left"].set(color=VERDICTS[match.verdict], linewidth=2.5)
            ax.text(0, 2.18, f"{match.filter}  {match.target_name}", fontsize=7, va="bottom")
        figure.text(0.01, 0.99, network_label(record), va="top")
    return figure


def seconds(work: Callable[[], object], n_repeats: int) -> float:
    """Least CPU seconds of some repeats."""
    times = []
    for _ in range(n_repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=Path, default=Path("results/paper"))
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print_setting()

    records = whole_study(options.records, options.members)
    with tempfile.TemporaryDirectory() as folder:
        whole = seconds(lambda: write_outputs(Results(records), folder), 1)
    print(f"report of {len(records)} networks, every table and figure as svg, pdf and png: {whole:.1f} s")

    record = records[0]
    ours = seconds(lambda: figure_svg(filter_gallery(record), "a"), options.repeats)
    theirs = seconds(lambda: figure_svg(gallery_of_many_axes(record), "b"), options.repeats)
    n_filters = len(gallery_of_record(record))
    print(f"gallery of {n_filters} filters: {ours:.3f} s; axes for each: {theirs:.3f} s, {theirs / ours:.1f}x")
    print_race(f"gallery of {n_filters} filters", ours, "axes for each logo", theirs)


if __name__ == "__main__":
    main()
