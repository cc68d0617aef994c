"""The model that a finished trial leaves: ``model.keras``, and ``model.json`` with what prediction needs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.data.store import writing
from tuner.data.values import EncodedDataset
from tuner.durable import put_in_place
from tuner.embeddings.protocol import FeatureInput, Prepared
from tuner.trial import TrialRequest

if TYPE_CHECKING:
    import keras

__all__ = ["MODEL_FILE", "keep_model", "load_model"]

MODEL_FILE = "model.keras"
_RECORD = "model.json"
_VERSION = 1


def keep_model(model: keras.Model, request: TrialRequest, dataset: EncodedDataset, inputs: Prepared) -> None:
    """Save a model in its trial's folder, without optimizer, whole or not at all.

    It is on the disk when this returns: the trial's checkpoint, which it could be made from again, is
    deleted soon after.

    Args:
        model: With the weights to keep.
        request: The trial.
        dataset: Its classes, and its words up to the vocabulary's size, go into ``model.json``.
        inputs: Of TF-IDF the terms and their weights.

    Raises:
        NoSpaceError: If the disk is full.
        StorageRefusedError: If the folder cannot be written to.
    """
    import keras

    folder = Path(request.trial_dir)
    record: dict[str, Any] = {
        "version": _VERSION,
        "study": request.study,
        "number": request.number,
        "task": request.task,
        "classes": list(dataset.classes),
        "params": dict(request.params),
        "input": _described(dataset, inputs),
    }
    unfinished = folder / f".model-{os.getpid()}.keras"
    unfinished_record = folder / f".model-{os.getpid()}.json"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            # A model of the same layers that was never compiled: the optimizer's state would double the file.
            keras.Model(model.inputs[0], model.outputs[0]).save(unfinished)
            unfinished_record.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
            put_in_place(unfinished_record, folder / _RECORD)
            put_in_place(unfinished, folder / MODEL_FILE)
        finally:
            unfinished.unlink(missing_ok=True)
            unfinished_record.unlink(missing_ok=True)


def _described(dataset: EncodedDataset, inputs: Prepared) -> dict[str, Any]:
    if isinstance(inputs, FeatureInput):
        return {"kind": "features", "terms": list(inputs.terms), "idf": inputs.idf.tolist()}
    return {
        "kind": "tokens",
        "vocabulary_size": inputs.vocabulary_size,
        "words": list(dataset.words[: inputs.vocabulary_size - 2]),
    }


def load_model(path: Path) -> keras.Model:
    """Load a kept model; a file that would run code of its own is refused by Keras' safe mode.

    Raises:
        ValueError: If the file is no model, or not a safe one.
        OSError: If it cannot be read.
    """
    import keras

    model: keras.Model = keras.models.load_model(path, compile=False, safe_mode=True)
    return model
