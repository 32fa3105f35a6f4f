"""The compiled kernels against the modules that they stand in for."""

import os
import shutil
import stat
import subprocess
import sys

import numpy as np
import pytest
import torch

from motiflens.basics import compiled as compiled_code
from motiflens.cli.messages import note_slow_training
from motiflens.models import kernels
from motiflens.models.hybrid import BiLSTM, MultiHeadAttention, build_model, model_config, with_kernels
from motiflens.models.hybrid.attention import EncoderLayer
from motiflens.models.kernels import describe_kernels, has_kernels, library

needs_compiler = pytest.mark.skipif(not has_kernels(torch.zeros(1)), reason=f"no kernels: {describe_kernels()}")
TYPES = [(torch.float64, 1e-11), (torch.float32, 2e-5)]
LSTM_NAMES = [f"{name}_l0{way}" for way in ("", "_reverse") for name in ("weight_ih", "weight_hh", "bias_ih")]


def values_and_gradients(function, x, weights):
    """Output, and gradients of a fixed weighted sum of it with respect to x and the weights."""
    inputs = [tensor.detach().clone().requires_grad_() for tensor in (x, *weights)]
    output = function(*inputs)
    direction = torch.randn(output.shape, generator=torch.Generator().manual_seed(1)).to(x.dtype)
    return [output.detach(), *torch.autograd.grad((output * direction).sum(), inputs)]


def assert_same(found, expected, tolerance):
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * b.abs().max().item())


@needs_compiler
@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
@pytest.mark.parametrize(("n", "steps", "inputs", "hidden"), [(100, 50, 24, 24), (17, 8, 32, 64), (3, 1, 5, 7)])
@pytest.mark.parametrize("backward", ["tanh", "relu"])
def test_lstm(n, steps, inputs, hidden, backward, dtype, tolerance):
    torch.manual_seed(0)
    module = BiLSTM(inputs, 2 * hidden, backward).to(dtype)
    x = torch.randn(n, steps, inputs, dtype=dtype)
    weights = dict(module.lstm.named_parameters())

    def plain(x, *values):
        own = {f"lstm.{name}": value for name, value in zip(LSTM_NAMES, values, strict=True)}
        return torch.func.functional_call(module, own, (x,))

    def compiled(x, *values):
        return kernels.bidirectional_lstm(x, values, (False, backward == "relu"))

    values = [weights[name] for name in LSTM_NAMES]
    assert_same(values_and_gradients(compiled, x, values), values_and_gradients(plain, x, values), tolerance)


@needs_compiler
@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
@pytest.mark.parametrize(
    ("n", "n_tokens", "inputs", "width", "n_heads"),
    [(100, 8, 24, 48, 8), (5, 50, 32, 128, 8), (7, 3, 10, 21, 3), (3, 40, 16, 16, 1)],
)
def test_attention(n, n_tokens, inputs, width, n_heads, dtype, tolerance):
    torch.manual_seed(0)
    module = MultiHeadAttention(inputs, width, n_heads).to(dtype)
    x = torch.randn(n, n_tokens, inputs, dtype=dtype)
    names = [name for name, _ in module.named_parameters()]

    def plain(x, *values):
        return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))

    def compiled(x, *values):
        return kernels.self_attention(x, n_heads, values)

    values = list(module.parameters())
    assert_same(values_and_gradients(compiled, x, values), values_and_gradients(plain, x, values), tolerance)


