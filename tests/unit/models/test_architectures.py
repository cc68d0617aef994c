"""Each architecture against its equations, written out in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.networks import IDS, build, tokens

Array = npt.NDArray[np.float64]

LENGTHS = [4, 2, 1]


def weights(model: Any, layer: str) -> list[Array]:
    return [np.asarray(each, np.float64) for each in model.get_layer(layer).get_weights()]


def words_of(model: Any) -> list[Array]:
    """Each text's vectors, without padding."""
    (vectors,) = weights(model, "embedding")
    return [vectors[row[:length]] for row, length in zip(IDS, LENGTHS, strict=True)]


def output_of(model: Any, layer: str) -> Array:
    import keras

    return np.asarray(keras.Model(model.input, model.get_layer(layer).output)(IDS).numpy(), np.float64)


def sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)))


def softmax(values: Array) -> Array:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def headed(model: Any, hidden: list[Array]) -> Array:
    """Finish a model by hand, through its dense layer and its head."""
    found = np.stack(hidden)
    if any(layer.name == "dense" for layer in model.layers):
        kernel, bias = weights(model, "dense")
        found = np.maximum(found @ kernel + bias, 0)
    kernel, bias = weights(model, "head")
    return sigmoid(found @ kernel + bias)


@pytest.mark.parametrize("kernel_size", [1, 3, 4])
def test_a_cnn_takes_the_strongest_response_to_real_words(kernel_size: int) -> None:
    model = build("cnn", kernel_size=kernel_size, filters=5, dense_units=4)
    kernel, bias = weights(model, "convolution")  # (K, D, F), (F,)
    bias += np.arange(5) / 10  # a response to nothing, which padding must not give
    model.get_layer("convolution").set_weights([kernel, bias])

    def strongest(words: Array) -> Array:
        before = (kernel_size - 1) // 2
        padded = np.pad(words, ((before, kernel_size - 1 - before), (0, 0)))
        windows = np.stack([padded[at : at + kernel_size] for at in range(len(words))])  # (T, K, D)
        return np.asarray(np.maximum(np.einsum("tkd,kdf->tf", windows, kernel) + bias, 0).max(axis=0))

    expected = headed(model, [strongest(words) for words in words_of(model)])
    np.testing.assert_allclose(model(IDS).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_self_attention_averages_what_words_tell_each_other(bidirectional: bool) -> None:
    model = build("lstm_self_attention", bidirectional=bidirectional, dense_units=4)
    outputs = output_of(model, "dropout_0")  # (B, T, U or 2U)
    assert outputs.shape[-1] == (16 if bidirectional else 8)

    texts = [row[:length] for row, length in zip(outputs, LENGTHS, strict=True)]
    expected = headed(model, [(softmax(words @ words.T) @ words).mean(axis=0) for words in texts])

    np.testing.assert_allclose(model(IDS).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_word_attention_follows_the_paper(bidirectional: bool) -> None:
    model = build("lstm_word_attention", bidirectional=bidirectional)
    outputs = output_of(model, "dropout_0")  # (B, T, U)
    (scores,) = weights(model, "attention")  # (U, 1), w of the paper

    def read(words: Array) -> Array:
        shares = softmax((np.tanh(words) @ scores)[:, 0])  # equations 9 and 10
        return np.tanh(shares @ words)  # equations 11 and 12

    texts = [row[:length] for row, length in zip(outputs, LENGTHS, strict=True)]
    expected = headed(model, [read(words) for words in texts])
    np.testing.assert_allclose(model(IDS).numpy(), expected, atol=1e-6)


def test_word_attention_adds_both_directions() -> None:
    model = build("lstm_word_attention")
    forward, backward = output_of(model, "forward_0"), output_of(model, "backward_0")

    for row, length in enumerate(LENGTHS):
        both = forward[row, :length] + backward[row, :length][::-1]
        np.testing.assert_allclose(output_of(model, "dropout_0")[row, :length], both, atol=1e-6)


def test_a_transformer_block_norms_first_and_adds() -> None:
    model = build("transformer", heads=2, feed_forward_units=5)
    (positions,) = weights(model, "positions")
    query, query_bias, key, key_bias, value, value_bias, merge, merge_bias = weights(model, "attention_0")
    wide, wide_bias = weights(model, "wide_0")
    narrow, narrow_bias = weights(model, "narrow_0")

    def norm(name: str, words: Array) -> Array:
        scale, shift = weights(model, f"norm_{name}")
        centred = words - words.mean(axis=-1, keepdims=True)
        return np.asarray(centred / np.sqrt(words.var(axis=-1, keepdims=True) + 1e-6) * scale + shift)

    def read(words: Array) -> Array:
        words = words + positions[: len(words)]
        normed = norm("attention_0", words)
        asked, offered, told = (
            np.einsum("td,dhk->htk", normed, kernel) + bias[:, None]
            for kernel, bias in ((query, query_bias), (key, key_bias), (value, value_bias))
        )
        shares = softmax(asked @ offered.transpose(0, 2, 1) / np.sqrt(query.shape[-1]))  # (H, T, T)
        words = words + np.einsum("htk,hkd->td", shares @ told, merge) + merge_bias
        inner = np.maximum(norm("feed_forward_0", words) @ wide + wide_bias, 0)
        return np.asarray(norm("last", words + inner @ narrow + narrow_bias).mean(axis=0))

    expected = headed(model, [read(words) for words in words_of(model)])
    np.testing.assert_allclose(model(IDS).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(("dimension", "heads", "size"), [(6, 2, 3), (6, 4, 1), (6, 8, 1)])
def test_heads_share_the_width_of_a_vector_also_where_it_does_not_divide(
    dimension: int, heads: int, size: int
) -> None:
    model = build("transformer", heads=heads)

    assert tokens().dimension == dimension
    assert weights(model, "attention_0")[0].shape == (dimension, heads, size)


def test_a_transformer_reads_texts_longer_than_its_positions() -> None:
    model = build("transformer", sequence_length=2)

    assert np.isfinite(model(IDS).numpy()).all()
