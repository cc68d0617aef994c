"""Texts that only cleaning makes equal are counted where they stand on two sides."""

from __future__ import annotations

from pathlib import Path

from tests.unit.data.parted import prepared_from
from tuner.data.encode import encode
from tuner.data.shared import shared_texts, told_of_shared_texts
from tuner.data.values import EncodedDataset

ROWS = [
    ("Good film one", "pos", "train"),
    ("bad film two", "neg", "train"),
    ("... ??? -", "neg", "train"),
    ("GOOD film - one!", "pos", "dev"),
    ("good film: one", "pos", "dev"),
    ("bad film", "neg", "dev"),
    ("Bad film two.", "neg", "test"),
    ("bad film three", "neg", "test"),
    ("---", "pos", "test"),
]


def datasets(folder: Path, *levels: str) -> dict[str, EncodedDataset]:
    prepared = prepared_from(folder, ROWS)
    return {level: encode(prepared, level) for level in levels}


def test_texts_with_exactly_the_words_of_a_training_text_are_counted(tmp_path: Path) -> None:
    found = datasets(tmp_path, "light", "moderate")

    assert shared_texts(found["light"]) == {"validation": 0, "test": 0}
    # "GOOD film - one!" has a word more; unknown words and texts without any word are no match.
    assert shared_texts(found["moderate"]) == {"validation": 1, "test": 1}


def test_the_level_that_shares_most_is_told_in_one_line(tmp_path: Path) -> None:
    assert told_of_shared_texts(datasets(tmp_path, "light")) == ""
    told = told_of_shared_texts(datasets(tmp_path, "light", "moderate"))
    assert told.startswith(
        "with cleaning 'moderate' 1 of 3 validation and 1 of 3 test texts are word for word texts of the"
    )
    assert "\n" not in told
