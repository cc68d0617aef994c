"""Recorded studies as files: JSON, gzipped when the name ends in ``.gz``.

Names of metrics once, then for each trial its params, its rules and one row of numbers an epoch. A file holds
no text of the data and nothing that runs. It may come from anywhere, so all of it is checked on reading: what
a replay computes with must be numbers that a study can have.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuner.durable import write_whole
from tuner.errors import InputError, NotFoundError
from tuner.replay.recorded import RecordedStudy, RecordedTrial, is_measured, rules_of, stray
from tuner.replay.simulate import CLOCKS
from tuner.spec.record import space_from_json, space_to_json
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Objective,
    Parameter,
    Value,
)

__all__ = ["ENDINGS", "read_recorded", "write_recorded"]

FORMAT = "tuner-curves-1"

ENDINGS = (".json", ".json.gz")
"""Of the names that such files have."""

_MAX_SIZE_BYTES = 1 << 28
"""A hundred thousand trials; a file that unpacks to more is not one of ours."""

_SIGNIFICANT_DIGITS = 6
"""Of each number in a file: finer than any metric of some thousand texts, and half the size."""

_MOST_EPOCHS = 100_000
_MOST_COUNT = 2**53
_MOST_NUMBER = 1e30
"""Of a metric or a bound; products of larger ones may be infinite."""


def write_recorded(study: RecordedStudy, path: Path) -> None:
    """Write a recorded study to a file; equal studies, equal bytes.

    Args:
        study: What to write.
        path: Where; its folder must exist. A file of recorded curves is replaced, any other is left alone.

    Raises:
        InputError: If the name ends otherwise than :data:`ENDINGS`, another file has it, or it cannot be
            written there.
    """
    if not path.name.endswith(ENDINGS):
        raise InputError(
            f"{path}: a name ending in {' or '.join(ENDINGS)} expected", f"write {path.name}.json"
        )
    if path.exists() and not _is_ours(path):
        raise InputError(f"{path}: is there already and holds no recorded curves", "give another name")
    written = json.dumps(_record_of(study), separators=(",", ":"), allow_nan=False).encode()
    try:
        write_whole(path, gzip.compress(written, mtime=0) if path.suffix == ".gz" else written)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror})", "name a file in a folder"
        ) from error


def _is_ours(path: Path) -> bool:
    begins = json.dumps({"format": FORMAT}, separators=(",", ":"))[:-1].encode()
    try:
        with path.open("rb") as packed, gzip.open(packed) if path.suffix == ".gz" else packed as stream:
            return stream.read(len(begins)) == begins
    except (OSError, EOFError, zlib.error):
        return False


def _record_of(study: RecordedStudy) -> dict[str, Any]:
    names = list(dict.fromkeys(name for trial in study.trials for row in trial.epochs for name in row))
    return {
        "format": FORMAT,  # first: by it a file is known as one of ours
        "study": study.name,
        "objectives": [{"metric": each.metric, "direction": each.direction} for each in study.objectives],
        "counts": {part: list(counts) for part, counts in study.counts.items()},
        "left_out": dict(study.left_out),
        "sampler": study.sampler,
        "space": space_to_json(study.space),
        "metrics": names,
        "trials": [_trial_record(trial, names) for trial in study.trials],
    }


def _trial_record(trial: RecordedTrial, names: Sequence[str]) -> dict[str, Any]:
    rules = trial.rules
    return {
        "number": trial.number,
        "params": dict(trial.params),
        "rules": {"epochs": rules.epochs, "patience": rules.patience, "monitor": rules.monitor},
        "epochs": [[_short(row.get(name)) for name in names] for row in trial.epochs],
    }


def _short(value: float | None) -> float | None:
    """Return a number of few digits; None for what JSON cannot carry."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}")


def read_recorded(path: Path) -> RecordedStudy:
    """Read a file that :func:`write_recorded` wrote, in this version or an earlier one.

    Raises:
        NotFoundError: If there is no such file.
        InputError: If it holds anything else.
    """
    hint = "write one with `tuner replay STUDY --save FILE`"
    try:
        packed = path.open("rb")
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: no such file", hint) from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", hint) from error
    try:
        with packed, gzip.open(packed) if path.suffix == ".gz" else packed as stream:
            content = stream.read(_MAX_SIZE_BYTES + 1)
        if len(content) > _MAX_SIZE_BYTES:
            raise ValueError(f"more than {_MAX_SIZE_BYTES >> 20} MiB")
        return _study_of(json.loads(content))
    except (OSError, EOFError, zlib.error, RecursionError, ArithmeticError, LookupError) as error:
        raise _something_else(path, error, hint) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise _something_else(path, error, hint) from error


