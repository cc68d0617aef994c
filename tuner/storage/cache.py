"""How much of a long study Optuna holds in memory.

Optuna reads every trial of a study when it first asks for one, and keeps them: at 10,000 trials that is 4 s
and 170 MB. A sampler that looks at a part of them needs that part only.
"""

from __future__ import annotations

from typing import cast

import optuna
import sqlalchemy as sa
from optuna.storages._cached_storage import _CachedStorage, _StudyInfo

from tuner.search.history import lasting_numbers
from tuner.search.optuna_samplers import START_POINT
from tuner.storage.reading import stored_values
from tuner.storage.tables import optuna_trials, user_attributes

__all__ = ["remember_only", "share_distributions"]

_ENDED = ("COMPLETE", "PRUNED", "FAIL")


def remember_only(
    study: optuna.Study, connection: sa.Connection, study_id: int, maximize: list[bool], most: int
) -> None:
    """Let Optuna's study read, of the trials that have ended by now, those only that say most, and
    will when more have.

    The start points that were declared are read as well, so that they are found again; the last trial,
    whatever its end, for the next one's number, and with it its point, is told from it; and all that ends
    later. Optuna has no public way to this: the two fields that are set belong to its version 5.0, and
    ``test_cache`` fails where they mean something else.

    Args:
        study: Optuna's, fresh: nothing was asked of it yet.
        connection: Sees one state of the database.
        study_id: The study's key.
        maximize: For each objective, whether more is better.
        most: Ended trials that its sampler looks at.
    """
    mine = optuna_trials.c.study_id == study_id
    is_learned = optuna_trials.c.state.in_(("COMPLETE", "PRUNED"))
    learned = list(connection.scalars(sa.select(optuna_trials.c.number).where(mine, is_learned)))
    if len(learned) <= most:
        return
    chosen = lasting_numbers(learned, list(stored_values(connection, study_id)), maximize, most)
    marked = set(
        connection.scalars(sa.select(user_attributes.c.trial_id).where(user_attributes.c.key == START_POINT))
    )
    cache = cast("_CachedStorage", study._storage)
    known = cache._studies.setdefault(study_id, _StudyInfo())
    last = connection.scalar(sa.select(sa.func.max(optuna_trials.c.number)).where(mine))
    columns = (optuna_trials.c.trial_id, optuna_trials.c.number, optuna_trials.c.state)
    for trial_id, number, state in connection.execute(sa.select(*columns).where(mine)):
        if state in _ENDED:
            known.last_finished_trial_id = max(known.last_finished_trial_id, trial_id)
        if number in chosen or number == last or state not in _ENDED or trial_id in marked:
            known.unfinished_trial_ids.add(trial_id)


def share_distributions(study: optuna.Study) -> None:
    """Let the trials that a study has read share equal distributions: Optuna makes one a trial and parameter.

    Of 800 trials of six parameters that is more than a MiB.
    """
    shared: dict[optuna.distributions.BaseDistribution, optuna.distributions.BaseDistribution] = {}
    for trial in study.get_trials(deepcopy=False):
        for name, distribution in trial.distributions.items():
            trial.distributions[name] = shared.setdefault(distribution, distribution)
