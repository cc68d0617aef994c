"""What the scripts of all peers begin with: the order, the end of their time, a place to write to."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from benchmarks.front.record import Recorder
from benchmarks.front.settings import Order

__all__ = ["end_in_time", "recorder_of", "the_order"]


def the_order() -> Order:
    """Read the order whose file is the first argument; keep TensorFlow quiet."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return Order.of(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))


def recorder_of(order: Order) -> Recorder:
    """Return where the run writes what it finds."""
    return Recorder(order.out, order.started)


def end_in_time(order: Order) -> None:
    """End this process when its seconds are over: what is under way then counts for no method."""
    timer = threading.Timer(order.started + order.seconds - time.time(), lambda: os._exit(0))
    timer.daemon = True
    timer.start()
