"""Runs every method for the same seconds and seeds, measures what they found again, and compares.

    python -m benchmarks.front.run            # five minutes each, three seeds: about two hours on two cores
    python -m benchmarks.front.run --quick    # 30 s each, one seed, fewer texts: four minutes

A run whose record is there, made with the same settings, is not made again; remove its file to repeat it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks import machine
from benchmarks.front.expected import expected_fronts
from benchmarks.front.record import is_recorded, read_lines, read_record
from benchmarks.front.remeasure import key_of
from benchmarks.front.score import Run, Score, Worth, as_found, score, sooner, summary, trained_again
from benchmarks.front.settings import EXPECTED, FULL, OURS, QUICK, Comparison, Order, write_space
from benchmarks.front.texts import prepare_texts, prepare_unseen
from benchmarks.paths import MEASURED, WORK, environment, remarks_in, write_json

EXPECTED_EVERY_S = 15.0
"""From one moment to the next at which that front is looked at: each costs a model."""

GRACE_S = 30.0
"""A method that has not ended so long after its seconds is ended; what it wrote in time counts."""


@dataclass(frozen=True)
class Method:
    """A method.

    Attributes:
        name: As tables say it.
        module: Of this package.
        arguments: Of its own.
        package: The one that it cannot run without.
        hears_epochs: Whether each epoch is told, or whole trainings only.
    """

    name: str
    module: str
    package: str
    arguments: tuple[str, ...] = ()
    hears_epochs: bool = True

    @property
    def stem(self) -> str:
        """How its files begin."""
        return "_".join((self.module, *self.arguments))


METHODS = (
    Method(OURS, "tuner_study", "tuner"),
    Method("Optuna script, TPE", "plain_optuna", "optuna", hears_epochs=False),
    Method("random search", "plain_optuna", "optuna", ("random",), hears_epochs=False),
    Method("KerasTuner Hyperband", "keras_tuner_hyperband", "keras_tuner", hears_epochs=False),
    Method("Syne Tune MO-ASHA", "syne_tune_moasha", "syne_tune"),
    Method("Ray Tune ASHA", "ray_asha", "ray"),
)
PACKAGES = ("tuner", "tensorflow", "keras", "optuna", "keras-tuner", "syne-tune", "ray")


def main() -> int:
    """Run what is missing, then compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a smaller comparison, in a folder of its own")
    parser.add_argument("--seeds", type=int, help="fewer or more runs of each method")
    parser.add_argument("--seconds", type=float, help="another budget than the comparison's")
    parser.add_argument("--methods", nargs="*", choices=[each.stem for each in METHODS], help="these only")
    options = parser.parse_args()
    comparison = QUICK if options.quick else FULL
    if options.seconds:
        comparison = replace(comparison, seconds=options.seconds)
    chosen = [each for each in METHODS if not options.methods or each.stem in options.methods]
    missing = [each.package for each in chosen if importlib.util.find_spec(each.package) is None]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}; `make benchmark` installs them")
    seeds = range(options.seeds or comparison.seeds)
    machine.use_cores()
    write_space(comparison, folder_of(comparison) / "space.yaml")
    for seed in seeds:
        cache = cache_of(comparison, seed)
        prepare_texts(comparison, seed, cache, texts_of(comparison, seed))
        prepare_unseen(comparison, seed, cache, unseen_of(comparison, seed))
        for method in chosen:
            run(method, comparison, seed)
    runs = [
        Run(method.name, seed, read_record(record_of(method, comparison, seed)))
        for method in METHODS
        for seed in seeds
        if is_recorded(record_of(method, comparison, seed), comparison.settings())
    ]
    expected = [
        replace(
            each,
            method=EXPECTED,
            fronts=list(expected_fronts(each.found, comparison.seconds, EXPECTED_EVERY_S)),
        )
        for each in runs
        if each.method == OURS
    ]
    whole = {each.name for each in METHODS if not each.hears_epochs}
    earliest = [sooner(each) for each in runs if each.method in whole]
    again = measure_again([*runs, *expected], comparison, seconds_only=earliest)
    show(compare(runs, expected, earliest, again, comparison))
    return 0


def folder_of(comparison: Comparison) -> Path:
    """Return where a comparison's files lie that may be thrown away."""
    return WORK / f"front_{comparison.name}"


