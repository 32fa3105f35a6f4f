"""Write the parts of docs/experiments.md that records say: python scripts/make_experiments.py."""

import json
import re
from pathlib import Path

from motiflens.basics.store import Store
from motiflens.report.experiments import markdown_results
from motiflens.study.experiments import experiment_tables, is_experiment_record

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "experiments.md"
RECORDS = ROOT / "results" / "crx"


def protocol_table(path: Path) -> str:
    """Trial runs of protocols as Markdown, best first within each architecture."""
    runs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [
        "| Architecture | First layer | Learning rate | Reverse complements | Best epoch | r of activities | Edits |",
        "|---|---|---|---|---|---|---|",
    ]
    for run in sorted(runs, key=lambda one: (one["architecture"], -one["valid_pearson"])):
        strands = "yes" if run["reverse_complement"] else "no"
        lines.append(
            f"| {run['architecture']} | {run['activation']} | {run['learning_rate']:g} | {strands} | "
            f"{run['best_epoch']} of {run['max_epochs']} | {run['valid_pearson']:.3f} | "
            f"{run['valid_edits_spearman']:.3f} |"
        )
    return "\n".join(lines)


def replaced(text: str, name: str, content: str) -> str:
    """The text with what stands between the two marks of a name exchanged."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"expected <!-- {name} --> and <!-- end of {name} --> in {TARGET.name}")
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def page() -> str:
    """The page as it should be."""
    text = TARGET.read_text(encoding="utf-8")
    text = replaced(text, "protocol", protocol_table(RECORDS / "protocol.jsonl"))
    records = [one for one in Store(RECORDS).read()[0].values() if is_experiment_record(one)]
    if not any("history" in one for one in records):
        return replaced(text, "results", "No network of the study is recorded yet.")
    return replaced(text, "results", markdown_results(experiment_tables(records)))


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
