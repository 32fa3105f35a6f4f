"""The layout reads from top to bottom: a module imports only from those above it."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "motiflens"

ORDER = [
    *("sequence", "shuffle", "metrics", "_distributions", "stats", "_means", "store", "locks", "runners", "ray_runner"),
    *("_files", "_motif_text", "motifs", "_complete_scores", "tomtom"),
    *("truth", "pairs", "splits", "dataset", "io", "negatives", "_leaks", "data_summary", "baselines", "performance"),
    "simulate",
    *("kernels", "models", "predict", "any_model", "attribute"),
    *("protocol", "suitability", "training", "ensemble", "ensemble_folder", "fit_summary", "predictions"),
    *("filters", "similarity", "decoys", "ablation", "filter_audit", "scoring"),
    *("_filter_pwms", "_audited", "spike_in", "stability", "interactions", "audit", "audit_files"),
    *("records", "machines", "selection", "study", "interaction_study"),
    *("logo", "effects", "filter_numbers", "variance", "claims", "measured_effects", "published"),
    *("tables", "figures", "galleries", "report", "advice", "audit_report"),
    "cli",
]
#: The same inside packages; `__init__.py` stands below all of these.
INSIDE = {
    "models": [
        *("products", "layers", "positions", "sizes", "config", "initialise", "shared_first_layer"),
        *("stem", "attention", "head", "hybrid", "side_by_side", "masks", "stacked_parameters", "stacked", "registry"),
    ],
    "any_model": ["_first_layer", "_output", "_adapted", "_adapt", "_source"],
    "training": ["losses", "schedule", "member", "allocator", "loop_engine", "stacked_engine", "stack"],
    "filters": ["_factors", "_alignment", "_filters"],
    "spike_in": ["_candidates", "_implants", "_responses", "_scores", "_result", "_spike_in"],
    "stability": ["_filter_agreement", "_stability"],
    "study": ["trial", "grid", "time_left", "jobs", "run", "display"],
    "interaction_study": ["conditions", "trial", "scores", "run"],
    "claims": ["measures", "_claims"],
    "report": ["sections", "claim_figures", "claim_sections", "interaction_report", "interaction_page", "page"],
    "advice": ["designs", "_rule", "_words", "_members", "_advise"],
}
MODULES = [(package, module) for package, modules in INSIDE.items() for module in modules]


def imported(path):
    """What a file imports of ours, as paths below the package that end in the name imported."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "motiflens":
            if node.module == "motiflens":
                yield from ([alias.name] for alias in node.names)
            else:
                yield from ([*node.module.split(".")[1:], alias.name] for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1:] for alias in node.names if alias.name.startswith("motiflens."))


def top_level_modules():
    files = {path.stem: [path] for path in SOURCE.glob("*.py") if path.stem != "__init__"}
    folders = {path.name: sorted(path.glob("*.py")) for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    return files | folders


def test_every_module_has_its_place():
    assert sorted(top_level_modules()) == sorted(ORDER)
    for package, modules in INSIDE.items():
        assert sorted(path.stem for path in (SOURCE / package).glob("*.py")) == sorted([*modules, "__init__"])


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_from_above(module):
    allowed = {*ORDER[: ORDER.index(module)], module, "__version__"}
    for path in top_level_modules()[module]:
        for name, *_ in imported(path):
            assert name in allowed, f"{path.name} imports {name}, which stands below it"


@pytest.mark.parametrize(("package", "module"), MODULES)
def test_a_module_of_a_package_imports_only_from_above(package, module):
    above = INSIDE[package][: INSIDE[package].index(module)]
    for name, *rest in imported(SOURCE / package / f"{module}.py"):
        if name == package:
            assert rest[0] in above, f"{module}.py imports {rest[0]}, which is no file above it"


def test_models_import_nothing_of_ours_outside_but_kernels():
    for path in (SOURCE / "models").glob("*.py"):
        assert {name for name, *_ in imported(path)} <= {"models", "kernels"}


def test_simulators_never_see_a_model():
    for path in (SOURCE / "simulate").glob("*.py"):
        assert not {name for name, *_ in imported(path)} & {"models", "predict", "engine", "ensemble"}


def test_no_function_hides_the_module_of_its_name():
    import motiflens.tomtom

    assert hasattr(motiflens.tomtom, "tomtom")
    names = {name for name, *_ in imported(SOURCE / "__init__.py")}
    assert not names & set(ORDER)
