"""KerasTuner's Hyperband on validation accuracy, as its guide shows it: one objective, one process."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.front.script import end_in_time, recorder_of, the_order


def main() -> None:
    """Run until the seconds are over; it has no limit of time of its own."""
    order = the_order()
    end_in_time(order)
    import keras
    import keras_tuner

    from benchmarks.front import problem

    texts = problem.Texts.load(order.texts)
    recorder = recorder_of(order)

    class Network(keras_tuner.HyperModel):  # type: ignore[misc]
        def build(self, hp: Any) -> keras.Model:
            self.params = {
                "family": hp.Choice("family", list(problem.FAMILIES)),
                "layers": hp.Int("layers", *problem.LAYERS),
                "units": hp.Int("units", *problem.UNITS, sampling="log"),
                "dimension": hp.Int("dimension", *problem.DIMENSIONS),
                "dropout": hp.Float("dropout", *problem.DROPOUT),
                "learning_rate": hp.Float("learning_rate", *problem.LEARNING_RATE, sampling="log"),
            }
            return problem.build(self.params)

        def fit(self, _hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
            began_s = time.perf_counter()
            history = model.fit(*args, **kwargs)
            # A promoted network goes on from its checkpoint: the epochs of earlier rounds are behind it too.
            spent_s = (time.perf_counter() - began_s) * kwargs["epochs"] / len(history.epoch)
            recorder.add(self.params, kwargs["epochs"], max(history.history["val_accuracy"]), spent_s)
            return history

    tuner = keras_tuner.Hyperband(
        Network(),
        objective="val_accuracy",
        max_epochs=order.epochs,
        factor=3,
        hyperband_iterations=100,
        seed=order.seed,
        directory=f"{order.out}.files",
        project_name="front",
        overwrite=True,
    )
    tuner.search(
        texts.train,
        texts.train_labels,
        validation_data=(texts.validation, texts.validation_labels),
        batch_size=problem.BATCH_SIZE,
        verbose=0,
    )


if __name__ == "__main__":
    main()
