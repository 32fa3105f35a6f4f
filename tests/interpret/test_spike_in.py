import json
from statistics import NormalDist

import numpy as np
import pytest
import torch
from torch import nn
from toy_detectors import WORD, Detector, word

from motiflens.audits.saliency import audit_saliency
from motiflens.basics.inputs import as_sequences
from motiflens.basics.metrics import auroc
from motiflens.basics.sequence import decode, reverse_complement
from motiflens.basics.stats import bootstrap_mean, mean_of_defined
from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate import TASK2_CORE, billboard
from motiflens.interpret.attribution import interpretability
from motiflens.interpret.spike_in import SpikeIn, candidate_motifs, spike_in
from motiflens.interpret.spike_in.implants import covered, implant, weakened
from motiflens.interpret.spike_in.scores import chance_aupr, spike_scores
from motiflens.models.hybrid import model_config
from motiflens.motifs.sets import Motif, load_motifs, select_motifs
from motiflens.training.ensemble import fit
from motiflens.training.protocol import REFERENCE

LENGTH = 200
OTHER = "CCTGATGTCA"
BACKGROUNDS = np.random.default_rng(5).integers(0, 4, size=(200, LENGTH), dtype=np.uint8)


def spiked(models, **options):
    return spike_in(models, BACKGROUNDS, motifs=[word(), word(OTHER)], **options)


def test_a_perfect_map_scores_one():
    result = spiked(Detector(LENGTH))
    np.testing.assert_allclose(result.responses.change, [[0.5, 0]], atol=1e-6)  # relu of half a base beyond the bias
    np.testing.assert_allclose(result.responses.beyond_shuffled, [[0.5, 0]], atol=1e-6)
    assert result.responses.used.tolist() == [[True, False]]
    for difference in (False, True):
        for score in ("auroc", "aupr"):
            np.testing.assert_allclose(result.interval("saliency", score, difference=difference), 1)
    np.testing.assert_allclose(result.motif_auroc, [[[1, np.nan]]])
    assert result.verdict("saliency") == "trusted"
    np.testing.assert_allclose(result.logits_after - result.logits_before, 1.5, atol=1e-5)  # three sites


@pytest.mark.parametrize("signal", [0.0, 0.7, 2.0])
def test_noise_lowers_the_auroc_as_it_must(signal):
    result = spiked(Detector(LENGTH, gain=signal, noise=1.0, jump=100.0))
    assert result.responses.used.tolist() == [[True, False]]
    expected = NormalDist().cdf(signal / np.sqrt(2))  # one normal variable above another
    assert abs(result.interval("saliency").estimate - expected) < 0.02
    assert result.verdict("saliency") == {0.0: "not trusted", 0.7: "not trusted", 2.0: "trusted"}[signal]


def test_noise_that_is_there_anyway_cancels_in_the_difference():
    result = spiked(Detector(LENGTH, gain=10.0, noise=1.0, jump=100.0))
    # Outside of sites the two maps of a linear background are equal; inside 10 stands against differences of noise.
    sites = result.sites[0]
    assert result.interval("saliency", difference=True).estimate > 0.9999
    assert result.interval("saliency", "snr", difference=True).estimate == 0  # no positive noise left
    assert result.interval("saliency", "snr").estimate > 0
    assert len(sites) == len(result.measured_on) == 100


def test_aupr_by_chance_is_the_share_of_motif():
    result = spiked(Detector(LENGTH, gain=0.0, noise=1.0, jump=100.0), n_sites=5)
    np.testing.assert_allclose(result.chance_aupr, 5 * len(WORD) / LENGTH)
    assert abs(result.interval("saliency", "aupr").estimate - 0.25) < 0.04


def test_each_network_is_judged_by_its_own_motifs():
    detector = Detector(LENGTH)
    result = spiked([detector, _Blind(), detector, _Negative(detector)])
    assert result.responses.used.tolist() == [[True, False], [False, False], [True, False], [False, False]]
    assert result.responses.q_value[3, 0] == 0  # it responds, but downwards
    assert result.responses.change[3, 0] < 0
    assert result.judged.tolist() == [True, False, True, False]
    np.testing.assert_allclose(result.member_means("saliency"), [1, np.nan, 1, np.nan])
    assert result.interval("saliency").estimate == 1
    assert result.sites[1] is None
    first, third = result.sites[0], result.sites[2]
    assert np.array_equal(first.start, third.start)  # the same sites for networks of the same motifs
    row = result.summary()["methods"][0]
    assert row["auroc"]["members"] == [1, None, 1, None]