@needs_compiler
@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
@pytest.mark.parametrize(("task", "n", "dropout"), [(1, 9, 0.0), (2, 100, 0.0), (2, 9, 0.5)])
def test_encoder_layer_with_the_masks_of_the_plain_one(task, n, dropout, dtype, tolerance):
    """Half is dropped, the rest doubled: other masks are rounded to single precision in the plain one."""
    torch.manual_seed(0)
    config = model_config("C4C6-LSTM-Trans1", task=task, dropout=dropout)
    module = EncoderLayer(config).to(dtype).train()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    x = torch.randn(n, 8, config.attention_width, dtype=dtype)
    names = [name for name, _ in module.named_parameters()]

    def run(fused):
        module.attention.fused = fused
        module.dropout.generator = np.random.Generator(np.random.SFC64(5))

        def function(x, *values):
            if not fused:
                return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))
            bits = [module.dropout.random_bits(size) for size in (x.numel(), n * 8 * 32, x.numel())]
            return kernels.encoder_layer(x, 8, 1e-6, values, np.concatenate(bits) if dropout else None, dropout)

        attention = [*module.attention.parameters(), *module.attention_norm.parameters()]
        dense = [*module.feedforward_in.parameters(), *module.feedforward_out.parameters()]
        values = [*attention, *dense, *module.feedforward_norm.parameters()]
        assert [*map(id, values)] == [*map(id, module.parameters())]  # the kernel's order is the module's
        return values_and_gradients(function, x, values)

    assert_same(run(True), run(False), tolerance)


def gradient_by_input_alone(function, x, weights):
    """Gradient of the same sum with respect to x where no weight needs one."""
    x = x.detach().clone().requires_grad_()
    output = function(x, *weights)
    direction = torch.randn(output.shape, generator=torch.Generator().manual_seed(1)).to(x.dtype)
    return torch.autograd.grad((output * direction).sum(), x)[0]


@needs_compiler
def test_frozen_weights_cost_no_gradient_and_leave_that_of_the_input():
    torch.manual_seed(0)
    lstm, attention = BiLSTM(6, 8).double(), MultiHeadAttention(6, 12, 3).double()
    encoder = EncoderLayer(model_config("C4C6-LSTM-Trans1", task=2)).double()
    weights = dict(lstm.lstm.named_parameters())
    cases = {
        kernels.bidirectional_lstm: (lstm, 6, [weights[name] for name in LSTM_NAMES], lambda x, *w: (x, w)),
        kernels.self_attention: (attention, 6, list(attention.parameters()), lambda x, *w: (x, 3, w)),
        kernels.encoder_layer: (encoder, 48, list(encoder.parameters()), lambda x, *w: (x, 8, 1e-6, w, None, 0.0)),
    }
    for kernel, (_, inputs, values, arguments) in cases.items():
        x = torch.randn(5, 9, inputs, dtype=torch.float64)
        values = [value.detach() for value in values]

        def run(x, *values, kernel=kernel, arguments=arguments):
            return kernel(*arguments(x, *values))

        expected = values_and_gradients(run, x, values)[1]
        torch.testing.assert_close(gradient_by_input_alone(run, x, values), expected, rtol=0, atol=0)


of_sizes = pytest.mark.parametrize(
    ("n", "length", "inputs", "outputs", "size", "pool"),
    [(9, 100, 24, 24, 7, 6), (4, 53, 5, 7, 3, 4), (3, 20, 3, 150, 1, 1), (2, 9, 40, 2, 9, 5)],
)


