"""Write docs/results/interactions.md from stored records: python scripts/make_interactions_page.py.

Its sentences stand in interactions_page.md beside this file, with the names of what is filled in.

Sentences that say which way something goes are checked against the records, so that a page that no longer holds is not
written.
"""

from collections.abc import Sequence
from pathlib import Path

from motiflens.basics.stats import Interval, wilson_interval
from motiflens.basics.store import Record, Store
from motiflens.basics.words import with_interval
from motiflens.interpret.interactions import Interaction
from motiflens.motifs.pairs import PAIR_SIGNS, read_pairs
from motiflens.study.benchmark import (
    NOMINAL,
    FactorEffect,
    SignSummary,
    block_rows,
    calibrate,
    count_by_first_layer,
    factor_effects,
    figure_records,
    over_draws,
    score_tables,
    sign_summaries,
    summarise,
)

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "results" / "interactions"
SIGNS = ROOT / "results" / "interactions_signs"
UNSEEN_SIGNS = 154  # data seeds from here on no choice has seen
TEMPLATE = Path(__file__).with_name("interactions_page.md")
TARGET = ROOT / "docs" / "results" / "interactions.md"
SHORT, LONG = "65 epochs at 0.001", "180 epochs at 0.003"
SHOWN = {
    "insertion": "insertion (the default)", "mutagenesis": "mutagenesis", "feature_maps": "feature maps",
    "attention_gradient": "attention × gradient", "attention_rollout": "attention rollout",
    "attention": "raw attention", "filter_correlation": "filter correlation",
}  # fmt: skip
DRAWS = range(103, 108)  # of the data, by which no choice was made


def difference(effect: FactorEffect) -> str:
    """A difference between two conditions, with its sign and its interval."""
    return with_interval(Interval(effect.difference, effect.low, effect.high), signed=True, decimals=2)


def check(holds: bool, sentence: str) -> None:
    """Refuse to write a sentence that the records do not bear out."""
    if not holds:
        raise ValueError(f"the records no longer say: {sentence}; write the page again")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


