"""Rules of samplers: named, seeded by study and trial, safe to ask from anywhere."""

from __future__ import annotations

import importlib.util
import warnings

import optuna
import pytest

from tuner.errors import InputError
from tuner.search import SAMPLERS, make_sampler, suggest
from tuner.search.optuna_samplers import START_POINT
from tuner.spec.values import (
    CategoricalParameter,
    ComponentSpec,
    FloatParameter,
    IntParameter,
    Is,
    Parameter,
    Value,
)

SPACE: tuple[Parameter, ...] = (
    CategoricalParameter("family", "family", ("lstm", "dense")),
    IntParameter("units", "units", 16, 128, log=True, when=Is("family", ("lstm",))),
    FloatParameter("rate", "rate", 1e-4, 1e-2, log=True),
)
DISCRETE: tuple[Parameter, ...] = (
    CategoricalParameter("family", "family", ("lstm", "dense")),
    IntParameter("layers", "layers", 1, 3, when=Is("family", ("lstm",))),
)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _study(storage: optuna.storages.BaseStorage, name: str, seed: int = 7) -> optuna.Study:
    """Open one and the same study as a fresh process would."""
    return optuna.create_study(
        storage=storage,
        study_name="s",
        sampler=make_sampler(ComponentSpec(name), SPACE, seed),
        load_if_exists=True,
        directions=["maximize", "minimize"],
    )


def _run(study: optuna.Study, n_trials: int) -> list[dict[str, Value]]:
    """Run trials of which every third is pruned and has no values."""
    found = []
    for _ in range(n_trials):
        trial = study.ask()
        params = suggest(trial, SPACE)
        found.append(params)
        if trial.number % 3 == 2:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, [float(params["rate"]), float(params.get("units", 8))])
    return found


@pytest.mark.parametrize("name", ["tpe", "random", "nsga2"])
def test_a_resumed_study_goes_on_as_if_never_stopped(name: str) -> None:
    whole = _run(_study(optuna.storages.InMemoryStorage(), name), 24)
    storage = optuna.storages.InMemoryStorage()
    parts = _run(_study(storage, name), 11) + _run(_study(storage, name), 13)
    assert parts == whole
    assert len({repr(params) for params in whole}) == len(whole)


def test_another_seed_gives_other_params() -> None:
    first = _run(_study(optuna.storages.InMemoryStorage(), "tpe", seed=1), 5)
    assert first != _run(_study(optuna.storages.InMemoryStorage(), "tpe", seed=2), 5)


def test_tpe_models_conditional_spaces_of_several_objectives_with_pruned_trials() -> None:
    storage = optuna.storages.InMemoryStorage()
    study = _study(storage, "tpe")
    _run(study, 40)
    late = [trial for trial in study.get_trials() if trial.number >= 20]
    joint = [trial.system_attrs.get("tpe:relative_params:0", "") for trial in late]
    assert all("units" in params and "rate" in params for params in joint)


def test_qmc_resumes_its_one_sequence() -> None:
    space = (FloatParameter("x", "x", 0.0, 1.0), FloatParameter("y", "y", 0.0, 1.0))

    def run(storage: optuna.storages.BaseStorage, n_trials: int) -> None:
        sampler = make_sampler(ComponentSpec("qmc"), space, 3)
        study = optuna.create_study(storage=storage, study_name="s", sampler=sampler, load_if_exists=True)
        for _ in range(n_trials):
            trial = study.ask()
            suggest(trial, space)
            study.tell(trial, 0.0)

    whole, parts = optuna.storages.InMemoryStorage(), optuna.storages.InMemoryStorage()
    run(whole, 9)
    run(parts, 5)
    run(parts, 4)
    assert [t.params for t in whole.get_all_trials(0)] == [t.params for t in parts.get_all_trials(0)]
    quarters = {(t.params["x"] > 0.5, t.params["y"] > 0.5) for t in whole.get_all_trials(0)[1:]}
    assert len(quarters) == 4


