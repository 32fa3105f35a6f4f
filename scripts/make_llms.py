"""Write llms.txt, and docs/assistants.md for coding assistants, from the docs: python scripts/make_llms.py."""

import ast
import re
from pathlib import Path

import yaml
from docs_blocks import ROOT

import motiflens

PAGE = ROOT / "docs" / "assistants.md"
LIST = ROOT / "llms.txt"
RULES = """## Rules that avoid common mistakes

- Sequences are codes (N, L), `uint8`, 0 to 3 for A, C, G, T and 4 for unknown; or one-hot (N, 4, L), channels second.
  Functions take either, a data set, or DNA strings.
- Networks return logits. `ml.predict` gives probabilities for classifiers; its result has `.mean` and `.deviation`.
- `ml.fit` returns an ensemble: `networks[0]` is a PyTorch module, `networks.members[0].metrics` its scores.
- Labels of 0 and 1 are classified, all others are a regression. Nothing needs to be said.
- Give `ml.interactions` five motifs or more, or there are no q-values.
- Results have a short `repr`, `.to_dataframe()`, and many have `.plot()`, which returns matplotlib axes.
- Errors that the user can correct are `InputError`, a `ValueError`, and say what to do.
- In the shell, `--json` prints results for scripts, and every command goes on where it was interrupted.
- `--model file.py:function` runs that file. Do not pass files that the user did not write or check.
"""


def navigation() -> list[tuple[str, str, str]]:
    """Pages of the site: section, title and path."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    nav = yaml.safe_load(text[text.index("nav:") :])["nav"]
    found = []
    for entry in nav:
        ((section, inside),) = entry.items()
        pages = inside if isinstance(inside, list) else [{section: inside}]
        found += [(section, title, path) for page in pages for title, path in page.items()]
    return found


def first_sentence(path: str) -> str:
    """What a page says first, without links."""
    file = ROOT / "docs" / path
    if not file.is_file() or path == "index.md":
        return ""
    text = re.sub(r"<!--.*?-->", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    paragraphs = [part.strip() for part in text.split("\n\n")[1:]]
    plain = next((part for part in paragraphs if re.match(r"[A-Z*]|`[^`]", part)), "")
    plain = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", " ".join(plain.split()))
    return re.split(r"(?<=[.?])\s", plain)[0] if plain else ""


def verbs() -> str:
    """The twenty verbs with their first lines."""
    lines = []
    for name, module in motiflens.VERBS.items():
        path = ROOT / "src" / Path(*module.split("."))
        files = sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
        nodes = (node for file in files for node in ast.parse(file.read_text(encoding="utf-8")).body)
        (found,) = (node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == name)
        lines.append(f"- `ml.{name}`: {(ast.get_docstring(found) or '').splitlines()[0]}")
    return "\n".join(lines)


def readme_example() -> str:
    """The README's lines of Python."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", readme, re.DOTALL)[0]


def guide() -> str:
    """The page for coding assistants."""
    parts = [
        "# For coding assistants\n",
        "Read this page before you write code with motiflens. `scripts/make_llms.py` makes it from the README, the "
        "docstrings and the navigation.\n",
        f"## Example\n\n```py\n{readme_example()}```\n",
        "## Verbs\n\n`import motiflens as ml` shows these. Each has an example in its docstring.\n",
        verbs() + "\n",
        RULES,
    ]
    return "\n".join(parts)


def listing() -> str:
    """llms.txt: the pages with a sentence each."""
    lines = ["# motiflens", "", "> Train networks on regulatory DNA, and measure whether they learned motifs.", ""]
    section = ""
    for head, title, path in navigation():
        if head != section:
            lines += ["", f"## {head}", ""] if section else [f"## {head}", ""]
            section = head
        target = "README.md" if path == "index.md" else f"docs/{path}"
        known = first_sentence(path)
        lines.append(f"- [{title}]({target})" + (f": {known}" if known else ""))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(guide(), encoding="utf-8")
    LIST.write_text(listing(), encoding="utf-8")
