"""What a trial's time was spent on.

``training_time_s`` is what studies compare, so it holds training steps and nothing else: not building
or tracing graphs, not making batches, not validation, not checkpoints, each of which is counted apart. The
first step after tracing also optimizes the graph and allocates memory, and cannot be divided by looking at
it; it is counted as the mean of its epoch's other steps, and the excess goes to ``compile_time_s``. So is
what it waited for its cores. Where an epoch is a single step the loop takes one before it, for nothing, which
counts as compiling.

``training_cpu_time_s`` is the same steps on the clock of the processor: on a machine that others use
too, a step takes longer but not more of the processor. It means nothing where a GPU does the work.

``calibrated_time_s`` is the same steps in seconds of the reference machine: each step's seconds times the
worker's speed at that moment (:mod:`tuner.training.calibrate`). ``waited_time_s`` is the part of the training
time in which the steps were kept from their cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from typing import TypeVar

__all__ = ["ADDED", "OF_STEPS", "OF_TRIAL", "Clock", "Clocks", "Stopwatch", "Times"]

Clock = Callable[[], float]
"""Returns seconds from any beginning, never less than before."""


_Batch = TypeVar("_Batch")

ADDED = ("input_time_s", "checkpoint_time_s")
"""Times that checkpoints of an earlier version do not have."""

OF_STEPS = ("training_time_s", "training_cpu_time_s", "calibrated_time_s", "waited_time_s")
"""Times of training steps alone: a trial's are those up to its kept epoch; `tuner time` takes them again."""


@dataclass(frozen=True)
class Times:
    """Seconds of a trial, or of one of its continuations."""

    training_time_s: float = 0.0
    validation_time_s: float = 0.0
    compile_time_s: float = 0.0
    wall_time_s: float = 0.0
    cpu_time_s: float = 0.0
    training_cpu_time_s: float = 0.0
    calibrated_time_s: float = 0.0
    waited_time_s: float = 0.0
    input_time_s: float = 0.0
    checkpoint_time_s: float = 0.0

    def __add__(self, other: Times) -> Times:
        """Return the seconds of both."""
        mine, its = asdict(self), asdict(other)
        return Times(**{name: mine[name] + its[name] for name in mine})

    def as_metrics(self) -> dict[str, float]:
        """Return them by metric name."""
        return asdict(self)


OF_TRIAL = frozenset({*asdict(Times()), "epochs_run", "peak_memory_bytes"}) - {*OF_STEPS}
"""Costs of all of a trial: a trial's are those at its end, and not those at its kept epoch."""


@dataclass(frozen=True)
class Clocks:
    """What a stopwatch reads.

    Attributes:
        wall: Real time.
        cpu: Processor time, of all threads of this process.
        waited: Time that this process was ready to run and had to wait for its cores; None where all its
            threads share one core and do nothing but compute, so that it waited when ``cpu`` stood still.
        cores: How many it has.
    """

    wall: Clock = time.perf_counter
    cpu: Clock = time.process_time
    waited: Clock | None = None
    cores: int = 1

    @property
    def calibrated(self) -> Clock:
        """The clock that calibrated seconds rest on.

        Processor time on one core: it stands still while others have the core, whoever halts this process
        and however short. Real time otherwise: threads on several cores add up and spin while they
        wait, and of a GPU's work the processor knows nothing.
        """
        return self.cpu if self.waited is None else self.wall


@dataclass(frozen=True)
class _Step:
    """Seconds of one training step, and reference seconds a second at its time."""

    wall_s: float
    cpu_s: float
    calibrated_s: float


