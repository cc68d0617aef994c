"""What tests of the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recorded import record_study


@pytest.fixture
def storage(tmp_path: Path) -> str:
    """A database with the recorded study."""
    path = str(tmp_path / "tuner.db")
    record_study(path)
    return path
