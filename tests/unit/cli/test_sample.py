"""`tuner check --sample`: texts at each level, marked where models do not see them; nothing is left."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tuner.cli import main

HEAD = """\
data: {source: file, path: reviews.jsonl, split: {train: 0.6, validation: 0.2, test: 0.2}}
task: binary
"""
LONG = "The FILM <br /> wasn't " + " ".join(f"word{index}" for index in range(60))

Checked = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty texts of which each training text is LONG with a number of its own, in the working folder."""
    (tmp_path / "work").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    write(tmp_path / "work", [f"{LONG} rare{index}" for index in range(20)])
    return tmp_path / "work"


def write(folder: Path, texts: list[str], labels: tuple[str, str] = ("bad", "good")) -> None:
    rows = [json.dumps({"text": text, "label": labels[index % 2]}) for index, text in enumerate(texts)]
    (folder / "reviews.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture
def checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> Checked:
    """Check a space with a sample, which leaves no file; gives what was said on stdout, unwrapped."""

    def check(rest: str, count: int = 1, code: int = 0) -> str:
        (folder / "space.yaml").write_text(HEAD + rest, encoding="utf-8")
        capsys.readouterr()
        before = sorted(folder.iterdir())

        assert main(["check", "space.yaml", "--sample", str(count)]) == code

        assert sorted(folder.iterdir()) == before
        assert list((folder.parent / "temporary").iterdir()) == []
        captured = capsys.readouterr()
        return re.sub(r"\s+", " ", captured.out if code == 0 else captured.err)

    return check


def test_every_level_that_a_trial_can_ask_for_is_shown_below_the_text_as_it_is(checked: Checked) -> None:
    said = checked("fixed: {family: lstm, sequence_length: 100}\nspace: {cleaning: [light, moderate]}\n")

    assert "as it is The FILM <br /> wasn't word0" in said
    assert "light 64 words, 64 read, 0 outside the vocabulary The FILM wasn't word0" in said
    assert "moderate 65 words, 65 read, 0 outside the vocabulary the film was n't word0" in said
    assert "aggressive" not in said.split("text 1 of 1")[1]


def test_words_outside_the_largest_vocabulary_are_marked(checked: Checked) -> None:
    said = checked(
        "fixed: {family: lstm, cleaning: light, sequence_length: 5}\n"
        "space: {vocabulary_size: {low: 3, high: 64}}\n"
    )

    # 63 words are in every text; of them word9 is the last in the alphabet, and 62 have an id below 64.
    assert "64 words, 5 read, 63 to 2 outside the vocabulary" in said
    assert "FILM wasn't word0" in said
    assert "word8 [word9] word10" in said
    assert "vocabulary_size 3: words outside it 98.4%" in said


def test_what_lies_beyond_the_longest_reading_is_parted_off(checked: Checked) -> None:
    said = checked("fixed: {family: lstm, cleaning: light}\nspace: {sequence_length: {low: 5, high: 50}}\n")

    assert "64 words, 5 to 50 read" in said
    assert "The FILM wasn't word0 word1" in said
    assert "... 2 more words ... word39" in said
    assert "word46 | word47" in said
    assert "sequence_length 5: texts that are cut 100.0%" in said
    assert f"sequence_length 50: words that are not read {14 / 64:.1%}" in said


def test_a_text_of_which_the_end_is_read_is_shown_from_its_end(checked: Checked) -> None:
    said = checked(
        "fixed: {family: lstm, cleaning: light, sequence_length: 10, keep: end}\nspace: {units: [2, 4]}\n"
    )

    assert re.search(
        r"light 64 words, 10 read, 0 outside the vocabulary \.\.\. 24 more words \.\.\. word21", said
    )
    assert re.search(r"word50 \| word51 .* rare\d+ \[word\]", said)


def test_where_either_end_may_be_read_nothing_is_parted_off(checked: Checked) -> None:
    said = checked("fixed: {family: lstm, sequence_length: 10}\nspace: {keep: [start, end]}\n")

    assert "10 read" in said
    assert " | " not in said


def test_families_without_word_order_show_words_alone(checked: Checked) -> None:
    said = checked("fixed: {family: tfidf_dense, cleaning: aggressive}\nspace: {dense_units: [2, 4]}\n")

    assert re.search(r"aggressive 6\d words film n't word0", said)
    assert "vocabulary" not in said
    assert "sequence_length" not in said


def test_texts_are_drawn_by_the_seed(checked: Checked) -> None:
    def drawn(seed: int) -> list[str]:
        return re.findall(
            r"text \d of 3, label \w+", checked(f"space: {{units: [2, 4]}}\nseed: {seed}\n", 3)
        ) + (
            re.findall(
                r"rare\d+", checked(f"fixed: {{keep: end}}\nspace: {{units: [2, 4]}}\nseed: {seed}\n", 3)
            )
        )

    first = drawn(1)
    assert len(first) == 6
    assert drawn(1) == first
    assert drawn(2) != first


def test_what_texts_hold_reaches_the_terminal_as_characters_only(folder: Path, checked: Checked) -> None:
    planted = "\x1b]0;owned\x07\x1b[31m[bold red]film[/] \x9b2J \u202e \r\n{} end"
    write(folder, [planted.replace("{}", f"no{index}") for index in range(20)], ("b\x1b[1m", "g\x07"))

    said = checked("space: {cleaning: [light, moderate]}\n", 3)

    assert said.replace("\n", "").isprintable()
    assert r"\x1b]0;owned\x07\x1b[31m[bold red]film[/]" in said
    assert r"label b\x1b[1m" in said or r"label g\x07" in said


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("", "the positive class is '1'; `positive: \"2\"` in `data` makes it '2'\n"),
        ('positive: "2", ', "the positive class is '2'; `positive: \"1\"` in `data` makes it '1'\n"),
        ("threshold: 2, ", "the positive class is 'at least 2'\n"),
    ],
)
def test_the_positive_class_is_named_and_how_to_have_the_other(
    option: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, [f"{LONG} rare{index}" for index in range(20)], ("1", "2"))
    head = HEAD.replace("split:", f"{option}split:")
    (folder / "space.yaml").write_text(head + "space: {units: [2, 4]}\n", encoding="utf-8")

    assert main(["check", "space.yaml", "--sample", "1"]) == 0

    assert f"space.yaml: {told}" in capsys.readouterr().err


