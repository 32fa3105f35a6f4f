"""Why a verdict was wrong, in a sentence, from what was measured of the patient."""

from motiflens.audits.verdicts import BEYOND_COMPOSITION, CANNOT_BE_SAID, IN_PART, NO, YES
from motiflens.basics.store import Record
from motiflens.interpret.spike_in import TRUSTED
from motiflens.study.verdicts.accuracy import AGREES, JudgedVerdict


def why_wrong(one: JudgedVerdict, record: Record) -> str:
    """What a wrong verdict comes from."""
    say = {
        "data": _data,
        "training": _training,
        "composition": _composition,
        "filters": _filters,
        "maps": _maps,
        "repeats": _repeats,
    }
    return say[one.key](one, record)


def _data(one: JudgedVerdict, record: Record) -> str:
    alone = one.numbers["composition alone, test"]
    if one.answer == YES and alone is not None:
        return f"The planted motifs change the 3-mers: composition alone reaches {alone:.2f}."
    return "The fault of the data lies below the rule's limit."


def _training(one: JudgedVerdict, record: Record) -> str:
    networks = record["facts"]["training"]["networks"]
    scores = ", ".join(f"{max(own['valid_metric']):.2f}" for own in networks if own["valid_metric"])
    if one.answer == YES and one.numbers.get("strayed"):
        return f"One network is far below the other (validation scores {scores}), though the maps of both find sites."
    if one.answer == YES:
        return f"Training ran its course, but on too few sequences for this design (validation scores {scores})."
    return f"The validation score was noise all along ({scores}), so that an early epoch looks best."


def _composition(one: JudgedVerdict, record: Record) -> str:
    found = record["facts"]["composition"]
    scores = ", ".join(f"{score:.2f}" for score in found["networks"])
    best = max(own["score"] for own in found["baselines"].values())
    if one.level == CANNOT_BE_SAID:
        return f"Networks reach {scores}, composition {best:.2f}: {found['n_test']} test sequences are too few to tell."
    return f"Networks reach {scores} and composition {best:.2f} on the test sequences; validation said the opposite."


def _filters(one: JudgedVerdict, record: Record) -> str:
    maps = ", ".join(f"{area:.2f}" for area in record["measured"]["map_auroc"] or ())
    planted = ", ".join(record["planted"])
    if one.answer == YES and one.level in (YES, IN_PART):
        return f"A motif is named, but none that the database has for what was planted ({planted})."
    if one.answer == YES:
        return f"The maps find the sites (AUROC {maps}), but no filter reads {planted}: layers above join its parts."
    if maps:
        return f"A filter matches a motif, though the maps do not find the sites (AUROC {maps})."
    return "A filter that matters looks like a motif by chance."


def _maps(one: JudgedVerdict, record: Record) -> str:
    maps = record["measured"]["map_auroc"]
    if maps is None:
        return "There are no sites, yet the maps were called good at implanted motifs."
    mean = sum(maps) / len(maps)
    if one.answer == YES and not record["facts"]["maps"]["auroc"]:
        return f"At the planted sites the AUROC is {mean:.2f}, but the networks responded to no implant."
    if one.answer == YES and BEYOND_COMPOSITION.judge(record["facts"]).level == NO:
        return f"At the planted sites the AUROC is {mean:.2f}, though the networks predict no more than composition."
    if one.answer != YES:
        return (
            f"At the planted sites the AUROC is {mean:.2f} (limit {TRUSTED:g}), those that the network has not learned "
            "among them; implants are of motifs that it responds to."
        )
    return f"At the planted sites the AUROC is {mean:.2f} (limit {TRUSTED:g}): implants are harder to see here."


def _repeats(one: JudgedVerdict, record: Record) -> str:
    hidden = record["measured"]["agreement"]
    shown = one.numbers.get("correlation of maps")
    between = "" if shown is None else f", the two audited ones at {shown:.2f}"
    return f"A further network agrees at {hidden:.2f} (limit {AGREES:g}){between}: two networks are few near the limit."
