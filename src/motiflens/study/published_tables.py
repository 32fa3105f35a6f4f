"""The paper's published tables."""

import csv
from functools import lru_cache
from importlib.resources import files

from motiflens.basics.choices import check_choice
from motiflens.study.records import TASK_METRICS


@lru_cache(maxsize=2)
def published_results(task: int) -> dict[tuple[str, str], dict[str, float]]:
    """Published means and SDs: (architecture, activation) to columns such as "filter_tpr_mean"."""
    check_choice("task", task, tuple(TASK_METRICS))
    text = files("motiflens").joinpath(f"resources/published_task{task}.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        (row.pop("architecture"), row.pop("activation")): {name: float(value) for name, value in row.items()}
        for row in csv.DictReader(lines, delimiter="\t")
    }
