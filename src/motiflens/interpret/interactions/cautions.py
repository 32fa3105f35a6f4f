"""Limits of the p-values of a table, as text."""

import numpy as np

from motiflens.interpret.interactions.null import MIN_MOTIFS, PairTests

_USUAL_Q = 0.1


def cautions(of_method: str, tests: PairTests, *, n_motifs: int, n_copies: int) -> str:
    """Reasons why p-values may not be valid; "" if none is known.

    Parameters
    ----------
    of_method : str
        Known limits of the method.
    tests : PairTests
    n_motifs : int
    n_copies : int
        Number of measured pairs with a shuffled copy.
    """
    parts = (of_method, _of_copies(len(tests.p), n_copies), _of_other_pairs(tests, n_motifs))
    return "; ".join(part for part in parts if part)


def _of_copies(n_pairs: int, n_copies: int) -> str:
    """What the first test could not say."""
    least = n_pairs / (1 + n_copies)  # the q-value of a single pair beyond all copies
    if least <= _USUAL_Q:
        return ""
    return (
        f"a single pair cannot have a q-value below {min(least, 1):.2g}, as pairs with shuffled copies were measured "
        f"only {n_copies} times: raise n_null (--n-null) or give more sequences; methods on filters need filters like "
        "the motifs"
    )


def _of_other_pairs(tests: PairTests, n_motifs: int) -> str:
    """What the second test could not say."""
    if n_motifs < MIN_MOTIFS:
        return (
            f"with fewer than {MIN_MOTIFS} motifs, p-values compare with shuffled copies alone, and call pairs of a "
            "network that adds up single motifs: give more motifs; without them q-values are given only if asked for "
            "with few_motifs (--few-motifs)"
        )
    n_untested = int((np.isnan(tests.others) & (tests.copies < 1)).sum())
    if n_untested:
        return (
            f"{n_untested} pairs have p = 1 because too few other pairs of their motifs were measured and do not stand "
            "out: give more motifs"
        )
    return ""
