"""Data that lie elsewhere than their declaration says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tuner.data.sources import SOURCES
from tuner.errors import InputError, NotFoundError
from tuner.spec.values import DataSpec

__all__ = ["moved_to"]


def moved_to(data: DataSpec, path: Path) -> DataSpec:
    """Return the declaration with another file in place of its ``path``.

    Args:
        data: As declared; of a source that reads a file.
        path: The file, relative to the current folder or whole.

    Returns:
        The same declaration with the whole path, so that it means the same from every folder.

    Raises:
        InputError: If the source reads no file of one's own.
        NotFoundError: If there is no such file.
    """
    with_path = [name for name in SOURCES if _has_path(name)]
    if data.source not in with_path:
        raise InputError(
            f"--data: the source {data.source} reads no file of your own",
            f"leave it out, or declare `source: {' or '.join(with_path)}`",
        )
    if not path.is_file():
        raise NotFoundError(f"--data: there is no file {path}", "check the path")
    return replace(data, options={**data.options, "path": str(path.resolve())})


def _has_path(source: str) -> bool:
    return any(setting.name == "path" for setting in SOURCES[source].component.settings)
