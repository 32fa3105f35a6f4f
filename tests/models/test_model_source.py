import pytest
import torch
from any_models import make
from safetensors.torch import save_file
from torch import nn

from motiflens.models.any_model import load_model
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
