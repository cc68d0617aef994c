"""From what methods found to figures: fronts, their hypervolume over time, who is first where."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from benchmarks.front.record import Found
from benchmarks.front.remeasure import key_of
from tuner.search.pareto import front_indices
from tuner.spec.values import Direction

__all__ = [
    "Front",
    "Run",
    "Score",
    "Worth",
    "as_found",
    "fronts_over_time",
    "held_from",
    "median_curve",
    "score",
    "sooner",
    "summary",
    "trained_again",
    "volume",
]

DIRECTIONS: tuple[Direction, ...] = ("maximize", "minimize")

Point: TypeAlias = tuple[float, float]
"""Accuracy and seconds."""

Worth: TypeAlias = Callable[[Found], Point | None]
"""What a network is worth; None when measuring it again was given up, for lasting too long."""


Front: TypeAlias = tuple[float, Sequence[Found]]
"""A moment and the members from then on."""


@dataclass(frozen=True)
class Run:
    """One method with one seed.

    Attributes:
        method: Its name.
        seed: Which.
        found: What it found, by the moment.
        fronts: What it lists at some moments, where that is not the front of its own figures.
    """

    method: str
    seed: int
    found: Sequence[Found]
    fronts: Sequence[Front] | None = None

    def fronts_until(self, seconds: float) -> Iterable[Front]:
        """Return its front whenever that changed within a budget."""
        return fronts_over_time(self.found, seconds) if self.fronts is None else self.fronts


@dataclass(frozen=True)
class Score:
    """What a run comes to.

    Attributes:
        method, seed: Whose.
        networks: Different points of which it had trained an epoch, or all where it hears of no single one.
        recurrent: Those of them that are an LSTM or a BiLSTM.
        curve: ``(seconds, hypervolume)`` whenever its front changed.
        front: Its last front, measured again, by seconds.
        said: The same front as the method itself had measured it.
    """

    method: str
    seed: int
    networks: int
    recurrent: int
    curve: Sequence[Point]
    front: Sequence[Point]
    said: Sequence[Point]

    @property
    def final(self) -> float:
        """The hypervolume at the end; 0 when it found nothing."""
        return self.curve[-1][1] if self.curve else 0.0


def fronts_over_time(found: Sequence[Found], seconds: float) -> Iterator[Front]:
    """Yield the front of what a method had found, by its own figures, whenever it changed.

    Args:
        found: What it found, by the moment.
        seconds: What became known later does not count.
    """
    before: list[int] = []
    known = [each for each in found if each.at_s <= seconds]
    for count in range(1, len(known) + 1):
        members = front_indices([(each.accuracy, each.seconds) for each in known[:count]], DIRECTIONS)
        if members != before:
            yield known[count - 1].at_s, [known[index] for index in members]
            before = members


def sooner(run: Run) -> Run:
    """Return a run of whole trainings as if each had been as good as it became after its first epoch already.

    A method that hears of whole trainings only is charged all their seconds. What it would have come to had
    each epoch counted is not known; it is no more than this.
    """
    found = [replace(each, epochs=1, seconds=each.seconds / each.epochs) for each in run.found]
    return replace(run, found=found)


def volume(
    points: Sequence[Point], floor: float, ceiling_s: float, claims: Sequence[float] | None = None
) -> float:
    """Return the share of the box above ``floor`` and left of ``ceiling_s`` that lies under a front.

    At any number of seconds that member decides which is claimed to be the best within them, not the one that
    turns out to be: who has many members has no more chances that one happens to be good. Where
    claims are true this is the hypervolume.

    Args:
        points: Accuracy and seconds.
        floor: Accuracy up to which a point counts nothing; the box ends at 1.
        ceiling_s: Seconds from which it counts nothing; the box begins at 0.
        claims: Of each point the accuracy that it is chosen by. Defaults to its own.

    Returns:
        0 to 1.
    """
    claimed = [accuracy for accuracy, _ in points] if claims is None else claims
    steps: list[Point] = []
    highest = -math.inf
    for claim, (accuracy, seconds) in sorted(zip(claimed, points, strict=True), key=lambda each: each[1][1]):
        if claim > highest and seconds < ceiling_s:
            highest = claim
            steps.append((accuracy, seconds))
    area = sum(
        max(0.0, accuracy - floor) * (end - seconds)
        for (accuracy, seconds), (_, end) in itertools.pairwise([*steps, (floor, ceiling_s)])
    )
    return area / ((1.0 - floor) * ceiling_s)


def score(run: Run, worth: Worth, seconds: float, floor: float, ceiling_s: float) -> Score:
    """Score a run by what its fronts are worth when they are measured again.

    Args:
        run: What was found.
        worth: Of each network on one of its fronts.
        seconds: The budget.
        floor, ceiling_s: As for :func:`volume`.
    """
    curve: list[Point] = []
    front: list[Point] = []
    said: list[Point] = []
    for at_s, members in run.fronts_until(seconds):
        judged = [(each.accuracy, point) for each in members if (point := worth(each)) is not None]
        front = sorted((point for _, point in judged), key=lambda point: point[1])
        said = sorted(((each.accuracy, each.seconds) for each in members), key=lambda point: point[1])
        points, claims = [point for _, point in judged], [claim for claim, _ in judged]
        curve.append((at_s, volume(points, floor, ceiling_s, claims)))
    networks = {str(sorted(each.params.items())): each.params for each in run.found if each.at_s <= seconds}
    recurrent = sum(params.get("family") != "cnn" for params in networks.values())
    return Score(run.method, run.seed, len(networks), recurrent, curve, front, said)


def held_from(curve: Sequence[Point], target: float) -> float | None:
    """Return from when on a curve is never below ``target`` again, or None.

    It may fall: a network that looked better than one of the front can be worse when it is measured again.
    """
    since: float | None = None
    for moment, reached in curve:
        if reached < target:
            since = None
        elif since is None:
            since = moment
    return since


def median_curve(curves: Sequence[Sequence[Point]]) -> list[Point]:
    """Return the median of curves that are steps, 0 before they begin, whenever one of them changes."""
    moments = sorted({moment for curve in curves for moment, _ in curve})

    def at(curve: Sequence[Point], moment: float) -> float:
        return next((reached for since, reached in reversed(curve) if since <= moment), 0.0)

    return [(moment, statistics.median(at(curve, moment) for curve in curves)) for moment in moments]


def summary(scores: Sequence[Score], ours: str, own: Collection[str], seconds: float) -> dict[str, Any]:
    """Compare the medians over seeds, and tell from when on ``ours`` held what the best peer ended with.

    Args:
        scores: Of all runs.
        ours: The method that is compared with the others.
        own: Methods that are no peers of it, itself among them.
        seconds: The budget.

    Returns:
        ``medians`` by method; ``ours``; ``best_peer``, that of the best one; ``share`` of the budget after
        which the median over seeds was that peer's last one for good, and ``shares`` seed by seed, each
        against what that peer ended with on the same division; ``lost``, where a peer ended as well or
        better; ``beats`` by peer.
    """
    finals: dict[str, dict[int, float]] = {}
    for each in scores:
        finals.setdefault(each.method, {})[each.seed] = each.final
    medians = {method: statistics.median(by_seed.values()) for method, by_seed in finals.items()}
    peers = {method: value for method, value in medians.items() if method not in own}
    if ours not in medians or not peers:
        return {"medians": medians}
    best = max(peers, key=lambda method: peers[method])
    mine = [each for each in scores if each.method == ours]

    def share(curve: Sequence[Point], target: float) -> float | None:
        moment = held_from(curve, target)
        return None if moment is None else moment / seconds

    return {
        "medians": medians,
        "ours": ours,
        "best_peer": best,
        "share": share(median_curve([each.curve for each in mine]), peers[best]),
        "shares": [share(each.curve, finals[best][each.seed]) for each in mine if each.seed in finals[best]],
        "lost": [
            {"method": each.method, "seed": each.seed, "final": each.final, "ours": finals[ours][each.seed]}
            for each in scores
            if each.method not in own and each.seed in finals[ours] and each.final >= finals[ours][each.seed]
        ],
        "beats": {method: medians[ours] > value for method, value in peers.items()},
    }


def as_found(measured: Mapping[str, Mapping[str, Any]], division: int) -> Worth:
    """Return the worth of a network whose accuracy is the method's own, and whose seconds are measured again.

    Args:
        measured: What ``remeasure`` wrote, by key.
        division: That the network was found on.
    """

    def worth(found: Found) -> Point | None:
        seconds = measured[key_of(found.params, division)]["seconds"]
        return (found.accuracy, seconds[found.epochs - 1]) if len(seconds) >= found.epochs else None

    return worth


def trained_again(measured: Mapping[str, Mapping[str, Any]], division: int) -> Worth:
    """Return the worth of a network that is trained again, for as many epochs, and tried on unseen texts.

    Args:
        measured, division: As for :func:`as_found`.
    """

    def worth(found: Found) -> Point | None:
        again = measured[key_of(found.params, division)]
        accuracy = again["accuracies"].get(str(found.epochs))
        return None if accuracy is None else (accuracy, again["seconds"][found.epochs - 1])

    return worth
