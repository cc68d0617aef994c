"""Where benchmarks read and write; the results are kept with the code, the rest may be thrown away."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "DOCS",
    "MEASURED",
    "RESULTS",
    "ROOT",
    "WORK",
    "environment",
    "publish",
    "remarks_in",
    "write_json",
]

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
"""``full`` is kept with the code; ``quick`` is for trying, and no page is made of it that is kept."""
WORK = ROOT / "benchmarks" / ".work"
MEASURED = WORK / "results"
"""What was measured in this checkout, whole or in part; it replaces results when a page is written."""
DOCS = ROOT / "docs"


def environment() -> dict[str, str]:
    """Return the environment of child processes, which find this package wherever they run."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3"}


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a result in one step: whoever is interrupted leaves the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(path)


def remarks_in(path: Path) -> list[str]:
    """Return what whoever measured wrote into a file, a line each: what disturbed the runs, say."""
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def publish(name: str) -> None:
    """Put what was measured in the place of the results of the same name; a folder replaces a folder."""
    for path in (MEASURED / name).glob("*"):
        target = RESULTS / name / path.name
        if path.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(path, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
