"""A report of an import as text, from the metadata that readers of files store in a data set."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SHOWN = 8  # labels, files or names in a line


def source_of(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Metadata from a reader of files; empty if the data set is not from a file."""
    source = metadata.get("source")
    return source if isinstance(source, Mapping) else {}


def import_lines(source: Mapping[str, Any]) -> Iterator[str]:
    """Lines on windows, bases, sequences that were cropped, padded or dropped and why, and the split.

    Parameters
    ----------
    source : mapping
        Metadata of a data set (`source_of`).
    """
    for file, centres in source.get("centres", {}).items():
        summits, middles = centres.get("summit", 0), centres.get("middle", 0)
        yield f"{file}: windows around the summits of {summits:,} peaks, around the middle of {middles:,}"
    for file, first in source.get("counts_from", {}).items():
        why = ", as MACS and R write them" if first else ""
        yield f"{file}: its first line names the columns; positions count from {first}{why}"
    if source.get("merged"):
        before, after = source["merged"]
        yield f"{before:,} windows became {after:,}: equal ones, and those of several files that lie close, are merged"
    if source.get("sequences"):
        yield f"sequences from column {source['sequences']!r}"
    for label, words in source.get("read_as", {}).items():
        yield f"{label}: {words}"
    if source.get("counting"):
        yield f"note: {_shown(source['counting'])} counts the rows: if it is an index, name the labels by --labels"
    if source.get("not_read"):
        yield f"not read: {_shown(source['not_read'])}"
    if isinstance(source.get("signal"), Mapping):
        yield from _signal_lines(source["signal"])
    if source.get("bases"):
        more = ", as no file says which it is (--bases names another)" if source["bases"] == "ACGT" else ""
        yield f"bases of the file in the order {', '.join(source['bases'])}{more}"
    for name, words in (("n_cropped", "cropped"), ("n_padded", "padded with unknown bases")):
        if source.get(name):
            yield f"{source[name]:,} sequences were {words}"
    for file, reasons in source.get("dropped", {}).items():
        for reason, n in reasons.items():
            kind = {"missing_label": "sequence", "no_sequence": "row"}.get(reason, "interval")
            yield f"{file}: {n:,} {kind}s dropped ({_REASONS.get(reason, reason)})"
    missing = source.get("missing_labels", {})
    if missing:
        shown = ", ".join(f"{name} {n:,}" for name, n in list(missing.items())[:_SHOWN])
        more = f" and {len(missing) - _SHOWN:,} more labels" if len(missing) > _SHOWN else ""
        yield f"sequences without a label, which count in no loss or score for it: {shown}{more}"
    if isinstance(source.get("split"), Mapping):
        yield from _split_lines(source["split"])


def _shown(names: Sequence[str]) -> str:
    return f"{', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}"


def _signal_lines(signal: Mapping[str, Any]) -> Iterator[str]:
    files = signal.get("files", [])
    bases = "count as 0" if signal.get("uncovered") == "zero" else "are left out"
    statistic = {"log_sum": "log(1 + sum)"}.get(signal.get("statistic", ""), signal.get("statistic"))
    more = f" and {len(files) - _SHOWN:,} more" if len(files) > _SHOWN else ""
    yield f"labels: {statistic} of {', '.join(files[:_SHOWN])}{more} over each window; bases without a value {bases}"
    for file, contigs in signal.get("lacking", {}).items():
        yield f"{file} has no {_shown(contigs)}: no labels there"


def _split_lines(split: Mapping[str, Any]) -> Iterator[str]:
    if split.get("method") == "random":
        shares = ", ".join(f"{share:g}" for share in split.get("fractions", ()))
        unit = f"groups of {split['group']}" if split.get("group") else "sequences"
        yield f"split: {unit} at random ({shares}), seed {split.get('seed')}"
    elif split.get("method") == "chromosomes":
        names = [f"{name} {', '.join(split[name])}" for name in ("valid", "test") if split.get(name)]
        yield f"split: by chromosome ({'; '.join(names)}; train all others)"
    elif split.get("method") == "column":
        names = [f"{name} {', '.join(split[name])}" for name in ("valid", "test") if split.get(name)]
        more = f" ({'; '.join(names)}; train all others)" if names else ""
        yield f"split: from column {split.get('column')!r}{more}"
    elif split.get("method") == "files":
        yield "split: one file each"
    if split.get("absent"):
        yield f"note: no sequence lies on {', '.join(split['absent'])}"


_REASONS = {
    "missing_contig": "their chromosome is not in the genome",
    "past_end": "the window reaches beyond the chromosome",
    "unknown_bases": "too many unknown bases",
    "missing_label": "a label is missing",
    "no_sequence": "no sequence has their name",
}
