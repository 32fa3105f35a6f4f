"""Labels in the spellings that spreadsheets, R and people use."""

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiflens.basics.errors import InputError
from motiflens.data.io.label_text import to_labels


def read(*texts, missing=None):
    values, how = to_labels(texts, lambda row: f"row {row}", missing)
    return values.tolist(), how


@pytest.mark.parametrize(
    ("texts", "expected", "how"),
    [
        (["1", "0.5", "-2e-3", "+4"], [1, 0.5, -0.002, 4], ""),
        (["0,5", "-1,25", "3"], [0.5, -1.25, 3], "decimal commas"),
        (["1.234,5", "12,0"], [1234.5, 12], "decimal commas"),
        (["0,125", "0,250"], [0.125, 0.25], "decimal commas"),
        (["1,234", "12,0"], [1.234, 12], "decimal commas"),
        (["1,234.5", "12,000"], [1234.5, 12000], "thousands"),
        (["1,234", "5.5"], [1234, 5.5], "thousands"),
        (["−3", "1"], [-3, 1], ""),
        (["50%", "12.5 %"], [0.5, 0.125], "50% as 0.5"),
        (["50,5%", "10%"], [0.505, 0.1], "decimal commas as points, percent"),
        (["True", "FALSE"], [1, 0], ""),
        (["pos", "Neg"], [1, 0], "pos is 1, neg is 0"),
        (["no", "YES"], [0, 1], "yes is 1, no is 0"),
        (["high", "low"], [1, 0], "high is 1, low is 0"),
        (["+", "-"], [1, 0], r"\+ is 1, - is 0"),
        (["inactive", "active"], [0, 1], "active is 1, inactive is 0"),
    ],
)
def test_spellings(texts, expected, how):
    values, told = read(*texts)
    np.testing.assert_allclose(values, expected, rtol=1e-12)
    assert (how.replace("\\", "") in told) if how else told == ""


@pytest.mark.parametrize("text", ["", "NA", "nan", "#N/A", "<NA>", "NULL", "None", ".", "n/a"])
def test_what_stands_for_a_missing_label(text):
    for other in ("1", "yes", "0,5"):
        values, _ = read(other, text)
        assert np.isnan(values).tolist() == [False, True]


def test_a_number_may_stand_for_a_missing_label():
    assert np.isnan(read("-1", "0", "1", missing=-1)[0]).tolist() == [True, False, False]
    assert np.isnan(read("-1,0", "0,5", missing=-1)[0]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["1", "high"], "row 1: expected a finite number, got 'high'"),
        (["enhancer", "promoter"], "row 0: .*got 'enhancer': write two classes as 1 and 0"),
        (["low", "mid", "high"], "row 0: .*got 'low'"),
        (["yes", "neg"], "got 'yes'"),
        (["1", "inf"], "row 1: expected a finite number, got 'inf'$"),
        (["1,234", "2,345"], r"row 0: '1,234' may be 1234 or 1.234: write numbers with a decimal point"),
        (["7", "1,234"], r"row 1: '1,234' may be"),
        (["0,5", "0.5"], "row 0: expected a finite number, got '0,5'"),
        (["1,2,3"], "got '1,2,3'"),
        (["10%", "0.2"], "got '10%'"),
        (["#DIV/0!"], "got '#DIV/0!'"),
        (["1e39"], "got '1e39'"),
    ],
)
def test_what_is_no_label(texts, message):
    with pytest.raises(InputError, match=message):
        read(*texts)


@given(st.lists(st.integers(-(10**7), 10**7).map(lambda number: number / 100), min_size=1, max_size=8))
def test_numbers_in_any_spelling_are_those_that_pandas_reads(numbers):
    english = [f"{number:,.2f}" for number in numbers]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]
    for texts, decimal, thousands in ((english, ".", ","), (german, ",", ".")):
        frame = pandas.DataFrame({"y": texts}).to_csv(index=False, sep=";")
        from io import StringIO

        expected = pandas.read_csv(StringIO(frame), sep=";", decimal=decimal, thousands=thousands)["y"]
        np.testing.assert_allclose(read(*texts)[0], expected)
        np.testing.assert_allclose(expected, numbers)
