"""Generated specs: file -> spec -> file is identity, and the walk agrees with listing every point."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.spec import (
    condition_tree,
    differences,
    dump_spec,
    from_json,
    parse_spec,
    space_size,
    space_table,
    spec_hash,
    to_json,
)
from tuner.spec.catalogue import Catalogue, Component, Metric, Setting
from tuner.spec.conditions import walk
from tuner.spec.describe import ConditionNode
from tuner.spec.draft import TASKS, TEST_ON
from tuner.spec.dump import nodes_of
from tuner.spec.listed import listed_text
from tuner.spec.load import reread
from tuner.spec.read import Listing, Mark, Node, Problems, read_nodes
from tuner.spec.read import Mapping as MappingNode
from tuner.spec.situations import situations
from tuner.spec.values import (
    AllOf,
    AnyOf,
    BudgetSpec,
    CategoricalParameter,
    ComponentSpec,
    Condition,
    DataSpec,
    Direction,
    ExecutionSpec,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Objective,
    Parameter,
    SplitSpec,
    StartPoint,
    StudySpec,
    Value,
    holds,
)

INTS, FLOATS, TEXTS, BOOLS, LISTS = (tuple(f"{kind}{number}" for number in range(5)) for kind in "iftbl")
OPTIONS = (
    Setting("text", "text", "", ""),
    Setting("number", "float", 0.0, ""),
    Setting("flag", "bool", False, ""),
)
COMMON = (
    *(Setting(name, "int", 1, "") for name in INTS),
    *(Setting(name, "float", 1.0, "") for name in FLOATS),
    *(Setting(name, "text", "", "") for name in TEXTS),
    *(Setting(name, "bool", False, "") for name in BOOLS),
    *(Setting(name, "numbers", "", "", longest=4) for name in LISTS),
    Setting("family", "choice", None, ""),
    Setting("embedding", "choice", None, ""),
    Setting("optimizer", "choice", "only", ""),
)
ONE = {"only": Component("only", "", (), "tokens")}
DIRECTIONS: tuple[Direction, ...] = ("maximize", "minimize")
WITH_OPTIONS = {"first": Component("first", "", OPTIONS), "none": Component("none", "", OPTIONS)}
CATALOGUE = Catalogue(
    common=COMMON,
    token_settings=(),
    families=ONE,
    embeddings=ONE,
    optimizers=ONE,
    sources=WITH_OPTIONS,
    samplers=WITH_OPTIONS,
    pruners=WITH_OPTIONS,
    metrics={name: Metric(name, "", "curve", TASKS, "") for name in ("a", "b", "c")},
)

lists = st.lists(st.integers(-20, 999), min_size=1, max_size=4).map(listed_text)
like_lists = st.sampled_from(["[1,2]", "[01]", "[]", "[1, 2", "[-0]", "[1.5]", "[a]", "1, 2"])
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | lists | like_lists
words = texts.filter(bool)
reals = st.floats(-1e12, 1e12, allow_nan=False).map(lambda number: number + 0.0)


@st.composite
def ranges(draw: st.DrawFn, name: str, sets: str, when: Condition | None) -> Parameter:
    """A range of numbers, by the kind of its setting."""
    log = draw(st.booleans())
    if sets in INTS:
        low = draw(st.integers(1 if log else -50, 50))
        step = 1 if log else draw(st.integers(1, 9))
        count = draw(st.integers(1, 4))
        default = draw(st.none() | st.integers(0, count).map(lambda index: low + index * step))
        return IntParameter(name, sets, low, low + count * step, log, step, default, when)
    if draw(st.booleans()) and not log:
        tenths = draw(st.integers(-20, 20))
        count = draw(st.integers(1, 4))
        return FloatParameter(name, sets, tenths / 10, (tenths + 2 * count) / 10, False, 0.2, None, when)
    low_real, high_real = sorted(draw(st.tuples(reals, reals).filter(lambda pair: pair[0] != pair[1])))
    if log:
        low_real, high_real = abs(low_real) + 1e-6, abs(low_real) + abs(high_real) + 1e-3
    default_real = draw(st.none() | st.just(low_real) | st.just(high_real))
    return FloatParameter(name, sets, low_real, high_real, log, None, default_real, when)


@st.composite
def parameters(draw: st.DrawFn, name: str, sets: str, when: Condition | None) -> Parameter:
    """Any parameter that a setting takes."""
    values: st.SearchStrategy[Value] = st.booleans()
    if sets in INTS:
        values = st.integers(-5, 5)
    elif sets in FLOATS:
        values = st.sampled_from([-1.5, 0.0, 1e-7, 2.5])
    elif sets in TEXTS:
        values = texts
    elif sets in LISTS:
        values = lists
    kinds = ["fixed", "choices"] + (["range"] if sets in (*INTS, *FLOATS) else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "fixed":
        return FixedParameter(name, sets, draw(values), when)
    if kind == "range":
        return draw(ranges(name, sets, when))
    choices = tuple(draw(st.lists(values, min_size=1, max_size=4, unique=True)))
    return CategoricalParameter(name, sets, choices, draw(st.none() | st.sampled_from(choices)), when)


def every_value(parameter: Parameter) -> list[Value]:
    match parameter:
        case CategoricalParameter(choices=choices):
            return list(choices)
        case FixedParameter(value=value):
            return [value]
        case IntParameter(low=low, high=high, step=step):
            return list(range(low, high + 1, step))
        case FloatParameter(low=low, step=step):
            # What its values are does not matter, for no condition may name it.
            return [low] if step is None else [low + index for index in range(float_count(parameter))]


def float_count(parameter: FloatParameter) -> int:
    return round((parameter.high - parameter.low) / (parameter.step or 1.0)) + 1


def points(
    space: tuple[Parameter, ...], params: dict[str, Value] | None = None
) -> Iterator[dict[str, Value]]:
    """List every point, by definition."""
    params = params or {}
    if not space:
        yield params
    elif not holds(space[0].when, params):
        yield from points(space[1:], params)
    else:
        for value in every_value(space[0]):
            yield from points(space[1:], {**params, space[0].name: value})


@st.composite
def conditions(draw: st.DrawFn, earlier: list[Parameter], depth: int = 0) -> Condition:
    """A condition on earlier parameters, possibly one that can never hold."""
    kind = draw(st.sampled_from(["is", "all", "any"] if depth < 3 else ["is"]))
    if kind == "is":
        parent = draw(st.sampled_from(earlier))
        values = draw(st.lists(st.sampled_from(every_value(parent)), min_size=1, max_size=3, unique=True))
        return Is(parent.name, tuple(values))
    parts = draw(st.lists(conditions(earlier, depth + 1), min_size=1, max_size=3))
    return AllOf(tuple(parts)) if kind == "all" else AnyOf(tuple(parts))


def possible(condition: Condition, space: tuple[Parameter, ...]) -> bool:
    branches = [condition]
    for _, each in walk(condition):
        branches += each.conditions if isinstance(each, AnyOf) else ()
    listed = list(points(space))
    return all(any(holds(branch, point) for point in listed) for branch in branches)


@st.composite
def spaces(draw: st.DrawFn) -> tuple[Parameter, ...]:
    """Up to five parameters, later ones under conditions on earlier ones."""
    settings_in_use = draw(
        st.lists(
            st.sampled_from((*INTS, *FLOATS, *TEXTS, *BOOLS, *LISTS)), min_size=1, max_size=5, unique=True
        )
    )
    space: list[Parameter] = []
    for index, sets in enumerate(settings_in_use):
        name = draw(st.sampled_from([sets, f"p{index}"]))
        parents: list[Parameter] = [each for each in space if not isinstance(each, FloatParameter)]
        when = draw(st.none() | conditions(parents)) if parents else None
        if when is not None and not possible(when, tuple(space)):
            when = None
        space.append(draw(parameters(name, sets, when)))
    return tuple(space)


splits = st.one_of(
    st.just(SplitSpec()),
    st.builds(SplitSpec, *[st.integers(1, 9999)] * 3),
    st.builds(SplitSpec, *[st.floats(0.01, 0.33)] * 3),
    st.builds(
        SplitSpec,
        words.map(lambda word: (word, "x" + word)),
        st.floats(0.01, 0.4) | st.integers(1, 99) | words.map(lambda word: "y" * 20 + word),
        st.floats(0.01, 0.4) | st.just("z" * 50),
        words,
    ),
)
options: st.SearchStrategy[Mapping[str, Value]] = st.fixed_dictionaries(
    {}, optional={"text": texts, "number": reals, "flag": st.booleans()}
)
components = st.builds(ComponentSpec, st.sampled_from(["first", "none"]), options)
budgets = st.builds(
    BudgetSpec,
    st.integers(1, 1000),
    st.none() | st.integers(1, 10**6).map(float) | st.floats(0.001, 1e6),
    st.integers(1, 9),
    st.integers(1, 9),
)
metrics = st.permutations(["a", "b", "c"])


@st.composite
def start_points(draw: st.DrawFn, space: tuple[Parameter, ...]) -> tuple[StartPoint, ...]:
    """Points of one parameter each, every one of which can be active by itself."""
    found: list[StartPoint] = []
    for parameter in draw(st.permutations(space))[:2]:
        value = every_value(parameter)[0]
        start = StartPoint({parameter.name: float(value) if isinstance(parameter, FloatParameter) else value})
        if draw(st.booleans()) and start not in found:
            found.append(start)
    return tuple(found)


@st.composite
def specs(draw: st.DrawFn) -> StudySpec:
    """Any spec that the checker accepts."""
    space = draw(spaces())
    taken = {parameter.sets for parameter in space}
    free = [name for name in TEXTS if name not in taken]
    free_lists = [name for name in LISTS if name not in taken]
    count = draw(st.integers(1, 3))
    directions = draw(st.lists(st.sampled_from(DIRECTIONS), min_size=3, max_size=3))
    objectives = zip(draw(metrics)[:count], directions, strict=False)
    pruner = draw(components)
    return StudySpec(
        data=DataSpec(draw(st.sampled_from(["first", "none"])), draw(options), draw(splits)),
        task=draw(st.sampled_from(TASKS)),
        space=space,
        objectives=tuple(Objective(metric, direction) for metric, direction in objectives),
        sampler=draw(components),
        pruner=pruner if count == 1 else ComponentSpec("none", pruner.options),
        budget=draw(budgets),
        fixed={
            **(draw(st.dictionaries(st.sampled_from(free), texts, max_size=2)) if free else {}),
            **(draw(st.dictionaries(st.sampled_from(free_lists), lists, max_size=1)) if free_lists else {}),
        },
        seed=draw(st.integers(0, 2**32 - 1)),
        execution=draw(
            st.builds(
                ExecutionSpec,
                *[st.none() | st.integers(1, 9)] * 2,
                st.integers(1, 2**20),
                *[st.none() | st.integers(1, 9)] * 2,
            )
        ),
        repeats=draw(st.integers(1, 9)),
        start_with=draw(start_points(space)),
        test_on=draw(st.sampled_from(TEST_ON)),
        tensorboard=draw(st.booleans()),
    )


@settings(max_examples=150, deadline=None)
@given(specs())
def test_file_to_spec_to_file_is_identity(spec: StudySpec) -> None:
    text = dump_spec(spec)
    again = parse_spec(text, "f", CATALOGUE)
    assert again == spec
    assert dump_spec(again) == text
    assert spec_hash(again) == spec_hash(spec)


def without_places(node: Node) -> Node:
    """Return a node as if all of it stood at the beginning of its file."""
    nowhere = Mark(1, 1)
    match node:
        case MappingNode(entries):
            pairs = ((replace(key, mark=nowhere), without_places(value)) for key, value in entries)
            return MappingNode(tuple(pairs), nowhere)
        case Listing(items):
            return Listing(tuple(map(without_places, items)), nowhere)
        case _:
            return replace(node, mark=nowhere)


@settings(max_examples=150, deadline=None)
@given(specs())
def test_the_nodes_of_a_spec_are_those_of_its_text(spec: StudySpec) -> None:
    problems = Problems("f")
    assert nodes_of(spec, problems) == without_places(read_nodes(dump_spec(spec), problems))
    assert not problems.found
    assert reread(spec, "f", CATALOGUE) == spec


@settings(max_examples=100, deadline=None)
@given(specs())
def test_json_to_spec_to_json_is_identity(spec: StudySpec) -> None:
    record = to_json(spec)
    again = from_json(json.loads(json.dumps(record)))
    assert again == spec
    assert to_json(again) == record


@settings(max_examples=100, deadline=None)
@given(specs(), specs())
def test_equal_hashes_are_no_differences(one: StudySpec, other: StudySpec) -> None:
    assert differences(one, one) == []
    assert (spec_hash(one) == spec_hash(other)) == (differences(one, other) == [])


@settings(max_examples=100, deadline=None)
@given(spaces())
def test_counting_agrees_with_listing(space: tuple[Parameter, ...]) -> None:
    spec = StudySpec(DataSpec("first"), "binary", space)
    assert space_size(spec).points == sum(1 for _ in points(space))
    assert len(space_table(spec)) == len(space)


@settings(max_examples=100, deadline=None)
@given(spaces())
def test_the_walk_finds_every_set_of_active_parameters(space: tuple[Parameter, ...]) -> None:
    names = [parameter.name for parameter in space]
    walked = {frozenset(situation.params) for situation in situations(space, names)}
    assert walked == {frozenset(point) for point in points(space)}


@settings(max_examples=100, deadline=None)
@given(spaces())
def test_every_parameter_stands_in_the_tree_once(space: tuple[Parameter, ...]) -> None:
    def names(nodes: tuple[ConditionNode, ...]) -> list[str]:
        below = [names(branch.children) for node in nodes for branch in node.branches]
        return [node.name for node in nodes] + [name for each in below for name in each]

    found = names(condition_tree(StudySpec(DataSpec("first"), "binary", space)))
    assert sorted(name.split(" ")[0] for name in found) == sorted(parameter.name for parameter in space)
