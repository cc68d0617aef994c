"""The folders of a study's trials, as its coordinator keeps and clears them."""

from __future__ import annotations

import shutil
from collections.abc import Set as AbstractSet
from contextlib import suppress

from tuner.execution.plan import StudyPlan
from tuner.training.checkpoint import clear_folder
from tuner.training.kept_model import MODEL_FILE
from tuner.trial import Ending

__all__ = ["TrialFiles"]


class TrialFiles:
    """Knows which trials' files are needed no more.

    Args:
        plan: Of the study.
    """

    def __init__(self, plan: StudyPlan) -> None:
        self._plan = plan
        self._dropped: set[int] = set()

    def has_model(self, number: int) -> bool:
        """Tell whether a trial's kept model is on this machine."""
        return (self._plan.trial_dir(number) / MODEL_FILE).is_file()

    def clear(self, number: int, ending: Ending) -> None:
        """Delete the files of an ended trial, but for what a complete one keeps.

        What cannot be deleted stays and takes room, which is no reason to end a session.
        """
        with suppress(OSError):
            clear_folder(self._plan.trial_dir(number), ending)

    def drop_models(self, dominated: AbstractSet[int]) -> None:
        """Keep the models of the front's members only: a dominated model is never looked at again."""
        for number in dominated - self._dropped:
            shutil.rmtree(self._plan.trial_dir(number), ignore_errors=True)
        self._dropped |= dominated
