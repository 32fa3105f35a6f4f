"""What runs on a GPU against the same on the CPU; skipped where there is none."""

import numpy as np
import pytest
import torch

from motiflens.data.simulate import SMALL_GRAMMAR, spaced_grammar
from motiflens.interpret.interactions import INTERACTION_METHODS, Settings, interactions
from motiflens.models.hybrid import ARCHITECTURES, EXTRA_ARCHITECTURES, POSITIONAL_ENCODINGS, model_config
from motiflens.training.ensemble import fit
from motiflens.training.loop_engine import new_network
from motiflens.training.protocol import REFERENCE
from motiflens.training.stacked_engine import StackedEngine

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

N_SEQUENCES, BATCH = 64, 10  # six batches of one captured step, and a shorter one
CASES = [
    *((name, {}) for name in (*ARCHITECTURES, *EXTRA_ARCHITECTURES)),
    *((name, {"variant": "code"}) for name in ("C24-LSTM-Att", "C4-LSTM")),
    *(("C4C6-Att", {"positional_encoding": encoding}) for encoding in POSITIONAL_ENCODINGS[1:]),
]


@pytest.mark.parametrize(("architecture", "changes"), CASES)
def test_a_captured_step_trains_as_the_cpu_does(architecture, changes):
    """Dropout, both activations in one stack, and a member that leaves, included; float64 all through."""
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 5, (N_SEQUENCES, 200), generator=generator).to(torch.uint8)
    y = torch.randint(0, 2, (N_SEQUENCES, 1), generator=generator).double()
    protocol = REFERENCE.replace(attention_entropy_weight=0.1 if changes.get("positional_encoding") else 0.0)
    losses, logits = [], []
    for device in ("cpu", "cuda"):
        members = [
            new_network(model_config(architecture, activation=activation, task=2, **changes), protocol, seed)
            for seed, activation in enumerate(("relu", "exponential", "relu"))
        ]
        engine = StackedEngine([member.double().to(device) for member in members], protocol, [1, 2, 3])
        seen = []
        for epoch in range(3):
            if epoch == 2:
                engine.keep([0, 2])
            order = torch.from_numpy(np.random.default_rng(epoch).permutation(N_SEQUENCES))
            rates = [1e-3, 2e-3, 3e-3][: len(engine)]
            seen.append(engine.train_epoch(codes.to(device), y.to(device), order, BATCH, rates).cpu())
        losses.append(torch.cat(seen))
        logits.append(engine.logits(codes.to(device)).cpu())
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(logits[1], logits[0], rtol=1e-5, atol=1e-5)


def test_the_same_seed_gives_the_same_networks_and_an_interrupted_fit_goes_on(task2, tmp_path):
    class Stop(Exception):
        pass

    def stop(member):
        if member.n_epochs == 2 and member.index == 1:
            raise Stop

    config = model_config("C4C6-LSTM-Trans1", activation="exponential", task=2)
    options = {"protocol": REFERENCE.replace(max_epochs=4, decay_patience=1), "device": "cuda"}
    whole = fit(config, task2, 2, **options)
    with pytest.raises(Stop):
        fit(config, task2, 2, **options, checkpoint_dir=tmp_path, on_news=stop)
    resumed = fit(config, task2, 2, **options, checkpoint_dir=tmp_path)
    for one, other in zip(whole.members, resumed.members, strict=True):
        assert one.history == other.history
        for name, value in one.network.state_dict().items():
            assert torch.equal(value, other.network.state_dict()[name]), name
            assert value.device.type == "cpu"


@pytest.mark.parametrize("method", INTERACTION_METHODS)
def test_interactions_are_those_of_the_cpu(method):
    data = spaced_grammar(800, level=2, seed=0, **SMALL_GRAMMAR)
    network = new_network(model_config("C4C6-Att", activation="exponential", n_outputs=1), REFERENCE, 0).double().eval()
    settings = Settings(n_null=40, n_sequences=40, n_backgrounds=8, n_null_backgrounds=4)
    motifs = data.truth.motifs
    expected = interactions(network, data, motifs, settings, method=method)
    found = interactions(network.cuda(), data, motifs, settings, method=method)
    order = {(row.i, row.j): row for row in found.rows}
    effects = np.array([[row.effect, order[row.i, row.j].effect] for row in expected.rows])
    np.testing.assert_allclose(effects[:, 1], effects[:, 0], rtol=1e-5, atol=1e-8)
