"""The page of an audit: from data or networks to one HTML file that says what they learned.

- `train_and_audit`: train what is missing of several configurations, and audit every network
- `audit_candidate`: audit networks that are there: a `Candidate`
- `gather_evidence`: scores with intervals, baselines, example attributions, spike-in and stability: `Evidence`
- `verdicts`, `differences`, `side_by_side`: what that comes to, in words and numbers
- `advice`: what would make it better, by what the study and this data set say
- `write_audit_page`, `write_audit_folder`: the page; and with it tables and a summary
"""

from motiflens.audit_report._advice import advice
from motiflens.audit_report._candidate import Candidate, audit_candidate
from motiflens.audit_report._comparison import Compared, Comparison, side_by_side
from motiflens.audit_report._differences import Difference, differences
from motiflens.audit_report._evidence import Evidence, gather_evidence
from motiflens.audit_report._examples import Example, default_methods
from motiflens.audit_report._page import write_audit_page
from motiflens.audit_report._run import Epoch, evidence_summary, train_and_audit, write_audit_folder
from motiflens.audit_report._verdicts import Verdict, verdicts

__all__ = [
    "Candidate",
    "Compared",
    "Comparison",
    "Difference",
    "Epoch",
    "Evidence",
    "Example",
    "Verdict",
    "advice",
    "audit_candidate",
    "default_methods",
    "differences",
    "evidence_summary",
    "gather_evidence",
    "side_by_side",
    "train_and_audit",
    "verdicts",
    "write_audit_folder",
    "write_audit_page",
]
