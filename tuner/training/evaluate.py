"""The test split, opened once, for finished trials of the front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tuner.data.encode import open_dataset
from tuner.embeddings import EMBEDDINGS
from tuner.metrics import Confusion, confusion_matrix, measure
from tuner.models import family_of
from tuner.training.feed import PartName, feed_for
from tuner.training.kept_model import load_model
from tuner.training.precision import in_single_precision
from tuner.training.steps import predict_all, trace_predict
from tuner.trial import TrialRequest

__all__ = ["Tested", "evaluate_test", "predict_kept"]


@dataclass(frozen=True)
class Tested:
    """What a kept model is worth on the test split.

    Attributes:
        metrics: Those of :func:`~tuner.metrics.measure`, each with ``test_`` before its name.
        confusion: As of :func:`~tuner.metrics.confusion_matrix`.
    """

    metrics: dict[str, float]
    confusion: Confusion


def evaluate_test(request: TrialRequest, model_path: str, alive: Callable[[], None] = lambda: None) -> Tested:
    """Measure a finished trial's kept model on the test split.

    Args:
        request: The trial as it was run.
        model_path: As the trial's outcome gave it: inside the trial's folder.
        alive: As for :func:`~tuner.training.steps.predict_all`.

    Raises:
        ValueError: If the file is no Keras model, or not a safe one.
        OSError: If it cannot be read.
        DataError, VectorsError: If data or vectors are missing.
        InputError: If a family of a person's own is.
    """
    labels = open_dataset(Path(request.dataset_dir)).test.labels
    predictions = predict_kept(request, model_path, ["test"], alive=alive)["test"]
    measured = measure(labels, predictions, request.task)
    return Tested(
        {f"test_{name}": value for name, value in measured.items()},
        confusion_matrix(labels, predictions, request.task),
    )


def predict_kept(
    request: TrialRequest,
    model_path: str,
    parts: Sequence[PartName],
    single_precision: bool = False,
    alive: Callable[[], None] = lambda: None,
) -> dict[str, npt.NDArray[np.float32]]:
    """Predict whole parts with a finished trial's kept model, given what training gave it.

    Args:
        request, model_path: As for :func:`evaluate_test`.
        parts: Their names.
        single_precision: Whether a model that computes in half precision is made to compute in single.
        alive: As for :func:`evaluate_test`.

    Returns:
        ``(n_texts, n_outputs) float32`` by part, in the order of the part.

    Raises:
        ValueError, OSError, DataError, VectorsError: As :func:`evaluate_test`.
    """
    import keras

    # A family of a person's own may have layers of its own, which Keras knows when its module is imported.
    family_of(str(request.params["family"]), request.code_dir)
    dataset = open_dataset(Path(request.dataset_dir))
    source = EMBEDDINGS[str(request.params["embedding"])]
    inputs = source.prepare(dataset, request.params, request.seed, Path(request.cache_dir))
    feed = feed_for(dataset, inputs, request.params, request.seed)
    try:
        model = load_model(Path(request.trial_dir) / model_path)
        predict = trace_predict(in_single_precision(model) if single_precision else model)
        return {
            part: predict_all(predict, feed.evaluation(part), len(feed.labels(part)), alive) for part in parts
        }
    finally:
        keras.utils.clear_session()
