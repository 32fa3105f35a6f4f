"""Spike-in scores beside the truth: networks trained on simulated data, whose sites are known.

Run: python benchmarks/spike_in_truth.py [--sequences 10000] [--epochs 20] [--members 3]

The truth is the interpretability of attribution maps at the sites that the simulator placed in positives; the
spike-in sees negatives and the networks alone, and finds its motifs by itself. Beside it the difference of the two
maps with and without implants, which is what one might score instead.
"""

import argparse
import time
import warnings

import numpy as np
import torch
from setting import print_setting

from motiflens.basics.stats import spearman
from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate import billboard
from motiflens.interpret.attribution import CompletenessWarning, explain, interpretability
from motiflens.interpret.spike_in import spike_in
from motiflens.models.hybrid import HybridNetwork, model_config
from motiflens.training.ensemble import fit
from motiflens.training.protocol import REFERENCE

CONFIGURATIONS = [(name, activation) for name in ("C24", "C4C6") for activation in ("relu", "exponential")]
METHODS = ("saliency", "integrated_gradients")
SCORES = ("auroc", "aupr", "snr")


def true_scores(network: HybridNetwork, positives: SequenceDataset, method: str) -> list[float]:
    """Mean AUROC, AUPR and SNR at the simulator's sites."""
    if positives.truth is None:
        raise ValueError("expected simulated data with ground truth, got data without")
    means = interpretability(explain(network, positives.X, method=method).scores, positives.truth.matrix()).means()
    return [means[score] for score in SCORES]


def main() -> None:
    """Print each configuration's scores, then how far spike-in and truth agree over all networks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--members", type=int, default=3)
    arguments = parser.parse_args()
    print_setting()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", CompletenessWarning)
    data = billboard(arguments.sequences, seed=1)
    positives = data.test.subset(np.flatnonzero(data.test.y[:, 0] == 1)[:300])
    rows = []
    for name, activation in CONFIGURATIONS:
        config = model_config(name, activation=activation, task=2)
        networks = list(fit(config, data, arguments.members, protocol=REFERENCE.replace(max_epochs=arguments.epochs)))
        start = time.process_time()
        found = spike_in(networks, data, methods=METHODS)
        seconds = time.process_time() - start
        for method in METHODS:
            truth = np.array([true_scores(network, positives, method) for network in networks])
            spiked, difference = (
                np.stack([found.member_means(method, score, difference=which) for score in SCORES], axis=1)
                for which in (False, True)
            )
            rows.append(np.stack([truth, spiked, difference]))
            cells = "  ".join(
                f"{score} {t:.3f} / {s:.3f} / {d:.3f}"
                for score, t, s, d in zip(SCORES, *(part.mean(axis=0) for part in rows[-1]), strict=True)
            )
            print(f"{name:5s} {activation:12s} {method:21s} truth / spike-in / difference: {cells}  ({seconds:.1f} s)")
    truth, *others = np.concatenate(rows, axis=1)  # n, scores
    for kind, measured in zip(("spike-in", "difference"), others, strict=True):
        for i, score in enumerate(SCORES):
            rho, error = spearman(truth[:, i], measured[:, i]), np.abs(measured - truth)[:, i].mean()
            print(f"{kind:10s} {score:5s} rank correlation {rho:.2f}, mean absolute error {error:.3f}")


if __name__ == "__main__":
    main()