@pytest.mark.parametrize("name", ["grid", "brute_force"])
def test_grid_gives_each_point_once_around_queued_trials(name: str) -> None:
    sampler = make_sampler(ComponentSpec(name), DISCRETE, 5)
    assert sampler.capacity == 4
    study = optuna.create_study(sampler=sampler)
    found = []
    for index in range(6):
        if index in (0, 2):
            study.enqueue_trial({"family": "lstm"})
        trial = study.ask()
        params = suggest(trial, DISCRETE)
        study.tell(trial, 0.0)
        if index not in (0, 2):
            found.append(tuple(params.values()))
    assert sorted(found, key=repr) == [("dense",), ("lstm", 1), ("lstm", 2), ("lstm", 3)]


def test_grid_orders_points_by_the_seed() -> None:
    def first(seed: int) -> list[dict[str, Value]]:
        study = optuna.create_study(sampler=make_sampler(ComponentSpec("grid"), DISCRETE, seed))
        return [suggest(study.ask(), DISCRETE) for _ in range(4)]

    assert first(1) == first(1)
    assert any(first(1) != first(seed) for seed in range(2, 6))


def test_pending_trials_keep_their_own_random_state() -> None:
    together = optuna.create_study(sampler=make_sampler(ComponentSpec("random"), SPACE, 1))
    first, second = together.ask(), together.ask()
    late = suggest(second, SPACE), suggest(first, SPACE)
    apart = optuna.create_study(sampler=make_sampler(ComponentSpec("random"), SPACE, 1))
    early = [suggest(apart.ask(), SPACE) for _ in range(2)]
    assert [late[1], late[0]] == early


def test_making_a_sampler_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("tpe", "qmc"):
            _run(_study(optuna.storages.InMemoryStorage(), name), 2)


