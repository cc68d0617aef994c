"""The type of a YAML scalar, by the core schema of YAML 1.2 (section 10.3.2)."""

from __future__ import annotations

import math
import re

from tuner.spec.values import Value

__all__ = ["MAX_INTEGER", "checked_text", "plain_value"]

MAX_INTEGER = 2**53
"""Beyond this a whole number is no longer kept exactly by JSON readers and float columns."""

_INT = re.compile(r"[-+]?[0-9]+")
_BASED_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def plain_value(text: str) -> Value | None:
    """Give a scalar without quotes its type.

    Raises:
        ValueError: If it is a number that is not finite, or a whole one beyond :data:`MAX_INTEGER`; the
            message says what was found and expected.
    """
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text) or _BASED_INT.fullmatch(text):
        # int() refuses thousands of digits; so long a number is over the bound anyway.
        number = int(text, 0 if text[:2] in ("0o", "0x") else 10) if len(text) <= 20 else MAX_INTEGER + 1
        if abs(number) > MAX_INTEGER:
            raise ValueError(f"found {text[:30]}, expected a whole number up to 2**53")
        return number
    if _FLOAT.fullmatch(text):
        real = float(text)
        if math.isfinite(real):
            return real
    elif not _NOT_FINITE.fullmatch(text):
        return checked_text(text)
    raise ValueError(f"found {text[:30]}, expected a finite number")


def checked_text(text: str) -> str:
    """Return ``text`` unless a database or a file name could not carry it.

    Raises:
        ValueError: If it holds a NUL or half of a surrogate pair.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("found a NUL or half a character in a text, expected whole characters")
    return text
