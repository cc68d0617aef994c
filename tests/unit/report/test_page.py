"""The page: one file that loads nothing, in which every foreign text is text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tuner.report.look import Figure
from tuner.report.page import Page, Section, TextTable, render

EVIL = "</script><script>alert('x')</script><b onclick=\"y\">&"


class Outline(HTMLParser):
    """Collects tags with their attributes and the text outside scripts and styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._skips = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._skips = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._skips = False

    def handle_data(self, data: str) -> None:
        if not self._skips:
            self.text += data


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    return parser


def page(text: str = "plain") -> Page:
    figure: Figure = {"data": [{"x": [1], "y": [2], "name": text, "hovertext": [text]}], "layout": {}}
    table = TextTable([text, "n"], [[text, "1"]], right=frozenset({"n"}), wide=frozenset({text}))
    sections = [Section(text, [text], figure, table=table, code=text), Section("folded", [text], folded=True)]
    return Page(text, text, [(text, text)], sections, text)


@pytest.fixture(scope="module")
def evil() -> str:
    return render(page(EVIL))


def test_a_foreign_text_stays_text(evil: str) -> None:
    found = outline(evil)

    assert "<script>alert" not in evil
    assert "onclick" not in {name for _, attributes in found.tags for name in attributes}
    assert found.text.count(EVIL) >= 9


def test_the_page_loads_nothing_and_may_send_nothing(evil: str) -> None:
    found = outline(evil)

    sources = [
        attributes.get("src") or attributes.get("href")
        for tag, attributes in found.tags
        if tag in ("script", "img", "link", "iframe")
    ]
    policy = next(
        attributes["content"]
        for tag, attributes in found.tags
        if "Content-Security-Policy" in attributes.values()
    )
    assert [source for source in sources if source] == []
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_plotly_itself_is_inside_once(evil: str) -> None:
    assert len(re.findall(r"plotly\.js v\d", evil)) == 1
    assert len(evil) > 3_000_000


def test_a_picture_is_told_in_words_to_who_cannot_see_it(evil: str) -> None:
    said = [
        attributes.get("aria-label") for _, attributes in outline(evil).tags if "aria-label" in attributes
    ]
    assert said == [EVIL], "the heading, where nothing else is said"

    section = Section("heading", figure={"data": [], "layout": {}}, figure_says="three bars")
    tags = outline(render(Page("t", "s", [], [section], "f"))).tags
    assert ("div", {"class": "figure", "role": "figure", "aria-label": "three bars"}) in tags


def test_a_section_can_be_folded() -> None:
    tags = [tag for tag, _ in outline(render(page())).tags]

    assert tags.count("details") == 1
    assert tags.count("section") == 2


def test_number_columns_are_set_to_the_right() -> None:
    found = outline(render(page()))
    assert [attributes.get("class") for tag, attributes in found.tags if tag == "td"] == ["wide", "number"]
