"""Checks a file's draft against what exists: settings, components, metrics, and the space as a whole."""

from __future__ import annotations

from collections.abc import Mapping

from tuner.spec.activity import check_activity, sound_parameters
from tuner.spec.catalogue import Catalogue, Component, Setting
from tuner.spec.combinations import check_combinations
from tuner.spec.conditions import Path
from tuner.spec.declared import values_of
from tuner.spec.draft import Draft
from tuner.spec.fields import nearest, one_of, shown
from tuner.spec.grid import GRID_SAMPLERS, MAX_GRID_POINTS
from tuner.spec.listed import is_listed
from tuner.spec.read import Problems
from tuner.spec.settings import expectation, misfit, variants
from tuner.spec.situations import TooManySituationsError, count_points
from tuner.spec.start import check_start
from tuner.spec.tasks import check_task, measured_in
from tuner.spec.values import (
    ComponentSpec,
    FloatParameter,
    IntParameter,
    Parameter,
    Value,
)

__all__ = ["PRUNERS_FOR_ANY", "check_draft"]

PRUNERS_FOR_ANY = frozenset({"pareto", "mo_asha", "none"})
"""The pruners that work with several objectives; Optuna's own refuse (its Trial.report raises)."""


def check_draft(draft: Draft, catalogue: Catalogue, problems: Problems) -> None:
    """Note in ``problems`` everything in the draft that cannot be run.

    Args:
        draft: What was read; parts that could not be are passed over.
        catalogue: Everything that it can name.
        problems: Gets what is wrong.
    """
    known = variants(catalogue)
    for parameter in draft.spec.space:
        _check_parameter(parameter, draft, known, problems)
    _check_fixed(draft, known, problems)
    check_task(draft, catalogue, known, problems)
    check_activity(draft, problems)
    try:
        count_points(sound_parameters(draft))
        check_combinations(draft, catalogue, problems)
    except TooManySituationsError as error:
        hint = "let fewer parameters depend on each other"
        message = f"space: the conditions entangle too many parameters to be checked ({error})"
        problems.add(draft.places.at("space"), message, hint)
    _check_components(draft, catalogue, problems)
    _check_objectives(draft, catalogue, problems)
    _check_sampler_and_pruner(draft, catalogue, problems)
    check_start(draft, catalogue, problems)


def _check_parameter(
    parameter: Parameter, draft: Draft, known: Mapping[str, tuple[Setting, ...]], problems: Problems
) -> None:
    name, sets = parameter.name, parameter.sets
    if sets not in known:
        if name == sets:
            hint = nearest(sets, known) or "say with `sets:` which setting it gives a value to"
            problems.add(draft.places.at("space", name), f"{name}: no setting of that name", hint)
        else:
            mark = draft.places.at("space", name, "sets")
            problems.add(mark, f"{name}: sets {shown(sets)}, which is no setting", nearest(sets, known))
    elif name not in draft.unread_parameters:
        for key, value in values_of(parameter):
            _check_value(parameter, key, value, draft, known[sets], problems)


def _check_value(
    parameter: Parameter,
    key: Path,
    value: Value,
    draft: Draft,
    settings: tuple[Setting, ...],
    problems: Problems,
) -> None:
    """Note a value that no declaration of the setting takes; the nearest declaration is the first."""
    misfits = [misfit(setting, value) for setting in settings]
    expected = misfits[0]
    ranged = isinstance(parameter, IntParameter | FloatParameter)
    if None not in misfits and expected is not None:
        mark = draft.places.at("space", parameter.name, *key)
        found = f"{key[0]} {shown(value)}" if ranged else f"found {shown(value)}"
        message = f"{parameter.name}: {found}, but {settings[0].name} takes {expected[0]}"
        problems.add(mark, message, expected[1])
    elif ranged and isinstance(parameter, IntParameter) and all(each.kind == "float" for each in settings):
        # Whole bounds would search whole numbers only: 0 and 1 for a dropout meant to lie between.
        mark = draft.places.at("space", parameter.name, *key)
        message = f"{parameter.name}: {key[0]} {value} makes it a whole number, but it takes any number"
        problems.add(mark, message, f"write {key[0]}: {float(value)}")


def _check_fixed(draft: Draft, known: Mapping[str, tuple[Setting, ...]], problems: Problems) -> None:
    for name, value in draft.spec.fixed.items():
        if problems.full:
            return
        if name not in known:
            mark = draft.places.at("fixed", name, "name")
            problems.add(mark, f"fixed.{shown(name)[1:-1]}: no setting of that name", nearest(name, known))
            continue
        misfits = [misfit(setting, value) for setting in known[name]]
        if None not in misfits and misfits[0] is not None:
            expected, hint = misfits[0]
            if is_listed(value) and known[name][0].kind != "numbers":
                hint = hint or "choices belong in `space`"
            message = f"fixed.{name}: found {shown(value)}, expected {expected}"
            problems.add(draft.places.at("fixed", name), message, hint)


