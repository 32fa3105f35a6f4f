"""Libraries compiled beforehand for several kinds of processor: which is taken, and that all compute the same."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from motiflens.basics import compiled, recipes
from motiflens.basics.recipes import PROCESSORS, Recipe, build_all, recipes_in, usable_levels
from motiflens.report.doctor import diagnose

needs_compiler = pytest.mark.skipif(recipes.compiler() is None, reason="no C compiler")
SOURCE = Path(recipes.__file__).parents[1]
DOT = """
double dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}
int level(void)
{
#if defined(__AVX512F__)
    return 2;
#elif defined(__AVX2__)
    return 1;
#else
    return 0;
#endif
}
"""


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "package" / "part"
    folder.mkdir(parents=True)
    (folder / "dot.c").write_text(DOT)
    (folder / "libraries.toml").write_text('[dot]\ndefinitions = ["X=1"]\n[ordered]\nreorder = false\n')
    return folder


def library(folder):
    signatures = {
        "dot": (ctypes.c_double, [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]),
        "level": (ctypes.c_int, []),
    }
    return compiled.Library.listed(folder, "dot", signatures)


def test_every_folder_with_sources_lists_its_libraries():
    assert {path.parent for path in SOURCE.rglob("*.c")} == {path.parent for path in SOURCE.rglob("libraries.toml")}


def test_what_a_recipe_is_read_from(package):
    dot, ordered = recipes_in(package).values()
    assert "-DX=1" in dot.flags()
    assert ("-fassociative-math" in dot.flags(), "-fassociative-math" in ordered.flags()) == (True, False)
    assert ordered.sources() == [package / "dot.c"]


def test_the_digest_follows_sources_headers_and_flags(package):
    recipe = Recipe("dot", package)
    digests = [recipe.digest(), Recipe("dot", package, reorder=False).digest(), recipe.digest("gcc 12")]
    (package / "more.h").write_text("int x;")
    digests.append(recipe.digest())
    (package / "more.c").write_text("int y;")
    digests.append(recipe.digest())
    assert len(set(digests)) == 5


def test_a_level_is_usable_only_with_all_that_it_needs(monkeypatch):
    monkeypatch.setattr(recipes, "machine_type", lambda: "x86_64")
    avx512, avx2, _ = PROCESSORS["x86_64"]
    for own, names in (
        (avx512.needs, ["avx512", "avx2", "baseline"]),
        (avx512.needs - {"avx512vl"}, ["avx2", "baseline"]),
        (avx2.needs - {"fma"}, ["baseline"]),
        (frozenset(), ["baseline"]),
    ):
        monkeypatch.setattr(recipes, "features", lambda own=own: own)
        assert [level.name for level in usable_levels()] == names


@needs_compiler
def test_the_best_that_the_processor_runs_is_taken(package, tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "PREBUILT", tmp_path / "built")
    n_levels = len(PROCESSORS[recipes.machine_type()])
    assert len(build_all(tmp_path / "package", tmp_path / "built")) == 2 * n_levels
    for level in usable_levels():
        monkeypatch.setenv("MOTIFLENS_KERNELS", level.name)
        loaded, words = library(package).load()
        assert words == f"prebuilt, {level.name}"
        a, b = np.arange(20.0), np.linspace(-1, 1, 20)
        assert loaded.dot(20, a.ctypes.data, b.ctypes.data) == pytest.approx(a @ b)
        assert loaded.level() == {"avx512": 2, "avx2": 1}.get(level.name, 0)
    monkeypatch.delenv("MOTIFLENS_KERNELS")
    assert library(package).load()[1] == f"prebuilt, {usable_levels()[0].name}"
    monkeypatch.setenv("MOTIFLENS_KERNELS", "nonsense")
    assert "no prebuilt library 'nonsense'" in library(package).load()[1]


@needs_compiler
def test_a_prebuilt_library_of_other_sources_is_not_taken(package, tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "PREBUILT", tmp_path / "built")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    build_all(tmp_path / "package", tmp_path / "built")
    (package / "dot.c").write_text(DOT.replace("sum = 0", "sum = 1"))
    loaded, words = library(package).load()
    assert not words.startswith("prebuilt")
    assert loaded.dot(0, None, None) == 1


def test_without_a_compiler_nothing_is_built(package, tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "compiler", lambda: None)
    assert build_all(tmp_path / "package", tmp_path / "built") == []
    monkeypatch.setattr(compiled, "compiler", lambda: None)
    assert library(package).load() == (None, "no C compiler (cc, gcc or clang) found")


@needs_compiler
def test_scores_do_not_depend_on_the_processor(tmp_path):
    """Compiled and NumPy's scores are compared elsewhere: tests/motifs/test_compiled_scores.py."""
    built = tmp_path / "built"
    (tmp_path / "package").mkdir()
    shutil.copytree(SOURCE / "motifs", tmp_path / "package" / "motifs", ignore=shutil.ignore_patterns("*.py"))
    build_all(tmp_path / "package", built)
    code = (
        "import sys; from pathlib import Path; from motiflens.basics import compiled\n"
        f"compiled.PREBUILT = Path({str(built)!r})\n"
        "import motiflens as ml\n"
        "from motiflens.motifs.compiled_scores import describe_library\n"
        "motifs = ml.load_motifs('JASPAR2016-vertebrates')[:40]; hits = ml.tomtom(motifs[:12], motifs).hits(q=1)\n"
        "print(describe_library().split()[-1], [(hit.target_id, hit.offset, '%.12g' % hit.p_value) for hit in hits])\n"
    )
    found = {}
    for level in usable_levels():
        environment = {**os.environ, "MOTIFLENS_KERNELS": level.name}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        name, found[level.name] = done.stdout.split(maxsplit=1)
        assert name == level.name
    (same,) = set(found.values())
    assert same.count("MA0") > 100


@pytest.mark.parametrize("value", ["", "  ", "nothere gcc"])
def test_a_compiler_that_cc_does_not_name(monkeypatch, value):
    monkeypatch.delenv("CC", raising=False)
    default = recipes.compiler()
    monkeypatch.setenv("CC", value)
    assert recipes.compiler() == (None if value.strip() else default)
    monkeypatch.setenv("CC", 'gcc "x')
    with pytest.raises(ValueError, match="No closing quotation"):
        recipes.compiler()
    assert "No closing quotation" in diagnose().facts["compiler"]
