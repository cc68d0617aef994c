"""Writes docs/benchmarks.md and its pictures from the results, and nothing that is not in them.

python -m benchmarks.page            # of the full benchmark, into docs/
python -m benchmarks.page --quick    # of the quick one, beside its results
"""

# ruff: noqa: E501 - the page's sentences, as they stand

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.front.score import median_curve
from benchmarks.front.settings import EXPECTED, OURS
from benchmarks.paths import DOCS, RESULTS, publish

__all__ = ["page_of"]

HOW = {
    OURS: "`tuner run space.yaml`: TPE on two objectives, of eight points a quick one first, pruner `pareto`, a worker a core",
    "Optuna script, TPE": "two objectives around `fit`, one training at a time, both cores to TensorFlow; its first ten points are drawn at random, and it hardly gets further",
    "random search": "the same script with `RandomSampler`",
    "KerasTuner Hyperband": "`Hyperband` on validation accuracy, factor 3, both cores to TensorFlow",
    "Syne Tune MO-ASHA": "`MOASHA` on error and seconds, local backend, two at a time, a thread each",
    "Ray Tune ASHA": "`ASHAScheduler` on accuracy, random points, two at a time, a thread each",
}
PICTURES = ("benchmarks_volume.svg", "benchmarks_fronts.svg")


