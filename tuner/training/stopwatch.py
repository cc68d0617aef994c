"""What a trial's time was spent on.

``training_time_s`` is what studies compare, so it holds training steps and nothing else: not building
or tracing graphs, not making batches, not validation, not checkpoints. The first step after tracing
also optimizes the graph and allocates memory, and cannot be divided by looking at it; it is counted
as the mean of its epoch's other steps, and the excess goes to ``compile_time_s``.

``training_cpu_time_s`` is the same steps on the clock of the processor: on a machine that others use
too, a step takes longer but not more of the processor. It means nothing where a GPU does the work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

__all__ = ["Clock", "Stopwatch", "Times"]

Clock = Callable[[], float]
"""Returns seconds from any beginning, never less than before."""


@dataclass(frozen=True)
class Times:
    """Seconds of a trial, or of one of its continuations."""

    training_time_s: float = 0.0
    validation_time_s: float = 0.0
    compile_time_s: float = 0.0
    wall_time_s: float = 0.0
    cpu_time_s: float = 0.0
    training_cpu_time_s: float = 0.0

    def __add__(self, other: Times) -> Times:
        """Return the seconds of both."""
        mine, its = asdict(self), asdict(other)
        return Times(**{name: mine[name] + its[name] for name in mine})

    def as_metrics(self) -> dict[str, float]:
        """Return them by metric name."""
        return asdict(self)


class Stopwatch:
    """Measures one continuation of a trial.

    Args:
        wall: Clock of real time.
        cpu: Clock of processor time, of all threads of this process.
    """

    def __init__(self, wall: Clock = time.perf_counter, cpu: Clock = time.process_time) -> None:
        self._times = Times()
        self._wall = wall
        self._cpu = cpu
        self._last_wall_s = wall()
        self._last_cpu_s = cpu()
        self._steps_s: list[float] = []
        self._steps_cpu_s: list[float] = []
        self._is_fresh = True

    @contextmanager
    def compiling(self) -> Iterator[None]:
        """Count what happens inside as building and tracing."""
        began_s = self._wall()
        yield
        self._add(compile_time_s=self._wall() - began_s)

    @contextmanager
    def validating(self) -> Iterator[None]:
        """Count what happens inside as validation."""
        began_s = self._wall()
        yield
        self._add(validation_time_s=self._wall() - began_s)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Count what happens inside as one training step of the epoch under way."""
        began_s, began_cpu_s = self._wall(), self._cpu()
        yield
        self._steps_s.append(self._wall() - began_s)
        self._steps_cpu_s.append(self._cpu() - began_cpu_s)

    def end_epoch(self) -> None:
        """Add the epoch's steps to the training time.

        An epoch of a single step has no others to take the mean of; it is counted as it was.
        """
        steps_s, self._steps_s = self._steps_s, []
        steps_cpu_s, self._steps_cpu_s = self._steps_cpu_s, []
        excess_s, excess_cpu_s = 0.0, 0.0
        if self._is_fresh:
            excess_s, excess_cpu_s = _first_excess(steps_s), _first_excess(steps_cpu_s)
        self._is_fresh = False
        self._add(
            training_time_s=sum(steps_s) - excess_s,
            compile_time_s=excess_s,
            training_cpu_time_s=sum(steps_cpu_s) - excess_cpu_s,
        )

    def times(self) -> Times:
        """Return the seconds up to now; steps of an epoch under way are not among the training time."""
        wall_s, cpu_s = self._wall(), self._cpu()
        self._add(wall_time_s=wall_s - self._last_wall_s, cpu_time_s=cpu_s - self._last_cpu_s)
        self._last_wall_s, self._last_cpu_s = wall_s, cpu_s
        return self._times

    def _add(self, **seconds: float) -> None:
        self._times = self._times + Times(**seconds)


def _first_excess(steps_s: list[float]) -> float:
    """Return the seconds that the first step took beyond the mean of the others; 0 without others."""
    if len(steps_s) < 2:
        return 0.0
    return max(0.0, steps_s[0] - sum(steps_s[1:]) / (len(steps_s) - 1))
