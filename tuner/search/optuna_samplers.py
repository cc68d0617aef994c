"""Samplers as an Optuna study calls them, made repeatable: what a trial is given depends on its number.

A seeded sampler of Optuna draws the same start-up trials again after a resume and in every process,
because its random state begins anew. Here the state is derived from the study's seed and the trial's
number, and nothing is remembered from one trial to the next.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tuner.search.history import PartOfStudy, TellingTrials
from tuner.search.space import grid_points
from tuner.spec.values import Parameter
from tuner.trial import trial_seed

__all__ = [
    "QUEUED_PARAMS",
    "START_POINT",
    "PermutedGridSampler",
    "RepeatedSampler",
    "SeededSampler",
    "StudySampler",
]

QUEUED_PARAMS = "fixed_params"
"""The system attribute in which Optuna keeps the params that ``Study.enqueue_trial`` was given."""

START_POINT = "start_with"
"""The user attribute of trials that the declaration's ``start_with`` queued: the preset, or that it is an own
point."""


class StudySampler(BaseSampler):
    """A sampler of this project.

    Attributes:
        capacity: Trials that it can give, beside queued ones; None for no limit.
        history: Ended trials that it looks at, chosen by ``telling_numbers``; None if it needs all of them.
    """

    capacity: int | None = None
    history: int | None = None

    def try_again(self, attempt: int) -> None:
        """Give trials from now on other points than in earlier attempts, where there is a choice.

        Args:
            attempt: From 0, which is the usual one.
        """

    def repeating(self, repeats: int) -> StudySampler:
        """Return a sampler that gives each of this one's points to ``repeats`` trials."""
        return RepeatedSampler(self, repeats)

    def reseed_rng(self) -> None:
        """Do nothing: the seeds are the trials' own, and a random one would make them unrepeatable."""