def test_more_texts_than_there_are_is_all_of_them(checked: Checked) -> None:
    assert "text 12 of 12" in checked("space: {units: [2, 4]}\n", 50)


def test_vectors_that_know_little_are_warned_about(
    folder: Path, checked: Checked, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "vectors.txt").write_text("the 1 2\nfilm 1 2\n", encoding="utf-8")
    (folder / "space.yaml").write_text(
        HEAD + "fixed: {family: lstm, embedding: glove, vectors_path: vectors.txt}\nspace: {units: [2, 4]}\n",
        encoding="utf-8",
    )

    assert main(["check", "space.yaml", "--sample", "1"]) == 0

    assert "warning: embedding glove: " in capsys.readouterr().err


def test_texts_that_a_cleaning_level_makes_equal_on_two_sides_are_counted(
    folder: Path, checked: Checked, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"some words and one more {number}" for number in range(20)]
    write(folder, [*words, *(text.upper() for text in words)])
    (folder / "space.yaml").write_text(HEAD + "space: {units: [2, 4]}\n", encoding="utf-8")

    assert main(["check", "space.yaml", "--sample", "1"]) == 0

    assert re.search(
        r"space.yaml: with cleaning 'moderate' \d+ of \d+ validation and", capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("rest", "code", "told"),
    [
        ("fixed: {family: lstm, embedding: glove, vectors_path: bad.txt}\n", 2, "bad.txt:2: found 1 values"),
        ("fixed: {family: lstm, embedding: glove, vectors_path: no.txt}\n", 2, "no.txt: No such file"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    rest: str, code: int, told: str, folder: Path, checked: Checked
) -> None:
    (folder / "bad.txt").write_text("the 1 2\nfilm 1\n", encoding="utf-8")

    assert told in checked(rest + "space: {units: [2, 4]}\n", code=code)


def test_missing_data_end_in_3(folder: Path, checked: Checked) -> None:
    (folder / "reviews.jsonl").unlink()

    assert "reviews.jsonl" in checked("space: {units: [2, 4]}\n", code=3)
