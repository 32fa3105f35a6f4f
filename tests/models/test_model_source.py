import sys
from pathlib import Path

import pytest
import torch
from any_models import make
from safetensors.torch import save_file
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.models.any_model import LeftOverWarning, adapt, load_model
from motiflens.models.hybrid import HybridNetwork, build_model

CODE = """
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Sizes:
    filters: "int" = 3


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, Sizes().filters, 5)

    def forward(self, x):
        return self.conv(x).amax(2)


def build():
    return Net().train()


def needs(width):
    return Net()


ready, number, words = Net(), 3, lambda: "no model"
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "toy_networks.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["build", "Net", "ready"])
def test_a_function_a_class_or_a_model_will_do(place, name):
    for source in (f"toy_networks:{name}", f"{place / 'toy_networks.py'}:{name}"):
        model = load_model(source)
        assert type(model).__name__ == "Net"
        assert not model.training


@pytest.mark.parametrize("wrap", ["plain", "state_dict", "prefix", "safetensors"])
def test_weights_come_from_common_files(place, wrap):
    state = {name: torch.full_like(value, 0.5) for name, value in load_model("toy_networks:Net").state_dict().items()}
    path = place / "weights.pt"
    if wrap == "safetensors":
        path = path.with_suffix(".safetensors")
        save_file(state, path)
    elif wrap == "prefix":
        torch.save({"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}}, path)
    else:
        torch.save({"state_dict": state} if wrap == "state_dict" else state, path)
    model = load_model("toy_networks:build", weights=path)
    assert all(bool((value == 0.5).all()) for value in model.state_dict().values())


def test_a_folder_is_one_of_our_networks(tmp_path):
    network = build_model("C24", task=2)
    network.save(tmp_path / "ensemble" / "member_000")
    model = load_model(tmp_path / "ensemble" / "member_000")
    assert isinstance(model, HybridNetwork)
    with pytest.raises(ValueError, match=r"holds 1 networks: name one of them, such as .*member_000"):
        load_model(tmp_path / "ensemble")
    with pytest.raises(ValueError, match=r"holds its own weights: leave out w\.pt"):
        load_model(tmp_path / "ensemble" / "member_000", weights="w.pt")
    with pytest.raises(FileNotFoundError, match=r"expected config\.json"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("somewhere", ValueError, "folder of a saved network, module:function or"),
        ("toy_netwroks:build", ValueError, "cannot import 'toy_netwroks'.*path of a .py file"),
        ("missing/file.py:build", FileNotFoundError, "no file missing/file.py"),
        ("toy_networks:biuld", ValueError, "has no 'biuld'; close: build"),
        ("toy_networks:needs", ValueError, "without arguments: .*'width'"),
        ("toy_networks:number", ValueError, r"an nn\.Module, got int"),
        ("toy_networks:words", ValueError, r"an nn\.Module, got str"),
    ],
)
def test_what_makes_no_model_is_refused(place, source, kind, message):
    with pytest.raises(kind, match=message):
        load_model(source)


@pytest.mark.parametrize(
    "content", [b"hello", b"a,b\n1,2\n", b"", bytes(range(256)), b"\x80\x02garbage", b"PK\x03\x04cut"]
)
@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_a_file_that_holds_no_weights_is_one_line(place, content, name):
    (place / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"cannot read .*{name} .*expected a state dictionary"):
        load_model("toy_networks:build", weights=place / name)


def test_text_given_as_weights_is_named(place):
    for name, content, words in (("w.pt", b"hello", "it is text"), ("w.safetensors", b"", "it is empty")):
        (place / name).write_bytes(content)
        with pytest.raises(InputError, match=rf"cannot read .*{name} \({words}\); expected a state dictionary"):
            load_model("toy_networks:build", weights=place / name)


@pytest.mark.parametrize("source", [":build", "toy_networks:", "toy_networks.py:", ":"])
def test_a_place_or_a_name_that_is_left_out(place, source):
    with pytest.raises(InputError, match="expected the folder of a saved network, module:function or"):
        load_model(source)


def test_errors_of_a_users_code_have_its_file_and_line(place):
    (place / "net.py").write_text(
        "from torch import nn, zeros\n\n\ndef build():\n    return nn.Linear(2, 2)(zeros(3, 5))\n\n\n"
        "class Net(nn.Conv1d):\n    def __init__(self):\n        super().__init__(4, 3, 5)\n\n"
        "    def forward(self, x):\n        return super().forward(x)[{}['key']]\n"
    )
    with pytest.raises(InputError, match=r"build failed: RuntimeError: mat1 .*\(net\.py, line 5\)$"):
        load_model(place / "net.py:build")
    with pytest.raises(ValueError, match=r"N4L: 'key' \(net\.py, line 13\); NL4"):
        adapt(load_model(place / "net.py:Net"), 50)
    (place / "no.py").write_text("def build(:\n")
    with pytest.raises(InputError, match=r"no\.py failed: SyntaxError: invalid syntax \(no\.py, line 1\)$"):
        load_model(place / "no.py:build")


def test_weights_that_do_not_fit_are_refused(place):
    path = place / "weights.pt"
    with pytest.raises(FileNotFoundError, match="no file of weights"):
        load_model("toy_networks:build", weights=path)
    torch.save(make("plain").state_dict(), path)
    with pytest.raises(ValueError, match=r"does not hold the weights of this Net: .*Missing key"):
        load_model("toy_networks:build", weights=path)
    torch.save([1, 2], path)
    with pytest.raises(ValueError, match="holds list; expected a state dictionary"):
        load_model("toy_networks:build", weights=path)
    torch.save(nn.Linear(2, 2), path)
    with pytest.raises(ValueError, match=r"cannot read .*expected a state dictionary: write it with"):
        load_model("toy_networks:build", weights=path)
    for broken in (path, path.with_suffix(".safetensors")):
        broken.write_bytes(b"not weights at all")
        with pytest.raises(ValueError, match="cannot read"):
            load_model("toy_networks:build", weights=broken)


def halves(name="toy_networks:Net"):
    return {key: torch.full_like(value, 0.5) for key, value in load_model(name).state_dict().items()}


@pytest.mark.parametrize("prefix", ["net.", "_orig_mod.module.", "module._orig_mod.", "model.module.", "a.b.c."])
def test_weights_are_found_under_any_prefix(place, prefix):
    path = place / "weights.ckpt"
    torch.save({"epoch": 1, "state_dict": {prefix + name: value for name, value in halves().items()}}, path)
    model = load_model("toy_networks:build", weights=path)
    assert all(bool((value == 0.5).all()) for value in model.state_dict().values())


class Hyperparameters(dict):
    """Such as Lightning keeps beside the weights."""


class Sizes:
    def __init__(self, width):
        self.width = width


@pytest.mark.parametrize("more", [{"hyper_parameters": Hyperparameters(lr=1)}, {"args": Sizes(3)}, {}])
def test_a_checkpoint_of_lightning_is_read_and_what_is_left_over_is_told(place, more):
    path = place / "last.ckpt"
    state = {f"model.{name}": value for name, value in halves().items()}
    state |= {"loss.pos_weight": torch.ones(1), "model_ema.n_averaged": torch.ones(1)}
    torch.save({"state_dict": state, "optimizer_states": [{"state": {0: {"step": torch.ones(1)}}}], **more}, path)
    told = r"under the prefix 'model\.'; other content was ignored: loss\.pos_weight, model_ema\.n_averaged"
    with pytest.warns(LeftOverWarning, match=told):
        model = load_model("toy_networks:build", weights=path)
    assert all(bool((value == 0.5).all()) for value in model.state_dict().values())


def test_an_averaged_model_and_a_compiled_part_are_read(place):
    model = load_model("toy_networks:build")
    averaged = torch.optim.swa_utils.AveragedModel(model)
    path = place / "average.pt"
    torch.save(averaged.state_dict(), path)
    with pytest.warns(LeftOverWarning, match="ignored: n_averaged"):
        load_model("toy_networks:build", weights=path)
    inside = {name.replace("conv.", "conv._orig_mod."): value for name, value in halves().items()}
    torch.save(inside, path)
    assert bool((load_model("toy_networks:build", weights=path).conv.weight == 0.5).all())


def test_of_several_complete_sets_the_first_that_fits_is_taken_and_the_others_are_told(place):
    path = place / "weights.pt"
    for first, second in (("encoder.", "decoder."), ("model.", "ema.")):
        state = {first + name: value for name, value in halves().items()}
        torch.save({**state, **{second + name: value * 3 for name, value in halves().items()}}, path)
        with pytest.warns(LeftOverWarning, match=rf"prefix '{first}'; .*complete under '{second}', too"):
            model = load_model("toy_networks:build", weights=path)
        assert bool((model.conv.weight == 0.5).all())
    wider = {f"teacher.{name}": torch.ones(7, *value.shape[1:]) for name, value in halves().items()}
    torch.save({**wider, **{f"student.{name}": value for name, value in halves().items()}}, path)
    with pytest.warns(LeftOverWarning, match=r"prefix 'student\.'"):
        load_model("toy_networks:build", weights=path)


def test_a_parallel_model_takes_the_weights_of_the_plain_one(place):
    (place / "parallel.py").write_text(
        "from torch import nn\nfrom toy_networks import Net\n\n\ndef build():\n    return nn.DataParallel(Net())\n"
    )
    path = place / "weights.pt"
    for prefix in ("", "module."):
        torch.save({prefix + name: value for name, value in halves().items()}, path)
        model = load_model(f"{place / 'parallel.py'}:build", weights=path)
        assert bool((model.module.conv.weight == 0.5).all())


def test_a_part_of_the_weights_is_not_enough(place):
    path = place / "weights.pt"
    torch.save({"state_dict": {"net.conv.weight": torch.ones(3, 4, 5), "head.bias": torch.ones(1)}}, path)
    with pytest.raises(ValueError, match=r"does not hold the weights of this Net: .*Missing key.*conv\.bias"):
        load_model("toy_networks:build", weights=path)


def test_a_file_may_import_what_lies_beside_it(tmp_path):
    """Two models, each with a file `layers.py` of its own."""
    for name, width in (("one", 3), ("two", 7)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "layers.py").write_text(f"WIDTH = {width}\n")
        (folder / "net.py").write_text(
            "from torch import nn\nfrom layers import WIDTH\n\n\ndef build():\n    return nn.Conv1d(4, 2, WIDTH)\n"
        )
    models = [load_model(f"{tmp_path / name / 'net.py'}:build") for name in ("one", "two", "one")]
    assert [model.kernel_size for model in models] == [(3,), (7,), (3,)]
    assert str(tmp_path / "one") not in sys.path


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import layers_that_are_not_there\n", r"net\.py failed: ModuleNotFoundError.*net\.py, line 1"),
        ("def build():\n    return 1 / 0\n", r"build failed: ZeroDivisionError.*net\.py, line 2"),
        (
            "from torch import nn\n\n\ndef build():\n    return nn.Linear(2, 2).cuda()\n",
            r"build failed: .*There is no GPU here: have it take one only if torch\.cuda\.is_available",
        ),
    ],
)
@pytest.mark.skipif(torch.cuda.is_available(), reason="one of the cases needs a machine without a GPU")
def test_what_goes_wrong_in_a_file_is_one_line(tmp_path, code, message):
    (tmp_path / "net.py").write_text(code)
    with pytest.raises(InputError, match=message) as caught:
        load_model(f"{tmp_path / 'net.py'}:build")
    assert "\n" not in str(caught.value)


class Harmful:
    def __reduce__(self):
        return (Path.touch, (Path("harm"),))


def test_a_file_of_weights_runs_no_code(place, monkeypatch):
    monkeypatch.chdir(place)
    torch.save({"state_dict": halves(), "callbacks": [Harmful()], "sizes": Sizes(3)}, place / "w.ckpt")
    model = load_model("toy_networks:build", weights=place / "w.ckpt")
    assert bool((model.conv.weight == 0.5).all())
    assert not (place / "harm").exists()
