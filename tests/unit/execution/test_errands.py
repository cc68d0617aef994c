"""Which timings are left to be taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tuner.errors import InputError
from tuner.execution.errands import check_trials, cut_to, errands, last_series
from tuner.storage.records import TimingRecord, TrialRecord
from tuner.trial import TrialRequest


def trial(number: int, kept_epoch: int = 2, **changes: Any) -> TrialRecord:
    given: dict[str, Any] = {"values": (0.8, 4.0), "facts": {"kept_epoch": kept_epoch}, **changes}
    return TrialRecord(number, given.pop("state", "COMPLETE"), **given)


def timing(number: int, series: int = 1, host: str = "here") -> TimingRecord:
    return TimingRecord(number, 3.0, 0.1, host, "CPU (core 1)", {"series": series})


def left(timings: list[TimingRecord], **options: Any) -> list[tuple[int, int]]:
    return [
        (each.trial.number, each.series) for each in errands([trial(0), trial(1)], timings, "here", **options)
    ]


def test_trials_are_timed_in_turn() -> None:
    assert left([], repeats=2) == [(0, 1), (1, 1), (0, 1), (1, 1)]


def test_what_was_timed_before_is_not_timed_twice() -> None:
    assert left([timing(0)]) == [(1, 1)]
    assert left([timing(0), timing(1), timing(0)], repeats=2) == [(1, 1)]
    assert left([timing(0), timing(1)]) == []


def test_again_begins_a_new_series() -> None:
    assert left([timing(0), timing(1), timing(1, 2)], again=True) == [(0, 2), (1, 3)]


def test_timings_of_two_machines_are_never_of_one_series() -> None:
    assert left([timing(0, host="there"), timing(1)], repeats=2) == [(0, 2), (0, 2), (1, 1)]


def test_timings_that_were_taken_in_another_way_are_taken_anew() -> None:
    def is_alike(timing: TimingRecord) -> bool:
        return timing.number == 1

    assert left([timing(0), timing(1)], is_alike=is_alike) == [(0, 2)]
    assert left([timing(0), timing(1)], is_alike=lambda _: True) == []


def test_the_epochs_up_to_the_kept_one_are_trained() -> None:
    (errand,) = errands([trial(0, kept_epoch=2)], [], "here")
    assert (errand.kept_epochs, errand.epochs) == (3, 3)


def test_fewer_epochs_can_be_asked_for_but_not_more_than_were_kept() -> None:
    assert [each.epochs for each in errands([trial(0, 2), trial(1, 0)], [], "here", epochs=2)] == [2, 1]


def test_the_latest_series_is_a_trials_own() -> None:
    assert last_series([timing(0, 2), timing(1)], 1) == 1
    assert last_series([], 1) == 0


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (trial(3, state="PRUNED", values=None), r"trial 3 is PRUNED, and only finished trials are timed"),
        (trial(3, facts={}), r"which epoch of trial 3 was kept is not known"),
    ],
)
def test_a_trial_whose_seconds_cannot_be_taken_again_is_refused(record: TrialRecord, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_trials("s", [trial(0), record])


def test_a_timing_is_the_trial_itself_but_ends_at_its_last_epoch_and_leaves_nothing() -> None:
    (errand,) = errands([trial(0, kept_epoch=2)], [], "here")
    params = {"units": 8, "epochs": 30, "patience": 3, "chance_epochs": 2}
    own = TrialRequest("s", 0, params, 7, "binary", "data", "cache", "trials/0", tensorboard_dir="events")

    found = cut_to(errand, own, Path("timing"))

    assert found.params == {"units": 8, "epochs": 3, "patience": 0, "chance_epochs": 0}
    assert (found.seed, found.dataset_dir, found.number) == (own.seed, own.dataset_dir, own.number)
    assert (found.trial_dir, found.tensorboard_dir) == ("timing", "")
    assert found.graph_returns  # it is timed several times
