"""Imports a family of a person's own, builds its model, and holds it to what a trial needs.

Runs their code: to be called in a worker or in a process for that purpose, never in a coordinator.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.embeddings.protocol import FeatureInput, Prepared
from tuner.errors import InputError
from tuner.models.own import own_source, read_own_family, split_name
from tuner.models.protocol import Family
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["load_own_family"]


def load_own_family(name: str, folder: Path) -> Family:
    """Import the module of a family.

    Args:
        name: ``module:function``.
        folder: The search-space file's. It comes first where modules are looked for, as a script's does.

    Returns:
        The family; what its ``build`` returns is checked.

    Raises:
        InputError: If there is no such module or function, or another module is in its place.
        Exception: Whatever the module raises while it is imported.
    """
    component, path = read_own_family(name, folder), own_source(name, folder)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    module_name, function = split_name(name)
    module = importlib.import_module(module_name)
    if Path(str(module.__file__)).resolve() != path.resolve():
        raise InputError(
            f"{name}: found {module.__file__} under this name, expected {path}", "give yours another name"
        )
    source = hashlib.sha256(path.read_bytes()).hexdigest()
    return Family(component, _checked(name, getattr(module, function)), source_sha256=source)


def _checked(name: str, build: Callable[..., Any]) -> Callable[[Params, Prepared, Task, int], keras.Model]:
    def checked(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
        model = build(params, inputs, task, n_classes)
        fault = _fault(model, inputs, n_classes if task == "multiclass" else 1)
        if fault is not None:
            raise InputError(f"{name}: {fault[0]}", fault[1])
        return model

    return checked


def _fault(model: Any, inputs: Prepared, n_outputs: int) -> tuple[str, str] | None:
    """Return what is wrong with a model, and what to do; None if nothing is."""
    import keras

    if not isinstance(model, keras.Model):
        hint = "return keras.Model(inputs, outputs)"
        return f"the function returned {type(model).__name__}, expected a keras.Model", hint
    if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
        hint = "build it of layers: keras.Model(inputs, outputs)"
        return "found a model without exactly one input and one output", hint
    wanted: tuple[int | None, ...]
    if isinstance(inputs, FeatureInput):
        wanted, kind, dtype = (None, inputs.n_features), "features", "float32"
    else:
        wanted, kind, dtype = (None, None), "words, as many as the batch's longest text has", "int32"
    given, found = model.inputs[0], model.outputs[0]
    if given.shape != wanted or given.dtype != dtype:
        hint = f'begin with keras.Input(({wanted[1]},), dtype="{dtype}")'
        return f"its input is {given.shape} {given.dtype}, expected {wanted} {dtype}: {kind}", hint
    if found.shape != (None, n_outputs):
        hint = "end in tuner.models.heads.add_head(hidden, task, n_classes)"
        return f"its output has the shape {found.shape}, expected {(None, n_outputs)}", hint
    if found.dtype != "float32":
        hint = 'end in tuner.models.heads.add_head, or give the last layer dtype="float32"'
        return (
            f"its output is {found.dtype}, expected float32 also where layers compute in half precision",
            hint,
        )
    return None
