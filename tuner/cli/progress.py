"""What a person sees while a study runs: a live view on a terminal, plain lines elsewhere, all on stderr.

Both are watchers (:data:`tuner.execution.events.Watcher`): called with each event, answering nothing.
They know events only; no study, no storage, no worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuner.analysis.wording import duration, written, written_params
from tuner.cli.console import console, one_line
from tuner.cli.streams import that_may_go
from tuner.cli.watched import EndedTrial, Watched, WatchedWorker, expected_left_s, fold
from tuner.execution.events import (
    EpochEnded,
    Event,
    FrontChanged,
    Notice,
    StudyOpened,
    TrialEnded,
    TrialPlaced,
    Watcher,
    WorkerLost,
    WorkerReady,
)
from tuner.spec.values import Objective
from tuner.wording import counted

__all__ = ["LiveView", "PlainLines", "watching"]

Clock = Callable[[], float]

_STYLES = {"COMPLETE": "green", "TIMED": "green", "PRUNED": "yellow", "FAIL": "red"}
_LABELS = {
    "COMPLETE": "finished",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RELEASED": "released",
    "TIMED": "timed",
}
_BAR_WIDTH = 12
_REFRESHES_PER_S = 4
_WIDTH_FOR_PARAMS = 100
"""On a narrower terminal the parameters give way to the numbers."""


@contextmanager
def watching(screen: Console | None = None, clock: Clock = time.monotonic) -> Iterator[Watcher]:
    """Give a watcher that shows a study on stderr until the block ends.

    Args:
        screen: Where to draw. Defaults to stderr.
        clock: A monotonic clock in seconds.
    """
    screen = console(err=True) if screen is None else screen
    if not screen.is_terminal:
        yield PlainLines(screen, clock)
        return
    view = LiveView(clock)
    live = Live(
        get_renderable=lambda: view.draw(screen.width),
        console=screen,
        refresh_per_second=_REFRESHES_PER_S,
        redirect_stdout=False,
    )

    def watch(event: Event) -> None:
        view(event)
        if isinstance(event, Notice):  # stays above the picture, which shows the present only
            with that_may_go():
                screen.print(Text(one_line(event.message), style="cyan"))

    live.start()
    try:
        yield watch
    finally:
        with that_may_go():  # the terminal may have closed: the study is ended in order all the same
            live.stop()


class PlainLines:
    """One line an event that matters; for logs, pipes and machines without a terminal.

    Args:
        screen: Where to write.
        clock: A monotonic clock in seconds.
    """

    def __init__(self, screen: Console, clock: Clock = time.monotonic) -> None:
        self._screen = screen
        self._is_unread = False
        self._clock = clock
        self._seen = Watched()

    def __call__(self, event: Event) -> None:
        """Write the event's line, if it has one."""
        self._seen = fold(self._seen, event, self._clock())
        line = self._line(event)
        if line and not self._is_unread:
            self._is_unread = True
            with that_may_go():  # `2>&1 | head`: nobody reads on, and the study goes on
                self._screen.print(Text(one_line(line)), soft_wrap=True)
                self._is_unread = False

    def _line(self, event: Event) -> str:
        match event:
            case StudyOpened():
                return _opening(event)
            case WorkerReady():
                return f"worker {event.worker} ready: {event.device}, started in {duration(event.start_s)}"
            case WorkerLost():
                return f"worker {event.worker} lost: {event.reason}"
            case TrialPlaced():
                verb = "continues" if event.continued else "begins"
                return f"trial {event.number} {verb} on worker {event.worker}: {written_params(event.params)}"
            case EpochEnded(report=report):
                return f"trial {report.number} epoch {report.epoch + 1}: {self._metrics(report.metrics)}"
            case TrialEnded():
                return self._ending(event)
            case FrontChanged(members):
                numbers = ", ".join(str(number) for number, _ in members)
                return (
                    f"front: trial {numbers}"
                    if len(members) == 1
                    else f"front: {len(members)} trials: {numbers}"
                )
            case Notice(message):
                return message
        return ""

    def _metrics(self, metrics: Mapping[str, float]) -> str:
        return _measured(_objectives(self._seen), metrics)

    def _ending(self, event: TrialEnded) -> str:
        if event.state == "RELEASED":
            return f"trial {event.number} is given back: {event.reason or 'it goes on later'}"
        words = [f"trial {event.number} {event.state} after {duration(event.wall_s)}"]
        words += _outcome(self._seen, self._seen.ended[-1])
        return ": ".join(words) + _left(self._seen, self._clock())


