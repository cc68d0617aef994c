"""The vectors that a file has for a dataset's words, read once for all trials."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from tuner.data.values import EncodedDataset
from tuner.embeddings.cache import Arrays, cached_arrays, kept_arrays
from tuner.embeddings.matrix import SPELLING_VERSION, KnownVectors, known_vectors, wanted_forms
from tuner.embeddings.vector_files import other_dimension, read_vectors
from tuner.errors import VectorsError
from tuner.spec.values import Value

__all__ = ["require_vectors", "vectors_of_file"]

_SOUND = "looked-at"
"""Under this name it is kept what a file is that was read to its end without a fault."""

_SOUND_ARRAYS = ("dimension", "digest")


def require_vectors(path: Path, dimension: int | None, cache_dir: Path) -> str:
    """Refuse a file that no trial could use.

    It is read from end to end, unless :func:`vectors_of_file` has done so since it was last changed. Nothing
    is written.

    Args:
        path: Text or binary, also gzipped.
        dimension: Length that the vectors must have, or None for the file's own.
        cache_dir: Where it is kept that a file is sound.

    Returns:
        The SHA-256 of its content, wherever it lies.

    Raises:
        VectorsError: If the file cannot be read as declared.
    """
    state = _state(path)
    kept = kept_arrays(cache_dir, _SOUND, state, _SOUND_ARRAYS)
    found, digest = (
        _looked_at(path, tuple(state.items()))
        if kept is None
        else (int(kept["dimension"]), str(kept["digest"]))
    )
    if dimension not in (None, found):
        raise other_dimension(path, found, dimension)
    return digest


@lru_cache(maxsize=64)
def _looked_at(path: Path, _state: tuple[tuple[str, Value], ...]) -> tuple[int, str]:
    """Read a file in this state to its end; several settings of one study ask for the same one."""
    return read_vectors(path, ()).dimension, _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def vectors_of_file(
    dataset: EncodedDataset, path: Path, dimension: int | None, cache_dir: Path
) -> KnownVectors:
    """Read what ``path`` has for the dataset's words.

    Args:
        dataset: Its words are looked up; see :func:`~tuner.embeddings.matrix.known_vectors`.
        path: Text or binary, also gzipped.
        dimension: Length that the vectors must have, or None for the file's own.
        cache_dir: Where the outcome is kept, under the file's path, size and time of change.

    Raises:
        VectorsError: If the file cannot be read as declared.
    """

    def read() -> Arrays:
        found = read_vectors(path, wanted_forms(dataset.words), dimension)
        known = known_vectors(dataset.words, found.vectors, found.dimension, str(path))
        sound = {"dimension": np.array(found.dimension), "digest": np.array(_digest(path))}
        cached_arrays(cache_dir, _SOUND, state, _SOUND_ARRAYS, lambda: sound)
        return {"rows": known.rows, "vectors": known.vectors}

    state = _state(path)
    settings: dict[str, Value] = {
        **state,
        "dataset": dataset.key,
        "dimension": dimension or 0,
        "spelling": SPELLING_VERSION,
    }
    kept = cached_arrays(cache_dir, "vectors", settings, ("rows", "vectors"), read)
    return KnownVectors(kept["rows"], kept["vectors"], str(path))


def _state(path: Path) -> dict[str, Value]:
    """Return what changes when the file does."""
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL character
        reason = getattr(error, "strerror", None) or str(error)
        raise VectorsError(
            f"{path}: {reason}, expected a file of word vectors", "check vectors_path"
        ) from error
    return {
        "path": str(path.resolve()),
        "size_bytes": state.st_size,
        "changed_ns": state.st_mtime_ns,
    }
