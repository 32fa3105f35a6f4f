"""Tables against numbers set by hand and closed forms."""

import csv
import math

import pytest
from study_records import make_failed, make_record, make_study

from motiflens.basics.files import write_tsv
from motiflens.study.findings import SummaryRow, activation_effects, summary_table
from motiflens.study.results import Results


def find(rows, architecture, activation):
    (row,) = [row for row in rows if (row.architecture, row.activation) == (architecture, activation)]
    return row


def test_means_and_population_sd_of_selected_and_all():
    row = find(summary_table(Results(make_study(n_members=4)).task(2)), "C4C6", "exponential")
    auroc = row.metrics["interpretability_auroc"]
    assert (row.n_trials, row.n_failed, row.n_selected, row.selection) == (4, 0, 2, "valid")
    assert (auroc.mean, auroc.sd) == pytest.approx((0.875, 0.005))
    assert (auroc.all_mean, auroc.all_sd) == pytest.approx((0.865, 0.01 * math.sqrt(1.25)))
    assert (auroc.published_mean, auroc.published_sd) == (0.874, 0.013)
    assert auroc.difference == pytest.approx(0.001)


def test_failed_members_are_counted_by_kind():
    values = [0.95, 0.96, 0.5]
    records = [make_record(1, "C4", "relu", m, metrics={"valid_auroc": v}) for m, v in enumerate(values)]
    (row,) = summary_table(Results([*records, make_failed(1, "C4", "relu", 3)]).task(1))
    assert (row.n_trials, row.n_failed, row.n_diverged, row.n_selected) == (4, 2, 1, 1)


def test_configuration_in_which_all_diverged_has_no_means():
    (row,) = summary_table(Results([make_failed(1, "C24", "relu", 0)]).task(1))
    assert (row.n_selected, row.n_failed) == (0, 1)
    assert math.isnan(row.metrics["filter_tpr"].mean)
    assert math.isnan(row.metrics["filter_tpr"].difference)
    assert row.metrics["filter_tpr"].published_mean == 0.906


def test_unknown_architecture_has_no_published_value():
    (row,) = summary_table(Results([make_record(1, "Mine", "gelu", 0)]).task(1))
    tpr = row.metrics["filter_tpr"]
    assert tpr.mean == 0.5
    assert math.isnan(tpr.sd)  # a single network has none
    assert math.isnan(tpr.published_mean)
    assert math.isnan(tpr.difference)


def test_paper_s_accession_list_is_a_column_of_its_own():
    row = find(summary_table(Results(make_study()).task(1)), "C4C6", "relu")
    assert row.metrics["filter_tpr"].mean == pytest.approx(0.42)
    assert row.metrics["filter_tpr_listed"].mean == pytest.approx(0.37)
    assert row.metrics["filter_tpr_listed"].difference == pytest.approx(0.37 - 0.396)
    assert math.isnan(row.metrics["filter_no_hit"].published_mean)


def test_other_tasks_are_left_aside_and_no_records_give_no_rows():
    assert len(summary_table(Results(make_study()).task(1))) == 8
    assert summary_table(Results().task(1)) == []


def test_tsv_round_trip(tmp_path):
    path = write_tsv(summary_table(Results(make_study()).task(1)), tmp_path / "task1.tsv")
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert len(rows) == 8
    assert rows[3]["architecture"] == "C4C6"
    assert rows[3]["activation"] == "exponential"
    assert float(rows[3]["filter_tpr_mean"]) == pytest.approx(0.82)
    assert float(rows[3]["filter_tpr_all_mean"]) == pytest.approx(0.81)
    assert rows[3]["filter_no_hit_published_mean"] == ""
    assert rows[7]["n_failed"] == "1"


def test_tsv_of_effects_and_of_nothing(tmp_path):
    effects = write_tsv(activation_effects(Results(make_study()).task(1), "filter_tpr"), tmp_path / "effects.tsv")
    lines = effects.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("task\tstage1\tmetric\trelu\texponential\tdifference")
    assert lines[2].startswith("1\tC4C6\tfilter_tpr\t0.410000\t0.810000\t0.400000\t\t\t2\t6\t6\t")
    assert (
        write_tsv([], tmp_path / "none.tsv", kind=SummaryRow)
        .read_text(encoding="utf-8")
        .startswith("task\tarchitecture")
    )
