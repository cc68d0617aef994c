"""Which of a trial's recorded metrics a kept model can be held against, and how closely."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tuner.cli.verify import has_todays_terms, is_coarse
from tuner.spec.values import Value


@pytest.mark.parametrize(
    ("settings", "facts", "told"),
    [
        ({"tfidf_ngrams": 2}, {}, False),
        ({"tfidf_ngrams": 2}, {"different_words": 100}, True),
        ({"tfidf_ngrams": 1}, {}, True),
        ({"units": 8}, {}, True),
    ],
)
def test_older_trials_with_runs_across_unknown_words_are_not_held_against_their_metrics(
    settings: Mapping[str, Value], facts: Mapping[str, Value], told: bool
) -> None:
    assert has_todays_terms(settings, facts) is told


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"device": "CPU (core 1)"}, False),
        ({"device": "GPU (a card)"}, True),
        ({"device": "CPU (core 1)", "trained_in_ways": "GPU (a card), 1 thread"}, True),
        ({"device": "CPU (core 1)", "precision": "mixed_float16"}, True),
    ],
)
def test_metrics_of_a_gpu_or_of_half_precision_are_coarse_wherever_the_trial_ended(
    facts: Mapping[str, Value], told: bool
) -> None:
    assert is_coarse(facts) is told
