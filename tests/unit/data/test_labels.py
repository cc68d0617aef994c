"""Which rows are refused, which dropped, and which class has which index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tuner.data.labels import MAX_CLASSES, class_names, drop_duplicates, require_complete, skew
from tuner.data.values import TextTable
from tuner.errors import DataError


def table(texts: Sequence[str], labels: Sequence[str], split: Sequence[str] | None = None) -> TextTable:
    return TextTable(texts, labels, split, range(2, len(texts) + 2), "a.csv")


def labelled(*labels: str) -> TextTable:
    return table([f"text {number}" for number in range(len(labels))], labels)


def test_texts_come_out_normalised() -> None:
    assert require_complete(table(["a<br />b"], ["x"])).texts == ["a b"]


@pytest.mark.parametrize("empty", ["", " \n", "<br />", "nan"])
def test_empty_texts_are_refused_with_their_rows(empty: str) -> None:
    with pytest.raises(DataError, match=r"a\.csv: an empty text in rows 3, 4, of 3 rows"):
        require_complete(table(["a", empty, empty], ["x", "y", "z"]))


def test_missing_labels_are_refused_and_at_most_five_rows_named() -> None:
    with pytest.raises(DataError, match="no label in rows 2, 3, 4, 5, 6 and 17 more"):
        require_complete(table(["a"] * 22, [""] * 22))
    with pytest.raises(DataError, match="no label in row 3, of 2 rows"):
        require_complete(table(["a", "b"], ["x", "NaN"]))


def test_copies_with_the_same_label_are_kept_once() -> None:
    unique = drop_duplicates(table(["a", "b", "a"], ["x", "y", "x"]), {})

    assert unique.table.texts == ["a", "b"]
    assert list(unique.table.rows) == [2, 3]
    assert unique.warnings == ("1 row dropped: the text stands in the data already",)


def test_copies_that_contradict_each_other_are_all_dropped() -> None:
    unique = drop_duplicates(table(["a", "b", "a"], ["x", "y", "z"]), {})

    assert unique.table.texts == ["b"]
    assert unique.warnings == ("2 rows dropped: the same text has another label elsewhere: rows 2, 4",)


def test_a_text_in_several_parts_stays_in_the_test_part() -> None:
    split = ["train", "test", "dev", "train"]
    ranks = {"train": 0, "dev": 1, "test": 2}

    unique = drop_duplicates(table(["a", "a", "a", "b"], ["x"] * 4, split), ranks)

    assert unique.table.texts == ["a", "b"]
    assert unique.table.split == ["test", "train"]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (("pos", "neg"), ("neg", "pos")),
        (("Positive", "negative"), ("negative", "Positive")),
        (("1", "0"), ("0", "1")),
        (("yes", "zero"), ("zero", "yes")),
        (("true", "false"), ("false", "true")),
        (("ham", "spam"), ("ham", "spam")),
        (("10", "9"), ("9", "10")),
        (("yes", "true"), ("true", "yes")),
    ],
)
def test_class_1_is_the_positive_name_else_the_later(labels: Sequence[str], classes: tuple[str]) -> None:
    assert class_names(labelled(*labels, *labels), "binary") == classes


def test_the_declared_positive_label_is_class_1() -> None:
    assert class_names(labelled("pos", "neg"), "binary", "neg") == ("pos", "neg")
    with pytest.raises(DataError, match="positive: 'good' is not a label; the labels are 'neg' and 'pos'"):
        class_names(labelled("pos", "neg"), "binary", "good")


def test_several_classes_are_in_order_numbers_by_value() -> None:
    assert class_names(labelled("c", "a", "b", "a"), "multiclass") == ("a", "b", "c")
    assert class_names(labelled("10", "9", "1", "9"), "multiclass") == ("1", "9", "10")
    assert class_names(labelled("b", "a"), "multiclass") == ("a", "b")


def test_one_class_only_is_refused() -> None:
    with pytest.raises(DataError, match="only one label, 'x'; two or more"):
        class_names(labelled("x", "x"), "binary")
    with pytest.raises(DataError, match="no texts are left"):
        class_names(labelled(), "binary")


def test_more_than_two_classes_are_no_binary_task() -> None:
    with pytest.raises(
        DataError,
        match=r"3 labels, but task binary takes two: 'a' \(2\), 'B' \(1\), 'b' \(1\); 'b' stands in row 5; "
        r"declare `task: multiclass`; or are 'B' and 'b' the same\?",
    ):
        class_names(labelled("a", "a", "B", "b"), "binary")


@pytest.mark.parametrize("count", [3, MAX_CLASSES + 1])
def test_labels_that_never_repeat_are_taken_for_free_text(count: int) -> None:
    numbers = [str(number) for number in range(count)]
    repeated = [*numbers, "0"] if count > MAX_CLASSES else numbers

    with pytest.raises(DataError, match=f"{count} different labels on .* free text or a measured number"):
        class_names(labelled(*repeated), "multiclass")


def test_a_class_with_nine_texts_of_ten_is_pointed_out() -> None:
    assert skew(np.array([89, 11]), ("a", "b")) == ()
    assert "95% of the texts are of class 'b'" in skew(np.array([5, 95]), ("a", "b"))[0]
