"""What the pages say is kept true: commands exist, files load, references are today's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from tuner.catalogue import CATALOGUE
from tuner.cli import COMMANDS, program
from tuner.spec import dump_spec, load_spec, parse_spec
from tuner.spec.reference import reference
from tuner.spec.schema import schema_text

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SPACES = sorted((ROOT / "search_spaces").glob("*.yaml"))


def said_commands(text: str) -> list[str]:
    """Return every ``tuner ...`` line of the text's console blocks, without its comment."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [
        line.removeprefix("$ ").split("  #")[0].strip() for block in blocks for line in block.splitlines()
    ]
    return [line for line in lines if line.startswith("tuner ")]


def command(name: str) -> click.Command:
    found = program.get_command(click.Context(program), name)
    assert found is not None, f"`tuner {name}` does not exist"
    return found


@pytest.mark.parametrize("line", said_commands(README))
def test_a_command_of_the_readme_is_understood(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    with command(name).make_context(name, arguments, resilient_parsing=False) as context:
        assert context.command.name == name


def test_the_readme_shows_commands_at_all() -> None:
    assert len(said_commands(README)) >= 5


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_lists_every_command(name: str) -> None:
    assert f"`tuner {name}" in README


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_ends_in_an_example(name: str) -> None:
    with command(name).make_context(name, ["--help"], resilient_parsing=True) as context:
        text = context.get_help()

    last = [line.strip() for line in text.splitlines() if line.strip()][-1]
    assert last.startswith("tuner "), text
    assert "Example" in text


@pytest.mark.parametrize("path", SPACES, ids=lambda path: path.name)
def test_a_shipped_search_space_loads(path: Path) -> None:
    spec = load_spec(path, CATALOGUE)

    assert spec.space
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=schema.json\n")


@pytest.mark.parametrize("path", SPACES, ids=lambda path: path.name)
def test_a_shipped_search_space_is_the_same_when_written_and_read_again(path: Path) -> None:
    spec = load_spec(path, CATALOGUE)

    assert parse_spec(dump_spec(spec), path.name, CATALOGUE) == spec


def test_the_readmes_declared_file_loads() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)

    assert parse_spec(text, "README.md", CATALOGUE).space


def test_the_reference_of_settings_is_todays() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == reference(CATALOGUE)


def test_the_schema_beside_the_search_spaces_is_todays() -> None:
    assert (ROOT / "search_spaces" / "schema.json").read_text(encoding="utf-8") == schema_text(CATALOGUE)


def test_links_between_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^\$ make (\w+)", README, re.MULTILINE):
        assert f"\n{target}:" in makefile
