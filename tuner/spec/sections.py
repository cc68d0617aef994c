"""The sections beside ``space``: data, objectives, sampler, pruner, budget, start_with, execution.

Each function reads one section into its value. Where a part cannot be read it notes why and leaves the
default (or None), so that the other parts are still checked.
"""

from __future__ import annotations

from typing import cast

from tuner.spec.conditions import Path, Places
from tuner.spec.duration import parse_duration
from tuner.spec.fields import (
    Fields,
    described,
    holds_numbers,
    nearest,
    number_in,
    one_of,
    read_listing,
    read_mapping,
    read_text,
    read_value,
    read_whole,
    shown,
)
from tuner.spec.read import Broken, Listing, Mapping, Mark, Node, Problems, Scalar
from tuner.spec.values import (
    BudgetSpec,
    ComponentSpec,
    DataSpec,
    Direction,
    ExecutionSpec,
    Objective,
    SplitSpec,
    StartPoint,
    Value,
)

__all__ = [
    "read_budget",
    "read_component",
    "read_data",
    "read_execution",
    "read_objectives",
    "read_options",
    "read_start_with",
]

_PARTS = ("train", "validation", "test")
_DIRECTIONS = ("maximize", "minimize")

Part = float | int | str | tuple[str, ...]


def read_options(
    entries: list[tuple[Scalar, Node]],
    path: Path,
    places: Places,
    problems: Problems,
    also: tuple[str, ...] = (),
) -> dict[str, Value]:
    """Read ``name: value`` pairs, remembering where each stands.

    ``also`` are the keys beside them that hold a group, for the hint when one is mistyped.
    """
    options: dict[str, Value] = {}
    for key, node in entries:
        where = ".".join([str(part) for part in path] + [shown(key.text)[1:-1]])
        places.put((*path, key.text), node.mark)
        places.put((*path, key.text, "name"), key.mark)
        if isinstance(node, Mapping) and nearest(key.text, also):
            message = f"{where}: unknown key, expected {one_of(also)}"
            problems.add(key.mark, message, nearest(key.text, also))
            continue
        fixed = path == ("fixed",)
        if fixed and isinstance(node, Listing) and not holds_numbers(node):
            problems.add(node.mark, f"{where}: found a list, expected one value", "choices belong in `space`")
            continue
        value = read_value(node, where, problems, with_lists=fixed)
        if value is not None:
            options[key.text] = value
    return options


def read_data(node: Node | None, mark: Mark, places: Places, problems: Problems) -> DataSpec | None:
    """Read the section ``data``; None when its source cannot be read."""
    mapping = read_mapping(node, "data", problems)
    if mapping is None:
        return None
    fields = Fields(mapping, "data", problems, mark)
    source_node = fields.take("source", "the name of a data source")
    source = read_text(source_node, "data.source", problems)
    places.put(("data", "source"), source_node.mark if source_node else mark)
    split = SplitSpec()
    if "split" in fields:
        split_mark = fields.key_mark("split")
        places.put(("data", "split"), split_mark)
        split = _read_split(fields.take("split"), split_mark, problems)
    options = read_options(fields.rest(), ("data",), places, problems, also=("split",))
    return DataSpec(source, options, split) if source else None


def _read_split(node: Node | None, mark: Mark, problems: Problems) -> SplitSpec:
    mapping = read_mapping(node, "data.split", problems)
    if mapping is None:
        return SplitSpec()
    fields = Fields(mapping, "data.split", problems, mark)
    column = read_text(fields.take("column"), "data.split.column", problems)
    parts: dict[str, Part] = {}
    good = True
    for name in _PARTS:
        part_node = fields.take(name)
        if part_node is not None:
            part = _read_part(part_node, f"data.split.{name}", "column" in fields, problems)
            good = good and part is not None
            parts.update({} if part is None else {name: part})
    fields.refuse_unknown()
    if not good or ("column" in fields and column is None):
        return SplitSpec()
    if column is None:
        _check_shares(parts, mark, problems)
    else:
        _check_column_parts(parts, mark, problems)
    defaults = SplitSpec()
    return SplitSpec(
        parts.get("train", defaults.train),
        parts.get("validation", defaults.validation),
        parts.get("test", defaults.test),
        column,
    )


def _read_part(node: Node, where: str, has_column: bool, problems: Problems) -> Part | None:
    """Read a share, a count, or the values that a split column has for this part."""
    expected = "a share below 1.0 or a count of texts"
    if has_column:
        expected += ", or values of the column"
    hint = ""
    match node:
        case Broken():
            return None
        case Scalar(value=bool()):
            pass
        case Scalar(value=int() as count) if count >= 1:
            return count
        case Scalar(value=float() as share) if 0 < share < 1:
            return share
        case Scalar(value=float() as number) if number >= 1 and number.is_integer():
            hint = f"write {int(number)} for a count" if number > 1 else "leave something for the other parts"
        case Scalar(value=str() as text) if has_column and text:
            return text
        case Scalar(value=str() as text):
            meant = number_in(text)
            hint = f"write {meant}" if meant else "give `column`, the column that holds this value"
        case Listing() if has_column:
            return _read_column_values(node, where, problems)
    problems.add(node.mark, f"{where}: found {described(node)}, expected {expected}", hint)
    return None


