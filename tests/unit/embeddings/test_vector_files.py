from __future__ import annotations

import gzip
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from tuner.embeddings.vector_files import read_vectors
from tuner.errors import VectorsError

GLOVE_TEXT = "the 0.5 -1 2e-1\nfilm 1 2 3\ngood 4 5 6\n"
ALL = {"the", "film", "good"}


def written(folder: Path, content: str | bytes, name: str = "vectors.txt") -> Path:
    path = folder / name
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def binary(words: dict[str, list[float]], line_feed: bytes = b"\n") -> bytes:
    dimension = len(next(iter(words.values())))
    rows = [
        word.encode() + b" " + struct.pack(f"<{dimension}f", *row) + line_feed for word, row in words.items()
    ]
    return f"{len(words)} {dimension}\n".encode() + b"".join(rows)


TWO_WORDS = binary({"the": [1, 2], "film": [3, 4]})


FORMATS: dict[str, str | bytes] = {
    "glove text": GLOVE_TEXT,
    "glove text of Windows": GLOVE_TEXT.replace("\n", "\r\n"),
    "word2vec text": "3 3\n" + GLOVE_TEXT,
    "word2vec text with a space at the end of each line": "3 3\n" + GLOVE_TEXT.replace("\n", " \n"),
    "word2vec binary": binary({"the": [0.5, -1, 0.2], "film": [1, 2, 3], "good": [4, 5, 6]}),
    "word2vec binary without line feeds": binary(
        {"the": [0.5, -1, 0.2], "film": [1, 2, 3], "good": [4, 5, 6]}, line_feed=b""
    ),
}


