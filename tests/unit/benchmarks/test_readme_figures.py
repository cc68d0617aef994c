"""The README's figures are those of the kept results."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from benchmarks.paths import RESULTS, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMED = {
    "`tuner`": "tuner",
    "Ray Tune, ASHA": "Ray Tune ASHA",
    "Syne Tune, MO-ASHA": "Syne Tune MO-ASHA",
    "KerasTuner, Hyperband": "KerasTuner Hyperband",
    "Optuna script, TPE": "Optuna script, TPE",
}


def result(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / "full" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def medians(judged: str) -> dict[str, float]:
    found: dict[str, float] = result("front")[judged]["summary"]["medians"]
    return found


@pytest.mark.parametrize("said", NAMED)
def test_fronts_cover_what_the_comparison_found(said: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| {said} |"))
    as_found, unseen = ([float(each) for each in re.findall(r"0\.\d+", cell)] for cell in row.split("|")[2:4])
    method = NAMED[said]
    wanted = [medians("as_found")[method]]
    if method in medians("at_most"):
        wanted.append(medians("at_most")[method])
    wanted_unseen = [medians("trained_again")[method]]
    if method == "tuner":
        wanted_unseen.append(medians("trained_again")["tuner, by expected accuracy"])

    assert as_found == [round(each, 3) for each in wanted]
    assert unseen == [round(each, 3) for each in wanted_unseen]


@pytest.mark.parametrize("judged", ["as_found", "trained_again_single", "trained_again"])
def test_shares_of_the_time_are_those_of_the_comparison(judged: str) -> None:
    found = result("front")[judged]["summary"]
    share, shares = round(100 * found["share"]), [round(100 * each) for each in found["shares"]]
    told = re.findall(r"(\d+) %\s+\((\d+), (\d+), (\d+)", README)

    assert found["best_peer"] == "Ray Tune ASHA"
    assert (str(share), *map(str, shares)) in told


def test_what_an_orchestrator_costs_is_as_measured() -> None:
    measured = result("efficiency")
    told = " ".join(README.split())

    assert f"20 trials {measured['inside_keras']:.3f} were" in told
    assert f"left to run {measured['inside_keras_while_busy']:.3f}" in told
    assert f"with tracing {measured['with_compiling_while_busy']:.3f}" in told
    assert f"took {measured['bare_to_tuner']:.3f} of its time" in told
