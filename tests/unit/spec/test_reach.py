"""The settings that a space's trials can meet, found before any of them runs."""

from __future__ import annotations

from tuner.catalogue import CATALOGUE
from tuner.spec.load import parse_spec
from tuner.spec.reach import reachable_settings
from tuner.spec.values import Value


def reached(rest: str, *names: str) -> list[dict[str, Value]]:
    head = "data: {source: file, path: reviews.csv}\ntask: binary\n"
    return reachable_settings(parse_spec(head + rest, "space.yaml", CATALOGUE), CATALOGUE, names)


def test_fixed_settings_and_defaults_are_met_by_every_trial() -> None:
    found = reached("fixed: {cleaning: light}\nspace: {units: [2, 4]}\n", "cleaning", "keep")

    assert found == [{"cleaning": "light", "keep": "start"}]


def test_every_choice_is_met_and_of_a_range_both_ends() -> None:
    found = reached(
        "space: {cleaning: [light, moderate], sequence_length: {low: 10, high: 90}}\n",
        "cleaning",
        "sequence_length",
    )

    assert found == [
        {"cleaning": level, "sequence_length": length}
        for level in ("light", "moderate")
        for length in (10, 90)
    ]


def test_a_condition_keeps_apart_what_never_meets() -> None:
    found = reached(
        "fixed: {family: lstm}\n"
        "space:\n"
        "  embedding: [trained, glove]\n"
        "  cleaning: {value: light, when: {embedding: glove}}\n",
        "embedding",
        "cleaning",
    )

    assert {(each["embedding"], each["cleaning"]) for each in found} == {
        ("trained", "moderate"),
        ("glove", "light"),
    }


def test_what_a_combination_does_not_read_is_left_out_of_it() -> None:
    found = reached("space: {family: [lstm, tfidf_dense]}\n", "sequence_length", "tfidf_features")

    assert found == [{"sequence_length": 200}, {"tfidf_features": 5000}]


def test_a_setting_that_two_parameters_set_has_the_value_of_the_active_one() -> None:
    found = reached(
        "space:\n"
        "  optimizer: [adam, sgd]\n"
        "  learning_rate: {low: 0.001, high: 0.01, when: {optimizer: adam}}\n"
        "  sgd_learning_rate: {sets: learning_rate, low: 0.1, high: 0.5, when: {optimizer: sgd}}\n",
        "learning_rate",
    )

    assert [each["learning_rate"] for each in found] == [0.001, 0.01, 0.1, 0.5]
