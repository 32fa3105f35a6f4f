"""Does it predict more than composition does? The test score beside those of GC content and 3-mers."""

from typing import TYPE_CHECKING, Any

from motiflens.audits.evidence import GC_BASELINE, KMER_BASELINE, Evidence
from motiflens.audits.verdicts.data_fit import GIVEN_AWAY
from motiflens.audits.verdicts.verdict import CANNOT_BE_SAID, NO, YES, Facts, Question, Ruling
from motiflens.audits.words import measure_label
from motiflens.basics.stats import Interval
from motiflens.basics.words import with_interval
from motiflens.training.suitability import AUGMENTED, FEW_TRAIN

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate

SMALL_GAIN = 0.05  # of AUROC or correlation; what is surely less is none

_RULE = (
    "By the gain in test AUROC over the better of GC content and 3-mers: yes if its 95 % interval lies above 0, no if "
    f"it reaches 0 and lies below {SMALL_GAIN:g}, or if the score is that of chance and lies less than "
    f"{2 * SMALL_GAIN:g} above. Else the test set is too small to say."
)

_RULE_OF_VALUES = _RULE.replace("AUROC", "correlation")


def _facts(candidate: "Candidate", evidence: Evidence) -> dict[str, Any]:
    own = evidence.of_target[candidate.name]
    measure = next(iter(own))
    return {
        "measure": measure,
        "score": list(own[measure].interval),
        "networks": own[measure].members.tolist(),
        "n_test": _n_test(evidence),
        "baselines": {
            name: {
                "score": float(found[measure].members[0]),
                "gain": list(own[measure].minus(found[measure])),
            }
            for name in (GC_BASELINE, KMER_BASELINE)
            if (found := evidence.of_target.get(name)) is not None
        },
        "gc_auroc_all": evidence.data.labels[evidence.target].gc_auroc,
    }


def _n_test(evidence: Evidence) -> int:
    """Test sequences that have the label."""
    return (evidence.data.labels[evidence.target].n_by_split or evidence.data.n_by_split)["test"]


def _judge(facts: Facts) -> Ruling:
    found = facts["composition"]
    label, baselines = measure_label(found["measure"]), found["baselines"]
    numbers: dict[str, Any] = {
        f"test {label}": found["score"][0],
        **{f"test {label} of {name}": own["score"] for name, own in baselines.items()},
        "AUROC of GC content, all sequences": found["gc_auroc_all"],  # not that of the test sequences
    }
    if not baselines:
        help = "Audit on data with training and validation sequences, which the baselines learn from."
        return Ruling(CANNOT_BE_SAID, "No baseline to compare with", numbers, help)
    if found["score"][0] is None or found["score"][0] != found["score"][0]:
        help = "Add test sequences of the class that is missing, or with other values."
        return Ruling(CANNOT_BE_SAID, "The test sequences are all of one class or value", numbers, help)
    best = max(baselines, key=lambda name: baselines[name]["score"])
    gain = Interval(*baselines[best]["gain"])
    numbers |= {"better baseline": best, "gain": gain.estimate, "gain, low": gain.low, "gain, high": gain.high}
    answer = f"{with_interval(gain, signed=True)} {label} over {best}"
    if gain.low > 0:
        return Ruling(YES, answer, numbers)
    if predicts_nothing(facts):
        help = "Train longer, or on more sequences, or check the labels."
        score = with_interval(Interval(*found["score"]))
        return Ruling(NO, f"Test {label} {score}, as by chance", numbers, help)
    if gain.high < SMALL_GAIN:
        help = f"Train longer, or on more sequences{_more_of_few(facts)}; or composition is all there is."
        return Ruling(NO, answer, numbers, help)
    n = found["n_test"] * ((gain.high - gain.low) / 2 / max(abs(gain.estimate), SMALL_GAIN / 2)) ** 2
    help = (
        f"About {max(round(n, -2), 100):,.0f} test sequences would tell; these are {found['n_test']:,}. Networks that "
        f"predict better would tell, too: train longer{_more_of_few(facts)}."
    )
    return Ruling(CANNOT_BE_SAID, answer, numbers, help)


def _more_of_few(facts: Facts) -> str:
    """What makes more of few training sequences, where the networks were trained here."""
    if not reads_too_few(facts):
        return ""
    n = _n_train(facts)
    return f", or with {' '.join(AUGMENTED)} (motiflens train), for {n:,} training sequences are few"


def reads_too_few(facts: Facts) -> bool:
    """Whether networks were trained by this package on few sequences, without augmentation.

    Augmentation (reverse complements, shifts) would help such networks.
    """
    training = facts["training"]
    is_ours = any(one.get("valid_metric") for one in training["networks"])
    best = max((own["score"] or 0.0 for own in facts["composition"]["baselines"].values()), default=0.0)
    can_gain = best < GIVEN_AWAY and not training.get("is_augmented")
    return is_ours and can_gain and _n_train(facts) < FEW_TRAIN


def _n_train(facts: Facts) -> int:
    return int((facts["data"].get("n_labelled") or facts["data"]["n_by_split"])["train"])


def predicts_nothing(facts: Facts) -> bool:
    """Whether the test score is that of a random classifier, and with confidence not much above."""
    found = facts["composition"]
    chance = 0.5 if found["measure"] == "auroc" else 0.0
    _, low, high = found["score"]
    if low is None:  # no score, of test sequences of one class
        return False
    return bool(low <= chance and high < chance + 2 * SMALL_GAIN)


_QUESTION = "Does it predict more than composition does?"
BEYOND_COMPOSITION = Question("composition", _QUESTION, _RULE, NO, _facts, _judge, _RULE_OF_VALUES)
