"""What the pruner promises, on recorded studies of real reviews; nothing is trained.

Every replay is the same on every machine: the curves are recorded and the orders come from seeds.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tuner.catalogue import CATALOGUE
from tuner.cli import main
from tuner.metrics import METRICS
from tuner.replay.compare import Conditions, Outcome, compare
from tuner.replay.curves_file import read_recorded
from tuner.replay.recorded import RecordedStudy
from tuner.spec.load import load_spec
from tuner.spec.values import ComponentSpec, accepts, active

ROOT = Path(__file__).resolve().parents[2]
CURVES = ROOT / "benchmarks" / "curves"


@pytest.fixture(scope="module")
def reviews() -> RecordedStudy:
    return read_recorded(CURVES / "reviews_64.json.gz")


def replayed(study: RecordedStudy, workers: int, seeds: int) -> Outcome:
    conditions = Conditions(workers=workers, order="shuffled", seeds=seeds)
    (outcome,) = compare(study, [ComponentSpec("pareto")], METRICS, conditions).outcomes
    return outcome


@pytest.mark.parametrize(("workers", "seeds"), [(1, 20), (4, 8)])
def test_half_of_the_epochs_are_saved_and_the_front_is_kept(
    reviews: RecordedStudy, workers: int, seeds: int
) -> None:
    outcome = replayed(reviews, workers, seeds)

    assert outcome.median(lambda each: each.epochs_saved) >= 0.5
    assert outcome.least(lambda each: each.hypervolume_kept) >= 0.99
    assert outcome.most(lambda each: each.largest_cut) <= 0.01


def test_a_sampler_that_learns_finds_the_front_among_recorded_trials_sooner(reviews: RecordedStudy) -> None:
    samplers = [ComponentSpec("random"), ComponentSpec("tpe")]
    conditions = Conditions(workers=2, seeds=8, trials=24)
    drawn, learned = compare(reviews, [ComponentSpec("pareto")], METRICS, conditions, samplers).outcomes

    assert learned.median(lambda each: each.hypervolume_held) > drawn.median(
        lambda each: each.hypervolume_held
    )
    assert learned.median(lambda each: each.hypervolume_kept) > drawn.median(
        lambda each: each.hypervolume_kept
    )
    assert learned.off < 0.5 * learned.off_by_chance, "what was begun is near what was asked for"


def test_the_committed_curves_are_points_of_their_declared_spaces() -> None:
    for name in ("reviews_64", "sentences_64"):
        spec = load_spec(CURVES / f"{name}.yaml", CATALOGUE)
        study = read_recorded(CURVES / f"{name}.json.gz")
        assert study.space == spec.space, name
        for trial in study.trials:
            declared = {each.name: each for each in active(spec.space, trial.params)}
            assert declared.keys() == trial.params.keys(), (name, trial.number)
            assert all(accepts(declared[each], value) for each, value in trial.params.items()), (
                name,
                trial.number,
            )


def test_the_front_is_kept_after_trials_that_stop_early(reviews: RecordedStudy) -> None:
    outcome = replayed(reviews.with_rules(patience=3), workers=2, seeds=8)

    assert outcome.median(lambda each: each.epochs_saved) >= 0.4, "on top of what stopping early saves"
    assert outcome.least(lambda each: each.hypervolume_kept) >= 0.99


def test_the_late_and_slow_best_trial_is_kept() -> None:
    outcome = replayed(read_recorded(CURVES / "mixed_73.json.gz"), workers=1, seeds=10)

    assert outcome.median(lambda each: each.epochs_saved) >= 0.5
    assert outcome.least(lambda each: each.hypervolume_kept) >= 0.99
    assert outcome.most(lambda each: each.largest_cut) <= 0.01


def test_a_study_that_nothing_was_tuned_on_is_pruned_as_well() -> None:
    outcome = replayed(read_recorded(CURVES / "sentences_64.json.gz"), workers=2, seeds=10)

    assert outcome.median(lambda each: each.epochs_saved) >= 0.5
    assert outcome.least(lambda each: each.hypervolume_kept) >= 0.99
    assert outcome.most(lambda each: each.largest_cut) <= 0.01


@pytest.mark.parametrize("path", sorted(CURVES.glob("*.json.gz")), ids=lambda path: path.name)
def test_recorded_curves_are_small_and_whole(path: Path) -> None:
    study = read_recorded(path)

    assert path.stat().st_size < 200_000
    assert len(study.trials) >= 60
    assert {len(trial.epochs) for trial in study.trials} == {8}


@pytest.mark.parametrize("name", ["reviews_64", "sentences_64"])
def test_the_space_of_a_recorded_study_loads(name: str) -> None:
    spec, study = load_spec(CURVES / f"{name}.yaml", CATALOGUE), read_recorded(CURVES / f"{name}.json.gz")

    assert spec.objectives == study.objectives
    assert {each.name for each in spec.space} == {key for trial in study.trials for key in trial.params}


PAGE = (ROOT / "docs" / "pruning.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ tuner (replay \S+\.json\.gz .*?)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
def test_the_page_on_pruning_shows_what_its_command_prints(
    capsys: pytest.CaptureFixture[str], command: str, shown: str
) -> None:
    assert main([str(ROOT / each) if each.endswith(".gz") else each for each in command.split()]) == 0
    assert capsys.readouterr().out.split() == shown.split()


def test_the_page_on_pruning_has_replays_of_pruners_and_of_samplers() -> None:
    assert sum("--sampler" in command for command, _ in SHOWN) == 2
    assert sum("--sampler" not in command for command, _ in SHOWN) >= 1
