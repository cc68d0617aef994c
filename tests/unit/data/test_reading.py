"""Files are read as they stand, or refused with the row."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuner.data.reading import cell_text, file_format, pick_columns, read_table
from tuner.errors import DataError, NotFoundError

ROWS = [("good, or so", "pos"), ('he said "no"', "neg"), ("two\nlines", "pos"), ("kué 😀", "neg")]


def write(path: Path, kind: str) -> Path:
    match kind:
        case "csv" | "tsv":
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, delimiter="," if kind == "csv" else "\t")
                writer.writerows([("text", "label"), *ROWS])
        case "jsonl":
            lines = [json.dumps({"text": text, "label": label}) for text, label in ROWS]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        case "parquet":
            texts, labels = zip(*ROWS, strict=True)
            pq.write_table(pa.table({"text": list(texts), "label": list(labels)}), path)
    return path


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize(("kind", "first_row"), [("csv", 2), ("tsv", 2), ("jsonl", 1), ("parquet", 1)])
def test_every_format_gives_the_same_texts(tmp_path: Path, kind: str, first_row: int, gzipped: bool) -> None:
    path = write(tmp_path / f"data.{kind}", kind)
    if gzipped:
        packed = tmp_path / f"data.{kind}.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path = packed

    table = pick_columns(read_table(path), "text", "label")

    assert list(zip(table.texts, table.labels, strict=True)) == ROWS
    assert list(table.rows) == list(range(first_row, first_row + len(ROWS)))
    assert table.origin == str(path)
    assert table.split is None


def test_nothing_is_taken_for_a_missing_value_or_a_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\nNA,1e5\nnull,007\n", encoding="utf-8")

    table = pick_columns(read_table(path), "text", "label")

    assert table.texts == ["NA", "null"]
    assert table.labels == ["1e5", "007"]


@pytest.mark.parametrize("encoding", ["utf-8", "U8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\ufefftext,label\na,b\n".encode(encoding))

    assert list(read_table(path, encoding=encoding).columns) == ["text", "label"]


def test_blank_lines_are_passed_over_but_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\ntext,label\na,x\n\nb,y\n", encoding="utf-8")

    assert list(read_table(path).rows) == [3, 5]


def test_another_separator_and_encoding_can_be_declared(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text;label\ncafé, là;pos\n".encode("cp1252"))

    assert read_table(path, encoding="cp1252", separator=";").columns["text"] == ("café, là",)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("text", ["plain", "with, a comma"])
def test_a_header_with_another_separator_names_it(tmp_path: Path, separator: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"text{separator}label\n{text}{separator}x\n", encoding="utf-8")

    with pytest.raises(DataError) as refusal:
        pick_columns(read_table(path), "text", "label")

    assert f"declare `separator: {json.dumps(separator)}`" in str(refusal.value)


def test_a_cell_may_be_longer_than_the_csv_module_likes(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "x" * (limit + 1) + ",y\n", encoding="utf-8")

    assert len(str(read_table(path).columns["text"][0])) == limit + 1
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", r"a\.csv: no rows below a header"),
        ("a.csv", b"text,label\n", "no rows below a header"),
        ("a.csv", b"text,label\na,b\nc,d,e\n", r"row 3 \(line 3\): 3 cells, but the header has 2"),
        ("a.csv", b'text,label\n"a\nb",x\nc\n', r"row 3 \(line 4\): 1 cells"),
        ("a.csv", b'text,label\na,b\n"never closed,c\n', "begins in line 3 is broken"),
        ("a.csv", b"text,label\na,b\ncaf\xe9,c\n", r"line 3, byte 18: 0xe9 is not utf-8; .*cp1252"),
        ("a.csv", b"text,text\na,b\n", "column 'text' more than once"),
        ("a.jsonl", b'{"text": "a"}\nnonsense\n', "line 2 is not JSON"),
        ("a.jsonl", b'{"text": "a"}\n[1]\n', "line 2 holds a list, expected an object"),
        ("a.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("a.jsonl", b"1" * 5000, "line 1 is not JSON"),
        ("a.jsonl", b"\n\n", "no lines with an object"),
        ("a.parquet", b"PAR1 and nothing more", "is no Parquet file"),
        ("a.csv.gz", b"text,label\n", "is not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"text,label\n" * 99, mtime=0)[:-9], "is not a whole gzip file"),
        ("a.xlsx", b"", r"its ending '\.xlsx' is none of \.csv"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=message):
        read_table(tmp_path / name)


def test_a_jsonl_file_with_an_id_for_a_key_is_refused_after_its_first_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = (json.dumps({f"id{number}": {"text": "a b", "label": "x"}}) + "\n" for number in range(50_000))
    path.write_text("".join(lines), encoding="utf-8")

    with pytest.raises(
        DataError, match=r"line 1001: more than 1,000 different keys .*'id1000'; every object"
    ):
        read_table(path)


def test_a_key_that_few_objects_have_is_missing_in_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\n{"label": 1, "text": "b"}\n', encoding="utf-8")

    columns = read_table(path).columns

    assert {name: list(cells) for name, cells in columns.items()} == {"text": ["a", "b"], "label": [None, 1]}
    assert columns.get("none") is None


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")

    with pytest.raises(DataError, match="has no rows"):
        read_table(tmp_path / "a.parquet")


def test_a_parquet_file_with_damaged_or_doubled_columns_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", "parquet")
    path.write_bytes(path.read_bytes().replace("kué".encode(), b"ku\xff\xff"))
    with pytest.raises(DataError, match="is no Parquet file that can be read"):
        pick_columns(read_table(path), "text", "label")

    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, path)
    with pytest.raises(DataError, match="column 'text' more than once"):
        read_table(path)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (pa.array([2**62, None], pa.timestamp("us")), r"timestamp\[us\]"),
        (pa.array([2**30, 1], pa.date32()), r"date32\[day\]"),
        (pa.array([2**62, 1], pa.duration("s")), r"duration\[s\]"),
        (pa.array([1, 1], pa.timestamp("us", tz="Mars/Base")), "timestamp"),
        (pa.array([["a"], []]), "list"),
        (pa.array([b"\xff", b"a"]), "binary"),
    ],
)
def test_a_parquet_column_that_python_has_no_value_for_is_in_nobodys_way(
    cells: pa.Array, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"when": cells, "text": ["a", "b"], "label": [1, 0]}), path)

    assert pick_columns(read_table(path), "text", "label").labels == ["1", "0"]
    with pytest.raises(DataError, match=f"row 1: column 'when' holds a {kind}.*, expected text or a number"):
        pick_columns(read_table(path), "text", "when")


def test_parquet_columns_of_every_plain_type_are_read_by_their_whole_name(tmp_path: Path) -> None:
    columns = {
        "a": pa.array([{"b": 1}, {"b": 2}]),
        "a.b": pa.array(["x", None]),
        "": pa.array([True, False]),
        "named": pa.array(["u", "v"]).dictionary_encode(),
        "none": pa.array([None, None]),
        "half": pa.array([0.5, None], pa.float32()),
        "view": pa.array(["p", None], pa.string_view()),
        "json": pa.ExtensionArray.from_storage(pa.json_(pa.utf8()), pa.array(["1", None], pa.utf8())),
    }
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path)

    found = read_table(path).columns

    assert list(found) == list(columns)
    assert [found[name] for name in list(columns)[1:]] == [
        ["x", None],
        [True, False],
        ["u", "v"],
        [None, None],
        [0.5, None],
        ["p", None],
        ["1", None],
    ]


def test_a_small_parquet_file_is_not_unpacked_beyond_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = pa.array(["x" * 1000]).dictionary_encode().take(pa.array([0] * 5000))
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": text, "label": [1] * 5000, "unused": text}), path, compression="zstd")
    assert path.stat().st_size < 50_000
    monkeypatch.setattr("tuner.data.reading.LARGEST_BYTES", 8_000_000)

    assert len(pick_columns(read_table(path), "text", "label").texts) == 5000
    monkeypatch.setattr("tuner.data.reading.LARGEST_BYTES", 4_000_000)
    with pytest.raises(DataError, match="unpacks to more than 3 MiB; draw some of its rows"):
        pick_columns(read_table(path), "text", "label")


def test_a_missing_file_is_not_found_and_its_neighbour_named(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").touch()

    with pytest.raises(NotFoundError, match=r"review\.csv: no such file; did you mean 'reviews\.csv'"):
        read_table(tmp_path / "review.csv")
    with pytest.raises(NotFoundError, match="no such file; there is none"):
        read_table(tmp_path / "nowhere" / "review.csv")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()

    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("option", "message"),
    [({"encoding": "utf-9"}, "'utf-9' is not known"), ({"separator": "::"}, "'::' is not one character")],
)
def test_unusable_options_are_refused(tmp_path: Path, option: dict[str, str], message: str) -> None:
    path = write(tmp_path / "a.csv", "csv")

    with pytest.raises(DataError, match=message):
        read_table(path, **option)


def test_a_missing_column_is_named_with_its_nearest(tmp_path: Path) -> None:
    raw = read_table(write(tmp_path / "a.csv", "csv"))

    with pytest.raises(DataError, match=r"no column 'Text', .* the text column; did you mean 'text'\?"):
        pick_columns(raw, "Text", "label")
    with pytest.raises(DataError, match=r"no column 'zzz', .* the split column; there is: label, text"):
        pick_columns(raw, "text", "label", "zzz")


def test_cells_that_are_no_text_are_refused_with_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "label": 1}\n{"text": ["b"], "label": 2}\n', encoding="utf-8")

    with pytest.raises(DataError, match="row 2: column 'text' holds a list"):
        pick_columns(read_table(path), "text", "label")


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), (float("nan"), ""), (1.0, "1"), (0.5, "0.5"), (True, "true"), (7, "7"), (" a ", " a ")],
)
def test_cells_become_text_as_a_person_would_write_them(cell: object, text: str) -> None:
    assert cell_text(cell) == text


def test_the_ending_says_the_format() -> None:
    assert file_format(Path("a/B.CSV.GZ")) == "csv"
    assert file_format(Path("x.ndjson")) == "jsonl"


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "device.csv").symlink_to("/dev/zero")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")

    with pytest.raises(DataError, match=r"pipe\.csv: is a pipe or a device, expected a file"):
        read_table(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match=r"device\.csv: is a pipe or a device"):
        read_table(tmp_path / "device.csv")
    with pytest.raises(DataError, match=r"loop\.csv: cannot be read: Too many levels of symbolic links"):
        read_table(tmp_path / "loop.csv")


@pytest.mark.parametrize(("name", "told"), [("a.csv", "has 0 MiB, at most"), ("a.csv.gz", "unpacks to more")])
def test_a_file_that_memory_would_not_hold_is_refused(
    name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"text,label\n" + b"a review,1\n" * 1000
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    monkeypatch.setattr("tuner.data.reading.LARGEST_BYTES", 5000)

    with pytest.raises(DataError, match=rf"{told}.*; draw some of its rows"):
        read_table(tmp_path / name)


def test_half_a_surrogate_pair_in_a_label_becomes_what_a_file_can_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x", "label": " a\\ud800 "}\n', encoding="utf-8")

    assert pick_columns(read_table(path), "text", "label").labels == ["a\ufffd"]


@pytest.mark.parametrize("encoding", ["undefined", "rot13", "base64", "no\0such"])
def test_a_codec_that_is_none_of_texts_is_refused(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,1\n", encoding="utf-8")

    with pytest.raises(DataError, match="encoding"):
        read_table(path, encoding=encoding)


def test_a_header_of_very_many_columns_is_read_at_once(tmp_path: Path) -> None:
    names = [f"column {index}" for index in range(100_000)]
    path = tmp_path / "a.csv"
    path.write_text(",".join([*names, "column 7"]) + "\n" + "1," * len(names) + "1\n", encoding="utf-8")

    with pytest.raises(DataError, match="has column 'column 7' more than once"):
        read_table(path)
