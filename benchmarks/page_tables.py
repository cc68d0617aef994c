"""What every section of the page of benchmarks is made of."""

# ruff: noqa: E501 - the page's sentences, as they stand

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["measured_on", "of_the_time", "remarks_of", "table"]


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        "",
        f"| {' | '.join(headings)} |",
        f"|{'|'.join('---' for _ in headings)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def measured_on(facts: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    revision = f"; revision {facts['revision']}" if "revision" in facts else ""
    return [
        "",
        f"*{facts['date']}; {facts['cores']} cores of {facts['processor']}, {facts['memory_gib']} GiB; "
        f"{facts['system']}, Python {facts['python']}; {versions}{revision}; load before: {facts['load_before']}.*",
    ]


def remarks_of(document: Mapping[str, Any]) -> list[str]:
    """Return what whoever measured wrote beside the results."""
    remarks = document.get("remarks", ())
    return ["", "To be known of these runs:", "", *(f"* {each}" for each in remarks)] if remarks else []


def of_the_time(share: float | None) -> str:
    return "never" if share is None else f"{share:.0%} of the time"
