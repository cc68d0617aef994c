"""Puts seconds that were taken again, alone, in the place of those that the study took beside other work.

A time taken alone is a measurement, one taken beside others an estimate of it. So wherever trials are
shown, they come from :func:`shown_trials`. Optuna's values stay as they were told, and so does what
the study measured: it stands in ``TrialRecord.retimed.in_study``.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tuner.analysis.front import front
from tuner.execution.errands import last_runs, whole
from tuner.search.pareto import dominates
from tuner.spec.values import Objective
from tuner.storage.records import Retimed
from tuner.training.stopwatch import OF_STEPS

if TYPE_CHECKING:
    from tuner.storage import Ledger, Snapshot, TimingRecord, TrialRecord, Which

__all__ = [
    "changes",
    "each_shown",
    "retimed_of",
    "shown_points",
    "shown_trials",
    "standing_of_times",
    "with_times",
]


def shown_trials(ledger: Ledger, name: str) -> list[TrialRecord]:
    """Return a study's trials by number, with re-timed seconds where there are any.

    Args:
        ledger: Of an open database.
        name: An existing study.
    """
    with ledger.snapshot(name) as seen:
        return list(each_shown(seen))


def each_shown(seen: Snapshot, which: Which | None = None) -> Iterator[TrialRecord]:
    """Yield a study's trials by number, with re-timed seconds where there are any, some in memory at once.

    Args:
        seen: The study as it stands.
        which: Of its trials. Defaults to all of them, whole.
    """
    for page in seen.pages(which):
        timings = seen.timings([trial.number for trial in page])
        yield from with_times(page, timings, seen.study.spec.objectives)


def shown_points(seen: Snapshot) -> list[TrialRecord]:
    """Return the trials that completed with re-timed seconds among their values, and nothing else of them.

    So little is enough to tell who is on the front.
    """
    return with_times(seen.points(), seen.timings(), seen.study.spec.objectives)


def with_times(
    trials: Sequence[TrialRecord], timings: Sequence[TimingRecord], objectives: Sequence[Objective]
) -> list[TrialRecord]:
    """Put re-timed seconds in place, in metrics and in values.

    Args:
        trials: As the ledger hands them out.
        timings: Of the same study, as they were taken.
        objectives: Of that study.
    """
    if not timings:
        return list(trials)
    by_number: dict[int, list[TimingRecord]] = {}
    for timing in timings:
        by_number.setdefault(timing.number, []).append(timing)
    found = []
    for trial in trials:
        retimed = retimed_of(trial, by_number.get(trial.number, ()))
        if retimed is None or trial.values is None:
            found.append(trial)
            continue
        values = tuple(
            retimed.seconds.get(aim.metric, value)
            for aim, value in zip(objectives, trial.values, strict=True)
        )
        metrics = {**trial.metrics, **retimed.seconds}
        found.append(replace(trial, values=values, metrics=metrics, retimed=retimed))
    return found


def retimed_of(trial: TrialRecord, timings: Sequence[TimingRecord]) -> Retimed | None:
    """Return the median of a trial's latest series of timings, or None if it was never timed again.

    The median, since one disturbed run out of three then changes nothing.
    """
    runs = last_runs(timings, trial.number)
    if not runs:
        return None
    last = runs[-1]
    seconds = {}
    for metric in OF_STEPS:
        taken = [each.facts.get(metric) for each in runs]
        numbers = [float(value) for value in taken if isinstance(value, int | float)]
        if len(numbers) == len(runs):
            seconds[metric] = statistics.median(numbers)
    every = [each.training_time_s for each in runs]
    return Retimed(
        seconds={**seconds, "training_time_s": statistics.median(every)},
        in_study={name: trial.metrics[name] for name in OF_STEPS if name in trial.metrics},
        low_s=min(every),
        high_s=max(every),
        runs=len(runs),
        host=last.host,
        device=last.device,
        epochs=min(whole(each.facts.get("epochs")) for each in runs),
        kept_epochs=whole(last.facts.get("kept_epochs")),
    )


def standing_of_times(members: Sequence[TrialRecord]) -> str:
    """Say in one sentence which of a front's seconds were taken alone; an empty string if none were."""
    timed = [member.retimed for member in members if member.retimed is not None]
    if not timed:
        return ""
    said = f"re-timed: {len(timed)} of {len(members)} members"
    hosts = sorted({each.host for each in timed})
    said += f", alone on {hosts[0]}" if len(hosts) == 1 else f", on {len(hosts)} machines: {', '.join(hosts)}"
    if len(timed) < len(members):
        return f"{said}; the others' seconds are the study's, taken beside other work"
    return said


def changes(
    told: Sequence[TrialRecord], shown: Sequence[TrialRecord], objectives: Sequence[Objective]
) -> list[str]:
    """Say, a sentence a trial, who left a front and who came onto it because of re-timed seconds.

    Args:
        told: The trials with the values that they were told with.
        shown: The same with re-timed seconds.
        objectives: Of the study.
    """
    before = {trial.number for trial in front(told, objectives)}
    after = {trial.number: trial for trial in front(shown, objectives)}
    found = []
    directions = [aim.direction for aim in objectives]
    for trial in shown:
        if trial.number in before and trial.number not in after:
            by = next(
                number
                for number, member in sorted(after.items())
                if dominates(member.values or (), trial.values or (), directions)
            )
            found.append(f"trial {trial.number} left the front by re-timed seconds: trial {by} beats it")
        elif trial.number in after and trial.number not in before:
            found.append(f"trial {trial.number} came onto the front by re-timed seconds")
    return found
