"""Who is in training, validation and test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from tuner.data.splits import (
    PARTS,
    assign,
    assign_numbers,
    column_ranks,
    keep_declared_rows,
    require_classes,
    require_spread,
)
from tuner.data.values import TextTable
from tuner.errors import DataError
from tuner.spec.values import SplitSpec

CLASSES = ("a", "b")


def table(n_texts: int, split: Sequence[str] | None = None) -> TextTable:
    return TextTable(
        texts=[f"text {number}" for number in range(n_texts)],
        labels=[CLASSES[number % 2] for number in range(n_texts)],
        split=split,
        rows=range(1, n_texts + 1),
        origin="a.csv",
    )


def parts_of(data: TextTable, split: SplitSpec, seed: int = 0) -> list[str]:
    labels = np.array([CLASSES.index(label) for label in data.labels], np.int32)
    return [PARTS[rank] if rank >= 0 else "" for rank in assign(data, labels, CLASSES, split, seed)]


def test_fractions_that_sum_to_one_use_every_text() -> None:
    assert Counter(parts_of(table(101), SplitSpec())) == {"train": 71, "validation": 15, "test": 15}


def test_smaller_shares_leave_texts_unused() -> None:
    counts = Counter(parts_of(table(100), SplitSpec(40, 0.1, 0.2)))

    assert counts == {"train": 40, "validation": 10, "test": 20, "": 30}


def test_each_part_has_the_classes_in_their_proportion() -> None:
    data = table(40)
    parts = parts_of(data, SplitSpec(20, 10, 10))

    for part in PARTS:
        labels = [label for label, own in zip(data.labels, parts, strict=True) if own == part]
        assert labels.count("a") == labels.count("b")


def test_a_rare_class_has_one_text_in_every_part() -> None:
    data = TextTable([f"t{n}" for n in range(100)], ["a"] * 97 + ["b"] * 3, None, range(100), "a.csv")

    parts = parts_of(data, SplitSpec(0.8, 0.1, 0.1))

    assert sorted(parts[97:]) == ["test", "train", "validation"]


def test_the_seed_changes_the_draw_and_only_it() -> None:
    split = SplitSpec(20, 10, 10)

    assert parts_of(table(40), split, 1) == parts_of(table(40), split, 1)
    assert parts_of(table(40), split, 1) != parts_of(table(40), split, 2)


def test_another_training_size_leaves_test_and_validation_as_they_are() -> None:
    few, many = (parts_of(table(100), SplitSpec(train, 10, 10)) for train in (20, 60))

    for part in ("test", "validation"):
        assert [own == part for own in few] == [own == part for own in many]


def test_the_column_says_where_a_text_goes() -> None:
    data = table(6, ["train", "valid", "test", "train", "dev", "test"])

    parts = parts_of(data, SplitSpec("train", ("valid", "dev"), "test", "split"))

    assert parts == ["train", "validation", "test", "train", "validation", "test"]


def test_a_number_is_drawn_out_of_the_columns_training_part() -> None:
    data = table(60, ["train"] * 40 + ["test"] * 20)

    parts = parts_of(data, SplitSpec("train", 0.25, "test", "split"))

    assert Counter(parts[:40]) == {"train": 30, "validation": 10}
    assert set(parts[40:]) == {"test"}


def test_rows_of_no_declared_value_are_left_out_and_counted() -> None:
    data = table(4, ["train", "unsupervised", "", "test"])

    kept, warnings = keep_declared_rows(data, SplitSpec("train", 0.2, "test", "split"))

    assert kept.texts == ["text 0", "text 3"]
    assert warnings == ("2 rows in no part: column 'split' has 'unsupervised' (1), '' (1)",)


def test_with_every_value_declared_nothing_is_left_out() -> None:
    data = table(2, ["train", "test"])

    assert keep_declared_rows(data, SplitSpec("train", 0.2, "test", "split")) == (data, ())


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (SplitSpec(0.7, 0.2, "test", "s"), r"train: 0\.7 is no value of column 's'; .*'train' \(1\)"),
        (SplitSpec("trian", 0.2, "test", "s"), r"train: no text has 'trian'; .*did you mean 'train'\?"),
        (SplitSpec("train", "train", "test", "s"), "'train' is declared as both train and validation"),
    ],
)
def test_parts_that_the_column_does_not_have_are_refused(split: SplitSpec, message: str) -> None:
    with pytest.raises(DataError, match=message):
        keep_declared_rows(table(2, ["train", "test"]), split)


def test_a_value_without_a_column_is_refused() -> None:
    with pytest.raises(DataError, match="validation: 'dev' names a value, but no column is declared"):
        keep_declared_rows(table(2), SplitSpec(0.5, "dev", 0.2))


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (SplitSpec(8, 4, 4), r"split asks for 16 texts \(test 4, validation 4, train 8\), but there are 10"),
        (SplitSpec(0.8, 0.2, 0.2), "split asks for 12 texts"),
        (SplitSpec(6, 1, 2), "validation takes 1 text, expected at least 2, one of each class"),
        (SplitSpec(0.8, 0.01, 0.1), "test takes 1 text, expected at least 2"),
        (SplitSpec(0, 4, 4), "train: 0 is neither a fraction"),
        (SplitSpec(1.5, 0.1, 0.1), r"train: 1\.5 is neither a fraction"),
        (SplitSpec(float("nan"), 0.1, 0.1), "train: nan is neither"),
        (SplitSpec(-3, 4, 4), "train: -3 is neither"),
    ],
)
def test_shares_that_cannot_be_had_are_refused(split: SplitSpec, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parts_of(table(10), split)


def test_a_class_too_small_for_its_parts_is_named_with_its_count() -> None:
    data = TextTable([f"t{n}" for n in range(10)], ["a"] * 8 + ["b"] * 2, None, range(10), "a.csv")

    with pytest.raises(DataError, match="class 'b' has 2 texts to draw from, expected at least 3"):
        parts_of(data, SplitSpec(4, 3, 3))


def test_a_draw_may_not_use_up_the_columns_training_part() -> None:
    data = table(20, ["train"] * 10 + ["test"] * 10)

    with pytest.raises(DataError, match="split leaves 1 text for training, expected at least 2"):
        parts_of(data, SplitSpec("train", 9, "test", "s"))


def test_a_wrong_column_with_a_value_a_row_is_told_at_once() -> None:
    names = [f"id {number}" for number in range(200_000)]

    with pytest.raises(DataError, match=r"train: no text has 'train'; .* and 199995 more"):
        keep_declared_rows(table(len(names), names), SplitSpec("train", 0.1, 0.1, "s"))


def test_declared_values_have_the_index_of_their_part() -> None:
    assert column_ranks(SplitSpec("t", ("v", "d"), 0.2, "s")) == {"t": 0, "v": 1, "d": 1}
    assert column_ranks(SplitSpec()) == {}


def test_parts_without_a_class_are_refused_or_pointed_out() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1], np.int32)
    parts = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    names = ("a", "b", "c")

    assert require_classes(parts, labels, names, "x") == ("x: the test part has 2 texts but none of 'c'",)
    with pytest.raises(DataError, match="the train part has 2 texts but none of 'c'"):
        require_classes(2 - parts, labels, names, "x")
    with pytest.raises(DataError, match="the test part has 1 text but none of 'b'"):
        require_classes(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 0], np.int32), CLASSES, "x")


@pytest.mark.parametrize("part", [1, 2])
def test_a_part_of_one_class_out_of_several_is_refused_for_nothing_can_be_measured_on_it(part: int) -> None:
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 0], np.int32)
    parts = np.array([0, 0, 0, 3 - part, 3 - part, 3 - part, part, part])

    with pytest.raises(DataError, match=f"the {PARTS[part]} part has 2 texts but none of 'b', 'c'"):
        require_classes(parts, labels, ("a", "b", "c"), "x")


def drawn(numbers: Sequence[float], split: SplitSpec, seed: int = 0) -> tuple[list[str], tuple[str, ...]]:
    parts, remarks = assign_numbers(table(len(numbers)), np.array(numbers, np.float32), split, seed)
    return [PARTS[rank] if rank >= 0 else "" for rank in parts], remarks


def test_numbers_are_spread_over_the_parts_by_their_tenths() -> None:
    numbers = [float(number) for number in range(200)]

    parts, remarks = drawn(numbers, SplitSpec(0.6, 0.2, 0.2))

    assert remarks == ()
    for tenth in range(10):
        assert Counter(parts[tenth * 20 : (tenth + 1) * 20]) == {"train": 12, "validation": 4, "test": 4}


def test_equal_numbers_are_one_bin_however_many_there_are() -> None:
    parts, _ = drawn([5.0] * 60 + [1.0] * 20 + [3.0] * 20, SplitSpec(0.6, 0.2, 0.2))

    for first, last in ((0, 60), (60, 80), (80, 100)):
        assert parts[first:last].count("test") == (last - first) // 5


def test_few_texts_are_drawn_from_fewer_bins() -> None:
    parts, remarks = drawn([float(number) for number in range(30)], SplitSpec(20, 5, 5))

    assert remarks == ()
    for fifth in range(5):
        assert Counter(parts[fifth * 6 : (fifth + 1) * 6]) == {"train": 4, "validation": 1, "test": 1}


def test_too_few_texts_for_bins_are_drawn_plainly_and_this_is_said() -> None:
    parts, remarks = drawn([1.0, 2.0, 2.0, 2.0, 2.0, 2.0], SplitSpec(2, 2, 2))

    assert Counter(parts) == {"train": 2, "validation": 2, "test": 2}
    assert remarks == ("too few texts to draw the parts by label: they are drawn without regard to it",)


def test_a_draw_by_number_takes_from_the_columns_training_part_only() -> None:
    data = table(60, ["train"] * 40 + ["test"] * 20)

    parts, _ = assign_numbers(
        data, np.arange(60, dtype=np.float32), SplitSpec("train", 0.25, "test", "split"), 0
    )

    assert Counter(parts[:40].tolist()) == {0: 30, 1: 10}
    assert set(parts[40:].tolist()) == {2}


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (SplitSpec(6, 1, 3), "split: validation gets 1 text, expected at least 2; give that part a larger"),
        (SplitSpec(0.8, 0.01, 0.1), "test gets 1 text"),
        (SplitSpec(8, 4, 4), "split asks for 16 texts"),
    ],
)
def test_shares_too_small_for_numbers_are_refused(split: SplitSpec, message: str) -> None:
    with pytest.raises(DataError, match=message):
        drawn([float(number) for number in range(10)], split)


def test_a_part_whose_numbers_are_all_the_same_is_refused() -> None:
    parts = np.array([0, 0, 1, 1, 2, 2])

    require_spread(parts, np.array([1, 2, 1, 2, 1, 2], np.float32), "a.csv")
    with pytest.raises(DataError, match=r"a\.csv: the test part has 2 texts, all with the label 7"):
        require_spread(parts, np.array([1, 2, 1, 2, 7, 7], np.float32), "a.csv")
    with pytest.raises(DataError, match="the test part has 0 texts, expected at least 2"):
        require_spread(parts % 2, np.array([1, 2, 2, 1, 1, 2], np.float32), "a.csv")
