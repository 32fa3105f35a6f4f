"""The architectures of a study, drawn from the configurations that records hold: the paper's Figure 1."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from motiflens.report.figures import NARROW, figure_style
from motiflens.study.results import TaskResults
from motiflens.study.selection import architecture_order

_COLORS = {
    "input": "#FFFFFF",
    "convolution": "#CFE3F3",
    "pool": "#E9E9E9",
    "LSTM": "#F7DDB5",
    "attention": "#CBE8DC",
    "dense": "#EBD3E2",
}
_NARROW_LINE = 3  # boxes of a line on a narrow screen
_WIDTH, _HEIGHT, _PITCH = 0.92, 0.56, 0.74  # inches: of a block, and from row to row


class LayerBlock(NamedTuple):
    """One box of an architecture: its kind (a key of the colours) and what stands in it."""

    kind: str
    text: str


def architecture_blocks(model: Mapping[str, Any]) -> list[LayerBlock]:
    """Boxes of a network from input to output, read off its configuration (`config.model` of a record).

    Blocks: convolution with its activation, pools, the second stage 1 layer (a convolution in C4C6, the BiLSTM itself
    in C4), BiLSTM, attention or encoder layers, head.
    """
    blocks = [
        LayerBlock("input", f"{model['length']} bp"),
        LayerBlock("convolution", f"conv {model['kernel_size']}\n{model['n_filters']} filters\n{model['activation']}"),
        LayerBlock("pool", f"max pool\n{model['first_pool']} bp"),
    ]
    lstm = LayerBlock("LSTM", f"BiLSTM\n{model['lstm_width']}")
    if model["second_stage"] == "conv":
        blocks.append(LayerBlock("convolution", f"conv {model['second_kernel_size']}\nReLU"))
    if model["second_stage"] == "lstm":
        blocks.append(lstm)
    if model["second_stage"] != "none":
        blocks.append(LayerBlock("pool", f"max pool\n{model['second_pool']}"))
    if model["lstm"] and model["second_stage"] != "lstm":
        blocks.append(lstm)
    heads = f"{model['n_heads']} heads"
    if model["attention"] == "transformer":
        layers = f"{model['n_layers']} encoder\nlayer{'' if model['n_layers'] == 1 else 's'}"
        blocks.append(LayerBlock("attention", f"{layers}\n{heads}"))
    elif model["attention"] != "none":
        blocks.append(LayerBlock("attention", f"attention\n{heads}"))
    if model.get("head") == "mean":
        blocks.append(LayerBlock("pool", "mean over\npositions"))
    return [*blocks, LayerBlock("dense", f"dense\n{model['dense_width']}"), LayerBlock("dense", _outputs(model))]


def _outputs(model: Mapping[str, Any]) -> str:
    n = model["n_outputs"]
    return f"{n} output{'' if n == 1 else 's'}"


def architectures_figure(task: TaskResults, *, narrow: bool = False) -> Figure | None:
    """A row of boxes per architecture, sizes as in its records; None where no record holds a configuration.

    Activations of the first layer that were run stand in one box, for they change nothing else. On a narrow screen
    boxes stand in lines of three, below the name.
    """
    found: dict[str, dict[str, Any]] = {}
    activations: dict[str, list[str]] = {}
    for record in task.records:
        model = (record.get("config") or {}).get("model") or {}
        if "first_pool" in model:
            found.setdefault(record["architecture"], dict(model))
            own = activations.setdefault(record["architecture"], [])
            own += [] if record["activation"] in own else [record["activation"]]
    if not found:
        return None
    names = sorted(found, key=architecture_order)
    rows = [architecture_blocks({**found[n], "activation": " or ".join(sorted(activations[n]))}) for n in names]
    per_line = _NARROW_LINE if narrow else max(map(len, rows))
    left, above = (0.1, 0.32) if narrow else (1.4, 0.0)  # inches: of the boxes, and of the name above them
    heights = [above + _PITCH * -(-len(blocks) // per_line) for blocks in rows]
    width, height = NARROW if narrow else left + 1.1 * per_line, sum(heights)
    with figure_style():
        figure = Figure(figsize=(width, 0.2 + height))
        ax = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(-height - 0.1, 0.1))
        ax.set_axis_off()
        y = 0.0
        for name, blocks, needed in zip(names, rows, heights, strict=True):
            middle = y - (above / 2 if narrow else _PITCH / 2)
            ax.text(0.06, middle, name, fontsize=8, fontweight="bold", va="center")
            for first in range(0, len(blocks), per_line):
                line = y - above - _PITCH * (first / per_line + 0.5)
                _draw_line(ax, blocks[first : first + per_line], left, line)
            y -= needed
    return figure


def _draw_line(ax: Axes, blocks: list[LayerBlock], left: float, y: float) -> None:
    for place, block in enumerate(blocks):
        x = left + 1.1 * place
        box = FancyBboxPatch(
            (x, y - _HEIGHT / 2), _WIDTH, _HEIGHT, boxstyle="round,pad=0,rounding_size=0.05",
            facecolor=_COLORS[block.kind], edgecolor="#555555", linewidth=0.6,
        )  # fmt: skip
        ax.add_patch(box)
        ax.text(x + _WIDTH / 2, y, block.text, fontsize=6.5, ha="center", va="center", linespacing=1.1)
        if place:
            ax.annotate(
                "", (x, y), (x - 1.1 + _WIDTH, y), arrowprops={"arrowstyle": "-|>", "color": "#555555", "lw": 0.7}
            )
