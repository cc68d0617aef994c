"""Pruning: whether a running trial can still be worth its time, decided from curves alone.

A decision is a pure function of the running trial's curve and the finished trials. So it is the same
whoever takes it, no pruner needs to remember anything, and it works for any number of objectives, where
Optuna's own pruners cannot be asked. It carries its numbers, from which it can be taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tuner.decision import Decision
from tuner.errors import InputError
from tuner.search.options import nearest, options_of
from tuner.search.outlook import Outlook
from tuner.search.pace_bound import PaceBound
from tuner.search.pareto_pruner import Floor, ParetoPruner
from tuner.search.rungs import MoAshaPruner, Rungs
from tuner.search.trials import FinishedTrial
from tuner.spec.catalogue import Component, Metric, Setting
from tuner.spec.values import ComponentSpec, Objective, Value
from tuner.trial import EpochReport

__all__ = ["PRUNERS", "FinishedTrial", "NoPruner", "Pruner", "RegisteredPruner", "make_pruner"]

Options: TypeAlias = Mapping[str, Value]


class Pruner(Protocol):
    """Decides after each epoch whether a trial goes on.

    Contract: the answer depends on the arguments only, and asking changes nothing.
    """

    def decide(
        self,
        running: Sequence[EpochReport],
        finished: Sequence[FinishedTrial],
        epochs_left: int | None = None,
    ) -> Decision | None:
        """Decide on a running trial.

        Args:
            running: Its epochs so far, ascending, at least one; the last has just ended.
            finished: Trials of the same study that have ended, in any order.
            epochs_left: Epochs that it may still train, or None when that is not known. With none left
                nothing can be saved any more: what it has reached stands, unless a floor forbids it.

        Returns:
            The rule by which it is pruned, with the numbers that it takes to decide the same again, or None
            to let it go on.
        """
        ...


class NoPruner:
    """Lets every trial run to its end."""

    def decide(  # the arguments are the protocol's
        self,
        running: Sequence[EpochReport],  # noqa: ARG002
        finished: Sequence[FinishedTrial],  # noqa: ARG002
        epochs_left: int | None = None,  # noqa: ARG002
    ) -> Decision | None:
        """Return None."""
        return None


@dataclass(frozen=True)
class RegisteredPruner:
    """One pruner that a file can name.

    Attributes:
        component: Name, summary and options.
        make: ``(spec, options, objectives, metrics) -> Pruner``; ``options`` are complete, ``spec`` tells
            which of them were declared.
    """

    component: Component
    make: Callable[[ComponentSpec, Options, Sequence[Objective], Mapping[str, Metric]], Pruner]


def make_pruner(
    spec: ComponentSpec, objectives: Sequence[Objective], metrics: Mapping[str, Metric]
) -> Pruner:
    """Make the declared pruner for a study.

    Args:
        spec: Its name and options.
        objectives: The study's objectives.
        metrics: Every metric by name; tells how each moves while a trial runs.

    Returns:
        A pruner without state.

    Raises:
        InputError: If the name, an option or a metric is unknown, or the pruner does not suit the objectives.
    """
    if spec.name not in PRUNERS:
        raise InputError(f"unknown pruner '{spec.name}'", nearest(spec.name, PRUNERS))
    for objective in objectives:
        if objective.metric not in metrics:
            raise InputError(f"unknown metric '{objective.metric}'", nearest(objective.metric, metrics))
    registered = PRUNERS[spec.name]
    options = options_of("pruner", registered.component, spec)
    return registered.make(spec, options, objectives, metrics)


def _make_none(
    _spec: ComponentSpec, _options: Options, _objectives: Sequence[Objective], _metrics: Mapping[str, Metric]
) -> Pruner:
    return NoPruner()


def _make_pareto(
    spec: ComponentSpec, options: Options, objectives: Sequence[Objective], metrics: Mapping[str, Metric]
) -> Pruner:
    startup_trials = int(options["startup_trials"])
    outlook = Outlook(
        objectives=tuple(objectives),
        metrics=metrics,
        gain_bound=PaceBound(startup_trials, float(options["quantile"]), float(options["least_pace"])),
    )
    grace_epochs = int(options["grace_epochs"])
    rungs = Rungs(tuple(objectives), grace_epochs + 1, int(options["reduction_factor"]))
    return ParetoPruner(
        objectives=tuple(objectives),
        outlook=outlook,
        startup_trials=startup_trials,
        grace_epochs=grace_epochs,
        rungs=rungs if options["rungs"] else None,
        floor=_floor(options, objectives, metrics) if "floor" in spec.options else None,
    )


def _make_mo_asha(
    _spec: ComponentSpec, options: Options, objectives: Sequence[Objective], _metrics: Mapping[str, Metric]
) -> Pruner:
    return MoAshaPruner(
        Rungs(tuple(objectives), int(options["min_epochs"]), int(options["reduction_factor"]))
    )


def _floor(options: Options, objectives: Sequence[Objective], metrics: Mapping[str, Metric]) -> Floor:
    """Read the declared floor; its bad side follows from the metric's objective or from its best value."""
    name, value = str(options["floor_metric"]), float(options["floor"])
    if name not in metrics:
        raise InputError(f"pruner 'pareto': unknown floor_metric '{name}'", nearest(name, metrics))
    metric = metrics[name]
    if metric.growth == "final":
        raise InputError(
            f"pruner 'pareto': floor_metric '{name}' is known at a trial's end only",
            "name a metric that is measured every epoch",
        )
    directions = {objective.metric: objective.direction for objective in objectives}
    if name in directions:
        direction = directions[name]
    elif metric.best is not None:
        direction = "maximize" if metric.best > value else "minimize"
    else:
        raise InputError(
            f"pruner 'pareto': floor_metric '{name}' has no best value, so its good side is not known",
            "name an objective",
        )
    return Floor(name, value, int(options["floor_epochs"]), direction, metric.growth == "grows")


