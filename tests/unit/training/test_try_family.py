"""Families of a person's own: what is built of them, and what is said when that cannot be used."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.networks import IDS, settings, tokens
from tuner.catalogue import CATALOGUE, catalogue_for
from tuner.errors import InputError
from tuner.execution.own_families import first_settings
from tuner.models import family_of
from tuner.spec import load_spec
from tuner.spec.values import Task
from tuner.training.try_family import Try, try_family

MODULE = '''
from tuner.models.heads import add_head
from tuner.spec.catalogue import Setting

SETTINGS = (Setting("width", "int", 4, "Units.", low=1, high=64),)


def build(params, inputs, task, n_classes):
    """Mean of the words' vectors."""
    return _model(params, inputs, task, n_classes)


def _ids():
    import keras

    return keras.Input((None,), dtype="int32")


def _vectors(ids, inputs):
    import keras

    return keras.layers.Embedding(inputs.vocabulary_size, inputs.dimension)(ids)


def _mean(ids, vectors):
    from keras import ops

    is_word = ops.cast(ops.expand_dims(ops.not_equal(ids, 0), -1), "float32")
    return ops.sum(vectors * is_word, axis=1) / ops.maximum(ops.sum(is_word, axis=1), 1.0)


def _model(params, inputs, task, n_classes, head=add_head):
    import keras

    ids = _ids()
    hidden = _mean(ids, _vectors(ids, inputs))
    hidden = keras.layers.Dense(params["width"], activation="relu")(hidden)
    return keras.Model(ids, head(hidden, task, n_classes))


def raises(params, inputs, task, n_classes):
    raise ValueError("no such width\\nand more")


def leaves(params, inputs, task, n_classes):
    raise SystemExit


def returns_nothing(params, inputs, task, n_classes):
    _model(params, inputs, task, n_classes)


def has_a_wide_head(params, inputs, task, n_classes):
    return _model(params, inputs, "multiclass", 7)


def has_no_probabilities(params, inputs, task, n_classes):
    import keras

    return _model(params, inputs, task, n_classes, lambda hidden, *_: keras.layers.Dense(
        1 if task == "binary" else n_classes, bias_initializer="ones", activation="softplus")(hidden) + 1.0)


def has_float_ids(params, inputs, task, n_classes):
    import keras

    ids = keras.Input((None,))
    return keras.Model(ids, add_head(_mean(ids, _vectors(ids, inputs)), task, n_classes))


def has_a_length(params, inputs, task, n_classes):
    import keras

    ids = keras.Input((7,), dtype="int32")
    return keras.Model(ids, add_head(_mean(ids, _vectors(ids, inputs)), task, n_classes))


def has_two_inputs(params, inputs, task, n_classes):
    import keras

    ids, other = _ids(), _ids()
    hidden = _mean(ids, _vectors(ids, inputs)) + _mean(other, _vectors(other, inputs))
    return keras.Model([ids, other], add_head(hidden, task, n_classes))


def is_a_subclass(params, inputs, task, n_classes):
    import keras

    class Own(keras.Model):
        def call(self, ids):
            return ids

    return Own()


def reads_padding(params, inputs, task, n_classes):
    import keras
    from keras import ops

    ids = _ids()
    return keras.Model(ids, add_head(ops.mean(_vectors(ids, inputs), axis=1), task, n_classes))


def has_a_lambda(params, inputs, task, n_classes):
    import keras

    return _model(params, inputs, task, n_classes, lambda hidden, *rest: add_head(
        keras.layers.Lambda(lambda each: each * 2)(hidden), *rest))


def has_its_own_layer(params, inputs, task, n_classes):
    import keras

    @keras.saving.register_keras_serializable("tests")
    class Twice(keras.layers.Layer):
        def call(self, hidden):
            return hidden * 2

    return _model(params, inputs, task, n_classes, lambda hidden, *rest: add_head(Twice()(hidden), *rest))


def has_an_unknown_layer(params, inputs, task, n_classes):
    import keras

    class Thrice(keras.layers.Layer):
        def call(self, hidden):
            return hidden * 3

    return _model(params, inputs, task, n_classes, lambda hidden, *rest: add_head(Thrice()(hidden), *rest))