class Stopwatch:
    """Measures one continuation of a trial.

    Args:
        clocks: Defaults to the system's, on one core.
        speed: Returns the worker's speed now, in reference machines.
    """

    def __init__(self, clocks: Clocks | None = None, speed: Callable[[], float] = lambda: 1.0) -> None:
        self._times = Times()
        self._clocks = clocks or Clocks()
        self._speed = speed
        self._wall, self._cpu = self._clocks.wall, self._clocks.cpu
        self._waits_s: list[float] = []
        self._last_wall_s = self._wall()
        self._last_cpu_s = self._cpu()
        self._steps: list[_Step] = []
        self._input_s = 0.0
        self.stepped_s = 0.0
        self._is_fresh = True

    def compiling(self) -> AbstractContextManager[None]:
        """Count what happens inside as building and tracing."""
        return self._counting("compile_time_s")

    def validating(self) -> AbstractContextManager[None]:
        """Count what happens inside as validation."""
        return self._counting("validation_time_s")

    def keeping(self) -> AbstractContextManager[None]:
        """Count what happens inside as gathering and writing checkpoints."""
        return self._counting("checkpoint_time_s")

    def fed(self, batches: Iterator[_Batch]) -> Iterator[_Batch]:
        """Yield an epoch's batches, and count how long each one took to come."""
        while True:
            began_s = self._wall()
            batch = next(batches, None)
            self._input_s += self._wall() - began_s
            if batch is None:
                return
            yield batch

    @contextmanager
    def step(self) -> Iterator[None]:
        """Count what happens inside as one training step of the epoch under way."""
        if not self._steps:
            self._note_waits()
        began_s, began_cpu_s = self._wall(), self._cpu()
        yield
        cpu_s, wall_s = self._cpu() - began_cpu_s, self._wall() - began_s
        base_s = cpu_s if self._clocks.waited is None else wall_s
        self._steps.append(_Step(wall_s, cpu_s, base_s * self._speed()))
        self.stepped_s += base_s
        if self._is_fresh and len(self._steps) == 1:
            self._note_waits()

    def end_epoch(self) -> None:
        """Add the epoch's steps to the training time.

        An epoch of a single step has no others to take the mean of; it is counted as it was, and the loop has
        warmed up before it.
        """
        if self._steps:
            self._note_waits()
        steps, self._steps = self._steps, []
        waits_s, self._waits_s = self._waits_s, []
        wall_s, excess_s = self._sum([step.wall_s for step in steps])
        cpu_s, _ = self._sum([step.cpu_s for step in steps])
        calibrated_s, _ = self._sum([step.calibrated_s for step in steps])
        # Threads of one process wait for each other too: what it ran on its cores it did not wait for others.
        waited_s = wall_s - cpu_s / self._clocks.cores
        if self._clocks.waited is not None:
            waited_s = min(waited_s, _counted_wait(waits_s, len(steps), excess_s))
        self._is_fresh = False
        input_s, self._input_s = self._input_s, 0.0
        self._add(
            input_time_s=input_s,
            training_time_s=wall_s,
            compile_time_s=excess_s,
            training_cpu_time_s=cpu_s,
            calibrated_time_s=calibrated_s,
            waited_time_s=min(wall_s, max(0.0, waited_s)),
        )

    def times(self) -> Times:
        """Return the seconds up to now; steps of an epoch under way are not among the training time."""
        wall_s, cpu_s = self._wall(), self._cpu()
        self._add(wall_time_s=wall_s - self._last_wall_s, cpu_time_s=cpu_s - self._last_cpu_s)
        self._last_wall_s, self._last_cpu_s = wall_s, cpu_s
        return self._times

    @contextmanager
    def _counting(self, name: str) -> Iterator[None]:
        began_s = self._wall()
        yield
        self._add(**{name: self._wall() - began_s})

    def _sum(self, steps_s: list[float]) -> tuple[float, float]:
        """Return what steps of an epoch count, and what the first step after tracing took beyond that."""
        excess_s = _first_excess(steps_s) if self._is_fresh else 0.0
        return sum(steps_s) - excess_s, excess_s

    def _note_waits(self) -> None:
        """Read the clock of waiting: at an epoch's ends, and after the first step of the first.

        Not around each step, for to ask all threads takes about a millisecond, as long as a small step.
        """
        if self._clocks.waited is not None:
            self._waits_s.append(self._clocks.waited())

    def _add(self, **seconds: float) -> None:
        self._times = self._times + Times(**seconds)


def _first_excess(steps_s: list[float]) -> float:
    """Return the seconds that the first step took beyond the mean of the others; 0 without others."""
    if len(steps_s) < 2:
        return 0.0
    return max(0.0, steps_s[0] - sum(steps_s[1:]) / (len(steps_s) - 1))


def _counted_wait(readings_s: list[float], n_steps: int, excess_s: float) -> float:
    """Return what an epoch's counted steps waited.

    Args:
        readings_s: Of the clock of waiting, at the epoch's beginning and end; in the first epoch also after
            the first step.
        n_steps: The epoch's.
        excess_s: What was taken off the first step's seconds; its wait then becomes the mean of the others'
            too, for most of it belongs to the tracing.
    """
    if not readings_s:
        return 0.0
    if excess_s <= 0.0:
        return readings_s[-1] - readings_s[0]
    return (readings_s[-1] - readings_s[1]) * n_steps / (n_steps - 1)
