"""Variance shares against sums of squares counted one by one, simulated truths and scipy."""

import itertools
import math

import numpy as np
import pytest
from study_records import make_failed, make_record

from motiflens.study.findings import SOURCES, STAGES, data_draw_shares
from motiflens.study.findings.variance import BLOCKS, MODULES, spread_of_means, variance_shares
from motiflens.study.results import Results

scipy_stats = pytest.importorskip("scipy.stats")

CELLS = list(itertools.product(STAGES, ("relu", "exponential"), MODULES))


def draws_of(records, task):
    """Every record as a run of its own."""
    return [Results([record]).task(task) for record in records]


def block(value, n_members=4):
    """Records of the balanced block on task 1; `value(stage, activation, module, member)` is the filter TPR."""
    return [
        make_record(1, f"{stage}-{module}", activation, m, filters={"tpr": value(stage, activation, module, m)})
        for stage, activation, module in CELLS
        for m in range(n_members if isinstance(n_members, int) else n_members[stage, activation, module])
    ]


def by_source(shares):
    return {share.source: share for share in shares}


def additive(seed, *, stage=1.0, activation=1.0, module=1.0, both=1.0, noise=1.0):
    rng = np.random.default_rng(seed)
    sizes = {name: rng.normal(0, stage) for name in STAGES} | {name: rng.normal(0, module) for name in MODULES}
    pairs = {(s, a): rng.normal(0, both) for s in STAGES for a in ("relu", "exponential")}
    effect = {"relu": 0.0, "exponential": activation}
    return lambda s, a, m, member: sizes[s] + sizes[m] + effect[a] + pairs[s, a] + rng.normal(0, noise)


def test_omega_squared_from_sums_counted_one_by_one():
    records = block(additive(0))
    found = by_source(variance_shares(Results(records).task(1), "filter_tpr"))
    table = {
        (stage, activation, module): np.array(
            [
                r["filters"]["tpr"]
                for r in records
                if (r["architecture"], r["activation"]) == (f"{stage}-{module}", activation)
            ]
        )
        for stage, activation, module in CELLS
    }
    everything = np.concatenate(list(table.values()))
    grand = everything.mean()

    def mean(**fixed):
        names = ("stage", "activation", "module")
        chosen = [
            v for key, v in table.items() if all(dict(zip(names, key, strict=True))[k] == f for k, f in fixed.items())
        ]
        return np.concatenate(chosen).mean()

    ss = dict.fromkeys(SOURCES, 0.0)
    total = 0.0
    for (stage, activation, module), values in table.items():
        for value in values:
            a, b, c = mean(stage=stage) - grand, mean(activation=activation) - grand, mean(module=module) - grand
            ab = mean(stage=stage, activation=activation) - grand - a - b
            ss["stage 1"] += a**2
            ss["activation"] += b**2
            ss["stage 1 x activation"] += ab**2
            ss["attention module"] += c**2
            ss["other interactions"] += (values.mean() - grand - a - b - ab - c) ** 2
            ss["initialisation"] += (value - values.mean()) ** 2
            total += (value - grand) ** 2
    degrees = {
        "stage 1": 2,
        "activation": 1,
        "stage 1 x activation": 2,
        "attention module": 3,
        "other interactions": 15,
    }
    error = ss["initialisation"] / 72
    for source, df in degrees.items():
        assert found[source].df == df
        assert found[source].share == pytest.approx((ss[source] - df * error) / (total + error)), source
    assert found["initialisation"].share == pytest.approx(1 - sum(found[source].share for source in degrees))
    assert found[SOURCES[6]].share == pytest.approx(sum(found[source].share for source in SOURCES[:3]))
    assert found[SOURCES[7]].share == pytest.approx(sum(found[source].share for source in SOURCES[3:5]))
    assert {(share.n_networks, share.n_configurations) for share in found.values()} == {(96, 24)}


