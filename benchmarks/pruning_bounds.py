"""Prints what bounds of a trial's gain are worth: how often they hold, and what `pareto` makes of each.

    python -m benchmarks.pruning_bounds [STUDY ...]

Nothing is trained. `pareto` as declared by default bounds a trial's gain by `PaceBound`; the others are of
`power_law`. Two tables for each recorded study, all of them unless named:

* Coverage: after how many epochs, how often the best that the trial came to is at most the bound. The
  finished trials are those before it in each of 10 shuffles: all of them, or those alone that `pareto` with
  this bound let end. The last two columns are the mean bound on the logarithmic scale, and the mean gain.
* Replays as in `pruning_tables`, 20 shuffles: epochs saved, the worst hypervolume kept, and the losses.

It takes some minutes.
"""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.power_law import PowerLawBound
from tuner.metrics import METRICS
from tuner.replay.compare import LOSS
from tuner.replay.curves_file import read_recorded
from tuner.replay.judge import judge, truth_of
from tuner.replay.recorded import RecordedStudy
from tuner.replay.simulate import InOrder, TrialCourse, clock_of, courses_of, simulate
from tuner.search.gain_bound import Curves, GainBound, SoFar
from tuner.search.outlook import Outlook
from tuner.search.pace_bound import PaceBound
from tuner.search.pareto_pruner import ParetoPruner
from tuner.search.scale import Array, Scale

CURVES = Path(__file__).resolve().parent / "curves"
STUDIES = ("reviews_64", "mixed_73", "sentences_64")
STARTUP_TRIALS, GRACE_EPOCHS, LEAST_PACE = 4, 1, 0.02
"""As `pareto` declares them by default."""
COVERAGE_ORDERS, ORDERS = 10, 20
BOUNDS: dict[str, GainBound] = {
    "**pace, quantile 0.8 (the default)**": PaceBound(STARTUP_TRIALS, 0.8, LEAST_PACE),
    "pace, quantile 0.9": PaceBound(STARTUP_TRIALS, 0.9, LEAST_PACE),
    "power law, 0.8": PowerLawBound(0.8, STARTUP_TRIALS, LEAST_PACE),
    "power law, 0.9": PowerLawBound(0.9, STARTUP_TRIALS, LEAST_PACE),
    "power law, error by pace, 0.7": PowerLawBound(0.7, STARTUP_TRIALS, LEAST_PACE, by_pace=True),
    "power law, error by pace, 0.8": PowerLawBound(0.8, STARTUP_TRIALS, LEAST_PACE, by_pace=True),
}


@dataclass(frozen=True)
class Asked:
    """One bound that was asked for.

    Attributes:
        epochs: The trial had trained.
        bound: Of the gain; None when it could not be told, and all is hoped for.
        gain: That came.
    """

    epochs: int
    bound: float | None
    gain: float

    @property
    def held(self) -> bool:
        """Whether the trial ended at most at its bound."""
        return self.bound is None or self.gain <= self.bound


def pruner_of(study: RecordedStudy, bound: GainBound) -> ParetoPruner:
    """Make `pareto` with a bound, all else as by default."""
    outlook = Outlook(study.objectives, METRICS, bound)
    return ParetoPruner(study.objectives, outlook, STARTUP_TRIALS, GRACE_EPOCHS)


def courses_and_orders(
    study: RecordedStudy, orders: int
) -> tuple[list[TrialCourse], list[list[TrialCourse]]]:
    """Return the trials as recorded, and shuffled as `tuner replay --order shuffled` does."""
    courses = courses_of(study.trials, study.objectives, clock_of(study.objectives))
    shuffled = []
    for seed in range(orders):
        order = list(courses)
        random.Random(seed).shuffle(order)
        shuffled.append(order)
    return courses, shuffled


