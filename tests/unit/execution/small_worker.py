"""A worker process that trains nothing: it speaks the protocol and behaves as its first request says."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import time

from tuner.execution.messages import Ready, Shutdown, decode, encode
from tuner.trial import Ending, TrialOutcome, TrialRequest


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--channel", type=int)
    parser.add_argument("--fail-to-start", action="store_true")
    options, _ = parser.parse_known_args()
    if options.fail_to_start:
        return 3
    channel = socket.socket(fileno=options.channel)
    channel.sendall(encode(Ready(os.getpid(), "none", 0.0, 0.0)))
    print("a library prints this")
    for line in channel.makefile("rb"):
        message = decode(line)
        if isinstance(message, Shutdown):
            return 0
        if isinstance(message, TrialRequest):
            behaviour = message.params["behaviour"]
            if behaviour == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if behaviour == "noise":
                channel.sendall(b"this is no message\n")
            if behaviour == "hang":
                time.sleep(600)
            channel.sendall(encode(TrialOutcome(message.number, Ending.COMPLETE)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
