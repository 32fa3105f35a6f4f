"""The page says what the audits found, and the command goes from data to the page."""

import dataclasses
import json
import math
import shutil

import any_models
import audit_pages
import numpy as np
import pytest
import torch
from command_line import fails, run
from read_page import read

from motiflens.audits.candidate import audit_candidate
from motiflens.audits.differences import differences
from motiflens.audits.evidence import gather_evidence
from motiflens.audits.options import AuditOptions
from motiflens.audits.stored import STORE_FOLDER
from motiflens.audits.train_and_audit import train_and_audit
from motiflens.audits.verdicts import verdicts
from motiflens.basics.metrics import auroc
from motiflens.basics.plots import score_bars_svg, score_logo_svg
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.interpret.attribution import explain
from motiflens.models.hybrid import model_config
from motiflens.models.saved import load_ensemble
from motiflens.motifs.sets import write_meme
from motiflens.report.audit import evidence_summary, write_audit_folder, write_audit_page
from motiflens.study.advice import advice
from motiflens.training.news import News
from motiflens.training.protocol import REFERENCE

QUICK = {"n_ablation": 30, "n_decoys": 0}
FEW = {"methods": ["gradient_times_input"], "n_examples": 1, "n_backgrounds": 0, "n_resamples": 20}


@pytest.fixture(scope="module")
def evidence():
    return audit_pages.evidence()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return read(audit_pages.page(tmp_path_factory.mktemp("page") / "new" / "audit.html", settings={"seed": 7}))


# What is gathered


def test_scores_are_those_of_the_audits_beside_baselines(evidence):
    assert list(evidence.performance) == ["relu", "exponential", "GC content", "3-mers"]
    for candidate in evidence.candidates:
        found = evidence.performance[candidate.name]["auroc"]
        np.testing.assert_allclose(found.members, [audit.metrics["test_auroc"] for audit in candidate.audits])
    test = audit_pages.data().test
    gc = ((test.codes == 1) | (test.codes == 2)).mean(axis=1)
    area = float(auroc(test.y[:, 0], gc))
    assert evidence.performance["GC content"]["auroc"].members[0] in (pytest.approx(area), pytest.approx(1 - area))
    assert evidence.prevalence == pytest.approx(test.y.mean())


def test_examples_are_positive_and_explained_by_the_best_network(evidence):
    test = audit_pages.data().test
    first, second, drawn = evidence.examples
    assert all(test.y[example.row, 0] == 1 for example in evidence.examples)
    positives = np.flatnonzero(test.y[:, 0] == 1)
    ranks = sum(
        logits[positives, 0].argsort().argsort() for candidate in evidence.candidates for logits in candidate.logits
    )
    assert {first.row, second.row} <= set(positives[ranks >= np.sort(ranks)[-2]])
    assert "surest" in first.why
    assert "random" in drawn.why
    for candidate in evidence.candidates:
        best = candidate.audits[candidate.best]
        assert best.metrics["valid_auroc"] == max(audit.metrics["valid_auroc"] for audit in candidate.audits)
        for method in audit_pages.METHODS:
            expected = explain(best.model, test.subset([first.row]).X, method=method).scores[0]
            np.testing.assert_allclose(first.scores[candidate.name][method], expected, atol=1e-6)


def test_what_cannot_be_computed_is_said(evidence):
    data = audit_pages.data()
    candidate = evidence.candidates[0]
    told = []
    found = gather_evidence(
        [candidate],
        data.test,
        AuditOptions(**{**FEW, "n_backgrounds": 10}),
        on_progress=lambda *news: told.append(news),
    )
    assert [stage for _, stage in told] == [
        "3-mers and GC content",
        "attribution maps: gradient times input",
        "implanting motifs in sequences",
        "comparing maps of networks",
        "intervals of scores, near-duplicates in the data",
    ]
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert list(found.performance) == ["relu"]
    notes = " ".join(found.notes)
    assert "No score of GC content to compare with: expected train sequences" in notes
    assert "relu, spike-in: not computed: n_backgrounds must be at least 20, got 10" in notes
    levels = {verdict.key: verdict.level for verdict in verdicts(found)}
    assert levels["composition"] == "cannot be said"


