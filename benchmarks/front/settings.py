"""What is compared: the texts, the space, the seconds. The same for every method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tuner.catalogue import CATALOGUE
from tuner.spec import dump_spec, load_spec
from tuner.spec.values import StudySpec

__all__ = [
    "CLEANING",
    "EXPECTED",
    "FULL",
    "OURS",
    "QUICK",
    "SAID",
    "SPACE_FILE",
    "Comparison",
    "Order",
    "spec_of",
    "write_space",
]

OURS = "tuner"
EXPECTED = "tuner, by expected accuracy"
"""The same runs by another front: of what is expected, and not of what was measured."""

SAID = {
    "draws_1": "`draws: 1`: what comes is begun, not what ends soon",
    "no_pruner": "`pruner: none`",
    "random": "`sampler: random`, of eight points a quick one first",
}
"""The variations of which ``benchmarks.front.parts`` tells what a part brings."""

SPACE_FILE = Path(__file__).with_name("space.yaml")

CLEANING = "moderate"


@dataclass(frozen=True)
class Comparison:
    """A comparison; another one is another result.

    Attributes:
        name: Of its folder of results.
        seconds: Of wall time for each method, its imports included.
        seeds: Runs of each method, on another division of the texts each.
        train, validation: Texts.
        epochs: Most of a training.
        ceiling_s: Seconds from which a network counts nothing.
        floor: Accuracy up to which a network counts nothing.
        unseen: Most texts that no method is given, to judge by.
    """

    name: str
    seconds: float
    seeds: int
    train: int = 4000
    validation: int = 1000
    epochs: int = 5
    ceiling_s: float = 60.0
    floor: float = 0.5
    unseen: int = 10_000

    def settings(self) -> dict[str, Any]:
        """Return what a run of a method depends on: not how many there are, nor how they are judged."""
        return {name: value for name, value in asdict(self).items() if name not in ("seeds", "unseen")}


FULL = Comparison("full", seconds=300.0, seeds=3)
QUICK = Comparison(
    "quick", seconds=30.0, seeds=1, train=1000, validation=500, epochs=3, ceiling_s=15.0, unseen=1000
)


@dataclass(frozen=True)
class Order:
    """What one run of a method is told.

    Attributes:
        seed: Of the division of the texts and of the method.
        seconds: How long it may take from ``started``.
        started: ``time.time()`` when it was started.
        out: The file that it writes what it found to.
        texts: Padded texts, as ``problem.Texts.load`` reads them.
        epochs: Most of a training.
        space: The declared file, which only ``tuner`` reads.
        cache: Its prepared texts.
    """

    seed: int
    seconds: float
    started: float
    out: str
    texts: str
    epochs: int
    space: str
    cache: str

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Order:
        """Read one from what :func:`dataclasses.asdict` made of it."""
        return cls(**given)


def spec_of(comparison: Comparison) -> StudySpec:
    """Return the declared study, with as many texts and epochs as a comparison has."""
    spec = load_spec(SPACE_FILE, CATALOGUE)
    test = spec.data.split.test
    split = replace(spec.data.split, train=comparison.train, validation=comparison.validation, test=test)
    return replace(
        spec,
        data=replace(spec.data, split=split),
        fixed={**spec.fixed, "epochs": comparison.epochs},
        budget=replace(spec.budget, time_limit_s=comparison.seconds),
    )


def write_space(comparison: Comparison, path: Path) -> None:
    """Write the declared file that ``tuner run`` is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump_spec(spec_of(comparison)), encoding="utf-8")
