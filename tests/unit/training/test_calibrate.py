"""How a worker's speed is followed through a trial, on a clock that a test moves."""

from __future__ import annotations

import pytest

from tuner.training.calibrate import AT_ONCE, REFERENCE_PIECE_S, Pace, calibrate


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

    assert machine.pieces == AT_ONCE + 1


@pytest.mark.parametrize("piece_s", [0.001, 0.01, 0.1])
def test_pieces_cost_one_in_two_hundred_of_a_long_trial(piece_s: float) -> None:
    machine = Machine(piece_s)
    train(Pace(machine.work, machine.clock), machine, 200.0)

    assert machine.pieces * piece_s == pytest.approx(1.0, abs=(AT_ONCE + 1) * piece_s + 0.1)


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


def test_one_disturbed_piece_changes_nothing() -> None:
    machine = Machine()
    pace = Pace(machine.work, machine.clock)
    pace.keep_up(0.0)
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
