"""`tuner init`: a file that can be run as it is, guesses said on stderr, nothing overwritten unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.catalogue import CATALOGUE
from tuner.cli import main
from tuner.cli.preset_template import PRESET_NAMES, preset_body
from tuner.cli.template import scalar
from tuner.search.presets import PRESETS
from tuner.spec import warnings_for
from tuner.spec.catalogue import Preset
from tuner.spec.load import load_spec, parse_spec
from tuner.spec.values import Objective, SplitSpec, StudySpec

WORDS = [f"word{letter}" for letter in "abcdefghijklmnopqrst"]


def text(index: int, mood: str) -> str:
    shifted = WORDS[index % len(WORDS) :] + WORDS[: index % len(WORDS)]
    return f"{' '.join(shifted[: 8 + index % 9])} {mood} number {index}"


def reviews(path: Path, labels: tuple[str, ...] = ("bad", "good"), header: str = "review,sentiment") -> Path:
    rows = [f"{text(i, labels[i % len(labels)])},{labels[i % len(labels)]}" for i in range(240)]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def written(tmp_path: Path, csv: Path, *options: str) -> StudySpec:
    assert main(["init", str(csv), "-o", str(tmp_path / "spaces" / "reviews.yaml"), *options]) == 0
    return load_spec(tmp_path / "spaces" / "reviews.yaml", CATALOGUE)


def test_the_file_passes_check_and_finds_its_data(tmp_path: Path) -> None:
    spec = written(tmp_path, reviews(tmp_path / "reviews.csv"))

    assert spec.task == "binary"
    assert spec.data.source == "file"
    assert spec.data.options["path"] == "../reviews.csv"
    assert (spec.data.options["text"], spec.data.options["label"]) == ("review", "sentiment")


def test_three_labels_are_a_multiclass_task(tmp_path: Path) -> None:
    spec = written(tmp_path, reviews(tmp_path / "reviews.csv", ("negative", "neutral", "positive")))

    assert spec.task == "multiclass"
    assert spec.pruner.options["floor"] == pytest.approx(1 / 3, abs=0.001)


@pytest.mark.parametrize("words", [9, 120], ids=["short texts", "long texts"])
@pytest.mark.parametrize("preset", [None, *PRESET_NAMES])
@pytest.mark.parametrize("labels", [("bad", "good"), ("bad", "fair", "good"), ()], ids=len)
def test_check_warns_of_nothing_that_init_writes(
    tmp_path: Path, labels: tuple[str, ...], preset: str | None, words: int
) -> None:
    """Without labels they are numbers: a regression."""
    lines = [
        f"{text(i, 'x')} {' '.join(WORDS[(i * j) % 20] for j in range(words))},"
        f"{labels[i % len(labels)] if labels else i % 20 / 2}"
        for i in range(240)
    ]
    csv, file = tmp_path / "reviews.csv", tmp_path / "reviews.yaml"
    csv.write_text("\n".join(["review,label", *lines]) + "\n", encoding="utf-8")
    assert main(["init", str(csv), "-o", str(file), *(["--preset", preset] if preset else [])]) == 0

    spec = load_spec(file, CATALOGUE)
    assert spec.task == {0: "regression", 2: "binary", 3: "multiclass"}[len(labels)]
    assert (
        warnings_for(spec, CATALOGUE) == []
    )  # beside these `tuner check` warns of the machine's memory alone


def test_many_numbers_are_a_regression(tmp_path: Path) -> None:
    csv = tmp_path / "reviews.csv"
    rows = [f"{text(i, 'x')},{i % 20 / 2}" for i in range(240)]
    csv.write_text("\n".join(["review,rating", *rows]), encoding="utf-8")

    spec = written(tmp_path, csv)

    assert spec.task == "regression"
    assert spec.objectives == (Objective("mae", "minimize"), Objective("training_time_s", "minimize"))
    assert spec.pruner.options == {"floor": 0.0, "floor_metric": "r2", "floor_epochs": 3}
    file = (tmp_path / "spaces" / "reviews.yaml").read_text(encoding="utf-8")
    assert "task: regression    # numbers from 0 to 9.5, 4.75 in the mean\n" in file


def test_a_name_that_is_too_long_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv = reviews(tmp_path / "reviews.csv")

    assert main(["init", str(tmp_path / f"{'x' * 300}.csv")]) == 2
    assert main(["init", str(csv), "-o", str(tmp_path / f"{'x' * 300}.yaml")]) == 2
    assert capsys.readouterr().err.count("File name too long") == 2


def test_odd_names_of_columns_are_quoted(tmp_path: Path) -> None:
    header = '"review: text # ""full""",on'
    spec = written(tmp_path, reviews(tmp_path / "my reviews.csv", header=header))

    assert spec.data.options["text"] == 'review: text # "full"'
    assert spec.data.options["label"] == "on"
    assert spec.data.options["path"] == "../my reviews.csv"