def test_without_a_response_nothing_can_be_judged():
    result = spiked(_Blind())
    assert result.verdict("saliency") == "cannot be judged"
    assert np.isnan(result.interval("saliency")).all()
    summary = result.summary()
    assert summary["n_judged"] == 0
    assert summary["methods"][0]["aupr"]["estimate"] is None
    json.dumps(summary, allow_nan=False)


def test_composition_alone_is_no_response():
    gc = _Composition()
    result = spike_in(gc, BACKGROUNDS, motifs=[word("GGCGCCGCGG"), word("CCCCCCCC")])
    assert (result.responses.change > 3).all()
    assert not result.responses.used.any()


def test_weak_responses_are_not_used():
    both = _Sum(Detector(LENGTH, jump=1.0), _Weak())
    found = {share: spiked(both, min_response=share).responses for share in (0.0, 0.25)}
    assert (found[0.0].q_value <= 0.05).all()
    assert found[0.0].used.tolist() == [[True, True]]
    assert found[0.25].used.tolist() == [[True, False]]


def test_methods_stand_beside_each_other():
    methods = ("saliency", "integrated_gradients", "saturation_mutagenesis")
    options = {"integrated_gradients": {"baselines": "zeros", "n_steps": 200}}
    few = BACKGROUNDS[:40]
    result = spike_in(Detector(LENGTH), few, motifs=[word()], methods=methods, method_options=options, n_sites=1)
    assert result.scores.auroc.shape == (1, 3, 20)
    np.testing.assert_allclose(result.scores.auroc, 1)
    assert [row["method"] for row in result.summary()["methods"]] == list(methods)


def test_halves_and_sites_are_recorded():
    result = spiked(Detector(LENGTH))
    rows = np.concatenate([result.chosen_on, result.measured_on])
    assert sorted(rows.tolist()) == list(range(200))
    (sites,) = result.sites
    assert np.bincount(sites.sequence).tolist() == [3] * 100
    assert sites.start.min() >= 10
    assert (sites.start + len(WORD)).max() <= LENGTH - 10
    assert set(sites.strand.tolist()) == {1, -1}


def test_seeds_reproduce():
    model = Detector(LENGTH, noise=1.0, jump=100.0)
    first, again, other = (spiked(model, seed=seed) for seed in (1, 1, 2))
    assert first.summary() == again.summary()
    assert first.summary() != other.summary()


def test_backgrounds_are_negatives_of_the_test_set():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=(200, 2))
    split = np.where(np.arange(200) < 80, "train", "test")
    data = SequenceDataset.from_arrays(BACKGROUNDS, y, split=split)
    result = spike_in(_Twice(Detector(LENGTH)), data, motifs=[word()], target=1, n_backgrounds=40)
    rows = np.concatenate([result.chosen_on, result.measured_on])
    assert len(set(rows.tolist())) == 40
    assert (y[rows, 1] == 0).all()
    assert (split[rows] == "test").all()


@pytest.mark.parametrize("positive", [False, True])
def test_of_real_values_the_outer_quarter_counts(positive):
    values = np.random.default_rng(1).permutation(200).astype(float)
    data = SequenceDataset.from_arrays(BACKGROUNDS, values)
    rows = as_sequences(data).rows_of_class(0, positive=positive)
    assert sorted(values[rows]) == list(range(150, 200) if positive else range(50))


def test_implants_leave_the_rest_as_it_is():
    motifs = [word(), word("CCTGA")]
    found = implant(BACKGROUNDS, motifs, n_sites=4, margin=3, seed=(1,))
    inside = covered(found.truth)
    assert np.array_equal(found.codes[~inside], BACKGROUNDS[~inside])
    assert np.array_equal(inside, covered(found.truth, 0) | covered(found.truth, 1))
    table = found.truth.table()
    for sequence, motif, strand, start in zip(*table, strict=True):
        site = found.codes[sequence, start : start + motifs[motif].width]
        assert decode(site if strand > 0 else reverse_complement(site)) == [motifs[motif].id]
    assert inside[:, :3].sum() == inside[:, -3:].sum() == 0


