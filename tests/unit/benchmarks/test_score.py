"""What the comparison with other tools says follows from what they found and what it is worth."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.front.record import Found
from benchmarks.front.remeasure import key_of
from benchmarks.front.score import (
    Run,
    Score,
    as_found,
    fronts_over_time,
    held_from,
    median_curve,
    score,
    sooner,
    summary,
    trained_again,
    volume,
)


def found(at_s: float, accuracy: float, seconds: float, units: int = 0, epochs: int = 1) -> Found:
    return Found(at_s, {"units": units or round(seconds)}, epochs, accuracy, seconds)


def test_the_volume_is_a_share_of_the_box() -> None:
    assert volume([(1.0, 0.0)], 0.5, 60.0) == 1.0
    assert volume([(0.75, 30.0)], 0.5, 60.0) == pytest.approx(0.25)
    assert volume([], 0.5, 60.0) == 0.0


def test_points_outside_the_box_count_nothing() -> None:
    assert volume([(0.5, 1.0), (0.9, 60.0), (0.9, 90.0)], 0.5, 60.0) == 0.0


def test_a_dominated_point_adds_nothing() -> None:
    assert volume([(0.8, 10.0), (0.7, 20.0)], 0.5, 60.0) == volume([(0.8, 10.0)], 0.5, 60.0)


def test_the_member_that_is_claimed_to_be_the_best_decides() -> None:
    """From 0 to 10 s nothing, to 30 s 0.9, then 0.7, which was claimed to be better."""
    points, claims = [(0.9, 10.0), (0.7, 30.0), (0.99, 40.0)], [0.8, 0.85, 0.82]

    assert volume(points, 0.5, 60.0, claims) == pytest.approx((0.4 * 20 + 0.2 * 30) / (0.5 * 60))
    assert volume(points[::-1], 0.5, 60.0, claims[::-1]) == volume(points, 0.5, 60.0, claims)


def test_a_front_is_told_when_it_changes_and_not_after_the_budget() -> None:
    every = [found(1, 0.6, 5), found(2, 0.55, 9), found(3, 0.7, 8), found(11, 0.9, 1)]

    fronts = [(at_s, [each.accuracy for each in members]) for at_s, members in fronts_over_time(every, 10)]

    assert fronts == [(1, [0.6]), (3, [0.6, 0.7])]


def test_a_run_is_scored_by_what_its_own_front_is_worth_again() -> None:
    run = Run("peer", 0, [found(1, 0.9, 10), found(2, 0.8, 20), found(3, 0.95, 30)])
    again = {10: (0.6, 6.0), 30: (0.7, 12.0)}  # 20 was never on its front and is not measured again

    scored = score(run, lambda each: again[each.params["units"]], 100.0, 0.5, 60.0)

    assert [at_s for at_s, _ in scored.curve] == [1, 3]
    assert scored.final == pytest.approx(volume([(0.6, 6.0), (0.7, 12.0)], 0.5, 60.0, [0.9, 0.95]))
    assert scored.front == [(0.6, 6.0), (0.7, 12.0)]
    assert scored.said == [(0.9, 10), (0.95, 30)]
    assert scored.networks == 3


def test_a_network_that_was_given_up_when_measured_again_is_worth_nothing() -> None:
    scored = score(Run("peer", 0, [found(1, 0.9, 10)]), lambda _: None, 100.0, 0.5, 60.0)

    assert scored.final == 0.0
    assert scored.front == []


def test_whole_trainings_come_to_at_most_what_they_were_worth_after_their_first_epoch() -> None:
    run = Run("peer", 0, [found(9, 0.8, 50, units=7, epochs=5), found(20, 0.9, 40, units=8, epochs=2)])
    seconds = {7: [12.0, 24.0], 8: [20.0, 40.0]}

    def worth(each: Found) -> tuple[float, float]:
        return each.accuracy, seconds[each.params["units"]][each.epochs - 1]

    scored = score(sooner(run), worth, 100.0, 0.5, 60.0)

    assert scored.front == [(0.8, 12.0), (0.9, 20.0)]
    assert scored.final == pytest.approx(volume([(0.8, 12.0), (0.9, 20.0)], 0.5, 60.0))


AGAIN: dict[str, dict[str, Any]] = {
    key_of({"units": 7}, 0): {"seconds": [1.0, 2.0, 3.0], "accuracies": {"2": 0.8, "3": 0.7}},
    key_of({"units": 8}, 0): {"seconds": [40.0], "accuracies": {}},  # the second epoch took too long
}


def test_a_network_is_worth_the_seconds_of_as_many_epochs_with_the_accuracy_that_was_found() -> None:
    worth = as_found(AGAIN, 0)

    assert worth(found(1, 0.75, 9.0, units=7, epochs=2)) == (0.75, 2.0)
    assert worth(found(1, 0.75, 9.0, units=7, epochs=3)) == (0.75, 3.0)
    assert worth(found(1, 0.75, 9.0, units=8, epochs=2)) is None


def test_a_network_that_is_trained_again_is_worth_what_it_then_does_on_unseen_texts() -> None:
    worth = trained_again(AGAIN, 0)

    assert worth(found(1, 0.75, 9.0, units=7, epochs=2)) == (0.8, 2.0)
    assert worth(found(1, 0.75, 9.0, units=7, epochs=3)) == (0.7, 3.0)
    assert worth(found(1, 0.75, 9.0, units=8, epochs=2)) is None


def test_the_median_of_curves_changes_when_one_of_them_does() -> None:
    curves = [[(1.0, 0.2), (4.0, 0.8)], [(2.0, 0.4)], [(3.0, 0.6)]]

    assert median_curve(curves) == [(1.0, 0.0), (2.0, 0.2), (3.0, 0.4), (4.0, 0.6)]


def test_from_when_on_a_curve_holds_a_target() -> None:
    curve = [(1.0, 0.2), (5.0, 0.6), (9.0, 0.7)]

    assert held_from(curve, 0.5) == 5.0
    assert held_from(curve, 0.8) is None


def test_what_was_lost_again_was_not_held() -> None:
    curve = [(1.0, 0.6), (5.0, 0.4), (9.0, 0.55), (11.0, 0.6)]

    assert held_from(curve, 0.5) == 9.0
    assert held_from([*curve, (12.0, 0.1)], 0.5) is None


def test_recurrent_networks_are_told_apart() -> None:
    points = [Found(1.0, {"family": family}, 1, 0.7, 5.0) for family in ("cnn", "lstm", "bilstm")]

    scored = score(Run("tuner", 0, points), lambda _: (0.7, 5.0), 100.0, 0.5, 60.0)

    assert (scored.networks, scored.recurrent) == (3, 2)


def test_the_best_peer_is_that_of_the_best_median() -> None:
    def ended(method: str, seed: int, *curve: tuple[float, float]) -> Score:
        return Score(method, seed, 1, 0, curve, [], [])

    scores = [
        ended("tuner", 0, (10.0, 0.5), (50.0, 0.9)),
        ended("tuner", 1, (20.0, 0.3)),
        ended("lucky", 0, (90.0, 0.99)),
        ended("lucky", 1),
        ended("steady", 0, (90.0, 0.55)),
        ended("steady", 1, (90.0, 0.45)),
        ended("tuner, otherwise", 0, (90.0, 0.99)),
    ]

    said = summary(scores, "tuner", ("tuner", "tuner, otherwise"), 100.0)

    assert said["medians"] == {"tuner": 0.6, "lucky": 0.495, "steady": 0.5, "tuner, otherwise": 0.99}
    assert said["best_peer"] == "steady"
    assert said["shares"] == [0.5, None], "each against what that peer ended with on the same texts"
    assert said["share"] == 0.5, "from then on the median of 0.9 and 0.3 is above 0.5"
    assert said["beats"] == {"lucky": True, "steady": True}
    assert [(each["method"], each["seed"]) for each in said["lost"]] == [("lucky", 0), ("steady", 1)]
