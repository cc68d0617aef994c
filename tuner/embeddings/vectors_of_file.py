"""The vectors that a file has for a dataset's words, read once for all trials."""

from __future__ import annotations

from pathlib import Path

from tuner.data.values import EncodedDataset
from tuner.embeddings.cache import Arrays, cached_arrays
from tuner.embeddings.matrix import KnownVectors, known_vectors, wanted_forms
from tuner.embeddings.vector_files import read_vectors
from tuner.errors import VectorsError
from tuner.spec.values import Value

__all__ = ["vectors_of_file"]


def vectors_of_file(
    dataset: EncodedDataset, path: Path, dimension: int | None, cache_dir: Path
) -> KnownVectors:
    """Read what ``path`` has for the dataset's words.

    Args:
        dataset: Its words are looked up, in their own spelling first and then in lower case.
        path: Text or binary, also gzipped.
        dimension: Length that the vectors must have, or None for the file's own.
        cache_dir: Where the outcome is kept, under the file's path, size and time of change.

    Raises:
        VectorsError: If the file cannot be read as declared.
    """

    def read() -> Arrays:
        found = read_vectors(path, wanted_forms(dataset.words), dimension)
        known = known_vectors(dataset.words, found.vectors, found.dimension, str(path))
        return {"rows": known.rows, "vectors": known.vectors}

    try:
        state = path.stat()
    except OSError as error:
        raise VectorsError(
            f"{path}: {error.strerror}, expected a file of word vectors", "check vectors_path"
        ) from error
    settings: dict[str, Value] = {
        "dataset": dataset.key,
        "path": str(path.resolve()),
        "size_bytes": state.st_size,
        "changed_ns": state.st_mtime_ns,
        "dimension": dimension or 0,
    }
    kept = cached_arrays(cache_dir, "vectors", settings, read)
    return KnownVectors(kept["rows"], kept["vectors"], str(path))
