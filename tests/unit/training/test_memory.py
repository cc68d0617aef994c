"""A process's own peak, and the estimate's rules; how near it comes is measured in tests/integration."""

from __future__ import annotations

import sys

import pytest

from tuner.catalogue import CATALOGUE
from tuner.spec.values import Value
from tuner.training.memory import PeakMemory, TextFacts, estimate_bytes

MIB = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel's mark is not set back")
def test_what_was_given_back_between_two_looks_counts() -> None:
    memory = PeakMemory()
    before = memory.peak_bytes()
    held = bytearray(300 * MIB)
    del held

    assert memory.peak_bytes() - before > 290 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel's mark is not set back")
def test_what_was_before_the_trial_does_not_count() -> None:
    held = bytearray(300 * MIB)
    before = PeakMemory().peak_bytes()
    del held

    assert PeakMemory().peak_bytes() < before - 290 * MIB


def test_the_peak_before_a_continuation_counts() -> None:
    assert PeakMemory(before_bytes=1 << 50).peak_bytes() == 1 << 50


def test_without_the_kernels_mark_the_moments_that_were_looked_at_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tuner.training.memory._forget_peak", lambda: False)
    memory = PeakMemory()
    before = memory.peak_bytes()
    held = bytearray(300 * MIB)
    memory.look()
    del held

    assert memory.peak_bytes() - before > 290 * MIB


def estimate(given: dict[str, Value], texts: TextFacts | None = None) -> int:
    found = estimate_bytes(CATALOGUE.complete(given), texts or TextFacts())
    assert found is not None
    return found


@pytest.mark.parametrize("family", CATALOGUE.families)
def test_every_family_has_an_estimate(family: str) -> None:
    assert 64 * MIB < estimate({"family": family}) < 1000 * MIB


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ({"units": 64}, {"units": 256}),
        ({"bidirectional": False}, {"bidirectional": True}),
        ({"batch_size": 512}, {"batch_size": 1024}),
        ({"sequence_length": 100}, {"sequence_length": 400}),
        ({"vocabulary_size": 5000}, {"vocabulary_size": 50_000}),
        ({"embedding": "glove"}, {"embedding": "glove", "embedding_trainable": True}),
        ({"embedding": "word2vec"}, {"embedding": "word2vec", "embedding_dimension": 300}),
        ({"optimizer": "sgd", "momentum": 0.0}, {"optimizer": "sgd"}),
        ({"optimizer": "sgd"}, {"optimizer": "adam"}),
        ({"family": "cnn"}, {"family": "cnn", "filters": 800}),
        ({"family": "transformer"}, {"family": "transformer", "heads": 8}),
        ({"embedding": "tfidf"}, {"embedding": "tfidf", "tfidf_features": 50_000}),
    ],
)
def test_what_makes_a_model_larger_makes_the_estimate_larger(
    smaller: dict[str, Value], larger: dict[str, Value]
) -> None:
    assert estimate(smaller) < estimate(larger)


def test_attention_grows_with_the_square_of_the_length() -> None:
    family = "lstm_self_attention"
    lengths = [estimate({"family": family, "sequence_length": length}) for length in (500, 1000, 2000)]

    assert lengths[2] - lengths[1] > 3 * (lengths[1] - lengths[0])


def test_texts_that_are_known_bound_vocabulary_and_length() -> None:
    assert estimate({}, TextFacts(words=100)) < estimate({})
    assert estimate({}, TextFacts(longest=20)) < estimate({})
    assert estimate({}, TextFacts(words=10**6, longest=10**4)) == estimate({})


def test_a_family_of_a_persons_own_has_no_estimate() -> None:
    params = {**CATALOGUE.complete({}), "family": "mine:build"}

    assert estimate_bytes(params, TextFacts()) is None
