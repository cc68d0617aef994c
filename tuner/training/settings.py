"""Settings that do not belong to one family, source or optimizer."""

from __future__ import annotations

from tuner.embeddings import EMBEDDINGS
from tuner.models import FAMILIES
from tuner.spec.catalogue import Setting
from tuner.training.optimizers import OPTIMIZERS

__all__ = ["COMMON", "TOKEN_SETTINGS"]

COMMON: tuple[Setting, ...] = (
    Setting(
        "family",
        "choice",
        None,
        "Family of models. Defaults to the first that takes what the embedding gives.",
        choices=tuple(FAMILIES),
    ),
    Setting(
        "embedding",
        "choice",
        None,
        "Source of a text's input. Defaults to the first that gives what the family takes.",
        choices=tuple(EMBEDDINGS),
    ),
    Setting(
        "optimizer",
        "choice",
        "adam",
        "How weights are changed. Defaults to adam: it forgives a poor learning rate.",
        choices=tuple(OPTIMIZERS),
    ),
    Setting("batch_size", "int", 32, "Texts in a training step. Defaults to 32.", low=1, high=4096),
    Setting(
        "epochs", "int", 10, "Most times that the training texts are seen. Defaults to 10.", low=1, high=1000
    ),
    Setting(
        "patience",
        "int",
        3,
        "Epochs without a better `monitor` after which training stops; 0 for never. Defaults to 3.",
        low=0,
        high=1000,
    ),
    Setting(
        "monitor",
        "choice",
        "loss",
        "Validation metric that chooses the kept epoch. Defaults to loss, which every task has: finer than "
        "accuracy, so less of a lottery.",
        choices=("loss", "accuracy", "f1", "mae"),
    ),
    Setting(
        "plateau_patience",
        "int",
        2,
        "Epochs without a better `monitor` after which the learning rate is halved, down to 1e-7; 0 for "
        "never. Defaults to 2.",
        low=0,
        high=1000,
    ),
    Setting(
        "chance_epochs",
        "int",
        2,
        "Epochs after which a trial that has learned nothing is pruned: accuracy, training accuracy and AUC "
        "above those of naming the commonest class (in a regression R2 and training R2 above 0, or an R2 "
        "that still rises from below) by no more than an accident; 0 for never. Defaults to 2, as a slow "
        "start may pass at chance.",
        low=0,
        high=1000,
    ),
    Setting(
        "gradient_clip_norm",
        "float",
        0.0,
        "Longest gradient, over all weights together; 0 for no limit. Defaults to 0.",
        low=0.0,
        high=1e6,
    ),
    Setting(
        "mixed_precision",
        "bool",
        False,
        "On a GPU layers compute in half precision (mixed_float16), with a scaled loss; a processor goes on "
        "in single. Each trial keeps what it ran in, the fact `precision`. Defaults to false.",
    ),
    Setting(
        "class_weights",
        "choice",
        "none",
        "balanced: each class counts alike in the training loss, a text n / (k * c) where c of n training "
        "texts are of its class, one of k. The validation loss is never weighted. Defaults to none.",
        choices=("none", "balanced"),
        tasks=("binary", "multiclass"),
    ),
    Setting(
        "cleaning",
        "choice",
        "moderate",
        "light: markup and white space; moderate: also case, punctuation, contractions; aggressive: also "
        "numbers and stop words. Defaults to moderate: pretrained vectors know such words.",
        choices=("light", "moderate", "aggressive"),
    ),
)
"""Read by every trial."""

TOKEN_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "vocabulary_size",
        "int",
        10_000,
        "Commonest words that are told apart, padding and unknown included. Defaults to 10,000.",
        low=3,
        high=10_000_000,
    ),
    Setting(
        "sequence_length",
        "int",
        200,
        "Words read of a text. Defaults to 200: time grows with it, and most reviews "
        "say what they mean by then.",
        low=1,
        high=100_000,
    ),
    Setting(
        "keep",
        "choice",
        "start",
        "Which end of a longer text is read. Defaults to start.",
        choices=("start", "end"),
    ),
)
"""Read by trials whose family takes tokens."""