def test_incomplete_attributions_are_noted_and_other_warnings_stay_warnings(evidence, monkeypatch):
    import warnings

    from motiflens.audits import examples as _examples
    from motiflens.interpret.attribution import CompletenessWarning

    def warns(network, X, *, method, target):
        warnings.warn("maps miss the change of output", CompletenessWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)
        return explain(network, X, method=method, target=target)

    monkeypatch.setattr(_examples, "explain", warns)
    with pytest.warns(UserWarning, match="something else"):
        found = gather_evidence([evidence.candidates[0]], audit_pages.data(), AuditOptions(**FEW))
    assert found.notes == ("relu, examples by gradient_times_input: maps miss the change of output",)


def test_several_labels_are_measured_one_by_one(task1):
    model = any_models.make("plain")
    candidate = audit_candidate(
        "mine", [model], task1, AuditOptions(database=audit_pages.database(), target=None, **QUICK)
    )
    found = gather_evidence([candidate], task1, AuditOptions(target=3, **FEW))
    assert list(found.by_label) == list(task1.label_names)
    for t, label in enumerate(task1.label_names):
        area = float(auroc(task1.test.y[:, t], candidate.audits[0].test_logits[:, t]))
        assert found.by_label[label]["mine"]["auroc"].members[0] == pytest.approx(area)
    assert (found.examples[0].row in np.flatnonzero(task1.test.y[:, 3])) is True
    assert evidence_summary(found)["target"] == task1.label_names[3]


def test_real_valued_labels_have_a_page(tmp_path):
    data = audit_pages.data()
    y = (data.y + np.random.default_rng(0).normal(0, 0.1, data.y.shape)).astype(np.float32)
    real = SequenceDataset(data.codes, y, ("activity",), data.split_codes)
    candidate = audit_candidate(
        "mine", [audit_pages.network(0)], real, AuditOptions(database=audit_pages.database(), **QUICK)
    )
    found = gather_evidence([candidate], real, AuditOptions(**FEW))
    assert list(found.performance["3-mers"]) == ["pearson"]
    assert found.prevalence is None
    text = " ".join(" ".join(read(write_audit_page(found, tmp_path / "a.html")).text).split())
    assert "Test correlation" in text
    told = [row for one in advice(found) for row in one.study]
    assert told
    assert not [row.metric for row in told if row.metric.startswith("classification")]
    assert "ridge regression" in text


def test_what_cannot_be_gathered_is_named(evidence, task1):
    data, candidate = audit_pages.data(), evidence.candidates[0]
    with pytest.raises(ValueError, match="unknown attribution method 'salience'"):
        gather_evidence([candidate], data, AuditOptions(methods=["salience"]))
    with pytest.raises(ValueError, match=r"different names, got \['relu', 'relu'\]"):
        gather_evidence([candidate, candidate], data)
    with pytest.raises(ValueError, match="'GC content' is that of a baseline"):
        gather_evidence([dataclasses.replace(candidate, name="GC content")], data)
    with pytest.raises(ValueError, match=r"target must be in 0\.\.0, got 1"):
        gather_evidence([candidate], data, AuditOptions(target=1))
    with pytest.raises(ValueError, match="expected audits on 120 test sequences and 12 labels"):
        gather_evidence([candidate], task1)
    with pytest.raises(ValueError, match=r"at least one trained network of mine, got none \(member 2: loss became NaN"):
        audit_candidate("mine", [], data, members=candidate.members[2:])


# What would make it better


def test_advice_is_on_the_page_and_in_the_summary(evidence, page):
    found = advice(evidence)
    assert [*dict.fromkeys(one.factor for one in found)] == ["training", "activation", "pool", "filters", "members"]
    for factor in ("activation", "pool", "filters", "members"):
        assert [one.candidate for one in found if one.factor == factor] == ["relu", "exponential"]
    assert [*dict.fromkeys(one.candidate for one in found if one.factor == "training")] == ["relu", "exponential"]
    text = " ".join(" ".join(page.text).split())
    assert "What would make it better" in text
    for one in found:
        assert one.change in text
        assert all(reason in text for reason in one.reasons)
        assert one.command is None or one.command in text
    assert "An effect counts if its 95 % interval excludes 0" in text
    rows = evidence_summary(evidence)["advice"]
    assert [(row["factor"], row["candidate"], row["level"]) for row in rows] == [one[:3] for one in found]
    json.dumps(rows)


