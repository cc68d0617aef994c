"""Writes docs/benchmarks.md and its pictures from the results, and nothing that is not in them.

python -m benchmarks.page            # of the full benchmark, into docs/
python -m benchmarks.page --quick    # of the quick one, beside its results
"""

# ruff: noqa: E501 - the page's sentences, as they stand

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.front.settings import SAID
from benchmarks.page_front import draw, front_section
from benchmarks.page_tables import measured_on, of_the_time, remarks_of, table
from benchmarks.paths import DOCS, RESULTS, publish

__all__ = ["page_of"]


def main() -> int:
    """Write the page of one benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="of the quick benchmark")
    options = parser.parse_args()
    name = "quick" if options.quick else "full"
    for each in (name,) if options.quick else (name, "parts"):
        publish(each)
    folder = RESULTS / name if options.quick else DOCS
    paths = sorted((RESULTS / name).glob("*.json"))
    if not options.quick:  # those have one size only
        paths += sorted(RESULTS.glob("*.json"))
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    if not results:
        raise SystemExit(f"no results in {RESULTS / name}; `make benchmark` makes them")
    drawn = draw(results["front"], folder) if "front" in results else ()
    path = folder / "benchmarks.md"
    path.write_text(page_of(results, name, drawn), encoding="utf-8")
    print(path)
    return 0


def page_of(results: Mapping[str, Mapping[str, Any]], name: str, pictures: Sequence[str] = ()) -> str:
    """Return the page.

    Args:
        results: What there is of ``front``, ``parts``, ``efficiency``, ``scale``, ``fairness`` and ``queue_order``.
        name: ``full`` or ``quick``.
        pictures: Files beside the page.
    """
    command = "make benchmark" if name == "full" else "make benchmark-quick"
    lines = [
        "# Benchmarks",
        "",
        f"Written from `benchmarks/results` by `python -m benchmarks.page`, with which `{command}` ends. Whether times "
        "are fair, in which order trials begin and what the parts bring is measured by commands of their own, named there. "
        "No figure is typed in but those under *To be known of these runs*, which whoever measured wrote beside the results.",
    ]
    if name == "quick":
        lines += [
            "",
            "**A quick run, to see that everything works. Its figures say little: one seed, few texts.**",
        ]
    if "front" in results:
        lines += front_section(results["front"], pictures)
    if "parts" in results:
        lines += _parts(results["parts"])
    if "efficiency" in results:
        lines += _efficiency(results["efficiency"])
    if "scale" in results:
        lines += _scale(results["scale"])
    if "fairness" in results:
        lines += _fairness(results["fairness"])
    if "queue_order" in results:
        lines += _queue_order(results["queue_order"])
    missed = list(_missed(results))
    lines += ["", "## What was missed", ""]
    lines += [f"* {each}" for each in missed] or ["Nothing that was aimed at."]
    return "\n".join(lines) + "\n"


def _not_run(document: Mapping[str, Any]) -> str:
    """Name the variations that the benchmark has and that were not run."""
    run = {row["variation"] for row in document["rows"]}
    left = [said for said in SAID.values() if said not in run]
    return f"not run were {' and '.join(left)}; " if left else ""


def _parts(document: Mapping[str, Any]) -> list[str]:
    settings = document["settings"]
    rows = [
        [
            row["variation"],
            f"**{row['final']:.3f}**",
            ", ".join(f"{each:.3f}" for each in row["finals"]),
            f"**{row['mean_held']:.3f}**",
            ", ".join(f"{each:.3f}" for each in row["held"]),
            f"{row['networks']:.0f}",
        ]
        for row in document["rows"]
    ]
    return [
        "",
        "## What the parts bring",
        "",
        f"The same {settings['seconds']:.0f} s with `tuner` alone, each time with one part left out; {_not_run(document)}as it is are the runs above. "
        "Accuracies and seconds are those of the studies themselves, with one stopwatch on one machine. *Held* is the "
        "mean of the hypervolume over the time: who has a front early has more of it.",
        *table(
            [
                "variation",
                "hypervolume, median",
                "each seed",
                "held, median",
                "each seed",
                "networks with an epoch",
            ],
            rows,
        ),
        "",
        "*`python -m benchmarks.front.parts`*",
        *measured_on(document["machine"]),
    ]


def _efficiency(document: Mapping[str, Any]) -> list[str]:
    ours, settings = document["tuner"], document["settings"]
    parts = (
        ("training steps", "train_s"),
        ("validation", "validate_s"),
        ("building and tracing", "compile_s"),
        ("else within trials: batches, messages, checkpoints, models", "around_s"),
        ("between trials: told, asked, sent", "between_s"),
        ("idle at the end, no trial left", "idle_s"),
    )
    rows = [[said, f"{ours[name]:.1f}", f"{ours[name] / ours['all_s']:.1%}"] for said, name in parts]
    with_compiling = sum(ours[name] for name in ("train_s", "validate_s", "compile_s")) / ours["all_s"]
    return [
        "",
        "## What an orchestrator costs",
        "",
        f"{settings['trials']} trials of the same space, drawn at random, the last one of each worker out of 32 points to end together; "
        f"{settings['epochs']} epochs of {settings['train']:,} reviews, nothing "
        "pruned, a worker a core. Seconds of both workers together, from when each was ready "
        f"(start-up before that: {ours['start_up_s']:.1f}).",
        *table(["where", "s", "share"], [*rows, ["all", f"{ours['all_s']:.1f}", "100.0%"]]),
        "",
        f"* Inside Keras, training and validation by the clock on the wall: **{document['inside_keras']:.3f}** of all worker-seconds, "
        f"{document['inside_keras_while_busy']:.3f} of those in which there was a trial left to run. With building and "
        f"tracing, which `fit` has inside too, {with_compiling:.3f} and {document['with_compiling_while_busy']:.3f}.",
        f"* Of the same trials the first {settings['beside']} ran again, side by side: in `tuner` with one worker, the "
        "coordinator on the same core, and in a bare Keras loop on the other core, at the same time; half-way they "
        f"changed cores. The bare loop took **{document['bare_to_tuner']:.3f}** of the time of `tuner` "
        f"({' and '.join(f'{each:.3f}' for each in document['bare_to_tuner_halves'])} by halves). It builds the same "
        "networks and feeds them the same batches, keeps no checkpoint and no model, and measures loss and accuracy only.",
        f"* The goal is {document['goal']} for both.",
        *_of_runs(document.get("runs", ())),
        *measured_on(document["machine"]),
    ]


def _of_runs(runs: Sequence[Mapping[str, float]]) -> list[str]:
    """Say what several runs came to, of which the middle one is shown."""
    if len(runs) < 2:
        return []

    def every(name: str) -> str:
        return ", ".join(f"{run[name]:.3f}" for run in runs)

    return [
        f"* All of it was done {len(runs)} times, with other points each time; shown is the middle run by the share "
        f"inside Keras. Inside Keras: {every('inside_keras')}; while there was a trial left to run: "
        f"{every('inside_keras_while_busy')}; the bare loop's time over that of `tuner`: {every('bare_to_tuner')}."
    ]


def _scale(document: Mapping[str, Any]) -> list[str]:
    commands = list(document["rows"][0]["commands"])
    rows = []
    for row in document["rows"]:
        session = row["session"]
        rows.append(
            [
                row["database"],
                f"{row['trials']:,}",
                f"{session['first_ask_s']:.2f}",
                f"{1000 * session['ask_tell_p50_s']:.0f}",
                f"{1000 * session['ask_tell_p95_s']:.0f}",
                f"{session['peak_mib']:.0f}",
                *(f"{each['seconds']:.1f} ({each['peak_mib']:.0f})" for each in row["commands"].values()),
            ]
        )
    headings = ["database", "trials", "first ask, s", "ask + tell p50, ms", "p95, ms", "session's peak, MiB"]
    return [
        "",
        "## How a study's size tells",
        "",
        f"A session with the real coordinator, sampler (TPE), pruner and ledger runs {document['asked']} more trials, "
        "whose workers answer at once, on a study with so many finished trials of five epochs. TPE models at most 500 "
        "of them (`history`): half the best, half the latest. Commands as a person runs them, start-up included: "
        f"seconds, and in brackets their peak memory in MiB.{document.get('aims', '')}",
        *table([*headings, *(f"`{name}`" for name in commands)], rows),
        *remarks_of(document),
        *measured_on(document["machine"]),
    ]


def _fairness(document: Mapping[str, Any]) -> list[str]:
    spreads = [
        [
            said,
            f"{document[name]['least']:.2f} to {document[name]['most']:.2f}",
            f"{document[name]['spread']:.0%}",
            f"{document[name]['cv']:.1%}",
        ]
        for said, name in (("raw", "raw"), ("processor", "processor"), ("calibrated", "calibrated"))
    ]
    situations: dict[str, list[Mapping[str, Any]]] = {}
    for run in document["runs"]:
        situations.setdefault(f"{run['situation']}: {run['how']}", []).append(run)
    clocks = ("training_time_s", "training_cpu_time_s", "calibrated_time_s")
    rows = [
        [said, *(", ".join(f"{run[clock]:.2f}" for run in runs) for clock in clocks)]
        for said, runs in situations.items()
    ]
    return [
        "",
        "## Whether training times are fair",
        "",
        "The same trial again and again on a worker of one core, while this went on beside it; seconds of each run. "
        "[time.md](time.md) says what the clocks are.",
        *table(["situation", "raw", "processor", "calibrated"], rows),
        *table(["seconds", "from, to", "spread: most over least, less 1", "CV"], spreads),
        "",
        f"Calibrated over raw spread: **{document['ratio']:.3f}**; the goal is at most a third.",
        "",
        f"*`{document['command']}`*",
        *measured_on(document["machine"]),
    ]


def _queue_order(document: Mapping[str, Any]) -> list[str]:
    levels = [name for name in document["rows"][0] if name.startswith("to_")]
    rows = [
        [
            str(row["study"]),
            str(row["order"]),
            f"{row['held']:.3f}",
            *(f"{row[level]:.0f}" for level in levels),
        ]
        for row in document["rows"]
    ]
    headings = ["recorded study", "begun next", "held", *(f"s {level.replace('_', ' ')}" for level in levels)]
    return [
        "",
        "## Tried: another order of the queue",
        "",
        f"Whenever a worker is free it may choose among the next {document['choices']} points of the sampler. Replayed "
        f"with `pareto` and two workers, {document['shuffles']} shuffles: the mean share of the final hypervolume held "
        "over a quarter of the time that the study takes unpruned, and the median seconds until a share was reached. "
        "Here all points are begun in the end; in a study that draws ever new ones, the soonest end alone would keep "
        "it at the cheap end for good. What is built, for studies with a time limit, is the chance that falls with "
        "the square of the predicted seconds at first and not at all in the end ([time.md](time.md)). Gain, and gain a "
        "second, know nothing before six trials have ended, and bring less.",
        *table(headings, rows),
        "",
        "*`python -m benchmarks.queue_order`*",
    ]


def _missed(results: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Yield every aim that the results do not meet."""
    for said, key in (
        ("", "as_found"),
        ("Trained again, on unseen texts: ", "trained_again"),
        ("Trained again, on unseen texts, by single measurements: ", "trained_again_single"),
    ):
        found = results.get("front", {}).get(key, {}).get("summary", {})
        for method, beaten in found.get("beats", {}).items():
            if not beaten:
                yield f"{said}{method} ended with a better front, by the median over seeds."
        for each in found.get("lost", []):
            yield (
                f"{said}With seed {each['seed']} {each['method']} ended at {each['final']:.3f}, {found['ours']} at "
                f"{each['ours']:.3f}."
            )
        if "share" in found and (found["share"] is None or found["share"] > 0.2):
            yield (
                f"{said}What the best peer ended with, {found['best_peer']}, was not reached in a fifth of the time, "
                f"by the medians: {of_the_time(found['share'])}."
            )
    efficiency = results.get("efficiency", {})
    for name, said in (
        ("inside_keras", "worker-seconds inside Keras"),
        ("bare_to_tuner", "the bare loop's time, as a share of tuner's"),
    ):
        if name in efficiency and efficiency[name] < efficiency["goal"]:
            yield f"{said}: {efficiency[name]:.3f}, below {efficiency['goal']}."
    for goal, met in results.get("scale", {}).get("goals", {}).items():
        if not met:
            yield f"{goal}: missed."


if __name__ == "__main__":
    sys.exit(main())
