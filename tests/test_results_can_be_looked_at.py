"""Every public result, small and large, keeps its text within bounds, has safe HTML and becomes a data frame."""

import dataclasses
import importlib
import inspect
import re
import types
import typing

import any_models
import matplotlib.pyplot as plt
import numpy as np
import pandas
import pytest
import test_house
import torch
from study_records import make_record
from toy_detectors import Detector, word

from motiflens.audits.candidate import audit_candidate
from motiflens.audits.evidence import gather_evidence
from motiflens.audits.options import AuditOptions
from motiflens.audits.verdicts import verdicts
from motiflens.basics.plots import Matched, Profile
from motiflens.basics.sequence import one_hot
from motiflens.data.dataset import SequenceDataset
from motiflens.data.summary import summary
from motiflens.interpret.attribution import explain, interpretability
from motiflens.interpret.filters import FilterOrder, false_matches, filter_matches, filter_motifs, filter_quality
from motiflens.interpret.filters.alignment import FilterPwms
from motiflens.interpret.filters.importance import FilterImportance
from motiflens.interpret.interactions import Settings, interactions
from motiflens.interpret.spike_in import spike_in
from motiflens.interpret.stability import stability
from motiflens.models.any_model import adapt
from motiflens.models.ensemble import HISTORY, Ensemble, Member
from motiflens.models.hybrid import build_model
from motiflens.models.predict import Predictions, predict
from motiflens.models.published import PublishedConfig
from motiflens.motifs.files import read_motifs, write_meme
from motiflens.motifs.sets import Motif, load_motifs
from motiflens.motifs.tomtom import tomtom
from motiflens.report.audit import AuditReport
from motiflens.study.results import Results
from motiflens.training.summary import FitSummary

MAX_LINES, MAX_CHARACTERS = 20, 2000
EVIL = "<script>alert('&')</script>"  # what a name of a label, a motif or a sequence may hold
N_FILTERS = 300


def many_sequences(n=100_000, length=50):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, (n, length)).astype(np.uint8)
    split = rng.choice(["train", "valid", "test"], n)
    names = np.array([f"{EVIL}{i}" for i in range(n)], dtype=object)
    labels = rng.integers(0, 2, (n, 20))
    return SequenceDataset.from_arrays(
        codes, labels, label_names=[EVIL, *map(str, range(19))], split=split, names=names
    )  # fmt: skip


def many_filters():
    rng = np.random.default_rng(1)
    pwms = rng.dirichlet([0.2] * 4, (N_FILTERS, 20)).transpose(0, 2, 1)
    pwms[0] = 0.25
    return FilterPwms(pwms, np.arange(N_FILTERS))


def many_members():
    history = {name: list(np.linspace(1, 0, 200)) for name in HISTORY}
    metrics = {"valid_auroc": 0.9, "valid_aupr": 0.8, "test_auroc": 0.9, "test_aupr": 0.8}
    network = build_model("C24", length=50, n_outputs=1, n_filters=2)
    members = [Member(i, i, "ok", None, history, 150, 200, metrics, network) for i in range(99)]
    members.append(Member(99, 99, "failed", EVIL * 30))
    return Ensemble(network.config, {"monitor_single_label": "auroc"}, members)


def motifs_of_a_file(path):
    write_meme(load_motifs("JASPAR2016-vertebrates")[:40], path)
    return read_motifs(path)


