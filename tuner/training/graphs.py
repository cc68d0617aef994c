"""Traced models of former trials, for trials whose graph is the same.

Tracing a recurrent model and running it for the first time takes a second, which is much of a small trial.
The graph depends on architecture, loss and optimizer, and not on weights, seed, learning rate, batch size or
the length of texts. So a trial that repeats a point with another seed, is timed again, or differs in its
learning rate takes over what an earlier one has traced, with first weights of its own. Whether two graphs are
the same is read from the models and not from their settings: what Keras would save of both must be equal.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tuner.spec.values import Params, Task
from tuner.training.exchange import exchanged
from tuner.training.memory import NUMBER_BYTES
from tuner.training.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    import keras

    from tuner.training.steps import Steps

__all__ = ["OUTSIDE", "Graph", "Graphs", "graph_key"]

OUTSIDE = frozenset(
    {
        "learning_rate",
        "batch_size",
        "sequence_length",
        "keep",
        "epochs",
        "patience",
        "monitor",
        "plateau_patience",
        "chance_epochs",
    }
)
"""Settings that no graph depends on, but for a family with places of its own for each word."""

MOST = 6
"""Kept graphs: as many points of a grid that is repeated, or members of a front that are timed in turn. Each
takes some ten MB beside its variables."""

MOST_BYTES = 64 << 20
"""Of the variables of all kept graphs together: as much as is reckoned with for whatever a trial needs."""


@dataclass(frozen=True)
class Graph:
    """A compiled model and its traced steps."""

    model: keras.Model
    steps: Steps

    @property
    def n_bytes(self) -> int:
        """Memory of weights and optimizer, of which hardly a number takes more than 4 bytes."""
        variables = [*self.model.weights, *self.model.optimizer.variables]
        return sum(NUMBER_BYTES * math.prod(each.shape) for each in variables)

    def begin_as(self, fresh: keras.Model) -> None:
        """Make the model what ``fresh`` is: its weights, and its optimizer before the first step.

        Sources of random numbers for dropout are left; the loop sets them before each epoch.

        Args:
            fresh: Compiled, its optimizer built; of the same graph.
        """
        mine = [*self.model.weights, *self.model.optimizer.variables]
        its = [*fresh.weights, *fresh.optimizer.variables]
        for variable, value in zip(mine, its, strict=True):
            variable.assign(value)


class Graphs:
    """The graphs of a worker's last trials, the latest used last.

    Args:
        most: Graphs kept. Defaults to :data:`MOST`.
        most_bytes: Memory of their variables. Defaults to :data:`MOST_BYTES`; a larger model is not kept.
    """

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, Graph] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: str) -> Graph | None:
        """Return the graph that was kept under a key, if it still is."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: str, graph: Graph) -> None:
        """Keep a graph; those that were not used for the longest time go for it."""
        if graph.n_bytes > self._most_bytes:
            return
        self._kept[key] = graph
        while len(self._kept) > self._most or self._n_bytes() > self._most_bytes:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all: a trial has failed, perhaps for want of memory."""
        self._kept.clear()

    def _n_bytes(self) -> int:
        return sum(graph.n_bytes for graph in self._kept.values())


def graph_key(model: keras.Model, params: Params, task: Task, weights: npt.NDArray[np.float32] | None) -> str:
    """Return what a model's traced steps depend on, as one text.

    Args:
        model: Of our own families: what Keras would save says all about their layers.
        params: The trial's settings; of them the optimizer's, its learning rate apart, which is a variable.
        task: Decides loss and metrics.
        weights: ``(n_classes,)`` of the training loss, or None.
    """
    name = str(params["optimizer"])
    settings = [setting.name for setting in OPTIMIZERS[name].component.settings]
    optimizer: dict[str, Any] = {each: params[each] for each in settings if each != "learning_rate"}
    optimizer["gradient_clip_norm"] = params["gradient_clip_norm"]
    of_classes = None if weights is None else weights.tolist()
    # In the order of building; names that nobody has given are counted on from model to model.
    made = [model, *model.operations]
    names = {each.name: f"operation {place}" for place, each in enumerate(made)}
    described = exchanged(model.get_config(), names)
    return json.dumps([described, name, optimizer, task, of_classes], sort_keys=True)