def _read_column_values(listing: Listing, where: str, problems: Problems) -> tuple[str, ...] | None:
    values = [read_text(item, where, problems) for item in listing.items]
    good = tuple(value for value in values if value is not None)
    if not values:
        problems.add(listing.mark, f"{where}: found an empty list, expected values of the column")
    return good if good and len(good) == len(values) else None


def _check_shares(parts: dict[str, Part], mark: Mark, problems: Problems) -> None:
    """Without a column, all three are shares or all three are counts."""
    defaults = {"train": 0.7, "validation": 0.15, "test": 0.15}
    full = {**defaults, **parts}
    counts = [name for name, part in full.items() if isinstance(part, int)]
    if counts and len(counts) < len(full):
        shares = [f"{name} {full[name]}" for name in full if name not in counts]
        found = ", ".join(f"{name} {full[name]}" for name in counts) + " beside " + ", ".join(shares)
        hint = "give train, validation and test alike"
        problems.add(mark, f"data.split: found {found}, expected counts only or shares only", hint)
    elif not counts:
        total = sum(cast("float", part) for part in full.values())
        if total > 1 + 1e-9:
            found = " + ".join(f"{name} {part}" for name, part in full.items())
            problems.add(mark, f"data.split: {found} is {total:g}, expected at most 1")


def _check_column_parts(parts: dict[str, Part], mark: Mark, problems: Problems) -> None:
    """With a column, each part has values of its own; shares are taken out of the training part."""
    if not isinstance(parts.get("train"), str | tuple):
        hint = "write train: followed by the column's value for training texts"
        problems.add(mark, "data.split: `train` names no value of the column", hint)
    owner: dict[str, str] = {}
    for name, part in parts.items():
        if isinstance(part, str | tuple):
            for value in (part,) if isinstance(part, str) else part:
                if value in owner:
                    found = f"{shown(value)} stands under {owner[value]} and under {name}"
                    problems.add(mark, f"data.split: {found}, expected values of its own for each part")
                owner[value] = name
    shares = [part for name, part in parts.items() if name != "train" and isinstance(part, float)]
    if sum(shares) >= 1:
        problems.add(mark, f"data.split: shares of {sum(shares):g} leave nothing of the training part")


def read_objectives(node: Node | None, places: Places, problems: Problems) -> tuple[Objective, ...]:
    """Read the list of objectives, those of it that can be read."""
    listing = read_listing(node, "objectives", problems)
    if listing is None:
        return ()
    if not listing.items:
        hint = "write - {metric: accuracy, direction: maximize}"
        problems.add(listing.mark, "objectives: empty, expected at least one", hint)
    objectives: list[Objective] = []
    for index, item in enumerate(listing.items):
        where = f"objectives[{index}]"
        if isinstance(item, Scalar) and isinstance(item.value, str):
            hint = f"write {{metric: {shown(item.value)[1:-1]}, direction: maximize}}"
            problems.add(item.mark, f"{where}: found {described(item)}, expected metric and direction", hint)
            continue
        mapping = read_mapping(item, where, problems)
        if mapping is not None:
            fields = Fields(mapping, where, problems)
            objective = _read_objective(fields, problems)
            if objective is not None:
                places.put(("objectives", len(objectives)), fields.value_mark("metric"))
                objectives.append(objective)
    return tuple(objectives)


def _read_objective(fields: Fields, problems: Problems) -> Objective | None:
    """Read one objective; a wrong direction is noted and another stands in, so that the metric is checked."""
    metric = read_text(fields.take("metric", "the name of a metric"), fields.path("metric"), problems)
    node = fields.take("direction", "maximize or minimize")
    direction = read_text(node, fields.path("direction"), problems)
    fields.refuse_unknown()
    if direction is not None and direction not in _DIRECTIONS:
        message = f"{fields.path('direction')}: found {shown(direction)}, expected maximize or minimize"
        word = {"min": "minimize", "max": "maximize"}.get(direction.lower()[:3], "")
        hint = f"write {word}" if word else nearest(direction, _DIRECTIONS)
        problems.add(fields.value_mark("direction"), message, hint)
        direction = None
    return None if metric is None else Objective(metric, cast("Direction", direction or "maximize"))


