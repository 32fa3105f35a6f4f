"""What tells the labels of `spaced_grammar` apart without looking at which motif stands where; and its CPU time.

Run: python benchmarks/grammar_leaks.py [--sequences 30000]

Held-out AUROC of logistic regression and of gradient boosting, on three fifths for training and two fifths for the
test. Beside it the same for negatives made the plain way: the same motifs, each placed anywhere by itself.
"""

import argparse
import dataclasses
import time
from itertools import combinations

import numpy as np
from setting import print_setting
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from motiflens.basics.metrics import auroc
from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate import multi_motif, spaced_grammar
from motiflens.motifs.truth import SiteTruth

_ABSENT = 1000.0


def features(truth: SiteTruth, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Return the features of each sequence by name, each of shape=(N, n)."""
    numbers = np.bincount(truth.sequence, minlength=len(truth))
    slot = np.arange(len(truth.sequence)) - (np.cumsum(numbers) - numbers)[truth.sequence]
    starts = np.full((len(truth), numbers.max()), _ABSENT)
    starts[truth.sequence, slot] = truth.start
    ends, strands = starts.copy(), np.zeros_like(starts)
    ends[truth.sequence, slot] += np.array([motif.width for motif in truth.motifs])[truth.motif]
    strands[truth.sequence, slot] = truth.strand
    gaps = np.where(starts[:, 1:] < _ABSENT, starts[:, 1:] - ends[:, :-1], _ABSENT)
    counts = np.zeros((len(truth), len(truth.motifs)))
    np.add.at(counts, (truth.sequence, truth.motif), 1)
    pairs = np.stack([counts[:, a] * counts[:, b] for a, b in combinations(range(counts.shape[1]), 2)], axis=1)
    return {
        "number of sites": numbers[:, None],
        "positions": starts,
        "GC": np.isin(codes, (1, 2)).mean(axis=1, keepdims=True),
        "smallest gap": gaps.min(axis=1, keepdims=True),
        "all gaps, positions, strands": np.hstack([gaps, np.sort(gaps), starts, np.diff(starts), strands]),
        "motif counts": counts,
        "co-occurrence of pairs": pairs,
    }


def held_out(name: str, X: np.ndarray, y: np.ndarray) -> str:
    """AUROCs of the two classifiers, to be printed."""
    n_train = len(y) * 3 // 5
    models = [make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))]
    if name != "co-occurrence of pairs":  # trees on 190 columns take minutes, and the counts hold the same
        models.append(HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8))
    scores = [model.fit(X[:n_train], y[:n_train]).predict_proba(X[n_train:])[:, 1] for model in models]
    return " / ".join(f"{auroc(y[n_train:], score):.3f}" for score in scores)


def plain(dataset: SequenceDataset) -> tuple[SiteTruth, np.ndarray]:
    """Sites of the dataset with those of negatives placed anew, evenly, and its codes (whose GC is the same)."""
    truth = dataset.truth
    assert isinstance(truth, SiteTruth)
    numbers = np.bincount(truth.sequence, minlength=len(truth))
    start = truth.start.copy()
    for number in np.unique(numbers):
        rows = np.flatnonzero((numbers == number) & (dataset.y[:, 0] == 0))
        drawn = multi_motif(len(rows), motifs=truth.motifs, motif_counts={int(number): 1.0}, length=truth.length).truth
        assert isinstance(drawn, SiteTruth)
        start[np.isin(truth.sequence, rows)] = drawn.start
    return dataclasses.replace(truth, start=start), dataset.codes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=30_000)
    n = parser.parse_args().sequences
    print_setting()
    spaced_grammar(100)  # loads the motifs
    for level in (1, 2, 3):
        begin = time.process_time()
        dataset = spaced_grammar(n, level=level)
        print(f"level {level}: {n:,} sequences in {time.process_time() - begin:.2f} CPU s")
        assert isinstance(dataset.truth, SiteTruth)
        other = features(*plain(dataset)) if level > 1 else {}
        for name, X in features(dataset.truth, dataset.codes).items():
            if level == 1 and name == "co-occurrence of pairs":
                continue  # the rule itself
            beside = (
                f"   plain negatives {held_out(name, other[name], dataset.y[:, 0])}" if "gap" in name and other else ""
            )
            print(f"  {name:30s} logistic / boosting {held_out(name, X, dataset.y[:, 0])}{beside}", flush=True)


if __name__ == "__main__":
    main()
