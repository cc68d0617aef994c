"""Keras' IMDB data set: 50,000 reviews as word numbers, turned back into texts.

The two files are those of ``keras.datasets.imdb`` and lie where Keras keeps them, so that whoever has
used them there needs no download. Keras itself is not imported: that would bring TensorFlow, four
seconds and half a gigabyte into the process that only orchestrates.

Trust: the reviews are stored as an object array, which NumPy can only keep as a pickle, and unpickling
can run code. The file is therefore read with an unpickler that knows nothing but how to rebuild a NumPy
array, whoever wrote it; a downloaded file must besides have the hash that Keras publishes for it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tuner.data.reading import whole_path
from tuner.data.sources.protocol import POSITIVE, SPLIT_COLUMN, DataSource
from tuner.data.store import UNREADABLE_ARCHIVE
from tuner.data.values import TextTable
from tuner.errors import DataError, NotFoundError
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Value

__all__ = ["SOURCE", "Download", "fetch"]

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
_TIMEOUT_S = 30.0
_REVIEWS = "imdb.npz"
_WORDS = "imdb_word_index.json"

_HASHES = {
    _REVIEWS: ("sha256", "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"),
    # Keras publishes no stronger one; the file is plain JSON.
    _WORDS: ("md5", "bfafd718b763782e994055a2d397834f"),
}

_REBUILDS_ARRAYS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds NumPy arrays of plain values and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _REBUILDS_ARRAYS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no part of an array")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


@dataclass(frozen=True)
class Download:
    """A file on the web, with the hash that its publisher gives for it."""

    url: str
    algorithm: str
    digest: str


def fetch(download: Download, target: Path, timeout_s: float = _TIMEOUT_S) -> None:
    """Download a file, check its hash, and only then give it its name.

    Args:
        download: What to fetch.
        target: Where it shall lie; its folder is made.
        timeout_s: Seconds without an answer after which to give up. Defaults to 30 because a server
            that is there answers in one.

    Raises:
        DataError: If it cannot be reached, or what came has another hash.
    """
    import urllib.request  # brings in ssl and email, which checking a file does without

    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(download.url, timeout=timeout_s) as answer, part.open("wb") as file:  # noqa: S310 - a constant https address
            shutil.copyfileobj(answer, file)
        digest = hashlib.new(download.algorithm, part.read_bytes(), usedforsecurity=False).hexdigest()
        if digest != download.digest:
            raise DataError(
                f"{download.url}: {download.algorithm} {digest}, expected {download.digest}",
                "the download was cut short or changed on its way; try again",
            )
        part.replace(target)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"{download.url}: cannot be fetched into {target.parent}: {reason}",
            f"put {target.name} there by hand, or name the folder that has it with `path:`",
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()


def _load(options: Mapping[str, Value], base_dir: Path) -> TextTable:
    split = str(options.get(SPLIT_COLUMN, ""))
    if split not in ("", "split"):
        raise DataError(
            f"data source 'keras-imdb': no column '{split}'",
            "its only split column is 'split', with the values train and test",
        )
    folder = _folder(str(options["path"]), base_dir)
    origin = str(folder / _REVIEWS)
    words = _read_words(folder / _WORDS)
    texts: list[str] = []
    labels: list[str] = []
    parts: list[str] = []
    for part in ("train", "test"):
        reviews = _read_array(folder / _REVIEWS, f"x_{part}")
        classes = _read_array(folder / _REVIEWS, f"y_{part}")
        if len(reviews) != len(classes):
            raise DataError(f"{origin}: {len(reviews)} reviews but {len(classes)} labels in {part}")
        texts.extend(_text(review, words, origin) for review in reviews)
        labels.extend(str(int(label)) for label in classes)
        parts.extend([part] * len(reviews))
    return TextTable(
        texts, labels, parts if split else None, range(1, len(texts) + 1), str(folder / _REVIEWS)
    )


def _folder(path: str, base_dir: Path) -> Path:
    if path:
        folder = whole_path(path, base_dir)
        for name in _HASHES:
            if not (folder / name).is_file():
                raise NotFoundError(f"{folder / name}: no such file", "`path` names the folder of both files")
        return folder
    home = os.environ.get("KERAS_HOME")
    folder = (Path(home) if home else Path.home() / ".keras") / "datasets"
    for name, (algorithm, digest) in _HASHES.items():
        if not (folder / name).is_file():
            fetch(Download(f"{_ORIGIN}/{name}", algorithm, digest), folder / name)
    return folder


def _read_words(path: Path) -> dict[int, str]:
    try:
        index = json.loads(path.read_text("utf-8"))
        return {int(number): str(word) for word, number in index.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{path}: is no word index: {error}", "delete it to have it fetched again") from error


def _read_array(path: Path, name: str) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            # Whole, so that its checksum is looked at before anything is rebuilt from it.
            return _read_npy(io.BytesIO(archive.read(f"{name}.npy")))
    except (
        *UNREADABLE_ARCHIVE,
        pickle.UnpicklingError,
        AttributeError,  # this and what follows: of a pickle that no NumPy wrote
        ImportError,
        IndexError,
        TypeError,
    ) as error:
        raise DataError(
            f"{path}: {name} cannot be read: {error}", "delete it to have it fetched again"
        ) from error


def _read_npy(file: IO[bytes]) -> Any:
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(file)
    if dtype.hasobject:
        return _ArrayUnpickler(file).load()
    return np.frombuffer(file.read(), dtype).reshape(shape)


def _text(review: Any, words: Mapping[int, str], origin: str) -> str:
    try:
        return " ".join([words[number] for number in review])
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{origin}: a review holds {error}, which is no word of {_WORDS}",
            "both files must be of one kind",
        ) from error


SOURCE = DataSource(
    component=Component(
        name="keras-imdb",
        summary="Keras' IMDB data set: 25,000 training and 25,000 test reviews, lower case, no marks.",
        settings=(
            Setting(
                "path",
                "text",
                "",
                "Folder that holds imdb.npz and imdb_word_index.json. Defaults to Keras' own cache, into "
                "which they are fetched when they are not there.",
            ),
            POSITIVE,
        ),
    ),
    load=_load,
)
