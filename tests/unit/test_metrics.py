from __future__ import annotations

import numpy as np
import pytest

from tuner.errors import DataError
from tuner.metrics import METRICS, classification_metrics
from tuner.spec.values import Task


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_binary_metrics_agree_with_scikit_learn(rng: np.random.Generator) -> None:
    from sklearn import metrics as reference

    labels = rng.integers(0, 2, 200)
    probabilities = np.round(np.clip(labels * 0.3 + rng.random(200) * 0.7, 0, 1), 2)  # rounded: ties in rank

    found = classification_metrics(labels, probabilities.reshape(-1, 1), "binary")

    predicted = (probabilities >= 0.5).astype(int)
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(labels, predicted))
    assert found["precision"] == pytest.approx(reference.precision_score(labels, predicted))
    assert found["recall"] == pytest.approx(reference.recall_score(labels, predicted))
    assert found["f1"] == pytest.approx(reference.f1_score(labels, predicted))
    assert found["auc"] == pytest.approx(reference.roc_auc_score(labels, probabilities))
    assert found["loss"] == pytest.approx(reference.log_loss(labels, np.clip(probabilities, 1e-7, 1 - 1e-7)))


def test_multiclass_metrics_agree_with_scikit_learn(rng: np.random.Generator) -> None:
    from sklearn import metrics as reference

    labels = rng.integers(0, 4, 300)
    scores = np.exp(rng.normal(size=(300, 4)) + 2 * np.eye(4)[labels])
    probabilities = scores / scores.sum(axis=1, keepdims=True)

    found = classification_metrics(labels, probabilities, "multiclass")

    predicted = probabilities.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(labels, predicted))
    assert found["precision"] == pytest.approx(reference.precision_score(labels, predicted, average="macro"))
    assert found["recall"] == pytest.approx(reference.recall_score(labels, predicted, average="macro"))
    assert found["f1"] == pytest.approx(reference.f1_score(labels, predicted, average="macro"))
    assert found["auc"] == pytest.approx(reference.roc_auc_score(labels, probabilities, multi_class="ovr"))
    assert found["loss"] == pytest.approx(reference.log_loss(labels, probabilities))


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_predicting_one_class_only_is_measured_without_a_warning(probability: float) -> None:
    found = classification_metrics(np.array([0, 1, 0, 1]), np.full((4, 1), probability), "binary")

    assert found["accuracy"] == 0.5
    assert found["auc"] == 0.5
    assert found["precision"] == (0.5 if probability else 0.0)
    assert np.isfinite(found["loss"])


def test_a_class_absent_from_the_split_leaves_auc_to_the_others() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.2, 0.7, 0.1]])

    found = classification_metrics(np.array([0, 1, 0, 1]), probabilities, "multiclass")

    assert found["auc"] == 1.0
    assert found["f1"] == pytest.approx(2 / 3)


def test_a_split_of_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="all 3 texts have one label"):
        classification_metrics(np.array([1, 1, 1]), np.array([0.2, 0.6, 0.7]), "binary")


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_every_measured_number_is_a_registered_curve(task: Task) -> None:
    n_columns = 1 if task == "binary" else 3
    found = classification_metrics(np.array([0, 1, 0]), np.full((3, n_columns), 1 / 3), task)

    assert all(METRICS[name].growth == "curve" and task in METRICS[name].tasks for name in found)


def test_a_perfect_prediction_has_the_best_value_of_each_metric() -> None:
    found = classification_metrics(np.array([0, 1, 1]), np.array([0.0, 1.0, 1.0]), "binary")

    assert found == {name: pytest.approx(METRICS[name].best) for name in found}


def test_costs_only_grow_and_their_best_is_nothing() -> None:
    costs = [metric for metric in METRICS.values() if metric.growth == "grows"]

    assert {metric.name for metric in costs} == {
        "training_time_s", "training_cpu_time_s", "wall_time_s", "cpu_time_s", "compile_time_s",
        "validation_time_s", "epochs_run", "peak_memory_bytes",
    }  # fmt: skip
    assert {metric.best for metric in costs} == {0.0}
