"""Write docs/results/study.md from results/paper/report.md: python scripts/make_study_page.py.

`motiflens study report results/paper --draw results/draws/seed1 --draw results/draws/seed2 --formats svg` comes first.
"""

from pathlib import Path
from typing import Any

import numpy as np

from motiflens.basics.stats import spearman
from motiflens.study.findings import compare_with_published
from motiflens.study.grid import get_preset
from motiflens.study.results import read_results

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "results" / "paper" / "report.md"
TARGET = ROOT / "docs" / "results" / "study.md"
TITLES = {
    "classification_auroc": "Classification AUROC",
    "interpretability_auroc": "Saliency AUROC",
    "interpretability_aupr": "Saliency AUPR",
    "interpretability_snr": "Saliency SNR",
}
HEAD = """# The whole grid beside the published tables

What networks of the paper's 34 configurations learned, and what its five claims come to. All text and numbers below are
made from the records in `results/paper` by `motiflens study report`; how the records were made stands in
`results/paper/README.md`.

How to read it:

- A **configuration** is an architecture with one activation of its first layer. **Stage 1** is the first
  convolution with its pools: C24 has one wide pool, C4C6 and C4 have small ones. The **second stage** is what
  follows: nothing, attention (Att), a BiLSTM, or a BiLSTM with attention or encoder layers (Trans).
- **Filter TPR** is the share of first-layer filters that match a motif implanted in the data, **filter FPR** the
  share that match other motifs only. **Saliency AUROC** and **AUPR** say how well gradient x input separates motif
  positions from background; **SNR** is its mean over motif positions in units of the 20 highest of the background.
- Intervals of means over architectures are Student's t over architectures, measured by
  `benchmarks/interval_coverage.py`. Those of single architectures are Welch's, over initialisations.
- Networks of C4 with a BiLSTM score differently from the published ones because the released code's backward LSTM
  uses ReLU in place of tanh; records of networks built so are in `results/variant_code`.
- Numbers of first-layer filters are compared in `results/filters`, and advice on the page of an audit is drawn from
  these records and those of the grid (`motiflens study effects`).

"""


DIFFERENCES = """## What text and code do otherwise

The paper's text and its released code, which made the published tables, differ. `--preset paper` follows the code,
`--preset paper-text` the text. Networks are built as the text has them in both; `--variant code` builds them with two
quirks of the code: the backward LSTM of every BiLSTM uses ReLU in place of tanh, and attention in C24-LSTM-Att and
C4-LSTM-Att is 96 wide on Task 2.

| Setting | Text (`paper-text`) | Code (`paper`) |
| --- | --- | --- |
"""


QUIRK = """## What the code's BiLSTM explains

The same comparison with the published tables on Task 2, with {n} of the {n_all} configurations exchanged for networks
built as the released code builds them: {networks} networks of `results/variant_code`, selected as published.

| Metric | Spearman, text | Spearman, code | Mean absolute difference, text | Mean absolute difference, code |
| --- | --- | --- | --- | --- |
"""


def explained() -> str:
    """Agreement with the published tables before and after the code's BiLSTM takes the place of the text's."""
    compared = {}
    for name in ("paper", "variant_code"):
        results = read_results(ROOT / "results" / name).results
        rows = [row for row in compare_with_published(results, selections=("published",)) if row.task == 2]
        compared[name] = {(row.metric, row.architecture, row.activation): row for row in rows}
    text, code = compared["paper"], compared["variant_code"]
    lines = []
    for metric in dict.fromkeys(key[0] for key in text):
        own = [key for key in text if key[0] == metric]
        published = np.array([text[key].published_mean for key in own])
        columns = [np.array([text[key].mean for key in own]), np.array([code.get(key, text[key]).mean for key in own])]
        ranks = " | ".join(f"{spearman(column, published):.3f}" for column in columns)
        distances = " | ".join(f"{np.abs(column - published).mean():.3f}" for column in columns)
        lines.append(f"| {TITLES[metric]} | {ranks} | {distances} |")
    records = (ROOT / "results" / "variant_code" / "task2.jsonl").read_text(encoding="utf-8").splitlines()
    counts = {"n": len({key[1:] for key in code}), "n_all": len({key[1:] for key in text}), "networks": len(records)}
    return QUIRK.format(**counts) + "\n".join(lines)


def differences() -> str:
    """What the presets of text and code set otherwise, as Markdown."""
    text, code = (_settings(get_preset(name)) for name in ("paper-text", "paper"))
    rows = [
        f"| `{name}` | {text.get(name)} | {value} |"
        for name, value in code.items()
        if text.get(name) != value and name != "name"
    ]
    return DIFFERENCES + "\n".join(rows)


def _settings(preset: Any) -> dict[str, Any]:
    protocol = preset.protocol
    return {**vars(preset), "protocol": None, **{name: getattr(protocol, name) for name in vars(protocol)}}


def study_page() -> str:
    """The page: what it is, the report without its title, what explains misses, and what text and code do otherwise."""
    body = REPORT.read_text(encoding="utf-8").partition("\n\n")[2]
    return f"{HEAD}{body}\n{explained()}\n\n{differences()}\n"


if __name__ == "__main__":
    TARGET.write_text(study_page(), encoding="utf-8")
