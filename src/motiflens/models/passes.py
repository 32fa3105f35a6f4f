"""Number of sequences in one pass through a network: as many as requested, or fewer if they are long.

The memory of a pass grows with its number of positions, that is, sequences times length. This number is limited to that
of a usual pass with sequences of 1,000 bases. Results do not depend on it beyond rounding.
"""

#: Positions of all sequences of a pass without gradient: 500 sequences of 1 kb have as many.
MOST_POSITIONS = 2**19
#: The same with gradient, for which all that is computed is kept: 256 sequences of 1 kb.
MOST_POSITIONS_WITH_GRADIENT = 2**18


def sequences_per_pass(asked: int, length: int, most_positions: int = MOST_POSITIONS) -> int:
    """Sequences in one pass: as many as requested, or as many as fit into `most_positions`, but at least one.

    Parameters
    ----------
    asked : int
        Requested number, 1 or more.
    length : int
        Length of each sequence in bases.
    most_positions : int

    Examples
    --------
    >>> sequences_per_pass(500, 200), sequences_per_pass(500, 10_000)
    (500, 52)
    """
    return max(1, min(asked, most_positions // max(length, 1)))
