"""Whether filters were compared with motifs of the right organisms."""

from motiflens.audits.candidate import Candidate
from motiflens.audits.options import AuditOptions
from motiflens.interpret.filters import motifs_of_pwms
from motiflens.motifs.sets import TAXA
from motiflens.motifs.taxa import matches_by_taxon, taxon_hint, taxon_of


def taxon_notes(candidate: Candidate, options: AuditOptions) -> list[str]:
    """Notes on the taxon of the database that a candidate was compared with.

    The filters of its best network are matched once to each other taxon of JASPAR 2026, at about the cost of three
    decoy databases.

    Parameters
    ----------
    candidate : Candidate
    options : AuditOptions
        The options of its audit.
    """
    database = options.database
    if not isinstance(database, str) or not database.startswith("JASPAR"):
        return []
    taxon = taxon_of(database)
    if taxon is None:
        return [
            f"{candidate.name}: {database} holds motifs of all taxa, so that filters may be named after factors of "
            "other organisms. Compare with one taxon, such as JASPAR2026-vertebrates."
        ]
    if taxon not in TAXA:
        return []
    found = candidate.audits[candidate.best]
    if not found.matches.rows:
        return []
    queries = motifs_of_pwms(found.filters.pwms, trim=True)
    n_own = sum(row.best is not None for row in found.matches.rows)
    counts = candidate.store.get(
        "taxa",
        lambda: matches_by_taxon(queries, options.q, [other for other in TAXA if other != taxon]),
        network=candidate.best,
        q=options.q,
        window=options.window,
        taxon=taxon,
    )
    hint = taxon_hint({**counts, taxon: n_own}, taxon)
    return [f"{candidate.name}: {hint}."] if hint else []
