"""Student's t distribution, and the central and noncentral F distribution, from the incomplete beta function."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

_SMALLEST = 1e-300  # in the place of 0 in a denominator


def f_quantile(p: float, df1: float, df2: float) -> float:
    """Quantile `p` of the F distribution."""
    return rising_root(lambda f: incomplete_beta(df1 / 2, df2 / 2, df1 * f / (df1 * f + df2)), p)


@lru_cache(maxsize=4096)  # a page asks for few of them, thousands of times
def t_quantile(p: float, df: float) -> float:
    """Quantile `p` > 0.5 of Student's t distribution."""
    return rising_root(lambda t: 1 - t_upper_tail(t, df), p)


def t_upper_tail(t: float, df: float) -> float:
    """Probability that Student's t exceeds `t` >= 0."""
    return incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22, Lentz's method)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction would converge slowly
        return 1 - incomplete_beta(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a + 1) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d, c = 1 / _nonzero(1 + step * d), _nonzero(1 + step / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            return math.exp(log_front) * fraction
    raise ArithmeticError(f"the incomplete beta function of {a:g}, {b:g} at {x:g} does not converge")


def noncentral_f_cdf(f: float, df1: float, df2: float) -> Callable[[float], float]:
    """Probability that a noncentral F ratio is at most `f`, as a function of its noncentrality.

    A Poisson mixture, with mean noncentrality / 2, of incomplete beta functions I_x(df1 / 2 + j, df2 / 2) (Johnson,
    Kotz and Balakrishnan 1995, chapter 30), each from the one before it by a recurrence in its first argument.
    """
    x = df1 * f / (df1 * f + df2)
    a, b = df1 / 2, df2 / 2
    first = incomplete_beta(a, b, x)

    def cdf(noncentrality: float) -> float:
        mean = noncentrality / 2
        if mean == 0:
            return first
        j = np.arange(int(mean + 12 * math.sqrt(mean) + 40))
        log_weight = j * math.log(mean) - mean - np.concatenate([[0.0], np.log(j[1:]).cumsum()])
        # I_x(a + j + 1, b) = I_x(a + j, b) - x^(a + j) (1 - x)^b Gamma(a + b + j) / (Gamma(a + j + 1) Gamma(b))
        log_front = math.lgamma(a + b) - math.lgamma(a + 1) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
        log_steps = log_front + np.concatenate([[0.0], np.log(x * (a + b + j) / (a + 1 + j)).cumsum()[:-1]])
        beta = first - np.concatenate([[0.0], np.exp(log_steps).cumsum()[:-1]])
        return float(np.exp(log_weight) @ np.maximum(beta, 0.0))

    return cdf


def rising_root(function: Callable[[float], float], value: float) -> float:
    """The x >= 0 at which a rising function reaches a value, by bisection to 12 digits; 0 if f(0) exceeds the value."""
    if function(0.0) >= value:
        return 0.0
    low, high = 0.0, 1.0
    while function(high) < value:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < value else (low, middle)
    return (low + high) / 2


def falling_root(function: Callable[[float], float], value: float) -> float:
    """As `rising_root`, for a decreasing function; 0 if f(0) is below the value."""
    return rising_root(lambda x: -function(x), -value)


def _nonzero(value: float) -> float:
    return value if abs(value) > _SMALLEST else _SMALLEST
