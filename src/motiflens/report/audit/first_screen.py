"""The first screen of an audit: what the data are, what was trained, and its score beside those of composition."""

import math
from collections.abc import Sequence
from typing import Any

from motiflens.audits.candidate import Candidate
from motiflens.audits.evidence import Evidence
from motiflens.audits.words import display_name, measure_label
from motiflens.basics.performance import Performance
from motiflens.basics.words import format_number, look
from motiflens.data.label_summary import LabelSummary
from motiflens.models.any_model import ModelSummary
from motiflens.models.hybrid import HybridConfig, HybridNetwork, adapted_config, list_hybrids

_OF_A_NAME = ("first_pool", "second_stage", "second_pool", "lstm", "attention", "n_layers", "head")


def data_line(evidence: Evidence) -> str:
    """The data in one line: how many, how long, labels, and, of a single one, what composition tells of it."""
    data = evidence.data
    n = len(data.labels)
    sequences = f"{data.n_sequences:,} sequences of {data.length:,} bp"
    parts = [sequences, f"{n:,} labels"] if n > 1 else [sequences, "1 label", _of_label(data.labels[0])]
    return ", ".join(part for part in parts if part)


def label_line(evidence: Evidence) -> str:
    """Of several labels, which one the page is about, and what composition tells of it; empty for a single one."""
    n = len(evidence.label_names)
    if n < 2:
        return ""
    label = evidence.data.labels[evidence.target]
    lack = f"{label.n_missing:,} sequences lack it, and count nowhere" if label.n_missing else ""
    found = "; ".join(part for part in (_of_label(label), lack) if part)
    about = f"{label.name}, one of {n:,}: the page is about it where nothing else is said (--target names another)"
    return f"{about}. {found}"


def _of_label(label: LabelSummary) -> str:
    if label.gc_positives is not None and label.gc_negatives is not None:
        n = 0 if label.positives is None else sum(label.positives.values())
        return f"{n:,} positives; GC {label.gc_positives:.0%} in positives and {label.gc_negatives:.0%} in negatives"
    if label.kind == "real":
        gc = "" if label.gc_correlation is None else f"; correlation with GC {label.gc_correlation:.2f}"
        return f"values from {label.minimum:.3g} to {label.maximum:.3g}, mean {label.mean:.3g}{gc}".replace("-", "−")
    return ""


def network_lines(evidence: Evidence) -> list[str]:
    """What was trained, a line for each candidate."""
    several = len(evidence.candidates) > 1
    return [
        (f"{display_name(candidate.name)}: " if several else "") + network_line(candidate)
        for candidate in evidence.candidates
    ]


def network_line(candidate: Candidate) -> str:
    """Blocks from input to output, first layer, and how many initialisations."""
    found = candidate.audits[0]
    n = len(candidate.audits)
    count = f"{n} initialisation{'s' * (n != 1)}"
    lost = len([member for member in candidate.members if member.network is None])
    if lost:
        count += f", {lost} more failed"
    if isinstance(found.model, HybridNetwork):
        name = architecture_of(found.model.config)
        return f"{name + ': ' if name else ''}{blocks_of(found.model.config)}; {count}"
    return f"{_of_any_model(found.network)}; {count}"


def architecture_of(config: HybridConfig) -> str | None:
    """The name of an architecture that has these stages, such as "C4C6-Att"; None where there is none."""
    stages = [getattr(config, field) for field in _OF_A_NAME]
    named = ((name, adapted_config(name, length=config.length)) for name in list_hybrids())
    return next((name for name, one in named if [getattr(one, field) for field in _OF_A_NAME] == stages), None)


def blocks_of(config: HybridConfig) -> str:
    """The blocks of a hybrid network in words."""
    first = f"{look(config.activation)[0].lower() if config.activation != 'relu' else 'ReLU'} first layer"
    blocks = [f"{config.n_filters} filters of {config.kernel_size} bp ({first})", f"pool {config.first_pool}"]
    if config.second_stage != "none":
        blocks += [{"conv": "convolution", "lstm": "LSTM"}[config.second_stage], f"pool {config.second_pool}"]
    if config.lstm:
        blocks.append("LSTM")
    if config.attention == "attention":
        blocks.append("attention")
    elif config.attention == "transformer":
        n = config.n_layers
        blocks.append(f"{n} transformer layer{'s' * (n != 1)}")
    return ", ".join(blocks)


def _of_any_model(network: ModelSummary) -> str:
    filters = (
        f"{network.n_filters} first-layer filters of {network.width} bp" if network.n_filters else "no filters read"
    )
    return f"{network.kind}, {network.n_parameters:,} parameters, {filters}"


def numbers(evidence: Evidence) -> dict[str, Any]:
    """Test score of every candidate, of 3-mers and of GC content, as shares of one scale."""
    several = bool(evidence.by_label)
    label = evidence.label_names[evidence.target]
    table = evidence.of_target
    measure = next(iter(table[evidence.candidates[0].name]))
    names = [candidate.name for candidate in evidence.candidates]
    baselines = sorted((name for name in table if name not in names), key=lambda name: -_estimate(table[name][measure]))
    found = {name: table[name][measure] for name in (*names, *baselines)}
    low, high = _scale(list(found.values()), measure)
    alone = len(names) == 1
    rows = [
        _row("network" if alone and name in names else display_name(name), own, low, high, name in names)
        for name, own in found.items()
    ]
    overall = None
    if several:
        own = evidence.performance[names[0]][measure].interval
        overall = f"All {len(evidence.label_names)} labels together: {format_number(own.estimate)}"
    return {
        "title": f"Test {measure_label(measure)}{f' of {label}' if several else ''}, 95% CI",
        "rows": rows,
        "scale": [f"{value:g}" for value in (low, (low + high) / 2, high)],
        "overall": overall,
    }


def _estimate(found: Performance) -> float:
    estimate = found.interval.estimate
    return -math.inf if math.isnan(estimate) else estimate


def _scale(found: Sequence[Performance], measure: str) -> tuple[float, float]:
    """From what guessing gives to 1, or from lower where a score is lower, in quarters."""
    lowest = min(
        (v for one in found for v in (one.interval.estimate, one.interval.low) if not math.isnan(v)), default=0
    )
    usual = 0.5 if measure == "auroc" else 0.0
    return (usual if lowest >= usual else math.floor(4 * lowest) / 4), 1.0


def _row(name: str, found: Performance, low: float, high: float, is_network: bool) -> dict[str, Any]:
    def share(value: float) -> float:
        return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)

    interval = found.interval
    known = not math.isnan(interval.estimate)
    has_range = known and not math.isnan(interval.low)
    return {
        "name": name,
        "value": format_number(interval.estimate),
        "interval": f"{format_number(interval.low)} to {format_number(interval.high)}" if has_range else "",
        "is_network": is_network,
        "point": share(interval.estimate) if known else None,
        "left": share(interval.low) if has_range else None,
        "width": round(share(interval.high) - share(interval.low), 2) if has_range else None,
        "members": [share(float(v)) for v in found.members if not math.isnan(v)] if len(found.members) > 1 else [],
    }
