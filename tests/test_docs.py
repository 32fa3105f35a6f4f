"""Every Python and shell block of README and docs is run when the docs are built, but for those that a list names."""

import re
import tomllib
from pathlib import Path

import check_release
import docs_blocks
import docs_hooks
import make_llms
import make_paper
import pytest
import run_docs
import yaml
from docs_blocks import blocks_of, is_run, not_run, pages

import motiflens

ROOT = Path(__file__).parents[1]

PAGE = """# A page

```python
import matplotlib.pyplot as plt
n = 3
print("n is", n)
plt.plot([1, n])
n + 1
```

Words.

<!-- with: 1000 => 5
later => made -->
```sh
seq 1000 | tail -n 1
echo text > later.svg
```

<!-- show: made.svg -->

```text
motiflens is not run
```
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    for module in (docs_blocks, run_docs):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(docs_blocks, "not_run", dict)
    path = tmp_path / "docs" / "page.md"
    path.parent.mkdir()
    path.write_text(PAGE)
    return path


def test_the_list_of_what_is_not_run_fits_the_pages():
    left_out = {
        (page.relative_to(ROOT).as_posix(), block.shown.splitlines()[0])
        for page in pages()
        for block in blocks_of(page.read_text(encoding="utf-8"))
        if not is_run(page, block)
    }
    assert left_out == set(not_run())
    assert all(len(reason) > 10 for reason in not_run().values())


def test_every_tutorial_is_run_and_in_the_navigation():
    tutorials = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert len(tutorials) == 7
    for page in tutorials:
        found = list(blocks_of(page.read_text(encoding="utf-8")))
        assert found
        assert all(is_run(page, block) for block in found)
        assert f"tutorials/{page.name}" in navigation


def test_blocks_are_read_with_their_comments():
    python, shell = blocks_of(PAGE)
    assert (python.language, python.line) == ("python", 3)
    assert shell.code == "seq 5 | tail -n 1\necho text > made.svg\n"
    assert "1000" in shell.shown
    assert shell.files == (("show", "made.svg"),)
    assert PAGE[: shell.end].endswith("<!-- show: made.svg -->")
    with pytest.raises(ValueError, match="no '1000' in the block"):
        list(blocks_of(PAGE.replace("seq 1000", "seq 900")))


def test_what_blocks_print_and_draw_is_kept(page, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    python, shell = run_docs.run_page(page, kept)["blocks"]
    assert python["text"] == "n is 3\n4\n"
    assert shell["text"] == "5\n"
    assert [*python["images"], *shell["images"]] == ["page-0-0.png", "page-1-made.svg"]
    assert {path.name for path in kept.iterdir()} == {"page-0-0.png", "page-1-made.svg"}
    shown = docs_hooks.shown(python)
    assert "n is 3\n4" in shown
    assert "../outputs/page-0-0.png" in shown


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('print("n is", n)', "1 / 0", "block at line 3: ZeroDivisionError"),
        ("echo text", "echo no >&2; false", "(?s)block at line 15: RuntimeError: exit code 1.*no"),
        ("> later.svg", "> later", "block at line 15: FileNotFoundError"),
    ],
)
def test_a_block_that_fails_is_told_with_its_place(page, tmp_path, old, new, message):
    page.write_text(PAGE.replace(old, new))
    with pytest.raises(run_docs.BlockError, match=message):
        run_docs.run_page(page, tmp_path)


def test_equations_become_mathml():
    html = '<p><span class="arithmatex">\\(a &lt; b\\)</span></p><div class="arithmatex">\\[\n\\frac{1}{2}\n\\]</div>'
    found = docs_hooks.on_page_content(html)
    assert found.count("<math") == 2
    assert 'display="block"' in found
    assert "arithmatex" not in found


def test_the_home_page_is_the_readme():
    class Page:
        class file:
            src_uri = "index.md"

    home = docs_hooks.on_page_markdown("", Page, None, None)
    assert home.startswith("# motiflens")
    assert "](docs/" not in home


def test_every_page_and_every_verb_is_in_what_is_made_from_the_docs():
    """Their first sentences are renewed by make docs."""
    listed, guide = (path.read_text(encoding="utf-8") for path in (make_llms.LIST, make_llms.PAGE))
    for _, title, path in make_llms.navigation():
        target = "README.md" if path == "index.md" else f"docs/{path}"
        assert f"[{title}]({target})" in listed, "run python scripts/make_llms.py"
    assert all(f"- `ml.{name}`: " in guide for name in motiflens.VERBS), "run python scripts/make_llms.py"
    assert make_llms.readme_example() in guide, "run python scripts/make_llms.py"
    assert len(guide.split()) < 1000


def test_the_paper_has_its_sections_and_references():
    page = make_paper.paper()
    assert "Statement of need" in page
    assert "[1]" in page
    assert "@" not in page


def test_a_version_stands_everywhere():
    version = check_release.version()
    for name, text in (("CITATION.cff", f"version: {version}\n"), ("conda/meta.yaml", f'version = "{version}"')):
        assert text in (ROOT / name).read_text(encoding="utf-8"), name
    recipe = (ROOT / "conda" / "meta.yaml").read_text(encoding="utf-8").replace("pytorch", "torch")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for need in project["dependencies"]:
        name, least = need.split(">=")
        assert f"{name} >={least}" in recipe or f"{name}-base >={least}" in recipe


def test_workflows_run_what_there_is():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        jobs = yaml.safe_load(text)["jobs"]
        runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
        for targets in re.findall(r"make ((?:[a-z]+ )+)PYTHON", "\n".join(runs)):
            assert all(f"\n{target}:" in makefile for target in targets.split())
        assert all((ROOT / script).is_file() for script in re.findall(r"python (scripts/\w+\.py)", text))
