"""How values become text in the tables, the same on both databases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["as_json", "as_text"]

_LONGEST = 100_000


def as_text(text: str) -> str:
    """Return ``text`` as both databases can keep it: no NUL, no half of a character, not endless."""
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
    return whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 20]} ... (cut off)"


def as_json(value: Mapping[str, Any]) -> str:
    """Return a mapping as JSON; NaN and infinities as Python writes and reads them."""
    return json.dumps(dict(value), separators=(",", ":"))
