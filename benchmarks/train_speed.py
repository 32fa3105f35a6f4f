"""Training speed: an ensemble against one network at a time, process CPU seconds per member and epoch, one thread.

Sizes of a task: 21,000 or 14,000 training sequences of 200 bp, batches of 100; a few batches are timed and scaled to an
epoch.
(a) plain: the loop that most people write, stock PyTorch modules, a DataLoader over one-hot floats, one network.
(b) Lightning's Trainer around the same network, if it is installed.
(c) ours without the compiled kernels, as on a machine without a C compiler.
"""

import argparse
import copy
import math
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import torch
from setting import print_race, print_setting
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from motiflens.basics.sequence import one_hot
from motiflens.models.hybrid import (
    ARCHITECTURES,
    BatchNorm1d,
    ChannelsLastConv1d,
    Dropout,
    HybridNetwork,
    Linear,
    MaxPool1d,
    MultiHeadAttention,
    model_config,
)
from motiflens.training.allocator import keep_freed_memory
from motiflens.training.loop_engine import LoopEngine, new_network
from motiflens.training.protocol import REFERENCE

BATCH, EPOCH_STEPS, N_OUTPUTS = 100, {1: 210, 2: 140}, {1: 12, 2: 1}
QUICK = ("C24", "C4C6-Att", "C4-LSTM-Trans1", "C4C6-LSTM-Trans4")


def data(n_steps: int, task: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 4, (BATCH * n_steps, 200), generator=generator).to(torch.uint8)
    return codes, torch.randint(0, 2, (BATCH * n_steps, N_OUTPUTS[task]), generator=generator).float()


class StockAttention(MultiHeadAttention):
    """Attention weights as people write them."""

    def weights(self, tokens: torch.Tensor) -> torch.Tensor:
        query, key = self._heads(self.query(tokens)), self._heads(self.key(tokens))
        return torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]), dim=-1)


def stock(network: HybridNetwork) -> HybridNetwork:
    """The same network without our layers: PyTorch's own, and attention as most people write it."""
    network = copy.deepcopy(network)
    own = {
        BatchNorm1d: nn.BatchNorm1d,
        ChannelsLastConv1d: nn.Conv1d,
        Dropout: nn.Dropout,
        Linear: nn.Linear,
        MaxPool1d: nn.MaxPool1d,
    }
    for module in network.modules():
        if type(module) in own:
            module.__class__ = own[type(module)]
        elif type(module) is MultiHeadAttention:
            module.__class__ = StockAttention
    return network


def per_epoch(run: Callable[[], object], task: int, n_steps: int, n_networks: int) -> float:
    """CPU seconds per network and epoch; the first run warms up, the faster of two counts."""
    run()
    times = []
    for _ in range(2):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times) / n_steps / n_networks * EPOCH_STEPS[task]


def plain(architecture: str, task: int, n_steps: int) -> float:
    network = stock(new_network(model_config(architecture, task=task), REFERENCE, 0)).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    codes, y = data(n_steps, task)
    loader = DataLoader(TensorDataset(one_hot(codes), y), batch_size=BATCH, shuffle=True)

    def run() -> None:
        for X, labels in loader:
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(network(X), labels)
            loss.backward()
            optimizer.step()

    return per_epoch(run, task, n_steps, 1)


