from __future__ import annotations

import pytest

from tuner.embeddings import EMBEDDINGS
from tuner.models import FAMILIES
from tuner.spec.catalogue import Catalogue, Setting
from tuner.training.optimizers import OPTIMIZERS
from tuner.training.settings import COMMON, TOKEN_SETTINGS

CATALOGUE = Catalogue(
    common=COMMON,
    token_settings=TOKEN_SETTINGS,
    families={name: family.component for name, family in FAMILIES.items()},
    embeddings={name: source.component for name, source in EMBEDDINGS.items()},
    optimizers={name: optimizer.component for name, optimizer in OPTIMIZERS.items()},
    sources={},
    samplers={},
    pruners={},
    metrics={},
)


def all_settings() -> list[Setting]:
    components = [
        each.component for registry in (FAMILIES, EMBEDDINGS, OPTIMIZERS) for each in registry.values()
    ]  # fmt: skip
    return [*COMMON, *TOKEN_SETTINGS, *(each for component in components for each in component.settings)]


@pytest.mark.parametrize("registry", [FAMILIES, EMBEDDINGS, OPTIMIZERS])
def test_everything_is_registered_under_its_own_name(registry: dict[str, object]) -> None:
    assert all(each.component.name == name for name, each in registry.items())  # type: ignore[attr-defined]


@pytest.mark.parametrize("setting", all_settings(), ids=lambda setting: setting.name)
def test_a_default_lies_within_its_own_bounds(setting: Setting) -> None:
    if setting.default is None:
        assert setting.name in ("family", "embedding")
    elif setting.kind == "choice":
        assert setting.default in setting.choices
    elif isinstance(setting.default, int | float) and setting.kind != "bool":
        assert (setting.low or 0) <= setting.default <= (setting.high or float("inf"))


def test_one_name_has_one_kind_wherever_it_is_declared() -> None:
    kinds: dict[str, set[str]] = {}
    for setting in all_settings():
        kinds.setdefault(setting.name, set()).add(setting.kind)

    assert {name: found for name, found in kinds.items() if len(found) > 1} == {}


def test_the_defaults_make_a_trial() -> None:
    assert CATALOGUE.complete({}) == {
        "family": "lstm", "embedding": "trained", "optimizer": "adam", "batch_size": 32, "epochs": 10,
        "patience": 3, "monitor": "loss", "plateau_patience": 2, "chance_epochs": 2,
        "gradient_clip_norm": 0.0, "mixed_precision": False, "class_weights": "none",
        "cleaning": "moderate", "units": 64, "layers": 1,
        "units_pattern": "same", "layer_units": "", "bidirectional": False, "dropout": 0.2,
        "recurrent_dropout": 0.0, "dense_units": 0, "embedding_dimension": 100,
        "learning_rate": 1e-3, "vocabulary_size": 10_000, "sequence_length": 200, "keep": "start",
    }  # fmt: skip


def test_tfidf_brings_the_dense_family_with_it() -> None:
    params = CATALOGUE.complete({"embedding": "tfidf", "optimizer": "sgd"})

    assert params["family"] == "tfidf_dense"
    assert (params["dense_units"], params["dense_layers"], params["dropout"]) == (256, 2, 0.4)
    assert (params["learning_rate"], params["momentum"], params["nesterov"]) == (1e-2, 0.9, True)
    assert "sequence_length" not in params
