"""How far a study is, read from its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tuner.analysis.status import STATES, StudyStatus, status_of
from tuner.spec.values import DataSpec, StudySpec
from tuner.storage import BudgetUse, Ledger, TimingRecord, TrialRecord

POINTS = [TrialRecord(0, "COMPLETE", values=(0.8, 5.0)), TrialRecord(1, "COMPLETE", values=(0.7, 9.0))]
SPEC = StudySpec(DataSpec("movie-reviews"), "binary", ())


@dataclass
class Records:
    """What a status reads of a ledger."""

    trials_budget: int | None = 10
    time_limit_s: float | None = 60.0
    used_s: float = 45.0
    study: Any = field(default_factory=lambda: SimpleNamespace(spec=SPEC, sessions_alive=1, workers_alive=2))

    @contextmanager
    def snapshot(self, name: str) -> Iterator[Records]:
        yield self

    def timings(self) -> list[TimingRecord]:
        return []

    def points(self) -> list[TrialRecord]:
        return POINTS

    def states(self) -> dict[str, int]:
        return {"COMPLETE": 2, "PRUNED": 1, "RUNNING": 1}

    def unfit(self) -> int:
        return 1

    def use_of_budget(self) -> BudgetUse:
        return BudgetUse(self.trials_budget, self.time_limit_s, self.used_s, 2, 1, 0, 1, 0, 0)


def status(records: Records) -> StudyStatus:
    return status_of(cast("Ledger", records), "reviews")


def test_every_state_is_counted_also_those_without_a_trial() -> None:
    found = status(Records())

    assert tuple(found.states) == STATES
    assert found.states == {"COMPLETE": 2, "PRUNED": 1, "FAIL": 0, "RUNNING": 1, "WAITING": 0}
    assert (found.trials, found.not_begun) == (4, 1)


def test_ended_trials_count_against_the_budget() -> None:
    found = status(Records())
    assert (found.finished, found.trials_left) == (3, 7)


def test_the_front_is_counted_of_finished_trials() -> None:
    assert status(Records()).front_size == 1


def test_sessions_and_workers_are_those_alive() -> None:
    found = status(Records())
    assert (found.sessions, found.workers) == (1, 2)


@pytest.mark.parametrize(("used_s", "left_s"), [(45.0, 15.0), (75.0, 0.0)])
def test_an_overdrawn_budget_has_nothing_left(used_s: float, left_s: float) -> None:
    assert status(Records(used_s=used_s)).left_s == left_s


def test_without_a_budget_nothing_is_said_to_be_left() -> None:
    found = status(Records(trials_budget=None, time_limit_s=None))
    assert (found.trials_left, found.left_s) == (None, None)
