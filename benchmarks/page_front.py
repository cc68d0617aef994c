"""The section of the page on the comparison with other tools, and its pictures."""

# ruff: noqa: E501 - the page's sentences, as they stand

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.front.score import median_curve
from benchmarks.front.settings import EXPECTED, OURS
from benchmarks.page_tables import measured_on, of_the_time, remarks_of, table

__all__ = ["draw", "front_section"]

HOW = {
    OURS: "`tuner run space.yaml`: TPE on two objectives, of eight points a quick one first, pruner `pareto`, a worker a core",
    "Optuna script, TPE": "two objectives around `fit`, one training at a time, both cores to TensorFlow; its first ten points are drawn at random, and no run got that far, so these are the points of the random search",
    "random search": "the same script with `RandomSampler`",
    "KerasTuner Hyperband": "`Hyperband` on validation accuracy, factor 3, both cores to TensorFlow",
    "Syne Tune MO-ASHA": "`MOASHA` on error and seconds, local backend, two at a time, a thread each",
    "Ray Tune ASHA": "`ASHAScheduler` on accuracy, random points, two at a time, a thread each",
}
PICTURES = ("benchmarks_volume.svg", "benchmarks_fronts.svg")


def front_section(document: Mapping[str, Any], pictures: Sequence[str]) -> list[str]:
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
        "all their seconds; what they would come to at most if each of their epochs counted stands beside it: each "
        "training as good after its first epoch as it was at its best. Each seed is another division of the reviews.",
        "",
        "What is compared is each tool as a person gets it, not its search alone. `tuner` makes batches of texts of like "
        "length, as it always does; the others train every text at 300 words through `fit`, as scripts do. And `tuner` "
        "declares LSTM or CNN and then the LSTM's direction, the others LSTM, BiLSTM or CNN: drawn at random, a "
        "point of its is a CNN in one of two cases, of theirs in one of three. Theirs carry a number of layers that "
        "a CNN does not use. Ray Tune and Syne Tune start a process for each trial, which loads TensorFlow, as they do by "
        "default (Ray's `reuse_actors` is off); `tuner` keeps its workers.",
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
        *_judged(
            document["as_found"], ceiling_s, with_how=True, at_most=document.get("at_most", {"scores": []})
        ),
        "",
        "### Trained again, accuracy on unseen texts",
        "",
        "The same fronts, by how good their networks are: each was trained once more, from a seed that no method had "
        f"used, and accuracy is that on {document['unseen']:,} reviews which no method was given. At any number of seconds "
        "the member counts that the method itself holds for the best within them, so that a long front has no more "
        "chances than a short one. A network of a whole training (scripts, KerasTuner) is looked at after all its epochs. A front becomes worse when a network joins it that only looked better, and who tries "
        "more has more such. So `tuner` can list its front by what trainings like each one typically reach: `tuner front "
        "--shorter --expected`, looked at every 15 s here; the same runs, and some seconds of arithmetic. It was added "
        "after earlier runs, on the same divisions of the reviews, had shown the need.",
        *_judged(document["trained_again"], ceiling_s, with_how=False),
    ]
    if "trained_again_single" in document:
        lines += _when_reached(document["trained_again_single"]["summary"], " by single measurements")
    lines += remarks_of(document)
    lines += [text for picture in pictures for text in ("", f"![{_ALT[picture]}]({picture})")]
    return lines + measured_on(document["machine"])


def _judged(
    judged: Mapping[str, Any],
    ceiling_s: float,
    *,
    with_how: bool,
    at_most: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return the table of one way to judge the fronts, and when ours had what the best peer ended with."""
    found = judged["summary"]
    rows = []
    for method, median in sorted(found["medians"].items(), key=lambda item: -item[1]):
        mine = [each for each in judged["scores"] if each["method"] == method]
        networks = statistics.median(each["networks"] for each in mine)
        best = statistics.median(
            max((accuracy for accuracy, seconds in each["front"] if seconds < ceiling_s), default=0.0)
            for each in mine
        )
        row = [
            method,
            f"**{median:.3f}**",
            ", ".join(f"{each['final']:.3f}" for each in mine),
            f"{best:.3f}" if best else "none",
        ]
        if at_most is not None:
            row.insert(3, _finals(at_most["scores"], method))
        if with_how:
            row.insert(1, HOW.get(method, ""))
            row.append(f"{networks:.0f} ({', '.join(str(each['recurrent']) for each in mine)})")
        rows.append(row)
    headings = [
        "method",
        "hypervolume, median",
        "each seed",
        f"best accuracy within {ceiling_s:.0f} s, median",
    ]
    if at_most is not None:
        headings.insert(3, "at most, had each epoch counted")
    if with_how:
        headings.insert(1, "used as its documentation shows")
        headings.append("networks with an epoch behind them, median (LSTM or BiLSTM among them, each seed)")
    return [*table(headings, rows), *_when_reached(found)]


def _finals(scores: Iterable[Mapping[str, Any]], method: str) -> str:
    """Return the median of a method and each seed's, or that its epochs count as they are."""
    finals = [each["final"] for each in scores if each["method"] == method]
    if not finals:
        return "each counts"
    return f"{statistics.median(finals):.3f} ({', '.join(f'{each:.3f}' for each in finals)})"


def _when_reached(found: Mapping[str, Any], how: str = "") -> list[str]:
    """Say from when on ours had what the best peer ended with."""
    if "best_peer" not in found:
        return []
    return [
        "",
        f"By the medians over seeds, *{found['ours']}*{how} had for good what {found['best_peer']} ended with: after "
        f"{of_the_time(found['share'])}; seed by seed, against what that tool ended with on the same texts: "
        f"{', '.join(of_the_time(share) for share in found['shares'])}.",
    ]


_ALT = {
    PICTURES[0]: "Hypervolume of each method's front over wall time, one line a method",
    PICTURES[1]: "Accuracy on unseen texts against seconds of each method's last front, trained again",
}


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
