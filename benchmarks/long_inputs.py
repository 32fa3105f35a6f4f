"""Memory and time of long or many sequences: train networks, then audit one with default options, each in a process.

    python benchmarks/long_inputs.py [--sequences 240] [--length 10000] [--test 40] [--architecture C4C6-Att]
    python benchmarks/long_inputs.py --sequences 200000 --length 500 --test 20000 --architecture C24 --epochs 1
    python benchmarks/long_inputs.py --sequences 5000 --length 200 --test 500 --architecture C4C6-LSTM-Trans4 \\
        --task 1 --members 10 --epochs 1      # ten of the largest network of the study

There is no peer: numbers are process CPU seconds on one thread, imports left out, and the peak of resident memory. Both
grow in proportion to length where the network's cost does. Attention, over a token in 24 bases, is computed in blocks.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from setting import print_setting

from motiflens.audits.candidate import audit_candidate
from motiflens.audits.evidence import gather_evidence
from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import HybridNetwork, network_config
from motiflens.motifs.sets import load_motifs
from motiflens.training.ensemble import fit
from motiflens.training.protocol import REFERENCE

Measured = tuple[float, float]  # CPU seconds, GiB


def data(n: int, length: int, n_test: int) -> SequenceDataset:
    """Random sequences, half of them with a motif every 500 bp; as many for validation as for the test."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (n, length), dtype=np.uint8)
    y = (np.arange(n) % 2).astype(np.float32)[:, None]
    site = load_motifs("JASPAR2020")[10].pwm.argmax(0).astype(np.uint8)
    for i in np.flatnonzero(y[:, 0]):
        for _ in range(max(3, length // 500)):
            start = rng.integers(20, length - 40)
            codes[i, start : start + len(site)] = site
    split = np.repeat(np.arange(3, dtype=np.uint8), [n - 2 * n_test, n_test, n_test])
    return SequenceDataset(codes=codes, y=y, label_names=("site",), split_codes=split)


def train(arguments: argparse.Namespace, folder: str) -> Measured:
    """Train networks together and save the first."""
    torch.set_num_threads(1)
    dataset = data(arguments.sequences, arguments.length, arguments.test)
    config = network_config(arguments.architecture, length=arguments.length, task=arguments.task, n_outputs=1)
    protocol = REFERENCE.replace(
        max_epochs=arguments.epochs, batch_size=min(REFERENCE.batch_size, len(dataset.train) // 2)
    )
    start = time.process_time()
    ensemble = fit(config, dataset, arguments.members, protocol=protocol, progress=False)
    seconds = time.process_time() - start
    ensemble[0].save(folder)
    return seconds, peak()


def audit(arguments: argparse.Namespace, folder: str) -> Measured:
    """Audit it: tables, spike-in, stability, examples."""
    torch.set_num_threads(1)
    dataset, network = data(arguments.sequences, arguments.length, arguments.test), HybridNetwork.load(Path(folder))
    start = time.process_time()
    gather_evidence([audit_candidate("network", [network], dataset)], dataset)
    return time.process_time() - start, peak()


def peak() -> float:
    """Peak resident memory of this process, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Print seconds and memory of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=240)
    parser.add_argument("--length", type=int, default=10_000, help="base pairs")
    parser.add_argument("--test", type=int, default=40, help="test sequences")
    parser.add_argument("--architecture", default="C4C6-Att")
    parser.add_argument("--task", type=int, default=2, help="whose sizes the network has")
    parser.add_argument("--members", type=int, default=1, help="networks that are trained together")
    parser.add_argument("--epochs", type=int, default=2)
    arguments = parser.parse_args()
    print_setting("tangermeme")
    with tempfile.TemporaryDirectory() as folder:
        for name, function in (("training", train), ("whole audit", audit)):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                seconds, memory = pool.apply(function, (arguments, folder))
            print(f"{name:22s} {seconds:7.1f} s {memory:6.2f} GiB", flush=True)


if __name__ == "__main__":
    main()
