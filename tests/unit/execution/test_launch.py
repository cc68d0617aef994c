"""Which names a study can have, and when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from sqlite3 import connect

import pytest

from tests.ledgers import NAME, finish, join, make_study, run_all, spec_of, take
from tuner.catalogue import CATALOGUE
from tuner.cli.run import with_budget
from tuner.data.location import moved_to
from tuner.data.prepare import PreparedData
from tuner.errors import DataError, InputError, StorageRefusedError, StudyChangedError, TooManyFailuresError
from tuner.execution.events import Event, Notice
from tuner.execution.launch import OpenStudy, is_done, open_declared, open_existing, run_session
from tuner.spec import parse_spec
from tuner.spec.values import CategoricalParameter, ComponentSpec
from tuner.storage import Ledger

TEXTS = PreparedData("f", Path(), "binary", ("0", "1"), {}, "nowhere", ())


@pytest.fixture
def study(tmp_path: Path) -> Iterator[OpenStudy]:
    ledger: Ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of(trials=2))
    folder = tmp_path / NAME
    yield OpenStudy(NAME, spec_of(trials=2), tmp_path, TEXTS, ledger.database, ledger, folder, True)
    ledger.database.close()


def keep_model(study: OpenStudy, number: int) -> None:
    folder = study.folder / "trials" / str(number)
    folder.mkdir(parents=True)
    (folder / "model.keras").write_bytes(b"")


def notices(events: list[Event]) -> str:
    return "\n".join(event.message for event in events if isinstance(event, Notice))


def end_all(ledger: Ledger) -> None:
    """Run all trials in a session that ends."""
    session = join(ledger)
    run_all(session)
    session.finish_session()


def test_a_session_of_a_finished_study_says_what_grants_more(study: OpenStudy) -> None:
    end_all(study.ledger)
    events: list[Event] = []

    run_session(study, 1, events.append)
    assert (
        notices(events)
        == "its budget is used up, 2 of 2 trials ended; a larger --trials N, over all sessions, grants more"
    )

    events.clear()
    study.ledger.set_budget(NAME, replace(study.spec.budget, trials=None, time_limit_s=0.0))
    run_session(study, 1, events.append)
    assert "used up, all of 0 s; a larger --time-limit DURATION, over all sessions" in notices(events)


def test_a_session_of_a_complete_grid_says_so(tmp_path: Path) -> None:
    points = (CategoricalParameter("bidirectional", "bidirectional", (False, True)),)
    spec = spec_of(trials=2, space=points, sampler=ComponentSpec("grid"))
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec)
    end_all(ledger)
    events: list[Event] = []

    run_session(
        OpenStudy(NAME, spec, tmp_path, TEXTS, ledger.database, ledger, tmp_path / NAME, True),
        1,
        events.append,
    )
    ledger.database.close()

    assert notices(events) == "the grid is complete, 2 trials: a larger budget begins no further one"


def test_a_time_limit_in_which_no_trial_began_is_said_with_what_grants_more(study: OpenStudy) -> None:
    study.ledger.set_budget(NAME, replace(study.spec.budget, trials=None, time_limit_s=0.0))

    with pytest.raises(
        TooManyFailuresError,
        match=r"no trial could begin within the time limit of 0 s; .*: tuner resume s --time-limit DURATION",
    ):
        run_session(study, 1, lambda event: None)


def test_a_budget_of_fewer_trials_than_have_ended_is_refused_and_changes_nothing(study: OpenStudy) -> None:
    run_all(join(study.ledger))

    with pytest.raises(
        InputError, match=r"--trials 1: of study 's' 2 have ended.*for 1 further trial say --trials 3"
    ):
        with_budget(study, 1, None)

    assert study.ledger.study(NAME).budget.trials == 2


def test_a_budget_that_running_trials_have_passed_may_be_said_again(study: OpenStudy) -> None:
    run_all(join(study.ledger))
    study.ledger.set_budget(NAME, replace(study.spec.budget, trials=1))  # lowered while the second one ran

    with_budget(study, 1, None)

    assert study.ledger.study(NAME).budget.trials == 1


def test_a_study_with_trials_left_is_not_done(study: OpenStudy) -> None:
    session = join(study.ledger)
    finish(session, take(session))
    assert not is_done(study)


def test_a_study_whose_front_is_here_and_was_not_measured_is_not_done(study: OpenStudy) -> None:
    session = join(study.ledger)
    finish(session, take(session), 0.9)
    finish(session, take(session), 0.5)
    keep_model(study, 0)
    assert not is_done(study)
    study.ledger.record_test_metrics(NAME, 0, {"test_accuracy": 0.8})
    assert is_done(study)


def test_a_front_whose_models_are_elsewhere_is_not_waited_for(study: OpenStudy) -> None:
    run_all(join(study.ledger))
    assert is_done(study)


@pytest.mark.parametrize("name", ["cache", "Cache", "../s", "tuner.db", ""])
def test_a_name_that_is_no_folder_of_its_own_is_refused_before_data_are_read(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "tuner.db").touch()
    with pytest.raises(InputError, match="study name"):
        open_declared(name, spec_of(), tmp_path, str(tmp_path / "tuner.db"))
    assert [path.name for path in tmp_path.iterdir()] == ["tuner.db"]


def test_a_name_that_was_planted_in_a_database_leads_to_no_other_folder(study: OpenStudy) -> None:
    study.database.close()
    with closing(connect(study.base_dir / "tuner.db")) as connection, connection:
        connection.execute("UPDATE tuner_studies SET name = '../elsewhere'")
    with pytest.raises(StorageRefusedError, match=r"study name '\.\./elsewhere'"):
        study.ledger.study("../elsewhere")


def test_who_joins_others_is_told_that_times_may_be_disturbed(study: OpenStudy) -> None:
    session = join(study.ledger)
    run_all(session)
    events: list[Event] = []
    run_session(study, 1, events.append)
    assert "1 other session works on this study" in "".join(
        event.message for event in events if isinstance(event, Notice)
    )

    session.finish_session()
    events.clear()
    run_session(study, 1, events.append)
    assert "works on this study" not in notices(events)


def test_half_precision_without_a_gpu_and_events_are_told_of_at_the_start(study: OpenStudy) -> None:
    run_all(join(study.ledger))
    spec = replace(study.spec, fixed={**study.spec.fixed, "mixed_precision": True}, tensorboard=True)
    events: list[Event] = []

    run_session(replace(study, spec=spec), 1, events.append)

    assert [event.message for event in events if isinstance(event, Notice)][1:3] == [
        f"look with: tensorboard --logdir {study.folder}/tensorboard",
        "mixed_precision: true is for GPUs; there is none here, so trials run in single precision",
    ]


def test_who_begins_beside_another_study_is_told_that_times_may_be_disturbed(study: OpenStudy) -> None:
    run_all(join(study.ledger))  # a session that is not finished
    study.ledger.create_study("other", spec_of(), "f", {}, study.base_dir)
    study.ledger.set_budget("other", replace(study.spec.budget, trials=0))
    events: list[Event] = []
    with pytest.raises(TooManyFailuresError, match="no trial is complete"):
        run_session(replace(study, name="other"), 1, events.append)

    assert f"at work on this machine, too: {NAME}" in "".join(
        event.message for event in events if isinstance(event, Notice)
    )


def test_what_is_beaten_is_not_waited_for(study: OpenStudy) -> None:
    session = join(study.ledger)
    finish(session, take(session), 0.9)
    finish(session, take(session), 0.5)
    keep_model(study, 1)
    assert is_done(study)


def test_a_study_that_measures_all_waits_for_those_that_are_beaten_too(study: OpenStudy) -> None:
    session = join(study.ledger)
    finish(session, take(session), 0.9)
    finish(session, take(session), 0.5)
    keep_model(study, 1)
    assert not is_done(replace(study, spec=replace(study.spec, test_on="all")))


DECLARED = """\
data: {source: file, path: reviews.csv, text: text, label: label, split: {train: 20, validation: 8, test: 8}}
task: binary
fixed: {family: tfidf_dense}
space: {dense_units: [4, 8]}
"""


def write_reviews(path: Path, word: str = "film") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{word} number {number} was {'good' if number % 2 else 'bad'},{number % 2}" for number in range(40)
    ]
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[OpenStudy]:
    """A study of a file that has moved since."""
    path = write_reviews(tmp_path / "reviews.csv")
    spec = parse_spec(DECLARED, "s.yaml", CATALOGUE)
    study = open_declared("s", spec, tmp_path, str(tmp_path / "tuner.db"))
    write_reviews(tmp_path / "elsewhere" / "moved.csv")
    path.unlink()
    yield study
    study.database.close()


def test_a_study_goes_on_where_its_texts_lie_now_and_remembers_it(begun: OpenStudy) -> None:
    storage, moved = str(begun.base_dir / "tuner.db"), begun.base_dir / "elsewhere" / "moved.csv"

    study = open_existing("s", storage, moved)
    study.database.close()
    again = open_existing("s", storage)
    again.database.close()

    assert study.prepared.fingerprint == begun.prepared.fingerprint
    assert again.spec.data.options["path"] == str(moved)
    assert again.remarks == ()


def test_the_declared_file_goes_on_too_when_the_same_texts_lie_elsewhere(begun: OpenStudy) -> None:
    moved = begun.base_dir / "elsewhere" / "moved.csv"
    spec = replace(begun.spec, data=moved_to(begun.spec.data, moved))

    study = open_declared("s", spec, begun.base_dir, str(begun.base_dir / "tuner.db"))
    study.database.close()

    assert study.continued


def test_other_texts_are_another_study_wherever_they_lie(begun: OpenStudy) -> None:
    other = write_reviews(begun.base_dir / "other.csv", "play")
    with pytest.raises(StudyChangedError, match="are not those it was begun with"):
        open_existing("s", str(begun.base_dir / "tuner.db"), other)
    assert begun.ledger.study("s").spec.data.options["path"] == "reviews.csv"


def test_the_kept_copy_does_not_stand_in_for_a_file_that_was_named(begun: OpenStudy) -> None:
    empty = begun.base_dir / "empty.csv"
    empty.touch()
    with pytest.raises(DataError, match=r"empty\.csv"):
        open_existing("s", str(begun.base_dir / "tuner.db"), empty)


def test_texts_that_only_cleaning_makes_equal_are_told_of_before_a_trial_begins(tmp_path: Path) -> None:
    path = write_reviews(tmp_path / "reviews.csv")
    rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*rows, *(row.upper() for row in rows[1:])]), encoding="utf-8")
    study = open_declared("s", parse_spec(DECLARED, "s.yaml", CATALOGUE), tmp_path, str(tmp_path / "t.db"))

    def stop_when_told(event: Event) -> None:
        if isinstance(event, Notice) and "word for word" in event.message:
            raise InterruptedError(event.message)

    with (
        closing(study.database),
        pytest.raises(InterruptedError, match=r"^with cleaning 'moderate' \d+ of 8 validation and"),
    ):
        run_session(study, 1, stop_when_told)
