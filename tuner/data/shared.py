"""Texts of validation and test that training has, word for word, once they are cleaned.

Equal texts are one text before the parts are drawn. Those that differ in case or marks only are not, and
stay where they were drawn: to draw them together would give every study of such data other parts, and
no study could go on. So they are counted, and a person is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from tuner.data.values import UNKNOWN_ID, EncodedDataset, Part

__all__ = ["shared_texts", "told_of_shared_texts"]


def shared_texts(dataset: EncodedDataset) -> dict[str, int]:
    """Return how many texts of ``validation`` and ``test`` have exactly the words of a training text."""
    known = set(_digests(dataset.train))
    parts = {"validation": dataset.validation, "test": dataset.test}
    return {name: sum(digest in known for digest in _digests(part)) for name, part in parts.items()}


def told_of_shared_texts(datasets: Mapping[str, EncodedDataset]) -> str:
    """Return a line on what is shared at the level where it is most, or an empty string.

    Args:
        datasets: By cleaning level, those that a study's trials may ask for.
    """
    shared = {level: shared_texts(dataset) for level, dataset in datasets.items()}
    level = max(shared, key=lambda each: sum(shared[each].values()))
    if not any(shared[level].values()):
        return ""
    sizes = {"validation": datasets[level].validation.n_texts, "test": datasets[level].test.n_texts}
    counts = " and ".join(f"{count:,} of {sizes[name]:,} {name}" for name, count in shared[level].items())
    return (
        f"with cleaning '{level}' {counts} texts are word for word texts of the training part: they measure"
        " what was learned by heart; take copies that differ in case or marks out of the data"
    )


def _digests(part: Part) -> Iterator[bytes]:
    """Yield a digest of each text's ids; none of a text with a word that training does not have."""
    ids = np.asarray(part.ids)
    for first, end in pairwise(part.offsets.tolist()):
        words = ids[first:end]
        if not (words == UNKNOWN_ID).any():
            yield hashlib.blake2b(words.tobytes(), digest_size=16).digest()
