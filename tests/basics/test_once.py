"""Results that are made once for each object."""

import gc

import pytest

from motiflens.basics.once import once_for_each


class Thing:
    pass


def test_made_once_for_each_object_and_arguments_and_let_go_with_it():
    made = []

    @once_for_each
    def named(thing, end="", *, times=1):
        made.append((id(thing), end, times))
        return [end] * times

    one, other = Thing(), Thing()
    for _ in range(2):
        assert named(one) == [""]
        assert named(other, "b", times=2) == ["b", "b"]
        assert named(one, "b", times=2) == ["b", "b"]
    assert len(made) == 3
    kept = named.__closure__
    assert any(len(cell.cell_contents) == 2 for cell in kept if hasattr(cell.cell_contents, "keyrefs"))
    del other
    gc.collect()
    assert any(len(cell.cell_contents) == 1 for cell in kept if hasattr(cell.cell_contents, "keyrefs"))


def test_what_fails_is_tried_again():
    calls = []

    @once_for_each
    def fails(thing):
        calls.append(thing)
        raise ValueError("no")

    one = Thing()
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            fails(one)
    assert len(calls) == 2