def cache_of(comparison: Comparison, seed: int) -> Path:
    """Return where ``tuner`` finds the prepared texts of a seed."""
    from tuner.storage.urls import CACHE_NAME

    return _texts_folder(comparison, seed) / CACHE_NAME


def _texts_folder(comparison: Comparison, seed: int) -> Path:
    return folder_of(comparison) / f"texts_{seed}_{comparison.train}_{comparison.validation}"


def texts_of(comparison: Comparison, seed: int) -> Path:
    """Return where the others find them."""
    return _texts_folder(comparison, seed) / "padded.npz"


def unseen_of(comparison: Comparison, seed: int) -> Path:
    """Return where those texts lie that no method is given."""
    return _texts_folder(comparison, seed) / "unseen.npz"


def count_unseen(comparison: Comparison, seed: int) -> int:
    """Return how many of them there are."""
    with np.load(unseen_of(comparison, seed)) as kept:
        return len(kept["labels"])


def records_of(comparison: Comparison) -> Path:
    """Return the folder of what is kept of the runs."""
    return MEASURED / comparison.name / "front"


def record_of(method: Method, comparison: Comparison, seed: int) -> Path:
    """Return the file of one method's run with one seed."""
    return records_of(comparison) / f"{method.stem}_{seed}.json"


def run(method: Method, comparison: Comparison, seed: int) -> None:
    """Run a method with one seed, unless that was done with the same settings."""
    record = record_of(method, comparison, seed)
    if is_recorded(record, comparison.settings()):
        return
    print(f"{method.name}, seed {seed}: {comparison.seconds:.0f} s", file=sys.stderr, flush=True)
    folder = folder_of(comparison)
    out = folder / f"{method.stem}_{seed}.jsonl"
    out.unlink(missing_ok=True)
    shutil.rmtree(f"{out}.files", ignore_errors=True)
    facts = machine.facts(PACKAGES)
    order = Order(
        seed=seed,
        seconds=comparison.seconds,
        started=time.time(),
        out=str(out),
        texts=str(texts_of(comparison, seed)),
        epochs=comparison.epochs,
        space=str(folder / "space.yaml"),
        cache=str(cache_of(comparison, seed)),
    )
    (folder / "order.json").write_text(json.dumps(asdict(order)))
    with (folder / f"{method.stem}_{seed}.log").open("w") as log:
        child = subprocess.Popen(
            command_of(method, str(folder / "order.json")),
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=folder,  # some leave files where they are started
            env=environment(),
        )
        end_after(child, comparison.seconds)
    if child.returncode > 0:  # below 0: it was ended when its time was over
        raise SystemExit(f"{method.name} failed; see {log.name}")
    found = read_lines(out)
    if not found:
        print(f"{method.name} found nothing in its time; see {log.name}", file=sys.stderr, flush=True)
    document = {"method": method.name, "seed": seed, "settings": comparison.settings(), "machine": facts}
    write_json(record, {**document, "found": [asdict(each) for each in found]})
    shutil.rmtree(f"{out}.files", ignore_errors=True)


def command_of(method: Method, order: str) -> list[str]:
    """Return the command that runs a method by the order in a file."""
    return [sys.executable, "-m", f"benchmarks.front.{method.module}", order, *method.arguments]


