"""The page in a browser: it loads without errors, what can be clicked works, nothing overflows."""

import shutil

import audit_pages
import pytest

playwright = pytest.importorskip("playwright.sync_api")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium to open the page in")
TABLE = "#filters-0"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        arguments = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=BROWSER, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return audit_pages.page(tmp_path_factory.mktemp("page") / "audit.html").as_uri()


@pytest.fixture
def opened(browser, address):
    """The page, offline; its console must stay silent."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url != address else None)
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    yield page
    assert complaints == []
    context.close()


def column(page, index):
    """Values of a column by which it sorts, "" where there is none."""
    return page.eval_on_selector_all(
        f"{TABLE} tbody tr", f"rows => rows.map(row => row.cells[{index}].dataset.value ?? '')"
    )


def numbers(values):
    return [float(value) for value in values if value]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_overflows(opened, width, scheme):
    opened.set_viewport_size({"width": width, "height": 900})
    opened.emulate_media(color_scheme=scheme)
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    beyond = """() => [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll') && !e.closest('svg')
        && e.getBoundingClientRect().right > window.innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    assert opened.evaluate(beyond) == []
    assert (
        opened.evaluate(
            "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
        )
        == 0
    )


@pytest.mark.parametrize(
    ("title", "orders"),
    [
        ("q", ["ascending", "descending"]),
        ("Bits", ["descending", "ascending"]),
        ("Loss without", ["ascending", "descending"]),  # the page comes sorted by it, the largest first
        ("Filter", ["ascending", "descending"]),
    ],
)
def test_columns_sort_both_ways_with_the_unknown_last(opened, title, orders):
    button = opened.locator(f"{TABLE} th").get_by_role("button", name=title, exact=True)
    head = opened.locator(f"{TABLE} th").filter(has=opened.get_by_role("button", name=title, exact=True))
    index = head.evaluate("head => [...head.parentNode.children].indexOf(head)")
    for order in orders:
        button.click()
        assert head.get_attribute("aria-sort") == order
        values = column(opened, index)
        known = numbers(values)
        assert known == sorted(known, reverse=order == "descending")
        assert known != sorted(known, reverse=order != "descending")
        assert values[len(known) :] == [""] * (8 - len(known))
    assert opened.locator(f"{TABLE} th[aria-sort]").count() == 1


def test_names_sort_as_text(opened):
    opened.locator(f"{TABLE} th").get_by_role("button", name="Best match", exact=True).click()
    names = [name for name in column(opened, 2) if name]
    assert names == sorted(names, key=str.lower)
    assert len(names) > 1


def test_search_keeps_the_rows_that_hold_the_word(opened):
    box = opened.get_by_role("searchbox").first
    box.fill("  DEAD ")
    shown = opened.locator(f"{TABLE} tbody tr:visible")
    assert shown.count() == 1
    assert "dead" in shown.inner_text()
    assert opened.locator(f"{TABLE}-count").inner_text() == "1 of 8 filters"
    assert opened.locator("#filters-1 tbody tr:visible").count() == 8
    box.fill("")
    assert shown.count() == 8


def test_the_method_switch_shows_its_maps(opened):
    first, second = audit_pages.METHODS
    for method in (second, first, second):
        opened.get_by_label("Method").select_option(method)
        shown = opened.eval_on_selector_all(".map", "maps => maps.filter(m => !m.hidden).map(m => m.dataset.method)")
        assert shown == [method] * 6  # three examples, two candidates
        assert opened.locator(f".map[data-method={method}]").first.locator(".score-logo").first.is_visible()


def test_a_narrow_screen_shows_all_letters_hits_and_columns(opened):
    opened.set_viewport_size({"width": 400, "height": 900})
    inside = """parts => parts.map(p => p.getBoundingClientRect()).filter(box => box.width > 0)
        .map(box => box.left >= 0 && box.right <= window.innerWidth)"""
    for what in (".score-logo", ".hit b", ".ticks span", ".card", "td", ".figure svg"):
        seen = opened.eval_on_selector_all(what, inside)
        assert seen, what
        assert all(seen), what
    title = "cell => getComputedStyle(cell, '::before').content"
    assert opened.eval_on_selector(f"{TABLE} td:nth-child(4)", title) == '"q"'


@pytest.mark.parametrize("width", [1280, 400])
def test_no_text_of_a_figure_is_cut(opened, width):
    opened.set_viewport_size({"width": width, "height": 900})
    cut = """figures => figures.flatMap(figure => { const box = figure.getBoundingClientRect();
        return [...figure.querySelectorAll('text, g[id^=text]')].map(t => [t, t.getBoundingClientRect()])
            .filter(([t, own]) => box.width && own.width && (own.left < box.left - 1 || own.right > box.right + 1))
            .map(([t]) => t.textContent) })"""
    assert opened.eval_on_selector_all(".figure svg", cut) == []


def test_a_wide_screen_shows_the_letters_in_one_row(opened):
    tops = opened.eval_on_selector_all("#map .part", "parts => parts.map(p => p.getBoundingClientRect().top)")
    assert len(tops) == 2 * 3  # two candidates, ninety letters
    assert len({round(top) for top in tops}) == 2


def test_headers_and_pictures_speak(opened):
    assert opened.locator("th:not([scope])").count() == 0
    silent = "svgs => svgs.filter(s => !s.closest('[aria-label]') && !s.closest('[aria-hidden]')).length"
    assert opened.eval_on_selector_all("svg", silent) == 0
    assert opened.locator("h1").count() == 1


def test_print_shows_every_method_and_no_controls(opened):
    opened.emulate_media(media="print")
    assert opened.locator(".map:visible").count() == 12
    assert opened.locator(".controls:visible").count() == 0
    assert len(opened.pdf()) > 10_000
