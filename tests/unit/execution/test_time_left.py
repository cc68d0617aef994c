"""A time limit: what is begun first, what is not begun any more, and when neither is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from tests.ledgers import spec_of
from tuner.catalogue import CATALOGUE
from tuner.execution.plan import StudyPlan
from tuner.execution.time_left import TimeLeft
from tuner.search.seconds import MIN_TRIALS
from tuner.spec.values import ComponentSpec, IntParameter
from tuner.storage import BudgetUse, RunningStudy, TrialRecord
from tuner.trial import TrialRequest

FIXED = {"family": "lstm", "embedding": "trained"}
TPE = ComponentSpec("tpe")
USE = BudgetUse(None, 600.0, 0.0, 0, 0, 0, 0, 0, 0)


@dataclass
class Ended:
    """A study of which only the ended trials are asked."""

    found: list[TrialRecord] = field(default_factory=list)
    reads: int = 0

    def trials(self) -> list[TrialRecord]:
        self.reads += 1
        return self.found


def left(
    study: Ended,
    sampler: ComponentSpec = TPE,
    work: Callable[[TrialRequest], float | None] = lambda _: None,
) -> TimeLeft:
    space = (IntParameter("units", "units", 2, 64),)
    spec = spec_of(trials=None, time_limit_s=600.0, space=space, fixed=FIXED, sampler=sampler)
    here = Path("/nowhere")
    plan = StudyPlan("s", spec, CATALOGUE, {"moderate": here}, here, here, here)
    return TimeLeft(plan, cast("RunningStudy", study), work)


def trials(seconds: float, count: int = MIN_TRIALS) -> list[TrialRecord]:
    """Trials of which each unit takes so many seconds."""
    settings = CATALOGUE.complete(FIXED)
    return [
        TrialRecord(
            number=number,
            state="COMPLETE",
            settings={**settings, "units": 2 + 10 * number},
            seconds=seconds * (2 + 10 * number),
            epochs=3,
        )
        for number in range(count)
    ]


def by_units(request: TrialRequest) -> float:
    return float(request.params["units"])


def test_a_study_without_a_time_limit_is_not_asked() -> None:
    study = Ended(trials(1.0))
    assert left(study).choice(replace(USE, time_limit_s=None)) is None
    assert study.reads == 0


@pytest.mark.parametrize(("used_s", "times"), [(0.0, 16.0), (300.0, 4.0), (600.0, 1.0)])
def test_what_takes_less_work_is_likelier_the_more_time_is_left(used_s: float, times: float) -> None:
    choice = left(Ended(), work=by_units).choice(replace(USE, used_s=used_s))
    assert choice is not None
    found = choice(600.0 - used_s)
    assert found.draws == 8
    assert found.weight({"units": 10}) / found.weight({"units": 40}) == pytest.approx(times)


def test_where_no_work_is_known_all_are_alike() -> None:
    choice = left(Ended()).choice(USE)
    assert choice is not None
    assert choice(600.0).weight({"units": 10}) == choice(600.0).weight({"units": 40})


def test_seconds_of_ended_trials_take_the_place_of_an_estimate() -> None:
    """By the estimate all are alike; by their seconds a trial takes the longer the more units it has."""
    choice = left(Ended(trials(1.0)), work=lambda _: 1.0).choice(replace(USE, complete=MIN_TRIALS))
    assert choice is not None
    found = choice(600.0)
    assert found.weight({"units": 12}) > 2 * found.weight({"units": 42})


def test_near_the_limit_nothing_is_begun_that_is_not_predicted_to_end() -> None:
    keeping = left(Ended(trials(2.0)))
    choice = keeping.choice(replace(USE, used_s=570.0, complete=MIN_TRIALS))
    assert choice is not None
    found = choice(30.0)
    assert found.weight({"units": 60}) == 0.0
    assert keeping.unused_s == 30.0
    assert found.weight({"units": 2}) > 0.0
    assert keeping.unused_s is None


def test_with_one_draw_only_the_end_is_judged() -> None:
    keeping = left(Ended(trials(2.0)), ComponentSpec("tpe", {"draws": 1}))
    assert keeping.choice(replace(USE, complete=MIN_TRIALS)) is None
    assert keeping.choice(replace(USE, used_s=570.0, complete=MIN_TRIALS)) is not None
    assert left(Ended(), ComponentSpec("random")).choice(USE) is None


def test_trials_are_read_when_others_have_ended_and_not_before() -> None:
    study = Ended(trials(1.0))
    keeping = left(study)
    for _ in range(3):
        keeping.choice(replace(USE, complete=MIN_TRIALS))
    assert study.reads == 1
    keeping.choice(replace(USE, complete=MIN_TRIALS + 1))
    assert study.reads == 2
