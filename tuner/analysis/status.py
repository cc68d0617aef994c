"""How far a study is: its trials by state, its budget, its front and who is working on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.analysis.front import front
from tuner.analysis.retimed import shown_points
from tuner.analysis.seconds import unlike
from tuner.spec.grid import trials_within
from tuner.spec.values import Objective

if TYPE_CHECKING:
    from tuner.storage import Ledger

__all__ = ["STATES", "StudyStatus", "status_of"]

STATES = ("COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING")
"""Every state a trial can be in, as Optuna names them, in the order in which they are shown."""


@dataclass(frozen=True)
class StudyStatus:
    """A study as it stands.

    Attributes:
        study: Its name.
        objectives: In declared order.
        trials: How many there are, whatever their state.
        states: How many of each state; every state is there, also with 0.
        finished: Ended trials, whatever their end.
        not_begun: Of them those that did not fit into memory; they are among the PRUNED.
        trials_budget: The budget of trials, or None without one.
        used_s: Session seconds used up.
        time_limit_s: The budget of seconds, or None without one.
        front_size: Members of the front.
        sessions: Sessions alive that are working on it.
        workers: Worker processes of those sessions.
        unlike_seconds: Which trials' seconds are of unlike kinds; empty for none.
        grid_trials: How many trials the whole grid takes where that is less than the budget; else None.
    """

    study: str
    objectives: Sequence[Objective]
    trials: int
    states: Mapping[str, int]
    finished: int
    not_begun: int
    trials_budget: int | None
    used_s: float
    time_limit_s: float | None
    front_size: int
    sessions: int
    workers: int
    unlike_seconds: str = ""
    grid_trials: int | None = None

    @property
    def trials_left(self) -> int | None:
        """Trials that have not ended yet, of the budget or the smaller grid; None without such a budget."""
        most = self.trials_budget if self.grid_trials is None else self.grid_trials
        return None if most is None else max(most - self.finished, 0)

    @property
    def left_s(self) -> float | None:
        """Seconds of the budget that are left, or None without such a budget."""
        return None if self.time_limit_s is None else max(self.time_limit_s - self.used_s, 0.0)


def status_of(ledger: Ledger, name: str) -> StudyStatus:
    """Read a study's status.

    Args:
        ledger: Of an open database.
        name: An existing study.
    """
    with ledger.snapshot(name) as seen:
        study, states, use = seen.study, seen.states(), seen.use_of_budget()
        not_begun, points = seen.unfit(), shown_points(seen)
    members = front(points, study.spec.objectives)
    most = trials_within(study.spec, use.trials)
    return StudyStatus(
        study=name,
        objectives=study.spec.objectives,
        trials=sum(states.values()),
        states={state: states.get(state, 0) for state in STATES},
        finished=use.finished,
        not_begun=not_begun,
        trials_budget=use.trials,
        used_s=use.used_s,
        time_limit_s=use.time_limit_s,
        front_size=len(members),
        sessions=study.sessions_alive,
        workers=study.workers_alive,
        unlike_seconds=unlike(name, points, members, study.spec.objectives),
        grid_trials=most if most != use.trials else None,
    )
