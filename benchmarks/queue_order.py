"""Does it pay to begin the trial that promises most a second first? Replayed on the recorded studies.

    python -m benchmarks.queue_order

Whenever a worker is free it may choose among the next eight of the sampler's points: the next one as it
comes, the one that is predicted to end soonest, any with a chance that falls with its predicted seconds (what
the option ``draws`` of a sampler does with the points that it draws), the one with the largest expected gain
of hypervolume, or the one with the largest expected gain a second. Seconds are predicted by the model that
keeps time limits (``tuner.search.seconds``), which begins from an estimate of the work, accuracy by a ridge
regression on the same settings; both see only what has ended. The pruner is `pareto`, two workers. Printed
for each order, over 20 shuffles of the trials: the mean share of the final hypervolume held over a quarter of
the time that the study takes unpruned, and the median seconds until 90, 95 and 99 % of it.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import RidgeCV

from benchmarks.paths import MEASURED, RESULTS, ROOT, write_json
from benchmarks.work_estimate import work
from tuner.catalogue import CATALOGUE
from tuner.replay.curves_file import read_recorded
from tuner.replay.judge import Truth, mean_until, truth_of
from tuner.replay.recorded import RecordedStudy
from tuner.replay.simulate import TrialCourse, clock_of, courses_of, simulate
from tuner.search.pruning import FinishedTrial, Pruner, make_pruner
from tuner.search.seconds import SecondsModel, TimedTrial
from tuner.spec.values import ComponentSpec, Params

STUDIES = ("reviews_64", "sentences_64")
POWERS = {"1/seconds": 1.0, "1/seconds^2": 2.0, "^2 to ^0": None}
"""Of the chance with which a trial is begun; None falls from 2 to 0 over half of the study's time."""

ORDERS = ("as they come", "soonest end", *POWERS, "gain", "gain a second")
LEVELS = (0.90, 0.95, 0.99)
CHOICES = 8
WORKERS = 2
SHUFFLES = 20
LEAST_ENDED = 6
DRAWS = np.random.default_rng(0).standard_normal((32, 2))  # of accuracy and of log seconds


@dataclass
class Seen:
    """What has ended so far in one replay."""

    truth: Truth
    params: dict[int, Params]
    clock: str
    ended: list[FinishedTrial] = field(default_factory=list)
    timed: list[TimedTrial] = field(default_factory=list)

    def end(self, trial: FinishedTrial) -> None:
        """Take a trial's end down."""
        self.ended.append(trial)
        seconds = trial.curve[-1].metrics[self.clock]
        completed = trial.values is not None
        self.timed.append(TimedTrial(self.params[trial.number], seconds, len(trial.curve), completed))

    @property
    def completed(self) -> list[tuple[int, tuple[float, ...]]]:
        """Numbers and values of the trials that completed."""
        return [(trial.number, trial.values) for trial in self.ended if trial.values is not None]

    def share(self, more: Sequence[float] | None = None) -> float:
        """Return the share of the final hypervolume, with one more point where it is given."""
        points = [values for _, values in self.completed] + ([tuple(more)] if more is not None else [])
        values = dict(enumerate(points))
        here = Truth(self.truth.objectives, values, self.truth.reference, self.truth.hypervolume, {}, 0, 0.0)
        return here.volume_of(list(values))


class Accuracy:
    """A ridge regression of accuracy on settings; numbers as logarithms, the rest as indicators."""

    def __init__(self, trials: Sequence[tuple[Params, float]]) -> None:
        self._names = sorted({(name, _kind(value)) for params, _ in trials for name, value in params.items()})
        rows = np.array([self._row(params) for params, _ in trials])
        target = np.array([value for _, value in trials])
        self._model = RidgeCV(alphas=[1.0], store_cv_results=True).fit(rows, target)
        # Each trial's error as if the others alone had been seen.
        self.spread = float(np.sqrt(np.mean(self._model.cv_results_)))

    def expected(self, params: Params) -> float:
        """Return the accuracy that these settings are expected to reach."""
        return float(self._model.predict(np.array([self._row(params)]))[0])

    def _row(self, params: Params) -> npt.NDArray[np.float64]:
        row = []
        for name, kind in self._names:
            value = params.get(name)
            if kind == "number":
                row.append(math.log1p(float(value)) if isinstance(value, int | float) else 0.0)
            else:
                row.append(float(str(value) == kind))
        return np.array(row)


