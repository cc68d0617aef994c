"""How large a model will be, worked out from its settings before it is built: pure arithmetic, no Keras.

A family adds up its layers; the layers all families share stand here. Weights are exact. What a training
step keeps for its way back is counted in numbers per word or text, with factors that were measured: how
many intermediate results TensorFlow holds on to is decided by its graph optimizer and not by the equations.
The embedding's own matrix is not in here: it depends on the source of the vectors and not on the family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "GRU_CELL",
    "LSTM_CELL",
    "SIMPLE_CELL",
    "CellSize",
    "Shapes",
    "Size",
    "attention",
    "dense",
    "recurrent",
]


@dataclass(frozen=True)
class Shapes:
    """What the size of a model depends on beside its settings.

    Attributes:
        words: Words read of the longest text; 0 for a family that takes features.
        width: Numbers of a word's vector, or features of a text.
        outputs: Numbers that the head gives.
    """

    words: int
    width: int
    outputs: int


@dataclass(frozen=True)
class Size:
    """Of a layer, or of several together.

    Attributes:
        weights: Numbers that it has learned.
        kept: Numbers of one text that a training step holds between its way forward and its way back.
        passing: Numbers of one text that are held when it is only predicted. Of several layers the sum, since
            small pieces of memory are not handed on; who knows better says so.
        turns: Steps of one text that have to wait for each other: words that recurrent layers read, in each
            direction.
    """

    weights: int = 0
    kept: int = 0
    passing: int = 0
    turns: int = 0

    def __add__(self, other: Size) -> Size:
        """Put two layers behind each other."""
        return Size(
            self.weights + other.weights,
            self.kept + other.kept,
            self.passing + other.passing,
            self.turns + other.turns,
        )


@dataclass(frozen=True)
class CellSize:
    """A recurrent cell.

    Attributes:
        gates: Units times so many numbers come out of its matrix products.
        biases: Vectors of so many numbers that are added to them.
        kept: Numbers a unit and word that a step keeps, measured.
    """

    gates: int
    biases: int
    kept: int


LSTM_CELL = CellSize(gates=4, biases=1, kept=11)
GRU_CELL = CellSize(gates=3, biases=2, kept=14)
SIMPLE_CELL = CellSize(gates=1, biases=1, kept=5)


def dense(n_in: int, n_out: int, places: int = 1) -> Size:
    """Return the size of a dense layer that is used at so many places of a text."""
    return Size(n_in * n_out + n_out, 2 * n_out * places, n_out * places)


def recurrent(cell: CellSize, widths: Sequence[int], shapes: Shapes, both_ways: bool) -> Size:
    """Return the size of a stack of recurrent layers that read each text from one end or from both.

    Args:
        cell: Of all of them.
        widths: Units of each layer, in each direction.
        shapes: Words and the length of their vectors.
        both_ways: Whether each layer is there twice, and the next reads what both say.
    """
    directions = 2 if both_ways else 1
    stack, n_in = Size(), shapes.width
    for units in widths:
        weights = cell.gates * units * (n_in + units + cell.biases)
        # What is read is turned to lie by time, cut into steps and put together again on the way back.
        kept = shapes.words * (3 * n_in + cell.kept * units)
        passing = shapes.words * (3 * n_in + 4 * units)
        layer = (weights, kept, passing, shapes.words)
        stack += Size(*(directions * each for each in layer))
        n_in = directions * units
    return stack


def attention(words: int, width: int, heads: int) -> Size:
    """Return the size of dot-product attention of all words to all words, without its projections.

    The scores are one number a pair of words and head; kept are they, the masked ones, the shares and their
    gradients, of which not all live at once.
    """
    pairs = heads * words * words
    return Size(0, 7 * pairs // 2 + 2 * words * width, 2 * pairs + 2 * words * width)
