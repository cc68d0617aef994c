"""Which text classifier is worth its training time: studies of Keras models from one declared file.

The parts in the order in which data goes through them; each imports only what stands above it:

    lazy          public names, loaded when they are first used
    errors        every error a person can meet, with its exit code
    durable       a file written whole or not at all
    spec          the declared file: read, checked, written as frozen values
    decision      why a trial was ended before its own end: a rule and its numbers
    trial         what goes down to a trial and what comes up from it
    data          texts: loaded, checked, split, encoded once, kept on disk
    embeddings    trained, word2vec, GloVe, TF-IDF: settings -> a model's input
    models        families: settings and input -> keras.Model
    metrics       predictions -> numbers
    training      one trial: steps, stopwatch, checkpoints
    export        kept models without Keras: read, computed in NumPy, compared
    search        samplers, pruners, dominance
    storage       the ledger: Optuna's tables and ours in one database
    catalogue     everything that a file can name
    baselines     models without a network, on the splits of the trials
    execution     the coordinator, the workers, the messages between them
    analysis      stored trials -> front, tables, comparisons, a diagnosis
    replay        recorded curves -> what a pruner saves and loses
    report        tables -> figures -> one page
    cli           one module a command

For Python programs, the verbs of the command line as functions (loaded when they are first used):

    load_spec(path, CATALOGUE) -> StudySpec
    open_declared(name, spec, base_dir, storage) -> OpenStudy
    open_existing(name, storage) -> OpenStudy
    run_session(study, workers, watch) -> None
    open_database(storage, create) -> Database; Ledger(database).trials(name)
    front(trials, objectives) -> list[TrialRecord]; frame(trials, objectives) -> pandas.DataFrame
    write_report(ledger, name, folder) -> ReportFiles
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.lazy import loaded_from

if TYPE_CHECKING:
    from tuner.analysis.front import front
    from tuner.analysis.tables import frame
    from tuner.catalogue import CATALOGUE
    from tuner.execution.launch import open_declared, open_existing, run_session
    from tuner.report.files import write_report
    from tuner.spec.load import load_spec
    from tuner.storage import Ledger, open_database

__all__ = [
    "CATALOGUE",
    "Ledger",
    "frame",
    "front",
    "load_spec",
    "open_database",
    "open_declared",
    "open_existing",
    "run_session",
    "write_report",
]

_HOMES = {
    "CATALOGUE": "tuner.catalogue",
    "Ledger": "tuner.storage",
    "frame": "tuner.analysis.tables",
    "front": "tuner.analysis.front",
    "load_spec": "tuner.spec.load",
    "open_database": "tuner.storage",
    "open_declared": "tuner.execution.launch",
    "open_existing": "tuner.execution.launch",
    "run_session": "tuner.execution.launch",
    "write_report": "tuner.report.files",
}

__getattr__ = loaded_from(_HOMES, __name__)
