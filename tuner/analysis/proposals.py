"""From a rule's changes to parameters of a next study, computed from this study's own space and trial.

Every proposal is checked as ``tuner check`` would check the whole file with it; one that does not pass is
not made. Each stands by itself: whoever takes one line of several has a sound file too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tuner.analysis.bounds import Side, bounded, is_number, reaching, typed, widened
from tuner.analysis.rules import Change
from tuner.errors import SpecError
from tuner.spec.catalogue import Catalogue, Setting
from tuner.spec.combinations import effect_warnings
from tuner.spec.describe import range_text
from tuner.spec.dump import dump_parameter, flow_text
from tuner.spec.listed import listed_node, listed_text, numbers_of
from tuner.spec.load import reread
from tuner.spec.settings import SELECTORS, components_of
from tuner.spec.values import CategoricalParameter, Condition, FixedParameter, Is, Parameter, StudySpec, Value
from tuner.trial import LONGEST, WORDS

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = ["Proposal", "applied", "outwards", "proposals_for", "snippet"]

_USED_UP = {"vocabulary_size": WORDS, "sequence_length": LONGEST}
"""Facts that say how much of a setting the texts use."""

_RESERVED_IDS = 2
"""Of a vocabulary's ids: padding, and the unknown word."""


@dataclass(frozen=True)
class Proposal:
    """One parameter of a next study.

    Attributes:
        parameter: As it would be declared.
        before: What was declared in its place, in words.
        value: What the trial had of it; of an end that moves out the old one.
        target: What it should have had; the new end.
    """

    parameter: Parameter
    before: str
    value: Value
    target: Value


def proposals_for(
    trial: TrialRecord, changes: Sequence[Change], spec: StudySpec, catalogue: Catalogue
) -> list[Proposal]:
    """Compute what a rule proposes for a trial.

    Args:
        trial: With the settings that it ran with.
        changes: Of the rule.
        spec: Of its study.
        catalogue: What settings there are.

    Returns:
        In the order of the changes; those that make no difference to this trial are left out, and those that
        its texts have no use for, as far as it recorded that.
    """
    settings, known = _settings_of(trial, catalogue)
    unread = {name for each in known.values() if settings.get(each.name) for name in each.overrides}
    found: list[Proposal] = []
    for change in changes:
        if change.setting not in settings or change.setting in unread:
            continue
        value, setting = settings[change.setting], known[change.setting]
        if _applies(change, value, settings, trial.epochs):
            target = _target(change, value, setting)
            if target is not None and target != value and not _is_idle(trial, setting.name, value, target):
                forms = _candidates(trial, setting, value, target, spec, catalogue)
                found += [form for form in forms if _is_sound(form, found, spec, catalogue)][:1]
    return found


def outwards(
    parameter: Parameter,
    side: Side,
    trial: TrialRecord,
    factor: float,
    share: float,
    spec: StudySpec,
    catalogue: Catalogue,
) -> Proposal | None:
    """Propose to move an end of what is searched outwards; see :func:`~tuner.analysis.bounds.widened`.

    Args:
        parameter: Of the study.
        side: The end at which the best trials lie.
        trial: One of them.
        factor, share: How far.
        spec: Of the study.
        catalogue: What settings there are.

    Returns:
        None where the setting's own bound is reached, or the trial's texts have no use for more.
    """
    _, known = _settings_of(trial, catalogue)
    if parameter.sets not in known:
        return None
    wider = widened(parameter, side, known[parameter.sets], factor, share)
    if wider is None:
        return None
    ends = [_end(each, side) for each in (parameter, wider)]
    if _is_idle(trial, parameter.sets, ends[0], ends[1]):
        return None
    proposal = Proposal(wider, f"was {range_text(parameter)}", ends[0], ends[1])
    return proposal if _is_sound(proposal, [], spec, catalogue) else None


def snippet(proposals: Sequence[Proposal]) -> str:
    """Write proposals as the ``space:`` section of a file, each below what stood there before."""
    lines = ["space:"]
    for proposal in proposals:
        lines += [f"  # {proposal.before}", *dump_parameter(proposal.parameter)]
    return "\n".join(lines) + "\n"


def applied(spec: StudySpec, proposals: Sequence[Proposal]) -> StudySpec:
    """Return a study's declaration with proposals put in, as a person would paste them."""
    space, fixed = list(spec.space), dict(spec.fixed)
    for proposal in proposals:
        parameter = proposal.parameter
        place = next((index for index, each in enumerate(space) if each.name == parameter.name), None)
        if place is None:
            space.append(parameter)
            fixed.pop(parameter.sets, None)
        else:
            space[place] = parameter
    return replace(spec, space=tuple(space), fixed=fixed)


def _settings_of(trial: TrialRecord, catalogue: Catalogue) -> tuple[dict[str, Value], dict[str, Setting]]:
    """Return a trial's settings with what is known of each; none when a component is no longer there."""
    try:
        settings = catalogue.complete(trial.settings)
        return settings, catalogue.in_force(settings)
    except (KeyError, StopIteration):
        return {}, {}


def _applies(change: Change, value: Value, settings: dict[str, Value], epochs: int) -> bool:
    if is_number(value):
        if change.above is not None and not float(value) > change.above:
            return False
        if change.below is not None and not float(value) < change.below:
            return False
    elif not value and change.operation != "to":
        return False  # an empty list
    if change.epochs_used_up and epochs < float(settings.get("epochs", 0)):
        return False
    return all(settings.get(name) in values for name, values in change.where.items())


