"""The whole way of a file: all its problems at once, and nothing but problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.errors import NotFoundError, SpecError
from tuner.spec import load_spec, parse_spec
from tuner.spec.catalogue import Catalogue

EIGHT_MISTAKES = """\
data:
  source: reviews
  split: {train: 0.9, validation: 0.2}
task: binary
space:
  famly: [lstm, gru]
  units: {low: 128, high: 16}
  dropout: {low: "0.1", high: 0.5}
  layers: {choices: [1, 2], when: {bidirectional: true}}
  bidirectional: [no, true]
  dense_units: {low: 0, high: 64, default: 65}
objectives:
  - {metric: acuracy, direction: maximize}
budget: {trials: 9}
"""


def test_names_eight_planted_mistakes_with_their_lines(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(EIGHT_MISTAKES)
    with pytest.raises(SpecError, match="swap them") as caught:
        load_spec(path, catalogue)
    found = [(problem.line, problem.message) for problem in caught.value.problems]
    words = {
        3: "is 1.25, expected at most 1",
        6: "famly: no setting of that name",
        7: "units: low 128 is above high 16",
        8: "dropout.low: found the text '0.1', expected a number",
        9: "the condition names bidirectional, which is declared later",
        10: "bidirectional: found 'no', but bidirectional takes true or false",
        11: "dense_units: default 65 is outside 0 to 64",
        13: "objectives[0].metric: found 'acuracy'",
    }
    assert [line for line, _ in found] == list(words)
    for (line, message), expected in zip(found, words.values(), strict=True):
        assert expected in message, line
    assert all(str(problem).startswith(f"{path}:") for problem in caught.value.problems)
    assert caught.value.exit_code == 2


def test_a_missing_file_is_not_found(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(NotFoundError, match=r"absent\.yaml: no such file"):
        load_spec(tmp_path / "absent.yaml", catalogue)


@pytest.mark.parametrize("text", ["just words", "[1, 2]", "5", "~", "true"])
def test_a_file_that_is_no_group_of_keys_is_refused_in_one_line(catalogue: Catalogue, text: str) -> None:
    with pytest.raises(SpecError, match=r"^f:1:1: the file: found .*, expected a group of") as caught:
        parse_spec(text, "f", catalogue)
    assert len(caught.value.problems) == 1


def test_problems_stand_in_the_order_of_their_lines(catalogue: Catalogue) -> None:
    with pytest.raises(SpecError, match="f:1:") as caught:
        parse_spec("seed: x\ntask: y\ndata: z\nspace: q\n", "f", catalogue)
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == sorted(places)
    assert len(places) == 4


def test_a_file_reads_the_same_with_a_byte_order_mark_and_windows_line_ends(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    text = "data: {source: reviews}\ntask: binary\nspace:\n  units: [8, 16]\n"
    plain, marked = tmp_path / "plain.yaml", tmp_path / "marked.yaml"
    plain.write_bytes(text.encode())
    marked.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_spec(plain, catalogue) == load_spec(marked, catalogue)
