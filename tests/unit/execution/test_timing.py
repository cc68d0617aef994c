"""Timing finished trials again, over a real ledger, with a worker that follows a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.ledgers import NAME, complete, finish, join, make_study, spec_of, take
from tests.unit.execution.scripted import Script, ScriptedExecutor
from tuner.cli import main
from tuner.data.prepare import PreparedData
from tuner.errors import InputError, NoSpaceError, StudyInterruptedError
from tuner.execution.coordinator import SILENT_WORKER_S
from tuner.execution.cores import Cores
from tuner.execution.errands import Errand
from tuner.execution.events import Event, TrialEnded, WorkerLost
from tuner.execution.interrupts import Interrupts
from tuner.execution.launch import OpenStudy
from tuner.execution.messages import Ready
from tuner.execution.timing import Stint, alone_here, time_alone
from tuner.spec.values import Objective
from tuner.storage import Ledger, TimingRecord, TrialRecord
from tuner.trial import TrialRequest, Verdict

AIMS = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))
LONG = Script((0.5, 0.6, 0.7, 0.8))


@dataclass
class Timed:
    """A study of two finished trials, and a session that times them."""

    ledger: Ledger
    folder: Path
    events: list[Event] = field(default_factory=list)
    interrupts: Interrupts = field(default_factory=Interrupts)

    def errand(self, number: int, kept_epochs: int = 3, epochs: int = 3) -> Errand:
        return Errand(self.trial(number), 1, kept_epochs, epochs)

    def trial(self, number: int) -> TrialRecord:
        return self.ledger.trials(NAME)[number]

    def request(self, errand: Errand) -> TrialRequest:
        folder = str(self.folder / "timing")
        return TrialRequest(NAME, errand.trial.number, {"epochs": errand.epochs}, 1, "binary", "", "", folder)

    def run(
        self,
        executor: ScriptedExecutor,
        *wanted: Errand,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> dict[int, str]:
        session = self.ledger.begin_timing(NAME)
        executor.start()
        try:
            return Stint(
                NAME, self.request, session, executor, self.events.append, self.interrupts, clock
            ).run(wanted)
        finally:
            session.finish()

    def timings(self) -> list[TimingRecord]:
        return self.ledger.timings(NAME)


@pytest.fixture
def timed(tmp_path: Path) -> Iterator[Timed]:
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of())
    session = join(ledger)
    finish(session, take(session), 0.9)
    finish(session, take(session), 0.5)
    session.finish_session()
    yield Timed(ledger, tmp_path)
    ledger.database.close()


def worker(script: Script = LONG) -> ScriptedExecutor:
    return ScriptedExecutor(lambda number, attempt: script, workers=1)


def test_the_seconds_up_to_the_kept_epoch_are_kept(timed: Timed) -> None:
    assert timed.run(worker(), timed.errand(0, 2, 2), timed.errand(1, 3, 3)) == {}

    assert [(each.number, each.training_time_s) for each in timed.timings()] == [(0, 2.0), (1, 3.0)]
    assert timed.timings()[0].facts["series"] == 1


def test_fewer_epochs_are_scaled_up_and_that_is_kept(timed: Timed) -> None:
    timed.run(worker(), timed.errand(0, kept_epochs=8, epochs=2))

    (found,) = timed.timings()
    assert found.training_time_s == 8.0
    assert (found.facts["epochs"], found.facts["kept_epochs"]) == (2, 8)


def test_a_timing_ends_as_pruned_so_that_no_model_is_kept(timed: Timed) -> None:
    executor = worker()
    timed.run(executor, timed.errand(0, 2, 2))

    assert [message.action for _, message in executor.sent if isinstance(message, Verdict)] == [
        "continue",
        "prune",
    ]


def test_what_was_told_stays_as_it_was(timed: Timed) -> None:
    before = [(trial.values, trial.metrics) for trial in timed.ledger.trials(NAME)]
    timed.run(worker(), timed.errand(0), timed.errand(1))

    assert [(trial.values, trial.metrics) for trial in timed.ledger.trials(NAME)] == before


def test_an_interrupt_keeps_what_was_timed(timed: Timed) -> None:
    executor = worker()
    executor.on_report = lambda report: setattr(timed.interrupts, "count", int(report.number == 1))

    with pytest.raises(StudyInterruptedError, match="what was timed is kept; go on with: tuner time s"):
        timed.run(executor, timed.errand(0), timed.errand(1))

    assert [each.number for each in timed.timings()] == [0]
    assert timed.ledger.live_sessions() == []


def test_a_full_disk_keeps_what_was_timed(timed: Timed) -> None:
    full = replace(LONG, accuracies=(0.5,), session_ends_in=NoSpaceError.exit_code)
    executor = ScriptedExecutor(lambda number, _: full if number == 1 else LONG, workers=1)

    with pytest.raises(NoSpaceError, match=r"what was timed is kept; free .* go on with: tuner time"):
        timed.run(executor, timed.errand(0), timed.errand(1))

    assert [timing.number for timing in timed.timings()] == [0]


def test_a_trial_whose_worker_dies_is_told_and_the_next_is_timed(timed: Timed) -> None:
    executor = ScriptedExecutor(lambda number, _: Script(dies_at=0) if number == 0 else LONG, workers=1)

    failed = timed.run(executor, timed.errand(0), timed.errand(1), timed.errand(0))

    assert failed == {0: "its worker was killed by SIGKILL"}
    assert [each.number for each in timed.timings()] == [1]
    assert any(isinstance(event, WorkerLost) for event in timed.events)
    assert [event.message for event in timed.ledger.events(NAME)] == [
        "not timed: its worker was killed by SIGKILL"
    ]


def test_a_trial_that_ends_early_is_no_timing(timed: Timed) -> None:
    failed = timed.run(worker(Script((0.5,), fails="out of memory")), timed.errand(0))

    assert failed == {0: "out of memory"}
    assert timed.timings() == []
    (ended,) = [event for event in timed.events if isinstance(event, TrialEnded)]
    assert (ended.state, ended.reason) == ("FAIL", "out of memory")


def test_a_worker_that_says_nothing_is_replaced(timed: Timed) -> None:
    executor = worker(Script((0.5,), stays=True))
    readings = iter(range(10_000))

    failed = timed.run(executor, timed.errand(0), clock=lambda: next(readings) * 10.0)

    assert failed == {0: f"silent for {SILENT_WORKER_S:.0f} s and killed"}
    assert executor.replaced == [0]


def test_what_a_killed_timing_left_behind_is_removed(timed: Timed) -> None:
    rest = timed.folder / "timing" / "checkpoint"
    rest.mkdir(parents=True)
    timed.run(worker(), timed.errand(0))

    assert not rest.parent.exists()


# -- all are timed alike --------------------------------------------------------------------------

FOUR = Cores((0, 1, 2, 3))


@pytest.fixture
def mixed(tmp_path: Path) -> Iterator[OpenStudy]:
    """A study that began with one thread; its third trial had two, its last one a GPU."""
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of())
    add_trials(ledger, "CPU (core 1)", "CPU (core 0)", "CPU (2 cores)", "GPU (NVIDIA A100)")
    texts = PreparedData("f", Path(), "binary", ("0", "1"), {}, "nowhere", ())
    yield OpenStudy(NAME, spec_of(), tmp_path, texts, ledger.database, ledger, tmp_path / NAME, True)
    ledger.database.close()


def add_trials(ledger: Ledger, *devices: str) -> None:
    session = join(ledger)
    for device in devices:
        session.record_worker(0, Ready(1, device, 1.0, 0.1))
        claim = take(session)
        facts = {"device": device, "kept_epoch": 0}
        session.record_outcome(claim.token, complete(claim.number, 0.5, facts=facts), (0.5, 2.0))
    session.finish_session()


def test_all_trials_are_timed_with_the_threads_that_the_study_began_with(mixed: OpenStudy) -> None:
    way = alone_here(mixed, FOUR)

    assert (way.threads, way.on_gpu) == (1, False)
    assert way.remarks == (
        "the study has trials with 2 threads and GPU (NVIDIA A100); all are timed with 1 thread",
    )


def declaring(study: OpenStudy, threads: int) -> OpenStudy:
    execution = replace(study.spec.execution, threads=threads)
    return replace(study, spec=replace(study.spec, execution=execution))


def test_declared_threads_do_not_stand_before_those_of_the_study(mixed: OpenStudy) -> None:
    way = alone_here(declaring(mixed, 8), FOUR)

    assert way.threads == 1
    assert way == alone_here(mixed, FOUR), "nor is anything said of them"


def test_declared_threads_count_where_nothing_tells_those_of_the_study(tmp_path: Path) -> None:
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of())
    add_trials(ledger, "none")
    texts = PreparedData("f", Path(), "binary", ("0", "1"), {}, "nowhere", ())
    study = OpenStudy(NAME, spec_of(), tmp_path, texts, ledger.database, ledger, tmp_path, True)
    ways = alone_here(study, FOUR), alone_here(declaring(study, 2), FOUR)
    ledger.database.close()

    assert [way.threads for way in ways] == [1, 2]


@pytest.mark.parametrize("here", [Cores((0, 1)), Cores((0, 1, 2, 3), quota=2.5)])
def test_fewer_cores_than_the_study_had_are_said(tmp_path: Path, here: Cores) -> None:
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of())
    add_trials(ledger, "CPU (4 cores)")
    texts = PreparedData("f", Path(), "binary", ("0", "1"), {}, "nowhere", ())
    study = OpenStudy(NAME, spec_of(), tmp_path, texts, ledger.database, ledger, tmp_path, True)

    way = alone_here(study, here)
    ledger.database.close()

    assert way.threads == 2
    assert way.remarks == (f"the study began with 4 threads for each worker, and here are {here.in_words}",)


def test_a_study_that_began_on_a_gpu_is_timed_on_one(tmp_path: Path) -> None:
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of())
    add_trials(ledger, "GPU (NVIDIA A100)", "CPU (core 0)")
    texts = PreparedData("f", Path(), "binary", ("0", "1"), {}, "nowhere", ())
    study = OpenStudy(NAME, spec_of(), tmp_path, texts, ledger.database, ledger, tmp_path, True)

    way = alone_here(study, FOUR, n_gpus=2)
    elsewhere = alone_here(study, FOUR, n_gpus=0)
    with pytest.raises(InputError, match=r"trial 0 ran on GPU \(NVIDIA A100\), and TensorFlow sees no GPU"):
        time_alone(study, [], elsewhere, lambda _: None)
    ledger.database.close()

    assert elsewhere.took(TimingRecord(0, 1.0, 0.1, "there", "GPU (NVIDIA A100)")), "to be looked at anywhere"

    assert (way.threads, way.on_gpu) == (2, True)
    assert way.remarks == ("the study has trials with 1 thread; all are timed with GPU (NVIDIA A100)",)


def test_what_was_timed_on_a_gpu_is_shown_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of(objectives=AIMS))
    add_trials(ledger, "GPU (NVIDIA A100)")
    session = ledger.begin_timing(NAME)
    facts = {"series": 1, "epochs": 1, "kept_epochs": 1}
    session.record(TimingRecord(0, 1.5, 0.1, session.host, "GPU (NVIDIA A100)", facts))
    session.finish()
    texts = PreparedData("f", Path(), "binary", ("0", "1"), {}, "nowhere", ())
    study = OpenStudy(
        NAME, spec_of(objectives=AIMS), tmp_path, texts, ledger.database, ledger, tmp_path, True
    )
    monkeypatch.setattr("tuner.execution.launch.open_existing", lambda *_: study)
    monkeypatch.setattr("tuner.training.gpus.count_gpus", lambda: 0)

    codes = main(["time", NAME, "--format", "json"]), main(["time", NAME, "--again"])
    ledger.database.close()
    said = capsys.readouterr()

    assert codes == (0, 2)
    assert '"training_time_s": 1.5' in said.out
    assert "every timing was taken before" in said.err
    assert "trial 0 ran on GPU (NVIDIA A100), and TensorFlow sees no GPU here" in said.err


def test_csv_of_no_trial_has_its_headings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of())
    texts = PreparedData("f", Path(), "binary", ("0", "1"), {}, "nowhere", ())
    study = OpenStudy(NAME, spec_of(), tmp_path, texts, ledger.database, ledger, tmp_path, True)
    monkeypatch.setattr("tuner.execution.launch.open_existing", lambda *_: study)

    code = main(["time", NAME, "--format", "csv"])
    ledger.database.close()

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "number,training_time_s,runs,low_s,high_s,epochs,kept_epochs,in_study_s,host,device,is_member,was_member"
    ]


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("CPU (core 3)", True),
        ("CPU (1 thread)", True),
        ("none", True),
        ("CPU (2 cores)", False),
        ("CPU (2 threads)", False),
        ("GPU (NVIDIA A100)", False),
    ],
)
def test_a_timing_is_alike_by_its_threads(mixed: OpenStudy, device: str, expected: bool) -> None:
    assert alone_here(mixed, FOUR).took(TimingRecord(0, 1.0, 0.1, "here", device)) is expected
