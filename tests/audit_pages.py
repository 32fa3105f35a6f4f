"""A small audit with everything on its page, for the tests of pages: two candidates of two small networks each."""

from functools import cache

import any_models
import numpy as np
import torch

from motiflens.audits.candidate import audit_candidate
from motiflens.audits.evidence import gather_evidence
from motiflens.audits.options import AuditOptions
from motiflens.data.simulate import billboard
from motiflens.models.ensemble import Member
from motiflens.motifs.sets import load_motifs, select_motifs
from motiflens.report.audit import write_audit_page

METHODS = ("gradient_times_input", "saturation_mutagenesis")
CORE = ["MA0062.2", "MA0079.3", "MA0083.3"]


@cache
def database():
    """A tenth of JASPAR 2016, and some core motifs of task 2."""
    motifs = load_motifs("JASPAR2016-vertebrates")
    return (*motifs[::10], *(motif for motif in select_motifs(motifs, CORE) if motif not in motifs[::10]))


@cache
def data():
    return billboard(600, seed=3)


def network(seed, strength=1.0):
    """A network whose first filters scan for core motifs and raise its output."""
    model = any_models.make("plain", n_outputs=1)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
        for i, motif in enumerate(select_motifs(load_motifs("JASPAR2016-vertebrates"), CORE)):
            width = min(motif.width, 19)
            start = (19 - width) // 2
            logs = np.log2(np.clip(motif.pwm[:, :width], 0.01, 1) / 0.25)
            model[0].weight[i] = 0
            model[0].weight[i, :, start : start + width] = strength * torch.from_numpy(logs).float()
            model[-1].weight[:, i * 10 : (i + 1) * 10] = 0.3
        model[0].weight[7] = 0
        model[0].bias[7] = -1  # a dead filter
    return model


@cache
def candidate(name="relu", strength=1.0):
    history = {
        "train_loss": [0.7, 0.5, 0.4],
        "valid_loss": [0.7, 0.6, 0.6],
        "valid_metric": [0.5, 0.7, 0.7],
        "learning_rate": [1e-3] * 3,
    }
    members = [
        Member(i, i, "ok", None, history, best_epoch=2, n_epochs=3, network=network(i, strength)) for i in range(2)
    ]
    members.append(Member(2, 2, "failed", "loss became NaN in epoch 3"))
    return audit_candidate(
        name,
        [member.network for member in members if member.network is not None],
        data(),
        AuditOptions(database=database(), truth={"SP1": ["MA0079"]}, n_ablation=60, n_decoys=2),
        members=members,
    )


@cache
def evidence():
    return gather_evidence(
        [candidate("relu"), candidate("exponential", 0.6)],
        data(),
        AuditOptions(methods=METHODS, database=database(), n_examples=3, n_backgrounds=40, n_resamples=50),
    )


def page(path, **options):
    return write_audit_page(
        evidence(),
        path,
        title="A <b>title</b>",
        database="JASPAR",
        monitor="AUROC",
        command="motiflens audit",
        **options,
    )
