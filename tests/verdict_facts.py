"""Facts of an audit in which all is well, for tests to change."""

HISTORY = {
    "train_loss": [0.6] * 20,
    "valid_loss": [0.6] * 20,
    "valid_metric": [0.5 + 0.02 * min(i, 9) for i in range(20)],
}
NETWORK = {"failed": False, "reason": None, "best_epoch": 10, "n_epochs": 20, **HISTORY}
FILTER = {
    "network": 0, "filter": 0, "cost": 0.1, "on_positives": 1.0, "on_negatives": 0.0, "size": 0.5, "n_windows": 200,
    "information": 12.0, "consensus": "TTACCCGG", "match": "REB1", "id": "MA0363.2", "q": 1e-5, "decoys": 0.0,
    "shuffled_information": 4.0, "order": 0.8,
    "family": 0,
}  # fmt: skip
FACTS = {
    "data": {
        "kind": "binary",
        "n_by_split": {"train": 1000, "valid": 200, "test": 400},
        "positives": {"train": 500, "valid": 100, "test": 200},
        "negatives": {"train": 500, "valid": 100, "test": 200},
        "n_near": 0,
        "n_same": 0,
        "n_overlapping": None,
        "n_contradicting": 0,
        "gc_auroc_all": 0.55,
        "gc_correlation_all": None,
        "composition_test": {"GC content": 0.55, "3-mers": 0.6},
    },
    "training": {"networks": [NETWORK, NETWORK]},
    "composition": {
        "measure": "auroc",
        "score": [0.9, 0.88, 0.92],
        "networks": [0.9, 0.9],
        "n_test": 400,
        "baselines": {
            "GC content": {"score": 0.55, "gain": [0.35, 0.3, 0.4]},
            "3-mers": {"score": 0.6, "gain": [0.3, 0.25, 0.35]},
        },
        "gc_auroc_all": 0.55,
    },
    "filters": {"n_networks": 2, "measure": "auroc", "q": 0.1, "n_decoys": 20, "filters": [FILTER]},
    "maps": {
        "known_auroc": [],
        "methods_agree": 0.9,
        "tried": ["REB1"],
        "used": ["REB1"],
        "auroc": {"gradient_times_input": [0.85, 0.83, 0.87]},
    },
    "repeats": {
        "n_networks": 2,
        "maps": {"gradient_times_input": [0.9, 0.88, 0.92]},
        "shared_filters": 0.5,
        "shared_by_chance": [0.1, 0.2],
    },
}  # fmt: skip