def end_after(child: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a method; end whatever of it is still there when its time and the grace are over."""
    family: set[psutil.Process] = set()
    deadline = time.monotonic() + seconds + GRACE_S
    try:
        while child.poll() is None and time.monotonic() < deadline:
            try:
                family |= set(psutil.Process(child.pid).children(recursive=True))
            except psutil.NoSuchProcess:
                break
            time.sleep(1.0)
    finally:  # also when this program is interrupted: what goes on would write into the next run's file
        if child.poll() is None:
            child.kill()
        for process in family:
            if process.is_running():
                process.kill()
        child.wait()
        psutil.wait_procs(list(family), timeout=10)


def measure_again(
    runs: list[Run], comparison: Comparison, seconds_only: list[Run] | None = None
) -> dict[str, Any]:
    """Measure every network that was ever on a front of a run; return them by key.

    Args:
        runs: Whose networks are wanted with seconds and accuracies.
        comparison: What is compared.
        seconds_only: Whose networks are wanted with the seconds up to each epoch.
    """
    orders: dict[str, dict[str, Any]] = {}
    wanted_of = [(each, True) for each in runs] + [(each, False) for each in seconds_only or ()]
    for each, is_judged in wanted_of:
        for _, members in each.fronts_until(comparison.seconds):
            for found in members:
                order = {
                    "params": found.params,
                    "division": each.seed,
                    "texts": str(texts_of(comparison, each.seed)),
                    "unseen": str(unseen_of(comparison, each.seed)),
                    "epochs": [],
                    "ceiling_s": comparison.ceiling_s,
                }
                epochs = orders.setdefault(key_of(found.params, each.seed), order)["epochs"]
                if is_judged and found.epochs not in epochs:
                    epochs.append(found.epochs)
    wanted = folder_of(comparison) / "orders.json"
    wanted.write_text(json.dumps(list(orders.values())))
    path = records_of(comparison) / "measured_again.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.front.remeasure", str(wanted), str(path)]
    subprocess.run(command, check=True, env=environment())
    measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return measured


def compare(
    runs: list[Run],
    expected: list[Run],
    earliest: list[Run],
    again: dict[str, Any],
    comparison: Comparison,
) -> dict[str, Any]:
    """Score all runs and write the comparison.

    Args:
        runs: By the fronts of their own figures.
        expected: Those of ``tuner`` again, by the fronts that it expects; only networks that are trained
            again can tell what such are worth.
        earliest: Those of methods that hear of whole trainings again, as ``score.sooner`` has them.
        again: What was measured again.
        comparison: What is compared.
    """
    seeds = {each.seed for each in runs}
    document = {
        "settings": {**comparison.settings(), "seeds": len(seeds)},
        "unseen": min(count_unseen(comparison, seed) for seed in seeds),
        "machine": machine.facts_of(facts_in(records_of(comparison))),
        "remarks": remarks_in(records_of(comparison) / "remarks.txt"),
        "as_found": judged(runs, OURS, lambda seed: as_found(again, seed), comparison),
        "at_most": judged(earliest, OURS, lambda seed: as_found(again, seed), comparison),
        "trained_again": judged(
            [*runs, *expected], EXPECTED, lambda seed: trained_again(again, seed), comparison
        ),
        "trained_again_single": judged(runs, OURS, lambda seed: trained_again(again, seed), comparison),
    }
    write_json(MEASURED / comparison.name / "front.json", document)
    return document


def facts_in(folder: Path, begins: str = "") -> list[dict[str, Any]]:
    """Return what each run in a folder of records, whose file's name begins so, was measured on."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{begins}*.json")))
    return [each["machine"] for each in found if "machine" in each]


def judged(
    runs: list[Run], ours: str, worth: Callable[[int], Worth], comparison: Comparison
) -> dict[str, Any]:
    """Return the scores of all runs by what each seed's networks are worth, and what they come to."""
    scores: list[Score] = [
        score(each, worth(each.seed), comparison.seconds, comparison.floor, comparison.ceiling_s)
        for each in runs
    ]
    return {
        "scores": [{**asdict(each), "final": each.final} for each in scores],
        "summary": summary(scores, ours, (OURS, EXPECTED), comparison.seconds),
    }


def show(document: dict[str, Any]) -> None:
    """Print the comparison."""
    for said, key in (
        ("accuracy as found, seconds measured again", "as_found"),
        ("of whole trainings, at most, had each epoch counted", "at_most"),
        ("trained again, accuracy on unseen texts", "trained_again"),
        ("the same, every front by single measurements", "trained_again_single"),
    ):
        print(f"\n{said}")
        scores, found = document[key]["scores"], document[key]["summary"]
        for method, median in sorted(found["medians"].items(), key=lambda item: -item[1]):
            finals = ", ".join(f"{each['final']:.3f}" for each in scores if each["method"] == method)
            print(f"{method:24} median {median:.3f}  ({finals})")
        if "best_peer" in found:
            shares = ", ".join(_share(each) for each in found["shares"])
            print(
                f"what {found['best_peer']} ended with, {found['ours']} had for good after "
                f"{_share(found['share'])} of the time by the medians, {shares} seed by seed"
            )


def _share(share: float | None) -> str:
    return "none" if share is None else f"{share:.2f}"


if __name__ == "__main__":
    sys.exit(main())
