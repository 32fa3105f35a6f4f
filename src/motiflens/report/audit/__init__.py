"""The page of an audit, with its tables and summary."""

from motiflens.report.audit.audit import AuditReport, audit
from motiflens.report.audit.folder import AuditFolder, write_audit_folder
from motiflens.report.audit.page import write_audit_page
from motiflens.report.audit.summary import evidence_summary

__all__ = [
    "AuditFolder",
    "AuditReport",
    "audit",
    "evidence_summary",
    "write_audit_folder",
    "write_audit_page",
]
