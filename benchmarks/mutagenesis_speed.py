"""Race motiflens' saturation mutagenesis against tangermeme's on one C4C6-Att.

    python benchmarks/mutagenesis_speed.py [--sequences 100] [--length 500] [--architecture C4C6-Att]

Both give the change of one output for every substitution, in batches of the same size on one thread. Times are process
CPU seconds, the best of rounds in which the two take turns. tangermeme runs as it comes: its fast path, which
recomputes only what a substitution can change, is checked and taken if it is the faster one. A first call of each on
one sequence is not counted.
"""

import argparse
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from setting import print_race, print_setting
from tangermeme.saturation_mutagenesis import saturation_mutagenesis as tangermeme_mutagenesis

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import saturation_mutagenesis
from motiflens.models.hybrid import build_model


def seconds(compute: Callable[[torch.Tensor], torch.Tensor], X: torch.Tensor) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    compute(X)
    return time.process_time() - start


def watch_fast_path() -> list[bool]:
    """A list to which each call of tangermeme adds whether it took its fast path."""
    module = import_module("tangermeme.saturation_mutagenesis")
    taken: list[bool] = []
    decide = module._fast_path

    def watched(*arguments: Any, **options: Any) -> Any:
        decision = decide(*arguments, **options)
        taken.append(decision[0] is not None)
        return decision

    module.__dict__["_fast_path"] = watched
    return taken


def main() -> None:
    """Print both times, their ratio and the largest difference of the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=100)
    parser.add_argument("--length", type=int, default=500, help="base pairs")
    parser.add_argument("--architecture", default="C4C6-Att")
    parser.add_argument("--activation", default="exponential")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=128, help="mutants per pass, of both")
    arguments = parser.parse_args()
    print_setting("tangermeme")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = build_model(arguments.architecture, activation=arguments.activation, length=arguments.length).eval()
    shape = (arguments.sequences, arguments.length)
    X = one_hot(np.random.default_rng(0).integers(0, 4, shape, dtype=np.uint8))

    def ours(X: torch.Tensor) -> torch.Tensor:
        return saturation_mutagenesis(model, X, batch_size=arguments.batch_size)

    def theirs(X: torch.Tensor) -> torch.Tensor:
        before, after = tangermeme_mutagenesis(
            model, X, batch_size=arguments.batch_size, raw_outputs=True, device="cpu"
        )
        return after[..., 0] - before[:, None, None, 0]

    paths = watch_fast_path()
    our_effects, their_effects = ours(X[:1]), theirs(X[:1])
    times = [(seconds(ours, X), seconds(theirs, X)) for _ in range(arguments.rounds)]
    our_seconds, their_seconds = map(min, zip(*times, strict=True))
    print(f"motiflens   {our_seconds:8.1f} s")
    path = "its fast path" if any(paths) else "without its fast path (a long job takes it)"
    print(f"tangermeme  {their_seconds:8.1f} s, {path}")
    print(f"ratio       {their_seconds / our_seconds:8.1f} x")
    what = f"every substitution in {len(X)} sequences of {X.shape[2]} bp, {arguments.architecture}"
    print_race(what, our_seconds, "tangermeme", their_seconds, path)
    difference = float((our_effects - their_effects).abs().max())
    print(f"largest difference {difference:.1e} of effects up to {float(our_effects.abs().max()):.1e}")


if __name__ == "__main__":
    main()
