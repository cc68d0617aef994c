"""Families of a person's own, as a file is checked: read from their source, never run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tuner.catalogue import CATALOGUE, catalogue_for, catalogue_of_kept
from tuner.errors import InputError, SpecError
from tuner.models.own import own_source, read_own_family
from tuner.spec import json_schema, load_spec, warnings_for
from tuner.spec.catalogue import Setting
from tuner.spec.values import StudySpec

BUILD = '''
def build(params, inputs, task, n_classes):
    """Words in a bag.

    And more.
    """
'''
SETTINGS = """
from tuner.spec.catalogue import Setting
SETTINGS = (
    Setting("width", "int", 8, "Units.", low=1, high=64),
    Setting(name="pool", kind="choice", default="mean", summary="What is taken.", choices=["mean", "max"]),
    Setting("depths", "numbers", [4, 2], "Units by layer.", low=1, longest=3),
    Setting("scale", "float", None, "Must be given."),
)
"""
# Whatever is run here ends the process that runs it.
BOMB = "raise SystemExit('this was run')\n"
FILE = """\
data: {source: movie-reviews}
task: binary
space:
  family: ["my_models:build", cnn]
"""


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a person's module into their folder."""

    def write(text: str, name: str = "my_models.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def spec_with(folder: Path, *lines: str, head: str = FILE) -> StudySpec:
    path = folder / "study.yaml"
    path.write_text(head + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return load_spec(path, CATALOGUE)


def test_reads_settings_input_and_summary_without_running_the_file(write: Write, tmp_path: Path) -> None:
    write(SETTINGS + 'TAKES = "features"\n' + BUILD + BOMB)

    found = read_own_family("my_models:build", tmp_path)

    assert (found.name, found.summary, found.kind) == ("my_models:build", "Words in a bag.", "features")
    assert found.settings[0] == Setting("width", "int", 8, "Units.", low=1, high=64)
    assert found.settings[1].choices == ("mean", "max")
    assert found.settings[2].default == "[4, 2]"
    assert found.settings[3].default is None


def test_a_family_takes_tokens_and_no_settings_unless_it_says_so(write: Write, tmp_path: Path) -> None:
    write(BUILD)

    found = read_own_family("my_models:build", tmp_path)

    assert (found.kind, found.settings) == ("tokens", ())


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("my_models:build", "my_models.py"),
        ("my_models:build", "my_models/__init__.py"),
        ("nets.words:build", "nets/words.py"),
        ("nets.words.small:build", "nets/words/small.py"),
    ],
)
def test_finds_a_module_as_an_import_would(write: Write, tmp_path: Path, name: str, file: str) -> None:
    path = write(BUILD, file)

    assert own_source(name, tmp_path) == path


