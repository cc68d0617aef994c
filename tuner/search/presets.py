"""Settings that people who tune such models by hand begin with, in three sizes."""

from __future__ import annotations

from tuner.spec.catalogue import Preset

__all__ = ["PRESETS"]

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "small",
            "One LSTM over short texts: the quick one.",
            {
                "family": "lstm",
                "embedding": "trained",
                "bidirectional": False,
                "layers": 1,
                "units": 64,
                "dense_units": 32,
                "dropout": 0.2,
                "recurrent_dropout": 0.1,
                "optimizer": "adam",
                "learning_rate": 1e-3,
                "batch_size": 16,
                "epochs": 10,
                "patience": 3,
                "sequence_length": 150,
                "vocabulary_size": 5_000,
                "embedding_dimension": 100,
            },
        ),
        Preset(
            "medium",
            "A bidirectional LSTM of the usual size: the balanced one.",
            {
                "family": "lstm",
                "embedding": "trained",
                "bidirectional": True,
                "layers": 1,
                "units": 128,
                "dense_units": 64,
                "dropout": 0.3,
                "recurrent_dropout": 0.2,
                "optimizer": "adam",
                "learning_rate": 1e-3,
                "batch_size": 32,
                "epochs": 15,
                "patience": 3,
                "sequence_length": 200,
                "vocabulary_size": 10_000,
                "embedding_dimension": 200,
            },
        ),
        Preset(
            "large",
            "A wide bidirectional LSTM over long texts: the thorough one, for a GPU or for patience.",
            {
                "family": "lstm",
                "embedding": "trained",
                "bidirectional": True,
                "layers": 1,
                "units": 256,
                "dense_units": 128,
                "dropout": 0.3,
                "recurrent_dropout": 0.2,
                "optimizer": "adam",
                "learning_rate": 5e-4,
                "batch_size": 64,
                "epochs": 20,
                "patience": 5,
                "sequence_length": 300,
                "vocabulary_size": 15_000,
                "embedding_dimension": 300,
            },
        ),
    )
}
"""Every preset by the name that a file gives it."""
