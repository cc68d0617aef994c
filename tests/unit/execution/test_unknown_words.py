"""Texts of whose words next to nothing is known are told of before a study trains on them."""

from __future__ import annotations

import random
from pathlib import Path

from tuner.catalogue import CATALOGUE
from tuner.data.encode import prepare
from tuner.execution.launch import open_declared
from tuner.execution.unknown_words import unknown_words
from tuner.spec.load import parse_spec
from tuner.spec.values import StudySpec

HEAD = """\
data: {source: file, path: texts.csv, split: {train: 0.6, validation: 0.2, test: 0.2}}
task: binary
fixed: {family: FAMILY, chance_epochs: 0}
"""

WORDS = ["film", "story", "actor", "plot", "scene", "good", "bad"]


def declared(folder: Path, texts: list[str], rest: str, family: str = "cnn") -> StudySpec:
    rows = "".join(f"{text},{index % 2}\n" for index, text in enumerate(texts))
    (folder / "texts.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    return parse_spec(HEAD.replace("FAMILY", family) + rest, "space.yaml", CATALOGUE)


def warned(folder: Path, spec: StudySpec) -> list[str]:
    return unknown_words(spec, folder, prepare(spec.data, spec.task, spec.seed, folder, folder / "cache"))


def unspaced(count: int) -> list[str]:
    draw = random.Random(1)
    return ["".join(draw.choices("电影好很讨厌糟糕喜欢", k=20)) for _ in range(count)]


def spaced(count: int) -> list[str]:
    draw = random.Random(1)
    return [" ".join(draw.choices(WORDS, k=12)) for _ in range(count)]


def test_texts_without_spaces_are_told_of_with_what_to_do(tmp_path: Path) -> None:
    spec = declared(tmp_path, unspaced(40), "space: {filters: [4, 8]}\n")

    assert warned(tmp_path, spec) == [
        "warning: 100.0% of the validation texts' words are outside vocabulary_size 10,000"
        " (cleaning moderate):"
        " give more texts, or put spaces between the words of a language that has none"
    ]


def test_terms_of_a_family_without_a_vocabulary_size_are_told_of_too(tmp_path: Path) -> None:
    (told,) = warned(
        tmp_path, declared(tmp_path, unspaced(40), "space: {units: [4, 8]}\n", family="tfidf_dense")
    )

    assert "100.0% of the validation texts' words are outside the training texts' words" in told


def test_texts_of_known_words_are_not_told_of(tmp_path: Path) -> None:
    assert warned(tmp_path, declared(tmp_path, spaced(40), "space: {vocabulary_size: [3, 10000]}\n")) == []


def test_of_a_vocabulary_that_is_too_small_a_larger_one_is_the_remedy(tmp_path: Path) -> None:
    (told,) = warned(tmp_path, declared(tmp_path, spaced(40), "space: {vocabulary_size: [3, 4]}\n"))

    assert told.endswith("are outside vocabulary_size 4 (cleaning moderate): give a larger vocabulary_size")


def test_a_study_that_begins_says_so_once(tmp_path: Path) -> None:
    spec = declared(tmp_path, unspaced(40), "space: {filters: [4, 8]}\n")
    url = f"sqlite:///{tmp_path}/studies/tuner.db"

    told = []
    for _ in range(2):
        study = open_declared("s", spec, tmp_path, url)
        study.database.close()
        told.append([each for each in study.remarks if each.startswith("warning: 100.0% of the validation")])

    assert [len(each) for each in told] == [1, 0]
