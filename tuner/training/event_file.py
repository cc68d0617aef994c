"""A trial's epochs as TensorBoard reads them: one file of events, written from what the trial knows.

``tf.summary.scalar`` is part of the tensorboard package, which only who looks has to install. The file's
format is TensorFlow's own: records, each an ``Event``. It is written whole again whenever a trial begins or
goes on, from the epochs that its checkpoint has kept: a repeated epoch is never there twice, and none is
missing.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from tuner.metrics import METRICS
from tuner.spec.values import Params
from tuner.training.course import Course

__all__ = ["AddEpoch", "event_file"]

_logger = logging.getLogger(__name__)

AddEpoch: TypeAlias = Callable[[Course], None]
"""Writes the last epoch of a course."""

_PREFIX = "events.out.tfevents."
"""By this TensorBoard knows its files."""

_VERSION = "brain.Event:2"


@contextmanager
def event_file(folder: str, params: Params, course: Course) -> Iterator[AddEpoch]:
    """Begin a trial's file anew, with the epochs that it has already.

    The file is for looking: where it cannot be written, the trial goes on without it.

    Args:
        folder: The trial's folder for it; empty for none, then nothing is ever written.
        params: The trial's settings: TensorBoard's ``HPARAMS``.
        course: The epochs so far.

    Yields:
        What is to be called with the course after each epoch.
    """
    import tensorflow as tf

    writer: _Writer | None = None

    def add(course: Course) -> None:
        nonlocal writer
        try:
            if writer is not None:
                writer.add(len(course.history) - 1, course.history[-1], course.learning_rates[-1])
        except tf.errors.OpError as error:
            writer = None
            _logger.warning("%s: no further events for TensorBoard: %s", folder, error)

    try:
        if folder:
            writer = _Writer(Path(folder), params, course)
    except (OSError, tf.errors.OpError) as error:
        _logger.warning("%s: no events for TensorBoard: %s", folder, error)
    try:
        yield add
    finally:
        if writer is not None:
            writer.close()


class _Writer:
    """A file under a new name in place of any former one.

    A TensorBoard that is looking would read on in the middle of a file that is another under the same name.
    """

    def __init__(self, folder: Path, params: Params, course: Course) -> None:
        import tensorflow as tf

        spent_s = course.history[-1]["wall_time_s"] if course.history else 0.0
        self._began_s = time.time() - spent_s
        folder.mkdir(parents=True, exist_ok=True)
        for former in folder.glob(f"{_PREFIX}*"):
            former.unlink(missing_ok=True)
        name = f"{_PREFIX}{time.time_ns() // 1000}.{socket.gethostname()}.{os.getpid()}"
        self._file = tf.io.TFRecordWriter(str(folder / name))
        self._write(file_version=_VERSION)
        self._write(summary=tf.compat.v1.Summary(value=[_hparams(params)]))
        for epoch, (metrics, rate) in enumerate(zip(course.history, course.learning_rates, strict=True)):
            self.add(epoch, metrics, rate)
        self._file.flush()

    def add(self, epoch: int, metrics: Mapping[str, float], learning_rate: float) -> None:
        """Write an epoch, at its second of the trial's own time."""
        import tensorflow as tf

        numbers = {"learning_rate": learning_rate, **{_tag(name): metrics[name] for name in metrics}}
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in numbers.items()]
        self._write(metrics["wall_time_s"], step=epoch, summary=tf.compat.v1.Summary(value=values))
        self._file.flush()

    def close(self) -> None:
        """Let go of the file; every epoch is in it already."""
        self._file.close()

    def _write(self, at_s: float = 0.0, **content: Any) -> None:
        import tensorflow as tf

        event = tf.compat.v1.Event(wall_time=self._began_s + at_s, **content)
        self._file.write(event.SerializeToString())


def _tag(metric: str) -> str:
    """Return e.g. ``loss/train`` and ``loss/validation``, which TensorBoard shows side by side."""
    if metric.startswith("train_"):
        return f"{metric.removeprefix('train_')}/train"
    return f"{metric}/validation" if METRICS[metric].growth == "curve" else f"cost/{metric}"


def _hparams(params: Params) -> Any:
    """Return a trial's settings as TensorBoard's plugin of that name reads them.

    Its messages are part of the tensorboard package. ``HParamsPluginData.session_start_info`` is field 3, and
    has ``map<string, google.protobuf.Value> hparams = 1``, which is what ``google.protobuf.Struct`` is.
    """
    import tensorflow as tf
    from google.protobuf.struct_pb2 import Struct

    settings = Struct()
    settings.update(params)
    body = settings.SerializeToString()
    metadata = tf.compat.v1.SummaryMetadata
    plugin = metadata.PluginData(plugin_name="hparams", content=b"\x1a" + _varint(len(body)) + body)
    return tf.compat.v1.Summary.Value(
        tag="_hparams_/session_start_info",
        metadata=metadata(plugin_data=plugin),
        tensor=tf.make_tensor_proto(0.0, tf.float32, []),
    )


def _varint(number: int) -> bytes:
    """Write a number as Protocol Buffers do: seven bits a byte, the lowest first."""
    *low, last = [number >> shift & 127 for shift in range(0, max(1, number.bit_length()), 7)]
    return bytes([*(each | 128 for each in low), last])
