"""Who runs a session, and with what: kept beside its trials, so that a result can be traced to its file.

Nothing here may stop a session: what cannot be found out is left out.
"""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TypeAlias

import psutil

from tuner.spec.values import Value
from tuner.storage import Surroundings
from tuner.training.affinity import own_cores

__all__ = ["Git", "ask_git", "surroundings_of"]

Git: TypeAlias = Callable[[Path, Sequence[str]], str | None]
"""Runs git in a folder and returns what it says, or None where it cannot say it."""

_GIT_PATIENCE_S = 5.0
"""A work tree on a network file system that hangs must not keep a study from starting."""

_LIBRARIES = ("tuner", "optuna", "keras", "tensorflow", "numpy", "scikit-learn", "gensim", "sqlalchemy")


def surroundings_of(
    space_file: Path | None, environment: Mapping[str, str] | None = None, git: Git | None = None
) -> Surroundings:
    """Find out who runs a session, and with what.

    Args:
        space_file: The declared file; None where the study goes on without one.
        environment: ``TUNER_RESEARCHER`` names the researcher; else git's ``user.name`` does, else the name
            of the account. Defaults to the process's own.
        git: Defaults to the installed one.

    Returns:
        Facts: ``space_file``; ``space_commit``, the last commit of that file, with ``+changes`` when it was
        changed since, or ``not committed``; ``system``, ``cpu_count`` (processors that this process may
        use), ``memory_bytes`` (of the machine); the versions by library.
    """
    environment = os.environ if environment is None else environment
    git = git or ask_git
    folder = space_file.parent if space_file else Path.cwd()
    researcher = environment.get("TUNER_RESEARCHER") or git(folder, ["config", "user.name"]) or _account()
    facts: dict[str, Value] = {}
    if space_file is not None:
        facts["space_file"] = str(space_file)
        commit = _commit_of(space_file, git)
        facts |= {"space_commit": commit} if commit else {}
    facts |= {
        "system": platform.platform(),
        "cpu_count": len(own_cores()),
        "memory_bytes": int(psutil.virtual_memory().total),
        "python": platform.python_version(),
    }
    return Surroundings(researcher, facts | _versions())


def ask_git(folder: Path, arguments: Sequence[str]) -> str | None:
    """Run git in a folder without letting the folder's settings start programs, and wait but a moment."""
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_GIT_PATIENCE_S,
            check=True,
            env={**os.environ, **quiet},
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _commit_of(file: Path, git: Git) -> str:
    """Return the commit that a file was last changed in; an empty string outside any work tree."""
    commit = git(file.parent, ["log", "-1", "--format=%H", "--", file.name])
    if not commit:
        is_inside = git(file.parent, ["rev-parse", "--is-inside-work-tree"]) == "true"
        return "not committed" if is_inside else ""
    changed = git(file.parent, ["status", "--porcelain", "--", file.name])
    return f"{commit}+changes" if changed else commit


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's account may have no name
        return ""


def _versions() -> dict[str, Value]:
    found: dict[str, Value] = {}
    for library in _LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found
