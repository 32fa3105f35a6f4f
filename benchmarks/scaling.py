"""How the cost of training grows: with members, sequences and length; process CPU seconds, one thread.

Named alternative, in the same run: members trained one after the other (a stack of one, as many times).
"""

import argparse
import resource
import time

import torch
from setting import print_setting

from motiflens.models.hybrid import model_config
from motiflens.training.loop_engine import LoopEngine, new_network
from motiflens.training.protocol import REFERENCE

BATCH = 100


def seconds_per_epoch(architecture: str, n_members: int, n_sequences: int, length: int) -> float:
    """CPU seconds of one epoch of the whole stack; the faster of two."""
    config = model_config(architecture, task=1, length=length)
    seeds = list(range(n_members))
    engine = LoopEngine([new_network(config, REFERENCE, seed) for seed in seeds], REFERENCE, seeds)
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 4, (n_sequences, length), generator=generator).to(torch.uint8)
    y = torch.randint(0, 2, (n_sequences, config.n_outputs), generator=generator).float()
    order, rates = torch.arange(n_sequences), [1e-3] * n_members
    times = []
    for _ in range(3):
        start = time.process_time()
        engine.train_epoch(codes, y, order, BATCH, rates)
        times.append(time.process_time() - start)
    return min(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architecture", default="C4C6-Att")
    parser.add_argument("--sequences", type=int, default=1000)
    arguments = parser.parse_args()
    print_setting()
    torch.set_num_threads(1)
    name, n = arguments.architecture, arguments.sequences

    print(f"{name}, {n} sequences of 200 bp: members, CPU s per member and epoch, ratio to a stack of one")
    alone = seconds_per_epoch(name, 1, n, 200)
    for n_members in (1, 2, 5, 10):
        each = seconds_per_epoch(name, n_members, n, 200) / n_members
        print(f"  {n_members:5d}  {each:7.3f}  {alone / each:5.2f}x")

    print("5 members: sequences, CPU s per 1,000 sequences and member, ratio to the smallest")
    first = 0.0
    for n_sequences in (n, 2 * n, 4 * n):
        each = seconds_per_epoch(name, 5, n_sequences, 200) / 5 / n_sequences * 1000
        first = first or each
        print(f"  {n_sequences:5d}  {each:7.3f}  {each / first:5.2f}x")

    print(f"5 members, {n} sequences: length, CPU s per 200 bp and member, ratio to 200 bp")
    first = 0.0
    for length in (200, 400, 800):
        each = seconds_per_epoch(name, 5, n, length) / 5 / (length / 200)
        first = first or each
        print(f"  {length:5d}  {each:7.3f}  {each / first:5.2f}x")
    print(f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
