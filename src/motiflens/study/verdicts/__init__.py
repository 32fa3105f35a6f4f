"""Verdicts of audits, tested as diagnostic tests are: patients whose answer is known, records, accuracy."""

from motiflens.study.verdicts.accuracy import (
    CHOSEN,
    HELD_OUT,
    JudgedVerdict,
    diagnoses,
    measured_accuracy,
    open_answers,
    right_answers,
)
from motiflens.study.verdicts.background import read_background
from motiflens.study.verdicts.kinds import MEASURED, PATIENT_KINDS, PATIENT_SEEDS, PatientKind
from motiflens.study.verdicts.patients import VERDICT_STUDY, Patient, planned_patients
from motiflens.study.verdicts.run import is_patient_record, patient_problem, run_patients
from motiflens.study.verdicts.simulated import PatientData, patient_data
from motiflens.study.verdicts.trial import AUDIT_OPTIONS, run_patient
from motiflens.study.verdicts.why_wrong import why_wrong

__all__ = [
    "AUDIT_OPTIONS",
    "CHOSEN",
    "JudgedVerdict",
    "HELD_OUT",
    "MEASURED",
    "PATIENT_KINDS",
    "PATIENT_SEEDS",
    "Patient",
    "PatientData",
    "PatientKind",
    "VERDICT_STUDY",
    "diagnoses",
    "why_wrong",
    "is_patient_record",
    "measured_accuracy",
    "open_answers",
    "right_answers",
    "patient_data",
    "patient_problem",
    "planned_patients",
    "read_background",
    "run_patient",
    "run_patients",
]
