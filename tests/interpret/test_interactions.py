import itertools
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import nn

from motiflens.basics.sequence import encode, one_hot
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret import interactions as package
from motiflens.interpret.interactions import INTERACTION_METHODS, Settings
from motiflens.interpret.interactions.null import against_other_pairs
from motiflens.models.hybrid import HybridConfig, blank_network
from motiflens.motifs.sets import Motif

LENGTH = 90
CONSENSUS = ("TGACTCAG", "CCGGAAGT", "ATTGCGAC", "CAGATGTA", "GATAAGCC", "TTCCAAGG")
SMALL = {"n_null": 60, "n_sequences": 120, "n_backgrounds": 8, "n_null_backgrounds": 6, "n_draws": 1}
SMALL["distances"] = [0, 5, 10, 20, 40]  # of insertion
PERTURBATION = ("insertion", "mutagenesis", "feature_maps")
ATTENTION = ("attention", "attention_rollout", "attention_gradient")


def interactions(models, data, motifs, **options):
    """A table, from settings and arguments in one."""
    named = {name: options.pop(name) for name in ("method", "target", "background", "progress") if name in options}
    return package.interactions(models, data, motifs, Settings(**options), **named)


def motifs():
    pwms = (0.01 + 0.96 * one_hot(encode([word]))[0].numpy() for word in CONSENSUS)
    return [Motif(f"M{k}", word, pwm) for k, (word, pwm) in enumerate(zip(CONSENSUS, pwms, strict=True))]


def matched_filters():
    return one_hot(encode(list(CONSENSUS)))  # M, 4, 8


def planted(n=240, seed=0, gap=None):
    """Three motifs in each sequence, forward; label 1 in the first half, where 0 and 1 always lie together."""
    rng = np.random.default_rng(seed)
    words = encode(list(CONSENSUS))
    codes = rng.integers(0, 4, (n, LENGTH), dtype=np.uint8)
    y = np.zeros(n, dtype=np.float32)
    y[: n // 2] = 1
    for row in range(n):
        chosen = rng.choice(6, 3, replace=False)
        while y[row] == 0 and {0, 1} <= set(chosen.tolist()):
            chosen = rng.choice(6, 3, replace=False)
        if y[row] == 1 and row % 2:
            chosen = np.array([0, 1, rng.integers(2, 6)])
        starts = np.array([5, 13 + gap, 65]) if gap is not None else np.array([0, 30, 60]) + rng.integers(0, 22, 3)
        for motif, start in zip(chosen, starts, strict=True):
            codes[row, start : start + 8] = words[motif]
    return SequenceDataset.from_arrays(codes, y)


class Toy(nn.Module):
    """Sites of all motifs on both strands; their number in a fixed sum, and perhaps 0 and 1 together.

    kind: "additive", "and" (pairs anywhere), "nand" (the same with -4), "or" (of a pair the larger counts), "spaced" (1
    begins 20 bp after the end of 0), "saturating" (a concave sum), "convex" or "concave".
    """

    def __init__(self, kind, weights=(1.0, 1.0, 0.5, -0.5, 2.0, 0.2), pairs=((0, 1),)):
        super().__init__()
        self.kind, self.pairs = kind, pairs
        both = torch.cat([matched_filters(), matched_filters().flip(1, 2)])
        self.conv = nn.Conv1d(4, len(both), both.shape[2], bias=False)
        self.conv.weight.data = both
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, x):
        hits = torch.relu(self.conv(x) - 7).unflatten(1, (2, 6))  # a perfect site is 1, all else 0
        best = hits.amax(dim=(1, 3))  # n, M
        logit = best @ self.weights
        if self.kind == "saturating":
            logit = 3 * torch.tanh(logit / 3)
        if self.kind.startswith("convex"):
            logit = logit + 0.15 * logit**2
        if self.kind.startswith("concave"):
            logit = logit - 0.15 * logit**2
        if self.kind.endswith("and"):
            size = -4 if self.kind.endswith("nand") else 4
            for one, other in self.pairs:
                logit = logit + size * torch.relu(best[:, one] + best[:, other] - 1)
        if self.kind.endswith("or"):
            for one, other in self.pairs:
                logit = logit - torch.minimum(best[:, one] * self.weights[one], best[:, other] * self.weights[other])
        if self.kind == "spaced":
            plus, minus = hits[:, 0], hits[:, 1]
            there = torch.relu(plus[:, 0, :-28] + plus[:, 1, 28:] - 1).amax(1)
            back = torch.relu(minus[:, 1, :-28] + minus[:, 0, 28:] - 1).amax(1)
            logit = logit + 4 * torch.maximum(there, back)
        return logit[:, None]


