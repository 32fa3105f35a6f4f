"""The summary of an audit: its verdicts, advice and numbers as plain values."""

from typing import Any

from motiflens.audits.comparison import side_by_side
from motiflens.audits.differences import differences
from motiflens.audits.evidence import Evidence
from motiflens.audits.verdicts import verdicts
from motiflens.study.advice import advice_rows


def evidence_summary(evidence: Evidence) -> dict[str, Any]:
    """Verdicts, advice and the numbers that they rest on, in JSON types but for NaN."""
    first, *others = evidence.candidates
    return {
        "options": evidence.options.to_dict(),
        "target": evidence.label_names[evidence.target],
        "verdicts": [verdict.to_dict() for verdict in verdicts(evidence)],
        "advice": advice_rows(evidence),
        "performance": {
            name: {
                measure: {**found.interval._asdict(), "members": found.members.tolist()}
                for measure, found in measures.items()
            }
            for name, measures in evidence.performance.items()
        },
        "comparison": [row.to_dict() for row in side_by_side(evidence)],
        "differences": {
            other.name: [
                {**row._asdict(), "difference": row.difference._asdict()} for row in differences(evidence, first, other)
            ]
            for other in others
        },
        "networks": {
            candidate.name: [
                {"member": number, **found.metrics}
                for number, found in zip(candidate.numbers, candidate.audits, strict=True)
            ]
            for candidate in evidence.candidates
        },
        "spike_in": {name: found.summary() for name, found in evidence.spike_ins.items()},
        "stability": {name: found.summary() for name, found in evidence.stability.items()},
        "data": evidence.data.to_dict(),
        "notes": list(evidence.notes),
    }
