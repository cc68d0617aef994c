"""``tuner verify``: a kept model's predictions, computed a second time without Keras."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuner.analysis.tables import on_test
from tuner.analysis.wording import written_params
from tuner.cli.console import console, facts, remark, table, write_json
from tuner.cli.options import TrialNumber, format_option, storage_option
from tuner.errors import InputError, NotFoundError, TunerError
from tuner.spec.values import Params
from tuner.trial import WAYS, WORDS

if TYPE_CHECKING:
    from tuner.execution.launch import OpenStudy
    from tuner.export.agreement import Agreement
    from tuner.storage import TrialRecord
    from tuner.trial import TrialRequest

__all__ = ["has_todays_terms", "is_coarse", "verify"]


@click.command(epilog="Example:\n\n  tuner verify quickstart 12")
@click.argument("name", metavar="STUDY")
@click.argument("number", metavar="[TRIAL]", required=False, type=TrialNumber())
@storage_option
@format_option("table", "json")
def verify(name: str, number: int | None, storage: str, form: str) -> None:
    """Compute a kept model's predictions again without Keras, and compare.

    The model's file is read by its bytes, its forward pass is computed in NumPy in double precision on the
    validation texts, and on the test texts if they have been opened. TRIAL defaults to the best member
    of the front by the first objective. Ends in exit code 1 if fewer than 99.9 % of the predictions agree,
    or if the model is not the one that was recorded of the trial: by its settings, its number of weights,
    and its metrics.
    """
    from tuner.execution.launch import open_existing, request_of

    study = open_existing(name, storage)
    for told in study.remarks:
        remark(told)
    trial = _chosen(study, number)
    is_comparable = has_todays_terms(trial.settings, trial.facts)
    if not is_comparable:
        remark("its recorded metrics are not compared: it was trained on runs of words across unknown ones")
    found, unlike = _compared(request_of(study, trial), trial, with_metrics=is_comparable)
    if form == "json":
        head = {"study": name, "trial": trial.number, "as_recorded": not unlike}
        write_json({**head, "parts": _document(found)})
    else:
        _show(name, trial, found)
    if not all(each.is_enough for each in found.values()):
        raise TunerError(
            f"study '{name}', trial {trial.number}: Keras and NumPy disagree on the kept model",
            "it was changed since it was kept, or one of the two is wrong; please report it",
        )
    if unlike:
        raise TunerError(
            f"study '{name}', trial {trial.number}: the kept model is not the recorded one: "
            + "; ".join(unlike),
            "its folder was changed since; restore a copy of the studies",
        )


def _chosen(study: OpenStudy, number: int | None) -> TrialRecord:
    """Return the trial that is meant: the given one, or the best of the front whose model is here."""
    from tuner.analysis.front import front
    from tuner.analysis.retimed import shown_trials
    from tuner.execution.plan import trial_folder
    from tuner.training.kept_model import MODEL_FILE

    trials = {trial.number: trial for trial in shown_trials(study.ledger, study.name)}
    members = front(list(trials.values()), study.spec.objectives)
    with_model = [
        member.number
        for member in members
        if (trial_folder(study.folder, member.number) / MODEL_FILE).is_file()
    ]
    listed = ", ".join(str(member) for member in with_model) or "none"
    if number is None:
        if not with_model:
            raise NotFoundError(
                f"study '{study.name}' has kept no model here", "run it until a trial has finished"
            )
        number = with_model[0]
    if number not in trials:
        raise NotFoundError(f"study '{study.name}' has no trial {number}", f"trials with a model: {listed}")
    if number not in with_model:
        raise InputError(
            f"study '{study.name}': trial {number} has kept no model, which the front's members do",
            f"trials with a model: {listed}",
        )
    return trials[number]


def _compared(
    request: TrialRequest, trial: TrialRecord, *, with_metrics: bool
) -> tuple[dict[str, Agreement], list[str]]:
    """Return how far both computations agree on each part, and what the trial's record says otherwise."""
    from tuner.data.encode import open_dataset
    from tuner.export.agreement import compare
    from tuner.export.kept_weights import read_kept_model
    from tuner.export.keras_side import keras_predictions
    from tuner.export.recorded import unlike_metrics, unlike_model
    from tuner.export.texts import PartName, part_of, predict_part
    from tuner.metrics import measure

    parts: list[PartName] = ["validation", "test"] if trial.test_metrics else ["validation"]
    dataset = open_dataset(Path(request.dataset_dir))
    model = read_kept_model(Path(request.trial_dir))
    ours = {part: predict_part(model, dataset, part) for part in parts}
    theirs = keras_predictions(request, parts)
    labels = {part: part_of(dataset, part).labels for part in parts}
    unlike = unlike_model(model, trial.settings, trial.metrics)
    coarse = is_coarse(trial.facts)
    for part in parts if with_metrics else ():
        recorded = on_test(trial) if part == "test" else trial.metrics
        measured = measure(labels[part], theirs[part], request.task)
        told = unlike_metrics(measured, recorded, len(labels[part]), is_coarse=coarse)
        unlike += [f"{part} {each}" for each in told]
    return {part: compare(labels[part], theirs[part], ours[part], request.task) for part in parts}, unlike


def has_todays_terms(settings: Params, facts: Params) -> bool:
    """Tell whether a trial's texts were read as they are here.

    Older trials had runs of words across unknown ones; they lack the fact that is asked for.
    """
    return int(settings.get("tfidf_ngrams", 1)) == 1 or WORDS in facts


def is_coarse(facts: Params) -> bool:
    """Tell whether a trial's metrics were computed with fewer digits than they are here."""
    trained_on = (str(facts.get(name, "")) for name in ("device", WAYS))
    return any("GPU" in each for each in trained_on) or facts.get("precision", "float32") != "float32"


def _show(name: str, trial: TrialRecord, found: dict[str, Agreement]) -> None:
    screen = console()
    screen.print(facts(f"{name}, trial {trial.number}", [("params", written_params(trial.params))]))
    score = next(iter(found.values())).score
    headings = ["part", "texts", "same prediction", "largest difference", f"{score} Keras", f"{score} NumPy"]
    headings.append("difference")
    rows = [
        [
            part,
            f"{each.n_texts:,}",
            f"{each.same:.2%}",
            f"{each.largest_difference:.1e}",
            f"{each.first:.4f}",
            f"{each.second:.4f}",
            f"{abs(each.first - each.second):.1e}",
        ]
        for part, each in found.items()
    ]
    screen.print(table(headings, rows, right=headings[1:]))


def _document(found: dict[str, Agreement]) -> dict[str, dict[str, object]]:
    """Return the comparison of each part as its JSON says it; the keys are a promise, see docs/json.md."""
    return {
        part: {
            "texts": each.n_texts,
            "same": each.same,
            "largest_difference": each.largest_difference,
            "score": each.score,
            "keras": each.first,
            "numpy": each.second,
            "agree": each.is_enough,
        }
        for part, each in found.items()
    }
