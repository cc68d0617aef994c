"""Read CSV, TSV, JSONL and Parquet files, plain or gzipped, into columns with their row numbers.

Everything is read as it stands: no type is guessed, no ``NA`` becomes a missing value and no row is
skipped in silence, for a label ``null`` or ``1e5`` is a label. What cannot be read is refused with the
row or line. This module knows files; which column is the text is the business of the caller.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import stat
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tuner.data.parquet import ForeignCell, ParquetColumns
from tuner.data.values import TextTable
from tuner.data.wording import did_you_mean, require_unique, too_large
from tuner.errors import DataError, NotFoundError

__all__ = [
    "FORMATS",
    "LARGEST_BYTES",
    "RawTable",
    "cell_text",
    "file_format",
    "pick_columns",
    "read_bytes",
    "read_table",
    "whole_path",
]

FORMATS: Mapping[str, str] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
"""File endings, each with the format it stands for."""


LARGEST_BYTES = 4 << 30
"""Of a file's content: some ten million reviews, which with what is made of them fill a large machine."""

_MOST_KEYS = 1000
"""Of all objects of a JSONL file; where an id is a key there is one a line."""

_SEPARATORS = ",;\t|"

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class RawTable:
    """Columns as a file has them.

    Attributes:
        columns: Cells by column name; strings, or what JSON and Parquet carry (numbers, None). A damaged
            column of a Parquet file is refused, as a DataError, when it is looked at.
        rows: 1-based number of each row as a person counts it: the header of a CSV file is row 1, as
            in a spreadsheet; JSONL counts lines; Parquet counts rows.
        origin: What messages call it.
    """

    columns: Mapping[str, Sequence[object]]
    rows: Sequence[int]
    origin: str


def whole_path(path: str, base_dir: Path) -> Path:
    """Return a declared path, ``~`` expanded, as seen from the folder of the file that declares it.

    Raises:
        DataError: If it begins with the home of a user that there is not.
    """
    try:
        return base_dir / Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(f"{path}: there is no such user", "write the folder out") from error


def file_format(path: Path) -> str:
    """Return ``csv``, ``tsv``, ``jsonl`` or ``parquet`` from the file's ending, ``.gz`` set aside.

    Raises:
        DataError: If the ending is none of these.
    """
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    found = FORMATS.get(plain.suffix.lower())
    if found is None:
        raise DataError(
            f"{path}: its ending '{plain.suffix}' is none of {', '.join(FORMATS)} (each also with .gz)",
            "rename or convert the file",
        )
    return found


def read_table(path: Path, *, encoding: str = "utf-8", separator: str = "") -> RawTable:
    """Read a whole file; of Parquet the columns only that are looked at, when they are.

    Args:
        path: The file; its ending says its format.
        encoding: Of text formats. A byte order mark is passed over.
        separator: Between the cells of a CSV file. Defaults to a comma, or a tab in TSV.

    Raises:
        NotFoundError: If there is no such file.
        DataError: If it cannot be read as what it claims to be.
    """
    kind = file_format(path)
    content = read_bytes(path)
    if kind == "parquet":
        columns = ParquetColumns(content, str(path), LARGEST_BYTES)
        return RawTable(columns, range(1, columns.n_rows + 1), str(path))
    text = _decode(content, encoding, str(path))
    if kind == "jsonl":
        return _read_jsonl(text, str(path))
    return _read_csv(text, separator or ("\t" if kind == "tsv" else ","), str(path))


def pick_columns(raw: RawTable, text: str, label: str, split: str = "") -> TextTable:
    """Take the declared columns out of a table.

    Args:
        raw: The table.
        text, label: Column names.
        split: Name of the split column, or an empty string for none.

    Raises:
        DataError: If a column is missing or a cell holds a list or mapping.
    """
    return TextTable(
        texts=_column(raw, text, "text"),
        labels=_names(_column(raw, label, "label")),
        split=_names(_column(raw, split, "split")) if split else None,
        rows=raw.rows,
        origin=raw.origin,
    )


def _names(cells: list[str]) -> list[str]:
    """Return cells as names that a file can hold: half a surrogate pair, which JSON can write, is none."""
    return [_HALF_A_PAIR.sub("\ufffd", cell.strip()) for cell in cells]


def cell_text(cell: object) -> str:
    """Return a cell as text: missing ones (None, NaN) as an empty string, ``1.0`` as ``1``.

    Raises:
        TypeError: If it is neither text, number, truth value nor missing.
    """
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case float():
            if math.isnan(cell):
                return ""
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case ForeignCell(kind):
            raise TypeError(kind)
        case _:
            raise TypeError(type(cell).__name__)


def _column(raw: RawTable, name: str, role: str) -> list[str]:
    if name not in raw.columns:
        raise DataError(
            f"{raw.origin}: no column '{name}', which is declared as the {role} column",
            _other_separator(list(raw.columns)) or did_you_mean(name, raw.columns),
        )
    texts: list[str] = []
    for row, cell in zip(raw.rows, raw.columns[name], strict=True):
        try:
            texts.append(cell_text(cell))
        except TypeError as error:
            raise DataError(
                f"{raw.origin}: row {row}: column '{name}' holds a {error}, expected text or a number",
                "turn it into text first",
            ) from error
    return texts


def _other_separator(header: Sequence[str]) -> str:
    """Say which separator to declare where the one column's name shows that there are several."""
    only = header[0] if len(header) == 1 else ""
    found = max(_SEPARATORS, key=only.count)
    return f"its one column is {only!r}: declare `separator: {json.dumps(found)}`" if found in only else ""


