"""Sequence datasets from files and to files: HDF5, FASTA, BED with a genome, tables; attributions for TF-MoDISco."""

from motiflens.data.io.assemble import check_classes
from motiflens.data.io.bed import read_bed
from motiflens.data.io.bed_file import read_bed_file
from motiflens.data.io.bed_labels import bed_files
from motiflens.data.io.delimited import read_rows
from motiflens.data.io.fasta import FastaRecord, fasta_records, read_fasta, write_fasta
from motiflens.data.io.genome import Genome
from motiflens.data.io.hdf5 import read_hdf5, write_hdf5
from motiflens.data.io.intervals import Intervals, contigs_of_names, intervals_of_names
from motiflens.data.io.modisco import ModiscoFiles, write_modisco
from motiflens.data.io.table import read_table

__all__ = [
    "FastaRecord",
    "Genome",
    "Intervals",
    "ModiscoFiles",
    "bed_files",
    "check_classes",
    "contigs_of_names",
    "fasta_records",
    "intervals_of_names",
    "read_bed",
    "read_bed_file",
    "read_fasta",
    "read_hdf5",
    "read_rows",
    "read_table",
    "write_fasta",
    "write_hdf5",
    "write_modisco",
]
