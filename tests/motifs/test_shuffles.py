"""Shuffled databases: drawn one motif at a time, kept, and matched together as TomTom matches each."""

import numpy as np
import pytest

from motiflens.motifs import shuffles as module
from motiflens.motifs.decoys import decoy_hits, decoy_motifs
from motiflens.motifs.motif import Motif
from motiflens.motifs.shuffles import SAME_MOTIF, Shuffles, database_shuffles, draw_shuffles
from motiflens.motifs.similarity import similarity
from motiflens.motifs.tomtom import tomtom


@pytest.fixture(params=["1", "0"], ids=["compiled", "numpy"], autouse=True)
def kernels(request, monkeypatch):
    monkeypatch.setenv("MOTIFLENS_KERNELS", request.param)


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module._kept.cache_clear()
    yield tmp_path
    module._kept.cache_clear()


def database(n, seed, widths=(4, 12), sharpness=0.3):
    rng = np.random.default_rng(seed)
    return [
        Motif(f"m{i}", f"name{i}", rng.dirichlet(np.full(4, sharpness), size=rng.integers(*widths)).T, int(sites))
        for i, sites in enumerate(rng.integers(5, 500, n))
    ]


def one_letter(letter, width):
    return Motif(letter, letter, np.eye(4)[["ACGT".index(letter)] * width].T)


def drawn_by_hand(motifs, rng):
    orders, differs = [], []
    for motif in motifs:
        for _ in range(20):
            order = rng.permutation(motif.width)
            other = similarity(motif.pwm, motif.pwm[:, order]).value < SAME_MOTIF
            if other:
                break
        orders.append(order)
        differs.append(other)
    return np.concatenate(orders), differs


def test_draws_are_those_of_the_definition():
    motifs = [*database(40, 0, widths=(1, 7)), one_letter("A", 6), *database(10, 1, sharpness=0.02)]
    drawn = draw_shuffles(motifs, np.random.default_rng(3).spawn(4))
    for k, rng in enumerate(np.random.default_rng(3).spawn(4)):
        orders, differs = drawn_by_hand(motifs, rng)
        np.testing.assert_array_equal(drawn.orders[k], orders)
        np.testing.assert_array_equal(drawn.differs[k], differs)
    assert not drawn.differs[:, 40].any()
    assert 0 < drawn.differs.mean() < 1


def test_hits_are_those_of_tomtom_with_each_shuffled_database():
    motifs = [*database(30, 2), one_letter("C", 5)]
    queries = [*database(4, 5), *motifs[::6], Motif("flat", "", np.full((4, 6), 0.25)), one_letter("C", 7)]
    n, q = 6, 0.3
    found = decoy_hits(queries, motifs, draw_shuffles(motifs, np.random.default_rng(0).spawn(n)), q)
    for k, rng in enumerate(np.random.default_rng(0).spawn(n)):
        decoys, differs = decoy_motifs(motifs, rng)
        result = tomtom(queries, decoys)
        expected = ((result.q_value <= q) & differs).any(axis=1) & ~result.invalid
        np.testing.assert_array_equal(found[k], expected)
    assert 0.1 < found.mean() < 0.9
    assert not found[:, -2].any()


def test_no_query_and_no_motif():
    motifs = database(3, 0)
    assert decoy_hits([], motifs, draw_shuffles(motifs, [np.random.default_rng(0)]), 0.1).shape == (1, 0)
    assert decoy_motifs([], 0)[0] == []


def test_a_large_database_is_drawn_once(folder, monkeypatch):
    motifs = database(module._WORTH_A_FILE, 0)
    first = database_shuffles(motifs, 3, 1)
    (kept,) = folder.rglob("shuffles-*.npz")
    assert database_shuffles(motifs, 3, 1) is first
    with monkeypatch.context() as patch:
        patch.setattr(module, "draw_shuffles", None)  # from here on nothing is drawn
        module._kept.cache_clear()
        again = database_shuffles(list(motifs), 3, 1)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    kept.write_bytes(kept.read_bytes()[:500])  # a full disk
    module._kept.cache_clear()
    np.testing.assert_array_equal(database_shuffles(motifs, 3, 1).orders, first.orders)


def test_what_the_orders_depend_on_names_the_file(folder):
    motifs = database(module._WORTH_A_FILE, 0)
    database_shuffles(motifs, 2, 0)
    database_shuffles(motifs, 2, 1)
    database_shuffles(motifs, 3, 0)
    database_shuffles(motifs[::-1], 2, 0)
    assert len(list(folder.rglob("shuffles-*.npz"))) == 4


def test_small_databases_leave_no_file(folder):
    assert database_shuffles(database(5, 0), 2, 0).orders.shape[0] == 2
    assert not list(folder.rglob("*.npz"))


def test_a_cache_that_cannot_be_written_is_no_error(folder, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "file"))
    assert isinstance(database_shuffles(database(module._WORTH_A_FILE, 3), 1, 0), Shuffles)
