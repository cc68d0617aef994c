"""Runs the reference studies of ``search_spaces/`` and writes ``docs/results.md`` from what they left.

    python -m benchmarks.reference_studies            # run what is not done yet, then write the page
    python -m benchmarks.reference_studies --only nusax_layers --only imdb_ladder
    python -m benchmarks.reference_studies --write    # the page again, from the recorded figures

A study that was begun goes on where it stopped; one that is finished is not run again. What the page shows is
first written to ``docs/results/<study>.json``, so that the page can be made again without their databases.
The sentences about each study stand in ``benchmarks/notes/<study>.md``; figures in them are written as
``{3:accuracy}`` or ``{tf_idf_logistic_regression:accuracy}`` and filled in from the record.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner.analysis.front import front
from tuner.analysis.wording import written, written_params, written_value
from tuner.storage import Ledger, TrialRecord, open_database

ROOT = Path(__file__).resolve().parents[1]
STORAGE = ROOT / "studies" / "reference" / "tuner.db"
DOCS = ROOT / "docs"
RECORDS = DOCS / "results"
NOTES = Path(__file__).parent / "notes"
TUNER = Path(sys.executable).parent / "tuner"
SHOWN_VERSIONS = ("python", "tensorflow", "keras", "numpy")


_TIMES = ("training_time_s", "training_cpu_time_s")
_ACCURACY = ("accuracy", "test_accuracy", *_TIMES, "parameters")
_F1 = ("f1", "test_f1", "accuracy", *_TIMES, "parameters")
_FACTOR = ("macro_f1", "accuracy", "parameters", "training_time_s")


@dataclass(frozen=True)
class Reference:
    """One study of the page.

    Attributes:
        name: Of its file in ``search_spaces/`` and of the study.
        title: Its heading.
        columns: Metrics of the table, in this order.
        factor: What ``tuner compare --by`` is asked for, or an empty string.
        all_trials: Whether the table lists every trial in order, and not the front alone.
    """

    name: str
    title: str
    columns: tuple[str, ...] = _ACCURACY
    factor: str = ""
    all_trials: bool = False


STUDIES = (
    Reference("imdb_ladder", "The ladder on 25,000 reviews", all_trials=True),
    Reference("five_architectures", "Five architectures", all_trials=True),
    Reference("nusax_layers", "One factor: layers", _FACTOR, "layer_units"),
    Reference("nusax_units", "One factor: units", _FACTOR, "layer_units"),
    Reference("nusax_direction", "One factor: direction", _FACTOR, "bidirectional"),
    Reference("ratings_10", "Ratings as classes", ("accuracy", "test_accuracy", "f1", "training_time_s")),
    Reference(
        "ratings_regression", "Ratings as numbers", ("mae", "test_mae", "r2", "test_r2", "training_time_s")
    ),
    Reference("clothing_stars", "Five skewed classes", _F1),
    Reference("imdb_full", "Everything at once, six minutes"),
)


def main() -> int:
    """Run, record, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", choices=[each.name for each in STUDIES], default=[])
    parser.add_argument("--write", action="store_true", help="write the page from what is recorded")
    options = parser.parse_args()
    RECORDS.mkdir(parents=True, exist_ok=True)
    if not options.write:
        for study in STUDIES:
            if not options.only or study.name in options.only:
                record = run(study)
                text = json.dumps(record, indent=1, sort_keys=True, allow_nan=False)
                (RECORDS / f"{study.name}.json").write_text(text + "\n", encoding="utf-8")
    (DOCS / "results.md").write_text(page(), encoding="utf-8")
    return 0


# -- running ---------------------------------------------------------------------------------------


def run(study: Reference) -> dict[str, Any]:
    """Run a study and its baselines to the end, and return what the page needs of them."""
    file = f"search_spaces/{study.name}.yaml"
    commands = [["tuner", "run", file], ["tuner", "baseline", file], ["tuner", "report", study.name]]
    if study.factor:
        commands.append(["tuner", "compare", study.name, "--by", study.factor])
    for command in commands:
        print("$", shlex.join(command), flush=True)
        call(command)
    record = read(study)
    record["commands"] = [shlex.join(command) for command in commands]
    if study.factor:
        record["compared"] = json.loads(call([*commands[-1], "--format", "json", "--no-images"]))
    keep_pictures(study)
    return record


