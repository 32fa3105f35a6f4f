"""An audit as plain data, and as a folder of tables for other programs."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from motiflens.audits.network import Audit
from motiflens.basics.errors import InputError
from motiflens.basics.files import write_text
from motiflens.basics.json_values import without_nan
from motiflens.interpret.filters import motifs_of_pwms
from motiflens.motifs.sets import write_meme

_HIT_COLUMNS = ("target_id", "target_name", "p_value", "e_value", "q_value", "offset", "overlap", "strand")


def audit_summary(result: Audit) -> dict[str, Any]:
    """Convert an audit to JSON types: no arrays, and None for undefined values."""
    quality, matches, chance, importance = result.quality, result.matches, result.chance, result.importance
    summary: dict[str, Any] = {
        "network": result.network._asdict(),
        "label_names": list(result.label_names),
        "n_test": len(result.test_logits),
        "metrics": result.metrics,
        "n_filters": len(matches.rows),
        "n_dead": int(result.filters.dead.sum()),
        "n_low_information": int(quality.low_information.sum()),
        "n_redundant": int(quality.redundant.sum()),
        "matched": 1 - matches.no_hit_share,
        "q": matches.q,
        "tpr": matches.tpr,
        "fpr": matches.fpr,
        "chance": None,
        "importance": None,
        "saliency": None,
    }
    if chance is not None:
        summary["chance"] = {
            "expected": chance.expected,
            "interval": list(chance.interval),
            "p_value": chance.p_value,
            "n_decoys": len(chance.decoy_shares),
            "n_left_out": chance.n_left_out,
        }
    if importance is not None:
        summary["importance"] = {
            "measure": importance.measure,
            "n_sequences": importance.n_sequences,
            "performance": importance.performance.tolist(),
        }
    if result.saliency is not None:
        means = result.saliency.interpretability.means()
        summary["saliency"] = {"n_sequences": len(result.saliency.rows), **means}
    summary["filters"] = result.filter_rows()
    summary["pairs"] = [pair._asdict() for pair in quality.pairs]
    return without_nan(summary)


def write_audit(result: Audit, folder: str | Path) -> list[Path]:
    """Write the tables of an audit into a folder, which is created if needed; older tables are replaced.

    ``summary.json`` holds everything. ``filters.tsv`` has a row for each filter, ``matches.tsv`` for each match, and
    ``pairs.tsv`` for each pair of similar filters. ``filters.meme`` has the matrices of all filters that are not dead.

    Returns
    -------
    paths : list of Path

    Raises
    ------
    ValueError
        If the path is a file.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"expected a folder to write to, but {folder} is a file: name another place")
    summary = audit_summary(result)
    texts = {"summary.json": json.dumps(summary, indent=1, allow_nan=False) + "\n"}
    texts |= _filter_texts(result, summary) if summary["filters"] else {}
    folder.mkdir(parents=True, exist_ok=True)
    for name in _OF_FILTERS if not summary["filters"] else ():  # of an earlier audit, which could read them
        (folder / name).unlink(missing_ok=True)
    for name, text in texts.items():
        write_text(text, folder / name)
    motifs = motifs_of_pwms(result.filters.pwms, result.filters.counts)
    alive = [motif for motif, dead in zip(motifs, result.filters.dead, strict=True) if not dead]
    meme = folder / "filters.meme"
    if not alive:  # no program reads a MEME file without motifs
        meme.unlink(missing_ok=True)
        return [folder / name for name in texts]
    write_meme(alive, meme)
    return [*(folder / name for name in texts), meme]


_OF_FILTERS = ("filters.tsv", "matches.tsv", "pairs.tsv")


def _filter_texts(result: Audit, summary: dict[str, Any]) -> dict[str, str]:
    """Tables of filters by their files' names."""
    texts = (
        _tsv(summary["filters"], list(summary["filters"][0])),
        _tsv(
            ({"filter": i, **hit._asdict()} for i, hits in enumerate(result.matches.hits) for hit in hits),
            ["filter", *_HIT_COLUMNS],
        ),
        _tsv(summary["pairs"], ["first", "second", "similarity", "offset", "strand"]),
    )
    return dict(zip(_OF_FILTERS, texts, strict=True))


def _tsv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(row[name]) for name in columns} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value
