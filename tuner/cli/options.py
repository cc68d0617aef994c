"""Options and arguments that several commands share, and what stands behind them."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from tuner.errors import InputError, NotFoundError
from tuner.suggested import for_storage

if TYPE_CHECKING:
    from tuner.spec.values import StudySpec
    from tuner.storage import Ledger

__all__ = [
    "DEFAULT_STORAGE",
    "TrialNumber",
    "data_option",
    "format_option",
    "is_study",
    "name_argument",
    "open_ledger",
    "pick",
    "seconds_option",
    "storage_option",
    "time_limit_of",
    "with_data",
]

DEFAULT_STORAGE = "studies/tuner.db"

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


class TrialNumber(click.IntRange):
    """A trial's number, from 0."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{str(value)!r}: expected a trial's number, as `tuner trials` shows it.", param, ctx)


def storage_option(command: _Decorated) -> _Decorated:
    """Add ``--storage``: the database of the studies."""
    return click.option(
        "--storage",
        callback=_named_in_suggestions,
        envvar="TUNER_STORAGE",
        default=DEFAULT_STORAGE,
        show_default=True,
        show_envvar=True,
        metavar="URL",
        help="Database of the studies: an SQLite file or an SQLAlchemy URL. A URL with a password "
        "belongs into the variable, where other users of the machine cannot read it.",
    )(command)


def _named_in_suggestions(context: click.Context, option: click.Parameter, storage: str) -> str:
    """Let suggested commands say ``--storage`` where it was said: not for the default or the variable."""
    source = context.get_parameter_source(option.name or "")
    if source is ParameterSource.COMMANDLINE and storage != DEFAULT_STORAGE:
        context.with_resource(for_storage(_without_password(storage)))
    return storage


def _without_password(storage: str) -> str:
    if ":" not in storage:  # a path, and the library that reads URLs need not be loaded
        return storage
    from tuner.storage.urls import safe_url

    try:
        return safe_url(storage)
    except InputError:  # what opens it says what is wrong
        return ""


def data_option(command: _Decorated) -> _Decorated:
    """Add ``--data``: where the texts lie, in place of what the file says."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="The file of texts, in place of the declared `path`. A study that goes on needs the same texts.",
    )(command)


def with_data(spec: StudySpec, data: Path | None) -> StudySpec:
    """Return the spec with its data at ``data``, or as it is without.

    Raises:
        InputError: If its source reads no file.
        NotFoundError: If there is no such file.
    """
    from tuner.data.location import moved_to

    return spec if data is None else replace(spec, data=moved_to(spec.data, data))


def format_option(*formats: str) -> Callable[[_Decorated], _Decorated]:
    """Add ``--format`` with these choices; the first is the default."""

    def decorate(command: _Decorated) -> _Decorated:
        return click.option(
            "--format",
            "form",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="How the answer is written to stdout.",
        )(command)

    return decorate


def seconds_option(command: _Decorated) -> _Decorated:
    """Add ``--seconds``: which kind of them is shown."""
    return click.option(
        "--seconds",
        type=click.Choice(["raw", "calibrated"]),
        default="raw",
        show_default=True,
        help="Training time as it was, or as the reference machine would take, for unlike machines.",
    )(command)


def name_argument(command: _Decorated) -> _Decorated:
    """Add the optional ``NAME`` of a study."""
    return click.argument("name", required=False)(command)


def open_ledger(storage: str) -> Ledger:
    """Open an existing database for reading its studies; a missing one is not created.

    Raises:
        NotFoundError: If there is no such database.
        StorageRefusedError: If it is no database of ours.
        StorageUnreachableError: If it does not answer.
    """
    from tuner.storage.sqlite import reading_ahead

    with reading_ahead(storage):
        from tuner.storage import Ledger, open_database

        return Ledger(open_database(storage, create=False))


def is_study(name: str, storage: str) -> bool:
    """Tell whether a database, which need not be there, has a study of that name.

    Raises:
        StorageRefusedError, StorageUnreachableError: As :func:`open_ledger`.
    """
    try:
        return name in open_ledger(storage).study_names()
    except NotFoundError:
        return False


def time_limit_of(text: str) -> float:
    """Read what was given with ``--time-limit``.

    Raises:
        InputError: If it is no duration.
    """
    from tuner.spec.duration import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(f"--time-limit: {error}", "write it as 90s, 10m or 1.5h") from error


def pick(ledger: Ledger, name: str | None) -> str:
    """Return the study that is meant: the named one, or the only one.

    Raises:
        NotFoundError: If there is no study of that name, or none at all.
        InputError: If no name was given and there are several.
    """
    names = ledger.study_names()
    if name is None:
        if len(names) == 1:
            return names[0]
        if not names:
            raise NotFoundError("the database holds no study", "begin one with `tuner run FILE`")
        raise InputError(f"which study? The database holds {len(names)}: {_few(names)}", "give its name")
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    known = f"did you mean {' or '.join(near)}?" if near else f"known: {_few(names) or 'none'}"
    raise NotFoundError(f"no study '{name}' in the database", known)


def _few(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:8])
    return f"{shown}, ..." if len(names) > 8 else shown
