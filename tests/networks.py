"""Small models of every family, and a way to train one, for the tests of models and training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tuner.data.values import EncodedDataset
from tuner.embeddings import EMBEDDINGS
from tuner.embeddings.protocol import FeatureInput, Prepared, TokenInput
from tuner.models import FAMILIES
from tuner.spec.values import Task, Value
from tuner.training.feed import feed_for
from tuner.training.optimizers import OPTIMIZERS
from tuner.training.settings import COMMON, TOKEN_SETTINGS
from tuner.training.steps import Steps, predict_all, ready_to_train, seed_dropout

IDS = np.array([[5, 6, 7, 8], [9, 5, 0, 0], [7, 0, 0, 0]], dtype=np.int32)
"""Three texts of four words, two and one, padded."""

SMALL: Mapping[str, Value] = {
    "units": 8,
    "embedding_dimension": 8,
    "filters": 16,
    "heads": 2,
    "feed_forward_units": 16,
}

RECURRENT = ["lstm", "gru", "simple_rnn"]
SEQUENTIAL = [name for name, family in FAMILIES.items() if family.component.kind == "tokens"]

ALL_ON: Mapping[str, Any] = {"bidirectional": True, "layers": 2, "blocks": 2, "dense_units": 4}
"""Every part of a model that can be there or not; a family reads those of them that it has."""


def settings(family: str, embedding: str = "trained", **given: Any) -> dict[str, Value]:
    """Return a trial's complete settings, small."""
    components = FAMILIES[family].component, EMBEDDINGS[embedding].component, OPTIMIZERS["adam"].component
    declared = [*COMMON, *TOKEN_SETTINGS, *(each for component in components for each in component.settings)]
    params: dict[str, Value] = {each.name: each.default for each in declared if each.default is not None}
    return {**params, "family": family, "embedding": embedding, **SMALL, **given}


def tokens(trainable: bool = True, with_matrix: bool = False) -> TokenInput:
    matrix = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32) if with_matrix else None
    return TokenInput(20, 6, matrix, trainable)


def features() -> FeatureInput:
    from scipy.sparse import csr_matrix

    rows = csr_matrix(np.eye(6, dtype=np.float32))
    return FeatureInput(6, rows, rows, rows, tuple("abcdef"), np.ones(6, np.float32))


def sample(family: str) -> npt.NDArray[Any]:
    """Return three texts as the family reads them."""
    return IDS if family in SEQUENTIAL else np.eye(6, dtype=np.float32)[:3]


def build(family: str, inputs: Prepared | None = None, task: Task = "binary", **given: Any) -> Any:
    """Build a model; the same settings give the same weights."""
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    if inputs is None:
        inputs = tokens() if family in SEQUENTIAL else features()
    return FAMILIES[family].build(settings(family, **given), inputs, task, 3)


def trained(
    dataset: EncodedDataset, params: dict[str, Value], epochs: int, cache_dir: Path
) -> tuple[Any, Steps, float]:
    """Fit a model; return it, its steps and the accuracy on the training texts without dropout."""
    import keras
    import tensorflow as tf

    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    inputs = EMBEDDINGS[str(params["embedding"])].prepare(dataset, params, 3, cache_dir)
    model = FAMILIES[str(params["family"])].build(params, inputs, dataset.task, len(dataset.classes))
    model, steps = ready_to_train(model, params, dataset.task, dataset.train.labels)
    feed = feed_for(dataset, inputs, params, seed=3)
    for epoch in range(epochs):
        seed_dropout(model, 3, epoch)
        for batch in feed.training(epoch):
            steps.train(*map(tf.constant, batch))
    labels = feed.labels("train")
    found = predict_all(steps.predict, feed.evaluation("train"), len(labels))
    predicted = found[:, 0] >= 0.5 if dataset.task == "binary" else found.argmax(axis=1)
    return model, steps, float((predicted == labels).mean())
