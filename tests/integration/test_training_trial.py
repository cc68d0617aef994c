"""Whole trials on encoded data, in one process, since TensorFlow takes seconds to start."""

from __future__ import annotations

import csv
import errno
import itertools
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from tests.event_files import expected_scalars, scalars_of, without_rate
from tuner.data.encode import encode, open_dataset, prepare
from tuner.decision import Decision, Rule
from tuner.embeddings import EMBEDDINGS
from tuner.metrics import METRICS
from tuner.models import FAMILIES
from tuner.models.protocol import Family
from tuner.spec.values import DataSpec, SplitSpec, Task, Value
from tuner.training import loop
from tuner.training.calibrate import REFERENCE_PIECE_S, piece
from tuner.training.checkpoint import load_checkpoint
from tuner.training.course import Course
from tuner.training.device import threads_here
from tuner.training.evaluate import evaluate_test
from tuner.training.graphs import Graphs
from tuner.training.loop import Timing, _identity, run_trial
from tuner.training.optimizers import OPTIMIZERS
from tuner.training.precision import precision_of
from tuner.training.settings import COMMON, TOKEN_SETTINGS
from tuner.training.steps import ready_to_train
from tuner.training.stopwatch import ADDED, OF_STEPS, OF_TRIAL, Clocks
from tuner.trial import Ending, EpochReport, TrialOutcome, TrialRequest, Verdict, VerdictAction


@dataclass
class FakeChannel:
    """A coordinator that answers as told.

    Attributes:
        verdicts: By epoch; all others go on.
        stop_at: The epoch and step before which the trial is asked back.
    """

    verdicts: Mapping[int, Verdict] = field(default_factory=dict)
    stop_at: tuple[int, int] | None = None
    reports: list[EpochReport] = field(default_factory=list)
    steps: list[tuple[int, int, int]] = field(default_factory=list)
    _asked: int = 0

    def report(self, report: EpochReport) -> Verdict:
        self.reports.append(report)
        self._asked = 0
        return self.verdicts.get(report.epoch, Verdict(report.number, VerdictAction.CONTINUE))

    def progress(self, epoch: int, step: int, steps: int) -> None:
        self.steps.append((epoch, step, steps))

    def stop_requested(self) -> bool:
        self._asked += 1
        return self.stop_at is not None and (len(self.reports), self._asked - 1) >= self.stop_at


@dataclass
class FakeClock:
    """Each look at it takes a second."""

    now_s: float = 0.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