def _check_components(draft: Draft, catalogue: Catalogue, problems: Problems) -> None:
    data, spec = draft.spec.data, draft.spec
    if "data" not in draft.unread:
        source = ComponentSpec(data.source, data.options)
        _check_component("data", "source", source, catalogue.sources, draft, problems)
    for section, chosen, existing in (
        ("sampler", spec.sampler, catalogue.samplers),
        ("pruner", spec.pruner, catalogue.pruners),
    ):
        if section not in draft.unread:
            _check_component(section, "name", chosen, existing, draft, problems)
            _check_metric_options(section, chosen, draft, catalogue, problems)


def _check_component(
    section: str,
    key: str,
    chosen: ComponentSpec,
    existing: Mapping[str, Component],
    draft: Draft,
    problems: Problems,
) -> None:
    """Check a name and its options against the components that exist."""
    mark = draft.places.at(section, key)
    if chosen.name not in existing:
        message = f"{section}.{key}: found {shown(chosen.name)}, expected {one_of(existing)}"
        problems.add(mark, message, nearest(chosen.name, existing))
        return
    settings = {setting.name: setting for setting in existing[chosen.name].settings}
    for name, value in chosen.options.items():
        if name not in settings:
            expected = one_of(settings) if settings else "no options"
            message = f"{section}.{shown(name)[1:-1]}: {chosen.name} has no such option, expected {expected}"
            problems.add(draft.places.at(section, name, "name"), message, nearest(name, settings))
            continue
        wrong = misfit(settings[name], value)
        if wrong is not None:
            message = f"{section}.{name}: found {shown(value)}, expected {wrong[0]}"
            problems.add(draft.places.at(section, name), message, wrong[1])
    for name, setting in settings.items():
        if setting.default is None and name not in chosen.options:
            message = f"{section}.{name} is missing; {chosen.name} needs {expectation(setting)}"
            problems.add(mark, message, setting.summary.split(". ")[0].rstrip("."))


def _check_metric_options(
    section: str, chosen: ComponentSpec, draft: Draft, catalogue: Catalogue, problems: Problems
) -> None:
    """An option called ``metric`` or ``..._metric`` names a metric."""
    for name, value in chosen.options.items():
        if (name == "metric" or name.endswith("_metric")) and isinstance(value, str) and value:
            _check_metric(f"{section}.{name}", value, (section, name), draft, catalogue, problems)


def _check_metric(
    where: str, name: str, path: Path, draft: Draft, catalogue: Catalogue, problems: Problems
) -> None:
    mark = draft.places.at(*path)
    task = draft.spec.task
    available = measured_in(draft, catalogue)
    if name not in catalogue.metrics:
        message = f"{where}: found {shown(name)}, expected one of the logged metrics ({one_of(available)})"
        problems.add(mark, message, nearest(name, catalogue.metrics))
    elif "task" not in draft.unread and name not in available:
        tasks = one_of(catalogue.metrics[name].tasks)
        message = f"{where}: {name} is not measured in a {task} task, only in {tasks}"
        problems.add(mark, message, f"choose {one_of(available)}")


def _check_objectives(draft: Draft, catalogue: Catalogue, problems: Problems) -> None:
    seen: dict[str, int] = {}
    for index, objective in enumerate(draft.spec.objectives):
        path: Path = ("objectives", index)
        where = f"objectives[{index}].metric"
        _check_metric(where, objective.metric, path, draft, catalogue, problems)
        if objective.metric in seen:
            message = f"{where}: {shown(objective.metric)} is an objective already"
            problems.add(draft.places.at(*path), message, "leave one out")
        seen[objective.metric] = index


def _check_sampler_and_pruner(draft: Draft, catalogue: Catalogue, problems: Problems) -> None:
    spec = draft.spec
    several = len(spec.objectives) > 1 and spec.pruner.name in catalogue.pruners
    if several and "pruner" not in draft.unread and spec.pruner.name not in PRUNERS_FOR_ANY:
        message = (
            f"pruner: {shown(spec.pruner.name)} needs exactly one objective, found {len(spec.objectives)}"
        )
        problems.add(draft.places.at("pruner", "name"), message, "choose pareto, mo_asha or none")
    if "sampler" not in draft.unread and spec.sampler.name in GRID_SAMPLERS:
        _check_grid(draft, problems)


def _check_grid(draft: Draft, problems: Problems) -> None:
    """Note what keeps a grid from being visited whole."""
    spec = draft.spec
    for parameter in spec.space:
        if isinstance(parameter, FloatParameter) and parameter.step is None:
            message = f"{parameter.name}: continuous, but the sampler {spec.sampler.name} visits every value"
            problems.add(draft.places.at("space", parameter.name), message, "give it a step or choices")
    try:
        points = count_points(sound_parameters(draft))
    except TooManySituationsError:
        return  # said already
    if points > MAX_GRID_POINTS:
        message = f"sampler: {spec.sampler.name} visits every point, and the space has {points:,}"
        hint = f"leave at most {MAX_GRID_POINTS:,} by coarser steps or fewer choices, or use another sampler"
        problems.add(draft.places.at("sampler", "name"), message, hint)
