"""Files that cannot be used: exit code 2, one line with what and where, and nothing stored is touched."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.studies import Study
from tuner.catalogue import CATALOGUE
from tuner.cli import main
from tuner.execution.launch import open_declared, open_existing
from tuner.spec.load import load_spec

SPACE = """\
data: {source: file, path: reviews.csv, split: {train: 0.6, validation: 0.2, test: 0.2}}
task: binary
fixed: {epochs: 1, family: lstm}
space:
  embedding: [trained, word2vec, glove]
  vectors_path: {choices: [good.txt, vectors.txt], when: {embedding: [word2vec, glove]}}
  own_dimension: {sets: embedding_dimension, choices: [4, 8], when: {embedding: trained}}
  dimension: {sets: embedding_dimension, value: 3, when: {embedding: word2vec}}
budget: {trials: 2}
"""

GOOD = "the 0.5 -1 2e-1\nfilm 1 2 3\nwas 4 5 6\n"
BINARY = b"2 3\n" + b"".join(word + b" " + struct.pack("<3f", 1, 2, 3) + b"\n" for word in (b"the", b"film"))


class _Planted:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (Path("planted"),)


BAD_VECTORS: dict[str, tuple[bytes, str]] = {
    "of another dimension": (b"the 1 2\nfilm 1 2\n", "vectors.txt:1: vectors have 2 values, expected 3"),
    "first row short": (b"the 1 2\nfilm 1 2 3\n", "vectors.txt:"),
    "last row short": (GOOD.encode() + b"great 1 2", "vectors.txt:4: found 2 values in 'great 1 2'"),
    "last row damaged": (GOOD.encode() + b"great 1 2 \x00\x01", "vectors.txt:4: found 'great 1 2"),
    "binary truncated": (BINARY[:-5], "vectors.txt: vector 2 of 2: the file ends here"),
    "gzip truncated": (gzip.compress(GOOD.encode() * 50)[:-9], "vectors.txt: the gzip file is damaged"),
    "binary junk": (bytes(range(256)) * 40, "vectors.txt:1: found"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(900), "vectors.txt:1: found"),
    "a pickle": (pickle.dumps(_Planted()), "vectors.txt: is a Python pickle"),
    "a gzipped pickle": (gzip.compress(pickle.dumps(_Planted())), "vectors.txt: is a Python pickle"),
    "a pickle of text": (pickle.dumps(_Planted(), protocol=0), "vectors.txt:1: found"),
    "a lying header": (
        b"2000000000 300\nthe " + bytes(1200),
        "vectors.txt:1: the header says 2000000000 vec",
    ),
    "a header of many digits": (b"9" * 5000 + b" 3\nthe 1 2 3\n", "vectors.txt:2: found 3 values"),
    "a header of huge vectors": (
        gzip.compress(b"1 100000000\nthe " + bytes(10**6)),
        "vectors.txt:1: vectors have 100000000 values, expected",
    ),
    "empty": (b"", "vectors.txt: is empty"),
    "a table": (b"text,label\na film,1\n", "vectors.txt:1: found 'text,label"),
}


def state_of(folder: Path) -> dict[str, str]:
    """Return every file of a folder with a hash of its content, and every folder in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "/"
        for path in folder.rglob("*")
    }