def test_every_option_has_a_default_and_a_reason() -> None:
    for name, registered in SAMPLERS.items():
        assert registered.component.name == name
        for setting in registered.component.settings:
            assert setting.default is not None
            assert setting.summary


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (ComponentSpec("tpee"), "unknown sampler 'tpee'; did you mean tpe"),
        (ComponentSpec("tpe", {"startup": 3}), "unknown option startup; did you mean startup_trials"),
        (ComponentSpec("random", {"seed": 3}), "unknown option seed; known are: draws"),
        (ComponentSpec("tpe", {"multivariate": False}), "group needs multivariate"),
    ],
)
def test_a_wrong_declaration_is_refused(spec: ComponentSpec, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_sampler(spec, SPACE, 0)


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
def test_gp_without_torch_says_how_to_install_it() -> None:
    with pytest.raises(InputError, match="pip install torch"):
        make_sampler(ComponentSpec("gp"), SPACE, 0)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_gp_is_made_where_torch_is_installed() -> None:
    assert len(_run(_study(optuna.storages.InMemoryStorage(), "gp"), 2)) == 2


def _asked(study: optuna.Study, space: tuple[Parameter, ...]) -> tuple[Value, ...]:
    trial = study.ask()
    params = suggest(trial, space)
    study.tell(trial, 0.0)
    return tuple(params.values())


@pytest.mark.parametrize("name", ["tpe", "random", "nsga2", "qmc"])
def test_every_sampled_point_runs_as_often_as_declared(name: str) -> None:
    study = optuna.create_study(sampler=make_sampler(ComponentSpec(name), SPACE, 5, repeats=3))
    found = [_asked(study, SPACE) for _ in range(42)]
    assert [found[index : index + 3] for index in range(0, 42, 3)] == [[point] * 3 for point in found[::3]]
    assert len(set(found)) == 14


def test_a_point_does_not_depend_on_how_its_repeats_end() -> None:
    study = optuna.create_study(sampler=make_sampler(ComponentSpec("random"), SPACE, 5, repeats=2))
    first = study.ask()
    point = suggest(first, SPACE)
    study.tell(first, state=optuna.trial.TrialState.FAIL)
    assert suggest(study.ask(), SPACE) == point
    assert suggest(study.ask(), SPACE) != point


def test_repeats_of_pending_trials_are_known_to_every_process() -> None:
    storage = optuna.storages.InMemoryStorage()

    def opened() -> optuna.Study:
        sampler = make_sampler(ComponentSpec("tpe"), SPACE, 7, repeats=2)
        return optuna.create_study(storage=storage, study_name="s", sampler=sampler, load_if_exists=True)

    found = [tuple(suggest(opened().ask(), SPACE).values()) for _ in range(8)]
    assert found[::2] == found[1::2]
    assert len(set(found)) == 4


def test_queued_trials_repeat_nothing_and_are_not_counted() -> None:
    study = optuna.create_study(sampler=make_sampler(ComponentSpec("random"), SPACE, 5, repeats=2))
    sampled = []
    for index in range(9):
        if index in (0, 2, 5):
            study.enqueue_trial({"family": "dense", "rate": 0.001})
            assert _asked(study, SPACE) == ("dense", 0.001)
        else:
            sampled.append(_asked(study, SPACE))
    assert sampled[::2] == sampled[1::2]


def test_what_a_start_point_leaves_open_is_the_same_in_its_repeats() -> None:
    study = optuna.create_study(sampler=make_sampler(ComponentSpec("random"), SPACE, 5, repeats=2))
    for units in (20, 20, 40, 40):
        study.enqueue_trial({"family": "lstm", "units": units}, user_attrs={START_POINT: "own point"})
    found = [_asked(study, SPACE) for _ in range(6)]
    assert found[::2] == found[1::2]
    assert [point[1] for point in found[:4]] == [20, 20, 40, 40]
    assert len(set(found)) == 3


def test_a_grid_is_gone_through_again_in_another_order() -> None:
    sampler = make_sampler(ComponentSpec("grid"), DISCRETE, 5, repeats=6)
    assert sampler.capacity == 24
    study = optuna.create_study(sampler=sampler)
    found = []
    for index in range(26):
        if index in (1, 9):
            study.enqueue_trial({"family": "dense"})
            _asked(study, DISCRETE)
        else:
            found.append(_asked(study, DISCRETE))
    rounds = [found[index : index + 4] for index in range(0, 24, 4)]
    assert all(len(set(points)) == 4 for points in rounds)
    assert len({tuple(points) for points in rounds}) > 1


def test_a_grid_begins_as_without_repeats() -> None:
    def first(repeats: int) -> list[tuple[Value, ...]]:
        study = optuna.create_study(sampler=make_sampler(ComponentSpec("grid"), DISCRETE, 3, repeats))
        return [_asked(study, DISCRETE) for _ in range(4)]

    assert first(1) == first(3)


def _share_of_unfit(state: optuna.trial.TrialState, excess: bool) -> float:
    """Let TPE search where more than 20 units do not fit; return how often it still asks for them."""
    space = (IntParameter("units", "units", 2, 64),)
    sampler = make_sampler(ComponentSpec("tpe", {"startup_trials": 8}), space, 3)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    unfit = []
    for _ in range(40):
        trial = study.ask()
        units = int(suggest(trial, space)["units"])
        unfit.append(units > 20)
        if units <= 20:
            study.tell(trial, [0.5 + units / 100, units])
            continue
        if excess:
            trial.set_constraint("memory", units / 20 - 1)
        study.tell(trial, state=state)
    return sum(unfit[8:]) / 32


def test_tpe_learns_from_pruned_trials_what_does_not_fit_and_from_failed_ones_nothing() -> None:
    assert _share_of_unfit(optuna.trial.TrialState.FAIL, excess=True) > 0.6
    assert _share_of_unfit(optuna.trial.TrialState.PRUNED, excess=True) < 0.4
