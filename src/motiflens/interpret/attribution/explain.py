"""`explain`: any attribution method by name."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.choices import check_known
from motiflens.basics.errors import InputError
from motiflens.basics.inputs import NetworksLike, SequencesLike, Target, as_codes
from motiflens.basics.metrics import Array, as_tensor
from motiflens.basics.sequence import one_hot
from motiflens.basics.tables import Table, Tabular
from motiflens.interpret.attribution.contributions import Complete
from motiflens.interpret.attribution.deep_lift import complete_deep_lift_shap, deep_lift_shap
from motiflens.interpret.attribution.gradient import centred
from motiflens.interpret.attribution.integrated_gradients import complete_integrated_gradients, integrated_gradients
from motiflens.interpret.attribution.mutagenesis import saturation_mutagenesis
from motiflens.interpret.attribution.pictures import attribution_table, codes_of, letter_heights, plot_attribution
from motiflens.interpret.attribution.saliency import gradient_times_input, saliency
from motiflens.interpret.attribution.smooth_grad import smooth_grad
from motiflens.models.foreign import chosen_output
from motiflens.models.saved import as_networks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from motiflens.motifs.sets import Motif

METHODS: dict[str, Callable[..., torch.Tensor]] = {
    "saliency": saliency,
    "gradient_times_input": gradient_times_input,
    "smooth_grad": smooth_grad,
    "integrated_gradients": integrated_gradients,
    "deep_lift_shap": deep_lift_shap,
    "saturation_mutagenesis": saturation_mutagenesis,
}
_COMPLETE: dict[str, Callable[..., Complete]] = {
    "integrated_gradients": complete_integrated_gradients,
    "deep_lift_shap": complete_deep_lift_shap,
}


@dataclass(frozen=True, eq=False, repr=False)
class Attributions(Tabular):
    """Attributions of N sequences by one method, of one network or averaged over several.

    Attributes
    ----------
    method : str
        One of METHODS.
    values : torch.Tensor, shape=(N, 4, L)
        Result of the method's function; the mean over networks if there are several.
    scores : torch.Tensor, shape=(N, L)
        Score of each position: the value of the base in the sequence. For saturation mutagenesis, effects are first
        centred, that is, their mean over the four bases is subtracted.
    gap : torch.Tensor, shape=(N,), or None
        Relative difference between the sum of attributions and the change of the output (see `completeness_gap`),
        averaged over networks; None for methods whose attributions need not add up to it.
    codes : np.ndarray, uint8, shape=(N, L)
        The sequences, for logos; 4 for an unknown base.
    members : torch.Tensor, shape=(E, N, 4, L), or None
        Values of each network; None if there is only one.
    """

    method: str
    values: torch.Tensor
    scores: torch.Tensor
    gap: torch.Tensor | None
    codes: np.ndarray
    members: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def mean(self) -> torch.Tensor:
        """Mean over the networks, shape=(N, 4, L)."""
        return self.values

    @property
    def sd(self) -> torch.Tensor | None:
        """Standard deviation over the networks (n - 1), shape=(N, 4, L); None if there is only one."""
        return None if self.members is None else self.members.std(0)

    @property
    def sign_agreement(self) -> torch.Tensor | None:
        """Share of networks whose value has the sign of the mean, shape=(N, 4, L); None if there is only one."""
        if self.members is None:
            return None
        return (self.members.sign() == self.values.sign()).to(self.values.dtype).mean(0)

    def letter_heights(self, row: int) -> np.ndarray:
        """Scores of one sequence at its bases, shape=(4, L), as :func:`plot_logo` draws them."""
        return letter_heights(self.codes, self.scores, row)

    def plot(
        self,
        row: int = 0,
        *,
        start: int = 0,
        stop: int | None = None,
        motifs: "Sequence[Motif] | Any" = (),
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Draw the scores of one sequence as a logo, with named sites of motifs.

        Parameters
        ----------
        row : int
            Index of the sequence.
        start, stop : int
            Part to draw, in positions of the sequence.
        motifs : sequence of Motif, or a result with `.motifs`
            Motifs whose sites are marked, found by :func:`motiflens.motifs.hits.motif_hits`.
        ax : matplotlib.axes.Axes, optional

        Raises
        ------
        ValueError
            If there is no such sequence or part.
        """
        return plot_attribution(self, row, start=start, stop=stop, motifs=motifs, title=self.method, ax=ax)

    def _table(self) -> Table:
        n, length = self.scores.shape
        title = f"Attributions by {self.method}: {n:,} sequence{'s' * (n != 1)} of {length} bp"
        if self.members is not None:
            title += f", means over {len(self.members)} networks"
        return attribution_table(title, self.codes, self.scores, self.gap)


