"""Whatever bytes are given: a spec or a SpecError in one line a problem, never another exception."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.errors import Problem, SpecError
from tuner.spec import dump_spec, load_spec, parse_spec, space_size, space_table, spec_hash, warnings_for
from tuner.spec.catalogue import Catalogue, Component, Metric, Preset, Setting
from tuner.spec.read import decode_text

GOOD = b"""\
# yaml-language-server: $schema=schema.json
data:
  source: reviews
  split: {column: part, train: [a, "b"], validation: 0.15, test: 10}
task: binary
fixed: {epochs: 5, note: "caf\xc3\xa9 \\u00e9"}
space:
  family: [lstm, dense]
  embedding: {choices: [trained], when: {family: [lstm]}}
  units: {low: 16, high: 128, log: true, when: {family: lstm}}
  learning_rate: {low: 1e-4, high: 1e-2, log: true, default: 1e-3}
  bidirectional: [false, true]
  layers: {low: 1, high: 5, step: 2}
  layer_units: {choices: [[8], [8, 4]], when: {layers: 5}}
  dropout:
    low: 0.0
    high: 0.3
    step: 0.1
    when: {all: [{family: lstm}, {any: [{units: 16}, {layers: [1, 3]}]}]}
objectives:
  - {metric: accuracy, direction: maximize}
  - metric: training_time_s
    direction: minimize
sampler: {name: tpe, startup_trials: 10}
pruner: none
budget: {trials: 20, time_limit: 10m}
seed: 42
execution: {workers: 2}
repeats: 2
start_with:
  - small
  - {family: lstm, layers: 3, learning_rate: 1e-3}
test_on: all
tensorboard: true
"""
PIECES = [
    *(b"\0 \t \r \n : - ? , [ ] { } # & * ! | > ' \" % @ ` ~ \\ \xff \xef\xbb\xbf \xc3".split(b" ")),
    *(b"&a *a !!python/object:os.system 1e999 .nan -0 0x 2**70 99999999999999999999 null yes".split(b" ")),
    *(
        b'--- ... %YAML <<: [[[[[[[[ {{{{ -\t- |9 >- "\\UFFFFFFFF" "\\ud800" when: all: any: '
        b"low: sets:".split(b" ")
    ),
    b"\xe2\x80\xa8",
    b"  ",
    b"\n\n",
]


def _components(**settings_of: tuple[Setting, ...]) -> dict[str, Component]:
    return {name: Component(name, "", settings) for name, settings in settings_of.items()}


CATALOGUE = Catalogue(
    common=(
        Setting("family", "choice", None, ""),
        Setting("embedding", "choice", None, ""),
        Setting("optimizer", "choice", "adam", ""),
        Setting("epochs", "int", 3, "", low=1),
        Setting("note", "text", "", ""),
        Setting("learning_rate", "float", 1e-3, "", low=1e-8, high=10.0),
    ),
    token_settings=(),
    families={
        "lstm": Component(
            "lstm",
            "",
            (
                Setting("units", "int", 8, "", low=1, high=512),
                Setting("layers", "int", 1, "", low=1, high=8),
                Setting("layer_units", "numbers", "", "", low=1, high=512, longest=8, overrides=("units",)),
                Setting("bidirectional", "bool", False, ""),
                Setting("dropout", "float", 0.1, "", low=0.0, high=0.9),
            ),
            "tokens",
        ),
        "dense": Component("dense", "", (), "features"),
    },
    embeddings={
        "trained": Component("trained", "", (), "tokens"),
        "tfidf": Component("tfidf", "", (), "features"),
    },
    optimizers=_components(adam=()),
    sources=_components(reviews=()),
    samplers=_components(tpe=(Setting("startup_trials", "int", 10, "", low=1),)),
    pruners=_components(none=(), pareto=()),
    metrics={
        name: Metric(name, "", "curve", ("binary", "multiclass"), "")
        for name in ("accuracy", "training_time_s")
    },
    presets={"small": Preset("small", "", {"family": "lstm", "units": 16, "layers": 1, "epochs": 10})},
)


def names_places(problems: list[Problem]) -> bool:
    """Hold what every list of problems promises."""
    assert problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert str(problem).isprintable()
    return True


def outcome(data: bytes) -> bool:
    """Tell whether the bytes are a good file; any exception but a SpecError gets through."""
    try:
        spec = parse_spec(decode_text(data, "f"), "f", CATALOGUE)
    except SpecError as error:
        return not names_places(error.problems)
    # What is accepted can be shown, stored and written back.
    warnings_for(spec, CATALOGUE)
    space_size(spec)
    space_table(spec)
    spec_hash(spec)
    assert parse_spec(dump_spec(spec), "f", CATALOGUE) == spec
    return True


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change a few bytes, pieces or lines."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([0, 0, 1, 1, 2, 5, 40]))
        kind = chance.randrange(6)
        if kind == 0:
            data = data[:start] + bytes([chance.randrange(256)]) + data[end:]
        elif kind == 1:
            data = data[:start] + chance.choice(PIECES) + data[end:]
        elif kind == 2:
            data = data[:start] + data[end:]
        elif kind == 3:
            other = chance.randrange(len(data) + 1)
            data = data[:start] + data[other : other + chance.randrange(60)] + data[end:]
        elif kind == 4:
            data = data[:start]
        else:
            lines = data.split(b"\n")
            chance.shuffle(lines) if chance.random() < 0.2 else lines.insert(
                chance.randrange(len(lines) + 1), chance.choice(lines)
            )
            data = b"\n".join(lines)
        if not data:
            break
    return data


def test_the_file_that_is_mutated_is_good() -> None:
    assert outcome(GOOD)


@pytest.mark.parametrize("seed", range(8))
def test_mutated_files_give_problems_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    results = [outcome(mutated(GOOD, chance)) for _ in range(250)]
    assert not all(results)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_give_problems_and_nothing_else(data: bytes) -> None:
    outcome(data)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-[]{}'\"#&*!|>%@`,? \n\t0.e", max_size=60))
def test_any_marks_give_problems_and_nothing_else(text: str) -> None:
    outcome(text.encode())


def test_random_files_on_disk_give_problems_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(1)
    path = tmp_path / "study.yaml"
    for size in (0, 1, 100, 10_000, 300_000):
        path.write_bytes(chance.randbytes(size))
        with pytest.raises(SpecError, match=r"study\.yaml:1:"):
            load_spec(path, CATALOGUE)
