"""Kept models are read by their bytes: nothing is run, nothing is unpacked that the file does not hold."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tuner.errors import ModelError, NotFoundError
from tuner.export.kept_weights import read_kept_model

RECORD: dict[str, Any] = {
    "version": 1,
    "task": "binary",
    "classes": ["neg", "pos"],
    "params": {"family": "tfidf_dense"},
    "input": {"kind": "features", "terms": ["a", "b"], "idf": [1.0, 2.0]},
}
CONFIG: dict[str, Any] = {"config": {"layers": [{"config": {"name": "head"}}]}}

Change = Callable[[h5py.File], object]


def weights(change: Change | None = None) -> bytes:
    """Write a head's weights as Keras does, then change what is asked for."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        variables = file.create_group("layers/dense/vars")
        variables.attrs["name"] = "head"
        variables["0"] = np.array([[1.0], [2.0]], np.float32)
        variables["1"] = np.array([0.5], np.float32)
        if change:
            change(file)
    return content.getvalue()


def written(
    folder: Path,
    weight_bytes: bytes | None = None,
    compression: int = zipfile.ZIP_STORED,
    config: str | None = None,
    **record: Any,
) -> Path:
    with zipfile.ZipFile(folder / "model.keras", "w", compression) as archive:
        archive.writestr("config.json", json.dumps(CONFIG) if config is None else config)
        archive.writestr("model.weights.h5", weights() if weight_bytes is None else weight_bytes)
    (folder / "model.json").write_text(json.dumps({**RECORD, **record}), encoding="utf-8")
    return folder


def test_reads_weights_by_their_layers_names(tmp_path: Path) -> None:
    model = read_kept_model(written(tmp_path))

    assert (model.family, model.task, model.classes) == ("tfidf_dense", "binary", ("neg", "pos"))
    assert (model.terms, model.idf.tolist()) == (("a", "b"), [1.0, 2.0])
    assert model.label_units is None
    kernel, bias = model.weights("head", "0", "1")
    assert kernel.dtype == np.float64
    assert (kernel.tolist(), bias.tolist()) == ([[1.0], [2.0]], [0.5])


@pytest.mark.parametrize("name", ["model.keras", "model.json"])
def test_a_folder_without_a_model_is_said_so(name: str, tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / name).unlink()

    with pytest.raises(NotFoundError, match=f"there is no {name}"):
        read_kept_model(tmp_path)


def replaced(file: h5py.File, *arguments: Any, **options: Any) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset("0", *arguments, **options)


def linked(file: h5py.File, link: Any) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = link


def elsewhere(file: h5py.File) -> None:
    replaced(file, (2, 1), "f4", external=[("/etc/hostname", 0, 8)])


def stitched(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2, 1), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (2, 1))
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_virtual_dataset("0", layout)


def doubled(file: h5py.File) -> None:
    """Give each of 16 groups, one within the other, two names: 65,536 ways lead to the array in the last."""
    group = file["layers/dense"].create_group("deep")
    for _ in range(16):
        within = group.create_group("a")
        group["b"] = within
        group = within
    group["w"] = np.ones(4, np.float32)


def within_itself(file: h5py.File) -> None:
    file["layers/dense/vars/again"] = file["layers/dense/vars"]


def with_two_names(file: h5py.File) -> None:
    file["layers/dense/vars/2"] = file["layers/dense/vars/1"]


CHANGES: dict[str, tuple[Change, str]] = {
    "a link into another file": (lambda f: linked(f, h5py.ExternalLink("other.h5", "/x")), "'0' is a link"),
    "a link inside the file": (lambda f: linked(f, h5py.SoftLink("/layers/dense/vars/1")), "'0' is a link"),
    "values in another file": (elsewhere, "no plain array"),
    "values of several files": (stitched, "no plain array"),
    "compressed values": (lambda f: replaced(f, data=np.ones((2, 1)), compression="gzip"), "no plain array"),
    "whole numbers": (lambda f: replaced(f, data=np.ones((2, 1), np.int64)), "no plain array"),
    "texts": (lambda f: replaced(f, data=["a", "b"]), "no plain array"),
    "a shape that lies": (
        lambda f: replaced(f, (1 << 20, 1 << 20), "f4"),
        "says 4398046511104 bytes, but has",
    ),
    "groups of two names each": (doubled, "stands in two places"),
    "a group within itself": (within_itself, "stands in two places"),
    "an array of two names": (with_two_names, "stands in two places"),
    "no layers": (lambda f: f.pop("layers"), "layers"),
    "a layer without a name": (lambda f: f["layers/dense/vars"].attrs.pop("name"), "name"),
    "a layer that is an array": (lambda f: f["layers"].create_dataset("x", data=[1.0]), "no attribute"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_weights_that_keras_would_not_write_are_refused(what: str, tmp_path: Path) -> None:
    change, told = CHANGES[what]

    with pytest.raises(ModelError, match=rf"model\.keras: cannot be read as a kept model: .*{told}"):
        read_kept_model(written(tmp_path, weights(change)))


def test_an_archive_that_unpacks_to_more_than_it_is_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, bytes(10_000_000), zipfile.ZIP_DEFLATED)

    with pytest.raises(ModelError, match="is compressed, which Keras does not do"):
        read_kept_model(folder)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(50), b"\x80\x04pickle."])
def test_a_file_that_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "model.keras").write_bytes(content)

    with pytest.raises(ModelError, match=r"model\.keras: cannot be read as a kept model"):
        read_kept_model(tmp_path)


@pytest.mark.parametrize("left", [0.1, 0.5, 0.9])
def test_a_truncated_model_is_refused(left: float, tmp_path: Path) -> None:
    content = (written(tmp_path) / "model.keras").read_bytes()
    (tmp_path / "model.keras").write_bytes(content[: int(len(content) * left)])

    with pytest.raises(ModelError, match=r"model\.keras: cannot be read as a kept model"):
        read_kept_model(tmp_path)


@pytest.mark.parametrize(
    "config", ["", "[]", "{}", '{"config": 3}', "[" * 200_000, '{"config": {"layers": [1]}}']
)
def test_a_configuration_that_is_none_is_refused(config: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.keras: cannot be read as a kept model"):
        read_kept_model(written(tmp_path, config=config))


@pytest.mark.parametrize(
    "record",
    [{"version": 2}, {"params": {}}, {"params": 3}, {"classes": 3}, {"input": {"terms": 3}}, {"input": None}],
)
def test_a_record_that_is_none_is_refused(record: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json: cannot be read as a kept model"):
        read_kept_model(written(tmp_path, **record))


def test_the_unit_of_a_regressions_labels_is_read_from_the_configuration(tmp_path: Path) -> None:
    layer = {"config": {"name": "label_units", "scale": 2.5, "offset": 6.0}}

    model = read_kept_model(written(tmp_path, config=json.dumps({"config": {"layers": [layer]}})))

    assert model.label_units == (2.5, 6.0)
