"""The part of a search-space file that begins at a preset and searches what lies around it."""

from __future__ import annotations

from typing import cast

from tuner.spec.catalogue import Preset

__all__ = ["PRESET_NAMES", "budget_of", "preset_body"]

PRESET_NAMES = ("small", "medium", "large")
"""Those that a file can be written for; here so that ``--help`` need not load the presets."""

_BUDGETS = {"small": (20, "1h"), "medium": (16, "2h"), "large": (8, "6h")}
"""Trials and time, modest ones: a trial of the next size costs several times as much."""

_COMMENT_AT = 55


def budget_of(preset: Preset | None) -> tuple[int, str]:
    """Return how many trials and how much time a new file grants; for a preset or for none."""
    return (30, "1h") if preset is None else _BUDGETS[preset.name]


def preset_body(preset: Preset) -> str:
    """Write ``fixed``, ``space`` and ``start_with`` around a preset, the reason beside each bound.

    Args:
        preset: One of ``PRESETS``.

    Returns:
        YAML, ending in a line feed.
    """
    given = preset.settings
    rate, recurrent = _around(preset, "learning_rate", 5, 5), given["recurrent_dropout"]
    batches = f"[{given['batch_size']}, {_scaled(preset, 'batch_size', 2)}]"
    lines = [
        ("fixed:", "settings that are the same in every trial"),
        (f"  family: {given['family']}", "gru in its place has three quarters of the weights"),
        (f"  embedding: {given['embedding']}", "learned with the model; word2vec and glove have theirs"),
        (f"  optimizer: {given['optimizer']}", ""),
        (f"  epochs: {given['epochs']}", "at most; training ends when validation loss no longer falls"),
        (f"  patience: {given['patience']}", ""),
        (
            f"  vocabulary_size: {given['vocabulary_size']}",
            "the commonest words; others are one unknown word",
        ),
        ("", ""),
        ("space:", f"searched: the preset {preset.name}, and what lies around it"),
        ("  bidirectional: [false, true]", "reading from both ends costs twice the time: does it pay?"),
        ("  layers: {low: 1, high: 2}", "and a second layer?"),
        (f"  units: {_around(preset, 'units', 4, 2)}", "a quarter of the preset's to twice as many"),
        (f"  dense_units: {_around(preset, 'dense_units', 2, 2)}", "half of the preset's to twice as many"),
        ("  dropout: {low: 0.0, high: 0.5, step: 0.1}", "the usual range"),
        (f"  recurrent_dropout: [0.0, {recurrent}]", "a GPU's fast kernel needs 0.0"),
        (f"  learning_rate: {rate}", "a fifth of the preset's to five times"),
        (f"  batch_size: {batches}", "larger: less time an epoch, and fewer steps to learn in"),
        (
            f"  sequence_length: {_half(preset, 'sequence_length')}",
            "words read of a text: time grows with it",
        ),
        (f"  embedding_dimension: {_half(preset, 'embedding_dimension')}", "length of a word's vector"),
        ("", ""),
        (f"start_with: [{preset.name}]", "the first trial is the preset itself"),
    ]
    return "".join(_line(text, comment) for text, comment in lines)


def _line(text: str, comment: str) -> str:
    return f"{text:<{_COMMENT_AT - 1}} # {comment}\n" if comment else f"{text}\n"


def _scaled(preset: Preset, name: str, factor: float) -> str:
    value = cast("float", preset.settings[name]) * factor
    return str(int(value)) if isinstance(preset.settings[name], int) else f"{value:g}"


def _around(preset: Preset, name: str, down: int, up: int) -> str:
    return f"{{low: {_scaled(preset, name, 1 / down)}, high: {_scaled(preset, name, up)}, log: true}}"


def _half(preset: Preset, name: str) -> str:
    return f"[{_scaled(preset, name, 0.5)}, {preset.settings[name]}]"
