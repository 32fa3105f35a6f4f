"""How a network is shown: a line of text, and in a notebook a table of its layers."""

from torch import nn

from motiflens.basics.tables import Table, Tabular


class Shown(Tabular):
    """Base class of networks with a description in `_title`; the rows of their table are layers with weights."""

    def _title(self) -> str:
        raise NotImplementedError(f"{type(self).__name__} does not say what it is")

    def __repr__(self) -> str:
        return self._title()

    def _table(self) -> Table:
        assert isinstance(self, nn.Module)
        rows = [
            (name, layer, own)
            for name, layer in self.named_modules()
            if (own := dict(layer.named_parameters(recurse=False)))
        ]
        columns = {
            "layer": [name or "(itself)" for name, _, _ in rows],
            "kind": [type(layer).__name__ for _, layer, _ in rows],
            "weights": [str(tuple(next(iter(own.values())).shape)) for _, _, own in rows],
            "parameters": [sum(value.numel() for value in own.values()) for _, _, own in rows],
        }
        return Table(self._title(), columns)


def outputs_in_words(network: nn.Module, n_outputs: int, label_names: tuple[str, ...]) -> str:
    """The end of a title: numbers of outputs and parameters, and the names of the labels."""
    n_parameters = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    return (
        f"{n_outputs} output{'s' * (n_outputs != 1)}; {n_parameters:,} parameters; "
        f"labels: {', '.join(label_names[:6]) or 'not known'}{', ...' * (len(label_names) > 6)}"
    )
