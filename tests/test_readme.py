"""What the README shows must work and be complete."""

import re
from pathlib import Path

import pytest

import motiflens

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_run(capsys):
    code = re.search(r"<!-- run -->\n```python\n(.*?)```", README, re.DOTALL)[1]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    small = code.replace("8_000", "600").replace("max_epochs=25", "max_epochs=1").replace("n_members=2", "n_members=1")
    assert small != code
    exec(compile(small, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["relu", "exponential"]
    assert all(re.search(r"AUPR 0\.\d\d  filters that are motifs \d+%", line) for line in lines)


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_python_blocks_compile(block):
    compile(block, "README.md", "exec")


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
