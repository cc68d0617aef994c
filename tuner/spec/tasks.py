"""Checks that what a file names has a meaning in its task: settings, options of the data, metrics by default.

A metric that is named outright, in an objective or an option, is checked where it is named; here is what
only follows from the task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tuner.spec.catalogue import Catalogue, Setting
from tuner.spec.conditions import Path
from tuner.spec.declared import values_of
from tuner.spec.draft import Draft
from tuner.spec.fields import one_of, shown
from tuner.spec.read import Problems
from tuner.spec.values import Value

__all__ = ["check_task", "measured_in"]

_NAMES_A_METRIC = frozenset({"monitor"})
"""Settings whose values are metrics of the validation split."""


@dataclass(frozen=True)
class _Given:
    """A setting that gets a value, or may: what messages call it, where it stands, the value if it is one."""

    setting: str
    where: str
    path: Path
    value: Value | None = None


def measured_in(draft: Draft, catalogue: Catalogue) -> list[str]:
    """Return the metrics that are measured in the draft's task."""
    return [each.name for each in catalogue.metrics.values() if draft.spec.task in each.tasks]


def check_task(
    draft: Draft, catalogue: Catalogue, known: Mapping[str, tuple[Setting, ...]], problems: Problems
) -> None:
    """Note what has no meaning in the draft's task.

    Args:
        draft: What was read; nothing is said where the task itself could not be.
        catalogue: Everything that it can name.
        known: Every declaration of each setting, by name.
        problems: Gets what is wrong.
    """
    if "task" in draft.unread:
        return
    for given in _declared(draft):
        for setting in known.get(given.setting, ())[:1]:
            _check_setting(setting, given, draft, problems)
    for given in _values(draft):
        if given.setting in _NAMES_A_METRIC and given.value in catalogue.metrics:
            _check_monitor(known[given.setting][0], given, draft, catalogue, problems)
    if "data" not in draft.unread:
        _check_data(draft, catalogue, problems)
    if "pruner" not in draft.unread:
        _check_default_metrics(draft, catalogue, problems)


def _declared(draft: Draft) -> Iterator[_Given]:
    """Yield every setting that is fixed or searched, once for each place."""
    for name in draft.spec.fixed:
        yield _Given(name, f"fixed.{name}", ("fixed", name))
    for parameter in draft.spec.space:
        yield _Given(parameter.sets, parameter.name, ("space", parameter.name))


def _values(draft: Draft) -> Iterator[_Given]:
    """Yield every single value that a setting is given, and the ends of its ranges."""
    for name, value in draft.spec.fixed.items():
        yield _Given(name, f"fixed.{name}", ("fixed", name), value)
    for parameter in draft.spec.space:
        for key, value in values_of(parameter):
            yield _Given(parameter.sets, parameter.name, ("space", parameter.name, *key), value)


def _check_setting(setting: Setting, given: _Given, draft: Draft, problems: Problems) -> None:
    if setting.tasks and draft.spec.task not in setting.tasks:
        message = f"{given.where}: {_only_in(f'has no meaning in a {draft.spec.task} task', setting.tasks)}"
        problems.add(draft.places.at(*given.path), message, "take it out")


def _check_monitor(
    setting: Setting, given: _Given, draft: Draft, catalogue: Catalogue, problems: Problems
) -> None:
    measured = measured_in(draft, catalogue)
    if given.value not in measured:
        metric = catalogue.metrics[str(given.value)]
        said = _only_in(f"{metric.name} is not measured in a {draft.spec.task} task", metric.tasks)
        hint = f"choose {one_of([choice for choice in setting.choices if choice in measured])}"
        problems.add(draft.places.at(*given.path), f"{given.where}: {said}", hint)


def _check_data(draft: Draft, catalogue: Catalogue, problems: Problems) -> None:
    data = draft.spec.data
    if data.source not in catalogue.sources:
        return
    declared = {name for name, value in data.options.items() if value != ""}
    for setting in catalogue.sources[data.source].settings:
        if setting.name in declared:
            given = _Given(setting.name, f"data.{setting.name}", ("data", setting.name))
            _check_setting(setting, given, draft, problems)
    if draft.spec.task == "binary" and declared >= {"positive", "threshold"}:
        found = shown(data.options["positive"])
        message = f"data.positive: found {found} beside a threshold, expected one of the two"
        hint = "of numbers `threshold` says which are positive, of words `positive`"
        problems.add(draft.places.at("data", "positive"), message, hint)


def _check_default_metrics(draft: Draft, catalogue: Catalogue, problems: Problems) -> None:
    """An option such as ``floor`` is about its ``floor_metric``, also where that has its default."""
    pruner = draft.spec.pruner
    if pruner.name not in catalogue.pruners:
        return
    measured = measured_in(draft, catalogue)
    for setting in catalogue.pruners[pruner.name].settings:
        about, _, kind = setting.name.rpartition("_")
        is_meant = kind == "metric" and about in pruner.options and setting.name not in pruner.options
        if is_meant and setting.default in catalogue.metrics and setting.default not in measured:
            said = f"is not measured in a {draft.spec.task} task"
            message = (
                f"pruner.{about}: is about {setting.default} unless {setting.name} says else, which {said}"
            )
            curves = [name for name in measured if catalogue.metrics[name].growth == "curve"]
            hint = f"add {setting.name}: {one_of(curves)}"
            problems.add(draft.places.at("pruner", about), message, hint)


def _only_in(said: str, tasks: Iterable[str]) -> str:
    return f"{said}, only in {one_of(tuple(tasks))}"
