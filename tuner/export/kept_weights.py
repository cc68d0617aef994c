"""Reads what a finished trial leaves, ``model.keras`` and ``model.json``, without Keras and without trust.

A ``.keras`` file is a zip archive of a configuration and of weights in HDF5. Sizes are compared with the
file's own before anything is read, so that no archive unpacks to more than it is; and of HDF5 only plain
arrays of numbers inside the file itself are taken: no links elsewhere, no foreign storage, no filters.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.errors import ModelError, NotFoundError
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import h5py

__all__ = ["Floats", "KeptModel", "Layer", "read_kept_model"]

Floats: TypeAlias = npt.NDArray[np.float64]

Layer: TypeAlias = Mapping[str, Floats]
"""A layer's weights by their place in it: ``0`` its kernel, ``cell/0`` that of its cell."""

_MODEL = "model.keras"
_RECORD = "model.json"
_VERSION = 1
_WEIGHTS, _CONFIG = "model.weights.h5", "config.json"
_LARGEST_RECORD_BYTES = 1 << 28
"""A million terms with their weights take about 40 MB."""

_AGAIN = "it is damaged or was changed; train the trial again, or restore a copy of the studies"


@dataclass(frozen=True)
class KeptModel:
    """A finished trial's model as arrays.

    Attributes:
        family: What it is.
        task: What it was trained for.
        classes: Class names; the index is the label. Empty in a regression.
        params: The trial's settings.
        words: Of a family that reads words: word i has id ``i + 2``. Else empty.
        terms, idf: Of a family that reads features: terms and their weights ``(n_features,)``. Else empty.
        layers: Weights of each layer that has any, by the layer's name, in double precision.
        label_units: Scale and mean that bring a regression's output into the unit of its labels, or None.
    """

    family: str
    task: Task
    classes: tuple[str, ...]
    params: Params
    words: tuple[str, ...]
    terms: tuple[str, ...]
    idf: Floats
    layers: Mapping[str, Layer]
    label_units: tuple[float, float] | None = None

    def weights(self, layer: str, *places: str) -> tuple[Floats, ...]:
        """Return weights of a layer by their places in it.

        Raises:
            ModelError: If the model has no such layer, or the layer no such weights.
        """
        found = self.layers.get(layer, {})
        if any(place not in found for place in places):
            raise ModelError(f"{_MODEL}: family {self.family}: layer '{layer}' has not its weights", _AGAIN)
        return tuple(found[place] for place in places)


def read_kept_model(folder: Path) -> KeptModel:
    """Read the model in a trial's folder.

    Raises:
        NotFoundError: If there is none.
        ModelError: If it is not what a trial leaves.
    """
    for name in (_MODEL, _RECORD):
        if not (folder / name).is_file():
            raise NotFoundError(
                f"{folder}: there is no {name}", "models are kept of the front's members only"
            )
    with _telling(folder / _MODEL), zipfile.ZipFile(folder / _MODEL) as archive:
        label_units = _label_units(json.loads(_entry(archive, _CONFIG)))
        layers = _read_layers(_entry(archive, _WEIGHTS))
    with _telling(folder / _RECORD):
        record = _read_record(folder / _RECORD)
        read: Mapping[str, Any] = record["input"]
        return KeptModel(
            family=str(record["params"]["family"]),
            task=record["task"],
            classes=tuple(record["classes"]),
            params=record["params"],
            words=tuple(read.get("words", ())),
            terms=tuple(read.get("terms", ())),
            idf=np.asarray(read.get("idf", ()), np.float64),
            layers=layers,
            label_units=label_units,
        )


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Turn whatever a file that is not what it should be leads to into one error that names it."""
    try:
        yield
    except (
        OSError,
        ValueError,  # among others: of JSON, UTF-8, HDF5
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,  # among others: encrypted archives, JSON nested too deep
        NotImplementedError,
        zipfile.BadZipFile,
    ) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{path}: cannot be read as a kept model: {reason}", _AGAIN) from error


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read one entry, which cannot be larger than the archive: Keras does not compress."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed, which Keras does not do")
    return archive.read(entry)


def _read_record(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _LARGEST_RECORD_BYTES:
        raise ValueError(f"it has {path.stat().st_size} bytes, at most {_LARGEST_RECORD_BYTES} are read")
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if record["version"] != _VERSION:
        raise ValueError(f"it is of version {record['version']}, expected {_VERSION}")
    return record


def _label_units(config: Mapping[str, Any]) -> tuple[float, float] | None:
    for layer in config["config"]["layers"]:
        if layer["config"].get("name") == "label_units":
            return float(layer["config"]["scale"]), float(layer["config"]["offset"])
    return None


def _read_layers(content: bytes) -> dict[str, Layer]:
    """Return the weights of each layer by the name that its group of variables carries."""
    import h5py

    layers: dict[str, Layer] = {}
    met: set[int] = set()
    with h5py.File(io.BytesIO(content), "r") as file:
        groups = _hard(file, "layers")
        for key in groups:
            group = _hard(groups, key)
            name = str(_hard(group, "vars").attrs["name"])
            if weights := dict(_arrays(group, "", met)):
                layers[name] = weights
    return layers


def _arrays(group: h5py.Group, prefix: str, met: set[int]) -> Iterator[tuple[str, Floats]]:
    """Yield every array below a group with its path, the steps called ``vars`` left out.

    Each object may stand in one place only, which ``met`` has the addresses for: two names of the same group
    at each of 16 levels are 65,536 arrays in a file of 26 kB, and a group within itself has no end.
    """
    import h5py

    for key in group:
        found = _hard(group, key)
        address = h5py.h5o.get_info(found.id).addr
        if address in met:
            raise ValueError(f"{_WEIGHTS}: '{found.name}' stands in two places")
        met.add(address)
        place = prefix if key == "vars" else f"{prefix}{key}"
        if isinstance(found, h5py.Dataset):
            yield place, _plain(found)
        else:
            yield from _arrays(found, place if key == "vars" else f"{place}/", met)


def _hard(group: h5py.Group, key: str) -> Any:
    """Return what lies in a group itself; a link could lead to any other file."""
    import h5py

    if not isinstance(group.get(key, getlink=True), h5py.HardLink):
        raise ValueError(f"{_WEIGHTS}: '{key}' is a link")
    return group[key]


def _plain(dataset: h5py.Dataset) -> Floats:
    """Return an array of numbers that stands whole inside its file.

    What a header says of its size is compared with the bytes that there are before anything is allocated.
    """
    n_bytes = int(dataset.dtype.itemsize) * int(dataset.size or 0)
    if dataset.dtype.kind != "f" or dataset.external or dataset.is_virtual or dataset.chunks:
        raise ValueError(f"{_WEIGHTS}: '{dataset.name}' is no plain array of numbers")
    if dataset.id.get_storage_size() != n_bytes:
        raise ValueError(f"{_WEIGHTS}: '{dataset.name}' says {n_bytes} bytes, but has others")
    return np.asarray(dataset[()], dtype=np.float64)
