"""The configuration of a hybrid network: one flat, frozen dataclass, saved as JSON beside the weights."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from motiflens.basics.arguments import in_short
from motiflens.basics.choices import check_choice, did_you_mean
from motiflens.basics.errors import InputError
from motiflens.models.hybrid.layers import ACTIVATIONS
from motiflens.models.hybrid.positions import POSITIONAL_ENCODINGS
from motiflens.models.hybrid.sizes import Pools, nearest_kernel, pool_problem

SECOND_STAGES = ("none", "conv", "lstm")
ATTENTIONS = ("none", "attention", "transformer")
HEADS = ("flatten", "mean")
VARIANTS = ("text", "code")


def added_field(default: Any) -> Any:
    """A field that was added to a `SavedConfig` after the first records; it is not saved if it has its default."""
    return dataclasses.field(default=default, metadata={"added": True})


class SavedConfig:
    """Base class of `HybridConfig` and `Protocol`: conversion to a dictionary and to text."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a flat dictionary, without fields that were added later and have their default."""
        # Records and checkpoints keep hashes and texts made from these dictionaries: a new field must not change those
        # of the configurations that were there before it.
        return {
            field.name: value
            for field in dataclasses.fields(self)  # type: ignore[arg-type]
            if (value := getattr(self, field.name)) != field.default or not field.metadata.get("added")
        }

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"{type(self).__name__}({fields})"


