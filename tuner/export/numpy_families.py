"""The forward pass of every built-in family, from a kept model's arrays; one small function each.

What a model is made of is read from the arrays that it has: how many layers, which ways, a dense layer or
none. So the settings that it was built from are not trusted, and a mistake in reading them cannot hide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.data.values import PADDING_ID
from tuner.errors import ModelError
from tuner.export.kept_weights import Floats, KeptModel
from tuner.export.numpy_layers import (
    Bools,
    attended,
    convolved,
    dense,
    dot_attended,
    gru,
    layer_norm,
    lstm,
    relu,
    sigmoid,
    simple_rnn,
    softmax,
    turned,
)

__all__ = ["FORWARDS", "Forward", "Texts", "forward"]

_NORM_EPSILON = 1e-6

Texts: TypeAlias = npt.NDArray[Any]
"""``(n, n_words)`` ids, padded with 0 on the right, or ``(n, n_features)`` features."""

Forward: TypeAlias = Callable[[KeptModel, Texts], Floats]
"""From texts to what the head is given, ``(n, units)``."""

_Cell: TypeAlias = Callable[[Floats, Floats, Floats, Floats], Floats]


def forward(model: KeptModel, texts: Texts) -> Floats:
    """Predict a batch.

    Args:
        model: As :func:`~tuner.export.kept_weights.read_kept_model` read it.
        texts: As the family reads them.

    Returns:
        ``(n, 1)`` probabilities of class 1, ``(n, n_classes)`` probabilities, or ``(n, 1)`` numbers in the
        unit of the labels.

    Raises:
        ModelError: If there is no forward pass for the family here, or the model lacks weights.
    """
    if model.family not in FORWARDS:
        raise ModelError(
            f"family {model.family} has no forward pass in NumPy", f"there is one for {', '.join(FORWARDS)}"
        )
    try:
        return _head(model, FORWARDS[model.family](model, texts))
    except (ValueError, IndexError) as error:
        raise ModelError(
            f"family {model.family}: the model's arrays do not fit together: {error}",
            "it is damaged or was changed",
        ) from error


def _head(model: KeptModel, hidden: Floats) -> Floats:
    """End in what the task asks for: ``(n, units)`` to ``(n, n_outputs)``."""
    outputs = dense(hidden, *model.weights("head", "0", "1"))
    match model.task:
        case "binary":
            return sigmoid(outputs)
        case "multiclass":
            return softmax(outputs)
        case _:
            scale, mean = model.label_units or (1.0, 0.0)
            return outputs * scale + mean


def _maybe_dense(model: KeptModel, hidden: Floats) -> Floats:
    """Go through the dense layer before the head, if the model has one."""
    if "dense" not in model.layers:
        return hidden
    return relu(dense(hidden, *model.weights("dense", "0", "1")))


def _is_word(ids: Texts) -> Bools:
    found: Bools = ids != PADDING_ID
    return found


def _vectors(model: KeptModel, ids: Texts) -> Floats:
    (table,) = model.weights("embedding", "0")  # (vocabulary, D)
    found: Floats = table[ids]  # (B, T, D)
    return found


def _mean_of_words(sequences: Floats, is_word: Bools) -> Floats:
    counted = is_word[..., np.newaxis]
    mean: Floats = (sequences * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return mean


def _read(model: KeptModel, cell: _Cell, ids: Texts) -> list[Floats]:
    """Return each direction's ``(B, T, U)`` of the last recurrent layer, at the places of the text."""
    lengths = _is_word(ids).sum(axis=1)  # (B,)
    outputs = [_vectors(model, ids)]
    layer = 0
    while f"forward_{layer}" in model.layers:
        sequences = np.concatenate(outputs, axis=-1)
        outputs = [cell(sequences, *model.weights(f"forward_{layer}", "cell/0", "cell/1", "cell/2"))]
        if f"backward_{layer}" in model.layers:
            weights = model.weights(f"backward_{layer}", "cell/0", "cell/1", "cell/2")
            outputs.append(turned(cell(turned(sequences, lengths), *weights), lengths))
        layer += 1
    if not layer:
        model.weights("forward_0", "cell/0")  # says what is missing
    return outputs


