"""Write what was found into the README, from stored records: python scripts/make_findings.py."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from motiflens.basics.store import Store
from motiflens.study.experiments import experiment_tables
from motiflens.study.results import read_results

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- findings -->\n", "<!-- end of findings -->"


def findings() -> str:
    """Five findings, a line each."""
    study = read_results(ROOT / "results" / "paper").results
    shares, auprs, maps = (
        study.task(task).values(name)
        for task, name in ((1, "filter_tpr"), (1, "classification_aupr"), (2, "interpretability_auroc"))
    )

    def mean(values: Mapping[tuple[str, str], np.ndarray], stem: str, activation: str) -> float:
        own = [value for (name, kind), value in values.items() if (name.split("-")[0], kind) == (stem, activation)]
        return float(np.concatenate(own).mean())

    c4c6, c24 = ([mean(shares, stem, kind) for kind in ("relu", "exponential")] for stem in ("C4C6", "C24"))
    accuracy = [mean(auprs, stem, "relu") for stem in ("C24", "C4C6")]
    auroc = [mean(maps, "C4C6", kind) for kind in ("relu", "exponential")]
    recall = recalls()
    experiments = experiment_tables(list(Store(ROOT / "results" / "crx").read()[0].values()))
    measured = {row.activation: row.effects.estimate for row in experiments.designs if row.architecture == "C4C6"}
    n_edits, words = experiments.kinds[0].n, experiments.kinds[0].words
    of_study = "([study](docs/results/study.md))"
    lines = [
        "**An exponential first layer turns filters into motifs if pools are small**: with C4C6, the share of filters "
        f"that match a motif of the data rises from {c4c6[0]:.2f} to {c4c6[1]:.2f}, and the AUROC of saliency at "
        f"motifs from {auroc[0]:.2f} to {auroc[1]:.2f} {of_study}.",
        "**With one wide pool it is the other way round**: with C24, this share falls from "
        f"{c24[0]:.2f} to {c24[1]:.2f} {of_study}.",
        f"**Accuracy does not show this**: with ReLU, test AUPR is {accuracy[0]:.2f} with C24 and {accuracy[1]:.2f} "
        f"with C4C6, but {c24[0]:.0%} and {c4c6[0]:.0%} of their filters match {of_study}.",
        "**Reporter assays agree**: with C4C6, the rank correlation of predicted with measured effects of "
        f"{n_edits:,} designed edits rises from {measured['relu']:.2f} with ReLU to {measured['exponential']:.2f} with "
        f"exponential; a regression on 3-mers reaches {words:.2f} ([experiments](docs/experiments.md)).",
        f"**Attention does not show which motifs interact**: raw attention finds {recall['attention']:.0%} of the true "
        f"pairs, inserting pairs of motifs {recall['insertion']:.0%} ([interactions](docs/results/interactions.md)).",
    ]
    names = "C4C6: two convolutions, with pools of 4 and 6 bp. C24: one convolution, with a pool of 24 bp."
    return "\n".join(f"- {line}" for line in lines) + f"\n\n{names}\n"


def recalls() -> dict[str, float]:
    """Recall of each method on networks with attention: level 2, 65 epochs."""
    path = ROOT / "results" / "interactions" / "tables" / "interactions-methods.tsv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    return {
        row["method"]: float(row["recall"])
        for row in rows
        if row["level"] == "2" and row["training"].startswith("65 epochs") and row["has_attention"] == "True"
    }


def with_findings(text: str) -> str:
    """A README with the findings as they are now."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + findings() + END + rest.split(END)[1]


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(with_findings(readme.read_text(encoding="utf-8")), encoding="utf-8")
