"""Opens what a study needs, in order, and runs one session of it.

    declared file or stored study -> data prepared -> ledger opened -> workers started -> coordinator

Texts are encoded before workers start: how many there are depends on the memory of the largest trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from tuner.catalogue import CATALOGUE, catalogue_for
from tuner.data.encode import PreparedData, encode, find_prepared, open_dataset, prepare
from tuner.data.location import moved_to
from tuner.data.reading import whole_path
from tuner.data.shared import told_of_shared_texts
from tuner.data.values import EncodedDataset
from tuner.errors import DataError, InputError, NotFoundError, StudyChangedError, TooManyFailuresError
from tuner.execution.coordinator import Coordinator
from tuner.execution.events import Notice, StudyOpened, Watcher
from tuner.execution.interrupts import Interrupts
from tuner.execution.local import LocalExecutor
from tuner.execution.memory import MemoryGate, estimate_for, work_for
from tuner.execution.own_families import refuse_unnamed_code, told_of_own_code, try_own_families
from tuner.execution.plan import StudyPlan, tensorboard_folder, trial_folder
from tuner.execution.room import largest_bytes
from tuner.execution.share import Share, share_machine
from tuner.execution.surroundings import surroundings_of
from tuner.execution.threads import began_with
from tuner.execution.time_left import TimeLeft
from tuner.execution.unknown_words import unknown_words
from tuner.execution.vectors import known_words, require_same_vectors, require_vectors_of
from tuner.search.pareto import front_indices
from tuner.search.pruning import make_pruner
from tuner.search.samplers import make_sampler
from tuner.spec.declared import declared_values
from tuner.spec.grid import trials_within
from tuner.spec.values import BudgetSpec, StudySpec
from tuner.storage import (
    BudgetUse,
    Database,
    Ledger,
    TrialRecord,
    cache_folder,
    check_name,
    open_database,
    study_folder,
    this_owner,
)
from tuner.suggested import command
from tuner.training.kept_model import MODEL_FILE
from tuner.trial import TrialRequest
from tuner.wording import counted

__all__ = ["OpenStudy", "is_done", "open_declared", "open_existing", "request_of", "run_session"]

_Number = TypeVar("_Number", int, float)

WORKER_GRACE_S = 10.0

_TRIALS_THAT_TELL = 500
"""Ended trials whose measured memory a session learns from; to read more makes a long study begin slowly."""


@dataclass(frozen=True)
class OpenStudy:
    """A study that is ready to run.

    Attributes:
        name: Its name.
        spec: What it was begun with; sampler, pruner and execution may be today's.
        base_dir: The folder that its relative paths start from.
        prepared: Its texts, checked and split.
        database: Where it is kept.
        ledger: Its records.
        folder: ``<studies>/<name>``, where its files go.
        continued: Whether it had been begun before.
        remarks: What a person should know before it runs.
        space_file: The file that declares it, where it was opened by one; kept with the session.
    """

    name: str
    spec: StudySpec
    base_dir: Path
    prepared: PreparedData
    database: Database
    ledger: Ledger
    folder: Path
    continued: bool
    remarks: tuple[str, ...] = ()
    space_file: Path | None = None


def open_declared(name: str, spec: StudySpec, base_dir: Path, storage: str) -> OpenStudy:
    """Open the study that a file declares, beginning it when it is new.

    Args:
        name: The study's name.
        spec: A checked declaration.
        base_dir: The folder that the declaration's relative paths start from.
        storage: Database; made when missing.

    Returns:
        The study. Of a study that exists, the budget grows to the declared one but never shrinks.

    Raises:
        InputError: If the name is none that a study can have, or a family of a person's own cannot be used.
        StudyChangedError: If it was begun with another space or other data.
        DataError, NotFoundError: If the data cannot be used.
        VectorsError: If a file of vectors cannot be used, or knows no word of the texts.
        StorageRefusedError, StorageUnreachableError, NoSpaceError: From the database.
    """
    check_name(name)
    folder = study_folder(storage, name)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"study name '{name}': {folder} is no folder", "give another with --study")
    _require_files(spec, base_dir)
    vector_files = require_vectors_of(spec, base_dir, cache_folder(storage))
    prepared = prepare(spec.data, spec.task, spec.seed, base_dir, cache_folder(storage))
    known = [str(each) for each in known_words(spec, base_dir, prepared)]
    tried = try_own_families(spec, base_dir, prepared)
    database = open_database(storage, create=True)
    ledger = Ledger(database)
    continued = name in ledger.study_names()
    if continued:
        require_same_vectors(ledger, name, vector_files)
    ledger.create_study(name, spec, prepared.fingerprint, _summary(prepared), base_dir)
    remarks = prepared.warnings
    if continued:
        ledger.set_budget(name, _grown(ledger.study(name).budget, spec.budget))
    else:
        require_same_vectors(ledger, name, vector_files)
        for told in known:
            ledger.record_event(name, None, "vectors", told)
        remarks = (*remarks, *known, *unknown_words(spec, base_dir, prepared))
    remarks = (*remarks, *told_of_own_code(ledger, name, spec, base_dir), *tried)
    return OpenStudy(name, spec, base_dir, prepared, database, ledger, folder, continued, remarks)


def _require_files(spec: StudySpec, base_dir: Path) -> None:
    """Refuse a declared file that is not there, before a trial has to fail for it."""
    known = catalogue_for(spec, base_dir).settings()
    for name, value in declared_values(spec):
        if value and known[name].kind == "path" and not _is_file(path := whole_path(str(value), base_dir)):
            raise NotFoundError(f"{name}: there is no file {path}", "check the path")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def open_existing(name: str, storage: str, data: Path | None = None) -> OpenStudy:
    """Open a study that was begun before, by its name alone.

    Its source is read again where it is to be had, and must be unchanged. Where it is not, the study goes
    on with the copy of the same texts that it kept.

    Args:
        name: The study's name.
        storage: Database; not made.
        data: Where its file of texts lies now; from then on it is looked for there. Defaults to where it
            lay.

    Raises:
        NotFoundError: If there is no such database, study or file of texts, or a declared file of vectors
            is gone.
        InputError: If ``data`` is given and its source reads no file, or it has a family of their own: no
            database says which code is run.
        VectorsError: If a file of vectors cannot be used any more.
        StudyChangedError: If the source's texts, or the files of vectors, are others now.
        DataError: If neither the source nor the kept copy can be read.
        StorageRefusedError, StorageUnreachableError: From the database.
    """
    database = open_database(storage, create=False)
    ledger = Ledger(database)
    record = ledger.study(name)
    refuse_unnamed_code(ledger, record)
    cache_dir, base_dir = cache_folder(storage), record.base_dir
    spec = record.spec if data is None else replace(record.spec, data=moved_to(record.spec.data, data))
    _require_files(spec, base_dir)
    require_same_vectors(ledger, name, require_vectors_of(spec, base_dir, cache_dir))
    prepared, remarks = _data_again(name, spec, record.fingerprint, base_dir, cache_dir, data is None)
    if data is not None:
        ledger.create_study(name, spec, prepared.fingerprint, _summary(prepared), base_dir)
    folder = study_folder(storage, name)
    return OpenStudy(name, spec, base_dir, prepared, database, ledger, folder, True, remarks)


def _data_again(
    name: str, spec: StudySpec, fingerprint: str, base_dir: Path, cache_dir: Path, may_be_gone: bool
) -> tuple[PreparedData, tuple[str, ...]]:
    try:
        prepared = prepare(spec.data, spec.task, spec.seed, base_dir, cache_dir)
    except (DataError, NotFoundError) as error:
        kept = find_prepared(fingerprint, cache_dir) if may_be_gone else None
        if kept is None:
            raise
        return kept, (
            f"the texts' source cannot be read ({error.message}); going on with the study's own copy",
        )
    if prepared.fingerprint != fingerprint:
        raise StudyChangedError(
            name, [f"data: the texts of {prepared.origin} are not those it was begun with"]
        )
    return prepared, ()


def run_session(study: OpenStudy, workers: int | None, watch: Watcher, threads: int | None = None) -> None:
    """Run a study until its budget is used up or somebody stops it.

    Args:
        study: From :func:`open_declared` or :func:`open_existing`.
        workers: Worker processes, or None for what the study declares, or else one a GPU or core, as far as
            memory and a container's quota go.
        watch: Is told what happens.
        threads: Cores of each worker, or None for what the study declares, or else as many as it was begun
            with.

    Raises:
        StudyInterruptedError: After a signal; everything is kept.
        TooManyFailuresError: If too many trials failed in a row, or the budget is used up and none finished.
        StorageUnreachableError, NoSpaceError: From the database, in the middle; what was told is kept.
    """
    with Interrupts() as interrupts:
        plan = None if is_done(study) else _plan(study, cleaning_levels(study.spec))
        memory = MemoryGate() if plan is None else _memory_of(study)
        largest = None if plan is None else _largest_bytes(plan, memory)
        execution = replace(
            study.spec.execution,
            workers=workers or study.spec.execution.workers,
            threads=threads or study.spec.execution.threads,
        )
        share = share_machine(execution, began_with(study.ledger, study.name), largest, idle=plan is None)
        memory.limit_bytes = share.room.limit_bytes
        _announce(study, share, watch)
        if plan is not None:
            if told := told_of_shared_texts(_datasets(plan)):
                watch(Notice(told))
            _work(study, plan, share, memory, watch, interrupts)
    use = study.ledger.use_of_budget(study.name)
    if not use.complete:
        raise _none_complete(study.name, use)
    if use.may_begin and (complete := _whole_grid(study.spec, use)):
        watch(Notice(complete))


def _none_complete(name: str, use: BudgetUse) -> TooManyFailuresError:
    if use.time_limit_s is not None and not use.finished:
        what = "begin" if not use.running else "end"
        return TooManyFailuresError(
            f"study '{name}': no trial could {what} within the time limit of {use.time_limit_s:g} s",
            f"grant more: {command('resume', name, '--time-limit', 'DURATION')}",
        )
    return TooManyFailuresError(
        f"study '{name}' has used up its budget and no trial is complete",
        f"`{command('trials', name)}` shows why each ended",
    )


def _memory_of(study: OpenStudy) -> MemoryGate:
    """Return a judge of trials that has learned from those that have ended."""
    memory = MemoryGate(estimate=estimate_for)
    for settings, facts in study.ledger.latest_facts(study.name, _TRIALS_THAT_TELL):
        memory.learn(settings, facts)
    return memory


def _largest_bytes(plan: StudyPlan, memory: MemoryGate) -> int | None:
    return largest_bytes(plan.spec.space, lambda params: memory.needed_bytes(plan.request(0, params)))


def _work(
    study: OpenStudy,
    plan: StudyPlan,
    share: Share,
    memory: MemoryGate,
    watch: Watcher,
    interrupts: Interrupts,
) -> None:
    """Start the workers and coordinate them until there is nothing left to do."""
    sampler = make_sampler(study.spec.sampler, study.spec.space, study.spec.seed, study.spec.repeats)
    pruner = make_pruner(study.spec.pruner, study.spec.objectives, CATALOGUE.metrics)
    executor = LocalExecutor(share.places, study.folder / "logs")
    executor.start()
    here = surroundings_of(study.space_file)
    here = replace(here, facts={**here.facts, **share.facts})
    running = study.ledger.join(study.name, sampler, this_owner(), surroundings=here)
    try:
        time_left = TimeLeft(plan, running, work_for)
        Coordinator(
            plan, running, executor, pruner, watch, interrupts, memory=memory, time_left=time_left
        ).run()
    finally:
        executor.stop(0.0 if interrupts.count > 1 else WORKER_GRACE_S)
        running.finish_session()


def is_done(study: OpenStudy) -> bool:
    """Tell whether a session has nothing left to do: no trial to run, none to measure on the test split.

    Args:
        study: From :func:`open_declared` or :func:`open_existing`.

    Returns:
        False also when a session was stopped while it measured on the test split. A trial whose model is not
        here, but on another machine or gone, is not waited for.
    """
    if not study.ledger.use_of_budget(study.name).is_used_up:
        return False
    with study.ledger.snapshot(study.name) as seen:
        wanted, measured = seen.points(), seen.measured_on_test()
    if study.spec.test_on == "front":
        points = [trial.values for trial in wanted if trial.values is not None]
        directions = [objective.direction for objective in study.spec.objectives]
        wanted = [wanted[index] for index in front_indices(points, directions)]
    unmeasured = [trial.number for trial in wanted if trial.number not in measured]
    return not any((trial_folder(study.folder, number) / MODEL_FILE).is_file() for number in unmeasured)


def _announce(study: OpenStudy, share: Share, watch: Watcher) -> None:
    epochs = study.spec.fixed.get("epochs")
    use = study.ledger.use_of_budget(study.name)
    watch(
        StudyOpened(
            name=study.name,
            storage=study.database.safe_url,
            objectives=study.spec.objectives,
            workers=len(share.places),
            epochs=epochs if isinstance(epochs, int) else None,
            finished=use.finished,
            continued=study.continued,
            placed=str(share),
        )
    )
    for remark in (_used_up(study.spec, use), *study.remarks, *share.remarks):
        if remark:
            watch(Notice(remark))
    if study.spec.tensorboard:
        watch(Notice(f"look with: tensorboard --logdir {tensorboard_folder(study.folder)}"))
    asks_for_half = ("mixed_precision", True) in declared_values(study.spec)
    if asks_for_half and any(place.gpu is None for place in share.places):
        watch(
            Notice("mixed_precision: true is for GPUs; there is none here, so trials run in single precision")
        )
    elsewhere = sorted(
        {each.study for each in study.ledger.live_sessions() if each.here and each.study != study.name}
    )
    if elsewhere:
        named = ", ".join(elsewhere)
        watch(Notice(f"at work on this machine, too: {named}; training times disturb each other"))
    others = study.ledger.study(study.name).sessions_alive
    if others:
        also = f"{counted(others, 'other session')} work{'s' * (others == 1)} on this study"
        watch(
            Notice(
                f"{also}: on one machine, give each cores of its own (taskset -c 0-3 tuner ...), or their"
                " training times disturb each other"
            )
        )


def _used_up(spec: StudySpec, use: BudgetUse) -> str:
    """Say that nothing more is begun, and what grants more; an empty string where something is."""
    if not use.is_used_up:
        return ""
    if complete := _whole_grid(spec, use):
        return complete
    if use.trials is not None and use.finished >= use.trials:
        used, option = f"{use.finished} of {counted(use.trials, 'trial')} ended", "--trials N"
    else:
        used, option = f"all of {use.time_limit_s:g} s", "--time-limit DURATION"
    return f"its budget is used up, {used}; a larger {option}, over all sessions, grants more"


def _whole_grid(spec: StudySpec, use: BudgetUse) -> str:
    """Say that every point of a grid has been tried; an empty string where some have not."""
    if use.finished != trials_within(spec, None):
        return ""
    return f"the grid is complete, {counted(use.finished, 'trial')}: a larger budget begins no further one"


def request_of(study: OpenStudy, trial: TrialRecord) -> TrialRequest:
    """Return the request by which a finished trial was run.

    Args:
        study: From :func:`open_existing`.
        trial: One of its trials.

    Raises:
        DataError: If the study's texts are damaged.
    """
    plan = _plan(study, [str(trial.settings.get("cleaning", CATALOGUE.settings()["cleaning"].default))])
    return plan.request(trial.number, trial.params)


def _plan(study: OpenStudy, levels: Sequence[str]) -> StudyPlan:
    return StudyPlan(
        name=study.name,
        spec=study.spec,
        catalogue=catalogue_for(study.spec, study.base_dir),
        dataset_dirs={level: encode(study.prepared, level).directory for level in levels},
        cache_dir=study.prepared.cache_dir,
        study_dir=study.folder,
        base_dir=study.base_dir,
    )


def _datasets(plan: StudyPlan) -> dict[str, EncodedDataset]:
    return {level: open_dataset(directory) for level, directory in plan.dataset_dirs.items()}


def cleaning_levels(spec: StudySpec) -> list[str]:
    """Return the cleaning levels that a trial of this study may ask for, each once."""
    levels = [str(value) for name, value in declared_values(spec) if name == "cleaning"]
    if "cleaning" not in spec.fixed:  # where a condition leaves it out
        levels.insert(0, str(CATALOGUE.settings()["cleaning"].default))
    return list(dict.fromkeys(levels))


def _summary(prepared: PreparedData) -> dict[str, object]:
    return {
        "origin": prepared.origin,
        "classes": list(prepared.classes),
        "counts": {part: list(counts) for part, counts in prepared.counts.items()},
    }


def _grown(stored: BudgetSpec, declared: BudgetSpec) -> BudgetSpec:
    """Return the declared budget, but no part of it smaller than what was granted before."""
    return replace(
        declared,
        trials=_larger(stored.trials, declared.trials),
        time_limit_s=_larger(stored.time_limit_s, declared.time_limit_s),
    )


def _larger(stored: _Number | None, declared: _Number | None) -> _Number | None:
    return None if stored is None or declared is None else max(stored, declared)
