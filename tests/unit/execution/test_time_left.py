"""A time limit: what is begun first, what is not begun any more, and when neither is asked."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.ledgers import spec_of
from tuner.catalogue import CATALOGUE
from tuner.execution.plan import StudyPlan
from tuner.execution.standing import Placed
from tuner.execution.time_left import TimeLeft
from tuner.search.samplers import ATTEMPTS
from tuner.search.seconds import MIN_TRIALS
from tuner.spec.values import CategoricalParameter, ComponentSpec, IntParameter, Params
from tuner.storage import BudgetUse, Claim, RunningStudy, TrialRecord, Which
from tuner.trial import EpochReport, TrialRequest

FIXED = {"family": "lstm", "embedding": "trained"}
FAMILY = CategoricalParameter("kind", "family", ("lstm", "gru"))
TPE = ComponentSpec("tpe")
USE = BudgetUse(None, 600.0, 0.0, 0, 0, 0, 0, 0, 0)
LAST = BudgetUse(10, None, 0.0, complete=8, pruned=0, failed=0, running=1, waiting=0, failures_in_a_row=0)
"""One trial of ten is to be begun, another one is under way."""


@dataclass
class Ended:
    """A study of which only the trials are asked; ``read`` counts them."""

    found: list[TrialRecord] = field(default_factory=list)
    reads: int = 0
    read: int = 0

    def over_trials(self, fold: Callable[[Iterator[TrialRecord]], Any], which: Which) -> Any:
        self.reads += 1
        found = [
            trial
            for trial in self.found
            if trial.number >= which.first and which.state in (None, trial.state)
        ]
        self.read += len(found)
        return fold(iter(found))


def left(
    study: Ended,
    sampler: ComponentSpec = TPE,
    work: Callable[[TrialRequest], float | None] = lambda _: None,
) -> TimeLeft:
    space = (FAMILY, IntParameter("units", "units", 2, 64))
    spec = spec_of(trials=None, time_limit_s=600.0, space=space, fixed=FIXED, sampler=sampler)
    here = Path("/nowhere")
    plan = StudyPlan("s", spec, CATALOGUE, {"moderate": here}, here, here, here)
    return TimeLeft(plan, cast("RunningStudy", study), work)


def trials(seconds: float, count: int = MIN_TRIALS) -> list[TrialRecord]:
    """Trials of which each unit takes so many seconds."""
    settings = CATALOGUE.complete(FIXED)
    return [
        TrialRecord(
            number=number,
            state="COMPLETE",
            settings={**settings, "units": 2 + 10 * number},
            seconds=seconds * (2 + 10 * number),
            epochs=3,
            session_id="here",
        )
        for number in range(count)
    ]


def under_way(
    units: int, epochs_ended: int = 0, seconds: float = 0.0, once_s: float = 0.0, epochs: int = 3
) -> Placed:
    """A trial, placed at 100 s, of which some epochs have ended by then after so many seconds."""
    params = {**CATALOGUE.complete(FIXED), "units": units, "epochs": epochs}
    request = TrialRequest("s", 9, params, 1, "binary", "", "", "")
    metrics = {"wall_time_s": seconds, "compile_time_s": once_s}
    curve = [EpochReport(9, epoch, metrics, 0, metrics) for epoch in range(epochs_ended)]
    return Placed(Claim(9, "token", params), request, curve, placed_s=100.0)


def likeliest(time_left: TimeLeft, use: BudgetUse, *placed: Placed, now_s: float = 100.0) -> int:
    """Return the units of the point that is begun nearly always."""
    choice = time_left.choice(use, placed, now_s)
    assert choice is not None
    found = choice(math.inf)
    assert found.draws == ATTEMPTS
    weights = {units: found.weight({"units": units}) for units in range(2, 65)}
    best = max(weights, key=lambda units: weights[units])
    assert weights[best] > 10 * weights[max(2, best // 2)] or best == 2
    return best


def by_units(request: TrialRequest) -> float:
    return float(request.params["units"])


def test_a_study_without_limits_is_not_asked() -> None:
    study = Ended(trials(1.0))
    assert left(study).choice(replace(USE, time_limit_s=None), [under_way(40)], 100.0) is None
    assert study.reads == 0


def test_the_last_trial_is_one_that_ends_with_the_other() -> None:
    """A unit takes a second; the model is no closer than some units."""
    time_left = left(Ended(trials(1.0)), work=by_units)
    assert likeliest(time_left, LAST, under_way(50)) == pytest.approx(50, abs=5)
    assert likeliest(time_left, LAST, under_way(50), now_s=120.0) == pytest.approx(30, abs=5)
    assert likeliest(time_left, LAST, under_way(50), now_s=300.0) == 2, "it is overdue: the shortest"


def test_the_last_but_one_does_so_too_for_each_worker_may_begin_one_more() -> None:
    time_left = left(Ended(trials(1.0)), work=by_units)
    assert likeliest(time_left, replace(LAST, complete=7), under_way(50)) == pytest.approx(50, abs=5)


def test_where_all_would_wait_for_very_long_there_still_is_a_choice() -> None:
    """Thirty workers whose trials are about to end wait for whatever comes."""
    choice = left(Ended(trials(1.0)), work=by_units).choice(LAST, [under_way(2)] * 30, 1e6)
    assert choice is not None
    weight = choice(math.inf).weight
    weights = [weight({"units": units}) for units in (2, 20, 60, 600, 60_000)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 10 * weights[1] > 100 * weights[2] > 1000 * weights[3] > 1e4 * weights[4] > 0


def test_for_short_trials_fewer_points_are_drawn() -> None:
    """The longest took a twentieth of 52 s."""
    choice = left(Ended(trials(0.05)), work=by_units).choice(LAST, [under_way(40)], 100.0)
    assert choice is not None
    assert choice(math.inf).draws == 2


def test_a_trial_under_way_is_judged_by_its_own_epochs() -> None:
    """By its settings it takes 10 s; by the first of its three epochs, 30 s."""
    time_left = left(Ended(trials(1.0)), work=by_units)
    assert likeliest(time_left, LAST, under_way(10, 1, 10.0)) == pytest.approx(20, abs=4)
    assert likeliest(time_left, LAST, under_way(10, 2, 20.0)) == pytest.approx(10, abs=4)
    assert likeliest(time_left, LAST, under_way(10, 1, 10.0), now_s=112.0) == pytest.approx(8, abs=4)
    assert likeliest(time_left, LAST, under_way(10, 3, 30.0)) == 2, "it is about to end"


def test_what_a_trial_under_way_did_once_it_does_not_do_again() -> None:
    time_left = left(Ended(trials(1.0)), work=by_units)
    assert likeliest(time_left, LAST, under_way(10, 1, 50.0, once_s=40.0)) == pytest.approx(20, abs=4)


def test_a_trial_under_way_is_thought_to_stop_early_as_others_did() -> None:
    """The others ran three epochs."""
    time_left = left(Ended(trials(1.0)), work=by_units)
    assert likeliest(time_left, LAST, under_way(10, 1, 10.0, epochs=50)) == pytest.approx(20, abs=4)


def test_the_last_trials_end_with_the_longest_of_the_others_and_rather_sooner_than_later() -> None:
    time_left = left(Ended(trials(1.0)), work=by_units)
    others = under_way(10), under_way(40)
    assert likeliest(time_left, LAST, *others) == pytest.approx(40, abs=5)
    choice = time_left.choice(LAST, others, 100.0)
    assert choice is not None
    found = choice(math.inf)
    assert found.weight({"units": 50}) < found.weight({"units": 30}) / 10


def test_the_last_trials_end_together_within_a_time_limit_too_unless_that_is_near() -> None:
    far = replace(LAST, time_limit_s=6000.0)
    assert likeliest(left(Ended(trials(1.0)), work=by_units), far, under_way(50)) == pytest.approx(50, abs=5)
    choice = left(Ended(trials(1.0)), work=by_units).choice(
        replace(LAST, time_limit_s=600.0, used_s=570.0), [under_way(50)], 100.0
    )
    assert choice is not None
    assert choice(30.0).weight({"units": 60}) == 0.0


def test_a_trial_that_another_program_told_teaches_nothing() -> None:
    """Its settings are not complete."""
    told = [replace(trial, session_id="", settings={"units": 3}) for trial in trials(1.0)]
    assert left(Ended(told)).choice(LAST, [under_way(40)], 100.0) is None


@pytest.mark.parametrize(
    "use",
    [
        replace(LAST, complete=6),  # three are to be begun, and there are two workers
        replace(LAST, complete=9),  # none
        replace(LAST, trials=None),
    ],
)
def test_before_its_last_trials_a_study_is_not_asked(use: BudgetUse) -> None:
    study = Ended(trials(1.0))
    assert left(study).choice(use, [under_way(40)], 100.0) is None
    assert study.reads == 0


def test_the_last_trial_is_what_comes_where_there_is_nothing_to_choose_by() -> None:
    assert left(Ended(trials(1.0))).choice(LAST, [], 100.0) is None, "nothing else is under way"
    assert left(Ended(trials(1.0, MIN_TRIALS - 1))).choice(LAST, [under_way(40)], 100.0) is None
    drawing_once = left(Ended(trials(1.0)), ComponentSpec("tpe", {"draws": 1}))
    assert drawing_once.choice(LAST, [under_way(40)], 100.0) is None


@pytest.mark.parametrize(("used_s", "times"), [(0.0, 16.0), (300.0, 4.0), (600.0, 1.0)])
def test_what_takes_less_work_is_likelier_the_more_time_is_left(used_s: float, times: float) -> None:
    choice = left(Ended(), work=by_units).choice(replace(USE, used_s=used_s))
    assert choice is not None
    found = choice(600.0 - used_s)
    assert found.draws == 8
    assert found.weight({"units": 10}) / found.weight({"units": 40}) == pytest.approx(times)


def test_where_no_work_is_known_all_are_alike() -> None:
    choice = left(Ended()).choice(USE)
    assert choice is not None
    assert choice(600.0).weight({"units": 10}) == choice(600.0).weight({"units": 40})


def test_seconds_of_ended_trials_take_the_place_of_an_estimate() -> None:
    """By the estimate all are alike; by their seconds a trial takes the longer the more units it has."""
    choice = left(Ended(trials(1.0)), work=lambda _: 1.0).choice(replace(USE, complete=MIN_TRIALS))
    assert choice is not None
    found = choice(600.0)
    assert found.weight({"units": 12}) > 2 * found.weight({"units": 42})


def with_kind(trial: TrialRecord, kind: str, **changes: Any) -> TrialRecord:
    return replace(trial, params={"kind": kind}, **changes)


def test_a_choice_that_no_trial_had_goes_before_what_ends_soon() -> None:
    ended = [with_kind(trial, "lstm") for trial in trials(1.0)]
    choice = left(Ended(ended)).choice(replace(USE, used_s=300.0, complete=MIN_TRIALS))
    assert choice is not None
    weight = choice(300.0).weight
    assert weight({"kind": "gru", "units": 64}) > 100 * weight({"kind": "lstm", "units": 2})
    assert weight({"kind": "gru", "units": 10}) > weight({"kind": "gru", "units": 64})


def test_what_is_new_waits_until_the_study_has_gone_on_for_as_long_as_it_takes() -> None:
    ended = [with_kind(trial, "lstm") for trial in trials(1.0)]
    keeping = left(Ended(ended))
    for used_s, is_due in ((20.0, False), (100.0, True)):  # 64 units take about as many seconds
        choice = keeping.choice(replace(USE, used_s=used_s, complete=MIN_TRIALS))
        assert choice is not None
        weight = choice(600.0 - used_s).weight
        assert (weight({"kind": "gru", "units": 64}) > weight({"kind": "lstm", "units": 64})) == is_due


def test_before_anything_is_known_of_seconds_nothing_goes_before() -> None:
    ended = [with_kind(trial, "lstm") for trial in trials(1.0, MIN_TRIALS - 1)]
    use = replace(USE, used_s=300.0, complete=MIN_TRIALS - 1)
    choice = left(Ended(ended), work=by_units).choice(use)
    assert choice is not None
    weight = choice(300.0).weight
    assert weight({"kind": "gru", "units": 64}) < weight({"kind": "lstm", "units": 2})


@pytest.mark.parametrize("state", ["PRUNED", "FAIL"])
def test_what_was_tried_in_vain_is_not_new(state: str) -> None:
    ended = [with_kind(trial, "lstm") for trial in trials(1.0)]
    ended.append(with_kind(ended[0], "gru", state=state))
    choice = left(Ended(ended)).choice(replace(USE, used_s=300.0, complete=MIN_TRIALS))
    assert choice is not None
    weight = choice(300.0).weight
    assert weight({"kind": "gru", "units": 64}) < weight({"kind": "lstm", "units": 2})


def test_one_worker_at_a_time_tries_what_is_new() -> None:
    """Of whichever session."""
    ended = [with_kind(trial, "lstm") for trial in trials(1.0)]
    other = with_kind(ended[0], "gru", number=MIN_TRIALS, state="RUNNING")
    use = replace(USE, used_s=300.0, complete=MIN_TRIALS, running=1)
    assert not goes_before(left(Ended([*ended, other])), use, "gru")


def goes_before(time_left: TimeLeft, use: BudgetUse, kind: str) -> bool:
    """Tell whether the longest trial of this kind goes before the shortest of another."""
    choice = time_left.choice(use)
    assert choice is not None
    weight = choice(300.0).weight
    return weight({"kind": kind, "units": 64}) > weight({"kind": "lstm", "units": 2})


def test_what_has_just_been_tried_is_not_new_however_many_trials_there_are() -> None:
    """Two hundred trials: only after ten more are seconds learned again."""
    (one,) = trials(1.0, 1)
    study = Ended([with_kind(one, "lstm", number=number, seconds=1.0 + number) for number in range(200)])
    time_left, use = left(study), replace(USE, used_s=300.0, complete=200)
    assert goes_before(time_left, use, "gru")
    read = study.read

    study.found.append(with_kind(one, "gru", number=200, state="RUNNING"))
    assert not goes_before(time_left, replace(use, running=1), "gru"), "one worker tries it"
    assert study.read - read < 10, "all were read again"
    study.found.append(with_kind(one, "lstm", number=201))
    study.found[200] = with_kind(one, "gru", number=200)
    assert not goes_before(time_left, replace(use, complete=202), "gru"), "it has ended"
    read = study.read - read
    assert read < 2 * len(study.found), "all were read at each choice"


def test_what_a_new_choice_costs_is_learned_from_the_first_trial_that_had_it() -> None:
    """It took a hundred times as long as the others."""
    (one,) = trials(1.0, 1)
    study = Ended([with_kind(one, "lstm", number=number, seconds=1.0) for number in range(200)])
    time_left, use = left(study), replace(USE, time_limit_s=6e4, used_s=300.0, complete=200)
    time_left.choice(use)
    new = {**one.settings, "family": "gru"}
    study.found.append(with_kind(one, "gru", number=200, seconds=100.0, settings=new))
    choice = time_left.choice(replace(use, complete=201))
    assert choice is not None
    weight = choice(300.0).weight
    assert weight({"kind": "gru", "units": 2}) < weight({"kind": "lstm", "units": 2}) / 10


def test_a_trial_that_began_and_ended_since_the_last_look_was_tried_even_if_it_was_queued_before_it() -> None:
    """With one worker no other trial is ever under way when one is chosen."""
    (one,) = trials(1.0, 1)
    study = Ended([with_kind(one, "lstm", number=number, seconds=1.0 + number) for number in range(200)])
    study.found.append(replace(one, number=200, state="WAITING", params={}))
    time_left, use = left(study), replace(USE, used_s=300.0, complete=200, waiting=1)
    assert goes_before(time_left, use, "gru")
    study.found.append(with_kind(one, "lstm", number=201))
    assert goes_before(time_left, replace(use, complete=201), "gru")
    study.found[200] = with_kind(one, "gru", number=200)
    assert not goes_before(time_left, replace(use, complete=202, waiting=0), "gru")


@pytest.mark.parametrize("seed", range(6))
def test_a_family_whose_seconds_nobody_knows_is_tried_within_a_short_limit(seed: int) -> None:
    """Five minutes in which quick trials of two to nine seconds end, of ever other lengths, and a slow family
    is thought to take 120 s, but nobody can say that it will not take very long. Points are drawn at random.
    """
    chance, study, used_s = random.Random(seed), Ended(), 0.0
    begun: list[str] = []
    time_left = left(study, work=lambda request: 120.0 if request.params["family"] == "gru" else 4.0)
    settings = CATALOGUE.complete(FIXED)
    while used_s < 300.0:
        choice = time_left.choice(replace(USE, time_limit_s=300.0, used_s=used_s, complete=len(begun)))
        assert choice is not None
        points = [{"kind": chance.choice(("lstm", "gru")), "units": chance.randint(2, 64)} for _ in range(8)]
        weights = [choice(300.0 - used_s).weight(point) for point in points]
        if not any(weights):
            break
        (point,) = chance.choices(points, weights)
        seconds = chance.choice((2.0, 9.0)) * (30.0 if point["kind"] == "gru" else 1.0)
        used_s += seconds
        begun.append(str(point["kind"]))
        given = {**settings, "family": point["kind"], "units": point["units"]}
        study.found.append(
            TrialRecord(len(study.found), "COMPLETE", point, given, seconds=seconds, epochs=3, session_id="s")
        )
    assert 1 <= begun.count("gru") <= 2, "the second one by chance"


def test_far_from_the_limit_what_is_not_predicted_to_fit_comes_only_where_nothing_else_does() -> None:
    """A unit takes a second, the longest trial took 52: 300 s are far off, and yet 2000 units do not fit."""
    choice = left(Ended(trials(1.0)), work=by_units).choice(replace(USE, used_s=300.0, complete=6))
    assert choice is not None
    weight = choice(300.0).weight
    assert weight({"units": 200}) > 1e6 * weight({"units": 2000}) > 0


def test_near_the_limit_nothing_is_begun_that_is_not_predicted_to_end() -> None:
    keeping = left(Ended(trials(2.0)))
    choice = keeping.choice(replace(USE, used_s=570.0, complete=MIN_TRIALS))
    assert choice is not None
    found = choice(30.0)
    assert found.weight({"units": 60}) == 0.0
    assert keeping.unused_s == 30.0
    assert found.weight({"units": 2}) > 0.0
    assert keeping.unused_s is None


def test_the_limit_is_near_when_the_sessions_together_soon_use_it_up() -> None:
    """The longest trial took 52 s: 250 s are far off for one session, and 125 s for each of two are near."""
    use = replace(USE, used_s=350.0, complete=MIN_TRIALS)
    for sessions, is_near in ((1, False), (2, True)):
        choice = left(Ended(trials(1.0))).choice(replace(use, sessions=sessions))
        assert choice is not None
        assert (choice(250.0 / sessions).weight({"units": 2000}) == 0.0) == is_near


def test_with_one_draw_only_the_end_is_judged() -> None:
    keeping = left(Ended(trials(2.0)), ComponentSpec("tpe", {"draws": 1}))
    assert keeping.choice(replace(USE, complete=MIN_TRIALS)) is None
    assert keeping.choice(replace(USE, used_s=570.0, complete=MIN_TRIALS)) is not None
    assert left(Ended(), ComponentSpec("random")).choice(USE) is None


def test_trials_are_read_when_others_have_ended_and_not_before() -> None:
    study = Ended(trials(1.0))
    keeping = left(study)
    for _ in range(3):
        keeping.choice(replace(USE, complete=MIN_TRIALS))
    assert study.reads == 1
    keeping.choice(replace(USE, complete=MIN_TRIALS + 1))
    assert study.reads == 2


def test_a_new_choice_that_is_due_comes_though_it_may_take_longer_than_what_is_left() -> None:
    """By the others' scatter it may; what is expected of it fits. Near the limit that is not enough."""
    ended = [
        with_kind(trial, "lstm", seconds=(trial.seconds or 0.0) * scatter)
        for trial, scatter in zip(trials(1.0), (0.2, 4.0, 0.2, 4.0, 0.2, 4.0), strict=True)
    ]
    time_left = left(Ended(ended))
    new: Params = {"kind": "gru", "units": 10}
    known: Params = {"kind": "lstm", "units": 10}
    for limit_s, comes in ((6000.0, True), (320.0, False)):
        choice = time_left.choice(replace(USE, time_limit_s=limit_s, used_s=300.0, complete=MIN_TRIALS))
        assert choice is not None
        weight = choice(20.0).weight
        assert (weight(new) > 1.0) == comes
        assert weight(known) < 1e-200, "it is not predicted to end"
