"""A long study is gone on with without reading all of it, and nobody can tell."""

from __future__ import annotations

import random
from pathlib import Path

import optuna
import pytest
import sqlalchemy as sa

from benchmarks.scale import NAME
from benchmarks.scale.fill import fill
from tuner.search.choice import Choice
from tuner.search.optuna_samplers import START_POINT, StudySampler
from tuner.search.samplers import make_sampler
from tuner.spec.values import ComponentSpec, Params
from tuner.storage import Ledger, RunningStudy, open_database, tables, this_owner
from tuner.storage.cache import remember_only, share_distributions
from tuner.trial import Ending, TrialOutcome

TRIALS = 400
SEEN = 60


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    storage = str(tmp_path / "tuner.db")
    fill(storage, TRIALS)
    return Ledger(open_database(storage, create=False))


def tpe(ledger: Ledger) -> StudySampler:
    spec = ledger.study(NAME).spec
    return make_sampler(ComponentSpec("tpe", {"history": SEEN}), spec.space, spec.seed)


def optuna_study(ledger: Ledger) -> optuna.Study:
    study = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
    with ledger.database.reading() as connection:
        remember_only(study, connection, ledger.study(NAME).optuna_id, [True, False], SEEN)
    return study


def end(session: RunningStudy, values: tuple[float, float] = (0.9, 0.1)) -> dict[str, object]:
    claim = session.claim()
    assert claim is not None
    metrics = {"accuracy": values[0], "training_time_s": values[1]}
    outcome = TrialOutcome(claim.number, Ending.COMPLETE, metrics)
    assert session.record_outcome(claim.token, outcome, values)
    return {"number": claim.number, **claim.params}


def test_of_a_long_study_a_part_is_read(ledger: Ledger) -> None:
    found = optuna_study(ledger).get_trials()

    assert SEEN < len(found) < TRIALS / 2
    assert set(range(TRIALS - SEEN // 2, TRIALS)) < {trial.number for trial in found}


def test_of_a_short_study_all_is_read(tmp_path: Path) -> None:
    fill(str(tmp_path / "short.db"), SEEN)
    ledger = Ledger(open_database(str(tmp_path / "short.db"), create=False))

    assert len(optuna_study(ledger).get_trials()) == SEEN


def test_trials_that_were_read_share_equal_distributions(ledger: Ledger) -> None:
    study = optuna_study(ledger)

    share_distributions(study)

    found = study.get_trials(deepcopy=False)
    different = {id(each) for trial in found for each in trial.distributions.values()}
    assert len(different) == len({each for trial in found for each in trial.distributions.values()})


def test_what_ends_later_is_read_too(ledger: Ledger) -> None:
    study = optuna_study(ledger)
    before = {trial.number for trial in study.get_trials()}

    end(ledger.join(NAME, tpe(ledger), this_owner()))

    assert {trial.number for trial in study.get_trials()} - before == {TRIALS}


def test_a_trial_that_was_running_then_is_read_when_it_has_ended(ledger: Ledger) -> None:
    running = optuna.load_study(study_name=NAME, storage=ledger.database.storage).ask()
    study = optuna_study(ledger)
    study.get_trials()

    optuna.load_study(study_name=NAME, storage=ledger.database.storage).tell(running.number, (0.9, 0.1))

    (found,) = [trial for trial in study.get_trials() if trial.number == running.number]
    assert found.state is optuna.trial.TrialState.COMPLETE


def test_a_trial_is_given_what_it_were_given_had_all_been_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    for name in ("part", "whole"):
        if name == "whole":
            monkeypatch.setattr("tuner.storage.running.remember_only", lambda *_: None)
        fill(str(tmp_path / f"{name}.db"), TRIALS)
        ledger = Ledger(open_database(str(tmp_path / f"{name}.db"), create=False))
        session = ledger.join(NAME, tpe(ledger), this_owner())
        # Good, bad and middling ones: some are among the best, and all among the latest.
        chance = random.Random(5)
        ends = [(0.6 + 0.4 * chance.random(), 0.05 + 20.0 * chance.random()) for _ in range(25)]
        given.append([end(session, values) for values in ends])

    assert given[0] == given[1]


def test_the_point_that_is_begun_is_one_of_those_that_were_weighed_though_the_last_trial_failed(
    ledger: Ledger,
) -> None:
    session = ledger.join(NAME, tpe(ledger), this_owner())
    failing = session.claim()
    assert failing is not None
    session.record_outcome(failing.token, TrialOutcome(failing.number, Ending.FAILED, reason="broken"), None)
    session.finish_session()
    seen: list[dict[str, object]] = []

    def weight(params: Params) -> float:
        seen.append(dict(params))
        return 1.0

    claim = ledger.join(NAME, tpe(ledger), this_owner()).claim(lambda _left_s: Choice(3, weight))

    assert claim is not None
    assert dict(claim.params) in seen


def test_a_start_point_that_ended_long_ago_is_still_known(ledger: Ledger) -> None:
    read = {trial.number for trial in optuna_study(ledger).get_trials()}
    number = min(set(range(TRIALS)) - read)
    with ledger.database.writing() as connection:
        trial_id = connection.scalar(sa.select(tables.optuna_trials.c.trial_id).filter_by(number=number))
        marked = {"trial_id": trial_id, "key": START_POINT, "value_json": '"small"'}
        columns = "trial_id, key, value_json"
        statement = f"INSERT INTO trial_user_attributes ({columns}) VALUES (:trial_id, :key, :value_json)"
        connection.execute(sa.text(statement), marked)

    (found,) = [trial for trial in optuna_study(ledger).get_trials() if START_POINT in trial.user_attrs]

    assert found.number == number
