"""What goes into the steps: batches of tokens or of features, under one face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from tuner.data.batches import (
    Keep,
    evaluation_batches,
    evaluation_feature_batches,
    feature_batches,
    training_batches,
)
from tuner.data.values import EncodedDataset, LabelArray
from tuner.embeddings.protocol import FeatureInput, Prepared
from tuner.spec.values import Params

__all__ = ["Feed", "PartName", "feed_for"]

Inputs: TypeAlias = npt.NDArray[Any]
Labels: TypeAlias = npt.NDArray[Any]
Indices: TypeAlias = npt.NDArray[np.int64]
PartName: TypeAlias = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Feed(ABC):
    """Batches of one trial.

    Attributes:
        dataset: The encoded texts.
        batch_size: Texts in a training step.
        seed: The trial's, for the order of batches.
    """

    dataset: EncodedDataset
    batch_size: int
    seed: int

    @property
    def steps(self) -> int:
        """Training steps in an epoch."""
        return -(-self.dataset.train.n_texts // self.batch_size)

    def labels(self, part: PartName) -> LabelArray:
        """Return the labels of a part, ``(n_texts,)``: int32 class indices, float32 numbers."""
        found: LabelArray = getattr(self.dataset, part).labels
        return found

    @abstractmethod
    def training(self, epoch: int) -> Iterator[tuple[Inputs, Labels]]:
        """Yield inputs and labels ``(batch,)``, in an order that follows from seed and epoch."""

    @abstractmethod
    def evaluation(self, part: PartName) -> Iterator[tuple[Inputs, Labels, Indices]]:
        """Yield every text once, with the index that its prediction belongs to."""


@dataclass(frozen=True)
class _TokenFeed(Feed):
    vocabulary_size: int
    sequence_length: int
    keep: Keep

    def training(self, epoch: int) -> Iterator[tuple[Inputs, Labels]]:
        return training_batches(
            self.dataset.train,
            self.vocabulary_size,
            self.sequence_length,
            self.keep,
            self.batch_size,
            self.seed,
            epoch,
        )

    def evaluation(self, part: PartName) -> Iterator[tuple[Inputs, Labels, Indices]]:
        texts = getattr(self.dataset, part)
        return evaluation_batches(texts, self.vocabulary_size, self.sequence_length, self.keep)


@dataclass(frozen=True)
class _FeatureFeed(Feed):
    inputs: FeatureInput

    def training(self, epoch: int) -> Iterator[tuple[Inputs, Labels]]:
        return feature_batches(self.inputs.train, self.labels("train"), self.batch_size, self.seed, epoch)

    def evaluation(self, part: PartName) -> Iterator[tuple[Inputs, Labels, Indices]]:
        return evaluation_feature_batches(getattr(self.inputs, part), self.labels(part))


def feed_for(dataset: EncodedDataset, inputs: Prepared, params: Params, seed: int) -> Feed:
    """Return the feed that suits what the embedding source has prepared.

    Args:
        dataset: The encoded texts.
        inputs: Of the trial's embedding source.
        params: The trial's settings.
        seed: The trial's seed.
    """
    batch_size = int(params["batch_size"])
    if isinstance(inputs, FeatureInput):
        return _FeatureFeed(dataset, batch_size, seed, inputs)
    keep = cast("Keep", params["keep"])
    length = int(params["sequence_length"])
    return _TokenFeed(dataset, batch_size, seed, inputs.vocabulary_size, length, keep)
