"""A sampler that is asked again where only recorded trials can be begun.

What a point would have become that nobody trained is not known, so none is made up: the sampler says what
it wants next, and the trial that lies nearest among those not begun yet is begun in its place, with its own
params. The sampler then learns from what that trial reached, not from what it had asked for. Syne Tune lets
searchers be restricted to the rows of a table for the same purpose (``restrict_configurations``). How far the
trials lie from what was asked for is told, since a small pool leaves little choice.

Nearness is that of Gower (1971), for settings of all kinds: the mean over the parameters that one of two
points has. A number counts its share of the range, of the logarithm where it is searched so; a choice 0 or 1;
a parameter that only one of them has 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import optuna
from optuna.trial import FixedTrial, TrialState, create_trial

from tuner.search.ahead import Proposal, propose
from tuner.search.optuna_samplers import StudySampler
from tuner.search.quiet import quiet_optuna
from tuner.search.space import suggest
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Objective,
    Parameter,
    Params,
    Value,
    same_value,
)

__all__ = ["Begun", "Pool"]

_Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Begun:
    """A recorded trial that was begun for a point that a sampler asked for.

    Attributes:
        number: The recorded trial's.
        distance: From the point to it: 0 the same, 1 nothing alike.
        mean_distance: From the point to all that could have been begun: what a draw among them would give.
    """

    number: int
    distance: float
    mean_distance: float


class Pool:
    """Recorded trials out of which a sampler chooses which comes next.

    Args:
        sampler: Of a study with this space.
        space: Parameters in declared order.
        objectives: Of the study.
        points: Params by recorded number; of equally near ones the first is begun. Each must be one that the
            space allows.
    """

    def __init__(
        self,
        sampler: StudySampler,
        space: Sequence[Parameter],
        objectives: Sequence[Objective],
        points: Mapping[int, Params],
    ) -> None:
        quiet_optuna()
        self._sampler = sampler
        self._space = tuple(space)
        self._searched = [each for each in space if not isinstance(each, FixedParameter)]
        self._points = dict(points)
        self._numbers = np.array(list(points), dtype=np.int64)
        self._places = np.array([self._place(params) for params in points.values()])  # (n_trials, n_params)
        self._waiting = np.ones(len(points), dtype=bool)
        self._study = optuna.create_study(
            storage=optuna.storages.InMemoryStorage(),
            sampler=sampler,
            directions=[objective.direction for objective in objectives],
        )
        self._asked: dict[int, int] = {}

    def begin(self) -> Begun | None:
        """Ask the sampler, and begin the nearest recorded trial; None when none is left."""
        if not self._waiting.any():
            return None
        proposal = propose(self._study, self._sampler, self._space)
        waiting = np.flatnonzero(self._waiting)
        distances = self._distances(self._place(proposal.point), self._places[waiting])
        nearest = int(distances.argmin())
        row = int(waiting[nearest])
        self._waiting[row] = False
        number = int(self._numbers[row])
        self._record(number, proposal)
        return Begun(number, float(distances[nearest]), float(distances.mean()))

    def _record(self, number: int, proposal: Proposal) -> None:
        """Put the trial into Optuna's study as it would stand there had the sampler asked for it."""
        given = FixedTrial(dict(self._points[number]))
        suggest(cast("optuna.Trial", given), self._space)
        for key, value in proposal.study_attributes.items():
            self._study._storage.set_study_system_attr(self._study._study_id, key, value)
        self._asked[number] = len(self._study.get_trials(deepcopy=False))
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=dict(given.params),
                distributions=dict(given.distributions),
                system_attrs=dict(proposal.trial_attributes),
            )
        )

    def end(self, number: int, values: Sequence[float] | None) -> None:
        """Tell the sampler how a trial ended.

        Args:
            number: A recorded trial that was begun.
            values: One an objective; None when it was pruned.
        """
        state = TrialState.PRUNED if values is None else TrialState.COMPLETE
        self._study.tell(self._asked[number], values, state)

    # -- nearness ----------------------------------------------------------------------------------

    def _place(self, params: Params) -> list[float]:
        """Return a number for each searched parameter; NaN where the point does not have it."""
        return [
            _place_of(each, params[each.name]) if each.name in params else math.nan for each in self._searched
        ]

    def _distances(self, place: Sequence[float], others: _Array) -> _Array:
        """Return how far ``place`` lies from each of ``others``, ``(n, n_params)``; ``(n,)``."""
        own = np.array(place)
        apart = np.abs(others - own)
        is_choice = np.array([isinstance(each, CategoricalParameter) for each in self._searched])
        apart[:, is_choice] = apart[:, is_choice] > 0.0
        has, have = ~np.isnan(own), ~np.isnan(others)
        apart = np.where(has & have, apart, (has ^ have).astype(float))
        counted = np.maximum((has | have).sum(axis=1), 1)
        found: _Array = apart.sum(axis=1) / counted
        return found


def _place_of(parameter: Parameter, value: Value) -> float:
    """Return where a value lies in its parameter's range, from 0 to 1; of a choice, which one it is."""
    match parameter:
        case CategoricalParameter(choices=choices):
            return float(next(at for at, each in enumerate(choices) if same_value(value, each)))
        case FloatParameter(low=low, high=high, log=log) | IntParameter(low=low, high=high, log=log):
            ends = (float(low), float(value), float(high))
            least, here, most = map(math.log, ends) if log else ends
            return (here - least) / (most - least) if most > least else 0.0
        case FixedParameter():
            return 0.0
