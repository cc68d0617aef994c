"""The tables: ours, which Optuna lacks, and those of Optuna's that are read in plain SQL.

Points in time are seconds since 1970 (UTC) by the database's clock, so that no time zone can enter.
JSON is kept as text: both databases keep that byte for byte.
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "OPTUNA",
    "OURS",
    "baselines",
    "epochs",
    "events",
    "leases",
    "notes",
    "optuna_studies",
    "optuna_trials",
    "params",
    "results",
    "schema",
    "sessions",
    "studies",
    "study_children",
    "system_attributes",
    "timings",
    "trial_children",
    "user_attributes",
    "values",
    "workers",
]

OURS = sa.MetaData()


def _study() -> sa.Column[int]:
    """Return the key of Optuna's study; rows of a study are deleted with it by hand, in one transaction."""
    return sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False)


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer, primary_key=True, autoincrement=False)


schema = sa.Table(
    "tuner_schema",
    OURS,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("made_at", sa.Double, nullable=False),
)

studies = sa.Table(
    "tuner_studies",
    OURS,
    _study(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("spec", sa.Text, nullable=False),
    sa.Column("spec_hash", sa.Text, nullable=False),
    sa.Column("base_dir", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("data_summary", sa.Text, nullable=False),
    sa.Column("budget", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
)

sessions = sa.Table(
    "tuner_sessions",
    OURS,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("study_id", sa.Integer, nullable=False, index=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Column("renewed_monotonic_s", sa.Double, nullable=False),
    sa.Column("lease_s", sa.Double, nullable=False),
    sa.Column("used_s", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
    sa.Column("researcher", sa.Text),
    sa.Column("facts", sa.Text),
)

workers = sa.Table(
    "tuner_workers",
    OURS,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("worker", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("study_id", sa.Integer, nullable=False, index=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("cpu", sa.Text, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("calibration_s", sa.Double, nullable=False),
    sa.Column("versions", sa.Text, nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
)

leases = sa.Table(
    "tuner_leases",
    OURS,
    _study(),
    _number(),
    sa.Column("token", sa.Text),
    sa.Column("session_id", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("taken_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Column("renewed_monotonic_s", sa.Double, nullable=False),
    sa.Column("lease_s", sa.Double, nullable=False),
    sa.Column("deaths", sa.Integer, nullable=False),
)

epochs = sa.Table(
    "tuner_epochs",
    OURS,
    _study(),
    _number(),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("metrics", sa.Text, nullable=False),
    sa.Column("best_epoch", sa.Integer, nullable=False),
)

results = sa.Table(
    "tuner_results",
    OURS,
    _study(),
    _number(),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("ending", sa.Text, nullable=False),
    sa.Column("values", sa.Text),
    sa.Column("metrics", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("model_path", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("settings", sa.Text),
    sa.Column("test_metrics", sa.Text),
    sa.Column("deaths", sa.Integer, nullable=False),
    sa.Column("recorded_at", sa.Double, nullable=False),
    sa.Column("told", sa.Boolean, nullable=False),
    sa.Column("session_id", sa.Text),
    sa.Column("confusion", sa.Text),
    sa.Column("test_confusion", sa.Text),
    sa.Column("decision", sa.Text),
)

events = sa.Table(
    "tuner_events",
    OURS,
    sa.Column("event_id", sa.Integer, primary_key=True),
    sa.Column("study_id", sa.Integer, nullable=False, index=True),
    sa.Column("number", sa.Integer),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)

baselines = sa.Table(
    "tuner_baselines",
    OURS,
    _study(),
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("metrics", sa.Text, nullable=False),
    sa.Column("test_metrics", sa.Text, nullable=False),
    sa.Column("confusion", sa.Text, nullable=False),
    sa.Column("test_confusion", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Double, nullable=False),
)

notes = sa.Table(
    "tuner_notes",
    OURS,
    sa.Column("note_id", sa.Integer, primary_key=True),
    sa.Column("study_id", sa.Integer, nullable=False, index=True),
    sa.Column("number", sa.Integer),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)

timings = sa.Table(
    "tuner_timings",
    OURS,
    sa.Column("timing_id", sa.Integer, primary_key=True),
    sa.Column("study_id", sa.Integer, nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("training_time_s", sa.Double, nullable=False),
    sa.Column("calibration_s", sa.Double, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
)

# Optuna's tables as of version 5.0, the columns that are read. Never created from here.
OPTUNA = sa.MetaData()

_STATE = sa.Enum("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING", name="trialstate")

optuna_studies = sa.Table(
    "studies",
    OPTUNA,
    sa.Column("study_id", sa.Integer, primary_key=True),
    sa.Column("study_name", sa.String(512)),
)

optuna_trials = sa.Table(
    "trials",
    OPTUNA,
    sa.Column("trial_id", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer),
    sa.Column("study_id", sa.Integer),
    sa.Column("state", _STATE),
    sa.Column("datetime_start", sa.DateTime),
    sa.Column("datetime_complete", sa.DateTime),
)

params = sa.Table(
    "trial_params",
    OPTUNA,
    sa.Column("param_id", sa.Integer, primary_key=True),
    sa.Column("trial_id", sa.Integer),
    sa.Column("param_name", sa.String(512)),
    sa.Column("param_value", sa.Double),
    sa.Column("distribution_json", sa.Text),
)

values = sa.Table(
    "trial_values",
    OPTUNA,
    sa.Column("trial_value_id", sa.Integer, primary_key=True),
    sa.Column("trial_id", sa.Integer),
    sa.Column("objective", sa.Integer),
    sa.Column("value", sa.Double),
    sa.Column("value_type", sa.Enum("FINITE", "INF_POS", "INF_NEG", name="trialvaluetype")),
)

system_attributes = sa.Table(
    "trial_system_attributes",
    OPTUNA,
    sa.Column("trial_system_attribute_id", sa.Integer, primary_key=True),
    sa.Column("trial_id", sa.Integer),
    sa.Column("key", sa.String(512)),
    sa.Column("value_json", sa.Text),
)

user_attributes = sa.Table(
    "trial_user_attributes",
    OPTUNA,
    sa.Column("trial_user_attribute_id", sa.Integer, primary_key=True),
    sa.Column("trial_id", sa.Integer),
    sa.Column("key", sa.String(512)),
)

trial_children = (
    params,
    values,
    system_attributes,
    user_attributes,
    *(
        sa.Table(name, OPTUNA, sa.Column("trial_id", sa.Integer))
        for name in ("trial_intermediate_values", "trial_heartbeats")
    ),
)
"""Everything of Optuna's that hangs on a trial."""

study_children = tuple(
    sa.Table(name, OPTUNA, sa.Column("study_id", sa.Integer))
    for name in ("study_directions", "study_user_attributes", "study_system_attributes")
)
"""Everything of Optuna's that hangs on a study, beside its trials."""
