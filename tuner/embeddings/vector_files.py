"""Reads files of word vectors: GloVe text, word2vec text and word2vec binary, each also gzipped.

Our own reader and not gensim's, for two reasons. A file is checked before anything is allocated from
its header, so that a lying header costs nothing. And only the wanted words are kept, so that a file of
three million words takes no more memory than a vocabulary does. Nothing in a file is ever executed.
"""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.errors import VectorsError

__all__ = ["FoundVectors", "other_dimension", "read_vectors"]

_LONGEST_LINE = 1 << 20
"""Bytes; 2,048 values take some 30,000. A file without line feeds must not be read into memory whole."""

_LONGEST_WORD = 1 << 12
_LONGEST_VECTOR = 4096
"""Values. None of word vectors has more; a header that says so would have gigabytes read for one word."""

_MOST_DIGITS = 18
"""Of a number in a header: what is longer is no count of anything."""

_CHUNK = 1 << 20
_BEST_DEFLATE_RATIO = 1032
"""No gzip file unpacks to more than this many times its size (zlib's technical details)."""

_DAMAGED = "the file is damaged or truncated; fetch it again"
_FORMATS = "give a text or binary file as GloVe or word2vec write them"

_Stream: TypeAlias = "io.BufferedReader[Any]"

_NUMBER_BYTES = frozenset(b"0123456789+-.eEnaif \r\t")


@dataclass(frozen=True)
class FoundVectors:
    """What a file has of the wanted words.

    Attributes:
        dimension: Length of a vector.
        vectors: ``(dimension,) float32`` by word.
    """

    dimension: int
    vectors: dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class _Header:
    """The first line of a word2vec file."""

    count: int
    dimension: int


class _Kept:
    """The wanted words, and the vectors found of them so far."""

    def __init__(self, path: Path, wanted: Collection[str]) -> None:
        self._path = path
        self._names = {word.encode("utf-8", "surrogatepass"): word for word in wanted}
        self.vectors: dict[str, npt.NDArray[np.float32]] = {}

    def wants(self, name: bytes) -> bool:
        """Tell whether the word is to be kept; also an unwanted word's values need not be parsed."""
        return name in self._names and self._names[name] not in self.vectors

    def keep(self, name: bytes, values: npt.NDArray[np.float32], place: str) -> None:
        if not np.isfinite(values).all():
            raise VectorsError(
                f"{place}: the vector of {_shown(name)} holds a value that is no finite number", _DAMAGED
            )
        self.vectors[self._names[name]] = values


