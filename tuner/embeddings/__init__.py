"""Embedding sources: what turns an encoded dataset into a model's input, one file each.

A new one is a file with an :class:`~tuner.embeddings.protocol.EmbeddingSource` and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from tuner.embeddings.glove import GLOVE
from tuner.embeddings.protocol import EmbeddingSource
from tuner.embeddings.tfidf import TFIDF
from tuner.embeddings.trained import TRAINED
from tuner.embeddings.word2vec import WORD2VEC

__all__ = ["EMBEDDINGS"]

EMBEDDINGS: Mapping[str, EmbeddingSource] = {
    "trained": TRAINED,
    "word2vec": WORD2VEC,
    "glove": GLOVE,
    "tfidf": TFIDF,
}
"""Every embedding source by the name that is declared."""
