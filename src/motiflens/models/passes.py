"""How many sequences go through a network at once: as many as were asked for, of long ones fewer.

Memory of a pass grows with its positions, that is sequences times length. What a pass of usual size takes at a thousand
bases, one takes at any length; results do not depend on it beyond rounding.
"""

#: Positions of all sequences of a pass without gradient: 500 sequences of 1 kb have as many.
MOST_POSITIONS = 2**19
#: The same with gradient, for which all that is computed is kept: 256 sequences of 1 kb.
MOST_POSITIONS_WITH_GRADIENT = 2**18


def sequences_per_pass(asked: int, length: int, most_positions: int = MOST_POSITIONS) -> int:
    """Sequences of a pass: those asked for, or as many as keep within its positions, and at least one.

    Parameters
    ----------
    asked : int
        By the caller, 1 or more.
    length : int
        Of each sequence, in bases.
    most_positions : int

    Examples
    --------
    >>> sequences_per_pass(500, 200), sequences_per_pass(500, 10_000)
    (500, 52)
    """
    return max(1, min(asked, most_positions // max(length, 1)))