def _something_else(path: Path, error: Exception, hint: str) -> InputError:
    found = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
    return InputError(f"{path}: expected recorded curves, found something else ({found})", hint)


# -- what must hold -----------------------------------------------------------------------------------


def _study_of(record: Any) -> RecordedStudy:
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"no mapping with format {FORMAT}")
    objectives = tuple(Objective(_text(each["metric"]), each["direction"]) for each in record["objectives"])
    if not objectives or any(each.direction not in ("maximize", "minimize") for each in objectives):
        raise ValueError("objectives are a metric with a direction, maximize or minimize")
    _require_different("an objective", [each.metric for each in objectives])
    names = [_text(name) for name in record["metrics"]]
    _require_different("a metric", names)
    trials = tuple(_trial_of(each, names, objectives) for each in record["trials"])
    _require_different("a trial's number", [trial.number for trial in trials])
    space = space_from_json(record.get("space", ()))  # files of before have none
    _check_space(space)
    for trial in trials:
        name = stray(trial.params, space) if space else None
        if name is not None:
            raise ValueError(f"trial {trial.number} has a {name} that the space does not allow")
    counts = {
        _text(part): tuple(_whole(count, 0, _MOST_COUNT) for count in counts)
        for part, counts in record.get("counts", {}).items()
    }
    left_out = {_text(why): _whole(n, 0, _MOST_COUNT) for why, n in record.get("left_out", {}).items()}
    sampler = _text(record.get("sampler", ""))
    return RecordedStudy(_text(record["study"]), objectives, trials, left_out, counts, space, sampler)


def _trial_of(
    record: Mapping[str, Any], names: Sequence[str], objectives: Sequence[Objective]
) -> RecordedTrial:
    number = _whole(record["number"], 0, 2**31)
    rules = record["rules"]
    epochs = tuple(
        {name: _real(value) for name, value in zip(names, row, strict=True) if value is not None}
        for row in record["epochs"]
    )
    monitor = _text(rules["monitor"])
    if any(monitor not in row for row in epochs):
        raise ValueError(f"a trial without its monitor, {monitor}")
    if not epochs or not all(is_measured(row, objectives) for row in epochs):
        raise ValueError(f"trial {number} lacks an objective")
    for clock in CLOCKS:
        seconds = [0.0, *(row[clock] for row in epochs if clock in row)]
        if seconds != sorted(seconds):
            raise ValueError(f"trial {number}: {clock} falls from one epoch to the next")
    params = {_text(name): _scalar(value) for name, value in record["params"].items()}
    most, patience = _whole(rules["epochs"], 1, _MOST_EPOCHS), _whole(rules["patience"], 0, _MOST_EPOCHS)
    return RecordedTrial(number, params, rules_of(most, patience, monitor), epochs)


def _check_space(space: Sequence[Parameter]) -> None:
    """Refuse bounds that no declared file could have had."""
    _require_different("a parameter", [_text(each.name) for each in space])
    for parameter in space:
        match parameter:
            case CategoricalParameter(choices=choices):
                _require_different(f"a choice of {parameter.name}", [repr(_scalar(each)) for each in choices])
                fits = bool(choices)
            case FloatParameter(low=low, high=high, log=log, step=step):
                fits = _real(low) <= _real(high) and (step is None or (_real(step) > 0 and not log))
                fits = fits and (low > 0 or not log)
            case IntParameter(low=low, high=high, log=log, step=step):
                fits = _whole(low, -_MOST_COUNT, _MOST_COUNT) <= _whole(high, -_MOST_COUNT, _MOST_COUNT)
                fits = fits and _whole(step, 1, _MOST_COUNT) > 0 and (low > 0 or not log)
            case FixedParameter(value=value):
                fits = _scalar(value) is not None
        if not fits:
            raise ValueError(f"parameter {parameter.name} has bounds or choices that are none")


def _require_different(what: str, found: Sequence[object]) -> None:
    if len(set(found)) < len(found):
        raise ValueError(f"{what} stands there twice")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text expected, found {type(value).__name__}")
    return value


def _whole(value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"a whole number from {least} to {most} expected, found {str(value)[:40]}")
    return value


def _real(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST_NUMBER:
        raise ValueError(f"a number up to {_MOST_NUMBER:g} expected, found {str(value)[:40]}")
    return float(value)


def _scalar(value: object) -> Value:
    if isinstance(value, str | bool):
        return value
    return _whole(value, -_MOST_COUNT, _MOST_COUNT) if isinstance(value, int) else _real(value)
