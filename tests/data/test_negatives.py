"""Negatives: what is kept of the positives, where windows may lie, and that GC content tells no more."""

import numpy as np
import pytest

from motiflens.basics.metrics import auroc
from motiflens.basics.sequence import gc_content
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import Genome, Intervals, intervals_of_names, write_fasta
from motiflens.data.negatives import _bins, _Tiles, add_gc_matched, add_shuffled
from motiflens.motifs.truth import MatrixTruth

WIDTH = 50
CONTIGS = ("chr1", "chr2", "chr3")


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """Three chromosomes of 60 kb whose GC content changes every 1,000 bp, with a run of N each."""
    rng = np.random.default_rng(0)
    codes = []
    for _ in CONTIGS:
        gc = np.repeat(rng.uniform(0.25, 0.75, 60), 1000)
        strong = rng.random(len(gc)) < gc
        row = np.where(strong, rng.integers(1, 3, len(gc)), 3 * rng.integers(0, 2, len(gc))).astype(np.uint8)
        row[30_000:31_500] = 4
        codes.append(row)
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    write_fasta(CONTIGS, codes, path)
    return Genome(path)


@pytest.fixture(scope="module")
def positives(genome):
    """Windows of high GC content, on a chromosome for each split."""
    rng = np.random.default_rng(1)
    contig = np.array(CONTIGS, dtype=object)[rng.integers(0, 3, 3000)]
    start = rng.integers(0, 60_000 - WIDTH, 3000)
    places = Intervals(contig, start, start + WIDTH, np.zeros(3000, np.int8))
    codes = genome.windows(places)
    chosen = np.flatnonzero(((codes == 4).sum(1) == 0) & (rng.random(3000) < np.nan_to_num(gc_content(codes)) ** 4))
    split = np.array(["train", "valid", "test"])[np.searchsorted(CONTIGS, list(contig[chosen]))]
    return SequenceDataset.from_arrays(
        codes[chosen], np.ones(len(chosen)), split=split, names=places.take(chosen).names(), metadata={"a": 1}
    )


def gc_auroc(dataset):
    return auroc(dataset.y[:, 0], gc_content(dataset.codes))


def test_gc_matched_windows_have_the_gc_content_of_the_positives(genome, positives):
    matched = add_gc_matched(positives, genome, seed=3)
    rng = np.random.default_rng(0)
    random_start = rng.integers(0, 29_000, 500)
    random = genome.windows(Intervals(np.full(500, "chr1", object), random_start, random_start + WIDTH, np.zeros(500)))
    y = np.repeat([1, 0], [len(positives), 500])
    assert auroc(y, gc_content(np.concatenate([positives.codes, random]))) > 0.7  # what matching has to mend
    for part in (matched, matched.train, matched.valid, matched.test):
        assert abs(gc_auroc(part) - 0.5) < 0.03
    made = matched.metadata["negatives"][0]
    assert made["n_added"] + made["n_missing"] == len(positives)
    assert made["n_missing"] < 0.1 * len(positives)
    assert matched.metadata["a"] == 1
    np.testing.assert_array_equal(matched.codes[: len(positives)], positives.codes)


def test_gc_matched_windows_overlap_nothing_and_keep_to_the_chromosomes_of_their_split(genome, positives, tmp_path):
    avoid = tmp_path / "avoid.bed"
    avoid.write_text("chr1\t0\t20000\nchr2\t100\t59000\nchrUn\t0\t9\n")
    matched = add_gc_matched(positives, genome, avoid=[avoid])
    rows, places = intervals_of_names(matched.names)
    assert len(rows) == len(matched)
    np.testing.assert_array_equal(genome.windows(places), matched.codes)
    new = np.arange(len(matched)) >= len(positives)
    for i in np.flatnonzero(new):
        other = (places.contig == places.contig[i]) & (np.arange(len(matched)) != i)
        assert not (other & (places.start < places.end[i]) & (places.end > places.start[i])).any()
    chromosomes = {name: set(places.contig[new & (matched.split == name)]) for name in ("train", "valid", "test")}
    assert chromosomes == {"train": {"chr1"}, "valid": {"chr2"}, "test": {"chr3"}}
    assert (places.start[new & (places.contig == "chr1")] >= 20_000).all()
    on_chr2 = new & (places.contig == "chr2")
    assert ((places.end[on_chr2] <= 100) | (places.start[on_chr2] >= 59_000)).all()
    assert (matched.codes[new] != 4).all()
    assert matched.y[new].sum() == 0


def test_gc_matching_depends_on_the_seed_alone(genome, positives):
    a, b, c = (add_gc_matched(positives, genome, seed=seed).names.tolist() for seed in (0, 0, 1))
    assert a == b != c


def test_as_many_as_asked_for_in_each_bin(genome, positives):
    few = positives.subset(np.arange(0, len(positives), 20))
    matched = add_gc_matched(few, genome, ratio=3)
    gc = gc_content(matched.codes) + 1e-9
    edges = np.arange(0, 1.03, 0.02)
    n_new = np.histogram(gc[len(few) :], edges)[0]
    wanted = 3 * np.histogram(gc[: len(few)], edges)[0]
    assert (n_new <= wanted).all()
    assert wanted.sum() - n_new.sum() == matched.metadata["negatives"][0]["n_missing"]


