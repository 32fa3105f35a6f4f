"""Two small made-up repositories in the form of the published ones, whose every number is known."""

import gzip

import numpy as np

BASES = "ACGT"
LENGTH = 164
MEME = """MEME version 4

ALPHABET= ACGT

MOTIF CRX_Corbo

letter-probability matrix: alength= 4 w= 4 nsites= 32 E= 0
 0.01 0.01 0.01 0.97
 0.97 0.01 0.01 0.01
 0.97 0.01 0.01 0.01
 0.01 0.01 0.01 0.97

MOTIF NRL_HUMAN.MA0842.1

letter-probability matrix: alength= 4 w= 4 nsites= 20 E= 0
 0.01 0.01 0.01 0.97
 0.01 0.01 0.97 0.01
 0.01 0.97 0.01 0.01
 0.01 0.01 0.01 0.97
"""
HEADER = "barcode\tlabel\tcount\n"


def random_sequence(rng):
    return "".join(BASES[i] for i in rng.integers(4, size=LENGTH))


def replaced(sequence, first, text):
    return sequence[:first] + text + sequence[first + len(text) :]


def other(base):
    return BASES[(BASES.index(base) + 1) % 4]


def write_gzip(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


def write_counts(folder, library, activity, n_replicates=3, n_barcodes=3):
    """Counts of which each label's activity is what is asked for: plasmid 1023.5, RNA 2 ** activity as many."""
    samples = folder / "CRX-Active-Learning" / "Data" / "Measurements" / f"Library{library}" / "Samples"
    labels = [label for label in ("BASAL", *activity) for _ in range(n_barcodes)]
    barcodes = [f"B{i:05d}" for i in range(len(labels))]
    plasmid = "".join(f"{b}\t{label}\t1000\n" for b, label in zip(barcodes, labels, strict=True))
    write_gzip(samples / f"library{library}Plasmid.counts.gz", HEADER + plasmid + "LOW\tBASAL\t9\n")
    for replicate in range(1, n_replicates + 1):
        rows = []
        for barcode, label in zip(barcodes, labels, strict=True):
            ratio = 2.0 ** (activity.get(label, 0.0) + 3)
            rows.append(f"{barcode}\t{label}\t{round(1000.5 * ratio - 0.5) * replicate}\n")
        text = HEADER + "".join(rows) + "LOW\tBASAL\t999999\n"
        write_gzip(samples / f"library{library}Rna{replicate}.counts.gz", text)


def make_crx_folder(folder, n_elements=24, seed=0):
    """Write both repositories; returns sequences and true activities by name, libraries' shifts, the published."""
    rng = np.random.default_rng(seed)
    sequences, activity = {}, {}
    names = [f"chr{1 + i % 19}-{1000 * i + 500}-{1000 * i + 664}_CPPE" for i in range(n_elements)]
    for name in names:
        wild = random_sequence(rng)
        sequences[f"{name}_WT"] = wild
        sequences[f"{name}_MUT-allCrxSites"] = replaced(wild, 40, "".join(other(b) for b in wild[40:48]))
        edited = replaced(wild, 9, other(wild[9]))
        sequences[f"{name}_WT;{wild[9]}10{other(wild[9])}"] = edited
        sequences[f"{name}_WT;100iCRX-F"] = replaced(wild, 99, "TTAATCCC")
        sequences[f"{name}_WT;{wild[9]}10{other(wild[9])};50dNRL-R"] = replaced(
            edited, 49, "".join(other(b) for b in edited[49:60])
        )
    for name in sequences:
        activity[name] = float(np.round(rng.normal(0, 1.5), 1))
    published = {name: activity[name] for name in sequences if ";" not in name}
    shifts = {"3": 0.5, "4": -1.0, "5": 0.0, "6": 2.0, "7": 0.0, "9a": 0.0, "9b": 1.0}
    edited = [name for name in sequences if ";" in name]
    shared = [f"{name}_WT" for name in names[:4]]
    fasta = folder / "CRX-Active-Learning" / "Data" / "Sequences" / "Fasta"
    block = ">building-block_CmMm\n" + "ACGTA" * 20 + "\n"
    for i, (library, shift) in enumerate(shifts.items()):
        own = [*edited[i :: len(shifts)], *shared]
        counted = {name: activity[name] + shift for name in own} | {"building-block_CmMm": 1.0 + shift}
        write_counts(folder, library, counted)
        write_gzip(fasta / f"library{library}.fasta.gz", "".join(f">{n}\n{sequences[n]}\n" for n in own) + block)
    downloaded = folder / "CRX-Active-Learning" / "Data" / "Downloaded"
    downloaded.mkdir(parents=True)
    (downloaded / "eLifeMotifs.meme").write_text(MEME)
    information = folder / "CRX-Information-Content" / "Data"
    write_gzip(information / "library1And2.fasta.gz", "".join(f">{n}\n{sequences[n]}\n" for n in published))
    columns = "label\texpression\texpression_std\texpression_reps\tlibrary\n"
    rows = "".join(f"{n}\t{2.0**v - 0.01!r}\t0.2\t3.0\t1\n" for n, v in published.items())
    write_gzip(information / "rhoActivityJoinedAnnotated.txt.gz", columns + rows)
    columns = "label\tvariant_MUT\texpression_WT\texpression_MUT\twt_vs_mut_qvalue\n"
    rows = "".join(
        f"{n}\tMUT-allCrxSites\t{2.0 ** activity[f'{n}_WT'] - 0.01!r}\t"
        f"{2.0 ** activity[f'{n}_MUT-allCrxSites'] - 0.01!r}\t0.01\n"
        for n in names
    )
    write_gzip(information / "wildtypeMutantPolylinkerActivityAnnotated.txt.gz", columns + rows)
    return sequences, activity, shifts, published