class Negated(nn.Module):
    """Another network's logit, the other way round."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return -self.model(x)


def called(table):
    """Called pairs with their sign."""
    return {(row.i, row.j): row.sign for row in table.calls()}


def hybrid(kind):
    """Attention by hand: tokens with motif 0 ask for tokens with motif 1, or nothing asks for anything ("none").

    A token's value is its motif 1; the logit adds the motifs up that all tokens have attended to.
    """
    config = HybridConfig(
        length=LENGTH, n_filters=6, kernel_size=9, activation="relu", first_pool=5, attention="attention",
        n_heads=1, attention_width=6, dense_width=1,
    )  # fmt: skip
    network = blank_network(config)
    state = {name: torch.zeros_like(value) for name, value in network.state_dict().items()}
    state["stem.first.conv.weight"][:, :, :8] = matched_filters()
    for norm in ("stem.first.norm", "head.norm"):
        state[f"{norm}.running_var"] += 1
        state[f"{norm}.weight"] += 1
    state["stem.first.norm.bias"] -= 5
    if kind == "asks":
        state["trunk.attention.query.weight"][0, 0] = 4
        state["trunk.attention.key.weight"][0, 1] = 4
    if kind == "popular":  # every motif asks for motif 1
        state["trunk.attention.query.weight"][0, :] = 4
        state["trunk.attention.key.weight"][0, 1] = 4
    state["trunk.attention.value.weight"] += torch.eye(6)
    state["trunk.attention.out.weight"] += torch.eye(6)
    state["head.dense.weight"] += 1
    state["head.out.weight"] += 1
    network.load_state_dict(state)
    return network.eval()


def assert_only_pair_01(table):
    assert [(row.i, row.j) for row in table.calls(0.1)] == [(0, 1)]
    best = table.rows[0]
    assert best.effect > 0
    assert (best.motif_i, best.motif_j) == ("M0", "M1")
    assert best.q_value <= 0.1
    assert best.p_value == min(row.p_value for row in table.rows)
    assert len(table) == 15


@pytest.mark.parametrize("method", PERTURBATION)
def test_a_pair_that_acts_together_is_found_and_nothing_else(method):
    assert_only_pair_01(interactions(Toy("and"), planted(), motifs(), method=method, **SMALL))


@pytest.mark.parametrize("method", PERTURBATION)
def test_two_partners_of_one_motif_do_not_hide_each_other(method):
    pairs = ((0, 1), (0, 2))
    table = interactions(Toy("and", pairs=pairs), planted(), motifs(), method=method, **SMALL)
    assert sorted((row.i, row.j) for row in table.calls()) == list(pairs)


@pytest.mark.parametrize("method", PERTURBATION)
@pytest.mark.parametrize("n_used", [2, 3, 6])
def test_what_the_bend_explains_is_not_called_though_few_motifs_matter(method, n_used):
    weights = [1.0, 1.5, 1.0, 2.0, 1.0, 0.8][:n_used] + [0.0] * (6 - n_used)
    table = interactions(Toy("convex", weights), planted(), motifs(), method=method, **SMALL)
    assert table.pair(0, 1).effect > 0.2  # f(AB) - f(A) - f(B) + f(0) is 0.3 times both weights, if sites are perfect
    assert min(row.p_value for row in table.rows) > (0.2 if n_used < 6 else 0.01)
    assert table.calls() == []


@pytest.mark.parametrize("method", PERTURBATION)
def test_a_pair_beyond_the_bend_is_called_though_few_motifs_matter(method):
    weights = [1.0, 1.5, 1.0, 0.0, 0.0, 0.0]
    assert_only_pair_01(interactions(Toy("convex and", weights), planted(), motifs(), method=method, **SMALL))


@pytest.mark.parametrize("method", PERTURBATION)
@pytest.mark.parametrize("kind", ["and", "additive", "saturating", "convex", "convex and"])
def test_a_network_and_its_negative_have_the_same_p_values_and_opposite_signs(method, kind):
    network = Toy(kind)
    above, below = (
        interactions(one, planted(), motifs(), method=method, **SMALL) for one in (network, Negated(network))
    )
    opposite = {"+": "-", "-": "+", "": ""}
    for row in above.rows:
        other = below.pair(row.i, row.j)
        if "" in (row.sign, other.sign):  # effects that are rounding are at no place
            assert row.p_value == other.p_value == 1
            continue
        expected = row._replace(effect=-row.effect, sign=opposite[row.sign])
        assert other._replace(effect=0, p_value=0, q_value=0) == expected._replace(effect=0, p_value=0, q_value=0)
        np.testing.assert_allclose(
            [other.effect, other.p_value, other.q_value], [-row.effect, row.p_value, row.q_value], rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize("method", PERTURBATION)
def test_pairs_of_either_sign_are_called_with_their_sign(method):
    weights = (1.0, 1.0, 2.0, 2.0, 0.5, 0.2)

    class Both(Toy):
        def forward(self, x):
            hits = torch.relu(self.conv(x) - 7).unflatten(1, (2, 6)).amax(dim=(1, 3))
            return super().forward(x) - 4 * torch.relu(hits[:, 2] + hits[:, 3] - 1)[:, None]

    table = interactions(Both("and", weights), planted(), motifs(), method=method, **SMALL)
    assert called(table) == {(0, 1): "+", (2, 3): "-"}
    assert table.pair(0, 1).effect > 1
    assert table.pair(2, 3).effect < -1
    assert [(row.i, row.j) for row in table.calls(sign="-")] == [(2, 3)]
    assert [(row.i, row.j) for row in table.calls(sign="+")] == [(0, 1)]
    with pytest.raises(ValueError, match=r"sign must be '\+', '-' or '' for both, got '\*'"):
        table.calls(sign="*")


# Mutagenesis sees each of the two in sequences that mostly hold both, where neither does anything without the other's
# loss: no other pair then tells redundancy from a saturated output.
@pytest.mark.parametrize("method", ["insertion", "feature_maps"])
def test_a_redundant_pair_is_called_as_negative_and_nothing_else(method):
    table = interactions(Toy("or", (4.0, 4.0, 2.0, -2.0, 2.0, 1.0)), planted(), motifs(), method=method, **SMALL)
    assert called(table) == {(0, 1): "-"}


@pytest.mark.parametrize("method", PERTURBATION)
@pytest.mark.parametrize("pairs", [((0, 1), (0, 2)), ((0, 1), (1, 2))])
def test_partners_of_one_motif_that_cancel_do_not_hide_each_other(method, pairs):
    table = interactions(Toy("nand", pairs=pairs), planted(), motifs(), method=method, **SMALL)
    assert called(table) == dict.fromkeys(pairs, "-")


@pytest.mark.parametrize("method", PERTURBATION)
@pytest.mark.parametrize("n_used", [2, 3, 6])
def test_what_a_concave_output_explains_is_not_called_though_all_its_effects_are_negative(method, n_used):
    weights = [1.0, 1.5, 1.0, 2.0, 1.0, 0.8][:n_used] + [0.0] * (6 - n_used)
    table = interactions(Toy("concave", weights), planted(), motifs(), method=method, **SMALL)
    assert table.pair(0, 1).effect < -0.2
    assert min(row.p_value for row in table.rows) > (0.2 if n_used < 3 else 0.01)
    assert table.calls() == []


@pytest.mark.parametrize("method", PERTURBATION)
def test_a_pair_that_cancels_beyond_a_concave_output_is_called(method):
    weights = [1.0, 1.5, 1.0, 0.0, 0.0, 0.0]
    table = interactions(Toy("concave nand", weights), planted(), motifs(), method=method, **SMALL)
    assert called(table) == {(0, 1): "-"}


def test_a_spacing_of_a_negative_pair_is_recovered():
    table = interactions(Negated(Toy("spaced")), planted(gap=20), motifs(), method="insertion", **SMALL)
    assert called(table) == {(0, 1): "-"}
    best = table.rows[0]
    assert (best.gap, best.gap_low, best.gap_high, best.orientation) == (20, 20, 20, "i+ j+")
    assert best.effect < -1


def test_a_redundancy_of_the_only_two_motifs_that_do_anything_may_be_a_saturated_output():
    table = interactions(Toy("or", (4.0, 4.0, 0, 0, 0, 0)), planted(), motifs(), method="insertion", **SMALL)
    assert table.pair(0, 1).effect < -1
    assert table.calls() == []


@pytest.mark.parametrize("method", PERTURBATION)
@pytest.mark.parametrize("kind", ["additive", "saturating"])
def test_no_pair_is_called_where_motifs_add_up_or_saturate(method, kind):
    table = interactions(Toy(kind), planted(), motifs(), method=method, **SMALL)
    assert not table.calls(0.1)
    assert min(row.p_value for row in table.rows) > 0.02


@pytest.mark.parametrize("method", PERTURBATION)
def test_a_fixed_spacing_and_orientation_are_recovered(method):
    table = interactions(Toy("spaced"), planted(gap=20), motifs(), method=method, **SMALL)
    assert_only_pair_01(table)
    best = table.rows[0]
    assert best.gap_low <= 20 <= best.gap_high
    assert abs(best.gap - 20) <= 5
    assert best.orientation in ("i+ j+", "")
    if method == "insertion":
        assert (best.gap, best.gap_low, best.gap_high, best.orientation) == (20, 20, 20, "i+ j+")
        assert best.effect > 1


@pytest.mark.parametrize("method", ATTENTION)
def test_attention_finds_the_pair_that_attends(method):
    table = interactions(hybrid("asks"), planted(), motifs(), method=method, **SMALL)
    assert_only_pair_01(table)
    assert table.caution


@pytest.mark.parametrize("method", ATTENTION)
@pytest.mark.parametrize("kind", ["none", "popular"])
def test_even_attention_and_attention_to_one_motif_are_no_interaction(method, kind):
    table = interactions(hybrid(kind), planted(), motifs(), method=method, **SMALL)
    assert not table.calls(0.1)


def test_correlation_finds_motifs_that_lie_together_in_positives():
    table = interactions(hybrid("none"), planted(), motifs(), method="filter_correlation", **SMALL)
    assert (table.rows[0].i, table.rows[0].j) == (0, 1)
    assert table.caution.startswith("take p-values as a ranking")
    assert np.isnan(table.rows[0].gap)


def test_correlation_of_positives_like_the_background_is_nothing():
    codes = planted(120).codes
    table = interactions(hybrid("none"), codes, motifs(), background=codes, method="filter_correlation", **SMALL)
    assert all(row.p_value == 1 for row in table.rows)


def test_a_motif_that_no_filter_has_learned_has_p_1():
    network = hybrid("asks")
    network.stem.first.conv.weight.data[1] = 0
    table = interactions(network, planted(), motifs(), method="attention", **SMALL)
    assert all(row.p_value == 1 for row in table.rows if 1 in (row.i, row.j))
    assert np.isnan(table.pair(0, 1).effect)
    assert len(table) == 15


def test_two_filters_of_one_motif_are_one_feature():
    network = hybrid("asks")
    network.stem.first.conv.weight.data[5] = network.stem.first.conv.weight.data[0]
    table = interactions(network, planted(), motifs(), method="attention", **SMALL)
    assert len(table) == 15
    assert all(row.p_value == 1 for row in table.rows if row.j == 5)


def test_members_are_averaged_before_they_are_compared():
    options = {"method": "insertion", **SMALL}
    one, other = (interactions(Toy(kind), planted(), motifs(), **options) for kind in ("and", "additive"))
    both = interactions([Toy("and"), Toy("additive")], planted(), motifs(), **options)
    assert both.n_members == 2
    np.testing.assert_allclose(both.profile(0, 1), (one.profile(0, 1) + other.profile(0, 1)) / 2, atol=1e-6)
    assert both.pair(0, 1).n_agree == 1
    assert both.pair(1, 0).support == one.pair(0, 1).support


def test_the_same_seed_gives_the_same_table():
    tables = [interactions(Toy("and"), planted(), motifs(), method="mutagenesis", seed=3, **SMALL) for _ in range(2)]
    assert repr(tables[0].rows) == repr(tables[1].rows)  # NaN is not equal to itself


@pytest.mark.parametrize("method", ["insertion", "mutagenesis", "feature_maps"])
def test_progress_rises_to_1_over_all_networks(method):
    told = []
    interactions([Toy("and")] * 2, planted(), motifs(), method=method, progress=told.append, **SMALL)
    assert told == sorted(told)
    assert len(set(told)) > 2  # one draw each here
    assert told[0] < 0.5
    assert told[-1] == 1


def test_rows_are_json_and_the_table_says_how_many_are_called():
    table = interactions(hybrid("none"), planted(), motifs(), method="filter_correlation", **SMALL)
    rows = table.to_dicts()
    assert rows[0]["gap"] is None
    assert set(rows[0]) == set(table.rows[0]._fields)
    title = f"InteractionTable(filter_correlation: {len(table.calls())} of 15 pairs at q <= 0.1)"
    assert repr(table).splitlines()[0] == title


def test_pairs_go_by_the_names_of_their_motifs():
    one, two, *others = motifs()
    named = [replace(one, name="SPI1"), replace(two, name="IRF1"), *(replace(other, name="GATA") for other in others)]
    table = interactions(Toy("and"), planted(), named, method="mutagenesis", **SMALL)
    first = table.to_dataframe().iloc[0]
    assert (first["pair"], first["motif_i"], first["motif_j"]) == ("SPI1 × IRF1", "M0", "M1")
    assert f"GATA ({others[0].id}) × GATA ({others[1].id})" in repr(table)
    ax = table.plot(top=1)
    assert ax.get_legend().get_texts()[0].get_text().startswith("SPI1 × IRF1")
    plt.close(ax.figure)


def test_data_may_be_codes_alone():
    data = planted()
    table = interactions(Toy("and"), data.codes[data.y[:, 0] == 1], motifs(), method="mutagenesis", **SMALL)
    assert_only_pair_01(table)


def test_few_motifs_have_the_first_test_alone():
    table = interactions(Toy("and"), planted(), motifs()[:2], method="insertion", **SMALL)
    assert len(table) == 1
    assert table.rows[0].p_value == 1 / 61
    assert np.isnan(table.rows[0].q_value)
    assert not table.calls(1)
    asked = interactions(Toy("and"), planted(), motifs()[:2], method="insertion", few_motifs=True, **SMALL)
    assert asked.rows[0].p_value == asked.rows[0].q_value == 1 / 61
    assert len(asked.calls()) == 1
    assert "with fewer than 5 motifs, p-values compare with shuffled copies alone" in table.caution


def test_few_motifs_have_no_calls_of_negative_effects_either_unless_asked_for():
    table = interactions(Toy("nand"), planted(), motifs()[:2], method="insertion", **SMALL)
    assert (table.rows[0].p_value, table.rows[0].sign) == (1 / 61, "-")
    assert np.isnan(table.rows[0].q_value)
    assert not table.calls(1)
    asked = interactions(Toy("nand"), planted(), motifs()[:2], method="insertion", few_motifs=True, **SMALL)
    assert asked.rows[0].q_value == 1 / 61
    assert [row.sign for row in asked.calls()] == ["-"]


def test_networks_of_the_other_sign_do_not_agree():
    members = [Toy("and"), Toy("and"), Negated(Toy("and"))]
    table = interactions(members, planted(), motifs(), method="insertion", **SMALL)
    assert (table.pair(0, 1).sign, table.pair(0, 1).n_agree) == ("+", 2)
    assert (table.evidence.member_p[:, 0] <= 0.05).all()
    assert np.sign(table.evidence.member_effect[:, 0]).tolist() == [1, 1, -1]


def test_of_five_motifs_one_strong_pair_leaves_too_few_others():
    table = interactions(Toy("convexand"), planted(), motifs()[:5], method="insertion", **{**SMALL, "n_null": 100})
    assert [(row.i, row.j) for row in table.calls()] == [(0, 1)]
    assert "6 pairs have p = 1 because too few other pairs of their motifs were measured and do not" in table.caution


def test_too_few_shuffled_copies_are_told():
    few = interactions(Toy("and"), planted(), motifs()[:2], method="insertion", **{**SMALL, "n_null": 4})
    assert "a single pair cannot have a q-value below 0.2" in few.caution
    one_each = {**SMALL, "n_null_backgrounds": 1, "distances": [5]}
    nothing = interactions(Toy("and"), planted(), motifs(), method="insertion", **one_each)
    assert "a single pair cannot have a q-value below 1, as pairs with shuffled copies were measured only 0 times" in (
        nothing.caution
    )
    assert nothing.calls(1) == [row for row in nothing.rows if row.sign == ("+" if row.effect > 0 else "-")]


def test_a_table_holds_both_tests_and_what_each_member_says():
    table = interactions([Toy("and"), Toy("additive")], planted(), motifs(), method="insertion", **SMALL)
    evidence = table.evidence
    rows = sorted(table.rows, key=lambda row: (row.i, row.j))
    p = np.array([row.p_value for row in rows])
    called = p < 1
    np.testing.assert_array_equal(p[called], np.fmax(evidence.p_copies, evidence.p_others)[called])
    pairs = np.transpose(np.triu_indices(6, 1))
    again = against_other_pairs(evidence.score, evidence.magnitude, evidence.curvature, pairs)
    np.testing.assert_array_equal(np.minimum(2 * again, 1), evidence.p_others)
    assert evidence.member_p.shape == evidence.member_effect.shape == (2, 15)
    assert evidence.member_p[0, 0] <= 0.05 < evidence.member_p[1, 0]
    assert evidence.member_effect[0, 0] > 10 * abs(evidence.member_effect[1]).max()
    assert [row.n_agree for row in rows] == (evidence.member_p <= 0.05).sum(axis=0).tolist()


def test_q_values_are_benjamini_hochberg_over_all_pairs():
    rows = interactions(Toy("saturating"), planted(), motifs(), method="insertion", **SMALL).rows
    p = np.array([row.p_value for row in rows])
    expected = [min(p[k:] * len(p) / np.arange(k + 1, len(p) + 1)) for k in range(len(p))]
    np.testing.assert_allclose([row.q_value for row in rows], np.minimum(expected, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "inserton"}, "unknown method 'inserton'; did you mean insertion"),
        ({"n_null": 3}, "n_null must be at least"),
        ({"n_backgrounds": 0}, "n_backgrounds must be a whole number of 1 or more, got 0"),
        ({"n_draws": 1.5}, "n_draws must be a whole number, got 1.5"),
        ({"n_null": 60.0}, "n_null must be a whole number, got 60.0"),
        ({"n_backgrounds": 3, "n_null_backgrounds": 4}, "n_backgrounds must be at least n_null_backgrounds, 4, got 3"),
        ({"site_rate": 2}, "site_rate must be a share from 0 to 1, got 2"),
        ({"filter_q": np.nan}, "filter_q must be a share from 0 to 1, got nan"),
        ({"filter_threshold": -0.1}, "filter_threshold must be a share from 0 to 1, got -0.1"),
        ({"min_effect": np.nan}, "min_effect must be 0 or more, got nan"),
        ({"distances": [(1, 2), (3,)]}, "expected distances as whole numbers, or as pairs of them"),
        ({"background": np.full((3, LENGTH), 9, dtype=np.uint8)}, "got 9"),
        ({"target": 1}, "target must be in 0"),
        ({"distances": [0, 90]}, "expected distances of at most 74"),
        ({"background": np.zeros((3, 50), dtype=np.uint8)}, "expected a background of sequences of"),
        ({"background": np.zeros((0, LENGTH), dtype=np.uint8)}, "expected a background of sequences of"),
    ],
)
def test_what_does_not_fit_is_said(changes, message):
    with pytest.raises(ValueError, match=message):
        interactions(Toy("and"), planted(20), motifs(), **{**SMALL, **changes})


def test_motifs_and_models_are_checked():
    with pytest.raises(ValueError, match="at least two motifs"):
        interactions(Toy("and"), planted(20), motifs()[:1])
    with pytest.raises(ValueError, match="id 'M0' twice"):
        interactions(Toy("and"), planted(20), [motifs()[0]] * 2)
    with pytest.raises(ValueError, match="at least one network"):
        interactions([], planted(20), motifs())
    with pytest.raises(ValueError, match="expected motifs in a list, each of it a Motif, got 'JASPAR2016"):
        interactions(Toy("and"), planted(20), "JASPAR2016-vertebrates")


@pytest.mark.parametrize("target", [-1, 1])
def test_the_output_is_checked_where_labels_do_not_tell(target):
    with pytest.raises(ValueError, match=rf"target must be in 0 \.\.\. 0, the outputs of model 0, got {target}"):
        interactions(Toy("and"), planted(20).codes, motifs(), target=target, **SMALL)


@pytest.mark.parametrize("method", INTERACTION_METHODS)
def test_a_network_that_diverged_is_no_network_without_interactions(method):
    broken = hybrid("asks")
    with torch.no_grad():
        broken.head.out.bias += torch.nan
    with pytest.raises(
        ValueError,
        match=r"model 1 of 0 \.\.\. 1 cannot be read: expected finite weights, got NaN or infinity in 'head.out.bias'",
    ):
        interactions([hybrid("asks"), broken], planted(20), motifs(), method=method, **SMALL)


class Brittle(Toy):
    """Infinite where a site of motif 4 is perfect, as in sequences that insertion makes."""

    def forward(self, x):
        return super().forward(x) / (1 - torch.relu(self.conv(x) - 7).amax(2)[:, [4]])


def test_a_network_that_diverges_on_made_sequences_is_said():
    codes = np.random.default_rng(0).integers(0, 4, (40, LENGTH), dtype=np.uint8)
    with pytest.raises(ValueError, match="NaN or infinite values to sequences that insertion made"):
        interactions(Brittle("and"), codes, motifs(), method="insertion", **SMALL)


def test_data_are_checked():
    data = planted(20)
    with pytest.raises(ValueError, match=r"expected labels 0 and 1, got 0\.5"):
        interactions(Toy("and"), SequenceDataset.from_arrays(data.codes, data.y / 2), motifs())
    with pytest.raises(ValueError, match="at least one positive"):
        interactions(Toy("and"), SequenceDataset.from_arrays(data.codes, data.y * 0), motifs())
    with pytest.raises(ValueError, match="expected sequences"):
        interactions(Toy("and"), 5, motifs())


def test_models_without_attention_or_filters_are_told_what_to_use():
    with pytest.raises(ValueError, match="any_model"):
        interactions(Toy("and"), planted(20), motifs(), method="attention", **SMALL)
    config = HybridConfig(length=LENGTH, n_filters=6, kernel_size=9, first_pool=5, dense_width=4)
    for method in ATTENTION:
        with pytest.raises(ValueError, match="without attention"):
            interactions(blank_network(config), planted(40), motifs(), method=method, **SMALL)


def test_every_method_is_tested():
    assert set(INTERACTION_METHODS) == {*PERTURBATION, *ATTENTION, "filter_correlation"}
    assert {method.unit for method in INTERACTION_METHODS.values()} == {"logit", "attention weight", "Fisher z"}
    assert list(itertools.combinations(range(6), 2)) == sorted(
        (row.i, row.j) for row in interactions(Toy("and"), planted(), motifs(), **SMALL).rows
    )
