"""The contract of the ledger, held against both databases."""

from __future__ import annotations

import dataclasses
import math
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import optuna
import pytest
import sqlalchemy as sa

from tests.ledgers import (
    ACCURACY,
    NAME,
    SPACE,
    complete,
    finish,
    join,
    make_study,
    params_of_all,
    records_alive,
    report,
    run_all,
    spec_of,
    study_at,
    take,
)
from tuner.decision import Decision, Rule
from tuner.errors import InputError, NotFoundError, StorageRefusedError, StudyChangedError
from tuner.search import make_sampler, suggest
from tuner.search.choice import Choice
from tuner.spec.values import (
    BudgetSpec,
    CategoricalParameter,
    ComponentSpec,
    ExecutionSpec,
    IntParameter,
    Objective,
    Params,
    SplitSpec,
    StudySpec,
    Value,
)
from tuner.storage import (
    BaselineRecord,
    Database,
    Ledger,
    RunningStudy,
    Surroundings,
    TimingRecord,
    Which,
    open_database,
    this_owner,
)
from tuner.storage.studies import delete_rows
from tuner.storage.tables import leases, optuna_studies, results
from tuner.trial import LIMIT, NEEDED, WAYS, Ending, EpochReport, TrialOutcome


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database of each kind for all tests of this module, since making one takes most of a second."""
    if request.param == "sqlite":
        url = str(tmp_path_factory.mktemp("studies") / "tuner.db")
    else:
        url = request.getfixturevalue("new_postgresql")()
    database = open_database(url, create=True)
    yield database
    database.close()


@pytest.fixture
def ledger(databases: Database) -> Iterator[Ledger]:
    made = Ledger(databases)
    made.create_study(NAME, spec_of(), "fingerprint", {"texts": 100}, Path())
    yield made
    with databases.writing() as connection:
        for study_id in connection.scalars(sa.select(optuna_studies.c.study_id)).all():
            delete_rows(connection, study_id)


@pytest.fixture
def session(ledger: Ledger) -> RunningStudy:
    return join(ledger)


@dataclass(frozen=True)
class Ready:
    device: str = "CPU (core 1)"
    calibration_s: float = 0.5
    versions: dict[str, str] = field(default_factory=lambda: {"keras": "3.15.1"})


def add_study(ledger: Ledger, spec: StudySpec) -> None:
    """Put another declaration in the place of the study."""
    ledger.delete_study(NAME)
    ledger.create_study(NAME, spec, "fingerprint", {}, Path())


class TestStudies:
    def test_a_study_comes_back_as_it_was_declared(self, ledger: Ledger) -> None:
        study = ledger.study(NAME)
        assert study.spec == spec_of()
        assert (study.name, study.fingerprint, study.data_summary) == (NAME, "fingerprint", {"texts": 100})
        assert study.base_dir == Path.cwd()
        assert study.created_utc.tzinfo is not None
        assert (study.sessions_alive, study.workers_alive) == (0, 0)

    def test_going_on_with_the_same_declaration_changes_nothing(self, ledger: Ledger) -> None:
        again = ledger.create_study(NAME, spec_of(trials=99), "fingerprint", {"texts": 100}, Path())
        assert again.budget == spec_of().budget
        assert ledger.study_names() == [NAME]

    def test_sampler_pruner_and_execution_may_change(self, ledger: Ledger) -> None:
        changed = spec_of(
            sampler=ComponentSpec("tpe"), pruner=ComponentSpec("none"), execution=ExecutionSpec(workers=7)
        )
        assert ledger.create_study(NAME, changed, "fingerprint", {}, Path()).spec == changed

    def test_a_moved_folder_is_remembered(self, ledger: Ledger, tmp_path: Path) -> None:
        assert ledger.create_study(NAME, spec_of(), "fingerprint", {}, tmp_path).base_dir == tmp_path

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            (spec_of(space=(*SPACE[:1], IntParameter("units", "units", 16, 999))), "units"),
            (
                spec_of(space=(CategoricalParameter("family", "family", ("dense", "lstm")), *SPACE[1:])),
                "family",
            ),
            (spec_of(objectives=(Objective("f1", "maximize"), Objective("loss", "minimize"))), "objectives"),
            (spec_of(fixed={"epochs": 4}), "epochs"),
            (spec_of(seed=8), "seed"),
        ],
    )
    def test_another_declaration_is_refused_and_named(
        self, ledger: Ledger, spec: StudySpec, message: str
    ) -> None:
        with pytest.raises(StudyChangedError, match=f"'{NAME}' was begun with another.*{message}"):
            ledger.create_study(NAME, spec, "fingerprint", {"texts": 100}, Path())
        assert ledger.study(NAME).spec == spec_of()

    def test_other_texts_are_refused_and_named(self, ledger: Ledger) -> None:
        with pytest.raises(StudyChangedError, match="data: texts 100 became 90"):
            ledger.create_study(NAME, spec_of(), "other", {"texts": 90}, Path())
        with pytest.raises(StudyChangedError, match="the texts or labels are others"):
            ledger.create_study(NAME, spec_of(), "other", {"texts": 100}, Path())

    def test_of_another_seed_nothing_is_said_of_the_texts_but_what_follows_from_it(
        self, ledger: Ledger
    ) -> None:
        def refusal(study: str, spec: StudySpec, **summary: object) -> str:
            with pytest.raises(StudyChangedError) as refused:
                ledger.create_study(study, spec, "other", summary, Path())
            return str(refused.value)

        counts = {"train": [6, 3], "validation": [2, 1]}
        reseeded = replace(spec_of(), seed=spec_of().seed + 1)
        ledger.create_study("drawn", spec_of(), "fingerprint", {"texts": 12, "counts": counts}, Path())
        moved = {"train": [5, 4], "validation": [3, 0]}
        drawn = refusal("drawn", reseeded, texts=12, counts=moved)
        assert "data: which texts are for training, validation and test follows from the seed" in drawn
        assert "the texts or labels are others" not in drawn
        assert "counts" not in drawn
        assert "data: texts 12 became 11" in refusal("drawn", reseeded, texts=11, counts=moved)
        fewer = {"train": [5, 4], "validation": [2, 0]}
        assert "data: counts" in refusal("drawn", reseeded, texts=12, counts=fewer)

        by_column = replace(spec_of(), data=replace(spec_of().data, split=SplitSpec("a", "b", "c", "part")))
        ledger.create_study("column", by_column, "fingerprint", {"texts": 12}, Path())
        assert "data: " not in refusal("column", replace(by_column, seed=by_column.seed + 1), texts=12)

    def test_a_changed_direction_is_refused(self, ledger: Ledger) -> None:
        flipped = [optuna.study.StudyDirection.MINIMIZE] * 2
        other = "flipped"
        ledger.create_study(other, spec_of(), "fingerprint", {}, Path())
        storage = ledger.database.storage
        storage.delete_study(ledger.study(other).optuna_id)
        storage.create_new_study(flipped, other)
        with ledger.database.writing() as connection:
            connection.exec_driver_sql(
                "UPDATE tuner_studies SET study_id ="
                " (SELECT study_id FROM studies WHERE study_name = 'flipped') WHERE name = 'flipped'"
            )
        with pytest.raises(StorageRefusedError, match="directions minimize, minimize, not the declared"):
            ledger.create_study(other, spec_of(), "fingerprint", {}, Path())

    def test_an_unknown_study_names_the_nearest(self, ledger: Ledger) -> None:
        ledger.create_study("quickstart", spec_of(), "fingerprint", {}, Path())
        with pytest.raises(
            NotFoundError, match="no study 'quickstrat' in the database; did you mean quickstart"
        ):
            ledger.study("quickstrat")
        with pytest.raises(NotFoundError, match="known are: quickstart, s"):
            ledger.trials("zzzz")

    def test_an_empty_database_says_so(self, ledger: Ledger) -> None:
        ledger.delete_study(NAME)
        with pytest.raises(NotFoundError, match="holds none yet"):
            ledger.study(NAME)

    @pytest.mark.parametrize("name", ["a", "A-b_c.9", "x" * 100, "-"])
    def test_a_good_name_is_kept_as_it_is(self, ledger: Ledger, name: str) -> None:
        assert ledger.create_study(name, spec_of(), "fingerprint", {}, Path()).name == name

    @pytest.mark.parametrize(
        "name",
        ["", "x" * 101, "../x", "a/b", ".hidden", "a\x00b", "a b", "ä", "😀", 'a"b', "a'b", "a\n", "%2e"],
    )
    def test_a_name_that_is_no_folder_is_refused(self, ledger: Ledger, name: str) -> None:
        with pytest.raises(InputError, match=r"study name .*expected 1 to 100 letters"):
            ledger.create_study(name, spec_of(), "fingerprint", {}, Path())
        assert ledger.study_names() == [NAME]

    def test_a_study_of_another_program_is_left_alone(self, ledger: Ledger) -> None:
        theirs = optuna.create_study(storage=ledger.database.storage, study_name="theirs")
        theirs.ask()
        with pytest.raises(InputError, match="another program made"):
            ledger.create_study("theirs", spec_of(), "fingerprint", {}, Path())

    def test_a_creation_that_died_half_way_is_completed(self, ledger: Ledger) -> None:
        optuna.create_study(
            storage=ledger.database.storage, study_name="half", directions=["maximize", "minimize"]
        )
        assert ledger.create_study("half", spec_of(), "fingerprint", {}, Path()).name == "half"

    def test_optuna_opens_the_study(self, ledger: Ledger, session: RunningStudy) -> None:
        run_all(session)
        theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
        assert [direction.name for direction in theirs.directions] == ["MAXIMIZE", "MINIMIZE"]
        assert len(theirs.get_trials(states=(optuna.trial.TrialState.COMPLETE,))) == 5

    def test_deleting_leaves_nothing_of_it(self, ledger: Ledger, session: RunningStudy) -> None:
        ledger.create_study("other", spec_of(), "fingerprint", {}, Path())
        run_all(session)
        session.record_worker(0, Ready())
        session.finish_session()
        ledger.delete_study(NAME)
        assert ledger.study_names() == ["other"]
        with ledger.database.reading() as connection:
            for table in ("trials", "trial_params", "trial_values", "tuner_results", "tuner_epochs"):
                assert connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar() == 0
        ledger.create_study(NAME, spec_of(seed=9), "another", {}, Path())

    def test_a_study_that_is_worked_on_is_not_deleted(self, ledger: Ledger, session: RunningStudy) -> None:
        with pytest.raises(InputError, match=r"is being worked on by process \d+ on"):
            ledger.delete_study(NAME)
        session.finish_session()
        ledger.delete_study(NAME)

    def test_sessions_and_workers_are_counted_while_they_live(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        session.record_worker(0, Ready())
        session.record_worker(1, Ready())
        session.record_worker(1, Ready(device="CPU (core 2)"))
        study = ledger.study(NAME)
        assert (study.sessions_alive, study.workers_alive) == (1, 2)
        workers = ledger.workers(NAME)
        assert [worker.device for worker in workers] == ["CPU (core 1)", "CPU (core 2)"]
        assert workers[0].versions == {"keras": "3.15.1"}
        session.finish_session()
        assert ledger.study(NAME).workers_alive == 0
        assert len(ledger.workers(NAME)) == 2


class TestBudget:
    def test_no_trial_begins_beyond_it(self, ledger: Ledger, session: RunningStudy) -> None:
        assert run_all(session) == [0, 1, 2, 3, 4]
        use = ledger.use_of_budget(NAME)
        assert (use.trials, use.begun, use.finished, use.complete) == (5, 5, 5, 5)
        assert use.is_used_up

    def test_it_may_grow(self, ledger: Ledger, session: RunningStudy) -> None:
        run_all(session)
        ledger.set_budget(NAME, BudgetSpec(trials=7))
        assert run_all(session) == [5, 6]
        assert [event.message for event in ledger.events(NAME)] == ["5 trials became 7 trials"]
        assert ledger.study(NAME).spec.budget == BudgetSpec(trials=7)

    def test_running_trials_count_and_keep_it_from_being_used_up(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        claims = [take(session) for _ in range(5)]
        assert session.claim() is None
        assert not ledger.use_of_budget(NAME).is_used_up
        session.release(claims[3].token)
        assert take(session).number == 3

    def test_without_a_budget_of_trials_there_is_always_one_more(self, ledger: Ledger) -> None:
        add_study(ledger, spec_of(trials=None))
        assert [take(join(ledger)).number for _ in range(6)] == list(range(6))

    def test_no_trial_begins_after_the_time_limit_but_begun_ones_go_on(self, ledger: Ledger) -> None:
        add_study(ledger, spec_of(trials=9, time_limit_s=3600.0))
        session = join(ledger)
        claim = take(session)
        ledger.set_budget(NAME, BudgetSpec(trials=9, time_limit_s=0.0))
        assert session.claim() is None
        session.release(claim.token)
        assert take(session).number == claim.number

    def test_time_is_summed_over_sessions(self, ledger: Ledger, session: RunningStudy) -> None:
        session.renew([])
        first = ledger.use_of_budget(NAME).used_s
        session.finish_session()
        join(ledger).finish_session()
        assert ledger.use_of_budget(NAME).used_s > first > 0.0

    def test_failures_in_a_row_are_counted_from_the_last(self, ledger: Ledger, session: RunningStudy) -> None:
        for ending in (Ending.FAILED, Ending.COMPLETE, Ending.FAILED, Ending.FAILED):
            claim = take(session)
            outcome = dataclasses.replace(complete(claim.number), ending=ending)
            session.record_outcome(claim.token, outcome, (0.5, 1.0))
        use = session.use_of_budget()
        assert (use.failures_in_a_row, use.failed, use.complete) == (2, 3, 1)

    @pytest.mark.parametrize(
        ("budget", "message"),
        [
            (BudgetSpec(trials=-1), "found -1 trials"),
            (BudgetSpec(time_limit_s=math.nan), "time limit of nan"),
            (BudgetSpec(max_deaths=0), "found max_deaths 0"),
        ],
    )
    def test_a_budget_that_is_none_is_refused(self, ledger: Ledger, budget: BudgetSpec, message: str) -> None:
        with pytest.raises(InputError, match=message):
            ledger.set_budget(NAME, budget)

    def test_a_grid_ends_with_its_last_point(self, ledger: Ledger) -> None:
        space = (SPACE[0], SPACE[3])
        add_study(ledger, spec_of(trials=99, space=space, sampler=ComponentSpec("grid")))
        theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
        theirs.enqueue_trial({"family": "lstm", "bidirectional": True})
        assert run_all(join(ledger)) == [0, 1, 2, 3, 4]
        found = params_of_all(ledger)
        assert len({tuple(found[number].values()) for number in range(1, 5)}) == 4
        assert found[0] == {"family": "lstm", "bidirectional": True}


class TestClaims:
    def test_a_claim_has_the_params_of_its_trial(self, ledger: Ledger, session: RunningStudy) -> None:
        claims = [take(session) for _ in range(5)]
        found = params_of_all(ledger)
        assert [claim.number for claim in claims] == [0, 1, 2, 3, 4]
        assert all(claim.params == found[claim.number] == session.params(claim.number) for claim in claims)
        assert not any(claim.continued or claim.deaths for claim in claims)
        lstm = next(claim for claim in claims if claim.params["family"] == "lstm")
        assert list(lstm.params) == ["family", "units", "layers", "bidirectional", "rate"]
        assert isinstance(lstm.params["bidirectional"], bool)

    def test_params_do_not_depend_on_who_asks(self, ledger: Ledger, session: RunningStudy) -> None:
        mine = [take(session).params for _ in range(4)]
        add_study_again = spec_of()
        session.finish_session()
        add_study(ledger, add_study_again)
        assert [take(join(ledger)).params for _ in range(4)] == mine

    def test_the_latest_trials_facts_come_newest_first(self, ledger: Ledger, session: RunningStudy) -> None:
        for size in (10, 20, 30):
            claim = take(session)
            ended = complete(claim.number, facts={"size": size})
            assert session.record_outcome(claim.token, ended, (0.5, 2.0), {"units": size + 1})

        assert ledger.latest_facts(NAME, 2) == [({"units": 31}, {"size": 30}), ({"units": 21}, {"size": 20})]

    def test_a_trial_that_needed_too_much_memory_has_its_excess_as_a_constraint(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        claim = take(session)
        facts: dict[str, Value] = {"memory_needed_bytes": 3000, "memory_limit_bytes": 2000}
        unfit = TrialOutcome(claim.number, Ending.PRUNED, reason="does not fit", facts=facts)
        assert session.record_outcome(claim.token, unfit, None, {})

        (trial,) = optuna.load_study(study_name=NAME, storage=ledger.database.storage).trials
        assert trial.constraints == {"memory": 0.5}

    def test_a_released_trial_goes_on_at_once_without_a_death(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        claim = take(session)
        session.record_epoch(claim.token, report(claim.number))
        session.release(claim.token)
        again = take(join(ledger))
        assert (again.number, again.params, again.deaths) == (claim.number, claim.params, 0)
        assert again.continued
        assert again.token != claim.token

    def test_a_trial_whose_worker_died_counts_the_death(self, ledger: Ledger, session: RunningStudy) -> None:
        session.release(take(session).token, died="its worker was killed by signal 9")
        assert take(session).deaths == 1
        event = ledger.events(NAME)[0]
        assert (event.kind, event.number, event.message) == ("death", 0, "its worker was killed by signal 9")

    def test_a_trial_that_died_too_often_fails_with_the_reason(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        for _ in range(3):
            session.release(take(session).token, died="its worker was killed")
        assert take(session).number == 1
        poison = ledger.trials(NAME)[0]
        assert (poison.state, poison.deaths) == ("FAIL", 3)
        assert "died 3 times" in poison.reason

    def test_ending_a_session_gives_its_trials_back(self, ledger: Ledger, session: RunningStudy) -> None:
        taken = take(session)
        session.finish_session()
        again = take(join(ledger))
        assert (again.number, again.deaths) == (taken.number, 0)

    def test_a_trial_of_a_live_session_is_not_taken(self, ledger: Ledger, session: RunningStudy) -> None:
        first = take(session)
        other = join(ledger)
        assert take(other).number == first.number + 1
        assert (session.use_of_budget().running, other.use_of_budget().running) == (2, 2)

    def test_a_trial_without_a_lease_is_adopted(self, ledger: Ledger, session: RunningStudy) -> None:
        sampler = make_sampler(ComponentSpec("random"), SPACE, 7)
        theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage, sampler=sampler)
        orphan = theirs.ask()
        begun = orphan.suggest_categorical("family", ("lstm", "dense"))
        claim = take(session)
        assert (claim.number, claim.params["family"]) == (orphan.number, begun)

    def test_queued_trials_come_first_with_their_params(self, ledger: Ledger, session: RunningStudy) -> None:
        theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
        theirs.enqueue_trial({"family": "lstm", "units": 77})
        assert ledger.use_of_budget(NAME).waiting == 1
        claim = take(session)
        assert (claim.params["family"], claim.params["units"]) == ("lstm", 77)

    @pytest.mark.parametrize(
        ("queued", "reason"),
        [
            ({"units": 999}, "units 999, which the space does not allow"),
            ({"family": "gru"}, "family 'gru', which the space does not allow"),
            ({"unit": 32}, "sets unit, which is no parameter"),
        ],
    )
    def test_a_queued_point_outside_the_space_fails_with_the_reason(
        self, ledger: Ledger, session: RunningStudy, queued: dict[str, object], reason: str
    ) -> None:
        optuna.load_study(study_name=NAME, storage=ledger.database.storage).enqueue_trial(queued)
        assert take(session).number == 1
        failed = ledger.trials(NAME)[0]
        assert failed.state == "FAIL"
        assert reason in failed.reason

    def test_a_trial_that_does_not_fit_into_the_time_left_is_never_begun(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        ledger.set_budget(NAME, BudgetSpec(trials=6, time_limit_s=600.0))
        asked: list[float] = []

        def dense(left_s: float) -> Choice:
            def weight(params: Params) -> float:
                asked.append(left_s)
                return float(params["family"] == "dense")

            return Choice(1, weight)

        claims = [session.claim(dense) for _ in range(6)]
        assert [claim and claim.params["family"] for claim in claims] == ["dense"] * 6
        assert len(ledger.trials(NAME)) == 6
        assert len(asked) > 6, "no other point was asked for"
        assert all(500.0 < left_s <= 600.0 for left_s in asked)

    def test_where_nothing_fits_nothing_is_begun_and_nobody_asks_again(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        ledger.set_budget(NAME, BudgetSpec(trials=6, time_limit_s=600.0))
        running = take(session)
        asked: list[float] = []

        def nothing(left_s: float) -> Choice:
            def weight(_params: Params) -> float:
                asked.append(left_s)
                return 0.0

            return Choice(1, weight)

        assert session.claim(nothing) is None
        tried = len(asked)
        assert session.claim(nothing) is None
        assert len(asked) == tried > 1
        finish(session, running)
        assert session.claim(nothing) is None
        assert len(asked) > tried, "an ended trial may have taught that more fits"
        assert [trial.state for trial in ledger.trials(NAME)] == ["COMPLETE"]
        assert take(session).number == 1

    def test_sessions_share_the_time_left(self, ledger: Ledger, session: RunningStudy) -> None:
        ledger.set_budget(NAME, BudgetSpec(trials=6, time_limit_s=600.0))
        other = join(ledger)
        found: list[float] = []

        def note(left_s: float) -> Choice:
            found.append(left_s)
            return Choice(1, lambda _params: 1.0)

        session.claim(note)
        assert session.use_of_budget().left_s == pytest.approx(found[0], abs=30)
        other.finish_session()
        assert session.use_of_budget().left_s == pytest.approx(600.0, abs=30)
        session.claim(note)
        assert found[0] == pytest.approx(300.0, abs=30)
        assert found[1] == pytest.approx(600.0, abs=30)

    def test_without_a_time_limit_a_point_may_be_chosen_too(self, session: RunningStudy) -> None:
        found: list[float] = []

        def dense(left_s: float) -> Choice:
            found.append(left_s)
            return Choice(1, lambda params: float(params["family"] == "dense"))

        claims = [session.claim(dense) for _ in range(3)]
        assert [claim and claim.params["family"] for claim in claims] == ["dense"] * 3
        assert found == [math.inf] * 3

    def test_what_a_person_queued_is_begun_without_asking(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        ledger.set_budget(NAME, BudgetSpec(trials=6, time_limit_s=600.0))
        theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
        theirs.enqueue_trial({"family": "lstm", "units": 77})
        claim = session.claim(lambda _left_s: Choice(1, lambda _params: 0.0))
        assert claim is not None
        assert claim.params["units"] == 77

    def test_a_trial_told_by_another_program_is_left_told(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        session.release(take(session).token)
        theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
        theirs.tell(0, state=optuna.trial.TrialState.FAIL)
        assert take(session).number == 1
        assert ledger.trials(NAME)[0].state == "FAIL"


class TestResults:
    def test_a_complete_trial_is_recorded_whole(self, ledger: Ledger, session: RunningStudy) -> None:
        claim = take(session)
        outcome = TrialOutcome(
            claim.number,
            Ending.COMPLETE,
            {"accuracy": 0.8, "training_time_s": 3.0, "wall_time_s": 4.5},
            model_path="model.keras",
            facts={"kernel": "plain", "cores": 1},
        )
        assert session.record_outcome(claim.token, outcome, (0.8, 3.0), {"units": 64, "epochs": 3})
        trial = ledger.trials(NAME)[0]
        assert (trial.state, trial.values, trial.metrics) == ("COMPLETE", (0.8, 3.0), outcome.metrics)
        assert (trial.seconds, trial.model_path, trial.facts) == (4.5, "model.keras", outcome.facts)
        assert trial.settings == {"units": 64, "epochs": 3}
        assert trial.params == claim.params
        assert trial.started_utc is not None
        assert trial.finished_utc is not None
        assert trial.started_utc <= trial.finished_utc

    def test_without_recorded_settings_there_are_the_fixed_and_sampled_ones(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        finish(session, take(session))
        trial = ledger.trials(NAME)[0]
        assert trial.settings["epochs"] == 3
        assert trial.settings["learning_rate"] == trial.params["rate"]

    def test_a_pruned_trial_keeps_its_reason_for_people_and_dashboard(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        claim = take(session)
        pruned = TrialOutcome(claim.number, Ending.PRUNED, {"accuracy": 0.4}, "hopeless")
        session.record_outcome(claim.token, pruned, (0.4, 1.0))
        trial = ledger.trials(NAME)[0]
        assert (trial.state, trial.values, trial.reason) == ("PRUNED", None, "hopeless")
        assert trial.metrics == {"accuracy": 0.4}
        theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
        assert theirs.get_trials()[0].user_attrs == {"reason": "hopeless"}

    def test_a_decision_is_kept_as_it_was_taken(self, ledger: Ledger, session: RunningStudy) -> None:
        claim = take(session)
        numbers: dict[str, Value] = {
            "epochs": 2,
            "best.accuracy": 0.1 + 0.2,
            "is_last": True,
            "far": -math.inf,
        }
        taken = Decision(Rule.CHANCE, {**numbers, "chance.accuracy": 0.5})
        session.record_outcome(
            claim.token, TrialOutcome(claim.number, Ending.PRUNED, {}, taken.reason, decision=taken), None
        )
        trial = ledger.trials(NAME)[0]
        assert trial.decision == taken
        assert trial.decision is not None
        assert trial.decision.reason == trial.reason
        theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
        assert theirs.get_trials()[0].user_attrs == {"reason": taken.reason}

    def test_a_trial_that_ended_by_itself_has_no_decision(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        finish(session, take(session))
        take(session)
        assert [trial.decision for trial in ledger.trials(NAME)] == [None, None]

    def test_of_a_rule_that_is_not_known_here_the_reason_is_left(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        claim = take(session)
        session.record_outcome(
            claim.token, TrialOutcome(claim.number, Ending.PRUNED, {}, "by the moon"), None
        )
        with ledger.database.writing() as connection:
            connection.execute(sa.update(results).values(decision='{"rule": "moon", "numbers": {}}'))
        trial = ledger.trials(NAME)[0]
        assert (trial.decision, trial.reason) == (None, "by the moon")

    def test_a_failed_trial_keeps_its_traceback(self, ledger: Ledger, session: RunningStudy) -> None:
        claim = take(session)
        failed = TrialOutcome(claim.number, Ending.FAILED, {}, "nul \x00 and half \ud800", "Traceback")
        session.record_outcome(claim.token, failed, None)
        trial = ledger.trials(NAME)[0]
        assert (trial.state, trial.detail) == ("FAIL", "Traceback")
        assert trial.reason == "nul \ufffd and half ?"

    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            (None, "found 0 values, expected one for each of 2 objectives"),
            ((0.5,), "found 1 values"),
            ((math.nan, 1.0), "objective accuracy is nan, expected a finite number"),
            ((0.5, math.inf), "objective training_time_s is inf"),
        ],
    )
    def test_values_that_cannot_be_compared_are_a_failure(
        self, ledger: Ledger, session: RunningStudy, values: tuple[float, ...] | None, reason: str
    ) -> None:
        claim = take(session)
        late = Decision(Rule.TIME_LIMIT, {"epochs": 1, "epochs_left": 2})
        assert session.record_outcome(claim.token, complete(claim.number, decision=late), values)
        trial = ledger.trials(NAME)[0]
        assert (trial.state, trial.decision) == ("FAIL", None)
        assert reason in trial.reason

    def test_a_released_outcome_gives_the_trial_back(self, ledger: Ledger, session: RunningStudy) -> None:
        claim = take(session)
        released = TrialOutcome(claim.number, Ending.RELEASED)
        assert session.record_outcome(claim.token, released, None)
        assert take(session).number == claim.number

    def test_a_late_outcome_is_dropped_and_noted(self, ledger: Ledger, session: RunningStudy) -> None:
        claim = take(session)
        session.release(claim.token)
        successor = take(join(ledger))
        assert not finish(session, claim, 0.1)
        assert not session.record_epoch(claim.token, report(claim.number))
        assert session.renew([claim.token]) == {claim.token}
        assert ledger.trials(NAME)[0].state == "RUNNING"
        assert [event.kind for event in ledger.events(NAME)] == ["late"]
        assert successor.number == claim.number

    def test_a_second_outcome_of_the_same_owner_changes_nothing(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        # As after an answer that was lost on the way: the first attempt had been kept.
        claim = take(session)
        assert finish(session, claim, 0.8)
        assert finish(session, claim, 0.3)
        assert ledger.trials(NAME)[0].values == (0.8, 2.0)

    def test_test_metrics_are_kept_beside(self, ledger: Ledger, session: RunningStudy) -> None:
        finish(session, take(session))
        session.record_test_metrics(0, {"accuracy": 0.7})
        assert session.measured_on_test() == {0}
        ledger.record_test_metrics(NAME, 0, {"accuracy": 0.71})
        assert ledger.trials(NAME)[0].test_metrics == {"accuracy": 0.71}
        with pytest.raises(InputError, match="trial 4 has no result"):
            ledger.record_test_metrics(NAME, 4, {"accuracy": 0.7})

    def test_finished_trials_come_with_values_and_curves(self, ledger: Ledger, session: RunningStudy) -> None:
        run_all(session)
        every = session.finished_since([])
        assert [trial.number for trial in every] == [0, 1, 2, 3, 4]
        assert every[0].ending is Ending.COMPLETE
        assert every[0].values == (0.5, 2.0)
        assert len(every[0].curve) == 1
        assert [trial.number for trial in session.finished_since({0, 1, 2})] == [3, 4]

    def test_of_finished_trials_curves_the_objectives_are_read(self, session: RunningStudy) -> None:
        claim = take(session)
        aims = {"accuracy": 0.6, "training_time_s": 1.0}
        metrics = {**aims, "loss": 0.4, "f1": 0.5}
        session.record_epoch(claim.token, EpochReport(claim.number, 0, metrics, 0, metrics))
        finish(session, claim)

        (found,) = session.finished_since([])

        assert found.curve == [EpochReport(claim.number, 0, aims, 0, aims)]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let three trials fill a page."""
    monkeypatch.setattr("tuner.storage.pages.PAGE", 3)
    monkeypatch.setattr("tuner.storage.reading.PAGE", 3)
    return 3


