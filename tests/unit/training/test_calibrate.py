"""How a worker's speed is followed through a trial, on a clock that a test moves."""

from __future__ import annotations

import math

import pytest

from tuner.training.calibrate import A_ROUND, FIRST_S, REFERENCE_PIECE_S, Pace, calibrate


class Machine:
    """Does a piece of work in ``piece_s`` of its own clock."""

    def __init__(self, piece_s: float = REFERENCE_PIECE_S) -> None:
        self.piece_s = piece_s
        self.now_s = 0.0
        self.pieces = 0

    def clock(self) -> float:
        return self.now_s

    def work(self) -> None:
        self.now_s += self.piece_s
        self.pieces += 1


def train(pace: Pace, machine: Machine, seconds: float, step_s: float = 0.1) -> None:
    """Look at the pace before each step, as a trial does."""
    trained_s = 0.0
    while trained_s < seconds:
        pace.keep_up(trained_s)
        trained_s += step_s
        machine.now_s += step_s


def test_a_machine_that_is_twice_as_fast_does_two_reference_seconds_a_second() -> None:
    machine = Machine(REFERENCE_PIECE_S / 2)
    pace = Pace(machine.work, machine.clock)
    pace.keep_up(0.0)

    assert pace.speed() == pytest.approx(2.0)


def test_the_first_steps_have_a_pace_already() -> None:
    machine = Machine()
    pace = Pace(machine.work, machine.clock)
    pace.keep_up(0.0)

    assert machine.pieces == A_ROUND + 1


@pytest.mark.parametrize("piece_s", [0.001, 0.01, 0.1])
def test_pieces_cost_one_in_two_hundred_of_a_long_trial(piece_s: float) -> None:
    machine = Machine(piece_s)
    train(Pace(machine.work, machine.clock), machine, 200.0)

    rounds_of_a_short_one = 2 + math.log2(200.0 / FIRST_S)
    most_s = max(1.0, rounds_of_a_short_one * (A_ROUND + 1) * piece_s) + (A_ROUND + 1) * piece_s
    assert 0.9 <= machine.pieces * piece_s <= most_s + 0.1


def test_a_trial_of_some_seconds_is_not_judged_by_a_single_moment() -> None:
    machine = Machine(2 * REFERENCE_PIECE_S)  # something disturbs its beginning
    pace = Pace(machine.work, machine.clock)
    pace.keep_up(0.0)
    machine.piece_s = REFERENCE_PIECE_S
    train(pace, machine, 1.0, step_s=0.01)

    assert pace.speed() == pytest.approx(1.0)


def test_rounds_before_the_share_allows_them_come_each_time_that_the_training_has_doubled() -> None:
    machine = Machine(1.0)  # so slow that the share never allows one
    rounds = []
    pace = Pace(machine.work, machine.clock)
    for quarter in range(17):
        before = machine.pieces
        pace.keep_up(quarter / 4)
        if machine.pieces > before:
            rounds.append(quarter / 4)

    assert rounds == [0.0, 0.25, 0.5, 1.0, 2.0, 4.0]


def test_the_pace_follows_a_machine_that_grows_slower() -> None:
    machine = Machine()
    pace = Pace(machine.work, machine.clock)
    train(pace, machine, 20.0)
    machine.piece_s *= 2
    train_more = 20.0
    while train_more < 60.0:
        pace.keep_up(train_more)
        train_more += 0.1

    assert pace.speed() == pytest.approx(0.5)


def test_one_disturbed_round_among_several_changes_nothing() -> None:
    machine = Machine()
    pace = Pace(machine.work, machine.clock)
    for trained_s in (0.0, FIRST_S, 2 * FIRST_S):
        pace.keep_up(trained_s)
    machine.piece_s *= 30
    pace.keep_up(1e9)

    assert pace.speed() == pytest.approx(1.0)


def test_a_clock_that_is_too_coarse_to_see_a_piece_tells_no_speed() -> None:
    pace = Pace(lambda: None, lambda: 0.0)
    pace.keep_up(0.0)

    assert pace.speed() == 1.0


def test_the_quickest_round_of_three_pieces_is_the_workers_calibration() -> None:
    machine = Machine(2.0)
    costs = iter([9.0, 2.0, 2.0, 2.0, 2.0, 9.0, *[1.0] * 3, *[5.0] * 3])

    def work() -> None:
        machine.now_s += next(costs)

    assert calibrate(machine.clock, work) == 3.0
