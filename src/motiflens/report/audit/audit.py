"""An audit in one call: what networks have learned, with verdicts, and the page that shows it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motiflens.audits.candidate import audit_candidate
from motiflens.audits.evidence import Evidence, gather_evidence
from motiflens.audits.options import AuditOptions
from motiflens.audits.verdicts import Verdicts, verdicts
from motiflens.basics.arguments import checks_arguments
from motiflens.basics.inputs import NetworksLike
from motiflens.basics.progress import part_of, progress_bar
from motiflens.basics.tables import Table, Tabular
from motiflens.data.dataset import SequenceDataset
from motiflens.models.ensemble import Ensemble
from motiflens.models.saved import ENSEMBLE_FILE, as_networks, load_ensemble
from motiflens.report.audit.page import write_audit_page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AUDITS = 0.7  # of the time: about what the audits of single networks take, before what is asked of all of them


@dataclass(frozen=True, eq=False, repr=False)
class AuditReport(Tabular):
    """What networks have learned.

    Attributes
    ----------
    evidence : Evidence
        Scores with intervals, filters, attributions, spike-in, stability: everything that the page shows.
    """

    evidence: Evidence

    @cached_property
    def verdicts(self) -> Verdicts:
        """What the evidence comes to: one question, answer and reason a verdict."""
        return verdicts(self.evidence)

    def save(self, path: str | Path) -> Path:
        """Write the page, one HTML file that needs no other; returns its path."""
        return write_audit_page(self.evidence, path, database=self.evidence.options.database_name)

    def plot(self, *, measure: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Draw test scores beside those of baselines (:meth:`motiflens.audits.evidence.Evidence.plot`)."""
        return self.evidence.plot(measure=measure, ax=ax)

    def _table(self) -> Table:
        return self.verdicts._table()

    def __repr__(self) -> str:
        return repr(self.verdicts)


@checks_arguments
def audit(
    networks: NetworksLike,
    data: SequenceDataset,
    *,
    name: str = "network",
    progress: bool = True,
    **options: Any,
) -> AuditReport:
    """Audit what networks have learned from a data set.

    Parameters
    ----------
    networks : network, several, ensemble, or folder of either
        Several are initialisations of one network. Any PyTorch model on one-hot DNA will do.
    data : SequenceDataset
        Networks are audited on its test sequences; baselines learn from its training sequences.
    name : str
        What the page calls the networks.
    progress : bool
        Show a progress bar with the name of each stage on a terminal or in a notebook.
    **options
        Of :class:`motiflens.audits.options.AuditOptions`, such as `database`, `target` or `truth`.

    Returns
    -------
    AuditReport
        With `.verdicts`, `.evidence` and `.save(path)`.

    Raises
    ------
    InputError
        If there is no network, an option is unknown or out of range, or data and networks do not fit together.

    Examples
    --------
    >>> import motiflens as ml
    >>> data = ml.data.simulate.billboard(200, seed=1)
    >>> network = ml.build_model("C24", length=200, n_outputs=1, n_filters=4)
    >>> quick = {"n_decoys": 0, "n_ablation": 50, "n_backgrounds": 0, "n_examples": 1, "n_resamples": 20}
    >>> report = ml.audit(network, data, database="JASPAR2016-vertebrates", progress=False, **quick)
    >>> [one.question for one in report.verdicts][0]
    'Are the data fit to tell?'
    """
    chosen = AuditOptions(**options)
    ensemble = _ensemble(networks)
    found = as_networks(networks if ensemble is None else list(ensemble) or networks)  # a folder is read once
    with progress_bar("audit", progress=progress) as tell:
        known: dict[str, Any] = {} if ensemble is None else {"members": ensemble.members, "protocol": ensemble.protocol}
        candidate = audit_candidate(name, found, data, chosen, **known, on_progress=part_of(tell, 0.0, _AUDITS))
        return AuditReport(gather_evidence([candidate], data, chosen, on_progress=part_of(tell, _AUDITS, 1.0)))


def _ensemble(networks: Any) -> Ensemble | None:
    """The ensemble that was handed in, or that a folder holds, for its training curves."""
    if isinstance(networks, Ensemble):
        return networks
    if isinstance(networks, str | Path) and (Path(networks) / ENSEMBLE_FILE).is_file():
        return load_ensemble(networks)
    return None
