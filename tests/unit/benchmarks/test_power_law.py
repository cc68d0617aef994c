"""The power law that was tried as a bound: it finds a law that is there, and nothing breaks it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.power_law import PowerLawBound, fitted
from tuner.metrics import METRICS
from tuner.search.gain_bound import Curves, SoFar
from tuner.search.outlook import Outlook
from tuner.search.scale import Array
from tuner.search.trials import FinishedTrial
from tuner.spec.catalogue import Metric
from tuner.spec.values import Direction, Objective
from tuner.trial import Ending, EpochReport

EPOCHS = 8


def law(a: float, b: float, exponent: float = 1.0, epochs: int = EPOCHS) -> Array:
    """Return a - b * t^-exponent without noise."""
    t = np.arange(1, epochs + 1, dtype=np.float64)
    curve: Array = a - b * t**-exponent
    return curve


def curves(rows: Sequence[Array], unit: float = 1.0) -> Curves:
    lengths = np.array([len(row) for row in rows])
    reached = np.array([np.pad(row, (0, lengths.max() - len(row)), mode="edge") for row in rows])
    return Curves(reached, lengths, unit)


def so_far(row: Array, epochs: int) -> SoFar:
    return SoFar(row[:epochs], epochs - 1, EPOCHS - epochs)


def study(exponent: float = 1.0, epochs: int = EPOCHS) -> list[Array]:
    pairs = [(1.0, 0.5), (1.2, 0.9), (0.9, 0.2), (1.5, 0.6), (1.1, 0.7), (0.8, 0.3)]
    return [law(a, b, exponent, epochs) for a, b in pairs]


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("by_pace", [False, True])
def test_a_law_without_noise_is_recovered(exponent: float, by_pace: bool) -> None:
    own = law(1.3, 0.4, exponent)
    bound = PowerLawBound(least_pace=0.0, by_pace=by_pace)

    assert fitted(curves(study(exponent)).reached, np.full(6, EPOCHS)).exponent == exponent
    for epochs in (2, 4, 7):
        found = bounded(bound, so_far(own, epochs), curves(study(exponent)))
        assert found == pytest.approx(own[-1] - own[epochs - 1], abs=1e-3)


def test_trials_of_different_lengths_teach_the_same_law() -> None:
    rows = [row[:length] for row, length in zip(study(), (8, 5, 8, 3, 8, 6), strict=True)]
    own = law(1.3, 0.4)

    found = bounded(PowerLawBound(least_pace=0.0), so_far(own, 3), curves(rows))

    assert found == pytest.approx(own[-1] - own[2], abs=1e-3)


def bounded(bound: PowerLawBound, running: SoFar, finished: Curves) -> float | None:
    """Return the bound itself; None where it cannot be told."""
    gain = bound.bound(running, finished)
    return None if gain is None else gain.total


def noisy(rows: Sequence[Array], seed: int = 0) -> list[Array]:
    draw = np.random.default_rng(seed)
    return [np.maximum.accumulate(row + draw.normal(0.0, 0.05, len(row))) for row in rows]


@given(st.integers(0, 99), st.integers(2, 7), st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.booleans())
def test_a_surer_bound_is_never_lower(
    seed: int, epochs: int, first: float, second: float, by_pace: bool
) -> None:
    finished, own = curves(noisy(study(), seed)), so_far(noisy([law(1.3, 0.4)], seed + 100)[0], epochs)
    found = [
        bounded(PowerLawBound(probability, by_pace=by_pace), own, finished)
        for probability in sorted((first, second))
    ]

    assert found[0] is not None
    assert found[1] is not None
    assert found[0] <= found[1] + 1e-12


@given(st.integers(0, 99), st.integers(2, 7))
def test_the_order_of_the_finished_trials_does_not_matter(seed: int, epochs: int) -> None:
    rows = noisy(study(), seed)
    order = np.random.default_rng(seed).permutation(len(rows))
    own = so_far(noisy([law(1.3, 0.4)], seed + 100)[0], epochs)

    assert bounded(PowerLawBound(), own, curves([rows[at] for at in order])) == pytest.approx(
        bounded(PowerLawBound(), own, curves(rows)), rel=1e-6
    )


def test_the_bound_is_in_units_of_the_scale() -> None:
    rows, own = noisy(study()), noisy([law(1.3, 0.4)], 1)[0]
    found = bounded(PowerLawBound(), so_far(own, 3), curves(rows))
    thousandfold = bounded(
        PowerLawBound(), so_far(own * 1000.0, 3), curves([row * 1000.0 for row in rows], unit=1000.0)
    )

    assert found is not None
    assert thousandfold == pytest.approx(found * 1000.0)


@given(
    rows=st.lists(
        st.lists(st.floats(-1e3, 1e3) | st.just(math.nan), min_size=3, max_size=6), min_size=1, max_size=6
    ),
    own=st.lists(st.floats(-1e3, 1e3) | st.just(math.nan), min_size=2, max_size=6),
    unit=st.sampled_from([0.0, 1.0, 1000.0]),
    by_pace=st.booleans(),
)
def test_a_bound_is_a_number_or_none(
    rows: list[list[float]], own: list[float], unit: float, by_pace: bool
) -> None:
    best = [np.fmax.accumulate(np.array(row)) for row in rows]
    running = SoFar(np.fmax.accumulate(np.array(own)), len(own) - 1, 3)

    found = bounded(PowerLawBound(startup_trials=2, by_pace=by_pace), running, curves(best, unit))

    assert found is None or (math.isfinite(found) and found >= 0.0)


@pytest.mark.parametrize("by_pace", [False, True])
def test_constant_curves_leave_the_least_pace(by_pace: bool) -> None:
    flat = [np.full(EPOCHS, 0.5)] * 5

    found = bounded(PowerLawBound(least_pace=0.02, by_pace=by_pace), so_far(flat[0], 3), curves(flat))

    assert found == pytest.approx(0.02 * 5, abs=1e-3)


def test_too_few_curves_tell_nothing() -> None:
    assert bounded(PowerLawBound(startup_trials=4), so_far(law(1.3, 0.4), 3), curves(study()[:3])) is None


SKILL = Metric("skill", "", "curve", ("binary",), "skill", None)


def hope(metric: str, direction: Direction, own: Sequence[float], rows: Sequence[Sequence[float]]) -> float:
    """Return what an outlook with the power law hopes for."""

    def reports(number: int, values: Sequence[float]) -> list[EpochReport]:
        return [EpochReport(number, epoch, {metric: value}, 0, {}) for epoch, value in enumerate(values)]

    finished = [
        FinishedTrial(number, Ending.COMPLETE, (row[-1],), reports(number, row))
        for number, row in enumerate(rows)
    ]
    outlook = Outlook(
        (Objective(metric, direction),), {**METRICS, "skill": SKILL}, PowerLawBound(least_pace=0.0)
    )
    (found,) = outlook.hopes(reports(9, own), finished)
    return found.value


def test_an_accuracy_is_bounded_on_the_logarithmic_scale() -> None:
    rows, own = [list(1.0 - np.exp(-row)) for row in study()], 1.0 - np.exp(-law(1.3, 0.4))

    assert hope("accuracy", "maximize", list(own[:3]), rows) == pytest.approx(own[-1], abs=1e-3)


def test_a_metric_without_a_best_value_is_bounded_in_both_directions() -> None:
    rows, own = study(), law(1.3, 0.4)

    assert hope("skill", "maximize", list(own[:3]), [list(row) for row in rows]) == pytest.approx(
        own[-1], abs=1e-3
    )
    assert hope("skill", "minimize", list(-own[:3]), [list(-row) for row in rows]) == pytest.approx(
        -own[-1], abs=1e-3
    )


def test_one_epoch_tells_nothing() -> None:
    assert hope("accuracy", "maximize", [0.6], [[0.6, 0.7, 0.8]] * 5) == 1.0
