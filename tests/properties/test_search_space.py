"""What always holds of sampling: inside the bounds, inactive absent, the same seed the same params."""

from __future__ import annotations

import optuna
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tuner.search import make_sampler, suggest
from tuner.search.space import grid_points, params_of, settings_of
from tuner.spec.values import (
    AllOf,
    AnyOf,
    CategoricalParameter,
    ComponentSpec,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Parameter,
    Value,
    accepts,
    active,
)

optuna.logging.set_verbosity(optuna.logging.WARNING)


@st.composite
def parameters(draw: st.DrawFn, name: str, when: Condition | None, discrete: bool) -> Parameter:
    kind = draw(st.sampled_from(("int", "float", "categorical", "fixed")))
    if kind == "int":
        low = draw(st.integers(1, 20))
        return IntParameter(
            name, name, low, low + draw(st.integers(0, 5)), step=draw(st.integers(1, 3)), when=when
        )
    if kind == "float":
        low_f = draw(st.sampled_from((0.1, 0.25, 1.0)))
        step = draw(st.sampled_from((0.1, 0.25) if discrete else (None, 0.1)))
        log = step is None and draw(st.booleans())
        return FloatParameter(name, name, low_f, low_f + 0.5, log=log, step=step, when=when)
    choices: tuple[Value, ...] = draw(st.sampled_from((("a", "b"), (False, True), (1, 2, 4), ("only",))))
    if kind == "fixed":
        return FixedParameter(name, name, choices[0], when=when)
    return CategoricalParameter(name, name, choices, when=when)


@st.composite
def conditions(draw: st.DrawFn, earlier: list[Parameter]) -> Condition | None:
    named = [each for each in earlier if isinstance(each, CategoricalParameter | FixedParameter)]
    if not named or draw(st.booleans()):
        return None
    chosen = draw(st.lists(st.sampled_from(named), min_size=1, max_size=2))
    parts: list[Condition] = []
    for each in chosen:
        values: tuple[Value, ...] = each.choices if isinstance(each, CategoricalParameter) else (each.value,)
        parts.append(Is(each.name, (draw(st.sampled_from(values)),)))
    if len(parts) == 1:
        return parts[0]
    joined: tuple[Condition, ...] = (AllOf(tuple(parts)), AnyOf(tuple(parts)))
    return draw(st.sampled_from(joined))


@st.composite
def spaces(draw: st.DrawFn, discrete: bool = False) -> tuple[Parameter, ...]:
    space: list[Parameter] = []
    for index in range(draw(st.integers(1, 5))):
        when = draw(conditions(space))
        space.append(draw(parameters(f"p{index}", when, discrete)))
    return tuple(space)


def _sampled(
    sampler_name: str, space: tuple[Parameter, ...], seed: int, n_trials: int, repeats: int = 1
) -> list[dict[str, Value]]:
    sampler = make_sampler(ComponentSpec(sampler_name), space, seed, repeats)
    study = optuna.create_study(sampler=sampler)
    found = []
    for index in range(n_trials):
        trial = study.ask()
        found.append(suggest(trial, space))
        study.tell(trial, float(index))
    return found


@given(space=spaces(), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@pytest.mark.parametrize("sampler", ["random", "tpe", "qmc", "nsga2"])
def test_samples_are_inside_and_only_active(sampler: str, space: tuple[Parameter, ...], seed: int) -> None:
    for params in _sampled(sampler, space, seed, 3):
        assert [each.name for each in active(space, params)] == list(params)
        assert all(accepts(each, params[each.name]) for each in active(space, params))
        searched = {name: value for name, value in params.items() if not _is_fixed(space, name)}
        assert params_of(space, searched) == params
        assert settings_of(space, params) == params


@given(space=spaces(), seed=st.integers(0, 2**31 - 1), repeats=st.integers(1, 3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_same_seed_gives_the_same_params(space: tuple[Parameter, ...], seed: int, repeats: int) -> None:
    found = _sampled("tpe", space, seed, 5, repeats)
    assert found == _sampled("tpe", space, seed, 5, repeats)
    assert all(params == found[index - index % repeats] for index, params in enumerate(found))


@given(space=spaces(discrete=True), seed=st.integers(0, 99), repeats=st.integers(1, 3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_grid_gives_every_point_exactly_as_often_as_declared(
    space: tuple[Parameter, ...], seed: int, repeats: int
) -> None:
    points = grid_points(space)
    assume(len(points) <= 30)
    found = _sampled("grid", space, seed, len(points) * repeats, repeats)
    for begin in range(0, len(found), len(points)):
        assert sorted(map(repr, found[begin : begin + len(points)])) == sorted(map(repr, points))


def _is_fixed(space: tuple[Parameter, ...], name: str) -> bool:
    return any(each.name == name and isinstance(each, FixedParameter) for each in space)