def read_bytes(path: Path) -> bytes:
    """Return a file's content, unpacked where its name ends in ``.gz``.

    Raises:
        NotFoundError: If there is no such file; the hint names one of nearly that name.
        DataError: If it cannot be read, or is no whole gzip file.
    """
    try:
        _require_readable(path)
        content = path.read_bytes()
    except FileNotFoundError as error:
        near = did_you_mean(path.name, _siblings(path))
        raise NotFoundError(f"{path}: no such file", near) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}", "check its permissions") from error
    if path.suffix.lower() != ".gz":
        return content
    try:
        with gzip.open(io.BytesIO(content)) as unpacked:
            content = unpacked.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path}: is not a whole gzip file: {error}", "it may be cut short; copy it again"
        ) from error
    if len(content) > LARGEST_BYTES:
        raise too_large(str(path), f"unpacks to more than {LARGEST_BYTES >> 20:,} MiB")
    return content


def _require_readable(path: Path) -> None:
    """Refuse what would be waited for (a pipe), or read, without end."""
    state = path.stat()
    if stat.S_ISDIR(state.st_mode):
        raise DataError(f"{path}: is a folder, expected a file", "name a file inside it")
    if not stat.S_ISREG(state.st_mode):
        raise DataError(f"{path}: is a pipe or a device, expected a file", "write its content to a file")
    if state.st_size > LARGEST_BYTES:
        raise too_large(
            str(path), f"has {state.st_size >> 20:,} MiB, at most {LARGEST_BYTES >> 20:,} are read"
        )


def _siblings(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return []


def _decode(content: bytes, encoding: str, origin: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")  # the mark, in every encoding that has one
    except LookupError as error:
        raise DataError(
            f"{origin}: encoding '{encoding}' is not known", "usual ones are utf-8, cp1252, latin-1, utf-16"
        ) from error
    except UnicodeDecodeError as error:
        # A wide encoding reports where its own decoder stood; the line is then approximate at worst.
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{origin}: line {line}, byte {error.start}: {content[error.start]:#04x} is not {encoding}",
            "declare its encoding, e.g. `encoding: cp1252` for a file written by Excel, or repair the line",
        ) from error
    except ValueError as error:  # codecs such as `undefined`, which are none of texts
        raise DataError(
            f"{origin}: cannot be read as encoding '{encoding}': {error}",
            "usual ones are utf-8, cp1252, latin-1, utf-16",
        ) from error


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let the csv module take cells over its 131,072 characters; the limit is global, so put it back."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _read_csv(text: str, separator: str, origin: str) -> RawTable:
    if len(separator) != 1:
        raise DataError(f"{origin}: separator {separator!r} is not one character", "e.g. `separator: ';'`")
    records: list[list[str]] = []
    rows: list[int] = []
    header: list[str] = []
    with _long_fields():
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        line = 0
        try:
            for row, record in enumerate(reader, start=1):
                if not record:  # a blank line: counted, as a spreadsheet does, but no row
                    pass
                elif not header:
                    header = [name.strip() for name in record]
                elif len(record) != len(header):
                    raise DataError(
                        f"{origin}: row {row} (line {line + 1}): {len(record)} cells, "
                        f"but the header has {len(header)}",
                        _other_separator(header)
                        or f"put cells that contain {separator!r} or a quote in double quotes",
                    )
                else:
                    records.append(record)
                    rows.append(row)
                line = reader.line_num
        except csv.Error as error:
            raise DataError(
                f"{origin}: the row that begins in line {line + 1} is broken: {error}",
                "look for a double quote that is never closed, or not doubled inside a cell",
            ) from error
    if not records:
        raise DataError(
            f"{origin}: no rows below a header", "expected a first row of column names, then texts"
        )
    require_unique(header, origin)
    return RawTable(dict(zip(header, zip(*records, strict=True), strict=True)), rows, origin)


def _read_jsonl(text: str, origin: str) -> RawTable:
    records: list[dict[str, object]] = []
    rows: list[int] = []
    names: dict[str, None] = {}
    # Not splitlines(): U+2028 and its like may stand inside a JSON string.
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            record = json.loads(content)
        except (ValueError, RecursionError) as error:  # ValueError also for a number of 5,000 digits
            raise DataError(
                f"{origin}: line {line} is not JSON: {error}", "expected one object a line, nothing else"
            ) from error
        if not isinstance(record, dict):
            raise DataError(
                f"{origin}: line {line} holds a {type(record).__name__}, expected an object",
                'e.g. {"text": "...", "label": "..."}',
            )
        records.append(record)
        rows.append(line)
        names |= dict.fromkeys(record)
        if len(names) > _MOST_KEYS:
            raise DataError(
                f"{origin}: line {line}: more than {_MOST_KEYS:,} different keys down to here, e.g. "
                f"{list(names)[-1][:40]!r}",
                'every object has the same few keys, e.g. {"text": "...", "label": "..."}; is an id one?',
            )
    if not records:
        raise DataError(f"{origin}: no lines with an object", "expected one JSON object a line")
    return RawTable(_JsonColumns(names, records), rows, origin)


class _JsonColumns(Mapping[str, Sequence[object]]):
    """Cells by key, each column made when it is asked for: of rare keys most cells are missing."""

    def __init__(self, names: Mapping[str, None], records: Sequence[Mapping[str, object]]) -> None:
        self._names = names
        self._records = records

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, name: str) -> Sequence[object]:
        if name not in self._names:
            raise KeyError(name)
        return [record.get(name) for record in self._records]
