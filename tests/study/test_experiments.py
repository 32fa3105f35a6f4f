import math

import numpy as np
import pytest
import torch
from crx_folder import make_crx_folder
from scipy.stats import spearmanr
from torch import nn

from motiflens.basics.sequence import encode, reverse_complement
from motiflens.basics.store import Store
from motiflens.data.crx import read_crx, write_crx
from motiflens.motifs.sets import load_motifs
from motiflens.report.experiments import experiment_sentences
from motiflens.study.driver import News
from motiflens.study.experiments import (
    BEST_AUGMENTATION,
    BEST_OPTION,
    CONFIRMED,
    EXPERIMENT_PROTOCOL,
    OPTION_DESIGN,
    TRIED_OPTIONS,
    TRIED_PROTOCOLS,
    MeasuredEdits,
    attribution_agreement,
    ceiling,
    ceilings,
    check_same_data,
    chosen_edits,
    clustered_share,
    clustered_spearman,
    effect_agreement,
    ensemble_attribution,
    ensemble_records,
    ensemble_scores,
    experiment_problem,
    experiment_tables,
    factor_name,
    learned_factors,
    limited,
    lost_scores,
    networks_of,
    other_places,
    packed,
    packed_finely,
    planned_networks,
    read_experiment,
    ridge,
    run_experiments,
    significant,
    unpacked,
    word_counts,
)
from motiflens.study.machines import Machines


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crx")
    make_crx_folder(folder, n_elements=120)
    return write_crx(read_crx(folder), folder / "crx.h5").dataset


@pytest.fixture(scope="module")
def data(imported):
    return read_experiment(imported)


def test_clustered_spearman_is_spearman_and_its_interval_that_of_resampled_clusters():
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(60), rng.integers(1, 12, 60))
    shared = rng.normal(size=60)[clusters]
    x = shared + rng.normal(size=len(clusters))
    y = np.round(shared + rng.normal(size=len(clusters)), 1)  # with ties
    found = clustered_spearman(x, y, clusters, n_resamples=2000)
    assert found.estimate == pytest.approx(spearmanr(x, y)[0], abs=1e-12)
    brute = []
    for _ in range(600):
        rows = np.concatenate([np.flatnonzero(clusters == one) for one in rng.integers(60, size=60)])
        brute.append(spearmanr(x[rows], y[rows])[0])  # ranked anew
    np.testing.assert_allclose([found.low, found.high], np.quantile(brute, [0.025, 0.975]), atol=0.03)
    alone = clustered_spearman(x, y, np.arange(len(x)), n_resamples=2000)
    assert found.high - found.low > 1.3 * (alone.high - alone.low)  # edits of one element are alike


def test_intervals_that_cannot_be_given_are_nan():
    three = np.array([1.0, 2.0, 4.0])
    assert math.isnan(clustered_spearman(three, np.ones(3), np.arange(3)).estimate)
    two = clustered_spearman(three, three, np.array([0, 0, 1]))
    assert two.estimate == 1
    assert math.isnan(two.low)
    assert math.isnan(clustered_share(np.zeros(0, dtype=bool), np.zeros(0)).estimate)
    with pytest.raises(ValueError, match="of one shape"):
        clustered_spearman(three, three[:2], np.arange(3))


