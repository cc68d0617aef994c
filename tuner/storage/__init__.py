"""Where studies are kept: Optuna's tables and ours in one database, SQLite or PostgreSQL.

``open_database`` opens it, ``Ledger`` reads and begins studies, ``Ledger.join`` gives a session its
``RunningStudy``. What this package must not know: how trials are run, and what is shown of them.

Its names are loaded when they are first used: what looks at a file before anything is loaded stands here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.lazy import loaded_from

if TYPE_CHECKING:
    from tuner.storage.engine import Database, open_database
    from tuner.storage.ledger import Ledger
    from tuner.storage.owners import Owner, this_owner
    from tuner.storage.records import (
        BaselineRecord,
        Begun,
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
        Which,
        WorkerRecord,
    )
    from tuner.storage.running import RunningStudy, Surroundings
    from tuner.storage.snapshot import Snapshot
    from tuner.storage.studies import check_name
    from tuner.storage.timing import TimingSession
    from tuner.storage.urls import cache_folder, safe_url, studies_folder, study_folder

__all__ = [
    "BaselineRecord",
    "Begun",
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
    "Snapshot",
    "StudyRecord",
    "Surroundings",
    "TimingRecord",
    "TimingSession",
    "TrialRecord",
    "Which",
    "WorkerRecord",
    "cache_folder",
    "check_name",
    "open_database",
    "safe_url",
    "studies_folder",
    "study_folder",
    "this_owner",
]

_HOMES = {
    "BaselineRecord": "tuner.storage.records",
    "Begun": "tuner.storage.records",
    "BudgetUse": "tuner.storage.records",
    "Claim": "tuner.storage.records",
    "Database": "tuner.storage.engine",
    "EventRecord": "tuner.storage.records",
    "Ledger": "tuner.storage.ledger",
    "LiveSession": "tuner.storage.records",
    "NoteRecord": "tuner.storage.records",
    "Owner": "tuner.storage.owners",
    "Retimed": "tuner.storage.records",
    "RunningStudy": "tuner.storage.running",
    "SessionRecord": "tuner.storage.records",
    "Snapshot": "tuner.storage.snapshot",
    "StudyRecord": "tuner.storage.records",
    "Surroundings": "tuner.storage.running",
    "TimingRecord": "tuner.storage.records",
    "TimingSession": "tuner.storage.timing",
    "TrialRecord": "tuner.storage.records",
    "Which": "tuner.storage.records",
    "WorkerRecord": "tuner.storage.records",
    "cache_folder": "tuner.storage.urls",
    "check_name": "tuner.storage.studies",
    "open_database": "tuner.storage.engine",
    "safe_url": "tuner.storage.urls",
    "studies_folder": "tuner.storage.urls",
    "study_folder": "tuner.storage.urls",
    "this_owner": "tuner.storage.owners",
}

__getattr__ = loaded_from(_HOMES, __name__)
