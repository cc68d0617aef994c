"""From prepared texts to word ids on disk, that any number of workers can map into memory at once.

The vocabulary is that of the training part alone. Its words are numbered by how often they occur there
(equally frequent ones in the order of the alphabet), so that a vocabulary of any smaller size is a
comparison with one number, and texts are encoded once for all trials of one cleaning level.
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tuner.data.cleaning import CLEANING_VERSION, LEVELS, words_of
from tuner.data.prepare import PreparedData, PreparedTexts, find_prepared, prepare, read_texts, texts_folder
from tuner.data.splits import PARTS
from tuner.data.store import Contents, build_once, read_facts
from tuner.data.values import UNKNOWN_ID, EncodedDataset, LabelArray, Part
from tuner.errors import DataError

__all__ = ["PreparedData", "encode", "find_prepared", "kept_entries", "open_dataset", "prepare"]

_log = logging.getLogger(__name__)

_VERSION: Final = 1
_FIRST_WORD: Final = UNKNOWN_ID + 1
_WORDS: Final = "words.txt"

Ids = npt.NDArray[np.int32]
Lengths = npt.NDArray[np.int64]


def encode(prepared: PreparedData, cleaning: str) -> EncodedDataset:
    """Return the dataset at a cleaning level, encoding it first where that was not done yet.

    Args:
        prepared: Checked and divided texts.
        cleaning: ``light``, ``moderate`` or ``aggressive``.

    Raises:
        DataError: If the kept texts are damaged, or no words are left of the training texts.
        NoSpaceError: If the disk is full.
        StorageRefusedError: If the cache folder cannot be written to.
    """
    directory = _encoded_folder(prepared.fingerprint, cleaning, prepared.cache_dir)
    build_once(directory, lambda: _encoded(prepared, cleaning))
    return open_dataset(directory)


def kept_entries(fingerprint: str, cache_dir: Path) -> list[Path]:
    """Return the folders in which texts are kept, as they were and encoded; none for what is no fingerprint.

    Args:
        fingerprint: Of the texts, as a study has it.
        cache_dir: The folder that studies share.
    """
    if not re.fullmatch("[0-9a-f]+", fingerprint):  # of a database that another program may have changed
        return []
    encoded = [_encoded_folder(fingerprint, level, cache_dir) for level in LEVELS]
    return [each for each in (texts_folder(fingerprint, cache_dir), *encoded) if each.is_dir()]


def _encoded_folder(fingerprint: str, cleaning: str, cache_dir: Path) -> Path:
    settings = f"{fingerprint}:{cleaning}:{CLEANING_VERSION}:{_VERSION}"
    return cache_dir / "encoded" / hashlib.sha256(settings.encode()).hexdigest()[:32]


def open_dataset(directory: Path) -> EncodedDataset:
    """Open an encoded dataset; its arrays are read from disk as they are used.

    Raises:
        DataError: If it is missing or damaged.
    """
    facts = read_facts(directory)
    words = (directory / _WORDS).read_text("utf-8").split("\n")
    train, validation, test = (_open_part(directory, name) for name in PARTS)
    return EncodedDataset(
        key=directory.name,
        directory=directory,
        task=facts["task"],
        classes=tuple(facts["classes"]),
        words=words,
        train=train,
        validation=validation,
        test=test,
    )


def _encoded(prepared: PreparedData, cleaning: str) -> Contents:
    texts = read_texts(prepared)
    words, ids, lengths = _number_training_words(_each_words(texts["train"].texts, cleaning))
    if not words:
        raise DataError(
            f"{prepared.origin}: no words are left of the training texts after cleaning '{cleaning}'",
            "clean less, or put spaces between the words of a language that has none",
        )
    number = {word: identifier for identifier, word in enumerate(words, start=_FIRST_WORD)}
    files: dict[str, bytes] = {_WORDS: "\n".join(words).encode()}
    for name in PARTS:
        if name != "train":
            ids, lengths = _number(
                _each_words(texts[name].texts, cleaning), lambda w: number.get(w, UNKNOWN_ID)
            )
        wordless = int((lengths == 0).sum())
        if wordless:
            _log.warning(
                "%s: %d %s texts have no words after cleaning '%s'; each counts as one unknown word",
                prepared.origin, wordless, name, cleaning,
            )  # fmt: skip
        files |= _part_files(name, *_fill_wordless(ids, lengths), texts[name])
    return Contents({"task": prepared.task, "classes": prepared.classes, "cleaning": cleaning}, files)


def _each_words(texts: Sequence[str], cleaning: str) -> Iterable[list[str]]:
    return (words_of(text, cleaning) for text in texts)


def _number(texts: Iterable[list[str]], number: Callable[[str], int]) -> tuple[Ids, Lengths]:
    """Return the ids of all words, one text after the other, and the length of each text."""
    # One small array a text: all words as Python strings would take half a gigabyte for IMDB.
    chunks = [np.fromiter(map(number, words), np.int32, len(words)) for words in texts]
    lengths = np.array([len(chunk) for chunk in chunks], np.int64)
    return np.concatenate([*chunks, np.empty(0, np.int32)]), lengths


def _number_training_words(texts: Iterable[list[str]]) -> tuple[list[str], Ids, Lengths]:
    """Return the words by frequency, and the texts in ids that follow from that order."""
    met: dict[str, int] = {}
    provisional, lengths = _number(texts, lambda word: met.setdefault(word, len(met)))
    counts = np.bincount(provisional, minlength=len(met)).tolist()
    words = sorted(met, key=lambda word: (-counts[met[word]], word))
    final = np.empty(len(words), np.int32)
    final[[met[word] for word in words]] = np.arange(_FIRST_WORD, len(words) + _FIRST_WORD)
    return words, final[provisional], lengths


def _fill_wordless(ids: Ids, lengths: Lengths) -> tuple[Ids, Lengths]:
    """Give texts without words one unknown word: cuDNN's kernels refuse a row that is all padding."""
    empty = lengths == 0
    places = (np.cumsum(lengths) - lengths)[empty]
    return np.insert(ids, places, UNKNOWN_ID).astype(np.int32), np.where(empty, 1, lengths)


def _part_files(name: str, ids: Ids, lengths: Lengths, texts: PreparedTexts) -> dict[str, bytes]:
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    arrays: Mapping[str, LabelArray] = {"ids": ids, "offsets": offsets, "labels": texts.labels}
    return {f"{name}.{array}.npy": _npy(values) for array, values in arrays.items()}


def _npy(values: LabelArray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, values, allow_pickle=False)
    return file.getvalue()


def _open_part(directory: Path, name: str) -> Part:
    def array(which: str) -> Any:
        return np.load(directory / f"{name}.{which}.npy", mmap_mode="r", allow_pickle=False)

    try:
        return Part(ids=array("ids"), offsets=array("offsets"), labels=array("labels"))
    except (OSError, ValueError) as error:
        raise DataError(f"{directory}: {name}: {error}", "run the study again: it is built anew") from error
