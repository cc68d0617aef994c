"""Rules of walking the space."""

from __future__ import annotations

import optuna
import pytest

from tuner.errors import InputError
from tuner.search.space import grid_points, params_of, settings_of, suggest
from tuner.spec.values import (
    AllOf,
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Parameter,
    Value,
    accepts,
)

SPACE: tuple[Parameter, ...] = (
    CategoricalParameter("family", "family", ("lstm", "dense")),
    FixedParameter("layers", "layers", 2, when=Is("family", ("lstm",))),
    IntParameter("units", "units", 16, 128, log=True, when=Is("family", ("lstm",))),
    CategoricalParameter("optimizer", "optimizer", ("adam", "sgd")),
    FloatParameter("learning_rate", "learning_rate", 1e-4, 1e-2, log=True, when=Is("optimizer", ("adam",))),
    FloatParameter("sgd_learning_rate", "learning_rate", 0.01, 0.5, log=True, when=Is("optimizer", ("sgd",))),
    FloatParameter(
        "recurrent_dropout",
        "recurrent_dropout",
        0.0,
        0.35,
        step=0.1,
        when=AllOf((Is("family", ("lstm",)), Is("layers", (1, 2)))),
    ),
)


def _study() -> optuna.Study:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))


def _enqueued(params: dict[str, object]) -> optuna.Trial:
    study = _study()
    study.enqueue_trial(params)
    return study.ask()


def test_suggests_active_parameters_in_declared_order_with_fixed_ones() -> None:
    trial = _enqueued({"family": "lstm", "optimizer": "sgd"})
    params = suggest(trial, SPACE)
    assert list(params) == [
        "family", "layers", "units", "optimizer", "sgd_learning_rate", "recurrent_dropout",
    ]  # fmt: skip
    assert params["layers"] == 2
    assert "layers" not in trial.params


def test_suggests_nothing_inactive() -> None:
    params = suggest(_enqueued({"family": "dense", "optimizer": "adam"}), SPACE)
    assert list(params) == ["family", "optimizer", "learning_rate"]


def test_suggesting_again_gives_the_same() -> None:
    trial = _study().ask()
    assert suggest(trial, SPACE) == suggest(trial, SPACE)


def test_a_half_suggested_trial_is_completed() -> None:
    study = _study()
    first = study.ask()
    first.suggest_categorical("family", ("lstm", "dense"))
    again = optuna.Trial(study, first._trial_id)
    assert suggest(again, SPACE)["family"] == first.params["family"]


def test_a_high_off_the_step_is_lowered_without_a_warning() -> None:
    space = (
        IntParameter("units", "units", 10, 35, step=10),
        FloatParameter("rate", "rate", 0.0, 0.3, step=0.1),
    )
    trial = _study().ask()
    suggest(trial, space)
    assert trial.distributions["units"].high == 30  # type: ignore[attr-defined]
    assert trial.distributions["rate"].high == 0.3  # type: ignore[attr-defined]


def test_settings_are_named_by_what_is_set() -> None:
    params: dict[str, Value] = {"optimizer": "sgd", "sgd_learning_rate": 0.1}
    assert settings_of(SPACE, params) == {"optimizer": "sgd", "learning_rate": 0.1}


def test_stored_params_get_their_fixed_ones_back() -> None:
    stored: dict[str, Value] = {"units": 32, "optimizer": "adam", "family": "lstm", "foreign": 1}
    assert params_of(SPACE, stored) == {
        "family": "lstm", "layers": 2, "units": 32, "optimizer": "adam", "foreign": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (IntParameter("units", "units", 16, 64), 16, True),
        (IntParameter("units", "units", 16, 64), 16.0, True),
        (IntParameter("units", "units", 16, 64), 16.5, False),
        (IntParameter("units", "units", 16, 64), 65, False),
        (IntParameter("units", "units", 16, 64, step=16), 24, False),
        (IntParameter("units", "units", 0, 64), True, False),
        (FloatParameter("rate", "rate", 0.1, 0.2), 0.2, True),
        (FloatParameter("rate", "rate", 0.1, 0.2), 0.21, False),
        (FloatParameter("rate", "rate", 0.1, 0.2), float("nan"), False),
        (FloatParameter("rate", "rate", 0.1, 0.2), "0.15", False),
        (FloatParameter("rate", "rate", 0.1, 0.5, step=0.1), 0.1 + 2 * 0.1, True),
        (FloatParameter("rate", "rate", 0.1, 0.5, step=0.1), 0.25, False),
        (CategoricalParameter("both", "both", (False, True)), True, True),
        (CategoricalParameter("both", "both", (False, True)), 1, False),
        (FixedParameter("layers", "layers", 2), 2, True),
        (FixedParameter("layers", "layers", 2), 3, False),
        (FixedParameter("layers", "layers", 1), True, False),
    ],
)
def test_accepts_what_a_parameter_can_take(parameter: Parameter, value: object, expected: bool) -> None:
    assert accepts(parameter, value) is expected


def test_grid_lists_every_point_with_its_active_parameters() -> None:
    space = (
        CategoricalParameter("family", "family", ("lstm", "dense")),
        IntParameter("units", "units", 1, 3, step=2, when=Is("family", ("lstm",))),
        FloatParameter("dropout", "dropout", 0.0, 0.3, step=0.1),
        FixedParameter("layers", "layers", 2),
    )
    points = grid_points(space)
    assert len(points) == 2 * 4 + 4
    assert points[0] == {"family": "lstm", "units": 1, "dropout": 0.0, "layers": 2}
    assert points[3]["dropout"] == 0.3
    assert points[-1] == {"family": "dense", "dropout": 0.3, "layers": 2}


def test_grid_refuses_a_continuous_float() -> None:
    with pytest.raises(InputError, match="learning_rate is a continuous float"):
        grid_points(SPACE)


def test_grid_refuses_more_points_than_a_study_holds() -> None:
    space = (IntParameter("a", "a", 1, 1000), IntParameter("b", "b", 1, 1000))
    with pytest.raises(InputError, match="more than 100,000 points"):
        grid_points(space)