def asked(
    study: RecordedStudy, bound: GainBound, orders: int = COVERAGE_ORDERS, pruned: bool = False
) -> Iterator[Asked]:
    """Ask for the bound of every trial's first objective after each of its epochs but the first and the last.

    Args:
        study: Recorded curves.
        bound: Whom to ask.
        orders: Shuffles.
        pruned: Whether only trials are learned from that the pruner with this bound let end.
    """
    first = study.objectives[0]
    scale = Scale(METRICS[first.metric], first.direction)
    for order in courses_and_orders(study, orders)[1]:
        ended = {course.number for course in order}
        if pruned:
            ended -= simulate(InOrder(order), pruner_of(study, bound)).reasons.keys()
        before: list[Array] = []
        for course in order:
            values = np.array([[report.metrics[first.metric] for report in course.curve]])
            own = scale.reached(values)[0]
            if len(before) >= STARTUP_TRIALS:
                yield from _asked_of(own, _curves(before, scale), bound)
            if course.number in ended and len(own) > 2:
                before.append(own)


def _asked_of(own: Array, finished: Curves, bound: GainBound) -> Iterator[Asked]:
    for epoch in range(GRACE_EPOCHS, len(own) - 1):
        running = SoFar(own[: epoch + 1], epoch, len(own) - 1 - epoch)
        gain = bound.bound(running, finished)
        yield Asked(epoch + 1, None if gain is None else gain.total, float(own[-1] - own[epoch]))


def _curves(rows: Sequence[Array], scale: Scale) -> Curves:
    lengths = np.array([len(row) for row in rows])
    reached = np.array([np.pad(row, (0, lengths.max() - len(row)), mode="edge") for row in rows])
    return Curves(reached, lengths, scale.spread(reached[:, -1]))


def coverage_table(
    study: RecordedStudy, bounds: Mapping[str, GainBound], orders: int = COVERAGE_ORDERS
) -> list[str]:
    """Return how often each bound holds, in Markdown, a line each."""
    lines: list[str] = []
    for said, bound in bounds.items():
        found = list(asked(study, bound, orders))
        at_epoch = sorted({each.epochs for each in found})
        if not lines:
            heads = [*map(str, at_epoch), "all", "all, pruned", "mean bound", "mean gain"]
            lines += [f"| held after epochs | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
        held = [_share([each for each in found if each.epochs == epochs]) for epochs in at_epoch]
        held += [_share(found), _share(list(asked(study, bound, orders, pruned=True)))]
        mean = statistics.fmean(each.bound for each in found if each.bound is not None)
        cells = [*held, f"{mean:.3f}", f"{statistics.fmean(each.gain for each in found):.3f}"]
        lines.append(f"| {said} | {' | '.join(cells)} |")
    return lines


def _share(found: Sequence[Asked]) -> str:
    return f"{statistics.fmean(each.held for each in found):.1%}".replace("%", " %")


def replay_table(study: RecordedStudy, bounds: Mapping[str, GainBound], orders: int = ORDERS) -> list[str]:
    """Return what `pareto` saves and loses with each bound, in Markdown, a line each."""
    by_loss, by_accuracy = study.with_rules(patience=3), study.with_rules(patience=3, monitor="accuracy")
    columns = {
        "1 worker": (study, 1),
        "2 workers": (study, 2),
        "4 workers": (study, 4),
        "patience 3": (by_loss, 1),
        "patience 3, by accuracy": (by_accuracy, 1),
    }
    lines = [f"| bound | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for said, bound in bounds.items():
        cells = [replayed(ruled, bound, workers, orders) for ruled, workers in columns.values()]
        lines.append(f"| {said} | {' | '.join(cells)} |")
    return lines


def replayed(study: RecordedStudy, bound: GainBound, workers: int, orders: int = ORDERS) -> str:
    """Replay `pareto` with a bound; write epochs saved, the worst hypervolume kept and the losses."""
    courses, shuffled = courses_and_orders(study, orders)
    truth, pruner = truth_of(courses, study.objectives), pruner_of(study, bound)
    judged = [judge(simulate(InOrder(order), pruner, workers), courses, truth) for order in shuffled]
    saved = statistics.median(each.epochs_saved for each in judged)
    worst = min(each.hypervolume_kept for each in judged)
    losses = sum(each.largest_cut > LOSS for each in judged)
    return f"{saved:.1%}, {worst:.1%}, {losses}".replace("%", " %")


def main(names: Sequence[str]) -> None:
    """Print the tables."""
    for name in names or STUDIES:
        study = read_recorded(CURVES / f"{name}.json.gz")
        print(f"{name}\n")
        print("\n".join(coverage_table(study, BOUNDS)), "\n", flush=True)
        print("\n".join(replay_table(study, BOUNDS)), "\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