def test_finds_what_is_installed(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(BUILD, "site/nets_of_theirs/words.py")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    here = tmp_path / "here"
    here.mkdir()

    assert own_source("nets_of_theirs.words:build", here) == path
    assert own_source("tuner.models.cnn:_build", here).name == "cnn.py"
    assert "nets_of_theirs" not in sys.modules


def test_the_files_own_folder_comes_first(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(BUILD, "site/my_models.py")
    path = write(BUILD)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    assert own_source("my_models:build", tmp_path) == path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my_modles:build", r"there is no module my_modles in .* and none is installed; put my_modles\.py"),
        ("nets.words:build", r"no module nets\.words in .*; put nets/words\.py beside"),
        ("my_models.py:build", r"no module my_models\.py in .*; write my_models:build$"),
        ("my_models:bild", r"my_models\.py: defines no function bild; did you mean 'build'\?"),
        ("my_models:zzz", r"defines no function zzz; write def zzz\(params, inputs, task, n_classes\)"),
        ("my_models:", r"found 'my_models:', expected module:function"),
        ("../my_models:build", r"found '\.\./my_models:build', expected module:function"),
        ("my models:build", "expected module:function"),
        ("class:build", "expected module:function"),
        ("a" * 300 + ":build", "there is no module a+ in "),
        ("os:getcwd", "os:getcwd: os is a module of Python's own; give yours another name"),
    ],
)
def test_says_what_is_wrong_with_a_name(write: Write, tmp_path: Path, name: str, said: str) -> None:
    write(BUILD)

    with pytest.raises(InputError, match=said) as raised:
        read_own_family(name, tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def build(:\n", r"my_models\.py:1: is not Python: "),
        ("\0", "is not Python: "),
        ("build = print\n", "defines no function build; write def build"),
        (
            "def build(params):\n    pass\n",
            r":1: build takes \(params\), expected \(params, inputs, task, n_cl",
        ),
        ("def build(a, b, c, d, e):\n    pass\n", r"build takes \(a, b, c, d, e\), expected"),
        ("def build(a, b, c, d, *, e):\n    pass\n", r"build takes \(a, b, c, d\), expected"),
        (f"TAKES = 'words'\n{BUILD}", ":1: TAKES: expected 'tokens' or 'features'"),
        (f"SETTINGS = 4\n{BUILD}", r":1: SETTINGS: expected a tuple; write \(Setting\("),
        (f"SETTINGS = (4,)\n{BUILD}", r":1: SETTINGS: expected only Setting\(\.\.\.\); write Setting\("),
        (
            f"SETTINGS = (\n Setting('w', 'int', N, ''),)\n{BUILD}",
            ":2: SETTINGS: found what is no plain value",
        ),
        (f"SETTINGS = (Setting('w', 'int'),)\n{BUILD}", "SETTINGS: missing a required argument: 'default'"),
        (f"SETTINGS = (Setting('w', 'int', 1, '', hi=3),)\n{BUILD}", "unexpected keyword argument 'hi'"),
        (f"SETTINGS = (Setting('w w', 'int', 1, ''),)\n{BUILD}", "found the name 'w w', expected letters"),
        (f"SETTINGS = (Setting('w', 'whole', 1, ''),)\n{BUILD}", "w: found the kind 'whole', expected int"),
        (f"SETTINGS = (Setting('w', 'int', 1, 5),)\n{BUILD}", "w: found the summary 5, expected a text"),
        (f"SETTINGS = (Setting('w', 'int', 1, '', low='1'),)\n{BUILD}", "w: found the bounds '1' and None"),
        (f"SETTINGS = (Setting('w', 'int', 1, '', low=3, high=2),)\n{BUILD}", "w: low 3 is above high 2"),
        (
            f"SETTINGS = (Setting('w', 'int', 9, '', high=2),)\n{BUILD}",
            "w: found the default 9, expected a w",
        ),
        (
            f"SETTINGS = (Setting('w', 'float', [1], ''),)\n{BUILD}",
            r"w: found the default \(1,\), expected a n",
        ),
        (
            f"SETTINGS = (Setting('w', 'choice', 'a', ''),)\n{BUILD}",
            r"w: found the choices \(\), expected texts",
        ),
        (
            f"SETTINGS = (Setting('w', 'int', 1, ''), Setting('w', 'int', 2, ''))\n{BUILD}",
            "w stands here twice",
        ),
    ],
)
def test_says_what_is_wrong_with_a_module(write: Write, tmp_path: Path, text: str, said: str) -> None:
    write(text)

    with pytest.raises(InputError, match=said) as raised:
        read_own_family("my_models:build", tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("arguments", ["*args", "a, b, c, d", "a, b, /, c, *rest", "a, b, c, d, e=1, *, f=2"])
def test_a_function_may_take_its_four_arguments_in_any_way(
    write: Write, tmp_path: Path, arguments: str
) -> None:
    write(f"def build({arguments}):\n    pass\n")

    assert read_own_family("my_models:build", tmp_path).summary == "A family of your own."


def test_its_settings_are_searched_like_ours(write: Write, tmp_path: Path) -> None:
    write(SETTINGS + BUILD + BOMB)

    spec = spec_with(
        tmp_path,
        '  width: {low: 2, high: 8, when: {family: "my_models:build"}}',
        '  scale: {value: 0.5, when: {family: "my_models:build"}}',
    )
    complete = catalogue_for(spec, tmp_path).complete({"family": "my_models:build", "scale": 0.5})

    assert complete["width"] == 8
    assert complete["embedding"] == "trained"
    assert "filters" not in complete
    assert warnings_for(spec, catalogue_for(spec, tmp_path)) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "  width: {low: 0, high: 8}",
            r"study\.yaml:5:16: width: low 0, but width takes a whole number from 1",
        ),
        ("  widht: 4", r"study\.yaml:5:3: widht: no setting of that name; did you mean 'width'\?"),
        ("  units: 4\nfixed: {family: lstm}", r"study\.yaml:4:3: family: sets family, which is fixed"),
        ("  pool: mean", "scale is missing; family my_models:build needs a number"),
    ],
)
def test_its_settings_are_checked_like_ours(write: Write, tmp_path: Path, line: str, said: str) -> None:
    write(SETTINGS + BUILD + BOMB)

    with pytest.raises(SpecError, match=said):
        spec_with(tmp_path, line)


