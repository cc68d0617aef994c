"""Whole numbers in a list as one value, from the file to the settings of a trial and back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tuner.errors import Problem
from tuner.spec import dump_spec, json_schema, space_table, warnings_for
from tuner.spec.catalogue import Catalogue, Setting
from tuner.spec.listed import is_listed, listed_text, numbers_of
from tuner.spec.reference import reference
from tuner.spec.values import CategoricalParameter, FixedParameter, Params, StudySpec

Space = Callable[..., StudySpec]
Said = Callable[..., list[str]]
WANTED = "layer_units takes a list of whole numbers from 1 to 512, at most 3"


@pytest.mark.parametrize("numbers", [(64,), (64, 32), (0, -1), (10**14,)])
def test_a_list_and_its_text_are_one(numbers: tuple[int, ...]) -> None:
    assert is_listed(listed_text(numbers))
    assert numbers_of(listed_text(numbers)) == numbers


@pytest.mark.parametrize("text", ["", "[]", "[64,32]", "64, 32", "[064]", "[-0]", "[6.5]", "[64, ]", "[1]\n"])
def test_there_is_one_text_a_list(text: str) -> None:
    assert not is_listed(text)
    with pytest.raises(ValueError, match="expected whole numbers in a list"):
        numbers_of(text)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("layer_units: [[64], [64, 32]]", CategoricalParameter("a", "a", ("[64]", "[64, 32]"))),
        (
            "layer_units: {choices: [[64], [64, 32]], default: [64]}",
            CategoricalParameter("a", "a", ("[64]", "[64, 32]"), "[64]"),
        ),
        ("layer_units: {value: [64, 32]}", FixedParameter("a", "a", "[64, 32]")),
        ('layer_units: "[64, 32]"', FixedParameter("a", "a", "[64, 32]")),
    ],
)
def test_a_parameter_takes_lists(space_of: Space, line: str, expected: CategoricalParameter) -> None:
    (found,) = space_of(line).space

    assert vars(found) == vars(expected) | {"name": "layer_units", "sets": "layer_units"}


def test_a_fixed_setting_takes_a_list(space_of: Space) -> None:
    spec = space_of("family: lstm", rest="fixed: {layer_units: [256, 128, 64]}")

    assert spec.fixed == {"layer_units": "[256, 128, 64]"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("layer_units: [[64, x]]", "4:22: layer_units: choices: found the text 'x', expected a whole number"),
        (
            "layer_units: [[64, 8.0]]",
            "4:22: layer_units: choices: found 8.0, expected a whole number; write 8",
        ),
        ("layer_units: [[]]", "4:17: layer_units: choices: found an empty list, expected whole numbers"),
        ("layer_units: [[64, 0]]", f"4:17: layer_units: found [64, 0], but {WANTED}"),
        ("layer_units: [[8, 8], [999]]", f"4:25: layer_units: found [999], but {WANTED}"),
        ("layer_units: [[8, 8, 8, 8]]", f"4:17: layer_units: found [8, 8, 8, 8], but {WANTED}"),
        ("layer_units: 64", f"4:16: layer_units: found 64, but {WANTED}; write [64]"),
        ("layer_units: [64]", f"4:17: layer_units: found 64, but {WANTED}; write [64]"),
        ('layer_units: "64, 32"', f"4:16: layer_units: found '64, 32', but {WANTED}; write [64, 32]"),
        ("layer_units: true", f"4:16: layer_units: found true, but {WANTED}"),
        ("layer_units: [[8], [8]]", "4:22: layer_units: choices: [8] stands here twice; leave one out"),
        ("units: [[8], 16]", "4:11: units: found [8], but units takes a whole number from 1 to 512; write 8"),
    ],
)
def test_says_what_a_list_is_not(space_problems: Said, line: str, said: str) -> None:
    assert said in space_problems(line)


@pytest.mark.parametrize(
    ("fixed", "said"),
    [
        ("[64, x]", "6:27: fixed.layer_units: found the text 'x', expected a whole number"),
        (
            "[64, 0]",
            "6:22: fixed.layer_units: found [64, 0], expected a list of whole numbers from 1 to 512, at most "
            "3",
        ),
    ],
)
def test_says_what_a_fixed_list_is_not(space_problems: Said, fixed: str, said: str) -> None:
    problems = space_problems("family: lstm", "units: 8", rest=f"fixed: {{layer_units: {fixed}}}")

    assert problems == [said]


def test_a_condition_names_lists_in_a_list(space_of: Space, space_problems: Said) -> None:
    lines = ("layer_units: [[64], [64, 32], [8]]", "dropout: {value: 0.1, when: {layer_units: [[64, 32]]}}")

    assert space_of(*lines).space[1].when is not None
    assert space_problems(lines[0], lines[1].replace("[[64, 32]]", "[64, 32]"))[0] == (
        "5:46: dropout: layer_units can never be 64, expected [64], [64, 32] or [8]; "
        "write a list in a list, such as [[64, 32]]"
    )


def test_is_written_as_it_is_read(space_of: Space, spec_of: Callable[[str], StudySpec]) -> None:
    spec = space_of(
        "family: [lstm, gru]",
        "layer_units: {choices: [[64], [64, 32]], when: {family: lstm}}",
        "other: {sets: layer_units, value: [8, 8], when: {family: gru}}",
        "dropout: {value: 0.1, when: {layer_units: [[64, 32]]}}",
        rest='fixed: {note: "[7]"}\npruner: {name: pareto, floor_metric: "accuracy"}',
    )
    text = dump_spec(spec)

    assert "  layer_units: {choices: [[64], [64, 32]], when: {family: lstm}}\n" in text
    assert "  dropout: {value: 0.1, when: {layer_units: [[64, 32]]}}\n" in text
    assert spec_of(text) == spec


def test_a_table_shows_the_brackets(space_of: Space) -> None:
    assert space_table(space_of("layer_units: [[64], [64, 32]]"))[0].range == "[64], [64, 32]"


def test_what_it_overrides_is_not_read(catalogue: Catalogue) -> None:
    given: Params = {"family": "lstm", "layer_units": "[64, 32]", "units": 8}

    found = catalogue.complete(given)

    assert found["layer_units"] == "[64, 32]"
    assert found.keys().isdisjoint({"units", "layers"})
    assert catalogue.complete({"family": "lstm", "units": 8})["units"] == 8


@pytest.mark.parametrize(
    ("lines", "rest", "warning"),
    [
        (
            ("layer_units: [[64], [8, 8]]", "units: [8, 16]"),
            "",
            "units is sampled but has no effect where layer_units is given; "
            "give them conditions that exclude each other",
        ),
        (
            ("units: [8, 16]",),
            "fixed: {layer_units: [8]}",
            "units is sampled but has no effect, since layer_units is fixed; remove one of them",
        ),
        (
            ("layer_units: [[64], [8, 8]]",),
            "fixed: {layers: 2}",
            "fixed.layers has no effect, since layer_units is given; remove one of them",
        ),
    ],
)
def test_warns_of_what_it_overrides(
    space_of: Space, catalogue: Catalogue, lines: tuple[str, ...], rest: str, warning: str
) -> None:
    assert warnings_for(space_of("family: [lstm]", *lines, rest=rest), catalogue) == [warning]


def test_does_not_warn_where_conditions_keep_them_apart(space_of: Space, catalogue: Catalogue) -> None:
    spec = space_of(
        "family: [lstm, gru]",
        "layer_units: {choices: [[64], [8, 8]], when: {family: lstm}}",
        "units: {low: 8, high: 16, when: {family: gru}}",
        rest="fixed: {layers: 2}",
    )

    assert warnings_for(spec, catalogue) == []


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("layer_units: [[64], [64, 32]]", True),
        ("layer_units: {value: [64, 32]}", True),
        ("layer_units: {choices: [[64]], default: [64]}", True),
        ("layer_units: [64, 32]", False),
        ("layer_units: [[64, 0]]", False),
        ("layer_units: [[8, 8, 8, 8]]", False),
        ("width: {sets: layer_units, choices: [[64], [64, 32]]}", True),
        ("units: [[64]]", False),
        ("units: {value: 8, when: {layer_units: [[64, 32], [8]]}}", True),
    ],
)
def test_an_editor_is_told_the_same(catalogue: Catalogue, line: str, good: bool) -> None:
    text = f"data: {{source: reviews}}\ntask: binary\nspace:\n  {line}\n"

    assert Draft202012Validator(json_schema(catalogue)).is_valid(YAML(typ="safe").load(text)) is good


def test_an_editor_is_told_the_same_of_fixed_settings(catalogue: Catalogue) -> None:
    schema = json_schema(catalogue)["properties"]["fixed"]["properties"]["layer_units"]

    assert "default" not in schema


def test_the_manual_says_how_long_a_list_may_be(catalogue: Catalogue) -> None:
    (row,) = [line for line in reference(catalogue).splitlines() if "`layer_units`" in line][:1]

    assert "list of up to 3 whole numbers, 1 to 512" in row


def test_a_setting_without_bounds_takes_any_number(problems_of: Callable[[str], list[Problem]]) -> None:
    from tuner.spec.settings import misfit

    setting = Setting("steps", "numbers", "", "", longest=2)

    assert misfit(setting, "[-3, 0]") is None
    assert misfit(setting, "[1, 2, 3]") == ("a list of whole numbers, at most 2", "")
