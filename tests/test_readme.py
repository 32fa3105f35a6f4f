"""What the README shows must work and be complete."""

import re
from pathlib import Path

import pytest
from docs_blocks import blocks_of
from make_findings import with_findings

import motiflens

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_lines_of_python_are_ten():
    """They are run when the docs are built: see test_docs.py."""
    (block,) = (one for one in blocks_of(README) if one.language == "python")
    assert len([line for line in block.shown.splitlines() if line.strip()]) <= 10


def test_findings_are_those_of_the_records():
    assert with_findings(README) == README, "run python scripts/make_findings.py"
    assert len(re.findall(r"^- \*\*", README.split("<!-- findings -->")[1], re.MULTILINE)) == 5


def test_the_readme_is_one_screen():
    assert len(README.splitlines()) <= 150
    assert len(README.encode()) <= 8_000


def test_every_wing_has_its_line():
    house = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
    for wing in motiflens.WINGS:
        assert f"| `{wing}` |" in house


def test_nothing_is_left_to_fill_in():
    variables = ("MOTIFLENS_IRF1", "MOTIFLENS_KERNELS")  # of the environment
    placeholders = set(re.findall(r"\b[A-Z0-9]+_[A-Z]{3,}[A-Z0-9]*\b", README)) - set(variables)
    assert not placeholders
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), f"the README points to {target}, which does not exist"


def test_named_modules_are_imported_on_use():
    for name in motiflens.__all__:
        assert getattr(motiflens, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = motiflens.nonsense
