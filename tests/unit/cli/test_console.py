"""How commands speak: foreign text stays one harmless line, data stay data."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys

import pytest
from rich.console import Console

from tuner.cli.console import (
    console,
    facts,
    one_line,
    remark,
    table,
    widths_of,
    write_csv,
    write_json,
    write_json_list,
    write_rows,
)


def drawn(thing: object, width: int = 60) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(thing)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("two\nlines\r\n", "two lines  "),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("tab\there", "tab here"),
        ("Ünïcode 日本", "Ünïcode 日本"),
        ("a\u202eb", "a\\x202eb"),
    ],
)
def test_foreign_text_is_one_harmless_line(text: str, expected: str) -> None:
    assert one_line(text) == expected


def test_a_table_reads_no_markup_and_folds_what_is_too_long() -> None:
    said = drawn(table(["name", "n"], [["[red]x[/red] " + "word " * 20, "7"]], right=["n"]), width=40)

    assert "[red]x[/red]" in said
    assert said.count("word") == 20
    assert max(len(line) for line in said.splitlines()) <= 40


def test_a_narrow_table_breaks_no_word_while_a_column_can_give_way() -> None:
    headings = ["trial", "training time (s)", "params", "reason"]
    params = "family=lstm embedding_dimension=128 learning_rate=0.00219"
    reason = "never learned: accuracy 0.511 after 2 epochs"

    said = drawn(table(headings, [["3", "0.05 s", params, reason]], ["trial"], width=60), width=60)

    assert set(f"{params} {reason} {' '.join(headings)}".split()) <= set(said.split())
    assert "0.05 s" in said
    assert max(map(len, said.splitlines())) <= 60


def test_a_table_for_which_there_is_no_room_loses_nothing() -> None:
    cells = ["abcdefghij" * 3, "klmnopqrst" * 3]

    said = drawn(table(["one", "two"], [cells], width=24), width=24)

    assert sorted("".join(said.split()).replace("─", "")) == sorted("onetwo" + "".join(cells))


def test_a_long_table_has_a_line_a_row_set_below_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    headings, rows = ["name", "n", "reason"], [["日本", "7", "a\nb"], ["abc", "12", ""]]

    write_rows(headings, iter(rows), widths_of(headings, iter(rows)), right=["n"])

    assert capsys.readouterr().out.splitlines() == [
        "name   n  reason",
        "────  ──  ──────",
        "日本   7  a b",
        "abc   12",
    ]


def test_facts_are_a_title_and_pairs() -> None:
    lines = [
        line.split() for line in drawn(facts("reviews", [("task", "binary"), ("seed", "7")])).splitlines()
    ]

    assert lines == [["reviews"], ["task", "binary"], ["seed", "7"]]


def test_json_is_ascii_and_has_null_for_what_it_cannot_carry(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"a": math.nan, "b": [math.inf, 1.5], "c": ("ü", True), 4: None})

    said = capsys.readouterr().out
    assert said.isascii()
    assert json.loads(said) == {"a": None, "b": [None, 1.5], "c": ["ü", True], "4": None}


@pytest.mark.parametrize(
    "values",
    [
        [],
        [1],
        [{}],
        [[], {"a": []}],
        [{"a": 1, "b": {"c": [1, 2]}}, {"text": 'two\nlines, "quoted" \\n', "x": math.nan}, None],
    ],
)
def test_a_list_written_by_its_members_is_the_list_written_whole(
    values: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(values)
    whole = capsys.readouterr().out

    write_json_list(iter(values))

    assert capsys.readouterr().out == whole


def test_csv_quotes_what_must_be_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(["number", "reason"], [[1, 'a "b", c'], [2, None]])

    assert capsys.readouterr().out == 'number,reason\n1,"a ""b"", c"\n2,\n'


def test_a_remark_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    remark("wrote\nfile")

    assert capsys.readouterr() == ("", "tuner: wrote file\n")


def test_without_a_terminal_there_is_no_colour_and_a_fixed_width() -> None:
    screen = console()
    assert (screen.width, screen.is_terminal) == (120, False)


def test_a_table_into_a_closed_pipe_is_left_to_the_seam() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code = (
        "from tuner.cli.console import console\n"
        "try:\n    console().print('x' * 100)\n    raise SystemExit('no error')\n"
        "except BrokenPipeError:\n    import os; os._exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)

    assert (done.returncode, done.stderr) == (7, b"")
