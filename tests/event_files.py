"""Reads a trial's events for TensorBoard back, with TensorFlow's own reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuner.metrics import METRICS

Scalars = dict[int, dict[str, float]]
"""The numbers of each step by tag."""


def read_events(folder: Path) -> list[Any]:
    """Return the events of the one file in a trial's folder, in their order."""
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    (path,) = folder.iterdir()
    assert "tfevents" in path.name
    return [event_pb2.Event.FromString(each.numpy()) for each in tf.data.TFRecordDataset(str(path))]


def scalars_of(folder: Path) -> Scalars:
    """Return all numbers; none may be there twice, and steps must come in their order."""
    found: Scalars = {}
    for event in read_events(folder):
        numbers = {
            value.tag: value.simple_value for value in event.summary.value if value.HasField("simple_value")
        }
        if numbers:
            assert event.step not in found, f"step {event.step} is there twice"
            found[event.step] = numbers
    assert list(found) == sorted(found)
    return found


def expected_scalars(epochs: Sequence[Mapping[str, float]]) -> Scalars:
    """Return what is to be found of these epochs' metrics, the learning rate left out."""
    return {
        step: {_tag(name): float(np.float32(value)) for name, value in metrics.items()}
        for step, metrics in enumerate(epochs)
    }


def without_rate(scalars: Scalars) -> Scalars:
    return {
        step: {tag: value for tag, value in numbers.items() if tag != "learning_rate"}
        for step, numbers in scalars.items()
    }


def _tag(name: str) -> str:
    part, _, rest = name.partition("_")
    if part == "train":
        return f"{rest}/train"
    return f"{name}/validation" if METRICS[name].growth == "curve" else f"cost/{name}"