@pytest.fixture(scope="module")
def results(task1, tmp_path_factory):
    """Results by a name of their own; real ones, made from a tiny network, a toy and 300 random filters."""
    torch.manual_seed(0)
    rng = np.random.default_rng(2)
    database = [*load_motifs("JASPAR2016-vertebrates")[:40], Motif(EVIL, EVIL, rng.dirichlet([0.3] * 4, 9).T)]
    networks = [any_models.plain().eval() for _ in range(2)]
    few_of_all = {"n_decoys": 2, "n_ablation": 50, "n_backgrounds": 40, "n_resamples": 10, "n_examples": 2}
    options = AuditOptions(methods=["saliency"], database=database, **few_of_all)
    candidate = audit_candidate(EVIL, networks, task1, options)
    evidence = gather_evidence([candidate], task1, options)
    filters, large = many_filters(), many_sequences()
    matches, few = filter_matches(filters.pwms, database), filters.pwms[:30]
    detectors = [Detector(60, noise=0.1, seed=seed) for seed in range(2)]
    codes = rng.integers(0, 4, (40, 60)).astype(np.uint8)
    motifs = [word(), *(word("".join(rng.choice(list("ACGT"), 8))) for _ in range(3))]
    small = Settings(n_null=8, n_backgrounds=8, n_null_backgrounds=2, n_sequences=20, distances=[0, 5, 9])
    table = interactions(detectors, codes, motifs, settings=small)
    spiked = spike_in(detectors, codes, motifs=motifs[:2], n_sites=1, margin=2)
    stable = stability(detectors, codes, methods=["saliency", "smooth_grad"], n_decoys=0)
    maps = explain(detectors[0], one_hot(large.codes[:5000].clip(max=3).repeat(2, axis=1)[:, :60]))
    truth = np.full((500, 4, 30), 0.25)
    size = np.ones((N_FILTERS, 12))
    failed = ({"member": 0, "status": "failed", "reason": EVIL},) * 200
    return {
        "SequenceDataset": task1,
        "SequenceDataset of 100,000": large,
        "DataSummary": summary(large.subset(slice(0, 2000))),
        "TomtomResult": tomtom(filters.pwms, database),
        "FilterPwms": filters,
        "FilterMatches": matches,
        "FilterQuality": filter_quality(filters.pwms, filters.counts),
        "FilterOrder": FilterOrder(rng.random(N_FILTERS), rng.random(N_FILTERS), 50),
        "FalseMatches": false_matches(few, filter_matches(few, database), database, n_decoys=2),
        "FilterImportance": FilterImportance(size, size, size, np.ones(12), size, "auroc", 50),
        "Attributions": maps,
        "Interpretability": interpretability(rng.random((500, 30)), truth, top_k=5),
        "SpikeIn": spiked,
        "Stability": stable,
        "InteractionTable": table,
        "interactions.Evidence": table.evidence,
        "Effects": table.profiles,
        "Audit": candidate.audits[0],
        "Candidate": candidate,
        "Evidence": evidence,
        "Verdicts": verdicts(evidence),
        "Example": evidence.examples[0],
        "Performance": next(iter(evidence.performance[EVIL].values())),
        "Responses": spiked.responses,
        "SpikeScores": spiked.scores,
        "Ensemble": many_members(),
        "Member": many_members().members[0],
        "FitSummary": FitSummary("classification", failed, {}, {}, {}, ()),
        "Predictions": predict(networks[0], task1.subset(np.zeros(2000, int))),
        "Predictions of 100,000": Predictions([EVIL] * 100_000, np.ones((100_000, 3)), None, ("a", "b", EVIL)),
        "FilterMotifs": filter_motifs(networks[0], task1, database=database, n_ablation=20),
        "AuditReport": AuditReport(evidence),
        "Results": Results(make_record(1, f"C{i}", "relu", k) for i in range(50) for k in range(2)),
        "Motif": database[-1],
        "MotifList": load_motifs("JASPAR2020"),
        "MotifSet": motifs_of_a_file(tmp_path_factory.mktemp("motifs") / "few.meme"),
        "AdaptedModel": adapt(networks[0], task1.codes[:2]),
        "Network": build_model("C4C6-LSTM-Trans4", length=96, n_outputs=3, n_filters=4),
        "PublishedNetwork": build_model("Basset"),
    }


NAMES = [
    "SequenceDataset", "SequenceDataset of 100,000", "DataSummary", "TomtomResult", "FilterPwms", "FilterMatches",
    "FilterQuality", "FilterOrder", "FalseMatches", "FilterImportance", "Attributions", "Interpretability", "SpikeIn",
    "Stability", "InteractionTable", "interactions.Evidence", "Effects", "Audit", "Candidate", "Evidence", "Verdicts",
    "Example", "Performance", "Responses", "SpikeScores", "Ensemble", "Member", "FitSummary", "Predictions",
    "Predictions of 100,000", "FilterMotifs", "AuditReport", "Results", "Motif", "MotifList",
    "MotifSet", "AdaptedModel", "Network", "PublishedNetwork",
]  # fmt: skip
PLOTS = {
    "TomtomResult": {"top": 5},
    "FilterMatches": {"top": 5},
    "Predictions": {},
    "Predictions of 100,000": {"labels": ["a"]},
    "Ensemble": {},
    "FilterMotifs": {"top": 3},
    "AuditReport": {},
    "Motif": {},
    "SpikeIn": {"score": "snr"},
    "Stability": {},
    "InteractionTable": {"top": 2},
    "Evidence": {},
    "Attributions": {"row": 3, "start": 10, "stop": 50, "motifs": [word()]},
}


def test_the_list_names_every_result(results):
    assert list(results) == NAMES


def returned_classes():
    """Classes of ours that public functions and methods return, by their annotations."""
    found = set()

    def collect(hint):
        if isinstance(hint, type) and hint.__module__.startswith("motiflens.") and not hint.__name__.startswith("_"):
            found.add(hint)
        for part in typing.get_args(hint):
            collect(part)

    for module in test_house.FILES:
        if module.count(".") and test_house.wing_of(module) != "cli":
            for name, value in vars(importlib.import_module(module)).items():
                if not name.startswith("_") and getattr(value, "__module__", None) == module:
                    methods = vars(value).values() if inspect.isclass(value) else [value]
                    for function in filter(inspect.isfunction, methods):
                        collect(return_hint(function))
    return found


def return_hint(function):
    """Of all its annotations only this one: others may name what is imported for them alone."""
    alone = types.SimpleNamespace(__annotations__={"return": function.__annotations__.get("return")})
    return typing.get_type_hints(alone, inspect.unwrap(function).__globals__, HINTS)["return"]


