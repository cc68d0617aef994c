"""How much memory a trial takes: measured while it runs, and estimated before it begins.

The estimate is arithmetic over settings (:mod:`tuner.models.size`) and knows no Keras, for whoever decides
whether a trial is begun must not load it. It leaves the worker itself out: what it has loaded before its
first trial is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tuner.models import FAMILIES
from tuner.models.size import Shapes, Size
from tuner.spec.values import Params
from tuner.training.optimizers import OPTIMIZERS

__all__ = ["NUMBER_BYTES", "PeakMemory", "TextFacts", "estimate_bytes", "estimate_work"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")

NUMBER_BYTES = 4
"""Bytes of a float32."""

_FIXED_BYTES = 64 << 20
"""Graphs, texts and words of a trial of any size; seen: 20 to 60 MB."""

_PREDICTED_AT_ONCE = 256
"""Texts of a batch of the validation split (``data.batches``)."""

_DIMENSION_OF_FILE = 300
"""Of vectors from a file, whose length is not among the settings: the longest of those in use."""

_WORK_OF_ANY_TEXT = 10_000
"""What a text of a few words costs as well, in numbers kept: operations are begun, whatever their size."""

_WORK_OF_A_TURN = 1_200
"""What a word costs a recurrent layer as well, whose small products have to wait for each other."""

_DIMENSION_OF_GLOVE = 50
"""Of the installed package."""


class PeakMemory:
    """The largest resident memory of this process since a trial began in it.

    On Linux by the kernel's own high-water mark, which is set back when the trial begins. TensorFlow gives
    memory back between steps, so that whoever looks only then misses the most of it. Elsewhere it is the
    largest of the moments when it was looked at.

    Args:
        before_bytes: The peak before the trial was continued here.
    """

    def __init__(self, before_bytes: int = 0) -> None:
        import psutil

        self._process = psutil.Process()
        self._peak_bytes = before_bytes
        self._kernel_knows = _forget_peak()

    def look(self) -> None:
        """Look at the memory now where the kernel does not do it; in some 20 microseconds."""
        if not self._kernel_knows:
            self._peak_bytes = max(self._peak_bytes, self._process.memory_info().rss)

    def peak_bytes(self) -> int:
        """Return the peak so far."""
        self.look()
        if self._kernel_knows:
            self._peak_bytes = max(self._peak_bytes, _kernel_peak_bytes())
        return self._peak_bytes


def _forget_peak() -> bool:
    """Set the kernel's mark back to what is resident now; False where that cannot be done."""
    try:
        _CLEAR.write_text("5")  # proc(5): resets the peak resident set size, and nothing else
        return _kernel_peak_bytes() > 0
    except OSError:
        return False


def _kernel_peak_bytes() -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0


@dataclass(frozen=True)
class TextFacts:
    """What the size of a model depends on in the texts; None where they have not been read.

    Attributes:
        words: Different words of the training texts.
        longest: Words of the longest text.
        outputs: Numbers that the model's head gives.
    """

    words: int | None = None
    longest: int | None = None
    outputs: int = 1


def estimate_bytes(params: Params, texts: TextFacts) -> int | None:
    """Estimate what a trial takes at its peak, beside what its worker takes anyway.

    Args:
        params: Its complete settings.
        texts: What is known of the texts; what is not is taken at its largest.

    Returns:
        Bytes, or None for a family that does not know its own size. Measured peaks were between two
        thirds and five fourths of it (docs/memory.md).
    """
    found = _size(params, texts)
    return None if found is None else _FIXED_BYTES + NUMBER_BYTES * _numbers(*found, params)


def estimate_work(params: Params, texts: TextFacts) -> float | None:
    """Estimate how long a trial takes against others, in numbers that a training step keeps of each text.

    What a step writes and reads again decides its time on a processor more than what it multiplies. How far
    it is off, alone and put right by some trials: ``benchmarks/work_estimate.py``.

    Args:
        params, texts: As for :func:`estimate_bytes`.

    Returns:
        A number above 0, or None for a family that does not know its own size.
    """
    found = _size(params, texts)
    return None if found is None else found[0].kept + _WORK_OF_A_TURN * found[0].turns + _WORK_OF_ANY_TEXT


def _size(params: Params, texts: TextFacts) -> tuple[Size, _Embedding] | None:
    family = FAMILIES.get(str(params["family"]))
    if family is None or family.size is None:
        return None
    if family.component.kind == "features":
        shapes, embedding = Shapes(0, int(params["tfidf_features"]), texts.outputs), _Embedding(0, 0, True)
    else:
        embedding = _embedding(params, texts)
        longest = int(params["sequence_length"])
        words = longest if texts.longest is None else min(longest, texts.longest)
        shapes = Shapes(words, embedding.dimension, texts.outputs)
    return family.size(params, shapes), embedding


@dataclass(frozen=True)
class _Embedding:
    rows: int
    dimension: int
    trainable: bool
    ready: bool = False

    @property
    def numbers(self) -> int:
        return self.rows * self.dimension


def _embedding(params: Params, texts: TextFacts) -> _Embedding:
    rows = int(params["vocabulary_size"])
    if texts.words is not None:
        rows = min(rows, texts.words + 2)  # padding and unknown
    if params["embedding"] == "trained":
        return _Embedding(rows, int(params["embedding_dimension"]), trainable=True)
    of_glove = _DIMENSION_OF_FILE if params["vectors_path"] else _DIMENSION_OF_GLOVE
    dimension = int(params.get("embedding_dimension", of_glove))
    return _Embedding(rows, dimension, bool(params["embedding_trainable"]), ready=True)


def _numbers(size: Size, embedding: _Embedding, params: Params) -> int:
    """Count the numbers in memory at the peak of a step, or of predicting the validation split."""
    slots = OPTIMIZERS[str(params["optimizer"])].slots(params)
    learned = size.weights + (embedding.numbers if embedding.trainable else 0)
    frozen = 0 if embedding.trainable else embedding.numbers
    # Each thrice: in the model, as the best so far, and in the checkpoint that waits.
    held = 3 * (learned + frozen) + 2 * slots * learned + (embedding.numbers if embedding.ready else 0)
    # Gradients, and what the optimizer works with: one tensor after the other, as much as the largest needs.
    changing = learned + 3 * max(size.weights, embedding.numbers if embedding.trainable else 0) // 2
    words = int(params["batch_size"]) * size.kept
    return held + max(changing + words, _PREDICTED_AT_ONCE * size.passing)
