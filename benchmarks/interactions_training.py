"""How long must networks train before they show all true pairs? C4C6-Att, exponential, level 2, data seeds 0 to 2.

Trains the benchmark's three members for 180 epochs in four ways, reads them by insertion, and writes one JSON line per
ensemble to the file given, leaving out those that it already holds. `LONG` of the benchmark was chosen from these.
"""

import argparse
import dataclasses
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from setting import print_setting

from motiflens.motifs.pairs import read_pairs
from motiflens.study.benchmark import NOMINAL, Condition, block_rows, run_condition
from motiflens.training.protocol import INTERACTIONS, LONG

SLOW = INTERACTIONS.replace(max_epochs=LONG.max_epochs)
WAYS = (
    Condition(protocol=SLOW),
    Condition(protocol=LONG),
    Condition(protocol=LONG, positional_encoding="relative"),
    Condition(protocol=LONG.replace(initialisation="he")),
)


def describe(condition: Condition) -> dict[str, Any]:
    protocol = ("max_epochs", "learning_rate", "decay_patience", "initialisation")
    return {
        **{name: getattr(condition, name) for name in ("data_seed", "architecture", "activation")},
        "positional_encoding": condition.positional_encoding,
        **{name: getattr(condition.protocol, name) for name in protocol},
    }


def run(condition: Condition, device: str) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        record = run_condition(condition, Path(folder), device=device)
    networks = [network for network in record["networks"] if network["status"] == "ok"]
    rows, kinds = block_rows(record["tables"]["insertion"], record["motifs"]), read_pairs(record).kind
    return {
        **describe(condition),
        "test_auroc": [round(network["metrics"]["test_auroc"], 4) for network in networks],
        "filters_per_motif": [network["learned"] for network in networks],
        "true_pairs": [
            {"motif_i": row.i, "motif_j": row.j, "effect": round(row.effect, 2), "q_value": round(row.q_value, 4)}
            for row, kind in zip(rows, kinds, strict=True)
            if kind == "true"
        ],
        "other_calls": [
            [row.i, row.j, str(kind)]
            for row, kind in zip(rows, kinds, strict=True)
            if kind != "true" and row.q_value <= NOMINAL
        ],
        "valid_auroc": [[round(value, 3) for value in network["history"]["valid_metric"]] for network in networks],
        "device": record["device"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/interactions_training.jsonl"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--epochs", type=int, help="fewer, to try it")
    parser.add_argument("--sequences", type=int, default=Condition().n_sequences)
    arguments = parser.parse_args()
    print_setting()
    torch.set_num_threads(1)
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    rows = [json.loads(line) for line in lines]
    for way in WAYS:
        protocol = way.protocol.replace(max_epochs=arguments.epochs or LONG.max_epochs)
        way = dataclasses.replace(way, protocol=protocol, n_sequences=arguments.sequences, methods=("insertion",))
        for seed in arguments.seeds:
            condition = dataclasses.replace(way, data_seed=seed)
            wanted = describe(condition)
            if not any({name: row[name] for name in wanted} == wanted for row in rows):
                rows.append(run(condition, arguments.device))
                with arguments.out.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
        wanted = describe(way)
        del wanted["data_seed"]
        own = [row for row in rows if {name: row[name] for name in wanted} == wanted]
        called = [sum(pair["q_value"] <= NOMINAL for pair in row["true_pairs"]) for row in own]
        print(
            f"rate {way.protocol.learning_rate:g}, encoding {way.positional_encoding}, {way.protocol.initialisation}: "
            f"{called} true pairs called on seeds {[row['data_seed'] for row in own]}, "
            f"{sum(len(row['other_calls']) for row in own)} others",
            flush=True,
        )


if __name__ == "__main__":
    main()