class SeededSampler(StudySampler):
    """Hands each trial to a sampler of Optuna that is made for it, with that trial's seed.

    Args:
        make_inner: Makes Optuna's sampler from a seed.
        study_seed: The study's seed.
        history: How many ended trials it is shown (:func:`~tuner.search.history.telling_numbers`); None for
            all of them.
    """

    def __init__(
        self, make_inner: Callable[[int], BaseSampler], study_seed: int, history: int | None = None
    ) -> None:
        self._make_inner = make_inner
        self._study_seed = study_seed
        self._attempt = 0
        self._current: tuple[int, BaseSampler] | None = None
        self._shown: Study | None = None
        self._telling = None if history is None else TellingTrials(history)
        self.history = history

    def try_again(self, attempt: int) -> None:
        """Draw with another random state in every attempt."""
        self._attempt, self._current = attempt, None

    def _inner(self, trial: FrozenTrial) -> BaseSampler:
        if self._current is None or self._current[0] != trial.number:
            with warnings.catch_warnings():
                # `group` and QMC are called experimental; both are declared on purpose and tested here.
                warnings.simplefilter("ignore", ExperimentalWarning)
                seed = trial_seed(self._study_seed, trial.number)
                inner = self._make_inner(trial_seed(seed, self._attempt) if self._attempt else seed)
            self._current = (trial.number, inner)
        return self._current[1]

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Begin ``trial`` with a fresh random state, also when it was begun before."""
        self._current = self._shown = None
        self._inner(trial).before_trial(study, trial)

    def _study(self, study: Study) -> Study:
        """Return what the current trial's sampler is shown of its study, chosen once a trial."""
        if self._telling is None:
            return study
        if self._shown is None:
            self._shown = cast("Study", PartOfStudy(study, self._telling))
        return self._shown

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """See ``BaseSampler``."""
        return self._inner(trial).infer_relative_search_space(self._study(study), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See ``BaseSampler``."""
        return self._inner(trial).sample_relative(self._study(study), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """See ``BaseSampler``."""
        shown = self._study(study)
        return self._inner(trial).sample_independent(shown, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """See ``BaseSampler``."""
        self._inner(trial).after_trial(study, trial, state, values)


class RepeatedSampler(StudySampler):
    """Gives every point to several trials in a row: the first asks another sampler, the others repeat it.

    Which trial is whose repeat follows from the trials' numbers alone, so that all coordinators and all
    resumes agree without any state. Trials that another program queued take a number but repeat nothing
    and are not counted; start points are queued as often as they are to run, and the later ones take from
    the first what the point leaves open. Repeats are trials like others to the samplers that learn from
    past ones, but for NSGA-II, whose generations are made of first ones.

    Args:
        inner: Asked for every first trial.
        repeats: Trials of each point, at least 2.
    """

    def __init__(self, inner: StudySampler, repeats: int) -> None:
        self._inner = inner
        self._repeats = repeats
        self._current: tuple[int, dict[str, Any] | None] | None = None

    def try_again(self, attempt: int) -> None:
        """Let first trials have other points; a repeat has no choice."""
        self._inner.try_again(attempt)

    def _repeated(self, study: Study, trial: FrozenTrial) -> dict[str, Any] | None:
        """Return the params of the trial that ``trial`` repeats, or None when it repeats none."""
        if self._current is None or self._current[0] != trial.number:
            first = self._first(study, trial)
            self._current = (trial.number, None if first is None else first.params)
        return self._current[1]

    def _first(self, study: Study, trial: FrozenTrial) -> FrozenTrial | None:
        found = [each for each in study.get_trials(deepcopy=False) if each.number < trial.number]
        earlier = sorted(found, key=lambda each: each.number)
        if START_POINT in trial.user_attrs:
            same = (
                each for each in earlier if START_POINT in each.user_attrs and _queued(each) == _queued(trial)
            )
            return next(same, None)
        if QUEUED_PARAMS in trial.system_attrs:
            return None
        sampled = [each for each in earlier if QUEUED_PARAMS not in each.system_attrs]
        place = len(sampled) % self._repeats
        return sampled[-place] if place else None

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """See ``BaseSampler``."""
        self._current = None
        if self._repeated(study, trial) is None:
            self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing for a repeat: each of its parameters is copied on its own."""
        if self._repeated(study, trial) is not None:
            return {}
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See ``BaseSampler``."""
        if self._repeated(study, trial) is not None:
            return {}
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value of the trial that is repeated, or else the inner sampler's."""
        repeated = self._repeated(study, trial) or {}
        if param_name in repeated:
            return repeated[param_name]
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """See ``BaseSampler``."""
        self._inner.after_trial(study, trial, state, values)


def _queued(trial: FrozenTrial) -> Any:
    return trial.system_attrs.get(QUEUED_PARAMS)


class PermutedGridSampler(StudySampler):
    """Gives trial number ``n`` the ``n``-th point of a permutation that the study's seed decides.

    Without any state, so that all coordinators and all resumes together try each point exactly once.
    Optuna's own grid and brute-force samplers pick at random among what looks untried, and two
    processes pick the same. Queued trials take a number but no point: they are not counted.

    With ``repeats`` the whole grid is gone through again and again, each time in another order: what
    disturbs the machine for an hour then disturbs all points alike (randomised complete blocks, Fisher
    1935), and a study that is stopped early has compared all of them.

    Args:
        space: A discrete space.
        study_seed: The study's seed.
        repeats: How often each point is tried.

    Raises:
        InputError: If the space is continuous or too large.
    """

    def __init__(self, space: Sequence[Parameter], study_seed: int, repeats: int = 1) -> None:
        self._space = space
        self._points = grid_points(space)
        self._study_seed = study_seed
        self._order: tuple[int, list[int]] | None = None
        self._current: tuple[int, dict[str, Any]] | None = None
        self._repeats = repeats
        self.capacity = len(self._points) * repeats

    def repeating(self, repeats: int) -> StudySampler:
        """Return one that goes through the grid so often."""
        return PermutedGridSampler(self._space, self._study_seed, repeats)

    def _point(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
        """Return the trial's point; an empty one for a queued trial or past the last point."""
        if self._current is None or self._current[0] != trial.number:
            point: dict[str, Any] = {}
            if QUEUED_PARAMS not in trial.system_attrs:
                earlier = (t for t in study.get_trials(deepcopy=False) if t.number < trial.number)
                index = trial.number - sum(QUEUED_PARAMS in t.system_attrs for t in earlier)
                time, place = divmod(index, len(self._points))
                if time < self._repeats:
                    point = self._points[self._permuted(time, place)]
            self._current = (trial.number, point)
        return self._current[1]

    def _permuted(self, time: int, place: int) -> int:
        """Return which point comes at ``place`` when the grid is gone through for the ``time``-th time."""
        if self._order is None or self._order[0] != time:
            seed = [self._study_seed, time] if time else self._study_seed
            order = np.random.default_rng(seed).permutation(len(self._points))
            self._order = (time, order.tolist())
        return self._order[1][place]

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """Return nothing: every parameter is read from the point on its own."""
        return {}

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the point's value; what a queued trial leaves open is drawn at random."""
        point = self._point(study, trial)
        if param_name in point:
            return point[param_name]
        drawn = RandomSampler(seed=trial_seed(self._study_seed, trial.number))
        return drawn.sample_independent(study, trial, param_name, param_distribution)