def read_vectors(path: Path, wanted: Collection[str], dimension: int | None = None) -> FoundVectors:
    """Read the vectors of ``wanted`` words.

    Text or binary, with or without a header, is told from the file's first bytes. Of a word that occurs
    twice the first vector counts.

    Args:
        path: The file.
        wanted: Words to keep.
        dimension: Length that the vectors must have, or None for the file's own.

    Returns:
        The file's dimension and the vectors found.

    Raises:
        VectorsError: If the file is missing, truncated, no file of word vectors, of another dimension,
            or its header cannot be true. The message names the line.
    """
    kept = _Kept(path, wanted)
    try:
        _require_file(path)
        with path.open("rb") as file:
            most_bytes = path.stat().st_size
            if file.peek(2)[:2] != b"\x1f\x8b":
                return _read(file, path, most_bytes, kept, dimension)
            with gzip.open(file, "rb") as unpacked:
                stream = io.BufferedReader(unpacked, _CHUNK)
                return _read(stream, path, most_bytes * _BEST_DEFLATE_RATIO, kept, dimension)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise VectorsError(
            f"{path}: the gzip file is damaged or truncated ({error})", "fetch it again"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise VectorsError(
            f"{path}: {reason}, expected a file of word vectors", "check vectors_path"
        ) from error


def _require_file(path: Path) -> None:
    """Refuse what would be waited for (a pipe), or read, without end; a folder refuses itself."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise VectorsError(f"{path}: is a pipe or a device, expected a file", "write its content to a file")


def _read(stream: _Stream, path: Path, most_bytes: int, kept: _Kept, expected: int | None) -> FoundVectors:
    first = stream.readline(_LONGEST_LINE)
    _refuse_other_formats(path, first)
    header = _header(first)
    dimension = header.dimension if header else first.rstrip().count(b" ")
    if dimension < 1:
        raise VectorsError(
            f"{path}:1: found {_shown(first)}, expected a word and the values of its vector", _FORMATS
        )
    if dimension > _LONGEST_VECTOR:
        raise VectorsError(
            f"{path}:1: vectors have {dimension} values, expected at most {_LONGEST_VECTOR}",
            "it is no file of word vectors, or damaged",
        )
    if expected is not None and dimension != expected:
        raise other_dimension(path, dimension, expected)
    if header is None:
        _keep_line(first, dimension, kept, f"{path}:1", always_parse=True)
        _read_text(stream, path, dimension, kept, first_number=2)
        return FoundVectors(dimension, kept.vectors)
    _refuse_lies(path, header, most_bytes)
    if _is_binary(stream.peek(_CHUNK), dimension):
        _read_binary(stream, path, header, kept)
    else:
        count = _read_text(stream, path, dimension, kept, first_number=2)
        if count != header.count:
            raise VectorsError(
                f"{path}:{count + 1}: the file ends with vector {count}, but line 1 says {header.count}",
                _DAMAGED,
            )
    return FoundVectors(dimension, kept.vectors)


def other_dimension(path: Path, found: int, expected: int) -> VectorsError:
    """Return the error of a file whose vectors have another length than declared."""
    return VectorsError(
        f"{path}:1: vectors have {found} values, expected {expected}", f"set embedding_dimension: {found}"
    )


def _refuse_other_formats(path: Path, first: bytes) -> None:
    """Name what people take for a file of vectors."""
    if not first:
        raise VectorsError(f"{path}: is empty, expected word vectors", "fetch it again")
    if first[:1] == b"\x80":
        raise VectorsError(
            f"{path}: is a Python pickle, which is never loaded because it can run code",
            "save the vectors with gensim's save_word2vec_format",
        )
    if first[:2] == b"PK":
        raise VectorsError(
            f"{path}: is a zip archive, expected the file of vectors inside it", "unpack it first"
        )


def _header(first: bytes) -> _Header | None:
    fields = first.split()
    if len(fields) == 2 and all(field.isdigit() and len(field) <= _MOST_DIGITS for field in fields):
        return _Header(int(fields[0]), int(fields[1]))
    return None


def _refuse_lies(path: Path, header: _Header, most_bytes: int) -> None:
    """Compare what the header says with what the file can hold: two bytes a value at the least."""
    least_bytes = header.count * (2 * header.dimension + 2)
    if least_bytes > most_bytes:
        raise VectorsError(
            f"{path}:1: the header says {header.count} vectors of {header.dimension} values, which take "
            f"{least_bytes} bytes at the least; the file can hold {most_bytes}",
            _DAMAGED,
        )


def _is_binary(sample: bytes, dimension: int) -> bool:
    """Tell raw floats from written numbers by the bytes that follow the first word.

    One byte in 256 is a line feed, also the first of the floats: a line that ends too soon is one of a
    text only if what would be the floats are characters throughout.
    """
    rest = sample.lstrip(b"\n").partition(b" ")[2]
    line, line_feed, _ = rest[: 4 * dimension].partition(b"\n")
    if not set(line) <= _NUMBER_BYTES:
        return True
    if not line_feed or len(line.split()) == dimension:
        return False
    return not _is_written(rest[: 4 * dimension])


def _is_written(content: bytes) -> bool:
    """Tell whether bytes, which may end within a character, are those of a text."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)


def _read_text(stream: _Stream, path: Path, dimension: int, kept: _Kept, first_number: int) -> int:
    """Read lines to the end of the file and return how many there were; blank ones at the end are none."""
    number = first_number
    last = b""
    while line := stream.readline(_LONGEST_LINE):
        if not line.strip() and (line := _next_written(stream)):
            raise _other_count(f"{path}:{number}", b"", 0, dimension)
        if not line:
            break
        _keep_line(line, dimension, kept, f"{path}:{number}")
        number, last = number + 1, line
    if last:  # where a file is damaged, it is here: its values must be numbers, wanted or not
        _keep_line(last, dimension, kept, f"{path}:{number - 1}", always_parse=True)
    return number - first_number


def _next_written(stream: _Stream) -> bytes:
    """Return the next line that is not blank; an empty one at the end of the file."""
    while (line := stream.readline(_LONGEST_LINE)) and not line.strip():
        pass
    return line


def _keep_line(line: bytes, dimension: int, kept: _Kept, place: str, *, always_parse: bool = False) -> None:
    """Take one line apart; the values of unwanted words are counted, not parsed (a tenth of the time)."""
    line = line.rstrip()
    n_values = line.count(b" ")
    if n_values < dimension:
        raise _other_count(place, line, n_values, dimension)
    if n_values == dimension and not (always_parse or kept.wants(line[: line.index(b" ")])):
        return
    fields = line.rsplit(b" ", dimension)
    name = fields[0]
    # Some GloVe words hold spaces (". . ."); a word followed by one number too many is no such word.
    if n_values > dimension and _is_number(name.rpartition(b" ")[2]):
        raise _other_count(place, line, n_values, dimension)
    if not (always_parse or kept.wants(name)):
        return
    try:
        values = np.array(fields[1:]).astype(np.float32)  # (dimension,)
    except ValueError as error:
        raise VectorsError(
            f"{place}: found {_shown(line)}, expected a word and {dimension} numbers", _DAMAGED
        ) from error
    if kept.wants(name):
        kept.keep(name, values, place)


def _other_count(place: str, line: bytes, found: int, expected: int) -> VectorsError:
    return VectorsError(
        f"{place}: found {found} values in {_shown(line)}, expected {expected} as on line 1", _DAMAGED
    )


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _read_binary(stream: _Stream, path: Path, header: _Header, kept: _Kept) -> None:
    """Read ``count`` times a word, a space and ``dimension`` little-endian floats; a line feed may follow."""
    width = 4 * header.dimension
    buffer = b""
    start = 0
    for index in range(header.count):
        place = f"{path}: vector {index + 1} of {header.count}"
        end = buffer.find(b" ", start)
        while end < 0 or end + 1 + width > len(buffer):
            if end < 0 and len(buffer) - start > _LONGEST_WORD:
                raise VectorsError(f"{place}: found no word, expected one followed by a space", _DAMAGED)
            more = stream.read(_CHUNK)
            if not more:
                raise VectorsError(f"{place}: the file ends here", "it is truncated; fetch it again")
            buffer, start = buffer[start:] + more, 0
            end = buffer.find(b" ")
        name = buffer[start:end].lstrip(b"\n")
        if kept.wants(name):
            kept.keep(name, np.frombuffer(buffer, "<f4", header.dimension, end + 1).astype(np.float32), place)
        start = end + 1 + width
    if (buffer[start:] + stream.read(_CHUNK)).strip():
        raise VectorsError(
            f"{path}: goes on after the {header.count} vectors that line 1 says", "fetch it again"
        )


def _shown(content: bytes) -> str:
    """Show the beginning of what was found, on one line and without control characters."""
    return repr(content[:40].decode("utf-8", "replace"))
