"""Rows that are gone through twice and not kept in memory: a table knows its columns at its end only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Generic, Self, TypeVar, cast

__all__ = ["Spool"]

_IN_MEMORY_BYTES = 4 << 20
"""Beyond it rows go to a temporary file: some twenty thousand lines of a table."""

_Row = TypeVar("_Row")


class Spool(Generic[_Row]):
    """Keeps rows as they come, for as many looks as are wanted; to be closed by a ``with`` block.

    Args:
        rows: What JSON carries, NaN and infinities too: lists come back as lists, mappings as mappings.

    Raises:
        OSError: If the folder of temporary files has no room.
    """

    def __init__(self, rows: Iterable[_Row]) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY_BYTES, "w+", encoding="ascii", newline="\n")  # noqa: SIM115
        try:
            for row in rows:  # and not `writelines`, which looks at the size after the last one only
                self._file.write(f"{json.dumps(row)}\n")
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[_Row]:
        """Yield the rows from the first on; one look at a time."""
        self._file.seek(0)
        for line in self._file:
            yield cast("_Row", json.loads(line))
