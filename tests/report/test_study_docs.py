"""What docs say of the study is made from the committed records."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_study_is_the_report():
    page = (ROOT / "docs" / "results" / "study.md").read_text(encoding="utf-8")
    made = runpy.run_path(str(ROOT / "scripts" / "make_study_page.py"))["study_page"]()
    assert page == made, "run python scripts/make_study_page.py"


def test_the_report_is_that_of_the_committed_records():
    report = (ROOT / "results" / "paper" / "report.md").read_text(encoding="utf-8")
    for task in (1, 2):
        lines = (ROOT / "results" / "paper" / f"task{task}.jsonl").read_text(encoding="utf-8").splitlines()
        assert f"| Task {task}: networks | {len(lines)} |" in report, "run motiflens study report results/paper"


def test_the_page_of_interactions_is_made_from_the_committed_records():
    page = (ROOT / "docs" / "results" / "interactions.md").read_text(encoding="utf-8")
    made = runpy.run_path(str(ROOT / "scripts" / "make_interactions_page.py"))["page"]()
    assert page == made, "run python scripts/make_interactions_page.py"


def test_the_table_of_speed_is_made_from_the_committed_races():
    made = runpy.run_path(str(ROOT / "scripts" / "make_speed_page.py"))["page"]()
    assert (ROOT / "docs" / "results" / "speed.md").read_text(encoding="utf-8") == made, (
        "run python scripts/make_speed_page.py"
    )


def test_the_effects_behind_advice_are_of_all_committed_records():
    n = sum(
        len((ROOT / "results" / "paper" / f"task{task}.jsonl").read_text(encoding="utf-8").splitlines())
        for task in (1, 2)
    )
    effects = (ROOT / "src" / "motiflens" / "resources" / "measured_effects.tsv").read_text(encoding="utf-8")
    assert effects.startswith(f"# results/paper: {n} networks,"), (
        "run motiflens study effects results/paper --filters results/filters "
        "-o src/motiflens/resources/measured_effects.tsv"
    )
