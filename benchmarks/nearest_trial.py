"""How well does the nearest recorded trial predict what another one reaches?

    python -m benchmarks.nearest_trial

Of each recorded study whose space is known: R2 of the accuracy of the nearest other trial (Gower 1971) as a
prediction of a trial's own; above 0 it would say more than the mean of all does. It is why ``tuner replay
--sampler`` begins recorded trials with their own curves, and predicts none.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.paths import ROOT
from tuner.replay.curves_file import read_recorded
from tuner.replay.recorded import RecordedStudy
from tuner.replay.simulate import clock_of, courses_of
from tuner.search.nearness import Nearness

__all__ = ["explained"]

STUDIES = ("reviews_64", "sentences_64")


def explained(study: RecordedStudy) -> float:
    """Return R2 of the first objective of each trial's nearest other trial as a prediction of its own."""
    courses = courses_of(study.trials, study.objectives, clock_of(study.objectives))
    reached = np.array([course.values[0] for course in courses])  # (n_trials,)
    nearness = Nearness(study.space)
    places = nearness.places([trial.params for trial in study.trials])
    distances = np.array([nearness.distances(place, places) for place in places])  # (n_trials, n_trials)
    np.fill_diagonal(distances, np.inf)
    predicted = reached[distances.argmin(axis=1)]
    return float(1.0 - ((reached - predicted) ** 2).sum() / ((reached - reached.mean()) ** 2).sum())


def main() -> int:
    """Print a line a study."""
    for name in STUDIES:
        study = read_recorded(ROOT / "benchmarks" / "curves" / f"{name}.json.gz")
        print(f"{name:14} R2 {explained(study):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
