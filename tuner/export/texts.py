"""What a kept model is given to predict, made from what was kept with it and not from how it was trained.

So a comparison with Keras, which is given what training prepares, also shows that ``model.json`` has all that
predicting a new text takes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from tuner.data.batches import Keep, evaluation_batches
from tuner.data.values import UNKNOWN_ID, EncodedDataset, Part
from tuner.errors import ModelError
from tuner.export.kept_weights import Floats, KeptModel
from tuner.export.numpy_families import Texts, forward

__all__ = ["PartName", "part_of", "predict_part"]

PartName: TypeAlias = Literal["validation", "test"]

_BATCH_SIZE = 64
"""Attention takes ``batch x heads x words x words`` numbers: 80 MB for 4 heads and 200 words."""


def part_of(dataset: EncodedDataset, name: PartName) -> Part:
    """Return a part by its name."""
    return dataset.validation if name == "validation" else dataset.test


def predict_part(model: KeptModel, dataset: EncodedDataset, name: PartName) -> Floats:
    """Predict every text of a part without Keras.

    Args:
        model: A trial's kept model.
        dataset: The texts, at the trial's cleaning level.
        name: Of the part.

    Returns:
        ``(n_texts, n_outputs)``, in the order of the part.

    Raises:
        ModelError: If the model does not belong to these texts, or cannot be computed here.
    """
    part = part_of(dataset, name)
    batches = _features(model, dataset, part) if model.terms else _ids(model, dataset, part)
    predictions: Floats | None = None
    for texts, indices in batches:
        found = forward(model, texts)
        if predictions is None:
            predictions = np.empty((part.n_texts, found.shape[1]))
        predictions[indices] = found
    if predictions is None:
        raise ModelError(f"the {name} part has no texts to compare on")
    return predictions


def _ids(
    model: KeptModel, dataset: EncodedDataset, part: Part
) -> Iterator[tuple[Texts, npt.NDArray[np.int64]]]:
    if tuple(dataset.words[: len(model.words)]) != model.words:
        raise ModelError(
            "the kept model was trained on other texts: its vocabulary is not theirs",
            "restore the study's folder as it was",
        )
    size, length = len(model.words) + UNKNOWN_ID + 1, int(model.params["sequence_length"])
    keep = cast("Keep", model.params["keep"])
    for ids, _, indices in evaluation_batches(part, size, length, keep, _BATCH_SIZE):
        yield ids, indices


def _features(
    model: KeptModel, dataset: EncodedDataset, part: Part
) -> Iterator[tuple[Texts, npt.NDArray[np.int64]]]:
    column = {term: index for index, term in enumerate(model.terms)}
    longest = max(term.count(" ") for term in model.terms) + 1
    words = ["", "", *dataset.words]
    texts = [
        [words[each] if each > UNKNOWN_ID else "" for each in part.ids[start:end]]
        for start, end in pairwise(part.offsets)
    ]
    for start in range(0, len(texts), _BATCH_SIZE):
        rows = [_weights(text, column, model.idf, longest) for text in texts[start : start + _BATCH_SIZE]]
        yield np.stack(rows), np.arange(start, start + len(rows))


def _weights(text: Sequence[str], column: Mapping[str, int], idf: Floats, longest: int) -> Floats:
    """Return the TF-IDF weights of a text's terms, ``(n_features,)``, of Euclidean length 1.

    A term said n times weighs (1 + ln n) times its idf; runs of words are told apart by their length. An
    unknown word, which is empty here, stands in no run.
    """
    runs = (
        " ".join(text[at : at + length])
        for length in range(1, longest + 1)
        for at in range(len(text) - length + 1)
        if all(text[at : at + length])
    )
    row = np.zeros(len(idf))
    for term, count in Counter(run for run in runs if run in column).items():
        row[column[term]] = (1.0 + math.log(count)) * idf[column[term]]
    length = np.linalg.norm(row)
    return row / length if length else row
