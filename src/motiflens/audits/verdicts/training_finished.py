"""Was training finished? What the histories of the networks say."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from motiflens.audits.verdicts.verdict import CANNOT_BE_SAID, IN_PART, NO, YES, Facts, Question, Ruling

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.evidence import Evidence

WAITED = 5  # epochs after the best one that show that it was the best
STRAY = 0.1  # of the validation metric below the median of the networks
OVERFITTED = 0.5  # validation loss at the kept epoch, above the lowest, as a share of the lowest

_RULE = (
    f"Yes if most networks trained {WAITED} epochs or more after the one with the best validation score. No if the "
    f"best epoch is later. In part if networks failed, strayed ({STRAY:g} below the median validation score) or kept "
    f"weights that overfit (validation loss {OVERFITTED:.0%} above its lowest). It takes training histories to tell."
)


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
        ]
    }


def _judge(facts: Facts) -> Ruling:
    networks: Sequence[Mapping[str, Any]] = facts["training"]["networks"]
    known = [one for one in networks if not one["failed"] and one.get("valid_metric")]
    n_failed = sum(one["failed"] for one in networks)
    if not known:
        words = "No training history" if not n_failed else f"{n_failed} networks failed"
        help = "Train with motiflens train, which keeps histories, or look at the training curves yourself."
        return Ruling(CANNOT_BE_SAID, words, {"networks with a history": 0, "failed": n_failed}, help)
    after = [one["n_epochs"] - one["best_epoch"] for one in known]
    best = np.array([max(one["valid_metric"]) for one in known])
    n_stray = int((best < np.median(best) - STRAY).sum())
    rises = [_excess(one) for one in known]
    n_short, n_overfitted = sum(n < WAITED for n in after), sum(rise > OVERFITTED for rise in rises)
    numbers = {
        "networks with a history": len(known),
        "best epoch": [one["best_epoch"] for one in known],
        "epochs": [one["n_epochs"] for one in known],
        "epochs after the best": after,
        "best validation score": best.round(4).tolist(),
        "excess of validation loss": [round(rise, 3) for rise in rises],
        "failed": n_failed,
        "strayed": n_stray,
    }
    epochs = f"best epoch {_range(numbers['best epoch'])} of {_range(numbers['epochs'])}"
    if 2 * n_short >= len(known):
        return Ruling(
            NO, f"Still improving: {epochs}", numbers, "Train longer: leave --max-epochs out, or make it larger."
        )
    if n_overfitted:
        help = "Keep the weights of the best epoch (protocol REFERENCE does), or stop earlier."
        return Ruling(IN_PART, f"Overfitted: validation loss rose after its lowest; {epochs}", numbers, help)
    if n_failed or n_stray or n_short:
        parts = [(n_failed, "failed"), (n_stray, "strayed"), (n_short, "still improving")]
        words = ", ".join(f"{n} of {len(networks)} networks {what}" for n, what in parts if n)
        return Ruling(IN_PART, f"{words}; {epochs}", numbers, "Leave those networks out, or train more of them.")
    return Ruling(YES, f"{len(known)} of {len(networks)} networks; {epochs}", numbers)


def _excess(one: Mapping[str, Any]) -> float:
    """Validation loss at the epoch whose weights were kept, above the lowest, as a share of the lowest."""
    losses = np.asarray(one["valid_loss"])
    return float(losses[one["best_epoch"] - 1] / losses.min() - 1) if losses.min() > 0 else 0.0


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


TRAINING_FINISHED = Question("training", "Was training finished?", _RULE, NO, _facts, _judge)
