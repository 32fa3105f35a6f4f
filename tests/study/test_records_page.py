"""docs/records.md is enough to read a record: its own lines of Python, on committed records."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from heard import records_into

from motiflens.study.grid import Trial
from motiflens.study.grid.run_trial import run_trial
from motiflens.study.records import stored_pwms
from motiflens.training.protocol import REFERENCE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "records.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([\w.]+)`", PAGE))


def code(name):
    (block,) = re.findall(rf"<!-- run: {name} -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    return block


def read(folder):
    """A folder of records, by the page's own code."""
    scope = {"folder": folder}
    exec(code("folder"), scope)
    return scope["records"]


@pytest.fixture(scope="module")
def fresh():
    """Records as they are written now, of both tasks."""
    records = []
    for task in (1, 2):
        protocol = REFERENCE.replace(max_epochs=1, batch_size=50)
        trial = Trial(
            task=task, architecture="C24", activation="relu", members=(0,), protocol=protocol, n_sequences=400
        )
        run_trial(trial, on_news=records_into(records), device="cpu")
    return records


@pytest.mark.parametrize("name", ["paper", "variant_code"])
def test_committed_records_are_read_by_the_documented_rules_alone(name):
    records = read(ROOT / "results" / name)
    assert len(records) >= 26
    for key, record in records.items():
        assert key == f"task{record['task']}/{record['architecture']}/{record['activation']}/{record['member']:03d}"
        scope = {"record": record}
        exec(code("record"), scope)
        pwms, filters = scope["pwms"], record["filters"]
        assert pwms.shape == (len(filters["counts"]), 4, 20)
        np.testing.assert_allclose(pwms, stored_pwms(record), atol=1e-12)
        assert sum(count == 0 for count in filters["counts"]) <= filters["n_dead"]


def test_single_files_outrank_the_lines(tmp_path):
    (tmp_path / "task1.jsonl").write_text('{"key":"task1/a","value":1}\n{"key":"task1/b","value":2}\n')
    (tmp_path / "records" / "task1").mkdir(parents=True)
    (tmp_path / "records" / "task1" / "a.json").write_text('{"key":"task1/a","value":3}\n')
    assert {key: record["value"] for key, record in read(tmp_path).items()} == {"task1/a": 3, "task1/b": 2}


def fields(value, name=""):
    """Names of all fields of a record, dotted; those of lists of objects are named as of one."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from fields(item, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from fields(value[0], name)
    else:
        yield name


def documented(name):
    """A field is named in full; of the model and the protocol, as one of the words in their row."""
    for prefix in ("config.model", "config.protocol"):
        if name.startswith(f"{prefix}."):
            return f"| `{prefix}` | object |" in PAGE
    return name in NAMED or name.startswith("versions.")


def test_every_field_is_documented(fresh):
    committed = [record for name in ("paper", "variant_code") for record in read(ROOT / "results" / name).values()]
    names = {name for record in [*committed, *fresh] for name in fields(record)}
    assert [name for name in sorted(names) if not documented(name)] == []


def test_every_documented_field_is_written(fresh):
    """But those that stand only in special cases."""
    rows = [row.split("|")[1] for row in PAGE.splitlines() if row.startswith("| `")]
    names = {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    written = {name for record in fresh for name in fields(record)}
    parents = {name[: dot.start()] for name in written for dot in re.finditer(r"\.", name)}
    assert names - written - parents == {"config.audit.database"}


def test_hash_and_seed_follow_from_the_record(fresh):
    from hashlib import sha256

    for record in [*read(ROOT / "results" / "paper").values(), *fresh]:
        text = json.dumps(record["config"], sort_keys=True)
        assert sha256(text.encode()).hexdigest()[:12] == record["config_hash"]
        state = np.random.SeedSequence([record["seed"], record["member"]]).generate_state(1)
        assert record["member_seed"] == int(state[0])


def test_shares_follow_from_the_outcomes(fresh):
    for record in fresh:
        filters = record["filters"]
        n_filters = len(filters["counts"])
        shares = {name: filters["outcomes"].count(name) / n_filters for name in ("true", "false", "no hit", "dead")}
        assert filters["tpr"] == pytest.approx(shares["true"], abs=1e-4)
        assert filters["fpr"] == pytest.approx(shares["false"], abs=1e-4)
        assert filters["no_hit"] == pytest.approx(shares["no hit"] + shares["dead"], abs=1e-4)
        assert filters["n_dead"] == filters["outcomes"].count("dead")