def _make_by_optuna(
    spec: ComponentSpec, options: Options, objectives: Sequence[Objective], metrics: Mapping[str, Metric]
) -> Pruner:
    from tuner.search.optuna_pruners import OptunaPruner

    if len(objectives) != 1:
        raise InputError(
            f"pruner '{spec.name}': it knows one objective, and this study has {len(objectives)}",
            "use pruner pareto",
        )
    metric = metrics[objectives[0].metric]
    if metric.growth not in ("curve", "grows"):
        raise InputError(
            f"pruner '{spec.name}': objective {metric.name} is not measured every epoch",
            "use pruner pareto, mo_asha or none",
        )
    if spec.name == "threshold" and not spec.options.keys() & {"lower", "upper"}:
        raise InputError("pruner 'threshold': neither lower nor upper is given", "give one of them")
    return OptunaPruner(spec.name, options, objectives[0])


_PARETO = Component(
    "pareto",
    "Prunes a trial when even its hopeful end is dominated by a finished one; any number of objectives.",
    (
        Setting("grace_epochs", "int", 1, "Epochs every trial gets; 1 because the first is warm-up.", low=0),
        Setting(
            "startup_trials",
            "int",
            4,
            "Completed trials before any is pruned; 4 because a guess from fewer curves is none.",
            low=1,
        ),
        Setting(
            "quantile",
            "float",
            0.8,
            "Which of the gains that finished trials still made, for their pace, a running one is credited "
            "with; 1: the top. 0.8 because more saves less and kept no more of the front in replays.",
            low=0.0,
            high=1.0,
        ),
        Setting(
            "least_pace",
            "float",
            0.02,
            "Gain an epoch that every trial is credited with, as a share of what is left to gain (of 1 - "
            "accuracy); 0.02 because a trial that stood still for two epochs need not stand still for ever.",
            low=0.0,
            high=1.0,
        ),
        Setting(
            "rungs",
            "bool",
            False,
            "Whether trials are also cut by rank, as mo_asha does, unless they may extend the front.",
        ),
        Setting("reduction_factor", "int", 3, "With rungs: one in so many trials passes a rung.", low=2),
        Setting("floor", "float", 0.0, "A trial that has not reached it is pruned; left out: no floor."),
        Setting(
            "floor_epochs",
            "int",
            2,
            "Epochs after which the floor counts; 2 gives a slow start a chance.",
            low=1,
        ),
        Setting(
            "floor_metric",
            "text",
            "accuracy",
            "The metric that the floor is about: its best so far; of what grows, as seconds do, all until "
            "now.",
        ),
    ),
)

_STARTUP_TRIALS = Setting(
    "startup_trials", "int", 5, "Completed trials before any is pruned; 5 as in Optuna.", low=1
)
_WARMUP_EPOCHS = Setting(
    "warmup_epochs", "int", 1, "Epochs that every trial gets; 1 because the first is warm-up.", low=0
)
_MIN_EPOCHS = Setting("min_epochs", "int", 1, "Epochs to the first rung.", low=1)


def _reduction_factor(default: int) -> Setting:
    return Setting("reduction_factor", "int", default, "One in so many trials passes a rung.", low=2)


_BY_OPTUNA = (
    Component("median", "Prunes below the median of finished trials.", (_STARTUP_TRIALS, _WARMUP_EPOCHS)),
    Component(
        "percentile",
        "Prunes what is not among the best percentile of finished trials.",
        (
            Setting("percentile", "float", 25.0, "The share kept, in percent.", low=0.0, high=100.0),
            _STARTUP_TRIALS,
            _WARMUP_EPOCHS,
        ),
    ),
    Component(
        "successive_halving",
        "Asynchronous successive halving: one in so many trials passes each rung.",
        (_MIN_EPOCHS, _reduction_factor(4)),
    ),
    Component(
        "hyperband",
        "Several successive halvings of different patience side by side.",
        (
            _MIN_EPOCHS,
            Setting("max_epochs", "int", None, "The epochs of a full trial; decides the brackets.", low=1),
            _reduction_factor(3),
        ),
    ),
    Component(
        "threshold",
        "Prunes outside fixed bounds.",
        (
            Setting("lower", "float", -1e300, "Least value; left out: none."),
            Setting("upper", "float", 1e300, "Greatest value; left out: none."),
            _WARMUP_EPOCHS,
        ),
    ),
    Component(
        "patient",
        "Prunes below the median, but only after so many epochs without improvement.",
        (
            Setting("patience", "int", 2, "Epochs without improvement.", low=0),
            Setting("min_delta", "float", 0.0, "A smaller improvement is none.", low=0.0),
            _STARTUP_TRIALS,
            _WARMUP_EPOCHS,
        ),
    ),
)

_MO_ASHA = Component(
    "mo_asha",
    "Multi-objective asynchronous successive halving: one in so many trials passes each rung, by "
    "non-dominated rank; any number of objectives.",
    (_MIN_EPOCHS, _reduction_factor(3)),
)

PRUNERS: dict[str, RegisteredPruner] = {
    "pareto": RegisteredPruner(_PARETO, _make_pareto),
    "mo_asha": RegisteredPruner(_MO_ASHA, _make_mo_asha),
    "none": RegisteredPruner(Component("none", "Lets every trial run to its end."), _make_none),
    **{component.name: RegisteredPruner(component, _make_by_optuna) for component in _BY_OPTUNA},
}
"""Every pruner by the name that a file gives it. Optuna's Wilcoxon pruner is not among them: it compares
the same problem instances across trials, and the epochs of a curve are not that."""
