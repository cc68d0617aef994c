"""Text that came from elsewhere, made safe to print; apart from the rest, so that errors need no library."""

from __future__ import annotations

__all__ = ["one_line"]


def one_line(text: str) -> str:
    """Make foreign text safe to print: one line, no control characters, everything else as it is."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else " " if each.isspace() else f"\\x{ord(each):02x}" for each in text
    )