'''

FEATURES = """
TAKES = "features"


def build(params, inputs, task, n_classes):
    import keras
    from tuner.models.heads import add_head

    rows = keras.Input((inputs.n_features,))
    return keras.Model(rows, add_head(rows, task, n_classes))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A person's folder; what was imported from it is forgotten afterwards."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own_words.py").write_text(MODULE, encoding="utf-8")
    (folder / "own_features.py").write_text(FEATURES, encoding="utf-8")
    (folder / "own_broken.py").write_text("import no_such_package\n\n" + FEATURES, encoding="utf-8")
    before = list(sys.path)
    yield folder
    sys.path[:] = before
    for name in [name for name in sys.modules if name.startswith("own_")]:
        del sys.modules[name]


def asked(folder: Path, family: str, task: Task = "binary") -> Try:
    embedding = "tfidf" if "features" in family else "trained"
    params = settings("cnn", embedding, width=4) | {"family": family}
    return Try(family, str(folder), params, task, 3)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_family_that_can_be_used_is_passed_over_in_silence(folder: Path, task: Task) -> None:
    assert try_family(asked(folder, "own_words:build", task)) == []


@pytest.mark.parametrize("family", ["own_features:build", "own_words:has_its_own_layer"])
def test_features_and_registered_layers_can_be_used(folder: Path, family: str) -> None:
    assert try_family(asked(folder, family)) == []


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("raises", r"building its model raised ValueError: no such width; see .*own_words\.py:\d+$"),
        ("leaves", r"building its model raised SystemExit; see .*own_words\.py:\d+$"),
        ("returns_nothing", "the function returned NoneType, expected a keras.Model; return keras.Model"),
        ("has_a_wide_head", r"its output has the shape \(None, 7\), expected \(None, 1\); end in .*add_head"),
        ("has_no_probabilities", "its outputs are no probabilities in a binary task; end in .*add_head"),
        ("has_float_ids", r"its input is \(None, None\) float32, expected \(None, None\) int32: words"),
        ("has_a_length", r"its input is \(None, 7\) int32, expected \(None, None\) int32: words, as many as"),
        ("has_two_inputs", "found a model without exactly one input and one output"),
        ("is_a_subclass", "found a model without exactly one input and one output"),
        ("has_a_lambda", "its model cannot be saved and loaded again: .*use no Lambda layer"),
        ("has_an_unknown_layer", "its model cannot be saved and loaded again: .*register_keras_serializable"),
    ],
)
def test_says_in_one_line_why_a_family_cannot_be_used(folder: Path, function: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        try_family(asked(folder, f"own_words:{function}"))

    assert str(raised.value).startswith(f"own_words:{function}: ")
    assert "\n" not in str(raised.value)


def test_says_where_an_import_fails(folder: Path) -> None:
    said = r"own_broken:build: importing it raised ModuleNotFoundError: No module .*own_broken\.py:1$"

    with pytest.raises(InputError, match=said):
        try_family(asked(folder, "own_broken:build"))


def test_another_module_of_the_same_name_is_not_taken_for_theirs(folder: Path) -> None:
    (folder / "tests.py").write_text(FEATURES, encoding="utf-8")

    with pytest.raises(InputError, match=r"under this name, expected .*; give yours another name"):
        try_family(asked(folder, "tests:build"))


def test_remarks_on_a_model_that_reads_padding(folder: Path) -> None:
    (remark,) = try_family(asked(folder, "own_words:reads_padding"))

    assert re.search("padding changes its predictions", remark)


def test_the_manuals_example_can_be_used(folder: Path) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "own_models.md").read_text(encoding="utf-8")
    (module,) = re.findall(r"```python\n(.*?)```", manual, re.DOTALL)
    (declared,) = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    (folder / "own_manual.py").write_text(module, encoding="utf-8")
    (folder / "study.yaml").write_text(declared.replace("my_models", "own_manual"), encoding="utf-8")
    spec = load_spec(folder / "study.yaml", CATALOGUE)
    params = first_settings(spec, catalogue_for(spec, folder), "own_manual:build")

    assert try_family(Try("own_manual:build", str(folder), params, spec.task, 2)) == []
    assert params["width"] == 16


def test_a_worker_finds_a_family_of_a_persons_own(folder: Path) -> None:
    family = family_of("own_words:build", str(folder))

    model = family.build({"width": 4}, tokens(), "multiclass", 3)

    assert np.asarray(model(IDS)).shape == (3, 3)
    assert family.component.settings[0].name == "width"
    assert len(family.source_sha256) == 64
    assert family_of("cnn", "").source_sha256 == ""
