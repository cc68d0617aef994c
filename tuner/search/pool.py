"""A sampler that is asked again where only recorded trials can be begun.

What a point would have become that nobody trained is not known, so none is made up: the sampler says what
it wants next, and the trial that lies nearest among those not begun yet is begun in its place, with its own
params. The sampler then learns from what that trial reached, not from what it had asked for. Syne Tune lets
searchers be restricted to the rows of a table for the same purpose (``restrict_configurations``). How far the
trials lie from what was asked for is told, since a small pool leaves little choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import optuna
from optuna.trial import FixedTrial, TrialState, create_trial

from tuner.search.ahead import Proposal, propose
from tuner.search.nearness import Nearness
from tuner.search.optuna_samplers import StudySampler
from tuner.search.quiet import quiet_optuna
from tuner.search.space import suggest
from tuner.spec.values import Objective, Parameter, Params

__all__ = ["Chosen", "Pool"]

_ASKED_PARAMS = "tpe:relative_params"
"""Under which TPE keeps with a running trial what it wants it to have, and reads it as what it has."""


@dataclass(frozen=True)
class Chosen:
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
        self._nearness = Nearness(space)
        self._points = dict(points)
        self._numbers = np.array(list(points), dtype=np.int64)
        self._places = self._nearness.places(list(points.values()))  # (n_trials, n_params)
        self._waiting = np.ones(len(points), dtype=bool)
        self._study = optuna.create_study(
            storage=optuna.storages.InMemoryStorage(),
            sampler=sampler,
            directions=[objective.direction for objective in objectives],
        )
        self._asked: dict[int, int] = {}

    def begin(self) -> Chosen | None:
        """Ask the sampler, and begin the nearest recorded trial; None when none is left."""
        if not self._waiting.any():
            return None
        proposal = propose(self._study, self._sampler, self._space)
        waiting = np.flatnonzero(self._waiting)
        (wanted,) = self._nearness.places([proposal.point])
        distances = self._nearness.distances(wanted, self._places[waiting])
        nearest = int(distances.argmin())
        row = int(waiting[nearest])
        self._waiting[row] = False
        number = int(self._numbers[row])
        self._record(number, proposal)
        return Chosen(number, float(distances[nearest]), float(distances.mean()))

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
                system_attrs={
                    key: value
                    for key, value in proposal.trial_attributes.items()
                    if not key.startswith(_ASKED_PARAMS)
                },
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
