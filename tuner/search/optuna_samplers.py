"""Samplers as an Optuna study calls them, made repeatable: what a trial is given depends on its number.

A seeded sampler of Optuna draws the same start-up trials again after a resume and in every process,
because its random state begins anew. Here the state is derived from the study's seed and the trial's
number, and nothing is remembered from one trial to the next.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tuner.search.space import grid_points
from tuner.spec.values import Parameter
from tuner.trial import trial_seed

__all__ = ["QUEUED_PARAMS", "PermutedGridSampler", "SeededSampler", "StudySampler"]

QUEUED_PARAMS = "fixed_params"
"""The system attribute in which Optuna keeps the params that ``Study.enqueue_trial`` was given."""


class StudySampler(BaseSampler):
    """A sampler of this project.

    Attributes:
        capacity: Trials that it can give, beside queued ones; None for no limit.
    """

    capacity: int | None = None

    def reseed_rng(self) -> None:
        """Do nothing: the seeds are the trials' own, and a random one would make them unrepeatable."""


class SeededSampler(StudySampler):
    """Hands each trial to a sampler of Optuna that is made for it, with that trial's seed.

    Args:
        make_inner: Makes Optuna's sampler from a seed.
        study_seed: The study's seed.
    """

    def __init__(self, make_inner: Callable[[int], BaseSampler], study_seed: int) -> None:
        self._make_inner = make_inner
        self._study_seed = study_seed
        self._current: tuple[int, BaseSampler] | None = None

    def _inner(self, trial: FrozenTrial) -> BaseSampler:
        if self._current is None or self._current[0] != trial.number:
            with warnings.catch_warnings():
                # `group` and QMC are called experimental; both are declared on purpose and tested here.
                warnings.simplefilter("ignore", ExperimentalWarning)
                inner = self._make_inner(trial_seed(self._study_seed, trial.number))
            self._current = (trial.number, inner)
        return self._current[1]

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Begin ``trial`` with a fresh random state, also when it was begun before."""
        self._current = None
        self._inner(trial).before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """See ``BaseSampler``."""
        return self._inner(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See ``BaseSampler``."""
        return self._inner(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """See ``BaseSampler``."""
        return self._inner(trial).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """See ``BaseSampler``."""
        self._inner(trial).after_trial(study, trial, state, values)


class PermutedGridSampler(StudySampler):
    """Gives trial number ``n`` the ``n``-th point of a permutation that the study's seed decides.

    Without any state, so that all coordinators and all resumes together try each point exactly once.
    Optuna's own grid and brute-force samplers pick at random among what looks untried, and two
    processes pick the same. Queued trials take a number but no point: they are not counted.

    Args:
        space: A discrete space.
        study_seed: The study's seed.

    Raises:
        InputError: If the space is continuous or too large.
    """

    def __init__(self, space: Sequence[Parameter], study_seed: int) -> None:
        points = grid_points(space)
        order = np.random.default_rng(study_seed).permutation(len(points))
        self._points = [points[index] for index in order]
        self._study_seed = study_seed
        self._current: tuple[int, dict[str, Any]] | None = None
        self.capacity = len(points)

    def _point(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
        """Return the trial's point; an empty one for a queued trial or past the last point."""
        if self._current is None or self._current[0] != trial.number:
            point: dict[str, Any] = {}
            if QUEUED_PARAMS not in trial.system_attrs:
                earlier = (t for t in study.get_trials(deepcopy=False) if t.number < trial.number)
                index = trial.number - sum(QUEUED_PARAMS in t.system_attrs for t in earlier)
                if index < len(self._points):
                    point = self._points[index]
            self._current = (trial.number, point)
        return self._current[1]

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
