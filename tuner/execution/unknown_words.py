"""Tells of texts whose words the training part does not have, so that nothing is learned of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tuner.catalogue import catalogue_for
from tuner.data.encode import PreparedData, encode
from tuner.data.sample import unknown_share
from tuner.data.values import UNKNOWN_ID, EncodedDataset
from tuner.spec.reach import settings_met
from tuner.spec.values import StudySpec

__all__ = ["HIGH_SHARE", "unknown_words"]

HIGH_SHARE = 0.5
"""Share of validation words outside the vocabulary from which on a person is warned: of reviews some percent
are, of small sets of texts a fifth; texts without spaces between their words have nearly all."""


def unknown_words(spec: StudySpec, base_dir: Path, prepared: PreparedData) -> list[str]:
    """Warn, a line a cleaning level, where most validation words are outside the largest vocabulary.

    Args:
        spec: A checked declaration.
        base_dir: The folder that its relative paths start from.
        prepared: The study's texts.

    Returns:
        Warnings; none where the space cannot be followed.
    """
    largest: dict[str, int | None] = {}
    for settings in settings_met(spec, catalogue_for(spec, base_dir), ["cleaning", "vocabulary_size"]):
        size, cleaning = settings.get("vocabulary_size"), str(settings["cleaning"])
        before = largest.get(cleaning, 0)
        # Who reads no vocabulary of a size reads terms of all words.
        largest[cleaning] = None if size is None or before is None else max(before, int(size))
    told = (_warning(encode(prepared, cleaning), cleaning, size) for cleaning, size in largest.items())
    return [each for each in told if each]


def _warning(dataset: EncodedDataset, cleaning: str, size: int | None) -> str:
    part = dataset.validation
    if not np.size(part.ids):
        return ""
    every = len(dataset.words) + UNKNOWN_ID + 1
    share = unknown_share(part, every if size is None else size)
    if share <= HIGH_SHARE:
        return ""
    if unknown_share(part, every) > HIGH_SHARE:
        remedy = "give more texts, or put spaces between the words of a language that has none"
    else:
        remedy = "give a larger vocabulary_size"
    vocabulary = "the training texts' words" if size is None else f"vocabulary_size {size:,}"
    told = f"{share:.1%} of the validation texts' words are outside {vocabulary} (cleaning {cleaning})"
    return f"warning: {told}: {remedy}"