def _is_idle(trial: TrialRecord, setting: str, value: Value, target: Value) -> bool:
    """Tell whether the texts that a trial recorded are read alike with both values."""
    fact = trial.facts.get(_USED_UP.get(setting, ""))
    if fact is None or not all(is_number(each) for each in (value, target)):
        return False  # an older trial did not record it
    most = float(fact) + (_RESERVED_IDS if setting == "vocabulary_size" else 0)
    return min(float(value), float(target)) >= most


def _target(change: Change, value: Value, setting: Setting) -> Value | None:
    """Return the new value, or None where the limits leave none on the wanted side of the old one."""
    if change.operation == "to":
        return change.amount
    if setting.kind == "numbers":
        targets = [_moved(change, float(number), setting) for number in numbers_of(str(value))]
        return None if None in targets else listed_text([round(each) for each in targets if each is not None])
    moved = _moved(change, float(value), setting)
    return None if moved is None else typed(moved, setting)


def _moved(change: Change, number: float, setting: Setting) -> float | None:
    amount = float(change.amount)
    wanted = number * amount if change.operation == "times" else number + amount
    least = -math.inf if change.least is None else change.least
    most = math.inf if change.most is None else change.most
    kept = bounded(min(max(wanted, least), most), setting)
    on_its_side = kept > number if wanted > number else kept < number
    return kept if on_its_side else None


def _candidates(
    trial: TrialRecord, setting: Setting, value: Value, target: Value, spec: StudySpec, catalogue: Catalogue
) -> Iterator[Proposal]:
    """Yield the forms that a change can take, the plainest first."""
    own = next((each for each in spec.space if each.sets == setting.name and each.name in trial.params), None)
    if own is not None and not isinstance(own, FixedParameter):
        changed = reaching(own, value, target, setting)
        if changed is not None:
            yield Proposal(changed, f"was {range_text(own)}", value, target)
        return
    choices = (target, value) if is_number(value) and float(target) < float(value) else (value, target)
    if own is not None:
        yield Proposal(
            CategoricalParameter(own.name, own.sets, choices, when=own.when),
            f"was {flow_text(listed_node(value))}",
            value,
            target,
        )
        return
    before = f"was {flow_text(listed_node(value))}, the default"
    if setting.name in spec.fixed:
        before = f"was {flow_text(listed_node(value))} in `fixed`: take it out there"
    name = _free_name(setting.name, spec)
    for condition in _conditions(setting, spec, catalogue):
        yield Proposal(
            CategoricalParameter(name, setting.name, choices, when=condition), before, value, target
        )


def _free_name(wanted: str, spec: StudySpec) -> str:
    """Return a name that no parameter has: one of that name may be there for trials of another kind."""
    taken = {each.name for each in spec.space}
    names = itertools.chain([wanted], (f"{wanted}_{number}" for number in itertools.count(2)))
    return next(name for name in names if name not in taken)


def _conditions(setting: Setting, spec: StudySpec, catalogue: Catalogue) -> Iterator[Condition | None]:
    """Yield the conditions under which a setting can be declared that no parameter gives, the plainest first.

    Where a searched component reads it with another default, that one is kept out: what is proposed
    was worked out from the default of the trial's own.
    """
    readers = [
        (parameter, found)
        for parameter in spec.space
        if parameter.sets in SELECTORS and isinstance(parameter, CategoricalParameter)
        if (found := _readers(parameter, setting.name, catalogue))
    ]
    if setting.name not in spec.fixed:
        unlike = [
            (parameter, {choice: each for choice, each in found.items() if each.default == setting.default})
            for parameter, found in readers
            if any(each.default != setting.default for each in found.values())
        ]
        if unlike:
            yield from (Is(parameter.name, tuple(alike)) for parameter, alike in unlike if alike)
            return
    yield None
    yield from (Is(parameter.name, tuple(found)) for parameter, found in readers)


def _readers(selector: CategoricalParameter, setting: str, catalogue: Catalogue) -> dict[Value, Setting]:
    """Return what a searched selector can choose that reads a setting, with its declaration there."""
    components = components_of(catalogue, selector.sets)
    found: dict[Value, Setting] = {}
    for choice in selector.choices:
        component = components[str(choice)]
        of_tokens = catalogue.token_settings if component.kind == "tokens" else ()
        for each in (*of_tokens, *component.settings):
            if each.name == setting:
                found[choice] = each
    return found


def _is_sound(proposal: Proposal, others: Sequence[Proposal], spec: StudySpec, catalogue: Catalogue) -> bool:
    """Tell whether the file passes ``tuner check`` with a proposal, alone and beside others, and is read."""
    # Points to begin with were chosen for the old space; whoever changes it chooses new ones.
    fresh = replace(spec, start_with=())
    known = set(effect_warnings(fresh, catalogue))
    for chosen in ([proposal], [*others, proposal]) if others else ([proposal],):
        try:
            parsed = reread(applied(fresh, chosen), "proposal", catalogue)
        except SpecError:
            return False
        if not set(effect_warnings(parsed, catalogue)) <= known:
            return False
    return True


def _end(parameter: Parameter, side: Side) -> Value:
    match parameter:
        case FixedParameter(value=value):
            return value
        case CategoricalParameter(choices=choices):
            return (min if side == "low" else max)(choices, key=float)
        case _:
            return parameter.low if side == "low" else parameter.high
