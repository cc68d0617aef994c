"""What can be run and is probably not what was meant: told by ``tuner check``, never in the way."""

from __future__ import annotations

from tuner.spec.catalogue import Catalogue
from tuner.spec.combinations import effect_warnings
from tuner.spec.grid import grid_trials
from tuner.spec.situations import TooManySituationsError, situations
from tuner.spec.start import start_warnings
from tuner.spec.values import FixedParameter, Parameter, StudySpec

__all__ = ["warnings_for"]


def warnings_for(spec: StudySpec, catalogue: Catalogue) -> list[str]:
    """Name what is probably not meant, and what to write instead.

    Args:
        spec: A checked spec.
        catalogue: The one it was checked against.

    Returns:
        One sentence each.
    """
    return [
        *effect_warnings(spec, catalogue),
        *_override_warnings(spec, catalogue),
        *_budget_warnings(spec),
        *start_warnings(spec, catalogue),
        *_test_warnings(spec),
    ]


def _override_warnings(spec: StudySpec, catalogue: Catalogue) -> list[str]:
    """Name settings that are not read since another, which stands in their place, is given as well."""
    found: list[str] = []
    for setting in catalogue.settings().values():
        givers = [parameter for parameter in spec.space if parameter.sets == setting.name]
        for name in setting.overrides:
            for parameter in spec.space:
                if parameter.sets == name:
                    found += _sampled_in_vain(parameter, setting.name, givers, spec)
            always = setting.name in spec.fixed or any(giver.when is None for giver in givers)
            if name in spec.fixed and always:
                found.append(f"fixed.{name} has no effect, since {setting.name} is given; remove one of them")
    return found


def _sampled_in_vain(
    parameter: Parameter, setting: str, givers: list[Parameter], spec: StudySpec
) -> list[str]:
    verb = "set" if isinstance(parameter, FixedParameter) else "sampled"
    if setting in spec.fixed:
        return [f"{parameter.name} is {verb} but has no effect, since {setting} is fixed; remove one of them"]
    return [
        f"{parameter.name} is {verb} but has no effect where {giver.name} is given; "
        "give them conditions that exclude each other"
        for giver in givers
        if _can_meet(parameter, giver, spec)
    ]


def _can_meet(one: Parameter, other: Parameter, spec: StudySpec) -> bool:
    try:
        met = situations(spec.space, (one.name, other.name))
    except TooManySituationsError:
        return False
    return any({one.name, other.name} <= situation.params.keys() for situation in met)


def _budget_warnings(spec: StudySpec) -> list[str]:
    trials, whole = spec.budget.trials, grid_trials(spec)
    if trials is None:
        return []
    if whole is None:
        left = trials % spec.repeats
        said = (
            f"budget.trials {trials} is no multiple of repeats {spec.repeats}: the last point has {left} only"
        )
        return [said] * (left > 0)
    size = f"the whole grid takes {whole} ({whole // spec.repeats} points, repeats {spec.repeats})"
    if trials < whole:
        return [f"budget.trials {trials} ends the study early: {size}"]
    return [f"budget.trials {trials} is more than there is to run: {size}"] * (trials > whole)


def _test_warnings(spec: StudySpec) -> list[str]:
    if spec.test_on == "front" or spec.pruner.name == "none":
        return []
    return [
        f"test_on: all measures finished trials, and the pruner {spec.pruner.name} leaves some unfinished; "
        "write `pruner: none` to compare all of them"
    ]
