from __future__ import annotations

from tuner.search.corners import corners
from tuner.spec.values import CategoricalParameter, FloatParameter, IntParameter, Is

SPACE = (
    CategoricalParameter("family", "family", ("lstm", "cnn")),
    IntParameter("units", "units", 4, 64, when=Is("family", ("lstm",))),
    FloatParameter("dropout", "dropout", 0.0, 0.5),
)


def test_numbers_are_at_a_bound_and_conditions_hold() -> None:
    found = list(corners(SPACE, 200))

    assert {point["family"] for point in found} == {"lstm", "cnn"}
    assert {point["dropout"] for point in found} == {0.0, 0.5}
    assert {point["units"] for point in found if point["family"] == "lstm"} == {4, 64}
    assert not any("units" in point for point in found if point["family"] == "cnn")


def test_the_same_seed_gives_the_same_points() -> None:
    assert list(corners(SPACE, 20, seed=4)) == list(corners(SPACE, 20, seed=4))
