"""Baselines: scikit-learn's own figures on the splits of the trials, and nothing learned from other texts."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, TypeAlias

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)

from tests.conftest import DatasetMaker
from tuner.analysis.tables import on_test
from tuner.baselines import Baseline, baselines_for, cleaning_of, measure_baseline
from tuner.data.values import EncodedDataset
from tuner.errors import DataError
from tuner.spec.values import (
    CategoricalParameter,
    DataSpec,
    FixedParameter,
    Is,
    Parameter,
    StudySpec,
    Task,
    Value,
)

Parts: TypeAlias = list[list[tuple[str, int]]]

COUNTS, USUAL, STRONG = baselines_for("binary")
WORDS = {"tokenizer": str.split, "token_pattern": None, "lowercase": False, "min_df": 2}


@pytest.fixture(scope="module")
def parts(short_reviews: list[tuple[str, int]]) -> Parts:
    """Three unlike parts of the reviews, with labels that words tell only in part."""
    rng = np.random.default_rng(0)
    noisy = [(text, label if rng.random() < 0.8 else 1 - label) for text, label in short_reviews]
    order = rng.permutation(len(noisy))
    return [[noisy[at] for at in order[start:end]] for start, end in itertools.pairwise((0, 34, 50, 64))]


@pytest.fixture(scope="module")
def dataset(make_dataset: DatasetMaker, parts: Parts) -> EncodedDataset:
    return make_dataset(*parts)


@pytest.mark.parametrize(
    ("baseline", "vectorizer", "strength"),
    [
        (COUNTS, CountVectorizer(**WORDS), 1.0),
        (USUAL, TfidfVectorizer(**WORDS), LogisticRegression().C),
        (STRONG, TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, **WORDS), 10.0),
    ],
    ids=["counts", "usual", "strong"],
)
def test_figures_are_those_of_scikit_learn_on_the_same_splits(
    baseline: Baseline, vectorizer: Any, strength: float, dataset: EncodedDataset, parts: Parts
) -> None:
    record = measure_baseline(baseline, dataset)

    (train, validation, test), labels = ([[pair[at] for pair in part] for part in parts] for at in (0, 1))
    model = LogisticRegression(C=strength, max_iter=1000)
    model.fit(vectorizer.fit_transform(train), labels[0])
    for texts, truth, found, matrix in (
        (validation, labels[1], record.metrics, record.confusion),
        (test, labels[2], on_test(record), record.test_confusion),
    ):
        probabilities = model.predict_proba(vectorizer.transform(texts))
        predicted = probabilities.argmax(axis=1)
        assert found["accuracy"] == accuracy_score(truth, predicted)
        assert found["f1"] == pytest.approx(f1_score(truth, predicted))
        assert found["loss"] == pytest.approx(log_loss(truth, probabilities), rel=1e-3)
        assert found["auc"] == pytest.approx(roc_auc_score(truth, probabilities[:, 1]))
        assert matrix == tuple(map(tuple, confusion_matrix(truth, predicted)))
    assert record.facts["terms"] == len(vectorizer.get_feature_names_out())
    assert record.metrics["parameters"] == model.coef_.size + 1


def test_several_classes_are_measured_over_all_of_them(make_dataset: DatasetMaker) -> None:
    texts = [(f"{word} {other}", label) for label, word in enumerate("abc") for other in "xyz"]
    record = measure_baseline(STRONG, make_dataset(texts))

    assert record.metrics["accuracy"] == 1.0
    assert record.confusion == ((3, 0, 0), (0, 3, 0), (0, 0, 3))
    assert record.metrics["parameters"] == 3 * (6 + 1), "six words, and an intercept"


def test_a_regression_is_a_ridge_regression_of_the_numbers(make_dataset: DatasetMaker, parts: Parts) -> None:
    numbers = [[(text, 3 * label + len(text) / 10) for text, label in part] for part in parts]
    whole = make_dataset(*parts)
    train, validation, test = (
        dataclasses.replace(part, labels=np.array([number for _, number in pairs], np.float32))
        for part, pairs in zip((whole.train, whole.validation, whole.test), numbers, strict=True)
    )
    dataset = dataclasses.replace(
        whole, task="regression", classes=(), train=train, validation=validation, test=test
    )
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, **WORDS)
    model = Ridge().fit(vectorizer.fit_transform([text for text, _ in numbers[0]]), train.labels)
    predicted = model.predict(vectorizer.transform([text for text, _ in numbers[1]]))

    counts, usual, tfidf = (measure_baseline(each, dataset) for each in baselines_for("regression"))

    assert [counts.name, usual.name, tfidf.name] == [
        "bag of words + ridge regression",
        "TF-IDF + ridge regression",
        "strong TF-IDF + ridge regression",
    ]
    assert usual.metrics["parameters"] == counts.metrics["parameters"] < tfidf.metrics["parameters"]
    assert tfidf.metrics["mae"] == pytest.approx(mean_absolute_error(validation.labels, predicted), rel=1e-3)
    assert tfidf.metrics["r2"] == pytest.approx(r2_score(validation.labels, predicted), rel=1e-3)
    assert tfidf.test_metrics["test_r2"] > 0
    assert (tfidf.confusion, tfidf.test_confusion) == ((), ())
    assert [each.facts["strength"] for each in (counts, usual, tfidf)] == [0.01, 1.0, 1.0]


@pytest.mark.parametrize(("most", "converged"), [(1, False), (1000, True)])
def test_a_regression_that_its_steps_did_not_bring_to_the_minimum_is_said_so(
    most: int, converged: bool, make_dataset: DatasetMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    texts = [(" ".join(f"word{at}" for at in random.zipf(1.5, 30) % 200), at % 2) for at in range(300)]
    whole = make_dataset(texts)
    numbers = random.normal(size=300).astype(np.float32)
    train = dataclasses.replace(whole.train, labels=numbers)
    test = dataclasses.replace(whole.test, labels=numbers[: whole.test.n_texts])
    dataset = dataclasses.replace(
        whole, task="regression", classes=(), train=train, validation=train, test=test
    )
    monkeypatch.setattr("tuner.baselines.MOST_ITERATIONS", most)

    counts, usual, _ = baselines_for("regression")  # one step is nearly enough for the third

    assert measure_baseline(counts, dataset).facts["converged"] is converged
    assert measure_baseline(usual, dataset).facts["converged"] is converged


def test_only_training_texts_are_learned_from(make_dataset: DatasetMaker, parts: Parts) -> None:
    train, validation, test = parts
    turned = [(text, 1 - label) for text, label in validation]

    whole = measure_baseline(STRONG, make_dataset(train, validation, test))
    other = measure_baseline(STRONG, make_dataset(train, turned, test))

    assert other.test_metrics == whole.test_metrics
    assert other.metrics["accuracy"] == pytest.approx(1 - whole.metrics["accuracy"])


def test_the_clocks_run_while_it_learns_and_not_while_it_is_measured(dataset: EncodedDataset) -> None:
    wall, cpu = itertools.count(10.0, 2.5), itertools.count(0.0, 0.5)

    record = measure_baseline(COUNTS, dataset, wall=lambda: next(wall), cpu=lambda: next(cpu))

    assert (record.metrics["training_time_s"], record.metrics["training_cpu_time_s"]) == (2.5, 0.5)
    assert (next(wall), next(cpu)) == (15.0, 1.0), "each is read twice"


def test_what_was_done_is_written_down(dataset: EncodedDataset) -> None:
    facts = measure_baseline(STRONG, dataset).facts

    assert (facts["weighting"], facts["ngrams"], facts["strength"]) == ("sublinear_tfidf", 2, 10.0)
    assert facts["converged"] is True
    assert (facts["train_texts"], facts["validation_texts"], facts["test_texts"]) == (34, 16, 14)


def test_the_longest_term_is_a_choice_of_strong_tfidf_alone() -> None:
    assert [each.ngrams for each in baselines_for("binary", 3)] == [1, 1, 3]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_names_tell_them_apart(task: Task) -> None:
    assert len({each.name for each in baselines_for(task)}) == 3


def test_texts_that_share_no_word_are_refused(make_dataset: DatasetMaker) -> None:
    with pytest.raises(DataError, match="no word stands in 2 of the 2 training texts"):
        measure_baseline(COUNTS, make_dataset([("a", 0), ("b", 1)]))


@pytest.mark.parametrize(
    ("fixed", "space", "level"),
    [
        ({}, (), "moderate"),
        ({"cleaning": "light"}, (), "light"),
        ({}, (FixedParameter("cleaning", "cleaning", "aggressive"),), "aggressive"),
        ({}, (CategoricalParameter("cleaning", "cleaning", ("light", "aggressive")),), "moderate"),
        ({}, (FixedParameter("c", "cleaning", "light", when=Is("family", ("gru",))),), "moderate"),
    ],
)
def test_texts_are_cleaned_as_all_trials_have_them_or_by_default(
    fixed: dict[str, Value], space: tuple[Parameter, ...], level: str
) -> None:
    assert cleaning_of(StudySpec(DataSpec("file"), "binary", space, fixed=fixed)) == level
