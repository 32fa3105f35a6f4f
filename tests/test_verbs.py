"""The top of the library: twenty verbs, each documented with an example that runs."""

import doctest
import subprocess
import sys

import pytest

import motiflens as ml

VERBS = [
    *("read_fasta", "read_bed", "read_table", "read_hdf5", "write_hdf5", "load_motifs", "read_motifs", "tomtom"),
    *("build_model", "list_models", "load", "fit", "predict", "explain", "filter_motifs", "audit"),
    *("interactions", "spike_in", "stability", "plot_logo"),
]


def test_dir_shows_wings_and_verbs():
    assert sorted(VERBS) == sorted(ml.VERBS)
    assert dir(ml) == sorted([*ml.WINGS, *VERBS])
    assert len(dir(ml)) <= 40


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_has_an_example_that_runs(name):
    verb = getattr(ml, name)
    assert verb.__name__ == name
    (found,) = doctest.DocTestFinder(recurse=False).find(verb, name, globs={name: verb})
    assert len(found.examples) >= 2
    assert not any(example.options for example in found.examples)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(found).failed == 0


def test_a_verb_stays_a_function_when_modules_of_its_name_are_imported():
    code = (
        "import motiflens as ml, motiflens.interpret.interactions, motiflens.motifs.tomtom, motiflens.models.predict\n"
        "print(all(callable(getattr(ml, name)) for name in ml.VERBS))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True"
