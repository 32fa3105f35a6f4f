"""The gallery shows every plot function."""

import runpy
from pathlib import Path

from motiflens.basics import plots

ROOT = Path(__file__).parents[2]


def test_every_plot_function_has_a_picture_that_the_script_still_draws(tmp_path):
    script = runpy.run_path(str(ROOT / "scripts" / "make_gallery.py"))
    script["main"](tmp_path / "gallery")
    drawn = {path.name for path in (tmp_path / "gallery").iterdir()}
    assert drawn == {path.name for path in (ROOT / "docs" / "gallery").iterdir()}
    page = (tmp_path / "gallery.md").read_text(encoding="utf-8")
    assert page == (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    for name in plots.__all__:
        assert not name.startswith("plot_") or f"`{name}`" in page
