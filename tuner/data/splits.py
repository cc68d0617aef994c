"""Who is in training, validation and test.

Rules:

* A text stands in one part only (``labels.drop_duplicates`` has seen to it before). Texts that only
  cleaning makes equal are several; ``shared`` counts those that stand on two sides.
* The draw is stratified: each class has its share of each part, to within one text, and at least one.
  Numbers are drawn in the same way from the tenths of their range (ten bins that hold about as many
  texts each); from fewer bins, and at last plainly, where a part could not have a text of each.
* Within a class or bin the texts are put in the order of SHA-256 of (seed, text); test takes the first,
  validation the next, training the rest. So the parts depend on the seed and on the texts alone: not
  on the order of the rows, not on the version of a random number generator, and a larger training part
  leaves the test part as it is.
* With the data's own split column its values say where a text goes; a part given as a number is
  drawn, by the same rule, out of what the column calls training.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.data.values import TextTable
from tuner.data.wording import did_you_mean, listed
from tuner.errors import DataError
from tuner.spec.values import SplitSpec
from tuner.wording import counted

__all__ = [
    "PARTS",
    "assign",
    "assign_numbers",
    "column_ranks",
    "keep_declared_rows",
    "require_classes",
    "require_spread",
]

PARTS = ("train", "validation", "test")
"""The parts; a text's part is an index into this."""

_DRAW_ORDER = (2, 1, 0)

PartIds: TypeAlias = npt.NDArray[np.int64]
ClassIds: TypeAlias = npt.NDArray[np.int32]
Numbers: TypeAlias = npt.NDArray[np.float32]

_MOST_BINS = 10


def column_ranks(split: SplitSpec) -> dict[str, int]:
    """Return the part's index for every declared value of the split column; empty without a column."""
    ranks: dict[str, int] = {}
    if split.column is None:
        return ranks
    for rank, name in enumerate(PARTS):
        share = getattr(split, name)
        if isinstance(share, str | tuple):
            for value in (share,) if isinstance(share, str) else share:
                if value in ranks:
                    raise DataError(
                        f"split: '{value}' is declared as both {PARTS[ranks[value]]} and {name}",
                        "a text can stand in one part only",
                    )
                ranks[value] = rank
    return ranks


def keep_declared_rows(table: TextTable, split: SplitSpec) -> tuple[TextTable, tuple[str, ...]]:
    """Leave out the rows whose split value belongs to no part.

    Returns:
        The table, and a warning if rows were left out.

    Raises:
        DataError: If the parts are not declared as the column has them.
    """
    ranks = column_ranks(split)
    if table.split is None or split.column is None:
        _require_shares(split)
        return table, ()
    found = Counter(table.split)
    has = f"column '{split.column}' has " + listed([f"'{value}' ({n})" for value, n in found.items()])
    if 0 not in ranks.values():
        raise DataError(
            f"{table.origin}: split: train: {split.train} is no value of column '{split.column}'",
            f"with a column, train names the value(s) of training texts, in quotes if numbers; {has}",
        )
    for value, rank in ranks.items():
        if value not in found:
            raise DataError(
                f"{table.origin}: split: {PARTS[rank]}: no text has '{value}'; {has}",
                did_you_mean(value, found),
            )
    kept = [index for index, value in enumerate(table.split) if value in ranks]
    if len(kept) == len(table.split):
        return table, ()
    others = listed([f"'{value}' ({n})" for value, n in found.items() if value not in ranks])
    warning = (
        f"{counted(len(table.split) - len(kept), 'row')} in no part: column '{split.column}' has {others}"
    )
    return table.take(kept), (warning,)


def assign(
    table: TextTable, labels: ClassIds, classes: Sequence[str], split: SplitSpec, seed: int
) -> PartIds:
    """Return each text's part as an index into :data:`PARTS`, or -1 where no part takes it.

    Args:
        table: Every text once, normalised, in declared rows only.
        labels: ``(n_texts,) int32`` class indices.
        classes: Their names.
        split: The declared parts.
        seed: The study's.

    Raises:
        DataError: If a part asks for more texts than there are, or could not hold every class.
    """
    parts, pool, wanted = _declared(table, split)
    if wanted:
        members = _members(table, pool, labels, len(classes), seed)
        sharing = _sharing(table, wanted)
        _require_enough(members, wanted, sharing, classes, table.origin)
        _draw(parts, members, wanted, sharing)
    return parts


