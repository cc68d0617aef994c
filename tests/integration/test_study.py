"""A study from the declared file to the front, through the command line, with real workers and real texts."""

from __future__ import annotations

import fcntl
import io
import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import termios
import zipfile
from pathlib import Path

import h5py
import pytest

from tests.event_files import expected_scalars, scalars_of, without_rate
from tests.studies import TUNER, Study, assert_budget_met_exactly, end, wait_for, workers_of
from tuner.storage import Ledger, open_database

TRIALS = 6

UNLUCKY = """\
import sys

import keras

SETTINGS = ()


def build(params, inputs, task, n_classes):
    if "tuner.execution.worker" in sys.orig_argv:
        raise ValueError("no luck in a worker")
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(inputs.vocabulary_size, inputs.dimension)(ids)
    return keras.Model(ids, keras.layers.Dense(1, "sigmoid")(keras.layers.GlobalMaxPooling1D()(vectors)))
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    environment = {"TUNER_RESEARCHER": "Ada Lovelace"}
    study = Study(tmp_path_factory.mktemp("finished"), environment=environment)
    (study.folder / "random.py").write_text("raise SystemExit('a file that lies here was run')\n")
    done = study.call("run", str(study.small(TRIALS)))
    (study.folder / "stdout.txt").write_text(done.stdout, encoding="utf-8")
    (study.folder / "stderr.txt").write_text(done.stderr, encoding="utf-8")
    return study


def test_every_trial_of_the_budget_ends_once(finished: Study) -> None:
    assert_budget_met_exactly(finished.trials(), TRIALS)
    status = finished.json("status")
    assert status["states"]["RUNNING"] == 0
    assert status["finished"] == TRIALS
    assert status["budget"]["trials_left"] == 0


def test_no_file_that_lies_in_the_folder_is_taken_for_a_module(finished: Study) -> None:
    """Workers, pictures and `verify` load modules of the name in processes of their own."""
    assert (finished.folder / "random.py").exists()
    assert "lies here" not in (finished.folder / "stderr.txt").read_text(encoding="utf-8")
    assert len(list(finished.folder.glob("studies/small/*.png"))) > 0


def test_the_front_is_best_accuracy_first_and_nobody_dominates_a_member(finished: Study) -> None:
    front = finished.json("front")
    points = [member["values"] for member in front]

    assert points
    accuracies = [accuracy for accuracy, _ in points]
    assert accuracies == sorted(accuracies, reverse=True)
    complete = [trial["values"] for trial in finished.trials() if trial["state"] == "COMPLETE"]
    for point in points:
        assert not any(other[0] >= point[0] and other[1] <= point[1] and other != point for other in complete)


def test_the_test_split_is_opened_for_the_front_only(finished: Study) -> None:
    members = {member["number"] for member in finished.json("front")}
    measured = {trial["number"] for trial in finished.trials() if trial["test_metrics"]}

    assert measured == members


def test_the_front_goes_to_stdout_and_the_progress_to_stderr(finished: Study) -> None:
    out = (finished.folder / "stdout.txt").read_text(encoding="utf-8")
    err = (finished.folder / "stderr.txt").read_text(encoding="utf-8")

    assert "accuracy" in out
    assert "report.html" in err
    assert "report.html" not in out


def test_report_and_front_are_written(finished: Study) -> None:
    folder = finished.folder / "studies" / finished.name

    assert "plotly" in (folder / "report.html").read_text(encoding="utf-8").lower()
    assert len((folder / "front.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(
        finished.json("front")
    )


def test_the_session_is_kept_with_its_file_and_its_researcher(finished: Study) -> None:
    database = open_database(str(finished.folder / "studies" / "tuner.db"), create=False)
    (session,) = Ledger(database).sessions(finished.name)
    database.close()

    assert session.researcher == "Ada Lovelace"
    assert session.facts["space_file"] == str(finished.folder / f"{finished.name}.yaml")
    assert session.facts["tensorflow"]


def test_tensorboard_shows_every_trial_with_its_stored_epochs(finished: Study) -> None:
    assert_events_are_the_stored_epochs(finished)
    assert "tensorboard --logdir" in (finished.folder / "stderr.txt").read_text(encoding="utf-8")


def assert_events_are_the_stored_epochs(study: Study) -> None:
    database = open_database(str(study.folder / "studies" / "tuner.db"), create=False)
    curves = Ledger(database).curves(study.name)
    database.close()
    folder = study.folder / "studies" / study.name / "tensorboard"
    assert {path.name for path in folder.iterdir()} == {str(number) for number in curves}
    for number, epochs in curves.items():
        expected = expected_scalars([report.metrics for report in epochs])
        assert without_rate(scalars_of(folder / str(number))) == expected, f"trial {number}"


def test_a_kept_model_predicts_the_same_without_keras(finished: Study) -> None:
    (best, *_) = finished.json("front")

    found = finished.json("verify")

    assert found["trial"] == best["number"]
    assert found["parts"].keys() == {"validation", "test"}
    for part in found["parts"].values():
        assert (part["texts"], part["same"], part["agree"]) == (200, 1.0, True)
        assert part["largest_difference"] < 1e-5
        assert part["keras"] == part["numpy"]


def test_a_record_that_was_changed_is_found_out(finished: Study, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "studies", tmp_path / "studies")
    copy = Study(tmp_path)
    (best, *_) = copy.json("front")
    record = tmp_path / "studies" / copy.name / "trials" / str(best["number"]) / "model.json"
    kept = json.loads(record.read_text(encoding="utf-8"))
    kept["params"]["sequence_length"] = 1
    record.write_text(json.dumps(kept), encoding="utf-8")

    done = copy.call("verify", copy.name, str(best["number"]), code=1)

    assert "macro-F1 NumPy" in done.stdout
    assert "Keras and NumPy disagree on the kept model" in done.stderr


def test_a_model_with_other_weights_than_the_recorded_ones_is_found_out(
    finished: Study, tmp_path: Path
) -> None:
    shutil.copytree(finished.folder / "studies", tmp_path / "studies")
    copy = Study(tmp_path)
    (best, *_) = copy.json("front")
    assert copy.json("verify")["as_recorded"] is True
    turn_weights(tmp_path / "studies" / copy.name / "trials" / str(best["number"]) / "model.keras")

    done = copy.call("verify", copy.name, str(best["number"]), code=1)

    assert "100.00%" in done.stdout, "Keras and NumPy agree on it"
    assert "the kept model is not the recorded one: validation " in done.stderr


def turn_weights(model: Path) -> None:
    """Change the sign of every weight of a kept model."""
    with zipfile.ZipFile(model) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    content = io.BytesIO(entries["model.weights.h5"])
    with h5py.File(content, "r+") as file:

        def turn(_: str, found: object) -> None:
            if isinstance(found, h5py.Dataset):
                found[...] = -found[...]

        file.visititems(turn)
    entries["model.weights.h5"] = content.getvalue()
    with zipfile.ZipFile(model, "w") as archive:
        for name, entry in entries.items():
            archive.writestr(name, entry)


def test_only_a_trial_with_a_model_can_be_verified(finished: Study) -> None:
    members = {member["number"] for member in finished.json("front")}
    beaten = next((number for number in range(TRIALS) if number not in members), None)
    if beaten is None:
        pytest.skip("every trial is a member of the front")

    said = finished.call("verify", finished.name, str(beaten), code=2).stderr

    assert f"trial {beaten} has kept no model" in said
    assert "trials with a model: " in said


def test_a_trial_that_is_not_there_cannot_be_verified(finished: Study) -> None:
    said = finished.call("verify", finished.name, "99", code=3).stderr

    assert "no trial 99; trials with a model: " in said


def test_optuna_reads_the_study(finished: Study) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("optuna")), "trials", "--storage",
            f"sqlite:///{finished.folder}/studies/tuner.db", "--study-name", finished.name, "-f", "json",
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert len(json.loads(done.stdout)) == TRIALS


def test_running_a_finished_study_again_adds_nothing(finished: Study) -> None:
    before = finished.trials()
    finished.call("run", f"{finished.name}.yaml")

    assert finished.trials() == before


def test_a_changed_space_is_refused_and_nothing_is_touched(finished: Study) -> None:
    before = finished.trials()
    changed = (finished.folder / f"{finished.name}.yaml").read_text(encoding="utf-8")
    path = finished.folder / "changed.yaml"
    path.write_text(changed.replace("high: 16", "high: 32"), encoding="utf-8")

    done = finished.call("run", str(path), "--study", finished.name, code=2)

    assert "units" in done.stderr
    assert "16" in done.stderr
    assert "32" in done.stderr
    assert finished.trials() == before


def test_a_copy_of_the_studies_goes_on_elsewhere(finished: Study, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "studies", tmp_path / "studies")
    copy = Study(tmp_path)
    before = copy.finished()

    copy.call("resume", copy.name, "--trials", str(TRIALS + 2))

    assert_budget_met_exactly(copy.trials(), TRIALS + 2)
    after = copy.finished()
    assert all(after[number]["values"] == before[number]["values"] for number in before)


def test_trials_under_way_survive_ctrl_c(tmp_path: Path) -> None:
    study = Study(tmp_path)
    process = study.start("run", str(study.small(trials=6, epochs=6)))
    database = tmp_path / "studies" / "tuner.db"
    wait_for(lambda: _epochs(database) >= 3, 90, "three epochs")

    code, err = end(process, signal.SIGINT)

    assert code == 130, err
    assert "tuner resume small" in err
    before = study.finished()
    study.call("resume", study.name)
    assert_budget_met_exactly(study.trials(), 6)
    after = study.finished()
    assert all(
        after[number] == before[number] | {"test_metrics": after[number]["test_metrics"]} for number in before
    )


def test_trials_under_way_survive_a_terminal_that_closes(tmp_path: Path) -> None:
    study = Study(tmp_path)
    study.small(trials=4, epochs=6)
    terminal, theirs = os.openpty()
    process = subprocess.Popen(
        [TUNER, "run", "small.yaml"], cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    database = tmp_path / "studies" / "tuner.db"

    def is_under_way() -> bool:
        while select.select([terminal], [], [], 0.0)[0]:
            os.read(terminal, 1 << 16)  # or the picture would wait to be read
        return _epochs(database) >= 3

    wait_for(is_under_way, 90, "three epochs")
    os.close(terminal)  # the session gets SIGHUP, and every write to the terminal EIO

    assert process.wait(timeout=60) == 129
    study.call("resume", study.name)
    assert_budget_met_exactly(study.trials(), 4)
    for number in range(4):
        shown = study.call("show", study.name, str(number), "--format", "json").stdout
        assert json.loads(shown)["deaths"] == 0


def test_a_study_whose_terminal_has_closed_is_reported_all_the_same(tmp_path: Path) -> None:
    """As after ``nohup tuner run small.yaml 2>log``: only the front was to go to the terminal."""
    study = Study(tmp_path)
    study.small(trials=1, epochs=1)
    terminal, theirs = os.openpty()
    os.close(terminal)
    done = subprocess.run(
        [TUNER, "run", "small.yaml"],
        cwd=tmp_path,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        timeout=90,
    )
    os.close(theirs)

    assert done.returncode == 0, done.stderr
    assert "bug" not in done.stderr
    assert "wrote studies/small/report.html" in done.stderr
    assert (tmp_path / "studies" / "small" / "report.html").is_file()


def test_a_killed_worker_costs_no_trial(tmp_path: Path) -> None:
    study = Study(tmp_path)
    process = study.start("run", str(study.small(trials=5, epochs=6)))
    database = tmp_path / "studies" / "tuner.db"
    wait_for(lambda: _epochs(database) >= 2, 90, "two epochs")
    workers_of(process)[0].kill()

    out, err = process.communicate(timeout=240)

    assert process.returncode == 0, err
    assert "killed by SIGKILL" in err
    assert_budget_met_exactly(study.trials(), 5)
    assert out
    assert_events_are_the_stored_epochs(study)


def test_everything_killed_at_once_goes_on(tmp_path: Path) -> None:
    study = Study(tmp_path)
    process = study.start("run", str(study.small(trials=5, epochs=6)))
    database = tmp_path / "studies" / "tuner.db"
    wait_for(lambda: _epochs(database) >= 4, 90, "four epochs")
    workers = workers_of(process)
    end(process, signal.SIGKILL)

    wait_for(
        lambda: not any(worker.is_running() for worker in workers), 20, "no worker outlives its coordinator"
    )
    before = study.finished()
    study.call("resume", study.name)
    assert_budget_met_exactly(study.trials(), 5)
    after = study.finished()
    assert all(after[number]["values"] == before[number]["values"] for number in before)
    assert_events_are_the_stored_epochs(study)


def test_a_study_whose_every_trial_fails_stops_and_says_why(tmp_path: Path) -> None:
    study = Study(tmp_path)
    text = study.small(trials=20).read_text(encoding="utf-8")
    text = text.replace("budget: {trials: 20}", "budget: {trials: 20, max_failures_in_a_row: 3}")
    text = text.replace("  units: {low: 2, high: 16}\n  bidirectional: [false, true]\n", "")
    study.declare(text.replace("family: lstm", 'family: "unlucky:build"'))
    (tmp_path / "unlucky.py").write_text(UNLUCKY, encoding="utf-8")

    done = study.call("run", f"{study.name}.yaml", code=7)

    assert "trials failed in a row" in done.stderr
    assert "no luck in a worker" in done.stderr
    assert {trial["state"] for trial in study.trials()} <= {"FAIL", "RUNNING"}


def test_a_folder_that_refuses_trials_ends_the_session_and_fails_none(tmp_path: Path) -> None:
    study = Study(tmp_path)
    study.small(trials=2, epochs=1)
    blocked = tmp_path / "studies" / study.name / "trials"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where trials want a folder", encoding="utf-8")

    done = study.call("run", f"{study.name}.yaml", code=4)

    assert "tuner: error: " in done.stderr
    assert "studies/small/trials/" in done.stderr
    assert "let it be written to, then go on with: tuner resume small" in done.stderr
    assert {trial["state"] for trial in study.trials()} == {"RUNNING"}
    blocked.unlink()
    study.call("resume", study.name)
    assert_budget_met_exactly(study.trials(), 2)
    shown = study.call("show", study.name, "0", "--format", "json").stdout
    assert json.loads(shown)["deaths"] == 0


@pytest.mark.slow
def test_trials_that_do_not_fit_into_memory_are_not_begun_until_there_is_more(tmp_path: Path) -> None:
    study = Study(tmp_path)
    text = study.small(epochs=1, trials=2).read_text(encoding="utf-8")
    study.declare(text + "execution: {workers: 1, trial_memory_limit_mib: 10}\n")

    done = study.call("run", f"{study.name}.yaml", code=7)
    assert "for one worker: trials that do not fit are not begun" in done.stderr
    assert "no trial is complete" in done.stderr

    study.declare(text + "execution: {workers: 1, trial_memory_limit_mib: 4000}\n")
    study.call("run", f"{study.name}.yaml", "--trials", "3")
    found = study.trials()
    assert [trial["state"] for trial in found] == ["PRUNED", "PRUNED", "COMPLETE"]
    assert all(trial["reason"].startswith("does not fit into memory") for trial in found[:2])
    assert found[2]["facts"]["memory_estimate_bytes"] > 0
    assert "2 that did not fit into memory" in study.call("status", study.name).stdout


def test_a_study_keeps_to_its_threads_whatever_the_workers_and_says_what_does_not_compare(
    tmp_path: Path,
) -> None:
    study = Study(tmp_path)
    pair = sorted(os.sched_getaffinity(0))[:2]
    if len(pair) < 2:
        pytest.skip("two cores are needed, one of which is to stay idle")
    file, cores = str(study.small(trials=2, epochs=1)), ",".join(map(str, pair))

    said = _run(study, cores, "run", file, "--workers", "2")
    assert "2 workers with 1 thread each on 2 cores" in said
    assert "idle" not in said

    said = _run(study, cores, "resume", study.name, "--workers", "1", "--trials", "3")
    assert "1 worker with 1 thread on 2 cores" in said
    assert "1 of 2 cores stays idle: a worker keeps to the 1 thread that the study began with" in said
    assert {trial["facts"]["threads"] for trial in study.trials()} == {1}
    assert "unlike" not in said

    said = _run(study, cores, "resume", study.name, "--workers", "1", "--threads", "2", "--trials", "4")
    assert "the study began with 1 thread for each worker, and now there is one worker with 2" in said
    facts = study.trials()[3]["facts"]
    assert (facts["threads"], facts["device"]) == (2, "CPU (2 cores)")
    assert "seconds of unlike kinds stand on one axis: 1 thread (trials 0, 1, 2), 2 threads (trial 3)" in said
    assert study.json("status")["unlike_seconds"].startswith("seconds of unlike kinds")

    said = _run(study, cores, "time", study.name)
    assert "the study has trials with 2 threads; all are timed with 1 thread" in said
    assert "unlike kinds" not in said
    timed = [trial["retimed"]["device"] for trial in study.json("front")]
    assert all(device.startswith("CPU (core ") for device in timed)


def test_workers_that_share_a_core_are_told_of_and_their_trials_know(tmp_path: Path) -> None:
    study = Study(tmp_path)
    core = str(min(os.sched_getaffinity(0)))

    said = _run(study, core, "run", str(study.small(trials=2, epochs=1)), "--workers", "2")

    assert "2 workers share 1 core: their training times disturb each other" in said
    assert all(trial["facts"]["device_shared"] is True for trial in study.trials())


def _run(study: Study, cores: str, *arguments: str) -> str:
    """Run a command on these cores and return what it said on stderr, its lines joined."""
    process = study.start(*arguments, core=cores)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return " ".join(err.split())


def test_a_missing_file_of_vectors_is_refused_before_anything_is_created(tmp_path: Path) -> None:
    study = Study(tmp_path)
    text = study.small(trials=2).read_text(encoding="utf-8")
    study.declare(text.replace("  epochs: 2\n", "  epochs: 2\n  vectors_path: missing.txt\n"))

    done = study.call("run", f"{study.name}.yaml", code=3)

    assert "missing.txt" in done.stderr
    assert not (tmp_path / "studies").exists()


def _epochs(database: Path) -> int:
    """Count recorded epochs from outside, without touching the database."""
    if not database.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            (count,) = connection.execute("SELECT count(*) FROM tuner_epochs").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(count)