def _kind(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else str(value)


def choose(order: str, choices: Sequence[TrialCourse], seen: Seen, used: float) -> TrialCourse:
    """Return the trial to begin, when such a share of the time is used up."""
    if order == ORDERS[0]:
        return choices[0]
    seconds = SecondsModel.fit(seen.timed, work)
    expected_s = work if seconds is None else seconds.expected_s
    times = {each.number: expected_s(seen.params[each.number]) for each in choices}
    if order == "soonest end":
        return min(choices, key=lambda each: times[each.number])
    if order in POWERS:
        chance = random.Random(str([each.number for each in choices]))
        declared = POWERS[order]
        power = 2.0 * max(0.0, 1.0 - used) if declared is None else declared
        return chance.choices(choices, [times[each.number] ** -power for each in choices])[0]
    if seconds is None or len(seen.completed) < LEAST_ENDED:
        return choices[0]
    accuracy = Accuracy([(seen.params[number], values[0]) for number, values in seen.completed])
    held = seen.share()

    def gain(course: TrialCourse) -> float:
        expected = accuracy.expected(seen.params[course.number])
        points = [
            (expected + accuracy.spread * first, times[course.number] * math.exp(0.3 * second))
            for first, second in DRAWS
        ]
        return statistics.fmean(seen.share(point) - held for point in points)

    def promise(course: TrialCourse) -> float:
        return gain(course) / (times[course.number] if order == "gain a second" else 1.0)

    return max(choices, key=promise)


class Choosing:
    """Begins what an order chooses among the next trials, from what has ended; a ``Queue`` of a replay."""

    def __init__(self, order: str, courses: Sequence[TrialCourse], seen: Seen) -> None:
        self.shares: list[float] = []
        """Of the final hypervolume, after each trial that has ended."""
        self._order = order
        self._waiting = list(courses)
        self._seen = seen
        self._half_s = sum(course.ends_s[-1] for course in courses) / WORKERS / 2

    def begin(self, now_s: float) -> TrialCourse | None:
        """See ``Queue``."""
        if not self._waiting:
            return None
        course = choose(self._order, self._waiting[:CHOICES], self._seen, now_s / self._half_s)
        self._waiting.remove(course)
        return course

    def end(self, trial: FinishedTrial) -> None:
        """See ``Queue``."""
        self._seen.end(trial)
        self.shares.append(self._seen.share())


def run(order: str, courses: Sequence[TrialCourse], seen: Seen, pruner: Pruner) -> list[tuple[float, float]]:
    """Replay a study; return when the share of the hypervolume became what."""
    queue = Choosing(order, courses, seen)
    ends_s = simulate(queue, pruner, WORKERS).ends_s
    return [(0.0, 0.0), *zip(ends_s, queue.shares, strict=True)]


def reached(trace: Sequence[tuple[float, float]], level: float) -> float:
    """Return when the share first was ``level``; infinity when never."""
    return next((at_s for at_s, share in trace if share >= level), math.inf)


def table(study: RecordedStudy, shuffles: int) -> list[dict[str, float | str]]:
    """Replay a study in every order; return a row each."""
    clock = clock_of(study.objectives)
    courses = courses_of(study.trials, study.objectives, clock)
    truth = truth_of(courses, study.objectives)
    params: dict[int, Params] = {
        trial.number: CATALOGUE.complete(dict(trial.params)) for trial in study.trials
    }
    pruner = make_pruner(ComponentSpec("pareto", {}), study.objectives, CATALOGUE.metrics)
    rows: list[dict[str, float | str]] = []
    for order in ORDERS:
        traces = []
        for seed in range(shuffles):
            shuffled = list(courses)
            random.Random(seed).shuffle(shuffled)
            traces.append(run(order, shuffled, Seen(truth, params, clock), pruner))
        until_s = truth.seconds / WORKERS / 4
        row: dict[str, float | str] = {"study": study.name, "order": order}
        row["held"] = statistics.fmean(mean_until(trace, until_s) for trace in traces)
        for level in LEVELS:
            row[f"to_{level:.0%}"] = statistics.median(reached(trace, level) for trace in traces)
        rows.append(row)
    return rows


def main() -> int:
    """Replay, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--shuffles", type=int, default=SHUFFLES)
    options = parser.parse_args()
    rows = []
    print(f"{'study':14}{'order':16}{'held':>8}" + "".join(f"{f'to {level:.0%}':>10}" for level in LEVELS))
    for name in STUDIES:
        for row in table(read_recorded(ROOT / "benchmarks" / "curves" / f"{name}.json.gz"), options.shuffles):
            rows.append(row)
            seconds = "".join(f"{row[f'to_{level:.0%}']:>8.1f} s" for level in LEVELS)
            print(f"{row['study']:14}{row['order']:16}{row['held']:>8.3f}{seconds}", flush=True)
    document = {"shuffles": options.shuffles, "choices": CHOICES, "rows": rows}
    kept = RESULTS if options.shuffles >= SHUFFLES else MEASURED  # fewer are a trial run
    write_json(kept / "queue_order.json", document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