def _recurrent(cell: _Cell) -> Forward:
    """Make the forward pass of a recurrent family: what each direction says at its end of the text."""

    def run(model: KeptModel, ids: Texts) -> Floats:
        rows = np.arange(len(ids))
        directions = _read(model, cell, ids)
        ends = [directions[0][rows, _is_word(ids).sum(axis=1) - 1]]  # (B, U)
        ends += [backward[:, 0] for backward in directions[1:]]
        return _maybe_dense(model, np.concatenate(ends, axis=-1))

    return run


def _lstm_self_attention(model: KeptModel, ids: Texts) -> Floats:
    is_word = _is_word(ids)
    words = dot_attended(np.concatenate(_read(model, lstm, ids), axis=-1), is_word)  # (B, T, U or 2U)
    return _maybe_dense(model, _mean_of_words(words, is_word))


def _lstm_word_attention(model: KeptModel, ids: Texts) -> Floats:
    words: Floats = np.sum(_read(model, lstm, ids), axis=0)  # (B, T, U)
    (asking,) = model.weights("attention", "0")  # (U, 1)
    scores = (np.tanh(words) @ asking)[..., 0]  # (B, T)
    shares = softmax(np.where(_is_word(ids), scores, -np.inf))
    return _maybe_dense(model, np.tanh(np.einsum("bt,btu->bu", shares, words)))


def _cnn(model: KeptModel, ids: Texts) -> Floats:
    is_word = _is_word(ids)
    responses = relu(convolved(_vectors(model, ids), is_word, *model.weights("convolution", "0", "1")))
    return _maybe_dense(model, np.where(is_word[..., np.newaxis], responses, 0.0).max(axis=1))  # (B, F)


def _transformer(model: KeptModel, ids: Texts) -> Floats:
    is_word = _is_word(ids)
    (positions,) = model.weights("positions", "0")  # (longest, D)
    places = np.minimum(np.arange(ids.shape[1]), len(positions) - 1)
    words = _vectors(model, ids) + positions[places]  # (B, T, D)
    block = 0
    while f"attention_{block}" in model.layers:
        words = words + _attended(model, block, words, is_word)
        wide = relu(
            dense(_norm(model, f"feed_forward_{block}", words), *model.weights(f"wide_{block}", "0", "1"))
        )
        words = words + dense(wide, *model.weights(f"narrow_{block}", "0", "1"))
        block += 1
    return _maybe_dense(model, _mean_of_words(_norm(model, "last", words), is_word))


def _attended(model: KeptModel, block: int, words: Floats, is_word: Bools) -> Floats:
    query, key, value, output = (
        model.weights(f"attention_{block}", f"{name}_dense/0", f"{name}_dense/1")
        for name in ("query", "key", "value", "output")
    )
    return attended(_norm(model, f"attention_{block}", words), is_word, query, key, value, output)


def _norm(model: KeptModel, name: str, words: Floats) -> Floats:
    scale, shift = model.weights(f"norm_{name}", "0", "1")
    return layer_norm(words, scale, shift, _NORM_EPSILON)


def _tfidf_dense(model: KeptModel, features: Texts) -> Floats:
    hidden = features
    layer = 0
    while f"dense_{layer}" in model.layers:
        hidden = relu(dense(hidden, *model.weights(f"dense_{layer}", "0", "1")))
        layer += 1
    return hidden


FORWARDS: Mapping[str, Forward] = {
    "lstm": _recurrent(lstm),
    "gru": _recurrent(gru),
    "simple_rnn": _recurrent(simple_rnn),
    "lstm_self_attention": _lstm_self_attention,
    "lstm_word_attention": _lstm_word_attention,
    "cnn": _cnn,
    "transformer": _transformer,
    "tfidf_dense": _tfidf_dense,
}
"""The forward pass up to the head, by family."""