def assign_numbers(
    table: TextTable, numbers: Numbers, split: SplitSpec, seed: int
) -> tuple[PartIds, tuple[str, ...]]:
    """Return each text's part, as :func:`assign`, for labels that are numbers; and a remark, if any.

    Args:
        table: Every text once, normalised, in declared rows only.
        numbers: ``(n_texts,) float32`` labels.
        split: The declared parts.
        seed: The study's.

    Raises:
        DataError: If a part asks for more texts than there are, or for fewer than two.
    """
    parts, pool, wanted = _declared(table, split)
    if not wanted:
        return parts, ()
    sharing = _sharing(table, wanted)
    sizes = {PARTS[rank]: count for rank, count in wanted.items()}
    if sharing > len(wanted):
        sizes[PARTS[0]] = len(pool) - sum(wanted.values())
    for name, size in sizes.items():
        if size < 2:
            raise DataError(
                f"{table.origin}: split: {name} gets {counted(size, 'text')}, expected at least 2",
                "give that part a larger share",
            )
    bins = _bins(numbers, pool, min(sizes.values()), sharing)
    n_bins = int(bins[pool].max()) + 1
    _draw(parts, _members(table, pool, bins, n_bins, seed), wanted, sharing)
    if n_bins > 1:
        return parts, ()
    return parts, ("too few texts to draw the parts by label: they are drawn without regard to it",)


def _bins(numbers: Numbers, pool: PartIds, smallest: int, sharing: int) -> ClassIds:
    """Return each text's bin, ``(n_texts,)``, by quantiles of the labels in ``pool``.

    As many bins as can be, up to ten, so that each part gets a text of each: ``smallest`` is the size of
    the smallest part, ``sharing`` the number of parts. Equal labels stay together.
    """
    for wished in range(_MOST_BINS, 1, -1):
        edges = np.unique(np.quantile(numbers[pool], np.arange(1, wished) / wished))
        found = np.searchsorted(edges, numbers, side="right")
        filled, counts = np.unique(found[pool], return_counts=True)
        if counts.min() >= sharing and len(filled) <= smallest:
            return np.searchsorted(filled, found).astype(np.int32)
    return np.zeros(len(numbers), np.int32)


def _declared(table: TextTable, split: SplitSpec) -> tuple[PartIds, PartIds, dict[int, int]]:
    """Return the parts as far as a column gives them, who is left to draw from, and how many are drawn."""
    parts = np.full(len(table.texts), -1, np.int64)
    if table.split is not None:
        ranks = column_ranks(split)
        parts[:] = [ranks[value] for value in table.split]
    pool = np.flatnonzero(parts == (-1 if table.split is None else 0))
    return parts, pool, _wanted(split, len(pool), table.origin)


def _sharing(table: TextTable, wanted: dict[int, int]) -> int:
    """Return how many parts share the texts that are drawn from.

    With a column the training part gets what the draws leave of it, and needs every class as well.
    """
    return len(wanted) + (table.split is not None)


def _draw(parts: PartIds, members: list[PartIds], wanted: dict[int, int], sharing: int) -> None:
    """Write the drawn parts into ``parts``; ``members`` are the indices of each class in drawing order."""
    for rank, count in wanted.items():
        sharing -= 1
        left = np.array([len(indices) for indices in members])
        for label, take in enumerate(_by_class(left, count, sharing)):
            parts[members[label][:take]] = rank
            members[label] = members[label][take:]


def require_classes(parts: PartIds, labels: ClassIds, classes: Sequence[str], origin: str) -> tuple[str, ...]:
    """Refuse parts that cannot be used; say which classes validation or test lack.

    A drawn part has every class; only the data's own split can come out otherwise. Training on a class
    that is not there is impossible, and nothing can be measured on texts of one class.

    Returns:
        Warnings.

    Raises:
        DataError: If training lacks a class, or any part has fewer than two.
    """
    warnings = []
    for rank, name in enumerate(PARTS):
        counts = np.bincount(labels[parts == rank], minlength=len(classes))
        lacking = [f"'{label}'" for label, count in zip(classes, counts, strict=True) if not count]
        if not lacking:
            continue
        message = (
            f"{origin}: the {name} part has {counted(counts.sum(), 'text')} but none of {listed(lacking)}"
        )
        if rank == 0 or np.count_nonzero(counts) < 2:
            raise DataError(message, "declare other values for the parts, or let them be drawn by shares")
        warnings.append(message)
    return tuple(warnings)


