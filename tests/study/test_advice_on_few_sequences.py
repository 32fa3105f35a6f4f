"""Networks on few sequences that predict no more than composition are told how to make more of them."""

import dataclasses

import audit_pages
import pytest

from motiflens.study.advice import advice


@pytest.fixture(scope="module")
def evidence():
    return audit_pages.evidence()


def training_of(evidence, **protocol):
    """Advice on training, of scores that do not exceed those of 3-mers, by networks of ours."""
    from motiflens.models.hybrid import build_model

    network = build_model("C4C6", length=200, n_outputs=1, task=2, activation="exponential")
    (first, *_) = evidence.candidates
    audits = tuple(dataclasses.replace(found, model=network) for found in first.audits)
    candidate = dataclasses.replace(first, audits=audits, protocol=protocol)
    scores = {**evidence.performance, first.name: evidence.performance["3-mers"]}
    changed = dataclasses.replace(evidence, candidates=(candidate,), performance=scores, data_file="my peaks.h5")
    return [one for one in advice(changed) if one.factor == "training" and one.level == "try"]


def test_the_command_trains_and_audits(evidence):
    (found,) = training_of(evidence, reverse_complement=False, max_shift=0)
    assert found.command == (
        "motiflens train 'my peaks.h5' --architecture C4C6 --activation exponential --reverse-complement --max-shift 5 "
        "--out augmented && motiflens audit 'my peaks.h5' --model augmented --out audit-augmented"
    )
    assert "training sequences are few" in found.reasons[0]


def test_who_did_so_is_not_told_again(evidence):
    assert not training_of(evidence, reverse_complement=True, max_shift=0)
