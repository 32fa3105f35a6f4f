"""Store of results: one small JSON record for each trial. A run that is resumed skips finished trials.

A store is a folder. Each record is first written to its own file, `records/<key>.json`, so that any number of processes
can write at the same time. `export` gathers the records of a group (the first part of the key) into one
`<group>.jsonl`, which is easy to commit or to send. A run resumes from either. docs/records.md describes a record of
the study.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from motiflens.basics.errors import InputError
from motiflens.basics.files import write_text

Record = dict[str, Any]

_REQUIRED = ("schema", "key", "status", "config_hash")
_KEY = re.compile(r"[\w.+-]+(/[\w.+-]+)*")
SCHEMA = 1


class Damaged(NamedTuple):
    """A record that could not be read; its trial is run again."""

    where: str  # file, and line in a JSONL file
    reason: str
    key: str | None = None  # of a single file; unknown for a line


@dataclass(frozen=True)
class Store:
    """Records in a folder, by key (for example "task1/C4C6-Att/exponential/003")."""

    folder: Path

    def path_of(self, key: str) -> Path:
        """The single file of the record of a key.

        Raises
        ------
        ValueError
            If the key would leave the folder.
        """
        if not _KEY.fullmatch(key) or ".." in key.split("/"):
            raise InputError(f"a key is made of names joined by '/', got {key!r}")
        return self.folder / "records" / f"{key}.json"

    def write(self, record: Record) -> Path:
        """Write one record to disk, completely or not at all."""
        missing = [name for name in _REQUIRED if name not in record]
        if missing:
            raise InputError(f"a record needs {', '.join(_REQUIRED)}; missing: {', '.join(missing)}")
        path = self.path_of(record["key"])
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n", path)
        return path

    def intact(self, key: str) -> Record | None:
        """Record in the single file of a key; None if there is none or it is damaged."""
        records: dict[str, Record] = {}
        path = self.path_of(key)
        if path.exists():
            self._take(path.read_bytes(), path.name, records, [], key)
        return records.get(key)

    def read(self) -> tuple[dict[str, Record], list[Damaged]]:
        """Read all records, from JSONL files and single files; if a key is in both, the single file counts.

        Returns
        -------
        records : dict of key to record, sorted by key
        damaged : list of Damaged
            Records that could not be read, even if an intact copy is elsewhere.

        Raises
        ------
        ValueError
            If a record was written by a newer version of the schema.
        """
        records: dict[str, Record] = {}
        damaged: list[Damaged] = []
        for path in sorted(self.folder.glob("*.jsonl")):
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    self._take(line, f"{path.name} line {number}", records, damaged)
        for path in sorted((self.folder / "records").rglob("*.json")):
            where = str(path.relative_to(self.folder))
            expected = path.relative_to(self.folder / "records").with_suffix("").as_posix()
            self._take(path.read_bytes(), where, records, damaged, expected)
        return dict(sorted(records.items())), damaged

    @staticmethod
    def _take(
        text: bytes,
        where: str,
        records: dict[str, Record],
        damaged: list[Damaged],
        expected_key: str | None = None,
    ) -> None:
        try:
            record = json.loads(text, parse_constant=_refuse)
        except ValueError as error:
            damaged.append(Damaged(where, f"not JSON ({error})", expected_key))
            return
        if not isinstance(record, dict) or any(name not in record for name in _REQUIRED):
            reason = f"not a record: it lacks one of {', '.join(_REQUIRED)}"
            damaged.append(Damaged(where, reason, expected_key))
        elif not isinstance(record["schema"], int) or not isinstance(record["key"], str):
            damaged.append(Damaged(where, "not a record: schema or key is of the wrong type", expected_key))
        elif expected_key is not None and record["key"] != expected_key:
            damaged.append(Damaged(where, f"its key is {record['key']!r}", expected_key))
        elif record["schema"] > SCHEMA:
            raise InputError(
                f"{where} has schema {record['schema']}, this version reads up to {SCHEMA}: update motiflens"
            )
        else:
            records[record["key"]] = record

    def export(self) -> list[Path]:
        """Gather all records into one JSONL file for each group, sorted by key; returns the files.

        Any number of processes may export at the same time. Each reads again after writing, and writes again if a
        record was added or if the older file of another process has replaced its own. So the final file holds all
        records.
        """
        while True:
            groups: dict[str, list[Record]] = {}
            for key, record in self.read()[0].items():
                groups.setdefault(key.split("/")[0], []).append(record)
            texts = {self.folder / f"{group}.jsonl": _lines(records) for group, records in groups.items()}
            outdated = [path for path, text in texts.items() if not _holds(path, text)]
            if not outdated:
                return list(texts)
            for path in outdated:
                write_text(texts[path], path)


def _refuse(literal: str) -> None:
    raise InputError(f"{literal} is not a number in JSON")


def _lines(records: Iterable[Record]) -> str:
    return "".join(json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n" for record in records)


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() == text.encode()