@pytest.fixture
def folder(tmp_path: Path, short_reviews: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A declared study with its texts, in the working folder; ``vectors.txt`` is not there yet."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{text},{label}\n" for text, label in short_reviews)
    (tmp_path / "reviews.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    (tmp_path / "good.txt").write_text(GOOD, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(SPACE, encoding="utf-8")
    return tmp_path


Refused = Callable[..., str]


@pytest.fixture
def refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command that is refused, with nothing but one line said and no file changed; gives the line."""

    def run(*arguments: str, code: int = 2) -> str:
        before = state_of(folder)
        capsys.readouterr()

        assert main(arguments) == code

        said = capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        assert line.startswith("tuner: error: ")
        assert line.isprintable()
        assert state_of(folder) == before
        return line.removeprefix("tuner: error: ")

    return run


@pytest.mark.parametrize("name", BAD_VECTORS)
def test_bad_vectors_are_refused_before_a_study_is_begun(name: str, folder: Path, refused: Refused) -> None:
    content, told = BAD_VECTORS[name]
    (folder / "vectors.txt").write_bytes(content)

    line = refused("run", "study.yaml")

    assert told in line
    assert "; " in line, "and says what to do"
    assert not (folder / "studies").exists()
    assert not (folder / "planted").exists()


def test_missing_vectors_are_refused_before_a_study_is_begun(refused: Refused) -> None:
    assert "vectors.txt; check the path" in refused("run", "study.yaml", code=3)


@pytest.mark.parametrize("path", ["x" * 300, "."])
def test_a_path_that_no_file_can_have_is_missing(path: str, folder: Path, refused: Refused) -> None:
    (folder / "study.yaml").write_text(SPACE.replace("vectors.txt", f'"{path}"'), encoding="utf-8")

    assert "there is no file" in refused("run", "study.yaml", code=3)


def test_vectors_that_know_no_word_of_the_texts_are_refused(folder: Path, refused: Refused) -> None:
    (folder / "vectors.txt").write_text("qqzz 1 2 3\n", encoding="utf-8")
    main(["run", "study.yaml"])  # keeps the texts under the studies' cache, which no study owns

    line = refused("run", "study.yaml")

    assert "vectors.txt: has a vector for none of the" in line
    assert [path.name for path in (folder / "studies").iterdir()] == ["cache"]


@pytest.mark.parametrize("command", [["run", "study.yaml"], ["resume", "study"]])
def test_vectors_that_were_damaged_since_stop_a_study_and_change_nothing(
    command: list[str], folder: Path
) -> None:
    (folder / "vectors.txt").write_text(GOOD, encoding="utf-8")
    spec = load_spec(folder / "study.yaml", CATALOGUE)
    open_declared("study", spec, folder, "studies/tuner.db").database.close()
    (folder / "vectors.txt").write_text(GOOD + "great 1 2\n", encoding="utf-8")
    before = state_of(folder)

    said = Study(folder).call(*command, code=2).stderr

    assert "vectors.txt:4: found 2 values in 'great 1 2" in said
    assert len(said.splitlines()) == 1
    assert state_of(folder) == before


@pytest.mark.parametrize("command", [["run", "study.yaml"], ["resume", "study"]])
def test_a_study_does_not_go_on_on_other_vectors(command: list[str], folder: Path) -> None:
    (folder / "vectors.txt").write_text(GOOD, encoding="utf-8")
    spec = load_spec(folder / "study.yaml", CATALOGUE)
    open_declared("study", spec, folder, "studies/tuner.db").database.close()
    (folder / "vectors.txt").write_text(GOOD.replace("4 5 6", "4 5 7"), encoding="utf-8")
    before = {name: state for name, state in state_of(folder).items() if "cache" not in name}

    said = Study(folder).call(*command, code=2).stderr

    assert "vectors_path: the files of vectors are not those it was begun with" in said
    assert len(said.splitlines()) == 1
    assert {name: state for name, state in state_of(folder).items() if "cache" not in name} == before


def test_vectors_that_were_only_copied_again_are_the_same(folder: Path) -> None:
    (folder / "vectors.txt").write_text(GOOD, encoding="utf-8")
    spec = load_spec(folder / "study.yaml", CATALOGUE)
    open_declared("study", spec, folder, "studies/tuner.db").database.close()
    (folder / "vectors.txt").unlink()
    (folder / "vectors.txt").write_text(GOOD, encoding="utf-8")

    study = open_existing("study", "studies/tuner.db")

    digest = hashlib.sha256(GOOD.encode()).hexdigest()
    told = [each.message for each in study.ledger.events("study") if digest in each.message]
    assert told == [f"the study reads files of vectors with SHA-256 {digest}"]
    study.database.close()


def test_an_unknown_architecture_names_the_nearest(folder: Path, refused: Refused) -> None:
    (folder / "study.yaml").write_text(SPACE.replace("family: lstm", "family: lstmm"), encoding="utf-8")

    line = refused("run", "study.yaml")

    assert line.startswith("study.yaml:3:")
    assert "lstmm" in line
    assert "did you mean 'lstm'?" in line


@pytest.mark.parametrize(
    ("declared", "where"), [("task: regression", "in a regression"), ("task: binary", "with `threshold`")]
)
def test_a_rating_that_is_a_word_is_refused_with_its_row(
    declared: str, where: str, folder: Path, refused: Refused
) -> None:
    rows = "".join(f"the film number {index} was fine,{index % 10}\n" for index in range(40))
    (folder / "reviews.csv").write_text(f"text,rating\n{rows}a last one,seven\n", encoding="utf-8")
    threshold = ", threshold: 6" if declared == "task: binary" else ""
    (folder / "study.yaml").write_text(
        f"data: {{source: file, path: reviews.csv, label: rating{threshold}}}\n{declared}\n"
        "space: {units: [2, 4]}\n",
        encoding="utf-8",
    )

    line = refused("run", "study.yaml")

    assert f"reviews.csv:42: rating 'seven': expected a number {where}" in line
    assert line.endswith("correct it, or take the row out")


BAD_DATA: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no rows below a header"),
    "one class": (
        b"text,label\n" + b"".join(b"text %d,1\n" % index for index in range(30)),
        "only one label",
    ),
    "no label column": (b"text,lable\na,1\n", "no column 'label', .*did you mean 'lable'"),
    "a label is missing": (b"text,label\na film,1\nother,\n", "no label in row 3"),
    "mixed encodings": (b"text,label\ncaf\xe9,1\n", "line 2, byte 14: 0xe9 is not utf-8"),
    "an open quote": (b'text,label\n"a film,1\nother,0\n', "the row that begins in line 2 is broken"),
    "escape sequences": (b"text,la\x1b[31mbel\na,1\n", "no column 'label'"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_are_refused_before_a_study_is_begun(name: str, folder: Path, refused: Refused) -> None:
    content, told = BAD_DATA[name]
    (folder / "reviews.csv").write_bytes(content)
    (folder / "vectors.txt").write_text(GOOD, encoding="utf-8")

    assert re.search(rf"reviews\.csv.*{told}", refused("run", "study.yaml"))
    assert not (folder / "studies").exists()


def test_no_pipe_is_waited_for(folder: Path, refused: Refused) -> None:
    (folder / "reviews.csv").unlink()
    os.mkfifo(folder / "reviews.csv")
    (folder / "vectors.txt").write_text(GOOD, encoding="utf-8")

    assert "is a pipe or a device, expected a file" in refused("run", "study.yaml")
