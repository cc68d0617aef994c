from __future__ import annotations

from collections.abc import Iterator

import pytest

from tuner.training.stopwatch import Clocks, Stopwatch, Times


class FakeClock:
    """Shows what it is told; processor time runs at half the speed."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def wall(self) -> float:
        return self.now_s

    def cpu(self) -> float:
        return self.now_s / 2

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def stopwatch(clock: FakeClock) -> Stopwatch:
    return Stopwatch(Clocks(clock.wall, clock.cpu))


def run_epoch(stopwatch: Stopwatch, clock: FakeClock, *steps_s: float, between_s: float = 0.0) -> None:
    for seconds in steps_s:
        with stopwatch.step():
            clock.pass_s(seconds)
        clock.pass_s(between_s)
    stopwatch.end_epoch()


def test_training_time_is_the_steps_and_nothing_between_them(stopwatch: Stopwatch, clock: FakeClock) -> None:
    run_epoch(stopwatch, clock, 1.0, 1.0, 1.0, between_s=10.0)

    assert stopwatch.times() == Times(
        training_time_s=3.0,
        wall_time_s=33.0,
        cpu_time_s=16.5,
        training_cpu_time_s=1.5,
        calibrated_time_s=1.5,
        waited_time_s=1.5,
    )


def test_each_kind_of_time_is_kept_apart(stopwatch: Stopwatch, clock: FakeClock) -> None:
    with stopwatch.compiling():
        clock.pass_s(5.0)
    run_epoch(stopwatch, clock, 2.0)
    with stopwatch.validating():
        clock.pass_s(3.0)
    clock.pass_s(1.0)

    assert stopwatch.times() == Times(
        2.0,
        3.0,
        5.0,
        wall_time_s=11.0,
        cpu_time_s=5.5,
        training_cpu_time_s=1.0,
        calibrated_time_s=1.0,
        waited_time_s=1.0,
    )


def test_how_long_batches_took_to_come_is_counted_and_not_what_is_done_with_them(
    stopwatch: Stopwatch, clock: FakeClock
) -> None:
    def batches() -> Iterator[int]:
        for batch in range(3):
            clock.pass_s(2.0)
            yield batch
        clock.pass_s(0.5)  # to find that there are no more

    for batch in stopwatch.fed(batches()):
        run_epoch(stopwatch, clock, 10.0 * (batch + 1))
    assert stopwatch.times().input_time_s == 6.0, "the half second is the next epoch's"
    stopwatch.end_epoch()
    assert (stopwatch.times().input_time_s, stopwatch.times().training_time_s) == (6.5, 60.0)


def test_checkpoints_are_counted_apart(stopwatch: Stopwatch, clock: FakeClock) -> None:
    with stopwatch.keeping():
        clock.pass_s(4.0)
    assert stopwatch.times() == Times(checkpoint_time_s=4.0, wall_time_s=4.0, cpu_time_s=2.0)


def test_the_first_step_counts_as_the_mean_of_its_epochs_others(
    stopwatch: Stopwatch, clock: FakeClock
) -> None:
    run_epoch(stopwatch, clock, 7.0, 1.0, 3.0)

    times = stopwatch.times()
    assert times.training_time_s == 6.0
    assert times.compile_time_s == 5.0
    assert times.training_cpu_time_s == 3.0


def test_a_quick_first_step_counts_as_it_was(stopwatch: Stopwatch, clock: FakeClock) -> None:
    run_epoch(stopwatch, clock, 1.0, 2.0, 2.0)

    assert stopwatch.times().training_time_s == 5.0
    assert stopwatch.times().compile_time_s == 0.0


def test_a_slow_first_step_of_a_later_epoch_is_training(stopwatch: Stopwatch, clock: FakeClock) -> None:
    run_epoch(stopwatch, clock, 1.0, 1.0)
    run_epoch(stopwatch, clock, 7.0, 1.0)

    assert stopwatch.times().training_time_s == 10.0


def test_an_epoch_under_way_is_not_counted_as_training(stopwatch: Stopwatch, clock: FakeClock) -> None:
    run_epoch(stopwatch, clock, 1.0, 1.0)
    with stopwatch.step():
        clock.pass_s(4.0)

    assert stopwatch.times().training_time_s == 2.0
    assert stopwatch.times().wall_time_s == 6.0


def test_looking_twice_counts_no_second_twice(stopwatch: Stopwatch, clock: FakeClock) -> None:
    clock.pass_s(2.0)
    stopwatch.times()
    clock.pass_s(3.0)

    assert stopwatch.times().wall_time_s == 5.0


def test_times_of_continuations_add_up() -> None:
    assert Times(1, 2, 3, 4, 5) + Times(10, 20, 30, 40, 50) == Times(11, 22, 33, 44, 55)
    assert Times(1.5).as_metrics()["training_time_s"] == 1.5


def test_calibrated_seconds_are_each_steps_at_the_speed_of_its_time(clock: FakeClock) -> None:
    speed = 1.0
    stopwatch = Stopwatch(Clocks(clock.wall, clock.cpu), lambda: speed)
    run_epoch(stopwatch, clock, 2.0, 2.0)
    speed = 0.5  # the machine grew slower, and so its steps longer
    run_epoch(stopwatch, clock, 4.0, 4.0)

    assert stopwatch.times().training_cpu_time_s == 6.0
    assert stopwatch.times().calibrated_time_s == 4.0


def test_the_excess_of_the_first_step_is_not_calibrated_either(clock: FakeClock) -> None:
    stopwatch = Stopwatch(Clocks(clock.wall, clock.cpu), lambda: 2.0)
    run_epoch(stopwatch, clock, 7.0, 1.0, 3.0)

    assert stopwatch.times().calibrated_time_s == 6.0


def test_on_one_core_what_the_processor_did_not_do_was_waited_for(
    stopwatch: Stopwatch, clock: FakeClock
) -> None:
    run_epoch(stopwatch, clock, 1.0, 1.0, between_s=10.0)

    assert stopwatch.times().waited_time_s == 1.0


def test_elsewhere_waiting_is_asked_for_and_calibrated_seconds_rest_on_real_time(clock: FakeClock) -> None:
    stopwatch = Stopwatch(Clocks(clock.wall, clock.cpu, waited=lambda: clock.now_s / 4))
    clock.pass_s(100.0)
    run_epoch(stopwatch, clock, 4.0, 4.0)

    assert stopwatch.times().waited_time_s == 2.0
    assert stopwatch.times().calibrated_time_s == 8.0


def test_more_is_never_waited_than_was_trained(clock: FakeClock) -> None:
    stopwatch = Stopwatch(Clocks(clock.wall, lambda: 0.0, waited=lambda: clock.now_s * 9))
    run_epoch(stopwatch, clock, 4.0, 4.0)

    assert stopwatch.times().waited_time_s == 8.0


class Waits:
    """A clock of waiting that stands at what it is told."""

    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def run_waiting(stopwatch: Stopwatch, clock: FakeClock, waits: Waits, *steps_s: tuple[float, float]) -> None:
    for wall_s, waited_s in steps_s:
        with stopwatch.step():
            clock.pass_s(wall_s)
            waits.now_s += waited_s
    stopwatch.end_epoch()


def test_what_the_first_step_waited_while_it_was_traced_is_no_wait_of_the_training(clock: FakeClock) -> None:
    waits = Waits()
    stopwatch = Stopwatch(Clocks(clock.wall, clock.cpu, waited=waits))
    run_waiting(stopwatch, clock, waits, (7.0, 5.0), (1.0, 0.0), (3.0, 0.5))

    assert stopwatch.times().training_time_s == 6.0
    assert stopwatch.times().waited_time_s == 0.75, "the first step's is the mean of the others'"


def test_waits_of_a_quick_first_step_and_of_a_later_epochs_first_step_count(clock: FakeClock) -> None:
    waits = Waits()
    stopwatch = Stopwatch(Clocks(clock.wall, clock.cpu, waited=waits))
    run_waiting(stopwatch, clock, waits, (1.0, 0.5), (2.0, 0.25))
    waits.now_s += 100.0  # between epochs nothing is trained
    run_waiting(stopwatch, clock, waits, (7.0, 4.0), (1.0, 0.0))

    assert stopwatch.times().waited_time_s == 4.75


def test_an_epoch_without_steps_waited_for_nothing(clock: FakeClock) -> None:
    stopwatch = Stopwatch(Clocks(clock.wall, clock.cpu, waited=lambda: clock.now_s))
    stopwatch.end_epoch()

    assert stopwatch.times().waited_time_s == 0.0


@pytest.mark.parametrize(("cores", "waited_s"), [(1, 0.0), (2, 4.0), (4, 6.0)])
def test_what_ran_on_the_cores_was_not_waited_for_though_threads_waited_for_each_other(
    clock: FakeClock, cores: int, waited_s: float
) -> None:
    clocks = Clocks(clock.wall, clock.wall, waited=lambda: clock.now_s * 9, cores=cores)
    stopwatch = Stopwatch(clocks)
    run_epoch(stopwatch, clock, 4.0, 4.0)

    assert stopwatch.times().waited_time_s == waited_s