class LiveView:
    """A few lines that are drawn anew in place: workers, best so far, what ended and why, what is left.

    Args:
        clock: A monotonic clock in seconds.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._seen = Watched()

    def __call__(self, event: Event) -> None:
        """Take the event in; the picture follows at the next refresh.

        The whole state is replaced in one assignment, because rich draws from a thread of its own.
        """
        self._seen = fold(self._seen, event, self._clock())

    def draw(self, width: int) -> RenderableType:
        """Return the picture of now, for a terminal of so many columns."""
        seen, now_s = self._seen, self._clock()
        workers = _workers(seen, now_s, with_params=width >= _WIDTH_FOR_PARAMS)
        parts: list[RenderableType] = [_heading(seen, now_s), workers]
        if not (seen.opened and seen.opened.timings):
            parts.append(_best(seen))
        if seen.ended:
            parts.append(_ended(seen))
        return Group(*parts)


def _objectives(seen: Watched) -> tuple[Objective, ...]:
    return seen.opened.objectives if seen.opened else ()


def _noun(seen: Watched) -> str:
    return "timings" if seen.opened and seen.opened.timings else "trials"


def _opening(event: StudyOpened) -> str:
    aims = ", ".join(f"{objective.direction} {objective.metric}" for objective in event.objectives)
    if event.timings:
        taken = counted(event.timings, "timing")
        return f"study {event.name}: {taken}, one trial after another; kept in {event.storage}"
    ended = counted(event.finished, "ended trial")
    begun = f"goes on after {ended}" if event.continued else "begins"
    return f"study {event.name} {begun}: {aims}; {event.placed}; kept in {event.storage}"


def _valued(objectives: tuple[Objective, ...], values: tuple[float, ...]) -> str:
    return ", ".join(
        f"{objective.metric} {written(objective.metric, value)}"
        for objective, value in zip(objectives, values, strict=False)
    )


def _measured(objectives: tuple[Objective, ...], metrics: Mapping[str, float]) -> str:
    """Write the objectives among ``metrics``; one that is known at the end only is in no epoch's."""
    return ", ".join(
        f"{objective.metric} {written(objective.metric, metrics[objective.metric])}"
        for objective in objectives
        if objective.metric in metrics
    )


def _left(seen: Watched, now_s: float) -> str:
    left_s = expected_left_s(seen, now_s)
    budget = seen.budget
    if budget is None or budget.trials is None:
        return "" if left_s is None else f" [at most {duration(left_s)} left]"
    about = "" if not left_s else f", about {duration(left_s)} left"
    return f" [{budget.trials_finished} of {budget.trials} {_noun(seen)}{about}]"


def _heading(seen: Watched, now_s: float) -> Text:
    """One line: the study, what has ended and what is left."""
    if seen.opened is None:
        return Text("opening the study ...", style="dim")
    line = Text()
    line.append(one_line(seen.opened.name), style="bold")
    budget = seen.budget
    if budget is not None:
        of = "" if budget.trials is None else f" of {budget.trials}"
        line.append(f"   {budget.trials_finished}{of} {_noun(seen)}")
        used_s = budget.used_s + now_s - seen.budget_at_s
        limit = "" if budget.time_limit_s is None else f" of {duration(budget.time_limit_s)}"
        line.append(f"   {duration(used_s)}{limit}")
    left_s = expected_left_s(seen, now_s)
    if left_s is not None:
        line.append(f"   about {duration(left_s)} left", style="cyan")
    for state, count in seen.counts.items():
        line.append(f"   {count} {_LABELS.get(state, state)}", style=_STYLES.get(state, ""))
    return line


def _workers(seen: Watched, now_s: float, with_params: bool) -> RenderableType:
    """One row a busy worker: its trial, how far it is, its last epoch's objectives; the idle ones below."""
    metrics = [objective.metric for objective in _objectives(seen)]
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("worker", "trial", "epoch", "step", *metrics, "wall"):
        width = max(len(heading), _BAR_WIDTH if heading == "step" else 7)
        grid.add_column(heading, min_width=width, no_wrap=True)
    if with_params:
        grid.add_column("params", no_wrap=True, overflow="ellipsis", ratio=1)
    idle = []
    for place, worker in seen.workers.items():
        if worker.number is None:
            idle.append(f"worker {place} {one_line(worker.note)}")
            continue
        bar = ProgressBar(total=max(worker.steps, 1), completed=worker.step, width=_BAR_WIDTH)
        measured = [written(metric, worker.metrics.get(metric)) for metric in metrics]
        wall = duration(now_s - worker.since_s)
        row: list[RenderableType] = [
            str(place),
            str(worker.number),
            _epoch(seen, worker),
            bar,
            *measured,
            wall,
        ]
        if with_params:
            row.append(Text(one_line(written_params(worker.params)), style="dim"))
        grid.add_row(*row)
    parts: list[RenderableType] = [grid] if len(idle) < len(seen.workers) else []
    if idle:
        parts.append(Text("; ".join(idle), style="dim"))
    return Group(*parts)


def _epoch(seen: Watched, worker: WatchedWorker) -> str:
    epochs = seen.opened.epochs if seen.opened else None
    return f"{worker.epoch + 1}" if epochs is None else f"{min(worker.epoch + 1, epochs)}/{epochs}"


def _best(seen: Watched) -> Text:
    if not seen.front:
        return Text("no trial has finished yet", style="dim")
    number, values = seen.front[0]
    members = counted(len(seen.front), "member")
    return Text(f"best so far: trial {number}, {_valued(_objectives(seen), values)}; front: {members}")


def _ended(seen: Watched) -> Table:
    """The last ended trials, newest first, each with its objectives and why it ended."""
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=9)
    grid.add_column(no_wrap=True, min_width=8)
    grid.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
    for ended in reversed(seen.ended):
        state = ended.event.state
        label = Text(_LABELS.get(state, state), _STYLES.get(state, ""))
        grid.add_row(f"trial {ended.event.number}", label, Text(one_line("; ".join(_outcome(seen, ended)))))
    return grid


def _outcome(seen: Watched, ended: EndedTrial) -> list[str]:
    """Say what a trial reached, its values or else its last epoch's metrics, and why it ended."""
    objectives = _objectives(seen)
    if ended.event.values is not None:
        reached = _valued(objectives, ended.event.values)
    else:
        reached = _measured(objectives, ended.metrics)
    return [part for part in (reached, ended.event.reason) if part]
