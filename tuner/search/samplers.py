"""Samplers by name: what can be declared of each, and how it is made. Optuna is imported on making only."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tuner.errors import InputError
from tuner.search.options import nearest, options_of
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import ComponentSpec, Parameter, Value

if TYPE_CHECKING:
    import optuna

    from tuner.search.optuna_samplers import StudySampler

__all__ = ["ATTEMPTS", "SAMPLERS", "RegisteredSampler", "draws_of", "make_sampler"]

Options: TypeAlias = Mapping[str, Value]

ATTEMPTS = 32
"""Most points that are looked at for one trial: where an eighth of a space fits into the time left, one of
them does in 98 of 100 cases."""

_MOST_DRAWS = 16
"""That can be asked for each trial: they are drawn while its worker waits."""


@dataclass(frozen=True)
class RegisteredSampler:
    """One sampler that a file can name.

    Attributes:
        component: Name, summary and options.
        make: ``(options, space, study_seed) -> StudySampler``.
    """

    component: Component
    make: Callable[[Options, Sequence[Parameter], int], StudySampler]


def make_sampler(
    spec: ComponentSpec, space: Sequence[Parameter], study_seed: int, repeats: int = 1
) -> StudySampler:
    """Make the declared sampler for a study.

    Args:
        spec: Its name and options.
        space: The searched parameters.
        study_seed: With a trial's number it decides what that trial is given, whoever asks.
        repeats: Trials of each point: a grid is gone through so often, a sampled point has so many in a row.

    Returns:
        A sampler to hand to an Optuna study.

    Raises:
        InputError: If the name or an option is unknown, a library is missing, or the space does not suit.
    """
    registered, options = _declared(spec)
    sampler = registered.make(options, space, study_seed)
    return sampler.repeating(repeats) if repeats > 1 else sampler


def draws_of(spec: ComponentSpec) -> int:
    """Return how many points the declared sampler draws where one is chosen by its expected seconds.

    Args:
        spec: Its name and options.

    Raises:
        InputError: If the name or an option is unknown.
    """
    _, options = _declared(spec)
    return int(options.get(_DRAWS, 1))


def _declared(spec: ComponentSpec) -> tuple[RegisteredSampler, Options]:
    if spec.name not in SAMPLERS:
        raise InputError(f"unknown sampler '{spec.name}'", nearest(spec.name, SAMPLERS))
    registered = SAMPLERS[spec.name]
    return registered, options_of("sampler", registered.component, spec)


def _seeded(
    make_inner: Callable[[int], optuna.samplers.BaseSampler], study_seed: int, history: int | None = None
) -> StudySampler:
    from tuner.search.optuna_samplers import SeededSampler

    return SeededSampler(make_inner, study_seed, history)


def _make_tpe(options: Options, _space: Sequence[Parameter], study_seed: int) -> StudySampler:
    if options["group"] and not options["multivariate"]:
        raise InputError("sampler 'tpe': group needs multivariate", "set group: false, or multivariate: true")

    def make_inner(seed: int) -> optuna.samplers.BaseSampler:
        import optuna

        return optuna.samplers.TPESampler(
            n_startup_trials=int(options["startup_trials"]),
            n_ei_candidates=int(options["candidates"]),
            multivariate=bool(options["multivariate"]),
            group=bool(options["group"]),
            seed=seed,
        )

    return _seeded(make_inner, study_seed, int(options["history"]))


def _make_random(_options: Options, _space: Sequence[Parameter], study_seed: int) -> StudySampler:
    def make_inner(seed: int) -> optuna.samplers.BaseSampler:
        import optuna

        return optuna.samplers.RandomSampler(seed=seed)

    return _seeded(make_inner, study_seed)


def _make_nsga2(options: Options, _space: Sequence[Parameter], study_seed: int) -> StudySampler:
    def make_inner(seed: int) -> optuna.samplers.BaseSampler:
        import optuna

        return optuna.samplers.NSGAIISampler(population_size=int(options["population_size"]), seed=seed)

    return _seeded(make_inner, study_seed)


def _make_gp(options: Options, _space: Sequence[Parameter], study_seed: int) -> StudySampler:
    if importlib.util.find_spec("torch") is None:
        raise InputError(
            "sampler 'gp': the library torch is not installed",
            "install it with: pip install torch, or use sampler tpe",
        )

    def make_inner(seed: int) -> optuna.samplers.BaseSampler:
        import optuna

        return optuna.samplers.GPSampler(
            n_startup_trials=int(options["startup_trials"]), seed=seed, warn_independent_sampling=False
        )

    return _seeded(make_inner, study_seed)


def _make_qmc(options: Options, _space: Sequence[Parameter], study_seed: int) -> StudySampler:
    def make_inner(seed: int) -> optuna.samplers.BaseSampler:
        import optuna

        return optuna.samplers.QMCSampler(
            qmc_type=str(options["sequence"]),
            scramble=True,
            seed=study_seed,  # one scrambled sequence a study; the position in it is kept in the database
            independent_sampler=optuna.samplers.RandomSampler(seed=seed),
            warn_independent_sampling=False,
        )

    return _seeded(make_inner, study_seed)


def _make_grid(_options: Options, space: Sequence[Parameter], study_seed: int) -> StudySampler:
    from tuner.search.optuna_samplers import PermutedGridSampler

    return PermutedGridSampler(space, study_seed)


_STARTUP_TRIALS = Setting(
    "startup_trials",
    "int",
    10,
    "Trials drawn at random before the model of past trials is used; 10 because a model of fewer misleads.",
    low=1,
)

_DRAWS = "draws"


def _draws(default: int) -> Setting:
    return Setting(
        _DRAWS,
        "int",
        default,
        "Points drawn for a trial where one is chosen by its expected seconds. With a time limit: early on"
        " the likelier the sooner it ends, which brings the front sooner. With a number of trials and several"
        " workers the last ones are chosen to end together, of up to 32. 1 begins what comes.",
        low=1,
        high=_MOST_DRAWS,
    )


_GRID = "Every point of a discrete space once, in an order drawn from the seed; ends when all were tried."

_REGISTERED = (
    RegisteredSampler(
        Component(
            "tpe",
            "Tree-structured Parzen estimator: models good and bad past trials; serves conditional spaces.",
            (
                _STARTUP_TRIALS,
                Setting("multivariate", "bool", True, "Model parameters jointly, since they interact."),
                Setting(
                    "group",
                    "bool",
                    True,
                    "Model each group of parameters that occur together, so that conditional ones take part.",
                ),
                Setting("candidates", "int", 24, "Points drawn and compared for each trial.", low=1),
                Setting(
                    "history",
                    "int",
                    500,
                    "Ended trials that are modelled, half of them the best, the others the latest: so asking "
                    "costs the same however long a study gets.",
                    low=50,
                ),
                _draws(8),
            ),
        ),
        _make_tpe,
    ),
    RegisteredSampler(Component("random", "Independent uniform draws.", (_draws(1),)), _make_random),
    RegisteredSampler(
        Component(
            "nsga2",
            "Genetic algorithm for several objectives.",
            (
                Setting(
                    "population_size",
                    "int",
                    20,
                    "Completed trials of a generation, for pruned ones do not count; the first is random, so"
                    " it should be a fraction of the trials that complete.",
                    low=2,
                ),
            ),
        ),
        _make_nsga2,
    ),
    RegisteredSampler(
        Component("gp", "Gaussian process, for few and costly trials; needs torch.", (_STARTUP_TRIALS,)),
        _make_gp,
    ),
    RegisteredSampler(
        Component(
            "qmc",
            "Points that cover the space evenly; conditional parameters are drawn at random.",
            (
                Setting(
                    "sequence",
                    "choice",
                    "sobol",
                    "The low-discrepancy sequence; halton where the number of trials is no power of two.",
                    choices=("sobol", "halton"),
                ),
            ),
        ),
        _make_qmc,
    ),
    RegisteredSampler(Component("grid", _GRID), _make_grid),
    RegisteredSampler(Component("brute_force", _GRID + " Another name for grid."), _make_grid),
)

SAMPLERS: dict[str, RegisteredSampler] = {each.component.name: each for each in _REGISTERED}
"""Every sampler by the name that a file gives it."""
