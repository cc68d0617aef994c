"""How the refusals of the data layer word names and rows, so that all of them read alike."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from tuner.errors import DataError

__all__ = ["did_you_mean", "listed", "require_unique", "row_list", "too_large"]

_SHOWN = 5


def row_list(rows: Sequence[int]) -> str:
    """Return ``row 3`` or ``rows 3, 8, 9, 12, 20 and 17 more``: at most five are named."""
    if len(rows) == 1:
        return f"row {rows[0]}"
    return "rows " + listed([str(row) for row in rows])


def listed(names: Sequence[str]) -> str:
    """Return at most five of ``names`` parted by commas, and how many more there are."""
    shown = ", ".join(names[:_SHOWN])
    left = len(names) - _SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest of ``known``, or all of them when none is near.

    Upper and lower case are held to be equal, since ``Text`` for ``text`` is the commonest slip.
    """
    by_lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{by_lower[near[0]]}'?"
    return f"there is: {listed(sorted(by_lower.values()))}" if by_lower else "there is none"


def require_unique(header: Iterable[str], origin: str) -> None:
    """Refuse columns of one name.

    Raises:
        DataError: If there are some.
    """
    doubled = sorted(name for name, count in Counter(header).items() if count > 1)
    if doubled:
        raise DataError(
            f"{origin}: the header has column '{doubled[0]}' more than once", "rename one of them"
        )


def too_large(origin: str, found: str) -> DataError:
    """Return the refusal of a file that does not fit into memory with what is made of it."""
    return DataError(
        f"{origin}: {found}", "draw some of its rows: texts are held in memory while they are prepared"
    )
