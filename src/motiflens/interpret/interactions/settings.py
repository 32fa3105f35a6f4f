"""How an analysis of interactions is run: one set of numbers for all methods."""

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
    """Numbers of an analysis of interactions, checked when they are made; each method uses those that concern it.

    The defaults were chosen in the study's benchmark, on draws of the data that no figure shows.

    Attributes
    ----------
    n_null : int
        Shuffled copies of all motifs together, at least. Each is measured with every other motif.
    n_sequences : int
        Largest number of positives, and of background sequences, taken at random.
    n_backgrounds, n_null_backgrounds : int
        Of "insertion": sequences for effects and distances, and for p-values, where each shuffled copy needs its own.
    distances : sequence of int or of (int, int), optional
        Of "insertion": bases between the two sites, or smallest and largest number in a range that backgrounds divide
        between them. By default all from 0 to 100 in up to 20 ranges, each by itself up to 10.
    n_draws : int
        Of "mutagenesis" and "feature_maps": mutants of each site.
    filter_q, filter_threshold : float
        Of methods on filters: largest q-value of a filter's match to a motif, and the share of a filter's maximum
        from which there is a site.
    site_rate : float
        Of scanning: share of shuffled sequences in which a motif may score as high as in a site.
    min_count : int
        Measurements on which a called window of distances rests at least, in each member on average.
    min_effect : float
        Smaller effects count as none: differences of logits in single precision are not exactly 0.
    few_motifs : bool
        Give q-values, and so calls, with fewer than five motifs, too. By default there are none, because the test that
        tells interactions from the curvature of the output needs other pairs: without it, pairs of a network that adds
        up single motifs are called.
    batch_size : int, optional
        By default 500, and 2,000 on a GPU.
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
        """What a result depends on, as plain data: without the batch size, and what is as records always had it."""
        values = asdict(self)
        del values["batch_size"]
        for name in ("distances", "few_motifs"):
            if not values[name]:
                del values[name]
        return values
