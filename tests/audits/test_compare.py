"""Configurations side by side: the numbers are those of the audits, and the command goes from data to the table."""

import dataclasses
import itertools
import json

import audit_pages
import numpy as np
import pytest
from command_line import fails, run
from scipy import stats as scipy_stats
from scipy.special import expit, logit

from motiflens.audits.comparison import jackknife, side_by_side
from motiflens.data.io import write_hdf5
from motiflens.models.hybrid import adapted_config
from motiflens.models.saved import load_ensemble
from motiflens.motifs.sets import write_meme
from motiflens.report.audit import evidence_summary

TINY = (
    "--members",
    2,
    "--max-epochs",
    1,
    "--n-decoys",
    1,
    "--n-ablation",
    20,
    "--n-examples",
    0,
    "--n-backgrounds",
    20,
)
CONFIGS = ("--config", "C24:relu", "--config", "C24:exponential:n_filters=8,dense_dropout=0.25")
NAMES = ("C24_relu", "C24_exponential_n_filters=8,dense_dropout=0.25")


@pytest.fixture(scope="module")
def evidence():
    return audit_pages.evidence()


@pytest.fixture(scope="module")
def table(evidence):
    return {row.measure: row for row in side_by_side(evidence)}


# The numbers


def test_test_scores_are_compared_on_the_same_resamples(evidence, table):
    for measure, name in (("Test AUROC", "auroc"), ("Test AUPR", "aupr")):
        row = table[measure]
        first, second = (evidence.performance[candidate][name] for candidate in ("relu", "exponential"))
        assert row.over == "test sequences"
        assert row.candidates["relu"].mean == first.interval
        assert row.candidates["relu"].difference is None
        found = row.candidates["exponential"].difference
        assert found.estimate == pytest.approx(second.members.mean() - first.members.mean())
        low, high = np.quantile(second.resampled - first.resampled, [0.025, 0.975])
        assert (found.low, found.high) == pytest.approx((low, high))


def values_by_hand(evidence, name):
    """Values of each network, from the parts of the audits that the table is not made from."""
    candidate = next(one for one in evidence.candidates if one.name == name)
    rows = [one.matches.rows for one in candidate.audits]
    spiked = evidence.spike_ins[name]
    return {
        "Filters that match a motif": [np.mean([row.best is not None for row in own]) for own in rows],
        "Matches expected by chance": [one.chance.per_filter.mean() for one in candidate.audits],
        **{
            f"Spike-in {label}, Integrated gradients": np.nanmean(getattr(spiked.scores, score)[:, 1], axis=1)
            for score, label in (("auroc", "AUROC"), ("aupr", "AUPR"), ("snr", "signal-to-noise"))
        },
    }


def limits_by_hand(values, measure):
    """Student's interval on the logit of a share, turned back; of a signal-to-noise as it is."""
    m = np.mean(values)
    half = scipy_stats.t.ppf(0.975, len(values) - 1) * scipy_stats.sem(values)
    if "signal-to-noise" in measure:
        return m - half, m + half
    step = half / (m * (1 - m))
    return tuple(expit(logit(m) + side * step) for side in (-1, 1))


def test_all_else_has_networks_as_replicates(evidence, table):
    first, second = (values_by_hand(evidence, name) for name in ("relu", "exponential"))
    assert any(np.ptp(values) > 0 for values in first.values())
    for measure, values in second.items():
        row = table[measure]
        assert row.over == "networks"
        found = row.candidates["exponential"]
        assert (found.n_replicates, found.mean.estimate) == (2, pytest.approx(np.mean(values)))
        assert found.difference.estimate == pytest.approx(np.mean(values) - np.mean(first[measure]))
        if np.ptp(values) == 0 or np.ptp(first[measure]) == 0:
            continue
        (l1, u1), (l2, u2) = (limits_by_hand(own, measure) for own in (first[measure], values))
        assert (found.mean.low, found.mean.high) == pytest.approx((l2, u2))
        m1, m2 = np.mean(first[measure]), np.mean(values)
        if "signal-to-noise" in measure:
            welch = scipy_stats.ttest_ind(values, first[measure], equal_var=False).confidence_interval()
            assert (found.difference.low, found.difference.high) == pytest.approx((welch.low, welch.high))
            continue
        expected = m2 - m1 - np.hypot(m2 - l2, u1 - m1), m2 - m1 + np.hypot(u2 - m2, m1 - l1)
        assert (found.difference.low, found.difference.high) == pytest.approx(expected)
        assert 0 <= found.mean.low <= found.mean.high <= 1
        assert -1 <= found.difference.low <= found.difference.high <= 1


