"""Make one HTML file of paper/paper.md: python scripts/make_paper.py build/paper.html

The journal builds the PDF from the same two files. Here citations are checked, numbered and listed.
"""

import html
import re
import sys
from pathlib import Path

import markdown
import yaml

FOLDER = Path(__file__).parents[1] / "paper"
NEEDED = ("Summary", "Statement of need", "State of the field", "Software design", "Research impact", "References")
STYLE = "body{max-width:44em;margin:3em auto;padding:0 1em;font:1rem/1.5 serif} h1{font-size:1.3em}"


def entries(text: str) -> dict[str, dict[str, str]]:
    """Fields of each entry of a BibTeX file, by key."""
    found = {}
    for key, body in re.findall(r"@\w+\{(\w+),\n(.*?)\n\}", text, re.DOTALL):
        fields = re.findall(r"(\w+) = \{(.*)\},?$", body, re.MULTILINE)
        found[key] = {name: re.sub(r"[{}]", "", value) for name, value in fields}
    return found


def paper() -> str:
    """The page.

    Raises
    ------
    ValueError
        If a section is missing, or a citation and the list of references do not fit together.
    """
    _, head, body = (FOLDER / "paper.md").read_text(encoding="utf-8").split("---\n", 2)
    known, told = entries((FOLDER / "paper.bib").read_text(encoding="utf-8")), yaml.safe_load(head)
    sections = re.findall(r"^# (.*)$", body, re.MULTILINE)
    if missing := [name for name in NEEDED if name not in sections]:
        raise ValueError(f"paper.md lacks the sections {', '.join(missing)}")
    cited = list(dict.fromkeys(re.findall(r"@(\w+)", body)))
    if set(cited) != set(known):
        raise ValueError(f"cited, or listed, alone: {', '.join(sorted(set(cited) ^ set(known)))}")
    body = re.sub(r"\[@(\w+)\]", lambda found: f"[{cited.index(found[1]) + 1}]", body)
    listed = (" ".join(f"{known[key][name]}." for name in known[key]) for key in cited)
    items = "".join(f"<li>{html.escape(one)}</li>" for one in listed)
    title = html.escape(told["title"])
    names = html.escape(", ".join(one["name"] for one in told["authors"]))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"<h1>{title}</h1><p>{names}</p>{markdown.markdown(body)}<ol>{items}</ol></html>\n"
    )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(paper(), encoding="utf-8")
