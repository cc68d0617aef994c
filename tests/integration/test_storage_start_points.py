"""Start points in the ledger: queued once, tried first and in order, seen by other programs as queued."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest

from tests.ledgers import NAME, join, make_study, params_of_all, run_all, spec_of, take
from tuner.spec.values import ComponentSpec, StartPoint, StudySpec
from tuner.storage import Ledger

SMALL = StartPoint({"family": "lstm", "units": 16, "bidirectional": False, "rate": 1e-3}, "small")
OWN = StartPoint({"family": "dense", "bidirectional": True, "rate": 1e-2})
PARTIAL = StartPoint({"family": "lstm", "units": 128})


def begin(folder: Path, spec: StudySpec) -> Ledger:
    return make_study(f"sqlite:///{folder}/tuner.db", spec)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = begin(tmp_path, spec_of(trials=6, start_with=(SMALL, OWN, PARTIAL)))
    yield found
    found.database.close()


def told(ledger: Ledger) -> list[Any]:
    """The study's trials as another program reads them."""
    return optuna.load_study(study_name=NAME, storage=ledger.database.storage).get_trials()


def go_on(ledger: Ledger, spec: StudySpec) -> None:
    ledger.create_study(NAME, spec, "fingerprint", {"texts": 100}, Path())


def test_start_points_come_first_in_order_and_count_in_the_budget(ledger: Ledger) -> None:
    run_all(join(ledger))
    found = params_of_all(ledger)
    assert sorted(found) == list(range(6))
    assert found[0] == {"family": "lstm", "units": 16, "layers": 2, "bidirectional": False, "rate": 1e-3}
    assert found[1] == {"family": "dense", "bidirectional": True, "rate": 1e-2}
    assert (found[2]["family"], found[2]["units"]) == ("lstm", 128)
    assert {"bidirectional", "rate"} <= set(found[2])


def test_they_are_queued_when_the_first_trial_is_claimed(ledger: Ledger) -> None:
    take(join(ledger))
    states = [trial.state.name for trial in told(ledger)]
    assert states == ["RUNNING", "WAITING", "WAITING"]
    assert ledger.use_of_budget(NAME).waiting == 2


def test_other_programs_see_what_was_queued_and_why(ledger: Ledger) -> None:
    run_all(join(ledger))
    queued = [(trial.user_attrs, trial.system_attrs.get("fixed_params")) for trial in told(ledger)]
    assert queued[:3] == [
        ({"start_with": "small"}, dict(SMALL.params)),
        ({"start_with": "own point"}, dict(OWN.params)),
        ({"start_with": "own point"}, dict(PARTIAL.params)),
    ]
    assert queued[3:] == [({}, None)] * 3


def test_many_sessions_queue_them_once(ledger: Ledger) -> None:
    sessions = [join(ledger) for _ in range(4)]
    numbers = [take(session).number for session in sessions]
    assert numbers == [0, 1, 2, 3]
    assert len(told(ledger)) == 4


def test_what_is_left_open_is_decided_by_seed_and_number(ledger: Ledger, tmp_path: Path) -> None:
    run_all(join(ledger))
    again = begin(tmp_path / "again", spec_of(trials=6, start_with=(SMALL, OWN, PARTIAL)))
    run_all(join(again))
    assert params_of_all(again) == params_of_all(ledger)
    again.database.close()


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_repeats_of_a_start_point_agree_in_what_it_leaves_open(tmp_path: Path, sampler: str) -> None:
    spec = spec_of(trials=10, start_with=(PARTIAL, OWN), repeats=2, sampler=ComponentSpec(sampler))
    ledger = begin(tmp_path, spec)
    run_all(join(ledger))
    points = [tuple(params.items()) for params in params_of_all(ledger).values()]
    assert points[::2] == points[1::2]
    assert len(set(points)) == 5
    ledger.database.close()


def test_a_point_that_is_added_later_is_tried_next(ledger: Ledger) -> None:
    session = join(ledger)
    for _ in range(4):
        take(session)
    spec = spec_of(trials=6, start_with=(StartPoint({"rate": 5e-3}), PARTIAL, OWN, SMALL))
    go_on(ledger, spec)
    assert take(session).params["rate"] == 5e-3
    assert [trial.user_attrs for trial in told(ledger)].count({}) == 1


def test_a_point_that_is_taken_out_stays_queued(ledger: Ledger) -> None:
    session = join(ledger)
    take(session)
    go_on(ledger, spec_of(trials=6))
    assert take(session).params["family"] == "dense"


def test_a_smaller_budget_leaves_them_queued_for_more(tmp_path: Path) -> None:
    ledger = begin(tmp_path, spec_of(trials=1, start_with=(SMALL, OWN)))
    run_all(join(ledger))
    assert [trial.state for trial in ledger.trials(NAME)] == ["COMPLETE", "WAITING"]
    assert ledger.use_of_budget(NAME).is_used_up
    ledger.set_budget(NAME, replace(ledger.study(NAME).budget, trials=3))
    run_all(join(ledger))
    assert params_of_all(ledger)[1] == {"family": "dense", "bidirectional": True, "rate": 1e-2}
    ledger.database.close()


def test_points_that_a_person_queued_are_not_taken_for_start_points(tmp_path: Path) -> None:
    ledger = begin(tmp_path, spec_of(trials=3, start_with=(OWN,)))
    theirs = optuna.load_study(study_name=NAME, storage=ledger.database.storage)
    theirs.enqueue_trial(dict(OWN.params))
    run_all(join(ledger))
    found = params_of_all(ledger)
    assert found[0] == found[1] != found[2]
    ledger.database.close()
