"""A new architecture, embedding source, data source and sampler: a file and a line of registration each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tuner.data.sources
import tuner.embeddings
import tuner.models
import tuner.search.samplers
from tests.channels import Quiet
from tuner.catalogue import build_catalogue
from tuner.data.encode import encode, prepare
from tuner.data.sources.protocol import DataSource
from tuner.data.values import EncodedDataset, TextTable
from tuner.embeddings.protocol import EmbeddingSource, FeatureInput, Prepared, TokenInput
from tuner.models.protocol import Family
from tuner.search.samplers import RegisteredSampler, make_sampler
from tuner.search.space import settings_of, suggest
from tuner.spec import parse_spec
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Parameter, Params, Task, Value
from tuner.training.loop import run_trial
from tuner.trial import Ending, TrialRequest

if TYPE_CHECKING:
    import keras
    import optuna

DECLARED = """\
data: {source: sayings, times: 20, split: {train: 0.5, validation: 0.25, test: 0.25}}
task: binary
fixed: {epochs: 3, learning_rate: 0.05, batch_size: 8}
space:
  family: [word_average]
  embedding: {choices: [counted], when: {family: word_average}}
  width: {low: 2, high: 4}
sampler: {name: always_low}
budget: {trials: 1}
"""


def load_sayings(options: Mapping[str, Value], base_dir: Path) -> TextTable:
    times = int(options["times"])
    texts = [f"{word} film {n}" for n in range(times) for word in ("good", "bad")]
    labels = ["pos", "neg"] * times
    return TextTable(texts, labels, None, list(range(1, len(texts) + 1)), "sayings")


SAYINGS = DataSource(
    Component("sayings", "Two sayings, many times.", (Setting("times", "int", 10, "How often.", low=1),)),
    load_sayings,
)


def prepare_counted(dataset: EncodedDataset, params: Params, seed: int, cache_dir: Path) -> Prepared:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(50, 3)).astype(np.float32)
    matrix[0] = 0.0
    return TokenInput(50, 3, matrix, trainable=True)


COUNTED = EmbeddingSource(Component("counted", "Random vectors.", (), "tokens"), prepare_counted)


def build_word_average(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    import keras

    assert not isinstance(inputs, FeatureInput)
    ids = keras.Input((None,), dtype="int32")  # (B, T)
    vectors = keras.layers.Embedding(inputs.vocabulary_size, inputs.dimension, mask_zero=True)(
        ids
    )  # (B, T, D)
    mean = keras.layers.GlobalAveragePooling1D()(vectors)  # (B, D)
    hidden = keras.layers.Dense(int(params["width"]), activation="relu")(mean)  # (B, W)
    return keras.Model(ids, keras.layers.Dense(1, activation="sigmoid")(hidden))  # (B, 1)


WORD_AVERAGE = Family(
    Component(
        "word_average",
        "Mean of the words' vectors.",
        (Setting("width", "int", 4, "Units.", low=1, high=64),),
        "tokens",
    ),
    build_word_average,
)


def make_always_low(options: Mapping[str, Value], space: Sequence[Parameter], study_seed: int) -> Any:
    import optuna

    class AlwaysLow(optuna.samplers.BaseSampler):
        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return {}

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
            return {}

        def sample_independent(
            self,
            study: Any,
            trial: Any,
            param_name: str,
            param_distribution: optuna.distributions.BaseDistribution,
        ) -> Any:
            return getattr(param_distribution, "low", None) or param_distribution.choices[0]  # type: ignore[attr-defined]

    return AlwaysLow()


ALWAYS_LOW = RegisteredSampler(Component("always_low", "The low end."), make_always_low)


def test_one_of_each_is_a_file_and_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import optuna

    monkeypatch.setitem(tuner.data.sources.SOURCES, "sayings", SAYINGS)
    monkeypatch.setitem(tuner.embeddings.EMBEDDINGS, "counted", COUNTED)
    monkeypatch.setitem(tuner.models.FAMILIES, "word_average", WORD_AVERAGE)
    monkeypatch.setitem(tuner.search.samplers.SAMPLERS, "always_low", ALWAYS_LOW)
    catalogue = build_catalogue()
    spec = parse_spec(DECLARED, "declared.yaml", catalogue)
    prepared = prepare(spec.data, spec.task, spec.seed, tmp_path, tmp_path / "cache")
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=make_sampler(spec.sampler, spec.space, spec.seed)
    )
    params = suggest(study.ask(), spec.space)
    settings = catalogue.complete({**spec.fixed, **settings_of(spec.space, params)})

    outcome = run_trial(
        TrialRequest(
            study="extension",
            number=0,
            params=settings,
            seed=1,
            task=spec.task,
            dataset_dir=str(encode(prepared, str(settings["cleaning"])).directory),
            cache_dir=str(tmp_path / "cache"),
            trial_dir=str(tmp_path / "trial"),
        ),
        Quiet(),
    )

    assert params["width"] == 2, "the sampler was asked"
    assert outcome.ending is Ending.COMPLETE, outcome.detail
    assert outcome.metrics["accuracy"] == 1.0
    assert outcome.metrics["parameters"] == 50 * 3 + (3 * 2 + 2) + (2 + 1), "the width reached the layer"
