"""Does training with bfloat16 products end where float32 ends? Task 2 at full size, two architectures, same seeds.

Writes one JSON line per member to the file given, skips members that it already holds, and prints means and SD.
"""

import argparse
import json
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

import torch
from setting import print_setting

from motiflens.audits.network import audit_network
from motiflens.audits.options import AuditOptions
from motiflens.interpret.filters import task_truth
from motiflens.models.hybrid import model_config
from motiflens.study.grid import simulate_task
from motiflens.training import ensemble
from motiflens.training.protocol import REFERENCE

ARCHITECTURES, PRECISIONS = ("C24", "C4C6-Att"), ("float32", "bfloat16")


def run(architecture: str, precision: str, members: list[int], n_sequences: int) -> list[dict[str, Any]]:
    dataset = simulate_task(2, n_sequences, 0)
    config = model_config(architecture, activation="exponential", task=2)
    result = ensemble.fit(config, dataset, members=members, protocol=REFERENCE, precision=precision)
    rows = []
    for member in result.members:
        row: dict[str, Any] = {
            "architecture": architecture,
            "precision": precision,
            "member": member.index,
            "status": member.status,
            "n_epochs": member.n_epochs,
            "fit_s": round(member.fit_seconds, 1),
        }
        if member.network is not None:
            found = audit_network(member.network, dataset, AuditOptions(truth=task_truth(2)))
            assert found.saliency is not None
            row |= {"test_auroc": found.metrics["test_auroc"], "filter_tpr": found.matches.tpr}
            row |= {"saliency_auroc": found.saliency.interpretability.means()["auroc"]}
        rows.append({name: round(v, 5) if isinstance(v, float) else v for name, v in row.items()})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/bfloat16.jsonl"))
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--sequences", type=int, default=20_000)
    arguments = parser.parse_args()
    print_setting()
    torch.set_num_threads(1)
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    rows = [json.loads(line) for line in lines]
    for architecture in ARCHITECTURES:
        for precision in PRECISIONS:
            done = {r["member"] for r in rows if (r["architecture"], r["precision"]) == (architecture, precision)}
            members = [i for i in range(arguments.members) if i not in done]
            if members:
                new = run(architecture, precision, members, arguments.sequences)
                rows += new
                with arguments.out.open("a") as file:
                    file.writelines(json.dumps(row) + "\n" for row in new)
            own = [r for r in rows if (r["architecture"], r["precision"]) == (architecture, precision)]
            ok = [r for r in own if r["status"] == "ok"]
            text = "  ".join(
                f"{name} {mean(r[name] for r in ok):.4f} +- {pstdev(r[name] for r in ok):.4f}"
                for name in ("test_auroc", "filter_tpr", "saliency_auroc", "n_epochs", "fit_s")
            )
            print(f"{architecture:9s} {precision:9s} {len(ok)} of {len(own)} trained  {text}", flush=True)


if __name__ == "__main__":
    main()
