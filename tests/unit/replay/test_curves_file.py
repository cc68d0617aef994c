"""Files of recorded curves: what is written comes back, nothing else is overwritten, nothing odd gets in."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna._hypervolume import compute_hypervolume

from tests.unit.replay.curves import recorded, trial, with_space
from tuner.cli import main
from tuner.errors import InputError
from tuner.metrics import METRICS
from tuner.replay.compare import Conditions, compare
from tuner.replay.curves_file import read_recorded, write_recorded
from tuner.spec.values import ComponentSpec, FixedParameter, Objective

NONE = ComponentSpec("none")
STUDY = with_space(trial(0, [0.5, 0.7], 1.0), trial(3, [0.6, 0.65, 0.66], 2.0))


def test_a_file_keeps_what_was_left_out_and_who_drew_the_trials(tmp_path: Path) -> None:
    study = replace(STUDY, left_out={"pruned": 2}, sampler="tpe", counts={"train": (5, 6)})

    write_recorded(study, tmp_path / "curves.json.gz")

    assert read_recorded(tmp_path / "curves.json.gz") == study


@pytest.mark.parametrize("name", ["tuner.db", "reviews.csv", "curves.txt", "curves.gz", "curves"])
def test_a_name_that_could_not_be_read_again_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"a name ending in \.json or \.json\.gz expected"):
        write_recorded(STUDY, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["settings.json", "settings.json.gz"])
@pytest.mark.parametrize(
    "content",
    [b"", b'{"name": "mine"}', gzip.compress(b'{"format":"tuner-', mtime=0)],
    ids=["empty", "JSON", "torn"],
)
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InputError, match="is there already and holds no recorded curves; give another name"):
        write_recorded(STUDY, path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["curves.json", "curves.json.gz"])
def test_a_file_of_curves_is_replaced(tmp_path: Path, name: str) -> None:
    write_recorded(recorded(trial(0, [0.5], 1.0)), tmp_path / name)

    write_recorded(STUDY, tmp_path / name)

    assert read_recorded(tmp_path / name) == STUDY
    assert [path.name for path in tmp_path.iterdir()] == [name], "nothing unfinished is left beside it"


def document(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "sound.json"
    write_recorded(STUDY, path)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


Change = Callable[[dict[str, Any]], None]


def in_first(*keys: str | int, value: Any) -> Change:
    """Set what is found by the keys, from the first trial on."""

    def change(found: dict[str, Any]) -> None:
        node = found["trials"][0]
        for key in keys[:-1]:
            node = node[key]
        node[keys[-1]] = value

    return change


def at_top(key: str, value: Any) -> Change:
    return lambda found: found.update({key: value})


def in_space(**values: Any) -> Change:
    return lambda found: found["space"][0].update(values)


ACCURACY, SECONDS = 0, 4
"""Columns of a row of an epoch, in the order in which metrics were met."""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (in_first("rules", "epochs", value=0), "a whole number from 1"),
        (in_first("rules", "epochs", value=math.inf), "a whole number from 1"),
        (in_first("rules", "epochs", value=2.5), "a whole number from 1"),
        (in_first("rules", "patience", value=-3), "a whole number from 0"),
        (in_first("rules", "monitor", value=7), "a text expected"),
        (in_first("number", value=10**30), "a whole number from 0"),
        (in_first("number", value=True), "a whole number from 0"),
        (in_first("number", value=-1), "a whole number from 0"),
        (in_first("params", value={"units": [8, 4]}), "a number up to"),
        (in_first("params", value={"units": None}), "a number up to"),
        (in_first("epochs", 0, ACCURACY, value=10**400), "a number up to"),
        (in_first("epochs", 0, ACCURACY, value=1e308), "a number up to"),
        (in_first("epochs", 0, ACCURACY, value=math.nan), "a number up to"),
        (in_first("epochs", 0, ACCURACY, value="0.5"), "a number up to"),
        (in_first("epochs", 0, ACCURACY, value=True), "a number up to"),
        (in_first("epochs", 0, SECONDS, value=-1.0), "training_time_s falls"),
        (in_first("epochs", 1, SECONDS, value=0.5), "training_time_s falls"),
        (in_first("epochs", value=[]), "lacks an objective"),
        (at_top("study", {"name": "s"}), "a text expected"),
        (at_top("sampler", 3), "a text expected"),
        (at_top("counts", {"train": [-50, 100]}), "a whole number from 0"),
        (at_top("counts", {"train": [10**300]}), "a whole number from 0"),
        (at_top("counts", {"train": math.inf}), "found something else"),
        (at_top("left_out", {"pruned": 0.5}), "a whole number from 0"),
        (at_top("metrics", ["accuracy", "accuracy", "auc", "train_accuracy", "training_time_s"]), "twice"),
        (
            lambda found: found["objectives"].append(dict(found["objectives"][0])),
            "an objective stands there twice",
        ),
        (lambda found: found["space"].append(dict(found["space"][0])), "a parameter stands there twice"),
        (in_space(step=0), "a whole number from 1"),
        (in_space(step=-1), "a whole number from 1"),
        (in_space(low=9), "bounds or choices that are none"),
        (in_space(low=0, log=True, step=1), "bounds or choices that are none"),
        (in_space(high=2**70), "a whole number from"),
        (in_space(high=math.inf), "a whole number from"),
        (in_space(type="float", low=-1e308), "a number up to"),
        (in_space(type="float", low=0.0, log=True, step=None), "bounds or choices that are none"),
        (in_space(type="float", step=0.0), "bounds or choices that are none"),
        (in_space(name=5), "a text expected"),
        (in_space(when=7), "found something else"),
        (
            at_top("space", [{"type": "categorical", "name": "units", "sets": "units", "choices": [8, 8],
                              "default": None, "when": None}]),
            "a choice of units stands there twice",
        ),
        (
            at_top("space", [{"type": "categorical", "name": "units", "sets": "units", "choices": [[8]],
                              "default": None, "when": None}]),
            "a number up to",
        ),
    ],
)  # fmt: skip
def test_what_no_study_can_have_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Change, message: str
) -> None:
    found = document(tmp_path)
    change(found)
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(found))

    assert main(["replay", str(path), "--sampler", "random", "--chance-epochs", "1"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert message in said[0]


def test_a_space_in_which_nothing_is_searched_can_be_asked_of() -> None:
    trials = tuple(replace(each, params={"family": "cnn"}) for each in STUDY.trials)
    study = replace(STUDY, space=(FixedParameter("family", "family", "cnn"),), trials=trials)

    samplers = [ComponentSpec("tpe")]
    (outcome,) = compare(study, [NONE], METRICS, Conditions(seeds=2), samplers).outcomes

    assert [each.begun for each in outcome.judgements] == [2, 2]
    assert outcome.off == 0.0


def test_a_reference_that_no_trial_reaches_is_refused() -> None:
    with pytest.raises(InputError, match="no trial is better than it in every objective"):
        compare(STUDY, [NONE], METRICS, Conditions(reference=(0.9, 0.0)))


def test_a_sampler_that_cannot_be_asked_is_refused_before_any_replay() -> None:
    done: list[int] = []
    samplers = [ComponentSpec("random"), ComponentSpec("grid")]

    with pytest.raises(InputError, match="continuous float"):
        compare(STUDY, [NONE], METRICS, samplers=samplers, done=lambda at, _: done.append(at))
    assert not done


def test_six_objectives_are_judged_as_optuna_measures_them() -> None:
    """Of thirty trials hardly one beats another: to measure all of it for each of them would take minutes."""
    names = ("accuracy", "f1", "auc", "precision", "recall", "r2")

    def reached(number: int) -> dict[str, float]:
        primes = zip(names, (7, 11, 13, 17, 19, 23), strict=True)
        return {name: 0.5 + number * prime % 61 / 200 for name, prime in primes}

    trials = [
        replace(trial(number, [0.5], 1.0), epochs=({**reached(number), "training_time_s": 1.0},))
        for number in range(30)
    ]
    objectives = tuple(Objective(name, "maximize") for name in names)
    conditions = Conditions(reference=(0.4,) * 6)

    compared = compare(replace(recorded(*trials), objectives=objectives), [NONE], METRICS, conditions)

    points = -np.array([list(reached(number).values()) for number in range(30)])
    whole = compute_hypervolume(points, -np.full(6, 0.4))
    assert compared.truth.hypervolume == pytest.approx(whole)
    assert len(compared.truth.own_share) > 20
    for number, share in compared.truth.own_share.items():
        without = compute_hypervolume(np.delete(points, number, axis=0), -np.full(6, 0.4))
        assert share == pytest.approx((whole - without) / whole, abs=1e-9)


def test_draws_are_not_replayed() -> None:
    with pytest.raises(InputError, match="draws is not replayed"):
        compare(STUDY, [NONE], METRICS, samplers=[ComponentSpec("tpe", {"draws": 1})])
