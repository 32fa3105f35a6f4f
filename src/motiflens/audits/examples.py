"""Examples: test sequences with their attributions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch
from torch import nn

from motiflens.audits.candidate import Candidate
from motiflens.audits.notes import noted
from motiflens.audits.options import AuditOptions
from motiflens.basics.inputs import is_binary
from motiflens.basics.progress import Tell, part_of
from motiflens.basics.sequence import decode
from motiflens.basics.tables import Table, with_rows
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.attribution import explain

_LONG = 2000  # bases above which mutations, whose cost grows with the square of the length, are tried in a part only
_MUTATED = 200  # bases of it
_TOP_SHARE = 0.25  # of real-valued labels, the sequences that count as positive, as in spike-in and stability


@with_rows
@dataclass(frozen=True, eq=False, repr=False)
class Example:
    """One test sequence with its attributions.

    Attributes
    ----------
    row : int
        Index in the test sequences.
    name : str
    why : str
        Why it was chosen.
    codes : np.ndarray, uint8, shape=(L,)
    scores : dict of dict of np.ndarray, shape=(L,)
        Position scores by candidate (of its best network) and method.
    """

    row: int
    name: str
    why: str
    codes: np.ndarray
    scores: dict[str, dict[str, np.ndarray]]

    def _table(self) -> Table:
        """A row for each position."""
        scores = {f"{name} {method}": values for name, found in self.scores.items() for method, values in found.items()}
        return Table(
            repr(self), {"position": np.arange(len(self.codes)), "base": list(decode(self.codes[None])[0]), **scores}
        )

    def __repr__(self) -> str:
        methods = {method: None for found in self.scores.values() for method in found}
        return f"Example({self.name}, {len(self.codes)} bp, {self.why}; by {', '.join(methods)})"


def default_methods() -> tuple[str, ...]:
    """Attribution methods of the page: four different ones, as far as the packages they need are installed."""
    methods = ("gradient_times_input", "integrated_gradients", "deep_lift_shap", "saturation_mutagenesis")
    return tuple(name for name in methods if name != "deep_lift_shap" or find_spec("tangermeme") is not None)


def make_examples(
    candidates: Sequence[Candidate],
    test: SequenceDataset,
    target: int,
    options: AuditOptions,
    *,
    on_progress: Tell | None = None,
) -> tuple[tuple[Example, ...], list[str]]:
    """Choose positive test sequences and compute attributions of every candidate's best network; also returns notes."""
    methods = default_methods() if options.methods is None else options.methods
    chosen = _choose(candidates, test, target, options.n_examples, options.seed)
    if not chosen or not methods:
        return (), [] if chosen or not options.n_examples else ["No test sequence of the label to explain."]
    part = test.subset([row for row, _ in chosen])
    scores: dict[str, dict[str, np.ndarray]] = {candidate.name: {} for candidate in candidates}
    notes: list[str] = []
    if "saturation_mutagenesis" in methods and part.length > _LONG:
        notes.append(
            f"Sequences of {part.length:,} bp are mutated in the {_MUTATED} bp with the largest gradients times input; "
            "effects of mutations elsewhere are shown as 0."
        )
    for i, candidate in enumerate(candidates):
        network = candidate.audits[candidate.best].model
        tell = part_of(on_progress, i / len(candidates), (i + 1) / len(candidates))
        for j, method in enumerate(methods):
            tell(j / len(methods), f"attribution maps: {method.replace('_', ' ')}")
            with noted(notes, f"{candidate.name}, examples by {method}"):
                scores[candidate.name][method] = candidate.store.get(
                    f"example_{method}",
                    partial(_scores, network, part, method, target),
                    codes=part.codes,
                    network=candidate.best,
                    target=target,
                )
    names = [f"test sequence {row}" if part.names is None else str(part.names[i]) for i, (row, _) in enumerate(chosen)]
    examples = tuple(
        Example(
            row=row,
            name=names[i],
            why=why,
            codes=part.codes[i],
            scores={name: {method: of[i] for method, of in methods.items()} for name, methods in scores.items()},
        )
        for i, (row, why) in enumerate(chosen)
    )
    return examples, notes


def _scores(network: nn.Module, part: SequenceDataset, method: str, target: int) -> np.ndarray:
    if method != "saturation_mutagenesis" or part.length <= _LONG:
        return explain(network, part.X, method=method, target=target).scores.double().numpy()
    found = []
    for x in part.X.split(1):
        gradients = explain(network, x, method="gradient_times_input", target=target).scores[0].abs().double()
        sums = torch.nn.functional.conv1d(gradients[None], gradients.new_ones(1, 1, _MUTATED))[0]
        start = int(sums.argmax())
        effects = explain(network, x, method=method, target=target, start=start, stop=start + _MUTATED)
        found.append(effects.scores.double().numpy())
    return np.concatenate(found)


def _strong_rows(y: np.ndarray) -> np.ndarray:
    """Positives of a label, shape=(N,); of real values the quarter with the largest."""
    if is_binary(y):
        return np.flatnonzero(y == 1)
    return np.flatnonzero(y >= np.nanquantile(y, 1 - _TOP_SHARE))


def _choose(
    candidates: Sequence[Candidate], test: SequenceDataset, target: int, n_examples: int, seed: int
) -> list[tuple[int, str]]:
    """Half of them the positives that the networks are surest of, half drawn from the others."""
    strong = _strong_rows(test.y[:, target])
    if is_binary(test.y[:, target]):
        surest, others = (
            "among the positives that the networks are surest of",
            "drawn at random from the other positives",
        )
    else:
        surest = "among the largest values, predicted highest"
        others = "drawn at random from the other large values"
    ranks = [
        logits[strong, target].argsort().argsort() for candidate in candidates for logits in candidate.logits
    ]  # each n_strong
    surest_first = strong[np.argsort(-np.mean(ranks, axis=0), kind="stable")]
    n_surest = min((n_examples + 1) // 2, len(strong))
    rest = surest_first[n_surest:]
    drawn = np.random.default_rng(seed).choice(rest, min(n_examples - n_surest, len(rest)), replace=False)
    return [
        *((int(row), surest) for row in surest_first[:n_surest]),
        *((int(row), others) for row in np.sort(drawn)),
    ]