def require_spread(parts: PartIds, numbers: Numbers, origin: str) -> None:
    """Refuse parts of a regression that nothing can be learned from or measured on.

    Raises:
        DataError: If a part is empty, or all its labels are the same number.
    """
    for rank, name in enumerate(PARTS):
        own = numbers[parts == rank]
        if len(own) and own.min() < own.max():
            continue
        what = f"all with the label {own[0]:g}" if len(own) else "expected at least 2"
        raise DataError(
            f"{origin}: the {name} part has {counted(len(own), 'text')}, {what}",
            "declare other values for the parts, or let them be drawn by shares",
        )


def _require_shares(split: SplitSpec) -> None:
    for name in PARTS:
        share = getattr(split, name)
        if isinstance(share, str | tuple):
            raise DataError(
                f"split: {name}: '{share}' names a value, but no column is declared",
                "add `column:` with the name of the split column, or give a number",
            )


def _wanted(split: SplitSpec, n_pool: int, origin: str) -> dict[int, int]:
    """Return how many texts each drawn part takes, in the order of drawing: test, validation, training."""
    shares = {rank: getattr(split, PARTS[rank]) for rank in _DRAW_ORDER}
    numbers = {rank: share for rank, share in shares.items() if not isinstance(share, str | tuple)}
    for rank, share in numbers.items():
        if not (share > 0 and (isinstance(share, int) or share < 1)):
            raise DataError(
                f"split: {PARTS[rank]}: {share} is neither a fraction between 0 and 1 nor a count from 1",
                "e.g. 0.15 for a share, 1000 for a number of texts",
            )
    wanted = {
        rank: share if isinstance(share, int) else round(share * n_pool) for rank, share in numbers.items()
    }
    fractions = [share for share in numbers.values() if isinstance(share, float)]
    if len(fractions) == len(PARTS) and math.isclose(sum(fractions), 1.0):
        wanted[0] = n_pool - wanted[1] - wanted[2]
    if sum(wanted.values()) > n_pool:
        asked = ", ".join(f"{PARTS[rank]} {count}" for rank, count in wanted.items())
        raise DataError(
            f"{origin}: split asks for {sum(wanted.values())} texts ({asked}), "
            f"but there are {n_pool} to draw from",
            "ask for fewer; texts that stand twice or in no part were taken out before",
        )
    return wanted


def _members(table: TextTable, pool: PartIds, labels: ClassIds, n_classes: int, seed: int) -> list[PartIds]:
    """Return the indices of each class within ``pool`` in the order of drawing."""
    prefix = f"{seed}:".encode()
    digests = {
        index: hashlib.sha256(prefix + table.texts[index].encode()).digest() for index in pool.tolist()
    }
    members: list[list[int]] = [[] for _ in range(n_classes)]
    for index in sorted(digests, key=digests.__getitem__):
        members[labels[index]].append(index)
    return [np.array(indices, np.int64) for indices in members]


def _require_enough(
    members: Sequence[PartIds], wanted: dict[int, int], sharing: int, classes: Sequence[str], origin: str
) -> None:
    for name, indices in zip(classes, members, strict=True):
        if len(indices) < sharing:
            raise DataError(
                f"{origin}: class '{name}' has {counted(len(indices), 'text')} to draw from, "
                f"expected at least {sharing}, one for each part",
                "give it more texts, or join it with another class",
            )
    for rank, count in wanted.items():
        if count < len(classes):
            raise DataError(
                f"{origin}: split: {PARTS[rank]} takes {counted(count, 'text')}, "
                f"expected at least {len(classes)}, one of each class",
                "give that part a larger share",
            )
    n_left = sum(len(indices) for indices in members) - sum(wanted.values())
    if sharing > len(wanted) and n_left < len(classes):
        raise DataError(
            f"{origin}: split leaves {counted(n_left, 'text')} for training, "
            f"expected at least {len(classes)}, one of each class",
            "give validation or test a smaller share",
        )


def _by_class(left: PartIds, count: int, reserve: int) -> list[int]:
    """Apportion ``count`` texts to classes by the method of largest remainders.

    Args:
        left: ``(n_classes,) int64`` texts not drawn yet.
        count: Texts to draw.
        reserve: Texts of each class that must stay for the parts still to come.
    """
    quota = count * left / left.sum()
    most = left - reserve
    take = np.clip(np.floor(quota).astype(np.int64), 1, most)
    while (missing := count - int(take.sum())) != 0:
        step = 1 if missing > 0 else -1
        movable = take < most if step > 0 else take > 1
        take[np.argmax(np.where(movable, step * (quota - take), -np.inf))] += step
    return [int(each) for each in take]
