"""Ray Tune with ASHA on validation accuracy and random points, as in its guide: two trainings at a time."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.front.script import the_order


def main() -> None:
    """Run until the seconds are over."""
    order = the_order()
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    from benchmarks.front import problem

    def train(params: dict[str, Any]) -> None:
        import tensorflow as tf

        from benchmarks.front.script import recorder_of

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        recorder = recorder_of(order)
        reached = [0.0]

        def report(epoch: int, accuracy: float, seconds: float) -> None:
            reached.append(accuracy)
            recorder.add(params, epoch + 1, max(reached), seconds)
            tune.report({"accuracy": accuracy, "seconds": seconds})

        problem.train(params, problem.Texts.load(order.texts), order.epochs, report)

    ray.init(num_cpus=2, include_dashboard=False)
    space = {
        "family": tune.choice(list(problem.FAMILIES)),
        "layers": tune.randint(problem.LAYERS[0], problem.LAYERS[1] + 1),
        "units": tune.lograndint(problem.UNITS[0], problem.UNITS[1] + 1),
        "dimension": tune.randint(problem.DIMENSIONS[0], problem.DIMENSIONS[1] + 1),
        "dropout": tune.uniform(*problem.DROPOUT),
        "learning_rate": tune.loguniform(*problem.LEARNING_RATE),
    }
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        param_space=space,
        tune_config=tune.TuneConfig(
            metric="accuracy",
            mode="max",
            scheduler=ASHAScheduler(max_t=order.epochs, grace_period=1, reduction_factor=3),
            num_samples=-1,
            max_concurrent_trials=2,
            time_budget_s=order.started + order.seconds - time.time(),
            search_alg=tune.search.BasicVariantGenerator(random_state=order.seed, max_concurrent=2),
        ),
        run_config=tune.RunConfig(storage_path=f"{order.out}.files", verbose=0),
    )
    tuner.fit()


if __name__ == "__main__":
    main()
