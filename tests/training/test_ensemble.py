import numpy as np
import pytest
import torch
from heard import ended_into, epochs_into
from torch.nn import functional as F

from motiflens.basics.metrics import classification_metrics
from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import HybridConfig, attention_entropy, model_config
from motiflens.models.outputs import model_outputs
from motiflens.models.stacked import StackedNetwork
from motiflens.training import ensemble
from motiflens.training.member import Part, member_seed
from motiflens.training.protocol import PAPER, REFERENCE

FAST = REFERENCE.replace(max_epochs=3, batch_size=50)


@pytest.fixture(scope="module")
def config():
    return model_config("C24", task=2, n_filters=8, dense_width=16)


@pytest.fixture(scope="module")
def fitted(config, task2):
    return ensemble.fit(config, task2, 3, protocol=FAST, seed=5, data_seed=7)


def weights(network):
    return torch.cat([v.flatten().double() for v in network.state_dict().values()])


def test_result_holds_history_best_epoch_metrics_and_weights(fitted, task2):
    assert [m.index for m in fitted.members] == [0, 1, 2]
    for member, network in zip(fitted.members, fitted, strict=True):
        assert member.status == "ok"
        assert member.n_epochs == 3
        assert {len(values) for values in member.history.values()} == {3}
        assert member.best_epoch == 1 + int(np.argmax(member.history["valid_metric"]))
        # The best epoch's weights came back: the stored metric is that of the network handed out.
        assert member.metrics["valid_auroc"] == pytest.approx(max(member.history["valid_metric"]), abs=1e-4)
        logits = model_outputs(network, task2.test.codes)
        expected = classification_metrics(logits, task2.test.y)
        assert member.metrics["test_auroc"] == expected["auroc"]


def test_a_member_is_the_same_whatever_is_trained_beside_it(fitted, config, task2):
    alone = ensemble.fit(config, task2, protocol=FAST, seed=5, data_seed=7, members=[2])
    torch.testing.assert_close(weights(alone[0]), weights(fitted[2]), rtol=1e-4, atol=1e-5)
    assert alone.members[0].history["train_loss"] == pytest.approx(fitted.members[2].history["train_loss"], rel=1e-5)


def test_seeds_give_the_same_result_and_members_differ(fitted, config, task2):
    again = ensemble.fit(config, task2, 3, protocol=FAST, seed=5, data_seed=7)
    assert torch.equal(weights(again[0]), weights(fitted[0]))
    assert not torch.allclose(weights(fitted[0]), weights(fitted[1]))
    other_order = ensemble.fit(config, task2, 1, protocol=FAST, seed=5, data_seed=8)
    assert not torch.allclose(weights(other_order[0]), weights(fitted[0]))


def test_global_random_state_is_neither_used_nor_changed(fitted, config, task2):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    again = ensemble.fit(config, task2, 1, protocol=FAST, seed=5, data_seed=7)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.testing.assert_close(weights(again[0]), weights(fitted[0]), rtol=1e-4, atol=1e-5)


def test_a_diverging_member_is_recorded_and_the_others_go_on(config, task2, monkeypatch):
    original = ensemble.new_network

    def poisoned(config, protocol, seed):
        network = original(config, protocol, seed)
        if seed == member_seed(5, 1):
            with torch.no_grad():
                network.head.out.bias[:] = torch.inf
        return network

    monkeypatch.setattr(ensemble, "new_network", poisoned)
    seen = []
    result = ensemble.fit(config, task2, 3, protocol=FAST, seed=5, data_seed=7, on_news=ended_into(seen))
    assert [m.status for m in result.members] == ["ok", "failed", "ok"]
    assert "the training loss became" in result.members[1].reason
    assert "epoch 1" in result.members[1].reason
    assert len(seen) == 3
    assert len(list(result)) == 2
    with pytest.raises(ValueError, match="member 1 failed"):
        result[1]


def test_members_stop_each_at_its_own_epoch(config, task2):
    protocol = REFERENCE.replace(max_epochs=12, batch_size=50, early_stop_patience=1)
    result = ensemble.fit(config, task2, 6, protocol=protocol)
    epochs = [m.n_epochs for m in result.members]
    assert len(set(epochs)) > 1
    for member in result.members:
        assert member.n_epochs in (member.best_epoch + 1, 12)
        alone = ensemble.fit(config, task2, protocol=protocol, members=[member.index]).members[0]
        assert alone.history["valid_metric"] == pytest.approx(member.history["valid_metric"], abs=1e-3)


