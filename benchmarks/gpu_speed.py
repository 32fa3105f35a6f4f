"""Training on a GPU: a stack of members as one captured step, against the usual loop, one network at a time.

Sizes of a task: 21,000 or 14,000 training sequences of 200 bp in batches of 100; some batches are timed, by wall clock
on a GPU of one's own, and scaled to an epoch. The usual loop is plain modules, PyTorch's Adam and its fused kernels,
with all data on the GPU already.
"""

import argparse
import time
from collections.abc import Callable

import torch
from setting import print_setting
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.models.hybrid import ARCHITECTURES, model_config
from motiflens.training.loop_engine import new_network
from motiflens.training.protocol import REFERENCE
from motiflens.training.stacked_engine import StackedEngine

BATCH, EPOCH_STEPS, N_OUTPUTS = 100, {1: 210, 2: 140}, {1: 12, 2: 1}


def data(n_steps: int, task: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 4, (BATCH * n_steps, 200), generator=generator).to(torch.uint8)
    y = torch.randint(0, 2, (BATCH * n_steps, N_OUTPUTS[task]), generator=generator).float()
    return codes.cuda(), y.cuda()


def seconds(run: Callable[[], object]) -> float:
    """Wall seconds; the first run warms up, the faster of two counts."""
    times = []
    for _ in range(3):
        torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def plain(architecture: str, task: int, n_steps: int) -> float:
    """Milliseconds per step of one network."""
    network = new_network(model_config(architecture, task=task), REFERENCE, 0).cuda().train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    codes, y = data(n_steps, task)

    def run() -> None:
        for rows, labels in zip(codes.split(BATCH), y.split(BATCH), strict=True):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(network(one_hot(rows)), labels).backward()
            optimizer.step()

    return 1e3 * seconds(run) / n_steps


def stacked(architecture: str, task: int, n_steps: int, n_members: int) -> float:
    """Milliseconds per step of a whole stack, half of it with either activation."""
    configs = [
        model_config(architecture, task=task, activation="relu" if i < n_members // 2 else "exponential")
        for i in range(n_members)
    ]
    networks = [new_network(config, REFERENCE, i).cuda() for i, config in enumerate(configs)]
    engine = StackedEngine(networks, REFERENCE, range(n_members))
    codes, y = data(n_steps, task)
    order = torch.arange(len(codes))
    return 1e3 * seconds(lambda: engine.train_epoch(codes, y, order, BATCH, [1e-3] * n_members)) / n_steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architectures", nargs="+", default=ARCHITECTURES, choices=ARCHITECTURES)
    parser.add_argument("--task", type=int, choices=(1, 2), default=1)
    parser.add_argument("--members", type=int, nargs="+", default=[10])
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    print_setting()
    if not torch.cuda.is_available():
        raise SystemExit("needs a GPU")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, Task {options.task}")
    print(f"{'':18} {'plain':>9} " + " ".join(f"{f'{n} members':>26}" for n in options.members))
    ratios: dict[int, list[float]] = {n: [] for n in options.members}
    for architecture in options.architectures:
        alone = plain(architecture, options.task, options.steps)
        line = f"{architecture:18} {alone:6.2f} ms "
        for n in options.members:
            together = stacked(architecture, options.task, options.steps, n)
            ratios[n].append(alone * n / together)
            epoch = together * EPOCH_STEPS[options.task] / 1e3
            line += f" {together:6.2f} ms {epoch:5.2f} s/epoch {ratios[n][-1]:4.0f}x"
        print(line, flush=True)
    for n in options.members:
        mean = torch.tensor(ratios[n]).log().mean().exp().item()
        print(f"{n} members: geometric mean {mean:.1f}x as many networks a second as the plain loop")


if __name__ == "__main__":
    main()
