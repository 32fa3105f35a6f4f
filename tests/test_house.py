"""The house: nine wings, each of which imports only from those above it, and one answer to each question."""

import ast
import subprocess
import sys
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import pytest

import motiflens

SOURCE = Path(__file__).parents[1] / "src" / "motiflens"
#: The wings from top to bottom. The command line stands below all of them.
ORDER = [*motiflens.WINGS, "cli"]
#: What a wing may import beyond the rule that it imports downwards: wings it never sees although they stand above it.
FORBIDDEN = {
    "motifs": {"models"},
    "models": {"motifs", "data"},
    "interpret": {"data", "training"},
}


def module_of(path):
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in sorted(SOURCE.rglob("*.py"))}
SUBPACKAGES = {module for module, path in FILES.items() if path.name == "__init__.py" and module.count(".") == 2}


def wing_of(module):
    return module.split(".")[1] if "." in module else ""


def imports_of(path):
    """(module, name) of every import of ours in a file; name is None for a module imported whole."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "motiflens":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (
                    (whole, None)
                    if whole in FILES and not _defines(node.module, alias.name)
                    else (node.module, alias.name)
                )
        elif isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names if alias.name.startswith("motiflens"))


def _defines(module, name):
    """Whether a package binds a name itself, as `interactions` in the package of that name."""
    return any(
        isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names)
        for node in ast.parse(FILES[module].read_text(encoding="utf-8")).body
    )


def public_definitions(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def test_every_folder_is_a_wing():
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == {*ORDER, "resources"}
    assert {path.name for path in SOURCE.glob("*.py")} == {"__init__.py"}


@pytest.mark.parametrize("wing", ORDER)
def test_a_wing_imports_only_from_above(wing):
    allowed = {*ORDER[: ORDER.index(wing) + 1], ""} - FORBIDDEN.get(wing, set())
    for module, path in FILES.items():
        if wing_of(module) == wing:
            for name, _ in imports_of(path):
                assert wing_of(name) in allowed, f"{module} imports {name}"


def test_there_is_no_circle():
    arrows = {module: {name for name, _ in imports_of(path)} - {module} for module, path in FILES.items()}
    done, open_ = set(), []

    def visit(module):
        if module in open_:
            raise AssertionError("a circle of imports: " + " -> ".join([*open_[open_.index(module) :], module]))
        if module in done or module not in arrows:
            return
        open_.append(module)
        for name in sorted(arrows[module]):
            visit(name)
        done.add(open_.pop())

    for module in arrows:
        visit(module)


def test_other_wings_use_what_a_sub_package_exports():
    for module, path in FILES.items():
        for name, what in imports_of(path):
            package = ".".join(name.split(".")[:3])
            if package in SUBPACKAGES and wing_of(package) != wing_of(module):
                assert name == package, f"{module} imports {name}: import from {package}"
                assert what is None or what in import_module(package).__all__, (
                    f"{package} does not export {what}, which {module} uses"
                )


def test_a_wing_is_a_docstring_and_lazy_names():
    for wing in motiflens.WINGS:
        body = ast.parse(FILES[f"motiflens.{wing}"].read_text(encoding="utf-8")).body
        kinds = [type(node) for node in body]
        assert kinds == [ast.Expr, ast.ImportFrom, ast.Assign, ast.Assign], wing
        folder = SOURCE / wing
        held = {path.stem for path in folder.glob("*.py")} - {"__init__"}
        held |= {path.parent.name for path in folder.glob("*/__init__.py")}
        assert sorted(held) == sorted(import_module(f"motiflens.{wing}").__all__)


def test_no_file_begins_with_an_underscore():
    assert not [path for path in SOURCE.rglob("_*.py") if path.name != "__init__.py"]


def test_no_public_name_is_defined_twice():
    places = defaultdict(set)
    for module, path in FILES.items():
        if wing_of(module) != "cli":
            for name in public_definitions(path):
                if not name.startswith("_"):
                    places[name].add(module)
    assert {name: sorted(modules) for name, modules in places.items() if len(modules) > 1} == {}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import motiflens.report.study", ("torch",)),
        ("import motiflens.cli", ("torch", "numpy", "matplotlib", "h5py")),
        ("import motiflens; dir(motiflens)", ("torch", "numpy")),
    ],
)
def test_what_is_not_needed_is_not_imported(statement, absent):
    code = f"import sys; {statement}; print([name for name in {absent!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_tests_stand_in_the_wing_of_what_they_test():
    folders = {path.name for path in Path(__file__).parent.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ORDER)


def test_bad_input_is_told_by_the_error_that_the_command_line_knows():
    plain = {"ValueError", "FileNotFoundError", "ImportError"}  # InputError, MissingFileError, MissingPackageError
    for module, path in FILES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
                assert node.exc.func.id not in plain, f"{module}:{node.lineno}: raise an error of basics.errors"


def test_names_of_test_files_are_unique():
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert len(names) == len(set(names))
