"""Conditions: their shape, what they name, and whether they can hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tuner.spec.conditions import condition_node, condition_text, mentions, walk
from tuner.spec.values import AllOf, AnyOf, Condition, Is, StudySpec

Space = Callable[..., StudySpec]
Said = Callable[..., list[str]]

FAMILY = "family: [lstm, gru]"
LAYERS = "layers: {low: 1, high: 5, step: 2}"


@pytest.mark.parametrize(
    ("when", "condition"),
    [
        ("{family: lstm}", Is("family", ("lstm",))),
        ("{family: [lstm, gru]}", Is("family", ("lstm", "gru"))),
        ("{family: lstm, layers: [1, 3]}", AllOf((Is("family", ("lstm",)), Is("layers", (1, 3))))),
        ("{all: [{family: lstm}]}", AllOf((Is("family", ("lstm",)),))),
        ("{any: [{family: lstm}, {layers: 1}]}", AnyOf((Is("family", ("lstm",)), Is("layers", (1,))))),
        (
            "{family: lstm, any: [{layers: 1}, {layers: 3}]}",
            AllOf((Is("family", ("lstm",)), AnyOf((Is("layers", (1,)), Is("layers", (3,)))))),
        ),
        (
            "{all: [{family: lstm}, {any: [{layers: 1}, {all: [{layers: 3}, {family: lstm}]}]}]}",
            AllOf(
                (
                    Is("family", ("lstm",)),
                    AnyOf((Is("layers", (1,)), AllOf((Is("layers", (3,)), Is("family", ("lstm",)))))),
                )
            ),
        ),
    ],
)
def test_reads_conditions(space_of: Space, when: str, condition: Condition) -> None:
    spec = space_of(FAMILY, LAYERS, f"units: {{value: 8, when: {when}}}")
    assert spec.space[2].when == condition
    again = space_of(FAMILY, LAYERS, f"units: {{value: 8, when: {condition_node_text(condition)}}}")
    assert again.space[2].when == condition


def condition_node_text(condition: Condition) -> str:
    return str(condition_node(condition)).replace("'", '"')


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{}", "6:27: units.when: empty, expected `parameter: value`; leave `when` out"),
        ("lstm", "6:27: units.when: found the text 'lstm', expected a group of `key: value` lines"),
        (
            "[{family: lstm}]",
            "6:27: units.when: found a list, expected `parameter: value`; put it under all: or any:",
        ),
        (
            "{all: {family: lstm}}",
            "6:33: units.when.all: found a group of keys, expected a list of conditions; "
            "write all: [{family: lstm}, {layers: 2}]",
        ),
        (
            "{any: []}",
            "6:33: units.when.any: found an empty list, expected a list of conditions; "
            "write any: [{family: lstm}, {layers: 2}]",
        ),
        ("{family: []}", "6:36: units.when.family: found an empty list, expected values"),
        ("{family: [lstm, lstm]}", "6:43: units.when.family: 'lstm' stands here twice; leave one out"),
        (
            "{family: {low: 1}}",
            "6:36: units.when.family: found a group of keys, expected a value; write the value or "
            "a list of values",
        ),
        (
            "{famly: lstm}",
            "6:28: units: the condition names 'famly', expected a parameter declared before it; "
            "did you mean 'family'?",
        ),
        ("{units: 8}", "6:28: units: the condition names the parameter itself"),
        (
            "{dropout: 0.2}",
            "6:28: units: the condition names dropout, which is declared later; declare dropout before units",
        ),
        (
            "{epochs: 3}",
            "6:28: units: the condition names epochs, which is not in `space` but fixed to 3; "
            "drop the condition",
        ),
        (
            "{optimizer: adam}",
            "6:28: units: the condition names 'optimizer', expected a parameter declared before it; "
            "the setting optimizer is given by chosen",
        ),
        (
            "{family: [lstm, gruu]}",
            "6:43: units: family can never be 'gruu', expected lstm or gru; did you mean 'gru'?",
        ),
        ("{layers: 2}", "6:36: units: layers can never be 2, expected 1 to 5 in steps of 2"),
        ("{layers: 7}", "6:36: units: layers can never be 7, expected 1 to 5 in steps of 2"),
        ('{layers: "1"}', "6:36: units: layers can never be '1', expected 1 to 5 in steps of 2"),
        (
            "{all: [{family: lstm}, {family: gru}]}",
            "6:28: units: never active, for family is lstm and family is gru can never hold; "
            "loosen the condition",
        ),
        (
            "{any: [{family: lstm}, {all: [{layers: 1}, {layers: 3}]}]}",
            "6:51: units: the branch layers is 1 and layers is 3 can never hold; leave it out",
        ),
    ],
)
def test_names_what_is_wrong_with_a_condition(space_problems: Said, when: str, said: str) -> None:
    found = space_problems(
        FAMILY,
        LAYERS,
        f"units: {{value: 8, when: {when}}}",
        "dropout: {low: 0.0, high: 0.5}",
        "chosen: {sets: optimizer, choices: [adam, sgd]}",
        rest="fixed: {epochs: 3}\n",
    )
    assert found == [said]


def test_a_condition_on_a_range_of_real_numbers_is_refused(space_problems: Said) -> None:
    assert space_problems(
        FAMILY, "dropout: {low: 0.0, high: 0.5}", "units: {value: 8, when: {dropout: 0.2}}"
    ) == [
        "6:28: units: the condition names dropout, a range of real numbers, expected choices or "
        "whole numbers; "
        "give dropout choices, or depend on another parameter"
    ]


def test_a_switch_given_as_text_gets_the_word_to_write(space_problems: Said) -> None:
    said = space_problems(
        FAMILY, "bidirectional: [false, true]", 'units: {value: 8, when: {bidirectional: "true"}}'
    )
    assert said == ["6:43: units: bidirectional can never be 'true', expected false or true; write true"]


def test_true_is_not_one_in_a_condition(space_problems: Said) -> None:
    (said,) = space_problems(
        FAMILY, "bidirectional: [false, true]", "units: {value: 8, when: {bidirectional: 1}}"
    )
    assert "bidirectional can never be 1, expected false or true" in said


def test_a_child_of_a_conditional_parent_is_reached_only_when_the_parent_is(space_problems: Said) -> None:
    said = space_problems(
        FAMILY,
        "layers: {choices: [1, 2], when: {family: lstm}}",
        "units: {value: 8, when: {family: gru, layers: 2}}",
    )
    assert said == [
        "6:27: units: never active, for family is gru and layers is 2 can never hold; loosen the condition"
    ]


def test_children_of_the_unreachable_are_not_named_again(space_problems: Said) -> None:
    said = space_problems(
        FAMILY,
        "layers: {choices: [1, 2], when: {all: [{family: lstm}, {family: gru}]}}",
        "units: {value: 8, when: {layers: 2}}",
    )
    assert len(said) == 1
    assert "layers: never active" in said[0]


def test_a_fixed_parent_decides(space_problems: Said) -> None:
    assert not space_problems(FAMILY, "layers: 2", "units: {value: 8, when: {layers: 2}}")
    assert len(space_problems(FAMILY, "layers: 2", "units: {value: 8, when: {layers: 3}}")) == 1


def test_what_depends_on_an_unreadable_parent_is_not_judged(space_problems: Said) -> None:
    said = space_problems(FAMILY, "layers: {low: 5, high: 1}", "units: {value: 8, when: {layers: 9}}")
    assert said == ["5:17: layers: low 5 is above high 1; swap them?"]


def test_the_condition_of_an_unreadable_parameter_is_still_checked(space_problems: Said) -> None:
    said = space_problems(FAMILY, 'units: {low: "8", high: 16, when: {famly: lstm}}')
    assert len(said) == 2
    assert "did you mean 'family'?" in said[1]


def test_two_parameters_may_set_one_setting_under_conditions_that_exclude_each_other(
    space_problems: Said,
) -> None:
    assert not space_problems(
        "optimizer: [adam, sgd]",
        "learning_rate: {low: 1e-4, high: 1e-2, when: {optimizer: adam}}",
        "sgd_rate: {sets: learning_rate, low: 0.01, high: 0.5, when: {optimizer: sgd}}",
    )


def test_two_parameters_that_set_one_setting_at_once_are_refused(space_problems: Said) -> None:
    assert space_problems("units: [8, 16]", "width: {sets: units, value: 8}") == [
        "5:3: width: sets units, as units does, and both can be active; "
        "give them conditions that exclude each other"
    ]
    assert space_problems(
        FAMILY,
        LAYERS,
        "units: {value: 8, when: {family: lstm}}",
        "width: {sets: units, value: 8, when: {layers: 3}}",
    ) == [
        "7:3: width: sets units, as units does, and both can be active when family is 'lstm' and "
        "layers is 3; "
        "give them conditions that exclude each other"
    ]


def test_a_setting_is_not_both_fixed_and_always_searched(space_problems: Said) -> None:
    assert space_problems("units: [8, 16]", rest="fixed: {units: 8}\n") == [
        "4:3: units: sets units, which is fixed in line 5; remove units from `fixed` or from `space`"
    ]


def test_a_setting_may_be_fixed_for_when_its_parameter_is_not_active(space_problems: Said) -> None:
    assert not space_problems(FAMILY, "units: {value: 8, when: {family: lstm}}", rest="fixed: {units: 8}\n")


def test_more_entangled_parameters_than_can_be_followed_are_refused(space_problems: Said) -> None:
    names = ("epochs", "batch_size", "units", "layers", "dense_units", "sequence_length", "tfidf_features")
    parents = (*names, "embedding_dimension", "learning_rate", "momentum")
    lines = [f"{name}: [1, 2, 3]" if name != "momentum" else f"{name}: [1, 0.5, 0.2]" for name in parents]
    first = ", ".join(f"{{{name}: 1}}" for name in parents)
    second = ", ".join(f"{{{name}: {'0.5' if name == 'momentum' else 2}}}" for name in parents)
    lines += [
        f"note: {{value: a, when: {{all: [{first}]}}}}",
        f"dropout: {{value: 0.1, when: {{all: [{second}]}}}}",
    ]
    assert space_problems(*lines) == [
        "3:1: space: the conditions entangle too many parameters to be checked "
        "(more than 10000 combinations of parents); let fewer parameters depend on each other"
    ]


def test_puts_conditions_into_words() -> None:
    lstm, small = Is("family", ("lstm",)), Is("layers", (1, 2, 3))
    assert condition_text(None) == "always"
    assert condition_text(small) == "layers is 1, 2 or 3"
    assert condition_text(Is("bidirectional", (True,))) == "bidirectional is true"
    assert condition_text(AllOf((lstm, AnyOf((small, lstm))))) == (
        "family is lstm and (layers is 1, 2 or 3, or family is lstm)"
    )
    assert condition_text(AnyOf((AllOf((lstm, small)), AnyOf((lstm,))))) == (
        "family is lstm and layers is 1, 2 or 3, or (family is lstm)"
    )


def test_walks_all_branches_with_their_paths() -> None:
    condition = AllOf((Is("a", (1,)), AnyOf((Is("b", (1,)), Is("a", (2,))))))
    assert [path for path, _ in walk(condition, ("when",))] == [
        ("when",),
        ("when", 0),
        ("when", 1),
        ("when", 1, 0),
        ("when", 1, 1),
    ]
    assert mentions(condition) == ("a", "b")
