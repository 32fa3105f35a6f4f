"""Ids and names of motifs, from the headers and titles above their matrices."""

import re

from motiflens.motifs.matrices import Block, LineError
from motiflens.motifs.matrix_formats import TITLE, is_row

_OPTIONS = re.compile(r"\s/(\w+)=(\S*)")  # of Cluster-Buster, behind the id


def is_homer_header(line: str) -> bool:
    """Say whether a header has HOMER's fields: consensus, name, log-odds threshold and more, between tabs."""
    fields = line.split("\t") if "\t" in line else line.split()
    return line.startswith(">") and len(fields) >= 3 + ("\t" not in line) and all(map(_is_number, fields[2:4]))


def title_names(block: Block, stem: str) -> tuple[str, str]:
    """Id and name of a matrix without a header in JASPAR's form: from the line above it, or the file's name."""
    titles = [line for _, line in block.lines if not is_row(line) and not TITLE.search(line)]
    if not titles:
        return stem, stem
    named = re.search(r"\b(?:Protein|Gene|Motif|PWM|ID|Name)\s*[:=]\s*(\S+)", titles[-1], re.IGNORECASE)
    word = named[1] if named else (titles[-1].strip("#>; \t").split() or [stem])[0]
    return word, word


def header_names(block: Block) -> tuple[str, str]:
    """Id and name from ``>id name``, or HOMER's ``>consensus <tab> name <tab> ...``, where the name is the id.

    Raises
    ------
    LineError
        If there is no id.
    """
    number, line = block.lines[0]
    text = line[1:].strip()
    if not text:
        raise LineError(number, "expected an id after '>'")
    if is_homer_header(line):
        consensus, name, *_ = text.split("\t") if "\t" in text else text.split()
        identity = re.sub(r"\s+", "_", name.strip()) or consensus
        return identity, re.split(r"[/,]", identity)[0]
    options = {key.lower(): value for key, value in _OPTIONS.findall(line)}
    words = _OPTIONS.sub("", text).split(maxsplit=1)
    return words[0], options.get("name", words[-1].replace("\t", " "))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
