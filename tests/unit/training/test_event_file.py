"""What TensorBoard is given of a trial, read back with TensorFlow's own reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.event_files import expected_scalars, read_events, scalars_of, without_rate
from tuner.spec.values import Value
from tuner.training.course import Course, Rules
from tuner.training.event_file import event_file

RULES = Rules(epochs=9, patience=0, monitor="loss", plateau_patience=1, learning_rate=0.5)
PARAMS: dict[str, Value] = {
    "family": "lstm",
    "units": 64,
    "dropout": 0.25,
    "bidirectional": True,
    "layer_units": "",
}

EPOCHS = [
    {"loss": loss, "accuracy": 0.6, "train_loss": 0.9, "training_time_s": 1.5 * at, "wall_time_s": 2.0 * at}
    for at, loss in enumerate((0.7, 0.5, 0.6, 1 / 3), start=1)
]


def write(folder: Path, before: int, after: int) -> None:
    """Begin, or go on with, a trial that has ``before`` epochs, and train it up to ``after``."""
    course = Course(RULES)
    for metrics in EPOCHS[:before]:
        course = course.with_epoch(metrics)
    with event_file(str(folder), PARAMS, course) as add:
        for metrics in EPOCHS[before:after]:
            course = course.with_epoch(metrics)
            add(course)


def test_every_metric_of_every_epoch_is_there_under_its_step(tmp_path: Path) -> None:
    write(tmp_path / "3", before=0, after=4)

    found = scalars_of(tmp_path / "3")

    assert without_rate(found) == expected_scalars(EPOCHS)
    assert found[0].keys() == {
        "learning_rate",
        "loss/train",
        "loss/validation",
        "accuracy/validation",
        "cost/training_time_s",
        "cost/wall_time_s",
    }


def test_the_learning_rate_is_that_of_the_epoch(tmp_path: Path) -> None:
    write(tmp_path, before=2, after=4)

    rates = [numbers["learning_rate"] for numbers in scalars_of(tmp_path).values()]

    assert rates == [0.5, 0.5, 0.5, 0.25]  # the third epoch was no better than the second


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_trial_that_goes_on_has_every_step_once(tmp_path: Path, kept: int) -> None:
    """It had three epochs when it was killed, and ``kept`` of them were in its checkpoint."""
    write(tmp_path, before=0, after=3)

    write(tmp_path, before=kept, after=4)

    assert without_rate(scalars_of(tmp_path)) == expected_scalars(EPOCHS)


def test_an_epoch_stands_at_its_second_of_the_trial_also_after_a_break(tmp_path: Path) -> None:
    write(tmp_path, before=3, after=4)

    first, _, *epochs = read_events(tmp_path)

    assert first.file_version == "brain.Event:2"
    began_s = epochs[0].wall_time - 2.0
    assert [event.wall_time - began_s for event in epochs] == pytest.approx([2.0, 4.0, 6.0, 8.0], abs=1e-3)


def test_the_settings_are_there_as_tensorboard_reads_them(tmp_path: Path) -> None:
    from google.protobuf.struct_pb2 import Struct

    long = {**PARAMS, "vectors_path": "/" + 300 * "x"}
    with event_file(str(tmp_path), long, Course(RULES)):
        pass

    (value,) = read_events(tmp_path)[1].summary.value

    assert value.tag == "_hparams_/session_start_info"
    assert value.metadata.plugin_data.plugin_name == "hparams"
    content = value.metadata.plugin_data.content
    field, low, high, body = content[0], content[1], content[2], content[3:]
    assert field == 3 << 3 | 2  # HParamsPluginData.session_start_info, a message
    assert (low & 127) + (high << 7) == len(body) > 300
    found = Struct.FromString(body)
    assert {name: found[name] for name in found} == long


def test_nothing_is_written_where_nothing_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with event_file("", PARAMS, Course(RULES)) as add:
        add(Course(RULES).with_epoch(EPOCHS[0]))

    assert list(tmp_path.iterdir()) == []


def test_a_trial_goes_on_where_no_events_can_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "3").write_text("a file where a folder should be")

    write(tmp_path / "3", before=1, after=2)

    assert "3: no events for TensorBoard: " in caplog.text
    assert (tmp_path / "3").read_text() == "a file where a folder should be"
