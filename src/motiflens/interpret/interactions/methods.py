"""The methods of interaction analysis by name. To add one, write a file that makes a `Method`, and add a line here."""

from collections.abc import Mapping
from types import MappingProxyType

from motiflens.interpret.interactions.attention import ATTENTION, ATTENTION_GRADIENT, ATTENTION_ROLLOUT
from motiflens.interpret.interactions.correlation import FILTER_CORRELATION
from motiflens.interpret.interactions.feature_maps import FEATURE_MAPS
from motiflens.interpret.interactions.insertion import INSERTION
from motiflens.interpret.interactions.method import Method
from motiflens.interpret.interactions.mutagenesis import MUTAGENESIS

INTERACTION_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "insertion": INSERTION,
        "mutagenesis": MUTAGENESIS,
        "feature_maps": FEATURE_MAPS,
        "attention": ATTENTION,
        "attention_rollout": ATTENTION_ROLLOUT,
        "attention_gradient": ATTENTION_GRADIENT,
        "filter_correlation": FILTER_CORRELATION,
    }
)
