"""More labels than anyone looks at one by one: some are chosen, all stand in a table."""

import csv
import io

import any_models
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score

from motiflens.audits.candidate import audit_candidate
from motiflens.audits.labels import chosen_labels, scores_of_labels
from motiflens.audits.options import AuditOptions
from motiflens.data.baselines import kmer_frequencies, kmer_model
from motiflens.data.dataset import SequenceDataset
from motiflens.data.label_summary import label_summary
from motiflens.data.summary import summary
from motiflens.report.audit import write_audit_folder

N_LABELS = 60


@pytest.fixture(scope="module")
def many():
    """60 labels: rare ones, one that depends on GC content, and one without a positive."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, size=(300, 200)).astype(np.uint8)
    gc = ((codes == 1) | (codes == 2)).mean(axis=1)
    y = (rng.random((300, N_LABELS)) < 0.15).astype(np.float32)
    y[:, 7] = gc + rng.normal(0, 0.02, 300) > np.median(gc)
    y[:, 11] = 0
    split = np.repeat(["train", "valid", "test"], [180, 60, 60])
    return SequenceDataset.from_arrays(codes, y, split=split)


def with_labels(data, y):
    return SequenceDataset(data.codes, y.astype(np.float32), data.label_names[: y.shape[1]], data.split_codes)


def standardised(data):
    x, train = kmer_frequencies(data.codes, 2), data.split == "train"
    return (x - x[train].mean(axis=0)) / x[train].std(axis=0)


def test_one_step_is_newtons_first_from_the_rates(many):
    penalty, train = 0.02, many.split == "train"
    found = kmer_model(many, k=2, penalties=[penalty])
    x = np.column_stack([standardised(many), np.ones(300)])
    for t in (0, 7, 30):
        y = many.y[train, t].astype(float)
        rate = y.mean()
        start = np.append(np.zeros(16), np.log(rate / (1 - rate)))
        hessian = rate * (1 - rate) * x[train].T @ x[train] / 180 + np.diag(np.append(np.full(16, penalty), 0))
        step = np.linalg.solve(hessian, x[train].T @ (rate - y) / 180)
        np.testing.assert_allclose(found.scores[:, t], x @ (start - step), atol=1e-9)
    assert np.isfinite(found.scores).all()
    assert found.scores[:, 11].max() < -5


def test_one_step_ranks_sequences_as_the_whole_fit_does(many):
    found = kmer_model(many, k=2, penalties=[0.1])
    x, train = standardised(many), many.split == "train"
    whole = LogisticRegression(C=1 / 18, tol=1e-9, max_iter=10_000).fit(x[train], many.y[train, 7])
    assert np.corrcoef(whole.decision_function(x), found.scores[:, 7])[0, 1] > 0.99


def test_real_values_with_missing_labels_are_ridge_regressions(many):
    rng = np.random.default_rng(1)
    y = 3 + standardised(many) @ rng.normal(size=(16, N_LABELS)) + rng.normal(size=(300, N_LABELS))
    y[::7, 5], y[::3, 6], y[:, 9] = np.nan, np.nan, np.nan
    data, penalties = with_labels(many, y), [1e-3, 0.1, 3.0]
    found = kmer_model(data, k=2, penalties=penalties)
    few = kmer_model(with_labels(many, y[:, :10]), k=2, penalties=penalties)  # one by one
    np.testing.assert_allclose(found.scores[:, :10], few.scores, atol=1e-6)
    np.testing.assert_array_equal(found.penalties[:10], few.penalties)
    known = (data.split == "train") & ~np.isnan(data.y[:, 6])
    oracle = Ridge(alpha=known.sum() * found.penalties[6], tol=1e-10).fit(standardised(many)[known], data.y[known, 6])
    np.testing.assert_allclose(found.scores[:, 6], oracle.predict(standardised(many)), atol=1e-4)


def test_the_penalty_of_each_is_the_best_on_validation(many):
    penalties, valid = [1e-4, 1e-2, 1.0], many.split == "valid"
    found = kmer_model(many, k=2, penalties=penalties)
    losses = []
    for penalty in penalties:
        z = kmer_model(many, k=2, penalties=[penalty]).scores[valid]
        losses.append((np.logaddexp(0, z) - many.y[valid] * z).mean(axis=0))
    taken = np.array(losses)[np.searchsorted(penalties, found.penalties), np.arange(N_LABELS)]
    np.testing.assert_allclose(taken, np.min(losses, axis=0), rtol=1e-12)
    assert len(set(found.penalties)) > 1


def test_gc_content_tells_a_label_as_pairs_do():
    rng = np.random.default_rng(2)
    gc = np.round(rng.random(80), 1)
    y = (rng.random(80) < 0.3 + 0.4 * gc).astype(float)
    gc[::9], y[::11] = np.nan, np.nan
    found = label_summary("a", y, np.zeros(80, np.uint8), gc, np.zeros(80))
    known = np.isfinite(gc) & np.isfinite(y)
    area = roc_auc_score(y[known], gc[known])
    assert found.gc_auroc == pytest.approx(max(area, 1 - area))


def test_scores_of_labels_are_those_of_each(many, monkeypatch):
    rng = np.random.default_rng(3)
    y = np.where(rng.random(many.y.shape) < 0.1, np.nan, many.y)
    scores = rng.normal(size=(2, *y.shape))
    monkeypatch.setattr("motiflens.audits.labels._BLOCK", 5000)
    found = scores_of_labels(y, {"net": scores, "flat": scores[0]})
    for t in (0, 7, 59):
        known = ~np.isnan(y[:, t])
        areas = [roc_auc_score(y[known, t], own[known, t]) for own in scores]
        assert found["net"][t] == pytest.approx(np.mean(areas))
        assert found["flat"][t] == pytest.approx(areas[0])
    assert np.isnan(found["net"][11])


def test_the_best_the_worst_and_the_target_are_chosen():
    scores = np.random.default_rng(4).permutation(100.0 + np.arange(100))
    scores[:3] = np.nan
    chosen = chosen_labels(scores, target=1)
    known = np.sort(scores[3:])
    np.testing.assert_array_equal(np.sort(scores[chosen])[:-1], np.r_[known[:24], known[-25:]])
    assert 1 in chosen
    assert chosen == sorted(chosen)
    assert chosen_labels(scores[:50], target=1) == list(range(50))


def test_warnings_of_many_labels_are_cut_with_their_number(many):
    warnings = summary(many).warnings
    assert sum("positives in train" in warning for warning in warnings) < 25
    assert any("40 more of the 60 labels have warnings" in warning for warning in warnings)


def test_the_page_says_which_labels_it_shows_and_lists_all(many, tmp_path):
    options = AuditOptions(target=3, n_ablation=10, n_decoys=0, n_examples=1, n_backgrounds=0, n_resamples=10)
    model = any_models.make("plain", n_outputs=N_LABELS)
    found, paths, _ = write_audit_folder([audit_candidate("mine", [model], many, options)], many, tmp_path, options)
    assert len(found.by_label) in (49, 50)
    assert many.label_names[3] in found.by_label
    for label, table in found.by_label.items():
        area = table["mine"]["auroc"].members.mean()
        assert found.label_scores["mine"][many.label_names.index(label)] == pytest.approx(area, nan_ok=True)
    assert tmp_path / "labels.tsv" in paths
    rows = list(csv.DictReader(io.StringIO((tmp_path / "labels.tsv").read_text()), delimiter="\t"))
    assert [row["label"] for row in rows] == list(many.label_names)
    assert rows[11]["3-mers:auroc"] == ""
    assert [int(row["test_positives"]) for row in rows] == many.test.y.sum(axis=0).tolist()
    assert {row["label"] for row in rows if row["shown"] == "1"} == set(found.by_label)
    page = (tmp_path / "audit.html").read_text()
    assert f"Shown are {len(found.by_label)} of 60 labels: {many.label_names[3]}, which is explained" in page
    assert "All 60 labels" in page
