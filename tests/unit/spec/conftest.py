"""A small catalogue, and the ways of the spec tests to ask for problems."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tuner.errors import Problem, SpecError
from tuner.spec import parse_spec
from tuner.spec.catalogue import Catalogue, Component, Metric, Setting
from tuner.spec.values import StudySpec, Task

HEAD = """\
data: {source: reviews}
task: binary
"""


def _named(*components: Component) -> dict[str, Component]:
    return {component.name: component for component in components}


def _metric(name: str, *tasks: Task) -> Metric:
    both: tuple[Task, ...] = ("binary", "multiclass")
    return Metric(
        name, "", "curve", tuple(task for task in both if not tasks or task in tasks), f"The {name}."
    )


COMMON = (
    Setting("family", "choice", None, "What is built."),
    Setting("embedding", "choice", None, "What it reads."),
    Setting("optimizer", "choice", "adam", "How it learns."),
    Setting("epochs", "int", 10, "Most epochs.", low=1, high=100),
    Setting("batch_size", "int", 32, "Texts a step.", low=1),
    Setting("monitor", "choice", "loss", "What is watched.", choices=("loss", "accuracy")),
    Setting("note", "text", "", "Anything."),
)
RECURRENT = (
    Setting("units", "int", 64, "Width.", low=1, high=512),
    Setting("layers", "int", 1, "Depth.", low=1, high=8),
    Setting(
        "layer_units",
        "numbers",
        "",
        "Width by layer.",
        low=1,
        high=512,
        longest=3,
        overrides=("units", "layers"),
    ),
    Setting("bidirectional", "bool", False, "Both ways."),
    Setting("dropout", "float", 0.2, "Share left out.", low=0.0, high=0.9),
    Setting("dense_units", "int", 0, "Width of the last layer; 0 for none.", low=0, high=512),
)
RATE = Setting("learning_rate", "float", 1e-3, "Size of a step.", low=1e-8, high=10.0)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Families of both kinds, and one component of each other sort that has options."""
    return Catalogue(
        common=COMMON,
        token_settings=(Setting("sequence_length", "int", 200, "Words read.", low=1),),
        families=_named(
            Component("lstm", "Long memory.", RECURRENT, "tokens"),
            Component("gru", "Gates.", RECURRENT, "tokens"),
            Component(
                "tfidf_dense",
                "Counts.",
                (Setting("dense_units", "int", 256, "Width.", low=1, high=512),),
                "features",
            ),
        ),
        embeddings=_named(
            Component(
                "trained",
                "From scratch.",
                (Setting("embedding_dimension", "int", 100, "Length.", low=1),),
                "tokens",
            ),
            Component("glove", "Pretrained.", (), "tokens"),
            Component(
                "tfidf", "Weights.", (Setting("tfidf_features", "int", 5000, "Words.", low=1),), "features"
            ),
        ),
        optimizers=_named(
            Component("adam", "Forgiving.", (RATE,)),
            Component(
                "sgd", "Plain.", (RATE, Setting("momentum", "float", 0.9, "Inertia.", low=0.0, high=1.0))
            ),
        ),
        sources=_named(
            Component(
                "reviews",
                "Film reviews.",
                (Setting("dataset", "choice", "imdb", "Which.", choices=("imdb",)),),
            ),
            Component("file", "A file.", (Setting("path", "text", None, "The file. Relative to this one."),)),
        ),
        samplers=_named(
            Component("tpe", "Learns.", (Setting("startup_trials", "int", 10, "Random ones.", low=1),)),
            Component("grid", "Every point."),
        ),
        pruners=_named(
            Component(
                "pareto",
                "For several objectives.",
                (
                    Setting("floor", "float", 0.0, "No use below.", low=0.0, high=1.0),
                    Setting("floor_metric", "text", "accuracy", "Of which metric."),
                ),
            ),
            Component("median", "Of Optuna."),
            Component("none", "Never."),
        ),
        metrics={
            "accuracy": _metric("accuracy"),
            "loss": _metric("loss"),
            "training_time_s": _metric("training_time_s"),
            "specificity": _metric("specificity", "binary"),
        },
    )


@pytest.fixture
def spec_of(catalogue: Catalogue) -> Callable[[str], StudySpec]:
    """Read a whole file."""
    return lambda text: parse_spec(text, "study.yaml", catalogue)


@pytest.fixture
def problems_of(spec_of: Callable[[str], StudySpec]) -> Callable[[str], list[Problem]]:
    """Read a whole file and return its problems, none if it is good."""

    def problems(text: str) -> list[Problem]:
        try:
            spec_of(text)
        except SpecError as error:
            return error.problems
        return []

    return problems


@pytest.fixture
def space_problems(problems_of: Callable[[str], list[Problem]]) -> Callable[..., list[str]]:
    """Read a file whose ``space`` has the given lines; return what is said about it, without the file."""

    def problems(*lines: str, rest: str = "") -> list[str]:
        space = "\n".join(f"  {line}" for line in lines)
        text = f"{HEAD}space:\n{space}\n{rest}"
        return [str(problem).removeprefix("study.yaml:") for problem in problems_of(text)]

    return problems


@pytest.fixture
def space_of(spec_of: Callable[[str], StudySpec]) -> Callable[..., StudySpec]:
    """Read a file whose ``space`` has the given lines."""

    def spec(*lines: str, rest: str = "") -> StudySpec:
        return spec_of(f"{HEAD}space:\n" + "\n".join(f"  {line}" for line in lines) + f"\n{rest}")

    return spec
