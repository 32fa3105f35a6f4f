"""Files of another kind are named, and text in UTF-16 reads as text."""

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pytest

from motiflens.basics.errors import InputError
from motiflens.basics.file_kinds import kind_of_bytes
from motiflens.basics.files import text_lines
from motiflens.motifs.files import read_motifs

TEXT = "sequence\tactivität\nACGT\t1\n"


def _zip():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("xl/workbook.xml", "<x/>")
    return held.getvalue()


def _npy():
    held = io.BytesIO()
    np.save(held, np.zeros(3))
    return held.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_zip(), "Excel workbook"),
        (_npy(), "NumPy"),
        (bz2.compress(TEXT.encode()), "bunzip2"),
        (lzma.compress(TEXT.encode()), "unxz"),
        (gzip.compress(gzip.compress(TEXT.encode())), "gzip"),
        (b"PAR1\x15\x04\x15\x00", "Parquet"),
        (bytes.fromhex("d0cf11e0a1b11ae1"), "save it as CSV"),
        (gzip.compress(b"BAM\x01\0\0\0\0"), "BAM"),
        (b"\x80\x04\x95\x00\x00\x00", "pickle"),
        (TEXT.encode("utf-16-le"), "UTF-16 without a mark"),
        (TEXT.encode("utf-16-be"), "UTF-16 without a mark"),
        (b"ACGT\0\1\2\3", "binary file"),
    ],
    ids=lambda value: value.split()[0] if isinstance(value, str) else "data",  # gzip writes the time into its bytes
)
def test_another_kind_of_file_is_named_with_what_to_do(tmp_path, data, words):
    (tmp_path / "a.tsv").write_bytes(data)
    with pytest.raises(InputError, match=rf"a\.tsv: expected text, got .*{words}"):
        list(text_lines(tmp_path / "a.tsv"))
    with pytest.raises(InputError, match=rf"a\.tsv: expected a motif file, which is text, got .*{words}"):
        read_motifs(tmp_path / "a.tsv")


@pytest.mark.parametrize("text", ["a", "", ">s\nACGT", "sequence,y", "Ä"])
def test_text_is_of_no_other_kind(text):
    assert kind_of_bytes(text.encode()[:16]) == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_reads_the_same_however_it_is_encoded(tmp_path, encoding, compressed, end):
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    data = (mark + TEXT.replace("\n", end)).encode(encoding)
    (tmp_path / "a").write_bytes(gzip.compress(data) if compressed else data)
    assert list(text_lines(tmp_path / "a")) == [(1, "sequence\tactivität"), (2, "ACGT\t1")]


def test_bytes_that_are_no_utf_8_are_named_with_their_line(tmp_path):
    (tmp_path / "a").write_bytes(b"ab\ncd\xe4\n")
    with pytest.raises(InputError, match=r"a, line 2: expected text in UTF-8, .*save it as UTF-8"):
        list(text_lines(tmp_path / "a"))
