"""Recorded trials in the order in which a sampler asks for them, as far as they were recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tuner.replay.recorded import RecordedStudy
from tuner.replay.simulate import TrialCourse
from tuner.search.samplers import make_sampler
from tuner.search.trials import FinishedTrial
from tuner.spec.values import ComponentSpec

if TYPE_CHECKING:
    from tuner.search.pool import Chosen, Pool

__all__ = ["Sampled", "sampled"]


class Sampled:
    """Gives the trials that a sampler asks for; a ``Queue``.

    Args:
        courses: By number.
        pool: Of the same trials.
        most: Begin so many, or None for all.

    Attributes:
        begun: What was begun, and how far it lay from what was asked for.
    """

    def __init__(self, courses: Mapping[int, TrialCourse], pool: Pool, most: int | None = None) -> None:
        self._courses = courses
        self._pool = pool
        self._most = len(courses) if most is None else most
        self.begun: list[Chosen] = []

    def begin(self, now_s: float) -> TrialCourse | None:  # noqa: ARG002 - a sampler knows no clock
        """See ``Queue``."""
        found = self._pool.begin() if len(self.begun) < self._most else None
        if found is None:
            return None
        self.begun.append(found)
        return self._courses[found.number]

    def end(self, trial: FinishedTrial) -> None:
        """See ``Queue``."""
        self._pool.end(trial.number, trial.values)


def sampled(
    spec: ComponentSpec,
    study: RecordedStudy,
    order: Sequence[TrialCourse],
    seed: int,
    most: int | None = None,
) -> Sampled:
    """Let a declared sampler choose among the trials of a study.

    Args:
        spec: The sampler.
        study: With the space that it searched.
        order: Its trials; of equally near ones the first is begun.
        seed: Of the sampler, as a study's.
        most: Begin so many, or None for all.

    Raises:
        InputError: If the sampler is unknown, an option is wrong, or the space does not suit it.
    """
    from tuner.search.pool import Pool  # loads Optuna, which a replay in a given order does without

    params = {trial.number: trial.params for trial in study.trials}
    points = {course.number: params[course.number] for course in order}
    pool = Pool(make_sampler(spec, study.space, seed), study.space, study.objectives, points)
    return Sampled({course.number: course for course in order}, pool, most)
