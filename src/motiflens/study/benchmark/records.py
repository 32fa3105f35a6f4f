"""What a stored record of the benchmark must hold to be reported."""

from collections.abc import Mapping

from motiflens.basics.store import Record

_NAMES = ("key", "condition", "architecture", "activation", "positional_encoding", "labels", "status")
_BLOCKS = ("config", "versions", "timings", "pairs", "tables")
_OF_CONFIG = ("protocol", "interactions")
_COLUMNS = ("effect", "p_value", "q_value")


def interaction_problem(record: Record) -> str | None:
    """Why a record of the benchmark cannot be reported, in a few words; None if it can."""
    for name in _NAMES:
        if not isinstance(record.get(name), str) or not record[name]:
            return f"{name} must be a name, got {record.get(name)!r}"
    for name in ("level", "data_seed"):
        if type(record.get(name)) is not int:  # True is an int, too
            return f"{name} must be a whole number, got {record.get(name)!r}"
    for name in _BLOCKS:
        if not isinstance(record.get(name), Mapping):
            return f"{name} must be an object, got {record.get(name)!r}"
    for name in _OF_CONFIG:
        if not isinstance(record["config"].get(name), Mapping):
            return f"config.{name} must be an object, got {record['config'].get(name)!r}"
    for name in ("networks", "motifs"):
        if not isinstance(record.get(name), list):
            return f"{name} must be a list, got {record.get(name)!r}"
    n_pairs = len(record["motifs"]) * (len(record["motifs"]) - 1) // 2
    for method, table in record["tables"].items():
        for column in _COLUMNS:
            if not isinstance(table, Mapping) or len(table.get(column) or ()) != n_pairs:
                return f"tables.{method}.{column} must be a list of {n_pairs}, one per pair of motifs"
    return None
