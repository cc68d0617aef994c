"""From a search-space file to a checked :class:`~tuner.spec.values.StudySpec`, or to all its problems."""

from __future__ import annotations

from pathlib import Path

from tuner.spec.catalogue import Catalogue
from tuner.spec.check import check_draft
from tuner.spec.draft import read_draft
from tuner.spec.dump import nodes_of
from tuner.spec.grid import with_whole_grid
from tuner.spec.own import read_families
from tuner.spec.read import Node, Problems, decode_text, read_bytes, read_nodes
from tuner.spec.values import StudySpec

__all__ = ["load_spec", "parse_spec", "reread"]


def load_spec(path: Path, catalogue: Catalogue) -> StudySpec:
    """Read and check a search-space file.

    Args:
        path: The file; UTF-8, YAML 1.2, at most 256 KiB.
        catalogue: Everything that it can name.

    Raises:
        NotFoundError: If there is no such file.
        SpecError: If anything in it is wrong; holds all problems, in the order of their lines.
    """
    return parse_spec(decode_text(read_bytes(path), str(path)), str(path), catalogue)


def parse_spec(text: str, file: str, catalogue: Catalogue) -> StudySpec:
    """Check the text of a search-space file.

    Args:
        text: The document.
        file: What messages call it; families of a person's own are looked for in its folder.
        catalogue: Everything that it can name.

    Raises:
        SpecError: If anything in it is wrong; holds all problems, in the order of their lines.
    """
    problems = Problems(file)
    return _checked(read_nodes(text, problems), catalogue, problems)


def reread(spec: StudySpec, file: str, catalogue: Catalogue) -> StudySpec:
    """Check a spec as :func:`parse_spec` would check its text, but without writing and reading it.

    Args:
        spec: The spec.
        file, catalogue: As for :func:`parse_spec`.

    Returns:
        The spec as it would be read.

    Raises:
        SpecError: If anything in it is wrong; holds all problems, without their places.
    """
    problems = Problems(file)
    return _checked(nodes_of(spec, problems), catalogue, problems)


def _checked(root: Node, catalogue: Catalogue, problems: Problems) -> StudySpec:
    draft = read_draft(root, problems)
    before = len(problems.found)
    known = read_families(draft, catalogue, Path(problems.file).resolve().parent, problems)
    if len(problems.found) == before:
        # Without a family's settings, whatever sets one of them would look wrong as well.
        check_draft(draft, known, problems)
    problems.raise_if_any()
    return with_whole_grid(draft.spec)