def test_an_interrupted_fit_goes_on_to_the_same_end(fitted, config, task2, tmp_path):
    def interrupt(member):
        if member.n_epochs == 2 and member.index == 1:
            raise KeyboardInterrupt

    options = {"protocol": FAST, "seed": 5, "data_seed": 7, "checkpoint_dir": tmp_path / "checkpoints"}
    with pytest.raises(KeyboardInterrupt):
        ensemble.fit(config, task2, 3, on_news=interrupt, **options)
    assert len(list((tmp_path / "checkpoints").iterdir())) == 3
    epochs = []
    resumed = ensemble.fit(config, task2, 3, on_news=epochs_into(epochs, lambda m: (m.index, m.n_epochs)), **options)
    # Member 2's second epoch had not been kept when the interrupt came; everything else had.
    assert sorted(epochs) == [(0, 3), (1, 3), (2, 2), (2, 3)]
    for i in range(3):
        torch.testing.assert_close(weights(resumed[i]), weights(fitted[i]), rtol=1e-4, atol=1e-5)
        assert resumed.members[i].history["train_loss"] == pytest.approx(fitted.members[i].history["train_loss"])
    assert not (tmp_path / "checkpoints").exists()


def test_the_stacked_engine_goes_the_same_way_without_dropout(task2):
    """Early stopping per member included: members leave the stack at different epochs."""
    config = model_config("C4C6-LSTM-Att", task=2, dropout=0.0, dense_dropout=0.0)
    protocol = REFERENCE.replace(max_epochs=6, batch_size=64, early_stop_patience=1)  # the last batch is a short one
    loop, stacked = (
        ensemble.fit(config, task2, 4, protocol=protocol, seed=2, engine=engine) for engine in ("loop", "stacked")
    )
    assert len({member.n_epochs for member in loop.members}) > 1
    for a, b in zip(loop.members, stacked.members, strict=True):
        assert a.n_epochs == b.n_epochs
        assert a.history["train_loss"] == pytest.approx(b.history["train_loss"], rel=1e-3)


def test_the_stacked_engine_resumes_and_members_do_not_depend_on_the_stack(config, task2, tmp_path):
    def interrupt(member):
        if member.n_epochs == 2 and member.index == 1:
            raise KeyboardInterrupt

    options = {"protocol": FAST, "seed": 5, "engine": "stacked"}
    whole = ensemble.fit(config, task2, 3, **options)
    alone = ensemble.fit(config, task2, members=[2], **options)
    with pytest.raises(KeyboardInterrupt):
        ensemble.fit(config, task2, 3, on_news=interrupt, checkpoint_dir=tmp_path / "c", **options)
    resumed = ensemble.fit(config, task2, 3, checkpoint_dir=tmp_path / "c", **options)
    for i in range(3):
        torch.testing.assert_close(weights(resumed[i]), weights(whole[i]), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(weights(alone[0]), weights(whole[2]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_bfloat16_products_train_almost_the_same_network(task2, engine):
    config = model_config("C4C6-Att", task=2, dropout=0.0, dense_dropout=0.0)
    options = {"protocol": FAST.replace(max_epochs=1), "engine": engine}
    exact, rounded = (
        ensemble.fit(config, task2, 1, precision=precision, **options).members[0].history["train_loss"][0]
        for precision in ("float32", "bfloat16")
    )
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.02)


def test_a_checkpoint_of_another_fit_is_refused(config, task2, tmp_path):
    def interrupt(member):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensemble.fit(config, task2, 1, protocol=FAST, checkpoint_dir=tmp_path, on_news=interrupt)
    with pytest.raises(ValueError, match="belongs to a fit with another"):
        ensemble.fit(config, task2, 1, protocol=FAST, seed=1, checkpoint_dir=tmp_path)


def test_a_damaged_checkpoint_is_named_and_the_member_starts_anew(fitted, config, task2, tmp_path):
    options = {"protocol": FAST, "seed": 5, "data_seed": 7, "checkpoint_dir": tmp_path / "c"}

    def interrupt(member):
        if member.n_epochs == 2:
            raise KeyboardInterrupt

    def one_bit_else(content):
        middle = len(content) // 2
        return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]

    for damage in (lambda content: b"", lambda content: content[:-100], one_bit_else):
        with pytest.raises(KeyboardInterrupt):
            ensemble.fit(config, task2, 1, on_news=interrupt, **options)
        path = tmp_path / "c" / "member_000.ckpt"
        path.write_bytes(damage(path.read_bytes()))
        with pytest.warns(UserWarning, match=r"member_000\.ckpt cannot be read .*: member 0 starts again"):
            again = ensemble.fit(config, task2, 1, **options)
        torch.testing.assert_close(weights(again[0]), weights(fitted[0]), rtol=1e-4, atol=1e-5)


def test_a_checkpoint_outlives_a_failure_to_store_the_result(config, task2, tmp_path):
    def full_disk(member):
        if member.status == "ok":
            raise OSError("no space left")

    options = {"protocol": FAST, "checkpoint_dir": tmp_path / "c"}
    with pytest.raises(OSError, match="no space"):
        ensemble.fit(config, task2, 1, on_news=full_disk, **options)
    told = []
    ensemble.fit(config, task2, 1, on_news=lambda member: told.append(member.status), **options)
    assert told == ["ok"]  # nothing had to be trained again


def test_the_papers_protocol_keeps_the_last_weights(config, task2):
    protocol = PAPER.replace(max_epochs=4, batch_size=50)
    member = ensemble.fit(config, task2, 1, protocol=protocol).members[0]
    assert member.n_epochs == 4
    assert member.metrics["valid_auroc"] == pytest.approx(member.history["valid_metric"][-1], abs=1e-4)


def test_training_learns_an_easy_task():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (600, 60), dtype=np.uint8)
    y = rng.integers(0, 2, 600)
    codes[y == 1, 20:28] = [0, 1, 2, 3, 3, 2, 1, 0]
    data = SequenceDataset.from_arrays(codes, y, split=["train"] * 400 + ["valid"] * 100 + ["test"] * 100)
    config = HybridConfig(length=60, n_filters=8, kernel_size=9, first_pool=10, dense_width=16)
    result = ensemble.fit(config, data, 1, protocol=REFERENCE.replace(max_epochs=15, batch_size=20))
    assert result.members[0].metrics["test_auroc"] > 0.95


