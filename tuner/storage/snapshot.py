"""One study as it stood at one moment, read in parts: what nobody looks at is never in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, TypeVar

from tuner.storage.additions import read_baselines, read_timings
from tuner.storage.pages import count_unfit, read_begun, read_pages, read_these, read_ways
from tuner.storage.reading import measured_on_test, states_of, stored_values
from tuner.storage.records import (
    BaselineRecord,
    Begun,
    BudgetUse,
    StudyRecord,
    TimingRecord,
    TrialRecord,
    Which,
)
from tuner.storage.studies import use_of_budget

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tuner.storage.engine import Database

__all__ = ["Snapshot"]

_Found = TypeVar("_Found")


class Snapshot:
    """A study's records, all of one moment. Made by ``Ledger.snapshot``.

    Whatever is told meanwhile, and however long the reader takes, every answer is of the same state. Every
    method may raise ``StorageRefusedError`` or ``StorageUnreachableError``.

    Args:
        database: Where.
        connection: Of ``database.snapshot``.
        study: The study's record.

    Attributes:
        study: The study's record.
    """

    def __init__(self, database: Database, connection: sa.Connection, study: StudyRecord) -> None:
        self.study = study
        self._database = database
        self._connection = connection
        self._id = study.optuna_id

    def pages(self, which: Which | None = None) -> Iterator[list[TrialRecord]]:
        """Yield trials by number, some hundred at once; a page is read when it is asked for.

        Args:
            which: Of the study's trials. Defaults to all of them, whole.
        """
        return self._each(read_pages(self._connection, self._id, self.study.spec, which or Which()))

    def _each(self, found: Iterator[_Found]) -> Iterator[_Found]:
        """Yield what is read, errors of reading translated; what goes wrong in between is the reader's."""
        while True:
            with self._database.translated():
                one = next(found, None)
            if one is None:
                return
            yield one

    def these(self, numbers: Collection[int]) -> list[TrialRecord]:
        """Return the trials of these numbers, by number."""
        with self._database.translated():
            return read_these(self._connection, self._id, self.study.spec, numbers)

    def points(self) -> list[TrialRecord]:
        """Return the trials that completed, by number, with their values and, of their facts, the ways.

        A way is what :func:`~tuner.storage.pages.read_ways` reads; nothing else is there.
        """
        with self._database.translated():
            ways = read_ways(self._connection, self._id)
            return [
                TrialRecord(number, "COMPLETE", values=values, facts=ways.get(number, {}))
                for number, values in stored_values(self._connection, self._id)
            ]

    def begun(self) -> Iterator[Begun]:
        """Yield the trials that sessions have begun, by number; they are read as they are asked for."""
        return self._each(read_begun(self._connection, self._id))

    def timings(self, numbers: Collection[int] | None = None) -> list[TimingRecord]:
        """Return the timings of these trials, or of all, in the order in which they were taken."""
        with self._database.translated():
            return read_timings(self._connection, self._id, numbers)

    def states(self) -> dict[str, int]:
        """Return how many trials there are of each state that any has."""
        with self._database.translated():
            return states_of(self._connection, self._id)

    def unfit(self) -> int:
        """Return how many trials were not begun because they did not fit into memory."""
        with self._database.translated():
            return count_unfit(self._connection, self._id)

    def measured_on_test(self) -> set[int]:
        """Return the numbers of the trials that have test metrics."""
        with self._database.translated():
            return measured_on_test(self._connection, self._id)

    def use_of_budget(self) -> BudgetUse:
        """Return what of the study's budget is used up, over all sessions and machines."""
        with self._database.translated():
            return use_of_budget(self._connection, self._id, self.study.budget)

    def baselines(self) -> list[BaselineRecord]:
        """Return the study's baselines, in the order in which they were recorded."""
        with self._database.translated():
            return read_baselines(self._connection, self._id)
