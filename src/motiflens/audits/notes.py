"""Notes on what could not be computed, which the page shows instead of a missing part."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from motiflens.interpret.attribution import CompletenessWarning

# What an analysis raises that cannot be made of these data or this model.
_ADVICE = re.compile(r"[:;] raise n_\w+(?: \(now \d+\))?")  # of a number that audits do not ask for
_NO_ANSWER = (ValueError, RuntimeError, ImportError, NotImplementedError)


@contextmanager
def noted(notes: list[str], what: str) -> Iterator[None]:
    """Context manager: errors, and warnings about completeness, become notes."""
    failure = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except _NO_ANSWER as error:
            failure.append(f"{what}: not computed: {error}")
    incomplete = [warning for warning in caught if issubclass(warning.category, CompletenessWarning)]
    if incomplete:
        more = f" (and of {len(incomplete) - 1} other sets of maps)" if len(incomplete) > 1 else ""
        said = _ADVICE.sub("", str(incomplete[0].message))
        notes.append(f"{what}: {said}{more}")
    notes += failure
    for warning in caught:
        if not issubclass(warning.category, CompletenessWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