def test_sites_lie_among_known_bases_and_unknown_ones_are_not_scored():
    rng = np.random.default_rng(0)
    codes = np.full((60, 100), 4, dtype=np.uint8)
    codes[:, 30:70] = rng.integers(0, 4, (60, 40))
    codes[30:, 50] = 4
    motifs = [word(), word("CCTGA")]
    found = implant(codes, motifs, n_sites=3, margin=3, seed=(1,))
    inside = covered(found.truth)
    assert not (inside & (codes == 4)).any()
    assert len(found.truth.start) == 3 * 60
    assert np.array_equal(found.codes[~inside], codes[~inside])
    maps = rng.normal(size=(1, 60, 100))
    shown = np.where(found.codes == 4, 0, maps + inside)
    unknown = found.codes == 4
    matrix = weakened(found.truth.matrix(), unknown)
    scores = spike_scores(shown, matrix)
    for row in range(60):
        known = ~unknown[row]
        assert scores.auroc[0, row] == auroc(inside[row, known], shown[0, row, known])
    assert chance_aupr(matrix) == inside.sum() / (~unknown).sum()
    with pytest.raises(ValueError, match="among the known bases of 60 of 60"):
        implant(np.full((60, 100), 4, dtype=np.uint8), motifs, n_sites=3, margin=3, seed=(1,))


def test_bases_of_sites_follow_the_matrix():
    pwm = np.array([[0.7, 0.1, 0.1, 0.1], [0.2, 0.2, 0.5, 0.1], [0, 0, 0.5, 0.5]]).T
    found = implant(np.zeros((4000, 20), np.uint8), [Motif("m", "m", pwm)], n_sites=1, margin=0, seed=(2,))
    plus = found.truth.strand == 1
    sites = found.codes[np.arange(4000)[plus, None], found.truth.start[plus, None] + np.arange(3)]
    shares = np.stack([(sites == base).mean(0) for base in range(4)])
    np.testing.assert_allclose(shares, pwm, atol=0.04)


def test_weakened_positions_are_left_out():
    truth = np.full((1, 4, 30), 0.25)
    truth[0, :, 5:10] = truth[0, :, 15:20] = [[1], [0], [0], [0]]
    scores = np.zeros((1, 30))
    scores[0, 5:10], scores[0, 15:20] = 1, -1
    positions = np.zeros((1, 30), dtype=bool)
    positions[0, 15:20] = True
    assert interpretability(scores, truth).auroc == 0.5
    assert interpretability(scores, weakened(truth, positions)).auroc == 1
    assert truth[0, 0, 15] == 1  # a copy


def test_candidates_are_what_the_filters_match():
    database = load_motifs("JASPAR2016-vertebrates")
    cebpb, gabpa = select_motifs(database, ["MA0466.2", "MA0062.2"])
    kernels = np.zeros((4, 4, 19), dtype=np.float32)
    for row, motif in enumerate([cebpb, gabpa, gabpa]):
        kernels[row, :, 4 : 4 + motif.width] = motif.pwm - 0.25
    conv = nn.Conv1d(4, 4, 19, padding=9, bias=False)
    conv.weight.data = torch.from_numpy(kernels)
    model = nn.Sequential(conv, nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(4, 1))
    codes = billboard(300, seed=1, core=[cebpb, gabpa], background=["MA0058.3", "MA0095.2"]).codes
    found = candidate_motifs([model, model], codes, database=database)
    assert {motif.name.upper()[:4] for motif in found[:2]} == {"CEBP", "GABP"}
    other = Motif(cebpb.id, "another of the same id", np.eye(4)[:, [0, 1, 2, 3, 0, 1, 2, 3]])
    assert candidate_motifs([model], codes, database=[*database, other])[0].name == found[0].name
    narrow = candidate_motifs([model], codes, database=database, max_width=8)
    assert all(motif.width <= 8 for motif in narrow)
    result = spike_in(model, codes, database=[cebpb, gabpa])
    assert {motif.id for motif in result.motifs} == {"MA0466.2", "MA0062.2"}


def test_ids_stand_for_motifs_of_the_database():
    database = [word(), word(OTHER, "other")]
    result = spike_in(Detector(LENGTH), BACKGROUNDS, motifs=["other", word("CACGTG"), WORD], database=database)
    assert [motif.id for motif in result.motifs] == ["other", "CACGTG", WORD]
    assert result.responses.used.tolist() == [[False, False, True]]