def test_networks_that_differ_in_one_factor_are_advised_by_this_data_set():
    import torch

    from motiflens.models.hybrid import build_model

    data = audit_pages.data()
    candidates = []
    for activation in ("relu", "exponential"):
        networks = []
        for seed in range(3):
            torch.manual_seed(seed)
            networks.append(build_model("C24", activation=activation, task=2).eval())
        candidates.append(
            audit_candidate(activation, networks, data, AuditOptions(database=audit_pages.database(), **QUICK))
        )
    found = gather_evidence(candidates, data, AuditOptions(**FEW), data_file="my data.h5")
    relu, _, pool, *_ = (one for one in advice(found) if one.factor != "training")
    rows = {row.measure: row for row in differences(found, *candidates)}
    assert [row.measure for row in relu.here] == ["Test AUROC", "Filters that match a motif", "Saliency AUROC"]
    for row in relu.here:
        assert row.interval == rows[row.measure].difference
    assert relu.command is None
    assert "motiflens compare 'my data.h5' --config C24:relu --config C4C6:relu" in pool.command
    members = advice(found)[-2]
    scores = np.array([one.metrics["test_auroc"] for one in candidates[0].audits])
    half = 4.302653 * scores.std(ddof=1) / math.sqrt(3)
    assert f"Test AUROC {scores.mean():.3f} ± {half:.3f}, for ± 0.01" in members.reasons[0]


# What it comes to


def judged(evidence, **changes):
    """Verdicts by key, where each audit of the first candidate is changed."""
    first = evidence.candidates[0]
    audits = tuple(dataclasses.replace(found, **changes) for found in first.audits)
    changed = dataclasses.replace(evidence, candidates=(dataclasses.replace(first, audits=audits),))
    return {verdict.key: verdict for verdict in verdicts(changed)}


def test_gain_over_the_better_baseline_decides(evidence):
    own = evidence.performance["relu"]["auroc"]
    for shift, level in ((-1.0, "yes"), (0.0, "no"), (1.0, "no")):
        noise = np.linspace(-0.01, 0.01, 50)
        other = dataclasses.replace(
            own, members=own.members.mean(keepdims=True) + shift, resampled=own.resampled + shift + noise
        )
        performance = {
            **evidence.performance,
            "GC content": {"auroc": other},
            "3-mers": {"auroc": dataclasses.replace(other, members=other.members - 1)},
        }
        verdict = judged(dataclasses.replace(evidence, performance=performance))["composition"]
        assert verdict.level == level
        assert "over GC content" in verdict.answer


def test_the_filters_that_matter_are_named(evidence):
    verdict = judged(evidence, chance=None)["filters"]
    assert verdict.level == "yes"
    assert {"SP1", "GABPA", "SRF"} & {family["motif"] for family in verdict.numbers["families"]}
    assert judged(evidence, importance=None)["filters"].level == "cannot be said"


def test_maps_are_judged_by_the_truth_or_else_by_spike_ins(evidence):
    by_truth = judged(evidence)["maps"]
    areas = [found.saliency.interpretability.means()["auroc"] for found in evidence.candidates[0].audits]
    assert by_truth.level == ("yes" if min(areas) >= 0.75 else "no" if max(areas) < 0.75 else "in part")
    assert f"AUROC {np.mean(areas):.2f}" in by_truth.answer
    alone = dataclasses.replace(evidence, performance={"relu": evidence.performance["relu"]})
    spiked = judged(alone, saliency=None)["maps"]
    found = evidence.spike_ins["relu"]
    trusted = {found.interval(method).estimate >= 0.75 for method in found.methods}
    assert spiked.level == ("in part" if len(trusted) > 1 else "yes" if trusted == {True} else "no")
    assert "at implanted" in spiked.answer
    without = judged(dataclasses.replace(alone, spike_ins={}), saliency=None)["maps"]
    assert (without.level, without.would_help) == (
        "cannot be said",
        "Name motifs that it should know: --motifs with a MEME file or names.",
    )


def test_agreement_decides_on_stability(evidence):
    found = evidence.stability["relu"]
    for value, level in ((0.9, "yes"), (0.6, "in part"), (0.2, "no")):
        stable = dataclasses.replace(found, pearson=np.full_like(found.pearson, value), filters=None)
        assert judged(dataclasses.replace(evidence, stability={"relu": stable}))["repeats"].level == level
    assert judged(dataclasses.replace(evidence, stability={}))["repeats"].level == "cannot be said"


