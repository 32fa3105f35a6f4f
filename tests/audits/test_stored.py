"""An audit made twice does nothing twice, and says the same."""

import dataclasses
import json
import re
import shutil
import warnings
from pathlib import Path

import audit_pages
import numpy as np
import pytest
import torch

from motiflens.audits import candidate as candidate_module
from motiflens.audits import evidence as evidence_module
from motiflens.audits import examples as examples_module
from motiflens.audits import network as network_module
from motiflens.audits.evidence import gather_evidence
from motiflens.audits.options import AuditOptions
from motiflens.audits.stored import STORE_FOLDER, AuditStore, motifs_digest, store_of
from motiflens.audits.tables import audit_summary
from motiflens.interpret.attribution import CompletenessWarning
from motiflens.interpret.filters import FilterMatch
from motiflens.models.hybrid import build_model
from motiflens.motifs.motif import Motif
from motiflens.report.audit import figures, write_audit_page
from motiflens.report.audit.summary import evidence_summary

ANALYSES = {
    network_module: ("filter_pwms", "filter_matches", "false_matches", "filter_importance", "model_outputs"),
    evidence_module: ("spike_in", "stability"),
    examples_module: ("explain",),
}


def test_results_come_back_as_they_were(tmp_path):
    rng = np.random.default_rng(0)
    result = {
        "array": rng.random((3, 4)),
        "nan": float("nan"),
        "tensor": torch.arange(3),
        "scalar": np.float32(0.1),
        "motif": Motif("a", "b", np.full((4, 2), 0.25)),
        "nested": (None, [1, "two"], FilterMatch(0, "hit", None, None, 2)),
        "strings": np.array(["x", "longer"]),
    }
    store = AuditStore(tmp_path, "origin")
    assert store.get("name", lambda: result, x=1) is result
    found = store.get("name", pytest.fail, x=1)
    assert found.keys() == result.keys()
    np.testing.assert_array_equal(found["array"], result["array"])
    np.testing.assert_array_equal(found["strings"], result["strings"])
    assert np.isnan(found["nan"])
    assert torch.equal(found["tensor"], result["tensor"])
    assert isinstance(found["scalar"], np.float32)
    assert found["scalar"] == result["scalar"]
    assert found["nested"] == result["nested"]
    assert isinstance(found["nested"][2], FilterMatch)
    assert isinstance(found["motif"], Motif)
    np.testing.assert_array_equal(found["motif"].pwm, result["motif"].pwm)


def test_what_a_result_depends_on_makes_it_anew(tmp_path):
    store = AuditStore(tmp_path, "origin")
    assert store.get("name", lambda: 1, x=1) == 1
    assert store.get("name", lambda: 2, x=2) == 2
    assert AuditStore(tmp_path, "other").get("name", lambda: 3, x=2) == 3
    assert store.get("name", lambda: 4, x=2) == 4
    assert store.get("other", lambda: 5, x=2) == 5
    assert AuditStore().get("name", lambda: 6, x=2) == 6


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: b"", lambda data: b"x" * len(data)])
def test_a_damaged_file_is_made_anew(tmp_path, damage):
    store = AuditStore(tmp_path, "origin")
    store.get("name", lambda: np.arange(5))
    path = tmp_path / "name.npz"
    path.write_bytes(damage(path.read_bytes()))
    assert store.get("name", lambda: 2) == 2
    assert store.get("name", pytest.fail) == 2


def test_warnings_are_said_again(tmp_path):
    def warn():
        warnings.warn("misses", CompletenessWarning, stacklevel=1)
        return 1

    store = AuditStore(tmp_path, "origin")
    for make in (warn, pytest.fail):
        with pytest.warns(CompletenessWarning, match="misses"):
            assert store.get("name", make) == 1


@pytest.mark.parametrize("kind", ["os:system", "motiflens.audits.stored:Path", "motiflens.audits.stored:store_of"])
def test_files_name_records_of_ours_alone(tmp_path, kind):
    store = AuditStore(tmp_path, "origin")
    store.get("name", lambda: FilterMatch(0, "hit", None, None, 2))
    path = tmp_path / "name.npz"
    with np.load(path) as kept:
        arrays = {name: kept[name] for name in kept.files}
    text = str(arrays["skeleton"]).replace("motiflens.interpret.filters.matches:FilterMatch", kind)
    np.savez(path, **{**arrays, "skeleton": np.array(text)})
    assert store.get("name", lambda: "made anew") == "made anew"


def test_objects_that_are_no_plain_values_are_refused(tmp_path):
    with pytest.raises(TypeError, match="plain values, arrays and our own records"):
        AuditStore(tmp_path, "origin").get("name", lambda: [object()])


def test_databases_differ_by_what_they_hold():
    motif, other = Motif("a", "b", np.full((4, 2), 0.25)), Motif("a", "b", np.full((4, 3), 0.25))
    digests = {motifs_digest(motifs) for motifs in ([motif], [other], [motif, other], [Motif("a", "b", motif.pwm, 7)])}
    assert len(digests) == 4
    assert motifs_digest([motif]) == motifs_digest([Motif("a", "b", motif.pwm.copy())])


