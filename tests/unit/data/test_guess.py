"""What a file seems to hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tuner.data.guess import guess
from tuner.errors import DataError, NotFoundError
from tuner.spec.values import SplitSpec


def write(folder: Path, header: str, rows: list[str], name: str = "a.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("\n".join([header, *rows]).encode(encoding))
    return path


def reviews(n_texts: int, labels: tuple[str, ...] = ("neg", "pos")) -> list[str]:
    return [f"{n},this is a review number {n},{labels[n % len(labels)]}" for n in range(n_texts)]


def test_columns_task_and_sizes_are_guessed_and_reasons_given(tmp_path: Path) -> None:
    found = guess(write(tmp_path, "id,review_text,Sentiment", reviews(300)))

    assert (found.format, found.text, found.label) == ("csv", "review_text", "Sentiment")
    assert (found.task, found.class_counts) == ("binary", {"neg": 150, "pos": 150})
    assert (found.split_column, found.split) == (None, SplitSpec())
    assert (found.mean_length, found.p95_length) == (6.0, 6)
    assert (found.sequence_length, found.vocabulary_size) == (10, 1000)
    assert found.warnings == ()
    (note,) = (note for note in found.notes if note.startswith("task binary: two labels; 'pos' is class 1"))
    assert note.endswith("the positive one; `positive: \"neg\"` below `label` makes it 'neg'")
    assert any("its name says so" in note for note in found.notes)


def test_several_labels_are_multiclass(tmp_path: Path) -> None:
    found = guess(write(tmp_path, "id,text,stars", reviews(300, ("2", "10", "1"))))

    assert found.task == "multiclass"
    assert list(found.class_counts) == ["1", "2", "10"]
    (note,) = (note for note in found.notes if note.startswith("task "))
    assert note == (
        "task multiclass: 3 different numbers from 1 to 10, whose order plays no role then; "
        "`task: regression` predicts the number itself, `task: binary` with `threshold: 2` tells high "
        "from low ones"
    )


@pytest.mark.parametrize(
    ("labels", "task"),
    [
        (tuple(str(n) for n in range(10)), "multiclass"),
        (tuple(str(n) for n in range(11)), "regression"),
        (tuple(f"{n / 2}" for n in range(2, 11)), "regression"),
        (("1", "2", "none"), "multiclass"),
    ],
)
def test_many_numbers_or_some_that_are_not_whole_are_a_regression(
    tmp_path: Path, labels: tuple[str, ...], task: str
) -> None:
    assert guess(write(tmp_path, "id,text,stars", reviews(330, labels))).task == task


def test_a_regression_is_told_by_its_span(tmp_path: Path) -> None:
    rows = [f"this is a text number {n},{n * 1.5}" for n in range(300)]

    found = guess(write(tmp_path, "text,rating", rows))

    assert (found.label, found.task, found.class_counts) == ("rating", "regression", {})
    assert found.numbers == (0.0, 224.25, 448.5)
    assert any(
        "300 different numbers from 0 to 448.5; `task: binary` with `threshold: 225`" in n
        for n in found.notes
    )


@pytest.mark.parametrize(
    ("labels", "told"),
    [(("1", "2"), '`positive: "2"`'), (("5", "1"), '`positive: "5"`'), (("0", "1"), ""), (("-1", "1"), "")],
)
def test_of_stars_the_smaller_number_as_positive_class_is_warned_about(
    labels: tuple[str, str], told: str, tmp_path: Path
) -> None:
    found = guess(write(tmp_path, "id,text,stars", reviews(300, labels)))

    assert list(found.class_counts)[1] == "1"
    assert [warning[-len(told) :] for warning in found.warnings] == ([told] if told else [])


def test_without_a_known_name_the_label_has_the_fewest_values(tmp_path: Path) -> None:
    rows = [f"a longer text {n},{n % 7},{'ab'[n % 2]}" for n in range(300)]

    found = guess(write(tmp_path, "one,two,three", rows))

    assert (found.text, found.label) == ("one", "three")
    assert any("fewest different values; 2 different values; 'two' would do too" in n for n in found.notes)


@pytest.mark.parametrize(
    ("values", "split"),
    [
        (("train", "valid", "test"), SplitSpec("train", "valid", "test", "fold")),
        (("train", "Dev"), SplitSpec("train", "Dev", 0.15, "fold")),
        (("training", "test"), SplitSpec("training", 0.15, "test", "fold")),
        (("train", "val", "dev", "test"), SplitSpec("train", ("dev", "val"), "test", "fold")),
    ],
)
def test_a_split_column_is_known_by_its_values(
    tmp_path: Path, values: tuple[str, ...], split: SplitSpec
) -> None:
    rows = [f"a review of things {n},{'xy'[n // 4 % 2]},{values[n % len(values)]}" for n in range(240)]

    found = guess(write(tmp_path, "text,label,fold", rows))

    assert found.split_column == "fold"
    assert found.split == split


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_seen(tmp_path: Path, separator: str) -> None:
    rows = [row.replace(",", separator) for row in reviews(300)]

    found = guess(write(tmp_path, separator.join(["id", "text", "label"]), rows))

    assert (found.separator, found.text) == (separator, "text")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "latin-1"])
def test_another_encoding_is_seen_and_said(tmp_path: Path, encoding: str) -> None:
    rows = [row + "\u00e9" for row in reviews(300)]
    if encoding == "latin-1":
        rows[0] += "\x81"

    found = guess(write(tmp_path, "id,text,label", rows, encoding=encoding))

    assert found.encoding == encoding
    assert any(f"encoding {encoding}" in note for note in found.notes)


def test_other_formats_are_looked_at_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [{"body": f"words of text {n}", "tags": ["t"], "spam": n % 2 == 0} for n in range(300)]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")

    found = guess(path)

    assert (found.format, found.text, found.label) == ("jsonl", "body", "spam")
    assert list(found.class_counts) == ["false", "true"]


def test_a_parquet_column_of_dates_out_of_range_is_passed_over(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "when": pa.array([2**62] * 300, pa.timestamp("us")),
        "text": [f"this is a review number {n}" for n in range(300)],
        "label": [n % 2 for n in range(300)],
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")

    found = guess(tmp_path / "a.parquet")

    assert (found.text, found.label, found.split_column) == ("text", "label", None)


def test_long_texts_are_cut_and_it_is_said(tmp_path: Path) -> None:
    rows = [f"{'word ' * 900}{n},{'ab'[n % 2]}" for n in range(40)]

    found = guess(write(tmp_path, "text,label", rows))

    assert found.sequence_length == 400
    assert any("which is slow" in note for note in found.notes)


def test_what_makes_results_doubtful_is_said(tmp_path: Path) -> None:
    rows = [
        *reviews(40, ("pos",)),
        "1,a text alone,neg",
        "2,,pos",
        "3,some more text,",
        reviews(1, ("pos",))[0],
    ]

    warnings = " | ".join(guess(write(tmp_path, "id,text,label", rows)).warnings)

    assert "no text or no label in rows 43, 44" in warnings
    assert "1 row dropped" in warnings
    assert "98% of the texts are of class 'pos'" in warnings
    assert "too few texts for three parts, of which each needs one: 'neg' (1)" in warnings
    assert "only 41 texts" in warnings


def test_columns_that_are_given_are_taken_whatever_they_look_like(tmp_path: Path) -> None:
    rows = [f"a longer text {n},word{n},{n % 60},{'xy'[n % 2]}" for n in range(300)]
    path = write(tmp_path, "text,word,grade,label", rows)

    found = guess(path, "word", "grade")
    assert (found.text, found.label, found.task) == ("word", "grade", "regression")
    assert (guess(path, text="word").label, guess(path, label="grade").text) == ("label", "text")


def test_a_given_column_that_cannot_be_used_is_refused_with_those_there_are(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label,same", [f"some words here {n},{'xy'[n % 2]},1" for n in range(30)])

    with pytest.raises(DataError, match="no column 'review'; --text: there are: text, label, same"):
        guess(path, "review")
    with pytest.raises(DataError, match="no column 'stars'; --label: there are: text, label, same"):
        guess(path, label="stars")
    with pytest.raises(DataError, match=r"labels in 'same' there are no two.*--text COLUMN --label COLUMN"):
        guess(path, label="same")
    with pytest.raises(DataError, match="'text' cannot be both the texts and the labels"):
        guess(path, "text", "text")


def test_a_file_without_texts_or_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"no column looks like texts; there are: a, b; .* name it: --text COLUMN"
    ):
        guess(write(tmp_path, "a,b", ["1,2", "3,4"]))
    with pytest.raises(
        DataError,
        match=r"no column looks like labels; .* numbers with a name such as rating; .* --label COLUMN",
    ):
        guess(write(tmp_path, "text,x", [f"some words here {n},{n}" for n in range(300)]))
    with pytest.raises(NotFoundError, match="no such file"):
        guess(tmp_path / "none.csv")


def test_a_file_whose_texts_all_contradict_themselves_or_lack_a_label_is_refused(tmp_path: Path) -> None:
    several = [f"the film number {n} was fine,{name}" for n in range(30) for name in ("drama", "comedy")]
    with pytest.raises(
        DataError, match=r"each stands in several rows .*; a text has one label: keep one row"
    ):
        guess(write(tmp_path, "text,label", several))

    apart = [f"the film number {n} was fine," for n in range(30)] + [f",{'ab'[n % 2]}" for n in range(30)]
    with pytest.raises(DataError, match="none of its 60 rows has both a text and a label; fill them in"):
        guess(write(tmp_path, "text,label", apart))