RequestMaker = Callable[..., TrialRequest]


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory, short_reviews: list[tuple[str, int]]) -> Path:
    """Folder of the encoded reviews: 40 to train on, 12 each for validation and test."""
    folder = tmp_path_factory.mktemp("data")
    with (folder / "reviews.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        rows.writerows([text, "good" if label else "bad"] for text, label in short_reviews)
    data = DataSpec("file", {"path": "reviews.csv", "text": "text", "label": "label"}, SplitSpec(40, 12, 12))
    prepared = prepare(data, "binary", 7, folder, folder / "cache")
    return encode(prepared, "moderate").directory


@pytest.fixture(scope="module")
def tossed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of 200 encoded texts whose labels were tossed: there is nothing to learn. 100 to train on."""
    folder = tmp_path_factory.mktemp("tossed")
    random = np.random.default_rng(4)
    words = ["film", "story", "cast", "music", "ending", "script", "scenery", "dialogue"]
    with (folder / "tossed.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        rows.writerows([" ".join(random.choice(words, 6)) + f" {each}", each % 2] for each in range(200))
    data = DataSpec("file", {"path": "tossed.csv", "text": "text", "label": "label"}, SplitSpec(100, 80, 20))
    prepared = prepare(data, "binary", 7, folder, folder / "cache")
    return encode(prepared, "moderate").directory


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory, short_reviews: list[tuple[str, int]]) -> Path:
    """Folder of the encoded reviews with a price beside each: about 100 for the bad, 900 for the good."""
    folder = tmp_path_factory.mktemp("rated")
    with (folder / "prices.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "price"])
        rows.writerows([text, 100 + 800 * label + at % 3] for at, (text, label) in enumerate(short_reviews))
    data = DataSpec("file", {"path": "prices.csv", "label": "price"}, SplitSpec(40, 12, 12))
    prepared = prepare(data, "regression", 7, folder, folder / "cache")
    return encode(prepared, "moderate").directory


@pytest.fixture
def request_for(encoded: Path, tmp_path: Path) -> RequestMaker:
    """Make a small trial's request; its folder is empty."""

    def make(
        family: str = "lstm", embedding: str = "trained", number: int = 3, **given: Value
    ) -> TrialRequest:
        optimizer = str(given.get("optimizer", "adam"))
        components = [
            FAMILIES[family].component,
            EMBEDDINGS[embedding].component,
            OPTIMIZERS[optimizer].component,
        ]
        declared = [*COMMON, *(TOKEN_SETTINGS if components[0].kind == "tokens" else ())]
        declared += [each for component in components for each in component.settings]
        params: dict[str, Value] = {each.name: each.default for each in declared if each.default is not None}
        small: dict[str, Value] = {
            "units": 6,
            "embedding_dimension": 6,
            "epochs": 3,
            "batch_size": 8,
            "patience": 0,
        }
        params |= {name: value for name, value in small.items() if name in params}
        return TrialRequest(
            study="reviews",
            number=number,
            params=params | {"family": family, "embedding": embedding} | given,
            seed=11,
            task="binary",
            dataset_dir=str(encoded),
            cache_dir=str(tmp_path / "cache"),
            trial_dir=str(tmp_path / "trials" / str(number)),
        )

    return make


@pytest.fixture
def gets_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every trial these validation losses, whatever it learns: its second epoch is its best."""
    losses = [0.5, 0.4, 0.6, 0.7, 0.8, 0.9]
    with_epoch = Course.with_epoch

    def scripted(course: Course, metrics: Mapping[str, float]) -> Course:
        return with_epoch(course, {**metrics, "loss": losses[course.next_epoch]})

    monkeypatch.setattr(Course, "with_epoch", scripted)


def always_checkpoint() -> Timing:
    return Timing(checkpoint_every_s=0.0)


def weights_of(request: TrialRequest) -> list[Any]:
    import keras

    model = keras.models.load_model(Path(request.trial_dir) / "model.keras", compile=False)
    return list(model.get_weights())


def metrics_of(task: Task) -> set[str]:
    return {metric.name for metric in METRICS.values() if task in metric.tasks}


def without_time(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if METRICS[name].growth == "curve"}


def test_a_trial_runs_to_its_end_and_reports_every_epoch(request_for: RequestMaker) -> None:
    channel = FakeChannel()
    request = request_for()

    outcome = run_trial(request, channel)

    assert outcome.ending is Ending.COMPLETE, outcome
    assert [report.epoch for report in channel.reports] == [0, 1, 2]
    trained = [(epoch, step, 5) for epoch in range(3) for step in range(1, 6)]
    validated = [(epoch, 5, 5) for epoch in range(3)]
    assert channel.steps == sorted(trained + validated), "a sign of life for each step and each other batch"
    assert outcome.metrics.keys() == metrics_of("binary")
    assert all(report.metrics.keys() == metrics_of("binary") for report in channel.reports)
    assert outcome.metrics["epochs_run"] == 3
    assert outcome.metrics["parameters"] > 300
    assert outcome.metrics["peak_memory_bytes"] > 1e8
    assert outcome.facts["kernel"] == "plain"
    assert str(outcome.facts["device"]).startswith(("CPU", "GPU"))
    assert {"tensorflow", "keras", "python"} <= outcome.facts.keys()
    dataset = open_dataset(Path(request.dataset_dir))
    assert outcome.facts["different_words"] == len(dataset.words)
    parts = (dataset.train, dataset.validation, dataset.test)
    assert outcome.facts["longest_text_words"] == max(int(np.diff(part.offsets).max()) for part in parts)


def test_outcome_and_reports_can_be_written_as_messages(request_for: RequestMaker) -> None:
    from tuner.execution.messages import decode, encode

    channel = FakeChannel()
    outcome = run_trial(request_for("tfidf_dense", "tfidf", epochs=1), channel)

    assert decode(encode(outcome)) == outcome
    assert decode(encode(channel.reports[0])) == channel.reports[0]


@pytest.mark.usefixtures("gets_worse")
def test_the_kept_epochs_metrics_and_time_are_the_outcome(request_for: RequestMaker) -> None:
    channel = FakeChannel()

    outcome = run_trial(request_for(epochs=4), channel)

    best, last = channel.reports[1], channel.reports[3]
    assert outcome.metrics["loss"] == 0.4
    assert without_time(outcome.metrics) == without_time(best.metrics)
    assert outcome.metrics["training_time_s"] == best.metrics["training_time_s"]
    assert outcome.metrics["training_cpu_time_s"] == best.metrics["training_cpu_time_s"]
    assert outcome.metrics["wall_time_s"] > last.metrics["wall_time_s"]
    assert outcome.metrics["epochs_run"] == 4
    assert outcome.facts["kept_epoch"] == 1
    assert outcome.facts["training_time_all_epochs_s"] == last.metrics["training_time_s"]
    assert (last.best_epoch, last.best_metrics) == (1, best.metrics)
    costs = {name for name, metric in METRICS.items() if metric.growth == "grows"}
    assert {*OF_STEPS, *OF_TRIAL} == costs
    assert {name for name in costs if outcome.metrics[name] < last.metrics[name]} <= {*OF_STEPS}
    assert all(outcome.metrics[name] == best.metrics[name] for name in OF_STEPS)


@pytest.mark.usefixtures("gets_worse")
def test_the_best_epochs_weights_are_kept(request_for: RequestMaker) -> None:
    whole, shorter = request_for(epochs=4, number=1), request_for(epochs=2, number=2)

    for request in (whole, shorter):
        run_trial(request, FakeChannel())

    for kept, expected in zip(weights_of(whole), weights_of(shorter), strict=True):
        np.testing.assert_allclose(kept, expected, atol=1e-6)


def test_the_same_request_gives_the_same_numbers(request_for: RequestMaker) -> None:
    first, again = FakeChannel(), FakeChannel()

    run_trial(request_for(dropout=0.5, number=1), first)
    run_trial(request_for(dropout=0.5, number=2), again)

    for one, other in zip(first.reports, again.reports, strict=True):
        assert without_time(one.metrics) == pytest.approx(without_time(other.metrics), abs=1e-6)


@pytest.mark.parametrize(
    ("family", "embedding", "given"),
    [
        ("lstm", "trained", {"dropout": 0.5, "recurrent_dropout": 0.2, "bidirectional": True, "layers": 2}),
        ("transformer", "trained", {"optimizer": "rmsprop", "class_weights": "balanced"}),
        ("tfidf_dense", "tfidf", {"dropout": 0.5, "optimizer": "sgd", "gradient_clip_norm": 1.0}),
    ],
)
def test_a_trial_on_the_graph_of_another_gives_the_numbers_of_its_own(
    request_for: RequestMaker, family: str, embedding: str, given: dict[str, Value]
) -> None:
    def request(number: int, **other: Value) -> TrialRequest:
        return replace(request_for(family, embedding, number, **given, **other), graph_returns=True)

    alone, on_another, graphs = FakeChannel(), FakeChannel(), Graphs()

    run_trial(request(1, learning_rate=0.02, batch_size=5), alone)
    run_trial(replace(request(2), seed=4), FakeChannel(), graphs=graphs)
    run_trial(request(3, learning_rate=0.02, batch_size=5), on_another, graphs=graphs)

    assert len(graphs) == 1
    for one, other in zip(alone.reports, on_another.reports, strict=True):
        assert without_time(one.metrics) == pytest.approx(without_time(other.metrics), abs=1e-6)


def test_a_trial_that_was_given_back_goes_on_on_the_graph_of_another(request_for: RequestMaker) -> None:
    whole, broken = (
        replace(request_for(epochs=4, dropout=0.3, number=number), graph_returns=True) for number in (1, 2)
    )
    through, after, graphs = FakeChannel(), FakeChannel(), Graphs()

    run_trial(whole, through)
    run_trial(broken, FakeChannel(stop_at=(2, 1)), graphs=graphs)
    run_trial(
        replace(request_for(dropout=0.3, number=3), graph_returns=True, seed=5), FakeChannel(), graphs=graphs
    )
    run_trial(broken, after, graphs=graphs)

    assert len(graphs) == 1
    assert [report.epoch for report in after.reports] == [1, 2, 3]
    for one, other in zip(through.reports[1:], after.reports, strict=True):
        assert without_time(one.metrics) == pytest.approx(without_time(other.metrics), abs=1e-6)


def test_what_tensorflow_keeps_beside_the_models_is_cleared_now_and_then(
    request_for: RequestMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    piece()  # whoever makes it clears, too
    clear_session = Mock()
    monkeypatch.setattr("keras.utils.clear_session", clear_session)
    monkeypatch.setattr(loop, "_trials", itertools.count(1))
    monkeypatch.setattr(loop, "_CLEARED_EVERY", 2)
    cleared = []
    for number in range(1, 5):
        run_trial(request_for("tfidf_dense", "tfidf", number, epochs=1), FakeChannel())
        cleared.append(clear_session.call_count)

    assert cleared == [0, 1, 1, 2]


def test_no_graph_is_kept_where_none_is_expected_again_or_a_trial_has_failed(
    request_for: RequestMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs = Graphs()
    run_trial(request_for(number=1), FakeChannel(), graphs=graphs)
    assert len(graphs) == 0

    returning = replace(request_for(number=2), graph_returns=True)
    run_trial(returning, FakeChannel(), graphs=graphs)
    assert len(graphs) == 1

    def out_of_memory(*_: object) -> None:
        raise MemoryError("no")

    monkeypatch.setattr("tuner.training.loop.keep_model", out_of_memory)
    again = replace(request_for(number=3), graph_returns=True)
    assert run_trial(again, FakeChannel(), graphs=graphs).ending is Ending.FAILED
    assert len(graphs) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "embedding", "given"),
    [
        ("lstm", "trained", {"dropout": 0.5, "recurrent_dropout": 0.2, "bidirectional": True}),
        ("tfidf_dense", "tfidf", {"dropout": 0.5, "optimizer": "sgd"}),
    ],
)
def test_a_trial_given_back_and_continued_equals_one_that_ran_through(
    request_for: RequestMaker, family: str, embedding: str, given: dict[str, Value]
) -> None:
    whole, broken = (request_for(family, embedding, number, epochs=4, **given) for number in (1, 2))
    through, before, after = FakeChannel(), FakeChannel(stop_at=(2, 3)), FakeChannel()

    expected = run_trial(whole, through)
    released = run_trial(broken, before)
    found = run_trial(broken, after)

    assert released.ending is Ending.RELEASED
    assert [report.epoch for report in before.reports + after.reports] == [0, 1, 1, 2, 3]
    assert before.reports[1] == after.reports[0], "the last epoch of the checkpoint, as it was"
    assert found.ending is Ending.COMPLETE
    assert without_time(found.metrics) == pytest.approx(without_time(expected.metrics), abs=1e-5)
    for kept, other in zip(weights_of(broken), weights_of(whole), strict=True):
        np.testing.assert_allclose(kept, other, atol=1e-5)


def test_time_goes_on_where_it_stood_and_a_broken_epoch_does_not_count(request_for: RequestMaker) -> None:
    request = request_for(epochs=3)
    timing = Timing(Clocks(FakeClock(), FakeClock()), checkpoint_every_s=1e9)
    before, after = FakeChannel(stop_at=(1, 4)), FakeChannel()

    run_trial(request, before, timing)
    run_trial(request, after, timing)

    reports = before.reports + after.reports[1:]
    times = [report.metrics["training_time_s"] for report in reports]
    assert [report.metrics["calibrated_time_s"] for report in reports] == [
        pytest.approx(time_s * REFERENCE_PIECE_S)
        for time_s in times  # a piece is one look, too
    ]
    assert times == [5.0, 10.0, 15.0]  # five steps an epoch, each of one look at the clock


def test_the_first_step_is_no_training_where_an_epoch_has_no_other_also_when_a_trial_goes_on(
    request_for: RequestMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, wall = request_for(epochs=3, batch_size=64), FakeClock()
    timing = Timing(Clocks(wall, FakeClock(), waited=lambda: 0.0), checkpoint_every_s=1e9)

    def slow_at_first(*given: Any) -> Any:
        model, steps = ready_to_train(*given)
        seconds = itertools.chain([500.0], itertools.repeat(20.0))

        def train(inputs: Any, labels: Any) -> Any:
            wall.now_s += next(seconds)
            return steps.train(inputs, labels)

        return model, replace(steps, train=train)

    monkeypatch.setattr(loop, "ready_to_train", slow_at_first)
    before, after = FakeChannel(stop_at=(2, 0)), FakeChannel()
    run_trial(request, before, timing)
    run_trial(request, after, timing)

    reports = before.reports + after.reports[1:]
    assert [report.metrics["training_time_s"] for report in reports] == [21.0, 42.0, 63.0]
    assert [report.metrics["compile_time_s"] // 500 for report in reports] == [1, 1, 2]


@pytest.mark.parametrize(
    ("family", "embedding", "given"),
    [
        ("lstm", "trained", {"dropout": 0.5, "recurrent_dropout": 0.2}),
        ("tfidf_dense", "tfidf", {"dropout": 0.5, "optimizer": "sgd"}),
    ],
)
def test_a_step_that_is_taken_for_nothing_changes_nothing(
    request_for: RequestMaker,
    monkeypatch: pytest.MonkeyPatch,
    family: str,
    embedding: str,
    given: dict[str, Value],
) -> None:
    warm, cold = (request_for(family, embedding, number, batch_size=64, **given) for number in (1, 2))
    found, expected, warmed = FakeChannel(), FakeChannel(), Mock()

    run_trial(warm, found)
    monkeypatch.setattr(loop, "warm_up", warmed)
    run_trial(cold, expected)

    assert warmed.call_count == 1
    for one, other in zip(found.reports, expected.reports, strict=True):
        assert without_time(one.metrics) == pytest.approx(without_time(other.metrics), abs=1e-6)
    for kept, other in zip(weights_of(warm), weights_of(cold), strict=True):
        np.testing.assert_allclose(kept, other, atol=1e-6)


def test_a_trial_says_in_how_many_threads_it_trained_and_on_what_if_that_changed(
    request_for: RequestMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, alike = request_for(epochs=2, number=1), request_for(epochs=2, number=2)
    for begun, device in ((request, "CPU (core 0)"), (alike, "CPU (core 1)")):
        monkeypatch.setattr(loop, "describe_device", lambda device=device: device)
        run_trial(begun, FakeChannel(stop_at=(1, 4)))
    same = run_trial(alike, FakeChannel())
    monkeypatch.setattr(loop, "describe_device", lambda: "CPU (2 cores)")
    other = run_trial(request, FakeChannel())

    assert same.facts["threads"] == other.facts["threads"] == threads_here() > 0
    assert "trained_in_ways" not in same.facts
    assert other.facts["trained_in_ways"] == "1 thread, 2 threads"


def test_a_trial_that_shared_its_device_says_so_also_when_it_goes_on_alone(request_for: RequestMaker) -> None:
    first, then = request_for(epochs=2, number=1), request_for(epochs=2, number=2)
    run_trial(first, FakeChannel(stop_at=(1, 4)), timing=Timing(is_shared=True))
    run_trial(then, FakeChannel(stop_at=(1, 4)))
    older = request_for(epochs=2, number=3)
    run_trial(older, FakeChannel(stop_at=(1, 4)), timing=Timing(is_shared=True))
    path = Path(older.trial_dir) / "checkpoint.json"
    document = json.loads(path.read_text())
    del document["record"]["shared"]
    path.write_text(json.dumps(document))

    assert run_trial(first, FakeChannel()).facts["device_shared"] is True
    assert run_trial(then, FakeChannel(), timing=Timing(is_shared=True)).facts["device_shared"] is True
    found = run_trial(older, FakeChannel())
    assert "device_shared" not in found.facts
    assert found.metrics["epochs_run"] == 2.0, "it went on from a record that does not say it"


@pytest.mark.usefixtures("gets_worse")
def test_a_continued_trial_keeps_an_earlier_best_epoch(request_for: RequestMaker) -> None:
    broken, shorter = request_for(epochs=5, number=1), request_for(epochs=2, number=2)
    run_trial(shorter, FakeChannel())

    run_trial(broken, FakeChannel(stop_at=(4, 0)))
    found = run_trial(broken, FakeChannel())

    assert found.facts["kept_epoch"] == 1
    for kept, expected in zip(weights_of(broken), weights_of(shorter), strict=True):
        np.testing.assert_allclose(kept, expected, atol=1e-5)


class KilledError(BaseException):
    """Ends a trial as a kill does: nothing catches it."""


@dataclass
class KillingChannel(FakeChannel):
    """Kills the trial when it has reported so many epochs."""

    after: int = 2

    def report(self, report: EpochReport) -> Verdict:
        verdict = super().report(report)
        if len(self.reports) == self.after:
            raise KilledError
        return verdict


def test_events_for_tensorboard_are_the_epochs_as_they_were_reported(
    request_for: RequestMaker, tmp_path: Path
) -> None:
    request = replace(request_for(epochs=4), tensorboard_dir=str(tmp_path / "tensorboard" / "3"))
    killed, given_back, ended = KillingChannel(), FakeChannel(stop_at=(3, 2)), FakeChannel()

    with pytest.raises(KilledError):
        run_trial(request, killed, Timing(checkpoint_every_s=1e9))
    run_trial(request, given_back)
    outcome = run_trial(request, ended)

    assert outcome.ending is Ending.COMPLETE
    assert [report.epoch for report in killed.reports] == [0, 1]  # there was no checkpoint yet
    reports = given_back.reports + ended.reports[1:]
    assert [report.epoch for report in reports] == [0, 1, 2, 3]
    found = scalars_of(tmp_path / "tensorboard" / "3")
    assert without_rate(found) == expected_scalars([report.metrics for report in reports])
    assert {"loss/train", "loss/validation", "precision/train", "recall/validation"} <= found[3].keys()


def test_events_for_tensorboard_are_no_training_time(request_for: RequestMaker, tmp_path: Path) -> None:
    request = replace(request_for(), tensorboard_dir=str(tmp_path / "tensorboard"))
    channel = FakeChannel()

    run_trial(request, channel, Timing(Clocks(FakeClock(), FakeClock())))

    assert [report.metrics["training_time_s"] for report in channel.reports] == [5.0, 10.0, 15.0]


@pytest.fixture
def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trials run in half precision where they ask for it, as they would on a GPU."""
    gpu = SimpleNamespace(list_physical_devices=lambda kind: ["gpu"])
    monkeypatch.setattr("tuner.training.loop.precision_of", lambda params, _: precision_of(params, gpu))


@pytest.mark.usefixtures("on_a_gpu")
def test_a_trial_in_half_precision_goes_on_where_it_was_with_its_loss_scale(
    request_for: RequestMaker,
) -> None:
    import keras

    whole, broken = (request_for(epochs=3, mixed_precision=True, number=number) for number in (1, 2))

    expected = run_trial(whole, FakeChannel())
    run_trial(broken, FakeChannel(stop_at=(2, 1)))
    kept = load_checkpoint(Path(broken.trial_dir), _identity(broken, precision="mixed_float16"))
    found = run_trial(broken, FakeChannel())

    assert expected.facts["precision"] == found.facts["precision"] == "mixed_float16"
    assert kept is not None
    assert [10, 2.0**15] in [
        [float(each) for each in pair]
        for pair in itertools.pairwise(kept.groups["optimizer"])
        if all(each.shape == () for each in pair)
    ], "ten steps without overflow, and the scale, are not among the optimizer's state"
    assert without_time(found.metrics) == pytest.approx(without_time(expected.metrics), abs=1e-3)
    assert keras.config.dtype_policy().name == "float32"


def test_a_trial_of_a_gpu_begins_again_where_there_is_none(
    request_for: RequestMaker, caplog: pytest.LogCaptureFixture
) -> None:
    asked = request_for(epochs=2, mixed_precision=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tuner.training.loop.precision_of", lambda *_: "mixed_float16")
        run_trial(asked, FakeChannel(stop_at=(1, 0)))
    channel = FakeChannel()

    outcome = run_trial(asked, channel)

    assert outcome.ending is Ending.COMPLETE
    assert outcome.facts["precision"] == "float32"
    assert [report.epoch for report in channel.reports] == [0, 1]
    assert "of other settings, data or precision" in caplog.text


def test_a_verdict_can_release_a_trial_at_the_end_of_an_epoch(request_for: RequestMaker) -> None:
    request = request_for()
    release = Verdict(3, VerdictAction.RELEASE, "the study is being interrupted")

    released = run_trial(request, FakeChannel(verdicts={0: release}))
    after = FakeChannel()
    run_trial(request, after)

    assert released.ending is Ending.RELEASED
    assert released.reason == "the study is being interrupted"
    assert [report.epoch for report in after.reports] == [0, 1, 2], "nobody had judged the first"


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_an_epoch_whose_report_was_lost_is_reported_and_judged_by_whoever_goes_on(
    request_for: RequestMaker, lost: int
) -> None:
    """A kill between the checkpoint and the coordinator's answer; also after the last epoch."""
    requests = [request_for(number=number) for number in range(4)]
    for request in requests:
        with pytest.raises(KilledError):
            run_trial(request, KillingChannel(after=lost + 1), always_checkpoint())
    verdicts = [
        Verdict(number, action, "judged")
        for number, action in enumerate(
            (VerdictAction.CONTINUE, VerdictAction.FINISH, VerdictAction.PRUNE, VerdictAction.RELEASE)
        )
    ]
    channels = [FakeChannel({lost: verdict}) for verdict in verdicts]

    outcomes = [run_trial(*each) for each in zip(requests, channels, strict=True)]

    heard = [[report.epoch for report in channel.reports] for channel in channels]
    assert heard == [list(range(lost, 3)), [lost], [lost], [lost]]
    endings = [Ending.COMPLETE, Ending.COMPLETE, Ending.PRUNED, Ending.RELEASED]
    assert [outcome.ending for outcome in outcomes] == endings
    assert [outcome.metrics["epochs_run"] for outcome in outcomes] == [3, lost + 1, lost + 1, lost + 1]


def test_a_trial_given_back_before_its_first_epoch_has_no_metrics(request_for: RequestMaker) -> None:
    outcome = run_trial(request_for(), FakeChannel(stop_at=(0, 0)))

    assert outcome.ending is Ending.RELEASED
    assert outcome.metrics == {}


def test_a_pruned_trial_ends_with_the_metrics_so_far_and_the_reason(request_for: RequestMaker) -> None:
    request = request_for()
    taken = Decision(Rule.MEDIAN, {"metric": "accuracy", "value": 0.4, "epochs": 2, "completed": 3})
    channel = FakeChannel(verdicts={1: Verdict(3, VerdictAction.PRUNE, taken.reason, taken)})

    outcome = run_trial(request, channel)

    assert outcome.ending is Ending.PRUNED
    assert (outcome.reason, outcome.decision) == (taken.reason, taken)
    assert outcome.metrics["epochs_run"] == 2
    assert outcome.model_path == ""
    assert not (Path(request.trial_dir) / "model.keras").exists()


def test_a_verdict_can_complete_a_trial_with_the_epochs_that_it_has(request_for: RequestMaker) -> None:
    request = request_for()
    taken = Decision(Rule.TIME_LIMIT, {"epochs": 1, "epochs_left": 2})
    finish = Verdict(3, VerdictAction.FINISH, taken.reason, taken)

    outcome = run_trial(request, FakeChannel(verdicts={0: finish}))

    assert outcome.ending is Ending.COMPLETE
    assert outcome.reason == "the time limit was reached after 1 of 3 epochs"
    assert outcome.decision == taken
    assert outcome.metrics["epochs_run"] == 1
    assert (Path(request.trial_dir) / outcome.model_path).is_file()


@pytest.mark.parametrize("epochs", [2, 5])
def test_a_trial_that_learned_nothing_is_cut_after_two_epochs(
    request_for: RequestMaker, tossed: Path, epochs: int
) -> None:
    request = request_for(epochs=epochs, optimizer="sgd", learning_rate=1e-3, momentum=0.0)
    request = replace(request, dataset_dir=str(tossed))
    channel = FakeChannel()

    outcome = run_trial(request, channel)

    assert outcome.ending is Ending.PRUNED
    assert re.fullmatch(
        r"never learned: accuracy 0\.\d{3} after 2 epochs, the commonest class alone gives 0\.500"
        r"(, and accident up to 0\.\d{3})?",
        outcome.reason,
    )
    assert outcome.decision is not None
    assert outcome.decision.reason == outcome.reason
    assert outcome.decision.numbers["is_last"] == (epochs == 2)
    assert [report.epoch for report in channel.reports] == [0, 1]
    assert outcome.metrics["epochs_run"] == 2
    assert not (Path(request.trial_dir) / "model.keras").exists()


def test_a_trial_given_back_before_it_was_cut_trains_no_further_epoch(
    request_for: RequestMaker, tossed: Path
) -> None:
    request = request_for(epochs=5, optimizer="sgd", learning_rate=1e-3, momentum=0.0)
    request = replace(request, dataset_dir=str(tossed))
    released = run_trial(request, FakeChannel({1: Verdict(3, VerdictAction.RELEASE, "stopped")}))
    channel = FakeChannel()

    outcome = run_trial(request, channel)

    assert released.ending is Ending.RELEASED
    assert outcome.ending is Ending.PRUNED
    assert [report.epoch for report in channel.reports] == [1]


def test_a_trial_that_learns_nothing_runs_to_its_end_where_that_is_allowed(
    request_for: RequestMaker, tossed: Path
) -> None:
    request = request_for(chance_epochs=0, optimizer="sgd", learning_rate=1e-3, momentum=0.0)

    assert run_trial(replace(request, dataset_dir=str(tossed)), FakeChannel()).ending is Ending.COMPLETE


@pytest.mark.usefixtures("gets_worse")
def test_early_stopping_says_so(request_for: RequestMaker) -> None:
    outcome = run_trial(request_for(epochs=6, patience=2), FakeChannel())

    assert outcome.ending is Ending.COMPLETE
    assert outcome.reason == "stopped early: validation loss not better since epoch 1"
    assert outcome.metrics["epochs_run"] == 4


@pytest.mark.usefixtures("gets_worse")
def test_patience_is_not_renewed_by_a_continuation(request_for: RequestMaker) -> None:
    request = request_for(epochs=6, patience=2)

    run_trial(request, FakeChannel(stop_at=(3, 0)))
    outcome = run_trial(request, FakeChannel())

    assert outcome.metrics["epochs_run"] == 4


@pytest.mark.usefixtures("gets_worse")
def test_a_plateau_halves_the_optimizers_rate(request_for: RequestMaker) -> None:
    request = request_for(epochs=5, plateau_patience=1, optimizer="sgd", learning_rate=0.5)

    run_trial(request, FakeChannel(), always_checkpoint())

    found = load_checkpoint(Path(request.trial_dir), _identity(request))
    assert found is not None
    _, learning_rate, *_ = found.groups["optimizer"]
    assert learning_rate == 0.5 * 0.5**2  # halved after epochs 2 and 3; after the last it has not been used


def test_a_checkpoint_of_a_version_that_knew_fewer_times_goes_on(request_for: RequestMaker) -> None:
    request = request_for(epochs=2)
    run_trial(request, FakeChannel(stop_at=(1, 0)))
    record = json.loads((Path(request.trial_dir) / "checkpoint.json").read_text())
    for name in ADDED:
        del record["record"]["times"][name]
    (Path(request.trial_dir) / "checkpoint.json").write_text(json.dumps(record))
    channel = FakeChannel()

    outcome = run_trial(request, channel)

    assert [report.epoch for report in channel.reports] == [0, 1]
    assert outcome.metrics["input_time_s"] > 0
    assert outcome.metrics["checkpoint_time_s"] > 0


@pytest.mark.parametrize("damage", ["truncated", "record", "a time", "other settings"])
def test_a_checkpoint_that_cannot_be_used_begins_the_trial_again(
    request_for: RequestMaker, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    request = request_for(epochs=2)
    run_trial(request, FakeChannel(stop_at=(1, 0)))
    folder = Path(request.trial_dir)
    (arrays,) = folder.glob("checkpoint-*.npz")
    if damage == "truncated":
        arrays.write_bytes(arrays.read_bytes()[:-10])
    elif damage == "record":
        record = json.loads((folder / "checkpoint.json").read_text())
        del record["record"]["times"]
        (folder / "checkpoint.json").write_text(json.dumps(record))
    elif damage == "a time":
        record = json.loads((folder / "checkpoint.json").read_text())
        del record["record"]["times"]["training_time_s"]
        (folder / "checkpoint.json").write_text(json.dumps(record))
    else:
        request = replace(request, params={**request.params, "units": 9})
    channel = FakeChannel()

    outcome = run_trial(request, channel)

    assert outcome.ending is Ending.COMPLETE
    assert [report.epoch for report in channel.reports] == [0, 1]
    assert "trial 3 begins again at epoch 0" in caplog.text


def test_a_checkpoint_of_another_architecture_is_refused(
    request_for: RequestMaker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    request = request_for(epochs=2)
    run_trial(request, FakeChannel(stop_at=(1, 0)))
    other = replace(FAMILIES["gru"], component=FAMILIES["lstm"].component)
    monkeypatch.setattr("tuner.models.FAMILIES", {"lstm": other})
    channel = FakeChannel()

    outcome = run_trial(request, channel)

    assert outcome.ending is Ending.COMPLETE
    assert len(channel.reports) == 2
    assert "another architecture" in caplog.text


def test_a_finished_trial_whose_outcome_was_lost_ends_the_same_again(request_for: RequestMaker) -> None:
    request = request_for()
    first = run_trial(request, FakeChannel(), always_checkpoint())
    channel = FakeChannel()

    again = run_trial(request, channel)

    assert again.ending is Ending.COMPLETE
    assert [report.epoch for report in channel.reports] == [2]
    assert without_time(again.metrics) == without_time(first.metrics)
    assert again.metrics["training_time_s"] == first.metrics["training_time_s"]


@pytest.mark.parametrize(("code", "ends_in"), [(errno.ENOSPC, 6), (errno.EDQUOT, 6), (errno.EROFS, 4)])
@pytest.mark.parametrize("where", ["a checkpoint", "the model", "a flush"])
def test_a_disk_that_cannot_be_written_to_gives_the_trial_back_with_its_former_checkpoint(
    request_for: RequestMaker, monkeypatch: pytest.MonkeyPatch, code: int, ends_in: int, where: str
) -> None:
    request = request_for()
    expected = run_trial(request_for(number=9), FakeChannel())
    run_trial(request, FakeChannel(stop_at=(1, 0)))

    def refused(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr("keras.Model.save" if where == "the model" else "os.fsync", refused)
        every_s = 0.0 if where == "a checkpoint" else 1e9
        stop_at = (2, 3) if where == "a flush" else None
        hindered = run_trial(request, FakeChannel(stop_at=stop_at), Timing(checkpoint_every_s=every_s))
    again = FakeChannel()
    outcome = run_trial(request, again)

    assert (hindered.ending, hindered.session_ends_in) == (Ending.RELEASED, ends_in)
    assert hindered.reason.startswith(f"{request.trial_dir}: ")
    assert outcome.ending is Ending.COMPLETE
    assert again.reports[-1].epoch == 2
    assert 0 not in [report.epoch for report in again.reports[1:]]
    assert without_time(outcome.metrics) == pytest.approx(without_time(expected.metrics), abs=1e-5)
    assert not list(Path(request.trial_dir).glob(".*"))


def test_a_trial_of_some_seconds_writes_no_checkpoint(request_for: RequestMaker) -> None:
    """It would cost more than it could save: should its outcome be lost, it is trained again."""
    request, quick = request_for(), Timing(checkpoint_every_s=1e9)
    first = run_trial(request, FakeChannel(), quick)
    channel = FakeChannel()

    again = run_trial(request, channel, quick)

    assert load_checkpoint(Path(request.trial_dir), _identity(request)) is None
    assert len(channel.reports) == first.metrics["epochs_run"]
    assert without_time(again.metrics) == without_time(first.metrics)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_loss_that_is_no_number_fails_the_trial_with_its_place(request_for: RequestMaker) -> None:
    outcome = run_trial(
        request_for("tfidf_dense", "tfidf", optimizer="sgd", learning_rate=1e30), FakeChannel()
    )

    assert outcome.ending is Ending.FAILED
    assert "loss became NaN in epoch 0, step " in outcome.reason
    assert outcome.detail == ""


def failing(error: Exception) -> dict[str, Family]:
    def build(*_: Any) -> Any:
        raise error

    return {"lstm": replace(FAMILIES["lstm"], build=build)}


def test_a_build_that_raises_fails_the_trial_with_its_traceback(
    request_for: RequestMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.models.FAMILIES", failing(ValueError("no such layer\nmore lines")))

    outcome = run_trial(request_for(), FakeChannel())

    assert outcome.ending is Ending.FAILED
    assert outcome.reason == "ValueError: no such layer"
    assert "Traceback" in outcome.detail


def test_running_out_of_memory_fails_the_trial_with_what_to_do(
    request_for: RequestMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    gpu_error = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor of shape[9,9]")
    for error in (MemoryError("could not allocate"), gpu_error):
        monkeypatch.setattr("tuner.models.FAMILIES", failing(error))

        outcome = run_trial(request_for(), FakeChannel())

        assert outcome.ending is Ending.FAILED
        assert outcome.reason.startswith("out of memory: ")
        assert "smaller batch" in outcome.reason


def test_missing_vectors_fail_the_trial_in_one_line(request_for: RequestMaker) -> None:
    outcome = run_trial(request_for(embedding="word2vec", vectors_path="/absent.bin"), FakeChannel())

    assert outcome.ending is Ending.FAILED
    assert outcome.reason.startswith("/absent.bin: No such file")
    assert outcome.detail == ""


def test_a_missing_dataset_fails_the_trial(request_for: RequestMaker, tmp_path: Path) -> None:
    outcome = run_trial(replace(request_for(), dataset_dir=str(tmp_path / "absent")), FakeChannel())

    assert outcome.ending is Ending.FAILED
    assert "absent" in outcome.reason


@pytest.mark.parametrize(("family", "embedding"), [("gru", "word2vec"), ("tfidf_dense", "tfidf")])
def test_the_kept_model_is_measured_on_the_test_split(
    request_for: RequestMaker, family: str, embedding: str
) -> None:
    request = request_for(family, embedding, learning_rate=0.02, epochs=8)
    outcome = run_trial(request, FakeChannel())

    measured = evaluate_test(request, outcome.model_path).metrics

    assert outcome.model_path == "model.keras"
    assert measured.keys() == {
        f"test_{name}" for name in ("loss", "accuracy", "precision", "recall", "f1", "auc")
    }
    if family == "tfidf_dense":
        assert measured["test_accuracy"] > 0.9


def test_the_confusion_matrices_are_those_of_the_kept_model(request_for: RequestMaker, encoded: Path) -> None:
    request = request_for("tfidf_dense", "tfidf", learning_rate=0.02, epochs=3)

    outcome = run_trial(request, FakeChannel())
    tested = evaluate_test(request, outcome.model_path)

    dataset = open_dataset(encoded)
    for confusion, part, metrics in (
        (outcome.confusion, dataset.validation, outcome.metrics),
        (tested.confusion, dataset.test, {"accuracy": tested.metrics["test_accuracy"]}),
    ):
        counts = np.array(confusion)
        assert counts.shape == (2, 2)
        assert counts.sum(axis=1).tolist() == np.bincount(part.labels).tolist()
        assert counts.trace() / counts.sum() == pytest.approx(metrics["accuracy"])


@pytest.mark.usefixtures("gets_worse")
def test_a_continued_trial_keeps_the_confusion_matrix_of_its_best_epoch(request_for: RequestMaker) -> None:
    whole, broken = request_for(epochs=4, number=1), request_for(epochs=4, number=2)

    expected = run_trial(whole, FakeChannel()).confusion
    run_trial(broken, FakeChannel(stop_at=(3, 0)))
    found = run_trial(broken, FakeChannel())

    assert found.facts["kept_epoch"] == 1
    assert found.confusion == expected


def test_a_regression_is_measured_and_kept_in_the_unit_of_its_labels(
    request_for: RequestMaker, rated: Path
) -> None:
    request = replace(
        request_for("tfidf_dense", "tfidf", learning_rate=0.02, epochs=8, dropout=0.0),
        task="regression",
        dataset_dir=str(rated),
    )
    channel = FakeChannel()

    outcome = run_trial(request, channel)
    tested = evaluate_test(request, outcome.model_path).metrics

    assert outcome.ending is Ending.COMPLETE, outcome
    assert outcome.metrics.keys() == metrics_of("regression")
    assert all(report.metrics.keys() == metrics_of("regression") for report in channel.reports)
    assert 200 < channel.reports[0].metrics["mae"] < 600  # the mean of all would be 400 off
    assert outcome.metrics["mae"] < 150
    assert outcome.metrics["loss"] == outcome.metrics["mse"]
    assert outcome.metrics["train_loss"] == pytest.approx(outcome.metrics["train_mse"], rel=1e-4)
    assert outcome.confusion == ()
    assert tested.keys() == {"test_loss", "test_mae", "test_mse", "test_r2"}
    assert tested["test_r2"] > 0.8
    beside = json.loads((Path(request.trial_dir) / "model.json").read_text("utf-8"))
    assert (beside["task"], beside["classes"]) == ("regression", [])


def test_a_regression_given_back_and_continued_equals_one_that_ran_through(
    request_for: RequestMaker, rated: Path
) -> None:
    whole, broken = (
        replace(request_for(number=number), task="regression", dataset_dir=str(rated)) for number in (1, 2)
    )

    expected = run_trial(whole, FakeChannel())
    run_trial(broken, FakeChannel(stop_at=(2, 3)))
    found = run_trial(broken, FakeChannel())

    assert without_time(found.metrics) == pytest.approx(without_time(expected.metrics), rel=1e-5)


def test_the_kept_model_brings_what_prediction_needs(request_for: RequestMaker) -> None:
    tokens, features = request_for(vocabulary_size=20), request_for("tfidf_dense", "tfidf", number=4)
    for request in (tokens, features):
        run_trial(request, FakeChannel())

    beside = [
        json.loads((Path(each.trial_dir) / "model.json").read_text("utf-8")) for each in (tokens, features)
    ]
    assert [each["task"] for each in beside] == ["binary", "binary"]
    assert beside[0]["classes"] == ["bad", "good"]
    assert beside[0]["params"] == dict(tokens.params)
    assert beside[0]["input"]["vocabulary_size"] == 20
    assert len(beside[0]["input"]["words"]) == 18
    assert len(beside[1]["input"]["terms"]) == len(beside[1]["input"]["idf"])


def test_a_kept_model_with_code_of_its_own_is_refused(request_for: RequestMaker) -> None:
    import keras

    request = request_for()
    Path(request.trial_dir).mkdir(parents=True)
    ids = keras.Input((None,), dtype="int32")
    planted = keras.Model(ids, keras.layers.Lambda(lambda each: each)(ids))
    planted.save(Path(request.trial_dir) / "model.keras")

    with pytest.raises(ValueError, match=r"(?i)lambda"):
        evaluate_test(request, "model.keras")


def test_trials_leave_no_unfinished_files(request_for: RequestMaker) -> None:
    request = request_for()

    outcome: TrialOutcome = run_trial(request, FakeChannel(), always_checkpoint())

    assert outcome.ending is Ending.COMPLETE
    names = sorted(path.name for path in Path(request.trial_dir).iterdir())
    assert [name for name in names if not name.startswith("checkpoint-")] == [
        "checkpoint.json",
        "model.json",
        "model.keras",
    ]
    assert len(names) == 4
