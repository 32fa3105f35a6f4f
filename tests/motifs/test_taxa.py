"""JASPAR 2026 by taxon: the packaged sets, and the hint which taxon fits."""

import numpy as np
import pytest

from motiflens.motifs.sets import load_motifs
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
