"""What several runs were measured on is told as one."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import machine
from benchmarks.paths import ROOT


def facts(**different: Any) -> dict[str, Any]:
    return {
        "processor": "one",
        "date": "2026-01-02",
        "load_before": 0.4,
        "versions": {"keras": "3"},
        **different,
    }


def test_what_is_the_same_of_all_runs_is_told_once() -> None:
    assert machine.facts_of([facts(), facts()]) == facts()


def test_loads_are_told_from_the_least_to_the_most_and_machines_all() -> None:
    told = machine.facts_of(
        [facts(load_before=2.5, processor="two"), facts(date="2026-01-03"), facts(versions={"ray": "2"})]
    )

    assert told == {
        "processor": "one, two",
        "date": "2026-01-02, 2026-01-03",
        "load_before": "0.4 to 2.5",
        "versions": {"keras": "3", "ray": "2"},
    }


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout")
def test_a_run_in_a_checkout_tells_its_revision() -> None:
    assert "revision" in machine.facts(())
