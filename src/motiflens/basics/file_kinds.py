"""The kind of a file, from its first bytes, and advice if a reader expects another kind."""

_KINDS = {
    b"PK\x03\x04": "a zip file or an Excel workbook (.xlsx): save it as CSV, or unzip it",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls): save it as CSV",
    b"PAR1": "a Parquet file: write it as CSV, as by pandas.read_parquet(FILE).to_csv(OUT, index=False)",
    b"ARROW1": "an Arrow or Feather file: write it as CSV, as by pandas.read_feather(FILE).to_csv(OUT, index=False)",
    b"\x93NUMPY": "a NumPy array (.npy)",
    b"\x89HDF": "an HDF5 file",
    b"MATLAB 5.0": "a MATLAB file",
    b"\x1f\x8b": "a gzip file: decompress it (gunzip)",
    b"BZh": "a bzip2 file: decompress it (bunzip2)",
    b"\xfd7zXZ\x00": "an xz file: decompress it (unxz)",
    b"\x28\xb5\x2f\xfd": "a zstd file: decompress it (unzstd)",
    b"BAM\x01": "a BAM file of aligned reads: call peaks first",
    b"CRAM": "a CRAM file of aligned reads: call peaks first",
    b"\x26\xfc\x8f\x88": "a bigWig file",
    b"\x88\x8f\xfc\x26": "a bigWig file",
    b"\xeb\xf2\x89\x87": "a bigBed file: convert it (bigBedToBed)",
    b"\x87\x89\xf2\xeb": "a bigBed file: convert it (bigBedToBed)",
    b"\x43\x27\x41\x1a": "a genome in .2bit",
    b"\x1a\x41\x27\x43": "a genome in .2bit",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"RDX": "an R workspace: write the table with write.csv",
    b"X\n\x00\x00": "an R object (.rds): write the table with write.csv",
    b"SQLite format 3": "an SQLite database",
    b"%PDF": "a PDF",
}


def kind_of_bytes(start: bytes) -> str:
    """Name the kind of a file that is not plain text, with advice; empty if the kind is unknown.

    Parameters
    ----------
    start : bytes
        The first bytes, 16 or more if the file has as many.
    """
    for mark, words in _KINDS.items():
        if start.startswith(mark):
            return words
    ascii_bytes, others = (start[:16][i::2] for i in (0, 1))
    for text, zeros in ((ascii_bytes, others), (others, ascii_bytes)):
        if len(zeros) > 1 and not any(zeros) and all(text):
            return "text in UTF-16 without a mark that says so: save it as UTF-8"
    return ""
