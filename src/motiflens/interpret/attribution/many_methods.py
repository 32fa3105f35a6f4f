"""Attribution maps of many sequences by several methods."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution.explain import check_method, explain

MethodOptions = Mapping[str, Mapping[str, Any]]


def position_scores(
    model: nn.Module,
    codes: np.ndarray,
    *,
    methods: Sequence[str],
    options: MethodOptions,
    target: int,
    correct_gradient: bool,
) -> np.ndarray:
    """Attribution of every position by every method, float64, shape=(M, N, L)."""
    X = one_hot(codes)
    common: dict[str, Any] = {"target": target, "correct_gradient": correct_gradient}
    found = [explain(model, X, method=method, **common, **options.get(method, {})) for method in methods]
    return np.stack([one.scores.double().numpy() for one in found])


def check_methods(methods: Sequence[str], options: MethodOptions) -> None:
    """Raise an error if a method is unknown or named twice, or if there is none."""
    if isinstance(methods, str) or not methods:
        raise InputError(f"expected methods in a list of at least one, got {methods!r}")
    for method in (*methods, *options):
        check_method(method)
    if len(set(methods)) < len(methods):
        raise InputError(f"expected each method once, got {', '.join(methods)}")
