"""What most people write: Optuna with two objectives around ``fit``, one training after another.

As in Optuna's tutorial on several objectives; both cores belong to TensorFlow. With ``random`` as second
argument it is random search.
"""

from __future__ import annotations

import sys

from benchmarks.front.script import end_in_time, recorder_of, the_order


def main() -> None:
    """Run until the seconds are over."""
    order = the_order()
    end_in_time(order)
    import keras
    import optuna

    from benchmarks.front import problem

    texts = problem.Texts.load(order.texts)
    recorder = recorder_of(order)
    keras.utils.set_random_seed(order.seed)

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        params = {
            "family": trial.suggest_categorical("family", list(problem.FAMILIES)),
            "layers": trial.suggest_int("layers", *problem.LAYERS),
            "units": trial.suggest_int("units", *problem.UNITS, log=True),
            "dimension": trial.suggest_int("dimension", *problem.DIMENSIONS),
            "dropout": trial.suggest_float("dropout", *problem.DROPOUT),
            "learning_rate": trial.suggest_float("learning_rate", *problem.LEARNING_RATE, log=True),
        }
        reached: list[tuple[float, float]] = []
        problem.train(
            params, texts, order.epochs, lambda _, accuracy, seconds: reached.append((accuracy, seconds))
        )
        accuracy, seconds = max(each[0] for each in reached), reached[-1][1]
        recorder.add(params, order.epochs, accuracy, seconds)
        return accuracy, seconds

    sampler: optuna.samplers.BaseSampler = optuna.samplers.TPESampler(seed=order.seed)
    if sys.argv[2:] == ["random"]:
        sampler = optuna.samplers.RandomSampler(seed=order.seed)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    study.optimize(objective)


if __name__ == "__main__":
    main()
