"""CPU seconds of the audit of trained networks, stage by stage, and of the same command once more.

    python benchmarks/audit_speed.py DATA NETWORKS [--database JASPAR2020] [--decoys 20] [--backgrounds 200]
    python benchmarks/audit_speed.py DATA NETWORKS --command FOLDER

NETWORKS is the folder of an ensemble, as `motiflens train` or `audit` makes it. Nothing is stored, imports are left
out, one thread computes. With --command, `motiflens audit DATA --out FOLDER` (six short C4C6-Att) runs twice as a
process of its own; its second run finds everything stored, and imports count.
"""

import argparse
import importlib
import resource
import subprocess
import sys
import time

import torch
from setting import print_setting

from motiflens.audits.candidate import audit_candidate
from motiflens.audits.evidence import gather_evidence
from motiflens.audits.options import AuditOptions
from motiflens.data.io import read_hdf5
from motiflens.models.saved import load_ensemble

# What stages import when they begin, and what PyTorch imports at the first gradient.
LATE_IMPORTS = ("tangermeme.deep_lift_shap", "torch.fx.experimental.symbolic_shapes", "motiflens.report.audit.page")


def stages_of(data: str, networks: str, options: AuditOptions) -> None:
    """Print CPU seconds per network and of each stage."""
    dataset, ensemble = read_hdf5(data), load_ensemble(networks)
    for name in LATE_IMPORTS:
        importlib.import_module(name)
    stages: dict[str, float] = {}
    current, since = "", time.process_time()

    def tell(share: float, stage: str = "") -> None:
        nonlocal current, since
        stages[current] = stages.get(current, 0.0) + time.process_time() - since
        current, since = stage.rpartition(": ")[2], time.process_time()

    start = time.process_time()
    candidate = audit_candidate("networks", list(ensemble), dataset, options, on_progress=tell)
    gather_evidence([candidate], dataset, options, on_progress=tell)
    seconds, n = time.process_time() - start, len(candidate.audits)
    tell(1.0)
    print(f"{seconds / n:.2f} CPU s a network, {n} networks")
    for stage, own in sorted(stages.items(), key=lambda item: -item[1]):
        if own > 0.005:
            print(f"  {own:6.2f} s  {own / seconds:4.0%}  {stage or 'before'}")


def twice(data: str, folder: str, database: str) -> None:
    """Print CPU seconds of the first and of the second run of one command."""
    sizes = ["--architecture", "C4C6-Att", "--activations", "relu,exponential", "--members", "3", "--max-epochs", "1"]
    command = [
        "-c",
        "from motiflens.cli import main; main()",
        "audit",
        data,
        *sizes,
        "--database",
        database,
        "--out",
        folder,
        "--quiet",
    ]
    for run in ("first", "second"):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *command], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{run} run of the command on six networks: {seconds:.1f} CPU s")


def main() -> None:
    """Measure one or the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="HDF5")
    parser.add_argument("networks", help="folder of an ensemble")
    parser.add_argument("--database", default="JASPAR2020")
    parser.add_argument("--decoys", type=int, default=20)
    parser.add_argument("--backgrounds", type=int, default=200)
    parser.add_argument("--ablation", type=int, default=2000, help="sequences")
    parser.add_argument("--command", metavar="FOLDER", help="run the command twice instead")
    arguments = parser.parse_args()
    print_setting("tangermeme")
    torch.set_num_threads(1)
    if arguments.command:
        twice(arguments.data, arguments.command, arguments.database)
        return
    sizes = {name: getattr(arguments, name) for name in ("decoys", "backgrounds", "ablation")}
    options = AuditOptions(database=arguments.database, **{f"n_{name}": value for name, value in sizes.items()})
    stages_of(arguments.data, arguments.networks, options)


if __name__ == "__main__":
    main()
