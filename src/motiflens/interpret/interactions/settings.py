"""Settings of an analysis of interactions, the same for all methods."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any

from motiflens.basics.arguments import check_fields
from motiflens.basics.choices import check_count
from motiflens.basics.errors import InputError
from motiflens.interpret.interactions.design import distance_ranges


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of an analysis of interactions, checked on creation; each method uses those that apply to it.

    The defaults were chosen on simulated data sets of the benchmark that are not part of any reported result.

    Attributes
    ----------
    n_null : int
        Least number of shuffled copies, over all motifs. Each is measured with every other motif.
    n_sequences : int
        Largest number of positives, and of background sequences, chosen at random.
    n_backgrounds, n_null_backgrounds : int
        For "insertion": numbers of background sequences for effects and distances, and for p-values.
    distances : sequence of int or of (int, int), optional
        For "insertion": bases between the two sites; or ranges (smallest, largest), whose distances are spread over the
        backgrounds. By default all from 0 to 100 bp in up to 20 ranges; up to 10 bp each distance is a range of its
        own.
    n_draws : int
        For "mutagenesis" and "feature_maps": mutants of each site.
    filter_q, filter_threshold : float
        For methods on filters: largest q-value of a filter's match to a motif, and the share of a filter's maximum
        above which its activity counts as a site.
    site_rate : float
        For scanning: share of shuffled sequences that may hold a score as high as that of a site.
    min_count : int
        Least number of measurements in a window of distances, averaged over members.
    min_effect : float
        Smaller effects count as 0, because differences of logits have rounding errors.
    few_motifs : bool
        Give q-values, and so calls, even with fewer than five motifs. By default there are none, because the test that
        separates interactions from the curvature of the output needs other pairs. Without this test, pairs are called
        even in a network that only adds up single motifs.
    batch_size : int, optional
        Sequences in one pass; by default 500, or 2,000 on a GPU.
    seed : int
        The same seed gives the same table.

    Raises
    ------
    InputError
        If a number is out of range.
    """

    n_null: int = 200
    n_sequences: int = 500
    n_backgrounds: int = 100
    n_null_backgrounds: int = 8
    distances: Sequence[int] | Sequence[tuple[int, int]] | None = None
    n_draws: int = 2
    filter_q: float = 0.1
    filter_threshold: float = 0.5
    site_rate: float = 0.05
    min_count: int = 5
    min_effect: float = 1e-4
    few_motifs: bool = False
    batch_size: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        counts = ["n_null", "n_sequences", "n_backgrounds", "n_null_backgrounds", "n_draws", "min_count"]
        for name in counts + ([] if self.batch_size is None else ["batch_size"]):
            number = getattr(self, name)
            if not isinstance(number, Integral) or number < 1:
                raise InputError(f"{name} must be a whole number of 1 or more, got {number!r}")
            check_count(name, int(number))
        if self.n_backgrounds < self.n_null_backgrounds:
            raise InputError(
                f"n_backgrounds must be at least n_null_backgrounds, {self.n_null_backgrounds}, "
                f"got {self.n_backgrounds}"
            )
        for name in ("filter_q", "filter_threshold", "site_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} must be a share from 0 to 1, got {getattr(self, name)}")
        if not self.min_effect >= 0:
            raise InputError(f"min_effect must be 0 or more, got {self.min_effect}")
        if not isinstance(self.seed, Integral) or self.seed < 0:
            raise InputError(f"seed must be a whole number of 0 or more, got {self.seed!r}")
        if self.distances is not None:
            distance_ranges(self.distances)

    def to_dict(self) -> dict[str, Any]:
        """The settings that a result depends on, as plain data.

        The batch size is left out, and so are `distances` and `few_motifs` if they have their defaults."""
        values = asdict(self)
        del values["batch_size"]
        for name in ("distances", "few_motifs"):
            if not values[name]:
                del values[name]
        return values
