"""From a declaration to mapped arrays: fingerprint, kept copy, vocabulary, ids."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tuner.data.encode import encode, find_prepared, open_dataset, prepare
from tuner.data.prepare import PreparedData, read_texts
from tuner.data.values import EncodedDataset, Part
from tuner.errors import DataError, NotFoundError
from tuner.spec.values import DataSpec, SplitSpec

Row = tuple[str, str, str]

ROWS: list[Row] = [
    ("good good film one", "pos", "train"),
    ("good film two", "pos", "train"),
    ("bad film one", "neg", "train"),
    ("unseen film", "neg", "dev"),
    ("good day", "pos", "dev"),
    ("bad day", "neg", "test"),
    ("good one", "pos", "test"),
]
SPLIT = SplitSpec("train", "dev", "test", "part")


def write(folder: Path, rows: Sequence[Row], name: str = "a.csv") -> DataSpec:
    lines = ["text,label,part", *(",".join(row) for row in rows)]
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return DataSpec("file", {"path": name}, SPLIT)


def prepared_from(folder: Path, rows: Sequence[Row] = ROWS) -> PreparedData:
    return prepare(write(folder, rows), "binary", 0, folder, folder / "cache")


def words_in(dataset: EncodedDataset, part: Part) -> list[list[str]]:
    known = ["", "?", *dataset.words]
    offsets = part.offsets
    return [
        [known[identifier] for identifier in part.ids[offsets[index] : offsets[index + 1]]]
        for index in range(part.n_texts)
    ]


def test_preparing_says_what_there_is(tmp_path: Path) -> None:
    prepared = prepared_from(tmp_path)

    assert prepared.classes == ("neg", "pos")
    assert prepared.counts == {"train": (1, 2), "validation": (1, 1), "test": (1, 1)}
    assert prepared.sizes == {"train": 3, "validation": 2, "test": 2}
    assert prepared.warnings == ()
    assert prepared.directory == tmp_path / "cache" / "texts" / prepared.fingerprint


def test_the_kept_copy_serves_without_the_source(tmp_path: Path) -> None:
    prepared = prepared_from(tmp_path)
    (tmp_path / "a.csv").unlink()

    found = find_prepared(prepared.fingerprint, tmp_path / "cache")

    assert found == prepared
    assert encode(found, "light").train.n_texts == 3
    with pytest.raises(NotFoundError, match=r"a\.csv: no such file"):
        prepare(DataSpec("file", {"path": "a.csv"}, SPLIT), "binary", 0, tmp_path, tmp_path / "cache")


def test_the_cache_can_be_moved(tmp_path: Path) -> None:
    prepared = prepared_from(tmp_path)
    (tmp_path / "cache").rename(tmp_path / "moved")

    found = find_prepared(prepared.fingerprint, tmp_path / "moved")

    assert found is not None
    assert encode(found, "light").directory.is_relative_to(tmp_path / "moved")


def test_an_unknown_or_damaged_copy_is_not_found(tmp_path: Path) -> None:
    prepared = prepared_from(tmp_path)
    (prepared.directory / "texts.parquet").write_bytes(b"PAR1")

    assert find_prepared("0" * 64, tmp_path / "cache") is None
    assert find_prepared(prepared.fingerprint, tmp_path / "cache") is None
    with pytest.raises(DataError, match="is cut short"):
        read_texts(prepared)
    assert len(read_texts(prepared_from(tmp_path))["train"].texts) == 3


def test_the_order_of_rows_and_copies_play_no_role(tmp_path: Path) -> None:
    shuffled = [*ROWS, ROWS[0]]
    random.Random(1).shuffle(shuffled)

    assert prepared_from(tmp_path, shuffled).fingerprint == prepared_from(tmp_path).fingerprint


@pytest.mark.parametrize(
    ("at", "row"),
    [
        (0, ("good good film three", "pos", "train")),
        (0, ("good good film one", "neg", "train")),
        (4, ("good day", "pos", "test")),
    ],
)
def test_another_text_label_or_part_is_another_fingerprint(tmp_path: Path, at: int, row: Row) -> None:
    rows = [*ROWS[:at], row, *ROWS[at + 1 :]]
    rows += [("good evening", "pos", "dev")] if at == 4 else []

    assert prepared_from(tmp_path, rows).fingerprint != prepared_from(tmp_path).fingerprint


def test_another_task_seed_or_class_order_is_another_fingerprint(tmp_path: Path) -> None:
    data = write(tmp_path, ROWS)
    turned = DataSpec("file", {"path": "a.csv", "positive": "neg"}, SPLIT)
    cache = tmp_path / "cache"

    fingerprints = {
        prepare(data, "binary", 0, tmp_path, cache).fingerprint,
        prepare(data, "binary", 1, tmp_path, cache).fingerprint,
        prepare(data, "multiclass", 0, tmp_path, cache).fingerprint,
        prepare(turned, "binary", 0, tmp_path, cache).fingerprint,
    }

    assert len(fingerprints) == 4


def test_what_was_dropped_left_out_or_is_skewed_is_said(tmp_path: Path) -> None:
    rows = [*ROWS, ROWS[0], ("x", "pos", "other"), *((f"more {n}", "pos", "train") for n in range(40))]

    warnings = prepared_from(tmp_path, rows).warnings

    assert [warning.split()[:3] for warning in warnings] == [
        ["1", "row", "in"],
        ["1", "row", "dropped:"],
        ["94%", "of", "the"],
    ]


def test_declarations_without_sense_are_refused(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    options = {"path": "a.csv", "positive": "pos"}

    with pytest.raises(DataError, match="positive: 'pos' has no meaning in task multiclass"):
        prepare(DataSpec("file", options, SPLIT), "multiclass", 0, tmp_path, tmp_path / "cache")
    with pytest.raises(DataError, match=r"unknown source 'flie'; did you mean 'file'\?"):
        prepare(DataSpec("flie"), "binary", 0, tmp_path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_words_are_those_of_training_by_frequency_then_alphabet(tmp_path: Path) -> None:
    dataset = encode(prepared_from(tmp_path), "light")

    assert dataset.words == ["film", "good", "one", "bad", "two"]
    assert sorted(words_in(dataset, dataset.train)) == [
        ["bad", "film", "one"],
        ["good", "film", "two"],
        ["good", "good", "film", "one"],
    ]
    assert sorted(words_in(dataset, dataset.validation)) == [["?", "film"], ["good", "?"]]


def test_labels_stay_with_their_texts(tmp_path: Path) -> None:
    dataset = encode(prepared_from(tmp_path), "light")

    for part in (dataset.train, dataset.test):
        for words, label in zip(words_in(dataset, part), part.labels, strict=True):
            assert dataset.classes[label] == ("neg" if "bad" in words else "pos")


def test_arrays_are_mapped_from_disk_and_cannot_be_written(tmp_path: Path) -> None:
    dataset = encode(prepared_from(tmp_path), "moderate")

    for part in (dataset.train, dataset.validation, dataset.test):
        for array, dtype in ((part.ids, np.int32), (part.offsets, np.int64), (part.labels, np.int32)):
            assert isinstance(array, np.memmap)
            assert array.dtype == dtype
            assert not array.flags.writeable


def test_each_cleaning_level_has_a_key_of_its_own_and_is_encoded_once(tmp_path: Path) -> None:
    prepared = prepared_from(tmp_path)

    light, moderate = encode(prepared, "light"), encode(prepared, "moderate")
    made = (light.directory / "meta.json").stat().st_mtime_ns

    assert light.key == light.directory.name != moderate.key
    assert encode(prepared, "light").key == light.key
    assert (light.directory / "meta.json").stat().st_mtime_ns == made
    assert open_dataset(light.directory).classes == ("neg", "pos")


def test_a_damaged_dataset_is_refused_by_workers_and_encoded_again_by_the_coordinator(tmp_path: Path) -> None:
    prepared = prepared_from(tmp_path)
    directory = encode(prepared, "light").directory
    ids = directory / "train.ids.npy"
    ids.write_bytes(ids.read_bytes()[:-4])

    with pytest.raises(DataError, match=r"train\.ids\.npy is cut short; run the study again"):
        open_dataset(directory)
    assert encode(prepared, "light").train.n_texts == 3


def test_a_text_without_words_counts_as_one_unknown_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [("the and", "neg", "train"), *ROWS, ("it was", "pos", "dev")]

    with caplog.at_level(logging.WARNING):
        dataset = encode(prepared_from(tmp_path, rows), "aggressive")

    assert ["?"] in words_in(dataset, dataset.train)
    assert ["?"] in words_in(dataset, dataset.validation)
    assert dataset.train.n_texts == 4
    assert "1 train texts have no words after cleaning 'aggressive'" in caplog.text


def test_training_texts_without_any_word_are_refused(tmp_path: Path) -> None:
    rows = [("...", "pos", "train"), ("---", "neg", "train"), *ROWS[3:]]

    with pytest.raises(DataError, match="no words are left of the training texts after cleaning 'moderate'"):
        encode(prepared_from(tmp_path, rows), "moderate")