@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_both_activations_train_together_as_each_would_alone(task2, engine, tmp_path):
    """And a fit of one activation goes on where a fit of both was interrupted."""
    configs = [
        model_config("C24", activation=name, task=2, n_filters=8, dense_width=16) for name in ("relu", "exponential")
    ]
    options = {"protocol": FAST, "seed": 5, "engine": engine}
    alone = [ensemble.fit(config, task2, members=[0, 2], **options) for config in configs]
    told = []
    parts = [Part(config=config, members=[0, 2], on_news=ended_into(told)) for config in configs]
    together = ensemble.fit_together(parts, task2, **options)
    assert len(told) == 4
    for apart, shared, config in zip(alone, together, configs, strict=True):
        assert shared.config == config
        for a, b in zip(apart.members, shared.members, strict=True):
            assert (b.index, b.status, b.network.config) == (a.index, "ok", config)
            assert a.history["train_loss"] == pytest.approx(b.history["train_loss"], rel=1e-5)
            torch.testing.assert_close(weights(a.network), weights(b.network), rtol=1e-4, atol=1e-5)

    def interrupt(member):
        if member.n_epochs == 2:
            raise KeyboardInterrupt

    folders = [tmp_path / "relu", tmp_path / "exponential"]
    parts = [
        Part(config=config, members=[0, 2], checkpoint_dir=folder, on_news=interrupt)
        for config, folder in zip(configs, folders, strict=True)
    ]
    with pytest.raises(KeyboardInterrupt):
        ensemble.fit_together(parts, task2, **options)
    epochs = []
    resumed = ensemble.fit(
        configs[1],
        task2,
        members=[0, 2],
        checkpoint_dir=folders[1],
        on_news=epochs_into(epochs, lambda m: m.n_epochs),
        **options,
    )
    assert min(epochs) > 1
    torch.testing.assert_close(weights(resumed[0]), weights(alone[1][0]), rtol=1e-4, atol=1e-5)
    assert not folders[1].exists()
    assert folders[0].exists()


def test_parts_that_cannot_train_together_are_named(config, task2, tmp_path):
    other = model_config("C24", task=2, n_filters=8, dense_width=17)
    with pytest.raises(ValueError, match="got dense_width=16 and dense_width=17: train them apart"):
        ensemble.fit_together([Part(config=config), Part(config=other)], task2, protocol=FAST)
    same = [Part(config=config, checkpoint_dir=tmp_path), Part(config=config, checkpoint_dir=tmp_path / ".")]
    with pytest.raises(ValueError, match="checkpoint folder of its own"):
        ensemble.fit_together(same, task2, protocol=FAST)


