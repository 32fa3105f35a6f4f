"""What is told of the functions that others may use: arguments by name, results, errors, and shapes of arrays."""

import ast
import importlib
import inspect
import re

import pytest
import test_house

import motiflens as ml

#: PyTorch's own signatures, and functions whose one sentence says what goes in; no analysis of a user's calls these.
TOLD_IN_A_SENTENCE = {
    "multi_head_attention_forward", "scaled_dot_product_attention", "activate", "ensemble_scores", "networks_of",
    "other_places", "write_outputs",
}  # fmt: skip


def exported_functions():
    """Functions that sub-packages list in `__all__`, by name."""
    found = {}
    for package in sorted(test_house.SUBPACKAGES):
        if test_house.wing_of(package) != "cli":
            module = importlib.import_module(package)
            for name in module.__all__:
                if name not in TOLD_IN_A_SENTENCE and inspect.isfunction(value := getattr(module, name)):
                    found[f"{package}.{name}"] = value
    return found


def untold(function):
    """Arguments that the docstring does not name, neither in its list nor in a sentence."""
    doc = inspect.getdoc(function) or ""
    names = [name for name in inspect.signature(function).parameters if name not in ("args", "kwargs")]
    return [name for name in names if not re.search(rf"\b{name}\b", doc)]


@pytest.mark.parametrize("name", ml.VERBS)
def test_a_verb_tells_its_arguments_its_result_and_its_errors(name):
    verb = getattr(ml, name)
    doc = inspect.getdoc(verb)
    listed = re.split(r"\n\w+\n-{4,}\n", doc.split("Parameters\n----------\n")[1])[0]
    for parameter in inspect.signature(verb).parameters:
        assert re.search(rf"^(\*\*)?([\w, ]+, )?{parameter}\b", listed, re.M), parameter
    sections = ["Raises", "Examples"] if name == "write_hdf5" else ["Returns", "Raises", "Examples"]
    for section in sections:
        assert f"\n{section}\n{'-' * len(section)}\n" in doc, section


def test_long_lists_of_arguments_are_told():
    functions = exported_functions()
    assert len(functions) > 150
    silent = {name: names for name, one in functions.items() if len(names := untold(one)) > 2}
    assert silent == {}


#: A shape: said so, or axes in brackets, such as (N, 4, L), (n_filters,) or (..., L).
SHAPE = re.compile(
    r"\bshapes?\b|\((?:\.\.\.|\w[\w +*/-]*)(?:, [\w +*/-]+|, \.\.\.)*,\)|\((?:\.\.\.|\w[\w +*/-]*)(?:, [\w +*/-]+)+\)"
)
TOLD = re.compile(SHAPE.pattern + r"|\bAs (for|from)\b|\bas `")
HELD = re.compile(r"\b(ndarray|Tensor|ArrayT?)\b")


def array_functions():
    """(where, function) of functions and methods with public names that take or return arrays, outside cli."""
    for module, path in test_house.FILES.items():
        if test_house.wing_of(module) != "cli":
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                is_class = isinstance(node, ast.ClassDef) and not node.name.startswith("_")
                for one in node.body if is_class else [node]:
                    if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
                        yield f"{module}.{node.name}.{one.name}" if is_class else f"{module}.{one.name}", one


def shapeless(function):
    """Arrays among arguments and results whose shape the docstring does not tell, in its lists or in its sentences."""
    doc = ast.get_docstring(function) or ""
    told, *sections = re.split(r"\n(?=\w+\n-{4,}\n)", doc)
    entries = {
        name: entry
        for section in sections
        for entry in re.split(r"\n(?=\S)", section)
        for name in entry.partition(" : ")[0].split(", ")
    }
    arguments = [*function.args.args, *function.args.kwonlyargs]
    arrays = [one.arg for one in arguments if one.annotation and HELD.search(ast.unparse(one.annotation))]
    found = [name for name in arrays if not TOLD.search(entries.get(name, told))]
    returns = next((section for section in sections if section.startswith(("Returns", "Yields"))), told)
    if function.returns and HELD.search(ast.unparse(function.returns)) and not TOLD.search(f"{returns}\n{told}"):
        found.append("the result")
    return found


def test_functions_of_arrays_tell_shapes():
    functions = dict(array_functions())
    assert len(functions) > 1000
    assert {name: missing for name, one in functions.items() if (missing := shapeless(one))} == {}
