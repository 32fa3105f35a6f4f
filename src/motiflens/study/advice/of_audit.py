"""What would make the candidates of an audit better, from its evidence and the effects that the study measured."""

from typing import Any

import numpy as np

from motiflens.audits.candidate import Candidate
from motiflens.audits.differences import differences, measures_of
from motiflens.audits.evidence import TRUST_METHODS, Evidence
from motiflens.audits.verdicts import (
    BEYOND_COMPOSITION,
    IN_PART,
    NO,
    TRAINING_FINISHED,
    YES,
    reads_too_few,
    rulings,
    verdict_facts,
)
from motiflens.audits.words import measure_label, method_label
from motiflens.basics.once import once_for_each
from motiflens.study.advice.advise import advise
from motiflens.study.advice.designs import augmented_command, design_of, train_command, usual_task
from motiflens.study.advice.rule import ADVICE_LEVELS, FAMILIES, Advice, Here, Spread, spread_of


@once_for_each
def advice(evidence: Evidence) -> list[Advice]:
    """Advice on every candidate: activation, pool size, filters, number of networks.

    See `advise`. Measures of this data set: the test score; the share of filters that match a motif of the truth, or
    else beyond chance; saliency maps against the truth, or else at motifs put into negatives.
    """
    candidates = evidence.candidates
    binary = evidence.prevalence is not None
    families = tuple(FAMILIES) if binary else tuple(name for name in FAMILIES if name != "prediction")
    found = [one for candidate in candidates for one in _on_training(candidate, evidence)]
    designs = [design_of(candidate.name, candidate.audits[0].model) for candidate in candidates]
    designs = [design for design in designs if design.n_filters]  # of others no first layer is known
    if not designs:
        return found
    pairs = [(a, b) for i, a in enumerate(candidates) for b in candidates[i + 1 :]]
    return found + advise(
        designs,
        {(a.name, b.name): _here(evidence, a, b) for a, b in pairs},
        {candidate.name: _spreads(evidence, candidate) for candidate in candidates},
        n_networks={candidate.name: len(candidate.audits) for candidate in candidates},
        data=evidence.data_file,
        task=usual_task(len(evidence.label_names)),
        families=families,
    )


def _on_training(candidate: Candidate, evidence: Evidence) -> list[Advice]:
    """What the histories of the networks call for, before anything else is changed."""
    facts = verdict_facts(candidate, evidence)
    found = rulings(facts)
    training, beyond = found[TRAINING_FINISHED.key], found[BEYOND_COMPOSITION.key]
    design = design_of(candidate.name, candidate.audits[0].model)
    advised = []
    if training.level in (NO, IN_PART):
        more = augmented_command if training.numbers.get("overfitted") else train_command
        command = more(evidence.data_file, design)
        advised.append(("change", training.would_help, training.answer, command))
    if beyond.level != YES and reads_too_few(facts):
        change = "Try other versions of the sequences in each epoch: from either strand, and shifted by a few bases."
        n = facts["data"]["n_labelled"]["train"]
        why = f"{n:,} training sequences are few, and the gain over composition is not sure: {beyond.answer}"
        advised.append(("try", change, why, augmented_command(evidence.data_file, design)))
    return [Advice("training", candidate.name, *one[:2], (f"{one[2]}.",), (), (), one[3]) for one in advised]


def _here(evidence: Evidence, first: Candidate, second: Candidate) -> list[Here]:
    rows = {row.measure: row for row in differences(evidence, first, second)}
    chosen = {family: rows[name] for family, name in _by_family(evidence, rows).items()}
    return [Here(family, row.measure, row.difference, row.n_first, row.n_second) for family, row in chosen.items()]


def _spreads(evidence: Evidence, candidate: Candidate) -> list[Spread]:
    values = {name: own[~np.isnan(own)] for name, own in measures_of(evidence, candidate).items()}
    defined = {name: own for name, own in values.items() if len(own)}
    return [spread_of(family, name, defined[name]) for family, name in _by_family(evidence, defined).items()]


def _by_family(evidence: Evidence, measures: dict[str, Any]) -> dict[str, str]:
    """Of each family the measure that says most of those at hand."""
    main = next(iter(evidence.performance[evidence.candidates[0].name]))
    best_first = {
        "prediction": [f"Test {measure_label(main)}"],
        "filters": ["Filters of true motifs", "Matched beyond chance", "Filters that match a motif"],
        "maps": ["Saliency AUROC", f"Spike-in AUROC, {method_label(TRUST_METHODS[0])}"],
    }
    found = {family: [name for name in names if name in measures] for family, names in best_first.items()}
    return {family: names[0] for family, names in found.items() if names}


def advice_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Advice in JSON types but for NaN."""
    return [
        {
            **one._asdict(),
            "word": ADVICE_LEVELS[one.level],
            "reasons": list(one.reasons),
            "study": [row._asdict() for row in one.study],
            "here": [{**row._asdict(), "interval": row.interval._asdict()} for row in one.here],
        }
        for one in advice(evidence)
    ]
