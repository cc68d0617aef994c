"""An executor whose workers train nothing: each trial follows the script written for its number."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tuner.decision import Decision
from tuner.execution.executor import Died, Heard
from tuner.execution.messages import Down, Evaluate, Evaluated, Progress, Ready, StopTrial
from tuner.trial import Ending, EpochReport, TrialOutcome, TrialRequest, Verdict, VerdictAction

SECONDS_AN_EPOCH = 1.0


@dataclass(frozen=True)
class Script:
    """What a trial does.

    Attributes:
        accuracies: One an epoch.
        fails: Reason of a failure after the epochs, or an empty string.
        dies_at: Epoch in which its worker dies, or None.
        lacks: Metrics that are missing from its outcome.
        session_ends_in: Exit code of a disk that hinders it after its epochs, or 0.
        stays: Whether it says nothing more after its epochs, as a hanging one.
        peak_bytes: Its worker's largest size; 0 leaves it out.
    """

    accuracies: Sequence[float] = (0.6, 0.7)
    fails: str = ""
    dies_at: int | None = None
    lacks: Sequence[str] = ()
    session_ends_in: int = 0
    stays: bool = False
    peak_bytes: int = 0


@dataclass
class ScriptedExecutor:
    """Executor without processes.

    Attributes:
        script: What trial ``number`` does the ``attempt``-th time it is begun (from 0).
        workers: Number of places.
        sent: Everything that was sent down, with the worker.
        replaced: Workers that the coordinator asked to replace.
        rss_bytes: Size that workers report.
        on_report: Called after each epoch that a worker has sent.
        on_evaluate: Called when a worker is asked to measure the test split.
        measures: Whether workers answer to that.
        measuring_ends_in: Exit code of a disk that hinders them in it, or 0.
        wall_s: Wall seconds that a trial says it took, from its request; None to say nothing.
        on_stop: Called when the workers are stopped, while they still run.
    """

    script: Callable[[int, int], Script]
    workers: int = 2
    sent: list[tuple[int, Down]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    rss_bytes: int = 0
    on_report: Callable[[EpochReport], None] = lambda report: None
    on_evaluate: Callable[[Evaluate], None] = lambda message: None
    measures: bool = True
    measuring_ends_in: int = 0
    wall_s: Callable[[TrialRequest], float] | None = None
    on_stop: Callable[[], None] = lambda: None
    _waiting: deque[Heard] = field(default_factory=deque)
    _running: dict[int, tuple[TrialRequest, Script, int]] = field(default_factory=dict)
    _attempts: dict[int, int] = field(default_factory=dict)
    stopped: bool = False

    @property
    def places(self) -> Sequence[str]:
        return [f"place {worker}" for worker in range(self.workers)]

    def start(self) -> None:
        for worker in range(self.workers):
            self._ready(worker)

    def _ready(self, worker: int) -> None:
        self._waiting.append(Heard(worker, Ready(1000 + worker, "none", 0.0, 0.1, {})))

    def send(self, worker: int, message: Down) -> None:
        self.sent.append((worker, message))
        match message:
            case TrialRequest():
                attempt = self._attempts.get(message.number, 0)
                self._attempts[message.number] = attempt + 1
                self._running[worker] = (message, self.script(message.number, attempt), 0)
                self._go_on(worker)
            case Verdict(action=VerdictAction.CONTINUE):
                self._go_on(worker)
            case Verdict(action=VerdictAction.PRUNE, reason=reason, decision=decision):
                self._end(worker, Ending.PRUNED, reason, decision)
            case Verdict(action=VerdictAction.FINISH, reason=reason, decision=decision):
                self._end(worker, Ending.COMPLETE, reason, decision)
            case Verdict(action=VerdictAction.RELEASE, reason=reason) | StopTrial(reason=reason):
                if worker in self._running:
                    self._end(worker, Ending.RELEASED, reason)
            case Evaluate(request=request):
                self.on_evaluate(message)
                if self.measuring_ends_in:
                    hindered = Evaluated(
                        request.number, {}, "cache: no space", session_ends_in=self.measuring_ends_in
                    )
                    self._waiting.append(Heard(worker, hindered))
                elif self.measures:
                    self._waiting.append(Heard(worker, Evaluated(request.number, {"test_accuracy": 0.5})))

    def _go_on(self, worker: int) -> None:
        request, script, epoch = self._running[worker]
        if script.dies_at == epoch:
            del self._running[worker]
            self._waiting.append(Heard(worker, Died("killed by SIGKILL")))
            self._ready(worker)
        elif epoch < len(script.accuracies):
            self._running[worker] = (request, script, epoch + 1)
            metrics = {**self._metrics(script, epoch), "wall_time_s": SECONDS_AN_EPOCH * (epoch + 1)}
            report = EpochReport(request.number, epoch, metrics, epoch, metrics)
            self._waiting.append(Heard(worker, report))
            self.on_report(report)
        elif script.session_ends_in:
            self._end(worker, Ending.RELEASED, "trials/0: no space left on the disk")
        elif script.fails:
            self._end(worker, Ending.FAILED, script.fails)
        elif not script.stays:
            self._end(worker, Ending.COMPLETE, "")

    def _end(self, worker: int, ending: Ending, reason: str, decision: Decision | None = None) -> None:
        request, script, epoch = self._running.pop(worker)
        metrics = self._metrics(script, epoch - 1) if epoch else {}
        kept = {name: value for name, value in metrics.items() if name not in script.lacks}
        if self.wall_s is not None:
            kept["wall_time_s"] = self.wall_s(request)
        self._waiting.append(Heard(worker, Progress(request.number, 0, 0, 0, self.rss_bytes)))
        outcome = TrialOutcome(request.number, ending, kept, reason, decision=decision)
        outcome = replace(outcome, session_ends_in=script.session_ends_in)
        self._waiting.append(Heard(worker, outcome))

    @staticmethod
    def _metrics(script: Script, epoch: int) -> dict[str, float]:
        return {
            "accuracy": script.accuracies[epoch],
            "training_time_s": SECONDS_AN_EPOCH * (epoch + 1),
            **({"peak_memory_bytes": float(script.peak_bytes)} if script.peak_bytes else {}),
        }

    def hear(self, timeout_s: float) -> list[Heard]:
        return [self._waiting.popleft()] if self._waiting else []

    def replace(self, worker: int) -> None:
        self.replaced.append(worker)
        self._running.pop(worker, None)
        self._ready(worker)

    def stop(self, grace_s: float) -> None:
        self.on_stop()
        self.stopped = True
