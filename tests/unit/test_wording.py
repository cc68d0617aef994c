"""One of something is one, and any other number of it many."""

from __future__ import annotations

import pytest

from tuner.wording import counted


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 other sessions"), (1, "1 other session"), (2, "2 other sessions")]
)
def test_how_many_there_are_is_said_as_a_person_would(count: int, said: str) -> None:
    assert counted(count, "other session") == said
