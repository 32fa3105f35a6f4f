"""Was training finished? A rule on the training histories of the networks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.audits.verdicts.verdict import CANNOT_BE_SAID, IN_PART, NO, YES, Facts, Question, Ruling

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.evidence import Evidence

WAITED = 5  # epochs without a better validation score that show that it was the best
GAIN = 0.002  # of the score in the last of these epochs; less is not worth more epochs
STRAY = 0.1  # of the validation score below the median of the networks, of two below the better one
UNLEARNED = 0.95  # of the loss of a constant prediction; a network whose validation loss stays above has not learned
MEMORISED = 0.75  # of the same; a training loss below has been
GOOD_SCORE = 0.9  # validation score above which no loss says that nothing was learned

_IMPROVING = (
    f"No if half of the networks or more were still improving (validation score up by {GAIN:g} or more within the last "
    f"{WAITED} epochs, or fewer than {2 * WAITED} epochs with the best among the last {WAITED})"
)
_SINGLE = (
    f"single networks failed, have not learned, strayed ({STRAY:g} below the median score; of two, below the better "
    "one) or were still improving. Else yes. It takes training histories to tell."
)
_RULE = (
    f"{_IMPROVING}, or have not learned (validation loss never below {UNLEARNED:.0%} of that of a constant prediction, "
    f"score below {GOOD_SCORE:g}). In part if half overfitted (the same, but training loss below {MEMORISED:.0%}), or "
    f"if {_SINGLE}"
)
_RULE_OF_VALUES = f"{_IMPROVING}. In part if {_SINGLE.replace('have not learned, ', '')}"


def _facts(candidate: "Candidate", evidence: "Evidence") -> dict[str, Any]:
    return {
        "networks": [
            {
                "failed": member.network is None,
                "reason": member.reason,
                "best_epoch": member.best_epoch,
                "n_epochs": member.n_epochs,
                **{name: list(map(float, values)) for name, values in member.history.items()},
            }
            for member in candidate.members
        ],
        "constant_loss": _constant_loss(evidence),
        "is_augmented": any(candidate.protocol.get(name) for name in ("reverse_complement", "max_shift")),
    }


def _constant_loss(evidence: "Evidence") -> float | None:
    """Mean cross-entropy of predicting the share of positives, over labels; None where labels are no classes."""
    losses = []
    for label in evidence.data.labels:
        if label.positives is None or label.negatives is None:
            return None
        losses.append(_entropy(label.positives["train"], label.negatives["train"]))
    return float(np.mean(losses)) if losses else None


def _entropy(n_positive: int, n_negative: int) -> float:
    shares = np.array([n_positive, n_negative]) / max(n_positive + n_negative, 1)
    return float(-sum(share * np.log(share) for share in shares if share > 0))


def _judge(facts: Facts) -> Ruling:
    networks: Sequence[Mapping[str, Any]] = facts["training"]["networks"]
    known = [one for one in networks if not one["failed"] and one.get("valid_metric")]
    n_failed = sum(one["failed"] for one in networks)
    if not known:
        words = "No training history" if not n_failed else f"{n_failed} networks failed"
        help = "Train with fit or motiflens train, which keep histories, or look at the training curves yourself."
        return Ruling(CANNOT_BE_SAID, words, {"networks with a history": 0, "failed": n_failed}, help)
    training = facts["training"]
    constant = training["constant_loss"] if "constant_loss" in training else _constant_of_target(facts)
    best = np.array([max(one["valid_metric"]) for one in known])
    usual = best.max() if len(best) == 2 else np.median(best)  # the median of two hides one of them
    found = {
        "failed": n_failed,
        "strayed": int((best < usual - STRAY).sum()),
        "still improving": sum(map(_improving, known)),
        "not learned": sum(_unlearned(one, constant) for one in known),
        "overfitted": sum(_overfitted(one, constant) for one in known),
    }
    numbers = {
        "networks with a history": len(known),
        "best epoch": [one["best_epoch"] for one in known],
        "epochs": [one["n_epochs"] for one in known],
        "best validation score": best.round(4).tolist(),
        "lowest validation loss": [round(min(one["valid_loss"]), 4) for one in known],
        "loss of a constant": constant,
        **found,
    }
    return _ruling(found, numbers, len(networks))


def _ruling(found: Mapping[str, int], numbers: dict[str, Any], n: int) -> Ruling:
    n_known = numbers["networks with a history"]
    epochs = f"best epoch {_range(numbers['best epoch'])} of {_range(numbers['epochs'])}"
    if 2 * found["still improving"] >= n_known:
        help = "Train longer: raise max_epochs (--max-epochs), or leave it out."
        return Ruling(NO, f"Still improving: {epochs}", numbers, help)
    if 2 * (found["still improving"] + found["not learned"]) >= n_known:
        help = "Train several networks again from other initial weights (--seed), longer, or on more sequences."
        loss = "the validation loss never fell below that of a constant prediction"
        n = found["not learned"]
        return Ruling(NO, f"{n} of {n_known} networks have not learned: {loss}; {epochs}", numbers, help)
    if 2 * found["overfitted"] >= n_known:
        help = "Train on more sequences, and keep the weights of the best epoch (protocol REFERENCE does)."
        return Ruling(IN_PART, f"Overfitted: only the training sequences were learned; {epochs}", numbers, help)
    kinds = ("failed", "not learned", "strayed", "still improving")
    parts = [f"{found[what]} of {n} networks {what}" for what in kinds if found[what]]
    if parts:
        help = "Leave those networks out, or train more of them."
        return Ruling(IN_PART, f"{', '.join(parts)}; {epochs}", numbers, help)
    return Ruling(YES, f"{n_known} of {n} networks; {epochs}", numbers)


def _improving(one: Mapping[str, Any]) -> bool:
    """Whether the best epoch is among the last, and not by a hair."""
    scores = one["valid_metric"]
    if one["n_epochs"] - one["best_epoch"] >= WAITED:
        return False
    return len(scores) <= 2 * WAITED or max(scores) - max(scores[:-WAITED]) >= GAIN


def _unlearned(one: Mapping[str, Any], constant: float | None) -> bool:
    return _generalises_not(one, constant) and not _memorised(one, constant) and not _improving(one)


def _overfitted(one: Mapping[str, Any], constant: float | None) -> bool:
    return _generalises_not(one, constant) and _memorised(one, constant)


def _generalises_not(one: Mapping[str, Any], constant: float | None) -> bool:
    """Whether validation sequences were never predicted better than by a constant."""
    is_good = max(one["valid_metric"]) >= GOOD_SCORE
    return constant is not None and not is_good and min(one["valid_loss"]) > UNLEARNED * constant


def _memorised(one: Mapping[str, Any], constant: float | None) -> bool:
    return constant is not None and min(one["train_loss"]) < MEMORISED * constant


def _constant_of_target(facts: Facts) -> float | None:
    """The loss of a constant from the label in question alone, for facts that were kept without it."""
    data = facts["data"]
    if data["kind"] != "binary":
        return None
    return _entropy(data["positives"]["train"], data["negatives"]["train"])


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


TRAINING_FINISHED = Question("training", "Was training finished?", _RULE, NO, _facts, _judge, _RULE_OF_VALUES)
