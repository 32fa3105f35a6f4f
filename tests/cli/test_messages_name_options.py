"""No message that the shell shows names an argument of Python.

Every sentence of the library is read, wherever it stands: words that are arguments of its functions must be options of
the shell, which `cli.errors.with_options` writes as such, or the sentence must be one that no command can show.
"""

import ast
import re
from pathlib import Path

import pytest

import motiflens
from motiflens.cli import app
from motiflens.cli.errors import in_shell, options_of, with_options

ROOT = Path(motiflens.__file__).parent
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in ROOT.rglob("*.py")}
WORD = re.compile(r"(?<![\w./'\"{-])[a-z]+(?:_[a-z]+)+(?![\w/'\"-]|\.\w|\()")
ASSIGNED = re.compile(r"(?<![\w.{-])[a-z_]+=(?=[\w'\"\[(]|$)")

#: Arguments that no command lets one give: what is said of them cannot be seen in the shell. By file.
OF_PYTHON = {
    "training/protocol.py": {
        *("batch_size", "early_stop_patience", "learning_rate", "decay_factor", "min_learning_rate"),
        "attention_entropy_weight",
    },
    "report/galleries.py": {"n_columns"},
    "models/outputs.py": {"batch_size"},
    "data/negatives.py": {"bin_width"},
    "data/simulate/signed.py": {"pair_logit"},
    "interpret/attribution/against_truth.py": {"ground_truth", "info_threshold", "top_k"},
    "interpret/attribution/gradient.py": {"batch_size"},
    "interpret/spike_in/spike_in.py": {"min_response", "n_sites"},
    "interpret/interactions/settings.py": {"n_null_backgrounds", "min_effect"},
    "study/advice/advise.py": {"half_widths"},
    "basics/plots/sequence_logo.py": {"start=", "stop="},
    "motifs/motif.py": {"width=", "n_sites="},  # how a motif looks in a notebook
}
#: Fields of a configuration, which `motiflens compare` takes as FIELD=VALUE under these names.
FIELDS = {"lstm_width", "attention_width", "n_heads", "positional_encoding", "positional_encoding=", "n_filters="} | {
    *("first_pool", "first_pool=", "second_pool", "second_pool="),
}
#: Numbers in the shape of an array, and code of the user's own.
SHAPES_AND_CODE = {"n_outputs", "n_sites", "training=", "use_reentrant=", "index=", "label="}


def commands(command):
    yield command
    for one in getattr(command, "commands", {}).values():
        yield from commands(one)


OPTIONS = {param.name for command in commands(app) for param in command.params}


def arguments():
    """Names of all arguments of functions and all fields of classes."""
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield from (one.arg for one in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])
            elif isinstance(node, ast.ClassDef):
                yield from (one.target.id for one in node.body if isinstance(one, ast.AnnAssign))


ARGUMENTS = set(arguments())


def not_said(tree):
    """What is no message: docstrings, and what an `ArgumentError` says in Python, which has its twin for the shell."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr):
            yield node.body[0].value
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ArgumentError":
            pairs = [one.value for one in node.keywords if isinstance(one.value, ast.Tuple)]
            yield from (part for pair in pairs for part in ast.walk(pair.elts[0]))
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "smaller":
            yield from ast.walk(node.value)  # of such an error, too long for its line


def sentences(tree):
    left_out = {id(node) for node in not_said(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in left_out:
            continue
        if len(node.value.split()) >= 2 and "<" not in node.value and '="' not in node.value.replace(': output="', ""):
            yield node.lineno, in_shell(node.value)


@pytest.mark.parametrize("file", sorted(TREES))
def test_sentences_name_options_alone(file):
    allowed = OPTIONS | FIELDS | SHAPES_AND_CODE | OF_PYTHON.get(file, set())
    found = [
        (line, word, text)
        for line, text in sentences(TREES[file])
        for word in [*(one for one in WORD.findall(text) if one in ARGUMENTS), *ASSIGNED.findall(text)]
        if word not in allowed
    ]
    assert not found


def test_the_scan_sees_what_it_must():
    tree = ast.parse("raise InputError(f'give fewer: raise n_points, or objective=\\'regression\\' {x}')")
    (found,) = (text for _, text in sentences(tree))
    assert WORD.findall(found) == ["n_points"]
    assert ASSIGNED.findall(found) == ["objective="]
    assert "n_points" in ARGUMENTS


def test_what_is_allowed_is_said():
    """An exception that nothing needs any more is taken off the list."""
    for file, words in OF_PYTHON.items():
        text = " ".join(sentence for _, sentence in sentences(TREES[file]))
        assert words == {word for word in words if word in text}, file


def test_advice_with_an_argument_and_its_option_shows_the_option():
    assert in_shell("raise n_null (--n-null), or give more") == "raise --n-null, or give more"
    assert in_shell("Train longer: raise max_epochs (--max-epochs).") == "Train longer: raise --max-epochs."
    assert in_shell("a share (see --help me)") == "a share (see --help me)"
    options = options_of(app, ["interactions", "net.py:build", "data.h5"])
    assert with_options("n_null must be 2 or more", options) == "--n-null must be 2 or more"
