"""From a declaration to mapped arrays: fingerprint, kept copy, vocabulary, ids."""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from tests.unit.data.parted import ROWS, SPLIT, Row, prepared_from, write
from tuner.data.encode import encode, find_prepared, open_dataset, prepare
from tuner.data.prepare import read_texts
from tuner.data.values import EncodedDataset, Part
from tuner.errors import DataError, NotFoundError
from tuner.spec.values import DataSpec, SplitSpec, Task, Value


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


def rated(folder: Path, last: str = "6.0", **options: Value) -> DataSpec:
    """Declare a file of 60 ratings from 1 to 6, the last of them written with a point."""
    lines = ["text,rating", *(f"film number {n},{n % 6 + 1}" for n in range(59)), f"the last,{last}"]
    (folder / "ratings.csv").write_text("\n".join(lines), encoding="utf-8")
    return DataSpec("file", {"path": "ratings.csv", "label": "rating", **options}, SplitSpec(0.6, 0.2, 0.2))


def test_the_numbers_of_a_regression_reach_the_arrays(tmp_path: Path) -> None:
    prepared = prepare(rated(tmp_path), "regression", 0, tmp_path, tmp_path / "cache")
    dataset = encode(prepared, "light")

    assert prepared.classes == dataset.classes == ()
    assert prepared.counts == {"train": (36,), "validation": (12,), "test": (12,)}
    assert prepared.sizes == {"train": 36, "validation": 12, "test": 12}
    assert find_prepared(prepared.fingerprint, tmp_path / "cache") == prepared
    assert dataset.task == "regression"
    assert dataset.train.labels.dtype == np.float32
    assert sorted(dataset.test.labels.tolist()) == sorted([1.0, 2.0, 3.0, 4.0, 5.0, 6.0] * 2)


def test_a_rating_that_is_a_word_leaves_nothing_behind(tmp_path: Path) -> None:
    data = rated(tmp_path)
    path = tmp_path / "ratings.csv"
    path.write_text(path.read_text().replace("film number 15,4", "film number 15,good"))

    for task, options in (("regression", {}), ("binary", {"threshold": 4})):
        declared = replace(data, options={**data.options, **options})
        with pytest.raises(DataError, match=r"ratings\.csv:17: rating 'good': expected a number"):
            prepare(declared, cast("Task", task), 0, tmp_path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_threshold_makes_two_classes_of_numbers(tmp_path: Path) -> None:
    prepared = prepare(rated(tmp_path, threshold=5), "binary", 0, tmp_path, tmp_path / "cache")

    assert prepared.classes == ("below 5", "at least 5")
    assert prepared.counts == {"train": (24, 12), "validation": (8, 4), "test": (8, 4)}
    assert encode(prepared, "light").train.labels.dtype == np.int32


def test_copies_on_one_side_of_the_threshold_do_not_contradict_each_other(tmp_path: Path) -> None:
    data = rated(tmp_path, threshold=4)
    with (tmp_path / "ratings.csv").open("a") as file:
        file.write("\nfilm number 5,5\nfilm number 0,6\n")  # they stand there with 6 and with 1

    warnings = prepare(data, "binary", 0, tmp_path, tmp_path / "cache").warnings

    assert [warning[:14] for warning in warnings] == ["1 row dropped:", "2 rows dropped"]


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        ("regression", {"threshold": 4}, "threshold: '4' has no meaning in task regression"),
        ("multiclass", {"threshold": 4}, "threshold: '4' has no meaning in task multiclass"),
        ("regression", {"positive": "6"}, "positive: '6' has no meaning in task regression"),
        (
            "binary",
            {"positive": "6", "threshold": 4},
            "positive: '6' beside a threshold, expected one of them",
        ),
    ],
)
def test_positive_and_threshold_out_of_place_are_refused(
    tmp_path: Path, task: Task, options: dict[str, Value], said: str
) -> None:
    declared = rated(tmp_path)
    declared = replace(declared, options={**declared.options, **options})

    with pytest.raises(DataError, match=said):
        prepare(declared, task, 0, tmp_path, tmp_path / "cache")


def test_the_same_numbers_as_classes_or_for_a_regression_are_other_data(tmp_path: Path) -> None:
    fingerprints = {
        prepare(rated(tmp_path, "6"), task, 0, tmp_path, tmp_path / "cache").fingerprint
        for task in ("multiclass", "regression")
    } | {
        prepare(rated(tmp_path, "6", threshold=at), "binary", 0, tmp_path, tmp_path / "cache").fingerprint
        for at in (3, 4)
    }

    assert len(fingerprints) == 4
