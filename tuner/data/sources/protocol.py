"""The contract of a data source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuner.data.values import TextTable
from tuner.data.wording import did_you_mean
from tuner.errors import DataError
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Value

__all__ = ["LABEL", "POSITIVE", "SPLIT_COLUMN", "TEXT", "THRESHOLD", "DataSource", "complete_options"]

SPLIT_COLUMN = "split"
"""Key under which :attr:`DataSource.load` finds the declared split column's name, if there is one.

It cannot clash with an option: in a search-space file ``split`` stands beside the options."""

TEXT = Setting("text", "text", "text", "Column that holds the texts.")
LABEL = Setting("label", "text", "label", "Column that holds the labels.")
POSITIVE = Setting(
    "positive",
    "text",
    "",
    "Label that is class 1 of a binary task. Defaults to the one named pos, positive, 1, true or yes (of 1 "
    "and 2 it is 1), else the alphabetically later, because those are what people call the sought class.",
    tasks=("binary",),
)
THRESHOLD = Setting(
    "threshold",
    "float",
    0.0,
    "Least number that is positive, for a binary task on a column of numbers, e.g. 6 for ratings; left out: "
    "labels are classes as they stand.",
    tasks=("binary",),
)


@dataclass(frozen=True)
class DataSource:
    """One place that texts come from.

    Attributes:
        component: Name, summary and options. A default of None marks an option that must be given.
        load: ``(options, base_dir) -> TextTable``. ``options`` are complete; under
            :data:`SPLIT_COLUMN` stands the declared split column's name, or the key is absent.
            ``base_dir`` is the folder that relative paths start from, that of the search-space file.
            Gives all rows as they are, also empty or doubled ones: refusing them is the same for
            every source and happens later. Raises DataError or NotFoundError when it cannot be
            read; never gives other texts in their place.
    """

    component: Component
    load: Callable[[Mapping[str, Value], Path], TextTable]


def complete_options(component: Component, options: Mapping[str, Value]) -> dict[str, Value]:
    """Fill in the defaults of a source's options.

    Raises:
        DataError: If an option is unknown, missing, or not one of its choices.
    """
    known = {setting.name: setting for setting in component.settings}
    for name in options:
        if name not in known:
            raise DataError(
                f"data source '{component.name}': unknown option '{name}'", did_you_mean(name, known)
            )
    complete: dict[str, Value] = {}
    for name, setting in known.items():
        value = options.get(name, setting.default)
        if value is None:
            raise DataError(f"data source '{component.name}': option '{name}' is missing", setting.summary)
        if setting.choices and value not in setting.choices:
            raise DataError(
                f"data source '{component.name}': {name}: '{value}' is none of {', '.join(setting.choices)}",
                did_you_mean(str(value), setting.choices),
            )
        complete[name] = value
    return complete
