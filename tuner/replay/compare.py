"""Several pruners over the same recorded study, in its order, in shuffled ones, or as samplers ask."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from tuner.decision import Decision
from tuner.errors import InputError
from tuner.replay.judge import Judgement, Truth, judge, truth_of
from tuner.replay.recorded import RecordedStudy
from tuner.replay.sampled import Sampled, sampled
from tuner.replay.simulate import InOrder, TrialCourse, clock_of, courses_of, simulate
from tuner.search.pruning import FinishedTrial, Pruner, make_pruner
from tuner.search.samplers import make_sampler
from tuner.spec.catalogue import Metric
from tuner.spec.check import PRUNERS_FOR_ANY
from tuner.spec.values import ComponentSpec, Objective
from tuner.training.chance import Chance, ChanceOfNumbers, chance_of_counts
from tuner.trial import EpochReport

if TYPE_CHECKING:
    from tuner.search.pool import Chosen

__all__ = ["LOSS", "Comparison", "Conditions", "Order", "Outcome", "compare", "pruner_for"]

Order: TypeAlias = Literal["recorded", "shuffled"]

LOSS = 0.01
"""A member of the front with more than this share of the hypervolume to itself is a loss when it is cut."""


@dataclass(frozen=True)
class Conditions:
    """Under which a study is replayed.

    Attributes:
        workers: At the same time; at least 1.
        order: ``recorded``, or ``shuffled`` anew for each seed.
        seeds: Shuffles, or seeds of each sampler, at least 1; the recorded order is replayed once.
        trials: The first so many of the order, or None for all.
        time_limit_s: No trial begins after it; None for no limit.
        reference: The reference point, one value an objective, or None for ``truth_of``'s.
        chance_epochs: As the setting: every pruner's trials are cut that have learned nothing; 0 for none.
            "Without pruning" stays without this cut.
    """

    workers: int = 1
    order: Order = "recorded"
    seeds: int = 1
    trials: int | None = None
    time_limit_s: float | None = None
    reference: tuple[float, ...] | None = None
    chance_epochs: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of one pruner.

    Attributes:
        pruner: As declared.
        judged_by: The objectives that it was asked about; the first only for one that knows no more.
        judgements: One an order.
        sampler: That chose the order, as declared; None where none did.
        begun: What it began, over all orders.
    """

    pruner: ComponentSpec
    judged_by: tuple[Objective, ...]
    judgements: tuple[Judgement, ...]
    sampler: ComponentSpec | None = None
    begun: tuple[Chosen, ...] = ()

    @property
    def losses(self) -> int:
        """Orders in which a member was cut that had more than :data:`LOSS` to itself."""
        return sum(each.largest_cut > LOSS for each in self.judgements)

    @property
    def off(self) -> float:
        """How far what was begun lay from what the sampler asked for, on average; from 0 to 1."""
        return statistics.fmean(each.distance for each in self.begun) if self.begun else 0.0

    @property
    def off_by_chance(self) -> float:
        """How far a trial that is drawn among those not begun yet would have lain."""
        return statistics.fmean(each.mean_distance for each in self.begun) if self.begun else 0.0

    def median(self, measure: Callable[[Judgement], float]) -> float:
        """Return the median of a number over the orders."""
        return float(statistics.median(measure(each) for each in self.judgements))

    def least(self, measure: Callable[[Judgement], float]) -> float:
        """Return the least of a number over the orders."""
        return min(measure(each) for each in self.judgements)

    def most(self, measure: Callable[[Judgement], float]) -> float:
        """Return the greatest of a number over the orders."""
        return max(measure(each) for each in self.judgements)


@dataclass(frozen=True)
class Comparison:
    """A recorded study replayed with several pruners.

    Attributes:
        study: What was replayed.
        conditions: Under which.
        clock: The metric that told the seconds.
        truth: The whole study without pruning.
        until_s: Up to when the hypervolume that is held is averaged: the time limit, or the seconds of as
            many trials of the study without pruning, on average, divided by the workers.
        outcomes: One a sampler and pruner, as asked.
    """

    study: RecordedStudy
    conditions: Conditions
    clock: str
    truth: Truth
    until_s: float
    outcomes: tuple[Outcome, ...]


def compare(
    study: RecordedStudy,
    pruners: Sequence[ComponentSpec],
    metrics: Mapping[str, Metric],
    conditions: Conditions | None = None,
    samplers: Sequence[ComponentSpec] = (),
    done: Callable[[int, int], None] = lambda _done, _of: None,
) -> Comparison:
    """Replay a study with each pruner, over the same orders.

    Args:
        study: Recorded curves, of at least one trial.
        pruners: As declared in a search-space file.
        metrics: Every metric by name.
        conditions: Defaults to one worker and the recorded order.
        samplers: As declared; each chooses the order itself, from what has ended, with every pruner.
            Defaults to none, for a sampler is replayed only as far as points like those it asks for were
            recorded.
        done: Is told after each replay how many are done, of how many.

    Raises:
        InputError: If there is nothing to replay, a sampler, a pruner or a condition is wrong, or an epoch's
            seconds or, for a sampler, the space were not recorded.
    """
    conditions = conditions or Conditions()
    clock = clock_of(study.objectives)
    _check(study, conditions, clock)
    if samplers and not study.space:
        raise InputError(
            f"study '{study.name}': its search space was not recorded, so no sampler can be asked",
            "save it again with `tuner replay STUDY --save FILE`, or leave --sampler out",
        )
    chance = _chance(study) if conditions.chance_epochs else None
    courses = courses_of(study.trials, study.objectives, clock, chance, conditions.chance_epochs)
    truth = truth_of(courses, study.objectives, conditions.reference)
    if conditions.reference is not None and truth.hypervolume == 0.0:
        raise InputError("reference: no trial is better than it in every objective", "give a worse point")
    judges = [(spec, *pruner_for(spec, study.objectives, metrics)) for spec in pruners]
    for each in samplers:  # what cannot be asked is refused before an hour of replays
        if "draws" in each.options:
            raise InputError(
                f"sampler '{each.name}': draws is not replayed, for points are chosen by predicted seconds"
                " only within a time limit and at a study's end",
                "leave it out; a replay begins what the sampler asks for",
            )
        make_sampler(each, study.space, 0)
    orders = _orders(courses, conditions, bool(samplers))
    runs = len(samplers or (None,)) * len(pruners) * len(orders)
    replay = _Replay(study, courses, orders, truth, conditions, lambda count: done(count, runs))
    outcomes = []
    for sampler in samplers or (None,):
        for spec, pruner, judged_by in judges:
            judgements, begun = replay.run(pruner, sampler)
            outcomes.append(Outcome(spec, judged_by, judgements, sampler, begun))
    return Comparison(study, conditions, clock, truth, replay.until_s, tuple(outcomes))