@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_an_entropy_penalty_sharpens_attention_and_is_left_out_of_what_is_reported(task2, engine):
    config = model_config("C24-Att", task=2, n_filters=8, dense_width=16)
    X = task2.valid.X
    entropy, histories = [], []
    for weight in (0.0, 3.0):
        protocol = FAST.replace(attention_entropy_weight=weight, learning_rate=1e-2, max_epochs=6, restore_best=False)
        member = ensemble.fit(config, task2, 1, protocol=protocol, seed=5, engine=engine).members[0]
        with torch.no_grad():
            entropy.append(attention_entropy(member.network.attention_weights(X)).item())
        loss = F.binary_cross_entropy_with_logits(model_outputs(member.network, X), torch.from_numpy(task2.valid.y))
        assert member.history["valid_loss"][-1] == pytest.approx(loss.item(), rel=1e-4)
        histories.append(member.history)
    assert entropy[1] < entropy[0] / 2
    assert max(histories[1]["train_loss"]) < 1.5  # the penalty alone begins near 3


def test_all_members_in_one_call(task2):
    config = model_config("C24-Att", task=2)
    result = ensemble.fit(config, task2, 2, protocol=FAST.replace(max_epochs=1))
    X = task2.test.X[:5]
    networks = list(result)
    assert result.outputs(X).shape == (2, 5, 1)
    assert torch.equal(result.outputs(X)[1], model_outputs(networks[1], X))
    assert result.first_layer_activations(X).shape == (2, 5, 24, 200)
    (weights_of_layer,) = result.attention_weights(X)
    assert weights_of_layer.shape == (2, 5, 8, 8, 8)
    torch.testing.assert_close(weights_of_layer[0], networks[0].attention_weights(X)[0].detach())
    restacked = StackedNetwork(networks)
    torch.testing.assert_close(restacked.logits(torch.from_numpy(task2.test.codes[:5])), result.outputs(X))


def relabelled(dataset, **changes):
    fields = {name: getattr(dataset, name) for name in ("codes", "y", "label_names", "split_codes")}
    return SequenceDataset(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"length": 300}, {}, "build it with length=200"),
        ({"n_outputs": 2}, {}, "build it with n_outputs=1"),
        ({}, {"members": [0, 0]}, "each once"),
        ({}, {"members": [-1]}, "numbered from 0"),
        ({}, {"n_members": 0}, "n_members must be at least 1, got 0"),
        ({}, {"precision": "half"}, "precision must be one of float32, bfloat16"),
        ({}, {"engine": "gpu"}, "engine must be one of auto, loop, stacked"),
        ({}, {"protocol": FAST.replace(batch_size=5000)}, "smaller batch_size"),
        (
            {},
            {"protocol": FAST.replace(attention_entropy_weight=1.0)},
            "by 1, but the configuration has no attention",
        ),
        (
            {"attention": "attention", "first_pool": 200},
            {"protocol": FAST.replace(attention_entropy_weight=1.0)},
            "leaves the attention a single token",
        ),
    ],
)
def test_what_does_not_fit_is_named(config, task2, changes, options, message):
    import dataclasses

    with pytest.raises(ValueError, match=message):
        ensemble.fit(dataclasses.replace(config, **changes), task2, **{"n_members": 1, "protocol": FAST, **options})


def test_unusable_labels_are_named(config, task2):
    y = task2.y.copy()
    y[0] = 0.5
    with pytest.raises(ValueError, match="must be 0 or 1"):
        ensemble.fit(config, relabelled(task2, y=y, split_codes=np.sort(task2.split_codes)), 1, protocol=FAST)
    with pytest.raises(ValueError, match="both 0 and 1 are needed"):
        ensemble.fit(config, relabelled(task2, y=np.ones_like(y)), 1, protocol=FAST)
    with pytest.raises(ValueError, match="no validation sequences"):
        ensemble.fit(config, relabelled(task2, split_codes=np.zeros_like(task2.split_codes)), 1, protocol=FAST)


@pytest.mark.parametrize("restore", [True, False])
def test_the_weights_that_come_back_are_those_of_the_best_epoch(config, task2, restore):
    protocol = FAST.replace(max_epochs=6, learning_rate=0.02, restore_best=restore)
    for member in ensemble.fit(config, task2, 3, protocol=protocol, seed=2, progress=False).members:
        history = member.history["valid_metric"]
        kept = history[member.best_epoch - 1] if restore else history[-1]
        assert member.metrics["valid_auroc"] == pytest.approx(kept, abs=1e-3)
        if len(set(history)) > 1 and member.best_epoch < member.n_epochs:
            break
    else:
        pytest.fail("the last epoch was the best of all members: the test says nothing")
