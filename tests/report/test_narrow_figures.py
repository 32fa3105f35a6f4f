"""Figures for narrow screens are as wide as these, and hold every panel that the wide ones hold."""

import re
import shutil

import numpy as np
import pytest
import test_interaction_page as interactions

from motiflens.report.figures import NARROW
from motiflens.report.interactions import write_interaction_page
from motiflens.report.interactions.page import overview_figure, profile_figure

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


def titles(figure):
    return sorted(text.replace("\n", " ") for ax in figure.axes if (text := ax.get_title(loc="left")))


@pytest.mark.parametrize(
    "draw",
    [
        lambda narrow: overview_figure(interactions.table(), interactions.MOTIFS, narrow=narrow),
        lambda narrow: profile_figure(interactions.table(), interactions.CALLED, narrow),
    ],
)
def test_figures_of_interactions(draw):
    wide, narrow = draw(False), draw(True)
    assert narrow.get_size_inches()[0] == NARROW < wide.get_size_inches()[0]
    assert titles(narrow) == titles(wide)
    assert len(narrow.axes) == len(wide.axes)


def test_a_page_of_interactions_holds_each_figure_twice(tmp_path):
    pytest.importorskip("playwright.sync_api")
    if BROWSER is None:
        pytest.skip("no Chromium to open the page in")
    from playwright.sync_api import sync_playwright

    sequences = np.stack([interactions.sequence((0, interactions.WORDS[0]), (40, interactions.WORDS[1]))])
    page = write_interaction_page(interactions.table(), interactions.MOTIFS, tmp_path / "a.html", sequences=sequences)
    assert len(re.findall('class="small"', page.read_text())) == len(re.findall('class="large"', page.read_text())) == 2
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--headless", "--no-sandbox", "--disable-gpu"])
        for width in (1280, 400):
            tab = browser.new_page(viewport={"width": width, "height": 900})
            tab.goto(page.as_uri())
            wide = "parts => parts.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 80))"
            assert tab.eval_on_selector_all(".scroll", wide) == []
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            shown = "svgs => svgs.filter(s => s.getBoundingClientRect().width > 0).length"
            assert tab.eval_on_selector_all(".figure svg", shown) == 2
        browser.close()
