"""The columns of a Parquet file, each read when it is asked for, a thousand rows at a time.

A small file can unpack to very much, so what is unpacked is counted while it is read. Cells that are no
text, number or truth value are never converted: nothing can be made of them, and Python has no date for
some of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tuner.data.wording import require_unique, too_large
from tuner.errors import DataError

__all__ = ["ForeignCell", "ParquetColumns"]

_BATCH_ROWS: Final = 1024
_ROW_BYTES: Final = 8
"""Counted for each cell beside its content: a column of nothing but missing values takes memory, too."""


@dataclass(frozen=True)
class ForeignCell:
    """Stands for a cell that is no text, number or truth value; ``kind`` is Arrow's name for its type."""

    kind: str


class ParquetColumns(Mapping[str, Sequence[object]]):
    """Cells by column name; text, numbers, truth values, None, or :class:`ForeignCell`.

    Args:
        content: The file.
        origin: What messages call it.
        largest_bytes: Of what is unpacked of all columns that are asked for.

    Raises:
        DataError: If it is none that can be read, or has no rows or two columns of one name. When a column
            is asked for: if that is damaged, or the columns unpack to too much.
    """

    def __init__(self, content: bytes, origin: str, largest_bytes: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._origin = origin
        self._largest_bytes = largest_bytes
        self._unpacked_bytes = 0
        self._read: dict[str, Sequence[object]] = {}
        with self._translated():
            self._file = pq.ParquetFile(pa.BufferReader(content))
            schema = self._file.schema_arrow
            self._types = {field.name: field.type for field in schema}
        require_unique(schema.names, origin)
        self.n_rows: int = self._file.metadata.num_rows
        if not self.n_rows:
            raise DataError(f"{origin}: has no rows", "expected one row a text")

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __contains__(self, name: object) -> bool:
        return name in self._types  # Mapping would read the column to tell

    def __getitem__(self, name: str) -> Sequence[object]:
        if name not in self._read:
            kind = self._types[name]
            self._read[name] = self._cells(name) if _is_plain(kind) else self._foreign(str(kind))
        return self._read[name]

    def _foreign(self, kind: str) -> Sequence[object]:
        self._count(_ROW_BYTES * self.n_rows)
        return [ForeignCell(kind.split("<", maxsplit=1)[0])] * self.n_rows

    def _cells(self, name: str) -> Sequence[object]:
        import pyarrow as pa

        cells: list[object] = []
        with self._translated():
            for batch in self._file.iter_batches(_BATCH_ROWS, columns=[name]):
                column = batch.column(name)  # a struct can have fields that are read with it
                if isinstance(column, pa.ExtensionArray):
                    column = column.storage
                if pa.types.is_dictionary(column.type):
                    column = column.dictionary_decode()
                self._count(column.nbytes + _ROW_BYTES * len(column))
                column.validate(
                    full=True
                )  # a damaged page can pass the reader and would fail, or worse, later
                cells += column.to_pylist()
        if len(cells) != self.n_rows:
            raise self._unreadable(f"column '{name}' has {len(cells)} rows of {self.n_rows}")
        return cells

    def _count(self, n_bytes: int) -> None:
        self._unpacked_bytes += n_bytes
        if self._unpacked_bytes > self._largest_bytes:
            raise too_large(self._origin, f"unpacks to more than {self._largest_bytes >> 20:,} MiB")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            raise self._unreadable((str(error).splitlines() or [type(error).__name__])[0]) from error

    def _unreadable(self, what: str) -> DataError:
        return DataError(f"{self._origin}: is no Parquet file that can be read: {what}", "write it again")


def _is_plain(kind: Any) -> bool:
    """Tell whether cells of an Arrow type are text, numbers, truth values, or all missing."""
    import pyarrow.types as t

    kind = getattr(kind, "storage_type", kind)  # of an extension, JSON say
    if t.is_dictionary(kind):
        kind = kind.value_type
    texts = (t.is_string, t.is_large_string, t.is_string_view)
    known = (*texts, t.is_integer, t.is_floating, t.is_boolean, t.is_null)
    return any(matches(kind) for matches in known)
