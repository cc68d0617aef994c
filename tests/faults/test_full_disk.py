"""A disk that is really full: a small file system in a mount namespace of the test's own."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.studies import SMALL, TUNER, Study, assert_budget_met_exactly

pytestmark = pytest.mark.slow

PRIVATE = ["unshare", "--mount", "--map-root-user", "/bin/sh", "-c"]

ROUND = f"""\
mkdir -p studies/small/trials
mount -t tmpfs -o size=360k none studies/small/trials || exit 99
{shlex.quote(TUNER)} run small.yaml --workers 1 2>first.err
echo $? >code
ls studies/small/trials/0 >left
{shlex.quote(TUNER)} status small --format json >between.json
mount -o remount,size=100m studies/small/trials
exec {shlex.quote(TUNER)} resume small --workers 1 2>second.err
"""


ROUNDS = f"""\
mkdir -p studies
mount -t tmpfs -o size=40m none studies || exit 99
command=run file=small.yaml
for round in 1 2; do
    : >$round.err
    {shlex.quote(TUNER)} $command $file --workers 2 2>$round.err &
    tuner=$!
    while kill -0 $tuner 2>&- && [ $(grep -c epoch $round.err) -lt 4 ]; do sleep 0.2; done
    dd if=/dev/zero of=studies/filler bs=4k 2>&-
    wait $tuner
    echo $? >>codes
    rm studies/filler
    {shlex.quote(TUNER)} trials small --format json >$round.json
    command=resume file=small
done
exec {shlex.quote(TUNER)} resume small --workers 2 2>last.err
"""
"""Another program fills the disk on which everything lies, once trials are under way; twice."""


@pytest.fixture
def private() -> None:
    tried = subprocess.run([*PRIVATE, "mount -t tmpfs none /mnt"], capture_output=True)
    if tried.returncode:
        pytest.skip("no mount namespace of one's own is to be had here")


@pytest.mark.usefixtures("private")
def test_a_trial_goes_on_from_its_former_checkpoint_once_space_is_freed(tmp_path: Path) -> None:
    """The first checkpoint is of some 200 kB and fits; the second, or the model, does not beside it."""
    study = Study(tmp_path)
    text = SMALL.format(trials=1, epochs=150)
    text = text.replace("embedding_dimension: [4, 8]", "embedding_dimension: [8]")
    study.declare(text.replace("fixed:\n", "fixed:\n  patience: 0\n"))

    done = subprocess.run([*PRIVATE, ROUND], cwd=tmp_path, capture_output=True, text=True, timeout=400)

    said = (tmp_path / "first.err").read_text(encoding="utf-8")
    assert (tmp_path / "code").read_text().strip() == "6", said
    error = said.splitlines()[-1]
    assert error.startswith("tuner: error: "), said
    assert "studies/small/trials/0: no space left on the disk; what was recorded is kept" in error
    assert error.endswith("free some space, then go on with: tuner resume small")
    assert "checkpoint.json" in (tmp_path / "left").read_text()
    assert '"FAIL": 0' in (tmp_path / "between.json").read_text(encoding="utf-8")
    assert done.returncode == 0, (tmp_path / "second.err").read_text(encoding="utf-8")
    assert "trial 0 epoch 1:" not in (tmp_path / "second.err").read_text(encoding="utf-8")
    assert_budget_met_exactly(study.trials(), 1)
    (trial,) = study.trials()
    shown = json.loads(study.call("show", study.name, "0", "--format", "json").stdout)
    assert (trial["state"], shown["deaths"]) == ("COMPLETE", 0)
    assert trial["metrics"]["epochs_run"] == 150.0


@pytest.mark.usefixtures("private")
def test_a_full_disk_with_the_database_on_it_too_costs_no_trial_however_often_it_fills(
    tmp_path: Path,
) -> None:
    study = Study(tmp_path)
    text = SMALL.format(trials=2, epochs=300).replace("fixed:\n", "fixed:\n  patience: 0\n")
    text = text.replace("name: pareto, startup_trials: 2", "name: none")
    study.declare(text.replace("trials: 2}", "trials: 2, max_deaths: 1}"))

    done = subprocess.run([*PRIVATE, ROUNDS], cwd=tmp_path, capture_output=True, text=True, timeout=550)

    said = [(tmp_path / f"{each}.err").read_text(encoding="utf-8") for each in (1, 2, "last")]
    assert (tmp_path / "codes").read_text().split() == ["6", "6"], said
    for round_, err in enumerate(said[:2], 1):
        assert "no space left" in err.splitlines()[-1] or "the disk is full" in err.splitlines()[-1], err
        trials = json.loads((tmp_path / f"{round_}.json").read_text(encoding="utf-8"))
        assert [trial["state"] for trial in trials] == ["RUNNING"] * 2, err
    assert done.returncode == 0, said[2]
