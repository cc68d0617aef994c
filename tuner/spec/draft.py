"""A whole file by its shape: every section read as far as it can be, with the place of each part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tuner.spec.conditions import Places
from tuner.spec.fields import Fields, nearest, one_of, read_flag, read_mapping, read_text, read_whole, shown
from tuner.spec.grid import GRID_SAMPLERS
from tuner.spec.parameters import read_space
from tuner.spec.read import Node, Problems
from tuner.spec.sections import (
    read_budget,
    read_component,
    read_data,
    read_execution,
    read_objectives,
    read_options,
    read_start_with,
)
from tuner.spec.values import BudgetSpec, DataSpec, StartPoint, StudySpec, Task, TestOn, default_objectives

__all__ = ["MAX_REPEATS", "TASKS", "TEST_ON", "Draft", "read_draft"]

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
TEST_ON: tuple[TestOn, ...] = ("front", "all")

MAX_REPEATS = 1000
"""Far above any use: a mean of ten is known well enough."""


@dataclass
class Draft:
    """What could be read.

    Attributes:
        spec: With defaults where a part could not be read; final when no problem was noted.
        places: Where each part stands.
        unread: Sections that could not be read, or only in part: ``data``, ``task``, ``sampler``...
        unread_parameters: Parameters that stand in ``spec.space`` without their values.
        unread_conditions: Parameters that stand in ``spec.space`` without their condition.
        start_with: Start points as written, None for one that could not be read; ``spec.start`` makes
            ``spec.start_with`` of them.
    """

    spec: StudySpec
    places: Places = field(default_factory=Places)
    unread: set[str] = field(default_factory=set)
    unread_parameters: set[str] = field(default_factory=set)
    unread_conditions: set[str] = field(default_factory=set)
    start_with: list[StartPoint | None] = field(default_factory=list)


def read_draft(root: Node, problems: Problems) -> Draft:
    """Read all sections, noting in ``problems`` what is wrong with their shape."""
    draft = Draft(StudySpec(DataSpec(""), "binary", ()), unread={"data", "task", "space"})
    mapping = read_mapping(root, "the file", problems)
    if mapping is None:
        return draft
    fields = Fields(mapping, "", problems)
    for key, _ in mapping.entries:
        draft.places.put((key.text,), key.mark)
    _read_required(fields, draft, problems)
    _read_components(fields, draft, problems)
    _read_rest(fields, draft, problems)
    fields.refuse_unknown()
    return draft


def _read_required(fields: Fields, draft: Draft, problems: Problems) -> None:
    node = fields.take("data", "where the texts come from")
    data = read_data(node, fields.key_mark("data"), draft.places, problems)
    if data is not None:
        draft.spec = replace(draft.spec, data=data)
        draft.unread.discard("data")
    node = fields.take("task", one_of(TASKS))
    task = read_text(node, "task", problems)
    if task in TASKS:
        draft.spec = replace(draft.spec, task=task)
        draft.unread.discard("task")
    elif task is not None and node is not None:
        problems.add(node.mark, f"task: found {shown(task)}, expected {one_of(TASKS)}", nearest(task, TASKS))
    node = fields.take("space", "the parameters to search")
    reading = read_space(node, fields.key_mark("space"), draft.places, problems)
    draft.spec = replace(draft.spec, space=tuple(reading.parameters))
    draft.unread_parameters = reading.unread
    draft.unread_conditions = reading.unread_conditions
    if reading.parameters:
        draft.unread.discard("space")


def _read_components(fields: Fields, draft: Draft, problems: Problems) -> None:
    for section in ("sampler", "pruner"):
        if section not in fields:
            fields.take(section)
            continue
        mark = fields.key_mark(section)
        component = read_component(fields.take(section), section, mark, draft.places, problems)
        if component is None:
            draft.unread.add(section)
        elif section == "sampler":
            draft.spec = replace(draft.spec, sampler=component)
        else:
            draft.spec = replace(draft.spec, pruner=component)


def _read_rest(fields: Fields, draft: Draft, problems: Problems) -> None:
    spec = draft.spec
    fixed = read_mapping(fields.take("fixed"), "fixed", problems)
    if fixed is not None:
        spec = replace(spec, fixed=read_options(list(fixed.entries), ("fixed",), draft.places, problems))
        if len(spec.fixed) < len(fixed.entries):
            draft.unread.add("fixed")
    elif "fixed" in fields:
        draft.unread.add("fixed")
    node = fields.take("objectives")
    objectives = () if node is None else read_objectives(node, draft.places, problems)
    spec = replace(spec, objectives=objectives or default_objectives(spec.task))
    node = fields.take("budget")
    if node is not None:
        spec = replace(spec, budget=read_budget(node, fields.key_mark("budget"), problems))
    elif spec.sampler.name in GRID_SAMPLERS:
        spec = replace(spec, budget=BudgetSpec())  # the whole grid
    seed = read_whole(fields.take("seed"), "seed", problems, low=0, high=2**32 - 1)
    node = fields.take("execution")
    if node is not None:
        spec = replace(spec, execution=read_execution(node, fields.key_mark("execution"), problems))
    repeats = read_whole(fields.take("repeats"), "repeats", problems, low=1, high=MAX_REPEATS)
    spec = replace(spec, repeats=repeats or 1)
    if "start_with" in fields:
        draft.start_with = read_start_with(fields.take("start_with"), draft.places, problems)
    fields.take("start_with")
    node = fields.take("test_on")
    test_on = read_text(node, "test_on", problems)
    if test_on in TEST_ON:
        spec = replace(spec, test_on=test_on)
    elif test_on is not None and node is not None:
        message = f"test_on: found {shown(test_on)}, expected front or all"
        problems.add(node.mark, message, nearest(test_on, TEST_ON))
    tensorboard = read_flag(fields.take("tensorboard"), "tensorboard", problems)
    spec = replace(spec, tensorboard=bool(tensorboard))
    draft.spec = replace(spec, seed=spec.seed if seed is None else seed)
