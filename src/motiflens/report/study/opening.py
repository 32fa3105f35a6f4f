"""What a study's page opens with: the same motifs in filters of either activation, two saliency maps, two sentences."""

from typing import Any

from markupsafe import Markup

from motiflens.basics.plots import logo_svg
from motiflens.basics.store import Record
from motiflens.basics.words import look
from motiflens.report.galleries import GalleryFilter, gallery_of_record
from motiflens.report.study.saliency import example_maps
from motiflens.report.study.sections import saliency_pairs
from motiflens.study.findings import Effect, activation_effects
from motiflens.study.records import PAPER_ACTIVATIONS, stage1
from motiflens.study.results import Results, TaskResults

_STAGES = ("C4C6", "C4", "C24")  # where the activation matters most comes first
_STAGE_WORDS = {
    "C4C6": "two convolutions, pools of 4 and 6 bp",
    "C4": "a convolution and an LSTM, pools of 4 and 6 bp",
    "C24": "one convolution, pool of 24 bp",
}
_N_MOTIFS = 6


def opening_section(results: Results) -> dict[str, Any] | None:
    """Pictures and sentences; None where neither can be shown."""
    section = {
        "filters": filter_rows_of_pair(results.task(1)),
        "maps": saliency_maps(results.task(2)),
        "sentences": opening_sentences(results),
    }
    return section if any(section.values()) else None


def opening_sentences(results: Results) -> list[str]:
    """What was found on either task in a sentence, for the networks in which the activation matters most."""
    sentences = []
    if effect := _leading_effect(results.task(1), "filter_tpr"):
        sentences.append(
            f"With the exponential activation {effect.exponential:.0%} of first-layer filters match an implanted "
            f"motif, with ReLU {effect.relu:.0%} ({_networks(effect)})."
        )
    if effect := _leading_effect(results.task(2), "interpretability_auroc"):
        sentences.append(
            f"Saliency maps tell motif positions from background with an AUROC of {effect.exponential:.2f} with the "
            f"exponential activation and of {effect.relu:.2f} with ReLU ({_networks(effect)})."
        )
    return sentences


def _leading_effect(task: TaskResults, metric: str) -> Effect | None:
    found = {effect.stage1: effect for effect in activation_effects(task, metric)}
    return next((found[stage] for stage in _STAGES if stage in found), None)


def _networks(effect: Effect) -> str:
    stage = effect.stage1
    return f"{stage}: {_STAGE_WORDS[stage]}; {effect.n_exponential} and {effect.n_relu} networks"


def filter_rows_of_pair(task: TaskResults) -> dict[str, Any] | None:
    """The filters that found the same implanted motifs in the best ReLU and the best exponential network."""
    pair = _pair(task)
    if pair is None:
        return None
    best = [_best_of_factors(record) for record in pair]
    factors = sorted({factor for own in best for factor in own}, key=lambda name: -sum(name in own for own in best))
    rows = [
        {"motif": factor, "logos": [_logo(own.get(factor)) for own in best]} for factor in sorted(factors[:_N_MOTIFS])
    ]
    names = [look(record["activation"])[0] for record in pair]
    counts = [f"{len(own)} of {len(factors)}" for own in best]
    title = f"{pair[0]['architecture']}, the best network of each by validation"
    return {"rows": rows, "names": names, "counts": counts, "title": title} if rows else None


def _pair(task: TaskResults) -> list[Record] | None:
    networks = {key: record for key, record in task.best().items() if record.get("filters")}
    for stage in _STAGES:
        for architecture in dict.fromkeys(name for name, _ in networks if stage1(name) == stage):
            if all((architecture, activation) in networks for activation in PAPER_ACTIVATIONS):
                return [networks[architecture, activation] for activation in PAPER_ACTIVATIONS]
    return None


def _best_of_factors(record: Record) -> dict[str, GalleryFilter]:
    """Of each implanted motif that some filter found, the filter of the smallest q-value."""
    found: dict[str, GalleryFilter] = {}
    for one in gallery_of_record(record):
        name = one.factor or one.target_name
        if one.verdict == "true" and (name not in found or one.q_value < found[name].q_value):
            found[name] = one
    return found


def _logo(found: GalleryFilter | None) -> Markup | None:
    return None if found is None else Markup(logo_svg(found.pwm, height=40, column_width=7.0, defs=False))


def saliency_maps(task: TaskResults) -> list[dict[str, Any]]:
    """One test sequence that both activations read, as letters with its implanted motifs; empty without one."""
    pairs = saliency_pairs(task)
    pair = next((pairs[stage] for stage in _STAGES if len(pairs.get(stage, [])) == len(PAPER_ACTIVATIONS)), None)
    if pair is None:
        return []
    shown = example_maps(pair, 1)
    return shown[0]["maps"] if shown else []
