"""The study's claims put to the test: `assess_claims` gives each an effect size, an interval and a verdict."""

from motiflens.claims._claims import PARTS, TITLES, Evidence, Finding, Part, assess_claims, failures, judge, overall

__all__ = ["Evidence", "Finding", "PARTS", "Part", "TITLES", "assess_claims", "failures", "judge", "overall"]