def test_agreement_of_two_networks_has_no_interval(evidence, table):
    for i, method in enumerate(("Saliency (gradient × input)", "Integrated gradients")):
        found = table[f"Agreement of maps, {method}"].candidates["relu"]
        assert found.mean.estimate == pytest.approx(np.nanmean(evidence.stability["relu"].pearson[i, 0, 1]))
        assert np.isnan(found.mean.low)
        assert found.n_replicates == 1
    shared = table["Filters shared by two networks"].candidates["exponential"]
    assert shared.mean.estimate == pytest.approx(evidence.stability["exponential"].filters.observed)


def test_networks_that_respond_to_no_motif_are_left_out(evidence):
    spiked = evidence.spike_ins["exponential"]
    scores = spiked.scores._replace(auroc=spiked.scores.auroc.copy())
    scores.auroc[0] = np.nan
    less = {**evidence.spike_ins, "exponential": dataclasses.replace(spiked, scores=scores)}
    rows = {row.measure: row for row in side_by_side(dataclasses.replace(evidence, spike_ins=less))}
    found = rows["Spike-in AUROC, Integrated gradients"].candidates["exponential"]
    assert (found.n_replicates, found.mean.estimate) == (1, pytest.approx(scores.auroc[1, 1].mean()))
    assert np.isnan(found.difference.low)

    scores.auroc[1] = np.nan
    row = next(r for r in side_by_side(dataclasses.replace(evidence, spike_ins=less)) if "in AUROC, Int" in r.measure)
    found = row.to_dict()["candidates"]["exponential"]
    nothing = {"estimate": None, "low": None, "high": None}
    assert found == {"n_replicates": 0, "mean": nothing, "difference": nothing}
    without = side_by_side(dataclasses.replace(evidence, spike_ins={"relu": spiked}))
    assert next(r for r in without if r.measure == row.measure).candidates["exponential"].n_replicates == 0


def test_pseudo_values_are_those_of_leaving_networks_out():
    rng = np.random.default_rng(0)
    pairs = rng.random((5, 5))
    pairs += pairs.T

    def mean(members):
        return np.mean([pairs[i, j] for i, j in itertools.combinations(members, 2)])

    expected = [5 * mean(range(5)) - 4 * mean([i for i in range(5) if i != left]) for left in range(5)]
    np.testing.assert_allclose(jackknife(pairs), expected)
    assert jackknife(pairs).mean() == pytest.approx(mean(range(5)))
    np.fill_diagonal(pairs, np.nan)
    np.testing.assert_allclose(jackknife(pairs), expected)
    assert jackknife(pairs[:2, :2]) == pytest.approx([pairs[0, 1]])
    assert jackknife(pairs[:1, :1]).size == 0


def test_a_network_without_a_map_is_left_out_of_the_pairs():
    pairs = np.arange(16.0).reshape(4, 4)
    pairs += pairs.T
    broken = np.full((5, 5), np.nan)
    broken[np.ix_([0, 1, 3, 4], [0, 1, 3, 4])] = pairs
    np.testing.assert_allclose(jackknife(broken), jackknife(pairs))


def test_the_summary_holds_the_table(evidence, table):
    rows = evidence_summary(evidence)["comparison"]
    assert [row["measure"] for row in rows] == list(table)
    auroc = rows[0]["candidates"]["exponential"]
    assert auroc["difference"] == table["Test AUROC"].candidates["exponential"].difference._asdict()


# The command


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    write_hdf5(audit_pages.data(), folder / "data.h5")
    write_meme(audit_pages.database(), folder / "motifs.meme")
    return folder


