"""``tuner run`` as its README shows it; what it had found when is read from its database afterwards.

With the name of a variation it is run with a part of it left out (:mod:`benchmarks.front.parts`).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.front.record import Found
from benchmarks.front.script import the_order
from benchmarks.front.settings import Order
from tuner.catalogue import CATALOGUE
from tuner.spec import dump_spec, load_spec
from tuner.spec.values import ComponentSpec, StudySpec

__all__ = ["VARIATIONS", "plain_params", "varied", "write_found"]

START_UP_S = 5.0
"""A study's time limit begins with its session, some seconds after the command was typed."""

NAME = "front"

VARIATIONS: Mapping[str, Callable[[StudySpec], StudySpec]] = {
    "draws_1": lambda spec: replace(spec, sampler=ComponentSpec("tpe", {"draws": 1})),
    "no_pruner": lambda spec: replace(spec, pruner=ComponentSpec("none")),
    "random": lambda spec: replace(spec, sampler=ComponentSpec("random", {"draws": 8})),
}
"""What is declared otherwise, by the name of the variation."""


def main() -> None:
    """Run the study until the seconds are over."""
    order = the_order()
    folder = Path(f"{order.out}.files")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Prepared texts, which every method finds; a person's second study finds its own so, too.
    shutil.copytree(order.cache, folder / Path(order.cache).name)
    storage = folder / "tuner.db"
    space = varied(Path(order.space), sys.argv[2], folder) if len(sys.argv) > 2 else Path(order.space)
    command = [str(Path(sys.executable).parent / "tuner"), "run", str(space), "--study", NAME]
    left_s = order.started + order.seconds - time.time()
    command += ["--seed", str(order.seed), "--time-limit", f"{left_s - START_UP_S:.0f}s"]
    study = subprocess.Popen(command, env={**os.environ, "TUNER_STORAGE": str(storage)})
    try:
        study.wait(left_s)
    except subprocess.TimeoutExpired:
        study.send_signal(signal.SIGINT)  # what is under way then counts for no method
        study.wait()
    write_found(storage, order)


def varied(space: Path, variation: str, folder: Path) -> Path:
    """Write the declared file with what a variation declares otherwise into a folder; return its path."""
    changed = VARIATIONS[variation](load_spec(space, CATALOGUE))
    path = folder / space.name
    path.write_text(dump_spec(changed), encoding="utf-8")
    return path


def write_found(storage: Path, order: Order) -> None:
    """Write every epoch of the study as ``tuner front --shorter`` compares them: of pruned trials too.

    The other tools' epochs count from their report on in the same way, whether or not training went on.
    """
    from tuner.analysis.shorter import trainings
    from tuner.storage import Ledger, open_database

    database = open_database(str(storage), create=False)
    ledger = Ledger(database)
    trials, curves = ledger.trials(NAME), ledger.curves(NAME)
    objectives = ledger.study(NAME).spec.objectives
    database.close()
    began = {each.number: each.started_utc.timestamp() for each in trials if each.started_utc is not None}
    with Path(order.out).open("w", encoding="utf-8") as file:  # no other process writes to it
        for training in trainings(trials, curves, objectives):
            report = curves[training.number][training.epochs - 1]
            accuracy, seconds = training.values
            found = Found(
                at_s=began[training.number] + report.metrics["wall_time_s"] - order.started,
                params=plain_params(training.params),
                epochs=training.epochs,
                accuracy=accuracy,
                seconds=seconds,
            )
            file.write(json.dumps(asdict(found)) + "\n")


def plain_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial's params in the words of the plain script."""
    two_ways = params.get("bidirectional", False)
    return {
        "family": "cnn" if params["family"] == "cnn" else ("bilstm" if two_ways else "lstm"),
        "layers": params.get("layers", 1),
        "units": params["filters"] if params["family"] == "cnn" else params["units"],
        "dimension": params["embedding_dimension"],
        "dropout": params["dropout"],
        "learning_rate": params["learning_rate"],
    }


if __name__ == "__main__":
    main()
