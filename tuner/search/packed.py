"""Curves and settings of thousands of trials in little memory, read as if nothing were packed.

A curve of five epochs and two metrics takes two kilobytes as reports with their dictionaries, and a third
of one here; settings that are kept in a dictionary a trial repeat the same names for every trial.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import overload

from tuner.spec.values import Params, Value
from tuner.trial import EpochReport

__all__ = ["PackedCurve", "PackedParams", "packed", "series"]


class PackedCurve(Sequence[EpochReport]):
    """A trial's epochs, whose reports are made when they are looked at. Made by :func:`packed`.

    Args:
        number: The trial's number.
        names: Of the metrics that every epoch has, and no other.
        cells: ``(n_epochs, 2 + 2 * n_names)``, row by row: the epoch, its best epoch, its metrics, and the
            metrics of its best epoch.
    """

    __slots__ = ("_cells", "_names", "_number")

    def __init__(self, number: int, names: tuple[str, ...], cells: array[float]) -> None:
        self._number = number
        self._names = names
        self._cells = cells

    @property
    def _width(self) -> int:
        return 2 + 2 * len(self._names)

    def __len__(self) -> int:
        return len(self._cells) // self._width

    @overload
    def __getitem__(self, index: int) -> EpochReport: ...
    @overload
    def __getitem__(self, index: slice) -> list[EpochReport]: ...
    def __getitem__(self, index: int | slice) -> EpochReport | list[EpochReport]:
        found = range(len(self))[index]
        return self._report(found) if isinstance(found, int) else [self._report(each) for each in found]

    def _report(self, index: int) -> EpochReport:
        start, count = index * self._width, len(self._names)
        epoch, best_epoch, *values = self._cells[start : start + self._width]
        metrics = dict(zip(self._names, values[:count], strict=True))
        best_metrics = dict(zip(self._names, values[count:], strict=True))
        return EpochReport(self._number, int(epoch), metrics, int(best_epoch), best_metrics)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as a list's

    def __repr__(self) -> str:
        return repr(list(self))

    def series(self, metric: str) -> Sequence[float] | None:
        """Return a metric's value in each epoch; None if it was not measured."""
        if metric not in self._names:
            return None
        return self._cells[2 + self._names.index(metric) :: self._width]


def packed(curve: Sequence[EpochReport]) -> Sequence[EpochReport]:
    """Return a curve that equals this one and takes less memory, if all its epochs have the same metrics.

    Args:
        curve: Of one trial, in order.
    """
    if not curve:
        return ()
    names = tuple(curve[0].metrics)
    if any(not each.metrics.keys() == each.best_metrics.keys() == set(names) for each in curve):
        return curve
    cells = [
        cell
        for each in curve
        for cell in (
            each.epoch,
            each.best_epoch,
            *(each.metrics[name] for name in names),
            *(each.best_metrics[name] for name in names),
        )
    ]
    return PackedCurve(curve[0].number, _once(names), array("d", cells))


def series(curve: Sequence[EpochReport], metric: str, missing: float) -> Sequence[float]:
    """Return a metric's value in each epoch of a curve, ``missing`` where it was not measured."""
    if isinstance(curve, PackedCurve):
        found = curve.series(metric)
        return [missing] * len(curve) if found is None else found
    return [report.metrics.get(metric, missing) for report in curve]


class PackedParams(Mapping[str, Value]):
    """Params or settings that share their names with those of other trials.

    Args:
        params: Are copied.
    """

    __slots__ = ("_places", "_values")

    def __init__(self, params: Params) -> None:
        self._places = _places(tuple(params))
        self._values = tuple(sys.intern(each) if type(each) is str else each for each in params.values())

    def __getitem__(self, name: str) -> Value:
        return self._values[self._places[name]]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@lru_cache(maxsize=1024)
def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return equal names as one object."""
    return names


@lru_cache(maxsize=1024)
def _places(names: tuple[str, ...]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}