def test_the_command_goes_from_data_to_the_table(files):
    out = files / "out"
    common = ("compare", files / "data.h5", *CONFIGS, *TINY, "--database", files / "motifs.meme", "--out", out)
    told = run(*common, "--verbose")
    assert f"{NAMES[1]} 1  epoch   1" in told.stderr
    assert str(out / "audit.html") in told.stderr
    n_judged = {name: row["n_judged"] for name, row in json.loads((out / "audit.json").read_text())["spike_in"].items()}
    for name in NAMES:
        assert (f"note: {name}: spike-in on {n_judged[name]} of 2 networks" in told.stderr) == (n_judged[name] < 2)
    assert NAMES[1] in (out / "audit.html").read_text()
    configs = {name: load_ensemble(out / name).config for name in NAMES}
    size = {"length": 200, "task": 2, "n_outputs": 1}
    assert configs[NAMES[0]] == adapted_config("C24", activation="relu", **size)
    assert configs[NAMES[1]] == adapted_config("C24", activation="exponential", n_filters=8, dense_dropout=0.25, **size)

    again = run(*common, "--verbose", "--json")
    assert "epoch" not in again.stderr
    found = json.loads(again.stdout)
    assert found == json.loads((out / "audit.json").read_text())
    by_measure = {row["measure"]: row["candidates"] for row in found["comparison"]}
    means = {}
    for name in NAMES:
        members = json.loads((out / name / "ensemble.json").read_text())["members"]
        means[name] = np.mean([member["metrics"]["test_auroc"] for member in members])
        assert by_measure["Test AUROC"][name]["mean"]["estimate"] == pytest.approx(means[name])
        tables = [json.loads((out / name / f"member_00{i}/tables/summary.json").read_text()) for i in range(2)]
        matched = by_measure["Filters that match a motif"][name]["mean"]["estimate"]
        assert matched == pytest.approx(np.mean([one["matched"] for one in tables]))

    title, *lines = told.stdout.splitlines()
    assert title.split() == [NAMES[0], NAMES[1], "minus", NAMES[0]]
    assert [line.split("  ")[0] for line in lines] == list(by_measure)
    first = by_measure["Test AUROC"][NAMES[0]]["mean"]
    assert f" {first['estimate']:.3f} ({first['low']:.3f} to {first['high']:.3f}) " in lines[0]
    assert f" {means[NAMES[1]] - means[NAMES[0]]:+.3f} (" in lines[0]


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        (("C24:relu",), "expected --config at least twice, got C24:relu"),
        (("C24:relu", "C24:relu"), "C24:relu is the same configuration as C24_relu"),
        (("C24:relu", "C24:relu:n_filters=24"), "is the same configuration as C24_relu"),
        (("C24:relu", "C24"), "expected --config ARCHITECTURE:ACTIVATION or"),
        (("C24:relu", "C24:relu:"), "expected --config ARCHITECTURE:ACTIVATION or"),
        (("C24:relu", "C25:relu"), "unknown architecture 'C25'; did you mean C24"),
        (("C24:relu", "C24:exponentail"), "did you mean exponential"),
        (("C24:relu", "C24:relu:filters=8"), "unknown field 'filters' of C24; expected one such as n_filters"),
        (("C24:relu", "C24:relu:zzz=8"), "expected one such as attention, "),
        (("C24:relu", "C24:relu:n_filters"), "expected FIELD=VALUE, such as n_filters=64, got 'n_filters'"),
        (("C24:relu", "C24:relu:n_filters=8,n_filters=9"), "expected each field once"),
        (("C24:relu", "C24:relu:length=100"), "length is given by the data"),
        (("C24:relu", "C24:relu:activation=relu"), "activation is given by what stands before it"),
        (("C24:relu", "C24:relu:n_filters=many"), "expected a whole number for n_filters, got 'many'"),
        (("C24:relu", "C24:relu:dropout=no"), "expected a number for dropout, got 'no'"),
        (("C24:relu", "C24:relu:lstm=1"), "expected true or false for lstm, got '1'"),
        (("C24:relu", "C24:relu:n_filters=0"), "n_filters must be a positive integer"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(files, capsys, monkeypatch, configs, message):
    named = [part for config in configs for part in ("--config", config)]
    code, told = fails(capsys, monkeypatch, "compare", files / "data.h5", *named, "--out", files / "new")
    assert code == 2
    assert message in told
    assert not (files / "new").exists()


def test_values_have_the_type_of_their_field():
    from motiflens.cli.compare import _change

    assert _change("C24", "lstm=true") == ("lstm", True)
    assert _change("C24", "head = mean") == ("head", "mean")
