"""Claiming a trial: under the study's lock, first what must go on, then what is new.

The order makes the budget exact whatever dies when: a trial that was begun is found again and finished
before another is begun, and a trial counts from the moment it exists in Optuna's table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import optuna
import sqlalchemy as sa

from tuner.search.ahead import choose_attempt
from tuner.search.choice import ChoiceWithin
from tuner.search.optuna_samplers import QUEUED_PARAMS, START_POINT, StudySampler
from tuner.search.space import suggest
from tuner.spec.values import Params, StartPoint, StudySpec, accepts
from tuner.storage.engine import Database
from tuner.storage.leases import Holder, Lease, Sightings, drop, read_leases, take, take_over
from tuner.storage.reading import read_params
from tuner.storage.records import BudgetUse, Claim, StudyRecord
from tuner.storage.studies import read_study, use_of_budget
from tuner.storage.tables import leases, optuna_trials, results, system_attributes
from tuner.storage.telling import Teller, write_event
from tuner.trial import Ending, TrialOutcome

__all__ = ["Claimer"]


@dataclass
class Claimer:
    """Finds the next trial for a session.

    Attributes:
        database: Where.
        name: The study's name.
        study: Optuna's study, with its sampler.
        sampler: The same sampler.
        holder: The session.
        teller: Ends trials.
        crash_point: Called between two writes that belong together.
        unrecorded_s: Seconds of this session that are not in its row yet.
        sightings: What this session has seen of others' leases.
        held: Tokens that this session was given and still has.
        queued: The start points that this session has seen queued.
        unfit: How the study stood when no point fitted into the time left.
    """

    database: Database
    name: str
    study: optuna.Study
    sampler: StudySampler
    holder: Holder
    teller: Teller
    crash_point: Callable[[str], None]
    unrecorded_s: Callable[[], float]
    sightings: Sightings
    held: set[str] = field(default_factory=set)
    queued: tuple[StartPoint, ...] = ()
    unfit: tuple[int, float | None] | None = None

    def claim(self, choice: ChoiceWithin | None = None) -> Claim | None:
        """Return a trial to run, or None when there is nothing to begin or to go on with now."""
        self.sampler.try_again(0)  # what an earlier claim chose is not for this one
        with self.database.study_lock(self.name):
            self.crash_point("locked")
            self.teller.tell_recorded()
            with self.database.reading() as connection:
                now = self.database.now(connection)
                record = read_study(connection, self.name, self.holder.owner, now)
            self._queue_start_points(record.spec)
            claim = self._continue(record) or self._adopt(record) or self._begin_new(choice)
        if claim is not None:
            self.held.add(claim.token)
        return claim

    def budget_use(self) -> BudgetUse:
        """Return what of the budget is used up, this moment included."""
        with self.database.reading() as connection:
            now = self.database.now(connection)
            record = read_study(connection, self.name, self.holder.owner, now)
            use = use_of_budget(connection, self.holder.study_id, record.budget)
        return self._now(use, record)

    def _now(self, use: BudgetUse, record: StudyRecord) -> BudgetUse:
        """Return how the budget stands with what is not written down yet, and by how many it is used up."""
        sessions = max(1, record.sessions_alive)
        return replace(use, used_s=use.used_s + self.unrecorded_s(), sessions=sessions)

    # -- what must go on ---------------------------------------------------------------------------

    def _continue(self, record: StudyRecord) -> Claim | None:
        """Take over the first trial whose lease is over; fail those that died too often."""
        with self.database.reading() as connection:
            found = read_leases(connection, self.holder.study_id)
        self.sightings.reached()
        for lease in found:
            claim = None
            if self._is_unheard(lease):
                claim = self._claim_of(record, lease, str(lease.token), lease.deaths)
            elif self.sightings.is_over(lease):
                claim = self._take_over(record, lease)
            if claim is not None:
                return claim
        return None

    def _is_unheard(self, lease: Lease) -> bool:
        """Tell whether a lease was written for this session by a claim whose answer was lost."""
        return lease.session_id == self.holder.session_id and lease.token not in self.held

    def _take_over(self, record: StudyRecord, lease: Lease) -> Claim | None:
        if lease.state != "RUNNING":  # told by another program: nothing to go on with
            with self.database.writing() as connection:
                drop(connection, self.holder.study_id, lease.number)
            return None
        owner = lease.term.owner
        deaths = lease.deaths + (owner is not None)
        with self.database.writing() as connection:
            now = self.database.now(connection)
            token = take_over(connection, self.holder, lease, deaths, now)
            if token is not None and owner is not None:
                died = f"the session of process {owner.pid} on {owner.host} ended while it ran the trial"
                write_event(connection, self.holder.study_id, lease.number, now, "death", died)
        if token is None:
            return None
        self.crash_point("taken over")
        if deaths >= record.budget.max_deaths:
            reason = (
                f"died {deaths} times, as often as the budget allows (max_deaths: {record.budget.max_deaths})"
            )
            self.teller.end(token, TrialOutcome(lease.number, Ending.FAILED, reason=reason), None, None)
            return None
        return self._claim_of(record, lease, token, deaths)

    def _claim_of(self, record: StudyRecord, lease: Lease, token: str, deaths: int) -> Claim:
        with self.database.reading() as connection:
            params = read_params(connection, self.holder.study_id, record.spec, lease.number)
        return Claim(lease.number, token, params, deaths, continued=True)

    def _adopt(self, record: StudyRecord) -> Claim | None:
        """Go on with a trial whose asker died before it had a lease."""
        same = sa.and_(
            leases.c.study_id == optuna_trials.c.study_id, leases.c.number == optuna_trials.c.number
        )
        ended = sa.and_(
            results.c.study_id == optuna_trials.c.study_id, results.c.number == optuna_trials.c.number
        )
        query = (
            sa.select(optuna_trials.c.trial_id)
            .where(optuna_trials.c.study_id == self.holder.study_id, optuna_trials.c.state == "RUNNING")
            .where(~sa.exists().where(same), ~sa.exists().where(ended))
            .order_by(optuna_trials.c.number)
        )
        with self.database.reading() as connection:
            orphans = list(connection.scalars(query))
        if orphans:
            with self.database.translated():
                self.study.get_trials(deepcopy=False)  # Optuna knows a trial of others by its cache only
        for trial_id in orphans:
            with self.database.translated():
                trial = optuna.Trial(self.study, trial_id)
            claim = self._begin(record, trial)
            if claim is not None:
                return claim
        return None

    # -- what is new -------------------------------------------------------------------------------

    def _queue_start_points(self, spec: StudySpec) -> None:
        """Queue those start points that are not queued yet, each as often as it is repeated.

        Whoever claims first does it, under the study's lock, and looks at what is there: so a session that
        dies on the way loses and doubles none, and points that are declared later are queued then. Each
        one becomes a WAITING trial of Optuna's, as ``Study.enqueue_trial`` makes it for everybody.
        """
        if spec.start_with == self.queued:
            return
        with self.database.translated():
            trials = self.study.get_trials(deepcopy=False)
            marked = (trial for trial in trials if START_POINT in trial.user_attrs)
            there = Counter(_point_key(trial.system_attrs.get(QUEUED_PARAMS, {})) for trial in marked)
            for point in spec.start_with:
                for _ in range(spec.repeats - there[_point_key(point.params)]):
                    label = {START_POINT: point.preset or "own point"}
                    self.study.enqueue_trial(dict(point.params), user_attrs=label)
                    self.crash_point("queued")
        self.queued = spec.start_with

    def _begin_new(self, choice: ChoiceWithin | None) -> Claim | None:
        """Begin queued trials first, then what the sampler gives, while the budget has room."""
        while True:
            with self.database.reading() as connection:
                now = self.database.now(connection)
                record = read_study(connection, self.name, self.holder.owner, now)
                use = use_of_budget(connection, self.holder.study_id, record.budget)
                queued = 0 if self.sampler.capacity is None else self._count_queued(connection)
            use = self._now(use, record)
            if not use.may_begin or (not use.waiting and self._is_exhausted(use.begun - queued)):
                return None
            if not use.waiting and not self._chose(choice, record, use):
                return None
            with self.database.translated():
                trial = self.study.ask()
            self.crash_point("asked")
            claim = self._begin(record, trial)
            if claim is not None:
                return claim

    def _chose(self, choice: ChoiceWithin | None, record: StudyRecord, use: BudgetUse) -> bool:
        """Make the sampler give the next trial a chosen point; tell if there is one to begin."""
        if choice is None:
            return True
        if self.unfit == (use.finished, use.time_limit_s):
            return False  # as it stands nothing fitted, and the time left only shrinks
        with self.database.translated():
            chosen = choose_attempt(
                self.study, self.sampler, record.spec.space, choice(use.left_s), record.spec.seed
            )
        self.sampler.try_again(chosen or 0)
        if chosen is None:
            self.unfit = (use.finished, use.time_limit_s)
        return chosen is not None

    def _is_exhausted(self, asked: int) -> bool:
        return self.sampler.capacity is not None and asked >= self.sampler.capacity

    def _count_queued(self, connection: sa.Connection) -> int:
        """Count trials begun out of Optuna's queue, which used up no point of the sampler's."""
        query = (
            sa.select(sa.func.count())
            .select_from(optuna_trials)
            .join(system_attributes, system_attributes.c.trial_id == optuna_trials.c.trial_id)
            .where(optuna_trials.c.study_id == self.holder.study_id, optuna_trials.c.state != "WAITING")
            .where(system_attributes.c.key == QUEUED_PARAMS)
        )
        return int(connection.scalar(query) or 0)

    def _begin(self, record: StudyRecord, trial: optuna.Trial) -> Claim | None:
        """Give a trial its params and a lease; fail a queued one that the space does not allow."""
        with self.database.translated():
            problem = _problem_of_queued(record, self._queued_params(trial.number))
            params = {} if problem else suggest(trial, record.spec.space)
        self.crash_point("suggested")
        with self.database.writing() as connection:
            token = take(connection, self.holder, trial.number, self.database.now(connection))
        self.crash_point("leased")
        if problem:
            self.teller.end(token, TrialOutcome(trial.number, Ending.FAILED, reason=problem), None, None)
            return None
        return Claim(trial.number, token, params)

    def _queued_params(self, number: int) -> Mapping[str, Any]:
        storage = self.database.storage
        trial_id = storage.get_trial_id_from_study_id_trial_number(self.holder.study_id, number)
        queued: Mapping[str, Any] = storage.get_trial(trial_id).system_attrs.get(QUEUED_PARAMS, {})
        return queued


def _point_key(params: Params) -> str:
    return json.dumps(dict(params), sort_keys=True)


def _problem_of_queued(record: StudyRecord, queued: Mapping[str, Any]) -> str:
    """Return why a queued point cannot run, or an empty string; Optuna itself would run it with a warning."""
    space = {parameter.name: parameter for parameter in record.spec.space}
    for name, value in queued.items():
        if name not in space:
            return f"the queued point sets {name}, which is no parameter of this study"
        if not accepts(space[name], value):
            return f"the queued point has {name} {value!r}, which the space does not allow"
    return ""