#: Names that modules import for annotations alone.
HINTS = {"Axes": plt.Axes, "pandas": pandas, "Figure": plt.Figure}
#: The sizes of a network are a few numbers; the others are what plots are given.
NO_RESULTS = {PublishedConfig, Matched, Profile}
LONG = ("ndarray", "Tensor", "list[", "dict[", "Mapping[", "Sequence[")


def made_by_python(method):
    return method is object.__repr__ or not method.__module__.startswith("motiflens") or hasattr(method, "__wrapped__")


@pytest.fixture(scope="module")
def classes():
    return returned_classes()


def test_what_public_functions_return_has_text_of_its_own_where_it_may_be_long(classes):
    assert len(classes) > 100
    bare = []
    for one in classes:
        held = [str(hint) for hint in typing.get_type_hints(one, None, HINTS).values()]
        may_be_long = one not in NO_RESULTS and any(word in hint for hint in held for word in LONG)
        if may_be_long and made_by_python(one.__repr__):
            bare.append(one)
    assert bare == []


def test_every_result_with_rows_of_its_own_is_looked_at_here(classes, results):
    shown = {type(result) for result in results.values()}
    with_rows = {one for one in classes if hasattr(one, "_table") and not inspect.isabstract(one)}
    assert len(with_rows) > 20
    assert {one for one in with_rows if not any(issubclass(kind, one) for kind in shown)} == set()


@pytest.mark.parametrize("name", NAMES)
def test_text_is_within_bounds_and_says_something(results, name):
    for text in (repr(results[name]), str(results[name])):
        assert len(text.splitlines()) <= MAX_LINES
        assert 10 < len(text) <= MAX_CHARACTERS


@pytest.mark.parametrize("name", NAMES)
def test_html_is_small_and_safe(results, name):
    html = results[name]._repr_html_()
    assert len(html) < 200_000
    assert "<script" not in html
    tags = re.findall(r"<(/?)(div|table|thead|tbody|tr|th|td|p|b|svg)\b", html)
    opened = {tag: sum(not close for close, one in tags if one == tag) for _, tag in tags}
    closed = {tag: sum(bool(close) for close, one in tags if one == tag) for _, tag in tags}
    assert opened == closed


@pytest.mark.parametrize("name", NAMES)
def test_a_data_frame_has_all_rows(results, name):
    frame = results[name].to_dataframe()
    expected = {
        "SequenceDataset of 100,000": 100_000, "FilterPwms": N_FILTERS, "FilterMatches": N_FILTERS,
        "FilterQuality": N_FILTERS, "FilterImportance": N_FILTERS, "Attributions": 5000, "DataSummary": 20,
        "InteractionTable": 6, "Candidate": 2, "Verdicts": 6, "Audit": 8, "SpikeIn": 1, "Stability": 2,
        "MotifList": 1964, "Ensemble": 100, "FitSummary": 203, "Predictions of 100,000": 100_000, "FilterMotifs": 8,
        "Results": 100, "Interpretability": 500, "Performance": 2, "Responses": 4, "Member": 200, "Example": 200,
        "Motif": 1,
    }  # fmt: skip
    assert len(frame) == expected.get(name, len(frame))
    assert len(frame.columns) > 1


@pytest.mark.parametrize("name", PLOTS)
def test_plots_draw_on_axes_that_are_given(results, name):
    figure, ax = plt.subplots()
    try:
        assert results[name].plot(**PLOTS[name], ax=ax) is ax
        assert len(ax.get_children()) > 5
    finally:
        plt.close(figure)


def test_a_plot_without_axes_makes_a_figure(results):
    ax = results["Attributions"].plot(0)
    assert "sequence 0" in ax.get_title(loc="left")
    plt.close(ax.figure)


def test_attributions_draw_the_bases_that_are_there(results):
    maps = results["Attributions"]
    heights = maps.letter_heights(7)
    assert np.array_equal(heights.sum(axis=0).astype(np.float32), maps.scores[7].numpy())
    assert np.array_equal(
        np.flatnonzero(heights[2]), np.flatnonzero((maps.codes[7] == 2) & (maps.scores[7].numpy() != 0))
    )
    with pytest.raises(ValueError, match="row in 0"):
        maps.plot(5000)


def test_interactions_name_pairs_of_either_sign(results):
    table = results["InteractionTable"]
    total = table.profiles.total.copy()
    total[:, :, :] = np.linspace(-1, 1, len(total))[:, None, None]
    signed = dataclasses.replace(table, profiles=table.profiles._replace(total=total, number=np.ones_like(total)))
    figure, ax = plt.subplots()
    signed.plot(top=4, ax=ax)
    named = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    ends = sorted(np.mean(line.get_ydata()) for line in named)
    plt.close(figure)
    assert len(named) == 4
    assert ends[0] == pytest.approx(-1)
    assert ends[1] < 0
    for row in signed.rows:
        profile = signed.profile(row.i, row.j)
        place = np.transpose(np.triu_indices(4, 1)).tolist().index([row.i, row.j])
        assert np.array_equal(profile, total[place])
