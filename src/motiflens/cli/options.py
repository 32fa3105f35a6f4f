"""Options that commands share, and what is checked of them before anything is computed."""

import os
import re
from pathlib import Path
from typing import Annotated

from motiflens.basics.errors import InputError
from motiflens.basics.files import check_writable
from motiflens.cli.commands import Argument, Option

DATABASE = "JASPAR2026-vertebrates"  # `motifs.sets.DEFAULT_SET`, which cannot be imported for --help in time

Json = Annotated[bool, Option("--json", help="Print the result as JSON on standard output.")]
DataFile = Annotated[Path, Argument(help="HDF5 data set (X_train, Y_train, X_valid, ...).")]
AnyModel = Annotated[
    str,
    Argument(
        help="Folder of a network or of an ensemble: OUT or OUT/member_000 of train; or file.py:function or "
        "module:function that makes a PyTorch model, whose code is run."
    ),
]
# How a PyTorch model made elsewhere is read.
Weights = Annotated[Path | None, Option(help="State dictionary of such a model, .pt or .safetensors.")]
Layout = Annotated[str, Option(help="Axes of its input: auto, N4L, NL4, N14L, ..., or codes.")]
Bases = Annotated[str, Option(help="Order of the bases in its channels, such as AGCT.")]
FirstLayer = Annotated[
    list[str] | None,
    Option(help="Convolution that reads the sequence; may be given several times, or names with commas between."),
]
Output = Annotated[str, Option(help="What it returns: auto, logits or probabilities.")]
Target = Annotated[
    str | None,
    Option(help="Which output: its number, or its label's name. Default: the first, or the second of two classes."),
]
Quiet = Annotated[bool, Option("--quiet", help="Show no progress.")]
Verbose = Annotated[bool, Option("--verbose", help="Show a line for every epoch instead of a bar.")]


def writable_file(path: Path | list[Path] | None) -> Path | list[Path] | None:
    """Refuse, before anything is computed, a file that cannot be written."""
    for one in path if isinstance(path, list) else [path] if path else []:
        writable_folder(one.parent)
        if one.parent.is_dir():
            check_writable(one)
    return path


def writable_prefix(path: Path) -> Path:
    """Refuse, before anything is computed, the beginning of names of files that cannot be written."""
    writable_folder(path.parent)
    return path


def writable_folder(path: Path | None) -> Path | None:
    """Refuse, before anything is computed, a folder in which nothing can be written."""
    if path is not None:
        found = next(one for one in (path, *path.absolute().parents) if one.exists())
        if not found.is_dir():
            raise InputError(f"cannot write into {path}: {found} is a file; name a folder")
        if not os.access(found, os.W_OK | os.X_OK):
            raise InputError(f"cannot write into {path}: no permission in {found}")
    return path


def whole_number(text: str) -> int:
    """A whole number from text, 0 or more."""
    if not text.isdigit():
        raise InputError(f"expected a whole number, got {text!r}")
    return int(text)


def whole_numbers(text: str | None, option: str) -> int | list[int] | None:
    """Whole numbers between commas; a single one by itself; None stays."""
    if text is None:
        return None
    names = split_names(text) or ()
    if not names or not all(map(str.isdigit, names)):
        raise InputError(f"expected {option} as a whole number, or several such as 4,5, got {text!r}")
    return int(names[0]) if len(names) == 1 else [int(name) for name in names]


def joined(names: list[str] | None) -> str | None:
    """Names given one by one as one text with commas; None stays."""
    return ",".join(names) if names else None


def split_names(text: str | None) -> tuple[str, ...] | None:
    """Names between commas; None stays."""
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def shares_of(text: str, option: str) -> list[float]:
    """Shares of train, valid and test, such as 0.7,0.1,0.2."""
    try:
        shares = [float(share) for share in split_names(text) or ()]
    except ValueError:
        shares = []
    if len(shares) != 3 or not all(0 <= share <= 1 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        raise InputError(f"expected {option} as three shares, such as 0.7,0.1,0.2, which sum to 1, got {text!r}")
    return shares


def parse_duration(text: str) -> float:
    """Seconds of a duration such as 2h, 90m, 1h30m or 45s."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.strip())
    if not text.strip() or found is None:
        raise InputError(f"expected a duration such as 2h, 90m, 1h30m or 45s, got {text!r}")
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return 3600.0 * hours + 60.0 * minutes + seconds


def parse_shard(text: str) -> tuple[int, int]:
    """Number and count of a shard such as 3/20."""
    found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if found is None:
        raise InputError(f"expected a shard such as 3/20, the third of twenty, got {text!r}")
    return int(found[1]), int(found[2])