def test_a_share_of_single_clusters_is_binomial():
    hits = np.arange(400) % 4 == 0
    found = clustered_share(hits, np.arange(400), n_resamples=4000)
    half = 1.96 * math.sqrt(0.25 * 0.75 / 400)
    np.testing.assert_allclose(found, [0.25, 0.25 - half, 0.25 + half], atol=0.004)
    together = clustered_share(hits, np.arange(400) // 4, n_resamples=100)
    assert together.low == together.high == 0.25  # every cluster has the same share


def test_significant_effects_are_found_at_their_rate():
    rng = np.random.default_rng(0)
    effect = rng.normal(size=3000)
    effect[:300] += 8
    found = significant(effect, np.ones(3000))
    assert found[:300].all()
    assert found[300:].sum() < 40
    assert significant(np.array([1.0, 0.0]), np.zeros(2)).tolist() == [True, True]


def test_the_ceiling_is_what_the_truth_reaches():
    rng = np.random.default_rng(1)
    truth, noise = rng.normal(size=200_000), rng.normal(size=200_000)
    measured = truth + 0.7 * noise
    reached = np.corrcoef(truth, measured)[0, 1]
    assert ceiling(measured, np.full(len(measured), 0.7)) == pytest.approx(reached, abs=0.005)
    assert ceiling(np.array([0.1, -0.1]), np.ones(2)) == 0


def test_agreement_of_the_truth_is_one_and_of_its_negative_minus_one(data):
    edits = data.test
    truth = edits.y
    good = effect_agreement(truth, edits)
    assert good["activity"][0] == pytest.approx(1)
    assert good["effects"]["all"]["spearman"][0] > 0.999  # effects within a library, activities are means over several
    assert good["effects"]["all"]["sign"][0] > 0.99
    bad = effect_agreement(-truth, edits)
    assert bad["effects"]["all"]["spearman"][0] < -0.999
    assert bad["effects"]["all"]["sign"][0] < 0.01
    assert (
        good["effects"]["all"]["n"]
        == len(edits)
        == sum(block["n"] for kind, block in good["effects"].items() if kind not in ("all", "every edit"))
    )
    assert set(ceilings(edits)) == set(good["effects"])


def test_no_element_has_more_than_its_share():
    clusters = np.repeat([7, 3, 5], [50, 2, 21])
    rows = np.arange(73) != 0
    kept = limited(rows, clusters, most=20)
    assert [int(kept[clusters == one].sum()) for one in (7, 3, 5)] == [20, 2, 20]
    assert not kept[0]
    np.testing.assert_array_equal(kept, limited(rows, clusters, most=20))
    assert (kept != limited(rows, clusters, most=20, seed=1)).any()
    np.testing.assert_array_equal(limited(rows, clusters, most=100), rows)


def test_lost_scores_are_minus_the_sum_at_the_edited_bases():
    scores = np.arange(12.0).reshape(2, 6)
    places = [np.array([0, 2]), np.array([5])]
    np.testing.assert_array_equal(lost_scores(scores, np.array([1, 0]), places), [-(6 + 8), -5])
    drawn = other_places([np.arange(3), np.arange(5)], 6)
    assert sorted(drawn[0]) == [3, 4, 5]
    assert drawn[1].tolist() == [5]


class _Additive(nn.Module):
    """A linear network: what a base is worth does not depend on the others."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, x):
        return (x * self.weights).sum((1, 2))[:, None]


def test_attributions_of_a_linear_network_tell_its_own_effects(data):
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(4, 164, generator=generator)
    network = _Additive(weights).eval()
    edits = data.test
    values = torch.nn.functional.one_hot(torch.from_numpy(edits.codes).long(), 4).float().permute(0, 2, 1)
    outputs = network(values).detach().numpy()[:, 0].astype(np.float64)
    rows = chosen_edits(edits, 10**6)
    own = MeasuredEdits(**{**vars(edits), "effect": outputs[edits.after] - outputs[edits.before], "y": outputs})
    found = attribution_agreement(network, own, n_parents=10**6, methods=("saliency", "saturation_mutagenesis"))
    assert found["n"] == len(rows)
    # By hand: minus the weights of the bases that are lost, raw or minus the mean over the four bases.
    parent = values[edits.before[rows]].numpy()
    for name, map_ in (("plain", weights.numpy()), ("corrected", (weights - weights.mean(0)).numpy())):
        lost = [-(parent[i] * map_).sum(0)[edits.places[row]].sum() for i, row in enumerate(rows)]
        oracle = spearmanr(lost, own.effect[rows])[0]
        assert found["methods"]["saliency"][name][0] == pytest.approx(oracle, abs=1e-6)
    corrected = found["methods"]["saliency"]["corrected"][0]
    assert corrected == pytest.approx(found["methods"]["saturation_mutagenesis"]["plain"][0], abs=0.01)
    assert corrected > 0.6
    assert abs(found["methods"]["saliency"]["unedited"][0]) < 0.3


def test_words_are_counted_on_both_strands_and_ridge_finds_a_line():
    codes = encode(["AAAC", "ACGN"])
    counts = word_counts(codes)
    assert counts.shape == (2, 32)
    assert counts.sum(axis=1).tolist() == [2, 1]
    rng = np.random.default_rng(0)
    many = rng.integers(4, size=(50, 40), dtype=np.uint8)
    np.testing.assert_array_equal(word_counts(many), word_counts(reverse_complement(many)))
    x = rng.normal(size=(5000, 3))
    y = x @ [1.0, -2.0, 0.5] + 3
    np.testing.assert_allclose(ridge(x, y, x), y, atol=0.01)


def test_predictions_come_back_to_half_a_step():
    values = np.random.default_rng(0).normal(0, 3, 1000)
    np.testing.assert_allclose(unpacked(packed(values)), values, atol=5.001e-4)
    for size in (1e-6, 1, 1e6):
        np.testing.assert_allclose(unpacked(packed_finely(size * values)), size * values, rtol=0, atol=size * 3e-4)
    assert unpacked(packed_finely(np.zeros(3))).tolist() == [0, 0, 0]


def test_filters_made_of_a_published_motif_are_found():
    from motiflens.interpret.filters import FilterPwms
    from motiflens.motifs.motif import Motif
    from motiflens.study.experiments import learned

    crx = Motif("CRX_Corbo", "CRX", _matrix("CTAATCCC"))
    nrl = Motif("NRL_HUMAN.MA0842.1", "NRL", _matrix("AATTTGCTGAC"))
    pwms = np.full((3, 4, 20), 0.25)
    pwms[0, :, 5:13] = crx.pwm
    pwms[1, :, 4:15] = nrl.pwm[::-1, ::-1]  # the other strand
    original = learned.filter_pwms
    learned.filter_pwms = lambda network, codes: FilterPwms(pwms, np.array([20, 20, 0]))
    try:
        found = learned_factors(nn.Identity(), np.zeros((1, 164), dtype=np.uint8), [crx, nrl])
    finally:
        learned.filter_pwms = original
    assert found["factors"] == {"CRX": 1, "NRL": 1}
    assert found["tpr"] == pytest.approx(2 / 3)
    assert factor_name("MEF2D_MOUSE.H11MO.0.A") == "MEF2D"


def _matrix(text):
    pwm = np.full((4, len(text)), 0.01)
    pwm[["ACGT".index(base) for base in text], np.arange(len(text))] = 0.97
    return pwm


def test_all_designs_come_before_the_second_initialisation():
    networks = planned_networks()
    assert len(networks) == 80
    assert len({one.key for one in networks}) == 80
    assert {one.member for one in networks[:8]} == {0}
    assert len({(one.architecture, one.activation) for one in networks[:8]}) == 8


@pytest.mark.filterwarnings("ignore::motiflens.interpret.attribution.CompletenessWarning")
def test_a_run_stores_a_record_per_network_and_goes_on(imported, tmp_path):
    small = {
        "architectures": ("C24",),
        "activations": ("exponential",),
        "protocol": EXPERIMENT_PROTOCOL.replace(max_epochs=1),
        "n_parents": 8,
    }
    first = run_experiments(imported, tmp_path, machines=Machines(n_workers=1, device="cpu"), n_members=1, **small)
    assert (len(first.records), first.n_left, first.errors) == (1, 0, [])
    heard = []
    second = run_experiments(
        imported,
        tmp_path,
        machines=Machines(n_workers=1, device="cpu"),
        n_members=2,
        on_news=lambda news: heard.append(news),
        **small,
    )
    assert {news.key for news in heard if isinstance(news, News)} == {"crx/C24/exponential/001"}
    assert second.records[0] == first.records[0]
    record = second.records[0]
    test = read_experiment(imported).test
    predicted = unpacked(record["predictions"])
    assert effect_agreement(predicted, test)["activity"][0] == pytest.approx(
        record["agreement"]["activity"][0], abs=0.01
    )
    assert set(record["attributions"]["methods"]) >= {"saliency", "deep_lift_shap"}
    text = (tmp_path / "crx.jsonl").read_text()
    assert '"crx/baselines"' in text
    assert '"crx/C24/exponential/ensemble"' in text
    with pytest.raises(ValueError, match="n_parents"):
        run_experiments(imported, tmp_path, n_members=1, **{**small, "n_parents": 9})
    everything = read_experiment(imported)
    check_same_data([record], everything)
    with pytest.raises(ValueError, match="from other data"):
        check_same_data([record], everything._replace(fingerprint="another"))
    assert experiment_problem(record) is None
    assert "spike_in" in experiment_problem({**record, "spike_in": None})


def test_trials_are_measured_on_validation_elements_and_keep_to_themselves(imported, tmp_path):
    small = {"architectures": ("C24",), "activations": ("relu",)}
    plan = planned_networks("crx-protocol", **small)
    assert len(plan) == len(TRIED_PROTOCOLS)
    assert {one.split for one in plan} == {"valid"}
    found = run_experiments(
        imported, tmp_path, preset="crx-protocol", machines=Machines(n_workers=1, device="cpu"),
        protocol=EXPERIMENT_PROTOCOL.replace(name="short", max_epochs=1), part=(1, 6), **small,
    )  # fmt: skip
    assert [one["key"] for one in found.records] == [plan[0].key]
    (record,) = found.records
    assert set(record) & {"agreement", "attributions", "predictions"} == {"agreement"}
    n = len(read_experiment(imported).valid)
    assert record["agreement"]["effects"]["every edit"]["n"] == n
    assert [path.name for path in tmp_path.glob("*.jsonl")] == ["crx-protocol.jsonl"]
    with pytest.raises(ValueError, match="unknown preset"):
        planned_networks("crx-protokol")


@pytest.mark.filterwarnings("ignore::motiflens.interpret.attribution.CompletenessWarning")
def test_the_best_augmentation_is_compared_on_test_elements_with_none(imported, tmp_path):
    plan = planned_networks("crx-best")
    assert len(plan) == 10
    assert {(one.split, one.architecture, one.activation) for one in plan} == {("test", *OPTION_DESIGN)}
    changes = TRIED_OPTIONS[BEST_OPTION]
    assert changes.items() <= plan[0].protocol.to_dict().items()
    small = {
        "architectures": OPTION_DESIGN[:1], "activations": OPTION_DESIGN[1:], "n_members": 2, "n_parents": 8,
        "protocol": EXPERIMENT_PROTOCOL.replace(max_epochs=1), "machines": Machines(n_workers=1, device="cpu"),
    }  # fmt: skip
    for preset in ("crx-best", "crx"):
        run_experiments(imported, tmp_path, preset=preset, **small)
    records = list(Store(tmp_path).read()[0].values())
    tables = experiment_tables(records)
    assert (tables.n_networks, [row.n_networks for row in tables.designs]) == (2, [2])
    (row,) = [row for row in tables.contrasts if row.question == BEST_AUGMENTATION]
    effects = {
        name: np.mean(
            [one["agreement"]["effects"]["all"]["spearman"][0] for one in networks_of(records, *OPTION_DESIGN, name)]
        )
        for name in (CONFIRMED, "crx")
    }
    assert row.difference.estimate == pytest.approx(effects[CONFIRMED] - effects["crx"], abs=1e-6)
    assert [(one.size, one.augmentation) for one in tables.ensembles if one.size == 2] == [(2, ""), (2, BEST_OPTION)]
    said = " ".join(experiment_sentences(tables))
    assert "Does augmentation? " in said
    assert "averaged over 1 designs" in said
    two = {one.augmentation: one.effects for one in tables.ensembles if one.size == 2}
    assert f"2 networks of C4C6 with exponential together reach {two[BEST_OPTION]:.3f} with {BEST_OPTION}" in said
    assert f"and {two['']:.3f} without" in said


def test_an_ensemble_is_the_mean_of_predictions(data):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 3, size=(6, len(data.test.y)))
    predicted = data.test.y + noise
    rows = ensemble_scores(predicted, data.test)
    assert [row["size"] for row in rows] == [1, 2, 3, 4, 5, 6]
    whole = effect_agreement(predicted.mean(axis=0), data.test)
    assert rows[-1]["agreement"] == whole
    assert rows[-1]["effects"] > rows[0]["effects"] + 0.05
    records = [
        {
            "key": f"crx/C24/relu/00{i}", "architecture": "C24", "activation": "relu", "member": i, "status": "ok",
            "config_hash": "x", "predictions": packed(predicted[i]),
        }
        for i in range(3)
    ]  # fmt: skip
    n = len(chosen_edits(data.test, 8))
    lost = rng.normal(size=(3, n))
    for record, own in zip(records, lost, strict=True):
        record["attributions"] = {"methods": {"saliency": {"lost": packed_finely(own)}}}
        record["config"] = {"n_parents": 8}
    made = ensemble_records(records, data.test)
    rows = chosen_edits(data.test, 8)
    oracle = spearmanr(lost.mean(axis=0), data.test.effect[rows])[0]
    assert made[0]["attributions"]["saliency"][0] == pytest.approx(oracle, abs=1e-3)
    direct = ensemble_attribution([one["attributions"] for one in records], data.test, 8)
    assert direct["saliency"][0] == pytest.approx(oracle, abs=1e-3)
    assert [one["key"] for one in made] == ["crx/C24/relu/ensemble"]
    assert ensemble_records([*records, *made], data.test) == []


def test_the_published_motifs_are_written_beside_the_data(imported):
    assert [factor_name(motif.id) for motif in load_motifs(imported.with_suffix(".motifs.meme"))] == ["CRX", "NRL"]