def call(command: Sequence[str]) -> str:
    """Run a command of ours on the page's own database; a failure ends everything."""
    environment = {**os.environ, "TUNER_STORAGE": str(STORAGE), "COLUMNS": "160"}
    STORAGE.parent.mkdir(parents=True, exist_ok=True)
    program = [str(TUNER), *command[1:]]
    return subprocess.run(
        program, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def read(study: Reference) -> dict[str, Any]:
    """Read a finished study out of the database, as JSON can carry it."""
    database = open_database(str(STORAGE), create=False)
    try:
        ledger = Ledger(database)
        stored = ledger.study(study.name)
        trials = ledger.trials(study.name)
        workers = ledger.workers(study.name)
        members = [trial.number for trial in front(trials, stored.spec.objectives)]
        return {
            "study": study.name,
            "objectives": [vars(objective) for objective in stored.spec.objectives],
            "data": dict(stored.data_summary),
            "begun_utc": stored.created_utc.strftime("%Y-%m-%d"),
            "used_s": ledger.use_of_budget(study.name).used_s,
            "workers": len({worker.worker for worker in workers}),
            "cpu": workers[0].cpu if workers else "",
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "versions": {
                name: version
                for name, version in (workers[0].versions if workers else {}).items()
                if name in SHOWN_VERSIONS
            },
            "front": members,
            "trials": [trial_of(trial) for trial in trials],
            "baselines": [
                {
                    "name": each.name,
                    "metrics": {**each.metrics, **each.test_metrics},
                    "facts": dict(each.facts),
                }
                for each in ledger.baselines(study.name)
            ],
        }
    finally:
        database.close()


def trial_of(trial: TrialRecord) -> dict[str, Any]:
    """Return a trial as the record keeps it."""
    return {
        "number": trial.number,
        "state": str(trial.state),
        "params": dict(trial.params),
        "metrics": {**trial.metrics, **trial.test_metrics},
        "reason": trial.reason,
    }


def keep_pictures(study: Reference) -> None:
    """Copy the pictures that the commands left beside the database into the docs."""
    folder = STORAGE.parent / study.name
    # A comparison draws its trials and their curves itself.
    wanted = ("compare_*", "confusion") if study.factor else ("front", "confusion", "learning")
    for picture in [path for name in wanted for path in sorted(folder.glob(f"{name}.svg"))]:
        shutil.copyfile(picture, RECORDS / f"{study.name}_{picture.name}")


# -- writing ---------------------------------------------------------------------------------------


def page() -> str:
    """Return the page, from the records that are there."""
    parts = [
        "# Results of the reference studies",
        "",
        "Written by `python -m benchmarks.reference_studies`: it runs the files of `search_spaces/` on real"
        " texts by the commands that stand beside each, and shows what they recorded (`docs/results/*.json`)"
        " and drew. Validation figures chose the kept epoch and the front; test figures were measured once,"
        " afterwards. `training_time_s` is the seconds in training steps up to the kept epoch, on one core a"
        " worker; `training_cpu_time_s` is the same on the processor's clock. The machine did other work"
        " beside these studies, and where the two differ, that is why: compare the latter where it was kept.",
        "",
    ]
    for study in STUDIES:
        path = RECORDS / f"{study.name}.json"
        if path.exists():
            parts += section(study, json.loads(path.read_text(encoding="utf-8")))
    return "\n".join(parts)


def section(study: Reference, record: Mapping[str, Any]) -> list[str]:
    """Return one study's part of the page."""
    states = [trial["state"] for trial in record["trials"]]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(record["versions"].items()))
    lines = [f"## {study.title}", "", "```console"]
    lines += [f"$ {command}" for command in record["commands"]]
    lines += [
        "```",
        "",
        f"*{record['begun_utc']}; {record['workers']} workers on {record['cores']} cores of {record['cpu']}"
        f" ({record['system']}); {versions}. {record['used_s']:.0f} s for {len(states)} trials:"
        f" {states.count('COMPLETE')} complete, {states.count('PRUNED')} pruned,"
        f" {states.count('FAIL')} failed.*",
        "",
    ]
    lines += [*factor_table(study, record), ""] if study.factor else [*trials_table(study, record), ""]
    lines += [*baselines_table(study, record), ""]
    for picture in sorted(RECORDS.glob(f"{study.name}_*.svg")):
        lines += [
            f"![{study.title}: {picture.stem.removeprefix(study.name + '_')}](results/{picture.name})",
            "",
        ]
    note = NOTES / f"{study.name}.md"
    if note.exists():
        lines += [filled(note.read_text(encoding="utf-8").strip(), record), ""]
    return lines


