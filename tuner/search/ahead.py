"""What a sampler would give next, found out without beginning a trial, and which of it is begun.

A trial that was asked for cannot be taken back, and one that is told as pruned before it began would teach
the sampler that its point is bad. So the sampler is asked about a study of which one trial more is only
imagined. Its answer depends on the trials and the next number only, and is therefore the one that it gives
afterwards.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuner.search.choice import Choice
from tuner.search.optuna_samplers import StudySampler
from tuner.search.samplers import ATTEMPTS
from tuner.search.space import suggest
from tuner.spec.values import Parameter, Value
from tuner.trial import trial_seed

__all__ = ["Proposal", "choose_attempt", "coming_points", "propose"]

_ALIKE = 3
"""First looks that all gave one point: the sampler has no choice."""


def choose_attempt(
    study: Study, sampler: StudySampler, space: Sequence[Parameter], choice: Choice, study_seed: int
) -> int | None:
    """Choose which of its attempts the sampler is to give the next trial.

    This is sampling importance resampling (Rubin 1987): with weights of one over the seconds that a point
    takes, for one, points share a study's time as the sampler would have them share its trials.

    Args:
        study: Optuna's, with this sampler.
        sampler: Of the study.
        space: Parameters in declared order.
        choice: See there.
        study_seed: With the trial's number it decides among the points.

    Returns:
        For ``StudySampler.try_again``; None when no point had a weight.
    """
    found: list[tuple[int, float]] = []
    known = study.get_trials(deepcopy=False)
    number = _next_number(known)
    for attempt, point in _points(study, sampler, space, known):
        weight = choice.weight(point)
        if weight > 0:
            found.append((attempt, weight))
        if len(found) == choice.draws:
            break
    if not found:
        return None
    weights = np.array([weight for _, weight in found])
    chance = np.random.default_rng(trial_seed(study_seed, number))
    return found[int(chance.choice(len(found), p=weights / weights.sum()))][0]


def coming_points(
    study: Study, sampler: StudySampler, space: Sequence[Parameter]
) -> Iterator[tuple[int, dict[str, Value]]]:
    """Return, one by one, what the next trial would be given, as the sampler stands after each ``try_again``.

    The sampler is left at the attempt whose point was yielded last: who then asks the study gets that one.

    Args:
        study: Optuna's, with this sampler; only read.
        sampler: Of the study.
        space: Parameters in declared order.

    Returns:
        The attempts and their points; at most :data:`ATTEMPTS`, fewer when the sampler has no choice, as with
        a grid or a repeat.
    """
    return _points(study, sampler, space, study.get_trials(deepcopy=False))


@dataclass(frozen=True)
class Proposal:
    """What a sampler would give the next trial, and what it would write down on giving it.

    Attributes:
        point: Parameter names with their values, active ones only.
        trial_attributes: Of the trial, such as the generation that NSGA-II counts it to.
        study_attributes: Of the study, such as where a Sobol sequence has got to.
    """

    point: dict[str, Value]
    trial_attributes: Mapping[str, Any]
    study_attributes: Mapping[str, Any]


def propose(study: Study, sampler: StudySampler, space: Sequence[Parameter]) -> Proposal:
    """Return what the next trial would be given, as the sampler stands.

    Args:
        study: Optuna's, with this sampler; only read.
        sampler: Of the study.
        space: Parameters in declared order.
    """
    return _propose(study, sampler, space, study.get_trials(deepcopy=False))


def _propose(
    study: Study, sampler: StudySampler, space: Sequence[Parameter], known: Sequence[FrozenTrial]
) -> Proposal:
    attributes = study._storage.get_study_system_attrs(study._study_id)
    imagined = _OneMore(known, _next_number(known), study.directions, attributes)
    trial = optuna.load_study(study_name=_NAME, storage=imagined, sampler=sampler).ask()
    point = suggest(trial, space)
    begun = imagined.get_trial(trial._trial_id)
    return Proposal(point, begun.system_attrs, imagined.get_study_system_attrs(_KEY))


def _points(
    study: Study, sampler: StudySampler, space: Sequence[Parameter], known: Sequence[FrozenTrial]
) -> Iterator[tuple[int, dict[str, Value]]]:
    seen: list[dict[str, Any]] = []
    for attempt in range(ATTEMPTS):
        sampler.try_again(attempt)
        point = _propose(study, sampler, space, known).point
        if point not in seen:
            seen.append(point)
            yield attempt, point
        elif len(seen) == 1 and attempt + 1 >= _ALIKE:
            return


def _next_number(known: Sequence[FrozenTrial]) -> int:
    return max((trial.number for trial in known), default=-1) + 1


_NAME = "ahead"
_KEY = 0


class _OneMore(BaseStorage):
    """A study as it stands, and one more trial, which nobody else sees.

    Nothing is copied of the trials that there are, so that a look costs the same however many there are.
    Only what asking for a trial needs is there.
    """

    def __init__(
        self,
        known: Sequence[FrozenTrial],
        number: int,
        directions: Sequence[StudyDirection],
        attributes: dict[str, Any],
    ) -> None:
        self._trials = list(known)
        self._number = number
        self._directions = list(directions)
        self._attributes = dict(attributes)
        self._new: FrozenTrial | None = None

    # -- the study ---------------------------------------------------------------------------------

    def get_study_id_from_name(self, study_name: str) -> int:  # noqa: ARG002 - there is one
        return _KEY

    def get_study_name_from_id(self, study_id: int) -> str:  # noqa: ARG002
        return _NAME

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:  # noqa: ARG002
        return self._directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:  # noqa: ARG002
        return {}

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:  # noqa: ARG002
        return dict(self._attributes)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ARG002
        self._attributes[key] = value

    # -- its trials --------------------------------------------------------------------------------

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:  # noqa: ARG002
        self._new = create_trial(state=TrialState.RUNNING)
        self._new.number = self._number
        self._new._trial_id = max((trial._trial_id for trial in self._trials), default=-1) + 1
        self._trials.append(self._new)
        return self._new._trial_id

    def get_trial(self, trial_id: int) -> FrozenTrial:
        return next(trial for trial in reversed(self._trials) if trial._trial_id == trial_id)

    def get_all_trials(
        self,
        study_id: int,  # noqa: ARG002
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        found = [trial for trial in self._trials if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def _imagined(self, trial_id: int) -> FrozenTrial:
        if self._new is None or self._new._trial_id != trial_id:
            raise NotImplementedError("a trial that there is cannot be changed by looking ahead")
        return self._new

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        trial = self._imagined(trial_id)
        trial.params[param_name] = distribution.to_external_repr(param_value_internal)
        trial.distributions[param_name] = distribution

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._imagined(trial_id).system_attrs[key] = value

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._imagined(trial_id).user_attrs[key] = value

    # -- what no sampler does when it is asked -----------------------------------------------------

    def create_new_study(self, *_: Any, **__: Any) -> int:
        raise NotImplementedError

    def delete_study(self, study_id: int) -> None:
        raise NotImplementedError

    def get_all_studies(self) -> list[Any]:
        raise NotImplementedError

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        raise NotImplementedError

    def set_trial_state_values(self, *_: Any, **__: Any) -> bool:
        raise NotImplementedError

    def set_trial_intermediate_value(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError
