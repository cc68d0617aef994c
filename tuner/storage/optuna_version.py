"""Of which version Optuna's tables are, told without its storage and the tools that it moves tables with.

These take longer to load than some hundred trials to read, and who only reads needs neither. This
module never refuses a database: what it cannot tell for certain, Optuna's own check is asked for.
"""

from __future__ import annotations

import re
from pathlib import Path

import optuna
import sqlalchemy as sa

__all__ = ["head_of", "is_current"]

_STEPS = Path(optuna.__file__).parent / "storages" / "_rdb" / "alembic" / "versions"
_LINE = re.compile(r"^(revision|down_revision)\b[^=\n]*=[ \t]*(.+)$", re.MULTILINE)
_NAME = re.compile(r"""["']([^"']+)["'][ \t]*(?:\#.*)?|None[ \t]*(?:\#.*)?""")


def is_current(connection: sa.Connection) -> bool:
    """Tell whether Optuna's tables are certainly those that the installed Optuna would make.

    Args:
        connection: To a database that may hold any tables.
    """
    if not sa.inspect(connection).has_table("alembic_version"):
        return False
    found = connection.scalars(sa.text("SELECT version_num FROM alembic_version")).all()
    head = head_of(_STEPS)
    return bool(head) and list(found) == [head]


def head_of(folder: Path) -> str:
    """Return the newest version of tables that a folder of Alembic's steps leads to.

    Args:
        folder: With one module a step, which names itself and the step before it.

    Returns:
        An empty string where that is not certain: a step cannot be read, or several are the last.
    """
    steps: dict[str, str] = {}
    for path in folder.glob("*.py"):
        try:
            lines = dict(_LINE.findall(path.read_text(encoding="utf-8")))
            own, before = (_NAME.fullmatch(lines[name].strip()) for name in ("revision", "down_revision"))
        except (OSError, KeyError, UnicodeDecodeError):
            return ""
        if own is None or own[1] is None or before is None:
            return ""
        steps[own[1]] = before[1] or ""
    last = steps.keys() - set(steps.values())
    return last.pop() if len(last) == 1 else ""
