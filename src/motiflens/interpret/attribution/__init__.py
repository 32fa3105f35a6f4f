"""Attribution maps: how much each base at each position changes one output of a network.

Every method has the signature ``(model, X, *, target, batch_size, device, correct_gradient, ...)`` and returns one
value per base and position, shape=(N, 4, L), on the CPU, for any model that maps (n, 4, L) to (n, n_outputs) or (n,):

- `saliency`, `gradient_times_input`, `smooth_grad`: from the gradient at the sequence or around it
- `integrated_gradients`, `deep_lift_shap`: contributions relative to baselines, which add up to the change of the
  output
- `saturation_mutagenesis`: the effect of every substitution

`explain` calls any of METHODS by name. Beside the values it returns a score for each position, ``(values * X).sum(1)``,
and the completeness gap. `motiflens.interpret.attribution.interpretability` compares these scores with the truth.
"""

from motiflens.interpret.attribution.against_truth import Interpretability, interpretability
from motiflens.interpret.attribution.baselines import BASELINES
from motiflens.interpret.attribution.completeness import CompletenessWarning, completeness_gap
from motiflens.interpret.attribution.deep_lift import deep_lift_shap, rule_problems
from motiflens.interpret.attribution.explain import METHODS, Attributions, check_method, explain
from motiflens.interpret.attribution.gradient import centred
from motiflens.interpret.attribution.integrated_gradients import integrated_gradients
from motiflens.interpret.attribution.mutagenesis import saturation_mutagenesis
from motiflens.interpret.attribution.saliency import gradient_times_input, saliency
from motiflens.interpret.attribution.smooth_grad import smooth_grad

__all__ = [
    "Attributions",
    "BASELINES",
    "CompletenessWarning",
    "Interpretability",
    "METHODS",
    "centred",
    "check_method",
    "completeness_gap",
    "deep_lift_shap",
    "explain",
    "gradient_times_input",
    "integrated_gradients",
    "interpretability",
    "rule_problems",
    "saliency",
    "saturation_mutagenesis",
    "smooth_grad",
]
