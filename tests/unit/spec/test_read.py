"""Bytes to nodes: types by YAML 1.2, places, and everything that is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.errors import NotFoundError, SpecError
from tuner.spec.read import (
    MAX_NODES,
    MAX_SIZE_BYTES,
    Listing,
    Mapping,
    Mark,
    Node,
    Problems,
    Scalar,
    decode_text,
    read_bytes,
    read_nodes,
)


def read(text: str) -> Node:
    problems = Problems("f")
    node = read_nodes(text, problems)
    problems.raise_if_any()
    return node


def refusal(text: str) -> str:
    with pytest.raises(SpecError, match="f:") as caught:
        read(text)
    return str(caught.value)


def first(node: Node) -> Scalar:
    assert isinstance(node, Mapping)
    value = node.entries[0][1]
    assert isinstance(value, Scalar)
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1e5", 1e5),
        (".5", 0.5),
        ("2.", 2.0),
        ("12", 12),
        ("-3", -3),
        ("0x1F", 31),
        ("0o17", 15),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("0,1", "0,1"),
        ("12:30", "12:30"),
        ("~", None),
        ("null", None),
        ("", None),
        ('"5"', "5"),
        ("'a b'", "a b"),
        ("2024-01-01", "2024-01-01"),
    ],
)
def test_scalars_have_the_types_of_yaml_1_2(text: str, value: object) -> None:
    found = first(read(f"key: {text}")).value
    assert found == value
    assert type(found) is type(value)


def test_every_key_and_value_knows_its_place() -> None:
    node = read("a:\n  b: [1, 2]\n  c: x\n")
    assert isinstance(node, Mapping)
    inner = node.entries[0][1]
    assert isinstance(inner, Mapping)
    listing = inner.entries[0][1]
    assert isinstance(listing, Listing)
    assert [item.mark for item in listing.items] == [Mark(2, 7), Mark(2, 10)]
    assert inner.entries[1][0].mark == Mark(3, 3)
    assert inner.entries[1][1].mark == Mark(3, 6)


def test_a_missing_value_stands_where_its_key_stands() -> None:
    assert first(read("a:\n\n\nb: 1\n")).mark == Mark(1, 1)


def test_a_byte_order_mark_is_tolerated_and_shifts_nothing() -> None:
    text = decode_text(b"\xef\xbb\xbfa: 1\n", "f")
    node = read(text)
    assert isinstance(node, Mapping)
    assert node.entries[0][0].mark == Mark(1, 1)
    assert first(read("\ufeffa: 1")).value == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"f:1:1: the file is empty"),
        ("# only\n", r"f:1:1: the file is empty"),
        ("a: 1\n\tb: 2\n", r"f:2:1: found a tab, expected spaces; indent with spaces"),
        ("a: &x 1\n", r"f:1:4: found the anchor &x"),
        ("a: *x\n", r"f:1:4: found the alias \*x"),
        ("a: !!python/object/apply:os.system [ls]\n", r"f:1:4: found a tag"),
        ("a: !x {b: 1}\n", r"f:1:4: found a tag"),
        ("%YAML 1.1\n---\na: 1\n", r"f:1:1: found %YAML 1\.1, expected YAML 1\.2"),
        ("a: 1\n---\nb: 2\n", r"f:2:1: found a second document"),
        ("a: 1\na: 2\n", r"f:2:1: the key 'a' stands here twice, first in line 1"),
        ("? [a]\n: b\n", r"f:1:3: found a key that is no word"),
        ("~: b\n", r"f:1:1: found a key that is no word"),
        ("a: [1,\nb: 2\n", r"the list opened in line 1 is not closed here; add ',' or '\]'$"),
        ("a: {b: 1\nc: 2\n", r"the braces opened in line 1 are not closed here; add ',' or '}'$"),
        ('a: "x\n', r"the quote opened in line 1 is not closed"),
        ("a: b: c\n", r"f:1:5: found a ':' where a value ends"),
        ("a: @x\n", r"f:1:4: found a character that no value begins with"),
        ("- a\nb: 1\n", r"f:2:1: the line does not fit the ones above it, from line 1 on"),
        ("a: 1\nword\n", r"found a line without ':'"),
        ('a: "\\q"\n', r"f:1:6: not YAML: found unknown escape character 'q'"),
        ('a: "\\UFFFFFFFF"\n', r"not YAML from here on"),
        ("a: \x07\n", r"f:1:4: found a control character"),
        ('a: "\\0"\n', r"f:1:4: found a NUL"),
        ('a: "\\ud800"\n', r"f:1:4: found a NUL or half a character"),
        (
            "a: 99999999999999999999\n",
            r"f:1:4: found 99999999999999999999, expected a whole number up to 2\*\*53",
        ),
        ("a: " + "9" * 5000, r"expected a whole number up to"),
        (f"a: {2**70}\n", r"expected a whole number up to"),
        ("a: .nan\n", r"f:1:4: found \.nan, expected a finite number"),
        ("a: -.inf\n", r"expected a finite number"),
        ("a: 1e999\n", r"found 1e999, expected a finite number"),
    ],
)
def test_refuses_with_the_place(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        read(text)
    assert all("\n" not in str(problem) for problem in caught.value.problems)


def test_several_refusals_come_together() -> None:
    assert len(refusal("a: &x 1\na: 2\nb: *x\nc: .inf\n").splitlines()) == 4


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: \xff\n", r"f:1:4: found the byte 0xff, expected text in UTF-8"),
        ("ä: ö\n".encode("latin-1"), r"f:1:1: found the byte 0xe4"),
        (b"a: 1\nb: \0\n", r"f:2:4: found binary data"),
        ("a: 1".encode("utf-16"), r"found UTF-16, expected UTF-8"),
        (b"#" * (MAX_SIZE_BYTES + 1), r"the file is over 256 KiB"),
    ],
)
def test_refuses_what_is_no_text(data: bytes, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        decode_text(data, "f")


def test_reads_no_more_of_a_huge_file_than_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as handle:
        handle.truncate(50 * 1024 * 1024)
    assert len(read_bytes(path)) == MAX_SIZE_BYTES + 1


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file") as caught:
        read_bytes(tmp_path / "absent.yaml")
    assert caught.value.exit_code == 3
    with pytest.raises(NotFoundError, match="no such file"):
        read_bytes(Path("a\0b"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="found a folder or device, expected a file"):
        read_bytes(tmp_path)


def test_a_name_that_the_system_refuses_is_a_problem_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="the file cannot be read: File name too long"):
        read_bytes(tmp_path / ("x" * 600))


def test_an_alias_bomb_costs_nothing() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    assert "aliases are not read" in refusal("\n".join(lines))


@pytest.mark.parametrize("text", ["[" * 50_000, "{a: " * 20_000, "- " * 50_000, "? " * 50_000])
def test_depth_is_bounded_before_the_whole_is_read(text: str) -> None:
    assert "nested" in refusal(text)


def test_the_number_of_values_is_bounded() -> None:
    assert "found more than 20000 values" in refusal("[" + "1, " * MAX_NODES + "1]")


def test_problems_past_two_hundred_are_dropped() -> None:
    problems = Problems("f")
    for line in range(500):
        problems.add(Mark(line + 1, 1), "wrong")
    assert len(problems.found) == 200
    assert problems.full