def trials_table(study: Reference, record: Mapping[str, Any]) -> list[str]:
    """Return the trials, all or those of the front, as a table."""
    by_number = {trial["number"]: trial for trial in record["trials"]}
    numbers = list(by_number) if study.all_trials else record["front"]
    shown = [by_number[number] for number in numbers]
    constant = {
        name
        for name in {name for trial in shown for name in trial["params"]}
        if len({json.dumps(trial["params"].get(name)) for trial in shown}) == 1 and len(shown) > 1
    }
    columns = [name.replace("_", " ") for name in study.columns]
    lines = table_head(["trial", "settings", *columns, "epochs", ""])
    for trial in shown:
        settings = {name: value for name, value in trial["params"].items() if name not in constant}
        mark = "front" if trial["number"] in record["front"] else trial["reason"]
        cells = [str(trial["number"]), written_params(settings)]
        cells += [written(name, trial["metrics"].get(name)) for name in study.columns]
        cells += [written("epochs_run", trial["metrics"].get("epochs_run")), mark]
        lines.append(f"| {' | '.join(cells)} |")
    if constant and shown:
        same = {name: value for name, value in shown[0]["params"].items() if name in constant}
        lines += ["", f"The same in all of them: `{written_params(same)}`."]
    return lines


def factor_table(study: Reference, record: Mapping[str, Any]) -> list[str]:
    """Return what ``tuner compare`` said of each level of the factor."""
    compared = record["compared"]
    decided_by = compared["metric"]
    others = [name for name in study.columns if name != decided_by]
    heads = [f"{decided_by.replace('_', ' ')}, {compared['split']}", "95 % interval"]
    heads += [name.replace("_", " ") for name in others]
    lines = table_head([study.factor.replace("_", " "), "trials", *heads, "held against the best mean"])
    for level in compared["levels"]:
        first = level["metrics"][decided_by]
        cells = [
            *map(written_value, level["values"].values()),
            str(first["n"]),
            f"{first['mean']:.3f} ± {first['sd']:.3f}",
        ]
        cells.append(f"{first['low']:.3f} to {first['high']:.3f}")
        cells += [mean(name, level["metrics"][name]) for name in others]
        cells.append(level["verdict"] + (f", p {level['p']:.2f}" if level["p"] is not None else ""))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def mean(name: str, spread: Mapping[str, float]) -> str:
    """Write a mean with its standard deviation, where there is one."""
    return written(name, spread["mean"]) + (f" ± {written(name, spread['sd'])}" if spread["sd"] else "")


def table_head(heads: Sequence[str]) -> list[str]:
    """Return the first two lines of a table."""
    return [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]


def baselines_table(study: Reference, record: Mapping[str, Any]) -> list[str]:
    """Return the baselines on the same splits."""
    shown = ("f1", "test_f1", "accuracy", "training_time_s") if study.factor else study.columns
    columns = [name for name in shown if name != "parameters"]
    lines = table_head(["without a network", *(name.replace("_", " ") for name in columns)])
    for each in record["baselines"]:
        cells = [each["name"], *(written(name, each["metrics"].get(name)) for name in columns)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def filled(text: str, record: Mapping[str, Any]) -> str:
    """Put recorded figures in the place of ``{5:test_accuracy}`` and ``{tfidf:accuracy}``."""
    metrics = {str(trial["number"]): trial["metrics"] for trial in record["trials"]}
    metrics |= {slug(each["name"]): each["metrics"] for each in record["baselines"]}

    def figure(found: re.Match[str]) -> str:
        return written(found["name"], metrics[found["owner"]].get(found["name"]))

    return re.sub(r"\{(?P<owner>\w+):(?P<name>\w+)\}", figure, text)


def slug(name: str) -> str:
    """Return a baseline's name as notes write it, e.g. ``tf_idf_logistic_regression``."""
    return re.sub(r"\W+", "_", name.lower()).strip("_")


if __name__ == "__main__":
    sys.exit(main())