@pytest.fixture(scope="module")
def trained():
    data = billboard(5000, seed=1)
    quick, members = REFERENCE.replace(max_epochs=10), {"relu": 1, "exponential": 2}
    configs = {activation: model_config("C4C6", activation=activation, task=2) for activation in members}
    return data, [network for name, n in members.items() for network in fit(configs[name], data, n, protocol=quick)]


def test_agrees_with_the_truth_of_simulated_data(trained):
    data, networks = trained
    result = spike_in(networks, data, motifs=TASK2_CORE, database="JASPAR2016-vertebrates")
    assert result.judged.all()
    for score, tolerance in (("auroc", 0.05), ("aupr", 0.1)):
        truth = [audit_saliency(network, data.test).interpretability.means()[score] for network in networks]
        measured = result.member_means("saliency", score)
        assert np.corrcoef(truth, measured)[0, 1] > 0.9
        np.testing.assert_allclose(measured, truth, atol=tolerance)


def test_bootstrap_gives_the_error_of_the_mean():
    values = np.random.default_rng(3).normal(2, 1, size=400)
    found = bootstrap_mean(np.append(values, np.nan))
    assert found.estimate == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert np.isnan(bootstrap_mean(values[:2])[1:]).all()
    assert np.isnan(bootstrap_mean(np.array([np.nan])).estimate)


def test_means_leave_out_nan():
    values = np.array([[1, np.nan, 3], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(mean_of_defined(values, axis=1), [2, np.nan])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["salience"]}, "unknown attribution method 'salience'; did you mean saliency"),
        ({"methods": "saliency"}, "methods in a list"),
        ({"methods": ["saliency", "saliency"]}, "each method once"),
        ({"method_options": {"smoothgrad": {}}}, "did you mean smooth_grad"),
        ({"n_backgrounds": 10}, "n_backgrounds must be at least 20, got 10"),
        ({"q": 0.0}, "q in"),
        ({"min_response": 1.5}, "min_response in"),
        ({"n_sites": 0}, "n_sites of at least 1"),
        ({"margin": -1}, "margin of 0 or more"),
        ({"margin": 98}, "leave no room for motifs in 200 bp"),
        ({"margin": 96}, "do not fit into 200 bp"),
        ({"target": 1}, "target must be in 0 ... 0"),
        ({"motifs": []}, "at least one"),
        ({"motifs": WORD}, "in a list"),
        ({"motifs": ["MA0466.9"]}, "close: .*MA0466"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        spike_in(Detector(LENGTH), BACKGROUNDS, **{"motifs": [word()], "n_sites": 1} | options)


def test_models_and_data_are_checked():
    with pytest.raises(ValueError, match="at least one network"):
        spiked([])
    with pytest.raises(ValueError, match="at least 20 negatives to implant motifs into, got 5"):
        spike_in(Detector(LENGTH), BACKGROUNDS[:5], motifs=[word()])
    with pytest.raises(ValueError, match="expected sequences"):
        spike_in(Detector(LENGTH), 5, motifs=[word()])
    data = SequenceDataset.from_arrays(BACKGROUNDS, np.zeros((200, 2)))
    with pytest.raises(ValueError, match=r"the data's labels, got 2"):
        spike_in(Detector(LENGTH), data, motifs=[word()], target=2)


def test_results_name_what_there_is():
    result = spiked(Detector(LENGTH))
    assert isinstance(result, SpikeIn)
    with pytest.raises(ValueError, match="no attributions by 'smooth_grad'; there are those by saliency"):
        result.interval("smooth_grad")
    with pytest.raises(ValueError, match="unknown score 'auc'; expected auroc, aupr, snr"):
        result.member_means("saliency", "auc")


class _Blind(nn.Module):
    def forward(self, x):
        return 0 * x.sum((1, 2))[:, None]


class _Negative(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return -self.model(x)


class _Twice(_Negative):
    def forward(self, x):
        return self.model(x).repeat(1, 2)


class _Composition(nn.Module):
    def forward(self, x):
        return x[:, 1:3].sum((1, 2))[:, None]


class _Weak(nn.Module):
    """A tenth of a logit for OTHER, on the plus strand."""

    def forward(self, x):
        kernel = torch.tensor(word(OTHER).pwm, dtype=torch.float32)[None]
        return 0.2 * nn.functional.relu(nn.functional.conv1d(x, kernel) - 9.5).sum((1, 2))[:, None]


class _Sum(nn.Module):
    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x):
        return self.first(x) + self.second(x)
