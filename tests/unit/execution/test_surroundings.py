"""What is kept of a session's surroundings; git is a real one in a folder of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tuner.execution.surroundings import ask_git, surroundings_of

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def no_git(_folder: Path, _arguments: Sequence[str]) -> str | None:
    return None


@pytest.fixture
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A declared file in a work tree, committed."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    file = tmp_path / "work" / "space.yaml"
    file.parent.mkdir()
    file.write_text("task: binary\n")
    for arguments in (
        ["init", "--quiet"],
        ["config", "user.name", "Ada Lovelace"],
        ["config", "user.email", "ada@example.org"],
        ["add", "space.yaml"],
        ["commit", "--quiet", "--message", "a space"],
    ):
        assert ask_git(file.parent, arguments) is not None
    return file


@needs_git
def test_the_declared_files_commit_is_kept(committed: Path) -> None:
    found = surroundings_of(committed, {})

    assert found.facts["space_file"] == str(committed)
    assert found.facts["space_commit"] == ask_git(committed.parent, ["rev-parse", "HEAD"])


@needs_git
def test_a_file_changed_since_says_so(committed: Path) -> None:
    commit = ask_git(committed.parent, ["rev-parse", "HEAD"])
    committed.write_text("task: multiclass\n")

    assert surroundings_of(committed, {}).facts["space_commit"] == f"{commit}+changes"


@needs_git
def test_the_commit_is_that_of_the_file_and_not_the_newest(committed: Path) -> None:
    commit = ask_git(committed.parent, ["rev-parse", "HEAD"])
    (committed.parent / "other.txt").write_text("x")
    ask_git(committed.parent, ["add", "."])
    ask_git(committed.parent, ["commit", "--quiet", "--message", "another file"])

    assert surroundings_of(committed, {}).facts["space_commit"] == commit


@needs_git
def test_a_file_that_was_never_committed_says_so(committed: Path) -> None:
    other = committed.with_name("other.yaml")
    other.write_text("task: binary\n")

    assert surroundings_of(other, {}).facts["space_commit"] == "not committed"


@needs_git
def test_outside_a_work_tree_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    file = tmp_path / "space.yaml"
    file.write_text("task: binary\n")

    found = surroundings_of(file, {})

    assert found.facts["space_file"] == str(file)
    assert "space_commit" not in found.facts


@needs_git
def test_the_researcher_is_the_one_named_else_gits_else_the_account(
    committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")

    assert surroundings_of(committed, {"TUNER_RESEARCHER": "A. Lovelace"}).researcher == "A. Lovelace"
    assert surroundings_of(committed, {}).researcher == "Ada Lovelace"
    assert surroundings_of(committed, {}, no_git).researcher == "ada"


def test_an_account_without_a_name_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", nobody)

    assert surroundings_of(None, {}, no_git).researcher == ""


def test_without_a_file_the_machine_and_the_versions_are_kept() -> None:
    facts = surroundings_of(None, {}, no_git).facts

    assert facts.keys() >= {"system", "cpu_count", "memory_bytes", "python", "optuna", "tensorflow", "keras"}
    assert "space_file" not in facts
    assert int(facts["memory_bytes"]) > 1 << 28


def test_a_git_that_is_not_there_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert ask_git(tmp_path, ["status"]) is None


@needs_git
def test_a_work_trees_settings_start_no_program(committed: Path) -> None:
    planted = committed.parent / "planted.sh"
    planted.write_text(f"#!/bin/sh\ntouch {committed.parent}/ran\n")
    planted.chmod(0o755)
    ask_git(committed.parent, ["config", "core.fsmonitor", str(planted)])

    surroundings_of(committed, {})

    assert not (committed.parent / "ran").exists()