@checks_arguments
def explain(
    networks: NetworksLike,
    sequences: SequencesLike,
    *,
    method: str = "saliency",
    target: Target | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    correct_gradient: bool = False,
    hypothetical: bool = False,
    **options: Any,
) -> Attributions:
    """Compute attributions by any method, with position scores and the completeness gap.

    Parameters
    ----------
    networks : network, several, ensemble, or folder of either
        Any PyTorch models that map one-hot (n, 4, L) to outputs (n, n_outputs). For several networks, values are means,
        and the result also has their standard deviation and the agreement of their signs.
    sequences : data set, codes (N, L), one-hot (N, 4, L), or DNA strings
    method : str
        One of METHODS.
    target : int or str, optional
        The output, by its index or its label's name. By default the first one. If data with one label meet a model with
        two outputs, these are taken as the logits of two classes: the second one is used, and a message says so. With
        one label and more outputs, the target must be given.
    batch_size : int, optional
        Sequences in one pass; by default that of the method.
    device, correct_gradient
        As for :func:`saliency`.
    hypothetical : bool
        Return for all four bases what each would contribute, as TF-MoDISco needs it. Contributions relative to
        baselines are then not multiplied by the input, effects of saturation mutagenesis are centred, and gradients
        stay as they are.
    **options
        Keyword arguments of the method.

    Returns
    -------
    attributions : Attributions

    Raises
    ------
    InputError
        If the method is unknown (lists names of similar spelling), has no such option or no hypothetical values; if
        there is no network or no such target; and as the method does.

    Examples
    --------
    >>> import motiflens as ml
    >>> network = ml.build_model("C24", length=200, n_outputs=1)
    >>> maps = ml.explain(network, ["ACGT" * 50], method="saliency")
    >>> maps.scores.shape
    torch.Size([1, 200])
    """
    check_method(method)
    if hypothetical and method == "gradient_times_input":
        raise InputError("gradient_times_input has values for the bases that are there only: use saliency")
    if method in _COMPLETE:
        options["hypothetical"] = hypothetical
    if batch_size is not None:
        options["batch_size"] = batch_size
    _check_options(method, options)
    found = as_networks(networks)
    options |= {
        "target": chosen_output(target, found, sequences),
        "device": device,
        "correct_gradient": correct_gradient,
    }
    X = _one_hot_of(sequences)
    every = [_explained(network, X, method, hypothetical, options) for network in found]
    if len(every) == 1:
        return every[0]
    members = torch.stack([one.values for one in every])
    gaps = [one.gap for one in every if one.gap is not None]
    return Attributions(
        method,
        members.mean(0),
        torch.stack([one.scores for one in every]).mean(0),
        torch.stack(gaps).mean(0) if gaps else None,
        every[0].codes,
        members,
    )


def _one_hot_of(sequences: Any) -> Any:
    """One-hot as it was given, with its type and device, or made from codes."""
    if isinstance(sequences, np.ndarray | torch.Tensor) and sequences.ndim == 3 and sequences.shape[2]:
        return sequences
    return one_hot(as_codes(sequences))


def _explained(model: nn.Module, X: Array, method: str, hypothetical: bool, options: dict[str, Any]) -> Attributions:
    compute = _COMPLETE.get(method, METHODS[method])
    result = compute(model, X, **options)
    values, gap = (result.values, result.gap) if isinstance(result, Complete) else (result, None)
    base_values = centred(values) if method == "saturation_mutagenesis" else values
    scores = (base_values * as_tensor(X).detach().to("cpu", values.dtype)).sum(1)  # N, L
    return Attributions(method, base_values if hypothetical else values, scores, gap, codes_of(X))


def _check_options(method: str, options: dict[str, Any]) -> None:
    known = [name for name, p in inspect.signature(METHODS[method]).parameters.items() if p.kind is p.KEYWORD_ONLY]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise InputError(f"{method} has no option {unknown[0]!r}; it has {', '.join(known)}")


def check_method(method: str) -> None:
    """Raise an error for an unknown method, with names of similar spelling."""
    check_known("attribution method", method, METHODS)
