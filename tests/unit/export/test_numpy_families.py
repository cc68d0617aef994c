"""Every built-in family, computed in NumPy from its kept files, predicts what Keras predicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.networks import ALL_ON, IDS, RECURRENT, SEQUENTIAL, build, features, sample, settings, tokens
from tuner.data.values import EncodedDataset, Part
from tuner.errors import ModelError
from tuner.export.kept_weights import KeptModel, read_kept_model
from tuner.export.numpy_families import FORWARDS, forward
from tuner.models import FAMILIES
from tuner.models.heads import in_label_units
from tuner.spec.values import Task
from tuner.training.kept_model import keep_model
from tuner.trial import TrialRequest

WORDS = [f"word{index}" for index in range(18)]
PART = Part(np.array([1], np.int32), np.array([0, 1]), np.array([0], np.int32))


def randomised(model: Any) -> Any:
    """Give every weight a value of its own: biases begin at 0, and a 0 that is read wrongly is still 0."""
    drawn = np.random.default_rng(4)
    model.set_weights([drawn.normal(scale=0.5, size=each.shape) for each in model.get_weights()])
    return model


def kept(model: Any, folder: Path, family: str, task: Task = "binary", **given: Any) -> KeptModel:
    """Keep a model as a finished trial does, and read it back without Keras."""
    classes = () if task == "regression" else ("a", "b", "c")[: 2 if task == "binary" else 3]
    dataset = EncodedDataset("key", folder, task, classes, WORDS, PART, PART, PART)
    request = TrialRequest("study", 0, settings(family, **given), 1, task, "", "", str(folder))
    keep_model(model, request, dataset, tokens() if family in SEQUENTIAL else features())
    return read_kept_model(folder)


def agree(model: Any, own: KeptModel, texts: npt.NDArray[Any]) -> None:
    theirs = model(texts, training=False).numpy()
    ours = forward(own, texts)

    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)


def test_there_is_a_forward_pass_for_every_built_in_family() -> None:
    assert set(FORWARDS) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("given", [{}, ALL_ON], ids=["plain", "all on"])
def test_predicts_as_keras_does(family: str, task: Task, given: dict[str, Any], tmp_path: Path) -> None:
    model = randomised(build(family, task=task, **given))

    agree(model, kept(model, tmp_path, family, task, **given), sample(family))


@pytest.mark.parametrize("family", RECURRENT)
def test_a_stack_of_layers_of_their_own_width_is_read_from_the_weights(family: str, tmp_path: Path) -> None:
    model = randomised(build(family, layer_units="[5, 4, 3]", bidirectional=True))

    agree(model, kept(model, tmp_path, family), IDS)


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 7])
def test_a_convolution_of_any_width_sees_what_keras_sees(kernel_size: int, tmp_path: Path) -> None:
    model = randomised(build("cnn", kernel_size=kernel_size))

    agree(model, kept(model, tmp_path, "cnn"), IDS)


def test_places_beyond_the_longest_have_the_last_ones_vector(tmp_path: Path) -> None:
    model = randomised(build("transformer", sequence_length=2, heads=3))

    agree(model, kept(model, tmp_path, "transformer"), IDS)


def test_numbers_are_in_the_unit_of_the_labels(tmp_path: Path) -> None:
    model = in_label_units(randomised(build("gru", task="regression")), mean=70_000.0, scale=12_000.0)

    own = kept(model, tmp_path, "gru", "regression")

    assert own.label_units == (12_000.0, 70_000.0)
    np.testing.assert_allclose(forward(own, IDS), model(IDS).numpy(), rtol=1e-5)


@pytest.mark.parametrize("family", SEQUENTIAL)
def test_padding_changes_no_prediction(family: str, tmp_path: Path) -> None:
    own = kept(randomised(build(family, **ALL_ON)), tmp_path, family)

    alone = np.concatenate([forward(own, row[row != 0][np.newaxis]) for row in IDS])

    np.testing.assert_allclose(forward(own, np.pad(IDS, ((0, 0), (0, 5)))), alone, atol=1e-12)


def test_a_family_of_a_users_own_is_refused(tmp_path: Path) -> None:
    own = kept(build("lstm"), tmp_path, "lstm")

    with pytest.raises(ModelError, match="family my_own has no forward pass in NumPy; there is one for lstm"):
        forward(KeptModel(**{**vars(own), "family": "my_own"}), IDS)


@pytest.mark.parametrize(("layer", "place"), [("head", "0"), ("forward_0", "cell/1"), ("embedding", "0")])
def test_a_weight_that_is_not_there_is_named(layer: str, place: str, tmp_path: Path) -> None:
    own = kept(build("lstm"), tmp_path, "lstm")
    layers = {name: dict(weights) for name, weights in own.layers.items()}
    del layers[layer][place]

    with pytest.raises(ModelError, match=f"layer '{layer}' has not its weights"):
        forward(KeptModel(**{**vars(own), "layers": layers}), IDS)


def test_weights_that_do_not_fit_together_are_no_bug(tmp_path: Path) -> None:
    own = kept(build("lstm"), tmp_path, "lstm")
    layers = {**own.layers, "head": {"0": np.ones((3, 1)), "1": np.ones(1)}}

    with pytest.raises(ModelError, match="do not fit together"):
        forward(KeptModel(**{**vars(own), "layers": layers}), IDS)