def test_a_setting_without_effect_is_warned_of(write: Write, tmp_path: Path) -> None:
    write(SETTINGS.replace("None", "1.0") + BUILD)
    spec = spec_with(tmp_path, "  width: [2, 4]")

    (warning,) = warnings_for(spec, catalogue_for(spec, tmp_path))

    assert warning == (
        'width is sampled but has no effect with family cnn; add `when: {family: "my_models:build"}`'
    )


def test_a_family_that_cannot_be_read_is_told_alone_with_its_place(write: Write, tmp_path: Path) -> None:
    write(BUILD)

    with pytest.raises(SpecError) as raised:
        spec_with(tmp_path, "  width: 4", head=FILE.replace("build", "bild"))

    (problem,) = raised.value.problems
    assert (problem.line, problem.column) == (4, 12)
    assert problem.message.endswith("my_models.py: defines no function bild")


def test_a_fixed_family_is_read_too(write: Write, tmp_path: Path) -> None:
    write(SETTINGS.replace("None", "1.0") + BUILD)
    head = FILE.replace('  family: ["my_models:build", cnn]\n', "")

    spec = spec_with(tmp_path, "  width: [2, 4]", 'fixed: {family: "my_models:build"}', head=head)

    assert spec.fixed["family"] == "my_models:build"


@pytest.mark.parametrize("name", ["batch_size", "sequence_length", "learning_rate", "embedding_dimension"])
def test_a_setting_of_others_is_not_declared_again(write: Write, tmp_path: Path, name: str) -> None:
    write(f"SETTINGS = (Setting('{name}', 'int', 1, ''),)\n{BUILD}")

    with pytest.raises(SpecError, match=f"SETTINGS: {name} is a setting of .* already; give yours another"):
        spec_with(tmp_path)


def test_a_kept_study_is_read_whatever_has_become_of_their_file(write: Write, tmp_path: Path) -> None:
    path = write(SETTINGS.replace("None", "1.0") + BUILD)
    spec = spec_with(tmp_path)
    assert catalogue_of_kept(spec, tmp_path).settings()["width"].high == 64

    path.unlink()

    assert catalogue_of_kept(spec, tmp_path).families["my_models:build"].settings == ()


def test_features_do_not_meet_word_vectors(write: Write, tmp_path: Path) -> None:
    write(f"TAKES = 'features'\n{BUILD}")

    with pytest.raises(
        SpecError, match="family my_models:build takes features, but embedding glove gives tok"
    ):
        spec_with(tmp_path, "  embedding: glove")


def test_an_editor_accepts_a_family_of_ones_own() -> None:
    from jsonschema import Draft202012Validator

    schema = json_schema(CATALOGUE)
    family = Draft202012Validator({**schema["$defs"]["value_family"], "$defs": schema["$defs"]})

    assert family.is_valid("lstm")
    assert family.is_valid("nets.my_models:build")
    assert not family.is_valid("nets.my_models")
    assert not family.is_valid("lsmt")
