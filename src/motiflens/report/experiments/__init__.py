"""The page of the experiments: reporter assays with designed edits."""

from motiflens.report.experiments.page import ExperimentOutputs, write_experiment_outputs
from motiflens.report.experiments.words import experiment_sentences, markdown_results

__all__ = ["ExperimentOutputs", "experiment_sentences", "markdown_results", "write_experiment_outputs"]