def run_mixed(ledger: Ledger, trials: int) -> RunningStudy:
    """Leave trials of every state but WAITING, in turn; the session goes on."""
    ledger.set_budget(NAME, BudgetSpec(trials=trials + 5))
    session = join(ledger)
    for _ in range(trials):
        claim = take(session)
        session.record_epoch(claim.token, report(claim.number))
        ending = list(Ending)[claim.number % 4]
        if ending is Ending.COMPLETE:
            finish(session, claim, 0.1 * claim.number)
        elif ending is not Ending.RELEASED:  # those run on
            facts: dict[str, Value] = {LIMIT: 1, NEEDED: 2} if ending is Ending.PRUNED else {}
            session.record_outcome(
                claim.token, TrialOutcome(claim.number, ending, reason="r", facts=facts), None
            )
    return session


@pytest.mark.usefixtures("small_pages")
class TestSnapshots:
    @pytest.mark.parametrize("trials", [0, 1, 3, 4, 7])
    def test_pages_hold_every_trial_once_by_number(self, ledger: Ledger, trials: int) -> None:
        run_mixed(ledger, trials)
        with ledger.snapshot(NAME) as seen:
            pages = list(seen.pages())
        assert [trial.number for page in pages for trial in page] == list(range(trials))
        assert all(len(page) == 3 for page in pages[:-1])
        assert all(0 < len(page) <= 3 for page in pages)

    def test_pages_do_not_tell_in_what_a_trial_is_read(
        self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run_mixed(ledger, 8)
        by_page = ledger.trials(NAME)
        monkeypatch.setattr("tuner.storage.pages.PAGE", 100)
        assert ledger.trials(NAME) == by_page
        assert {trial.state for trial in by_page} == {"COMPLETE", "PRUNED", "FAIL", "RUNNING"}

    def test_a_trial_told_between_two_pages_changes_nothing(self, ledger: Ledger) -> None:
        session = run_mixed(ledger, 7)
        before = ledger.trials(NAME)
        with ledger.snapshot(NAME) as seen:
            pages = seen.pages()
            found = next(pages)
            finish(
                session, take(session)
            )  # another trial, and below another end of one that is on no page yet
            running = next(trial.number for trial in before if trial.state == "RUNNING" and trial.number > 2)
            session.record_epoch(token_of(ledger, running), report(running, 1, 0.9))
            found += [trial for page in pages for trial in page]
            assert seen.states() == {"COMPLETE": 2, "PRUNED": 2, "FAIL": 2, "RUNNING": 1}
        assert found == before
        assert len(ledger.trials(NAME)) == 8

    @pytest.mark.parametrize(
        ("which", "numbers"),
        [
            (Which(), [0, 1, 2, 3, 4, 5, 6, 7, 8]),
            (Which(state="COMPLETE"), [0, 4, 8]),
            (Which(first=5), [5, 6, 7, 8]),
            (Which(limit=4), [0, 1, 2, 3]),
            (Which(first=2, limit=4), [2, 3, 4, 5]),
            (Which(last=4), [5, 6, 7, 8]),
            (Which(last=40), [0, 1, 2, 3, 4, 5, 6, 7, 8]),
            (Which(state="PRUNED", first=2, last=1), [5]),
            (Which(state="WAITING"), []),
        ],
    )
    def test_those_that_are_asked_for_are_read(
        self, ledger: Ledger, which: Which, numbers: list[int]
    ) -> None:
        run_mixed(ledger, 9)
        with ledger.snapshot(NAME) as seen:
            assert [trial.number for page in seen.pages(which) for trial in page] == numbers

    def test_a_brief_record_is_the_record_without_its_details(self, ledger: Ledger) -> None:
        run_mixed(ledger, 4)
        with ledger.snapshot(NAME) as seen:
            (brief,) = seen.pages(Which(limit=3, is_brief=True))
        left_out: dict[str, Any] = {"settings": {}, "detail": "", "epochs": 0, "session_id": "", "deaths": 0}
        assert brief == [dataclasses.replace(trial, **left_out) for trial in ledger.trials(NAME)[:3]]

    def test_points_and_chosen_trials_are_those_of_the_list(self, ledger: Ledger) -> None:
        run_mixed(ledger, 9)
        every = ledger.trials(NAME)
        with ledger.snapshot(NAME) as seen:
            points = {point.number: point.values for point in seen.points()}
            assert points == {trial.number: trial.values for trial in every if trial.values}
            assert seen.these({8, 0, 4, 5}) == [every[0], every[4], every[5], every[8]]
            assert seen.unfit() == len([trial for trial in every if trial.state == "PRUNED"])

    def test_a_point_knows_what_its_seconds_were_taken_on_and_nothing_else(self, ledger: Ledger) -> None:
        session = join(ledger)
        ways = {"device": "CPU (core 1)", WAYS: "1 thread, 2 threads"}
        for facts in ({**ways, "kernel": "plain"}, {"device": "CPU (core 1)"}, {"kernel": "plain"}):
            claim = take(session)
            outcome = TrialOutcome(claim.number, Ending.COMPLETE, metrics={"accuracy": 0.5}, facts=facts)
            session.record_outcome(claim.token, outcome, (0.5, 1.0))
        with ledger.snapshot(NAME) as seen:
            assert [point.facts for point in seen.points()] == [ways, {"device": "CPU (core 1)"}, {}]
            assert not any(point.metrics or point.params for point in seen.points())

    def test_two_pages_are_in_memory_at_once_and_not_more(self, ledger: Ledger) -> None:
        session = run_mixed(ledger, 16)
        before = records_alive()  # what other tests of this process have left
        with ledger.snapshot(NAME) as seen:
            assert max(records_alive() for page in seen.pages() for _ in page) - before <= 6
        assert session.over_trials(lambda trials: max(records_alive() for _ in trials)) - before <= 6

    def test_a_session_may_look_at_those_only_that_run_or_are_new(self, ledger: Ledger) -> None:
        session = run_mixed(ledger, 6)
        running = take(session)
        others = join(ledger)
        assert take(others).number == running.number + 1
        which = Which(state="RUNNING", is_brief=True)
        found = session.over_trials(
            lambda trials: {trial.number: dict(trial.params) for trial in trials}, which
        )
        assert found[running.number] == running.params
        numbers = session.over_trials(lambda trials: [trial.number for trial in trials], Which(first=5))
        assert numbers == [*range(5, running.number + 2)]
        assert set(found) - set(range(5)) == {running.number, running.number + 1}

    def test_an_error_of_the_reader_is_left_to_him(self, ledger: Ledger) -> None:
        with pytest.raises(BrokenPipeError, match="gone"), ledger.snapshot(NAME):
            raise BrokenPipeError("gone")

    def test_who_turns_pages_slowly_is_not_ended_by_the_server(self, ledger: Ledger) -> None:
        with ledger.database.snapshot() as connection:
            if connection.dialect.name == "postgresql":
                shown = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
                assert shown == "0"
        if ledger.database.safe_url.startswith("postgresql"):
            with ledger.database.reading() as connection:
                shown = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
                assert shown == "1min", "elsewhere a dead machine's transaction still ends"

    def test_an_unknown_study_has_no_snapshot(self, ledger: Ledger) -> None:
        with pytest.raises(NotFoundError, match="other"), ledger.snapshot("other"):
            raise AssertionError("there is nothing to see")


def token_of(ledger: Ledger, number: int) -> str:
    """Return the lease of a trial under way."""
    with ledger.database.reading() as connection:
        query = sa.select(leases.c.token).where(leases.c.number == number)
        return str(connection.scalar(query))


class TestCurves:
    def test_epochs_come_back_as_reported(self, ledger: Ledger, session: RunningStudy) -> None:
        claim = take(session)
        reports = [report(0, 0, 0.6), report(0, 1, 0.5, best=0)]
        for each in reports:
            session.record_epoch(claim.token, each)
        found = session.curve(0)
        assert [(each.epoch, each.metrics, each.best_epoch) for each in found] == [
            (0, reports[0].metrics, 0),
            (1, reports[1].metrics, 0),
        ]
        assert found[1].best_metrics == reports[0].metrics
        assert ledger.curves(NAME) == {0: found}
        assert ledger.curves(NAME, [7]) == {}

    def test_a_repeated_epoch_replaces_it_and_what_came_after(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        claim = take(session)
        for epoch in range(4):
            session.record_epoch(claim.token, report(0, epoch, 0.5))
        session.record_epoch(claim.token, report(0, 1, 0.9))
        assert [(each.epoch, each.metrics["accuracy"]) for each in session.curve(0)] == [(0, 0.5), (1, 0.9)]

    def test_a_best_epoch_whose_report_was_lost_is_known_again(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        claim = take(session)
        session.record_epoch(claim.token, report(0, 2, 0.7, best=1))
        assert [each.epoch for each in session.curve(0)] == [1, 2]

    def test_a_running_trial_shows_its_best_epoch(self, ledger: Ledger, session: RunningStudy) -> None:
        claim = take(session)
        session.record_epoch(claim.token, report(0, 0, 0.8))
        session.record_epoch(claim.token, report(0, 1, 0.6, best=0))
        trial = ledger.trials(NAME)[0]
        assert (trial.state, trial.epochs, trial.metrics["accuracy"], trial.seconds) == (
            "RUNNING",
            2,
            0.8,
            None,
        )

    def test_several_objectives_write_no_intermediate_values(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        session.record_epoch(take(session).token, report(0))
        theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
        assert theirs.get_trials()[0].intermediate_values == {}

    def test_one_objective_draws_its_curve_in_the_dashboard(self, ledger: Ledger) -> None:
        add_study(ledger, spec_of(objectives=ACCURACY))
        session = join(ledger)
        claim = take(session)
        session.record_epoch(claim.token, report(0, 0, 0.6))
        session.record_epoch(claim.token, report(0, 1, math.nan))
        session.record_outcome(claim.token, TrialOutcome(0, Ending.PRUNED, {}, "no"), None)
        trial = optuna.load_study(study_name=NAME, storage=ledger.database.storage).get_trials()[0]
        assert trial.intermediate_values[0] == 0.6
        assert math.isnan(trial.intermediate_values[1])

    def test_tpe_goes_on_after_pruned_trials_of_several_objectives(self, ledger: Ledger) -> None:
        add_study(ledger, spec_of(trials=20, sampler=ComponentSpec("tpe", {"startup_trials": 4})))
        session = join(ledger)
        while (claim := session.claim()) is not None:
            session.record_epoch(claim.token, report(claim.number))
            ending = Ending.PRUNED if claim.number % 2 else Ending.COMPLETE
            outcome = dataclasses.replace(complete(claim.number), ending=ending)
            session.record_outcome(claim.token, outcome, (0.5, 1.0))
        use = ledger.use_of_budget(NAME)
        assert (use.complete, use.pruned) == (10, 10)


def test_events_are_kept_in_order(ledger: Ledger, session: RunningStudy) -> None:
    ledger.record_event(NAME, None, "note", "first")
    session.record_event(3, "test", "second")
    found = ledger.events(NAME)
    assert [(event.number, event.kind, event.message) for event in found] == [
        (None, "note", "first"),
        (3, "test", "second"),
    ]
    assert found[0].at_utc <= found[1].at_utc


def test_a_trial_of_another_program_is_shown_as_it_is(ledger: Ledger) -> None:
    theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
    trial = theirs.ask()
    params = suggest(trial, SPACE)
    theirs.tell(trial, [0.9, 1.0])
    found = ledger.trials(NAME)[0]
    assert (found.state, found.values, found.params) == ("COMPLETE", (0.9, 1.0), params)
    assert found.seconds is not None


def test_who_works_on_the_original_file_holds_nothing_in_a_copy(tmp_path: Path) -> None:
    original = make_study(str(tmp_path / "tuner.db"), spec_of(trials=1))
    working = join(original)
    claim = take(working)
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
    copy = Ledger(open_database(str(tmp_path / "copy" / "tuner.db"), create=False))

    there = join(copy)
    taken = take(there)

    assert (taken.number, taken.continued) == (claim.number, True)
    assert finish(there, taken)
    assert finish(working, claim), "the original is as it was"
    original.database.close()
    copy.database.close()


class TestAdditions:
    def test_confusion_matrices_are_kept_beside_the_metrics(
        self, ledger: Ledger, session: RunningStudy
    ) -> None:
        claim = take(session)
        outcome = complete(claim.number, confusion=[[3, 1], [0, 4]])
        session.record_outcome(claim.token, outcome, (0.5, 2.0))
        session.record_test_metrics(claim.number, {"test_accuracy": 0.7}, [[2, 0], [1, 1]])
        found = ledger.trials(NAME)[0]
        assert (found.confusion, found.test_confusion) == (((3, 1), (0, 4)), ((2, 0), (1, 1)))

    def test_a_result_says_which_session_ran_it(self, ledger: Ledger) -> None:
        sampler = make_sampler(ComponentSpec("random"), SPACE, 7)
        here = Surroundings("Ada", {"space_commit": "abc"})
        session = ledger.join(NAME, sampler, this_owner(), surroundings=here)
        finish(session, take(session))
        (found,) = ledger.sessions(NAME)
        assert (found.researcher, found.facts, found.ended_utc) == ("Ada", {"space_commit": "abc"}, None)
        assert found.host == this_owner().host
        assert ledger.trials(NAME)[0].session_id == found.session_id
        session.finish_session()
        assert ledger.sessions(NAME)[0].ended_utc is not None

    def test_a_baseline_takes_the_place_of_one_of_its_name(self, ledger: Ledger) -> None:
        for accuracy in (0.7, 0.8):
            record = BaselineRecord("tfidf", {"accuracy": accuracy}, {}, ((1, 0), (0, 1)), facts={"terms": 9})
            ledger.record_baseline(NAME, record)
        (found,) = ledger.baselines(NAME)
        assert found.recorded_utc is not None
        assert dataclasses.replace(found, recorded_utc=None) == record

    def test_the_tfidf_of_older_studies_is_the_strong_one_until_the_usual_takes_its_row(
        self, ledger: Ledger
    ) -> None:
        older = BaselineRecord("TF-IDF + ridge regression", {"mae": 1.0}, facts={"strength": 1.0})
        ledger.record_baseline(NAME, older)
        assert [each.name for each in ledger.baselines(NAME)] == ["strong TF-IDF + ridge regression"]

        usual = dataclasses.replace(older, facts={"strength": 1.0, "weighting": "tfidf"})
        ledger.record_baseline(NAME, usual)
        assert [each.name for each in ledger.baselines(NAME)] == ["TF-IDF + ridge regression"]

    def test_notes_come_back_in_order(self, ledger: Ledger, session: RunningStudy) -> None:
        finish(session, take(session))
        ledger.add_note(NAME, 0, "Ada", "too slow", "issue")
        ledger.add_note(NAME, None, "Ada", "of the study")
        found = [(note.number, note.author, note.kind, note.text) for note in ledger.notes(NAME)]
        assert found == [(0, "Ada", "issue", "too slow"), (None, "Ada", "note", "of the study")]
        assert [note.text for note in ledger.notes(NAME, 0)] == ["too slow"]
        with pytest.raises(NotFoundError, match="has no trial 9"):
            ledger.add_note(NAME, 9, "Ada", "x")

    def test_timings_are_kept_beside_each_other(self, ledger: Ledger) -> None:
        session = ledger.begin_timing(NAME)
        for seconds in (2.0, 3.0):
            session.record(TimingRecord(0, seconds, 0.5, "host", "CPU (core 1)", {"alone": True}))
        session.finish()
        found = ledger.timings(NAME)
        assert [(timing.training_time_s, timing.facts["alone"]) for timing in found] == [
            (2.0, True),
            (3.0, True),
        ]
        assert found[0].at_utc is not None

    def test_trials_are_timed_only_while_nobody_else_works_here(self, ledger: Ledger) -> None:
        working = join(ledger)
        with pytest.raises(InputError, match=f"study '{NAME}' is being worked on by process .* timed alone"):
            ledger.begin_timing(NAME)
        working.finish_session()
        ledger.begin_timing(NAME).finish()

    def test_another_study_of_the_database_disturbs_too(self, ledger: Ledger) -> None:
        ledger.create_study("other", spec_of(), "fingerprint", {}, Path())
        timing = ledger.begin_timing("other")
        with pytest.raises(InputError, match="study 'other' is being worked on"):
            ledger.begin_timing(NAME)
        timing.renew()
        assert [(each.study, each.here) for each in ledger.live_sessions()] == [("other", True)]
        timing.finish()
        assert ledger.live_sessions() == []

    def test_a_session_that_times_uses_nothing_of_the_budget(self, ledger: Ledger) -> None:
        before = ledger.use_of_budget(NAME)
        timing = ledger.begin_timing(NAME)
        assert ledger.study(NAME).sessions_alive == 1
        timing.finish()
        assert ledger.use_of_budget(NAME) == before

    def test_deleting_a_study_deletes_them(self, ledger: Ledger) -> None:
        ledger.record_baseline(NAME, BaselineRecord("tfidf", {"accuracy": 0.7}))
        ledger.add_note(NAME, None, "Ada", "x")
        session = ledger.begin_timing(NAME)
        session.record(TimingRecord(0, 1.0, 0.5, "host", "CPU"))
        session.finish()
        ledger.delete_study(NAME)
        ledger.create_study(NAME, spec_of(), "fingerprint", {}, Path())
        assert not [*ledger.baselines(NAME), *ledger.notes(NAME), *ledger.timings(NAME)]


def test_a_study_from_before_decisions_were_kept_is_read_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "tuner.db"
    taken = Decision(Rule.TIME_LIMIT, {"epochs": 1, "epochs_left": 2})
    with study_at(str(path), spec_of()) as ledger:
        claim = take(session := join(ledger))
        pruned = TrialOutcome(claim.number, Ending.PRUNED, {}, "hopeless", decision=taken)
        session.record_outcome(claim.token, pruned, None)
        session.finish_session()
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("ALTER TABLE tuner_results DROP COLUMN decision")
        old.execute("DELETE FROM tuner_schema WHERE version > 2")

    ledger = Ledger(open_database(str(path), create=False))
    assert [(trial.reason, trial.decision) for trial in ledger.trials(NAME)] == [("hopeless", None)]
    claim = take(session := join(ledger))
    session.record_outcome(claim.token, complete(claim.number, decision=taken), (0.5, 2.0))
    assert [trial.decision for trial in ledger.trials(NAME)] == [None, taken]
    ledger.database.close()