def test_differences_are_those_of_means(evidence):
    first, second = evidence.candidates
    rows = {row.measure: row for row in differences(evidence, first, second)}
    areas = [np.mean([found.metrics["test_auroc"] for found in one.audits]) for one in (first, second)]
    assert rows["Test AUROC"].difference.estimate == pytest.approx(areas[1] - areas[0])
    assert (rows["Test AUROC"].first, rows["Test AUROC"].second) == pytest.approx(areas)
    assert {"Filters that match a motif", "Filters of true motifs", "Saliency AUROC"} <= set(rows)


# The page


def test_the_page_is_well_formed_and_needs_nothing_else(page):
    assert page.unclosed == []
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links if not link.startswith("#ml")} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)
    assert "img" not in page.tags
    assert "link" not in page.tags


def test_the_page_says_what_was_found(page, evidence):
    text = " ".join(" ".join(page.text).split())
    assert "A <b>title</b>" in text
    for verdict in verdicts(evidence):
        assert verdict.answer in text
    for candidate in evidence.candidates:
        for hit in (row.best for row in candidate.audits[candidate.best].matches.rows if row.best):
            assert hit.target_id in text
    for label in ("Spike-in", "Stability", "ReLU and Exponential differ", "Provenance", "seed 7", "motiflens audit"):
        assert label in text
    assert "ReLU 2: loss became NaN in epoch 3" in text
    assert "Best epoch" in text


def test_the_page_leaves_out_what_is_not_there(tmp_path, evidence):
    bare = dataclasses.replace(
        evidence.candidates[0],
        members=(),
        audits=tuple(
            dataclasses.replace(found, chance=None, importance=None) for found in evidence.candidates[0].audits
        ),
    )
    less = dataclasses.replace(evidence, candidates=(bare,), examples=(), spike_ins={}, stability={})
    page = read(write_audit_page(less, tmp_path / "page.html"))
    assert page.unclosed == []
    assert not {"differences", "attributions", "spike-in", "stability"} & set(page.ids)
    text = " ".join(page.text)
    assert "Loss without" not in text.split("Filter")[-1]
    assert "Best epoch" not in text


def test_sixty_four_filters_stay_below_ten_megabytes(tmp_path, evidence):
    first = evidence.candidates[0]
    audits = []
    for found in first.audits:
        noisy = np.random.default_rng(0).dirichlet([0.3] * 4, (64, 20)).transpose(0, 2, 1)
        rows = tuple(found.matches.rows[i % 8]._replace(filter=i) for i in range(64))
        matches = dataclasses.replace(found.matches, rows=rows, hits=found.matches.hits * 8)
        filters = found.filters._replace(pwms=noisy, counts=np.full(64, 100))
        quality = dataclasses.replace(
            found.quality, information=np.ones(64), low_information=np.zeros(64, bool), pairs=()
        )
        audits.append(
            dataclasses.replace(
                found, matches=matches, filters=filters, quality=quality, importance=None, chance=None, order=None
            )
        )
    alone = {name: {"relu": getattr(evidence, name)["relu"]} for name in ("spike_ins", "stability")}
    wide = dataclasses.replace(evidence, candidates=(dataclasses.replace(first, audits=tuple(audits)),), **alone)
    path = write_audit_page(wide, tmp_path / "page.html")
    assert path.stat().st_size < 10_000_000
    assert sum("data-text=" in line for line in path.read_text().splitlines()) == 64


def test_score_logos_point_up_and_down():
    codes = np.array([0, 1, 4, 3], np.uint8)
    svg = score_logo_svg(codes, np.array([2.0, -1.0, 5.0, 0.0]), label='a "b"', scale=2.0)
    # zero lies at 1 / (1 + .2) of the height; the unknown base and the zero have no letter
    assert svg.count("<use") == 2
    assert '<use href="#mlA" transform="matrix(1 0 0 83 0 0)"/>' in svg
    assert '<use href="#mlC" transform="matrix(1 0 0 -42 10 125)"/>' in svg
    assert 'aria-label="a &quot;b&quot;"' in svg
    bars = score_bars_svg(np.array([1.0, 0.0, -1.0]), label="x", marked=(1, 3))
    assert 'd="M0 50v-50M2 50v50"' in bars
    assert 'x="1" y="0" width="2"' in bars
    with pytest.raises(ValueError, match="one score for each of 4 bases"):
        score_logo_svg(codes, np.ones(3), label="")
    with pytest.raises(ValueError, match="must be finite"):
        score_bars_svg(np.array([math.nan]), label="")