class Numbers:
    """What the records say, as the page asks for it."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        used = figure_records(records)
        self.scores = score_tables(used)
        self.first = [one for one in self.scores if one.data_seed == min(score.data_seed for score in self.scores)]
        self.methods = summarise(self.scores)
        self.factors = factor_effects(self.scores)
        self.filters = [one for one in count_by_first_layer(used) if one.level == 2 and one.has_attention]
        self.draws = over_draws(self.scores)
        self.nulls = calibrate(used)

    def effect(self, factor: str, other: str, method: str, measure: str, training: str, networks: str) -> FactorEffect:
        """The row of one factor at level 2."""
        wanted = (factor, other, method, measure, training, networks)
        for one in self.factors:
            if one.level == 2 and wanted == (
                one.factor, one.other, one.method, one.measure, one.training, one.networks
            ):  # fmt: skip
                return one
        raise ValueError(f"no record compares {', '.join(wanted)} at level 2")

    def filter_tpr(self, training: str, activation: str) -> float:
        """Mean filter TPR of the designs with attention that were trained with both activations."""
        own = [one for one in self.first if one.level == 2 and one.has_attention and one.training == training]
        own = [one for one in own if one.method == "insertion" and one.architecture == "C4C6-Att"]
        values = [one.filter_tpr for one in own if one.activation == activation]
        return sum(values) / len(values)

    def calls(self, level: int, method: str) -> str:
        """Calls of a method on a level other than 2, networks with attention."""
        own = [one for one in self.first if one.level == level and one.method == method and one.has_attention]
        true, of = sum(one.true_calls for one in own), sum(one.n_true for one in own)
        decoys, others = sum(one.false_calls for one in own), sum(one.filler_calls for one in own)
        wrong = [f"{n} {name}{'s' if n > 1 else ''}" for n, name in ((decoys, "decoy"), (others, "other pair")) if n]
        return f"{true} of {of} true pairs" + (f", {' and '.join(wrong)}" if wrong else " and nothing else")


def of_methods(numbers: Numbers) -> str:
    """Calls and areas of all methods after either training."""
    rows = []
    n_true = {}
    for method, name in SHOWN.items():
        row: list[object] = [name]
        for training in (SHORT, LONG):
            own = [
                one for one in numbers.first
                if (one.level, one.has_attention, one.method, one.training) == (2, True, method, training)
            ]  # fmt: skip
            area = next(
                one.aupr for one in numbers.methods
                if (one.level, one.has_attention, one.method, one.training) == (2, True, method, training)
            )  # fmt: skip
            n_true[training] = sum(one.n_true for one in own)
            row += [sum(getattr(one, kind) for one in own) for kind in ("true_calls", "false_calls", "filler_calls")]
            row.append(f"{area:.2f}")
        rows.append(row)
    header = ["Networks with attention"]
    for training, epochs in ((SHORT, 65), (LONG, 180)):
        header += [f"{epochs} epochs: true pairs called, of {n_true[training]}", "decoys", "others", "area"]
    return table(header, rows)


def of_factor(
    numbers: Numbers, factor: str, other: str, rows: Sequence[tuple[str, str, str]], training: str, networks: str
) -> list[list[object]]:
    """Means of base and other, and their difference, for rows of (words, method, measure)."""
    found: list[list[object]] = []
    for words, method, measure in rows:
        one = numbers.effect(factor, other, method, measure, training, networks)
        means = [f"{value:.2f}" for value in (one.base_mean, one.base_mean + one.difference)]
        found.append([words, *means, difference(one)])
    return found


def of_activation(numbers: Numbers, training: str) -> str:
    """Exponential against ReLU, networks with attention."""
    rows = [
        ("Test AUROC of the networks", "insertion", "test_auroc"),
        ("Recall of insertion", "insertion", "recall"),
        ("Area of insertion", "insertion", "aupr"),
        ("Area of raw attention", "attention", "aupr"),
    ]
    shares = [f"{numbers.filter_tpr(training, kind):.2f}" for kind in ("relu", "exponential")]
    body = of_factor(numbers, "activation", "exponential", rows, training, "attention")
    return table(["", "ReLU", "Exponential", "Difference"], [["Filter TPR", *shares, ""], *body])


def of_encodings(numbers: Numbers) -> str:
    """Each positional encoding against none, after the shorter training."""
    measures = [("insertion", "test_auroc"), ("insertion", "recall"), ("attention", "aupr")]
    rows: list[list[object]] = []
    for encoding in ("learned", "relative", "rotary", "sinusoidal"):
        own = [numbers.effect("positional encoding", encoding, *one, SHORT, "attention") for one in measures]
        check(all(abs(one.difference) < 0.1 for one in own), "a positional encoding matters little")
        rows.append([encoding, own[0].n_pairs, *map(difference, own)])
    return table(
        ["Encoding", "Pairs of conditions", "Test AUROC", "Recall of insertion", "Area of raw attention"], rows
    )


def of_learned(numbers: Numbers) -> dict[str, object]:
    """Pairs that show where both motifs have filters, over activations and trainings."""
    sums = {method: [0] * 6 for method in SHOWN}
    networks = 0
    for one in numbers.filters:
        for place, name in enumerate(one._fields[-6:]):
            sums[one.method][place] += getattr(one, name)
        networks += one.n_networks if one.method == "insertion" else 0
    # Filter correlation compares filters with each other and knows no perturbation.
    kept = sorted((method for method in SHOWN if method != "filter_correlation"), key=lambda name: -sums[name][1])
    least, most = (choose(sums[method][3] for method in kept[:3]) for choose in (min, max))
    return {
        "learned_networks": networks,
        "learned": table(
            ["Method", f"True pairs shown, of {sums['insertion'][0]}"],
            [[SHOWN[method].removesuffix(" (the default)"), sums[method][1]] for method in kept],
        ),
        "n_unlearned": sums["insertion"][2],
        "unlearned": str(least) if least == most else f"{least} to {most}",
        "n_decoys": sums["insertion"][4],
        "most_decoys": max(own[5] for own in sums.values()),
    }


def of_nulls(numbers: Numbers) -> str:
    """Shares of small p-values and nulls with calls, after either training."""
    rows: list[list[object]] = []
    for method, name in SHOWN.items():
        own = {one.training: one for one in numbers.nulls if one.method == method}
        found = [
            f"{own[key].share_small_p:.1%} | {own[key].nulls_with_calls} of {own[key].n_nulls}" for key in (SHORT, LONG)
        ]
        rows.append([name, *found])
    check(all(one.calibrated for one in numbers.nulls), "p-values are conservative")
    header = ["", "65 epochs: p ≤ 0.05", "data sets with a call", "180 epochs: p ≤ 0.05", "data sets with a call"]
    return table(header, rows)


def of_draws(numbers: Numbers) -> dict[str, object]:
    """Insertion after long training, on the draws that chose nothing and on all."""
    own = [
        one for one in numbers.scores
        if one.method == "insertion" and one.training == LONG and one.data_seed in DRAWS and one.level == 2
    ]  # fmt: skip
    every = next(one for one in numbers.draws if one.method == "insertion" and "epochs180" in one.condition)
    calls, of, wrong = (sum(getattr(one, name) for one in own) for name in ("true_calls", "n_true", "false_calls"))
    recall, fdr = wilson_interval(calls, of), wilson_interval(wrong, calls + wrong)
    return {
        "n_draws": len(own), "draw_calls": calls, "draw_true": of, "draw_false": wrong,
        "draw_recall": with_interval(recall, decimals=2),
        "draw_fdr": with_interval(fdr, decimals=2),
        "all_calls": every.true_calls, "all_true": every.n_true,
        "all_recall": with_interval(Interval(every.recall, every.recall_low, every.recall_high), decimals=2),
    }  # fmt: skip


def missed_pairs(record: Record) -> list[tuple[Interaction, float]]:
    """Interacting pairs that insertion does not call, with their p against shuffled copies."""
    block = record["tables"]["insertion"]
    rows = block_rows(block, record["motifs"])
    kinds = read_pairs(record).kind.tolist()
    return [
        (row, p) for row, kind, p in zip(rows, kinds, block["p_copies"], strict=True)
        if kind in PAIR_SIGNS and row.q_value > NOMINAL
    ]  # fmt: skip


def by_insertion(records: Sequence[Record]) -> list[SignSummary]:
    """Recall of either sign by insertion, on labels of both signs."""
    return [one for one in sign_summaries(records) if (one.labels, one.method) == ("signed", "insertion")]


def of_signs(records: Sequence[Record]) -> dict[str, object]:
    """Insertion on draws with pairs of both signs."""
    rows = by_insertion(records)
    tests = [network["metrics"]["test_pearson"] for one in records for network in one["networks"] if network["metrics"]]
    kinds = {"+": "more together than the sum", "−": "less: they repress, or either is enough"}
    body: list[list[object]] = []
    missed = [(row, p) for one in records for row, p in missed_pairs(one)]
    check(all(row.sign == "-" and p <= 0.05 for row, p in missed if row.sign != "+"), "missed pairs have their sign")
    check(rows[0].recall > rows[1].recall, "pairs that do less are missed more often")
    for one, (sign, words) in zip(rows, kinds.items(), strict=True):
        recall = with_interval(Interval(one.recall, one.recall_low, one.recall_high), decimals=2)
        body.append([sign, words, one.n_true, one.true_calls, recall, one.false_calls])
    fresh = [one for one in records if one["data_seed"] >= UNSEEN_SIGNS]
    sides = zip(by_insertion(fresh), ("above", "below"), strict=False)
    said = [f"{one.true_calls} of {one.n_true} {where} 0" for one, where in sides]
    return {
        "sign_fresh": f" In the draws made after that ({len(fresh)}) it calls {' and '.join(said)}." if fresh else "",
        "sign_draws": len(records),
        "sign_failed": sum(one["status"] != "ok" for one in records) or "none",
        "sign_lowest": min(tests),
        "sign_highest": max(tests),
        "signs": table(["Sign", "The two motifs do", "Pairs", "Called", "Recall", "Other pairs called"], body),
    }


def of_others(numbers: Numbers) -> str:
    """The penalty on entropy, and attention itself."""
    auroc, recall = (
        numbers.effect("entropy penalty", "0.1", "insertion", name, SHORT, "attention")
        for name in ("test_auroc", "recall")
    )
    check(auroc.high < 0 and recall.high < 0, "a penalty on entropy lowers AUROC and recall")
    short, long = (numbers.effect("attention", "with", "insertion", "recall", name, "both") for name in (SHORT, LONG))
    check(short.low < 0 < short.difference and long.low < 0 < long.difference, "attention may help, or by chance")
    return (
        f"- A penalty on the entropy of attention changes test AUROC by {difference(auroc)} and the\n"
        f"  recall of insertion by {difference(recall)}, after 65 epochs.\n"
        "- Networks with attention show more pairs than those without, but this could be chance: the recall of "
        f"insertion differs by\n  {difference(short)} in {short.n_pairs} controls, "
        f"and after long training by {difference(long)} in {long.n_pairs}."
    )


def page() -> str:
    """The page as the records say."""
    numbers = Numbers(list(Store(RECORDS).read()[0].values()))
    level2 = [one for one in numbers.first if one.level == 2 and one.method == "insertion"]
    attention = [one for one in numbers.first if one.level == 2 and one.method == "attention" and one.training == SHORT]
    shared = [one for one in attention if one.architecture in ("C4C6-Att", "C4C6-Att-mean")]
    activation, activation_long = (
        numbers.effect("activation", "exponential", "insertion", "recall", name, "attention") for name in (SHORT, LONG)
    )
    check(activation.low > 0, "an exponential first layer helps insertion after 65 epochs")
    check(activation_long.low < 0, "after long training ReLU has caught up")
    check(not any(one.true_calls for one in shared), "raw attention calls no true pair after 65 epochs")
    both = [("Test AUROC", "insertion", "test_auroc")] + [
        (f"Recall of {SHOWN[name].removesuffix(' (the default)')}", name, "recall")
        for name in ("mutagenesis", "insertion", "attention_gradient", "attention_rollout", "attention")
    ]
    training = numbers.effect("training", LONG, "insertion", "recall", "both", "attention")
    networks = [network for one in figure_records(numbers.records) for network in one["networks"]]
    return TEMPLATE.read_text(encoding="utf-8").format(
        n_short=sum(one.training == SHORT for one in level2),
        n_long=sum(one.training == LONG for one in level2),
        n_networks=len(networks),
        n_failed=sum(one["status"] != "ok" for one in networks) or "none",
        chance=level2[0].chance_aupr,
        methods=of_methods(numbers),
        attention_true=sum(one.n_true for one in shared),
        n_activation=activation.n_pairs,
        activation_short=of_activation(numbers, SHORT),
        encodings=of_encodings(numbers),
        n_training=training.n_pairs,
        training=table(
            ["", "65 epochs", "180 epochs", "Difference"],
            of_factor(numbers, "training", LONG, both, "both", "attention"),
        ),
        n_activation_long=activation_long.n_pairs,
        activation_long=of_activation(numbers, LONG),
        level3_insertion=numbers.calls(3, "insertion"),
        level3_mutagenesis=numbers.calls(3, "mutagenesis"),
        level3_attention=numbers.calls(3, "attention"),
        level3_error=next(
            one.spacing_error for one in numbers.methods if one.level == 3 and one.method == "insertion"
        ),
        level1_insertion=numbers.calls(1, "insertion"),
        calibration=of_nulls(numbers),
        others=of_others(numbers),
        **of_learned(numbers),
        **of_draws(numbers),
        **of_signs(list(Store(SIGNS).read()[0].values())),
    )  # fmt: skip


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
