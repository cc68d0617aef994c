"""Presets are settings that exist, with values that they take."""

from __future__ import annotations

import pytest

from tuner.catalogue import CATALOGUE
from tuner.search.presets import PRESETS
from tuner.spec.catalogue import Preset
from tuner.spec.settings import misfit


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_setting_of_a_preset_has_an_effect_and_fits(preset: Preset) -> None:
    complete = CATALOGUE.complete(preset.settings)
    known = CATALOGUE.in_force(complete)
    assert complete.items() >= preset.settings.items()
    assert all(misfit(known[name], value) is None for name, value in preset.settings.items())


def test_presets_differ_in_the_same_settings() -> None:
    assert list(PRESETS) == ["small", "medium", "large"]
    assert len({tuple(preset.settings) for preset in PRESETS.values()}) == 1