def lightning(architecture: str, task: int, n_steps: int) -> float:
    import lightning

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = stock(new_network(model_config(architecture, task=task), REFERENCE, 0))

        def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> torch.Tensor:
            X, labels = batch
            return F.binary_cross_entropy_with_logits(self.network(X), labels)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=1e-3)

    codes, y = data(n_steps, task)
    loader = DataLoader(TensorDataset(one_hot(codes), y), batch_size=BATCH, shuffle=True)
    module = Module()

    def run() -> None:
        trainer = lightning.Trainer(
            max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(module, loader)

    return per_epoch(run, task, n_steps, 1)


def stacked(architecture: str, task: int, n_steps: int, n_members: int, precision: str, kernels: bool) -> float:
    os.environ["MOTIFLENS_KERNELS"] = "1" if kernels else "0"
    config = model_config(architecture, task=task)
    seeds = list(range(n_members))
    engine = LoopEngine([new_network(config, REFERENCE, seed) for seed in seeds], REFERENCE, seeds, precision)
    rates = [REFERENCE.learning_rate] * n_members
    codes, y = data(n_steps, task)
    order = torch.randperm(len(codes))
    with keep_freed_memory():  # as `ensemble.fit` does
        run = partial(engine.train_epoch, codes, y, order, BATCH, rates)
        return per_epoch(run, task, n_steps, n_members)


def _call(function: Callable[..., float], arguments: tuple[object, ...]) -> tuple[float, float]:
    torch.set_num_threads(1)
    seconds = function(*arguments)
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(function: Callable[..., float], *arguments: object) -> tuple[float, float]:
    """Result of a measurement in a fresh process, so that none disturbs the next, and its peak memory in GiB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_call, (function, arguments))


def product_rate() -> float:
    """This machine's fp32 products, GFLOP/s, one thread."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best = 0.0
    for _ in range(8):
        start = time.process_time()
        for _ in range(4):
            a @ b
        best = max(best, 4 * 2 * 1024**3 / (time.process_time() - start) / 1e9)
    return best


def products(architecture: str, task: int) -> float:
    """GFLOP of matrix products per member and epoch, forward and backward."""
    c = model_config(architecture, task=task)
    positions = c.length // c.first_pool
    macs = 2 * c.length * 4 * c.kernel_size * c.n_filters  # the first layer has no input gradient
    later = 0
    if c.second_stage == "conv":
        later += positions * c.second_kernel_size * c.n_filters**2
    if c.uses_lstm:
        steps = positions if c.second_stage == "lstm" else c.n_tokens
        later += steps * 4 * c.lstm_width * (c.n_filters + c.lstm_width // 2)
    width, tokens = c.attention_width, c.n_tokens
    n_layers = {"none": 0, "attention": 1, "transformer": c.n_layers}[c.attention]
    later += n_layers * tokens * width * (3 * c.stem_or_lstm_width + width + 2 * tokens)
    if c.attention == "transformer":
        later += n_layers * tokens * width * 2 * c.feedforward_width
    later += tokens * c.token_width * c.dense_width + c.dense_width * c.n_outputs
    return 2 * (macs + 3 * later) * BATCH * EPOCH_STEPS[task] / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="four architectures")
    parser.add_argument("--architectures", nargs="*", help="only these")
    parser.add_argument("--task", type=int, choices=(1, 2), default=1)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--precision", default="float32", help="of our products: float32 or bfloat16")
    parser.add_argument("--steps", type=int, default=10, help="batches timed")
    arguments = parser.parse_args()
    print_setting()
    torch.set_num_threads(1)
    names = arguments.architectures or (QUICK if arguments.quick else ARCHITECTURES)
    task, steps, rate = arguments.task, arguments.steps, product_rate()
    with_lightning = find_spec("lightning") is not None
    print(f"fp32 products {rate:.0f} GFLOP/s; {arguments.members} members; CPU seconds per member and epoch")
    print(f"{'':16s} {'plain':>7s} {'Lightn.':>7s} {'no kern.':>8s} {'ours':>7s} {'ratio':>6s} {'of fp32 rate':>12s}")
    ratios, gains, peak = [], [], 0.0
    own: list[float] = []
    peers: list[float] = []
    for name in names:
        a, _ = measure(plain, name, task, steps)
        b = f"{measure(lightning, name, task, steps)[0]:7.2f}" if with_lightning else "      -"
        c, _ = measure(stacked, name, task, steps, arguments.members, arguments.precision, False)
        ours, memory = measure(stacked, name, task, steps, arguments.members, arguments.precision, True)
        peak = max(peak, memory)
        ratios.append(a / ours)
        own.append(ours)
        peers.append(a)
        gains.append(c / ours)
        print_race(f"an epoch of a member of {arguments.members}, {name}, Task {task}", ours, "a plain PyTorch loop", a)
        share = products(name, task) / ours / rate
        print(f"{name:16s} {a:7.2f} {b} {c:8.2f} {ours:7.2f} {ratios[-1]:5.2f}x {share:11.0%}", flush=True)
    print(
        f"geometric mean {mean(ratios):.2f}x over plain, least {min(ratios):.2f}x; {mean(gains):.2f}x over no kernels; "
        f"peak resident memory of ours {peak:.2f} GiB"
    )
    if len(names) == len(ARCHITECTURES):
        what = f"an epoch of a member of {arguments.members}, all {len(names)} architectures, Task {task}"
        print_race(f"{what}, geometric mean", mean(own), "a plain PyTorch loop", mean(peers))


def mean(values: list[float]) -> float:
    """Geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


if __name__ == "__main__":
    main()
