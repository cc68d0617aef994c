"""Texts exchanged throughout a model's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["exchanged"]


def exchanged(config: Any, texts: Mapping[str, str]) -> Any:
    """Return a configuration with other texts wherever one stands as a value, layers within layers included.

    Args:
        config: As Keras' ``get_config`` gives it.
        texts: What comes in the place of each; others stay.
    """
    match config:
        case dict():
            return {key: exchanged(value, texts) for key, value in config.items()}
        case list() | tuple():
            return type(config)(exchanged(value, texts) for value in config)
        case str():
            return texts.get(config, config)
    return config
