"""Which graphs are the same, and which are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.networks import IDS, build, settings
from tuner.spec.values import Task
from tuner.training.graphs import Graph, Graphs, graph_key
from tuner.training.steps import Steps, balanced_weights, ready_to_train

LABELS = np.array([0, 1, 1], np.int32)


def key(task: Task = "binary", weights: Any = None, dropout: float = 0.1, **params: Any) -> str:
    model = build("lstm", task=task, dropout=dropout)
    return graph_key(model, settings("lstm", **params), task, weights)


def ready(graphs: Graphs, family: str = "tfidf_dense", **given: Any) -> tuple[Any, Steps]:
    model = build(family, **given)
    return ready_to_train(model, settings(family, **given), "binary", LABELS, graphs)


@pytest.mark.parametrize(
    "other", [{"learning_rate": 0.5}, {"batch_size": 4, "epochs": 2}, {"sequence_length": 7, "keep": "end"}]
)
def test_what_is_no_part_of_a_graph_makes_no_other(other: dict[str, Any]) -> None:
    assert key(**other) == key()


@pytest.mark.parametrize(
    "other",
    [
        {"dropout": 0.2},
        {"gradient_clip_norm": 1.0},
        {"optimizer": "rmsprop", "rho": 0.9},
        {"task": "multiclass"},
        {"weights": balanced_weights(LABELS)},
    ],
)
def test_what_is_part_of_a_graph_makes_another(other: dict[str, Any]) -> None:
    assert key(**other) != key()


def test_a_graph_is_traced_once_and_begins_with_the_weights_that_were_asked_for() -> None:
    graphs = Graphs()
    model, steps = ready(graphs)
    first = model.get_weights()
    steps.train(np.eye(6, dtype=np.float32)[:3], LABELS)

    again, same_steps = ready(graphs, learning_rate=0.25)

    assert again is model
    assert same_steps is steps
    for now, before in zip(again.get_weights(), first, strict=True):
        np.testing.assert_array_equal(now, before)
    assert int(again.optimizer.iterations) == 0
    assert float(again.optimizer.learning_rate) == 0.25
    assert all(not np.any(each.numpy()) for each in again.optimizer.variables[2:])


def test_another_graph_is_traced_beside_it() -> None:
    graphs = Graphs()
    model, _ = ready(graphs)
    other, _ = ready(graphs, dense_units=5)

    assert other is not model
    assert len(graphs) == 2
    assert ready(graphs)[0] is model


def test_the_graph_that_was_not_used_for_the_longest_time_goes() -> None:
    graphs = Graphs(most=2)
    model, steps = ready(Graphs())
    graph = Graph(model, steps)
    for name in ("a", "b"):
        graphs.keep(name, graph)
    graphs.find("a")
    graphs.keep("c", graph)

    assert [name for name in "abc" if graphs.find(name)] == ["a", "c"]


def test_no_more_memory_is_kept_than_allowed() -> None:
    model, steps = ready(Graphs())
    graph = Graph(model, steps)
    n_numbers = sum(each.size for each in model.get_weights())
    assert graph.n_bytes == pytest.approx(
        4 * 3 * n_numbers, abs=16
    )  # Adam has two of each, and a little more

    graphs = Graphs(most_bytes=graph.n_bytes)
    graphs.keep("a", graph)
    graphs.keep("b", graph)
    assert graphs.find("a") is None
    assert graphs.find("b") is graph

    too_small = Graphs(most_bytes=graph.n_bytes - 1)
    too_small.keep("a", graph)
    assert len(too_small) == 0


def test_a_kept_graph_reads_texts_of_any_length() -> None:
    graphs = Graphs()
    for ids in (IDS, np.concatenate([IDS, IDS], axis=1)):
        _, steps = ready(graphs, "lstm")
        assert steps.predict(ids).shape == (3, 1)
    assert len(graphs) == 1
