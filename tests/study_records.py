"""Stored records with hand-set numbers, for the tests of everything that works from records alone."""

import base64
import zlib

import numpy as np

MOTIFS = {"SP1": "GGGGCGGGGC", "Gabpa": "CCGGAAGTGG", "MAX": "ACCACGTGGT", "YY1": "CAAGATGGCG"}
VERSIONS = {"motiflens": "0.1.0", "torch": "2.13.0", "numpy": "2.4.0", "python": "3.11.2"}


def make_record(task, architecture, activation, member, *, metrics=None, filters=None, attribution=None, **changes):
    """One record of a trained network; metrics, filters and attribution given override the defaults."""
    record = {
        "schema": 1,
        "key": f"task{task}/{architecture}/{activation}/{member:03d}",
        "task": task,
        "architecture": architecture,
        "activation": activation,
        "member": member,
        "seed": 0,
        "data_seed": 0,
        "protocol": "REFERENCE",
        "config_hash": "0123456789ab",
        "status": "ok",
        "reason": None,
        "config": {
            "model": {"architecture": architecture, "activation": activation},
            "protocol": {
                "name": "REFERENCE",
                "monitor_multi_label": "auroc",
                "monitor_single_label": "auroc",
            },
            "data": {"n_sequences": 3000 if task == 1 else 2000, "length": 200, "data_seed": 0},
        },
        "versions": VERSIONS,
        "device": "cpu",
        "timings": {"fit_s": 12.5, "audit_s": 1.5},
        "n_epochs": 45,
        "best_epoch": 35,
        "history": {"train_loss": [0.7, 0.4], "valid_loss": [0.6, 0.45], "valid_metric": [0.8, 0.95]},
        "metrics": {
            "valid_auroc": 0.95,
            "valid_aupr": 0.9,
            "test_auroc": 0.94,
            "test_aupr": 0.89,
            **(metrics or {}),
        },
        "filters": make_filters(activation, **(filters or {})),
        "attribution": None if task == 1 else make_attribution(activation, **(attribution or {})),
    }
    return {**record, **changes}


def make_failed(task, architecture, activation, member):
    """A record of a network that diverged."""
    nothing = {"metrics": None, "filters": None, "attribution": None}
    record = make_record(task, architecture, activation, member)
    return {**record, **nothing, "status": "failed", "reason": "loss became NaN in epoch 3"}


def make_filters(activation="relu", **changes):
    """Six filters: motifs in full (exponential) or faint (ReLU), one other, one unmatched, one dead.

    The exponential's have outcomes and factors, as records do now: the first is closest to SP2, yet a true match
    of SP1, and the fourth matches a motif that does not count. ReLU's have neither, as older records.
    """
    strength = 0.94 if activation == "exponential" else 0.55
    pwms = np.full((6, 4, 20), 0.25)
    for row, motif in enumerate(MOTIFS.values()):
        for position, base in enumerate(motif, start=5):
            pwms[row, :, position] = (1 - strength) / 3
            pwms[row, "ACGT".index(base), position] = strength
    pwms[4, :, 8:12] = np.array([0.1, 0.4, 0.4, 0.1])[:, None]
    best = [
        ["MA0079.3", "SP1", 1e-6, True],
        ["MA0062.2", "Gabpa", 2e-4, True],
        ["MA0058.3", "MAX", 3e-3, True],
    ]
    best += [["MA0146.2", "Zfx", 0.04, False], None, None]
    filters = {
        "tpr": 0.5,
        "fpr": 1 / 6,
        "no_hit": 1 / 3,
        "n_dead": 1,
        "published_tpr": 0.5,
        "published_fpr": 1 / 6,
    }
    if activation == "exponential":
        best[0] = ["MA0516.2", "SP2", 1e-6, False]
        best[3] = ["MA0615.1", "Gmeb1", 0.04, False]
        filters["outcomes"] = ["true", "true", "true", "not counted", "no hit", "dead"]
        filters["factors"] = ["SP1", "Gabpa", "MAX", None, None, None]
    return {
        **filters,
        "pwms": encode_pwms(pwms),
        "counts": [900, 400, 300, 60, 12, 0],
        "best": best,
        **changes,
    }


def encode_pwms(pwms):
    """The stored form of filters: base64(zlib(uint8))."""
    stored = np.rint(255 * np.asarray(pwms)).astype(np.uint8)
    return base64.b64encode(zlib.compress(stored.tobytes())).decode("ascii")


def make_attribution(activation="relu", n_examples=3, length=200, **changes):
    """Scores that stand out at the implanted motifs, far more so for the exponential."""
    rng = np.random.default_rng(5)
    noise = 30 if activation == "relu" else 6
    examples = []
    for _ in range(n_examples):
        sequence = list("".join(rng.choice(list("ACGT"), length)))
        scores = np.rint(rng.normal(0, noise, length)).astype(int)
        sites = []
        for start, name in zip(range(20, length - 10, 50), MOTIFS, strict=False):
            sequence[start : start + 10] = MOTIFS[name]
            scores[start : start + 10] += 60 + rng.integers(0, 30, 10)
            sites.append([name, 1 if start < 100 else -1, start, 10])
        examples.append({"sequence": "".join(sequence), "scores": scores.tolist(), "scale": 0.01, "sites": sites})
    attribution = {"auroc": 0.7, "aupr": 0.5, "snr": 0.6, "n_sequences": 200, "examples": examples}
    return {**attribution, **changes}


def make_study(architectures=("C24", "C4C6", "C4C6-Att", "C4-LSTM"), n_members=3):
    """Both tasks; exponential ahead of ReLU with small pools by amounts known in closed form.

    Member m adds 0.01 m to every metric. Filter TPR: 0.40 (ReLU) and 0.80 (exponential) with small pools, 0.9
    and 0.7 with C24. Saliency AUROC: 0.65 and 0.85, or 0.80 and 0.78. One C4-LSTM network diverged on task 1.
    """
    records = []
    for task in (1, 2):
        for architecture in architectures:
            small = not architecture.startswith("C24")
            for activation in ("relu", "exponential"):
                exponential = activation == "exponential"
                tpr = {(True, False): 0.4, (True, True): 0.8, (False, False): 0.9, (False, True): 0.7}
                auroc = {(True, False): 0.65, (True, True): 0.85, (False, False): 0.8, (False, True): 0.78}
                for member in range(n_members):
                    step = 0.01 * member
                    if (task, architecture, exponential, member) == (1, "C4-LSTM", True, 0):
                        records.append(make_failed(task, architecture, activation, member))
                        continue
                    records.append(
                        make_record(
                            task,
                            architecture,
                            activation,
                            member,
                            metrics={
                                "valid_auroc": 0.95 + step,
                                "test_auroc": 0.94 + step,
                                "test_aupr": 0.88 + step,
                            },
                            filters={
                                "tpr": tpr[small, exponential] + step,
                                "published_tpr": tpr[small, exponential] + step - 0.05,
                                "fpr": (0.02 if exponential else 0.08) + step,
                                "published_fpr": (0.03 if exponential else 0.1) + step,
                                "no_hit": 0.1,
                            },
                            attribution={
                                "auroc": auroc[small, exponential] + step,
                                "aupr": auroc[small, exponential] - 0.15 + step,
                                "snr": (2.0 if exponential and small else 0.6) + step,
                            },
                        )
                    )
    return records
