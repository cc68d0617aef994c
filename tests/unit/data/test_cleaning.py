"""What each cleaning level makes of a text."""

from __future__ import annotations

import pytest

from tuner.data.cleaning import LEVELS, STOP_WORDS, clean, normalise, words_of


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("a<br /><br />b", "a b"),
        ("<p class='x'>Hi</p> <!-- not\nthis -->there", "Hi there"),
        ("I <3 you and 2 < 3 > 1", "I <3 you and 2 < 3 > 1"),
        ("Tom &amp; Jerry &quot;&#39;&quot;", 'Tom & Jerry "\'"'),
        (" a\t b\u00a0c\r\nd\u3000e ", "a b c d e"),
        ("zero\u200bwidth\ufeff \x00nul", "zerowidth nul"),
        ("cafe\u0301", "caf\u00e9"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("<br/> &nbsp; ", ""),
        (f"a &#{'1' * 4300};b", "a \ufffdb"),
        (f"a &#{'1' * 4301};b", "a \ufffdb"),
    ],
)
def test_normalising_takes_out_markup_and_makes_white_space_plain(text: str, normalised: str) -> None:
    assert normalise(text) == normalised


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("<!--" * 500_000, "<!--" * 500_000),
        ("<!-- a --> b <i>c</i> " + "<!--" * 500_000, "b c " + "<!--" * 500_000),
        ("<!--" * 500_000 + "-->d<!-->e", "d<!-->e"),
        ("a <!-- <b> c", "a <!-- c"),
    ],
    ids=["unclosed", "closed before", "closed once", "tag in an unclosed one"],
)
def test_comments_that_are_never_closed_stay_and_are_passed_at_once(text: str, normalised: str) -> None:
    assert normalise(text) == normalised


def test_light_keeps_words_as_they_stand() -> None:
    assert clean("Don't<br />STOP, it's 5!", "light") == ["Don't", "STOP,", "it's", "5!"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't, can't, WON'T!", ["i", "do", "n't", "ca", "n't", "wo", "n't", "!"]),
        ("It's Tom's; he'd've", ["it", "'s", "tom", "'s", "he", "'d", "'ve"]),
        ("I'm you're they'll we've", ["i", "'m", "you", "'re", "they", "'ll", "we", "'ve"]),
        ("I cannot", ["i", "can", "not"]),
        ("don\u2019t it\u2019s", ["do", "n't", "it", "'s"]),
        ("What 's up ?", ["what", "'s", "up", "?"]),
        ("O'Brien said 'quoted' words'", ["o'brien", "said", "quoted", "words"]),
        ("Jum'at, ma'af", ["jum'at", "ma'af"]),
        ("well-made; (really) #1 @you _x_", ["well", "made", "really", "1", "you", "x"]),
        ("wow!!! really?!?", ["wow", "!", "really", "?"]),
        ("good\U0001f600\U0001f44d\U0001f3fd!", ["good", "\U0001f600", "\U0001f44d", "!"]),
        ("\u2764\ufe0f", ["\u2764"]),
        ("Kué naïve Straße", ["kué", "naïve", "straße"]),
        ("हिन्दी अच्छी", ["हिन्दी", "अच्छी"]),
        ("...", []),
    ],
)
def test_moderate_lowers_splits_contractions_and_takes_marks_out(text: str, words: list[str]) -> None:
    assert clean(text, "moderate") == words


def test_aggressive_also_takes_numbers_and_stop_words_out_but_no_negation() -> None:
    assert clean("It was not a good film, and I don't give it 10", "aggressive") == [
        "not",
        "good",
        "film",
        "n't",
        "give",
    ]
    assert STOP_WORDS.isdisjoint({"not", "no", "nor", "never", "n't"})


def test_cleaning_a_raw_text_is_cleaning_its_normalised_one() -> None:
    raw = "A <b>bold</b> &lt;br&gt; move"
    for level in LEVELS:
        assert clean(raw, level) == words_of(normalise(raw), level)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="'heavy' is none of light, moderate, aggressive"):
        clean("a", "heavy")