def test_the_block_of_all_second_stages_agrees_with_sums_counted_one_by_one():
    rng = np.random.default_rng(7)
    block2 = BLOCKS[1]
    values = {
        (stage, module, a): rng.normal(rng.normal(), 0.3, 3)
        for stage in block2.stages
        for module in block2.modules
        for a in ("relu", "exponential")
    }
    records = [
        make_record(1, block2.architecture(stage, module), a, m, filters={"tpr": value})
        for (stage, module, a), own in values.items()
        for m, value in enumerate(own)
    ]
    found = by_source(variance_shares(Results(records).task(1), "filter_tpr", block=block2))
    grand = np.mean([*values.values()])

    def mean_of(place, level):
        return np.mean([own for key, own in values.items() if key[place] == level])

    within = np.mean([own.var(ddof=1) for own in values.values()])
    total = sum(((own - grand) ** 2).sum() for own in values.values())
    for source, place, df in (("stage 1", 0, 1), ("attention module", 1, 5), ("activation", 2, 1)):
        ss = sum(3 * (mean_of(place, key[place]) - grand) ** 2 for key in values)
        assert found[source].df == df
        assert found[source].share == pytest.approx((ss - df * within) / (total + within)), source
    assert found["stage 1 x activation"].df == 1
    assert found["other interactions"].df == 3 * 5
    assert {(share.n_networks, share.n_configurations) for share in found.values()} == {(72, 24)}
    assert sum(found[source].share for source in SOURCES[:6]) == pytest.approx(1)


def test_shares_of_a_known_design_are_found_and_covered():
    truth = {"stage 1": 4.0, "activation": 2.25, "attention module": 0.25, "initialisation": 1.0}
    total = sum(truth.values())
    levels = {
        **dict(zip(STAGES, 2.0 * math.sqrt(1.5) * np.array([-1, 0, 1]), strict=True)),
        **dict(zip(MODULES, [-0.5, 0.5, 0.5, -0.5], strict=True)),
        "relu": -1.5,
        "exponential": 1.5,
    }
    shares, hits = [], dict.fromkeys(truth, 0)
    n_repeats = 60
    for seed in range(n_repeats):
        rng = np.random.default_rng(seed)
        records = block(lambda s, a, m, _, rng=rng: levels[s] + levels[a] + levels[m] + rng.normal())
        found = by_source(variance_shares(Results(records).task(1), "filter_tpr"))
        shares.append([found[source].share for source in truth])
        for source, variance in truth.items():
            hits[source] += found[source].low <= variance / total <= found[source].high
    np.testing.assert_allclose(np.mean(shares, axis=0), [v / total for v in truth.values()], atol=0.015)
    assert all(0.87 < n / n_repeats <= 1 for n in hits.values()), hits


def test_unequal_numbers_weigh_configurations_equally():
    effect = {"C24": 0.0, "C4C6": 3.0, "C4": 6.0}
    counts = {cell: 2 + 8 * (cell[0] == "C4") for cell in CELLS}
    shift = {0: -0.5, 1: 0.5}
    records = block(lambda s, a, m, member: effect[s] + shift[member % 2], counts)
    found = by_source(variance_shares(Results(records).task(1), "filter_tpr"))
    n = 24 / (16 / 2 + 8 / 10)  # harmonic mean
    within = (16 * 2 * 0.25 + 8 * 10 * 0.25) / (16 + 8 * 9)
    expected = (24 * n * 6.0 / within - 2) / (24 * n * 6.0 / within - 23 + 24 * n)  # mean square of effects: 6
    assert found["stage 1"].share == pytest.approx(expected)
    assert found["activation"].share < 0
    assert found["activation"].low == 0


def test_modules_that_are_not_complete_are_left_out():
    records = [r for r in block(additive(1)) if r["key"].split("/")[1:3] != ["C4-LSTM-Trans4", "relu"]]
    found = by_source(variance_shares(Results(records).task(1), "filter_tpr"))
    assert found["attention module"].df == 2
    assert found["attention module"].n_configurations == 18
    some = variance_shares(
        Results([r for r in block(additive(1)) if "Trans" not in r["architecture"]]).task(1), "filter_tpr"
    )
    assert all(math.isnan(share.share) for share in some)
    assert {share.n_configurations for share in some} == {6}


def test_single_networks_or_constant_ones_have_no_shares():
    for records in (block(additive(2), n_members=1), block(lambda s, *_: float(s == "C4")), []):
        assert all(math.isnan(share.share) for share in variance_shares(Results(records).task(1), "filter_tpr"))


def test_unknown_metric_is_refused():
    with pytest.raises(ValueError, match="did you mean filter_tpr"):
        variance_shares(Results().task(1), "filter_tp")