# From data to the page


def configs(data, *activations):
    return {
        name: model_config("C24", activation=name, task=2, length=data.length, n_outputs=data.n_outputs, n_filters=4)
        for name in activations
    }


def test_networks_are_trained_once_and_audited(tmp_path):
    data, news = audit_pages.data(), []
    options = AuditOptions(database=audit_pages.database(), **QUICK)
    short = {"protocol": REFERENCE.replace(max_epochs=2), "n_workers": 1, "on_news": news.append}
    both = configs(data, "relu", "exponential")
    candidates = train_and_audit(data, tmp_path, both, options, n_members=1, **short)
    assert [(one.key, one.member, one.n_epochs, one.status) for one in news if isinstance(one, News)] == [
        *(("relu", 0, 1, None), ("relu", 0, 2, None), ("relu", -1, 0, "ok")),
        *(("exponential", 0, 1, None), ("exponential", 0, 2, None), ("exponential", -1, 0, "ok")),
    ]
    networks = load_ensemble(tmp_path / "exponential")
    assert candidates[1].audits[0].metrics == pytest.approx(networks.members[0].metrics)
    news.clear()
    more = train_and_audit(data, tmp_path, both, options, n_members=2, **short)
    assert [(one.member, one.status) for one in news if isinstance(one, News) and one.key == "relu"] == [
        (1, None),
        (1, None),
        (-1, "ok"),
    ]
    assert more[0].audits[0].metrics == candidates[0].audits[0].metrics
    assert more[0].numbers == (0, 1)
    _, paths, _ = write_audit_folder(more, data, tmp_path, AuditOptions(**FEW, database="JASPAR2016-vertebrates"))
    assert all(path.is_file() for path in paths)
    assert (tmp_path / "relu" / "member_001" / "tables" / "filters.tsv").is_file()
    assert load_ensemble(tmp_path / "relu").members[1].status == "ok"  # tables do not stand in the way


def test_what_is_stored_is_read_without_workers(tmp_path, monkeypatch):
    data, news = audit_pages.data(), []
    options = AuditOptions(database=audit_pages.database(), **QUICK)
    short = {"protocol": REFERENCE.replace(max_epochs=1), "n_members": 1, "on_news": news.append}
    both = configs(data, "relu", "exponential")
    first = train_and_audit(data, tmp_path, both, options, n_workers=1, **short)
    started = []

    def counted(function, jobs, on_news, **more):
        started.extend(job.name for job in jobs)
        for job in jobs:
            function(job, on_news)
        return []

    monkeypatch.setattr("motiflens.audits.train_and_audit.run_local", counted)
    news.clear()
    again = train_and_audit(data, tmp_path, both, options, n_workers=2, **short)
    assert started == []
    assert [(one.key, one.status) for one in news if isinstance(one, News)] == [("relu", "ok"), ("exponential", "ok")]
    assert [one.audits[0].metrics for one in again] == [one.audits[0].metrics for one in first]
    shutil.rmtree(tmp_path / "relu" / "member_000" / STORE_FOLDER)
    news.clear()
    train_and_audit(data, tmp_path, both, options, n_workers=2, **short)
    assert started == ["relu"]
    assert [(one.key, one.status) for one in news if isinstance(one, News)] == [("exponential", "ok"), ("relu", "ok")]
    train_and_audit(data, tmp_path, both, options, n_workers=2, **short | {"n_members": 2})
    assert started == ["relu", "relu", "exponential"]


