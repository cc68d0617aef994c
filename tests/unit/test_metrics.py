from __future__ import annotations

import numpy as np
import pytest

from tuner.errors import DataError
from tuner.metrics import METRICS, class_report, classification_metrics, confusion_matrix, measure
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
        "input_time_s", "checkpoint_time_s", "validation_time_s",
        "calibrated_time_s", "waited_time_s", "epochs_run", "peak_memory_bytes",
    }  # fmt: skip
    assert {metric.best for metric in costs} == {0.0}


def test_regression_metrics_agree_with_scikit_learn(rng: np.random.Generator) -> None:
    from sklearn import metrics as reference

    labels = rng.integers(1, 11, 200).astype(np.float32)
    predictions = (labels + rng.normal(size=200)).astype(np.float32)

    found = measure(labels, predictions.reshape(-1, 1), "regression")

    assert found == {
        "loss": pytest.approx(reference.mean_squared_error(labels, predictions)),
        "mae": pytest.approx(reference.mean_absolute_error(labels, predictions)),
        "mse": pytest.approx(reference.mean_squared_error(labels, predictions)),
        "r2": pytest.approx(reference.r2_score(labels, predictions)),
    }


def test_predicting_the_mean_has_an_r2_of_zero_and_worse_is_below() -> None:
    labels = np.array([1.0, 2.0, 6.0])

    assert measure(labels, np.full(3, 3.0), "regression")["r2"] == pytest.approx(0.0)
    assert measure(labels, np.full(3, 9.0), "regression")["r2"] < 0.0


def test_equal_numbers_have_no_r2_and_this_is_said() -> None:
    with pytest.raises(DataError, match="all 3 texts have the label 7, and two different ones are needed"):
        measure(np.full(3, 7.0), np.array([6.0, 7.0, 8.0]), "regression")


def test_infinite_predictions_are_measured_as_infinite() -> None:
    assert measure(np.array([1.0, 2.0]), np.array([1e200, 1.0]), "regression")["loss"] == np.inf


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_task_measures_on_a_split_exactly_what_its_metrics_say(task: Task) -> None:
    predictions = np.array([[0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    found = measure(np.array([1, 0, 1]), predictions if task == "multiclass" else predictions[:, 1], task)

    curves = {each.name for each in METRICS.values() if each.growth == "curve" and task in each.tasks}
    assert found.keys() == {name for name in curves if not name.startswith("train_")}


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_confusion_matrix_agrees_with_scikit_learn(task: Task, rng: np.random.Generator) -> None:
    from sklearn import metrics as reference

    n_classes = 2 if task == "binary" else 4
    labels = rng.integers(0, n_classes, 100)
    scores = rng.random((100, n_classes))
    predicted = (scores[:, 1] >= 0.5).astype(int) if task == "binary" else scores.argmax(axis=1)

    found = confusion_matrix(labels, scores[:, 1:] if task == "binary" else scores, task)

    assert [list(row) for row in found] == reference.confusion_matrix(labels, predicted).tolist()
    assert confusion_matrix(labels.astype(np.float32), scores, "regression") == ()


def test_the_report_by_class_agrees_with_scikit_learn(rng: np.random.Generator) -> None:
    from sklearn import metrics as reference

    labels = rng.choice(4, 200, p=[0.6, 0.2, 0.15, 0.05])
    predicted = np.where(rng.random(200) < 0.6, labels, rng.integers(0, 3, 200))  # class 3 is hardly called
    names = ["a", "b", "c", "d"]

    rows = class_report(reference.confusion_matrix(labels, predicted).tolist(), names)

    expected = reference.classification_report(
        labels, predicted, target_names=names, output_dict=True, zero_division=0
    )
    assert [row.name for row in rows] == [*names, "macro", "weighted"]
    for row in rows:
        theirs = expected[row.name if row.name in names else f"{row.name} avg"]
        assert row.precision == pytest.approx(theirs["precision"])
        assert row.recall == pytest.approx(theirs["recall"])
        assert row.f1 == pytest.approx(theirs["f1-score"])
        assert row.support == theirs["support"]


def test_a_class_never_called_and_one_without_texts_have_zeros_in_the_report() -> None:
    rows = {row.name: row for row in class_report([[3, 0, 0], [2, 0, 0], [0, 0, 0]], ["a", "b", "c"])}

    assert (rows["b"].precision, rows["b"].recall, rows["b"].f1, rows["b"].support) == (0.0, 0.0, 0.0, 2)
    assert rows["c"].support == 0
    assert rows["macro"].recall == pytest.approx(1 / 3)


def test_a_regression_has_no_report_by_class() -> None:
    assert class_report((), ()) == ()


@pytest.mark.parametrize("confusion", [[[1, 2]], [[1, 0], [0, 1]]])
def test_a_matrix_of_another_size_than_the_classes_is_refused(confusion: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="is not one of 3 classes"):
        class_report(confusion, ["a", "b", "c"])
