"""Looks at the word vectors that a study's trials will start from, before one of them has to fail for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tuner.catalogue import catalogue_for
from tuner.data.encode import PreparedData, encode
from tuner.embeddings import EMBEDDINGS
from tuner.embeddings.protocol import Coverage
from tuner.errors import StudyChangedError
from tuner.execution.plan import with_whole_paths
from tuner.spec.reach import settings_met
from tuner.spec.values import Params, StudySpec, Value
from tuner.storage import Ledger

__all__ = ["LOW_COVERAGE", "KnownWords", "known_words", "require_same_vectors", "require_vectors_of"]

_EVENT = "vector files"
_BEGUN_WITH = "the study reads files of vectors with SHA-256 "

LOW_COVERAGE = 0.6
"""Below this share of known words vectors are probably of another language: GloVe knows 99 % of the
commonest words of English reviews, and 38 % of Indonesian ones, by names and loan words."""


@dataclass(frozen=True)
class KnownWords:
    """How much of the texts' vocabulary ready vectors know.

    Attributes:
        embedding: The source.
        cleaning: The level whose words are meant.
        coverage: At the largest declared vocabulary.
    """

    embedding: str
    cleaning: str
    coverage: Coverage

    @property
    def is_low(self) -> bool:
        """Whether a person should be warned."""
        return self.coverage.share < LOW_COVERAGE

    def __str__(self) -> str:
        share, n_words = self.coverage.share, self.coverage.n_words
        told = (
            f"embedding {self.embedding}: {self.coverage.origin} has vectors for {share:.1%} of the "
            f"{n_words:,} commonest words (cleaning {self.cleaning})"
        )
        if not self.is_low:
            return told
        return (
            f"warning: {told}; all others start at random: are the vectors of the texts' language? "
            "embedding: trained needs none"
        )


def require_vectors_of(spec: StudySpec, base_dir: Path, cache_dir: Path) -> frozenset[str]:
    """Refuse vectors that are missing, damaged or of another dimension, whichever trial would ask for them.

    Args:
        spec: A checked declaration.
        base_dir: The folder that its relative paths start from.
        cache_dir: Where it is kept that a file is sound; nothing is written when one is not.

    Returns:
        The hashes of what trials can read, each once.

    Raises:
        VectorsError: If a trial could not read what it needs.
    """
    met = _settings_met(spec, base_dir)
    found = (EMBEDDINGS[str(settings["embedding"])].require(settings, cache_dir) for settings in met)
    return frozenset(digest for digest in found if digest)


def require_same_vectors(ledger: Ledger, name: str, digests: frozenset[str]) -> None:
    """Refuse to go on with a study on other vectors than those that it was begun with.

    Args:
        ledger: Of the study.
        name: The study's; it exists.
        digests: As :func:`require_vectors_of` found them today. They are kept at the study's beginning.

    Raises:
        StudyChangedError: If they are others.
    """
    kept = [each.message for each in ledger.events(name) if each.kind == _EVENT]
    begun_with = frozenset(kept[0].removeprefix(_BEGUN_WITH).split()) if kept else frozenset()
    if kept and begun_with != digests:
        raise StudyChangedError(name, ["vectors_path: the files of vectors are not those it was begun with"])
    if not kept and digests:
        ledger.record_event(name, None, _EVENT, _BEGUN_WITH + " ".join(sorted(digests)))


def known_words(spec: StudySpec, base_dir: Path, prepared: PreparedData) -> list[KnownWords]:
    """Measure what ready vectors know of the training texts' words; what is read is kept for the workers.

    Args:
        spec: A checked declaration.
        base_dir: The folder that its relative paths start from.
        prepared: The study's texts.

    Returns:
        One for each source, file and cleaning level; none for sources that learn their vectors.

    Raises:
        VectorsError: If vectors know no word at all.
    """
    measured: dict[tuple[str, str, str], KnownWords] = {}
    for settings in _without_numbers(_settings_met(spec, base_dir)):
        source = EMBEDDINGS[str(settings["embedding"])]
        if source.coverage is None:
            continue
        cleaning = str(settings["cleaning"])
        coverage = source.coverage(encode(prepared, cleaning), settings, prepared.cache_dir)
        if coverage is None:
            continue
        key = (source.component.name, coverage.origin, cleaning)
        if key not in measured or coverage.n_words > measured[key].coverage.n_words:
            measured[key] = KnownWords(source.component.name, cleaning, coverage)
    return list(measured.values())


def _settings_met(spec: StudySpec, base_dir: Path) -> list[dict[str, Value]]:
    """Return what embedding sources can be told in this study; nothing where it cannot be followed."""
    names = {"embedding", "cleaning", "vocabulary_size"}
    names |= {setting.name for source in EMBEDDINGS.values() for setting in source.component.settings}
    catalogue = catalogue_for(spec, base_dir)
    met = settings_met(spec, catalogue, names)  # where there is nothing each trial still finds out for itself
    return [with_whole_paths(settings, catalogue, base_dir) for settings in met]


def _without_numbers(met: list[dict[str, Value]]) -> Iterator[Params]:
    """Pass over settings that differ in numbers alone, which change no word; the vocabulary's size does."""
    seen = set()
    for settings in met:
        told = tuple(
            (name, value)
            for name, value in settings.items()
            if isinstance(value, str) or name == "vocabulary_size"
        )
        if told not in seen:
            seen.add(told)
            yield settings
