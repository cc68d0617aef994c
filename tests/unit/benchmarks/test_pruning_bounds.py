"""Coverage is counted as it is told: which bounds are asked for, from whom they learn, and when one holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks import pruning_tables
from benchmarks.pruning_bounds import (
    BOUNDS,
    CURVES,
    STARTUP_TRIALS,
    STUDIES,
    Asked,
    asked,
    coverage_table,
    replay_table,
    replayed,
)
from tests.unit.replay.curves import recorded, trial
from tuner.metrics import METRICS
from tuner.replay.compare import Conditions, compare
from tuner.replay.curves_file import read_recorded
from tuner.search.gain_bound import Curves, Gain, GainBound, SoFar
from tuner.spec.values import ComponentSpec

STUDY = recorded(*(trial(number, [0.5, 0.6, 0.7, 0.8], 1.0) for number in range(6)))
"""What is missing falls from 0.5 to 0.2."""


@dataclass
class Told:
    """A bound of a test, which remembers of how many trials it was to learn."""

    gain: float | None
    learned_from: list[int] = field(default_factory=list)

    @property
    def options(self) -> Mapping[str, float]:
        return {}

    def bound(self, running: SoFar, finished: Curves) -> Gain | None:
        self.learned_from.append(len(finished.lengths))
        return None if self.gain is None else Gain(self.gain)


def test_a_bound_is_asked_for_after_every_epoch_that_a_pruner_asks_in() -> None:
    bound = Told(0.0)
    found = list(asked(STUDY, bound, orders=1))

    assert [each.epochs for each in found] == [2, 3, 2, 3]
    assert bound.learned_from == [4, 4, 5, 5]
    assert [each.gain for each in found[:2]] == pytest.approx([math.log(0.4 / 0.2), math.log(0.3 / 0.2)])


def test_only_trials_that_were_let_end_are_learned_from() -> None:
    """Where nobody may gain anything more, the worse trials are cut once four have ended."""
    study = recorded(*(trial(number, [0.5 + number / 50, 0.6, 0.7], number + 1.0) for number in range(9)))
    everyone, let_end = Told(0.0), Told(0.0)

    assert len(list(asked(study, everyone, 1))) == len(list(asked(study, let_end, 1, pruned=True)))
    assert max(everyone.learned_from) == 8
    assert STARTUP_TRIALS <= max(let_end.learned_from[-2:]) < 8


def test_a_bound_holds_up_to_itself_and_one_that_cannot_be_told_always() -> None:
    assert Asked(2, 0.5, 0.5).held
    assert not Asked(2, 0.5, 0.6).held
    assert Asked(2, None, 9.0).held


def test_the_tables_say_how_often_a_bound_held() -> None:
    bounds: dict[str, GainBound] = {"nothing": Told(0.0), "half": Told(0.5), "all": Told(9.0)}
    heads, _, nothing, half, everything = coverage_table(STUDY, bounds, 2)

    assert heads.startswith("| held after epochs | 2 | 3 | all | all, pruned |")
    assert nothing.startswith("| nothing | 0.0 % | 0.0 % | 0.0 % | 0.0 % | 0.000 |")
    assert half.startswith("| half | 0.0 % | 100.0 % | 50.0 % |")
    assert everything.startswith("| all | 100.0 % | 100.0 % | 100.0 % | 100.0 % | 9.000 |")
    assert len(replay_table(STUDY, bounds, 1)) == 2 + len(bounds)


def test_the_first_bound_is_what_pareto_uses_by_default() -> None:
    study = read_recorded(CURVES / "reviews_64.json.gz")
    conditions = Conditions(2, "shuffled", seeds=3)
    (outcome,) = compare(study, [ComponentSpec("pareto")], METRICS, conditions).outcomes

    assert replayed(study, next(iter(BOUNDS.values())), 2, 3) == pruning_tables.cell(outcome)


PAGE = (Path(__file__).resolve().parents[3] / "docs" / "pruning.md").read_text(encoding="utf-8")


def test_the_page_has_a_row_of_each_bound_in_every_table() -> None:
    assert {said: PAGE.count(f"| {said} |") for said in BOUNDS} == dict.fromkeys(BOUNDS, 2 * len(STUDIES))


@pytest.mark.slow
@pytest.mark.parametrize("said", [next(iter(BOUNDS)), "power law, 0.8"])
def test_the_page_shows_what_is_measured(said: str) -> None:
    """On one study; all of it takes some minutes."""
    study, bound = read_recorded(CURVES / "sentences_64.json.gz"), {said: BOUNDS[said]}

    for line in (*coverage_table(study, bound), *replay_table(study, bound)):
        assert line in PAGE


@pytest.mark.slow
def test_the_page_shows_what_other_pruners_come_to() -> None:
    study = read_recorded(CURVES / "reviews_64.json.gz")
    conditions = Conditions(order="shuffled", seeds=20)

    for pruner, said in (("mo_asha", "`mo_asha`"), ("median", "`median`, of accuracy")):
        (outcome,) = compare(study, [ComponentSpec(pruner)], METRICS, conditions).outcomes
        assert f"| {said} | {pruning_tables.cell(outcome)} |" in PAGE
