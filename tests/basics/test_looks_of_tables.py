"""Text, HTML and data frames of a table: what they show, and that they keep within their bounds."""

import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.basics.tables import Logo, Table, Tabular, as_dataframe, as_html, as_text, columns_of

PWM = np.array([[1.0, 0, 0.25], [0, 0, 0.25], [0, 1.0, 0.25], [0, 0, 0.25]])


def test_text_has_title_header_rows_and_notes():
    table = Table(
        "Two motifs", {"motif": ["SP1", "YY1"], "q": [0.00012345, float("nan")], "n": [1200, None]}, ["a note"]
    )
    assert as_text(table).splitlines() == [
        "Two motifs",
        "  motif          q      n",
        "  SP1    0.0001234  1,200",
        "  YY1            –      –",
        "  a note",
    ]


def test_what_does_not_fit_is_counted():
    table = Table("many", {f"column {i}": np.full(100, i) for i in range(30)})
    last = as_text(table).splitlines()[-1]
    found = re.fullmatch(r"  … (\d+) more rows and (\d+) more columns: to_dataframe\(\) has them all", last)
    n_shown = as_text(table).splitlines()[1].count("column")
    assert (int(found[1]), int(found[2])) == (88, 30 - n_shown)
    assert n_shown == 9


def test_a_table_without_rows_is_its_title_and_notes():
    assert as_text(Table("nothing", {"a": []}, ["why"])) == "nothing\n  why"
    assert "<table>" not in as_html(Table("nothing", {"a": []}))


def test_more_notes_than_fit_are_counted():
    notes = as_text(Table("t", {"a": [1]}, [f"note {i}" for i in range(10)])).splitlines()[3:]
    assert notes == ["  note 0", "  note 1", "  note 2", "  … and 7 more notes"]


words = st.text(max_size=300)
cells = st.one_of(words, st.integers(), st.floats(), st.none(), st.booleans())


@settings(deadline=None, max_examples=60)
@given(
    title=words,
    names=st.lists(st.text(min_size=1, max_size=60), unique=True, max_size=12),
    cell=cells,
    n=st.integers(0, 200),
    notes=st.lists(words, max_size=30),
)
def test_text_keeps_within_its_bounds(title, names, cell, n, notes):
    text = as_text(Table(title, {name: [cell] * n for name in names}, notes))
    assert len(text.splitlines()) <= 20
    assert len(text) <= 2000


def test_html_is_escaped_and_counts_what_it_leaves_out():
    html = as_html(Table("<b>&", {"<i>": ["<script>"] * 100}, ["a < b"]))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;&amp;" in html
    assert "<th>&lt;i&gt;</th>" in html
    assert "a &lt; b" in html
    assert html.count("<tr>") == 31
    assert "70 more rows" in html


def test_motifs_are_logos_in_html_and_a_consensus_elsewhere():
    table = Table("motifs", {"logo": [Logo(PWM), Logo(PWM)], "gap": [None, 0.5]})
    html = as_html(table)
    assert html.count("<svg class=") == 2
    assert html.count('id="mlA"') == 1  # the shapes once, however many logos
    assert "  AG.     –" in as_text(table).splitlines()
    assert as_dataframe(table)["logo"].tolist() == ["AG.", "AG."]


def test_a_data_frame_has_every_row_and_type():
    frame = as_dataframe(Table("t", {"n": np.arange(1000), "x": np.linspace(0, 1, 1000), "w": ["a"] * 1000}))
    assert frame.shape == (1000, 3)
    assert frame["n"].dtype.kind == "i"
    assert frame["x"].iloc[-1] == 1


def test_without_pandas_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'motiflens\[pandas\]'"):
        as_dataframe(Table("t", {"a": [1]}))


def test_columns_of_rows_keep_their_order_and_fill_gaps():
    assert columns_of([{"b": 1}, {"a": 2}], ["a"]) == {"a": [None, 2], "b": [1, None]}
    assert columns_of([], ["a"]) == {"a": []}


def test_a_class_says_its_rows_once():
    class Found(Tabular):
        def _table(self):
            return Table("found", {"a": [1, 2]})

    assert repr(Found()).startswith("found\n")
    assert Found()._repr_html_().startswith("<div")
    assert Found().to_dataframe()["a"].tolist() == [1, 2]
    with pytest.raises(NotImplementedError, match="Tabular"):
        repr(Tabular())
