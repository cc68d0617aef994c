"""Which vectors a study's trials can ask for, and what is known of them before it begins."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from tuner.catalogue import CATALOGUE
from tuner.data.encode import PreparedData, prepare
from tuner.embeddings import vectors_of_file
from tuner.embeddings.vector_files import FoundVectors, read_vectors
from tuner.errors import DataError, VectorsError
from tuner.execution.vectors import KnownWords, known_words, require_vectors_of
from tuner.spec.load import parse_spec
from tuner.spec.values import StudySpec

TEXTS = """\
data: {source: file, path: reviews.csv, split: {train: 0.6, validation: 0.2, test: 0.2}}
task: binary
"""


def declared(rest: str) -> StudySpec:
    return parse_spec(TEXTS + rest, "space.yaml", CATALOGUE)


def vectors(folder: Path, dimension: int, name: str = "vectors.txt", words: str = "the film was") -> None:
    values = " ".join(str(index / 8) for index in range(dimension))
    (folder / name).write_text("".join(f"{word} {values}\n" for word in words.split()), encoding="utf-8")


@pytest.fixture
def prepared(tmp_path: Path, short_reviews: list[tuple[str, int]]) -> PreparedData:
    rows = "".join(f"{text},{label}\n" for text, label in short_reviews)
    (tmp_path / "reviews.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    spec = declared("space: {units: [2, 4]}\n")
    return prepare(spec.data, spec.task, spec.seed, tmp_path, tmp_path / "cache")


def test_vectors_of_another_dimension_are_refused_for_one_choice_among_many(tmp_path: Path) -> None:
    vectors(tmp_path, 3)
    spec = declared(
        "fixed: {vectors_path: vectors.txt, family: lstm, embedding: word2vec}\n"
        "space: {embedding_dimension: [3, 8]}\n"
    )

    with pytest.raises(VectorsError, match=r"vectors\.txt:1: vectors have 3 values, expected 8"):
        require_vectors_of(spec, tmp_path, tmp_path / "cache")


def test_a_range_of_dimensions_does_not_fit_a_file(tmp_path: Path) -> None:
    vectors(tmp_path, 3)
    spec = declared(
        "fixed: {vectors_path: vectors.txt, family: lstm, embedding: word2vec}\n"
        "space: {embedding_dimension: {low: 3, high: 8}}\n"
    )

    with pytest.raises(VectorsError, match="expected 8"):
        require_vectors_of(spec, tmp_path, tmp_path / "cache")


def test_a_dimension_that_never_meets_the_file_is_no_fault(tmp_path: Path) -> None:
    vectors(tmp_path, 3)
    spec = declared(
        "fixed: {family: lstm}\n"
        "space:\n"
        "  embedding: [trained, word2vec]\n"
        "  vectors_path: {value: vectors.txt, when: {embedding: word2vec}}\n"
        "  own_dimension: {sets: embedding_dimension, choices: [8, 16], when: {embedding: trained}}\n"
        "  file_dimension: {sets: embedding_dimension, value: 3, when: {embedding: word2vec}}\n"
    )

    require_vectors_of(spec, tmp_path, tmp_path / "cache")


def test_a_dimension_that_a_condition_names_stands_alone(tmp_path: Path) -> None:
    vectors(tmp_path, 3)
    spec = declared(
        "fixed: {family: lstm, embedding: word2vec}\n"
        "space:\n"
        "  embedding_dimension: {low: 2, high: 9}\n"
        "  vectors_path: {value: vectors.txt, when: {embedding_dimension: 3}}\n"
    )

    require_vectors_of(spec, tmp_path, tmp_path / "cache")


def test_every_file_of_the_choices_is_looked_at(tmp_path: Path) -> None:
    vectors(tmp_path, 3)
    (tmp_path / "short.txt").write_text("the 1 2 3\nfilm 1 2\n", encoding="utf-8")
    spec = declared(
        "fixed: {family: lstm, embedding: glove}\nspace: {vectors_path: [vectors.txt, short.txt]}\n"
    )

    with pytest.raises(VectorsError, match=r"short\.txt:2: found 2 values"):
        require_vectors_of(spec, tmp_path, tmp_path / "cache")


def test_a_file_that_no_trial_reads_is_not_looked_at(tmp_path: Path) -> None:
    spec = declared(
        "fixed: {vectors_path: absent.txt, family: lstm, embedding: trained}\nspace: {units: [2, 4]}\n"
    )

    require_vectors_of(spec, tmp_path, tmp_path / "cache")


def test_a_package_that_is_not_installed_is_missed_before_the_study_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.embeddings.glove._PACKAGE", "no_such_package_of_vectors")
    spec = declared("fixed: {family: lstm}\nspace: {embedding: [trained, glove]}\n")

    with pytest.raises(VectorsError, match=r"pip install 'tuner\[reviews\]'"):
        require_vectors_of(spec, tmp_path, tmp_path / "cache")


def test_the_home_of_nobody_is_refused(tmp_path: Path) -> None:
    spec = declared(
        "fixed: {family: lstm, embedding: glove, vectors_path: ~nobody-here/v.txt}\nspace: {units: [2, 4]}\n"
    )

    with pytest.raises(DataError, match="no such user"):
        require_vectors_of(spec, tmp_path, tmp_path / "cache")


def test_a_sound_file_is_read_once_and_a_changed_one_again(
    prepared: PreparedData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path, wanted: Collection[str], dimension: int | None = None) -> FoundVectors:
        read.append(path)
        return read_vectors(path, wanted, dimension)

    monkeypatch.setattr(vectors_of_file, "read_vectors", counted)
    vectors(tmp_path, 3)
    spec = declared(
        "fixed: {family: lstm, embedding: glove, vectors_path: vectors.txt}\n"
        "space: {embedding_trainable: [false, true]}\n"
    )

    require_vectors_of(spec, tmp_path, prepared.cache_dir)
    assert len(read) == 1
    measured(spec, prepared, tmp_path)
    assert len(read) == 2, "with the words of the texts"

    vectors_of_file._looked_at.cache_clear()  # as in the next process
    require_vectors_of(spec, tmp_path, prepared.cache_dir)
    measured(spec, prepared, tmp_path)
    assert len(read) == 2

    vectors(tmp_path, 4, words="the film was great")
    require_vectors_of(spec, tmp_path, prepared.cache_dir)
    assert len(read) == 3


def test_nothing_is_written_for_a_file_that_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_bytes(b"\x80\x04junk")
    spec = declared(
        "fixed: {family: lstm, embedding: glove, vectors_path: vectors.txt}\nspace: {units: [2, 4]}\n"
    )

    with pytest.raises(VectorsError, match="is a Python pickle"):
        require_vectors_of(spec, tmp_path, tmp_path / "cache")

    assert [path.name for path in tmp_path.iterdir()] == ["vectors.txt"]


def measured(spec: StudySpec, prepared: PreparedData, folder: Path) -> list[KnownWords]:
    return known_words(spec, folder, prepared)


def test_what_vectors_know_is_measured_at_the_largest_vocabulary_and_every_level(
    prepared: PreparedData, tmp_path: Path
) -> None:
    vectors(tmp_path, 3, words="the first minute saw twice")
    spec = declared(
        "fixed: {family: lstm, embedding: glove, vectors_path: vectors.txt}\n"
        "space: {vocabulary_size: {low: 4, high: 12}, cleaning: [light, aggressive]}\n"
    )

    found = {each.cleaning: each for each in measured(spec, prepared, tmp_path)}

    assert set(found) == {"light", "aggressive"}
    assert {each.coverage.n_words for each in found.values()} == {10}
    assert 0 < found["light"].coverage.share < 1
    assert str(tmp_path / "vectors.txt") in str(found["light"])


def test_vectors_that_know_little_are_warned_about(prepared: PreparedData, tmp_path: Path) -> None:
    text = (
        "fixed: {{family: lstm, embedding: glove, vectors_path: vectors.txt, vocabulary_size: {}}}\n"
        "space: {{units: [2, 4]}}\n"
    )
    vectors(tmp_path, 3, words="the was")

    (few,) = measured(declared(text.format(10_000)), prepared, tmp_path)
    (all_of_them,) = measured(declared(text.format(4)), prepared, tmp_path)

    assert few.is_low
    assert str(few).startswith("warning: embedding glove: ")
    assert "are the vectors of the texts' language?" in str(few)
    assert all_of_them.coverage.share == 1.0
    assert str(all_of_them).endswith("has vectors for 100.0% of the 2 commonest words (cleaning moderate)")


def test_vectors_that_know_no_word_are_refused(prepared: PreparedData, tmp_path: Path) -> None:
    vectors(tmp_path, 3, words="qqzz")
    spec = declared(
        "fixed: {family: lstm, embedding: glove, vectors_path: vectors.txt}\nspace: {units: [2, 4]}\n"
    )

    with pytest.raises(VectorsError, match="has a vector for none of the"):
        measured(spec, prepared, tmp_path)


def test_vectors_that_the_study_learns_are_not_measured(prepared: PreparedData, tmp_path: Path) -> None:
    spec = declared("fixed: {family: lstm}\nspace: {embedding: [trained, word2vec]}\n")

    assert measured(spec, prepared, tmp_path) == []
