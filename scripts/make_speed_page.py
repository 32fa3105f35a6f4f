"""Write the table of docs/results/speed.md from results/races.jsonl: python scripts/make_speed_page.py.

`RACES=results/races.jsonl python benchmarks/<script>.py` appends its races there. Of races of the same kind the last
counts.
"""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RACES = ROOT / "results" / "races.jsonl"
TARGET = ROOT / "docs" / "results" / "speed.md"
HEADER = "| Script | What | Seconds | Alternative | Its seconds | Times as fast |"


def races() -> list[dict[str, Any]]:
    """The last race of each kind, in the order of scripts and of their first appearance."""
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for line in RACES.read_text(encoding="utf-8").splitlines():
        race = json.loads(line)
        last[race["script"], race["what"], race["peer"]] = race
    return sorted(last.values(), key=lambda race: race["script"])


def table() -> str:
    """All races as Markdown, then where and with what they were run."""
    rows = [
        f"| `{one['script']}` | {one['what']} | {one['seconds']:.3g} | {one['peer']} | {one['peer_seconds']:.3g} "
        f"| {one['peer_seconds'] / one['seconds']:.2f} |"
        for one in races()
    ]
    versions = {f"{name} {number}" for one in races() for name, number in one["versions"].items()}
    processors = sorted({one["processor"] for one in races()})
    return "\n".join(
        [
            HEADER,
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"Processor: {'; '.join(processors)}. Versions: {', '.join(sorted(versions))}.",
        ]
    )


def page() -> str:
    """The page as it should be."""
    text = TARGET.read_text(encoding="utf-8")
    pattern = re.compile(r"(<!-- races -->\n).*?(<!-- end of races -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"expected <!-- races --> and <!-- end of races --> in {TARGET.name}")
    return pattern.sub(lambda found: f"{found[1]}{table()}\n{found[2]}", text)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