def test_a_split_column_is_used(tmp_path: Path) -> None:
    parts = ["train", "train", "train", "valid", "test"]
    rows = [f"{text(i, 'x')},{'good' if i % 2 else 'bad'},{parts[i % len(parts)]}" for i in range(300)]
    csv = tmp_path / "reviews.csv"
    csv.write_text("\n".join(["review,sentiment,part", *rows]) + "\n", encoding="utf-8")

    assert written(tmp_path, csv).data.split == SplitSpec("train", "valid", "test", "part")


def test_encoding_and_separator_are_declared_when_unusual(tmp_path: Path) -> None:
    rows = [f"{text(i, 'café')};{'gut' if i % 2 else 'übel'}" for i in range(240)]
    csv = tmp_path / "reviews.csv"
    csv.write_text("\n".join(["text;label", *rows]) + "\n", encoding="cp1252")

    options = written(tmp_path, csv).data.options
    assert (options["encoding"], options["separator"]) == ("cp1252", ";")


def test_guesses_go_to_stderr_and_the_name_to_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reviews(tmp_path / "reviews.csv")

    assert main(["init", "reviews.csv"]) == 0

    captured = capsys.readouterr()
    assert captured.out == "reviews.yaml\n"
    assert "text column 'review'" in captured.err
    assert "tuner check reviews.yaml" in captured.err
    assert (tmp_path / "reviews.yaml").read_text().startswith("# yaml-language-server: $schema=schema.json\n")


def test_a_file_that_is_there_is_kept_unless_forced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = reviews(tmp_path / "reviews.csv")
    target = tmp_path / "mine.yaml"
    target.write_text("mine", encoding="utf-8")

    assert main(["init", str(csv), "-o", str(target)]) == 2
    assert target.read_text(encoding="utf-8") == "mine"
    assert "is there already" in capsys.readouterr().err

    assert main(["init", str(csv), "-o", str(target), "--force"]) == 0
    assert target.read_text(encoding="utf-8") != "mine"


def test_columns_that_cannot_be_guessed_can_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = tmp_path / "words.csv"
    csv.write_text("text,label\n" + "".join(f"word{n},{'xy'[n % 2]}\n" for n in range(60)), encoding="utf-8")
    assert main(["init", str(csv), "-o", str(tmp_path / "words.yaml")]) != 0
    assert "name it: --text COLUMN" in capsys.readouterr().err

    spec = written(tmp_path, csv, "--text", "text", "--label", "label")

    assert (spec.data.options["text"], spec.data.options["label"]) == ("text", "label")


@pytest.mark.parametrize("way", ["its name", "another spelling", "a symbolic link", "a hard link"])
def test_the_file_of_texts_is_never_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    csv = reviews(tmp_path / "reviews.csv")
    before = csv.read_bytes()
    target = {"its name": csv, "another spelling": tmp_path / ".." / tmp_path.name / csv.name}.get(
        way, tmp_path / "reviews.yaml"
    )
    if way == "a symbolic link":
        target.symlink_to(csv)
    elif way == "a hard link":
        target.hardlink_to(csv)

    assert main(["init", str(csv), "-o", str(target), "--force"]) == 2

    assert csv.read_bytes() == before
    assert "is the file of texts itself; give another name with -o" in capsys.readouterr().err


def test_a_missing_csv_ends_in_3_and_creates_nothing(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "no.csv"), "-o", str(tmp_path / "a.yaml")]) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv = reviews(tmp_path / "reviews.csv")

    assert main(["init", str(csv), "-o", str(csv / "a.yaml")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    "value",
    ["plain", "a b", "yes", "null", "1", "1e-5", "a: b", "# c", '"', "'", "ä\n", "- x", "{", "*a", ""],
)
def test_every_text_is_read_back_as_itself(value: str, tmp_path: Path) -> None:
    spec = parse_spec(
        f"data: {{source: file, path: {scalar(value or 'p')}, text: t, label: l}}\ntask: binary\n"
        "space: {units: [8, 16]}\n",
        "a.yaml",
        CATALOGUE,
    )
    assert spec.data.options["path"] == (value or "p")


def test_real_reviews_can_be_run_at_once(tmp_path: Path, shared_data: Path) -> None:
    spec = written(tmp_path, shared_data / "nusax_id_dev.csv")

    assert spec.task == "multiclass"
    assert spec.data.split.column == "split"


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_a_preset_is_the_first_point_of_the_file_and_all_of_it_is_taken(
    tmp_path: Path, preset: Preset
) -> None:
    spec = written(tmp_path, reviews(tmp_path / "reviews.csv"), "--preset", preset.name)

    (start,) = spec.start_with
    assert start.preset == preset.name
    assert {**spec.fixed, **start.params} == dict(preset.settings)
    assert warnings_for(spec, CATALOGUE) == []


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_the_shipped_preset_files_are_what_init_writes(preset: Preset) -> None:
    shipped = Path(__file__).parents[3] / "search_spaces" / f"preset_{preset.name}.yaml"

    assert f"\n{preset_body(preset)}\n" in shipped.read_text(encoding="utf-8")
    assert warnings_for(load_spec(shipped, CATALOGUE), CATALOGUE) == []


def test_the_presets_that_init_offers_are_those_there_are() -> None:
    assert list(PRESET_NAMES) == list(PRESETS)
