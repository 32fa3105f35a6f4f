"""Attribution maps: how much each base at each position moves one output of a network.

Every method has the signature ``(model, X, *, target, batch_size, device, correct_gradient, ...)`` and returns one
value per base and position, shape=(N, 4, L), on the CPU, for any model that maps (n, 4, L) to (n, n_outputs) or (n,):

- `saliency`, `gradient_times_input`, `smooth_grad`: from the gradient at the sequence or around it
- `integrated_gradients`, `deep_lift_shap`: contributions against baselines, which add up to the change of output
- `saturation_mutagenesis`: the effect of every substitution

`explain` calls any of METHODS by name and returns position scores and the completeness gap beside the values. The
scores, ``(values * X).sum(1)``, are what `motiflens.scoring.interpretability` compares with the truth.
"""

from motiflens.attribute._baselines import BASELINES
from motiflens.attribute._completeness import CompletenessWarning, completeness_gap
from motiflens.attribute._deep_lift import deep_lift_shap
from motiflens.attribute._explain import METHODS, Attributions, check_method, explain
from motiflens.attribute._gradient import centred
from motiflens.attribute._integrated_gradients import integrated_gradients
from motiflens.attribute._mutagenesis import saturation_mutagenesis
from motiflens.attribute._saliency import gradient_times_input, saliency
from motiflens.attribute._smooth_grad import smooth_grad

__all__ = [
    "BASELINES",
    "METHODS",
    "Attributions",
    "CompletenessWarning",
    "centred",
    "check_method",
    "completeness_gap",
    "deep_lift_shap",
    "explain",
    "gradient_times_input",
    "integrated_gradients",
    "saliency",
    "saturation_mutagenesis",
    "smooth_grad",
]
