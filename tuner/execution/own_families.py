"""Looks at families of a person's own before a trial has to fail for them; their code runs elsewhere."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tuner.catalogue import catalogue_for
from tuner.data.encode import PreparedData
from tuner.errors import InputError
from tuner.execution.plan import with_whole_paths
from tuner.models.own import own_source
from tuner.spec.catalogue import Catalogue
from tuner.spec.fields import one_of
from tuner.spec.own import own_families
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    Parameter,
    StudySpec,
    Value,
    holds,
)
from tuner.storage import Ledger, StudyRecord
from tuner.suggested import command
from tuner.training.try_family import Tried, Try

__all__ = ["first_settings", "told_of_own_code", "try_own_families"]

_EVENT = "own-code"

TRY_LIMIT_S = 300.0
"""Ten times what a start of TensorFlow and a small model take on a slow machine."""


def refuse_unnamed_code(ledger: Ledger, record: StudyRecord) -> None:
    """Refuse a study that would run code of a person's own though no file that they named has led to it.

    A database says where that code was; one that came from elsewhere could say anything.

    Args:
        ledger: Where the study is kept.
        record: The study.

    Raises:
        InputError: If it has a family of a person's own.
    """
    own = own_families(record.spec)
    if not own:
        return
    sessions = ledger.sessions(record.name)
    files = [str(each.facts["space_file"]) for each in sessions if each.facts.get("space_file")]
    raise InputError(
        f"study '{record.name}' has {one_of(own, 'and')}: code of your own is run for a file that you name",
        f"go on with `{command('run', files[-1] if files else 'FILE', '--study', record.name)}`",
    )


def told_of_own_code(ledger: Ledger, name: str, spec: StudySpec, base_dir: Path) -> list[str]:
    """Keep with a study which files of a person's own it runs, and in which state they are.

    Args:
        ledger: Of the study.
        name: The study's.
        spec: Its declaration.
        base_dir: The folder of its file.

    Returns:
        What a person should know: that their code is run, and when it is no longer what it was.

    Raises:
        InputError: If there is no such file.
    """
    told: list[str] = []
    for family in own_families(spec):
        path = own_source(family, base_dir)
        begin = f"{family} is code of your own: {path}"
        state = f"{begin}, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
        known = [each.message for each in ledger.events(name) if each.kind == _EVENT]
        earlier = [message for message in known if message.startswith(f"{family} is ")]
        if not earlier:
            told.append(begin)
        elif earlier[-1] != state:
            told.append(f"{begin}, and has changed since: trials before and after may not be alike")
        if earlier[-1:] != [state]:
            ledger.record_event(name, None, _EVENT, state)
    return told


def try_own_families(spec: StudySpec, base_dir: Path, prepared: PreparedData) -> list[str]:
    """Have each family of a person's own build one model, in a process that ends after it.

    Args:
        spec: A checked declaration.
        base_dir: The folder of its file.
        prepared: The study's texts, for their classes.

    Returns:
        Remarks for a person; nothing where a spec names no such family.

    Raises:
        InputError: If one cannot be used.
    """
    names = own_families(spec)
    if not names:
        return []
    catalogue = catalogue_for(spec, base_dir)
    asked = [
        Try(
            family=name,
            folder=str(base_dir),
            params=with_whole_paths(first_settings(spec, catalogue, name), catalogue, base_dir),
            task=spec.task,
            n_classes=len(prepared.classes),
        )
        for name in names
    ]
    remarks: list[str] = []
    for tried in _ask(asked):
        if tried.message:
            raise InputError(tried.message, tried.hint)
        remarks += tried.remarks
    return remarks


def first_settings(spec: StudySpec, catalogue: Catalogue, family: str) -> dict[str, Value]:
    """Return the settings of one small trial of a family: of each range its low end, of choices the first."""
    params: dict[str, Value] = {}
    for parameter in spec.space:
        if holds(parameter.when, params):
            params[parameter.name] = _first(parameter, family)
    given = {**spec.fixed, **{each.sets: params[each.name] for each in spec.space if each.name in params}}
    kind = catalogue.families[family].kind
    embedding = given.get("embedding")
    if given.get("family") != family or (embedding and catalogue.embeddings[str(embedding)].kind != kind):
        # Other conditions than these lead to the family; its own defaults stand for them.
        given = {name: value for name, value in given.items() if name not in ("family", "embedding")}
    return catalogue.complete({**given, "family": family})


def _first(parameter: Parameter, family: str) -> Value:
    match parameter:
        case FixedParameter(value=value):
            return value
        case CategoricalParameter(choices=choices, sets="family") if family in choices:
            return family
        case CategoricalParameter(choices=choices):
            return choices[0]
    return parameter.low


def _ask(asked: Sequence[Try]) -> list[Tried]:
    names = ", ".join(each.family for each in asked)
    command = [sys.executable, "-P", "-m", "tuner.training.try_family"]
    # Small models: no GPU is taken for them, and no other's memory.
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "-1",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    text = json.dumps([dataclasses.asdict(each) for each in asked])
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=TRY_LIMIT_S,
            env=environment,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"family {names}: no model was built within {TRY_LIMIT_S:g} s") from error
    try:
        return [Tried(**each) for each in json.loads(done.stdout)]
    except (ValueError, TypeError) as error:
        last = next((line.strip() for line in reversed(done.stderr.splitlines()) if line.strip()), "nothing")
        raise InputError(
            f"family {names}: the process that builds it ended with code {done.returncode}",
            f"the last that it said: {last[:200]}",
        ) from error
