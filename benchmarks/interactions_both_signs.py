"""What the test of both signs would at most call in records of the test that called effects above 0 alone.

    python benchmarks/interactions_both_signs.py results/interactions/interactions.jsonl

Records hold the scores of effects of either sign and the curvature, so that the second test (against other pairs) can
be repeated for both signs; the first (against shuffled copies) cannot, and is left out here. p-values are then the same
or smaller than those of the whole test, and so nulls with calls are about as many as are shown, or fewer.

The curvature in these records has no sign: it is the same multiple of the product of two single effects for all pairs,
but for those cut at the limit. So the product is known up to that multiple, its sign from what motifs are worth in the
labels, and the curvature with its sign follows.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from motiflens.basics.stats import benjamini_hochberg
from motiflens.interpret.interactions import observed_pairs
from motiflens.interpret.interactions.null import against_other_pairs, curvature_effects

_N_SIGNS = 2
_UNIT = 1e6


def smallest_p(block: dict[str, list[float]], worth: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """p of the second test for both signs, 1 where there is none, and whether effects are above 0; shape=(P,) each.

    `worth` is what each motif adds to the logit of the labels.
    """
    score, magnitude, curvature = (
        np.array([np.nan if value is None else value for value in block[name]])
        for name in ("score", "magnitude", "bend")
    )
    pairs, above = observed_pairs(len(worth)), score >= magnitude
    # In a unit so large that no effect comes near the limit, which `curvature` has already.
    alone = np.sqrt(np.nan_to_num(curvature) / _UNIT)[:, None] * np.sign(np.array(worth))[pairs]
    signed = _UNIT * curvature_effects(np.where(above, magnitude, -magnitude) / _UNIT, alone)
    signed = np.minimum(signed, curvature)
    p = _N_SIGNS * against_other_pairs(magnitude, magnitude, signed, pairs)
    return np.minimum(np.nan_to_num(p, nan=1), 1), above


def main() -> None:
    """Print a row per training and method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path)
    options = parser.parse_args()
    groups = defaultdict(list)
    for line in options.records.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for method, block in record["tables"].items():
            if record["labels"] == "additive" and "bend" in block and "sign" not in block:
                epochs = record["config"]["protocol"]["max_epochs"]
                groups[epochs, method].append(smallest_p(block, record["simulation"]["logit_of_motif"]))
    print("epochs  method              nulls  pairs  p <= .05: +  -   nulls with calls: +  -  any")
    for (epochs, method), nulls in sorted(groups.items()):
        small = [sum(int(((p <= 0.05) & (above == side)).sum()) for p, above in nulls) for side in (True, False)]
        called = [(benjamini_hochberg(p) <= 0.1, above) for p, above in nulls]
        hit = [sum(bool((found & (above == side)).any()) for found, above in called) for side in (True, False)]
        some = sum(bool(found.any()) for found, _ in called)
        n_pairs = sum(len(p) for p, _ in nulls)
        print(f"{epochs:6}  {method:20}{len(nulls):4}{n_pairs:7}{small[0]:11}{small[1]:4}{hit[0]:19}{hit[1]:3}{some:5}")


if __name__ == "__main__":
    main()
