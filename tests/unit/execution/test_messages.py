"""Messages between coordinator and worker."""

from __future__ import annotations

import pytest

from tuner.decision import Decision, Rule
from tuner.execution.messages import (
    Down,
    Evaluate,
    Evaluated,
    Progress,
    Ready,
    Shutdown,
    StopTrial,
    Up,
    decode,
    encode,
)
from tuner.trial import Ending, EpochReport, TrialOutcome, TrialRequest, Verdict, VerdictAction

REQUEST = TrialRequest("s", 3, {"units": 64, "bidirectional": True}, 17, "binary", "/d", "/c", "/t")

FLOOR = Decision(Rule.FLOOR, {"metric": "accuracy", "best": 0.1 + 0.2, "epochs": 2, "is_last": False})

MESSAGES: list[Down | Up] = [
    REQUEST,
    Verdict(3, VerdictAction.PRUNE, "dominated by trial 1 — ä"),
    Verdict(3, VerdictAction.PRUNE, "under the floor", FLOOR),
    TrialOutcome(3, Ending.PRUNED, {"accuracy": 0.3}, "under the floor", decision=FLOOR),
    StopTrial(3, "interrupted"),
    Evaluate(REQUEST, "/t/model.keras"),
    Shutdown(),
    Ready(10, "CPU (core 1)", 4.2, 0.5, {"keras": "3"}),
    Progress(3, 0, 5, 10, 1 << 30),
    EpochReport(3, 1, {"accuracy": 0.5}, 0, {"accuracy": 0.6}),
    TrialOutcome(3, Ending.COMPLETE, {"accuracy": 0.6}, "", "line\nline", "model.keras", {"kernel": "plain"}),
    Evaluated(3, {"test_accuracy": 0.8}, confusion=((3, 1), (0, 4))),
    Evaluated(3, {}, "/c: no space left on the disk", session_ends_in=6),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_comes_back_as_it_was_sent(message: Down | Up) -> None:
    line = encode(message)

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1, "one message is one line, whatever text it carries"
    assert decode(line) == message


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"tensorflow says hello\n",
        b"[1, 2]\n",
        b'{"kind": "Nonsense"}\n',
        b'{"kind": "Ready"}\n',
        b'{"kind": "Verdict", "number": 3, "action": "prune", "decision": {"rule": "none", "numbers": {}}}\n',
        b'{"kind": "Verdict", "number": 3, "action": "prune", "decision": {"rule": "floor"}}\n',
        b'{"kind": "Verdict", "number": 3, "action": "prune", "decision": "floor"}\n',
        b"\xff\xfe\n",
    ],
)
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a message"):
        decode(line)
