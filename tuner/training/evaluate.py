"""The test split, opened once, for finished trials of the front."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tuner.data.encode import open_dataset
from tuner.embeddings import EMBEDDINGS
from tuner.metrics import Confusion, confusion_matrix, measure
from tuner.training.feed import feed_for
from tuner.training.kept_model import load_model
from tuner.training.steps import predict_all, trace_predict
from tuner.trial import TrialRequest

__all__ = ["Tested", "evaluate_test"]


@dataclass(frozen=True)
class Tested:
    """What a kept model is worth on the test split.

    Attributes:
        metrics: Those of :func:`~tuner.metrics.measure`, each with ``test_`` before its name.
        confusion: As of :func:`~tuner.metrics.confusion_matrix`.
    """

    metrics: dict[str, float]
    confusion: Confusion


def evaluate_test(request: TrialRequest, model_path: str) -> Tested:
    """Measure a finished trial's kept model on the test split.

    Args:
        request: The trial as it was run.
        model_path: As the trial's outcome gave it: inside the trial's folder.

    Raises:
        ValueError: If the file is no Keras model, or not a safe one.
        OSError: If it cannot be read.
        DataError, VectorsError: If data or vectors are missing.
    """
    import keras

    dataset = open_dataset(Path(request.dataset_dir))
    source = EMBEDDINGS[str(request.params["embedding"])]
    inputs = source.prepare(dataset, request.params, request.seed, Path(request.cache_dir))
    feed = feed_for(dataset, inputs, request.params, request.seed)
    try:
        model = load_model(Path(request.trial_dir) / model_path)
        labels = feed.labels("test")
        predictions = predict_all(trace_predict(model), feed.evaluation("test"), len(labels))
    finally:
        keras.utils.clear_session()
    measured = measure(labels, predictions, request.task)
    return Tested(
        {f"test_{name}": value for name, value in measured.items()},
        confusion_matrix(labels, predictions, request.task),
    )