def main() -> int:
    """Write the page of one benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="of the quick benchmark")
    options = parser.parse_args()
    name = "quick" if options.quick else "full"
    publish(name)
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
        "are fair and in which order trials begin is measured by commands of their own, named there. No figure here is "
        "by hand.",
    ]
    if name == "quick":
        lines += [
            "",
            "**A quick run, to see that everything works. Its figures say little: one seed, few texts.**",
        ]
    if "front" in results:
        lines += _front(results["front"], pictures)
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


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        "",
        f"| {' | '.join(headings)} |",
        f"|{'|'.join('---' for _ in headings)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _measured_on(facts: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return [
        "",
        f"*{facts['date']}; {facts['cores']} cores of {facts['processor']}, {facts['memory_gib']} GiB; "
        f"{facts['system']}, Python {facts['python']}; {versions}; load before: {facts['load_before']}.*",
    ]


def _front(document: Mapping[str, Any], pictures: Sequence[str]) -> list[str]:
    settings = document["settings"]
    seconds = settings["seconds"]
    floor, ceiling_s = settings["floor"], settings["ceiling_s"]
    lines = [
        "",
        "## The front in the same wall time",
        "",
        f"Every method had {seconds:.0f} s from its start, imports included, on the same two cores, with the same "
        f"{settings['train']:,} reviews to train on and {settings['validation']:,} to validate on, the same vocabulary, "
        f"and the same space: one or two layers of LSTM or BiLSTM, or a CNN, 32 to 128 units, vectors of 50 to 100, "
        f"dropout 0 to 0.5, Adam at 1e-4 to 1e-2, {settings['epochs']} epochs. What was under way at the end counts "
        "for nobody. Where a tool hears of every epoch (`tuner`, Syne Tune, Ray Tune), each counts from its report on as a "
        "training that ended there, also of trials that were pruned or stopped, as `tuner front --shorter` lists them; no "
        "model is kept of most of these. Scripts and KerasTuner report the best epoch of whole trainings, and are charged "
        "all their seconds. Each seed is another division of the reviews.",
        "",
        "What is compared is each tool as a person gets it, not its search alone. `tuner` makes batches of texts of like "
        "length, as it always does; the others train every text at 300 words through `fit`, as scripts do. And `tuner` "
        "declares LSTM or CNN and then the LSTM's direction, the others LSTM, BiLSTM or CNN: drawn at random, a "
        "point of its is a CNN in one of two cases, of theirs in one of three.",
        "",
        "A front is that of all that a method had found at a moment, by its own figures. Its hypervolume is the share "
        f"of the box from {floor} to 1 accuracy and from 0 to {ceiling_s:.0f} s that it dominates. The seconds of all networks "
        "that ever stood on a front were taken again by one program, alone on one core, on the same batches, for as "
        "many epochs as they were found with.",
        "",
        "### Accuracy as it was found, seconds measured again",
        "",
        f"Accuracy is what the method measured on the {settings['validation']:,} validation texts, the same for all. Each "
        "chose by it, so the luckiest of many is a little lucky.",
        *_judged(document["as_found"], with_how=True),
        "",
        "### Trained again, accuracy on unseen texts",
        "",
        "The same fronts, by how good their networks are: each was trained once more, from a seed that no method had "
        f"used, and accuracy is that on {document['unseen']:,} reviews which no method was given. At any number of seconds "
        "the member counts that the method itself holds for the best within them, so that a long front has no more "
        "chances than a short one. A front becomes worse when a network joins it that only looked better, and who tries "
        "more has more such. So `tuner` can list its front by what trainings like each one typically reach: `tuner front "
        "--shorter --expected`, looked at every 15 s here; the same runs, and some seconds of arithmetic. It was added "
        "after earlier runs, on the same divisions of the reviews, had shown the need.",
        *_judged(document["trained_again"], with_how=False),
    ]
    lines += _remarks(document)
    lines += [text for picture in pictures for text in ("", f"![{_ALT[picture]}]({picture})")]
    return lines + _measured_on(document["machine"])


def _remarks(document: Mapping[str, Any]) -> list[str]:
    """Return what whoever measured wrote beside the results."""
    remarks = document.get("remarks", ())
    return ["", "To be known of these runs:", "", *(f"* {each}" for each in remarks)] if remarks else []


def _judged(judged: Mapping[str, Any], *, with_how: bool) -> list[str]:
    """Return the table of one way to judge the fronts, and when ours had what the best peer ended with."""
    found = judged["summary"]
    rows = []
    for method, median in sorted(found["medians"].items(), key=lambda item: -item[1]):
        mine = [each for each in judged["scores"] if each["method"] == method]
        networks = statistics.median(each["networks"] for each in mine)
        best = statistics.median(max((point[0] for point in each["front"]), default=0.0) for each in mine)
        row = [method, f"**{median:.3f}**", ", ".join(f"{each['final']:.3f}" for each in mine), f"{best:.3f}"]
        if with_how:
            row.insert(1, HOW.get(method, ""))
            row.append(f"{networks:.0f} ({', '.join(str(each['recurrent']) for each in mine)})")
        rows.append(row)
    headings = ["method", "hypervolume, median", "each seed", "best accuracy, median"]
    if with_how:
        headings.insert(1, "used as its documentation shows")
        headings.append("networks with an epoch behind them, median (LSTM or BiLSTM among them, each seed)")
    lines = _table(headings, rows)
    if "best_peer" in found:
        lines += [
            "",
            f"By the medians over seeds, *{found['ours']}* had for good what {found['best_peer']} ended with: after "
            f"{_of_the_time(found['share'])}; seed by seed, against what that tool ended with on the same texts: "
            f"{', '.join(_of_the_time(share) for share in found['shares'])}.",
        ]
    return lines


def _of_the_time(share: float | None) -> str:
    return "never" if share is None else f"{share:.0%} of the time"


_ALT = {
    PICTURES[0]: "Hypervolume of each method's front over wall time, one line a method",
    PICTURES[1]: "Accuracy on unseen texts against seconds of each method's last front, trained again",
}


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
        f"The same {settings['seconds']:.0f} s with `tuner` alone, each time with one part left out. As it is are the runs above. "
        "Accuracies and seconds are those of the studies themselves, with one stopwatch on one machine. *Held* is the "
        "mean of the hypervolume over the time: who has a front early has more of it.",
        *_table(
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
        *_measured_on(document["machine"]),
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
        *_table(["where", "s", "share"], [*rows, ["all", f"{ours['all_s']:.1f}", "100.0%"]]),
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
        *_measured_on(document["machine"]),
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
        *_table([*headings, *(f"`{name}`" for name in commands)], rows),
        *_remarks(document),
        *_measured_on(document["machine"]),
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
        *_table(["situation", "raw", "processor", "calibrated"], rows),
        *_table(["seconds", "from, to", "spread: most over least, less 1", "CV"], spreads),
        "",
        f"Calibrated over raw spread: **{document['ratio']:.3f}**; the goal is at most a third.",
        "",
        f"*`{document['command']}`, {document['date'][:10]}, {document['machine']}; load before: {document['load_before'][0]:.1f}.*",
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
        *_table(headings, rows),
        "",
        "*`python -m benchmarks.queue_order`*",
    ]


def _missed(results: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Yield every aim that the results do not meet."""
    for said, key in (("", "as_found"), ("Trained again, on unseen texts: ", "trained_again")):
        found = results.get("front", {}).get(key, {}).get("summary", {})
        for method, beaten in found.get("beats", {}).items():
            if not beaten:
                yield f"{said}{method} ended with a better front, by the median over seeds."
        for each in found.get("lost", []):
            yield (
                f"{said}With seed {each['seed']} {each['method']} ended at {each['final']:.3f}, {found['ours']} at "
                f"{each['ours']:.3f}."
            )
        for method in found.get("beats", {}):
            if found["ours"] != OURS and found["medians"][method] > found["medians"][OURS]:
                yield f"{said}{method} ended with a better front than {OURS} by single measurements, by the median."
        if "share" in found and (found["share"] is None or found["share"] > 0.2):
            yield (
                f"{said}What the best peer ended with, {found['best_peer']}, was not reached in a fifth of the time, "
                f"by the medians: {_of_the_time(found['share'])}."
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


def draw(document: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """Draw hypervolume over time and the last fronts; return the files, none where no browser is found."""
    from tuner.report.image import Picture, find_browser, write_images

    browser = find_browser()
    if browser is None:
        print("no browser was found: no pictures", file=sys.stderr)
        return ()
    figures = (_volumes(document), _fronts(document))
    pictures = [
        Picture(figure.to_plotly_json(), [folder / name])
        for figure, name in zip(figures, PICTURES, strict=True)
    ]
    problem = write_images(pictures, browser)
    if problem:
        print(problem, file=sys.stderr)
        return ()
    return PICTURES


def _colors(document: Mapping[str, Any]) -> dict[str, str]:
    from tuner.report.look import PALETTE

    names = sorted(document["as_found"]["summary"]["medians"], key=lambda method: (method != OURS, method))
    return dict(zip(names, PALETTE, strict=False))


_LEGEND = {"y": -0.2, "yanchor": "top", "x": 0, "xanchor": "left"}
_MARGIN = {"l": 80, "r": 36, "t": 116, "b": 130}


def _volumes(document: Mapping[str, Any]) -> Any:
    import plotly.graph_objects as go

    from tuner.report.look import look, x_axis, y_axis

    seconds = document["settings"]["seconds"]
    figure = go.Figure()
    for method, color in _colors(document).items():
        mine = [each for each in document["as_found"]["scores"] if each["method"] == method]
        curve = [(0.0, 0.0), *median_curve([each["curve"] for each in mine])]
        figure.add_scatter(
            x=[*(moment for moment, _ in curve), seconds],
            y=[*(reached for _, reached in curve), curve[-1][1]],
            mode="lines",
            line={"shape": "hv", "color": color, "width": 3 if method == OURS else 1.8},
            name=method,
        )
    figure.layout = look(
        "Hypervolume of the front over wall time",
        "median over seeds; accuracy as found, seconds measured again",
        legend=_LEGEND,
        margin=_MARGIN,
        xaxis=x_axis("wall time (s)", range=[0, seconds]),
        yaxis=y_axis("hypervolume, share of the box", rangemode="tozero"),
    )
    return figure


def _fronts(document: Mapping[str, Any]) -> Any:
    import plotly.graph_objects as go

    from tuner.report.look import look, x_axis, y_axis

    figure = go.Figure()
    for method, color in _colors(document).items():
        shown = EXPECTED if method == OURS else method
        scores = document["trained_again"]["scores"]
        points = [point for each in scores if each["method"] == shown for point in each["front"]]
        figure.add_scatter(
            x=[point[1] for point in points],
            y=[point[0] for point in points],
            mode="markers",
            marker={"color": color, "size": 11 if method == OURS else 8},
            name=shown,
        )
    figure.layout = look(
        "The last fronts of all seeds, trained again",
        "one mark a network",
        legend=_LEGEND,
        margin=_MARGIN,
        xaxis=x_axis("training time on one core (s)", type="log"),
        yaxis=y_axis("accuracy on unseen texts"),
    )
    return figure


if __name__ == "__main__":
    sys.exit(main())