@needs_compiler
@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
@of_sizes
def test_folded_block(n, length, inputs, outputs, size, pool, dtype, tolerance):
    """Against convolution, max-pool and ReLU one after the other; positions beyond the last whole pool have no part."""
    torch.manual_seed(0)
    x = torch.randn(n, length, inputs, dtype=dtype)
    weight, shift = torch.randn(outputs, inputs, size, dtype=dtype), torch.randn(outputs, dtype=dtype)

    def plain(x):
        y = torch.nn.functional.conv1d(x.mT, weight, shift, padding=size // 2)
        return torch.relu(torch.nn.functional.max_pool1d(y, pool)).mT

    def compiled(x):
        return kernels.folded_block(x, weight, shift, pool)

    assert_same(values_and_gradients(compiled, x, []), values_and_gradients(plain, x, []), tolerance)


@needs_compiler
@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
@of_sizes
def test_a_block_with_a_channel_changed(n, length, inputs, outputs, size, pool, dtype, tolerance):
    torch.manual_seed(0)
    x, change = torch.randn(n, inputs, length, dtype=dtype), torch.randn(n, length, dtype=dtype)
    weight, shift = torch.randn(outputs, inputs, size, dtype=dtype), torch.randn(outputs, dtype=dtype)
    responses = torch.nn.functional.conv1d(x, weight, padding=size // 2).mT
    found = kernels.changed_block(responses, change, weight[:, 2], shift, pool)
    x[:, 2] += change
    assert_same([found], [kernels.folded_block(x.mT, weight, shift, pool)], tolerance)


@needs_compiler
@pytest.mark.parametrize("architecture", ["C24-Att", "C4C6-Att", "C4C6-LSTM-Trans2", "C4-LSTM"])
def test_networks_with_kernels_are_the_networks(architecture):
    """In evaluation mode, with BatchNorm of other statistics than at the start and gains of both signs."""
    torch.manual_seed(0)
    network = build_model(architecture, task=2, length=200).double().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            for values in (module.weight.data, module.running_mean, module.bias.data):
                values.normal_()
            module.running_var.uniform_(0.5, 2)
    pools = torch.rand(3, network.config.n_filters, 200 // network.config.first_pool, dtype=torch.float64)
    plain = values_and_gradients(network.from_first_pool, pools, [])
    with with_kernels(network):
        compiled = values_and_gradients(network.from_first_pool, pools, [])
    assert_same(compiled, plain, 1e-11)
    assert not any(getattr(module, "folded", False) for module in network.modules())


@needs_compiler
def test_modules_use_kernels_only_when_told_and_where_they_fit():
    module = MultiHeadAttention(24, 48, 8)
    x = torch.randn(2, 8, 24)
    assert not module.can_fuse(x)
    module.fused = True
    assert module.can_fuse(x)
    assert not module.can_fuse(x.half())
    for encoding in ("relative", "rotary"):
        other = MultiHeadAttention(24, 48, 8, positional_encoding=encoding, n_tokens=8)
        other.fused = True
        assert not other.can_fuse(x)


@needs_compiler
def test_nan_stays():
    """A diverged network must be seen to have diverged."""
    torch.manual_seed(0)
    lstm, attention = BiLSTM(4, 8), MultiHeadAttention(4, 8, 2)
    x = torch.randn(3, 5, 4)
    x[1, 2, 3] = torch.nan
    weights = dict(lstm.lstm.named_parameters())
    with torch.no_grad():
        read = kernels.bidirectional_lstm(x, [weights[name] for name in LSTM_NAMES])
        mixed = kernels.self_attention(x, 2, list(attention.parameters()))
    for output in (read, mixed):
        assert output[1].isnan().any()
        assert not output[[0, 2]].isnan().any()
    x = torch.zeros(2, 12, 4)
    x[1, 7, 2] = torch.nan
    folded = kernels.folded_block(x, torch.ones(3, 4, 1), torch.zeros(3), 6)
    assert folded[1, 1].isnan().all()
    assert not folded[0].isnan().any()
    maxima, _ = kernels.pooled_maxima(torch.zeros(1, 8, dtype=torch.uint8), torch.full((4, 3), torch.nan), 4)
    assert maxima.isnan().all()


def fresh_load(monkeypatch, tmp_path, **environment):
    for name, value in {"XDG_CACHE_HOME": str(tmp_path / "cache"), **environment}.items():
        monkeypatch.setenv(name, value)
    return compiled_code._load.__wrapped__(library.LIBRARIES[torch.float32], "compile")


def script(path, text):
    path.write_text(f"#!{shutil.which('sh')}\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_without_a_compiler_it_says_so(monkeypatch, tmp_path):
    loaded, words = fresh_load(monkeypatch, tmp_path, CC="", PATH=str(tmp_path))
    assert loaded is None
    assert "no C compiler" in words


def test_a_compiler_that_fails_is_quoted(monkeypatch, tmp_path):
    command = script(
        tmp_path / "broken", 'test "$1" = --version && echo broken 1.0 && exit; echo no such flag >&2; exit 1'
    )
    loaded, words = fresh_load(monkeypatch, tmp_path, CC=command)
    assert loaded is None
    assert "could not compile the kernels: no such flag" in words
    assert not list((tmp_path / "cache").rglob("*.so"))


@needs_compiler
def test_the_library_is_compiled_once(monkeypatch, tmp_path):
    loaded, words = fresh_load(monkeypatch, tmp_path)
    assert loaded is not None
    assert words == describe_kernels()
    (kept,) = (tmp_path / "cache").rglob("*.so")
    before = kept.stat().st_mtime_ns
    assert fresh_load(monkeypatch, tmp_path)[0] is not None
    assert kept.stat().st_mtime_ns == before


@needs_compiler
@pytest.mark.parametrize("content", [b"", b"\x7fELF cut short", "cut"])
def test_a_damaged_library_is_compiled_again(monkeypatch, tmp_path, content):
    """In a process of its own: a library that was cut, once loaded, would end it by a signal."""
    fresh_load(monkeypatch, tmp_path)
    (kept,) = (tmp_path / "cache").rglob("*.so")
    whole = kept.read_bytes()
    kept.unlink()  # a new file: this process has the old one loaded
    kept.write_bytes(whole[: len(whole) // 2] if content == "cut" else content)
    code = "import torch; from motiflens.models.kernels import has_kernels; print(has_kernels(torch.zeros(1)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
    (again,) = (tmp_path / "cache").rglob("*.so")
    assert again.read_bytes() == whole


@needs_compiler
def test_a_library_that_does_not_load_is_compiled_again(monkeypatch, tmp_path):
    fresh_load(monkeypatch, tmp_path)
    (kept,) = (tmp_path / "cache").rglob("*.so")
    foreign = b"a library of another system"
    place = compiled_code._place(kept.parent, kept.name.rsplit("-", 1)[0], foreign)  # whole, but nothing to load
    kept.rename(place)
    place.unlink()
    place.write_bytes(foreign)
    assert fresh_load(monkeypatch, tmp_path)[0] is not None
    assert list((tmp_path / "cache").rglob("*.so")) == [kept]


@needs_compiler
def test_a_command_before_the_compiler_is_understood(monkeypatch, tmp_path):
    cache = script(tmp_path / "ccache", f'echo called >> "{tmp_path}/calls"; exec "$@"')
    plain = compiled_code.compiler()[0]
    loaded, words = fresh_load(monkeypatch, tmp_path, CC=f"'{cache}' {plain}")
    assert loaded is not None, words
    assert (tmp_path / "calls").read_text().splitlines()[-1] == "called"
    loaded, words = fresh_load(monkeypatch, tmp_path, CC="'unbalanced")
    assert loaded is None
    assert "No closing quotation" in words


@needs_compiler
def test_the_folder_is_the_users_alone(monkeypatch, tmp_path):
    umask = os.umask(0)
    try:
        fresh_load(monkeypatch, tmp_path)
    finally:
        os.umask(umask)
    (kept,) = (tmp_path / "cache").rglob("*.so")
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    kept.parent.chmod(0o720)
    loaded, words = fresh_load(monkeypatch, tmp_path)
    assert loaded is None
    assert words.startswith("others can write to")
    assert words.endswith("remove it, or chmod 700 it")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_cache_folder_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)
    loaded, words = fresh_load(monkeypatch, tmp_path)
    assert loaded is None
    assert "Permission denied" in words


def test_kernels_can_be_left_out(monkeypatch):
    monkeypatch.setenv("MOTIFLENS_KERNELS", "0")
    assert not has_kernels(torch.zeros(1))
    assert describe_kernels() == "none: left out by MOTIFLENS_KERNELS=0"
    with pytest.raises(RuntimeError, match=r"no compiled kernels for torch\.float32 on cpu: none: left out"):
        kernels.patch_counts(torch.zeros(1, 8, dtype=torch.uint8), 3, torch.zeros(1))


def test_commands_say_that_training_will_be_slow(monkeypatch, capsys):
    note_slow_training("cpu")
    assert ("up to twice as long" in capsys.readouterr().err) != has_kernels(torch.zeros(1))
    monkeypatch.setenv("MOTIFLENS_KERNELS", "0")
    note_slow_training("cpu")
    assert "compiled kernels: none: left out by MOTIFLENS_KERNELS=0" in capsys.readouterr().err


@needs_compiler
def test_kernels_refuse_what_is_not_contiguous():
    with pytest.raises(ValueError, match="kernels take contiguous tensors"):
        library.address(torch.zeros(2, 3).T)
