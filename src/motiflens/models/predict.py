"""Predictions of one network or several, with columns named after the labels."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import nn

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.errors import InputError
from motiflens.basics.files import in_one_piece
from motiflens.basics.inputs import NetworksLike, SequencesLike, as_codes, number_of_label
from motiflens.basics.plots import plot_ranked
from motiflens.basics.tables import Table, as_dataframe, as_html, as_text
from motiflens.models.any_model.adapted import AdaptedModel
from motiflens.models.foreign import check_foreign
from motiflens.models.hybrid.network import HybridNetwork
from motiflens.models.outputs import model_outputs
from motiflens.models.saved import as_networks
from motiflens.models.trained_on import TrainedOn

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

Scale = Literal["auto", "probability", "raw"]


class Predictions(NamedTuple):
    """Outputs for each sequence.

    Attributes
    ----------
    names : list of str
        Names of the N sequences.
    mean : np.ndarray, shape=(N, n_outputs)
        Mean over the networks.
    deviation : np.ndarray, shape=(N, n_outputs), or None
        Standard deviation over the networks (n - 1); None if there is only one.
    label_names : tuple of str
        One for each output: the labels that the networks were trained on, or output_0, output_1, ...
    """

    names: list[str]
    mean: np.ndarray
    deviation: np.ndarray | None
    label_names: tuple[str, ...]

    def __repr__(self) -> str:
        return as_text(self._table())

    def _repr_html_(self) -> str:
        return as_html(self._table())

    def to_dataframe(self) -> "pandas.DataFrame":
        """A row for each sequence: its name, and the columns of :meth:`columns`."""
        return as_dataframe(self._table())

    def _table(self) -> Table:
        n, n_outputs = self.mean.shape
        spread = "" if self.deviation is None else ", mean and standard deviation over networks"
        title = f"Predictions: {n:,} sequence{'s' * (n != 1)}, {n_outputs} output{'s' * (n_outputs != 1)}{spread}"
        return Table(title, {"name": self.names, **self.columns()})

    def plot(self, *, labels: Sequence[str] | None = None, ax: "Axes | None" = None) -> "Axes":
        """Draw predictions from the highest to the lowest; bands are the standard deviation over networks.

        Parameters
        ----------
        labels : sequence of str, optional
            Labels to draw; by default the first six.
        ax : matplotlib.axes.Axes, optional

        Raises
        ------
        ValueError
            If there is no such label, or there are no predictions.
        """
        chosen = self.label_names[:6] if labels is None else labels
        numbers = [number_of_label(label, self.label_names) for label in chosen]
        values = {
            self.label_names[i]: (self.mean[:, i], None if self.deviation is None else self.deviation[:, i])
            for i in numbers
        }
        return plot_ranked(values, unit="prediction", ax=ax)

    def columns(self) -> dict[str, np.ndarray]:
        """Values (N,) by the name of their column: LABEL, LABEL_sd and so on."""
        columns = {}
        for output, (label, values) in enumerate(zip(self.label_names, self.mean.T, strict=True)):
            columns[label] = values
            if self.deviation is not None:
                columns[f"{label}_sd"] = self.deviation[:, output]
        return columns

    def lines(self) -> Iterator[str]:
        """Lines of a tab-separated table with a header."""
        columns = self.columns()
        yield "\t".join(["name", *columns])
        for name, *values in zip(self.names, *columns.values(), strict=True):
            yield "\t".join([name, *(f"{value:.6g}" for value in values)])

    def write_tsv(self, path: str | Path) -> None:
        """Write the table, completely or not at all."""
        with in_one_piece(path) as unfinished, unfinished.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in self.lines())


@checks_arguments
def predict(
    networks: NetworksLike, sequences: SequencesLike, *, scale: Scale = "auto", batch_size: int = 500
) -> Predictions:
    """Predict the labels of sequences.

    Parameters
    ----------
    networks : network, several, ensemble, or folder of either
        With several networks, the prediction is their mean, and the result also has their standard deviation. A model
        from elsewhere must map one-hot (n, 4, L) to outputs (n, n_outputs).
    sequences : data set, codes (N, L), one-hot (N, 4, L), or DNA strings
    scale : {"auto", "probability", "raw"}
        raw: the outputs of the networks, that is, logits, or the values of a regression. auto: probability if the
        networks are known to be classifiers, else raw.
    batch_size : int

    Returns
    -------
    Predictions
        Sequences are named as in the data set, or numbered.

    Raises
    ------
    InputError
        If there are no networks or no sequences, or lengths differ.

    Examples
    --------
    >>> import motiflens as ml
    >>> network = ml.build_model("C24", length=200, n_outputs=1)
    >>> ml.predict(network, ["ACGT" * 50]).mean.shape
    (1, 1)
    """
    found = as_networks(networks)
    codes = as_codes(sequences)
    given = getattr(sequences, "names", None)
    names = [str(number) for number in range(len(codes))] if given is None else [str(name) for name in given]
    return mean_prediction(found, codes, names, scale=scale, batch_size=batch_size)


def mean_prediction(
    networks: Sequence[nn.Module], codes: np.ndarray, names: list[str], *, scale: Scale, batch_size: int = 500
) -> Predictions:
    """Mean and standard deviation of the predictions of networks for codes (N, L)."""
    if scale not in get_args(Scale):
        raise InputError(f"expected {', '.join(get_args(Scale))} for scale, got {scale!r}")
    if not len(codes):
        raise InputError("expected at least one sequence to predict, got none")
    for network in networks:
        check_foreign(network, codes)
    outputs = torch.stack([model_outputs(network, codes, batch_size=batch_size) for network in networks])
    outputs = outputs.reshape(len(networks), len(codes), -1)  # E, N, n_outputs
    known = _trained_on(networks)
    logits = scale == "probability" or (scale == "auto" and _classify(networks, known))
    values = (torch.sigmoid(outputs) if logits else outputs).double().numpy()
    labels = known.label_names if known is not None else ()
    if len(labels) != values.shape[-1]:
        labels = tuple(f"output_{output}" for output in range(values.shape[-1]))
    deviation = values.std(axis=0, ddof=1) if len(networks) > 1 else None
    return Predictions(names, values.mean(axis=0), deviation, labels)


def _classify(networks: Sequence[Any], known: TrainedOn | None) -> bool:
    """Whether outputs are logits of classes, as far as is known.

    Our own networks are classifiers unless they say otherwise, models of others if they end in a sigmoid or softmax.
    """
    if known is None:
        return all(
            isinstance(network, HybridNetwork)
            or (isinstance(network, AdaptedModel) and network.output == "probabilities")
            for network in networks
        )
    return known.objective == "classification"


def _trained_on(networks: Sequence[Any]) -> TrainedOn | None:
    return next((known for network in networks if (known := getattr(network, "trained_on", None)) is not None), None)
