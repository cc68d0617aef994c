"""Keras' own predictions of a kept model, made in a process of its own: TensorFlow is never loaded here.

Started by :func:`keras_predictions` as ``python -m tuner.export.keras_side OUT``, with the request on stdin.
On the processor, since a GPU may round its products to ten bits (TF32), and in single precision also where
the model was trained in half.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tuner.errors import ModelError, TunerError
from tuner.export.texts import PartName
from tuner.trial import TrialRequest

__all__ = ["keras_predictions", "main"]


def keras_predictions(
    request: TrialRequest, parts: Sequence[PartName]
) -> Mapping[str, npt.NDArray[np.float32]]:
    """Let Keras predict whole parts with a finished trial's kept model.

    Args:
        request: The trial as it was run.
        parts: Their names.

    Returns:
        ``(n_texts, n_outputs) float32`` by part.

    Raises:
        ModelError: If Keras cannot load the model, or data or vectors are missing.
    """
    with tempfile.TemporaryDirectory(prefix="tuner-verify-") as folder:
        out = Path(folder) / "predictions.npz"
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tuner.export.keras_side", str(out)],
            input=json.dumps({"request": dataclasses.asdict(request), "parts": list(parts)}),
            capture_output=True,
            text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise ModelError(f"{request.trial_dir}: Keras cannot predict with this model: {said[-1]}")
        with np.load(out, allow_pickle=False) as kept:
            return {name: kept[name] for name in parts}


def main(argv: Sequence[str] | None = None) -> int:
    """Predict what stdin asks for and write it to the file that is named.

    Args:
        argv: Arguments; defaults to the process's own.

    Returns:
        The exit code; what went wrong is the last line on stderr.
    """
    (out,) = sys.argv[1:] if argv is None else argv
    asked = json.load(sys.stdin)
    from tuner.training.evaluate import predict_kept
    from tuner.training.kept_model import MODEL_FILE

    try:
        request = TrialRequest(**asked["request"])
        predictions = predict_kept(request, MODEL_FILE, asked["parts"], single_precision=True)
    except (TunerError, OSError, ValueError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    np.savez(out, allow_pickle=False, **predictions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
