"""Which of a long study's trials a sampler is shown: the best, and the latest.

The tree-structured Parzen estimator compares where good trials lie with where all others do. It takes at
most 25 trials for good ones (Optuna's ``gamma``), and gives old ones among the others less weight than new
ones. So it loses little when most of the old and bad ones are left out, and asking no longer takes longer
the more trials there are.
"""

from __future__ import annotations

import copy
import heapq
from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from optuna.study import StudyDirection
from optuna.trial import TrialState

from tuner.search.pareto import ranks

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["PartOfStudy", "TellingTrials", "lasting_numbers", "telling_numbers"]


def telling_numbers(
    ended: Iterable[int],
    values: Sequence[tuple[int, Sequence[float]]],
    maximize: Sequence[bool],
    most: int,
) -> set[int]:
    """Choose the trials that say most about where good points lie.

    Half of them are the best completed ones, by non-dominated rank and of one rank the latest; the others
    are the latest, whatever their end. Choosing later, when more have ended, may take one that was left out
    before: see :func:`lasting_numbers`.

    Args:
        ended: Numbers of the trials that completed or were pruned.
        values: Of those that completed, their number and one value an objective.
        maximize: For each objective, whether more is better.
        most: How many to choose.

    Returns:
        Their numbers; all of them when there are no more than ``most``.
    """
    latest = sorted(ended, reverse=True)
    if len(latest) <= most:
        return set(latest)
    chosen = {number for _, number in _best_first(values, maximize)[: most // 2]}
    for number in latest:
        if len(chosen) == most:
            break
        chosen.add(number)
    return chosen


def lasting_numbers(
    ended: Iterable[int],
    values: Sequence[tuple[int, Sequence[float]]],
    maximize: Sequence[bool],
    most: int,
) -> set[int]:
    """Choose the trials among which :func:`telling_numbers` chooses as among all, also when more have ended.

    These are the best completed ones by whole ranks, as many as hold ``most``, and of the others the latest,
    as many as are chosen of those. Only half of the best are chosen, and a new trial that beats some of them
    lets others move up. By whole ranks, for whatever beats one of them is then among them, so that beside new
    ones they have the ranks that they have among all. It holds until new trials have beaten more than half of
    the best.

    Args:
        ended, values, maximize, most: As :func:`telling_numbers` has them.

    Returns:
        Their numbers.
    """
    ranked = _best_first(values, maximize)
    last_rank = ranked[:most][-1][0] if ranked else 0
    best = {number for rank, number in ranked if rank <= last_rank}
    latest = heapq.nlargest(most - min(most // 2, len(ranked)), (each for each in ended if each not in best))
    return {*best, *latest}


def _best_first(
    values: Sequence[tuple[int, Sequence[float]]], maximize: Sequence[bool]
) -> list[tuple[int, int]]:
    """Return rank and number of completed trials: by non-dominated rank, of one rank the latest first."""
    rank = ranks([value for _, value in values], ["maximize" if more else "minimize" for more in maximize])
    numbers = (number for number, _ in values)
    return sorted(zip(rank, numbers, strict=True), key=lambda each: (each[0], -each[1]))


class TellingTrials:
    """Chooses by :func:`telling_numbers`, anew only when others have ended.

    Several points are looked at for a trial, among the same ended ones: with three objectives it takes half a
    second to rank ten thousand.

    Args:
        most: How many to choose.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._among: list[FrozenTrial] = []
        self._directions: list[StudyDirection] = []
        self._chosen: set[int] = set()

    def among(self, learned: list[FrozenTrial], directions: list[StudyDirection]) -> set[int]:
        """Return the numbers of the chosen.

        Args:
            learned: The trials that completed or were pruned; the list is kept.
            directions: One an objective.
        """
        # Optuna hands out one object for each ended trial, so this compares no values.
        if (learned, directions) != (self._among, self._directions):
            self._chosen = telling_numbers(
                [trial.number for trial in learned],
                [(trial.number, trial.values) for trial in learned if trial.state is TrialState.COMPLETE],
                [direction is StudyDirection.MAXIMIZE for direction in directions],
                self._most,
            )
            self._among, self._directions = learned, directions
        return self._chosen


class PartOfStudy:
    """An Optuna study of which only some ended trials are seen; everything else is the study's own.

    Optuna shows its samplers brackets of a study in the same way (``HyperbandPruner``). What is seen is
    chosen when it is first asked for, and stays.

    Args:
        study: The study.
        telling: Chooses the ended trials that are seen.
    """

    def __init__(self, study: Study, telling: TellingTrials) -> None:
        self._whole = study
        self._telling = telling
        self._seen: list[FrozenTrial] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials that are seen, as ``Study.get_trials`` does."""
        return self._get_trials(deepcopy, states)

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,  # noqa: ARG002 - of Optuna's method that samplers call
    ) -> list[FrozenTrial]:
        if self._seen is None:
            self._seen = self._choose(self._whole.get_trials(deepcopy=False))
        found = [trial for trial in self._seen if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def _choose(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        learned = (TrialState.COMPLETE, TrialState.PRUNED)
        chosen = self._telling.among(
            [trial for trial in trials if trial.state in learned], list(self._whole.directions)
        )
        return [trial for trial in trials if trial.number in chosen or trial.state not in learned]
