"""Reading what a declared file says beside the name of a sampler or pruner."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from tuner.errors import InputError
from tuner.spec.catalogue import Component
from tuner.spec.values import ComponentSpec, Value

__all__ = ["nearest", "options_of"]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names what ``name`` may have meant, or all that is known."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(close)}?" if close else f"known are: {', '.join(names)}"


def options_of(kind: str, component: Component, spec: ComponentSpec) -> Mapping[str, Value]:
    """Complete the options of a sampler or pruner with their defaults.

    Args:
        kind: ``sampler`` or ``pruner``, for messages.
        component: What can be declared.
        spec: What was declared.

    Returns:
        Every option by name.

    Raises:
        InputError: If an option is unknown, or one without a default is missing.
    """
    known = {setting.name: setting for setting in component.settings}
    for name in spec.options:
        if name not in known:
            hint = nearest(name, known) if known else "it has none"
            raise InputError(f"{kind} '{spec.name}': unknown option {name}", hint)
    options: dict[str, Value] = {}
    for name, setting in known.items():
        value = spec.options.get(name, setting.default)
        if value is None:
            raise InputError(f"{kind} '{spec.name}': option {name} is missing", setting.summary)
        options[name] = value
    return options
