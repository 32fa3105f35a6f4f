import numpy as np
import pytest

from motiflens.data.splits import chromosome_split, close_names


def test_chromosomes_decide_the_split():
    contigs = ["chr1", "chr8", "chr9", "chr1", "chr10"]
    np.testing.assert_array_equal(chromosome_split(contigs, ["chr8"], ["chr9", "chr10"]), [0, 1, 2, 0, 2])
    assert chromosome_split(contigs, [], ["chr9"]).dtype == np.uint8


@pytest.mark.parametrize(
    ("valid", "test", "message"),
    [
        (["chr8"], ["chr8"], "got chr8 in both"),
        (["8"], [], r"no sequence lies on '8': did you mean chr8\?"),
        ([], ["chrX"], "no sequence lies on 'chrX'"),
    ],
)
def test_chromosomes_that_cannot_be(valid, test, message):
    with pytest.raises(ValueError, match=message):
        chromosome_split(["chr1", "chr8"], valid, test)


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("chr1", ["1", "2"], "did you mean 1?"),
        ("1", ["chr1", "chr2"], "did you mean chr1?"),
        ("chrom_III", ["chromosome_III", "x"], "did you mean chromosome_III?"),
        ("q", ["a1", "b2"], "there are a1, b2"),
        ("q", list("abcdefg"), "there are a, b, c, d, e, ..."),
        ("q", [], "there is none"),
    ],
)
def test_close_names(name, known, words):
    assert close_names(name, known) == words


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("MT", ["chr1", "chrM"], "did you mean chrM?"),
        ("chrM", ["1", "MT"], "did you mean MT?"),
        ("CHR1", ["chr1", "chr2"], "did you mean chr1?"),
        ("SEQUENCE", ["sequence", "y"], "did you mean sequence?"),
    ],
)
def test_names_that_others_write_otherwise_are_close(name, known, words):
    assert close_names(name, known) == words