@dataclass(frozen=True, kw_only=True, repr=False)
class HybridConfig(SavedConfig):
    """The configuration of a hybrid network, in the order of its layers.

    `build_model` fills it in for the study's named architectures. Use other values for other lengths and sizes.

    Raises
    ------
    ValueError
        If a value is unknown, or sizes do not fit together; the message proposes a size that does.
    """

    length: int = 200  # of the input sequences
    n_outputs: int = 1  # logits

    # Stage 1: conv -> BatchNorm -> activation -> max-pool -> dropout, then perhaps a second convolution or BiLSTM
    n_filters: int = 32
    kernel_size: int = 19
    activation: str = "exponential"  # of the first convolution only
    first_pool: int = 24
    second_stage: str = "none"  # "conv": C4C6; "lstm": C4, a BiLSTM before the second pool
    second_kernel_size: int = 7
    second_pool: int = 6

    # Stage 2: perhaps a BiLSTM, then attention or transformer encoder layers
    lstm: bool = False
    lstm_width: int = 128  # both directions together
    attention: str = "none"
    positional_encoding: str = added_field("none")  # of the attention: see `positions`
    n_heads: int = 8
    attention_width: int = 128  # d_model: all heads together
    n_layers: int = 1  # transformer encoder layers
    feedforward_width: int = 32

    # Stage 3: flatten (or mean over tokens) -> dense -> BatchNorm -> ReLU -> dropout -> dense
    head: str = added_field("flatten")  # "mean" over tokens: the head itself cannot tell where one stands
    dense_width: int = 512

    dropout: float = 0.1  # everywhere but in the head
    dense_dropout: float = 0.5
    batch_norm_eps: float = 1e-3  # Keras' default, which the study used
    batch_norm_momentum: float = 0.01  # PyTorch's convention: 1 - Keras' 0.99
    variant: str = "text"  # "code": backward LSTMs use ReLU in place of tanh, as in the released code

    def __post_init__(self) -> None:
        """Check the values one by one, then how they fit together."""
        check_choice("activation", self.activation, tuple(ACTIVATIONS))
        check_choice("second_stage", self.second_stage, SECOND_STAGES)
        check_choice("attention", self.attention, ATTENTIONS)
        check_choice("positional_encoding", self.positional_encoding, POSITIONAL_ENCODINGS)
        check_choice("head", self.head, HEADS)
        check_choice("variant", self.variant, VARIANTS)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type is int and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise InputError(f"{field.name} must be a positive integer, got {in_short(value)}")
            if field.type is float and (not isinstance(value, int | float) or isinstance(value, bool)):
                raise InputError(f"{field.name} must be a number, got {in_short(value)}")
        for name in ("kernel_size", "second_kernel_size"):
            if getattr(self, name) % 2 == 0:
                raise InputError(f"{name} must be odd ('same' padding), got {getattr(self, name)}")
        for name in ("dropout", "dense_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if problem := pool_problem(self.length, self.pools, attends=self.attention != "none"):
            raise InputError(problem)
        self._check_kernel("kernel_size", self.length)
        if self.second_stage == "conv":
            self._check_kernel("second_kernel_size", self.length // self.first_pool)
        if self.uses_lstm and self.lstm_width % 2:
            raise InputError(f"lstm_width must be even (two directions), got {self.lstm_width}")
        if self.attention != "none" and self.attention_width % self.n_heads:
            raise InputError(
                f"attention_width must be a multiple of n_heads, got {self.attention_width} and {self.n_heads}"
            )
        if self.attention == "transformer" and self.attention_width != self.stem_or_lstm_width:
            raise InputError(
                "a transformer adds its input to its output: attention_width must equal the width of its input, "
                f"{self.stem_or_lstm_width}, got {self.attention_width}"
            )
        if self.positional_encoding != "none" and self.attention == "none":
            raise InputError(
                f"positional_encoding {self.positional_encoding!r} acts in the attention, and there is none: "
                "set attention, or positional_encoding='none'"
            )
        if self.positional_encoding == "rotary" and self.attention_width % (2 * self.n_heads):
            raise InputError(
                "a rotary encoding turns pairs of channels: attention_width must be a multiple of twice n_heads, "
                f"got {self.attention_width} and {self.n_heads}"
            )

    def _check_kernel(self, name: str, n_positions: int) -> None:
        size = getattr(self, name)
        if size > n_positions:
            raise InputError(
                f"{name} is {size}, longer than its input of {n_positions} positions: "
                f"take {name}={nearest_kernel(size, n_positions)}"
            )

    @property
    def pools(self) -> Pools:
        """Both pools; the second is 1 if there is none."""
        return Pools(self.first_pool, 1 if self.second_stage == "none" else self.second_pool)

    @property
    def uses_lstm(self) -> bool:
        """Whether the network has a BiLSTM."""
        return self.lstm or self.second_stage == "lstm"

    @property
    def n_tokens(self) -> int:
        """Number of tokens, that is, positions after stage 1."""
        return self.pools.n_tokens(self.length)

    @property
    def stem_or_lstm_width(self) -> int:
        """Channels of the tokens that reach the attention module."""
        return self.lstm_width if self.uses_lstm else self.n_filters

    @property
    def token_width(self) -> int:
        """Channels of the tokens that reach the head."""
        return self.stem_or_lstm_width if self.attention == "none" else self.attention_width

    @property
    def n_head_inputs(self) -> int:
        """Number of inputs of the head's first dense layer."""
        return self.token_width * (self.n_tokens if self.head == "flatten" else 1)

    def to_json(self) -> str:
        """Return the fields as JSON."""
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "HybridConfig":
        """Build a configuration from `to_dict`'s result.

        Raises
        ------
        ValueError
            If a field is unknown.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            hint = did_you_mean(unknown[0], sorted(known))
            raise InputError(f"unknown field of HybridConfig: {', '.join(unknown)}{hint and '; ' + hint}")
        return cls(**values)


def check_stackable(configs: Sequence[HybridConfig]) -> None:
    """Check that networks of these configurations can train as one stack: they differ at most in `activation`.

    Raises
    ------
    ValueError
        Names the first field in which two of them differ.
    """
    for config in configs:
        for field in dataclasses.fields(HybridConfig):
            a, b = getattr(configs[0], field.name), getattr(config, field.name)
            if a != b and field.name != "activation":
                raise InputError(
                    "networks of one stack may differ in their activation only, "
                    f"got {field.name}={a!r} and {field.name}={b!r}: train them apart"
                )