@pytest.mark.parametrize("name", ["vectors", "vectors.gz"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_read_plain_and_gzipped(tmp_path: Path, form: str, name: str) -> None:
    found = read_vectors(written(tmp_path, FORMATS[form], name), ALL, dimension=3)

    assert found.dimension == 3
    assert found.vectors.keys() == ALL
    expected_vectors = {"the": [0.5, -1.0, 0.2], "film": [1.0, 2.0, 3.0], "good": [4.0, 5.0, 6.0]}
    for word, expected in expected_vectors.items():
        np.testing.assert_allclose(found.vectors[word], expected, rtol=1e-6)
        assert found.vectors[word].dtype == np.float32


@pytest.mark.parametrize("form", FORMATS)
def test_only_wanted_words_are_kept(tmp_path: Path, form: str) -> None:
    assert read_vectors(written(tmp_path, FORMATS[form]), {"film", "qqzz"}).vectors.keys() == {"film"}
    assert read_vectors(written(tmp_path, FORMATS[form]), ()).dimension == 3


@pytest.mark.parametrize("first", [b"\n", b"1\n", b"1 2\n"])
def test_a_line_feed_within_the_first_floats_makes_no_text(tmp_path: Path, first: bytes) -> None:
    vectors = np.random.default_rng(1).normal(size=(3, 8)).astype("<f4")
    vectors[0] = np.frombuffer(first + vectors[0].tobytes()[len(first) :], "<f4")
    rows = [b"%d %b" % (number, row.tobytes()) for number, row in enumerate(vectors)]

    found = read_vectors(written(tmp_path, b"3 8\n" + b"".join(rows)), {"0"})

    np.testing.assert_array_equal(found.vectors["0"], vectors[0])


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n\n"])
@pytest.mark.parametrize("form", ["glove text", "word2vec text"])
def test_blank_lines_at_the_end_are_no_vectors(tmp_path: Path, form: str, end: str) -> None:
    content = FORMATS[form]
    assert isinstance(content, str)

    assert read_vectors(written(tmp_path, content + end), ALL).vectors.keys() == ALL


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "vectors.txt")

    with pytest.raises(VectorsError, match=r"vectors\.txt: is a pipe or a device, expected a file"):
        read_vectors(tmp_path / "vectors.txt", ALL)


@pytest.mark.parametrize("is_binary", [True, False])
def test_reads_what_gensim_writes(tmp_path: Path, is_binary: bool) -> None:
    from gensim.models import KeyedVectors

    vectors = np.random.default_rng(1).normal(size=(500, 60)).astype(np.float32)
    words = [f"wörd{row}" for row in range(500)]
    theirs = KeyedVectors(60)
    theirs.add_vectors(words, vectors)
    theirs.save_word2vec_format(str(tmp_path / "theirs"), binary=is_binary)

    found = read_vectors(tmp_path / "theirs", words, dimension=60)

    np.testing.assert_allclose(np.stack([found.vectors[word] for word in words]), vectors, rtol=1e-5)


def test_of_a_word_given_twice_the_first_counts(tmp_path: Path) -> None:
    found = read_vectors(written(tmp_path, "the 1 2\nthe 3 4\n"), ALL)

    assert list(found.vectors["the"]) == [1, 2]


def test_a_word_may_hold_spaces(tmp_path: Path) -> None:
    found = read_vectors(written(tmp_path, "the 1 2\n. . . 3 4\n"), {"the", ". . ."})

    assert list(found.vectors[". . ."]) == [3, 4]


@pytest.mark.parametrize("name", ["vectors.bin", "vectors.bin.gz"])
def test_a_header_that_lies_is_refused_before_anything_is_allocated(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, binary({"the": [1.0] * 300}).replace(b"1 300\n", b"2000000000 300\n"), name)

    with pytest.raises(
        VectorsError, match=r"vectors\.bin.*:1: the header says 2000000000 vectors of 300 values"
    ):
        read_vectors(path, ALL)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param("the\nfilm\n", r":1: found .*'the\\n', expected a word", id="no values"),
        pytest.param("the 1 2 3\nfilm 1 2\n", ":2: found 2 values in 'film 1 2', expec", id="short line"),
        pytest.param("the 1 2 3\nfilm 1 2 3 4\n", ":2: found 4 values", id="long line"),
        pytest.param("the 1 2\n\nfilm 1 2\n", ":2: found 0 values in '', expected 2", id="blank line"),
        pytest.param("2 3\nthe 1 2\nso 1 2 3\n", ":2: found 2 values in 'the 1 2'", id="short first"),
        pytest.param("the 1 2\nfilm 1 x\n", ":2: found 'film 1 x', expected a word and 2", id="no number"),
        pytest.param("the 1 2\nfilm 1 nan\n", ":2: the vector of 'film' holds a value", id="not finite"),
        pytest.param("the 1 2\nso 1 2\nso 1 x", ":3: found 'so 1 x', expected a word and 2", id="last row"),
        pytest.param("9" * 30 + " 2\nthe 1 2\n", ":2: found 2 values in 'the 1 2", id="many digits"),
        pytest.param(
            "1 5000\nthe 1 2\n", ":1: vectors have 5000 values, expected at most", id="long vectors"
        ),
        pytest.param("3 2\nthe 1 2\nfilm 3 4\n", ":3: .* ends with vector 2, but line 1 says 3", id="few"),
        pytest.param("1 2\nthe 1 2\nfilm 3 4\n", ":3: .* ends with vector 2, but line 1 says 1", id="many"),
        pytest.param("once upon a time there was\n", ":1: found 'once upon", id="prose"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(99), ":1: found", id="picture"),
        pytest.param(b"PK\x03\x04" + bytes(99), "is a zip archive", id="zip"),
        pytest.param(TWO_WORDS[:-6], "vector 2 of 2: the file ends", id="short binary"),
        pytest.param(TWO_WORDS.replace(b"2 2", b"1 2"), "goes on after the 1 vec", id="long binary"),
        pytest.param(b"9 2\nx " + b"\x01" * 5000, "vector 2 of 9: found no word", id="binary without words"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(VectorsError, match=message):
        read_vectors(written(tmp_path, content), ALL)


def test_another_dimension_is_refused_with_the_setting_to_change(tmp_path: Path) -> None:
    with pytest.raises(VectorsError, match="3 values, expected 100; set embedding_dimension: 3"):
        read_vectors(written(tmp_path, GLOVE_TEXT), ALL, dimension=100)


class _Planted:
    """Touches a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (Path("planted"),)


def test_a_pickle_in_disguise_is_refused_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, pickle.dumps(_Planted()))

    with pytest.raises(VectorsError, match="is a Python pickle"):
        read_vectors(path, ALL)
    assert not Path("planted").exists()


def test_a_truncated_gzip_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, GLOVE_TEXT * 100, "vectors.txt.gz")
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(VectorsError, match="the gzip file is damaged or truncated"):
        read_vectors(path, ALL)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VectorsError, match="No such file"):
        read_vectors(tmp_path / "absent.txt", ALL)
    with pytest.raises(VectorsError, match="Is a directory"):
        read_vectors(tmp_path, ALL)


def test_the_real_glove_file_covers_common_words(shared_data: Path) -> None:
    found = read_vectors(
        shared_data / "glove.6B.50d.20k.txt.gz", {"the", "movie", "superb", "qqzz"}, dimension=50
    )

    assert found.vectors.keys() == {"the", "movie", "superb"}
