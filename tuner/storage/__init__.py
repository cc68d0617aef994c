"""Where studies are kept: Optuna's tables and ours in one database, SQLite or PostgreSQL.

``open_database`` opens it, ``Ledger`` reads and begins studies, ``Ledger.join`` gives a session its
``RunningStudy``. What this package must not know: how trials are run, and what is shown of them.
"""

from __future__ import annotations

from tuner.storage.engine import Database, open_database
from tuner.storage.ledger import Ledger
from tuner.storage.owners import Owner, this_owner
from tuner.storage.records import (
    BaselineRecord,
    BudgetUse,
    Claim,
    EventRecord,
    LiveSession,
    NoteRecord,
    Retimed,
    SessionRecord,
    StudyRecord,
    TimingRecord,
    TrialRecord,
    WorkerRecord,
)
from tuner.storage.running import RunningStudy, Surroundings
from tuner.storage.studies import check_name
from tuner.storage.timing import TimingSession
from tuner.storage.urls import cache_folder, safe_url, studies_folder, study_folder

__all__ = [
    "BaselineRecord",
    "BudgetUse",
    "Claim",
    "Database",
    "EventRecord",
    "Ledger",
    "LiveSession",
    "NoteRecord",
    "Owner",
    "Retimed",
    "RunningStudy",
    "SessionRecord",
    "StudyRecord",
    "Surroundings",
    "TimingRecord",
    "TimingSession",
    "TrialRecord",
    "WorkerRecord",
    "cache_folder",
    "check_name",
    "open_database",
    "safe_url",
    "studies_folder",
    "study_folder",
    "this_owner",
]
