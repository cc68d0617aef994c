"""One training, as Syne Tune starts it: a script with the point as its options, which reports each epoch."""

from __future__ import annotations

import argparse
import os

NUMBERS = {"layers": int, "units": int, "dimension": int, "dropout": float, "learning_rate": float}


def main() -> None:
    """Train one point on one thread, since two run side by side on two cores."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser()
    for name, kind in {
        "family": str,
        **NUMBERS,
        "started": float,
        "out": str,
        "texts": str,
        "epochs": int,
    }.items():
        parser.add_argument(f"--{name}", type=kind, required=True)
    given, _ = parser.parse_known_args()
    import tensorflow as tf
    from syne_tune import Reporter

    from benchmarks.front import problem
    from benchmarks.front.record import Recorder

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    recorder, reporter = Recorder(given.out, given.started), Reporter()
    params = {name: getattr(given, name) for name in ("family", *NUMBERS)}
    reached = [0.0]

    def report(epoch: int, accuracy: float, seconds: float) -> None:
        reached.append(accuracy)
        recorder.add(params, epoch + 1, max(reached), seconds)
        reporter(epoch=epoch + 1, error=1.0 - accuracy, seconds=seconds)

    problem.train(params, problem.Texts.load(given.texts), given.epochs, report)


if __name__ == "__main__":
    main()
