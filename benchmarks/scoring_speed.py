"""Score saliency maps against ground truth: this package against one scikit-learn call per sequence.

    python benchmarks/scoring_speed.py --sequences 2000 --length 200

Prints process CPU seconds of both (the better of several repeats), their ratio and the largest difference.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from setting import print_race, print_setting
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score

from motiflens.interpret.attribution import interpretability


def score_one_by_one(scores: np.ndarray, ground_truth: np.ndarray, top_k: int = 20) -> np.ndarray:
    """Return AUROC, AUPR and SNR, shape=(3, N), with a Python loop over sequences."""
    rows = []
    for score, p in zip(scores, ground_truth, strict=True):
        information = 2 + np.sum(p * np.log2(np.where(p > 0, p, 1)), axis=0)
        positive, negative = information > 0.1, information == information.min()
        labels = np.r_[np.ones(positive.sum()), np.zeros(negative.sum())]
        values = np.r_[score[positive], score[negative]]
        precision, recall, _ = precision_recall_curve(labels, values)
        noise = np.sort(score[negative & (score > 0)])[-top_k:]
        snr = score[positive].mean() / noise.mean() if len(noise) == top_k else 0
        rows.append((roc_auc_score(labels, values), auc(recall, precision), snr))
    return np.array(rows).T


def simulate(n: int, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores (N, L) and ground truth (N, 4, L) with four motifs of 10 columns in each sequence."""
    rng = np.random.default_rng(seed)
    truth = np.full((n, 4, length), 0.25)
    for start in np.linspace(5, length - 15, 4).astype(int):
        columns = rng.dirichlet(np.full(4, 0.3), size=(n, 10))  # N, 10, 4
        truth[:, :, start : start + 10] = columns.transpose(0, 2, 1)
    signal = (truth != 0.25).any(axis=1)
    return rng.standard_normal((n, length)) + signal, truth


def best_cpu_seconds(function: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print_setting("scikit-learn")
    torch.set_num_threads(1)
    scores, truth = simulate(args.sequences, args.length, args.seed)

    start = time.process_time()
    result = interpretability(scores, truth)
    first = time.process_time() - start
    ours = best_cpu_seconds(lambda: interpretability(scores, truth), args.repeats)
    loop = best_cpu_seconds(lambda: score_one_by_one(scores, truth), 1)
    expected = score_one_by_one(scores, truth)
    difference = np.abs(np.array([result.auroc, result.aupr, result.snr]) - expected).max()
    print(f"{args.sequences} sequences of {args.length} bp, process CPU seconds on one thread")
    print(f"motiflens.interpret.attribution.against_truth      {ours:8.3f}  (first call {first:.3f})")
    print(f"scikit-learn per row   {loop:8.3f}")
    print(f"ratio {loop / ours:.0f}x, largest difference {difference:.1e}")
    print_race(f"AUROC, AUPR and SNR of {args.sequences:,} saliency maps", ours, "scikit-learn per sequence", loop)


if __name__ == "__main__":
    main()
