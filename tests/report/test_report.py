"""The page holds what the records say, in one file, and the folder holds every figure and table."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from read_page import read
from study_records import encode_pwms, make_failed, make_record, make_study

from motiflens.cli import app
from motiflens.report.study import write_outputs, write_report
from motiflens.report.study.markdown import markdown_table
from motiflens.study.published_tables import published_results
from motiflens.study.results import Results, default_selection


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "new" / "report.html"
    assert (
        write_report(Results(make_study()), path, title="A <b>study</b>", command="motiflens study run quick") == path
    )
    return read(path)


def test_page_is_well_formed_and_needs_nothing_else(page):
    assert page.unclosed == []
    assert all(link.startswith("#") for link in page.links)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_page_escapes_its_title(page):
    assert "A <b>study</b>" in page.text
    assert page.text.count("A <b>study</b>") == 2  # tab and heading


def test_page_holds_findings_tables_and_provenance(page):
    text = " ".join(" ".join(page.text).split())
    assert "with C4C6 from 0.41 to 0.81 (6 and 6 networks" in text
    assert "0.820 all 0.810 ± 0.008" in text  # one network is selected: it has no SD
    assert "paper 0.844 (−0.024)" in text
    assert "48 networks run, 47 fit for use, 1 failed" in text
    assert "loss became NaN in epoch 3" in text
    assert "n_sequences 3000, length 200" in text
    assert "torch 2.13.0" in text
    assert "motiflens study run quick" in text
    assert "Gabpa" in text
    assert "SP1 ; best match SP2 MA0516.2 q 1e-06 · true · filter 0" in text
    assert "Gmeb1 MA0615.1 q 4e-02 · not counted · filter 3" in text
    assert "SP1 MA0079.3 q 1e-06 · true · filter 0" in text  # of an older record
    assert "could not be scored" not in text


def test_sequences_without_saliency_scores_are_told(tmp_path):
    records = [make_record(2, "C24", "relu", m, attribution={"n_undefined": n}) for m, n in enumerate([0, 3, 5])]
    text = " ".join(read(write_report(Results(records), tmp_path / "r.html")).text)
    assert "Saliency could not be scored on 3 to 5 sequences of 2 networks" in text
    text = " ".join(read(write_report(Results(records[:1]), tmp_path / "r.html")).text)
    assert "could not be scored" not in text


def test_earlier_figures_and_tables_are_removed_and_other_files_stay(tmp_path):
    before = write_outputs(Results(make_study(("C4C6",), n_members=2)), tmp_path, formats=("png",))
    others = [tmp_path / "figures" / "figure2-mine.svg", tmp_path / "tables" / "notes.tsv", tmp_path / "figure2.svg"]
    for path in others:
        path.write_text("mine")
    records = [record for record in make_study(("C4C6",), n_members=2) if record["task"] == 1]
    after = write_outputs(Results(records), tmp_path, formats=("svg",))
    assert len(after.figures) < len(before.figures)
    on_disk = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert on_disk == {after.report, tmp_path / "report.md", *after.figures, *after.tables, *others}


def test_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="formats must be among svg, pdf, png, got 'gif'"):
        write_outputs(Results(make_study(("C4C6",))), tmp_path / "new", formats=("svg", "gif"))
    assert not (tmp_path / "new").exists()


def test_failed_network_with_nothing_but_its_names_makes_a_page(tmp_path):
    names = ("key", "task", "architecture", "activation", "member", "status")
    record = make_failed(1, "C24", "relu", 0)
    path = write_report(Results([{name: record[name] for name in names}]), tmp_path / "r.html")
    assert "no reason stored" in " ".join(read(path).text)


def test_low_network_is_listed_with_its_reason(tmp_path):
    records = [make_record(1, "C24", "relu", m, metrics={"valid_auroc": v}) for m, v in enumerate([0.9, 0.5])]
    text = " ".join(read(write_report(Results(records), tmp_path / "r.html")).text)
    assert "best validation metric 0.500, below 0.9 × 0.900" in text
    assert "2 networks run, 1 fit for use, 1 failed" in text


@pytest.mark.parametrize(
    "records",
    [
        [],
        [make_failed(1, "C24", "relu", 0), make_failed(2, "C24", "relu", 0)],
        [make_record(2, "Mine", "gelu", 0, attribution={"examples": []})],
        [make_record(1, "C24", "relu", 0, filters={"tpr": None}, n_epochs=None)],
    ],
)
def test_odd_records_still_make_a_page(tmp_path, records):
    outputs = write_outputs(Results(records), tmp_path, formats=("svg",))
    assert read(outputs.report).unclosed == []
    assert all(path.stat().st_size > 0 for path in [*outputs.figures, *outputs.tables])


def test_full_grid_stays_below_3_mb(tmp_path):
    architectures = list(dict.fromkeys(name for name, _ in published_results(1)))
    records = make_study(architectures, n_members=10)
    pwms = np.random.default_rng(0).dirichlet([0.3] * 4, (48, 20)).transpose(0, 2, 1)
    dense = encode_pwms(pwms)  # 48 filters full of letters, more than any network of the study has
    for record in records:
        if record["filters"]:
            found = [name for name in ("best", "outcomes", "factors") if name in record["filters"]]
            lists = {name: record["filters"][name] * 8 for name in found}
            record["filters"] |= {"pwms": dense, "counts": [1] * 48, **lists}
    path = write_report(Results(records), tmp_path / "report.html")
    assert path.stat().st_size < 3_000_000
    left_out = [text for text in read(path).text if "Not shown here" in text]
    assert "task 2 C4-LSTM-Trans4" in left_out[0]


def test_outputs_lists_every_file(tmp_path):
    outputs = write_outputs(Results(make_study(("C4C6",))), tmp_path, formats=("svg",))
    figures = {path.relative_to(tmp_path).as_posix() for path in outputs.figures}
    assert figures == {
        "figures/figure2.svg",
        "figures/figure3.svg",
        "figures/claims-differences.svg",
        "figures/claims-correlation.svg",
        "figures/published.svg",
        *(f"figures/filters-task{t}-C4C6-{a}.svg" for t in (1, 2) for a in ("relu", "exponential")),
        "figures/saliency-C4C6.svg",
    }
    tables = [path.name for path in outputs.tables]
    assert tables == [
        *("task1.tsv", "effects-task1.tsv", "task2.tsv", "effects-task2.tsv"),
        *("second_stages.tsv", "claims.tsv", "published_comparison.tsv", "published_summary.tsv"),
    ]
    assert outputs.report == tmp_path / "report.html"
    on_disk = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert on_disk == {outputs.report, outputs.markdown, *outputs.figures, *outputs.tables}


def test_page_opens_with_filters_maps_and_two_sentences(page):
    text = " ".join(" ".join(page.text).split())
    opening = text[: text.index("Now your data.")]
    assert (
        "First-layer filters that found the same implanted motifs (C4C6, the best network of each by validation)"
        in opening
    )
    assert (
        "With the exponential activation 81% of first-layer filters match an implanted motif, with ReLU 41%" in opening
    )
    assert [opening.count(f" {name} ") for name in ("SP1", "Gabpa →", "← MAX")] == [
        1,
        2,
        2,
    ]  # filters; sites in both maps
    assert {"opening", "your-data"} <= set(page.ids)


def test_claims_wait_for_half_of_the_grid(page, tmp_path):
    assert "claims" not in page.ids
    half = list(dict.fromkeys(name for name, _ in published_results(1)))[:9]
    page = read(write_report(Results(make_study(half, n_members=2)), tmp_path / "half.html"))
    assert "claims" in page.ids
    text = " ".join(" ".join(page.text).split())
    assert re.search(r"Here \d+ of 12 statements are supported, \d+ not, \d+ undecided; 18 of 34 configurations", text)
    assert re.search(r"Filter TPR 1a C4C6 \+0\.400 \+0\.400 \d of \d \d+ of 12", text)
    assert re.search(r"Task 1, Exponential: \d+ of \d+ \(.*?%; 95% CI", text)
    assert "How much the draw" not in text


def test_page_tells_what_differs_from_the_published(page):
    text = " ".join(" ".join(page.text).split())
    assert "Saliency AUROC task 2 8 of 34" in text
    assert "means that could be tested differ at q ≤ 0.05" in text
    assert "Networks were not all trained by the study’s protocol" not in text


def test_page_says_that_networks_were_trained_less_than_the_study(tmp_path):
    records = make_study()
    for record in records:
        protocol = {**record["config"]["protocol"], "name": "QUICK"}
        record["config"] = {**record["config"], "protocol": protocol}
    text = " ".join(" ".join(read(write_report(Results(records), tmp_path / "report.html")).text).split())
    assert "not all trained by the study’s protocol, but by QUICK: means are then expected to differ" in text


def test_grids_of_other_architectures_have_no_claims(tmp_path):
    records = [make_record(1, "Mine", a, m, filters={"tpr": 0.1 * m}) for a in ("relu", "exponential") for m in (0, 1)]
    outputs = write_outputs(Results(records), tmp_path, formats=("svg",))
    assert [path.name for path in outputs.tables] == ["task1.tsv", "effects-task1.tsv", "second_stages.tsv"]
    page = read(outputs.report)
    assert not {"claims", "published"} & set(page.ids)
    assert {link[1:] for link in page.links} <= set(page.ids)


def drawn(seed):
    """C24 on another draw of the data, which lowers filter TPR by 0.1 for each seed."""
    records = make_study(("C24",))
    for record in records:
        record["config"] = {**record["config"], "data": {**record["config"]["data"], "data_seed": seed}}
        record["filters"] = {**record["filters"], "tpr": record["filters"]["tpr"] - 0.1 * seed}
    return records


def test_other_draws_of_the_data_are_shown(tmp_path):
    outputs = write_outputs(Results(drawn(0)), tmp_path, formats=(), draws=[Results(drawn(1)), Results(drawn(2))])
    text = " ".join(" ".join(read(outputs.report).text).split())
    # variance between draws: 0.01 of the means less a third of 0.0001 within
    assert "Filter TPR task 1 0.100 0.010 0.990 3 18" in text
    assert "Filter FPR task 1 0.000 0.010 0.000 3 18" in text
    assert (tmp_path / "tables" / "data_draw.tsv").exists()


def test_tables_hold_every_metric_and_follow_the_selection(tmp_path):
    write_outputs(Results(make_study(("C4C6",))), tmp_path, formats=(), select="all")
    lines = (tmp_path / "tables" / "effects-task2.tsv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 5
    rows = (tmp_path / "tables" / "task1.tsv").read_text(encoding="utf-8").splitlines()
    assert all("\tall\t" in row for row in rows[1:])


def test_unknown_selection_is_refused(tmp_path):
    with pytest.raises(ValueError, match="select must be one of valid, published, all, got 'best'"):
        write_report(Results(), tmp_path / "r.html", select="best")
    assert not (tmp_path / "r.html").exists()


def test_command_reads_other_draws_from_their_folders(tmp_path):
    for seed in (0, 1):
        (tmp_path / f"draw{seed}").mkdir()
        lines = [json.dumps(record) for record in drawn(seed) if record["task"] == 1]
        (tmp_path / f"draw{seed}" / "task1.jsonl").write_text("\n".join(lines))
    first, second, out = (str(tmp_path / name) for name in ("draw0", "draw1", "out"))
    arguments = ["study", "report", first, "--draw", second, "--select", "published", "--formats", "", "--out", out]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["n_records"] == 6
    text = " ".join(" ".join(read(tmp_path / "out" / "report.html").text).split())
    assert "Filter TPR task 1" in text
    assert f"motiflens study report {first} --select published --draw {second}" in text
    rows = (tmp_path / "out" / "tables" / "data_draw.tsv").read_text(encoding="utf-8").splitlines()
    assert any(row.startswith("1\tfilter_tpr\tC24\trelu\t2\t6\t") for row in rows)


def test_markdown_has_the_numbers_of_the_page(tmp_path):
    outputs = write_outputs(Results(make_study()), tmp_path, formats=(), command="motiflens study report x")
    text = outputs.markdown.read_text()
    assert "| 1a | Filter TPR | C4C6 | +0.400 | +0.400 | 4 of 12 | 12 | undecided |" in text
    assert "### Filter TPR, task 1" in text
    for header in (
        "## Claims",
        "## Exponential minus ReLU, second stage by second stage",
        "## Task 2",
        "## Provenance",
    ):
        assert header in text
    assert "Made by `motiflens study report x`." in text
    (row,) = [line for line in text.splitlines() if line.startswith("| C4-LSTM | Exponential | 1 of 3 | 1 |")]
    assert "±" not in row  # a single network has no SD


def test_markdown_tables_escape_bars():
    assert markdown_table(["a|b"], [["c"]]) == "| a\\|b |\n| --- |\n| c |"


def test_selection_as_published_comes_first_where_ten_initialisations_are_there(tmp_path):
    assert default_selection(Results(make_study(("C4C6",)))) == "valid"
    ten = make_study(("C4C6",), n_members=10)
    assert default_selection(Results(ten)) == "published"
    assert default_selection(Results(ten[1:])) == "valid"
    assert default_selection(Results()) == "valid"
    text = write_outputs(Results(ten), tmp_path, formats=()).markdown.read_text()
    assert "by test metric, as published" in text
    first = next(line for line in text.splitlines() if line.startswith("| Classification AUPR | 1 |"))
    assert "best by test score, as published" in first
