"""Models without a network, on the very splits of a study's trials: what a network has to beat.

Three, each a linear model of scikit-learn: on counts of words; on TF-IDF weights of words, at scikit-learn's
defaults, which is what people mean by "TF-IDF + logistic regression"; and the same made strong by what is
known to help it (Wang and Manning 2012): pairs of words, logarithmic counts, a freer model. None is tuned and
none is chosen for what it reached, so the test split may be looked at for all.

They are given the encoded texts that trials are given, and learn from the training part alone. Encoding is
not in their time, as it is not in that of trials; choosing and counting terms, weighing and fitting are.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from tuner.catalogue import CATALOGUE
from tuner.data.terms import Terms, count_terms, fit_terms
from tuner.data.values import EncodedDataset, Part
from tuner.errors import DataError
from tuner.metrics import confusion_matrix, measure
from tuner.spec.values import FixedParameter, StudySpec, Task
from tuner.storage import BaselineRecord
from tuner.storage.records import Confusion

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["NGRAMS", "Baseline", "baselines_for", "cleaning_of", "measure_baseline"]

NGRAMS: Final = 2
"""Words of strong TF-IDF's longest term. Defaults to 2, which tells 'not good' from 'good'."""

MIN_TEXTS: Final = 2
"""Training texts in which a term must stand: what stands in one text tells nothing of another."""

MOST_TERMS: Final = 50_000
"""Terms kept, the most frequent; more gain nothing."""

MOST_ITERATIONS: Final = 1000
"""Steps of the solver. Counts of 20,000 film reviews take about 500, TF-IDF weights 20."""

_NEAR_MINIMUM: Final = 1e-3
"""How far above its minimum a ridge regression may lie, as a share of the labels' sum of squares about their
mean: a thousandth of R2 in training."""

_LOGISTIC, _RIDGE = (1.0, 1.0, 10.0), (0.01, 1.0, 1.0)
"""Strengths on counts, on TF-IDF weights and on strong ones. scikit-learn's default is 1 for all. Under that,
on TF-IDF rows, whose length is 1, the coefficients of a logistic regression stay too small; and a ridge
regression of counts, which are large, is hardly held back."""

Weighting = Literal["counts", "tfidf", "sublinear_tfidf"]
"""What a term weighs in a text: its count; count times inverse document frequency, in rows of length 1; the
same of 1 + ln(count), for a word said ten times is not ten times the evidence (the ``tfidf`` source of trials
weighs so too)."""

Clock = Callable[[], float]
_Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Baseline:
    """A model without a network.

    Attributes:
        name: As people call it.
        weighting: What a term weighs.
        ngrams: Words of the longest term.
        strength: How freely the linear model follows the training texts: C of a logistic regression,
            1 / alpha of a ridge regression.
    """

    name: str
    weighting: Weighting
    ngrams: int
    strength: float


def baselines_for(task: Task, ngrams: int = NGRAMS) -> tuple[Baseline, ...]:
    """Return a task's baselines, the simplest first.

    Args:
        task: Decides which linear model it is: ridge regression of numbers, else logistic regression.
        ngrams: Words of strong TF-IDF's longest term, from 1.
    """
    model = "ridge regression" if task == "regression" else "logistic regression"
    counts, usual, strong = _RIDGE if task == "regression" else _LOGISTIC
    return (
        Baseline(f"bag of words + {model}", "counts", ngrams=1, strength=counts),
        Baseline(f"TF-IDF + {model}", "tfidf", ngrams=1, strength=usual),
        Baseline(f"strong TF-IDF + {model}", "sublinear_tfidf", ngrams=ngrams, strength=strong),
    )


def cleaning_of(spec: StudySpec) -> str:
    """Return the cleaning level of all of a study's trials; where they differ in it, the default."""
    fixed = dict(spec.fixed)
    for parameter in spec.space:
        if isinstance(parameter, FixedParameter) and parameter.when is None:
            fixed[parameter.sets] = parameter.value
    return str(fixed.get("cleaning", CATALOGUE.settings()["cleaning"].default))


