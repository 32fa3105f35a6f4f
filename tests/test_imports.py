"""The layout reads from top to bottom: a module imports only from those above it."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "motiflens"

ORDER = [
    *("sequence", "shuffle", "metrics", "_distributions", "stats", "_means", "store", "locks", "runners", "ray_runner"),
    *("_motif_text", "motifs", "_complete_scores", "tomtom"),
    *("truth", "pairs", "splits", "dataset", "io", "negatives", "_leaks", "data_summary", "baselines", "performance"),
    "simulate",
    *(
        "kernels",
        "models",
        "predict",
        "_first_layer",
        "_model_output",
        "_adapted_model",
        "any_model",
        "model_source",
        "attribute",
        "protocol",
        "losses",
        "suitability",
        "schedule",
        "member",
        "allocator",
        "engine",
        "stacked_engine",
        "training",
        "ensemble",
        "ensemble_folder",
        "fit_summary",
        "predictions",
    ),
    *(
        "_factors",
        "_alignment",
        "filters",
        "similarity",
        "decoys",
        "ablation",
        "filter_audit",
        "scoring",
        "_filter_pwms",
        "candidates",
        "_audited",
        "_implants",
        "_responses",
        "_spike_in_scores",
        "_spike_in_result",
        "spike_in",
        "filter_agreement",
        "stability",
        "interactions",
        "audit",
        "audit_files",
    ),
    *("records", "machines", "selection", "trial", "grid", "time_left", "study_jobs", "study", "display"),
    *("interaction_conditions", "interaction_trial", "interaction_scores", "interaction_study"),
    *(
        "logo",
        "effects",
        "filter_numbers",
        "variance",
        "claim_measures",
        "measured_effects",
        "claims",
        "published",
        "tables",
        "figures",
        "claim_figures",
        "galleries",
        "report_sections",
        "interaction_report",
        "interaction_page",
        "claim_sections",
        "report",
        "designs",
        "_advice_rule",
        "_advice_words",
        "_member_advice",
        "advice",
        "audit_report",
    ),
    "cli",
]
MODELS = [
    *("products", "layers", "positions", "sizes", "config", "initialise", "shared_first_layer"),
    *("stem", "attention", "head", "hybrid", "side_by_side", "masks", "stacked_parameters", "stacked", "registry"),
]


def imported(path):
    """Names of our modules that a file imports, as paths below the package."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "motiflens":
            if node.module == "motiflens":
                yield from ([alias.name] for alias in node.names)
            else:
                yield node.module.split(".")[1:]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1:] for alias in node.names if alias.name.startswith("motiflens."))


def top_level_modules():
    files = {path.stem: [path] for path in SOURCE.glob("*.py") if path.stem != "__init__"}
    folders = {path.name: sorted(path.glob("*.py")) for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    return files | folders


def test_every_module_has_its_place():
    assert sorted(top_level_modules()) == sorted(ORDER)
    assert sorted(path.stem for path in (SOURCE / "models").glob("*.py")) == sorted([*MODELS, "__init__"])


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_from_above(module):
    allowed = {*ORDER[: ORDER.index(module)], module, "__version__"}
    for path in top_level_modules()[module]:
        for name, *_ in imported(path):
            assert name in allowed, f"{path.name} imports {name}, which stands below it"


@pytest.mark.parametrize("module", MODELS)
def test_models_import_only_from_above_and_nothing_of_ours_outside_but_kernels(module):
    for name, *rest in imported(SOURCE / "models" / f"{module}.py"):
        if name == "kernels":
            continue
        assert name == "models"
        assert rest
        assert rest[0] in MODELS[: MODELS.index(module)]


def test_simulators_never_see_a_model():
    for path in (SOURCE / "simulate").glob("*.py"):
        assert not {name for name, *_ in imported(path)} & {"models", "predict", "engine", "ensemble"}


def test_no_function_hides_the_module_of_its_name():
    import motiflens.tomtom

    assert hasattr(motiflens.tomtom, "tomtom")
    names = {name for name, *_ in imported(SOURCE / "__init__.py")}
    assert not names & set(ORDER)