def test_spread_of_means_is_that_of_the_truth_without_the_noise():
    means = np.array([-0.3, -0.1, 0.0, 0.1, 0.3])
    found, hits = [], 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        spread = spread_of_means([rng.normal(mean, 0.2, 4) for mean in means])
        found.append(spread.estimate**2)
        hits += spread.low <= means.std() <= spread.high
    assert np.mean(found) == pytest.approx(means.var(), rel=0.1)
    assert 0.92 < hits / 300 < 0.98
    assert math.isnan(spread_of_means([np.ones(3), np.zeros(3)]).estimate)
    assert math.isnan(spread_of_means([np.full(3, 0.1), np.full(3, 0.7)]).estimate)  # of which the mean is rounded
    assert math.isnan(spread_of_means([np.array([1.0, 2.0])]).estimate)


def drawn(data_seed, architecture, activation, member, tpr):
    record = make_record(1, architecture, activation, member, data_seed=data_seed, filters={"tpr": tpr})
    record["config"] = {**record["config"], "data": {**record["config"]["data"], "data_seed": data_seed}}
    return record


def test_data_draw_share_by_hand():
    values = {0: [0.1, 0.3], 1: [0.5, 0.7], 2: [0.9, 1.1]}
    records = [drawn(seed, "C24", "relu", m, v) for seed, pair in values.items() for m, v in enumerate(pair)]
    (share, together) = (s for s in data_draw_shares(draws_of(records, 1)) if s.metric == "filter_tpr")
    within = 0.02  # of 0.2 between two
    between = 2 * 0.16  # two networks each, draws' means 0.4 apart
    assert (share.n_draws, share.n_networks) == (3, 6)
    assert share.initialisation_variance == pytest.approx(within)
    assert share.draw_variance == pytest.approx((between - within) / 2)
    assert share.share == pytest.approx(0.15 / 0.17)
    ratios = [between / within / scipy_stats.f.ppf(p, 2, 3) for p in (0.975, 0.025)]
    assert (share.low, share.high) == pytest.approx([(ratio - 1) / (ratio - 1 + 2) for ratio in ratios])
    assert (together.architecture, together.activation, together.n_networks) == ("all", "all", 6)
    assert together.share == pytest.approx(share.share)
    assert math.isnan(together.low)


def test_data_draw_interval_covers_at_its_level():
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(300):
        levels = rng.normal(0, 1.0, 3)
        records = [drawn(s, "C24", "relu", m, levels[s] + rng.normal(0, 0.5)) for s in range(3) for m in range(4)]
        share = next(s for s in data_draw_shares(draws_of(records, 1)) if s.metric == "filter_tpr")
        hits += share.low <= 0.8 <= share.high
    assert 0.92 < hits / 300 < 0.98


def test_data_draws_of_several_configurations_are_averaged_by_variance():
    rng = np.random.default_rng(8)
    records = [
        drawn(s, name, a, m, rng.normal())
        for s in range(3)
        for name in ("C24", "C4C6")
        for a in ("relu", "exponential")
        for m in range(3)
    ]
    *each, together = (share for share in data_draw_shares(draws_of(records, 1)) if share.metric == "filter_tpr")
    assert len(each) == 4
    draw, initialisation = (
        np.mean([getattr(s, f"{name}_variance") for s in each]) for name in ("draw", "initialisation")
    )
    assert together.share == pytest.approx(draw / (draw + initialisation))
    assert together.n_networks == 36


def test_one_draw_gives_no_shares_and_diverged_members_none():
    records = [drawn(0, "C24", "relu", m, 0.1 * m) for m in range(3)]
    assert data_draw_shares(draws_of(records, 1)) == []
    assert data_draw_shares(draws_of([*records, make_failed(1, "C24", "relu", 9)], 1)) == []


def test_draws_must_differ_in_the_data_alone():
    records = [drawn(0, "C24", "relu", 0, 0.1), {**drawn(1, "C24", "relu", 0, 0.1), "seed": 4}]
    with pytest.raises(ValueError, match="got seed 0 and 4"):
        data_draw_shares(draws_of(records, 1))
    with pytest.raises(ValueError, match="task1/C24/relu/000 twice"):
        data_draw_shares(draws_of([records[0], records[0]], 1))