def measure_baseline(
    baseline: Baseline,
    dataset: EncodedDataset,
    wall: Clock = time.perf_counter,
    cpu: Clock = time.process_time,
) -> BaselineRecord:
    """Fit a baseline to the training part and measure it on the two others.

    Args:
        baseline: One of :func:`baselines_for`.
        dataset: As trials are given it.
        wall, cpu: Clocks, in seconds.

    Returns:
        Its metrics, named as those of trials: ``training_time_s`` and ``training_cpu_time_s`` are of one
        thread, ``parameters`` counts the coefficients. Facts: ``weighting``, ``terms``,
        ``ngrams``, ``strength``, ``converged``, the sizes of the parts, and the version of scikit-learn.

    Raises:
        DataError: If no word stands in two training texts, or a part holds one label only.
    """
    from sklearn.feature_extraction.text import TfidfTransformer
    from threadpoolctl import threadpool_limits

    # Made before the clock is read: importing them takes longer than fitting.
    sublinear = baseline.weighting == "sublinear_tfidf"
    weights = None if baseline.weighting == "counts" else TfidfTransformer(sublinear_tf=sublinear)
    model = _linear_model(baseline.strength, dataset.task)
    began_s, began_cpu_s = wall(), cpu()
    with threadpool_limits(1):
        fitted = _fit(baseline, dataset.train, weights, model, dataset.task)
    spent_s, spent_cpu_s = wall() - began_s, cpu() - began_cpu_s
    validation, confusion = _measured(fitted, dataset.validation, dataset.task)
    test, test_confusion = _measured(fitted, dataset.test, dataset.task)
    times = {"training_time_s": spent_s, "training_cpu_time_s": spent_cpu_s}
    return BaselineRecord(
        name=baseline.name,
        metrics={**validation, **times, "parameters": float(fitted.n_parameters)},
        test_metrics={f"test_{name}": value for name, value in test.items()},
        confusion=confusion,
        test_confusion=test_confusion,
        facts={
            "weighting": baseline.weighting,
            "terms": fitted.terms.n_terms,
            "ngrams": baseline.ngrams,
            "strength": baseline.strength,
            "converged": fitted.converged,
            "train_texts": dataset.train.n_texts,
            "validation_texts": dataset.validation.n_texts,
            "test_texts": dataset.test.n_texts,
            "dataset": dataset.key,
            "scikit-learn": version("scikit-learn"),
        },
    )


@dataclass(frozen=True)
class _Fitted:
    """A linear model over terms, with what is to be known of it."""

    terms: Terms
    weights: Any
    model: Any
    converged: bool

    def features(self, part: Part) -> csr_matrix:
        """Return ``(n_texts, n_terms)``."""
        counts = count_terms(part, self.terms)
        return counts if self.weights is None else self.weights.transform(counts)

    def predict(self, part: Part, task: Task) -> _Array:
        """Return what a trial's network gives, see :func:`~tuner.metrics.measure`."""
        features = self.features(part)
        if task == "regression":
            return np.asarray(self.model.predict(features))  # (n_texts,)
        by_class = np.asarray(self.model.predict_proba(features))  # (n_texts, n_classes)
        return by_class[:, 1] if task == "binary" else by_class

    @property
    def n_parameters(self) -> int:
        """Coefficients and intercepts."""
        return int(np.size(self.model.coef_) + np.size(self.model.intercept_))


def _linear_model(strength: float, task: Task) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    if task == "regression":
        return Ridge(alpha=1 / strength, max_iter=MOST_ITERATIONS)
    return LogisticRegression(C=strength, max_iter=MOST_ITERATIONS)


def _fit(baseline: Baseline, part: Part, weights: Any, model: Any, task: Task) -> _Fitted:
    """Choose terms, weigh them and fit the linear model, all by the training part."""
    from sklearn.exceptions import ConvergenceWarning

    terms, features = fit_terms(part, baseline.ngrams, MIN_TEXTS, MOST_TERMS)
    if not terms.n_terms:
        raise DataError(
            f"no word stands in {MIN_TEXTS} of the {part.n_texts} training texts, so a baseline has no terms",
            "give more texts, or put spaces between the words of a language that has none",
        )
    if weights is not None:
        features = weights.fit_transform(features)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(features, np.asarray(part.labels))
    converged = not any(issubclass(each.category, ConvergenceWarning) for each in told)
    if task == "regression":  # the solver says nothing when it stops at its last step
        converged = _is_at_minimum(model, features, np.asarray(part.labels, np.float64))
    return _Fitted(terms, weights, model, converged)


def _is_at_minimum(model: Any, features: csr_matrix, labels: _Array) -> bool:
    """Tell whether a ridge regression lies where it could be better by next to nothing.

    What it minimises, ``|y - Xw - b|^2 + alpha |w|^2``, curves by 2 alpha at the least, so it lies at most
    ``|gradient|^2 / (4 alpha)`` above its minimum (Boyd and Vandenberghe 2004, 9.1.2).
    """
    errors = model.predict(features) - labels  # (n_texts,)
    gradient = 2.0 * (features.T @ errors + model.alpha * model.coef_)  # (n_terms,)
    most = float(gradient @ gradient) / (4.0 * model.alpha)
    return bool(most <= _NEAR_MINIMUM * float(((labels - labels.mean()) ** 2).sum()))


def _measured(fitted: _Fitted, part: Part, task: Task) -> tuple[dict[str, float], Confusion]:
    """Measure one part as trials are measured."""
    predictions = fitted.predict(part, task)
    return measure(part.labels, predictions, task), confusion_matrix(part.labels, predictions, task)