def test_splits_of_the_same_chromosomes_share_what_is_rare(genome, positives):
    split = np.random.default_rng(0).permutation(np.repeat(["train", "test"], len(positives) // 2))
    mixed = positives.subset(slice(0, len(split)))
    mixed = SequenceDataset.from_arrays(mixed.codes, mixed.y, split=split, names=mixed.names)
    matched = add_gc_matched(mixed, genome, ratio=10)
    new = matched.subset(slice(len(mixed), None))
    assert matched.metadata["negatives"][0]["n_missing"] > 0.3 * 10 * len(mixed)  # far too few for all
    assert 0.8 < len(new.train) / len(new.test) < 1.25
    assert {name.split(":")[0] for name in new.test.names} == set(CONTIGS)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"names": ["x"] * 2}, {}, "names that say where positives lie, such as chr1:1000-1500, got 'x'"),
        ({"names": None}, {}, "names that say where positives lie"),
        ({"names": ["1:0-50"] * 2}, {}, r"g.fa lacks '1': did you mean chr1\?"),
        ({"y": [0, 0]}, {}, "expected positives to match, all labels of 2 sequences are 0"),
        ({"y": [0.5, 0]}, {}, "expected labels 0 and 1"),
        ({}, {"ratio": 0}, "ratio must be at least 1, got 0"),
        ({}, {"bin_width": 0}, "bin_width must be above 0 and at most 1, got 0"),
        ({"codes": np.full((2, WIDTH), 1)}, {}, "found no window of 50 bp with the GC content of a positive"),
    ],
)
def test_mistakes_are_told(genome, change, options, message):
    made = {"codes": np.tile([0, 1, 2, 3, 0], (2, 10)), "y": [1, 1], "names": ["chr1:0-50", "chr1:60-110"]} | change
    dataset = SequenceDataset.from_arrays(made["codes"], made["y"], names=made["names"])
    with pytest.raises(ValueError, match=message):
        add_gc_matched(dataset, genome, **options)


def test_a_file_to_avoid_must_name_chromosomes_as_the_genome_does(genome, positives, tmp_path):
    other = tmp_path / "blacklist.bed"
    other.write_text("1\t0\t60000\n2\t0\t60000\n")
    with pytest.raises(ValueError, match=r"g.fa lacks all its chromosomes, such as '1': did you mean chr1"):
        add_gc_matched(positives, genome, avoid=[other])
    other.write_text("chr1\t0\t10\nchrUn_1\t0\t100\n")
    assert len(add_gc_matched(positives, genome, avoid=[other])) > len(positives)


def test_padding_does_not_tell_shuffles_from_their_positives():
    rng = np.random.default_rng(0)
    codes = np.full((1000, 200), 4, dtype=np.uint8)
    for row, length in zip(codes, rng.integers(140, 201, 1000), strict=True):
        before = (200 - length) // 2
        row[before : before + length] = rng.integers(0, 4, length)
    made = add_shuffled(SequenceDataset.from_arrays(codes, np.ones(1000)))
    unknown = made.codes == 4
    lead, trail = unknown.argmin(1), unknown[:, ::-1].argmin(1)
    for tell in (np.abs(lead - trail), lead, trail):
        assert auroc(made.y[:, 0], tell.astype(float)) == 0.5


def test_shuffles_follow_their_positives():
    rng = np.random.default_rng(0)
    codes, split = rng.integers(0, 4, (4, 60), dtype=np.uint8), ["train", "test", "valid", "test"]
    data = SequenceDataset.from_arrays(
        codes, [[1, 0], [0, 0], [1, 1], [0, 1]], split=split, names=list("abcd"), label_names=["u", "v"]
    )
    made = add_shuffled(data, ratio=2, seed=1)
    assert made.names.tolist()[4:] == [f"{name}_shuffled_{i}" for name in "acd" for i in (0, 1)]
    assert made.split.tolist()[4:] == ["train", "train", "valid", "valid", "test", "test"]
    assert made.y[4:].sum() == 0
    np.testing.assert_array_equal(np.sort(made.codes[4:]), np.sort(codes[[0, 0, 2, 2, 3, 3]]))
    assert (made.codes[4] != made.codes[5]).any()
    assert made.metadata["negatives"] == [{"method": "dinucleotide_shuffle", "ratio": 2, "seed": 1, "n_added": 6}]
    assert len(add_shuffled(made).metadata["negatives"]) == 2
    assert add_shuffled(SequenceDataset.from_arrays(codes, [1, 0, 0, 0])).names is None


def test_ground_truth_would_not_cover_shuffles():
    truth = MatrixTruth(np.full((2, 4, 9), 0.25, dtype=np.float32))
    data = SequenceDataset.from_arrays(np.zeros((2, 9), np.uint8), [1, 0], truth=truth)
    with pytest.raises(ValueError, match="without ground truth"):
        add_shuffled(data)


def test_a_tile_between_two_places_that_it_only_touches_is_free():
    """By hand: tiles of 10 bp on one chromosome; taken are 0-10, 20-30, 45-46."""
    none = np.zeros(1, dtype=np.int64)
    tiles = _Tiles(None, ["chr1"], none, np.array([0, 6]), 10, np.array([0, 20, 45]), np.array([10, 30, 46]))
    assert tiles.free(np.arange(6)).tolist() == [False, True, False, True, False, True]


@pytest.mark.parametrize("width", [50, 100, 200])
def test_each_gc_content_has_the_bin_that_it_has_by_whole_numbers(width):
    """0.58 / 0.02 is 28.999999999999996: a window would be matched with those of the bin below."""
    codes = np.zeros((width + 1, width), dtype=np.uint8)
    for n_strong, row in enumerate(codes):
        row[:n_strong] = 1
    assert _bins(codes, 0.02).tolist() == [n_strong * 50 // width for n_strong in range(width + 1)]
