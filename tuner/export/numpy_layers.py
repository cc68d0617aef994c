"""Keras' layers computed in NumPy, from their papers and from what their weights are; nothing of Keras.

Axes: B texts, T places (words, padding after them), D values of a word's vector, U units, H heads.
All in double precision, so that what Keras computes in single differs by its own rounding alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.export.kept_weights import Floats

__all__ = [
    "Bools",
    "Ids",
    "attended",
    "convolved",
    "dense",
    "dot_attended",
    "gru",
    "layer_norm",
    "lstm",
    "relu",
    "sigmoid",
    "simple_rnn",
    "softmax",
    "turned",
]

Ids: TypeAlias = npt.NDArray[np.integer]
Bools: TypeAlias = npt.NDArray[np.bool_]


def sigmoid(values: Floats) -> Floats:
    """Return the logistic function, without overflow at either end."""
    small = np.exp(-np.abs(values))  # in (0, 1]
    result: Floats = np.where(values >= 0, 1.0, small) / (1.0 + small)
    return result


def softmax(values: Floats) -> Floats:
    """Return shares along the last axis that are 1 in all; what is minus infinite has none."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    result: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return result


def relu(values: Floats) -> Floats:
    """Return what is above 0, and 0 elsewhere."""
    return np.maximum(values, 0.0)


def dense(inputs: Floats, kernel: Floats, bias: Floats) -> Floats:
    """Map the last axis, ``(..., n_inputs)`` to ``(..., n_units)``."""
    result: Floats = inputs @ kernel + bias
    return result


def lstm(sequences: Floats, kernel: Floats, recurrent: Floats, bias: Floats) -> Floats:
    """Run a long short-term memory (Hochreiter and Schmidhuber 1997; gates i, f, g, o side by side).

    Args:
        sequences: ``(B, T, D)``.
        kernel: ``(D, 4 U)``.
        recurrent: ``(U, 4 U)``.
        bias: ``(4 U,)``.

    Returns:
        ``(B, T, U)``, the state after each word.
    """
    memory = np.zeros((len(sequences), len(recurrent)))  # (B, U)

    def step(inputs: Floats, state: Floats) -> Floats:
        nonlocal memory
        let_in, keep, found, let_out = np.split(inputs + state @ recurrent, 4, axis=1)  # 4 x (B, U)
        memory = sigmoid(keep) * memory + sigmoid(let_in) * np.tanh(found)
        return sigmoid(let_out) * np.tanh(memory)

    return _run(dense(sequences, kernel, bias), len(recurrent), step)


def gru(sequences: Floats, kernel: Floats, recurrent: Floats, bias: Floats) -> Floats:
    """Run gated recurrent units (Cho et al. 2014, in the form that resets after the product, as cuDNN's).

    Args:
        sequences: ``(B, T, D)``.
        kernel: ``(D, 3 U)``: update, reset, candidate.
        recurrent: ``(U, 3 U)``.
        bias: ``(2, 3 U)``, of the inputs and of the state.
    """

    def step(inputs: Floats, state: Floats) -> Floats:
        update_in, reset_in, found_in = np.split(inputs, 3, axis=1)  # 3 x (B, U)
        update_of, reset_of, found_of = np.split(dense(state, recurrent, bias[1]), 3, axis=1)
        update, reset = sigmoid(update_in + update_of), sigmoid(reset_in + reset_of)
        return update * state + (1.0 - update) * np.tanh(found_in + reset * found_of)

    return _run(dense(sequences, kernel, bias[0]), len(recurrent), step)


def simple_rnn(sequences: Floats, kernel: Floats, recurrent: Floats, bias: Floats) -> Floats:
    """Run a simple recurrent network (Elman 1990): ``(B, T, D)`` to ``(B, T, U)``."""

    def step(inputs: Floats, state: Floats) -> Floats:
        return np.tanh(inputs + state @ recurrent)

    return _run(dense(sequences, kernel, bias), len(recurrent), step)


def _run(inputs: Floats, units: int, step: Callable[[Floats, Floats], Floats]) -> Floats:
    """Let a state of 0 go through the places of ``(B, T, ...)`` and return it after each."""
    state = np.zeros((len(inputs), units))  # (B, U)
    states = np.empty((*inputs.shape[:2], units))  # (B, T, U)
    for place in range(inputs.shape[1]):
        states[:, place] = state = step(inputs[:, place], state)
    return states


def turned(sequences: Floats, lengths: Ids) -> Floats:
    """Turn each text of ``(B, T, ...)`` round within its own length; padding stays where it is."""
    result = sequences.copy()
    for text, length in enumerate(lengths):
        result[text, :length] = sequences[text, :length][::-1]
    return result


def convolved(sequences: Floats, is_word: Bools, kernel: Floats, bias: Floats) -> Floats:
    """Slide filters over the words, which nothing but zeros surrounds.

    Args:
        sequences: ``(B, T, D)``.
        is_word: ``(B, T)``.
        kernel: ``(width, D, n_filters)``.
        bias: ``(n_filters,)``.

    Returns:
        ``(B, T, n_filters)``, at each place the response to the words around it; of an even width one more
        of them stands after the place than before it.
    """
    width = len(kernel)
    before = (width - 1) // 2
    words = sequences * is_word[..., np.newaxis]
    padded = np.pad(words, ((0, 0), (before, width - 1 - before), (0, 0)))
    n_places = sequences.shape[1]
    response: Floats = sum(
        (padded[:, offset : offset + n_places] @ kernel[offset] for offset in range(width)), start=bias
    )
    return response


def dot_attended(sequences: Floats, is_word: Bools) -> Floats:
    """Let every place ask all words by the dot product (Luong et al. 2015): ``(B, T, U)`` to the same."""
    scores = sequences @ sequences.transpose(0, 2, 1)  # (B, T asking, T asked)
    result: Floats = softmax(np.where(is_word[:, np.newaxis], scores, -np.inf)) @ sequences
    return result


def attended(
    sequences: Floats,
    is_word: Bools,
    query: Sequence[Floats],
    key: Sequence[Floats],
    value: Sequence[Floats],
    output: Sequence[Floats],
) -> Floats:
    """Let every place ask all words with several heads (Vaswani et al. 2017, section 3.2).

    Args:
        sequences: ``(B, T, D)``.
        is_word: ``(B, T)``.
        query, key, value: Kernel ``(D, H, K)`` and bias ``(H, K)`` of each.
        output: Kernel ``(H, K, D)`` and bias ``(D,)``.
    """
    asked, known, said = (
        np.einsum("btd,dhk->bhtk", sequences, kernel) + bias[:, np.newaxis]  # (B, H, T, K)
        for kernel, bias in (query, key, value)
    )
    scores = asked @ known.transpose(0, 1, 3, 2) / np.sqrt(query[0].shape[2])  # (B, H, T asking, T asked)
    heads = softmax(np.where(is_word[:, np.newaxis, np.newaxis], scores, -np.inf)) @ said  # (B, H, T, K)
    result: Floats = np.einsum("bhtk,hkd->btd", heads, output[0]) + output[1]
    return result


def layer_norm(values: Floats, scale: Floats, shift: Floats, epsilon: float) -> Floats:
    """Bring the last axis to mean 0 and variance 1, then scale and shift it (Ba et al. 2016)."""
    centred = values - values.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon)
    result: Floats = centred / deviation * scale + shift
    return result
