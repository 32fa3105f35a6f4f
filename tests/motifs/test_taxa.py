"""JASPAR 2026 by taxon: the packaged sets, and the hint which taxon fits."""

import numpy as np
import pytest
import torch

from motiflens.audits.candidate import audit_candidate
from motiflens.audits.evidence import gather_evidence
from motiflens.audits.options import AuditOptions
from motiflens.audits.taxa import taxon_notes
from motiflens.cli.options import DATABASE
from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import build_model
from motiflens.motifs import taxa
from motiflens.motifs.sets import DEFAULT_SET, TAXA, load_motifs
from motiflens.motifs.taxa import matches_by_taxon, taxon_hint, taxon_of


@pytest.mark.parametrize(
    ("taxon", "number", "known"),
    [
        ("vertebrates", 1019, "CTCF"),
        ("plants", 927, "LFY"),
        ("insects", 296, "br"),
        ("fungi", 193, "REB1"),
        ("nematodes", 103, "skn-1"),
    ],
)
def test_sets_come_with_the_package(taxon, number, known, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyjaspar", None)
    motifs = load_motifs(f"JASPAR2026-{taxon}")
    assert len(motifs) == len({motif.id for motif in motifs}) == number
    assert any(known.lower() in motif.name.lower() for motif in motifs)
    accessions = [motif.id.partition(".")[0] for motif in motifs]
    assert len(set(accessions)) == number  # the latest version of each


def test_a_set_equals_the_database():
    pyjaspar = pytest.importorskip("pyjaspar")
    database = pyjaspar.jaspardb(release="JASPAR2026")
    theirs = database.fetch_motifs(collection="CORE", tax_group="nematodes")
    database.conn.close()
    motifs = load_motifs("JASPAR2026-nematodes")
    assert [(motif.id, motif.name) for motif in motifs] == [(one.matrix_id, one.name) for one in theirs]
    for motif, one in zip(motifs, theirs, strict=True):
        counts = np.array([one.counts[base] for base in "ACGT"])
        np.testing.assert_allclose(motif.pwm, counts / counts.sum(0), rtol=0, atol=5.1e-7)


def test_motifs_of_a_taxon_match_it_best():
    names = ("LFY", "ARF5", "WRKY1", "AGL3", "NAC031")
    plants = [motif for motif in load_motifs("JASPAR2026-plants") if motif.name in names]
    counts = matches_by_taxon(plants, q=0.01)
    assert counts["plants"] == len(plants) >= 4
    assert "JASPAR2026-plants, and" in taxon_hint(counts)
    assert taxon_hint(counts, "plants") == ""


def test_the_hint_by_hand():
    assert taxon_hint({"vertebrates": 5, "plants": 9}) == ""  # not twice as many
    assert taxon_hint({"vertebrates": 1, "plants": 3}) == ""  # not three more
    assert taxon_hint({"vertebrates": 1, "plants": 4}).startswith("4 motifs match JASPAR2026-plants, and 1 JASPAR2026")
    with pytest.raises(ValueError, match="taxon must be one of vertebrates"):
        taxon_hint({"vertebrates": 1}, "vertebrate")


def test_the_taxon_of_a_name():
    assert [taxon_of(name) for name in ("JASPAR2026-fungi", "JASPAR2020", "my-motifs.meme")] == ["fungi", None, None]


def test_the_shell_compares_with_the_same_set_as_python():
    assert DATABASE == DEFAULT_SET == AuditOptions().database == "JASPAR2026-vertebrates"


def audited(names, database):
    """An untrained network whose filters are motifs of these names, of JASPAR 2026's plants."""
    plants = {motif.name: motif for motif in load_motifs("JASPAR2026-plants")}
    network = build_model("C4C6-Att", length=96, n_outputs=1, task=2, n_filters=len(names), activation="relu")
    with torch.no_grad():
        for weight, name in zip(network.stem.first.conv.weight, names, strict=True):
            pwm = plants[name].pwm[:, :19]
            weight[:] = 0
            weight[:, : pwm.shape[1]] = torch.as_tensor(3 * np.log2(pwm + 0.01) + 6)
    codes = np.random.default_rng(0).integers(0, 4, (400, 96), dtype=np.uint8)
    for row in range(400):
        motif = plants[names[row % len(names)]]
        start = 10 + row % 40
        codes[row, start : start + motif.width] = motif.pwm.argmax(0)
    y = np.arange(400) % 2
    data = SequenceDataset.from_arrays(codes, y, split=["train"] * 100 + ["valid"] * 50 + ["test"] * 250)
    quick = {"n_ablation": 0, "n_decoys": 0, "n_backgrounds": 0, "n_examples": 0, "n_resamples": 5}
    options = AuditOptions(database=database, **quick)
    return audit_candidate("net", [network], data, options), data, options


PLANTS = ["LFY", "ARF5", "WRKY1", "AGL3", "NAC031"]


def test_an_audit_says_which_taxon_fits_better():
    candidate, data, options = audited(PLANTS, "JASPAR2026-vertebrates")
    notes = gather_evidence([candidate], data, options).notes
    assert any("match JASPAR2026-plants" in note and "if the sequences are of plants" in note for note in notes), notes
    candidate, _, options = audited(PLANTS, "JASPAR2026-plants")
    assert taxon_notes(candidate, options) == []
    candidate, _, options = audited(PLANTS, "JASPAR2020")
    assert "JASPAR2020 holds motifs of all taxa" in taxon_notes(candidate, options)[0]


def test_the_hint_costs_less_than_decoys(monkeypatch):
    """One matching of the best network with each other taxon: motifs looked up, decoys being ten times as many."""
    candidate, _, options = audited(PLANTS, "JASPAR2026-vertebrates")
    looked_up = []
    real = taxa.tomtom
    monkeypatch.setattr(
        taxa, "tomtom", lambda queries, targets: looked_up.append(len(targets)) or real(queries, targets)
    )
    taxon_notes(candidate, options)
    assert sum(looked_up) < 2 * len(options.motifs)
    assert len(looked_up) == len(TAXA) - 1
