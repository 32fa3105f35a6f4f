"""Ablation of every first-layer filter of a C4C6-Att: from the pools on, against a full pass per filter with a hook.

    python benchmarks/ablation_speed.py --n-sequences 2000

Process CPU seconds on one thread; both ways must give the same numbers.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from setting import print_race, print_setting
from torch import nn

from motiflens.data.simulate import multi_motif
from motiflens.interpret.filters import filter_importance
from motiflens.models.any_model import adapt
from motiflens.models.hybrid import HybridNetwork, build_model


def with_hooks(network: HybridNetwork, X: torch.Tensor) -> np.ndarray:
    """Mean absolute change of each output, shape=(F, T), the plain way."""
    changes = []
    with torch.inference_mode():
        whole = torch.cat([network(x) for x in X.split(500)])
        means = torch.stack([network.first_layer_activations(x).mean((0, 2)) for x in X.split(500)]).mean(0)
        for i, mean in enumerate(means):

            def flatten(
                module: nn.Module, args: object, maps: torch.Tensor, i: int = i, mean: torch.Tensor = mean
            ) -> torch.Tensor:
                maps = maps.clone()
                maps[:, i] = mean
                return maps

            handle = network.stem.first.activation.register_forward_hook(flatten)
            changes.append((whole - torch.cat([network(x) for x in X.split(500)])).abs().mean(0))
            handle.remove()
    return torch.stack(changes).numpy()


def seconds(run: Callable[[], np.ndarray], repeats: int) -> tuple[float, np.ndarray]:
    """Least CPU time of some runs, and the last result."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        result = run()
        times.append(time.process_time() - started)
    return min(times), result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-sequences", type=int, default=2000)
    parser.add_argument("--architecture", default="C4C6-Att")
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    print_setting()
    torch.set_num_threads(1)
    network = build_model(options.architecture, task=1).eval()
    data = multi_motif(options.n_sequences, seed=0, split=(0, 0, 1))
    wrapped = adapt(nn.Sequential(network), data.codes, output="logits")

    def sizes(model: nn.Module) -> np.ndarray:
        return filter_importance(model, data, n_sequences=len(data)).size

    plain, expected = seconds(lambda: with_hooks(network, data.X), options.repeats)
    ours, found = seconds(lambda: sizes(network), options.repeats)
    other, same = seconds(lambda: sizes(wrapped), options.repeats)
    for result in (found, same):
        np.testing.assert_allclose(result, expected, atol=1e-4)
    print(f"{options.architecture}, {len(expected)} filters, {len(data):,} sequences, with AUROC of 12 labels each")
    print(f"  from the pools on          {ours:6.2f} s   {plain / ours:.2f}x")
    print(f"  any model (adapted)        {other:6.2f} s   {plain / other:.2f}x")
    print(f"  full pass with a hook      {plain:6.2f} s   1x (without AUROC)")
    what = f"ablation of {len(expected)} filters on {len(data):,} sequences, {options.architecture}"
    print_race(what, ours, "a full pass for each filter", plain)


if __name__ == "__main__":
    main()
