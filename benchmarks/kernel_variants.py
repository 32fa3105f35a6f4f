"""Training with prebuilt kernels of each kind of processor, against kernels that are compiled on this machine.

Every kind is timed in processes of its own, in turn, so that none meets a quieter machine than the others; the fastest
round counts. Process CPU seconds of training steps of an ensemble, one thread.

--python names the Python of another environment, such as one into which the wheel was installed and that finds no
compiler: its default kernels then stand beside those that are compiled here.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from setting import print_race, print_setting

from motiflens.basics import compiled, recipes
from motiflens.models.hybrid import model_config
from motiflens.models.kernels import describe_kernels
from motiflens.training.allocator import keep_freed_memory
from motiflens.training.loop_engine import LoopEngine, new_network
from motiflens.training.protocol import REFERENCE

ARCHITECTURES = ("C24", "C4C6-Att", "C4C6-LSTM-Trans1")
BATCH, MEMBERS = 100, 5


def seconds(architecture: str, n_steps: int) -> float:
    """CPU seconds of training steps of five networks, the faster of two."""
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 4, (BATCH * n_steps, 200), generator=generator).to(torch.uint8)
    y = torch.randint(0, 2, (BATCH * n_steps, 12), generator=generator).float()
    config, seeds = model_config(architecture, task=1), list(range(MEMBERS))
    engine = LoopEngine([new_network(config, REFERENCE, seed) for seed in seeds], REFERENCE, seeds, "float32")
    order, rates, times = torch.randperm(len(codes)), [REFERENCE.learning_rate] * MEMBERS, []
    with keep_freed_memory():
        for _ in range(3):  # the first warms up
            start = time.process_time()
            engine.train_epoch(codes, y, order, BATCH, rates)
            times.append(time.process_time() - start)
    return min(times[1:])


def timed(python: str, environment: dict[str, str | None], libraries: str, n_steps: int) -> tuple[str, list[float]]:
    """What a process of its own measures, and which kernels it used."""
    changed = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    values = {name: value for name, value in changed.items() if value is not None}
    call = [python, __file__, "--child", libraries, "--steps", str(n_steps)]
    done = subprocess.run(call, env=values, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10, help="batches timed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--libraries", type=Path, help="folder of prebuilt libraries; by default they are built")
    parser.add_argument("--python", help="of another environment, whose default kernels are timed, too")
    parser.add_argument("--child", metavar="LIBRARIES", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        torch.set_num_threads(1)
        compiled.PREBUILT = Path(arguments.child) if arguments.child else compiled.PREBUILT
        print(json.dumps([describe_kernels(), [seconds(name, arguments.steps) for name in ARCHITECTURES]]))
        return
    print_setting()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.libraries is None:
            recipes.build_all(Path(recipes.__file__).parents[1], Path(folder))
        here: tuple[str, dict[str, str | None], str] = (sys.executable, {"MOTIFLENS_KERNELS": "compile"}, "")
        kinds = {"compiled here": here}
        usable = [level.name for level in recipes.usable_levels()]
        for level in recipes.usable_levels():
            kinds[level.name] = (sys.executable, {"MOTIFLENS_KERNELS": level.name}, str(arguments.libraries or folder))
        if arguments.python:
            kinds["other Python"] = (arguments.python, {"PATH": "/nonexistent", "PYTHONPATH": None}, "")
        kinds["none"] = (sys.executable, {"MOTIFLENS_KERNELS": "0"}, "")
        best: dict[str, list[float]] = {}
        used = {}
        for _ in range(arguments.rounds):
            for kind, (python, environment, libraries) in kinds.items():
                used[kind], times = timed(python, environment, libraries, arguments.steps)
                best[kind] = [min(pair) for pair in zip(times, best.get(kind, times), strict=True)]
    print(f"CPU seconds of {arguments.steps} steps of {MEMBERS} networks, and speed relative to kernels compiled here")
    print(f"{'':16s}" + "".join(f"{name:>26s}" for name in ARCHITECTURES) + "  kernels")
    for kind, times in best.items():
        row = (f"{mine:18.3f} {own / mine:7.2f}" for mine, own in zip(times, best["compiled here"], strict=True))
        print(f"{kind:16s}" + "".join(row) + f"  {used[kind]}")
    for name, prebuilt, compiled_here, without in zip(
        ARCHITECTURES, best[usable[0]], best["compiled here"], best["none"], strict=True
    ):
        what = f"{arguments.steps} steps of {MEMBERS} networks {name}, prebuilt {usable[0]} kernels"
        print_race(what, prebuilt, "kernels compiled here", compiled_here)
        print_race(what, prebuilt, "no kernels", without)


if __name__ == "__main__":
    main()
