"""What can be run and is probably not what was meant: told by ``tuner check``, never in the way."""

from __future__ import annotations

from tuner.spec.catalogue import Catalogue
from tuner.spec.combinations import effect_warnings
from tuner.spec.values import StudySpec

__all__ = ["warnings_for"]


def warnings_for(spec: StudySpec, catalogue: Catalogue) -> list[str]:
    """Name what is probably not meant, and what to write instead.

    Args:
        spec: A checked spec.
        catalogue: The one it was checked against.

    Returns:
        One sentence each.
    """
    return [*effect_warnings(spec, catalogue), *_test_warnings(spec)]


def _test_warnings(spec: StudySpec) -> list[str]:
    if spec.test_on == "front" or spec.pruner.name == "none":
        return []
    return [
        f"test_on: all measures finished trials, and the pruner {spec.pruner.name} leaves some unfinished; "
        "write `pruner: none` to compare all of them"
    ]
