"""Builds families of a person's own once, small, as a trial would, before a study depends on them.

A process of its own: ``python -m tuner.training.try_family`` reads :class:`Try` values as JSON from its
standard input and answers with :class:`Tried` values. It runs the person's code, which may print, raise, or
end the process; what starts it must bear all that.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tuner.embeddings.protocol import FeatureInput, Prepared, TokenInput
from tuner.errors import InputError, TunerError
from tuner.models.own import own_source
from tuner.models.own_build import load_own_family
from tuner.spec.values import Task, Value
from tuner.training.kept_model import load_model
from tuner.training.steps import ready_to_train

if TYPE_CHECKING:
    import keras

__all__ = ["Tried", "Try", "main", "try_family"]

_T = TypeVar("_T")

_N_IDS = 30
_N_FEATURES = 20


@dataclass(frozen=True)
class Try:
    """One family to build.

    Attributes:
        family: ``module:function``.
        folder: Of the search-space file.
        params: A trial's complete settings.
        task: What its models predict.
        n_classes: Of the study's data.
    """

    family: str
    folder: str
    params: Mapping[str, Value]
    task: Task
    n_classes: int


@dataclass(frozen=True)
class Tried:
    """How that went.

    Attributes:
        message: What is wrong, or an empty string.
        hint: What to do about it.
        remarks: What a person should know though the family can be used.
    """

    message: str = ""
    hint: str = ""
    remarks: Sequence[str] = ()


def main() -> int:
    """Try what standard input asks for; answer on what was standard output, where prints no longer go."""
    answer = os.dup(1)
    os.dup2(2, 1)
    asked = [Try(**each) for each in json.load(sys.stdin)]
    tried = [dataclasses.asdict(_tried(each)) for each in asked]
    with os.fdopen(answer, "w", encoding="utf-8") as stream:
        json.dump(tried, stream)
    return 0


def _tried(asked: Try) -> Tried:
    try:
        return Tried(remarks=try_family(asked))
    except TunerError as error:
        return Tried(error.message, error.hint)


def try_family(asked: Try) -> list[str]:
    """Import, build, train two steps, predict, save and load again.

    Args:
        asked: What to build; vocabulary and features are taken small.

    Returns:
        Remarks.

    Raises:
        InputError: If a trial of this family could not run.
    """
    name, task = asked.family, asked.task
    source = own_source(name, Path(asked.folder))
    family = _done("importing it", name, source, lambda: load_own_family(name, Path(asked.folder)))
    inputs = _small_inputs(family.component.kind == "features", asked.params)
    built = _done(
        "building its model", name, source, lambda: family.build(asked.params, inputs, task, asked.n_classes)
    )
    long, short = _batches(inputs)
    # Another one: training puts a layer behind a regression's head, and sets an optimizer.
    other = family.build(asked.params, inputs, task, asked.n_classes)
    _done("training its model", name, source, lambda: _train(other, asked, [long, short]))
    found = _predict(built, long)
    if task != "regression" and not _are_probabilities(found, task):
        hint = "end in tuner.models.heads.add_head(hidden, task, n_classes)"
        raise InputError(f"{name}: its outputs are no probabilities in a {task} task", hint)
    _keep_and_load(name, built, long, found)
    if isinstance(inputs, TokenInput) and not np.allclose(_predict(built, _padded(long)), found, atol=1e-4):
        return [
            f"{name}: padding changes its predictions, so a text's depends on the texts beside it; "
            "leave out what stands where ids are 0"
        ]
    return []


def _done(doing: str, name: str, source: Path, act: Callable[[], _T]) -> _T:
    """Act; whatever is raised becomes one line that names the person's own place in it."""
    try:
        return act()
    except TunerError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame.lineno for frame in frames if Path(frame.filename) == source]
        place = f"{source}:{own[-1]}" if own else str(source)
        first = next(iter(str(error).strip().splitlines()), "")[:300]
        raised = f"{type(error).__name__}: {first}" if first else type(error).__name__
        raise InputError(f"{name}: {doing} raised {raised}", f"see {place}") from error


def _small_inputs(features: bool, params: Mapping[str, Value]) -> Prepared:
    random = np.random.default_rng(0)
    if features:
        from scipy.sparse import csr_matrix

        rows = csr_matrix(random.random((4, _N_FEATURES), dtype=np.float32))
        terms = tuple(f"term{index}" for index in range(_N_FEATURES))
        return FeatureInput(_N_FEATURES, rows, rows, rows, terms, np.ones(_N_FEATURES, np.float32))
    dimension = int(params.get("embedding_dimension", 50))
    matrix = None
    if params["embedding"] != "trained":
        matrix = random.normal(size=(_N_IDS, dimension)).astype(np.float32)
        matrix[0] = 0.0
    return TokenInput(_N_IDS, dimension, matrix, bool(params.get("embedding_trainable", True)))


def _batches(inputs: Prepared) -> tuple[Any, Any]:
    """Return two batches of four texts; the second is shorter, as batches are."""
    if isinstance(inputs, FeatureInput):
        rows = inputs.train.toarray()
        return rows, rows[:2]
    ids = np.random.default_rng(1).integers(1, _N_IDS, (4, 7)).astype(np.int32)
    ids[1, 4:] = 0
    ids[3, 1:] = 0
    return ids, ids[:, :4]


def _padded(ids: Any) -> Any:
    return np.pad(ids, ((0, 0), (0, 6)))


def _train(model: keras.Model, asked: Try, batches: Sequence[Any]) -> None:
    import tensorflow as tf

    labels: Any = np.array([0, 1, 0, 1], np.float32 if asked.task == "regression" else np.int32)
    _, steps = ready_to_train(model, asked.params, asked.task, labels)
    for batch in batches:
        steps.train(tf.constant(batch), tf.constant(labels[: len(batch)]))


def _predict(model: keras.Model, batch: Any) -> Any:
    return np.asarray(model(batch, training=False))


def _are_probabilities(found: Any, task: Task) -> bool:
    inside = bool(((found >= 0) & (found <= 1)).all())
    return inside and (task == "binary" or bool(np.allclose(found.sum(axis=1), 1, atol=1e-3)))


def _keep_and_load(name: str, model: keras.Model, batch: Any, found: Any) -> None:
    """Save the model as a finished trial does, and load it as whoever uses it does."""
    import keras

    with tempfile.TemporaryDirectory(prefix="tuner-try-") as folder:
        path = Path(folder) / "model.keras"
        try:
            keras.Model(model.inputs[0], model.outputs[0]).save(path)
            again = _predict(load_model(path), batch)
        except Exception as error:
            first = next(iter(str(error).strip().splitlines()), "")[:200]
            raise InputError(
                f"{name}: its model cannot be saved and loaded again: {type(error).__name__}: {first}",
                "give layers of your own a get_config and @keras.saving.register_keras_serializable(), "
                "and use no Lambda layer",
            ) from error
    if not np.allclose(again, found, atol=1e-4):
        hint = "keep all that they depend on in the layers' weights and get_config"
        raise InputError(f"{name}: its model predicts otherwise when it is saved and loaded again", hint)


if __name__ == "__main__":
    sys.exit(main())
