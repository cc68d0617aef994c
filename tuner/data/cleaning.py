"""From a text to its words, at three levels.

======================  ==========================================================================
level                   what it does
======================  ==========================================================================
``light``               markup and HTML entities out, white space made plain; words as they stand
``moderate``            also lower case; contractions split as GloVe writes them (``do n't``,
                        ``it 's``); marks out, but for ``!`` and ``?``, which carry feeling, and
                        symbols such as emoji, each a word of its own
``aggressive``          also numbers and English stop words out; negations stay, since ``not good``
                        without its ``not`` is the contrary
======================  ==========================================================================

Words are told apart by white space and marks, so a language that writes without spaces needs them put
in first. :func:`clean` is what prediction must use as well: a model sees the words it was trained on.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

__all__ = ["CLEANING_VERSION", "LEVELS", "STOP_WORDS", "clean", "normalise", "words_of"]

CLEANING_VERSION: Final = 1
"""Counted up when the words of any text change, so that encoded copies of before are not used."""

LEVELS: Final = ("light", "moderate", "aggressive")

STOP_WORDS: Final = frozenset(
    """
    a about after again all also am an and any are as at be because been before being between both but by
    can could 'd did do does doing down during each few for from further had has have having he her here
    hers herself him himself his how i if in into is it its itself just 'll 'm me more most my myself of
    off on once only or other our ours ourselves out over own 're 's same she should so some such than that
    the their theirs them themselves then there these they this those through to too under until up us 've
    very was we were what when where which while who whom why will with would you your yours yourself
    yourselves
    """.split()  # noqa: SIM905 - as running text it can be read
)
"""English only. No negation is among them: ``not``, ``no``, ``nor``, ``never``, ``n't`` stay."""

_TAG = r"</?[a-zA-Z][^<>]{0,500}>"
_MARKUP = re.compile(rf"<!--.*?-->|{_TAG}", re.DOTALL)
_TAGS = re.compile(_TAG)
_COMMENT_END = "-->"
# Python refuses to make a number of so many digits; of fewer, too large a one becomes U+FFFD as well.
_ENDLESS_REFERENCE = re.compile("&#[0-9]{4301,};?")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f\u200b\u200e\u200f\u2060\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")

# Stands for an apostrophe that belongs to a word while all others are taken out.
_KEPT = "\x01"
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"))
_NOT = re.compile(r"(?<=\w)n't\b")
_CANNOT = re.compile(r"\bcannot\b")
_ENDING = re.compile(r"(?<=[\w\s])'(?=(?:s|m|d|re|ve|ll)\b)")
_INNER = re.compile(r"(?<=\w)'(?=\w)")
_FEELING = re.compile(r"([!?])[!?]*")


class _Marks(dict[int, str]):
    """What becomes of each character at level ``moderate``; filled as characters are met.

    Marks and separators become a space, symbols such as emoji a word of their own, and the joiners
    that hold an emoji together go. Letters, digits and the accents that follow them stay.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if character == _KEPT:
            replacement = "'"
        elif character in "!?" or category == "So":
            replacement = f" {character} "
        elif category in ("Cf", "Cs", "Co", "Cn") or "\ufe00" <= character <= "\ufe0f":
            replacement = ""
        elif category[0] in "PSZC":
            replacement = " "
        else:
            replacement = character
        self[code] = replacement
        return replacement


_MARKS = _Marks()


def clean(text: str, level: str) -> list[str]:
    """Return the words of a raw text.

    Args:
        text: As it came from the source.
        level: One of :data:`LEVELS`.

    Raises:
        ValueError: If there is no such level.
    """
    return words_of(normalise(text), level)


def normalise(text: str) -> str:
    """Return a text without markup and entities, its white space made plain: what ``light`` reads.

    Two texts are held to be equal when this is. Half a surrogate pair, which JSON can carry but no
    file can, becomes U+FFFD.
    """
    if "<" in text:
        text = _without_markup(text)
    if "&" in text:
        text = html.unescape(_ENDLESS_REFERENCE.sub("\ufffd", text))
    if not text.isascii():
        text = unicodedata.normalize("NFC", _SURROGATE.sub("\ufffd", text))
    text = _UNSEEN.sub("", text)
    return " ".join(text.split())


def _without_markup(text: str) -> str:
    """Put a space in place of tags and comments.

    No comment ends behind the last ``-->``, and to look for its end there from each ``<!--`` would take
    time by the square of their number.
    """
    end = text.rfind(_COMMENT_END) + len(_COMMENT_END) if _COMMENT_END in text else 0
    return _MARKUP.sub(" ", text[:end]) + _TAGS.sub(" ", text[end:])


def words_of(normalised: str, level: str) -> list[str]:
    """Return the words of a text that :func:`normalise` has been through.

    Raises:
        ValueError: If there is no such level.
    """
    match level:
        case "light":
            return normalised.split()
        case "moderate":
            return _moderate(normalised)
        case "aggressive":
            return [w for w in _moderate(normalised) if w not in STOP_WORDS and not w.isnumeric()]
        case _:
            raise ValueError(f"cleaning level '{level}' is none of {', '.join(LEVELS)}")


def _moderate(text: str) -> list[str]:
    text = text.lower()
    if not text.isascii() or "`" in text:
        text = text.translate(_APOSTROPHES)
    if "'" in text:
        text = _NOT.sub(f" n{_KEPT}t", text)
        text = _ENDING.sub(f" {_KEPT}", text)
        text = _INNER.sub(_KEPT, text)
    if "cannot" in text:
        text = _CANNOT.sub("can not", text)
    if "!" in text or "?" in text:
        text = _FEELING.sub(r"\1", text)
    return text.translate(_MARKS).split()
