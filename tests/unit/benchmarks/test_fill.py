"""The study of the scale benchmark is one that the ledger could have written."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.scale import NAME
from benchmarks.scale.fill import EPOCHS, curve_of, fill
from tuner.analysis.front import front
from tuner.search.samplers import make_sampler
from tuner.storage import Ledger, open_database, this_owner
from tuner.trial import Ending, EpochReport, TrialOutcome


def test_a_filled_in_trial_reads_like_one_that_was_run(tmp_path: Path) -> None:
    fill(str(tmp_path / "tuner.db"), 20)
    ledger = Ledger(open_database(str(tmp_path / "tuner.db"), create=False))
    spec = ledger.study(NAME).spec
    session = ledger.join(NAME, make_sampler(spec.sampler, spec.space, spec.seed), this_owner())
    claim = session.claim()
    assert claim is not None
    assert claim.number == 20
    curve = curve_of(claim.params, random.Random(0))
    for epoch, metrics in enumerate(curve):
        session.record_epoch(claim.token, EpochReport(claim.number, epoch, metrics, epoch, metrics))
    outcome = TrialOutcome(claim.number, Ending.COMPLETE, curve[-1])
    session.record_outcome(claim.token, outcome, (curve[-1]["accuracy"], curve[-1]["training_time_s"]))

    *filled, run = ledger.trials(NAME)
    curves = ledger.curves(NAME)

    assert len(filled) == 20
    for trial in filled:
        assert trial.state == run.state == "COMPLETE"
        assert trial.metrics.keys() == run.metrics.keys()
        assert trial.epochs == len(curves[trial.number]) == EPOCHS
        assert trial.values == (trial.metrics["accuracy"], trial.metrics["training_time_s"])
        assert trial.params.keys() <= trial.settings.keys()


def test_the_filled_in_study_has_a_front_to_look_at(tmp_path: Path) -> None:
    fill(str(tmp_path / "tuner.db"), 200)
    ledger = Ledger(open_database(str(tmp_path / "tuner.db"), create=False))

    members = front(ledger.trials(NAME), ledger.study(NAME).spec.objectives)

    assert len(members) >= 5
