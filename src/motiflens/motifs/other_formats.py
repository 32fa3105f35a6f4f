"""Other motif files: HOCOMOCO's JSON lines, and the HDF5 of TF-MoDISco."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.motifs.matrices import Block, LineError, MotifRecord, to_record

_MATRICES = ("pcm", "pfm", "ppm", "pwm")  # counts first, because they tell the number of sites


def is_json(line: str) -> bool:
    """Say whether a file that begins with this line is JSON."""
    return re.match(r'\[?\s*\{\s*("|$)|\[\s*$', line) is not None


def json_blocks(lines: list[tuple[int, str]]) -> list[tuple[Block, Callable[[], MotifRecord]]]:
    """One motif for each line that is an object, or for each object of a list.

    Raises
    ------
    LineError
        If it is not JSON.
    """
    text = [one for one in lines if one[1]]
    try:
        objects = json.loads("\n".join(line for _, line in text))
        pairs = [(text[0], one) for one in (objects if isinstance(objects, list) else [objects])]
    except json.JSONDecodeError:
        pairs = [(one, _object(*one)) for one in text]
    return [(Block([line]), _reader(line[0], one)) for line, one in pairs]


def _object(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise LineError(number, f"expected a JSON object, {error}") from None


def _reader(number: int, found: Any) -> Callable[[], MotifRecord]:
    return lambda: _json_motif(number, found)


def _json_motif(number: int, found: Any) -> MotifRecord:
    if not isinstance(found, dict) or not str(found.get("name") or found.get("id") or ""):
        raise LineError(number, "motif (no id): expected an object with a name")
    name = str(found.get("name") or found.get("id"))
    matrix = next((found[key] for key in _MATRICES if found.get(key)), None)
    try:
        rows = np.array(matrix, dtype=np.float64)
    except (ValueError, TypeError):
        rows = np.zeros(0)
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise LineError(number, f"motif {name}: expected rows of four numbers under one of {', '.join(_MATRICES)}")
    try:
        return to_record(name, _factor(found) or name, rows.T)
    except InputError as error:
        raise LineError(number, f"motif {name}: {error}") from None


def _factor(found: dict[str, Any]) -> str:
    """The symbol of the human gene, where HOCOMOCO gives it, else the factor."""
    try:
        return str(found["masterlist_info"]["species"]["HUMAN"]["gene_symbol"])
    except (KeyError, TypeError):
        return str(found.get("tf") or "")


def modisco_patterns(path: Path) -> Iterator[tuple[str, Callable[[], MotifRecord]]]:
    """Names of the patterns of TF-MoDISco, as in its report, and a function that reads them.

    A pattern's matrix is the mean of its seqlets' bases, not their contributions.

    Raises
    ------
    ValueError
        If the file cannot be opened or has no pattern.
    """
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path} is damaged or incomplete: {error}") from error
    with file:
        found = {name: _pattern(name, group) for name, group in _groups(file)}
    if not found:
        raise InputError(f"{path}: expected an HDF5 file of TF-MoDISco, with pos_patterns or neg_patterns")
    yield from found.items()


def _groups(file: Any) -> Iterator[tuple[str, Any]]:
    """Groups of patterns, in the layout of tfmodisco-lite, or that of TF-MoDISco before it."""
    places = [(kind, kind) for kind in ("pos_patterns", "neg_patterns")]
    above = "metacluster_idx_to_submetacluster_results"
    if above in file:
        places += [(one, f"{above}/{one}/seqlets_to_patterns_result/patterns") for one in sorted(file[above])]
    for kind, place in places:
        group = file.get(place)
        names = [name for name in group or () if re.fullmatch(r"pattern_\d+", name)]
        yield from ((f"{kind}.{name}", group[name]) for name in sorted(names, key=lambda one: int(one[8:])))


def _pattern(name: str, group: Any) -> Callable[[], MotifRecord]:
    sequence = group.get("sequence")
    sequence = sequence.get("fwd") if hasattr(sequence, "keys") else sequence
    rows = None if sequence is None else np.array(sequence, dtype=np.float64)
    counts = group.get("seqlets/n_seqlets")
    n_sites = 0 if counts is None else int(np.sum(counts[()]))

    def read() -> MotifRecord:
        if rows is None or rows.ndim != 2 or rows.shape[1] != 4:
            raise LineError(0, f"motif {name}: expected a matrix 'sequence' of four columns")
        try:
            record = to_record(name, name, rows.T)
        except InputError as error:
            raise LineError(0, f"motif {name}: {error}") from None
        return record._replace(n_sites=n_sites or record.n_sites)

    return read
