"""What ``tuner check`` shows of a space."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from tuner.spec.describe import (
    ConditionBranch,
    ConditionNode,
    SpaceRow,
    SpaceSize,
    condition_tree,
    space_size,
    space_table,
)
from tuner.spec.values import AllOf, CategoricalParameter, DataSpec, Is, StudySpec

Space = Callable[..., StudySpec]

LINES = (
    "family: [lstm, gru]",
    "layers: {low: 1, high: 3, when: {family: lstm}}",
    "units: {low: 8, high: 64, log: true, when: {family: lstm}}",
    "dropout: {low: 0.0, high: 0.3, step: 0.1, when: {family: gru}}",
    "bidirectional: {choices: [false, true], when: {family: lstm, layers: [1, 2]}}",
    "rate: {sets: learning_rate, low: 1e-4, high: 1e-2, log: true}",
    "epochs: 5",
)


def test_shows_one_row_a_parameter(space_of: Space) -> None:
    assert space_table(space_of(*LINES)) == [
        SpaceRow("family", "categorical", "lstm, gru", "2", ""),
        SpaceRow("layers", "int", "1 to 3", "3", "family is lstm"),
        SpaceRow("units", "int", "8 to 64, log", "57", "family is lstm"),
        SpaceRow("dropout", "float", "0.0 to 0.3, step 0.1", "4", "family is gru"),
        SpaceRow("bidirectional", "categorical", "false, true", "2", "family is lstm and layers is 1 or 2"),
        SpaceRow("rate (learning_rate)", "float", "0.0001 to 0.01, log", "continuous", ""),
        SpaceRow("epochs", "fixed", "5", "1", ""),
    ]


def test_shows_steps_and_texts_plainly(space_of: Space) -> None:
    rows = space_table(space_of("units: {low: 8, high: 24, step: 8}", 'note: [a b, ""]'))
    assert [row.range for row in rows] == ["8 to 24, step 8", "a b, ''"]


def test_counts_points_under_their_conditions(space_of: Space) -> None:
    lstm = 57 * (2 * 2 + 1)
    assert space_size(space_of(*LINES)) == SpaceSize(points=lstm + 4, continuous=1)


def test_a_space_too_entangled_to_count_says_so() -> None:
    parents = tuple(CategoricalParameter(f"p{index}", f"p{index}", (1, 2)) for index in range(16))
    all_of = AllOf(tuple(Is(parent.name, (1,)) for parent in parents))
    child = CategoricalParameter("child", "child", (1, 2), when=all_of)
    spec = StudySpec(DataSpec("reviews"), "binary", (*parents, child))
    assert space_size(spec) == SpaceSize(None, 0)


def test_arranges_parameters_under_what_decides_about_them(space_of: Space) -> None:
    bidirectional = ConditionNode("bidirectional", "false, true")
    layers = ConditionNode(
        "layers", "1 to 3", (ConditionBranch("family is lstm and layers is 1 or 2", (bidirectional,)),)
    )
    assert condition_tree(space_of(*LINES)) == (
        ConditionNode(
            "family",
            "lstm, gru",
            (
                ConditionBranch("family is lstm", (layers, ConditionNode("units", "8 to 64, log"))),
                ConditionBranch("family is gru", (ConditionNode("dropout", "0.0 to 0.3, step 0.1"),)),
            ),
        ),
        ConditionNode("rate (learning_rate)", "0.0001 to 0.01, log"),
        ConditionNode("epochs", "5"),
    )


def test_values_alone_load_no_reader() -> None:
    program = (
        "import sys, tuner.spec.values\n"
        "assert 'tuner.spec.read' not in sys.modules and 'ruamel' not in sys.modules\n"
        "import tuner.spec.load\n"
        "assert 'ruamel' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_package_offers_its_public_names() -> None:
    import tuner.spec

    assert all(getattr(tuner.spec, name) is not None for name in tuner.spec.__all__)
