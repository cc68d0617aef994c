"""Draws docs/pruning.svg: what became of each trial of a recorded study under the pruner.

    python benchmarks/draw_pruning.py

Nothing is trained; a browser is needed.
"""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go

from tuner.metrics import METRICS
from tuner.replay.compare import pruner_for
from tuner.replay.curves_file import read_recorded
from tuner.replay.recorded import RecordedStudy
from tuner.replay.simulate import InOrder, Run, TrialCourse, clock_of, courses_of, simulate
from tuner.report.image import Picture, find_browser, write_images
from tuner.report.look import FINISHED, FRONT, PRUNED, look, x_axis, y_axis
from tuner.search.pareto import front_indices
from tuner.spec.values import ComponentSpec

ROOT = Path(__file__).resolve().parents[1]
SAVED = "#D3DAE0"


def main() -> None:
    """Replay the study in its recorded order and draw it."""
    study = read_recorded(ROOT / "benchmarks" / "curves" / "reviews_64.json.gz")
    courses = courses_of(study.trials, study.objectives, clock_of(study.objectives))
    pruner, _ = pruner_for(ComponentSpec("pareto"), study.objectives, METRICS)
    browser = find_browser()
    if browser is None:
        raise SystemExit("no browser found; sudo apt-get install chromium")
    drawn = figure(study, courses, simulate(InOrder(courses), pruner)).to_plotly_json()
    problem = write_images([Picture(drawn, [ROOT / "docs" / "pruning.svg"])], browser)
    if problem:
        raise SystemExit(problem)


def figure(study: RecordedStudy, courses: list[TrialCourse], run: Run) -> go.Figure:
    """Draw every trial's accuracy against its seconds: what was trained, what was not, where it was cut."""
    trained = {trial.number: len(trial.curve) for trial in run.finished}
    drawn = go.Figure()
    for course in courses:
        epochs = trained[course.number]
        line(drawn, course, epochs - 1, len(course.curve), SAVED)
        line(drawn, course, 0, epochs, FINISHED)
    cut = [course for course in courses if course.number in run.reasons]
    drawn.add_scatter(
        x=[course.ends_s[trained[course.number] - 1] for course in cut],
        y=[accuracy(course, trained[course.number] - 1) for course in cut],
        mode="markers",
        marker={"symbol": "x", "size": 8, "color": PRUNED},
        name="pruned",
    )
    points = [course.values for course in courses]
    members = sorted(
        (points[index] for index in front_indices(points, [aim.direction for aim in study.objectives])),
        key=lambda point: point[1],
    )
    drawn.add_scatter(
        x=[point[1] for point in members],
        y=[point[0] for point in members],
        mode="lines+markers",
        line={"color": FRONT, "width": 2.5, "shape": "hv"},
        marker={"size": 11, "color": FRONT},
        name="front of the study without pruning",
    )
    share = sum(trained.values()) / sum(len(course.curve) for course in courses)
    drawn.layout = look(
        f"{len(cut)} of {len(courses)} trials pruned, {1 - share:.0%} of the epochs saved, the front kept",
        "one line a trial, a point an epoch; grey where it was trained, faint where that was saved",
        xaxis=x_axis("training time (processor s)", type="log", tickvals=[0.5, 1, 2, 5, 10, 20]),
        yaxis=y_axis("validation accuracy"),
    )
    return drawn


def accuracy(course: TrialCourse, epoch: int) -> float:
    """Return a trial's accuracy after an epoch."""
    return course.curve[epoch].metrics["accuracy"]


def line(drawn: go.Figure, course: TrialCourse, first: int, end: int, color: str) -> None:
    """Draw some epochs of a trial."""
    drawn.add_scatter(
        x=course.ends_s[first:end],
        y=[accuracy(course, epoch) for epoch in range(first, end)],
        mode="lines",
        line={"color": color, "width": 1.5},
        showlegend=False,
    )


if __name__ == "__main__":
    main()
