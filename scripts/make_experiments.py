"""Write the parts of docs/experiments.md that records say: python scripts/make_experiments.py."""

import re
from pathlib import Path
from statistics import mean

from motiflens.basics.store import Record, Store
from motiflens.report.experiments import markdown_results
from motiflens.study.experiments import (
    CONFIRMATION,
    EXPERIMENTS,
    OPTION_TRIALS,
    PROTOCOL_TRIALS,
    experiment_tables,
    is_experiment_record,
)

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "experiments.md"
RECORDS = ROOT / "results" / "crx"


def trials_of(records: dict[str, Record], preset: str) -> dict[str, list[Record]]:
    """Records of trials by the name of what was tried."""
    found: dict[str, list[Record]] = {}
    for key, record in records.items():
        if key.startswith(f"{preset}/") and record["status"] == "ok":
            found.setdefault(key.split("/")[1], []).append(record)
    return found


def trials_table(trials: dict[str, list[Record]], title: str) -> str:
    """What was tried as Markdown, largest correlation with activities first: means over networks."""
    if not trials:
        return "No trial is recorded yet."
    lines = [
        f"| {title} | Networks | Best epochs | r of activities | Effects of edits |",
        "|---|---|---|---|---|",
    ]
    for name, own in sorted(trials.items(), key=lambda one: -mean_r(one[1])):
        epochs = sorted(one["best_epoch"] for one in own)
        effects = mean(one["agreement"]["effects"]["all"]["spearman"][0] for one in own)
        lines.append(f"| {name} | {len(own)} | {epochs[0]} to {epochs[-1]} | {mean_r(own):.3f} | {effects:.3f} |")
    return "\n".join(lines)


def mean_r(own: list[Record]) -> float:
    """Mean correlation with the activities of validation elements."""
    return mean(one["metrics"]["valid_pearson"] for one in own)


def replaced(text: str, name: str, content: str) -> str:
    """The text with what stands between the two marks of a name exchanged."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"expected <!-- {name} --> and <!-- end of {name} --> in {TARGET.name}")
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def page() -> str:
    """The page as it should be."""
    text = TARGET.read_text(encoding="utf-8")
    records = {key: one for key, one in Store(RECORDS).read()[0].items() if is_experiment_record(one)}
    text = replaced(text, "protocol", trials_table(trials_of(records, PROTOCOL_TRIALS), "Learning rate and strands"))
    text = replaced(text, "options", trials_table(trials_of(records, OPTION_TRIALS), "Augmentation"))
    networks = [one for key, one in records.items() if key.split("/")[0] in (EXPERIMENTS, CONFIRMATION)]
    if not any("history" in one for one in networks):
        return replaced(text, "results", "No network of the study is recorded yet.")
    return replaced(text, "results", markdown_results(experiment_tables(networks)))


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
