"""Every error that a person can meet, each with the exit code it ends in.

    TunerError                      1    a fault of the program itself
    |-- InputError                  2    what was given cannot be used
    |   |-- SpecError               2    the search-space file; all its problems at once
    |   |-- DataError               2    texts, labels, columns, splits
    |   |-- VectorsError            2    a file of word vectors
    |   |-- ModelError              2    a kept model
    |   `-- StudyChangedError       2    the study was begun with another space or other data
    |-- NotFoundError               3    no such study, trial or file
    |-- StorageRefusedError         4    the database is corrupt, foreign, read-only or of another schema
    |-- StorageUnreachableError     5    the database did not answer in time
    |-- NoSpaceError                6    the disk is full
    |-- TooManyFailuresError        7    too many failed trials in a row, or none finished
    `-- StudyInterruptedError     130    stopped by a signal, everything kept (SIGTERM 143, SIGHUP 129)

A message says *where: what was found, what was expected*; ``hint`` says what to do. Both are plain
text on one line, for the command line prints them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from tuner.suggested import command

__all__ = [
    "DataError",
    "InputError",
    "ModelError",
    "NoSpaceError",
    "NotFoundError",
    "Problem",
    "SpecError",
    "StorageRefusedError",
    "StorageUnreachableError",
    "StudyChangedError",
    "StudyInterruptedError",
    "TooManyFailuresError",
    "TunerError",
    "VectorsError",
]


class TunerError(Exception):
    """Base of all errors of this project.

    Args:
        message: Where, what was found and what was expected, on one line.
        hint: What the reader can do about it, or an empty string.
    """

    exit_code: int = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class InputError(TunerError):
    """What was given on the command line or in a file cannot be used."""

    exit_code = 2


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a search-space file.

    Attributes:
        file: Path as the person gave it.
        line: 1-based line.
        column: 1-based column.
        message: What was found and what was expected.
        hint: What to do, or an empty string.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{text}; {self.hint}" if self.hint else text


class SpecError(InputError):
    """A search-space file has problems; ``problems`` lists all of them in the order of their lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DataError(InputError):
    """The texts or labels cannot be used as declared."""


class VectorsError(InputError):
    """A file of word vectors cannot be read as declared."""


class ModelError(InputError):
    """A kept model is not what a trial leaves."""


class StudyChangedError(InputError):
    """The study was begun with another space, other data or other objectives.

    Args:
        study: The study's name.
        differences: One short sentence for each difference.
    """

    def __init__(self, study: str, differences: list[str]) -> None:
        self.study = study
        self.differences = differences
        super().__init__(
            f"study '{study}' was begun with another declaration: " + "; ".join(differences),
            "give this one a name of its own with --study, or restore what differs",
        )


class NotFoundError(TunerError):
    """No study, trial or file of that name."""

    exit_code = 3

    @classmethod
    def of_trial(cls, study: str, number: int) -> NotFoundError:
        """Say of a study that it has no trial of a number."""
        return cls(f"study '{study}' has no trial {number}", f"`{command('trials', study)}` lists them")


class StorageRefusedError(TunerError):
    """The database cannot be used: corrupt, foreign, read-only, other schema, network file system."""

    exit_code = 4


class StorageUnreachableError(TunerError):
    """The database did not answer within the declared time."""

    exit_code = 5


class NoSpaceError(TunerError):
    """The disk is full."""

    exit_code = 6


class TooManyFailuresError(TunerError):
    """Too many trials failed in a row, or no trial finished at all."""

    exit_code = 7


class StudyInterruptedError(TunerError):
    """A signal stopped the run; everything was kept.

    Args:
        message: What was kept and how to go on.
        exit_code: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP.
    """

    def __init__(self, message: str, hint: str = "", exit_code: int = 130) -> None:
        super().__init__(message, hint)
        self.exit_code = exit_code