class _Replay:
    """Replays a study over all orders of the conditions, with one pruner and sampler after another."""

    def __init__(
        self,
        study: RecordedStudy,
        courses: Sequence[TrialCourse],
        orders: Sequence[Sequence[TrialCourse]],
        truth: Truth,
        conditions: Conditions,
        done: Callable[[int], None],
    ) -> None:
        self._study = study
        self._courses = courses
        self._orders = orders
        self._truth = truth
        self._conditions = conditions
        self._done = done
        self._count = 0
        share = min(conditions.trials or len(courses), len(courses)) / len(courses)
        limit_s = conditions.time_limit_s
        self.until_s = share * truth.seconds / conditions.workers if limit_s is None else limit_s

    def run(
        self, pruner: Pruner, sampler: ComponentSpec | None
    ) -> tuple[tuple[Judgement, ...], tuple[Chosen, ...]]:
        """Return the judgements, one an order, and what a sampler began."""
        conditions, judgements, begun = self._conditions, [], []
        for seed, order in enumerate(self._orders):
            queue: InOrder | Sampled
            if sampler is None:
                queue = InOrder(order[: conditions.trials])
            else:
                queue = sampled(sampler, self._study, order, seed, conditions.trials)
            run = simulate(queue, pruner, conditions.workers, conditions.time_limit_s)
            judgements.append(judge(run, self._courses, self._truth, self.until_s))
            begun += [] if isinstance(queue, InOrder) else queue.begun
            self._count += 1
            self._done(self._count)
        return tuple(judgements), tuple(begun)


def _check(study: RecordedStudy, conditions: Conditions, clock: str) -> None:
    if not study.trials:
        reasons = ", ".join(f"{count} {reason}" for reason, count in study.left_out.items())
        raise InputError(
            f"study '{study.name}' has no trial that was trained to its end ({reasons or 'no trial'})",
            "record one with `pruner: none`",
        )
    if any(clock not in metrics for trial in study.trials for metrics in trial.epochs):
        raise InputError(f"study '{study.name}': {clock} was not recorded in every epoch", "replay another")
    if conditions.workers < 1 or conditions.seeds < 1:
        raise InputError("workers and seeds: at least 1 expected")
    reference = conditions.reference
    if reference is not None and len(reference) != len(study.objectives):
        names = ", ".join(objective.metric for objective in study.objectives)
        raise InputError(f"reference: {len(reference)} numbers found, one expected for each of: {names}")


def _chance(study: RecordedStudy) -> Chance | ChanceOfNumbers:
    train, validation = (study.counts.get(part, ()) for part in ("train", "validation"))
    if not sum(train) or not sum(validation):
        raise InputError(
            f"study '{study.name}': the texts of each class were not recorded, so chance is not known",
            "leave --chance-epochs out",
        )
    return chance_of_counts(train, validation)


def _orders(
    courses: Sequence[TrialCourse], conditions: Conditions, for_sampler: bool
) -> list[Sequence[TrialCourse]]:
    """Return the orders of all trials; a sampler is given shuffled ones, which decide among equally near."""
    if conditions.order == "recorded" and not for_sampler:
        return [courses]
    orders: list[Sequence[TrialCourse]] = []
    for seed in range(conditions.seeds):
        order = list(courses)
        random.Random(seed).shuffle(order)  # noqa: S311 - no secret
        orders.append(order)
    return orders


def pruner_for(
    spec: ComponentSpec, objectives: tuple[Objective, ...], metrics: Mapping[str, Metric]
) -> tuple[Pruner, tuple[Objective, ...]]:
    """Make a pruner for a study; one that knows a single objective is asked about the first.

    Returns:
        The pruner, and the objectives that it is asked about.

    Raises:
        InputError: If the pruner is unknown or an option is wrong.
    """
    if spec.name in PRUNERS_FOR_ANY or len(objectives) == 1:
        return make_pruner(spec, objectives, metrics), objectives
    return _OnFirstObjective(make_pruner(spec, objectives[:1], metrics)), objectives[:1]


class _OnFirstObjective:
    """Asks a pruner of one objective about the first of several."""

    def __init__(self, pruner: Pruner) -> None:
        self._pruner = pruner

    def decide(
        self,
        running: Sequence[EpochReport],
        finished: Sequence[FinishedTrial],
        epochs_left: int | None = None,
    ) -> Decision | None:
        """See ``Pruner``."""
        firsts = [replace(trial, values=trial.values and trial.values[:1]) for trial in finished]
        return self._pruner.decide(running, firsts, epochs_left)