def test_what_cannot_be_trained_is_named(tmp_path):
    data = audit_pages.data()
    with pytest.raises(ValueError, match="at least one configuration"):
        train_and_audit(data, tmp_path, {})
    with pytest.raises(ValueError, match="no test sequences"):
        train_and_audit(data.train, tmp_path, configs(data, "relu"))
    with pytest.raises(ValueError, match="length"):
        train_and_audit(data, tmp_path, {"relu": model_config("C24", length=300)})
    for options, message in (
        ({"target": 1}, r"target must be in 0\.\.0, got 1"),
        ({"database": "JASPAR3000"}, "JASPAR3000"),
        ({"n_decoys": -1}, "n_decoys must be 0 or more, got -1"),
        ({"q": 2.0}, "q must be in"),
    ):
        with pytest.raises(ValueError, match=message):
            train_and_audit(data, tmp_path, configs(data, "relu"), AuditOptions(**options), n_workers=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="expected a folder to write to"):
        train_and_audit(data, tmp_path / "file", configs(data, "relu"))
    with pytest.raises(ValueError, match="expected a folder to write to"):
        write_audit_folder([audit_pages.candidate()], data, tmp_path / "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_failed_worker_is_named(tmp_path):
    data = audit_pages.data()
    with pytest.raises(RuntimeError, match=r"relu: .*unknown device 'nowhere'"):
        train_and_audit(
            data, tmp_path, configs(data, "relu", "exponential"), AuditOptions(**QUICK), n_workers=2, device="nowhere"
        )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("command")
    write_hdf5(audit_pages.data(), folder / "data.h5")
    write_meme(audit_pages.database(), folder / "motifs.meme")
    return folder


LITTLE = ("--n-decoys", 0, "--n-ablation", 20, "--n-examples", 1, "--n-backgrounds", 20)


def test_the_command_goes_from_data_to_the_page(files):
    out = files / "audit"
    train = ("--architecture", "C24", "--members", 1, "--max-epochs", 1)
    common = ("audit", files / "data.h5", *train, *LITTLE, "--database", files / "motifs.meme", "--out", out)
    told = run(*common, "--verbose")
    assert "Does it predict more than composition does?" in told.stdout
    assert "  exponential: " in told.stdout
    assert "What would make it better" in told.stdout
    assert "  relu, activation: " in told.stdout
    assert "relu 0  epoch   1" in told.stderr
    assert "relu  leaving out one filter after the other" in told.stderr
    assert "audit  90 %  the page" in told.stderr
    assert "How ReLU and Exponential differ" in (out / "audit.html").read_text()
    again = run(*common, "--n-examples", 0, "--n-backgrounds", 0, "--verbose", "--json")
    assert "epoch" not in again.stderr
    found = json.loads(again.stdout)
    assert found == json.loads((out / "audit.json").read_text())
    assert set(found["performance"]) == {"relu", "exponential", "GC content", "3-mers"}
    members = json.loads((out / "relu" / "ensemble.json").read_text())["members"]
    assert found["networks"]["relu"][0]["test_auroc"] == pytest.approx(members[0]["metrics"]["test_auroc"])

    other = run("audit", files / "data.h5", "--model", out / "relu", *LITTLE, "--database", files / "motifs.meme")
    assert "HybridNetwork: " in other.stdout


def test_a_model_of_ones_own_has_a_page_too(files):
    torch.save(any_models.make("plain", n_outputs=1).state_dict(), files / "weights.pt")
    model = ("--model", "any_models:plain", "--weights", files / "weights.pt")
    out = files / "mine"
    code = files / "mine.py"
    code.write_text("import any_models\n\ndef plain():\n    return any_models.plain(n_outputs=1)\n")
    told = run(
        "audit", files / "data.h5", "--model", f"{code}:plain", *model[2:], *LITTLE,
        "--database", files / "motifs.meme", "--out", out, "--title", "Mine",
    )  # fmt: skip
    assert "most important filters" in told.stdout
    text = " ".join(read(out / "audit.html").text)
    assert "Mine" in text
    assert {"audit.html", "audit.json", "filters.tsv", "summary.json"} <= {path.name for path in out.iterdir()}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "expected --model to audit, or --out with a folder"),
        (("--out", "new", "--weights", "w.pt"), "--weights is of a model: name it with --model"),
        (("--out", "new", "--first-layer", "conv"), "--first-layer is of a model"),
        (("--out", "new", "--activations", "relu,relu"), "each once, got 'relu,relu'"),
        (("--out", "new", "--activations", "gelu"), "gelu"),
        (("--out", "new", "--architecture", "C25"), "unknown architecture 'C25'"),
        (("--out", "new", "--architecture", "C24", "--database", "JASPAR3000"), "JASPAR3000"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(files, capsys, monkeypatch, options, message):
    monkeypatch.chdir(files)
    code, told = fails(capsys, monkeypatch, "audit", files / "data.h5", *options)
    assert code == 2
    assert message in told
    assert not (files / "new").exists()
