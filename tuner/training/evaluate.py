"""The test split, opened once, for finished trials of the front."""

from __future__ import annotations

from pathlib import Path

from tuner.data.encode import open_dataset
from tuner.embeddings import EMBEDDINGS
from tuner.metrics import measure
from tuner.training.feed import feed_for
from tuner.training.kept_model import load_model
from tuner.training.steps import predict_all, trace_predict
from tuner.trial import TrialRequest

__all__ = ["evaluate_test"]


def evaluate_test(request: TrialRequest, model_path: str) -> dict[str, float]:
    """Measure a finished trial's kept model on the test split.

    Args:
        request: The trial as it was run.
        model_path: As the trial's outcome gave it: inside the trial's folder.

    Returns:
        The metrics of :func:`~tuner.metrics.measure`, each with ``test_`` before its name.

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
    return {f"test_{name}": value for name, value in measured.items()}
