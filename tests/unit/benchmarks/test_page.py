"""The page says what the results say, and what they miss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import page, page_front, paths
from benchmarks.front.settings import FULL
from benchmarks.paths import DOCS, RESULTS, write_json
from benchmarks.scale.run import AIMS, COMMANDS, FLAT, goals_of

MACHINE = {
    "date": "2026-01-02",
    "cores": 2,
    "processor": "a processor",
    "memory_gib": 4,
    "system": "Linux x86_64",
    "python": "3.12.1",
    "versions": {"keras": "3.15"},
    "load_before": 0.1,
}


def front(best: str = "tuner") -> dict[str, Any]:
    finals = {"tuner": 0.7, "Syne Tune MO-ASHA": 0.6 if best == "tuner" else 0.8}
    scores = [
        {
            "method": name,
            "seed": 0,
            "networks": 9,
            "recurrent": 4,
            "final": final,
            "curve": [[5.0, final]],
            "front": [[0.8, 4.0]],
        }
        for name, final in finals.items()
    ]
    summary = {
        "medians": finals,
        "ours": "tuner",
        "best_peer": "Syne Tune MO-ASHA",
        "share": 0.2 if best == "tuner" else None,
        "shares": [0.2 if best == "tuner" else None],
        "beats": {"Syne Tune MO-ASHA": best == "tuner"},
        "lost": []
        if best == "tuner"
        else [{"method": "Syne Tune MO-ASHA", "seed": 0, "final": 0.8, "ours": 0.7}],
    }
    judged = {"scores": scores, "summary": summary}
    return {
        "settings": {**FULL.settings(), "seeds": 1},
        "unseen": FULL.unseen,
        "machine": MACHINE,
        "as_found": judged,
        "trained_again": judged,
    }


def scale_rows(
    last_p95_s: float, trials_s: float, session_mib: float = 120.0, list_mib: float = 90.0
) -> list[dict[str, Any]]:
    def row(trials: int, p95_s: float) -> dict[str, Any]:
        peaks = (100.0, 80.0) if trials == 100 else (session_mib, list_mib)
        session = {"first_ask_s": 0.1, "ask_tell_p50_s": 0.05, "ask_tell_p95_s": p95_s, "peak_mib": peaks[0]}
        commands = {name: {"seconds": 1.0, "peak_mib": peaks[1], "cpu_s": 0.9} for name in COMMANDS}
        commands["trials"]["seconds"] = trials_s
        return {"database": "sqlite", "trials": trials, "session": session, "commands": commands}

    return [row(100, 0.1), row(10_000, last_p95_s)]


def test_the_best_median_stands_first_with_its_machine_below() -> None:
    text = page.page_of({"front": front()}, "full")

    rows = [line for line in text.splitlines() if line.startswith("| ") and "**" in line]
    assert [row.split("|")[1].strip() for row in rows] == 2 * ["tuner", "Syne Tune MO-ASHA"]
    assert "**0.700**" in rows[0]
    assert text.count("ended with: after 20% of the time; seed by seed") == 2
    assert "2026-01-02; 2 cores of a processor, 4 GiB" in text
    assert "Nothing that was aimed at." in text


def test_a_peer_with_a_better_front_is_told() -> None:
    text = page.page_of({"front": front("Syne Tune MO-ASHA")}, "full")

    assert "* Syne Tune MO-ASHA ended with a better front" in text
    assert "* Trained again, on unseen texts: Syne Tune MO-ASHA ended with a better front" in text
    assert "was not reached in a fifth of the time, by the medians: never." in text


def test_what_whole_trainings_come_to_at_most_stands_beside_those_whose_epochs_count() -> None:
    document = front()
    peer = "Syne Tune MO-ASHA"
    document["at_most"] = {"scores": [{**document["as_found"]["scores"][1], "final": 0.65}]}

    text = page.page_of({"front": document}, "full")

    assert "| 0.600 | 0.650 (0.650) |" in next(
        line for line in text.splitlines() if line.startswith(f"| {peer}")
    )
    assert "| each counts |" in next(line for line in text.splitlines() if line.startswith("| tuner"))


def test_a_front_that_lies_beyond_the_seconds_that_count_has_no_best_accuracy() -> None:
    document = front()
    document["as_found"]["scores"][1]["front"] = [[0.8, FULL.ceiling_s + 1]]

    text = page.page_of({"front": document}, "full")

    assert next(line for line in text.splitlines() if line.startswith("| Syne Tune")).count("| none |") == 1


@pytest.mark.parametrize(("last_p95_s", "trials_s", "missed"), [(0.2, 2.9, 0), (0.4, 2.9, 1), (0.4, 3.1, 2)])
def test_the_goals_of_size_are_judged(last_p95_s: float, trials_s: float, missed: int) -> None:
    rows = scale_rows(last_p95_s, trials_s)
    document = {"machine": MACHINE, "asked": 60, "rows": rows, "goals": goals_of(rows), "aims": AIMS}

    text = page.page_of({"scale": document}, "full")

    assert text.count(": missed.") == missed
    assert "| sqlite | 10,000 |" in text
    assert "| `trials --format json` |" in text
    assert AIMS in text


@pytest.mark.parametrize(
    ("session_mib", "list_mib", "missed"), [(130.0, 95.0, 0), (131.0, 95.0, 1), (130.0, 95.1, len(FLAT))]
)
def test_memory_that_grows_with_the_study_is_a_goal_missed(
    session_mib: float, list_mib: float, missed: int
) -> None:
    goals = goals_of(scale_rows(0.2, 2.9, session_mib, list_mib))

    assert sum(not met for met in goals.values()) == missed


def test_what_parts_bring_is_told_a_row_a_variation() -> None:
    row = {"finals": [0.6, 0.7], "held": [0.5, 0.6], "final": 0.65, "mean_held": 0.55, "networks": 40}
    rows = [{"variation": name, **row} for name in ("as it is", "`pruner: none`")]
    document = {"settings": {"seconds": 300.0, "seeds": 2}, "rows": rows, "machine": MACHINE}

    text = page.page_of({"parts": document}, "full")

    assert "| `pruner: none` | **0.650** | 0.600, 0.700 | **0.550** | 0.500, 0.600 | 40 |" in text
    assert "The same 300 s with `tuner` alone" in text


def test_several_runs_of_the_efficiency_are_told_with_their_range() -> None:
    document = json.loads((RESULTS / "full" / "efficiency.json").read_text(encoding="utf-8"))
    runs = [
        {"inside_keras": each, "inside_keras_while_busy": each, "bare_to_tuner": 1.0} for each in (0.94, 0.96)
    ]

    text = page.page_of({"efficiency": {**document, "runs": runs}}, "full")

    assert "All of it was done 2 times" in text
    assert "Inside Keras: 0.940, 0.960;" in text
    assert "All of it was done" not in page.page_of({"efficiency": {**document, "runs": runs[:1]}}, "full")


def test_fairness_and_what_was_tried_are_told_as_recorded() -> None:
    names = ("fairness", "queue_order")
    results = {name: json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in names}

    text = page.page_of(results, "full")

    assert f"**{results['fairness']['ratio']:.3f}**; the goal is at most a third" in text
    assert text.count("| alone: ") == 1
    assert text.count("| reviews_64 | ") == text.count("| sentences_64 | ") == 7


def test_the_page_in_the_docs_is_what_the_results_say() -> None:
    files = [*RESULTS.glob("*.json"), *(RESULTS / "full").glob("*.json")]
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}
    drawn = [name for name in page_front.PICTURES if (DOCS / name).is_file()]

    assert (DOCS / "benchmarks.md").read_text(encoding="utf-8") == page.page_of(results, "full", drawn)


def test_a_quick_run_leaves_the_page_of_the_full_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(paths, "MEASURED", tmp_path / "measured")
    monkeypatch.setattr(page, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(page, "draw", lambda *_: ())
    monkeypatch.setattr("sys.argv", ["page", "--quick"])
    kept = tmp_path / "docs" / "benchmarks.md"
    kept.parent.mkdir()
    kept.write_text("full")
    write_json(tmp_path / "measured" / "quick" / "front.json", front())
    write_json(tmp_path / "measured" / "quick" / "front" / "a.json", {})
    write_json(tmp_path / "results" / "quick" / "front" / "of_before.json", {})

    page.main()

    published = sorted(path.name for path in (tmp_path / "results" / "quick" / "front").iterdir())
    assert published == ["a.json"]

    assert kept.read_text() == "full"
    written = Path(capsys.readouterr().out.strip())
    assert written == tmp_path / "results" / "quick" / "benchmarks.md"
    assert "A quick run" in written.read_text()


def test_a_result_is_json_that_another_program_reads(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "a.json", {"b": [1.5, None]})

    assert json.loads((tmp_path / "deep" / "a.json").read_text()) == {"b": [1.5, None]}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.json"]
