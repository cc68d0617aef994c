"""Syne Tune's multi-objective ASHA on its local backend: two at a time, each a process of its own."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.front.script import the_order


def main() -> None:
    """Run until the seconds are over."""
    order = the_order()
    os.environ["SYNETUNE_FOLDER"] = f"{order.out}.files"
    from syne_tune import StoppingCriterion, Tuner
    from syne_tune.backend import LocalBackend
    from syne_tune.config_space import choice, lograndint, loguniform, randint, uniform
    from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

    from benchmarks.front import problem

    space = {
        "family": choice(list(problem.FAMILIES)),
        "layers": randint(*problem.LAYERS),
        "units": lograndint(*problem.UNITS),
        "dimension": randint(*problem.DIMENSIONS),
        "dropout": uniform(*problem.DROPOUT),
        "learning_rate": loguniform(*problem.LEARNING_RATE),
        "started": order.started,
        "out": order.out,
        "texts": order.texts,
        "epochs": order.epochs,
    }
    scheduler = MOASHA(
        config_space=space,
        metrics=["error", "seconds"],
        time_attr="epoch",
        max_t=order.epochs,
        grace_period=1,
        reduction_factor=3,
        random_seed=order.seed,
    )
    left_s = order.started + order.seconds - time.time()
    Tuner(
        trial_backend=LocalBackend(entry_point=str(Path(__file__).with_name("syne_tune_training.py"))),
        scheduler=scheduler,
        stop_criterion=StoppingCriterion(max_wallclock_time=left_s),
        n_workers=2,
        sleep_time=0.2,  # it looks for results every 5 s unless told otherwise, which is long here
        print_update_interval=3600,
    ).run()


if __name__ == "__main__":
    main()
