"""The rules of a diagnosis, as a table: from which numbers a finding follows, and what is tried against it.

Nothing is computed here. The thresholds are deliberately wide: a finding costs a person's time, and a study
in which nothing is wrong must be told so. The changes are those that people try by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tuner.spec.values import Value

__all__ = ["RULES", "SAMPLING_ERRORS", "Change", "Kind", "Operation", "Rule"]

Kind: TypeAlias = Literal[
    "never learned", "underfitting", "overfitting", "edge of the space", "too slow", "fast kernel lost"
]

Operation: TypeAlias = Literal["times", "plus", "to"]
"""Multiply by the amount, add it, or take it in place of the value."""


@dataclass(frozen=True)
class Change:
    """A setting to change, with the limits within which that is worth trying.

    Attributes:
        setting: Its name. A trial that does not read it is not changed.
        operation, amount: What becomes of its value.
        least, most: The result is kept between these. Defaults to no limit but the setting's own.
        above, below: The change is for values beyond ``above``, and for values under ``below``.
        where: Values of other settings that the trial must have.
        epochs_used_up: Whether it is only for trials that were not stopped before their last epoch.
    """

    setting: str
    operation: Operation
    amount: Value
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    where: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    epochs_used_up: bool = False


@dataclass(frozen=True)
class Rule:
    """One kind of finding.

    Attributes:
        kind: Its name.
        means: What it says about a model, in a sentence.
        thresholds: By name; read by the condition of that kind in :mod:`tuner.analysis.symptoms` or
            :mod:`tuner.analysis.edges`.
        changes: What is proposed, each by itself worth trying.
        beside: What helps and is no setting; may be empty.
    """

    kind: Kind
    means: str
    thresholds: Mapping[str, float] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    beside: str = ""


SAMPLING_ERRORS = 2.0
"""A difference of measured shares counts from two standard errors on: 19 of 20 chance ones are smaller."""

_ADAPTIVE = {"optimizer": ("adam", "rmsprop")}

RULES: tuple[Rule, ...] = (
    Rule(
        "never learned",
        "No better than an answer that is the same for every text.",
        changes=(
            Change("optimizer", "to", "adam"),
            # Adaptive optimizers learn text between 3e-4 and 1e-2 or not at all: so it was above or below.
            Change("learning_rate", "times", 3.0, most=0.01, below=0.003, where=_ADAPTIVE),
            Change("learning_rate", "times", 1 / 3, least=0.0003, above=0.00299, where=_ADAPTIVE),
        ),
    ),
    Rule(
        "underfitting",
        "The model cannot even reproduce its own training texts.",
        thresholds={
            # The training figure is a mean over an epoch in which the model still improves, with dropout
            # on; that costs a sound model a few points, so fewer than 0.05 prove nothing.
            "short_of_best": 0.05,
            # R2 counts squares, and moves about twice as far.
            "short_of_best_r2": 0.10,
        },
        changes=(
            Change("units", "times", 2, most=512),
            Change("layer_units", "times", 2, most=512),
            Change("dense_units", "times", 2, most=1024, above=0),
            Change("filters", "times", 2, most=512),
            Change("layers", "plus", 1, most=3),
            Change("sequence_length", "times", 1.5, most=1000),
            Change("vocabulary_size", "times", 1.5, most=50_000),
            Change("tfidf_features", "times", 1.5, most=50_000),
            Change("epochs", "times", 5 / 3, most=100, epochs_used_up=True),
            Change("dropout", "plus", -0.1, least=0.0),
        ),
    ),
    Rule(
        "overfitting",
        "The model learned its training texts by heart and became worse on others.",
        thresholds={
            # Training figures lag by a few points (see above), so a gap of 0.08 is more than it looks;
            # sound runs on reviews end at gaps of 0.02 to 0.06.
            "gap": 0.08,
            "gap_r2": 0.16,
            # The loss on validation texts wavers by one to three percent from epoch to epoch.
            "loss_rise": 0.05,
        },
        changes=(
            Change("dropout", "plus", 0.1, most=0.6),
            # Only where it is on already: to turn it on loses the fast kernel of a GPU.
            Change("recurrent_dropout", "plus", 0.1, most=0.5, above=0.0),
            Change("units", "times", 0.5, least=8),
            Change("layer_units", "times", 0.5, least=8),
            Change("filters", "times", 0.5, least=16),
            Change("patience", "plus", -1, least=1, above=1),
            Change("patience", "to", 2, below=1),  # 0 is: never stop
            Change("vocabulary_size", "times", 0.5, least=1000),
            Change("tfidf_features", "times", 0.5, least=500),
        ),
    ),
    Rule(
        "edge of the space",
        "The best values lie at the end of what was searched; better ones may lie beyond.",
        thresholds={
            # Of the range, on its own scale: where a sampler that wants to go further piles up.
            "within": 0.05,
            # One member may be there by chance, unless it is the best of all.
            "members": 2,
            # How far an end goes out: a lower one to half, an upper one to twice its value where the
            # scale is logarithmic, and by half of the range where it is linear.
            "factor": 2.0,
            "share": 0.5,
        },
    ),
    Rule(
        "too slow",
        "Much more training time buys no more than chance on the validation texts explains.",
        thresholds={
            "times_as_long": 3.0,
            # Below ten seconds a trial, starting and tracing cost more than training.
            "saved_s": 10.0,
        },
        changes=(
            Change("bidirectional", "to", False),
            Change("batch_size", "times", 2, most=256),
            Change("sequence_length", "times", 0.75, least=20),
            Change("vocabulary_size", "times", 0.5, least=1000),
        ),
        beside="a GPU, and mixed precision there",
    ),
    Rule(
        "fast kernel lost",
        "Recurrent dropout keeps the fused kernel of the GPU (cuDNN) from being used.",
        changes=(Change("recurrent_dropout", "to", 0.0),),
    ),
)
"""In the order in which findings are told."""