def read_component(
    node: Node | None, section: str, mark: Mark, places: Places, problems: Problems
) -> ComponentSpec | None:
    """Read ``sampler`` or ``pruner``: a name, or a mapping with ``name`` and options."""
    if isinstance(node, Mapping):
        fields = Fields(node, section, problems, mark)
        name_node = fields.take("name", f"the name of a {section}")
        name = read_text(name_node, f"{section}.name", problems)
        places.put((section, "name"), name_node.mark if name_node else mark)
        options = read_options(fields.rest(), (section,), places, problems)
        return ComponentSpec(name, options) if name else None
    if isinstance(node, Scalar) and node.value is None:
        hint = "write none" if section == "pruner" else "leave it out for the default"
        problems.add(node.mark, f"{section}: found nothing, expected a name", hint)
        return None
    name = read_text(node, section, problems)
    if name is None or node is None:
        return None
    places.put((section, "name"), node.mark)
    return ComponentSpec(name)


def read_budget(node: Node | None, mark: Mark, problems: Problems) -> BudgetSpec:
    """Read the section ``budget``."""
    mapping = read_mapping(node, "budget", problems)
    if mapping is None:
        return BudgetSpec(trials=1)
    fields = Fields(mapping, "budget", problems, mark)
    trials = read_whole(fields.take("trials"), "budget.trials", problems, low=1)
    limit = _read_limit(fields.take("time_limit"), problems)
    if "trials" not in fields and "time_limit" not in fields:
        hint = "write trials: 20 or time_limit: 10m"
        problems.add(mark, "budget: neither trials nor time_limit, expected at least one", hint)
    defaults = BudgetSpec()
    failures = read_whole(
        fields.take("max_failures_in_a_row"), "budget.max_failures_in_a_row", problems, low=1
    )
    deaths = read_whole(fields.take("max_deaths"), "budget.max_deaths", problems, low=1)
    fields.refuse_unknown()
    return BudgetSpec(
        trials, limit, failures or defaults.max_failures_in_a_row, deaths or defaults.max_deaths
    )


def _read_limit(node: Node | None, problems: Problems) -> float | None:
    if node is None or isinstance(node, Broken):
        return None
    reason = "expected a duration such as 90s, 10m, 1.5h or 2d"
    if isinstance(node, Scalar) and node.value is not None and not isinstance(node.value, bool):
        # repr and not the written text: 1e3 is a thousand seconds.
        text = node.value if isinstance(node.value, str) else f"{node.value:.20f}".rstrip("0").rstrip(".")
        try:
            return parse_duration(text)
        except ValueError as error:
            reason = str(error)
    problems.add(node.mark, f"budget.time_limit: found {described(node)}, {reason}")
    return None


def read_start_with(node: Node | None, places: Places, problems: Problems) -> list[StartPoint | None]:
    """Read the list of start points as written; None stands for one that cannot be read.

    A preset has its name only: which of its settings a study searches is decided in ``spec.start``.
    """
    listing = read_listing(node, "start_with", problems)
    points: list[StartPoint | None] = []
    for index, item in enumerate(listing.items if listing else ()):
        places.put(("start_with", index), item.mark)
        match item:
            case Mapping():
                points.append(_read_own_point(item, index, places, problems))
                continue
            case Scalar(value=str() as name) if name:
                points.append(StartPoint({}, name))
                continue
            case Broken():
                pass
            case _:
                hint = "write a preset's name, or {units: 64, layers: 1}"
                message = f"start_with[{index}]: found {described(item)}, expected a preset or a point"
                problems.add(item.mark, message, hint)
        points.append(None)
    return points


def _read_own_point(point: Mapping, index: int, places: Places, problems: Problems) -> StartPoint | None:
    params: dict[str, Value] = {}
    for key, node in point.entries:
        places.put(("start_with", index, key.text), key.mark)
        where = f"start_with[{index}].{shown(key.text)[1:-1]}"
        value = read_value(node, where, problems, with_lists=True)
        if value is not None:
            params[key.text] = value
    if not point.entries:
        problems.add(
            point.mark, f"start_with[{index}]: empty, expected at least one parameter with its value"
        )
    return StartPoint(params) if params and len(params) == len(point.entries) else None


def read_execution(node: Node | None, mark: Mark, problems: Problems) -> ExecutionSpec:
    """Read the section ``execution``."""
    mapping = read_mapping(node, "execution", problems)
    if mapping is None:
        return ExecutionSpec()
    fields = Fields(mapping, "execution", problems, mark)
    names = (
        "workers",
        "threads",
        "gpu_memory_limit_mib",
        "worker_memory_limit_mib",
        "trial_memory_limit_mib",
    )
    workers, threads, gpu, worker, trial = (
        read_whole(fields.take(name), f"execution.{name}", problems, low=1) for name in names
    )
    fields.refuse_unknown()
    return ExecutionSpec(workers, gpu, worker or ExecutionSpec().worker_memory_limit_mib, trial, threads)
