"""Which trials are begun, on machines of any size: the sizes are made up, the decisions are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tuner.decision import Decision, Rule
from tuner.execution.memory import WORKER_BYTES, MemoryGate
from tuner.trial import Ending, TrialOutcome, TrialRequest

MIB, GB = 1 << 20, 10**9

REQUEST = TrialRequest("s", 3, {"family": "lstm", "units": 64}, 1, "binary", "data", "cache", "trial")
ENDED = TrialOutcome(3, Ending.COMPLETE, {"peak_memory_bytes": 900.0 * MIB}, facts={"device": "CPU"})


def gate(limit: int | None, estimate: int | None = 1000 * MIB) -> MemoryGate:
    return MemoryGate(limit, lambda _: estimate, worker_bytes=500 * MIB)


def test_a_trial_that_fits_is_begun() -> None:
    assert gate(1500 * MIB).judge(REQUEST) is None


def test_a_trial_that_does_not_fit_is_pruned_with_the_numbers() -> None:
    found = gate(GB).judge(REQUEST)

    assert found is not None
    assert (found.number, found.ending) == (3, Ending.PRUNED)
    assert found.reason == (
        "does not fit into memory: about 1.57 GB with its worker, which may have 1 GB; not begun"
    )
    assert found.facts == {"memory_needed_bytes": 1500 * MIB, "memory_limit_bytes": GB}
    assert found.decision is not None
    assert found.decision.reason == found.reason


def test_the_size_of_a_trial_that_does_not_fit_can_be_added_up_again() -> None:
    asked = learned(1.5, 1.5, 1.5)
    asked.limit_bytes = GB
    found = asked.judge(REQUEST)

    assert found is not None
    assert found.decision == Decision(
        Rule.MEMORY,
        {
            "needed_bytes": 2000 * MIB,
            "limit_bytes": GB,
            "worker_bytes": 500 * MIB,
            "estimate_bytes": 1000 * MIB,
            "ratio": 1.5,
        },
    )


@pytest.mark.parametrize("unknown", [gate(None), gate(1, estimate=None)])
def test_without_a_limit_or_an_estimate_nothing_is_held_back(unknown: MemoryGate) -> None:
    assert unknown.judge(REQUEST) is None


def test_the_largest_worker_counts() -> None:
    asked = gate(1600 * MIB)
    asked.worker_is(400 * MIB)
    assert asked.judge(REQUEST) is None

    asked.worker_is(700 * MIB)
    assert asked.judge(REQUEST) is not None


def test_a_worker_that_none_has_measured_yet_is_taken_as_usual() -> None:
    assert MemoryGate(estimate=lambda _: MIB).needed_bytes(REQUEST) == WORKER_BYTES + MIB


def learned(*ratios: float, family: str = "lstm") -> MemoryGate:
    """Return a judge that has seen trials which took these shares of an estimate of 1000 MiB."""
    asked = gate(None)
    for ratio in ratios:
        facts = {"memory_estimate_bytes": 1000 * MIB, "memory_measured_bytes": int(ratio * 1000 * MIB)}
        asked.learn({"family": family}, facts)
    return asked


def test_finished_trials_put_the_estimate_right() -> None:
    asked = gate(1200 * MIB)
    assert asked.judge(REQUEST) is not None

    for peak in (1090, 1095, 1100):
        took = replace(ENDED, metrics={"peak_memory_bytes": float(peak * MIB)})
        found = asked.measured(REQUEST, took, before_bytes=600 * MIB)

    assert found.facts["memory_estimate_bytes"] == 1000 * MIB
    assert found.facts["memory_measured_bytes"] == 600 * MIB
    assert found.facts["device"] == "CPU"
    assert asked.needed_bytes(REQUEST) == 1100 * MIB
    assert asked.judge(REQUEST) is None


def test_what_one_session_measured_another_learns_from() -> None:
    first, second = gate(None), gate(None)
    for _ in range(3):
        ended = first.measured(REQUEST, ENDED, before_bytes=500 * MIB)
        second.learn(REQUEST.params, ended.facts)

    assert second.ratio("lstm") == first.ratio("lstm") == pytest.approx(0.5, abs=0.1)


def test_a_few_trials_do_not_move_the_estimate() -> None:
    assert learned(0.6, 0.6).ratio("lstm") == 1.0
    assert learned(0.6, 0.6, 0.6).ratio("lstm") == pytest.approx(0.6)


def test_each_family_is_put_right_by_its_own_trials() -> None:
    assert learned(0.6, 0.6, 0.6, family="transformer").ratio("lstm") == 1.0


def test_one_trial_in_ten_may_take_more_than_the_estimate_put_right() -> None:
    assert learned(*[0.6] * 18, 1.9, 2.0).ratio("lstm") == pytest.approx(1.9)
    assert learned(*[0.6] * 19, 2.0).ratio("lstm") == pytest.approx(0.6)


def test_an_accident_of_measuring_moves_it_so_far_and_no_further() -> None:
    assert learned(*[90.0] * 5).ratio("lstm") == 4.0
    assert learned(*[0.01] * 5).ratio("lstm") == 0.5


@pytest.mark.parametrize(("before", "is_measure"), [(500, True), (690, True), (710, False), (900, False)])
def test_a_trial_that_lived_on_what_an_earlier_one_left_is_no_measure(before: int, is_measure: bool) -> None:
    found = gate(GB).measured(REQUEST, ENDED, before_bytes=before * MIB)

    assert ("memory_measured_bytes" in found.facts) is is_measure


def test_small_estimates_tell_nothing_about_large_ones() -> None:
    asked = gate(None)
    for _ in range(3):
        asked.learn(
            {"family": "lstm"}, {"memory_estimate_bytes": 100 * MIB, "memory_measured_bytes": 300 * MIB}
        )

    assert asked.ratio("lstm") == 1.0


@pytest.mark.parametrize("facts", [{}, {"memory_estimate_bytes": GB}, {"memory_measured_bytes": GB}])
def test_a_trial_without_both_sizes_teaches_nothing(facts: dict[str, int]) -> None:
    asked = gate(None)
    for _ in range(3):
        asked.learn({"family": "lstm"}, facts)

    assert asked.ratio("lstm") == 1.0


def test_a_trial_that_was_not_measured_is_left_as_it_is() -> None:
    failed = TrialOutcome(3, Ending.FAILED, reason="no such layer")

    assert gate(GB).measured(REQUEST, failed, 0) is failed
