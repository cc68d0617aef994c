"""Vectors learned from scratch with the model."""

from __future__ import annotations

from pathlib import Path

from tuner.data.values import EncodedDataset
from tuner.embeddings.matrix import vocabulary_size
from tuner.embeddings.protocol import EmbeddingSource, Prepared, TokenInput
from tuner.embeddings.settings import EMBEDDING_DIMENSION
from tuner.spec.catalogue import Component
from tuner.spec.values import Params

__all__ = ["TRAINED"]


def _prepare(dataset: EncodedDataset, params: Params, seed: int, cache_dir: Path) -> Prepared:  # noqa: ARG001 - the contract's arguments; nothing is drawn or kept here
    dimension = int(params["embedding_dimension"])
    return TokenInput(vocabulary_size(dataset, params), dimension, matrix=None, trainable=True)


TRAINED = EmbeddingSource(
    Component(
        "trained",
        "Word vectors learned from scratch with the model.",
        settings=(EMBEDDING_DIMENSION,),
        kind="tokens",
    ),
    _prepare,
)
