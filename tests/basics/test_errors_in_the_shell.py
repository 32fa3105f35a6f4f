"""Errors whose advice names an argument: as Python writes it, and as the shell does."""

import pickle

from motiflens.basics.errors import ArgumentError, InputError, explained


def test_an_argument_goes_by_its_own_name_or_the_options():
    error = ArgumentError(
        "a {b}.bed: too many N", "raise {max_unknown}, or {missing}", missing=('missing="drop"', "--skip")
    )
    assert isinstance(error, InputError)
    assert str(error) == 'a {b}.bed: too many N: raise max_unknown, or missing="drop"'
    assert explained(error) == "a {b}.bed: too many N: raise --max-unknown, or --skip"
    assert explained(pickle.loads(pickle.dumps(error))) == explained(error)