QUICK = {"n_ablation": 20, "n_decoys": 2, "n_examples": 2, "n_backgrounds": 20, "n_resamples": 20}


def evidence_of(folder, data=None, n_networks=2, strength=1.0, **changed):
    data = audit_pages.data() if data is None else data
    options = AuditOptions(database=audit_pages.database(), methods=("gradient_times_input",), **QUICK | changed)
    networks = []
    for seed in range(n_networks):
        torch.manual_seed(seed)
        networks.append(build_model("C24", task=2, n_outputs=1, n_filters=8))
        with torch.no_grad():
            next(networks[-1].parameters()).mul_(strength)
    candidate = candidate_module.audit_candidate("mine", networks, data, options, folder=folder)
    return gather_evidence([candidate], data, options)


def whole_audit(folder, data=None, **options):
    found = evidence_of(folder, data, **options)
    return json.dumps([evidence_summary(found), *map(audit_summary, found.candidates[0].audits)], default=str)


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A small ensemble, audited once with everything on: its folder, and what was found."""
    folder = tmp_path_factory.mktemp("stored")
    return folder, whole_audit(folder)


@pytest.fixture
def copied(audited, tmp_path):
    return Path(shutil.copytree(audited[0], tmp_path / "copy"))


@pytest.fixture
def calls(monkeypatch):
    """Names of the analyses that are done."""
    done = []
    for module, names in ANALYSES.items():
        for name in names:
            original = getattr(module, name)

            def called(*args, _name=name, _original=original, **kwargs):
                done.append(_name)
                return _original(*args, **kwargs)

            monkeypatch.setattr(module, name, called)
    return done


EACH = {"filter_pwms", "filter_matches", "false_matches", "filter_importance", "model_outputs"}
TOGETHER = {"spike_in", "stability", "explain"}


def test_the_same_audit_again_does_nothing(audited, copied, calls):
    assert whole_audit(copied) == audited[1]
    assert calls == []


def test_nothing_is_kept_without_a_folder(audited, calls):
    assert whole_audit(None) == audited[1]
    assert set(calls) == EACH | TOGETHER


@pytest.mark.parametrize(
    ("changed", "done"),
    [
        ({"q": 0.2}, {"filter_matches", "false_matches", "spike_in"}),  # implants are what filters match
        ({"n_decoys": 3}, {"false_matches"}),
        ({"n_ablation": 30}, {"filter_importance"}),
        ({"n_backgrounds": 24}, {"spike_in"}),
        ({"n_examples": 3}, {"explain"}),
        ({"n_resamples": 30}, set()),
        ({"window": 15}, {"filter_pwms", "filter_matches", "false_matches", "spike_in"}),
        ({"seed": 1}, {"false_matches", "filter_importance", *TOGETHER}),
        ({"truth": {"SP1": ["MA0079"]}}, set()),
        ({"strength": 1.5}, EACH | TOGETHER),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "done",  # the order of a set differs between workers
)
def test_a_change_invalidates_what_it_touches(audited, copied, calls, changed, done):
    found = whole_audit(copied, **changed)
    assert set(calls) == done
    assert found == whole_audit(None, **changed)


def test_one_more_network_is_all_that_is_audited(copied, calls):
    found = whole_audit(copied, n_networks=3)
    assert [calls.count(name) for name in sorted(EACH - {"model_outputs"})] == [1, 1, 1, 1]
    assert found == whole_audit(None, n_networks=3)


def test_other_data_are_other_results(copied, calls):
    data = audit_pages.data()
    y = data.y.copy()
    y[-1] = 1 - y[-1]
    whole_audit(copied, dataclasses.replace(data, y=y))
    assert set(calls) == EACH | TOGETHER


def test_an_interrupted_audit_goes_on(copied, calls, audited):
    (copied / "member_001" / STORE_FOLDER / "importance.npz").unlink()
    assert whole_audit(copied) == audited[1]
    assert calls == ["filter_importance"]


def test_models_of_others_keep_nothing(tmp_path):
    assert store_of(tmp_path, [torch.nn.Linear(1, 1)], audit_pages.data()) == AuditStore()


FIGURES = ("performance", "training", "matches", "spike_in", "stability")


def test_a_page_whose_figures_are_kept_draws_none(audited, copied, monkeypatch, tmp_path):
    """Text and pictures are the same; and another title, which no figure shows, draws none either."""
    evidence = evidence_of(copied)
    first = write_audit_page(evidence, tmp_path / "first.html").read_text()
    drawn = []
    for name in FIGURES:
        original = getattr(figures, f"{name}_figure")

        def draw(*args, _name=name, _original=original):
            drawn.append(_name)
            return _original(*args)

        monkeypatch.setattr(figures, f"{name}_figure", draw)
    again = write_audit_page(evidence, tmp_path / "again.html", title="Another title").read_text()
    assert drawn == []
    pictures = [re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL) for page in (first, again)]
    assert pictures[0] == pictures[1]
    shorter = dataclasses.replace(evidence, prevalence=0.25)
    write_audit_page(shorter, tmp_path / "changed.html")
    assert set(drawn) == {"performance"}
